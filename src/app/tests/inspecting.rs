//! What is watched, and what becomes of the answers.

use super::*;
use crate::protocol::inspection::{
    Distribution, LayerView, MAX_GRID_CELLS, MAX_UNIT_VALUES, ParameterView, PlanePoints, UnitFigures,
};
use crate::protocol::{Answer, Inspection, Query};

fn watched(effects: &[Effect]) -> Vec<Query> {
    match sent(effects).as_slice() {
        [Command::Watch { queries }] => queries.clone(),
        other => panic!("one request to watch expected, found {other:?}"),
    }
}

fn view(layer: usize, step: u64) -> Event {
    let values = Distribution { count: 10, bins: vec![1, 2, 3], maximum: 1.0, ..Distribution::default() };
    let view = LayerView {
        layer,
        minibatch: step + 1,
        parameters: vec![ParameterView { name: "weight".into(), shape: vec![10], values, gradients: None }],
        activations: None,
        errors: None,
        units: UnitFigures::default(),
    };
    Event::Inspection(Box::new(Inspection { step, query: Query::Layer { layer }, answer: Answer::Layer(view) }))
}

#[test]
fn the_screen_in_hand_decides_what_is_watched_and_says_so_once() {
    let mut app = running();
    assert_eq!(watched(&type_keys(&mut app, "2")), [Query::Layer { layer: 0 }]);
    assert!(tell(&mut app, [step(201, 0.1)]).is_empty());
    assert!(type_keys(&mut app, "v").is_empty());
    assert_eq!(watched(&press(&mut app, Key::plain(Code::Down))), [Query::Layer { layer: 3 }]);
    assert!(press(&mut app, Key::plain(Code::Down)).is_empty(), "there is no further layer");
    assert_eq!(watched(&type_keys(&mut app, "1")), []);
    assert!(app.header().requested.is_empty(), "it was not asked for by hand");
}

#[test]
fn nothing_is_asked_of_a_source_that_can_not_answer() {
    let mut app = fresh();
    tell(&mut app, [hello(&[Capability::Pause]), ready(), state(RunState::Running, 0)]);
    assert!(type_keys(&mut app, "2").is_empty());
    assert_eq!(app.watched().inspection_unavailable(), Some("this source doesn't support inspection"));
    let mut app = fresh();
    type_keys(&mut app, "2");
    assert!(tell(&mut app, [hello(&ALL)]).is_empty());
    assert_eq!(app.watched().inspection_unavailable(), Some("still loading"));
    let effects = tell(&mut app, [ready(), state(RunState::Running, 0)]);
    assert_eq!(watched(&effects), [Query::Layer { layer: 0 }], "asked as soon as there is something to see");
    assert!(type_keys(&mut app, "q\n").is_empty(), "the question's first answer is to go on");
}

#[test]
fn a_refusal_is_told_where_the_answer_would_be() {
    let mut app = running();
    let id = id(&type_keys(&mut app, "2"));
    tell(&mut app, [Event::Rejected { id, reason: "no\u{1b}[31m".into() }]);
    assert_eq!(app.watched().inspection_unavailable(), Some("no·[31m"));
    assert_eq!(notice(&app), "");
    assert!(tell(&mut app, [step(201, 0.1)]).is_empty(), "and not asked for again");
    assert_eq!(watched(&press(&mut app, Key::plain(Code::Down))), [Query::Layer { layer: 3 }]);
    assert_eq!(app.watched().inspection_unavailable(), None);
}

/// How many snapshots of a layer's past are known.
fn snapshots(run: &Run, layer: usize) -> Option<usize> {
    run.answers.layer_history(run.lineage(), layer).map(|history| history.snapshots.len())
}

#[test]
fn answers_replace_their_kind_and_a_frozen_display_keeps_its_own() {
    let mut app = running();
    tell(&mut app, [view(0, 200)]);
    type_keys(&mut app, "f");
    tell(&mut app, [view(0, 201), view(3, 202)]);
    assert_eq!(app.run().answers.answer_to(&Query::Layer { layer: 0 }).map(|answer| answer.step), Some(200));
    let live = &app.live().answers;
    assert_eq!(live.answer_to(&Query::Layer { layer: 0 }), None);
    assert_eq!(live.answer_like(&Query::Layer { layer: 0 }).map(|answer| answer.step), Some(202));
    assert_eq!(snapshots(app.live(), 0), Some(2));
    assert_eq!(snapshots(app.live(), 3), Some(1));
    type_keys(&mut app, "f");
    assert!(app.run().answers.answer_to(&Query::Layer { layer: 3 }).is_some());
}

