//! The one table of colours and marks. A colour never stands alone: a mark, a place or a weight says the same.
//!
//! The hues are those of Okabe and Ito's palette, which readers with any of the usual colour-vision deficiencies can
//! tell apart; they were shifted in lightness for dark and for light backgrounds.

mod classes;
mod glyphs;
mod overlays;
mod ramps;

use ratatui::style::{Color, Modifier, Style};

use crate::protocol::Health;

pub use glyphs::{GlyphSet, MarkSet};
pub use ramps::{Ramp, luminance};

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorDepth {
    /// 24 bits a colour.
    True,
    /// The 256 colours of xterm.
    Indexed,
    /// The 16 colours that the user's terminal theme defines.
    Basic,
    /// None, as `NO_COLOR` asks.
    None,
}

/// Whether the terminal's background is dark or light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Light text on a dark ground.
    Dark,
    /// Dark text on a light ground.
    Light,
}

/// What something means, from which [`Theme::style`] makes how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Values and whatever is read first.
    Text,
    /// Headings.
    Strong,
    /// Labels and units.
    Muted,
    /// Rules, axes, empty parts.
    Faint,
    /// The training series, smoothed.
    Train,
    /// The training series as measured.
    TrainRaw,
    /// The test series.
    Test,
    /// Interventions, and what was requested but not yet done.
    Change,
    /// The cursor and the focused panel.
    Focus,
    /// Keys that can be pressed.
    Key,
    /// All is well.
    Good,
    /// Worth a look.
    Watch,
    /// Harmed, failed, refused.
    Bad,
    /// What is selected, a question in the middle of the screen.
    Selected,
}

/// How everything looks.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// How many colours there are.
    pub depth: ColorDepth,
    /// What they are seen on.
    pub background: Background,
    /// Which characters can be shown.
    pub glyphs: GlyphSet,
}

impl Theme {
    /// A theme for a terminal with the given abilities, with all characters or ASCII only.
    pub const fn new(depth: ColorDepth, background: Background, unicode: bool) -> Self {
        Self { depth, background, glyphs: if unicode { GlyphSet::Braille } else { GlyphSet::Ascii } }
    }

    /// The same with other characters.
    #[must_use]
    pub const fn with_glyphs(self, glyphs: GlyphSet) -> Self {
        Self { glyphs, ..self }
    }

    /// What the environment says about the terminal; `variable` looks a variable up. `background` and `glyphs`: what the
    /// person chose, if anything.
    pub fn detect(
        background: Option<Background>,
        glyphs: Option<GlyphSet>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let is = |name: &str, words: &[&str]| {
            set(name).is_some_and(|value| words.iter().any(|word| value.to_lowercase().contains(word)))
        };
        let depth = if set("NO_COLOR").is_some() {
            ColorDepth::None
        } else if is("COLORTERM", &["truecolor", "24bit"]) || set("WT_SESSION").is_some() {
            ColorDepth::True
        } else if is("TERM", &["256color", "kitty", "alacritty", "ghostty"]) {
            ColorDepth::Indexed
        } else {
            ColorDepth::Basic
        };
        let background = background
            .or_else(|| set("COLORFGBG").and_then(|value| background_of_colors(&value)))
            .unwrap_or(Background::Dark);
        Self { depth, background, glyphs: glyphs.unwrap_or_else(|| GlyphSet::detect(set)) }
    }

