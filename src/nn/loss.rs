//! Softmax and cross entropy, fused.
//!
//! With logits z of shape (batch, classes), the class c of a sample and its one-hot target t, which is 1 at c,
//!
//! ```text
//! p = softmax(z) = exp(z - max z) / Σ exp(z - max z)
//! L = mean over the batch of  -log p_c  =  log Σ exp(z - max z) - (z_c - max z)
//! ∂L/∂z = (p - t) / batch
//! ```
//!
//! With label smoothing ε (Szegedy et al. 2016) the target is q = (1 - ε) t + ε/classes instead of t:
//!
//! ```text
//! L = mean over the batch of  -Σ q log p  =  log Σ exp(z - max z) - Σ q (z - max z),   as Σ q = 1
//! ∂L/∂z = (p - q) / batch
//! ```
//!
//! For one sample with loss Lₛ = -Σ t log p the gradient is the product of ∂Lₛ/∂p = -t ⊘ p and ∂p/∂z = diag(p) - p pᵀ,
//! multiplied out by hand: the division by p, which overflows once a probability underflows, cancels and is never formed.
//! Cached: p.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use super::{
    Equations, Scalar,
    kernels::pointwise::map_slices,
    rows::{values, values_mut},
};

/// Softmax and cross entropy, after the last layer.
pub const LOSS_EQUATIONS: Equations = Equations {
    forward: &["p = softmax(z)", "Lₛ = −Σ q log p"],
    backward: &["∂p/∂z = diag(p) − p pᵀ", "∂L/∂z = (p − q)/B"],
    symbols: "z is what the last layer gives, q what p should be, Lₛ the loss of a sample s and L its mean over the batch of B",
};

/// What the loss of one batch is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossReport {
    /// Mean loss of the batch in nats.
    pub loss: f64,
    /// Samples whose largest logit is that of their class; the first of equal logits counts as the largest.
    pub correct: usize,
}

/// Cross entropy -Σ q log p of one sample in nats, from its logits (classes), in `f64`: the definition, class by class.
/// The target q is 1 for the class `label`, smoothed by `smoothing`. It is NaN if a logit is.
///
/// # Panics
///
/// If there are no logits.
pub fn cross_entropy_of_sample<T: Scalar>(
    logits: impl IntoIterator<Item = T, IntoIter: Clone>,
    label: usize,
    smoothing: f64,
) -> f64 {
    let z = logits.into_iter().map(Scalar::as_f64);
    let max = z.clone().reduce(|max, z| if z > max { z } else { max }).expect("at least one class");
    let log_sum = z.clone().map(|z| (z - max).exp()).sum::<f64>().ln();
    let classes = z.clone().count();
    let target = |class| target_probability(class == label, classes, smoothing);
    // A class without a share of the target adds nothing, even where its logit is -∞.
    let terms = z.enumerate().filter(|(class, _)| target(*class) > 0.0);
    terms.map(|(class, z)| target(class) * (log_sum - (z - max))).sum()
}

/// The target q of one of `classes` classes: (1 - ε) onehot + ε/classes with the label smoothing ε.
pub fn target_probability(is_label: bool, classes: usize, smoothing: f64) -> f64 {
    let everywhere = smoothing / classes as f64;
    if is_label { everywhere + (1.0 - smoothing) } else { everywhere }
}

/// The loss with its buffer of probabilities.
pub(super) struct SoftmaxCrossEntropy<T> {
    probabilities: Array2<T>,
}

impl<T: Scalar> SoftmaxCrossEntropy<T> {
    pub(super) fn new(max_batch: usize, classes: usize) -> Self {
        Self { probabilities: Array2::zeros((max_batch, classes)) }
    }

