//! A picture of the screen: any buffer as an SVG that looks like the terminal.
//!
//! Blocks, braille and rules are drawn as geometry and every run of text is told its length, so no font decides how
//! the picture looks.

mod colors;
mod glyphs;

use std::{collections::BTreeMap, fmt::Write};

use crate::text::TextWidth;
use ratatui::{
    buffer::{Buffer, Cell},
    style::Modifier,
};

use self::colors::{Rgb, hex_color};
use super::theme::{Background, Theme};

/// Width of a cell in the picture's units.
const CELL_WIDTH: u32 = 9;
/// Height of a cell.
const CELL_HEIGHT: u32 = 18;
/// Room around the screen.
const MARGIN_PIXELS: u32 = 12;
/// Distance of the letters' base from the top of their cell.
const BASELINE_PIXELS: u32 = 14;

/// How a cell looks once reverse video and dimming are worked in.
#[derive(Clone, Copy, PartialEq)]
struct CellLook {
    foreground: Rgb,
    background: Rgb,
    bold: bool,
    underlined: bool,
}

/// Text under way: cells with one look.
struct TextRun {
    x: u32,
    columns: u32,
    text: String,
    look: CellLook,
}

/// The screen as a whole SVG document.
pub fn document(buffer: &Buffer, theme: Theme) -> String {
    let (columns, rows) = (u32::from(buffer.area.width), u32::from(buffer.area.height));
    let (width, height) = (columns * CELL_WIDTH + 2 * MARGIN_PIXELS, rows * CELL_HEIGHT + 2 * MARGIN_PIXELS);
    let (text, ground) = colors::default_colors(theme.background == Background::Light);
    let mut grounds: BTreeMap<Rgb, String> = BTreeMap::new();
    let mut shapes: BTreeMap<Rgb, String> = BTreeMap::new();
    let mut words = String::new();
    for y in 0..rows {
        let mut run: Option<TextRun> = None;
        let mut covered = 0;
        for x in 0..columns {
            let cell = &buffer[(buffer.area.x + x as u16, buffer.area.y + y as u16)];
            let look = cell_look(cell, text, ground);
            let (left, top) = (x * CELL_WIDTH, y * CELL_HEIGHT);
            if look.background != ground {
                let path = grounds.entry(look.background).or_default();
                let _ = write!(path, "M{left} {top}h{CELL_WIDTH}v{CELL_HEIGHT}h-{CELL_WIDTH}z");
            }
            if x < covered {
                continue;
            }
            let symbol = cell.symbol();
            covered = x + (symbol.width() as u32).max(1);
            let path = shapes.entry(look.foreground).or_default();
            if glyphs::draw_symbol(path, symbol, (f64::from(left), f64::from(top))) {
                flush_text_run(&mut words, run.take(), y);
            } else {
                extend_text_run(&mut words, &mut run, (x, y), covered - x, symbol, look);
            }
        }
        flush_text_run(&mut words, run.take(), y);
    }
    let paths = |paths: &BTreeMap<Rgb, String>| {
        let paths = paths.iter().filter(|(_, path)| !path.is_empty());
        paths.fold(String::new(), |mut out, (color, path)| {
            let _ = writeln!(out, "<path fill=\"{}\" d=\"{path}\"/>", hex_color(*color));
            out
        })
    };
    let (grounds, shapes) = (paths(&grounds), paths(&shapes));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n\
         <g transform=\"translate({MARGIN_PIXELS} {MARGIN_PIXELS})\">\n{grounds}{shapes}\
         <g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"15\" \
         xml:space=\"preserve\">\n{words}</g>\n</g>\n</svg>\n",
        hex_color(ground)
    )
}

fn cell_look(cell: &Cell, text: Rgb, ground: Rgb) -> CellLook {
    let mut foreground = colors::rgb(cell.fg).unwrap_or(text);
    let mut background = colors::rgb(cell.bg).unwrap_or(ground);
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut foreground, &mut background);
    }
    if cell.modifier.contains(Modifier::DIM) {
        foreground = colors::mix_halfway(foreground, background);
    }
    CellLook {
        foreground,
        background,
        bold: cell.modifier.contains(Modifier::BOLD),
        underlined: cell.modifier.contains(Modifier::UNDERLINED),
    }
}