#[test]
fn an_answer_of_any_size_is_cut_and_made_harmless() {
    let mut app = running();
    let Event::Inspection(mut inspection) = view(0, 200) else { unreachable!() };
    let Answer::Layer(layer) = &mut inspection.answer else { unreachable!() };
    layer.parameters[0].name = "w\u{1b}[2J".into();
    layer.parameters[0].shape = vec![1; 1000];
    layer.parameters[0].values.bins = vec![1; 1_000_000];
    layer.units.means = vec![f32::NAN; 1_000_000];
    layer.parameters = vec![layer.parameters[0].clone(); 100];
    tell(&mut app, [Event::Inspection(inspection)]);
    let Some(Answer::Layer(layer)) =
        app.run().answers.answer_to(&Query::Layer { layer: 0 }).map(|answer| &answer.answer)
    else {
        panic!()
    };
    assert_eq!(layer.parameters[0].name, "w·[2J");
    assert!(layer.parameters.len() < 100 && layer.parameters[0].shape.len() < 10);
    assert!(layer.parameters[0].values.bins.len() < 5000 && layer.units.means.len() < 5000);
}

#[test]
fn the_past_of_layers_stays_bounded_however_long_the_run_and_however_many_layers() {
    let mut app = running();
    for at in 0..40_000u64 {
        tell(&mut app, [view(at as usize % 40, 200 + at)]);
    }
    let bounded = app.watched().memory_bytes();
    assert!(bounded < 16 << 20, "{bounded}");
    for at in 40_000..80_000u64 {
        tell(&mut app, [view(at as usize % 40, 200 + at)]);
    }
    assert!(app.watched().memory_bytes() <= bounded * 2, "{bounded} → {}", app.watched().memory_bytes());
}

#[test]
fn parameters_and_units_are_chosen_round_their_number() {
    let mut app = running();
    let Event::Inspection(mut inspection) = view(0, 200) else { unreachable!() };
    let Answer::Layer(layer) = &mut inspection.answer else { unreachable!() };
    layer.parameters.push(ParameterView { name: "bias".into(), ..layer.parameters[0].clone() });
    layer.units = UnitFigures { count: 900, weight_norms: vec![1.0; 3], ..UnitFigures::default() };
    assert!(app.layers_screen().layer_values(9).is_err() && app.layers_screen().unit_strips().is_err());
    tell(&mut app, [Event::Inspection(inspection)]);
    type_keys(&mut app, "2");
    let shown = |app: &App| app.layers_screen().layer_values(9).unwrap().parts[0].title.clone();
    assert_eq!(shown(&app), "weight 10");
    type_keys(&mut app, "b");
    assert_eq!(shown(&app), "bias 10");
    type_keys(&mut app, "b");
    assert_eq!(shown(&app), "weight 10");
    press(&mut app, Key::plain(Code::Tab));
    press(&mut app, Key::plain(Code::Tab));
    let mut walk = Vec::new();
    for code in [Code::Left, Code::Right, Code::Right, Code::Right, Code::Left, Code::Esc] {
        press(&mut app, Key::plain(code));
        walk.push(app.layers_screen().unit_strips().unwrap().selected);
    }
    assert_eq!(walk, [Some(0), Some(1), Some(2), Some(2), Some(1), None]);
    assert_eq!(app.view().charts.cursor, None, "the arrows belong to the units while these are focused");
    app.update(Message::Pointer(Pointer::ClickRow { panel: Panel::Units, row: 77 }));
    assert_eq!(app.layers_screen().unit_strips().unwrap().selected, Some(2));
}

#[test]
fn a_late_refusal_says_nothing_of_what_is_watched_now() {
    let mut app = running();
    let first = id(&type_keys(&mut app, "2"));
    let second = id(&press(&mut app, Key::plain(Code::Down)));
    tell(&mut app, [Event::Rejected { id: first, reason: "no".into() }]);
    assert_eq!(app.watched().inspection_unavailable(), None);
    tell(&mut app, [Event::Rejected { id: second, reason: "not this either".into() }]);
    assert_eq!(app.watched().inspection_unavailable(), Some("not this either"));
    // Away and back before the answers: the first may be refused and the second take effect.
    let refused = id(&press(&mut app, Key::plain(Code::Up)));
    press(&mut app, Key::plain(Code::Down));
    let again = id(&press(&mut app, Key::plain(Code::Up)));
    tell(&mut app, [Event::Rejected { id: refused, reason: "not yet".into() }]);
    tell(&mut app, [Event::Applied { id: again, step: 200 }]);
    assert_eq!(app.watched().inspection_unavailable(), None);
}

