//! The learning-rate range test: the loss over the rates, and which rate to take.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use crate::{
    app::{App, PlotSize, RangeTestPanel, RangeTestPlot, RangeTestStatus},
    protocol::{LEARNING_RATE, Unit},
    text::{TextWidth, short, thousands},
    ui::{
        paint::{self, Row},
        theme::{Role, Theme},
        widgets::{
            canvas::{Canvas, DOTS_ACROSS, DOTS_DOWN, LayerInk, nearest_dot},
            dialog,
        },
    },
};

/// Widest and tallest content in cells: a larger plot tells no more.
const MAX_CONTENT_CELLS: (u16, u16) = (110, 28);

/// Columns for the labels of the losses and the axis beside them.
const GUTTER_COLUMNS: u16 = 8;

/// Rows of the content that are not the plot's: two above it, the axis and its labels below.
const OTHER_ROWS: u16 = 4;

/// Draws a range test over the screen.
pub fn draw(app: &App, panel: &RangeTestPanel, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let width = area.width.saturating_sub(6).min(MAX_CONTENT_CELLS.0);
    let height = area.height.saturating_sub(6).min(MAX_CONTENT_CELLS.1);
    let inside = dialog::draw(buffer, area, "learning-rate range test", (width, height), theme);
    draw_verdict(app, panel, theme, buffer, inside);
    let gutter = if inside.width >= 3 * GUTTER_COLUMNS { GUTTER_COLUMNS } else { 0 };
    let plot = Rect {
        x: inside.x + gutter,
        y: inside.y + 2.min(inside.height),
        width: inside.width - gutter,
        height: inside.height.saturating_sub(OTHER_ROWS),
    };
    if plot.is_empty() {
        return;
    }
    let size = PlotSize { columns: usize::from(plot.width) * DOTS_ACROSS, rows: plot.height };
    let Some(content) = panel.plot(size) else {
        paint::draw_note(buffer, plot, "the first minibatches are on their way", theme.style(Role::Muted));
        return;
    };
    draw_axes(&content, theme, buffer, plot, gutter);
    draw_suggestion(panel, &content, theme, buffer, plot);
    draw_curves(&content, theme, buffer, plot);
}

/// What it says in words: how far it is, or which rate to take and which is set.
fn draw_verdict(app: &App, panel: &RangeTestPanel, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let (done, planned) = panel.progress();
    let ellipsis = theme.marks().ellipsis;
    let (text, role) = match (panel.status(app.watched()), panel.suggestion()) {
        (RangeTestStatus::Running, _) => ("testing".into(), Role::Strong),
        (RangeTestStatus::GivingUp, _) => (format!("giving up{ellipsis}"), Role::Change),
        (RangeTestStatus::Over, Some(rate)) => (format!("suggestion {}", short(rate)), Role::Good),
        (RangeTestStatus::Over, None) => (
            "no suggestion: at no rate the loss fell clearly; try more minibatches, or an earlier step (r)".into(),
            Role::Watch,
        ),
    };
    let planned = if planned == 0 { String::new() } else { format!(" of {}", thousands(planned)) };
    let mut details = vec![format!("{}{planned} minibatches", thousands(done as u64))];
    if let Some(newest) = panel.newest() {
        details.push(format!("rate {}, loss {}", short(newest.rate), short(newest.loss)));
    }
    if let Some(now) = app.live().hyperparameter(LEARNING_RATE) {
        details.push(format!("now set: {}", short(now.value)));
    }
    Row::new(buffer, area, 0).with_ellipsis(ellipsis).put(&text, theme.style(role));
    if area.height > 1 {
        let separator = format!(" {} ", theme.marks().dot);
        let mut row = Row::new(buffer, area, 1).with_ellipsis(ellipsis);
        row.put(&details.join(&separator), theme.style(Role::Muted));
    }
}