    /// The symbols that this terminal can show.
    pub fn marks(self) -> &'static MarkSet {
        self.glyphs.marks()
    }

    /// Whether lines, blocks, arrows and Latin letters can be shown.
    pub fn has_blocks(self) -> bool {
        self.glyphs != GlyphSet::Ascii
    }

    /// Whether the symbols of mathematics can be shown.
    pub fn has_symbols(self) -> bool {
        self.glyphs == GlyphSet::Braille
    }

    /// How something with this meaning looks.
    pub fn style(self, role: Role) -> Style {
        let style = Style::new().add_modifier(text_modifier(role, self.depth));
        match self.color(role) {
            Color::Reset => style,
            color => style.fg(color),
        }
    }

    /// The colour of a meaning on this terminal; `Reset` is the terminal's own.
    pub fn color(self, role: Role) -> Color {
        match self.depth {
            ColorDepth::None => Color::Reset,
            ColorDepth::Basic => role_hues(role).basic,
            ColorDepth::True | ColorDepth::Indexed => self.rgb_color(self.rgb(role)),
        }
    }

    fn rgb(self, role: Role) -> Rgb {
        match self.background {
            Background::Dark => role_hues(role).dark,
            Background::Light => role_hues(role).light,
        }
    }

    /// A colour on a terminal that has more than sixteen.
    fn rgb_color(self, rgb: Rgb) -> Color {
        match self.depth {
            ColorDepth::Indexed => Color::Indexed(nearest_indexed(rgb)),
            _ => Color::Rgb(rgb.0, rgb.1, rgb.2),
        }
    }

    /// How a filled area with text on it looks: a calm shade of the meaning's colour, or reverse video.
    pub fn filled_area_style(self, role: Role) -> Style {
        let ground = match self.background {
            Background::Dark => (14, 16, 22),
            Background::Light => (255, 255, 255),
        };
        match (self.depth, self.rgb(role)) {
            (ColorDepth::True | ColorDepth::Indexed, rgb) => {
                let shade = |part: u8, ground: u8| ((u16::from(part) * 2 + u16::from(ground) * 3) / 5) as u8;
                let rgb = (shade(rgb.0, ground.0), shade(rgb.1, ground.1), shade(rgb.2, ground.2));
                self.style(Role::Strong).bg(self.rgb_color(rgb))
            }
            _ => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// How a curve of a look that is laid over a chart is drawn, and its name: fainter than the chart's own.
    pub fn overlay_style(self, look: usize) -> Style {
        let (dark, light, basic) = overlays::overlay_hues(look);
        match (self.depth, self.background) {
            (ColorDepth::None, _) => Style::new().add_modifier(Modifier::DIM),
            (ColorDepth::Basic, _) => Style::new().fg(basic),
            (_, Background::Dark) => Style::new().fg(self.rgb_color(dark)),
            (_, Background::Light) => Style::new().fg(self.rgb_color(light)),
        }
    }

    /// The meaning of a verdict.
    pub fn health_role(health: Health) -> Role {
        match health {
            Health::Good => Role::Good,
            Health::Watch | Health::Unknown => Role::Watch,
            Health::Bad => Role::Bad,
        }
    }

    /// The symbol of a verdict.
    pub fn health_mark(self, health: Health) -> &'static str {
        let marks = self.marks();
        match health {
            Health::Good => marks.good,
            Health::Watch | Health::Unknown => marks.watch,
            Health::Bad => marks.bad,
        }
    }
}

/// Red, green and blue.
pub type Rgb = (u8, u8, u8);

/// One meaning's colour on dark, on light, and among the 16.
struct RoleHues {
    dark: Rgb,
    light: Rgb,
    basic: Color,
}

const fn hues_for_backgrounds(dark: Rgb, light: Rgb, basic: Color) -> RoleHues {
    RoleHues { dark, light, basic }
}

fn role_hues(role: Role) -> RoleHues {
    match role {
        Role::Text | Role::Key => hues_for_backgrounds((214, 218, 226), (36, 40, 48), Color::Reset),
        Role::Strong | Role::Selected => hues_for_backgrounds((245, 247, 250), (8, 10, 14), Color::Reset),
        Role::Muted => hues_for_backgrounds((138, 146, 160), (96, 104, 118), Color::Reset),
        Role::Faint => hues_for_backgrounds((68, 74, 86), (190, 196, 206), Color::DarkGray),
        Role::Train => hues_for_backgrounds((86, 180, 233), (0, 104, 170), Color::Cyan),
        Role::TrainRaw => hues_for_backgrounds((44, 88, 116), (158, 200, 226), Color::Blue),
        Role::Test => hues_for_backgrounds((240, 165, 40), (178, 96, 0), Color::Yellow),
        Role::Change => hues_for_backgrounds((214, 132, 176), (168, 62, 122), Color::Magenta),
        Role::Focus => hues_for_backgrounds((255, 255, 255), (0, 0, 0), Color::Reset),
        Role::Good => hues_for_backgrounds((52, 190, 146), (0, 122, 88), Color::Green),
        Role::Watch => hues_for_backgrounds((236, 214, 78), (138, 108, 0), Color::Yellow),
        Role::Bad => hues_for_backgrounds((244, 106, 58), (190, 60, 0), Color::Red),
    }
}

