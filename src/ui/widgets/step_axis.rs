//! The axis of the steps under charts and maps.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::StepAxis,
    text::TextWidth,
    ui::{
        paint::Row,
        theme::{Role, Theme},
    },
};

/// Draws a rule with ticks into `axis` and their labels into `labels`, which have the same columns; either may be
/// empty.
pub fn draw_step_axis(buffer: &mut Buffer, axis: Rect, labels: Rect, steps: StepAxis, theme: Theme) {
    let (rule, tick) = if theme.has_blocks() { ("─", "┬") } else { ("-", "+") };
    let faint = theme.style(Role::Faint);
    Row::new(buffer, axis, 0).fill(rule, faint);
    let columns = labels.width.max(axis.width);
    let mut free_from = 0;
    for step in steps.ticks(usize::from(columns / 8).clamp(2, 12), columns) {
        let x = step.cell;
        Row::new(buffer, axis, 0).skip(x).put(tick, faint);
        let width = step.label.width() as u16;
        let start = x.saturating_sub(width / 2).min(columns.saturating_sub(width));
        if start >= free_from && width <= columns {
            Row::new(buffer, labels, 0).skip(start).put(&step.label, theme.style(Role::Muted));
            free_from = start + width + 1;
        }
    }
}
