//! How the run stands when the rules look: what they need besides the measurements to name a cause.

use crate::text::short;

/// Factor of the schedule below which small updates and a loss that stands still are what the schedule wants.
const LOW_SCHEDULE_FACTOR: f64 = 0.1;

/// How the run stands at a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Circumstances {
    /// Minibatches completed.
    pub step: u64,
    /// Learning rate of the last update.
    pub learning_rate: f64,
    /// By what the schedule multiplied the base rate, from 0 to 1.
    pub schedule_factor: f64,
    /// Whether the schedule still raises the rate.
    pub rate_rises: bool,
    /// Largest norm of the gradient, if it is clipped.
    pub clip_norm: Option<f64>,
    /// By what clipping multiplied the last gradient; 1 without.
    pub clip_scale: f64,
    /// Whether the size of the updates does not depend on that of the gradient, as with Adam.
    pub normalizes_gradient: bool,
    /// Updates made; 0 while the weights are those that the run began with.
    pub updates: u64,
    /// Loss of always predicting the shares of the classes in the training data, in nats.
    pub chance_loss: f64,
    /// Samples in the minibatch.
    pub samples: usize,
    /// Samples in a full minibatch.
    pub batch_size: usize,
}

impl Circumstances {
    /// Whether the schedule keeps the rate so low that little may change.
    pub(super) fn schedule_is_low(&self) -> bool {
        self.schedule_factor < LOW_SCHEDULE_FACTOR
    }

    /// Advice to lower the rate, at its peak where that is still to come.
    pub(super) fn lower_rate(&self) -> String {
        let rate = short(self.learning_rate);
        if self.rate_rises {
            format!("lower the learning rate's peak or lengthen its rise (it was {rate} and still rising)")
        } else {
            format!("lower the learning rate (it was {rate})")
        }
    }

    /// The same; or to clip the gradient, where it is not clipped.
    pub(super) fn lower_rate_or_clip(&self) -> String {
        let clip = if self.clip_norm.is_none() { ", or clip the gradient (optimizer.clip_norm)" } else { "" };
        format!("{}{clip}", self.lower_rate())
    }
}

/// Loss of always predicting the shares of the `classes` in the labels: the entropy of what the loss takes for the truth
/// after label smoothing, in nats.
pub fn chance_loss(labels: &[u8], classes: usize, label_smoothing: f64) -> f64 {
    let mut counts = vec![0_usize; classes];
    for &label in labels {
        counts[usize::from(label)] += 1;
    }
    let smoothed = |count: &usize| {
        (1.0 - label_smoothing) * *count as f64 / labels.len() as f64 + label_smoothing / classes as f64
    };
    -counts.iter().map(smoothed).filter(|&share| share > 0.0).map(|share| share * share.ln()).sum::<f64>()
}