fn text_modifier(role: Role, depth: ColorDepth) -> Modifier {
    let base = match role {
        Role::Strong | Role::Key | Role::Focus | Role::Bad => Modifier::BOLD,
        Role::Selected => Modifier::REVERSED,
        _ => Modifier::empty(),
    };
    // Where colour can't separate foreground from background, weight does.
    let extra = match (depth, role) {
        (ColorDepth::None, Role::Muted | Role::Faint | Role::TrainRaw) | (ColorDepth::Basic, Role::Muted) => {
            Modifier::DIM
        }
        (ColorDepth::None, Role::Test | Role::Watch) => Modifier::BOLD,
        (ColorDepth::None, Role::Change) => Modifier::UNDERLINED,
        _ => Modifier::empty(),
    };
    base | extra
}

/// The background that `COLORFGBG` names: "foreground;background" in the numbers of the 16 colours, or with something
/// between the two. Light are the two whites and the bright colours but for grey; anything else says nothing.
fn background_of_colors(value: &str) -> Option<Background> {
    let parts: Vec<&str> = value.split(';').collect();
    let ([foreground, ground] | [foreground, _, ground]) = parts.as_slice() else { return None };
    if foreground == ground {
        return None;
    }
    match ground.parse() {
        Ok(7 | 9..=15) => Some(Background::Light),
        Ok(0..=6 | 8) => Some(Background::Dark),
        _ => None,
    }
}

/// The entry of xterm's 6×6×6 cube or grey ramp that is nearest to `rgb`. It is asked for at every cell of a frame, so
/// it looks at the nearest level of each part and the two greys around their mean only.
fn nearest_indexed(rgb: Rgb) -> u8 {
    let level = |part: u8| (0..6u8).min_by_key(|&i| CUBE_LEVELS[usize::from(i)].abs_diff(part)).unwrap_or(0);
    let cube = 16 + 36 * level(rgb.0) + 6 * level(rgb.1) + level(rgb.2);
    let mean = (u16::from(rgb.0) + u16::from(rgb.1) + u16::from(rgb.2)) / 3;
    let grey = 232 + (mean.saturating_sub(8) / 10).min(22) as u8;
    [cube, grey, grey + 1].into_iter().min_by_key(|&index| color_distance(indexed_rgb(index), rgb)).unwrap_or(cube)
}

/// Levels of each part of a colour in xterm's cube.
const CUBE_LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The colour of an entry of xterm's cube or ramp, 16 or above.
fn indexed_rgb(index: u8) -> Rgb {
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return (grey, grey, grey);
    }
    let level = |place: u8| CUBE_LEVELS[usize::from((index - 16) / place % 6)];
    (level(36), level(6), level(1))
}

