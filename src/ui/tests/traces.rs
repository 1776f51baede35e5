//! Made-up samples on their way through made-up networks, the same every time.

use super::{
    details,
    fixture::{self, hear, noise, press},
    inside::Network,
    looks_data,
};
use crate::{
    app::App,
    protocol::{
        inspection::{
            ActivationSummary, CheckVerdict, GradientCheck, GradientDifference, LayerTrace, ParameterElement, PassKind,
            SampleLoss, SamplePicture, SplitName, TensorSlice, Trace, TracedLayer, TracedParameter, TracedSample,
            TracedUnit,
        },
        *,
    },
};

/// Samples in the made-up minibatches.
const BATCH: usize = 64;

/// The step at which the made-up runs pause.
pub const STEP: u64 = 300;

const CLASSES: [&str; 10] =
    ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

impl Network {
    /// Its description with layers as the engine spells them.
    pub fn spelled(self) -> RunInfo {
        let mut info = self.info();
        for (index, layer) in info.layers.iter_mut().enumerate() {
            let (input, output) = (shape(layer.input.as_ref()), shape(layer.output.as_ref()));
            let text = match layer.kind {
                LayerKind::Linear { units } => format!("linear {units}"),
                LayerKind::Conv { .. } => format!("{} pad 1", layer.text),
                _ => layer.text.clone(),
            };
            *layer = made_up::layer(index, &text, input, output, layer.parameters.unwrap_or(0));
        }
        let classes = match self {
            Self::Toy => &["inner", "outer"][..],
            Self::Wine => &["barolo", "grignolino", "barbera"],
            Self::Mlp | Self::Cnn => &CLASSES[..],
        };
        info.data.as_mut().unwrap().classes = classes.iter().map(|class| (*class).into()).collect();
        info
    }

    /// A dashboard whose run pauses, on the Inspect screen, with the sample followed.
    pub fn inspected(self) -> App {
        let mut app = self.paused();
        press(&mut app, "3");
        self.answer(&mut app, Phase::Between);
        app
    }

    /// A dashboard whose run pauses.
    pub fn paused(self) -> App {
        let mut app = fixture::loading();
        hear(&mut app, [Event::Ready(Box::new(self.spelled())), fixture::controls(1e-3, Some(40.0))]);
        hear(&mut app, [fixture::state(RunState::Running, 0, None)]);
        hear(&mut app, (1..=STEP).map(|step| Event::Step(fixture::report(step))));
        hear(&mut app, [fixture::state(RunState::Paused, STEP, None)]);
        app
    }

    /// Answers what the dashboard wants to know, with the current minibatch walked through so far.
    pub fn answer(self, app: &mut App, phase: Phase) {
        for query in app.wanted_queries() {
            let answer = match query {
                Query::Trace { sample, layer } => Answer::Trace(Box::new(self.trace(sample, layer, phase))),
                Query::FeatureMaps { layer, first, count, .. } => {
                    let pass = PassKind::Minibatch { number: STEP + 1 };
                    Answer::FeatureMaps(details::maps(&self.spelled().layers[layer], layer, first, count, pass))
                }
                Query::Points => looks_data::answer(&query, &[2], STEP),
                _ => panic!("{query:?}"),
            };
            hear(app, [fixture::inspection(STEP, query, answer)]);
        }
    }

    /// Walks by a phase as a source would.
    pub fn walk(self, app: &mut App, phase: Phase) {
        press(app, "n");
        hear(app, [Event::Phase(Walk { step: STEP, minibatch: STEP + 1, phase })]);
        self.answer(app, phase);
    }

