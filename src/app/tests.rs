//! Behaviour of the dashboard's state, driven by messages as the event loop would.

mod bounds;
mod branch_histories;
mod branching;
mod finding_the_way;
mod following;
mod going_back;
mod hostile;
mod inspecting;
mod laid_over;
mod leaving;
mod range_testing;
mod recording;
mod smoothing;
mod steering;
mod step_axes;
mod trouble;
mod typing;
mod watching;

use super::*;
use crate::protocol::{
    Capability, Change, ChangedBy, Command, CommandId, Controls, DataInfo, Event, Failure, Health, Hello,
    HyperParameter, LEARNING_RATE, LayerInfo, LayerProbe, MetricInfo, MetricValue, PROTOCOL_VERSION, Range, RunInfo,
    RunState, Setting, StateChange, StepReport, made_up,
};

const ALL: [Capability; 13] = made_up::CAPABILITIES;

fn hello(capabilities: &[Capability]) -> Event {
    Event::Hello(Hello {
        protocol: PROTOCOL_VERSION,
        source: "gradtop 0.1.0".into(),
        run: "fashion".into(),
        capabilities: capabilities.to_vec(),
    })
}

fn layer(index: usize, kind: &str, input: usize, output: usize, parameters: u64) -> LayerInfo {
    made_up::layer(index, kind, &[input], &[output], parameters)
}

fn ready() -> Event {
    Event::Ready(Box::new(RunInfo {
        seed: Some(1),
        threads: Some(1),
        data: Some(DataInfo {
            name: "fashion-mnist".into(),
            train: Some(10_000),
            test: Some(2_000),
            shape: Some(vec![784]),
            classes: vec!["shirt".into(); 10],
            ..DataInfo::default()
        }),
        layers: vec![
            layer(0, "linear", 784, 256, 200_960),
            layer(1, "relu", 256, 256, 0),
            layer(2, "dropout 0.2", 256, 256, 0),
            layer(3, "linear", 256, 10, 2_570),
        ],
        parameters: Some(203_530),
        batch_size: Some(64),
        steps_per_epoch: Some(157),
        evaluate_every: Some(100),
        optimizer: Some("Adam".into()),
        ..made_up::measured()
    }))
}

fn controls(learning_rate: f64, throttle: Option<f64>) -> Event {
    let parameter = |key: &str, value, range| HyperParameter { key: key.into(), value, range };
    Event::Controls(Controls {
        hyperparameters: vec![
            parameter(LEARNING_RATE, learning_rate, Range::above(0.0, 10.0)),
            parameter("optimizer.momentum", 0.9, Range::below(0.0, 1.0)),
            parameter("optimizer.weight_decay", 0.0, Range::closed(0.0, 1.0)),
        ],
        schedule: Some("constant".into()),
        throttle,
        total_steps: Some(3_140),
    })
}

fn finished() -> Event {
    Event::Finished(made_up::summary(3140, 0.4, 0.86, &"ab".repeat(32), 20.0))
}

fn set_learning_rate(value: f64) -> Command {
    Command::Set { key: LEARNING_RATE.into(), value }
}

/// A plot of twelve rows.
fn plot(columns: usize) -> PlotSize {
    PlotSize { columns, rows: 12 }
}

fn state(state: RunState, step: u64) -> Event {
    Event::State(StateChange { state, step, reason: None })
}

fn step(step: u64, loss: f64) -> Event {
    Event::Step(StepReport {
        epoch: Some(step as f64 / 157.0),
        samples_per_second: Some(640.0),
        ..made_up::report(step, loss, 0.5, 8e-4)
    })
}

fn evaluation(step: u64, loss: f64, accuracy: f64) -> Event {
    Event::Evaluation(made_up::evaluation(step, loss, accuracy))
}

fn probes(layers: &[(usize, f64)]) -> Vec<LayerProbe> {
    let probe = |&(layer, gradient_norm): &(usize, f64)| {
        made_up::probe(layer, [Some(gradient_norm), Some(0.001), (layer == 0).then_some(0.25)], Health::Good)
    };
    layers.iter().map(probe).collect()
}

fn changed(step: u64, key: &str, from: f64, to: f64) -> Event {
    let change =
        Change { key: key.into(), from: Some(Setting::of(from)), to: Setting::of(to), by: Some(ChangedBy::Viewer) };
    Event::Changed { step, change }
}

fn fresh() -> App {
    App::new(Settings { run: "fashion".into(), throttled_by_default: true, mouse: true, ..Settings::default() })
}

/// A dashboard on a run that trains, at step 200.
fn running() -> App {
    running_with(&ALL)
}

/// The same of a source that can do no more than this.
fn running_with(capabilities: &[Capability]) -> App {
    let mut app = fresh();
    let steps = (1..=200).map(|at| step(at, 2.0 / at as f64));
    let opening = [hello(capabilities), ready(), state(RunState::Running, 0), controls(1e-3, None)];
    tell(&mut app, opening.into_iter().chain(steps));
    app
}

fn tell(app: &mut App, events: impl IntoIterator<Item = Event>) -> Vec<Effect> {
    app.update(Message::Events(events.into_iter().collect()))
}

fn press(app: &mut App, key: Key) -> Vec<Effect> {
    app.update(Message::Key(key))
}

/// Presses the keys of a text one after the other; a line feed is Enter.
fn type_keys(app: &mut App, text: &str) -> Vec<Effect> {
    let key = |c| if c == '\n' { Key::plain(Code::Enter) } else { Key::char(c) };
    text.chars().flat_map(|c| press(app, key(c))).collect()
}

fn tick(app: &mut App, seconds: u64) {
    app.update(Message::Tick { now: Duration::from_secs(seconds) });
}

fn sent(effects: &[Effect]) -> Vec<Command> {
    let command = |effect: &Effect| match effect {
        Effect::Send(request) => Some(request.command.clone()),
        _ => None,
    };
    effects.iter().filter_map(command).collect()
}

/// Number of the only request among the effects.
fn id(effects: &[Effect]) -> CommandId {
    match effects {
        [Effect::Send(request)] => request.id,
        other => panic!("one request expected, found {other:?}"),
    }
}

fn notice(app: &App) -> String {
    app.notices().latest().map(|notice| notice.text.clone()).unwrap_or_default()
}

fn error(app: &App) -> String {
    app.prompt().and_then(|prompt| prompt.line.error.clone()).unwrap_or_default()
}