/// The losses on the left, the rates below.
fn draw_axes(content: &RangeTestPlot, theme: Theme, buffer: &mut Buffer, plot: Rect, gutter: u16) {
    let [bar, tick, corner, rule, below] =
        if theme.has_blocks() { ["│", "┤", "╰", "─", "┬"] } else { ["|", "+", "+", "-", "+"] };
    let (faint, muted) = (theme.style(Role::Faint), theme.style(Role::Muted));
    let left = Rect { x: plot.x - gutter, width: gutter, ..plot };
    if gutter > 0 {
        for y in 0..plot.height {
            Row::new(buffer, left, y).skip(gutter - 1).put(bar, faint);
        }
        for value in content.axis.ticks(&Unit::default()) {
            let mut row = Row::new(buffer, left, plot.height.saturating_sub(1 + value.cell));
            row.put_right_aligned(&value.label, gutter - 1, muted).put(tick, faint);
        }
        let corner_place = Rect { x: plot.x - 1, y: plot.bottom(), width: 1, height: 1 };
        Row::new(buffer, corner_place, 0).put(corner, faint);
        let word = Rect { y: plot.bottom() + 1, height: 1, ..left };
        Row::new(buffer, word, 0).put_right_aligned("rate", gutter - 1, muted);
    }
    let axis = Rect { y: plot.bottom(), height: 1, ..plot };
    Row::new(buffer, axis, 0).fill(rule, faint);
    let labels = Rect { y: plot.bottom() + 1, height: 1, ..plot };
    let mut free_from = 0;
    for rate in &content.rates {
        Row::new(buffer, axis, 0).skip(rate.cell).put(below, faint);
        let width = rate.label.width() as u16;
        let start = rate.cell.saturating_sub(width / 2).min(plot.width.saturating_sub(width));
        if start >= free_from {
            Row::new(buffer, labels, 0).skip(start).put(&rate.label, muted);
            free_from = start + width + 1;
        }
    }
}

/// A line at the suggested rate, with its number where the curve leaves room: at the top, since the loss falls there.
fn draw_suggestion(panel: &RangeTestPanel, content: &RangeTestPlot, theme: Theme, buffer: &mut Buffer, plot: Rect) {
    let Some((rate, place)) = panel.suggestion().zip(content.suggestion) else { return };
    let column = (place / DOTS_ACROSS) as u16;
    // Underlined text is told apart without colour; an underlined line would look like a ladder.
    let style = theme.style(Role::Change).remove_modifier(Modifier::UNDERLINED);
    for y in 0..plot.height {
        Row::new(buffer, plot, y).skip(column).put(theme.marks().cursor, style);
    }
    let axis = Rect { y: plot.bottom(), height: 1, ..plot };
    Row::new(buffer, axis, 0).skip(column).put(theme.marks().intervention, theme.style(Role::Change));
    let label = short(rate);
    let width = label.width() as u16;
    let start = if column + 1 + width <= plot.width { column + 1 } else { column.saturating_sub(width) };
    Row::new(buffer, plot, 0).skip(start).put(&label, theme.style(Role::Change));
}

/// Each loss, and above them the smoothed ones. What is not finite leaves a gap and a mark at the top.
fn draw_curves(content: &RangeTestPlot, theme: Theme, buffer: &mut Buffer, plot: Rect) {
    let mut canvas = Canvas::new(plot.width, plot.height);
    let bottom = (usize::from(plot.height) * DOTS_DOWN).saturating_sub(1);
    let row = |value: f64| Some(nearest_dot((1.0 - content.axis.height(value)?) * bottom as f64));
    for curve in [&content.losses, &content.smoothed] {
        let mut before = None;
        for &(x, value) in curve {
            let dot = row(value).map(|y| (x, y));
            if let Some(dot) = dot {
                canvas.draw_line(before.unwrap_or(dot), dot);
            }
            before = dot;
        }
        canvas.next_layer();
    }
    let inks = [(Role::TrainRaw, "."), (Role::Train, "*")];
    let inks = inks.map(|(role, ascii)| LayerInk { style: theme.style(role), ascii });
    canvas.draw(buffer, plot, &inks, theme.has_blocks());
    for (x, _) in content.losses.iter().filter(|(_, loss)| !loss.is_finite()) {
        let mut row = Row::new(buffer, plot, 0);
        row.skip((x / DOTS_ACROSS) as u16).put(theme.marks().not_a_number, theme.style(Role::Bad));
    }
}