/// Adds a cell to the run under way, or ends that and begins another.
fn extend_text_run(
    words: &mut String,
    run: &mut Option<TextRun>,
    (x, y): (u32, u32),
    columns: u32,
    symbol: &str,
    look: CellLook,
) {
    let blank = symbol.trim().is_empty();
    let continues = run.as_ref().is_some_and(|run| {
        run.look == look && run.x + run.columns == x && !(blank && run.text.ends_with(' ')) && columns == 1
    });
    if !continues {
        flush_text_run(words, run.take(), y);
        if blank {
            return;
        }
    }
    let run = run.get_or_insert_with(|| TextRun { x, columns: 0, text: String::new(), look });
    run.columns += columns;
    run.text.push_str(if blank { " " } else { symbol });
}

fn flush_text_run(words: &mut String, run: Option<TextRun>, y: u32) {
    let Some(run) = run else { return };
    let text = run.text.trim_end();
    let columns = run.columns - (run.text.len() - text.len()) as u32;
    let weight = if run.look.bold { " font-weight=\"bold\"" } else { "" };
    let line = if run.look.underlined { " text-decoration=\"underline\"" } else { "" };
    // Writing to a string can't fail.
    let _ = writeln!(
        words,
        "<text x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{weight}{line}>{}</text>",
        run.x * CELL_WIDTH,
        y * CELL_HEIGHT + BASELINE_PIXELS,
        columns * CELL_WIDTH,
        hex_color(run.look.foreground),
        escape(text)
    );
}

/// `text` for an XML document, without characters that XML doesn't allow.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('·'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ratatui::{
        layout::Rect,
        style::{Color, Style},
    };

    use super::*;
    use crate::ui::theme::ColorDepth;

    fn picture(buffer: &Buffer) -> String {
        document(buffer, Theme::new(ColorDepth::True, Background::Dark, true))
    }

    /// Fails unless every tag is closed in order and every attribute quoted.
    fn assert_well_formed(document: &str) {
        let mut open = Vec::new();
        for part in document.split('<').skip(1) {
            let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("unclosed tag: {part}"));
            assert!(!text.contains('>'), "bare > in {text:?}");
            let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap();
            assert_eq!(tag.matches('"').count() % 2, 0, "unbalanced quotes in {tag:?}");
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name), "in {tag:?}");
            } else if !tag.ends_with('/') {
                open.push(name);
            }
            for entity in text.split('&').skip(1) {
                assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known)), "{text:?}");
            }
        }
        assert!(open.is_empty(), "left open: {open:?}");
    }

    #[test]
    fn text_shapes_and_colours_come_through() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 2));
        buffer.set_string(1, 0, "a < b & \"c\"", Style::new().fg(Color::Rgb(1, 2, 3)));
        buffer.set_string(0, 1, "⠁█──▁ 長い x", Style::new().add_modifier(Modifier::REVERSED));
        let svg = picture(&buffer);
        assert_well_formed(&svg);
        assert!(svg.contains(">a &lt; b &amp; &quot;c&quot;</text>"), "{svg}");
        assert!(svg.contains("#010203") && svg.contains(">長</text>"), "{svg}");
        assert!(!svg.contains('█') && !svg.contains('⠁') && !svg.contains('─'), "geometry, not glyphs: {svg}");
    }

    #[test]
    fn hostile_cells_stay_text() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        for (x, symbol) in ["\u{1b}[31m", "\u{7}", "</svg>", "]]>", "\u{9b}"].into_iter().enumerate() {
            buffer[(x as u16, 0)].set_symbol(symbol);
        }
        let svg = picture(&buffer);
        assert_well_formed(&svg);
        assert!(svg.chars().all(|c| c == '\n' || !c.is_control()), "{svg:?}");
        assert_eq!(svg.matches("</svg>").count(), 1);
    }

    #[test]
    fn an_empty_screen_is_a_picture_too() {
        assert_well_formed(&picture(&Buffer::empty(Rect::new(0, 0, 0, 0))));
    }
}
