//! What is said of a layer, and what to do about it, by its likely cause.

use super::{
    LARGE_UPDATE, LayerLook, MANY_DEAD, MANY_MORE_DEAD, STRONG_CLIP_SCALE, TINY_WEIGHT_RMS, is_mostly_constant,
};
use crate::{
    nn::LayerCategory,
    text::{percent_number, short, thousands},
    train::{LayerMeasures, health::circumstances::Circumstances},
};

impl LayerLook {
    pub(super) fn dead_sentence(&self) -> String {
        format!("{} % of the units of layer {} are dead", percent_number(self.dead(), 0), self.layer.layer)
    }

    pub(super) fn dead_advice(&self) -> String {
        if is_mostly_constant(&self.layer) {
            return self.constant_norm_advice(self.layer.layer);
        }
        if self.first_dead > MANY_DEAD && self.dead() < self.first_dead + MANY_MORE_DEAD {
            return "they were at the first look, so the updates are not the cause: begin with other weights (model.init = \
                    he), standardize the inputs, or use leaky_relu"
                .into();
        }
        if let Some(cause) = self.large_update_cause() {
            return format!("{cause}; dead units rarely come back, so start again, or use leaky_relu");
        }
        let lower = self.at.lower_rate();
        let norm =
            if self.layer.category == LayerCategory::Normalization { "" } else { "batchnorm before the rectifier, " };
        format!("they died little by little, not by one large update: use leaky_relu, {norm}or {lower}")
    }

    /// What to do about a batch normalization whose channels have one value each.
    fn constant_norm_advice(&self, norm: usize) -> String {
        if self.at.samples == 1 {
            return format!(
                "layer {norm}, batchnorm, has one value a channel in a minibatch of 1 sample, so that it gives its shift β and \
                 passes no gradient: choose a run.batch_size that leaves no single sample for the last minibatch"
            );
        }
        format!(
            "layer {norm}, batchnorm, gets one value a channel, the same from every sample, so that it gives its shift β and passes \
             no gradient, at any learning rate: see to what comes before it (weights of 0, dead units, inputs that do not \
             differ)"
        )
    }

    /// Names the largest update as the cause, if there was a large one.
    fn large_update_cause(&self) -> Option<String> {
        let (update, step) = self.largest_update;
        let (share, step, lower) = (short(100.0 * update), thousands(step), self.at.lower_rate());
        (update > LARGE_UPDATE)
            .then(|| format!("the update of {share} % of the weights at step {step} is the likely cause: {lower}"))
    }

    pub(super) fn large_update_sentence(&self) -> String {
        let share = short(100.0 * self.layer.update_ratio());
        format!("each update changes layer {} by {share} % of its weights", self.layer.layer)
    }

    pub(super) fn large_update_advice(&self) -> String {
        format!("{}; about 0.1 % is usual", self.at.lower_rate())
    }

    pub(super) fn vanished_sentence(&self) -> String {
        let Self { layer: LayerMeasures { layer, gradient_norm, .. }, last_layer, .. } = self;
        let [share, _] = self.gradient_shares();
        if *gradient_norm == 0.0 {
            return format!("the gradient vanishes before it reaches layer {layer}: it is 0 there");
        }
        let times = thousands((1.0 / share).min(1e18).round() as u64);
        format!(
            "the gradient vanishes before it reaches layer {layer}: its norm is {times} times below that of \
             layer {last_layer}"
        )
    }

    pub(super) fn vanished_advice(&self) -> String {
        if let Some(norm) = self.constant_norm {
            return self.constant_norm_advice(norm);
        }
        if let Some(cause) = self.large_update_cause() {
            return format!("{cause}; start again, since saturated and dead units rarely come back");
        }
        if self.smallest_weight_rms < TINY_WEIGHT_RMS {
            let rms = short(self.smallest_weight_rms);
            return format!(
                "weights near 0 shrink it (root mean square {rms}): begin with larger ones (model.init = he)"
            );
        }
        if self.saturates {
            return "activations that saturate, such as sigmoid, shrink it: use relu with he, batchnorm between the \
                    layers, or fewer layers"
                .into();
        }
        "use batchnorm between the layers or residual blocks, larger initial weights (model.init = he), or fewer layers"
            .into()
    }

    pub(super) fn tiny_update_advice(&self) -> String {
        let usual = "about 0.1 % of the weights is usual";
        let Circumstances { clip_norm, clip_scale, normalizes_gradient, learning_rate, .. } = self.at;
        match clip_norm {
            Some(norm) if clip_scale < STRONG_CLIP_SCALE && !normalizes_gradient => {
                format!(
                    "clipping takes nearly all of the gradient: raise optimizer.clip_norm (it was {}); {usual}",
                    short(norm)
                )
            }
            _ => format!("raise the learning rate (it was {}); {usual}", short(learning_rate)),
        }
    }
}
