//! Colours for numbers: ramps from one end to the other, and what stands for them where there are no colours.
//!
//! Lightness alone orders every ramp but the signed one, whose two ends are blue and orange; so any reader can tell
//! more from less, and what matters less lies nearer to the background.

use ratatui::style::Color;

use super::{Background, ColorDepth, Rgb, Theme};

/// A way from one colour to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ramp {
    /// From little to much.
    Heat,
    /// From negative over 0 in the middle to positive.
    Signed,
    /// From black to white, as in images.
    Grey,
}

/// Matplotlib's viridis (van der Walt and Smith) at equal distances; even in lightness, safe for colour-blind readers.
const VIRIDIS: [Rgb; 9] = [
    (68, 1, 84),
    (71, 44, 122),
    (59, 81, 139),
    (44, 113, 142),
    (33, 144, 141),
    (39, 173, 129),
    (92, 200, 99),
    (170, 220, 50),
    (253, 231, 37),
];

const SIGNED_DARK: [Rgb; 5] = [(110, 196, 250), (40, 104, 150), (26, 29, 37), (160, 96, 20), (255, 178, 60)];
const SIGNED_LIGHT: [Rgb; 5] = [(0, 84, 150), (110, 174, 218), (244, 245, 247), (240, 178, 96), (170, 86, 0)];

/// The same among the 16 colours, whose exact hues are the terminal's.
const HEAT_BASIC_DARK: [Color; 6] =
    [Color::Black, Color::Blue, Color::Magenta, Color::Red, Color::Yellow, Color::White];
const HEAT_BASIC_LIGHT: [Color; 6] =
    [Color::White, Color::Yellow, Color::Green, Color::Magenta, Color::Blue, Color::Black];
const SIGNED_BASIC_DARK: [Color; 5] = [Color::LightBlue, Color::Blue, Color::Black, Color::Yellow, Color::LightYellow];
const SIGNED_BASIC_LIGHT: [Color; 5] = [Color::Blue, Color::LightBlue, Color::White, Color::LightYellow, Color::Yellow];
const GREY_BASIC: [Color; 4] = [Color::Black, Color::DarkGray, Color::Gray, Color::White];

/// What stands for more and more where there are no colours; of a heat also little is seen.
const DENSITY_HEAT: [&str; 5] = ["·", "░", "▒", "▓", "█"];
const DENSITY_HEAT_ASCII: [&str; 8] = [".", ":", "-", "=", "+", "*", "%", "#"];
const DENSITY_GREY: [&str; 5] = [" ", "░", "▒", "▓", "█"];
const DENSITY_GREY_ASCII: [&str; 8] = [" ", ".", ":", "-", "=", "+", "%", "#"];
/// Far below 0, below, about 0, above, far above.
const DENSITY_SIGNED: [&str; 5] = ["=", "-", " ", "+", "#"];

impl Theme {
    /// The colour at `share` of a ramp, which is cut to 0..1; `None` where there are no colours or no number.
    pub fn ramp_color(self, ramp: Ramp, share: f64) -> Option<Color> {
        if share.is_nan() {
            return None;
        }
        let light = self.background == Background::Light;
        match self.depth {
            ColorDepth::None => None,
            ColorDepth::Basic => Some(match (ramp, light) {
                (Ramp::Heat, false) => step_at_share(&HEAT_BASIC_DARK, share),
                (Ramp::Heat, true) => step_at_share(&HEAT_BASIC_LIGHT, share),
                (Ramp::Signed, false) => step_at_share(&SIGNED_BASIC_DARK, share),
                (Ramp::Signed, true) => step_at_share(&SIGNED_BASIC_LIGHT, share),
                (Ramp::Grey, _) => step_at_share(&GREY_BASIC, share),
            }),
            ColorDepth::True | ColorDepth::Indexed => Some(self.rgb_color(self.ramp_rgb(ramp, share))),
        }
    }

