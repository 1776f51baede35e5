//! The Layers screen, compared with its accepted picture.

use super::{
    THEME, assert_fits_consoles, assert_harmless, assert_leaves_no_marks,
    fixture::{hear, press},
    inside::Network,
    looks::{SIZES, compare, hostile},
    screen, text,
};
use crate::{
    app::{Panel, Pointer},
    protocol::{Answer, Event},
    text::TextWidth,
    ui::{
        layout::Layout,
        svg,
        theme::{Background, ColorDepth, Theme},
    },
};

#[test]
fn layers_of_a_perceptron() {
    let mut app = Network::Mlp.running();
    press(&mut app, "2");
    compare("layers_mlp", &mut app, &SIZES);
    compare("layers_mlp", &mut app, &[(60, 18)]);
    press(&mut app, "v<Down><Left><Left><Left>");
    compare("layers_mlp_updates", &mut app, &SIZES[1..]);
    press(&mut app, "b<Tab>el");
    compare("layers_mlp_values", &mut app, &SIZES[1..2]);
}

#[test]
fn layers_of_a_convolutional_network() {
    let mut app = Network::Cnn.running();
    press(&mut app, "2");
    compare("layers_cnn", &mut app, &SIZES);
    press(&mut app, "<Down>vv");
    compare("layers_cnn_norm", &mut app, &SIZES);
    press(&mut app, "<Tab><Tab><Right><Right><Right>");
    compare("layers_cnn_channel", &mut app, &SIZES[1..]);
    press(&mut app, "e");
    compare("layers_cnn_units", &mut app, &SIZES[1..2]);
}

#[test]
fn layers_of_a_toy_problem() {
    let mut app = Network::Toy.running();
    press(&mut app, "2");
    compare("layers_toy", &mut app, &SIZES);
}

#[test]
fn empty_places_say_what_fills_them() {
    let mut app = super::fixture::silent();
    press(&mut app, "2");
    compare("layers_silent", &mut app, &SIZES[2..]);
    let mut app = super::fixture::running();
    press(&mut app, "2");
    compare("layers_waiting", &mut app, &SIZES[2..]);
}

#[test]
fn hostile_layers_are_harmless() {
    let mut app = super::fixture::silent();
    let name = hostile();
    let mut info = Network::Mlp.info();
    info.layers[0].text.clone_from(&name);
    info.layers[1].path.clone_from(&name);
    hear(&mut app, [super::fixture::hello(&name), Event::Ready(Box::new(info))]);
    hear(&mut app, (1..300).map(|step| Event::Step(super::fixture::report(step))));
    let mut answers = Network::Mlp.answers(299);
    for event in &mut answers {
        let Event::Inspection(inspection) = event else { continue };
        let Answer::Layer(view) = &mut inspection.answer else { continue };
        view.parameters[0].name.clone_from(&name);
    }
    hear(&mut app, answers);
    press(&mut app, "2<Left>");
    for size in SIZES {
        assert_harmless(&mut app, size);
    }
    compare("layers_hostile", &mut app, &SIZES);
    let reason = Answer::Nothing { reason: name };
    hear(&mut app, [super::fixture::inspection(300, crate::protocol::Query::Layer { layer: 0 }, reason)]);
    assert!(!text(&screen(&mut app, SIZES[1], THEME)).contains('\u{1b}'));
}

#[test]
fn without_colours_and_without_unicode_everything_is_still_told() {
    let mut app = Network::Cnn.running();
    press(&mut app, "2<Down><Left><Left>");
    let plain = Theme::new(ColorDepth::None, Background::Dark, true);
    let buffer = screen(&mut app, (120, 36), plain);
    assert_leaves_no_marks(&buffer);
    insta::assert_snapshot!("layers_plain_120x36", text(&buffer));
    assert_fits_consoles(&mut app, (120, 36), 1);
    for depth in [ColorDepth::None, ColorDepth::True] {
        let shown = text(&screen(&mut app, (80, 24), Theme::new(depth, Background::Light, false)));
        assert!(shown.is_ascii() && shown.matches('?').count() == 1, "only the key of the help: {shown}");
    }
    insta::assert_snapshot!(
        "layers_ascii_80x24",
        text(&screen(&mut app, (80, 24), Theme::new(ColorDepth::None, Background::Dark, false)))
    );
}

#[test]
fn the_mouse_finds_layers_steps_units_and_screens() {
    let mut app = Network::Cnn.running();
    press(&mut app, "2");
    let buffer = screen(&mut app, (120, 36), THEME);
    let layout = Layout::of(&app, buffer.area).unwrap();
    let lines: Vec<String> = text(&buffer).lines().map(String::from).collect();
    let find = |word: &str| {
        let y = lines.iter().position(|line| line.contains(word)).unwrap();
        (lines[y][..lines[y].find(word).unwrap()].width() as u16, y as u16)
    };
    let (x, y) = find("4 conv");
    assert_eq!(layout.pointer_for_press(&app, x, y), Some(Pointer::ClickRow { panel: Panel::Map, row: 2 }));
    let Some(Pointer::ClickCell { panel: Panel::Map, row: 2, fraction }) = layout.pointer_for_press(&app, 100, y)
    else {
        panic!("a press on the map is a press on a layer and a step")
    };
    assert!((0.6..1.0).contains(&fraction), "{fraction}");
    assert!(matches!(
        layout.pointer_for_wheel(&app, 60, y, true),
        Some(Pointer::Wheel { panel: Panel::Map, up: true, .. })
    ));
    let (_, y) = find("weight norm");
    assert_eq!(layout.pointer_for_press(&app, 17, y), Some(Pointer::ClickRow { panel: Panel::Units, row: 0 }));
    let (x, y) = find("4 data");
    assert_eq!(layout.pointer_for_press(&app, x, y), Some(Pointer::Screen { screen: crate::app::Screen::Data }));
    app.update(crate::app::Message::Pointer(layout.pointer_for_press(&app, x, y).unwrap()));
    assert_eq!(app.view().screen, crate::app::Screen::Data);
}

#[test]
fn the_layers_become_a_picture() {
    for (network, name) in [(Network::Mlp, "mlp"), (Network::Cnn, "cnn"), (Network::Toy, "toy")] {
        let mut app = network.running();
        press(&mut app, "2");
        for size in SIZES {
            let buffer = screen(&mut app, size, THEME);
            let picture = svg::document(&buffer, THEME);
            assert!(picture.contains("gradient norm"), "{name}");
        }
    }
}
