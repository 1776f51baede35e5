//! A made-up run, the same every time.

use std::time::Duration;

use crate::{
    app::{App, Code, Effect, Key, Message, Settings},
    protocol::*,
};

/// Minibatches in an epoch of the made-up run.
const EPOCH: u64 = 157;

/// A dashboard that has heard nothing.
pub fn silent() -> App {
    App::new(Settings { run: "fashion-mnist".into(), throttled_by_default: true, mouse: true, ..Settings::default() })
}

/// A dashboard whose source is still reading its data.
pub fn loading() -> App {
    let mut app = silent();
    hear(&mut app, [hello("784-256-128-10"), state(RunState::Loading, 0, None)]);
    hear(&mut app, [Event::Loading(Loading { what: "reading fashion-mnist".into(), fraction: Some(0.4) })]);
    app
}

/// A dashboard that knows the network, before the first minibatch.
pub fn ready() -> App {
    let mut app = loading();
    hear(&mut app, [info(), controls(1e-3, Some(40.0)), state(RunState::Running, 0, None)]);
    app
}

/// A dashboard after `steps` minibatches of `report`.
pub fn trained(steps: u64, report: impl Fn(u64) -> StepReport) -> App {
    let mut app = ready();
    train(&mut app, steps, report);
    app
}

/// Lets an app that knows the network hear of `steps` minibatches.
pub fn train(app: &mut App, steps: u64, report: impl Fn(u64) -> StepReport) {
    for step in 1..=steps {
        let mut events = vec![Event::Step(report(step))];
        if step.is_multiple_of(EPOCH) {
            events.push(evaluation(step));
        }
        if step == 200 {
            events.push(finding(step, "38 % of the units of layer 2 are dead"));
        }
        if step == 420 {
            events.push(changed(step, LEARNING_RATE, 1e-3, 5e-4));
        }
        hear(app, events);
        if step == 420 {
            // What was said of it is long gone.
            app.update(Message::Tick { now: Duration::from_secs(60) });
        }
    }
}

/// A dashboard in the middle of an ordinary run.
pub fn running() -> App {
    trained(1000, report)
}

/// An ordinary run that can go back, and went back twice: branch 1 leaves branch 0 at step 600 with another learning rate,
/// branch 2 leaves it at step 500, and goes on to step 800.
pub fn gone_back() -> App {
    let mut app = running();
    let on = |branch: u64, parent: u64, at: u64, rate: f64| {
        let change = Change {
            key: LEARNING_RATE.into(),
            from: Some(Setting::of(5e-4)),
            to: Setting::of(rate),
            by: Some(ChangedBy::Viewer),
        };
        let (branch, parent) = (BranchId(branch), BranchId(parent));
        Event::Branched(Branching { branch, parent, at, change: Some(change) })
    };
    let scaled = |step: u64, factor: f64| {
        let report = report(step);
        let loss = 0.3 + factor * 2.0 / (1.0 + step as f64 / 60.0) + 0.1 * noise(step);
        Event::Step(with_loss(report, loss))
    };
    hear(&mut app, [rewound(0, 600), state(RunState::Paused, 600, None), on(1, 0, 600, 0.01)]);
    hear(&mut app, (601..=850).map(|step| scaled(step, 1.0 + (step - 600) as f64 / 100.0)));
    hear(&mut app, [changed(700, LEARNING_RATE, 0.01, 0.005)]);
    hear(&mut app, [rewound(0, 500), state(RunState::Paused, 500, None), on(2, 0, 500, 1e-4)]);
    hear(&mut app, (501..=800).map(|step| scaled(step, 0.8)));
    hear(&mut app, [evaluation(628), evaluation(785)]);
    app.update(Message::Tick { now: Duration::from_secs(120) });
    app
}

/// The run stands at an earlier step, or on another branch.
pub fn rewound(branch: u64, step: u64) -> Event {
    Event::Rewound(Rewound { branch: BranchId(branch), step })
}

/// Tells the app events of its source.
pub fn hear(app: &mut App, events: impl IntoIterator<Item = Event>) {
    app.update(Message::Events(events.into_iter().collect()));
}

/// Presses keys: a name in angle brackets (`<Esc>`, `<C-c>`) or a character each.
pub fn press(app: &mut App, script: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut rest = script;
    while let Some(c) = rest.chars().next() {
        let end = if c == '<' { rest.find('>').unwrap() + 1 } else { c.len_utf8() };
        let key = match &rest[..end] {
            "<Esc>" => Key::plain(Code::Esc),
            "<Enter>" => Key::plain(Code::Enter),
            "<Tab>" => Key::plain(Code::Tab),
            "<Left>" => Key::plain(Code::Left),
            "<Right>" => Key::plain(Code::Right),
            "<Up>" => Key::plain(Code::Up),
            "<Down>" => Key::plain(Code::Down),
            "<C-c>" => Key::control('c'),
            _ => Key::char(c),
        };
        effects.extend(app.update(Message::Key(key)));
        rest = &rest[end..];
    }
    effects
}

pub fn hello(run: &str) -> Event {
    hello_with(run, &made_up::CAPABILITIES)
}

