//! Samples with their predictions.

use std::ops::Range;

use crate::{
    dataset::Dataset,
    protocol::{
        Answer,
        inspection::{ClassifiedSample, ConfusionMatrix, SampleFilter, SampleOrder, SamplePage, SplitName},
    },
    train::{evaluator::part_of, inspect::pictures::sample_picture, predictions::Predictions},
};

/// Values of a sample that is no image that are shown, at most.
const MAX_SAMPLE_VALUES: usize = 8;

/// A range of samples in some order, with their predictions.
pub(super) fn page(
    data: &Dataset,
    split: SplitName,
    found: &Predictions,
    (show, order): (SampleFilter, SampleOrder),
    range: Range<usize>,
) -> Answer {
    let part = part_of(data, split);
    let Some(evaluated) = found.step else { return not_evaluated_answer(split) };
    let mut labels = vec![0; part.len()];
    part.gather_labels(&(0..part.len() as u32).collect::<Vec<_>>(), &mut labels);
    let wrong = |index: usize| !found.is_correct(index, labels[index]);
    let mistakes = (0..part.len()).filter(|&index| wrong(index)).count();
    let mut order_of: Vec<usize> = match show {
        SampleFilter::All | SampleFilter::Unknown => (0..part.len()).collect(),
        SampleFilter::Mistakes => (0..part.len()).filter(|&index| wrong(index)).collect(),
    };
    if order == SampleOrder::Loss {
        // A loss that is not a number is the worst.
        let rank = |index: usize| if found.loss[index].is_nan() { f32::INFINITY } else { found.loss[index] };
        order_of.sort_by(|&a, &b| rank(b).total_cmp(&rank(a)));
    }
    let entry = |&index: &usize| ClassifiedSample {
        index,
        class: labels[index].into(),
        predicted: found.predicted[index].into(),
        confidence: found.confidence[index].into(),
        loss: found.loss[index].into(),
        picture: sample_picture(data, split, index),
        values: first_values(data, split, index),
    };
    let entries = order_of.iter().skip(range.start).take(range.len()).map(entry).collect();
    Answer::Samples(SamplePage { evaluated, samples: part.len(), mistakes, entries })
}

/// How often each class was predicted for each. Samples whose logits are not numbers have no predicted class.
pub(super) fn confusion(data: &Dataset, split: SplitName, found: &Predictions) -> Answer {
    let (part, classes) = (part_of(data, split), data.classes.len());
    let Some(evaluated) = found.step else { return not_evaluated_answer(split) };
    let mut counts = vec![0; classes * classes];
    let mut label = [0];
    let decided = found.predicted.iter().zip(&found.loss).enumerate().filter(|(_, (_, loss))| !loss.is_nan());
    for (index, (&predicted, _)) in decided {
        part.gather_labels(&[index as u32], &mut label);
        counts[usize::from(label[0]) * classes + usize::from(predicted)] += 1;
    }
    Answer::Confusion(ConfusionMatrix { evaluated, classes, counts })
}

/// The first values of a sample that is no image.
fn first_values(data: &Dataset, split: SplitName, index: usize) -> Vec<f32> {
    if data.shape.len() == 3 {
        return Vec::new();
    }
    let mut values = vec![0.0; data.features()];
    part_of(data, split).gather(&[index as u32], &mut values);
    values.truncate(MAX_SAMPLE_VALUES);
    values
}

fn not_evaluated_answer(split: SplitName) -> Answer {
    let reason = match split {
        SplitName::Test | SplitName::Unknown => "no evaluation yet".into(),
        SplitName::Train => "the training samples are evaluated while the run is paused".into(),
    };
    Answer::Nothing { reason }
}
