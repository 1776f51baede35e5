//! The Data screen, compared with its accepted picture.

use super::{
    THEME, assert_fits_consoles, assert_leaves_no_marks,
    fixture::{self, hear, noise, press},
    inside::Network,
    looks::{SIZES, compare, hostile},
    screen, text,
};
use crate::{
    app::{App, Screen},
    protocol::{
        Answer, Event, Query, RunInfo,
        inspection::{
            ClassifiedSample, ConfusionMatrix, DecisionBoundary, FeatureMap, FeatureMaps, FilterPictures, PassKind,
            PlaneGrid, PlanePoints, SampleFilter, SamplePage, SamplePicture, TensorSlice, UnitMap, UnitMaps,
        },
    },
    text::TextWidth,
    ui::{
        frame::FrameRenderer,
        graphics::PictureProtocol,
        theme::{Background, ColorDepth, Theme},
    },
};

const CLASSES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// What stays the same during the run of a network on data of its kind.
pub(super) fn info(network: Network) -> RunInfo {
    let mut info = network.info();
    let data = info.data.as_mut().unwrap();
    data.classes = CLASSES.map(String::from).to_vec();
    match network {
        Network::Toy => data.classes = ["inner", "outer"].map(String::from).to_vec(),
        Network::Mlp => {
            data.shape = Some(vec![1, 28, 28]);
            info.layers[0].input = Some(vec![1, 28, 28]);
        }
        Network::Cnn | Network::Wine => {}
    }
    info
}

/// A made-up answer to a query, the same every time.
pub(super) fn answer(query: &Query, shape: &[usize], step: u64) -> Answer {
    match *query {
        Query::Points => {
            let point = |i: u64| [2.0 * noise(i) as f32, 2.0 * noise(i + 1000) as f32];
            let points: Vec<[f32; 2]> = (0..300).map(point).collect();
            let classes = points.iter().map(|[x, y]| u8::from(x * x + y * y > 0.4)).collect();
            Answer::Points(PlanePoints { x: [-1.1, 1.1], y: [-1.1, 1.1], points, classes, total: 1000 })
        }
        Query::Boundary { columns, rows } => {
            let plane = PlaneGrid { x: [-1.1, 1.1], y: [-1.1, 1.1], columns, rows };
            let inside = |cell: usize| {
                let [x, y] = plane.cell_center(cell % columns, cell / columns);
                x * x + y * y - 0.4
            };
            let cells = columns * rows;
            let classes = (0..cells).map(|cell| u8::from(inside(cell) > 0.0)).collect();
            let sure = |cell: usize| (128.0 + 127.0 * (3.0 * inside(cell).abs()).min(1.0)) as u8;
            let confidence = (0..cells).map(sure).collect();
            Answer::Boundary(DecisionBoundary {
                plane,
                classes,
                confidence,
                wrong: Some((0..300).step_by(20).collect()),
            })
        }
        Query::Units { layer, columns, rows } => {
            let plane = PlaneGrid { x: [-1.1, 1.1], y: [-1.1, 1.1], columns, rows };
            let value = |unit: usize, cell: usize| {
                let [x, y] = plane.cell_center(cell % columns, cell / columns);
                ((x * (unit as f64).cos() + y * (unit as f64).sin()) * 3.0).tanh() as f32
            };
            let map = |unit: usize| UnitMap { values: (0..columns * rows).map(|cell| value(unit, cell)).collect() };
            Answer::Units(UnitMaps { layer, total: 16, plane, units: (0..16).map(map).collect() })
        }
        Query::Samples { show, first, count, .. } => {
            let entries = (first..(first + count).min(200)).map(|index| judged(index, show, shape)).collect();
            Answer::Samples(SamplePage { evaluated: step, samples: 2000, mistakes: 200, entries })
        }
        Query::Confusion { .. } => {
            let count = |at: usize| match (at / 10, at % 10) {
                (truth, predicted) if truth == predicted => 150 + truth as u32,
                (0, 6) | (6, 0) => 29,
                (2, 4) => 1_234,
                (truth, predicted) => u32::from((truth + predicted) % 4 == 0) * (truth as u32 + 1),
            };
            Answer::Confusion(ConfusionMatrix { evaluated: step, classes: 10, counts: (0..100).map(count).collect() })
        }
        Query::Filters { layer, first, count } => {
            let shape = if shape == [3, 32, 32] { [3, 3, 3] } else { [1, 28, 28] };
            let length: usize = shape.iter().product();
            let weights = |unit: usize| (0..length).map(|at| noise((unit * length + at) as u64) as f32).collect();
            let filter = |unit| TensorSlice { shape: shape.to_vec(), kept: shape.to_vec(), values: weights(unit) };
            let filters = (first..(first + count).min(16)).map(filter).collect();
            Answer::Filters(FilterPictures { layer, total: 16, first, shape, filters })
        }
        Query::FeatureMaps { layer, first, count, .. } => {
            let map = |channel: usize| FeatureMap {
                minimum: -noise(channel as u64),
                maximum: 0.5,
                values: (0..64).map(|at| noise(at + channel as u64) as f32).collect(),
            };
            let maps: Vec<FeatureMap> = (first..(first + count).min(16)).map(map).collect();
            Answer::FeatureMaps(FeatureMaps {
                layer,
                pass: PassKind::Minibatch { number: step },
                row: 0,
                total: 16,
                first,
                shape: [8, 8],
                forward: maps.clone(),
                backward: maps,
            })
        }
        _ => Answer::Nothing { reason: "not made up".into() },
    }
}