    /// Loss of `logits` (batch, classes) for `labels` (batch) with that label smoothing; writes ∂L/∂logits into
    /// `gradient` (batch, classes).
    pub(super) fn forward_backward(
        &mut self,
        logits: &ArrayView2<'_, T>,
        labels: &[impl Copy + Into<usize>],
        smoothing: f64,
        gradient: ArrayViewMut2<'_, T>,
    ) -> LossReport {
        let (batch, classes) = logits.dim();
        let share = T::from_f64(1.0 / batch as f64);
        let [everywhere, at_label] = [false, true].map(|is_label| target_probability(is_label, classes, smoothing));
        let (hit, miss) = (T::from_f64(at_label), T::from_f64(everywhere));
        let mut report = LossReport { loss: 0.0, correct: 0 };
        let rows = s![..batch, ..];
        let p = values_mut(self.probabilities.slice_mut(rows));
        // The exponentials of all samples at once, which is where the time goes.
        let gradient = values_mut(gradient);
        for (z, dz) in values(*logits).chunks_exact(classes).zip(gradient.chunks_exact_mut(classes)) {
            let max = z.iter().fold(z[0], |max, &z| if z > max { z } else { max });
            dz.iter_mut().zip(z).for_each(|(dz, &z)| *dz = z - max);
        }
        map_slices([&*gradient], p, |[distance]| distance.quick_exp());
        let samples = values(*logits).chunks_exact(classes).zip(gradient.chunks_exact_mut(classes));
        for (((z, dz), p), &label) in samples.zip(p.chunks_exact_mut(classes)).zip(labels) {
            let label = label.into();
            // `dz` still holds the distances from the largest logit, whose own is 0.
            let predicted = dz.iter().position(|&distance| distance == T::zero());
            let max = predicted.map_or(f64::NAN, |class| z[class].as_f64());
            let sum = p.iter().fold(T::zero(), |sum, &p| sum + p);
            report.loss += sum.as_f64().ln() - (1.0 - smoothing) * (z[label].as_f64() - max);
            if smoothing > 0.0 {
                report.loss -= everywhere * z.iter().map(|z| z.as_f64() - max).sum::<f64>();
            }
            // Beside a NaN no logit is the largest, whatever the comparisons gave: such a row is never right.
            report.correct += usize::from(predicted == Some(label) && !sum.is_nan());
            for (class, (p, dz)) in p.iter_mut().zip(dz).enumerate() {
                *p /= sum;
                let target = if class == label { hit } else { miss };
                *dz = (*p - target) * share;
            }
        }
        report.loss /= batch as f64;
        report
    }

    /// Probabilities of the first `batch` rows, as the last [`Self::forward_backward`] left them.
    pub(super) fn probabilities(&self, batch: usize) -> ArrayView2<'_, T> {
        self.probabilities.slice(s![..batch, ..])
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn run(logits: &Array2<f64>, labels: &[u8]) -> (LossReport, Array2<f64>, Array2<f64>) {
        run_smoothed(logits, labels, 0.0)
    }

    fn run_smoothed(logits: &Array2<f64>, labels: &[u8], smoothing: f64) -> (LossReport, Array2<f64>, Array2<f64>) {
        let mut loss = SoftmaxCrossEntropy::new(logits.nrows(), logits.ncols());
        let mut gradient = Array2::zeros(logits.dim());
        let report = loss.forward_backward(&logits.view(), labels, smoothing, gradient.view_mut());
        (report, gradient, loss.probabilities(logits.nrows()).to_owned())
    }

    #[test]
    fn hand_worked_batch() {
        // Logits ln 1, ln 2, ln 5 have probabilities 1/8, 2/8, 5/8.
        let logits = array![[0.0, 2_f64.ln(), 5_f64.ln()], [3.0, 3.0, 3.0]];
        let (report, gradient, probabilities) = run(&logits, &[2, 1]);
        assert!((report.loss - f64::midpoint(1.6_f64.ln(), 3_f64.ln())).abs() < 1e-15);
        assert_eq!(report.correct, 1);
        let third = 1.0 / 3.0;
        let p = array![[0.125, 0.25, 0.625], [third, third, third]];
        let dz = array![[0.0625, 0.125, -0.1875], [third / 2.0, third / 2.0 - 0.5, third / 2.0]];
        let close = |a: &Array2<f64>, b: &Array2<f64>| (a - b).iter().all(|difference| difference.abs() < 1e-15);
        assert!(close(&probabilities, &p) && close(&gradient, &dz), "{gradient}");
    }