/// A dashboard on the Data screen of a run on data of this shape, through layers of these kinds and sizes.
fn on_data(shape: &[usize], layers: &[(&str, &[usize])]) -> App {
    let Event::Ready(mut info) = ready() else { unreachable!() };
    info.data.as_mut().unwrap().shape = Some(shape.to_vec());
    let mut input = shape.to_vec();
    let link = |(index, (kind, output)): (usize, &(&str, &[usize]))| {
        made_up::layer(index, kind, &std::mem::replace(&mut input, output.to_vec()), output, 1)
    };
    info.layers = layers.iter().enumerate().map(link).collect();
    let mut app = fresh();
    tell(&mut app, [hello(&ALL), Event::Ready(info), state(RunState::Running, 0)]);
    type_keys(&mut app, "4");
    app
}

#[test]
fn no_window_is_too_large_for_the_grids_that_it_asks_for() {
    let mut maps = 0;
    for units in [1, 2, 16, 200] {
        let mut app = on_data(&[2], &[("linear", &[units]), ("tanh", &[units]), ("linear", &[2])]);
        for y in [1.0, 0.25, 4.0] {
            let answer =
                Answer::Points(PlanePoints { x: [0.0, 1.0], y: [0.0, y], points: vec![], classes: vec![], total: 0 });
            tell(&mut app, [Event::Inspection(Box::new(Inspection { step: 0, query: Query::Points, answer }))]);
            for (columns, rows) in [(80, 24), (200, 60), (370, 110), (480, 135), (2000, 2000), (u16::MAX, u16::MAX)] {
                app.update(Message::Resize { columns, rows });
                for query in app.wanted_queries() {
                    match query {
                        Query::Boundary { columns, rows } => {
                            assert!((1..=MAX_GRID_CELLS).contains(&(columns * rows)), "{columns} × {rows}");
                            // A square plane in a large window is as fine as it may be.
                            let fine = columns * rows > 3 * MAX_GRID_CELLS / 4;
                            assert!(fine || y != 1.0 || app.size().0 < 480, "{columns} × {rows}");
                        }
                        Query::Units { columns, rows, .. } => {
                            maps += 1;
                            let values = columns * rows * units.min(64);
                            assert!((1..=MAX_GRID_CELLS).contains(&(columns * rows)), "{columns} × {rows}");
                            assert!((1..=MAX_UNIT_VALUES).contains(&values), "{columns} × {rows} of {units}");
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    assert!(maps > 40, "{maps}");
}

#[test]
fn weights_are_pictures_where_a_layer_reads_pixels() {
    let flat: &[usize] = &[784];
    let image: &[usize] = &[1, 28, 28];
    let ten: &[usize] = &[10];
    for (layers, pictured) in [
        (vec![("flatten", flat), ("batchnorm", flat), ("linear 10", ten)], Some(2)),
        (vec![("leaky_relu 0.01", image), ("dropout 0.2", image), ("linear 10", ten)], Some(2)),
        (vec![("maxpool 3 stride 1 pad 1", image), ("linear 10", ten)], None),
        (vec![("residual [relu]", image), ("linear 10", ten)], None),
        (vec![("maxpool 2", &[1, 14, 14]), ("conv 8 3x3", &[8, 12, 12]), ("linear 10", ten)], Some(1)),
    ] {
        let app = on_data(image, &layers);
        assert_eq!(app.data_screen().pictured_layer().map(|link| link.index), pictured, "{layers:?}");
        assert_eq!(app.data_screen().subjects().contains(&DataSubject::Weights), pictured.is_some(), "{layers:?}");
    }
}

#[test]
fn a_refusal_to_show_weights_is_told_in_their_place() {
    let mut app = on_data(&[1, 28, 28], &[("conv 8 3x3", &[8, 26, 26]), ("linear 10", &[10])]);
    let id = id(&type_keys(&mut app, "vvv").split_off(2));
    assert_eq!(
        (app.data_screen().subject(), app.data_screen().why_empty().as_str()),
        (DataSubject::Weights, "looking inside…")
    );
    tell(&mut app, [Event::Rejected { id, reason: "these weights are no pictures".into() }]);
    assert_eq!(app.data_screen().why_empty(), "these weights are no pictures");
}
