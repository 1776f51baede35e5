//! Symbols that are drawn rather than written: blocks, braille, rules and the marks of charts.

use std::fmt::Write;

use super::{CELL_HEIGHT, CELL_WIDTH};

const GLYPH_WIDTH: f64 = CELL_WIDTH as f64;
const GLYPH_HEIGHT: f64 = CELL_HEIGHT as f64;

/// Adds the shape of `symbol`, in the cell whose upper left corner is `(x, y)`, to the data of a path; `false` if it
/// is not a symbol that is drawn.
pub fn draw_symbol(path: &mut String, symbol: &str, (x, y): (f64, f64)) -> bool {
    let mut chars = symbol.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return false };
    let mut rect = |left: f64, top: f64, width: f64, height: f64| {
        // Writing to a string can't fail.
        let _ = write!(path, "M{} {}h{width}v{height}h-{width}z", x + left, y + top);
    };
    let (middle_x, middle_y) = (GLYPH_WIDTH / 2.0, GLYPH_HEIGHT / 2.0);
    match c {
        '\u{2800}'..='\u{28ff}' => {
            for (column, row) in braille_dots(c) {
                rect(1.2 + column * GLYPH_WIDTH / 2.0, 1.2 + row * GLYPH_HEIGHT / 4.0, 2.4, 2.4);
            }
        }
        '▀' => rect(0.0, 0.0, GLYPH_WIDTH, middle_y),
        '░' | '▒' | '▓' => {
            // A square in each eighth of the cell, the larger the denser.
            let side = match c {
                '░' => 2.0,
                '▒' => 3.0,
                _ => 4.0,
            };
            for (column, row) in (0..8).map(|i| (i % 2, i / 2)) {
                rect(f64::from(column) * GLYPH_WIDTH / 2.0, f64::from(row) * GLYPH_HEIGHT / 4.0, side, side);
            }
        }
        '▁'..='█' => {
            let height = GLYPH_HEIGHT * f64::from(c as u32 - 0x2580) / 8.0;
            rect(0.0, GLYPH_HEIGHT - height, GLYPH_WIDTH, height);
        }
        '▉'..='▏' => rect(0.0, 0.0, GLYPH_WIDTH * f64::from(0x2590 - c as u32) / 8.0, GLYPH_HEIGHT),
        '─' => rect(0.0, middle_y - 0.5, GLYPH_WIDTH, 1.0),
        '━' => rect(0.0, middle_y - 1.0, GLYPH_WIDTH, 2.0),
        '│' => rect(middle_x - 0.5, 0.0, 1.0, GLYPH_HEIGHT),
        '┊' => {
            for quarter in 0..4 {
                rect(middle_x - 0.5, f64::from(quarter) * GLYPH_HEIGHT / 4.0 + 1.0, 1.0, 2.0);
            }
        }
        '┤' => {
            rect(middle_x - 0.5, 0.0, 1.0, GLYPH_HEIGHT);
            rect(0.0, middle_y - 0.5, middle_x, 1.0);
        }
        '┬' => {
            rect(0.0, middle_y - 0.5, GLYPH_WIDTH, 1.0);
            rect(middle_x - 0.5, middle_y, 1.0, middle_y);
        }
        '╭' | '╮' | '╰' | '╯' => {
            let (right, below) = (matches!(c, '╭' | '╰'), matches!(c, '╭' | '╮'));
            rect(if right { middle_x - 0.5 } else { 0.0 }, middle_y - 0.5, middle_x + 0.5, 1.0);
            rect(middle_x - 0.5, if below { middle_y } else { 0.0 }, 1.0, middle_y);
        }
        _ => return draw_chart_mark(path, c, (x, y)),
    }
    true
}

/// Adds the shape of a mark of a chart as [`draw_symbol`] does; `false` if `c` is none.
fn draw_chart_mark(path: &mut String, c: char, (x, y): (f64, f64)) -> bool {
    let (middle_x, middle_y) = (GLYPH_WIDTH / 2.0, GLYPH_HEIGHT / 2.0);
    let corners: &[(f64, f64)] = match c {
        '◆' => &[(middle_x, 4.5), (GLYPH_WIDTH, middle_y), (middle_x, GLYPH_HEIGHT - 4.5), (0.0, middle_y)],
        '▲' => &[(middle_x, 4.0), (GLYPH_WIDTH, GLYPH_HEIGHT - 5.0), (0.0, GLYPH_HEIGHT - 5.0)],
        '▸' => &[(1.0, 4.5), (GLYPH_WIDTH - 1.0, middle_y), (1.0, GLYPH_HEIGHT - 4.5)],
        '●' => {
            let _ = write!(path, "M{} {}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", x + middle_x - 4.0, y + middle_y);
            return true;
        }
        _ => return false,
    };
    draw_polygon(path, corners, (x, y));
    true
}

/// Column and row of each dot of a braille character, in the order of its bits.
fn braille_dots(c: char) -> impl Iterator<Item = (f64, f64)> {
    let bits = c as u32 - 0x2800;
    let places = [(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (0.0, 3.0), (1.0, 3.0)];
    (0..).zip(places).filter(move |(bit, _)| bits >> bit & 1 == 1).map(|(_, place)| place)
}

fn draw_polygon(path: &mut String, corners: &[(f64, f64)], (x, y): (f64, f64)) {
    for (i, corner) in corners.iter().enumerate() {
        let _ = write!(path, "{}{} {}", if i == 0 { 'M' } else { 'L' }, x + corner.0, y + corner.1);
    }
    path.push('z');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_stay_in_their_cells() {
        for c in ('\u{2801}'..='\u{28ff}').chain('▁'..='▏').chain("▀░▒▓─━│┊┤┬╭╮╰╯◆▲▸●".chars())
        {
            let mut path = String::new();
            assert!(draw_symbol(&mut path, &c.to_string(), (0.0, 0.0)), "{c}");
            assert!(path.starts_with('M') && path.ends_with('z'), "{c}: {path}");
        }
        let mut path = String::new();
        assert!(
            !draw_symbol(&mut path, "a", (0.0, 0.0))
                && !draw_symbol(&mut path, "ab", (0.0, 0.0))
                && !draw_symbol(&mut path, "", (0.0, 0.0))
        );
        assert!(path.is_empty());
    }
}
