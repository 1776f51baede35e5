use std::{num::NonZeroUsize, ops::ControlFlow, sync::Arc};

use super::*;
use crate::{
    dataset::{self, DataSpec, Dataset, Source},
    nn::NetworkSpec,
    optim::{OptimizerSpec, Schedule},
    protocol::{
        Phase,
        inspection::{CheckVerdict, LayerView, PassKind, SampleFilter, SampleOrder, Trace},
    },
    train::{BatchSize, HealthSettings, TrainSpec, Trainer},
};

const MLP: &[&str] = &["linear 12", "relu", "dropout 0.2", "linear 10"];
const CNN: &[&str] = &[
    "conv 4 3x3 stride 2 pad 1",
    "batchnorm",
    "relu",
    "maxpool 2",
    "residual [conv 4 3x3 pad 1, batchnorm, relu]",
    "flatten",
    "dropout 0.1",
    "linear 10",
];
const TOY: &[&str] = &["linear 8", "tanh", "linear 8", "tanh", "linear 3"];

fn images() -> Arc<Dataset> {
    load(&DataSpec::default())
}

fn spirals() -> Arc<Dataset> {
    load(&DataSpec { source: Source::parse("spirals"), samples: 300, ..DataSpec::default() })
}

fn load(spec: &DataSpec) -> Arc<Dataset> {
    Arc::new(dataset::load(spec, &mut |_, _| ControlFlow::Continue(())).unwrap())
}

fn spec(layers: &[&str], threads: usize) -> TrainSpec {
    let layers = layers.iter().map(|layer| layer.parse().unwrap()).collect();
    TrainSpec {
        seed: 3,
        epochs: 2,
        steps: None,
        stop_after: None,
        batch_size: BatchSize::Exactly(20),
        evaluate_every: None,
        patience: None,
        probe_every: 1,
        threads: NonZeroUsize::new(threads).unwrap(),
        network: NetworkSpec { layers, label_smoothing: 0.1, ..NetworkSpec::default() },
        optimizer: OptimizerSpec::ADAM,
        learning_rate: 3e-3,
        clip_norm: Some(5.0),
        ema: Some(0.9),
        schedule: Schedule::COSINE,
        health: HealthSettings::default(),
    }
}

fn trainer(layers: &[&str], data: &Arc<Dataset>, threads: usize) -> Trainer {
    Trainer::new(&spec(layers, threads), Arc::clone(data)).unwrap()
}

fn row(row: usize) -> SampleChoice {
    SampleChoice::Row { row }
}

fn trace(trainer: &mut Trainer, sample: SampleChoice, layer: usize) -> Trace {
    match trainer.inspect(&Query::Trace { sample, layer }).unwrap() {
        Answer::Trace(trace) => *trace,
        other => panic!("{other:?}"),
    }
}

fn layer(trainer: &mut Trainer, layer: usize) -> LayerView {
    match trainer.inspect(&Query::Layer { layer }).unwrap() {
        Answer::Layer(view) => view,
        other => panic!("{other:?}"),
    }
}

/// Every kind of query that the data allow, of every layer.
fn queries(trainer: &Trainer) -> Vec<Query> {
    let layers = trainer.network().layer_infos().len();
    let of_layer = |layer| {
        vec![
            Query::Layer { layer },
            Query::Trace { sample: row(3), layer },
            Query::Trace { sample: SampleChoice::Hardest, layer },
            Query::Trace { sample: SampleChoice::NextMistake { after: Some(2) }, layer },
            Query::Trace { sample: SampleChoice::Dataset { split: SplitName::Test, index: 5 }, layer },
            Query::Filters { layer, first: 1, count: 2 },
            Query::FeatureMaps { sample: SampleChoice::Hardest, layer, first: 1, count: 2 },
            Query::Units { layer, columns: 9, rows: 5 },
        ]
    };
    let others = [
        Query::Samples {
            split: SplitName::Test,
            show: SampleFilter::All,
            order: SampleOrder::Loss,
            first: 0,
            count: 5,
        },
        Query::Samples {
            split: SplitName::Train,
            show: SampleFilter::Mistakes,
            order: SampleOrder::Index,
            first: 2,
            count: 5,
        },
        Query::Confusion { split: SplitName::Test },
        Query::Points,
        Query::Boundary { columns: 30, rows: 11 },
    ];
    let all = (0..layers).flat_map(of_layer).chain(others);
    all.filter(|query| trainer.check_query(query).is_ok()).collect()
}

