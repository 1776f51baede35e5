//! What the Inspect screen shows of a training that goes on, of an update, of feature maps and of a plane; and that its
//! sums have terms at every width.

use super::{
    THEME,
    fixture::{self, hear, press},
    inside::Network,
    looks::{SIZES, compare},
    screen, text,
    traces::STEP,
};
use crate::{
    app::{App, Panel},
    protocol::{Answer, Event, Phase, Query, RunState, SampleChoice, inspection::SplitName},
    ui::{
        layout::Layout,
        theme::{Background, ColorDepth, Theme},
    },
};

/// Rows of the selected layer's panel that are a sum in numbers, and how many factors each has.
fn sums(app: &mut App, size: (u16, u16)) -> Vec<(String, usize)> {
    let buffer = screen(app, size, THEME);
    let layout = Layout::of(app, buffer.area).unwrap();
    let area = layout.panel(Panel::Layer);
    let rows = (area.y..area.bottom()).map(|y| {
        let cells = (area.x..area.right()).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    });
    let rows: Vec<String> = rows.collect();
    // A sum in numbers ends with its result, before the name of the input that it is about.
    let numbers = |row: &&String| {
        let (_, result) = row.rsplit_once(" = ").unwrap_or_default();
        result.split_whitespace().next().is_some_and(|result| result.parse::<f64>().is_ok())
    };
    rows.iter().filter(numbers).map(|row| (row.clone(), row.matches('·').count())).collect()
}

#[test]
fn sums_have_factors_at_every_width_and_never_fewer_in_a_wider_window_of_the_same_layout() {
    for (network, places) in [
        (Network::Mlp, &[0, 2, 4][..]),
        (Network::Cnn, &[0, 1, 4, 8]),
        (Network::Toy, &[0, 2]),
        (Network::Wine, &[0, 2]),
    ] {
        for place in places {
            let mut app = network.inspected();
            press(&mut app, &"<Down>".repeat(*place));
            network.answer(&mut app, Phase::Between);
            for height in [24, 36, 60] {
                let mut before = None;
                for width in 60..=250 {
                    let shown = sums(&mut app, (width, height));
                    let layout = Layout::of(&app, ratatui::layout::Rect::new(0, 0, width, height)).unwrap();
                    let [sample, layer, gradients] =
                        [Panel::Sample, Panel::Layer, Panel::Gradients].map(|panel| layout.panel(panel));
                    let layout = (sample.width, layer.x, gradients.width);
                    assert!(shown.len() >= 3, "{network:?} {place} {width}×{height}: {shown:?}");
                    // Only the gradient of a bias has no products.
                    let without = shown.iter().filter(|(_, factors)| *factors == 0).count();
                    assert!(without <= 1, "{network:?} {place} {width}×{height}: {shown:?}");
                    let total: usize = shown.iter().map(|(_, factors)| factors).sum();
                    let layout = (layout, shown.len());
                    if let Some((_, least)) = before.filter(|(other, _)| *other == layout) {
                        assert!(total >= least, "{network:?} {place} {width}×{height}: {shown:?}");
                    }
                    before = Some((layout, total));
                }
            }
        }
    }
}

#[test]
fn the_widths_in_which_sums_were_empty_show_many_factors() {
    let mut app = Network::Mlp.inspected();
    for width in 150..=200 {
        let shown = sums(&mut app, (width, 45));
        assert!(shown[0].1 >= 3, "{width}: {shown:?}");
    }
}

/// A running training with the current minibatch looked at.
fn live(network: Network) -> App {
    let mut app = network.paused();
    hear(&mut app, [fixture::state(RunState::Running, STEP, None)]);
    press(&mut app, "3");
    network.answer(&mut app, Phase::Between);
    app
}

#[test]
fn the_minibatch_is_live_while_the_training_goes_on() {
    let mut app = live(Network::Mlp);
    compare("inspect_live", &mut app, &SIZES);
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("minibatch 301") && shown.contains("∂L/∂W["), "{shown}");
    assert!(shown.contains("● live: Space pauses, then n goes phase by phase"), "{shown}");
    assert!(shown.contains("g checks them when paused") || shown.contains("while the training is paused"), "{shown}");
    // The next answer replaces it.
    let sample = SampleChoice::Row { row: 0 };
    let mut trace = Network::Mlp.trace(sample, 0, Phase::Between);
    trace.pass = crate::protocol::inspection::PassKind::Minibatch { number: 377 };
    let query = Query::Trace { sample, layer: 0 };
    hear(&mut app, [fixture::inspection(376, query, Answer::Trace(Box::new(trace)))]);
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("minibatch 377"), "{shown}");
    // A frozen display keeps what it had.
    press(&mut app, "f");
    Network::Mlp.answer(&mut app, Phase::Between);
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("minibatch 377") && !shown.contains("live"), "{shown}");
}

#[test]
fn the_update_is_a_phase_with_numbers() {
    let mut app = Network::Mlp.inspected();
    Network::Mlp.walk(&mut app, Phase::Update);
    compare("inspect_update", &mut app, &SIZES);
    compare("inspect_update", &mut app, &[(60, 18)]);
    for (columns, rows) in SIZES {
        let shown = text(&screen(&mut app, (columns, rows), THEME));
        assert!(shown.contains("AdamW:") && shown.contains("Δθ") && shown.contains("θ after"), "{shown}");
    }
    let plain = text(&screen(&mut app, SIZES[1], Theme::new(ColorDepth::None, Background::Dark, false)));
    assert!(plain.is_ascii() && plain.contains("theta <- theta - eta"), "{plain}");
    press(&mut app, "<Down>");
    Network::Mlp.answer(&mut app, Phase::Update);
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(!shown.contains("AdamW"), "an activation has nothing to update: {shown}");
}

