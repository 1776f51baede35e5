//! Colours, marks and textures that tell classes apart.
//!
//! No colour of a class is one of the signed ramp, whose maps lie beside the points: greens, pinks, yellow-green, greys,
//! red and violet are classes, blue and orange are signs; of the first four that holds for readers with any of the usual
//! colour-vision deficiencies, too. Filled marks are samples that are classified correctly, the
//! same marks hollow those that are not.

use ratatui::style::Color;

use super::{Background, ColorDepth, Rgb, Theme};

/// On dark, on light, and among the 16 colours. Neighbours differ in lightness too.
const CLASS_HUES: [(Rgb, Rgb, Color); 8] = [
    ((30, 170, 120), (0, 124, 88), Color::Green),
    ((244, 164, 212), (206, 84, 158), Color::LightMagenta),
    ((222, 232, 90), (70, 74, 0), Color::Gray),
    ((228, 232, 238), (124, 126, 132), Color::Red),
    ((214, 60, 90), (190, 0, 50), Color::LightGreen),
    ((170, 110, 240), (110, 50, 190), Color::Magenta),
    ((130, 220, 110), (84, 150, 40), Color::LightRed),
    ((160, 80, 130), (110, 30, 90), Color::DarkGray),
];

/// Grounds on dark and on light among the 256 colours, which have no dim colours but greys: a mixture of the ground and a
/// hue would be the same grey for several classes.
const INDEXED_GROUNDS: [(u8, u8); 8] =
    [(23, 151), (96, 218), (100, 143), (242, 250), (88, 217), (54, 183), (64, 155), (53, 176)];

/// Marks of samples that are classified correctly, and of those that are not.
const CLASS_MARKS: [[&str; 2]; 8] =
    [["●", "○"], ["◆", "◇"], ["▲", "△"], ["■", "□"], ["▼", "▽"], ["★", "☆"], ["♠", "♤"], ["♣", "♧"]];
const ASCII_CLASS_MARKS: [[&str; 2]; 8] =
    [["a", "A"], ["b", "B"], ["c", "C"], ["d", "D"], ["e", "E"], ["f", "F"], ["g", "G"], ["h", "H"]];

/// What fills a class's ground where there are no colours, the surer the second.
const TEXTURES: [[&str; 2]; 8] =
    [["·", ":"], ["-", "="], ["'", "\""], ["░", "▒"], [",", ";"], ["_", "~"], ["`", "^"], ["/", "%"]];
const ASCII_TEXTURES: [[&str; 2]; 8] =
    [[".", ":"], ["-", "="], ["'", "\""], ["+", "*"], [",", ";"], ["_", "~"], ["`", "^"], ["/", "%"]];

