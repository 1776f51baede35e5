//! Samples, layers, pictures, the plane and checks.

use super::*;
use crate::dataset::Batches;

#[test]
fn samples_are_chosen_by_row_mistake_loss_and_place() {
    let data = images();
    let mut trainer = trainer(MLP, &data, 1);
    let hardest = trace(&mut trainer, SampleChoice::Hardest, 0);
    let largest = hardest.losses.iter().copied().fold(0.0, f32::max);
    assert_eq!(hardest.losses[hardest.sample.row], largest);
    assert_eq!((hardest.sample.split, hardest.batch), (SplitName::Train, 20));
    assert_eq!(
        hardest.sample.index,
        Batches::new(data.train.len(), 20, 3).unwrap().indices(0)[hardest.sample.row] as usize
    );
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
    let one = trace(&mut trainer, SampleChoice::Dataset { split: SplitName::Test, index: 9 }, 0);
    assert_eq!((one.pass, one.batch, one.sample.index), (PassKind::Evaluation, 1, 9));
    assert!((one.batch_loss.unwrap() - one.loss.unwrap().loss).abs() < 1e-12);
    for _ in 0..300 {
        trainer.step().unwrap();
    }
    let nothing = (0..400).find_map(|_| {
        let query = Query::Trace { sample: SampleChoice::NextMistake { after: None }, layer: 0 };
        let answer = trainer.inspect(&query).unwrap();
        trainer.step().unwrap();
        if let Answer::Nothing { reason } = answer { Some(reason) } else { None }
    });
    assert!(nothing.unwrap().contains("classified correctly"));
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
    // What the pass of the current minibatch did to the running statistics is not shown, nor does it stay.
    let before: Vec<f32> = {
        trainer.weights_sha256();
        trainer.network().buffers().flat_map(|b| b.value.clone()).collect()
    };
    assert_eq!((&units.running_means[..], &units.running_variances[..]), (&before[..4], &before[4..8]));
    let relu = layer(&mut trainer, 2);
    let zeros = relu.units.zeros.iter().sum::<f32>() / 4.0;
    let outputs = relu.activations.unwrap();
    assert!((f64::from(zeros) - outputs.zeros as f64 / outputs.count as f64).abs() < 1e-6 && zeros > 0.1);
    assert_eq!(outputs.count, 20 * 4 * 14 * 14);
    assert_eq!(units.zeros, relu.units.zeros, "a unit is at 0 where the activation that follows is");
    assert!(units.means.iter().zip(&relu.units.means).all(|(before, after)| before < after));
    let block = layer(&mut trainer, 4);
    let names: Vec<&str> = block.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["body.0.weight", "body.0.bias", "body.1.weight", "body.1.bias"]);
}

#[test]
fn the_evaluation_is_kept_sample_by_sample() {
    let data = images();
    let mut trainer = trainer(MLP, &data, 1);
    let page = |show, order, first, count| Query::Samples { split: SplitName::Test, show, order, first, count };
    assert!(matches!(
        trainer.inspect(&page(SampleFilter::All, SampleOrder::Index, 0, 3)).unwrap(),
        Answer::Nothing { .. }
    ));
    for _ in 0..60 {
        trainer.step().unwrap();
    }
    let evaluation = trainer.evaluate(|| ControlFlow::Continue(())).unwrap();
    trainer.step().unwrap();
    let right = (evaluation.accuracy * evaluation.samples as f64).round() as usize;
    let Answer::Samples(all) = trainer.inspect(&page(SampleFilter::All, SampleOrder::Index, 0, 512)).unwrap() else {
        panic!()
    };
    assert_eq!((all.evaluated, all.samples, all.mistakes), (60, data.test.len(), data.test.len() - right));
    assert!(all.entries.iter().map(|entry| entry.index).eq(0..512));
    let Answer::Samples(worst) = trainer.inspect(&page(SampleFilter::Mistakes, SampleOrder::Loss, 0, 40)).unwrap()
    else {
        panic!()
    };
    assert!(worst.entries.is_sorted_by(|a, b| a.loss >= b.loss));
    assert!(worst.entries.iter().all(|entry| entry.class != entry.predicted && entry.picture.is_some()));
    let Answer::Confusion(confusion) = trainer.inspect(&Query::Confusion { split: SplitName::Test }).unwrap() else {
        panic!()
    };
    assert_eq!(confusion.counts.iter().sum::<u32>() as usize, data.test.len());
    assert_eq!((0..10).map(|class| confusion.counts[11 * class]).sum::<u32>() as usize, right);
    // A trace of a sample from there uses the weights that it was evaluated with, the averaged ones.
    trainer.evaluate(|| ControlFlow::Continue(())).unwrap();
    let Answer::Samples(page) = trainer.inspect(&page(SampleFilter::All, SampleOrder::Index, 7, 1)).unwrap() else {
        panic!()
    };
    let alone = trace(&mut trainer, SampleChoice::Dataset { split: SplitName::Test, index: 7 }, 0);
    assert!((alone.loss.unwrap().loss - page.entries[0].loss).abs() < 1e-5);
}

