//! A source that knows little: no accuracy, no seed, no epochs, no classes, no end; another program's training loop.

use super::{
    THEME,
    fixture::{hear, noise, press},
    looks::compare,
    screen, text,
};
use crate::{
    app::{App, Settings},
    protocol::*,
};

const TRAIN_LOSS: MetricId = MetricId(7);
const VALID_LOSS: MetricId = MetricId(8);
const SPEED: MetricId = MetricId(40);

fn metrics() -> Vec<MetricInfo> {
    vec![
        MetricInfo::new(TRAIN_LOSS.0, "train/loss", "loss").better(Better::Lower),
        MetricInfo::new(VALID_LOSS.0, "val/loss", "loss").better(Better::Lower),
        MetricInfo::new(SPEED.0, "tokens_per_second", "throughput").unit(Unit::Named("tokens/s".into())),
    ]
}

/// A module as a framework tells it: a path and a kind, and hardly more.
fn module(path: &str, parent: Option<&str>, kind: &str, role: LayerRole, parameters: u64) -> LayerInfo {
    LayerInfo {
        path: path.into(),
        parent: parent.map(String::from),
        kind: LayerKind::from_word(kind, [].into()),
        role,
        input: None,
        output: None,
        parameters: Some(parameters),
        text: kind.into(),
        equations: None,
    }
}

fn ready() -> Event {
    let layers = vec![
        module("embed", None, "Embedding", LayerRole::Embedding, 4_096_000),
        module("body", None, "Sequential", LayerRole::Block, 0),
        module("body.0", Some("body"), "Block", LayerRole::Block, 0),
        module("body.0.attention", Some("body.0"), "MultiheadAttention", LayerRole::Attention, 262_656),
        module("body.0.norm", Some("body.0"), "LayerNorm", LayerRole::Normalization, 512),
        module("body.0.act", Some("body.0"), "GELU", LayerRole::Activation, 0),
        module("head", None, "Linear", LayerRole::Weights, 4_112_000),
    ];
    Event::Ready(Box::new(RunInfo { layers, metrics: metrics(), ..RunInfo::default() }))
}

fn report(step: u64) -> StepReport {
    let loss = 1.5 + 4.0 / (1.0 + step as f64 / 80.0) + 0.3 * noise(step);
    let mut values = MetricValues::from_slice(&[MetricValue(TRAIN_LOSS, loss)]);
    if step.is_multiple_of(10) {
        values.push(MetricValue(SPEED, 52_000.0 + 4_000.0 * noise(step + 9)));
    }
    StepReport { step, values, ..StepReport::default() }
}

fn evaluation(step: u64) -> Event {
    let values = [MetricValue(VALID_LOSS, 1.6 + 4.2 / (1.0 + step as f64 / 80.0))].into_iter().collect();
    Event::Evaluation(Evaluation { step, values, ..Evaluation::default() })
}

/// A dashboard in the middle of its run.
fn running() -> App {
    let mut app =
        App::new(Settings { run: "gpt".into(), throttled_by_default: false, mouse: true, ..Settings::default() });
    let hello =
        Hello { protocol: PROTOCOL_VERSION, source: "train.py".into(), run: "gpt".into(), capabilities: Vec::new() };
    let state = StateChange { state: RunState::Running, step: 0, reason: None };
    hear(&mut app, [Event::Hello(hello), ready(), Event::State(state)]);
    for step in 1..=600 {
        hear(&mut app, [Event::Step(report(step))]);
        if step % 100 == 0 {
            hear(&mut app, [evaluation(step)]);
        }
    }
    app
}

/// The same source once it looks at its layers too: gradient norms and nothing else.
fn probed() -> App {
    let mut app = running();
    let quantities = vec![MetricInfo::new(0, "gradient_norm", "gradient norm").short("norm")];
    hear(&mut app, [Event::Metrics(NewMetrics { metrics: Vec::new(), quantities })]);
    for step in 601..=700 {
        let probe = |layer: usize| LayerProbe {
            layer,
            values: MetricValues::from_slice(&[MetricValue(
                MetricId(0),
                (2.0 + noise(step + layer as u64)) / (1.0 + layer as f64),
            )]),
            health: None,
        };
        let layers = if step % 5 == 0 { [0, 3, 4, 6].map(probe).to_vec() } else { Vec::new() };
        hear(&mut app, [Event::Step(StepReport { layers, ..report(step) })]);
    }
    app
}

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 18)];

#[test]
fn the_overview_of_a_source_that_knows_little() {
    compare("foreign", &mut running(), &[(200, 60), (120, 36), (80, 24), (60, 18)]);
    compare("foreign_probed", &mut probed(), &SIZES);
}

#[test]
fn the_other_screens_of_a_source_that_knows_little() {
    for (keys, name) in [("2", "layers"), ("3", "inspect"), ("4", "data")] {
        let mut app = running();
        press(&mut app, keys);
        compare(&format!("foreign_{name}"), &mut app, &SIZES[..2]);
        let mut app = probed();
        press(&mut app, keys);
        compare(&format!("foreign_probed_{name}"), &mut app, &SIZES[..1]);
    }
    let mut app = running();
    hear(&mut app, [Event::Finished(RunSummary { step: 600, ..RunSummary::default() })]);
    compare("foreign_finished", &mut app, &SIZES[..2]);
}

#[test]
fn what_is_unknown_is_nowhere_shown_as_a_number() {
    for mut app in [running(), probed()] {
        for keys in ["1", "2", "3", "4", "?"] {
            press(&mut app, keys);
            for size in SIZES {
                let shown = text(&screen(&mut app, size, THEME));
                // The help explains these words.
                let words: &[&str] =
                    if keys == "?" { &["NaN"] } else { &["NaN", "epoch 0", "seed", "0 classes", "ETA", "%"] };
                for word in words {
                    assert!(!shown.contains(word), "{word} on {keys}:\n{shown}");
                }
            }
        }
    }
}

#[test]
fn any_metric_can_be_shown_and_the_choice_stays() {
    let mut app = running();
    assert!(text(&screen(&mut app, (120, 36), THEME)).contains("throughput"));
    press(&mut app, "v");
    let shown = text(&screen(&mut app, (120, 36), THEME));
    assert_eq!(shown.matches("throughput").count(), 1, "no key brings the same into both charts:\n{shown}");
    assert!(shown.contains("the charts show all that this source measures"), "{shown}");
    press(&mut app, ":chart tokens_per_second<Enter>");
    let shown = text(&screen(&mut app, (120, 36), THEME));
    assert_eq!(shown.matches("throughput").count(), 2, "who asks for it by name gets it:\n{shown}");
    press(&mut app, "<Tab>:chart loss<Enter>");
    let shown = text(&screen(&mut app, (120, 36), THEME));
    assert!(shown.contains("▸ loss"), "the second chart has the focus:\n{shown}");
    press(&mut app, ":chart los<Enter>");
    assert!(text(&screen(&mut app, (120, 36), THEME)).contains("did you mean loss?"));
    press(&mut app, "<Esc>");
    // Told again, as by a source that comes back, what was chosen is still chosen.
    hear(&mut app, [ready()]);
    assert!(text(&screen(&mut app, (120, 36), THEME)).contains("▸ loss"));
}
