//! The confusion matrix: one row per true class, one column per predicted class.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    app::App,
    protocol::inspection::ConfusionMatrix,
    text::{TextWidth, thousands},
    ui::{
        layout::data::{MatrixFrame, RECALL_COLUMNS, class_name_columns},
        paint::{Row, cut},
        theme::{Ramp, Role, Theme},
    },
};

/// How many of the worst confusions are marked in the matrix.
const MAX_MARKED_CONFUSIONS: usize = 3;

/// The matrix with its sums.
struct ConfusionTable<'a> {
    confusion: &'a ConfusionMatrix,
    /// How many samples each class has, and how many were taken for it.
    truths: Vec<u64>,
    predictions: Vec<u64>,
    /// The confusions, the most frequent first: how many, the true class, what it was taken for.
    worst: Vec<(u32, usize, usize)>,
}

impl<'a> ConfusionTable<'a> {
    fn of(confusion: &'a ConfusionMatrix) -> Self {
        let classes = confusion.classes;
        let (mut truths, mut predictions, mut worst) = (vec![0; classes], vec![0; classes], Vec::new());
        for (at, &count) in confusion.counts.iter().enumerate().filter(|_| classes > 0) {
            let (truth, predicted) = (at / classes, at % classes);
            let (Some(row), Some(column)) = (truths.get_mut(truth), predictions.get_mut(predicted)) else { break };
            *row += u64::from(count);
            *column += u64::from(count);
            if truth != predicted && count > 0 {
                worst.push((count, truth, predicted));
            }
        }
        worst.sort_by_key(|(count, truth, predicted)| (std::cmp::Reverse(*count), *truth, *predicted));
        Self { confusion, truths, predictions, worst }
    }

    /// Which share of the samples that were taken for a class are of it.
    fn precision(&self, class: usize, theme: Theme) -> String {
        format_rate(self.count(class, class), self.predictions.get(class).copied().unwrap_or(0), theme)
    }

    fn count(&self, truth: usize, predicted: usize) -> u32 {
        let at = truth.saturating_mul(self.confusion.classes).saturating_add(predicted);
        self.confusion.counts.get(at).copied().unwrap_or(0)
    }
}

/// `part` of `whole` in percent, 0 and 100 only where it is none and all; nothing where there is no whole.
fn format_rate(part: u32, whole: u64, theme: Theme) -> String {
    let percent = f64::from(part) / whole as f64 * 100.0;
    match part {
        _ if whole == 0 => theme.marks().none.into(),
        1.. if percent < 0.5 => "<1 %".into(),
        _ if percent >= 99.5 && u64::from(part) < whole => ">99 %".into(),
        _ => format!("{percent:.0} %"),
    }
}

/// Draws the matrix and the worst confusions; false if nothing is known yet.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let screen = app.data_screen();
    let Some(shown) = screen.confusion_matrix() else { return false };
    let matrix = ConfusionTable::of(shown.answer);
    let classes = shown.answer.classes;
    if classes == 0 {
        return false;
    }
    let at = screen.selected_entry();
    let selected = (at / classes, at % classes);
    let frame = MatrixFrame::of(area, classes, selected, class_name_columns(app, classes));
    let muted = theme.style(Role::Muted);
    for (place, class) in (frame.first.1..classes).take(frame.count.1).enumerate() {
        let x = frame.heading.x + place as u16 * frame.cell.0;
        let mut row = Row::new(buffer, Rect { x, width: frame.cell.0, ..frame.heading }, 0);
        let style = if class == selected.1 { theme.style(Role::Strong) } else { muted };
        let name = app.run().class_name(class);
        row.put_right_aligned(&cut(&name, frame.cell.0 - 1, theme.marks().ellipsis), frame.cell.0, style);
    }
    Row::new(buffer, Rect { y: frame.heading.y, height: 1, ..frame.recall }, 0).put_right_aligned(
        "recall",
        RECALL_COLUMNS,
        muted,
    );
    for (place, truth) in (frame.first.0..classes).take(frame.count.0).enumerate() {
        let y = place as u16 * frame.cell.1;
        draw_row(app, theme, buffer, &frame, &matrix, (truth, y), selected);
    }
    draw_precision_and_selection(app, theme, buffer, &frame, &matrix, selected);
    draw_worst_confusions(app, theme, buffer, frame.worst, &matrix);
    true
}