#[test]
fn what_is_not_a_number_is_never_right() {
    let data = images();
    // The average would take the place of these weights.
    let mut trainer = Trainer::new(&TrainSpec { ema: None, ..spec(MLP, 1) }, Arc::clone(&data)).unwrap();
    trainer.network_mut().parameters_mut().last().unwrap().value[2] = f32::NAN;
    trainer.evaluate(|| ControlFlow::Continue(())).unwrap();
    let all = Query::Samples {
        split: SplitName::Test,
        show: SampleFilter::All,
        order: SampleOrder::Index,
        first: 0,
        count: 0,
    };
    let Answer::Samples(page) = trainer.inspect(&all).unwrap() else { panic!() };
    assert_eq!(page.mistakes, data.test.len());
    let Answer::Confusion(confusion) = trainer.inspect(&Query::Confusion { split: SplitName::Test }).unwrap() else {
        panic!()
    };
    assert!(confusion.counts.iter().all(|count| *count == 0));
    assert_eq!(trace(&mut trainer, row(0), 0).batch_accuracy, Some(0.0));
}

#[test]
fn an_evaluation_that_is_cut_short_leaves_the_old_one() {
    let data = images();
    let mut trainer = trainer(MLP, &data, 1);
    trainer.evaluate(|| ControlFlow::Continue(())).unwrap();
    let evaluation = trainer.evaluate(|| ControlFlow::Continue(())).unwrap();
    trainer.step().unwrap();
    let page = |show, order, first, count| Query::Samples { split: SplitName::Test, show, order, first, count };
    assert_eq!(trainer.evaluate(|| ControlFlow::Break(())), None);
    assert_eq!(trainer.predictions(SplitName::Test).step, Some(0));
    let mut losses = 0.0;
    for first in (0..data.test.len()).step_by(512) {
        let Answer::Samples(page) = trainer.inspect(&page(SampleFilter::All, SampleOrder::Index, first, 512)).unwrap()
        else {
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
    assert_eq!(found.filters[0].values, trainer.network().parameters().next().unwrap().value[7840..8624]);
    let Answer::Filters(past) = trainer.inspect(&Query::Filters { layer: 0, first: usize::MAX, count: 9 }).unwrap()
    else {
        panic!()
    };
    assert!(past.filters.is_empty());
    let reason = trainer.inspect(&Query::Filters { layer: 3, first: 0, count: 9 }).unwrap_err();
    assert!(reason.contains("no pictures"), "{reason}");
}

#[test]
fn feature_maps_are_the_channels_of_the_sample() {
    let data = images();
    let mut trainer = trainer(CNN, &data, 1);
    let maps = |trainer: &mut Trainer, layer, first, count| {
        let query = Query::FeatureMaps { sample: row(5), layer, first, count };
        let Answer::FeatureMaps(maps) = trainer.inspect(&query).unwrap() else { panic!() };
        maps
    };
    let found = maps(&mut trainer, 0, 1, 2);
    assert_eq!((found.total, found.first, found.shape, found.row), (4, 1, [14, 14], 5));
    assert_eq!((found.forward.len(), found.backward.len()), (2, 2));
    let (y, dy) = (trainer.network().output(0), trainer.network().output_gradient(0));
    for (shown, whole) in [(&found.forward, y.row(5).to_vec()), (&found.backward, dy.row(5).to_vec())] {
        for (channel, map) in (1..).zip(shown) {
            let values = &whole[196 * channel..196 * (channel + 1)];
            assert_eq!(map.values, values);
            assert_eq!(map.minimum as f32, values.iter().copied().fold(f32::INFINITY, f32::min));
            assert_eq!(map.maximum as f32, values.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        }
    }
    assert!(maps(&mut trainer, 3, usize::MAX, 9).forward.is_empty());
    trainer.advance_phase();
    let walked = maps(&mut trainer, 0, 0, 9);
    assert_eq!((walked.forward.len(), walked.backward.len()), (4, 0), "the errors are not computed yet");
    assert!(maps(&mut trainer, 1, 0, 9).forward.is_empty());
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
    // Which points are wrong is what a pass of each by itself says.
    let wrong = boundary.wrong.unwrap();
    assert!(!wrong.is_empty() && wrong.len() < points.points.len(), "{} wrong", wrong.len());
    for place in (0..points.points.len()).step_by(7) {
        let index = place * points.total / points.points.len();
        let alone = trace(&mut trainer, SampleChoice::Dataset { split: SplitName::Train, index }, 0);
        let mistaken = alone.loss.unwrap().predicted != usize::from(points.classes[place]);
        assert_eq!(wrong.contains(&place), mistaken, "point {place}");
    }
    let Answer::Units(maps) = trainer.inspect(&Query::Units { layer: 1, columns: 7, rows: 3 }).unwrap() else {
        panic!()
    };
    assert_eq!((maps.total, maps.units.len(), maps.units[0].values.len()), (8, 8, 21));
    // The first layer's unit in the middle of a cell, by hand.
    let parameters: Vec<_> = trainer.network().parameters().collect();
    let [x, y] = maps.plane.cell_center(2, 1);
    let z = f64::from(parameters[0].value[6]) * x
        + f64::from(parameters[0].value[7]) * y
        + f64::from(parameters[1].value[3]);
    assert!((f64::from(maps.units[3].values[7 + 2]) - z.tanh()).abs() < 1e-5);
}

#[test]
fn right_gradients_pass_the_check_of_the_current_minibatch() {
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
            assert_eq!(report.verdict, Some(CheckVerdict::Passed), "{layers:?} {layer}: {report:?}");
            assert!(report.done == report.planned && report.skipped == 0, "{report:?}");
        }
    }
    // After so many sigmoids the first layer's gradient is too small to be seen in the loss.
    let vanishing: Vec<&str> = std::iter::repeat_n(["linear 2", "sigmoid"], 14).flatten().chain(["linear 3"]).collect();
    let mut check = trainer(&vanishing, &spirals, 2).gradient_check(0).unwrap();
    let report = loop {
        let report = check.advance();
        if report.verdict.is_some() {
            break report.clone();
        }
    };
    assert_eq!((report.verdict, report.skipped), (Some(CheckVerdict::Undecided), report.planned), "{report:?}");
    let reason = trainer(MLP, &images, 1).gradient_check(1).err().unwrap();
    assert_eq!(reason, "layer 1, `relu`, has no parameters; valid: 0 (linear 12), 3 (linear 10)");
}

#[test]
fn what_is_not_there_is_refused_with_what_is_valid() {
    let data = images();
    let mut trainer = trainer(MLP, &data, 1);
    let test = |index| SampleChoice::Dataset { split: SplitName::Test, index };
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
        (
            Query::FeatureMaps { sample: row(0), layer: 1, first: 0, count: 1 },
            "the output of layer 1, `relu`, is no image; valid: none in this network",
        ),
        (Query::FeatureMaps { sample: row(0), layer: 1, first: 0, count: 513 }, "valid: 0 to 512"),
        (Query::FeatureMaps { sample: row(20), layer: 0, first: 0, count: 1 }, "valid: 0 to 19"),
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