    /// A made-up sample on its way.
    pub fn trace(self, sample: SampleChoice, layer: usize, phase: Phase) -> Trace {
        let info = self.spelled();
        let count = info.layers.len();
        let (forward, loss, backward) = match phase {
            Phase::Between | Phase::Update | Phase::Unknown => (count, true, 0),
            Phase::Forward { layer } => (layer + 1, false, count),
            Phase::Loss => (count, true, count),
            Phase::Backward { layer } => (count, true, layer),
        };
        let alone = matches!(sample, SampleChoice::Dataset { .. });
        let has_error = |layer: usize| loss && layer + 1 >= backward;
        let traced = info.layers.iter().enumerate().map(|(index, layer)| {
            let (seed, output) = (index as u64, shape(layer.output.as_ref()));
            TracedLayer {
                layer: index,
                forward: (index < forward).then(|| signal(&values(seed, output, 1.0, is_relu(layer)))),
                backward: has_error(index).then(|| signal(&values(50 + seed, output, 0.004, index % 2 == 0))),
                gradient_norm: (layer.parameters != Some(0) && index >= backward)
                    .then_some(0.21 / (1.0 + index as f64)),
            }
        });
        let input = shape(info.data.as_ref().unwrap().shape.as_ref());
        let pixels: Vec<u8> = (0..28 * 28).map(|i| shirt(i % 28, i / 28)).collect();
        let row = if let SampleChoice::Row { row } = sample { row } else { 0 };
        Trace {
            pass: if alone { PassKind::Evaluation } else { PassKind::Minibatch { number: STEP + 1 } },
            batch: if alone { 1 } else { BATCH },
            phase: if alone { Phase::Between } else { phase },
            batch_loss: loss.then_some(0.4127),
            batch_accuracy: loss.then_some(0.875),
            sample: TracedSample {
                row,
                split: SplitName::Train,
                index: 4_211,
                origin: matches!(self, Self::Wine).then(|| "wine.csv:5263".into()),
                class: self.true_class(),
                input: extract(input, &values(7, input, 1.0, false)),
                picture: match self {
                    Self::Toy | Self::Wine => None,
                    Self::Mlp => Some(SamplePicture { channels: 1, height: 28, width: 28, pixels }),
                    Self::Cnn => Some(SamplePicture {
                        channels: 3,
                        height: 32,
                        width: 32,
                        pixels: (0..3 * 1024).map(|i| shirt(i % 32, i / 32 % 32) / (1 + (i / 1024) as u8)).collect(),
                    }),
                },
            },
            loss: loss.then(|| self.loss()),
            losses: if loss { (0..64).map(|row| (2.0 * noise(row).max(0.02)) as f32).collect() } else { Vec::new() },
            layers: traced.collect(),
            selected: {
                let mut traced = selected(layer, &info.layers[layer], forward, has_error(layer), backward);
                if phase == Phase::Update && !alone {
                    traced.update = details::update(&traced.parameters);
                    traced.unit = None;
                }
                traced
            },
        }
    }

    fn true_class(self) -> usize {
        if matches!(self, Self::Toy | Self::Wine) { 1 } else { 6 }
    }

    fn loss(self) -> SampleLoss {
        let classes = match self {
            Self::Toy => 2,
            Self::Wine => 3,
            Self::Mlp | Self::Cnn => 10,
        };
        let truth = self.true_class() as u64;
        let logits: Vec<f32> = (0..classes).map(|class| (5.0 * noise(class + 3)) as f32).collect();
        let sum: f32 = logits.iter().map(|z| z.exp()).sum();
        let probabilities: Vec<f32> = logits.iter().map(|z| z.exp() / sum).collect();
        let target: Vec<f32> = (0..classes).map(|class| f32::from(u8::from(class == truth))).collect();
        let gradient = probabilities.iter().zip(&target).map(|(p, q)| (p - q) / BATCH as f32).collect();
        let predicted = (0..classes as usize).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
        let delta = |i: usize, j: usize| f32::from(u8::from(i == j));
        let places = (0..classes as usize).flat_map(|i| (0..classes as usize).map(move |j| (i, j)));
        let p = probabilities.clone();
        SampleLoss {
            jacobian: places.map(|(i, j)| p[i] * (delta(i, j) - p[j])).collect(),
            predicted,
            loss: -f64::from(probabilities[truth as usize]).ln(),
            logits,
            target,
            gradient,
            probabilities,
        }
    }
}

