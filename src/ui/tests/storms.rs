//! Anything in any order at any size never panics.

use proptest::prelude::*;

use super::{THEME, fixture, inside::Network, looks_data, screen, traces};
use crate::{
    app::{App, Code, Key, Message, Modifiers},
    protocol::{
        Answer, Event, Failure, Phase, Query, RangeTest, RangeTestPoint, RunState, SampleChoice, StepReport, Walk,
        inspection::{CheckVerdict, SampleFilter, SampleOrder, SplitName},
        made_up,
    },
    ui::{
        frame::FrameRenderer,
        graphics::PictureProtocol,
        layout::Layout,
        theme::{Background, ColorDepth, Theme},
    },
};

#[derive(Clone, Debug)]
enum Happening {
    Key(Key),
    Paste(String),
    Press(u16, u16),
    Wheel(u16, u16, bool),
    Event(Event),
    Size(u16, u16),
    Later(u64),
}

fn key() -> impl Strategy<Value = Key> {
    let named = prop::sample::select(vec![
        Code::Enter,
        Code::Esc,
        Code::Tab,
        Code::BackTab,
        Code::Backspace,
        Code::Delete,
        Code::Left,
        Code::Right,
        Code::Up,
        Code::Down,
        Code::Home,
        Code::End,
        Code::PageUp,
        Code::PageDown,
    ]);
    let bound = prop::sample::select(" sS+-L[]}xfzZ0lmepM:?qy12341234434vvgnthi".chars().collect::<Vec<_>>())
        .prop_map(Code::Char);
    let code = prop_oneof![4 => bound, 3 => named, 1 => any::<char>().prop_map(Code::Char)];
    (code, prop::bool::weighted(0.1), prop::bool::weighted(0.1))
        .prop_map(|(code, control, shift)| Key { code, modifiers: Modifiers { control, alt: false, shift } })
}

fn event() -> impl Strategy<Value = Event> {
    let number = || prop_oneof![3 => -2.0..5.0, 1 => proptest::num::f64::ANY];
    let step = || prop_oneof![4 => 1u64..3000, 1 => any::<u64>()];
    let states = [RunState::Loading, RunState::Running, RunState::Paused, RunState::Finished, RunState::Failed];
    let report = (step(), number(), number(), number()).prop_map(|(step, loss, accuracy, speed)| {
        let mut report = fixture::report(step % 100_000);
        for (layer, value) in report.layers.iter_mut().zip([loss, accuracy, speed]) {
            layer.values.iter_mut().for_each(|known| known.1 = value);
        }
        let values = made_up::report(step, loss, accuracy, loss).values;
        Event::Step(StepReport { step, values, samples_per_second: Some(speed), epoch: Some(speed), ..report })
    });
    prop_oneof![
        8 => report,
        1 => step().prop_map(|step| fixture::evaluation(step % 1_000_000)),
        1 => (prop::sample::select(states.to_vec()), step(), any::<Option<String>>())
            .prop_map(|(state, step, reason)| fixture::state(state, step, reason.as_deref())),
        1 => (number(), any::<Option<f64>>()).prop_map(|(lr, throttle)| fixture::controls(lr, throttle)),
        1 => (step(), any::<String>(), number()).prop_map(|(step, key, value)| fixture::changed(step, &key, value, 1.0)),
        1 => (step(), any::<String>()).prop_map(|(step, what)| fixture::finding(step, &what)),
        1 => Just(fixture::info()),
        2 => (0usize..4, step(), number(), any::<f32>()).prop_map(|(at, step, number, value)| {
            let mut answers = Network::Mlp.answers(step % 5000);
            let mut event = answers.swap_remove(at % answers.len());
            if let Event::Inspection(inspection) = &mut event
                && let Answer::Layer(view) = &mut inspection.answer
                && at == 3
            {
                view.parameters[0].values.maximum = number;
                view.units.means.truncate(3);
                view.units.gamma = vec![value; 7];
            }
            event
        }),
        1 => prop::sample::select(vec![Network::Mlp, Network::Cnn, Network::Toy])
            .prop_map(|network| Event::Ready(Box::new(looks_data::info(network)))),
        3 => (query(), step(), prop::sample::select(vec![vec![2], vec![1, 28, 28], vec![3, 32, 32], vec![7]]))
            .prop_map(|(query, step, shape)| {
                let answer = looks_data::answer(&query, &shape, step);
                fixture::inspection(step, query, answer)
            }),
        1 => any::<String>().prop_map(|run| fixture::hello(&run)),
        2 => (prop::collection::vec((number(), number(), number()), 0..40), any::<bool>(), any::<Option<f64>>(), step())
            .prop_map(|(points, done, suggestion, planned)| {
                let point = |(rate, loss, smoothed)| RangeTestPoint { rate, loss, smoothed };
                let points = points.into_iter().map(point).collect();
                Event::RangeTest(RangeTest { step: 0, planned, points, done, suggestion })
            }),
        1 => step().prop_map(|total| Event::Thinned { total }),
        1 => (step(), number(), any::<String>())
            .prop_map(|(step, loss, hash)| Event::Finished(made_up::summary(step, loss, loss, &hash, loss))),
        3 => trace(),
        1 => (phase(), step(), step()).prop_map(|(phase, step, minibatch)| Event::Phase(Walk { step, minibatch, phase })),
        1 => (0usize..6, any::<usize>(), number(), prop::sample::select(vec![
            None, Some(CheckVerdict::Passed), Some(CheckVerdict::Failed), Some(CheckVerdict::Undecided),
            Some(CheckVerdict::Interrupted),
        ])).prop_map(|(layer, done, worst, verdict)| traces::check(layer, done, worst, verdict)),
        1 => (step(), any::<String>())
            .prop_map(|(step, what)| Event::Failed(Failure { step, advice: what.clone(), what })),
    ]
}