/// The squared distance of two colours.
fn color_distance(a: Rgb, b: Rgb) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    square(a.0, b.0) + square(a.1, b.1) + square(a.2, b.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 14] = [
        Role::Text,
        Role::Strong,
        Role::Muted,
        Role::Faint,
        Role::Train,
        Role::TrainRaw,
        Role::Test,
        Role::Change,
        Role::Focus,
        Role::Key,
        Role::Good,
        Role::Watch,
        Role::Bad,
        Role::Selected,
    ];

    fn detect(pairs: &[(&str, &str)]) -> Theme {
        Theme::detect(None, None, |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into()))
    }

    #[test]
    fn no_color_gives_no_colour_and_a_visible_selection() {
        let theme = detect(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor"), ("LANG", "C.UTF-8")]);
        for role in ROLES {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
        assert!(theme.style(Role::Selected).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn an_empty_no_color_means_nothing() {
        assert_eq!(detect(&[("NO_COLOR", ""), ("TERM", "xterm-256color")]).depth, ColorDepth::Indexed);
    }

    #[test]
    fn the_environment_decides_depth_background_and_marks() {
        assert_eq!(detect(&[("COLORTERM", "truecolor")]).depth, ColorDepth::True);
        assert_eq!(detect(&[("TERM", "linux")]).depth, ColorDepth::Basic);
        assert_eq!(detect(&[("COLORFGBG", "0;15")]).background, Background::Light);
        assert_eq!(detect(&[("COLORFGBG", "15;0")]).background, Background::Dark);
        let glyphs = |pairs: &[(&str, &str)]| detect(pairs).glyphs;
        assert_eq!(glyphs(&[("LANG", "en_US.UTF-8"), ("TERM", "xterm-256color")]), GlyphSet::Braille);
        assert_eq!(glyphs(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]), GlyphSet::Ascii);
        for console in ["linux", "linux-16color", "cons25", "wsvt25", "vt100", "vt220"] {
            assert_eq!(glyphs(&[("LANG", "C.UTF-8"), ("TERM", console)]), GlyphSet::Blocks, "{console}");
            assert_eq!(glyphs(&[("LANG", "C"), ("TERM", console)]), GlyphSet::Ascii, "{console}");
        }
        for terminal in ["xterm", "tmux-256color", "screen", "vte", "rxvt-unicode", "alacritty"] {
            assert_eq!(glyphs(&[("LANG", "C.UTF-8"), ("TERM", terminal)]), GlyphSet::Braille, "{terminal}");
        }
        let chosen = Theme::detect(None, Some(GlyphSet::Blocks), |_| None);
        assert_eq!(chosen.glyphs, GlyphSet::Blocks);
    }

    #[test]
    fn colorfgbg_counts_where_it_makes_sense() {
        let background = |value: &str| detect(&[("COLORFGBG", value)]).background;
        for light in ["0;15", "0;default;15", "0;7", "8;11"] {
            assert_eq!(background(light), Background::Light, "{light}");
        }
        for dark in ["15;0", "15;default;0", "7;8", "15", "7", "0;default", "", "0;99", "15;15", "0;0;0;15", "0;15x"] {
            assert_eq!(background(dark), Background::Dark, "{dark}");
        }
        let chosen = Theme::detect(Some(Background::Dark), None, |_| Some("0;15".into()));
        assert_eq!(chosen.background, Background::Dark, "what the person chose counts more");
    }

    #[test]
    fn the_nearest_colour_is_nearer_than_all_others() {
        let parts = || (0..=255u8).step_by(17);
        for rgb in parts().flat_map(|r| parts().flat_map(move |g| parts().map(move |b| (r, g, b)))) {
            let nearest = (16..=255).min_by_key(|&index| color_distance(indexed_rgb(index), rgb)).unwrap();
            assert_eq!(nearest_indexed(rgb), nearest, "{rgb:?}");
        }
    }

    #[test]
    fn ascii_marks_are_ascii() {
        let marks = format!("{:?}", Theme::new(ColorDepth::None, Background::Dark, false).marks());
        assert!(marks.is_ascii(), "{marks}");
    }

    #[test]
    fn the_meanings_of_a_chart_differ_in_every_depth() {
        for depth in [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Basic, ColorDepth::None] {
            for background in [Background::Dark, Background::Light] {
                let theme = Theme::new(depth, background, true);
                let looks = [Role::Train, Role::TrainRaw, Role::Test, Role::Change].map(|role| theme.style(role));
                for (i, a) in looks.iter().enumerate() {
                    assert!(looks[i + 1..].iter().all(|b| a != b), "{depth:?} {background:?}");
                }
            }
        }
    }

    #[test]
    fn the_nearest_of_256_is_exact_where_there_is_one() {
        assert_eq!(nearest_indexed((95, 135, 175)), 67);
        assert_eq!(nearest_indexed((8, 8, 8)), 232);
    }
}