    /// What stands for `share` of a ramp where there are no colours; a mark for what is not a number.
    pub fn density(self, ramp: Ramp, share: f64) -> &'static str {
        if share.is_nan() {
            return self.marks().not_a_number;
        }
        match ramp {
            Ramp::Signed => step_at_share(&DENSITY_SIGNED, share),
            Ramp::Heat if self.has_blocks() => step_at_share(&DENSITY_HEAT, share),
            Ramp::Heat => step_at_share(&DENSITY_HEAT_ASCII, share),
            Ramp::Grey if self.has_blocks() => step_at_share(&DENSITY_GREY, share),
            Ramp::Grey => step_at_share(&DENSITY_GREY_ASCII, share),
        }
    }

    /// The colour of text on a cell of that shade.
    pub fn ramp_text_color(self, ramp: Ramp, share: f64) -> Color {
        match self.depth {
            ColorDepth::None => Color::Reset,
            ColorDepth::Basic => match self.ramp_color(ramp, share) {
                Some(Color::White | Color::Gray | Color::Yellow | Color::LightYellow | Color::Green) => Color::Black,
                _ => Color::White,
            },
            ColorDepth::True | ColorDepth::Indexed => {
                let dark = luminance(self.ramp_rgb(ramp, share)) < 0.5;
                self.rgb_color(if dark { (255, 255, 255) } else { (0, 0, 0) })
            }
        }
    }

    /// The colour of a point of an image; on a terminal of 16 colours a grey; `None` where there are none.
    pub fn point(self, rgb: Rgb) -> Option<Color> {
        match self.depth {
            ColorDepth::None => None,
            ColorDepth::Basic => self.ramp_color(Ramp::Grey, luminance(rgb)),
            ColorDepth::True | ColorDepth::Indexed => Some(self.rgb_color(rgb)),
        }
    }

    /// The colour at `share` of a ramp where 24 bits of it can be shown, whatever the cells can.
    pub fn ramp_rgb(self, ramp: Ramp, share: f64) -> Rgb {
        match (ramp, self.background) {
            (Ramp::Heat, Background::Dark) => interpolate_stops(&VIRIDIS, share),
            // On paper the dark end is the one that stands out.
            (Ramp::Heat, Background::Light) => interpolate_stops(&VIRIDIS, 1.0 - share),
            (Ramp::Signed, Background::Dark) => interpolate_stops(&SIGNED_DARK, share),
            (Ramp::Signed, Background::Light) => interpolate_stops(&SIGNED_LIGHT, share),
            (Ramp::Grey, _) => interpolate_stops(&[(0, 0, 0), (255, 255, 255)], share),
        }
    }
}

/// Lightness of a colour as eyes see it, 0 to 1 (ITU-R BT.601).
pub fn luminance((red, green, blue): Rgb) -> f64 {
    (0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue)) / 255.0
}

/// The one of `steps` in whose equal part of 0..1 `share` lies.
fn step_at_share<T: Copy>(steps: &[T], share: f64) -> T {
    let count = steps.len();
    steps[((share.clamp(0.0, 1.0) * count as f64) as usize).min(count - 1)]
}

/// The colour at `share` of the way along `stops`.
fn interpolate_stops(stops: &[Rgb], share: f64) -> Rgb {
    let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    let place = share * (stops.len() - 1) as f64;
    let at = (place as usize).min(stops.len() - 2);
    let part = place - at as f64;
    let (from, to) = (stops[at], stops[at + 1]);
    let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u8;
    (mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPTHS: [ColorDepth; 4] = [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Basic, ColorDepth::None];
    const BACKGROUNDS: [Background; 2] = [Background::Dark, Background::Light];

    #[test]
    fn more_is_further_from_the_background() {
        for background in BACKGROUNDS {
            let theme = Theme::new(ColorDepth::True, background, true);
            let lightness: Vec<f64> =
                (0..=20).map(|i| luminance(theme.ramp_rgb(Ramp::Heat, f64::from(i) / 20.0))).collect();
            let sorted = lightness.windows(2).all(|pair| (pair[0] < pair[1]) == (background == Background::Dark));
            assert!(sorted, "{background:?} {lightness:?}");
        }
    }

    #[test]
    fn the_signs_differ_and_the_middle_is_calm() {
        for background in BACKGROUNDS {
            for depth in [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Basic] {
                let theme = Theme::new(depth, background, true);
                let ends = [0.0, 0.5, 1.0].map(|share| theme.ramp_color(Ramp::Signed, share));
                assert!(ends[0] != ends[1] && ends[1] != ends[2] && ends[0] != ends[2], "{depth:?} {ends:?}");
            }
        }
        let theme = Theme::new(ColorDepth::None, Background::Dark, false);
        assert_eq!([0.0, 0.5, 1.0].map(|share| theme.density(Ramp::Signed, share)), ["=", " ", "#"]);
    }

    #[test]
    fn any_number_has_a_look() {
        for depth in DEPTHS {
            for unicode in [false, true] {
                let theme = Theme::new(depth, Background::Light, unicode);
                for ramp in [Ramp::Heat, Ramp::Signed, Ramp::Grey] {
                    for share in [f64::NEG_INFINITY, -1.0, 0.0, 0.4, 1.0, 7.0, f64::INFINITY] {
                        assert_eq!(theme.ramp_color(ramp, share).is_some(), depth != ColorDepth::None);
                        assert!(unicode || theme.density(ramp, share).is_ascii());
                        theme.ramp_text_color(ramp, share);
                    }
                    assert_eq!(theme.ramp_color(ramp, f64::NAN), None);
                    assert_eq!(theme.density(ramp, f64::NAN), theme.marks().not_a_number);
                    theme.ramp_text_color(ramp, f64::NAN);
                }
            }
        }
    }
}