#[test]
fn a_walk_through_the_phases_ends_in_the_bits_of_a_step_despite_inspections() {
    for (layers, data) in [(MLP, images()), (CNN, images()), (TOY, spirals())] {
        for threads in [1, 2] {
            let mut plain = trainer(layers, &data, threads);
            let mut walked = trainer(layers, &data, threads);
            let count = layers.len();
            for number in 1..=3 {
                let step = plain.step().unwrap();
                for phase in 0..=2 * count {
                    assert_eq!(walked.advance_phase(), None);
                    let expected = match phase {
                        forward if forward < count => Phase::Forward { layer: forward },
                        loss if loss == count => Phase::Loss,
                        backward => Phase::Backward { layer: 2 * count - backward },
                    };
                    assert_eq!((walked.minibatch().phase(), walked.minibatch().walked_number()), (expected, number));
                    if number == 2 {
                        for query in queries(&walked) {
                            walked.inspect(&query).unwrap();
                        }
                    }
                    if phase % 5 == 2 {
                        walked.evaluate(|| ControlFlow::Continue(())).unwrap();
                    }
                }
                assert_eq!(walked.advance_phase(), Some(Ok(step)));
                assert_eq!((walked.minibatch().phase(), walked.minibatch().walked_number()), (Phase::Update, number));
                assert_eq!(trace(&mut walked, row(0), 0).pass, PassKind::Minibatch { number });
                assert_eq!(walked.weights_sha256(), plain.weights_sha256(), "{layers:?} {threads} {number}");
            }
            // Left in the middle, the next step completes it.
            (0..count + 2).for_each(|_| assert_eq!(walked.advance_phase(), None));
            walked.leave_walk();
            assert_eq!(walked.minibatch().phase(), Phase::Between);
            assert_eq!(walked.step(), plain.step());
            assert_eq!(walked.weights_sha256(), plain.weights_sha256());
        }
    }
}

#[test]
fn a_walk_ends_where_the_loss_is_not_finite() {
    let data = images();
    let [mut plain, mut walked] = [(); 2].map(|()| trainer(&["linear 12", "relu", "linear 10"], &data, 1));
    for trainer in [&mut plain, &mut walked] {
        trainer.update_rule_mut().learning_rate = 1e38;
        trainer.step().unwrap();
    }
    (0..4).for_each(|_| assert_eq!(walked.advance_phase(), None));
    let shown = trace(&mut walked, SampleChoice::Hardest, 0);
    assert!(shown.batch_loss.unwrap().is_nan() && shown.losses.iter().any(|loss| loss.is_nan()));
    walked.advance_phase().unwrap().unwrap_err();
    plain.step().unwrap_err();
    assert_eq!((walked.minibatch().phase(), walked.completed()), (Phase::Between, 2));
    assert_eq!(walked.weights_sha256(), plain.weights_sha256());
}

#[test]
fn inspections_leave_the_bits_alone() {
    for (layers, data) in [(MLP, images()), (CNN, images()), (TOY, spirals())] {
        let run = |look: bool| {
            let mut trainer = trainer(layers, &data, 2);
            let mut losses = Vec::new();
            for _ in 0..4 {
                if look {
                    let asked = queries(&trainer);
                    assert!(asked.len() >= 5 * layers.len() + 3);
                    for query in &asked {
                        trainer.inspect(query).unwrap();
                    }
                    trainer.evaluate_split(SplitName::Train, || ControlFlow::Break(()));
                }
                losses.push(trainer.step().unwrap());
            }
            (losses, trainer.weights_sha256())
        };
        assert_eq!(run(true), run(false), "{layers:?}");
    }
}

#[test]
fn a_trace_of_a_walk_shows_what_is_computed_so_far() {
    let data = images();
    let mut walked = trainer(CNN, &data, 1);
    walked.step().unwrap();
    let whole = trace(&mut walked, row(7), 4);
    assert_eq!((whole.phase, whole.pass), (Phase::Between, PassKind::Minibatch { number: 2 }));
    walked.evaluate(|| ControlFlow::Continue(())).unwrap();
    for phase in 1..=2 * CNN.len() + 1 {
        walked.advance_phase();
        let shown = trace(&mut walked, row(7), 4);
        let forward = phase.min(CNN.len());
        let loss = phase > CNN.len();
        assert_eq!((shown.loss.is_some(), shown.batch_loss.is_some(), shown.losses.is_empty()), (loss, loss, !loss));
        assert_eq!(shown.layers.iter().filter(|layer| layer.forward.is_some()).count(), forward);
        let errors = if loss { phase - CNN.len() } else { 0 };
        assert_eq!(shown.layers.iter().filter(|layer| layer.backward.is_some()).count(), errors.min(CNN.len()));
        let gradients = phase > 2 * CNN.len() - 4;
        assert_eq!(
            (shown.selected.input_gradient.is_some(), !shown.selected.largest.is_empty()),
            (gradients, gradients)
        );
        assert_eq!(shown.selected.output.is_some(), forward > 4);
        assert_eq!(layer(&mut walked, 4).parameters[0].gradients.is_some(), gradients);
        if phase < CNN.len() {
            let hardest = walked.inspect(&Query::Trace { sample: SampleChoice::Hardest, layer: 0 }).unwrap();
            assert!(matches!(hardest, Answer::Nothing { .. }));
        }
    }
    let end = trace(&mut walked, row(7), 4);
    assert_eq!(Trace { phase: Phase::Between, ..end }, whole, "the numbers are those of the same minibatch");
    let first = trace(&mut walked, row(7), 0).selected;
    assert!(first.input_gradient.is_some() && first.output_gradient.is_some());
    // With the new weights the passes would come to something else.
    walked.advance_phase().unwrap().unwrap();
    let updated = trace(&mut walked, row(7), 0);
    assert_eq!((updated.phase, updated.selected.input_gradient), (Phase::Update, None));
    assert_eq!(updated.selected.output_gradient, first.output_gradient);
    let last = trace(&mut walked, row(7), CNN.len() - 1).selected;
    assert!(last.unit.is_none() && last.input_gradient.is_some());
}