    #[test]
    fn a_class_that_is_impossible_and_not_asked_for_costs_nothing() {
        let loss = |label, smoothing| cross_entropy_of_sample([0.0, f64::NEG_INFINITY, 0.0], label, smoothing);
        assert!((loss(0, 0.0) - 2_f64.ln()).abs() < 1e-15);
        assert!(loss(1, 0.0) == f64::INFINITY && loss(0, 0.1) == f64::INFINITY);
        assert!(cross_entropy_of_sample([0.0, f64::NAN], 0, 0.0).is_nan());
    }

    #[test]
    fn a_batch_costs_the_mean_of_its_samples() {
        let logits = array![[0.3, -1.2, 2.0], [700.0, 0.5, -0.25], [0.0, 0.0, 0.0]];
        for smoothing in [0.0, 0.1] {
            let (report, ..) = run_smoothed(&logits, &[1, 2, 0], smoothing);
            let alone = [1, 2, 0].into_iter().zip(logits.rows());
            let sum: f64 = alone.map(|(label, z)| cross_entropy_of_sample(z.iter().copied(), label, smoothing)).sum();
            assert!((report.loss - sum / 3.0).abs() < 1e-13, "{} {}", report.loss, sum / 3.0);
        }
        assert!(cross_entropy_of_sample([0.0, f64::NAN], 0, 0.0).is_nan());
    }

    #[test]
    fn a_smoothed_label_is_the_mixture_of_all_labels() {
        let logits = array![[0.3, -1.2, 2.0, 0.7]];
        let (report, gradient, _) = run_smoothed(&logits, &[2], 0.1);
        // Each class with the weight that the smoothed target gives it.
        let (mut loss, mut dz) = (0.0, Array2::<f64>::zeros((1, 4)));
        for class in 0..4 {
            let weight = if class == 2 { 0.925 } else { 0.025 };
            let (report, gradient, _) = run(&logits, &[class]);
            (loss, dz) = (loss + weight * report.loss, dz + weight * gradient);
        }
        assert!((report.loss - loss).abs() < 1e-14 && report.correct == 1);
        assert!((gradient - dz).iter().all(|difference| difference.abs() < 1e-15));
    }

    #[test]
    fn a_label_may_be_larger_than_a_byte() {
        let logits = Array2::from_shape_fn((1, 300), |(_, class)| if class == 299 { 2.0 } else { 0.0 });
        let (mut loss, mut gradient) = (SoftmaxCrossEntropy::new(1, 300), Array2::zeros((1, 300)));
        let report = loss.forward_backward(&logits.view(), &[299_usize], 0.0, gradient.view_mut());
        assert_eq!(report.correct, 1);
        assert!((report.loss - cross_entropy_of_sample(logits.row(0).iter().copied(), 299, 0.0)).abs() < 1e-12);
        assert!(gradient[[0, 299]] < 0.0 && gradient.iter().filter(|&&dz| dz < 0.0).count() == 1);
    }

    #[test]
    fn huge_logits_stay_finite() {
        // p of the right class underflows to 0 here: t ⊘ p would be infinite.
        let (report, gradient, _) = run(&array![[1e4, -1e4], [-1e300, 1e300]], &[1, 1]);
        assert_eq!(report.loss, 1e4);
        assert_eq!(gradient, array![[0.5, -0.5], [0.0, 0.0]]);
        // The difference of the logits is more than an f32 holds.
        let (mut loss, mut gradient) = (SoftmaxCrossEntropy::new(1, 2), Array2::zeros((1, 2)));
        let report = loss.forward_backward(&array![[-3e38_f32, 3e38]].view(), &[0_u8], 0.0, gradient.view_mut());
        assert!((report.loss - 6e38).abs() < 1e32 && gradient == array![[-1.0, 1.0]]);
    }

    #[test]
    fn nan_is_never_hidden_and_never_right() {
        let (report, _, _) = run(&array![[f64::NAN, 0.0], [0.0, f64::NAN], [0.0, 1.0]], &[0, 0, 1]);
        assert!(report.loss.is_nan());
        assert_eq!(report.correct, 1);
    }
}
