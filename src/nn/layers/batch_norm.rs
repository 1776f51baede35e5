//! Batch normalization (Ioffe and Szegedy 2015).

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, PassContext};
use crate::nn::{
    Buffer, Equations, LayerCategory, LayerFacts, LayerPosition, LayerProperty, Mode, Parameter, Scalar, Shape,
    kernels::{
        elementwise::for_each_plane,
        pointwise::map_slices,
        pool::Pool,
        sums::{PlaneSums, sum, sum_and_product},
    },
    rows::{values, values_mut},
};

/// Added to the variance, as in `PyTorch`.
const VARIANCE_EPSILON: f64 = 1e-5;

/// Share of the current batch in the running statistics, as in `PyTorch`.
const RUNNING_STATS_MOMENTUM: f64 = 0.1;

/// What others ask about this kind of layer.
pub(in crate::nn) const FACTS: LayerFacts = LayerFacts {
    name: "batchnorm",
    form: "batchnorm",
    category: LayerCategory::Normalization,
    properties: &[LayerProperty::KeepsPlaces],
    equations: Equations {
        forward: &["x̂ = (x − μ)/σ̂", "y = γ x̂ + β"],
        backward: &["∂L/∂γ = Σ dy ⊙ x̂", "∂L/∂β = Σ dy", "∂L/∂x = γ/(nσ̂) · (n dy − ∂L/∂β − x̂ ⊙ ∂L/∂γ)"],
        symbols: "μ and σ̂ are those of a channel's n values in the whole batch",
    },
};

/// With x (batch, channels, P), where P is 1 for vectors and the number of positions for images, each channel is
/// normalized over its n = batch·P values and then scaled by γ = `weight` and shifted by β = `bias`:
///
/// ```text
/// μ = 1/n Σ x     σ² = 1/n Σ (x - μ)²     σ̂ = √(σ² + ε)     x̂ = (x - μ)/σ̂     y = γ x̂ + β
/// ```
///
/// y depends on γ and β as on the weight and the bias of a linear unit with input x̂:
///
/// ```text
/// ∂L/∂γ = Σ dy ⊙ x̂     ∂L/∂β = Σ dy
/// ```
///
/// x acts on y directly and through μ and σ̂. With ∂μ/∂xᵢ = 1/n and ∂σ̂/∂xᵢ = (xᵢ - μ)/(nσ̂) = x̂ᵢ/n,
///
/// ```text
/// ∂x̂ⱼ/∂xᵢ = 1/σ̂ (δᵢⱼ - 1/n - x̂ᵢ x̂ⱼ/n)
/// ∂L/∂xᵢ  = γ Σⱼ dyⱼ ∂x̂ⱼ/∂xᵢ = γ/(nσ̂) (n dyᵢ - ∂L/∂β - x̂ᵢ ∂L/∂γ)
/// ```
///
/// While training, `running_mean` and `running_var` move a tenth of the way to μ and to the unbiased variance
/// n/(n - 1) σ². Evaluation takes them instead of the batch's, and then y is affine in x: ∂L/∂x = γ/σ̂ dy. They are
/// buffers: no gradient reaches them, the optimizer leaves them alone, they count as no parameters, and they are saved
/// and hashed after the parameters. A batch with a single value a channel, which has no unbiased variance, leaves them
/// as they are, and a channel whose statistics are not finite keeps its own. If the update of a minibatch is left out,
/// the trainer restores all of them.
///
/// Cached: the statistics of each channel and its sums of the backward pass. Sums are taken as in [`crate::nn::kernels::sums`].
pub struct BatchNorm<T> {
    parameters: [Parameter<T>; 2],
    buffers: [Buffer<T>; 2],
    /// One for each channel.
    statistics: Vec<ChannelStats>,
    /// P.
    plane: usize,
}

/// What is known of a channel.
#[derive(Clone, Copy, Debug, Default)]
struct ChannelStats {
    mean: f64,
    variance: f64,
    /// 1/σ̂.
    inverse: f64,
    /// ∂L/∂β.
    beta_gradient: f64,
    /// ∂L/∂γ.
    gamma_gradient: f64,
}

impl<T: Scalar> BatchNorm<T> {
    /// A layer for `channels` channels of `plane` positions, γ = 1 and β = 0, running mean 0 and variance 1.
    pub fn new(position: &LayerPosition, channels: usize, plane: usize) -> Self {
        let shape = || Shape::new([channels]);
        let weight = Parameter::new(position, "weight", shape(), T::one);
        let bias = Parameter::new(position, "bias", shape(), T::zero);
        let mean = Buffer::new(position, "running_mean", shape(), T::zero());
        let variance = Buffer::new(position, "running_var", shape(), T::one());
        Self {
            parameters: [weight, bias],
            buffers: [mean, variance],
            statistics: vec![ChannelStats::default(); channels],
            plane,
        }
    }

    /// Takes mean and variance of every channel from the batch.
    fn compute_batch_stats(&mut self, x: &[T], pool: &Pool, sums: &mut PlaneSums) {
        let Self { statistics, plane, .. } = self;
        let (channels, plane) = (statistics.len(), *plane);
        let n = (x.len() / channels) as f64;
        let plane_of = |number: usize| &x[number * plane..(number + 1) * plane];
        statistics.fill(ChannelStats::default());
        let shape = (x.len() / plane, plane);
        let totals = sums.of(pool, shape, |number| [sum(plane_of(number), |x| x), 0.0]);
        for sums in totals.chunks_exact(channels) {
            statistics.iter_mut().zip(sums).for_each(|(s, [sum, _])| s.mean += sum);
        }
        for s in &mut *statistics {
            s.mean /= n;
        }
        let squares = sums.of(pool, shape, |number| {
            let mean = T::from_f64(statistics[number % channels].mean);
            [sum(plane_of(number), move |x| (x - mean) * (x - mean)), 0.0]
        });
        for sums in squares.chunks_exact(channels) {
            statistics.iter_mut().zip(sums).for_each(|(s, [sum, _])| s.variance += sum);
        }
        for s in statistics {
            s.variance /= n;
            s.inverse = 1.0 / (s.variance + VARIANCE_EPSILON).sqrt();
        }
        self.update_running_stats(n);
    }