/// A trace of anything in a network that may be another one than the dashboard knows, with numbers and lengths that
/// don't fit together.
pub fn wild(network: Network, layer: usize, phase: Phase, number: f64, lengths: &[usize]) -> Event {
    let sample = SampleChoice::Row { row: 0 };
    let layer = layer % network.info().layers.len();
    let mut trace = network.trace(sample, layer, phase);
    let extracts = [&mut trace.selected.input, &mut trace.selected.output_gradient, &mut trace.selected.derivative];
    for extract in extracts.into_iter().flatten() {
        extract.kept = lengths.to_vec();
        extract.values.iter_mut().step_by(3).for_each(|value| *value = number as f32);
    }
    for parameter in &mut trace.selected.parameters {
        parameter.value.shape = lengths.to_vec();
        parameter.value.kept.truncate(lengths.len());
        parameter.norm = number;
    }
    if let Some(loss) = &mut trace.loss {
        loss.target.truncate(lengths.len());
        loss.jacobian.iter_mut().step_by(2).for_each(|value| *value = number as f32);
        loss.predicted = lengths.len();
        loss.loss = number;
    }
    if let Some(picture) = &mut trace.sample.picture {
        picture.height = lengths.first().copied().unwrap_or(0);
    }
    trace.losses.truncate(lengths.len());
    trace.sample.row = lengths.iter().copied().fold(0, usize::max);
    fixture::inspection(STEP, Query::Trace { sample, layer }, Answer::Trace(Box::new(trace)))
}

/// How far a gradient check is, or its verdict.
pub fn check(layer: usize, done: usize, worst: f64, verdict: Option<CheckVerdict>) -> Event {
    let check = GradientCheck {
        layer,
        done,
        planned: 32,
        parameters: 200_960,
        samples: 64,
        skipped: if verdict == Some(CheckVerdict::Undecided) { 7 } else { 0 },
        tolerance: 1e-6,
        worst: Some(GradientDifference {
            parameter: "weight".into(),
            index: vec![33, 401],
            by_hand: 0.021_734,
            numeric: 0.021_734 * (1.0 + worst),
            relative_error: worst,
        }),
        verdict,
    };
    fixture::inspection(STEP, Query::GradientCheck { layer }, Answer::GradientCheck(check))
}

/// A dark shape on a light ground, or the other way round.
fn shirt(x: usize, y: usize) -> u8 {
    let body = (9..19).contains(&x) && y > 4;
    let sleeves = (5..11).contains(&y) && (3..25).contains(&x);
    if body || sleeves { (120 + 4 * y).min(255) as u8 } else { 8 }
}

fn values(seed: u64, shape: &[usize], size: f64, rectified: bool) -> Vec<f32> {
    let count: usize = shape.iter().product();
    let value = |i: u64| 2.0 * size * noise(i * 31 + seed * 7919) * (1.0 + (i as f64 / 9.0).sin());
    (0..count as u64).map(|i| if rectified { value(i).max(0.0) } else { value(i) } as f32).collect()
}

fn signal(values: &[f32]) -> ActivationSummary {
    let wide = || values.iter().map(|value| f64::from(*value));
    ActivationSummary {
        minimum: wide().fold(f64::INFINITY, f64::min),
        mean: wide().sum::<f64>() / values.len() as f64,
        maximum: wide().fold(f64::NEG_INFINITY, f64::max),
        norm: wide().map(|value| value * value).sum::<f64>().sqrt(),
        zeros: values.iter().filter(|value| **value == 0.0).count() as f64 / values.len() as f64,
        thumbnail: values.iter().step_by(values.len().div_ceil(64)).copied().collect(),
    }
}

fn extract(shape: &[usize], values: &[f32]) -> TensorSlice {
    let kept = match *shape {
        [_, height, width] if values.len() > 1024 => vec![1024 / (height * width), height, width],
        _ => shape.to_vec(),
    };
    let count: usize = kept.iter().product();
    TensorSlice { shape: shape.to_vec(), kept, values: values[..count].to_vec() }
}

