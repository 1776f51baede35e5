//! The Inspect screen, compared with its accepted picture.

use super::{
    THEME, assert_fits_consoles, assert_harmless, assert_leaves_no_marks,
    fixture::{self, hear, press},
    inside::Network,
    looks::{SIZES, compare, hostile},
    screen, text,
    traces::{STEP, check},
};
use crate::{
    app::{Panel, Pointer},
    protocol::{Answer, Command, Event, Phase, Query, RunState, SampleChoice, inspection::CheckVerdict},
    ui::{
        layout::Layout,
        svg,
        theme::{Background, ColorDepth, Theme},
    },
};

/// Presses keys and answers what the dashboard then wants to know.
fn ask(network: Network, app: &mut crate::app::App, keys: &str) {
    press(app, keys);
    network.answer(app, Phase::Between);
}

#[test]
fn inspecting_a_perceptron() {
    let mut app = Network::Mlp.inspected();
    compare("inspect_mlp", &mut app, &SIZES);
    compare("inspect_mlp", &mut app, &[(60, 18)]);
    ask(Network::Mlp, &mut app, "<Down>");
    compare("inspect_mlp_relu", &mut app, &SIZES);
    ask(Network::Mlp, &mut app, "<Down><Down><Down><Down>");
    compare("inspect_mlp_loss", &mut app, &SIZES);
    ask(Network::Mlp, &mut app, "<Tab><Tab>e");
    compare("inspect_mlp_loss_expanded", &mut app, &SIZES[2..]);
}

#[test]
fn inspecting_a_convolutional_network() {
    let mut app = Network::Cnn.inspected();
    compare("inspect_cnn", &mut app, &SIZES);
    ask(Network::Cnn, &mut app, "<Down>");
    compare("inspect_cnn_norm", &mut app, &SIZES);
    ask(Network::Cnn, &mut app, "<Down><Down>");
    compare("inspect_cnn_pool", &mut app, &SIZES[1..]);
}

#[test]
fn inspecting_a_toy_problem() {
    let mut app = Network::Toy.inspected();
    compare("inspect_toy", &mut app, &SIZES);
    ask(Network::Toy, &mut app, "<Down>");
    compare("inspect_toy_tanh", &mut app, &SIZES[1..2]);
}

#[test]
fn what_is_not_computed_yet_says_so() {
    let mut app = Network::Mlp.inspected();
    Network::Mlp.walk(&mut app, Phase::Forward { layer: 0 });
    compare("inspect_forward", &mut app, &SIZES[1..]);
    Network::Mlp.walk(&mut app, Phase::Loss);
    compare("inspect_after_loss", &mut app, &SIZES[1..2]);
    Network::Mlp.walk(&mut app, Phase::Backward { layer: 2 });
    compare("inspect_backward", &mut app, &SIZES[1..2]);
    Network::Mlp.walk(&mut app, Phase::Update);
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert_eq!(shown.matches('▲').count(), 3, "the three layers with parameters: {shown}");
}

#[test]
fn the_check_goes_on_and_comes_to_a_verdict() {
    let mut app = Network::Mlp.inspected();
    let sent = press(&mut app, "g");
    let asked = format!("{sent:?}");
    assert!(asked.contains("GradientCheck { layer: 0 }"), "{asked}");
    hear(&mut app, [check(0, 11, 3.2e-9, None)]);
    compare("inspect_checking", &mut app, &SIZES);
    hear(&mut app, [check(0, 32, 3.2e-9, Some(CheckVerdict::Passed))]);
    compare("inspect_passed", &mut app, &SIZES[1..]);
    hear(&mut app, [check(0, 32, 0.04, Some(CheckVerdict::Failed))]);
    compare("inspect_failed", &mut app, &SIZES[1..]);
    hear(&mut app, [check(0, 32, 3.2e-9, Some(CheckVerdict::Undecided))]);
    compare("inspect_undecided", &mut app, &SIZES[1..]);
    hear(&mut app, [check(0, 32, 0.04, Some(CheckVerdict::Failed))]);
    press(&mut app, "<Tab><Tab><Tab>");
    compare("inspect_failed_in_full", &mut app, &SIZES[2..]);
    hear(&mut app, [check(0, 3, 0.0, Some(CheckVerdict::Interrupted)), Event::Step(fixture::report(STEP + 1))]);
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("check interrupted") && shown.contains("step 300"), "{shown}");
}

#[test]
fn empty_places_say_what_fills_them() {
    let mut app = fixture::silent();
    press(&mut app, "3");
    compare("inspect_silent", &mut app, &SIZES[2..]);
    let mut app = fixture::running();
    press(&mut app, "3");
    compare("inspect_running", &mut app, &SIZES[1..]);
    let mut app = Network::Mlp.paused();
    press(&mut app, "3");
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("looking at the current minibatch"), "{shown}");
}