#[test]
fn a_trace_agrees_with_the_mathematics() {
    let data = images();
    let mut trainer = trainer(MLP, &data, 1);
    for _ in 0..5 {
        trainer.step().unwrap();
    }
    let found = trace(&mut trainer, row(4), 3);
    let (loss, layer) = (found.loss.unwrap(), &found.selected);
    // y = W x + b and ∂L/∂x = Wᵀ dy for one unit and one input in full, whatever the corner that is shown.
    let weight = &layer.parameters[0];
    let (x, y) = (layer.input.as_ref().unwrap(), layer.output.as_ref().unwrap());
    assert_eq!((weight.value.shape.as_slice(), weight.value.kept.as_slice()), (&[10, 12][..], &[8, 8][..]));
    let unit = layer.unit.as_ref().unwrap();
    let row = &trainer.network().parameters().nth(2).unwrap().value[12 * unit.unit..][..12];
    let sum = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f32>();
    assert_eq!((unit.weights.as_slice(), unit.column.len()), (row, 10));
    assert!((sum(&unit.weights, &x.values) + unit.bias.unwrap() as f32 - y.values[unit.unit]).abs() < 1e-5);
    let (dy, dx) = (layer.output_gradient.as_ref().unwrap(), layer.input_gradient.as_ref().unwrap());
    assert!((sum(&unit.column, &dy.values) - dx.values[unit.input]).abs() < 1e-7);
    assert!(y.values.iter().all(|other| *other <= y.values[unit.unit]));
    assert_eq!(y.values, loss.logits);
    // p and its Jacobian, p - q over the batch, and the loss.
    let sum: f32 = loss.probabilities.iter().sum();
    assert!((sum - 1.0).abs() < 1e-6);
    assert!((loss.target.iter().sum::<f32>() - 1.0).abs() < 1e-6 && loss.target[found.sample.class] > 0.9);
    assert!(loss.jacobian.chunks(10).all(|row| row.iter().sum::<f32>().abs() < 1e-6));
    for class in 0..10 {
        let expected = (loss.probabilities[class] - loss.target[class]) / 20.0;
        assert!((loss.gradient[class] - expected).abs() < 1e-8);
    }
    let by_hand: f32 = loss.target.iter().zip(&loss.probabilities).map(|(q, p)| -q * p.ln()).sum();
    assert!((f64::from(by_hand) - loss.loss).abs() < 1e-5);
    let mean = found.losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / 20.0;
    assert!((mean - found.batch_loss.unwrap()).abs() < 1e-6);
    assert_eq!(found.losses[4], loss.loss as f32);
    // The largest gradients are there to be looked up.
    let entry = &layer.largest[0];
    assert_eq!(layer.largest.len(), 10);
    let whole = trainer.network().parameters().nth(2).unwrap();
    if entry.parameter == "weight" {
        let place = 12 * entry.index[0] + entry.index[1];
        assert_eq!((entry.gradient as f32, entry.value as f32), (whole.gradient[place], whole.value[place]));
    }
    let sizes: Vec<f64> = layer.largest.iter().map(|entry| entry.gradient.abs()).collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b));
    // The mask of the rectifier and that of the dropout.
    for (layer, values) in [(1, [0.0, 1.0]), (2, [0.0, 1.25])] {
        let selected = trace(&mut trainer, SampleChoice::Row { row: 4 }, layer).selected;
        let derivative = selected.derivative.unwrap().values;
        assert!(derivative.iter().all(|value| values.contains(value)), "{derivative:?}");
        let (dy, dx) = (selected.output_gradient.unwrap().values, selected.input_gradient.unwrap().values);
        assert!(dy.iter().zip(&derivative).map(|(dy, slope)| dy * slope).eq(dx));
    }
}

#[test]
fn the_gradient_of_the_image_is_that_of_the_loss() {
    let data = images();
    let mut trainer = trainer(&["linear 6", "tanh", "linear 10"], &data, 1);
    let found = trace(&mut trainer, row(2), 0).selected;
    let dx = &trainer.network_mut().input_gradient_row(2);
    assert_eq!(found.input_gradient.as_ref().unwrap().values[..], dx[..784]);
    let (weight, dy) = (trainer.network().parameters().next().unwrap(), found.output_gradient.unwrap().values);
    let by_hand: f32 = (0..6).map(|unit| weight.value[784 * unit + 300] * dy[unit]).sum();
    assert!((by_hand - dx[300]).abs() < 1e-7 && by_hand != 0.0);
    // Computing it leaves the other gradients as they were.
    let before = trainer.network().parameters().next().unwrap().gradient.clone();
    trainer.network_mut().input_gradient_row(0);
    assert_eq!(trainer.network().parameters().next().unwrap().gradient, before);
}

mod answers;
mod updates;