fn draw_row(
    app: &App,
    theme: Theme,
    buffer: &mut Buffer,
    frame: &MatrixFrame,
    matrix: &ConfusionTable,
    (truth, y): (usize, u16),
    selected: (usize, usize),
) {
    let (marks, muted) = (theme.marks(), theme.style(Role::Muted));
    let mut row = Row::new(buffer, frame.names, y).with_ellipsis(marks.ellipsis);
    let chosen = truth == selected.0;
    row.put_left_aligned(if chosen { marks.pointer } else { " " }, 2, theme.style(Role::Focus));
    row.put(&app.run().class_name(truth), theme.style(if chosen { Role::Strong } else { Role::Text }));
    let whole = matrix.truths.get(truth).copied().unwrap_or(0);
    for (place, predicted) in (frame.first.1..matrix.confusion.classes).take(frame.count.1).enumerate() {
        let count = matrix.count(truth, predicted);
        let marked =
            matrix.worst.iter().take(MAX_MARKED_CONFUSIONS).any(|worst| (worst.1, worst.2) == (truth, predicted));
        let x = frame.cells.x + place as u16 * frame.cell.0;
        let cell =
            Rect { x, y: frame.cells.y + y, width: frame.cell.0, height: frame.cell.1 }.intersection(frame.cells);
        // Every number has a column after it, so that brackets stand out of the line.
        let text = |number: String| match count {
            0 => format!("{} ", marks.dot),
            _ if truth == predicted => format!("[{number}]"),
            _ if marked => format!("!{number} "),
            _ => format!("{number} "),
        };
        let spaced = text(thousands(count.into()));
        let text = if spaced.len() <= usize::from(frame.cell.0) { spaced } else { text(count.to_string()) };
        let style = cell_style(theme, count, whole, truth == predicted, marked);
        let style = if (truth, predicted) == selected { theme.style(Role::Selected) } else { style };
        Row::new(buffer, cell, 0).put_right_aligned(&text, frame.cell.0, style);
        if frame.cell.1 > 1 && count > 0 {
            let rate = format!("{} ", format_rate(count, whole, theme));
            Row::new(buffer, cell, 1).put_right_aligned(&rate, frame.cell.0, muted);
        }
    }
    let recall = format_rate(matrix.count(truth, truth), whole, theme);
    Row::new(buffer, frame.recall, y).put_right_aligned(&recall, RECALL_COLUMNS, theme.style(Role::Text));
}

/// The colour of a number: what is right, what is confused often, what is rare.
fn cell_style(theme: Theme, count: u32, whole: u64, right: bool, marked: bool) -> Style {
    match count {
        0 => theme.style(Role::Faint),
        _ if right => theme.style(Role::Good),
        _ if marked => theme.style(Role::Bad),
        _ => {
            // Up to a third of a class, the more the brighter.
            let share = 0.35 + 0.65 * (3.0 * f64::from(count) / whole.max(1) as f64).min(1.0);
            match theme.ramp_color(Ramp::Heat, share) {
                Some(color) => theme.style(Role::Text).fg(color),
                None => theme.style(Role::Text),
            }
        }
    }
}

