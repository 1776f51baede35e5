//! The screens, each a pure function of the app's state.

pub mod banner;
pub mod header;
pub mod help;
pub mod layers;
pub mod overview;
pub mod prompt;
pub mod quit;
pub mod side;

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

use super::{
    layout::{Layout, SMALLEST},
    paint::{Row, centered},
    theme::{Role, Theme},
};
use crate::app::{App, Mode};

/// Draws the whole dashboard into `buffer`, which must be empty.
pub fn draw(app: &App, theme: &Theme, buffer: &mut Buffer) {
    let area = buffer.area;
    let Some(layout) = Layout::of(app, area) else {
        too_small(buffer, area, theme);
        return;
    };
    header::draw(app, theme, buffer, layout.header);
    banner::draw(app, theme, buffer, layout.banner);
    overview::draw(app, theme, buffer, &layout);
    prompt::draw(app, theme, buffer, layout.notice, layout.footer);
    match app.mode() {
        Mode::Normal | Mode::Line(_) => {}
        Mode::Help { scroll } => help::draw(app, *scroll, theme, buffer, area),
        Mode::Quit(choice) => quit::draw(app, *choice, theme, buffer, area),
    }
}

fn too_small(buffer: &mut Buffer, area: Rect, theme: &Theme) {
    let (columns, rows) = SMALLEST;
    let times = theme.marks().times;
    let lines = [
        format!("gradtop needs {columns}{times}{rows}"),
        format!("this window is {}{times}{}", area.width, area.height),
    ];
    for (i, line) in (0..).zip(&lines) {
        let place = centered(area, line.width() as u16, lines.len() as u16);
        let role = if i == 0 { Role::Strong } else { Role::Muted };
        Row::new(buffer, place, i).ending(theme.marks().ellipsis).put(line, theme.style(role));
    }
}
