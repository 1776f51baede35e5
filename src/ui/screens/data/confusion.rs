//! The confusion matrix: one row per true class, one column per predicted class.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    app::App,
    protocol::inspection::ConfusionMatrix,
    text::thousands,
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

    fn count(&self, truth: usize, predicted: usize) -> u32 {
        let at = truth.saturating_mul(self.confusion.classes).saturating_add(predicted);
        self.confusion.counts.get(at).copied().unwrap_or(0)
    }
}

/// `part` of `whole` in percent; nothing where there is no whole.
fn format_rate(part: u32, whole: u64, theme: Theme) -> String {
    if whole == 0 { theme.marks().none.into() } else { format!("{:.0} %", f64::from(part) / whole as f64 * 100.0) }
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
    Row::new(buffer, Rect { y: frame.heading.y, height: 1, ..frame.found }, 0).put_right_aligned(
        "found",
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
    let found = format_rate(matrix.count(truth, truth), whole, theme);
    Row::new(buffer, frame.found, y).put_right_aligned(&found, RECALL_COLUMNS, theme.style(Role::Text));
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

/// How much of each prediction was right, and what the selected cell says.
fn draw_precision_and_selection(
    app: &App,
    theme: Theme,
    buffer: &mut Buffer,
    frame: &MatrixFrame,
    matrix: &ConfusionTable,
    (truth, predicted): (usize, usize),
) {
    let muted = theme.style(Role::Muted);
    let used = frame.count.0 as u16 * frame.cell.1;
    let area = Rect { y: (frame.cells.y + used).min(frame.below.y), ..frame.below };
    Row::new(buffer, Rect { width: frame.names.width, ..area }, 0).skip(2).put("right", muted);
    for (place, class) in (frame.first.1..matrix.confusion.classes).take(frame.count.1).enumerate() {
        let x = frame.cells.x + place as u16 * frame.cell.0;
        let whole = matrix.predictions.get(class).copied().unwrap_or(0);
        let text = format!("{} ", format_rate(matrix.count(class, class), whole, theme));
        let place = Rect { x, width: frame.cell.0, ..area };
        Row::new(buffer, place, 0).put_right_aligned(&text, frame.cell.0, theme.style(Role::Text));
    }
    let count = matrix.count(truth, predicted);
    let whole = matrix.truths.get(truth).copied().unwrap_or(0);
    let mut row = Row::new(buffer, area, 2).with_ellipsis(theme.marks().ellipsis);
    row.skip(2).put(&app.run().class_name(truth), theme.style(Role::Strong));
    row.put(if truth == predicted { " recognized" } else { " taken for " }, muted);
    if truth != predicted {
        row.put(&app.run().class_name(predicted), theme.style(Role::Strong));
    }
    let text = format!(": {} of {}, {}", thousands(count.into()), thousands(whole), format_rate(count, whole, theme));
    row.put(&text, theme.style(Role::Text));
}

/// The confusions that happen most.
fn draw_worst_confusions(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, matrix: &ConfusionTable) {
    if area.is_empty() {
        return;
    }
    let muted = theme.style(Role::Muted);
    Row::new(buffer, area, 0).put("worst confusions", theme.style(Role::Strong));
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
        row.put(&app.run().class_name(*truth), theme.style(Role::Text));
        row.put(&format!(" {} ", theme.marks().arrow), muted)
            .put(&app.run().class_name(*predicted), theme.style(Role::Text));
    }
}
