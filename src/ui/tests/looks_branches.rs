//! A run that went back: the futures that it abandoned, the question before, the way there.

use super::{
    THEME, assert_fits_consoles, assert_leaves_no_marks,
    fixture::{self, hear, press},
    looks::{SIZES, compare},
    screen, text,
};
use crate::{
    app::App,
    protocol::{Event, Rewinding, RunState},
    ui::theme::{Background, ColorDepth, GlyphSet, Theme},
};

/// The run with the steps around its forks in sight.
fn zoomed() -> App {
    let mut app = fixture::gone_back();
    press(&mut app, "<Left><Left><Left><Left><Left><Left><Left><Left><Left><Left><Left><Left>z<Esc>");
    app
}

/// The run asked to go back to a step of the way to where it stands.
fn asked() -> App {
    let mut app = fixture::gone_back();
    press(&mut app, "<Left><Left><Left>r");
    app
}

#[test]
fn abandoned_futures_stay_on_the_charts() {
    compare("branches", &mut fixture::gone_back(), &SIZES[1..]);
    compare("branches_zoomed", &mut zoomed(), &SIZES[1..]);
    let mut app = fixture::gone_back();
    press(&mut app, "e");
    compare("branches_expanded", &mut app, &SIZES[1..2]);
    // Their values at the cursor stand with their names.
    let mut app = fixture::gone_back();
    press(&mut app, &"<Left>".repeat(9));
    compare("branches_cursor", &mut app, &SIZES[..2]);
}

#[test]
fn a_run_that_stands_before_its_newest_step_shows_what_came_after() {
    let mut app = fixture::gone_back();
    hear(&mut app, [fixture::rewound(2, 640), fixture::state(RunState::Paused, 640, None)]);
    compare("branches_back", &mut app, &SIZES[1..]);
}

#[test]
fn it_is_asked_before_going_back() {
    compare("rewind_question", &mut asked(), &SIZES[1..]);
    let mut app = fixture::gone_back();
    press(&mut app, "r");
    compare("rewind_step", &mut app, &SIZES[2..]);
}

#[test]
fn the_way_back_is_told() {
    let mut app = asked();
    press(&mut app, "<Enter>");
    hear(&mut app, [Event::Rewinding(Rewinding { from: 512, step: 670, to: 767 })]);
    compare("rewinding", &mut app, &SIZES[1..]);
}

#[test]
fn branches_are_told_apart_without_colours_and_without_braille() {
    let mut app = fixture::gone_back();
    for (name, theme) in [
        ("plain", Theme::new(ColorDepth::None, Background::Dark, true)),
        ("ascii", Theme::new(ColorDepth::None, Background::Dark, false)),
        ("blocks", Theme::new(ColorDepth::Basic, Background::Dark, true).with_glyphs(GlyphSet::Blocks)),
    ] {
        let buffer = screen(&mut app, (120, 36), theme);
        if theme.depth == ColorDepth::None {
            assert_leaves_no_marks(&buffer);
        }
        insta::assert_snapshot!(format!("branches_{name}_120x36"), text(&buffer));
    }
    assert_fits_consoles(&mut app, (80, 24), 1);
    assert_fits_consoles(&mut asked(), (80, 24), 2);
}

#[test]
fn every_future_has_its_name_on_the_chart() {
    for size in SIZES {
        let shown = text(&screen(&mut fixture::gone_back(), size, THEME));
        assert!(shown.matches("b0").count() + shown.matches("branch 0").count() >= 2, "{size:?}\n{shown}");
        assert!(shown.matches("b1").count() + shown.matches("branch 1").count() >= 2, "{size:?}\n{shown}");
    }
}
