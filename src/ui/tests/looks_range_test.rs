//! The learning-rate range test over the screen.

use super::{
    THEME, assert_fits_consoles, assert_leaves_no_marks,
    fixture::{self, hear, press},
    looks::compare,
    screen, text,
};
use crate::{
    app::App,
    protocol::*,
    ui::theme::{Background, ColorDepth, GlyphSet, Theme},
};

const SIZES: [(u16, u16); 2] = [(120, 36), (80, 24)];

/// A dashboard on which a range test was asked for.
fn asked() -> App {
    let mut app = fixture::running();
    press(&mut app, ":lrfind<Enter>");
    app
}

/// A test from 1e-7 to 10 as far as it comes: the loss falls around 3e-3 and then leaves all bounds.
fn measured(points: u64, done: bool) -> RangeTest {
    let mut smoothed = 2.3;
    let point = |place: u64| {
        let rate = 10_f64.powf(8.0 * place as f64 / 99.0 - 7.0);
        let across = (rate / 3e-3).log10();
        let fall = 0.6 + 1.7 / (1.0 + (4.0 * across).exp());
        let rise = (across - 1.0).max(0.0).exp_m1().powi(2);
        let loss = (fall + rise) * (1.0 + 0.3 * fixture::noise(place));
        smoothed = 0.8 * smoothed + 0.2 * loss;
        RangeTestPoint { rate, loss, smoothed }
    };
    let points = (0..points).map(point).collect();
    RangeTest { step: 1000, planned: 100, points, done, suggestion: done.then_some(4.6e-3) }
}

#[test]
fn under_way() {
    let mut app = asked();
    compare("range_test_begins", &mut app, &SIZES[1..]);
    hear(&mut app, [Event::RangeTest(measured(58, false))]);
    compare("range_test_running", &mut app, &SIZES);
    press(&mut app, "<Esc>");
    assert!(text(&screen(&mut app, SIZES[1], THEME)).contains("giving up…"));
}

#[test]
fn over() {
    let mut app = asked();
    hear(&mut app, [Event::RangeTest(measured(85, true))]);
    compare("range_test_over", &mut app, &SIZES);
    assert_fits_consoles(&mut app, (80, 24), 0);
    let plain = Theme::new(ColorDepth::None, Background::Dark, true);
    for glyphs in [GlyphSet::Braille, GlyphSet::Ascii] {
        assert_leaves_no_marks(&screen(&mut app, (80, 24), plain.with_glyphs(glyphs)));
    }
}

#[test]
fn without_a_suggestion_and_with_numbers_that_are_not_finite() {
    let mut app = asked();
    let mut test = RangeTest { suggestion: None, ..measured(70, true) };
    for (place, point) in test.points.iter_mut().enumerate() {
        point.smoothed = 2.3;
        point.loss = match place {
            0..10 => f64::NAN,
            40 | 69 => f64::INFINITY,
            _ => 2.3 + fixture::noise(place as u64) / 4.0,
        };
    }
    test.points[..10].iter_mut().for_each(|point| point.smoothed = f64::NAN);
    hear(&mut app, [Event::RangeTest(test.clone())]);
    compare("range_test_none", &mut app, &SIZES);
    for point in &mut test.points {
        (point.loss, point.smoothed) = (f64::NAN, f64::NAN);
    }
    hear(&mut app, [Event::RangeTest(test)]);
    for size in [(60, 18), (80, 24), (200, 60)] {
        let shown = text(&screen(&mut app, size, THEME));
        assert!(shown.contains("no suggestion: at no rate the loss fell clearly"), "{shown}");
    }
}