    /// Moves the running statistics towards those of a batch of `n` values a channel.
    fn update_running_stats(&mut self, n: f64) {
        if n < 2.0 {
            return;
        }
        let [mean, variance] = &mut self.buffers;
        for ((s, mean), variance) in self.statistics.iter().zip(&mut mean.value).zip(&mut variance.value) {
            if s.mean.is_finite() && s.variance.is_finite() {
                let move_to = |old: T, new: f64| {
                    T::from_f64((1.0 - RUNNING_STATS_MOMENTUM) * old.as_f64() + RUNNING_STATS_MOMENTUM * new)
                };
                *mean = move_to(*mean, s.mean);
                *variance = move_to(*variance, s.variance * n / (n - 1.0));
            }
        }
    }

    /// Takes mean and variance of every channel from the running statistics.
    fn load_running_stats(&mut self) {
        let [mean, variance] = &self.buffers;
        for ((s, mean), variance) in self.statistics.iter_mut().zip(&mean.value).zip(&variance.value) {
            let variance = variance.as_f64();
            let inverse = 1.0 / (variance + VARIANCE_EPSILON).sqrt();
            *s = ChannelStats { mean: mean.as_f64(), variance, inverse, ..ChannelStats::default() };
        }
    }
}

impl<T: Scalar> Layer<T> for BatchNorm<T> {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut PassContext<T>) {
        let x = values(x);
        match pass.mode {
            Mode::Train { .. } => self.compute_batch_stats(x, &pass.pool, &mut pass.scratch.sums),
            Mode::Evaluate => self.load_running_stats(),
        }
        let Self { parameters: [weight, bias], statistics, plane, .. } = self;
        let plane = *plane;
        // y (batch, channels, P) = γ/σ̂ (x - μ) + β
        for_each_plane(&pass.pool, plane, plane, values_mut(y), |number, y| {
            let channel = number % statistics.len();
            let s = &statistics[channel];
            let mean = T::from_f64(s.mean);
            let scale = T::from_f64(s.inverse) * weight.value[channel];
            let shift = bias.value[channel];
            map_slices([&x[number * plane..][..plane]], y, move |[x]| (x - mean) * scale + shift);
        });
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut PassContext<T>,
    ) {
        let (x, dy) = (values(x), values(dy));
        let (channels, plane) = (self.statistics.len(), self.plane);
        let n = (x.len() / channels) as f64;
        let Self { parameters: [weight, bias], statistics, .. } = self;
        // First ∂L/∂β (channels) = Σ dy and ∂L/∂γ (channels) = Σ dy ⊙ x̂, over the batch and the positions.
        let sums = pass.scratch.sums.of(&pass.pool, (x.len() / plane, plane), |number| {
            let s = &statistics[number % channels];
            let (mean, inverse) = (T::from_f64(s.mean), T::from_f64(s.inverse));
            let [x, dy] = [x, dy].map(|values| &values[number * plane..][..plane]);
            let (beta, gamma) = sum_and_product(dy, x, move |x| (x - mean) * inverse);
            [beta, gamma]
        });
        for s in &mut *statistics {
            (s.beta_gradient, s.gamma_gradient) = (0.0, 0.0);
        }
        for sums in sums.chunks_exact(channels) {
            for (s, [beta, gamma]) in statistics.iter_mut().zip(sums) {
                s.beta_gradient += beta;
                s.gamma_gradient += gamma;
            }
        }
        for ((s, dw), db) in statistics.iter().zip(&mut weight.gradient).zip(&mut bias.gradient) {
            (*dw, *db) = (T::from_f64(s.gamma_gradient), T::from_f64(s.beta_gradient));
        }
        let Some(dx) = dx else { return };
        // Then ∂L/∂x (batch, channels, P) = γ/σ̂ (dy - ∂L/∂β/n - x̂ ⊙ ∂L/∂γ/n). Evaluating, mean and variance do not
        // move with x, so that only γ/σ̂ dy is left.
        let share = if pass.mode == Mode::Evaluate { 0.0 } else { 1.0 / n };
        for_each_plane(&pass.pool, plane, plane, values_mut(dx), |number, dx| {
            let channel = number % channels;
            let s = &statistics[channel];
            let mean = T::from_f64(s.mean);
            let factor = T::from_f64(s.inverse) * weight.value[channel];
            let mean_dy = T::from_f64(s.beta_gradient * share);
            let slope = T::from_f64(s.gamma_gradient * share * s.inverse);
            let [x, dy] = [x, dy].map(|values| &values[number * plane..][..plane]);
            map_slices([x, dy], dx, move |[x, dy]| factor * (dy - mean_dy - (x - mean) * slope));
        });
    }

    fn parameters(&self) -> &[Parameter<T>] {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut self.parameters
    }

    fn buffers(&self) -> &[Buffer<T>] {
        &self.buffers
    }

    fn buffers_mut(&mut self) -> &mut [Buffer<T>] {
        &mut self.buffers
    }
}