/// A shape that is known.
fn shape(shape: Option<&Vec<usize>>) -> &[usize] {
    shape.unwrap()
}

fn is_relu(layer: &LayerInfo) -> bool {
    layer.kind.word() == "relu"
}

fn selected(place: usize, layer: &LayerInfo, forward: usize, error: bool, backward: usize) -> LayerTrace {
    let (index, input, output) = (place as u64, shape(layer.input.as_ref()), shape(layer.output.as_ref()));
    let (done, gradients) = (place < forward, place >= backward);
    let show = |shape: &[usize], seed: u64, size: f64, rectified: bool| {
        extract(shape, &values(seed + index, shape, size, rectified))
    };
    let kind = layer.kind.word();
    let slope: Vec<f32> = values(index + 20, input, 1.0, false)
        .iter()
        .map(|x| if kind == "tanh" { 1.0 - x.tanh().powi(2) } else { f32::from(u8::from(*x > 0.0)) })
        .collect();
    let parameter = |name: &str, shape: &[usize], kept: &[usize]| {
        let values = |seed: u64, size: f64| TensorSlice {
            shape: shape.to_vec(),
            kept: kept.to_vec(),
            values: values(seed + index, kept, size, false),
        };
        TracedParameter {
            name: name.into(),
            value: values(80, 0.1),
            gradient: gradients.then(|| values(90, 0.01)),
            norm: 3.1,
            gradient_norm: gradients.then_some(0.021),
        }
    };
    let (outputs, inputs) = (output[0], input[0]);
    let parameters = match kind {
        "linear" => vec![
            parameter("weight", &[outputs, inputs], &[outputs.min(8), inputs.min(8)]),
            parameter("bias", &[outputs], &[outputs.min(64)]),
        ],
        "conv" => vec![
            parameter("weight", &[outputs, inputs, 3, 3], &[8, inputs.min(7), 3, 3]),
            parameter("bias", &[outputs], &[outputs]),
        ],
        "batchnorm" => vec![parameter("weight", &[outputs], &[outputs]), parameter("bias", &[outputs], &[outputs])],
        _ => Vec::new(),
    };
    let largest = parameters.first().filter(|_| gradients).map(|parameter| {
        let entry = |i: usize| ParameterElement {
            parameter: parameter.name.clone(),
            index: parameter.value.shape.iter().map(|length| (i * 37 + 5) % length).collect(),
            value: 0.2 * noise(i as u64),
            gradient: 0.09 * (1.0 - i as f64 / 20.0) * if i.is_multiple_of(3) { -1.0 } else { 1.0 },
        };
        (0..10).map(entry).collect()
    });
    let dy = show(output, 40, 0.004, false);
    let mut dx = show(input, 60, 0.004, false);
    let derivative = (done && matches!(kind, "relu" | "tanh")).then(|| extract(output, &slope));
    if let Some(slope) = &derivative {
        dx.values = dy.values.iter().zip(&slope.values).map(|(dy, slope)| dy * slope).collect();
    }
    let unit = (kind == "linear").then(|| TracedUnit {
        unit: 3.min(outputs - 1),
        input: 7 % inputs,
        weights: values(80 + index, &[inputs], 0.1, false),
        column: values(81 + index, &[outputs], 0.1, false),
        weight_gradient: gradients.then_some(-0.0213),
        bias: Some(0.0127),
        bias_gradient: gradients.then_some(0.00134),
    });
    LayerTrace {
        layer: place,
        input: (place <= forward).then(|| show(input, 20, 1.0, false)),
        output: done.then(|| show(output, 30, 1.0, kind == "relu")),
        output_gradient: error.then_some(dy),
        input_gradient: gradients.then_some(dx),
        derivative,
        unit,
        update: None,
        parameters,
        largest: largest.unwrap_or_default(),
    }
}
