use std::{num::NonZeroUsize, ops::ControlFlow, sync::Arc};

use super::*;
use crate::{
    dataset::{self, DataSpec, Dataset, Source},
    nn::NetworkSpec,
    optim::{OptimizerSpec, Schedule},
    protocol::{
        Phase,
        inspection::{LayerView, Order, Pass, Show, Trace, Verdict},
    },
    train::TrainSpec,
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

fn trainer(layers: &[&str], data: &Arc<Dataset>, threads: usize) -> Trainer {
    let layers = layers.iter().map(|layer| layer.parse().unwrap()).collect();
    let spec = TrainSpec {
        seed: 3,
        epochs: 2,
        steps: None,
        batch_size: 20,
        evaluate_every: None,
        probe_every: 1,
        threads: NonZeroUsize::new(threads).unwrap(),
        network: NetworkSpec { layers, label_smoothing: 0.1, ..NetworkSpec::default() },
        optimizer: OptimizerSpec::ADAM,
        learning_rate: 3e-3,
        clip_norm: Some(5.0),
        ema: Some(0.9),
        schedule: Schedule::COSINE,
    };
    Trainer::new(&spec, Arc::clone(data)).unwrap()
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
    let layers = trainer.network.layer_infos().len();
    let of_layer = |layer| {
        vec![
            Query::Layer { layer },
            Query::Trace { sample: row(3), layer },
            Query::Trace { sample: SampleChoice::Hardest, layer },
            Query::Trace { sample: SampleChoice::NextMistake { after: Some(2) }, layer },
            Query::Trace { sample: SampleChoice::Dataset { split: Split::Test, index: 5 }, layer },
            Query::Filters { layer, first: 1, count: 2 },
            Query::Units { layer, columns: 9, rows: 5 },
        ]
    };
    let others = [
        Query::Samples { split: Split::Test, show: Show::All, order: Order::Loss, first: 0, count: 5 },
        Query::Samples { split: Split::Train, show: Show::Mistakes, order: Order::Index, first: 2, count: 5 },
        Query::Confusion { split: Split::Test },
        Query::Points,
        Query::Boundary { columns: 30, rows: 11 },
    ];
    let all = (0..layers).flat_map(of_layer).chain(others);
    all.filter(|query| trainer.check_query(query).is_ok()).collect()
}

#[test]
fn a_walk_through_the_phases_ends_in_the_bits_of_a_step_whoever_looks_meanwhile() {
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
                    assert_eq!((walked.phase(), walked.walked_minibatch()), (expected, number));
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
                assert_eq!((walked.phase(), walked.walked_minibatch()), (Phase::Update, number));
                assert_eq!(trace(&mut walked, row(0), 0).pass, Pass::Minibatch { number });
                assert_eq!(walked.weights_sha256(), plain.weights_sha256(), "{layers:?} {threads} {number}");
            }
            // Left in the middle, the next step completes it.
            (0..count + 2).for_each(|_| assert_eq!(walked.advance_phase(), None));
            walked.leave_walk();
            assert_eq!(walked.phase(), Phase::Between);
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
        trainer.set_learning_rate(1e38);
        trainer.step().unwrap();
    }
    (0..4).for_each(|_| assert_eq!(walked.advance_phase(), None));
    let shown = trace(&mut walked, SampleChoice::Hardest, 0);
    assert!(shown.batch_loss.unwrap().is_nan() && shown.losses.iter().any(|loss| loss.is_nan()));
    walked.advance_phase().unwrap().unwrap_err();
    plain.step().unwrap_err();
    assert_eq!((walked.phase(), walked.completed()), (Phase::Between, 2));
    assert_eq!(walked.weights_sha256(), plain.weights_sha256());
}