fn judged(index: usize, show: SampleFilter, shape: &[usize]) -> ClassifiedSample {
    let class = index * 7 % 10;
    let wrong = show == SampleFilter::Mistakes || index.is_multiple_of(7);
    let picture = (shape.len() == 3).then(|| {
        let (channels, side) = (shape[0], shape[1]);
        let pixel = |at: usize| ((at % side) * 255 / side + index * 31) as u8;
        let pixels = (0..channels * side * side).map(pixel).collect();
        SamplePicture { channels, height: side, width: side, pixels }
    });
    ClassifiedSample {
        index,
        class: if shape == [2] { class % 2 } else { class },
        predicted: if shape == [2] { (class + usize::from(wrong)) % 2 } else { (class + 3 * usize::from(wrong)) % 10 },
        confidence: 0.5 + noise(index as u64).abs(),
        loss: if wrong { 4.0 / (1.0 + index as f64) } else { 0.07 },
        values: if picture.is_some() { Vec::new() } else { vec![0.25, -0.75] },
        picture,
    }
}

/// A dashboard in the middle of a run of `info`.
pub(super) fn running(info: RunInfo) -> App {
    let mut app = fixture::loading();
    hear(&mut app, [Event::Ready(Box::new(info)), fixture::controls(1e-3, Some(40.0))]);
    hear(&mut app, [fixture::state(crate::protocol::RunState::Running, 0, None)]);
    for step in 1..=1000 {
        hear(&mut app, [Event::Step(fixture::report(step))]);
        if step % 157 == 0 {
            hear(&mut app, [fixture::evaluation(step)]);
        }
    }
    app
}

/// Presses keys and answers what is wanted after each of them.
pub(super) fn look(app: &mut App, keys: &str) {
    let mut rest = keys;
    while !rest.is_empty() {
        let end = if rest.starts_with('<') { rest.find('>').unwrap() + 1 } else { 1 };
        press(app, &rest[..end]);
        rest = &rest[end..];
        answer_all(app);
    }
    answer_all(app);
}

