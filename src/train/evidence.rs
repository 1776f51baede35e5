//! What the buffers of the last minibatch say about where a trouble comes from: the losses of its samples, and the
//! gradients of the layers.

use crate::{nn::cross_entropy_of_sample, optim, protocol::SuspectSample, text::Safe, train::Trainer};

/// Samples that are named, at most.
pub(super) const MAX_SUSPECTS: usize = 3;

/// Characters of a class's name that are kept.
const MAX_CLASS_CHARACTERS: usize = 40;

/// What the last minibatch left in the buffers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Its samples with the largest losses, the largest first, losses that are no numbers before all.
    pub samples: Vec<SuspectSample>,
    /// Name of the class of the first of them, harmless.
    pub class: String,
    /// Where that one stands in the files that were read, where that is known.
    pub origin: Option<String>,
    /// What the first of them has of the sum of all losses, from 0 to 1; `None` where that is no number.
    pub share: Option<f64>,
    /// Whether it is the only one whose loss is not finite.
    pub alone_not_finite: bool,
    /// Norm of the gradient of each layer that has parameters, with the layer's place and kind.
    pub gradients: Vec<(usize, &'static str, f64)>,
}

impl Evidence {
    /// What there is after a step, before anything else is computed.
    pub fn after_step(trainer: &mut Trainer) -> Self {
        let indices = trainer.trained_samples().to_vec();
        let (network, data) = (trainer.network(), trainer.data());
        let labels = data.train.labels();
        let smoothing = network.label_smoothing();
        let mut samples: Vec<SuspectSample> = indices
            .iter()
            .zip(network.logits().rows())
            .map(|(&index, logits)| {
                let index = index as usize;
                let label = usize::from(labels[index]);
                SuspectSample { index, loss: cross_entropy_of_sample(logits.iter().copied(), label, smoothing) }
            })
            .collect();
        let rank = |sample: &SuspectSample| if sample.loss.is_nan() { f64::INFINITY } else { sample.loss };
        samples.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
        let sum: f64 = samples.iter().map(|sample| sample.loss).sum();
        let share = samples.first().map(|first| first.loss / sum).filter(|share| share.is_finite());
        let broken = samples.iter().filter(|sample| !sample.loss.is_finite()).count();
        let alone_not_finite = broken == 1;
        let class = samples.first().map_or("", |first| &data.classes[usize::from(labels[first.index])]);
        let class = Safe(class).to_string().chars().take(MAX_CLASS_CHARACTERS).collect();
        let origin = samples.first().and_then(|first| data.train.origin(first.index));
        // Where none has a finite loss, no one stands out.
        samples.truncate(if broken > 1 && broken == samples.len() { 0 } else { MAX_SUSPECTS });
        Self { samples, class, origin, share, alone_not_finite, gradients: layer_gradients(trainer) }
    }
}

/// Place, kind and gradient norm of each layer that has parameters.
fn layer_gradients(trainer: &Trainer) -> Vec<(usize, &'static str, f64)> {
    let network = trainer.network();
    let mut gradients: Vec<(usize, &'static str, f64)> = Vec::new();
    for parameter in network.parameters() {
        let norm = optim::norm(&parameter.gradient);
        match gradients.last_mut() {
            Some((layer, _, sum)) if *layer == parameter.layer => *sum = sum.hypot(norm),
            _ => gradients.push((parameter.layer, network.layer_infos()[parameter.layer].spec.kind(), norm)),
        }
    }
    gradients
}