#[test]
fn looking_leaves_the_bits_alone() {
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
                    trainer.judge(Split::Train, || ControlFlow::Break(()));
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
    assert_eq!((whole.phase, whole.pass), (Phase::Between, Pass::Minibatch { number: 2 }));
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
    let row = &trainer.network.parameters().nth(2).unwrap().value[12 * unit.unit..][..12];
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
    let whole = trainer.network.parameters().nth(2).unwrap();
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
    let dx = &trainer.network.row_of_input_gradient(2);
    assert_eq!(found.input_gradient.as_ref().unwrap().values[..], dx[..784]);
    let (weight, dy) = (trainer.network.parameters().next().unwrap(), found.output_gradient.unwrap().values);
    let by_hand: f32 = (0..6).map(|unit| weight.value[784 * unit + 300] * dy[unit]).sum();
    assert!((by_hand - dx[300]).abs() < 1e-7 && by_hand != 0.0);
    // Computing it leaves the other gradients as they were.
    let before = trainer.network.parameters().next().unwrap().gradient.clone();
    trainer.network.row_of_input_gradient(0);
    assert_eq!(trainer.network.parameters().next().unwrap().gradient, before);
}

#[test]
fn samples_are_chosen_by_row_mistake_loss_and_place() {
    let data = images();
    let mut trainer = trainer(MLP, &data, 1);
    let hardest = trace(&mut trainer, SampleChoice::Hardest, 0);
    let largest = hardest.losses.iter().copied().fold(0.0, f32::max);
    assert_eq!(hardest.losses[hardest.sample.row], largest);
    assert_eq!((hardest.sample.split, hardest.batch), (Split::Train, 20));
    assert_eq!(hardest.sample.index, trainer.batches.indices(0)[hardest.sample.row] as usize);
    assert_eq!(
        hardest.sample.picture.as_ref().unwrap().pixels,
        data.train.pixels(hardest.sample.index as u32).unwrap()
    );
    // Untrained, hardly any is right: the mistakes come one after the other and then again.
    let mut seen = Vec::new();
    let mut after = None;
    for _ in 0..40 {
        let found = trace(&mut trainer, SampleChoice::NextMistake { after }, 0);
        assert_ne!(found.loss.unwrap().predicted, found.sample.class);
        after = Some(found.sample.row);
        seen.push(found.sample.row);
    }
    let second = seen[1..].iter().position(|row| *row == seen[0]).unwrap() + 1;
    assert!(second > 5 && seen[..second].is_sorted());
    let one = trace(&mut trainer, SampleChoice::Dataset { split: Split::Test, index: 9 }, 0);
    assert_eq!((one.pass, one.batch, one.sample.index), (Pass::Evaluation, 1, 9));
    assert!((one.batch_loss.unwrap() - one.loss.unwrap().loss).abs() < 1e-12);
    for _ in 0..300 {
        trainer.step().unwrap();
    }
    let nothing = (0..20).find_map(|_| {
        let query = Query::Trace { sample: SampleChoice::NextMistake { after: None }, layer: 0 };
        let answer = trainer.inspect(&query).unwrap();
        trainer.step().unwrap();
        if let Answer::Nothing { reason } = answer { Some(reason) } else { None }
    });
    assert!(nothing.is_none_or(|reason| reason.contains("classified correctly")));
}

#[test]
fn a_layer_is_told_unit_by_unit() {
    let data = images();
    let mut trainer = trainer(CNN, &data, 1);
    trainer.step().unwrap();
    let conv = layer(&mut trainer, 0);
    assert_eq!((conv.minibatch, conv.units.count, conv.parameters.len()), (2, 4, 2));
    let weight = &conv.parameters[0];
    assert_eq!((weight.shape.as_slice(), weight.values.count), (&[4, 1, 3, 3][..], 36));
    let norm = conv.units.weight_norms.iter().map(|norm| norm * norm).sum::<f32>().sqrt();
    assert!((f64::from(norm) - weight.values.norm).abs() < 1e-6);
    assert_eq!(conv.units.gradient_norms.len(), 4);
    let norms = layer(&mut trainer, 1);
    let units = &norms.units;
    assert_eq!((units.gamma.len(), units.beta.len(), units.running_means.len()), (4, 4, 4));
    // What the pass of the minibatch in hand did to the running statistics is not shown, nor does it stay.
    let before: Vec<f32> = {
        trainer.set_aside();
        trainer.network.buffers().flat_map(|b| b.value.clone()).collect()
    };
    assert_eq!((&units.running_means[..], &units.running_variances[..]), (&before[..4], &before[4..8]));
    let relu = layer(&mut trainer, 2);
    let zeros = relu.units.zeros.iter().sum::<f32>() / 4.0;
    let outputs = relu.activations.unwrap();
    assert!((f64::from(zeros) - outputs.zeros as f64 / outputs.count as f64).abs() < 1e-6 && zeros > 0.1);
    assert_eq!(outputs.count, 20 * 4 * 14 * 14);
    let block = layer(&mut trainer, 4);
    let names: Vec<&str> = block.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["body.0.weight", "body.0.bias", "body.1.weight", "body.1.bias"]);
}