fn answer_all(app: &mut App) {
    let shape = app.run().info.as_ref().and_then(|info| info.data.clone()?.shape).unwrap_or_default();
    // What is wanted may depend on what came before: the shape of the plane, the number of mistakes.
    for _ in 0..3 {
        let events: Vec<Event> = app
            .wanted_queries()
            .iter()
            .map(|query| fixture::inspection(942, query.clone(), answer(query, &shape, 942)))
            .collect();
        hear(app, events);
    }
}

fn compare_all(name: &str, app: &mut App, keys: &str, sizes: &[(u16, u16)]) {
    look(app, keys);
    for size in sizes {
        screen(app, *size, THEME);
        look(app, "");
        compare(name, app, &[*size]);
    }
}

#[test]
fn data_of_a_perceptron() {
    let mut app = running(info(Network::Mlp));
    compare_all("data_mlp", &mut app, "4", &SIZES);
    compare_all("data_mlp", &mut app, "", &[(60, 18)]);
    compare_all("data_mlp_mistakes", &mut app, "v<Right><Down>", &SIZES);
    compare_all("data_mlp_confusion", &mut app, "v<Down><Down><Right><Right><Right><Right>", &SIZES);
    compare_all("data_mlp_weights", &mut app, "v<Right>", &SIZES);
}

#[test]
fn data_of_a_convolutional_network() {
    let mut app = running(info(Network::Cnn));
    compare_all("data_cnn", &mut app, "4", &SIZES);
    compare_all("data_cnn_weights", &mut app, "vvv", &SIZES);
    compare_all("data_cnn_alone", &mut app, "ve", &SIZES[1..2]);
}

#[test]
fn data_of_a_toy_problem() {
    let mut app = running(info(Network::Toy));
    assert_eq!(app.view().screen, Screen::Data, "it opens by itself");
    compare_all("data_toy", &mut app, "", &SIZES);
    compare_all("data_toy_first_layer", &mut app, "<Up><Up>", &SIZES[1..2]);
    compare_all("data_toy_alone", &mut app, "e", &SIZES[2..]);
    compare_all("data_toy_mistakes", &mut app, "ev<Down>v<Down>", &SIZES[2..]);
}

#[test]
fn empty_places_say_what_fills_them() {
    let mut app = fixture::silent();
    press(&mut app, "4");
    compare("data_silent", &mut app, &SIZES[2..]);
    let mut app = fixture::ready();
    press(&mut app, "4");
    let query = app.wanted_queries().remove(0);
    let shown = text(&screen(&mut app, SIZES[2], THEME));
    assert!(shown.contains("looking inside…"), "{shown}");
    hear(&mut app, [fixture::inspection(0, query, Answer::Nothing { reason: "no evaluation yet".into() })]);
    let query = app.wanted_queries().remove(0);
    hear(&mut app, [fixture::inspection(0, query, Answer::Nothing { reason: "no evaluation yet".into() })]);
    compare("data_waiting", &mut app, &SIZES[2..]);
}

#[test]
fn hostile_classes_are_harmless() {
    let name = hostile();
    for network in [Network::Mlp, Network::Toy] {
        let mut info = info(network);
        info.data.as_mut().unwrap().classes = vec![name.clone(); 10];
        for layer in &mut info.layers {
            layer.text = format!("linear {name}");
        }
        let mut app = running(info);
        for keys in ["4", "v", "v", "v"] {
            for size in SIZES {
                screen(&mut app, size, THEME);
                look(&mut app, keys);
                let buffer = screen(&mut app, size, THEME);
                for cell in buffer.content() {
                    assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
                    assert!(!cell.symbol().contains(['\u{202e}', '\u{2066}', '\u{200d}']), "{:?}", cell.symbol());
                }
                assert!(text(&buffer).lines().all(|line| line.width() <= usize::from(size.0)));
            }
        }
        let what = if network == Network::Toy { "toy" } else { "mlp" };
        compare_all(&format!("data_hostile_{what}"), &mut app, "v", &SIZES);
    }
}