#[test]
fn one_sample_alone_is_not_called_a_minibatch() {
    let mut app = Network::Mlp.inspected();
    for (network, sizes) in [(Network::Mlp, SIZES), (Network::Cnn, SIZES)] {
        app = network.inspected();
        press(&mut app, ":sample train:4211<Enter>");
        network.answer(&mut app, Phase::Between);
        for size in sizes {
            let shown = text(&screen(&mut app, size, THEME));
            let inside = shown.lines().skip(3).collect::<Vec<_>>().join("\n");
            assert!(inside.contains("alone"), "{inside}");
            let told = inside.replace("checks those of the minibatch", "").replace("checks the minibatch's", "");
            for words in ["minibatch", "over the batch", "other sample", "of its", "sample's"] {
                assert!(!told.contains(words), "{size:?} says {words}: {inside}");
            }
        }
    }
    compare("inspect_alone", &mut app, &SIZES[1..2]);
}

#[test]
fn a_convolution_is_opened_as_feature_maps() {
    let mut app = Network::Cnn.inspected();
    press(&mut app, "v");
    let asked = format!("{:?}", app.wanted_queries());
    assert!(asked.contains("FeatureMaps { sample: Row { row: 0 }, layer: 0, first: 0"), "{asked}");
    Network::Cnn.answer(&mut app, Phase::Between);
    compare("inspect_maps", &mut app, &SIZES);
    let shown = text(&screen(&mut app, SIZES[0], THEME));
    assert!(shown.contains("channels 0 to 15 of 16") && shown.contains("∂L/∂y, backward"), "{shown}");
    app.update(crate::app::Message::Key(crate::app::Key::plain(crate::app::Code::PageDown)));
    let asked = format!("{:?}", app.wanted_queries());
    assert!(asked.contains("first: 2"), "{asked}");
    Network::Cnn.answer(&mut app, Phase::Between);
    let shown = text(&screen(&mut app, SIZES[0], THEME));
    assert!(shown.contains("channels 2 to 15 of 16"), "{shown}");
    for size in [(60, 18), (80, 24)] {
        let plain = text(&screen(&mut app, size, Theme::new(ColorDepth::None, Background::Dark, false)));
        assert!(plain.is_ascii() && plain.contains("channels 2 to"), "{plain}");
    }
    press(&mut app, "v");
    assert!(!text(&screen(&mut app, SIZES[0], THEME)).contains("channels 2"), "the same key closes them");
    let mut app = Network::Mlp.inspected();
    press(&mut app, "v");
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("no layer of this network gives images"), "{shown}");
    let mut app = Network::Cnn.inspected();
    press(&mut app, &"<Down>".repeat(8));
    press(&mut app, "v");
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("is no image"), "{shown}");
    let help = {
        let mut app = Network::Cnn.inspected();
        press(&mut app, "?");
        text(&screen(&mut app, (120, 60), THEME))
    };
    assert!(help.contains("channels as pictures"), "{help}");
}

#[test]
fn a_sample_of_two_numbers_is_marked_in_its_plane() {
    let mut app = Network::Toy.inspected();
    for size in SIZES {
        let buffer = screen(&mut app, size, THEME);
        let area = Layout::of(&app, buffer.area).unwrap().panel(Panel::Sample);
        let marks: Vec<(u16, u16)> =
            area.positions().map(Into::into).filter(|at| buffer[*at].symbol() == "╋").collect();
        assert_eq!(marks.len(), 1, "{}", text(&buffer));
    }
    // Where it is follows from its numbers: the upper right corner is the largest of both.
    let sample = SampleChoice::Dataset { split: SplitName::Test, index: 3 };
    let place = |app: &mut App, point: [f32; 2]| {
        let mut trace = Network::Toy.trace(sample, 0, Phase::Between);
        trace.sample.input.values = point.to_vec();
        let query = Query::Trace { sample, layer: 0 };
        hear(app, [fixture::inspection(STEP, query, Answer::Trace(Box::new(trace)))]);
        let buffer = screen(app, SIZES[1], THEME);
        let area = Layout::of(app, buffer.area).unwrap().panel(Panel::Sample);
        area.positions().map(<(u16, u16)>::from).find(|at| buffer[*at].symbol() == "╋")
    };
    let corners = [[-1.09, -1.09], [1.09, 1.09], [0.0, 0.0]].map(|point| place(&mut app, point).unwrap());
    let [(left, bottom), (right, top), (x, y)] = corners;
    assert!(left < x && x < right && top < y && y < bottom, "{corners:?}");
    assert!((left + right).abs_diff(2 * x) <= 1 && (top + bottom).abs_diff(2 * y) <= 1, "{corners:?}");
    assert_eq!(place(&mut app, [5.0, 0.0]), None);
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("beyond the plane"), "{shown}");
}

#[test]
fn nothing_is_asked_of_a_source_that_answers_nothing() {
    let mut app = fixture::silent();
    press(&mut app, "3");
    hear(&mut app, [Event::Ready(Box::new(Network::Toy.spelled()))]);
    assert!(app.wanted_queries().is_empty());
}