#[test]
fn a_gradient_of_an_image_is_four_keys_away() {
    let mut app = fixture::loading();
    hear(&mut app, [Event::Ready(Box::new(Network::Mlp.spelled())), fixture::state(RunState::Running, 0, None)]);
    let effects = press(&mut app, "3");
    let asked = Query::Trace { sample: SampleChoice::Row { row: 0 }, layer: 0 };
    assert!(format!("{effects:?}").contains(&format!("{:?}", Command::Watch { queries: vec![asked] })), "{effects:?}");
    let sent = press(&mut app, " ");
    assert!(format!("{sent:?}").contains("Pause"), "{sent:?}");
    hear(&mut app, [fixture::state(RunState::Paused, 12, None)]);
    ask(Network::Mlp, &mut app, "<Down><Down>");
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("▸   2 linear 128") && shown.contains("∂L/∂W = dyᵀ x"), "{shown}");
}

#[test]
fn hostile_names_are_harmless() {
    let mut app = Network::Mlp.paused();
    let name = hostile();
    let mut info = Network::Mlp.spelled();
    info.layers.iter_mut().for_each(|layer| layer.text = format!("linear {name}"));
    info.data.as_mut().unwrap().classes = vec![name.clone(); 10];
    hear(&mut app, [Event::Ready(Box::new(info))]);
    press(&mut app, "3");
    Network::Mlp.answer(&mut app, Phase::Between);
    for keys in ["", "<Down><Down><Down><Down><Down>"] {
        ask(Network::Mlp, &mut app, keys);
        for size in SIZES {
            assert_harmless(&mut app, size);
        }
    }
    compare("inspect_hostile", &mut app, &SIZES);
    let query = Query::Trace { sample: SampleChoice::Row { row: 0 }, layer: 4 };
    hear(&mut app, [fixture::inspection(STEP, query, Answer::Nothing { reason: name })]);
    assert!(!text(&screen(&mut app, SIZES[1], THEME)).contains('\u{1b}'));
}

#[test]
fn without_colours_and_without_unicode_everything_is_still_told() {
    for (keys, name) in [("", "linear"), ("<Down>", "relu"), ("<Down><Down><Down><Down><Down>", "loss")] {
        let mut app = Network::Mlp.inspected();
        ask(Network::Mlp, &mut app, keys);
        let plain = Theme::new(ColorDepth::None, Background::Dark, true);
        let buffer = screen(&mut app, (120, 36), plain);
        assert_leaves_no_marks(&buffer);
        insta::assert_snapshot!(format!("inspect_plain_{name}_120x36"), text(&buffer));
        assert_fits_consoles(&mut app, (120, 36), 1);
        for (depth, size) in [(ColorDepth::None, (80, 24)), (ColorDepth::True, (120, 36))] {
            let shown = text(&screen(&mut app, size, Theme::new(depth, Background::Light, false)));
            assert!(shown.is_ascii() && shown.matches('?').count() == 1, "only the key of the help: {shown}");
        }
    }
}

#[test]
fn the_mouse_finds_the_layers() {
    let mut app = Network::Cnn.inspected();
    let buffer = screen(&mut app, (120, 36), THEME);
    let layout = Layout::of(&app, buffer.area).unwrap();
    let lines: Vec<String> = text(&buffer).lines().map(String::from).collect();
    let y = lines.iter().position(|line| line.contains("4 conv")).unwrap() as u16;
    assert_eq!(layout.pointer_for_press(&app, 20, y), Some(Pointer::ClickRow { panel: Panel::Chain, row: 4 }));
    app.update(crate::app::Message::Pointer(layout.pointer_for_press(&app, 20, y).unwrap()));
    assert_eq!(app.view().inspect.layer_place, 4);
    assert_eq!(layout.pointer_for_press(&app, 4, 30), Some(Pointer::Click { panel: Panel::Sample }));
}

#[test]
fn the_inspection_becomes_a_picture() {
    for network in [Network::Mlp, Network::Cnn, Network::Toy] {
        let mut app = network.inspected();
        for size in SIZES {
            let picture = svg::document(&screen(&mut app, size, THEME), THEME);
            assert!(picture.contains("minibatch"), "{network:?}");
        }
    }
}

#[test]
fn a_loss_that_is_no_number_is_seen_wherever_it_is() {
    let mut app = Network::Mlp.inspected();
    let marks = |buffer: &ratatui::buffer::Buffer| text(buffer).matches(THEME.marks().not_a_number).count();
    // In the narrow panel of a low window several rows share a column.
    let without = marks(&screen(&mut app, SIZES[1], THEME));
    let sample = SampleChoice::Row { row: 0 };
    for row in 1..64 {
        let mut trace = Network::Mlp.trace(sample, 0, Phase::Between);
        trace.losses[row] = f32::NAN;
        let query = Query::Trace { sample, layer: 0 };
        hear(&mut app, [fixture::inspection(STEP, query, Answer::Trace(Box::new(trace)))]);
        assert!(marks(&screen(&mut app, SIZES[1], THEME)) > without, "row {row}");
    }
}
