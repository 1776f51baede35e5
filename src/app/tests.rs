//! Behaviour of the dashboard's state, driven by messages as the event loop would.

mod finding_the_way;
mod following;
mod hostile;
mod inspecting;
mod steering;
mod watching;

use super::*;
use crate::protocol::{
    Capability, Command, CommandId, Controls, DataInfo, Evaluation, Failure, Health, Hello, HyperParameter,
    LEARNING_RATE, LayerInfo, LayerProbe, PROTOCOL_VERSION, Probe, Range, RunInfo, RunState, StateChange, StepReport,
    Summary,
};

const ALL: [Capability; 8] = [
    Capability::Pause,
    Capability::Advance,
    Capability::Steer,
    Capability::Throttle,
    Capability::Extend,
    Capability::Evaluate,
    Capability::Inspect,
    Capability::Phase,
];

fn hello(capabilities: &[Capability]) -> Event {
    Event::Hello(Hello {
        protocol: PROTOCOL_VERSION,
        source: "gradtop 0.1.0".into(),
        run: "fashion".into(),
        capabilities: capabilities.to_vec(),
    })
}

fn layer(index: usize, kind: &str, input: usize, output: usize, parameters: u64) -> LayerInfo {
    LayerInfo { index, kind: kind.into(), input: vec![input], output: vec![output], parameters }
}

fn ready() -> Event {
    Event::Ready(Box::new(RunInfo {
        seed: 1,
        threads: 1,
        data: DataInfo {
            name: "fashion-mnist".into(),
            train: 10_000,
            test: 2_000,
            shape: vec![784],
            classes: vec!["shirt".into(); 10],
        },
        layers: vec![
            layer(0, "linear", 784, 256, 200_960),
            layer(1, "relu", 256, 256, 0),
            layer(2, "dropout 0.2", 256, 256, 0),
            layer(3, "linear", 256, 10, 2_570),
        ],
        parameters: 203_530,
        batch_size: 64,
        steps_per_epoch: 157,
        evaluate_every: 100,
        optimizer: "Adam".into(),
    }))
}

fn controls(rate: f64, throttle: Option<f64>) -> Event {
    let parameter = |key: &str, value, range| HyperParameter { key: key.into(), value, range };
    Event::Controls(Controls {
        hyperparameters: vec![
            parameter(LEARNING_RATE, rate, Range::above(0.0, 10.0)),
            parameter("optimizer.momentum", 0.9, Range::below(0.0, 1.0)),
            parameter("optimizer.weight_decay", 0.0, Range::closed(0.0, 1.0)),
        ],
        schedule: "constant".into(),
        throttle,
        total_steps: 3_140,
    })
}

fn state(state: RunState, step: u64) -> Event {
    Event::State(StateChange { state, step, reason: None })
}

fn step(step: u64, loss: f64) -> Event {
    Event::Step(StepReport {
        step,
        epoch: step as f64 / 157.0,
        loss,
        accuracy: 0.5,
        lr: 1e-3,
        effective_lr: 8e-4,
        samples_per_second: 640.0,
        probe: None,
    })
}

fn evaluation(step: u64, loss: f64, accuracy: f64) -> Event {
    Event::Evaluation(Evaluation { step, epoch: 0.0, loss, accuracy, samples: 2_000, seconds: 0.1 })
}

fn probe(layers: &[(usize, f64)]) -> Probe {
    let layer = |&(layer, gradient_norm): &(usize, f64)| LayerProbe {
        layer,
        weight_norm: 10.0,
        gradient_norm,
        update_norm: 0.01,
        dead: (layer == 0).then_some(0.25),
        health: Health::Good,
    };
    Probe { gradient_norm: 1.0, layers: layers.iter().map(layer).collect() }
}

fn fresh() -> App {
    App::new(Settings { run: "fashion".into(), paced: true, mouse: true })
}

/// A dashboard on a run that trains, at step 200.
fn running() -> App {
    let mut app = fresh();
    let steps = (1..=200).map(|at| step(at, 2.0 / at as f64));
    let opening = [hello(&ALL), ready(), state(RunState::Running, 0), controls(1e-3, None)];
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
