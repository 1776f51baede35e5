//! The terminal's colours in numbers.

use ratatui::style::Color;

/// Red, green and blue.
pub type Rgb = (u8, u8, u8);

/// The sixteen colours, as a calm terminal theme shows them.
const BASIC_COLORS: [Rgb; 16] = [
    (30, 33, 40),
    (224, 108, 90),
    (82, 190, 140),
    (229, 192, 90),
    (86, 150, 220),
    (200, 120, 180),
    (86, 182, 194),
    (204, 208, 216),
    (100, 108, 120),
    (240, 130, 110),
    (110, 214, 164),
    (240, 212, 120),
    (120, 178, 240),
    (222, 150, 204),
    (120, 208, 220),
    (255, 255, 255),
];

/// Text and ground where a cell doesn't say.
pub fn default_colors(light: bool) -> (Rgb, Rgb) {
    if light { ((36, 40, 48), (255, 255, 255)) } else { ((214, 218, 226), (14, 16, 22)) }
}

/// The colour in numbers; `None` is the default.
pub fn rgb(color: Color) -> Option<Rgb> {
    Some(match color {
        Color::Reset => return None,
        Color::Rgb(red, green, blue) => (red, green, blue),
        Color::Indexed(index) => indexed_color(index),
        Color::Black => BASIC_COLORS[0],
        Color::Red => BASIC_COLORS[1],
        Color::Green => BASIC_COLORS[2],
        Color::Yellow => BASIC_COLORS[3],
        Color::Blue => BASIC_COLORS[4],
        Color::Magenta => BASIC_COLORS[5],
        Color::Cyan => BASIC_COLORS[6],
        Color::Gray => BASIC_COLORS[7],
        Color::DarkGray => BASIC_COLORS[8],
        Color::LightRed => BASIC_COLORS[9],
        Color::LightGreen => BASIC_COLORS[10],
        Color::LightYellow => BASIC_COLORS[11],
        Color::LightBlue => BASIC_COLORS[12],
        Color::LightMagenta => BASIC_COLORS[13],
        Color::LightCyan => BASIC_COLORS[14],
        Color::White => BASIC_COLORS[15],
    })
}

/// A colour of xterm's 256: the sixteen, a 6×6×6 cube, a ramp of greys.
fn indexed_color(index: u8) -> Rgb {
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    match index {
        0..16 => BASIC_COLORS[usize::from(index)],
        16..232 => {
            let index = index - 16;
            (level(index / 36), level(index / 6 % 6), level(index % 6))
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

/// The colour half way between two.
pub fn mix_halfway(a: Rgb, b: Rgb) -> Rgb {
    (a.0.midpoint(b.0), a.1.midpoint(b.1), a.2.midpoint(b.2))
}

/// As SVG writes it.
pub fn hex_color((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_256_are_xterms() {
        assert_eq!(
            [16, 67, 231, 232, 255].map(indexed_color),
            [(0, 0, 0), (95, 135, 175), (255, 255, 255), (8, 8, 8), (238, 238, 238)]
        );
        assert_eq!(hex_color((1, 171, 255)), "#01abff");
    }
}
