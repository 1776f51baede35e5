//! What a person should know of how a network, its minibatches and the data fit together.

use crate::{
    dataset::DataNote,
    nn::{PlacedLayer, find_single_value_norm},
    text::thousands,
    train::{BatchSize, TrainSpec},
};

/// What was assumed to train `samples` samples as `spec` says, and what comes of it. A run of whole epochs would have
/// `planned_steps` minibatches.
pub(super) fn describe_assumptions(
    spec: &TrainSpec,
    layers: &[PlacedLayer],
    samples: usize,
    planned_steps: u64,
) -> Vec<DataNote> {
    let batch_size = spec.batch_size.for_samples(samples);
    let count = |samples: usize| thousands(samples as u64);
    let mut notes = Vec::new();
    if let BatchSize::AtMost(usual) = spec.batch_size
        && batch_size < usual
    {
        notes.push(DataNote::assumed(format!(
            "minibatches of {}, all training samples, because there are fewer than {}; run.batch_size chooses another size",
            count(batch_size),
            count(usual)
        )));
    }
    if let Some(norm) = find_single_value_norm(layers).filter(|_| batch_size > 1 && samples % batch_size == 1) {
        notes.push(DataNote::suspicious(format!(
            "the last minibatch of each epoch has 1 sample ({} samples in minibatches of {}): there {} gives the same for \
             every sample, the layers before it learn nothing, and its running statistics stay as they are; another \
             run.batch_size avoids that",
            count(samples),
            count(batch_size),
            norm.name
        )));
    }
    if let Some(asked) = spec.stop_after.filter(|&asked| asked > planned_steps) {
        notes.push(DataNote::assumed(format!(
            "the run ends after the {} minibatches that it is planned for, not after {}; run.steps or run.epochs plan a \
             longer one",
            thousands(planned_steps),
            thousands(asked)
        )));
    }
    notes
}
