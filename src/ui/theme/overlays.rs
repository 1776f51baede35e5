//! Colours of curves that are laid over a chart: other branches, other runs. They are fainter than those of the chart's
//! own curves, and never stand alone: each curve has dashes and a name of its own.

use ratatui::style::Color;

use super::Rgb;

/// On dark, on light, and among the 16 colours; none is that of a curve or a mark of the chart itself.
const OVERLAY_HUES: [(Rgb, Rgb, Color); 8] = [
    ((34, 150, 108), (70, 160, 125), Color::Green),
    ((150, 104, 216), (160, 120, 215), Color::LightMagenta),
    ((160, 156, 62), (140, 136, 40), Color::LightGreen),
    ((178, 76, 76), (196, 112, 112), Color::Red),
    ((140, 140, 146), (128, 128, 134), Color::Gray),
    ((110, 186, 96), (120, 176, 100), Color::LightBlue),
    ((135, 95, 0), (175, 135, 95), Color::LightRed),
    ((92, 110, 200), (120, 134, 216), Color::DarkGray),
];

/// The colours of a look; those beyond the eighth begin anew.
pub(super) fn overlay_hues(look: usize) -> (Rgb, Rgb, Color) {
    OVERLAY_HUES[look % OVERLAY_HUES.len()]
}

#[cfg(test)]
mod tests {
    use crate::ui::theme::{Background, ColorDepth, Role, Theme};

    #[test]
    fn no_overlay_looks_like_another_or_like_a_curve_of_the_chart() {
        for background in [Background::Dark, Background::Light] {
            for depth in [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Basic] {
                let theme = Theme::new(depth, background, true);
                let own = [Role::Train, Role::TrainRaw, Role::Test, Role::Change].map(|role| theme.style(role).fg);
                let overlays: Vec<_> = (0..8).map(|look| theme.overlay_style(look).fg).collect();
                for (look, colour) in overlays.iter().enumerate() {
                    assert!(!own.contains(colour), "{depth:?} {background:?} {look}");
                    assert!(!overlays[..look].contains(colour), "{depth:?} {background:?} {look}");
                }
            }
        }
        let theme = Theme::new(ColorDepth::None, Background::Dark, true);
        assert!((0..99).all(|look| theme.overlay_style(look).fg.is_none()));
    }
}