#[test]
fn the_evaluation_is_kept_sample_by_sample() {
    let data = images();
    let mut trainer = trainer(MLP, &data, 1);
    let page = |show, order, first, count| Query::Samples { split: Split::Test, show, order, first, count };
    assert!(matches!(trainer.inspect(&page(Show::All, Order::Index, 0, 3)).unwrap(), Answer::Nothing { .. }));
    for _ in 0..60 {
        trainer.step().unwrap();
    }
    let evaluation = trainer.evaluate(|| ControlFlow::Continue(())).unwrap();
    trainer.step().unwrap();
    let right = (evaluation.accuracy * evaluation.samples as f64).round() as usize;
    let Answer::Samples(all) = trainer.inspect(&page(Show::All, Order::Index, 0, 512)).unwrap() else { panic!() };
    assert_eq!((all.evaluated, all.samples, all.mistakes), (60, data.test.len(), data.test.len() - right));
    assert!(all.entries.iter().map(|entry| entry.index).eq(0..512));
    let Answer::Samples(worst) = trainer.inspect(&page(Show::Mistakes, Order::Loss, 0, 40)).unwrap() else { panic!() };
    assert!(worst.entries.is_sorted_by(|a, b| a.loss >= b.loss));
    assert!(worst.entries.iter().all(|entry| entry.class != entry.predicted && entry.picture.is_some()));
    let Answer::Confusion(confusion) = trainer.inspect(&Query::Confusion { split: Split::Test }).unwrap() else {
        panic!()
    };
    assert_eq!(confusion.counts.iter().sum::<u32>() as usize, data.test.len());
    assert_eq!((0..10).map(|class| confusion.counts[11 * class]).sum::<u32>() as usize, right);
    // One that was cut short leaves the old one.
    assert_eq!(trainer.evaluate(|| ControlFlow::Break(())), None);
    assert_eq!(trainer.predictions(Split::Test).step, Some(60));
    let mut losses = 0.0;
    for first in (0..data.test.len()).step_by(512) {
        let Answer::Samples(page) = trainer.inspect(&page(Show::All, Order::Index, first, 512)).unwrap() else {
            panic!()
        };
        losses += page.entries.iter().map(|entry| entry.loss).sum::<f64>();
    }
    assert!((losses / data.test.len() as f64 - evaluation.loss).abs() < 1e-5);
}

#[test]
fn filters_are_pictures() {
    let data = images();
    let mut trainer = trainer(MLP, &data, 1);
    let Answer::Filters(found) = trainer.inspect(&Query::Filters { layer: 0, first: 10, count: 9 }).unwrap() else {
        panic!()
    };
    assert_eq!((found.total, found.first, found.shape, found.filters.len()), (12, 10, [1, 28, 28], 2));
    assert_eq!(found.filters[0].values, trainer.network.parameters().next().unwrap().value[7840..8624]);
    let reason = trainer.inspect(&Query::Filters { layer: 3, first: 0, count: 9 }).unwrap_err();
    assert!(reason.contains("no pictures"), "{reason}");
}

