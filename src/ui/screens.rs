//! The screens, each a pure function of the app's state.

pub mod banner;
pub mod bar;
pub mod data;
pub mod delete;
pub mod header;
pub mod help;
pub mod inspect;
pub mod layers;
pub mod overview;
pub mod prompt;
pub mod quit;
pub mod range_test;
pub mod remedies;
pub mod rewind;
pub mod runs;

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::{
    graphics::PlacedPicture,
    layout::Layout,
    paint::{Row, centered, wrap},
    theme::{ColorDepth, GlyphSet, Role, Theme},
};
use crate::app::{App, KeyboardMode, MIN_WINDOW_CELLS, Panel, Screen};
use crate::text::TextWidth;

/// Draws the whole dashboard into `buffer`, which must be empty.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer) {
    draw_unicode(app, theme, buffer);
    replace_missing(buffer, theme.glyphs);
    if theme.depth == ColorDepth::None {
        remove_blank_underlines(buffer);
    }
}

/// The pictures that [`draw`] shows with fewer points than they have; none while something lies over the screen.
pub fn pictures(app: &App, area: Rect) -> Vec<PlacedPicture> {
    let free = matches!(app.mode(), KeyboardMode::Normal | KeyboardMode::Line(_)) && app.trouble_offer().is_none();
    let Some(layout) = Layout::of(app, area).filter(|_| free) else { return Vec::new() };
    let covered = prompt::covered_area(app, layout.notice, layout.footer);
    let pictures = match app.view().screen {
        Screen::Overview | Screen::Layers | Screen::Runs => Vec::new(),
        Screen::Inspect => inspect::pictures(app, &layout),
        Screen::Data => data::pictures(app, &layout),
    };
    pictures
        .into_iter()
        .filter(|(room, _)| !room.intersects(covered))
        .filter_map(|(room, picture)| PlacedPicture::shrunk_to_area(room.intersection(area), picture))
        .collect()
}

fn draw_unicode(app: &App, theme: Theme, buffer: &mut Buffer) {
    let area = buffer.area;
    let Some(layout) = Layout::of(app, area) else {
        draw_too_small(buffer, area, theme);
        return;
    };
    header::draw(app, theme, buffer, layout.header, layout.progress);
    banner::draw(app, theme, buffer, layout.banner);
    bar::draw(app, theme, buffer, layout.screens);
    match app.view().screen {
        Screen::Overview => overview::draw(app, theme, buffer, &layout),
        Screen::Layers => layers::draw(app, theme, buffer, &layout),
        Screen::Inspect => inspect::draw(app, theme, buffer, &layout),
        Screen::Data => data::draw(app, theme, buffer, &layout),
        Screen::Runs => runs::draw(app, theme, buffer, &layout),
    }
    prompt::draw(app, theme, buffer, layout.notice, layout.footer);
    match app.mode() {
        KeyboardMode::Normal | KeyboardMode::Line(_) => {
            if let Some(offer) = app.trouble_offer() {
                remedies::draw(&offer, theme, buffer, Rect { height: layout.notice.y.saturating_sub(area.y), ..area });
            }
        }
        KeyboardMode::Help { scroll } => help::draw(app, *scroll, theme, buffer, area),
        KeyboardMode::RangeTest(panel) => range_test::draw(app, panel, theme, buffer, area),
        KeyboardMode::Quit(choice) => quit::draw_quit(app, *choice, theme, buffer, area),
        KeyboardMode::Rewind(target) => rewind::draw(target, theme, buffer, area),
        KeyboardMode::Keep(choice) => quit::draw_keep(app, *choice, theme, buffer, area),
        KeyboardMode::Delete { branch, yes } => delete::draw(app, (*branch, *yes), theme, buffer, area),
    }
}

fn draw_too_small(buffer: &mut Buffer, area: Rect, theme: Theme) {
    let (columns, rows) = MIN_WINDOW_CELLS;
    let times = theme.marks().times;
    let needed = wrap(&format!("gradtop needs {columns}{times}{rows}"), area.width);
    let present = wrap(&format!("this window is {}{times}{}", area.width, area.height), area.width);
    let height = (needed.len() + present.len()) as u16;
    for (i, line) in needed.iter().chain(&present).enumerate() {
        let place = centered(area, line.width() as u16, height);
        let role = if i < needed.len() { Role::Strong } else { Role::Muted };
        Row::new(buffer, place, i as u16).with_ellipsis(theme.marks().ellipsis).put(line, theme.style(role));
    }
}

/// Writes a panel's title with the mark of the focused panel, and gives the row for what follows.
pub fn title<'a>(app: &App, theme: Theme, buffer: &'a mut Buffer, area: Rect, panel: Panel) -> Row<'a> {
    let focused = app.view().focused_panel() == panel;
    let pointer = if focused { theme.marks().pointer } else { " " };
    let role = if focused { Role::Focus } else { Role::Strong };
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    row.put(pointer, theme.style(Role::Focus)).skip(1).put(panel.title(), theme.style(role)).skip(2);
    row
}

/// What stands for rows that had no room.
pub fn hidden_rows_text(count: usize, theme: Theme) -> String {
    format!("{} {count} more", theme.marks().ellipsis)
}

/// Takes the underline, which stands for a colour, from places without text: there it would be a mark that means
/// nothing.
fn remove_blank_underlines(buffer: &mut Buffer) {
    for cell in buffer.content.iter_mut().filter(|cell| cell.symbol() == " ") {
        cell.modifier.remove(Modifier::UNDERLINED);
    }
}

/// Replaces what the terminal can't show: the marks in our sentences, curves and bars, and letters in the names of
/// others.
fn replace_missing(buffer: &mut Buffer, glyphs: GlyphSet) {
    for cell in &mut buffer.content {
        if cell.symbol().chars().all(|symbol| glyphs.has(symbol)) {
            continue;
        }
        // Marks that combine with a letter go with it.
        let shown = cell.symbol().chars().next().map_or(' ', |symbol| glyphs.nearest(symbol));
        cell.set_char(shown);
    }
}