/// A source that can be asked for no more than this.
pub fn hello_with(run: &str, capabilities: &[Capability]) -> Event {
    Event::Hello(Hello {
        protocol: PROTOCOL_VERSION,
        source: "gradtop 0.1.0".into(),
        run: run.into(),
        capabilities: capabilities.to_vec(),
    })
}

pub fn state(state: RunState, step: u64, reason: Option<&str>) -> Event {
    Event::State(StateChange { state, step, reason: reason.map(String::from) })
}

/// An answer to a query at a step.
pub fn inspection(step: u64, query: Query, answer: Answer) -> Event {
    Event::Inspection(Box::new(Inspection { step, query, answer }))
}

pub fn changed(step: u64, key: &str, from: f64, to: f64) -> Event {
    let change =
        Change { key: key.into(), from: Some(Setting::of(from)), to: Setting::of(to), by: Some(ChangedBy::Viewer) };
    Event::Changed { step, change }
}

pub fn layer(index: usize, kind: &str, input: usize, output: usize) -> LayerInfo {
    let parameters = if kind == "relu" { 0 } else { (input * output + output) as u64 };
    made_up::layer(index, kind, &[input], &[output], parameters)
}

pub fn data(name: &str, shape: &[usize]) -> DataInfo {
    DataInfo {
        name: name.into(),
        train: Some(10_000),
        test: Some(2_000),
        shape: Some(shape.to_vec()),
        ..DataInfo::default()
    }
}

pub fn info() -> Event {
    Event::Ready(Box::new(RunInfo {
        seed: Some(1),
        threads: Some(2),
        data: Some(data("fashion-mnist", &[784])),
        layers: vec![
            layer(0, "linear", 784, 256),
            layer(1, "relu", 256, 256),
            layer(2, "linear", 256, 128),
            layer(3, "relu", 128, 128),
            layer(4, "linear", 128, 10),
        ],
        parameters: Some(235_146),
        memory: Some(MemoryInfo { total: 22_000_000, ..MemoryInfo::default() }),
        batch_size: Some(64),
        steps_per_epoch: Some(EPOCH),
        evaluate_every: Some(EPOCH),
        optimizer: Some("Adam".into()),
        ..made_up::measured()
    }))
}

pub fn controls(lr: f64, throttle: Option<f64>) -> Event {
    let parameter = |key: &str, value, range| HyperParameter { key: key.into(), value, range };
    Event::Controls(Controls {
        hyperparameters: vec![
            parameter(LEARNING_RATE, lr, Range::above(0.0, 10.0)),
            parameter("optimizer.beta1", 0.9, Range::below(0.0, 1.0)),
            parameter("optimizer.weight_decay", 0.0, Range::closed(0.0, 1.0)),
        ],
        schedule: Some("constant".into()),
        throttle,
        total_steps: Some(20 * EPOCH),
    })
}

/// An even number between -0.5 and 0.5 that only depends on `step`.
pub fn noise(step: u64) -> f64 {
    let mixed = step.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 11) as f64 / (1u64 << 53) as f64 - 0.5
}

fn expected_loss(step: u64) -> f64 {
    0.3 + 2.0 / (1.0 + step as f64 / 60.0)
}

pub fn report(step: u64) -> StepReport {
    let loss = expected_loss(step) * (1.0 + 0.5 * noise(step)) + if step == 611 { 1.5 } else { 0.0 };
    let probe = |(index, gradient_norm): (usize, f64)| {
        let norm = gradient_norm * expected_loss(step) * (1.0 + noise(step + index as u64));
        let dead = (index < 4).then_some(0.08 * index as f64);
        let health = if index == 2 { Health::Watch } else { Health::Good };
        made_up::probe(index, [Some(norm), Some(0.013 / 12.0), dead], health)
    };
    let looked = step.is_multiple_of(5);
    let layers = if looked { [(0, 0.8), (2, 0.3), (4, 0.1)].map(probe).to_vec() } else { Vec::new() };
    StepReport {
        epoch: Some(step as f64 / EPOCH as f64),
        samples_per_second: Some(2560.0),
        layers,
        ..made_up::report(step, loss, (1.0 - loss / 2.5).clamp(0.05, 1.0), 8e-4)
    }
}

/// A report with another loss.
pub fn with_loss(mut report: StepReport, loss: f64) -> StepReport {
    let id = made_up::values(&[(metric::TRAIN_LOSS, loss)])[0].0;
    report.values.iter_mut().filter(|value| value.0 == id).for_each(|value| value.1 = loss);
    report
}

pub fn evaluation(step: u64) -> Event {
    let loss = expected_loss(step) * 1.1;
    Event::Evaluation(Evaluation {
        epoch: Some(step as f64 / EPOCH as f64),
        ..made_up::evaluation(step, loss, 1.0 - loss / 2.5)
    })
}

pub fn finding(step: u64, what: &str) -> Event {
    Event::Finding(Finding {
        step,
        health: Health::Watch,
        layer: Some(2),
        what: what.into(),
        advice: "lower the learning rate, or try leaky relu".into(),
        trouble: None,
    })
}
