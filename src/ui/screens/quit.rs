//! "Stop and quit?"

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, QuitChoice},
    text::thousands,
    ui::{
        paint::Row,
        theme::{Role, Theme},
        widgets::dialog,
    },
};

/// Draws the question with `choice` selected.
pub fn draw(app: &App, choice: QuitChoice, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let inside = dialog::draw(buffer, area, "leave gradtop?", (52, 5), theme);
    let step = format!("The training is at step {}; leaving ends it.", thousands(app.live().step));
    Row::new(buffer, inside, 0).put(&step, theme.style(Role::Text));
    let recorded = app.live().info.as_ref().is_some_and(|info| info.folder.is_some());
    let kept = if recorded { "It is recorded; `gradtop resume` goes on with it." } else { "Nothing of it is kept." };
    Row::new(buffer, inside, 1).put(kept, theme.style(Role::Muted));
    let answers = [(QuitChoice::Stop, "y", "stop and quit"), (QuitChoice::Cancel, "Esc", "go on training")];
    for (y, (answer, key, label)) in (3..).zip(answers) {
        let chosen = answer == choice;
        let mut row = Row::new(buffer, inside, y).with_ellipsis(theme.marks().ellipsis);
        row.put_left_aligned(if chosen { theme.marks().pointer } else { " " }, 2, theme.style(Role::Focus));
        row.put_left_aligned(key, 5, theme.style(Role::Key));
        row.put(&format!(" {label} "), theme.style(if chosen { Role::Selected } else { Role::Text }));
    }
}
