//! The two rows at the bottom: what was noticed above the keys, or an error above the line that is being typed.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Clear, Widget},
};

use crate::{
    app::{App, LinePurpose, NoticeTone, Prompt},
    text::wrap_whole,
    ui::{
        paint::Row,
        theme::{Role, Theme},
        widgets::{field, footer},
    },
};

/// Draws both rows. A text that is too long for one goes on below, over the rows above.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, notice: Rect, keys: Rect) {
    let covered = covered_area(app, notice, keys);
    Clear.render(covered, buffer);
    if let Some(prompt) = app.prompt() {
        let line = if covered.is_empty() { notice } else { Rect { height: 1, ..covered } };
        field::draw(buffer, line, &prompt_label(&prompt), prompt.line.editor.split_at_cursor(), theme);
        draw_below_line(theme, buffer, Rect { y: line.y + 1, height: keys.bottom() - line.bottom(), ..keys }, &prompt);
    } else {
        if covered.is_empty() {
            draw_notices(app, theme, buffer, notice);
        } else if let Some(latest) = app.notices().latest() {
            let (mark, role) = notice_mark(latest.tone, theme);
            draw_wrapped(buffer, covered, (mark, role), (&latest.text, Role::Text), theme);
        }
        footer::draw(buffer, keys, &app.footer_items(), theme);
    }
}

/// The rows that the two at the bottom take, if one of them is not enough for its text; else nothing.
pub fn covered_area(app: &App, notice: Rect, keys: Rect) -> Rect {
    let lines = |text: &str| wrap_whole(text, text_columns(keys)).len() as u16;
    let (text_rows, bottom) = match app.prompt() {
        // The line that is typed stands above.
        Some(prompt) => (prompt.line.error.as_deref().map_or(1, lines) + 1, keys.bottom()),
        None => (app.notices().latest().map_or(1, |latest| lines(&latest.text)) + 1, keys.bottom()),
    };
    if text_rows <= 2 || notice.is_empty() || keys.is_empty() {
        return Rect { height: 0, ..notice };
    }
    let height = text_rows.min(bottom);
    let end = if app.prompt().is_some() { 0 } else { keys.height };
    Rect { y: bottom - height, height: height - end, ..keys }
}

/// Columns of a text after its mark.
fn text_columns(area: Rect) -> u16 {
    area.width.saturating_sub(2)
}

/// Writes a text over as many rows as it takes, the mark before its first.
fn draw_wrapped(buffer: &mut Buffer, area: Rect, (mark, role): (&str, Role), text: (&str, Role), theme: Theme) {
    for (y, line) in (0..area.height).zip(wrap_whole(text.0, text_columns(area))) {
        let mut row = Row::new(buffer, area, y).with_ellipsis(theme.marks().ellipsis);
        let mark = if y == 0 { mark } else { " " };
        row.put(mark, theme.style(role)).skip(1).put(&line, theme.style(text.1));
    }
}

fn notice_mark(tone: NoticeTone, theme: Theme) -> (&'static str, Role) {
    match tone {
        NoticeTone::Good => (theme.marks().good, Role::Good),
        NoticeTone::Bad => (theme.marks().bad, Role::Bad),
    }
}

fn prompt_label(prompt: &Prompt<'_>) -> String {
    if prompt.line.purpose == LinePurpose::Command { prompt.label.clone() } else { format!("{}: ", prompt.label) }
}

/// Under the line: why it was refused, else what it could be completed to, else what may be typed.
fn draw_below_line(theme: Theme, buffer: &mut Buffer, area: Rect, prompt: &Prompt<'_>) {
    let line = prompt.line;
    let marks = theme.marks();
    if let Some(error) = &line.error {
        draw_wrapped(buffer, area, (marks.bad, Role::Bad), (error, Role::Bad), theme);
        return;
    }
    let mut row = Row::new(buffer, area, 0).with_ellipsis(marks.ellipsis);
    if line.candidates.is_empty() {
        row.put(&prompt.hint, theme.style(Role::Muted));
    } else {
        row.put(&line.candidates.join("   "), theme.style(Role::Muted));
    }
}

fn draw_notices(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let marks = theme.marks();
    let mut row = Row::new(buffer, area, 0).with_ellipsis(marks.ellipsis);
    for text in app.header().requested {
        let text = format!("{} {text}", marks.pending);
        row.put(&text, theme.style(Role::Change)).skip(3);
    }
    if let Some(notice) = app.notices().latest() {
        let (mark, role) = notice_mark(notice.tone, theme);
        row.put(mark, theme.style(role)).skip(1).put(&notice.text, theme.style(Role::Text));
    }
}
