//! Symbols that are drawn rather than written: blocks, braille, rules and the marks of charts.

use std::fmt::Write;

use super::{CELL_HEIGHT, CELL_WIDTH};

const W: f64 = CELL_WIDTH as f64;
const H: f64 = CELL_HEIGHT as f64;

/// Adds the shape of `symbol`, in the cell whose upper left corner is `(x, y)`, to the data of a path; `false` if it
/// is not a symbol that is drawn.
pub fn draw(path: &mut String, symbol: &str, (x, y): (f64, f64)) -> bool {
    let mut chars = symbol.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return false };
    let mut rect = |left: f64, top: f64, width: f64, height: f64| {
        // Writing to a string can't fail.
        let _ = write!(path, "M{} {}h{width}v{height}h-{width}z", x + left, y + top);
    };
    let (middle_x, middle_y) = (W / 2.0, H / 2.0);
    match c {
        '\u{2800}'..='\u{28ff}' => {
            let bits = c as u32 - 0x2800;
            let places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
            for (bit, (column, row)) in places.into_iter().enumerate() {
                if bits >> bit & 1 == 1 {
                    rect(1.2 + f64::from(column) * W / 2.0, 1.2 + f64::from(row) * H / 4.0, 2.4, 2.4);
                }
            }
        }
        '▀' => rect(0.0, 0.0, W, middle_y),
        '░' | '▒' | '▓' => {
            // A square in each eighth of the cell, the larger the denser.
            let side = match c {
                '░' => 2.0,
                '▒' => 3.0,
                _ => 4.0,
            };
            for (column, row) in (0..8).map(|i| (i % 2, i / 2)) {
                rect(f64::from(column) * W / 2.0, f64::from(row) * H / 4.0, side, side);
            }
        }
        '▁'..='█' => {
            let height = H * f64::from(c as u32 - 0x2580) / 8.0;
            rect(0.0, H - height, W, height);
        }
        '▉'..='▏' => rect(0.0, 0.0, W * f64::from(0x2590 - c as u32) / 8.0, H),
        '─' => rect(0.0, middle_y - 0.5, W, 1.0),
        '━' => rect(0.0, middle_y - 1.0, W, 2.0),
        '│' => rect(middle_x - 0.5, 0.0, 1.0, H),
        '┊' => {
            for quarter in 0..4 {
                rect(middle_x - 0.5, f64::from(quarter) * H / 4.0 + 1.0, 1.0, 2.0);
            }
        }
        '┤' => {
            rect(middle_x - 0.5, 0.0, 1.0, H);
            rect(0.0, middle_y - 0.5, middle_x, 1.0);
        }
        '┬' => {
            rect(0.0, middle_y - 0.5, W, 1.0);
            rect(middle_x - 0.5, middle_y, 1.0, middle_y);
        }
        '╭' | '╮' | '╰' | '╯' => {
            let (right, below) = (matches!(c, '╭' | '╰'), matches!(c, '╭' | '╮'));
            rect(if right { middle_x - 0.5 } else { 0.0 }, middle_y - 0.5, middle_x + 0.5, 1.0);
            rect(middle_x - 0.5, if below { middle_y } else { 0.0 }, 1.0, middle_y);
        }
        '◆' => polygon(path, &[(W / 2.0, 4.5), (W, H / 2.0), (W / 2.0, H - 4.5), (0.0, H / 2.0)], (x, y)),
        '▲' => polygon(path, &[(W / 2.0, 4.0), (W, H - 5.0), (0.0, H - 5.0)], (x, y)),
        '▸' => polygon(path, &[(1.0, 4.5), (W - 1.0, H / 2.0), (1.0, H - 4.5)], (x, y)),
        '●' => {
            let _ = write!(path, "M{} {}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", x + W / 2.0 - 4.0, y + H / 2.0);
        }
        _ => return false,
    }
    true
}

fn polygon(path: &mut String, corners: &[(f64, f64)], (x, y): (f64, f64)) {
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
            assert!(draw(&mut path, &c.to_string(), (0.0, 0.0)), "{c}");
            assert!(path.starts_with('M') && path.ends_with('z'), "{c}: {path}");
        }
        let mut path = String::new();
        assert!(
            !draw(&mut path, "a", (0.0, 0.0)) && !draw(&mut path, "ab", (0.0, 0.0)) && !draw(&mut path, "", (0.0, 0.0))
        );
        assert!(path.is_empty());
    }
}
