//! The whole dashboard: key scripts drive the app, and what is drawn is compared or must at least never panic.

mod details;
pub(super) mod fixture;
mod inside;
mod looks;
mod looks_branches;
mod looks_data;
mod looks_foreign;
mod looks_inside;
mod looks_inspect;
mod looks_layers;
mod looks_range_test;
mod looks_recorded;
mod looks_runs;
mod looks_table;
mod looks_trouble;
mod pictures;
mod storms;
#[cfg(unix)]
mod terminal;
mod traces;
mod truths_data;
mod uses_data;
mod widths;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier},
};

use super::{
    screens,
    theme::{Background, ColorDepth, GlyphSet, Theme},
};
use crate::app::{App, Message};
use crate::text::TextWidth;

const THEME: Theme = Theme::new(ColorDepth::True, Background::Dark, true);

/// The screen of `app` in a window of this size.
fn screen(app: &mut App, (columns, rows): (u16, u16), theme: Theme) -> Buffer {
    app.update(Message::Resize { columns, rows });
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    screens::draw(app, theme, &mut buffer);
    buffer
}

/// Asserts that a screen without colours has none, and nothing that only a colour would have meant: no blank that is
/// underlined, and no word of colours.
fn assert_leaves_no_marks(buffer: &Buffer) {
    for cell in buffer.content() {
        assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        let stray = cell.symbol() == " " && cell.modifier.contains(Modifier::UNDERLINED);
        assert!(!stray, "an underlined blank in\n{}", text(buffer));
    }
    assert!(!text(buffer).to_lowercase().contains("colour"), "{}", text(buffer));
}

/// Asserts that a text console has every character of the screen, and that none became a question mark but the key of
/// the help, of which there are `keys`.
fn assert_fits_consoles(app: &mut App, size: (u16, u16), keys: usize) {
    for depth in [ColorDepth::Basic, ColorDepth::None] {
        let theme = Theme::new(depth, Background::Dark, true).with_glyphs(GlyphSet::Blocks);
        let shown = text(&screen(app, size, theme));
        let missing: String = shown.chars().filter(|c| *c != '\n' && !GlyphSet::Blocks.has(*c)).collect();
        assert_eq!(missing, "", "{shown}");
        assert_eq!(shown.matches('?').count(), keys, "{shown}");
    }
}

/// Asserts that a screen shows nothing that a terminal would obey or that would turn text around, and is no wider than its
/// window.
fn assert_harmless(app: &mut App, size: (u16, u16)) {
    let buffer = screen(app, size, THEME);
    for cell in buffer.content() {
        assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
        assert!(!cell.symbol().contains(['\u{202e}', '\u{2066}', '\u{200d}']), "{:?}", cell.symbol());
    }
    assert!(text(&buffer).lines().all(|line| line.width() <= usize::from(size.0)));
}

/// A screen as lines of text.
fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += (symbol.width() as u16).max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