/// The precision of each prediction, and what the selected cell says.
fn draw_precision_and_selection(
    app: &App,
    theme: Theme,
    buffer: &mut Buffer,
    frame: &MatrixFrame,
    matrix: &ConfusionTable,
    selected: (usize, usize),
) {
    let used = frame.count.0 as u16 * frame.cell.1;
    let area = Rect { y: (frame.cells.y + used).min(frame.below.y), ..frame.below };
    let names = Rect { width: frame.names.width, ..area };
    Row::new(buffer, names, 0).skip(2).put("precision", theme.style(Role::Muted));
    for (place, class) in (frame.first.1..matrix.confusion.classes).take(frame.count.1).enumerate() {
        let x = frame.cells.x + place as u16 * frame.cell.0;
        let text = format!("{} ", matrix.precision(class, theme));
        let place = Rect { x, width: frame.cell.0, ..area };
        Row::new(buffer, place, 0).put_right_aligned(&text, frame.cell.0, theme.style(Role::Text));
    }
    draw_selection(app, theme, buffer, area, matrix, selected);
}

/// What the selected cell counts, the recall of its true class and the precision of its prediction, a line each.
fn draw_selection(
    app: &App,
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    matrix: &ConfusionTable,
    (truth, predicted): (usize, usize),
) {
    let (muted, strong, text) = (theme.style(Role::Muted), theme.style(Role::Strong), theme.style(Role::Text));
    let (of_truth, of_predicted) = (matrix.truths.get(truth), matrix.predictions.get(predicted));
    let whole = |count: Option<&u64>| count.copied().unwrap_or(0);
    let share = |count: u32, whole: u64| {
        format!("{} of {}, {}", thousands(count.into()), thousands(whole), format_rate(count, whole, theme))
    };
    let pair = share(matrix.count(truth, predicted), whole(of_truth));
    let recall = share(matrix.count(truth, truth), whole(of_truth));
    let precision = share(matrix.count(predicted, predicted), whole(of_predicted));
    let [true_name, predicted_name] = [truth, predicted].map(|class| app.run().class_name(class));
    let mut line = |y: u16, before: &str, name: &str, after: &str| {
        let mut row = Row::new(buffer, area, y).with_ellipsis(theme.marks().ellipsis);
        row.skip(2);
        let columns = row.free().saturating_sub((before.width() + after.width()) as u16);
        row.put(before, muted).put(&cut(name, columns, theme.marks().ellipsis), strong).put(after, text);
    };
    line(1, "recall of the true ", &true_name, &format!(": {recall}"));
    line(2, "precision of the prediction ", &predicted_name, &format!(": {precision}"));
    if truth != predicted {
        let true_name = cut(&true_name, area.width / 3, theme.marks().ellipsis);
        line(3, &format!("{true_name} taken for "), &predicted_name, &format!(": {pair}"));
    }
}

/// The confusions that happen most.
fn draw_worst_confusions(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, matrix: &ConfusionTable) {
    if area.is_empty() {
        return;
    }
    let muted = theme.style(Role::Muted);
    let mut heading = Row::new(buffer, area, 0);
    heading.put("worst", theme.style(Role::Strong)).skip(1);
    heading.put(&format!("prediction {} truth", theme.marks().arrow), muted);
    heading.put_right("of the truth", muted);
    if matrix.worst.is_empty() {
        Row::new(buffer, area, 1).put("none", muted);
    }
    for (y, (count, truth, predicted)) in (1..area.height).zip(&matrix.worst) {
        let marked = usize::from(y) <= MAX_MARKED_CONFUSIONS;
        let mut row = Row::new(buffer, area, y).with_ellipsis(theme.marks().ellipsis);
        let whole = matrix.truths.get(*truth).copied().unwrap_or(0);
        row.put_right(&format!("{:>5}", format_rate(*count, whole, theme)), muted);
        row.put_right(&format!("{:>6}", thousands((*count).into())), theme.style(Role::Text));
        row.reserve_right(1).put_left_aligned(if marked { "!" } else { " " }, 2, theme.style(Role::Bad));
        row.put(&app.run().class_name(*predicted), theme.style(Role::Text));
        row.put(&format!(" {} ", theme.marks().arrow), muted)
            .put(&app.run().class_name(*truth), theme.style(Role::Text));
    }
}