#[test]
fn the_plane_shows_boundary_units_and_points() {
    let data = spirals();
    let mut trainer = trainer(TOY, &data, 1);
    let Answer::Points(points) = trainer.inspect(&Query::Points).unwrap() else { panic!() };
    assert_eq!((points.points.len(), points.classes.len(), points.total), (240, 240, 240));
    let inside = |[x, y]: &[f32; 2]| {
        (points.x[0]..points.x[1]).contains(&f64::from(*x)) && (points.y[0]..points.y[1]).contains(&f64::from(*y))
    };
    assert!(points.points.iter().all(inside));
    let Answer::Boundary(boundary) = trainer.inspect(&Query::Boundary { columns: 40, rows: 20 }).unwrap() else {
        panic!()
    };
    assert_eq!((boundary.classes.len(), boundary.confidence.len()), (800, 800));
    assert!(boundary.classes.iter().all(|class| *class < 3) && boundary.confidence.iter().all(|p| *p >= 85));
    let Answer::Units(maps) = trainer.inspect(&Query::Units { layer: 1, columns: 7, rows: 3 }).unwrap() else {
        panic!()
    };
    assert_eq!((maps.total, maps.units.len(), maps.units[0].values.len()), (8, 8, 21));
    // The first layer's unit in the middle of a cell, by hand.
    let parameters: Vec<_> = trainer.network.parameters().collect();
    let [x, y] = maps.plane.center(2, 1);
    let z = f64::from(parameters[0].value[6]) * x
        + f64::from(parameters[0].value[7]) * y
        + f64::from(parameters[1].value[3]);
    assert!((f64::from(maps.units[3].values[7 + 2]) - z.tanh()).abs() < 1e-5);
}

#[test]
fn right_gradients_pass_the_check_of_the_minibatch_in_hand() {
    let (images, spirals) = (images(), spirals());
    for (layers, data, checked) in [(MLP, &images, &[0, 3][..]), (CNN, &images, &[0, 1, 4, 7]), (TOY, &spirals, &[2])] {
        let mut trainer = trainer(layers, data, 2);
        for _ in 0..3 {
            trainer.step().unwrap();
        }
        for &layer in checked {
            let mut check = trainer.gradient_check(layer).unwrap();
            let report = loop {
                let report = check.advance();
                if report.verdict.is_some() {
                    break report.clone();
                }
            };
            assert_eq!(report.verdict, Some(Verdict::Passed), "{layers:?} {layer}: {report:?}");
            assert!(report.done == report.planned && report.skipped < report.done, "{report:?}");
        }
    }
    let reason = trainer(MLP, &images, 1).gradient_check(1).err().unwrap();
    assert_eq!(reason, "layer 1, `relu`, has no parameters; valid: 0 (linear 12), 3 (linear 10)");
}

#[test]
fn what_is_not_there_is_refused_with_what_is_valid() {
    let data = images();
    let mut trainer = trainer(MLP, &data, 1);
    let test = |index| SampleChoice::Dataset { split: Split::Test, index };
    for (query, words) in [
        (
            Query::Layer { layer: 4 },
            "there is no layer 4; valid: 0 (linear 12), 1 (relu), 2 (dropout 0.2), 3 (linear 10)",
        ),
        (Query::Trace { sample: row(20), layer: 0 }, "there is no row 20; valid: 0 to 19"),
        (Query::Trace { sample: row(0), layer: 9 }, "there is no layer 9"),
        (Query::Trace { sample: test(data.test.len()), layer: 0 }, "there is no sample"),
        (Query::Points, "samples of shape [1, 28, 28] don't lie in a plane"),
        (Query::Boundary { columns: 3, rows: 3 }, "don't lie in a plane"),
        (Query::Units { layer: 0, columns: 3, rows: 3 }, "don't lie in a plane"),
        (Query::GradientCheck { layer: 0 }, "takes time"),
        (Query::Filters { layer: 1, first: 0, count: 1 }, "`relu`, are no pictures"),
        (Query::Filters { layer: 0, first: 0, count: 513 }, "valid: 0 to 512"),
    ] {
        let reason = trainer.inspect(&query).unwrap_err();
        assert!(reason.contains(words), "{query:?}: {reason}");
    }
    let mut toy = self::trainer(TOY, &spirals(), 1);
    for (columns, rows) in [(0, 5), (usize::MAX, 2), (201, 200)] {
        let reason = toy.inspect(&Query::Boundary { columns, rows }).unwrap_err();
        assert!(reason.contains("at most 40,000 cells"), "{reason}");
    }
}