/// What the Data screen may ask.
fn query() -> impl Strategy<Value = Query> {
    let split = || prop::sample::select(vec![SplitName::Train, SplitName::Test]);
    let grid = || (1usize..120, 1usize..90);
    prop_oneof![
        Just(Query::Points),
        grid().prop_map(|(columns, rows)| Query::Boundary { columns, rows }),
        (0usize..5, 1usize..40, 1usize..40).prop_map(|(layer, columns, rows)| Query::Units { layer, columns, rows }),
        (split(), any::<bool>(), 0usize..300, 1usize..60).prop_map(|(split, mistakes, first, count)| Query::Samples {
            split,
            show: if mistakes { SampleFilter::Mistakes } else { SampleFilter::All },
            order: if mistakes { SampleOrder::Loss } else { SampleOrder::Index },
            first,
            count,
        }),
        split().prop_map(|split| Query::Confusion { split }),
        (0usize..9, 0usize..40, 1usize..60).prop_map(|(layer, first, count)| Query::FeatureMaps {
            sample: SampleChoice::Row { row: 0 },
            layer,
            first,
            count,
        }),
        (0usize..20, 1usize..60).prop_map(|(first, count)| Query::Filters { layer: 0, first, count }),
    ]
}

fn phase() -> impl Strategy<Value = Phase> {
    prop_oneof![
        Just(Phase::Between),
        (0usize..9).prop_map(|layer| Phase::Forward { layer }),
        Just(Phase::Loss),
        (0usize..9).prop_map(|layer| Phase::Backward { layer }),
        Just(Phase::Update),
    ]
}

fn trace() -> impl Strategy<Value = Event> {
    let network = prop::sample::select(vec![Network::Mlp, Network::Cnn, Network::Toy]);
    let length = prop_oneof![4 => 0usize..70, 1 => any::<usize>()];
    (network, 0usize..9, phase(), proptest::num::f64::ANY, prop::collection::vec(length, 0..5))
        .prop_map(|(network, layer, phase, number, lengths)| traces::wild(network, layer, phase, number, &lengths))
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => key().prop_map(Happening::Key),
        6 => event().prop_map(Happening::Event),
        1 => any::<String>().prop_map(Happening::Paste),
        1 => (0u16..300, 0u16..100).prop_map(|(x, y)| Happening::Press(x, y)),
        1 => (0u16..300, 0u16..100, any::<bool>()).prop_map(|(x, y, up)| Happening::Wheel(x, y, up)),
        2 => (1u16..=300, 1u16..=100).prop_map(|(columns, rows)| Happening::Size(columns, rows)),
        1 => (0u64..20_000).prop_map(Happening::Later),
    ]
}

