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

/// What is told of a run, with the columns that each takes, the most important first and at the right.
const COLUMNS: [(&str, u16); 4] = [("accuracy", 9), ("steps", STEP_COLUMNS), ("began", 17), ("state", 14)];

/// Columns of the pointer and of the mark beside the name.
const LEFT_COLUMNS: u16 = 4;

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
        heading.skip(1).put(&hidden_rows_text(rows.len() - room, theme), muted);
    }
    if rows.iter().any(|row| row.recorded.is_some()) {
        let columns = &COLUMNS[..shown_columns(area.width.saturating_sub(LEFT_COLUMNS))];
        let mut heads = columns.iter().map(|(text, width)| format!("{text:>width$}", width = usize::from(*width)));
        // Those that the title leaves room for.
        while heads.next().is_some_and(|head| heading.put_right(&head, muted)) {}
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
        let style = recorded.ghost.map(|ghost| theme.overlay_style(ghost.look));
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
    row.put_left_aligned(if selected { marks.pointer } else { " " }, LEFT_COLUMNS / 2, theme.style(Role::Focus));
    let (mark, mark_style) = match recorded.ghost {
        Some(ghost) if ghost.is_loading() => (marks.pending, theme.style(Role::Change)),
        Some(ghost) if ghost.aligned().is_none() => (marks.watch, theme.style(Role::Watch)),
        Some(_) => (marks.rule, style.unwrap_or(muted)),
        None => (" ", muted),
    };
    row.put_left_aligned(mark, LEFT_COLUMNS / 2, mark_style);
    // What is told of the run stands at the right, as far as its name leaves room.
    let free = row.free();
    let name_style = theme.style(if selected { Role::Selected } else { Role::Text });
    if let Some(reason) = reason {
        let room = free.saturating_sub(reason.width() as u16 + 1);
        row.put_left_aligned(recorded.name, room.max(MIN_NAME_COLUMNS).min(free), name_style);
        row.skip(1).put(&reason, theme.style(Role::Watch));
        return;
    }
    let Some(listed) = recorded.recorded else {
        row.put(recorded.name, name_style);
        return;
    };
    let accuracy = listed.accuracy.map(|accuracy| format!("{} %", percent_number(accuracy, 2)));
    let steps = listed.step.map(thousands);
    let none = || marks.none.to_owned();
    let texts =
        [accuracy.unwrap_or_else(none), steps.unwrap_or_else(none), listed.began.clone(), listed.state.to_owned()];
    let columns = &COLUMNS[..shown_columns(free)];
    let taken: u16 = columns.iter().map(|(_, width)| width).sum();
    let gap = u16::from(taken > 0);
    row.put_left_aligned(recorded.name, free - taken - gap, name_style).skip(gap);
    for ((_, width), text) in columns.iter().zip(texts).rev() {
        row.skip(1).put_right_aligned(&text, width - 1, muted);
    }
}

/// How many of [`COLUMNS`] have room beside a name.
fn shown_columns(free: u16) -> usize {
    let taken = COLUMNS.iter().scan(MIN_NAME_COLUMNS, |taken, (_, width)| {
        *taken += width;
        Some(*taken)
    });
    taken.take_while(|taken| *taken <= free).count()
}
