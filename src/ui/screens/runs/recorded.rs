//! Other recorded runs, which can be laid over the charts.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::STEP_COLUMNS;
use crate::{
    app::{App, Panel, RecordedRow},
    text::{TextWidth, percent_number, thousands},
    ui::{
        layout::{first_row, list_rows},
        paint::{Row, draw_note},
        screens::{hidden_rows_text, title},
        theme::{Role, Theme},
    },
};

/// Columns of when a run began, without the seconds.
const BEGAN_COLUMNS: u16 = 17;

/// Columns of how it stands.
const STATE_COLUMNS: u16 = 14;

/// Columns of its best accuracy.
const RESULT_COLUMNS: u16 = 9;

/// Columns of its name, at least.
const MIN_NAME_COLUMNS: u16 = 14;

/// Draws title and rows.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let screen = app.runs_screen();
    let (rows, selected) = screen.recorded_runs();
    let (muted, room) = (theme.style(Role::Muted), list_rows(area));
    let mut heading = title(app, theme, buffer, area, Panel::Recorded);
    heading.put(&format!("aligned by {}", app.view().charts.ghosts.alignment().word()), muted).skip(1);
    if rows.len() > room {
        heading.put_right(&hidden_rows_text(rows.len() - room, theme), muted);
    }
    if rows.is_empty() {
        let text = if screen.are_runs_listed() { "no other run is recorded here" } else { "looking for recorded runs" };
        let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
        draw_note(buffer, below, text, muted);
    }
    let first = first_row(selected, rows.len(), room);
    let focused = app.view().focused_panel() == Panel::Recorded;
    for (y, (index, recorded)) in (1..).zip(rows.iter().enumerate().skip(first).take(room)) {
        let row = Row::new(buffer, area, y).with_ellipsis(theme.marks().ellipsis);
        let style = recorded.ghost.map(|ghost| theme.overlay_style(app.view().charts.ghosts.look_of(ghost)));
        let reason = recorded.ghost.and_then(|ghost| app.view().charts.ghosts.unaligned_reason(ghost));
        draw_run(row, theme, (recorded, style, reason), focused && index == selected);
    }
}

/// Draws a run; `style` is that of its curves, and the reason why there are none stands in place of what is told of it.
fn draw_run(
    mut row: Row,
    theme: Theme,
    (recorded, style, reason): (&RecordedRow, Option<Style>, Option<String>),
    selected: bool,
) {
    let (marks, muted) = (theme.marks(), theme.style(Role::Muted));
    row.put_left_aligned(if selected { marks.pointer } else { " " }, 2, theme.style(Role::Focus));
    let (mark, mark_style) = match recorded.ghost {
        Some(ghost) if ghost.is_loading() => (marks.pending, theme.style(Role::Change)),
        Some(ghost) if ghost.aligned().is_none() => (marks.watch, theme.style(Role::Watch)),
        Some(_) => (marks.rule, style.unwrap_or(muted)),
        None => (" ", muted),
    };
    row.put_left_aligned(mark, 2, mark_style);
    // What is told of the run stands at the right, as far as its name leaves room.
    let free = row.free();
    let name_style = theme.style(if selected { Role::Selected } else { Role::Text });
    if let Some(reason) = reason {
        let room = free.saturating_sub(reason.width() as u16 + 1);
        row.put_left_aligned(recorded.name, room.max(MIN_NAME_COLUMNS).min(free), name_style);
        row.skip(1).put(&reason, theme.style(Role::Watch));
        return;
    }
    let mut columns = Vec::new();
    if let Some(listed) = recorded.recorded {
        let accuracy = listed.accuracy.map(|accuracy| format!("{} %", percent_number(accuracy, 2)));
        let steps = listed.step.map(thousands);
        columns = vec![
            (accuracy.unwrap_or_else(|| marks.none.into()), RESULT_COLUMNS),
            (steps.unwrap_or_else(|| marks.none.into()), STEP_COLUMNS),
            (listed.began.clone(), BEGAN_COLUMNS),
            (listed.state.to_owned(), STATE_COLUMNS),
        ];
    }
    let mut taken = 0;
    columns.retain(|(_, width)| {
        let fits = taken + width + MIN_NAME_COLUMNS <= free;
        taken += if fits { *width } else { 0 };
        fits
    });
    row.put_left_aligned(recorded.name, free - taken - u16::from(taken > 0), name_style).skip(u16::from(taken > 0));
    for (text, width) in columns.iter().rev() {
        row.skip(1).put_right_aligned(text, width - 1, muted);
    }
}