/// Certainty below which the ground of a class is left empty where there are few or no colours.
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

    /// The mark of a sample of a class, which is classified correctly or not.
    pub fn class_mark(self, class: usize, correct: bool) -> &'static str {
        let marks = if self.has_symbols() { &CLASS_MARKS } else { &ASCII_CLASS_MARKS };
        marks[class % marks.len()][usize::from(!correct)]
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
        let indexed = INDEXED_GROUNDS[class % INDEXED_GROUNDS.len()];
        let is_unsure = certainty < MAX_UNSURE_CERTAINTY;
        match (self.depth, self.background) {
            (ColorDepth::None, _) => None,
            (ColorDepth::Basic | ColorDepth::Indexed, Background::Dark) if is_unsure => Some(Color::Black),
            (ColorDepth::Basic | ColorDepth::Indexed, Background::Light) if is_unsure => Some(Color::White),
            (ColorDepth::Basic, _) => Some(basic),
            (ColorDepth::Indexed, Background::Dark) => Some(Color::Indexed(indexed.0)),
            (ColorDepth::Indexed, Background::Light) => Some(Color::Indexed(indexed.1)),
            (ColorDepth::True, Background::Dark) => Some(mix((14, 16, 22), dark, 0.06 + 0.42 * certainty)),
            (ColorDepth::True, Background::Light) => Some(mix((255, 255, 255), light, 0.05 + 0.42 * certainty)),
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

    /// What a sample's mark stands on where the ground would have its very colour or the mark has to stand out, as one
    /// that is classified wrongly does; `None` leaves the ground.
    pub fn class_mark_background(self, class: usize, correct: bool) -> Option<Color> {
        if self.depth == ColorDepth::Basic || !correct { self.class_ground_color(class, 0.0) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::Ramp;

    #[test]
    fn classes_differ_with_and_without_colours() {
        for background in [Background::Dark, Background::Light] {
            for depth in [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Basic] {
                let theme = Theme::new(depth, background, true);
                for (one, other) in (0..8).flat_map(|one| (0..one).map(move |other| (one, other))) {
                    assert_ne!(theme.class_color(one), theme.class_color(other), "{depth:?} {one} {other}");
                    for certainty in [0.4, 0.7, 1.0] {
                        let grounds = [one, other].map(|class| theme.class_ground_color(class, certainty));
                        assert_ne!(grounds[0], grounds[1], "{depth:?} {one} {other}");
                    }
                }
            }
        }
        for unicode in [true, false] {
            let theme = Theme::new(ColorDepth::None, Background::Dark, unicode);
            for (one, other) in (0..8).flat_map(|one| (0..one).map(move |other| (one, other))) {
                for correct in [true, false] {
                    assert_ne!(theme.class_mark(one, correct), theme.class_mark(other, correct));
                }
                assert_ne!(theme.class_mark(one, true), theme.class_mark(other, false));
                assert_ne!(theme.class_ground_symbol(one, 1.0), theme.class_ground_symbol(other, 1.0));
            }
            assert!((0..8).all(|class| theme.class_mark(class, true) != theme.class_mark(class, false)));
            assert_eq!(theme.class_ground_color(0, 1.0), None);
        }
    }

    #[test]
    fn any_class_and_certainty_have_a_look() {
        for depth in [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Basic, ColorDepth::None] {
            let theme = Theme::new(depth, Background::Light, false);
            for certainty in [f64::NAN, -1.0, 0.5, 2.0, f64::INFINITY] {
                assert_eq!(theme.class_ground_color(usize::MAX, certainty).is_some(), depth != ColorDepth::None);
                assert!(theme.class_ground_symbol(255, certainty).is_ascii() && theme.class_mark(77, false).is_ascii());
                assert_eq!(theme.class_mark_background(usize::MAX, true).is_some(), depth == ColorDepth::Basic);
            }
        }
    }

    const SIGNED_SHARES: [f64; 6] = [0.0, 0.1, 0.2, 0.8, 0.9, 1.0];

    /// How a colour looks to eyes that miss one kind of cones (Machado, Oliveira, Fernandes 2009, severity 1), or to any.
    const VISIONS: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
        [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
    ];

    /// CIE L*a*b* of an sRGB colour under one of [`VISIONS`].
    fn lab((red, green, blue): Rgb, vision: [[f64; 3]; 3]) -> [f64; 3] {
        let linear = [red, green, blue].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        let dot = |row: [f64; 3], of: [f64; 3]| row.iter().zip(of).map(|(a, b)| a * b).sum::<f64>();
        let [r, g, b] = [0, 1, 2].map(|i| dot(vision[i], linear).clamp(0.0, 1.0));
        let xyz = [
            (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
            0.2126 * r + 0.7152 * g + 0.0722 * b,
            (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.0888,
        ];
        let [x, y, z] = xyz.map(|t: f64| if t > 0.00886 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn rgb_of(color: Color) -> Rgb {
        let Color::Rgb(red, green, blue) = color else { panic!("{color:?}") };
        (red, green, blue)
    }

    #[test]
    fn no_colour_is_both_a_class_and_a_sign() {
        for background in [Background::Dark, Background::Light] {
            let theme = Theme::new(ColorDepth::True, background, true);
            let looks = |class| [theme.class_color(class), theme.class_ground_color(class, 1.0).unwrap()].map(rgb_of);
            for (class, share) in (0..8).flat_map(|class| SIGNED_SHARES.map(|share| (class, share))) {
                for (place, vision) in VISIONS.into_iter().enumerate().filter(|(place, _)| *place == 0 || class < 4) {
                    let sign = lab(theme.ramp_rgb(Ramp::Signed, share), vision);
                    // About 2.3 is the least that eyes tell apart.
                    let least = if place == 0 { 25.0 } else { 7.0 };
                    for look in looks(class) {
                        let far = lab(look, vision).iter().zip(sign).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                        assert!(far >= least, "{background:?} class {class}, sign {share}, vision {place}: {far}");
                    }
                }
            }
            for depth in [ColorDepth::Indexed, ColorDepth::Basic] {
                let theme = Theme::new(depth, background, true);
                let steps = (0..=100).map(|i| f64::from(i) / 100.0).filter(|share| (share - 0.5).abs() > 0.2);
                let signs: Vec<Color> = steps.filter_map(|share| theme.ramp_color(Ramp::Signed, share)).collect();
                for class in 0..8 {
                    let looks = [Some(theme.class_color(class)), theme.class_ground_color(class, 1.0)];
                    assert!(looks.iter().flatten().all(|look| !signs.contains(look)), "{depth:?} {class} {signs:?}");
                }
            }
        }
    }
}
