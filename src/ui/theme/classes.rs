//! Colours, marks and textures that tell classes apart: the colours are Okabe and Ito's, the marks differ in shape.

use ratatui::style::Color;

use super::{Background, ColorDepth, Rgb, Theme};

/// On dark, on light, and among the 16 colours. Neighbours differ in lightness too.
const CLASS_HUES: [(Rgb, Rgb, Color); 8] = [
    ((86, 180, 233), (0, 104, 170), Color::Cyan),
    ((240, 165, 40), (190, 106, 0), Color::Yellow),
    ((40, 186, 140), (0, 128, 92), Color::Green),
    ((222, 132, 182), (168, 62, 122), Color::Magenta),
    ((240, 228, 66), (132, 116, 0), Color::LightYellow),
    ((232, 100, 40), (176, 24, 0), Color::Red),
    ((92, 124, 240), (80, 50, 190), Color::Blue),
    ((190, 190, 190), (90, 90, 90), Color::Gray),
];

const CLASS_MARKS: [&str; 8] = ["●", "◆", "▲", "■", "○", "◇", "△", "□"];
const ASCII_CLASS_MARKS: [&str; 8] = ["o", "x", "^", "#", "@", "%", "v", "="];

/// What fills a class's ground where there are no colours, the surer the second.
const TEXTURES: [[&str; 2]; 8] =
    [["·", ":"], ["-", "="], ["'", "\""], ["░", "▒"], [",", ";"], ["_", "~"], ["`", "^"], ["/", "%"]];
const ASCII_TEXTURES: [[&str; 2]; 8] =
    [[".", ":"], ["-", "="], ["'", "\""], ["+", "*"], [",", ";"], ["_", "~"], ["`", "^"], ["/", "%"]];

/// Certainty below which the ground of a class is left empty where there are no colours.
const MAX_UNSURE_CERTAINTY: f64 = 0.35;

/// Certainty above which it counts as sure there.
const MIN_SURE_CERTAINTY: f64 = 0.85;

impl Theme {
    /// The colour of a class; `Reset` where there are none. Classes beyond the eighth begin anew.
    pub fn class_color(self, class: usize) -> Color {
        let (dark, light, basic) = CLASS_HUES[class % CLASS_HUES.len()];
        match (self.depth, self.background) {
            (ColorDepth::None, _) => Color::Reset,
            (ColorDepth::Basic, _) => basic,
            (_, Background::Dark) => self.rgb_color(dark),
            (_, Background::Light) => self.rgb_color(light),
        }
    }

    /// The mark of a sample of a class.
    pub fn class_mark(self, class: usize) -> &'static str {
        if self.has_symbols() {
            CLASS_MARKS[class % CLASS_MARKS.len()]
        } else {
            ASCII_CLASS_MARKS[class % CLASS_MARKS.len()]
        }
    }

    /// The colour of the ground where a class is predicted, from calm at `certainty` 0 to strong at 1; `None` where
    /// there are no colours.
    pub fn class_ground_color(self, class: usize, certainty: f64) -> Option<Color> {
        let (dark, light, basic) = CLASS_HUES[class % CLASS_HUES.len()];
        let certainty = if certainty.is_nan() { 0.0 } else { certainty.clamp(0.0, 1.0) };
        let mix = |ground: Rgb, hue: Rgb, part: f64| {
            let mix = |ground: u8, hue: u8| (f64::from(ground) + (f64::from(hue) - f64::from(ground)) * part) as u8;
            self.rgb_color((mix(ground.0, hue.0), mix(ground.1, hue.1), mix(ground.2, hue.2)))
        };
        match (self.depth, self.background) {
            (ColorDepth::None, _) => None,
            (ColorDepth::Basic, Background::Dark) if certainty < MAX_UNSURE_CERTAINTY => Some(Color::Black),
            (ColorDepth::Basic, Background::Light) if certainty < MAX_UNSURE_CERTAINTY => Some(Color::White),
            (ColorDepth::Basic, _) => Some(basic),
            (_, Background::Dark) => Some(mix((14, 16, 22), dark, 0.06 + 0.42 * certainty)),
            (_, Background::Light) => Some(mix((255, 255, 255), light, 0.05 + 0.42 * certainty)),
        }
    }

    /// What fills that ground where there are no colours.
    pub fn class_ground_symbol(self, class: usize, certainty: f64) -> &'static str {
        let textures = if self.has_blocks() { &TEXTURES } else { &ASCII_TEXTURES };
        match certainty {
            _ if certainty.is_nan() || certainty < MAX_UNSURE_CERTAINTY => " ",
            _ if certainty < MIN_SURE_CERTAINTY => textures[class % TEXTURES.len()][0],
            _ => textures[class % TEXTURES.len()][1],
        }
    }

    /// What a sample's mark stands on where the ground would have its very colour; `None` leaves the ground.
    pub fn class_mark_background(self, class: usize) -> Option<Color> {
        if self.depth == ColorDepth::Basic { self.class_ground_color(class, 0.0) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_differ_with_and_without_colours() {
        for background in [Background::Dark, Background::Light] {
            for depth in [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Basic] {
                let theme = Theme::new(depth, background, true);
                for (one, other) in (0..8).flat_map(|one| (0..one).map(move |other| (one, other))) {
                    assert_ne!(theme.class_color(one), theme.class_color(other), "{depth:?} {one} {other}");
                    // Among 256 colours only the first four grounds are far enough apart; the marks tell the others.
                    let grounds = [one, other].map(|class| theme.class_ground_color(class, 1.0));
                    assert!(
                        depth == ColorDepth::Indexed && one > 3 || grounds[0] != grounds[1],
                        "{depth:?} {one} {other}"
                    );
                }
            }
        }
        for unicode in [true, false] {
            let theme = Theme::new(ColorDepth::None, Background::Dark, unicode);
            for (one, other) in (0..8).flat_map(|one| (0..one).map(move |other| (one, other))) {
                assert_ne!(theme.class_mark(one), theme.class_mark(other));
                assert_ne!(theme.class_ground_symbol(one, 1.0), theme.class_ground_symbol(other, 1.0));
            }
            assert_eq!(theme.class_ground_color(0, 1.0), None);
        }
    }

    #[test]
    fn any_class_and_certainty_have_a_look() {
        for depth in [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Basic, ColorDepth::None] {
            let theme = Theme::new(depth, Background::Light, false);
            for certainty in [f64::NAN, -1.0, 0.5, 2.0, f64::INFINITY] {
                assert_eq!(theme.class_ground_color(usize::MAX, certainty).is_some(), depth != ColorDepth::None);
                assert!(theme.class_ground_symbol(255, certainty).is_ascii() && theme.class_mark(77).is_ascii());
                assert_eq!(theme.class_mark_background(usize::MAX).is_some(), depth == ColorDepth::Basic);
            }
        }
    }
}