fn happen(app: &mut App, happening: Happening) {
    let layout = Layout::of(app, ratatui::layout::Rect::new(0, 0, app.size().0, app.size().1));
    let message = match happening {
        Happening::Key(key) => Message::Key(key),
        Happening::Paste(text) => Message::Paste(text),
        Happening::Event(event) => Message::Events(vec![event]),
        Happening::Size(columns, rows) => Message::Resize { columns, rows },
        Happening::Later(millis) => Message::Tick { now: std::time::Duration::from_millis(millis) },
        Happening::Press(x, y) => match layout.and_then(|layout| layout.pointer_for_press(app, x, y)) {
            Some(pointer) => Message::Pointer(pointer),
            None => return,
        },
        Happening::Wheel(x, y, up) => match layout.and_then(|layout| layout.pointer_for_wheel(app, x, y, up)) {
            Some(pointer) => Message::Pointer(pointer),
            None => return,
        },
    };
    app.update(message);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_keys_events_and_sizes_are_drawn(
        script in prop::collection::vec(happening(), 1..60),
        begun: bool,
        depth in prop::sample::select(vec![ColorDepth::True, ColorDepth::Indexed, ColorDepth::Basic, ColorDepth::None]),
        unicode: bool,
        pictures in prop::sample::select(vec![None, Some(PictureProtocol::Kitty), Some(PictureProtocol::Sixel)]),
    ) {
        let theme = Theme::new(depth, Background::Light, unicode);
        let pictures = PictureProtocol::detect(pictures, depth, |_| None);
        let mut app = if begun { fixture::trained(200, fixture::report) } else { fixture::silent() };
        let mut frames = FrameRenderer::new(theme, pictures);
        for happening in script {
            happen(&mut app, happening);
            frames.resize(Some((7, 15)));
            let bytes = frames.draw(&app).unwrap().unwrap_or_default();
            prop_assert!(depth != ColorDepth::None || !has_colour(&bytes));
        }
    }
}

/// Whether a sequence sets a colour other than the default.
fn has_colour(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).split('\x1b').any(|part| {
        let end = part.find(|c: char| !c.is_ascii_digit() && !matches!(c, '[' | ';' | ':')).unwrap_or(part.len());
        let graphics = part[end..].starts_with('m').then(|| part[..end].trim_start_matches('['));
        let first = graphics.and_then(|numbers| numbers.split([';', ':']).next()?.parse().ok());
        matches!(first, Some(30..=38 | 40..=48 | 90..=97 | 100..=107))
    })
}

#[test]
fn colours_are_recognized() {
    assert!(has_colour(b"\x1b[38;2;1;2;3mx") && has_colour(b"\x1b[31mx") && has_colour(b"\x1b[48;5;9m"));
    assert!(!has_colour(b"\x1b[39m\x1b[49m\x1b[4m\x1b[7m\x1b[1mx\x1b[3;4H"));
}

#[test]
fn every_small_size_and_a_huge_one_are_drawn() {
    let mut app = fixture::trained(400, fixture::report);
    fixture::hear(&mut app, [fixture::state(RunState::Paused, 400, None), traces::check(0, 3, 0.1, None)]);
    for script in ["", "e", "2", "e", "3", "e", "e<Down>", "<Tab><Tab>e", "e<Up><Tab>", "e", "e", "4", "e"] {
        fixture::press(&mut app, script);
        for query in app.wanted_queries() {
            if let Query::Trace { layer, .. } = query {
                let wild = traces::wild(Network::Mlp, layer, Phase::Between, f64::NAN, &[3, 5, 7]);
                fixture::hear(&mut app, [wild]);
            }
        }
        for width in (1..130).step_by(3) {
            for height in (1..40).step_by(2) {
                screen(&mut app, (width, height), THEME);
            }
        }
        screen(&mut app, (1000, 300), THEME);
        screen(&mut app, (0, 0), THEME);
    }
}

#[test]
fn nothing_new_draws_nothing() {
    let mut app = fixture::running();
    app.update(Message::Resize { columns: 80, rows: 24 });
    let mut frames = FrameRenderer::new(THEME, PictureProtocol::Blocks);
    assert!(frames.draw(&app).unwrap().is_some_and(|bytes| bytes.len() > 1000));
    assert_eq!(frames.draw(&app).unwrap(), None);
    frames.redraw_all();
    assert!(frames.draw(&app).unwrap().is_some_and(|bytes| bytes.len() > 1000));
    app.update(Message::Key(Key::plain(Code::Tab)));
    assert!(frames.draw(&app).unwrap().is_some_and(|bytes| bytes.len() < 1000));
}
