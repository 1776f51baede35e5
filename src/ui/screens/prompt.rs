//! The two rows at the bottom: what was noticed above the keys, or an error above the line that is being typed.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, LinePurpose, NoticeTone, Prompt},
    ui::{
        paint::Row,
        theme::{Role, Theme},
        widgets::{field, footer},
    },
};

/// Draws both rows.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, notice: Rect, keys: Rect) {
    if let Some(prompt) = app.prompt() {
        field::draw(buffer, notice, &prompt_label(&prompt), prompt.line.editor.split_at_cursor(), theme);
        draw_below_line(theme, buffer, keys, &prompt);
    } else {
        draw_notices(app, theme, buffer, notice);
        footer::draw(buffer, keys, &app.footer_items(), theme);
    }
}

fn prompt_label(prompt: &Prompt<'_>) -> String {
    if prompt.line.purpose == LinePurpose::Command { prompt.label.clone() } else { format!("{}: ", prompt.label) }
}

/// Under the line: why it was refused, else what it could be completed to, else what may be typed.
fn draw_below_line(theme: Theme, buffer: &mut Buffer, area: Rect, prompt: &Prompt<'_>) {
    let line = prompt.line;
    let marks = theme.marks();
    let mut row = Row::new(buffer, area, 0).with_ellipsis(marks.ellipsis);
    if let Some(error) = &line.error {
        row.put(marks.bad, theme.style(Role::Bad)).skip(1).put(error, theme.style(Role::Bad));
    } else if line.candidates.is_empty() {
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
        let (mark, role) = match notice.tone {
            NoticeTone::Good => (marks.good, Role::Good),
            NoticeTone::Bad => (marks.bad, Role::Bad),
        };
        row.put(mark, theme.style(role)).skip(1).put(&notice.text, theme.style(Role::Text));
    }
}