#[test]
fn answers_that_make_no_sense_are_harmless() {
    let huge = usize::MAX;
    let plane = PlaneGrid { x: [f64::NAN, 1.0], y: [1.0, 1.0], columns: huge, rows: huge };
    let lie = |query: &Query| match query {
        Query::Points => Answer::Points(PlanePoints {
            x: [f64::NAN, f64::INFINITY],
            y: [0.0, 0.0],
            points: vec![[f32::NAN, 0.0]; 9],
            classes: vec![255; 3],
            total: 0,
        }),
        Query::Boundary { .. } => Answer::Boundary(DecisionBoundary {
            plane,
            classes: vec![255; 7],
            confidence: vec![0; 3],
            wrong: Some(vec![usize::MAX; 9]),
        }),
        Query::Units { layer, .. } => {
            let unit = UnitMap { values: vec![f32::NAN, f32::INFINITY] };
            Answer::Units(UnitMaps { layer: *layer, total: huge, plane, units: vec![unit; 70] })
        }
        Query::Samples { .. } => {
            let picture = SamplePicture { channels: huge, height: huge, width: huge, pixels: vec![1] };
            let entry = ClassifiedSample {
                index: huge,
                class: huge,
                predicted: huge,
                confidence: f64::NAN,
                loss: f64::INFINITY,
                picture: Some(picture),
                values: vec![f32::NAN; 90],
            };
            Answer::Samples(SamplePage {
                evaluated: u64::MAX,
                samples: huge,
                mistakes: huge,
                entries: vec![entry; 600],
            })
        }
        Query::Confusion { .. } => {
            Answer::Confusion(ConfusionMatrix { evaluated: 0, classes: huge, counts: vec![u32::MAX; 5] })
        }
        Query::Filters { layer, .. } => {
            let filter = TensorSlice { shape: vec![huge; 9], kept: vec![], values: vec![f32::NAN; 3] };
            Answer::Filters(FilterPictures {
                layer: *layer,
                total: huge,
                first: 0,
                shape: [huge; 3],
                filters: vec![filter; 3],
            })
        }
        _ => Answer::Nothing { reason: String::new() },
    };
    for network in [Network::Mlp, Network::Cnn, Network::Toy] {
        let mut app = running(info(network));
        press(&mut app, "4");
        for _ in 0..5 {
            for _ in 0..3 {
                let events: Vec<Event> = app
                    .wanted_queries()
                    .iter()
                    .map(|query| fixture::inspection(9, query.clone(), lie(query)))
                    .collect();
                hear(&mut app, events);
                press(&mut app, "<Down><Right><Left><Down>");
            }
            for size in [(200, 60), (80, 24), (60, 18)] {
                screen(&mut app, size, THEME);
                let mut frames = FrameRenderer::new(THEME, PictureProtocol::Kitty);
                frames.draw(&app).unwrap();
            }
            press(&mut app, "v");
        }
    }
}

#[test]
fn without_colours_and_without_unicode_everything_is_still_told() {
    for (network, keys, name) in [(Network::Toy, "4", "toy"), (Network::Mlp, "4vv", "confusion")] {
        let mut app = running(info(network));
        screen(&mut app, (120, 36), THEME);
        look(&mut app, keys);
        let buffer = screen(&mut app, (120, 36), Theme::new(ColorDepth::None, Background::Dark, true));
        assert_leaves_no_marks(&buffer);
        insta::assert_snapshot!(format!("data_plain_{name}_120x36"), text(&buffer));
        assert_fits_consoles(&mut app, (120, 36), 1);
        screen(&mut app, (80, 24), THEME);
        look(&mut app, "");
        for depth in [ColorDepth::None, ColorDepth::Basic, ColorDepth::True] {
            let shown = text(&screen(&mut app, (80, 24), Theme::new(depth, Background::Light, false)));
            assert!(shown.is_ascii() && shown.matches('?').count() == 1, "only the key of the help: {shown}");
        }
    }
}
