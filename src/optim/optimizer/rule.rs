//! The arithmetic of one step, for a piece of one parameter.
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use std::array::from_fn;

use super::{OptimizerSpec, UPDATE_LANES};
use crate::nn::{
    Scalar,
    kernels::instructions::{VectorWork, run_vectorized},
};

/// The constants of one step.
#[derive(Clone, Copy)]
pub(super) enum StepRule<T> {
    Sgd(SgdStep<T>),
    RmsProp(RmsPropStep<T>),
    Adam(AdamStep<T>),
}

impl<T: Scalar> StepRule<T> {
    /// Constants of the `step`th step, counted from 1; `momentum_begins` if none of SGD's before had momentum.
    pub(super) fn new(
        spec: &OptimizerSpec,
        step: u64,
        momentum_begins: bool,
        learning_rate: f64,
        gradient_scale: f64,
    ) -> Self {
        let number = T::from_f64;
        match *spec {
            OptimizerSpec::Sgd { momentum, nesterov, weight_decay } => Self::Sgd(SgdStep {
                scale: number(gradient_scale),
                decay: number(weight_decay),
                learning_rate: number(learning_rate),
                // The first momentum is the gradient itself.
                momentum: (momentum > 0.0).then_some(number(if momentum_begins { 0.0 } else { momentum })),
                nesterov_momentum: nesterov.then_some(number(momentum)),
            }),
            OptimizerSpec::RmsProp { alpha, epsilon, momentum, weight_decay } => Self::RmsProp(RmsPropStep {
                scale: number(gradient_scale),
                decay: number(weight_decay),
                learning_rate: number(learning_rate),
                alpha: number(alpha),
                one_minus_alpha: number(1.0 - alpha),
                epsilon: number(epsilon),
                momentum: (momentum > 0.0).then_some(number(momentum)),
            }),
            OptimizerSpec::Adam { beta1, beta2, epsilon, weight_decay }
            | OptimizerSpec::AdamW { beta1, beta2, epsilon, weight_decay } => {
                let correction = |beta: f64| 1.0 - beta.powf(step as f64);
                let decoupled = matches!(spec, OptimizerSpec::AdamW { .. });
                Self::Adam(AdamStep {
                    scale: number(gradient_scale),
                    decay: number(if decoupled { 0.0 } else { weight_decay }),
                    decoupled_decay: number(if decoupled { learning_rate * weight_decay } else { 0.0 }),
                    one_minus_beta1: number(1.0 - beta1),
                    beta2: number(beta2),
                    one_minus_beta2: number(1.0 - beta2),
                    step_size: number(learning_rate / correction(beta1)),
                    inv_sqrt_correction2: number(1.0 / correction(beta2).sqrt()),
                    epsilon: number(epsilon),
                })
            }
        }
    }
}

/// g ← scale·g + decay·w, m ← momentum·m + g, and w decreases by η·m, or η·(g + momentum·m) with Nesterov, or η·g
/// without momentum, where η is the learning rate.
#[derive(Clone, Copy)]
pub(super) struct SgdStep<T> {
    scale: T,
    decay: T,
    learning_rate: T,
    /// Share of m that stays; `None` leaves m alone.
    momentum: Option<T>,
    /// Nesterov's share of m on top of g; `None` takes m itself.
    nesterov_momentum: Option<T>,
}

impl<T: Scalar> SgdStep<T> {
    /// Updates `w` and `m` from the gradient `g`, all of one length; returns the squared norm of the update.
    #[inline(always)]
    pub(super) fn update(self, w: &mut [T], g: &[T], m: &mut [T]) -> f64 {
        let Self { scale, decay, learning_rate, momentum, nesterov_momentum } = self;
        let decayed = |w: T, g: T| scale * g + decay * w;
        match (momentum, nesterov_momentum) {
            (None, _) => apply_update(w, g, [], |w, g, []| (learning_rate * decayed(w, g), [])),
            (Some(momentum), None) => apply_update(w, g, [m], |w, g, [m]| {
                let m = momentum * m + decayed(w, g);
                (learning_rate * m, [m])
            }),
            (Some(momentum), Some(nesterov_momentum)) => apply_update(w, g, [m], |w, g, [m]| {
                let g = decayed(w, g);
                let m = momentum * m + g;
                (learning_rate * (g + nesterov_momentum * m), [m])
            }),
        }
    }
}

/// g ← scale·g + decay·w, v ← α·v + (1 - α)·g², u = g / (√v + ε), and w decreases by η·u, or with momentum
/// m ← momentum·m + u by η·m.
#[derive(Clone, Copy)]
pub(super) struct RmsPropStep<T> {
    scale: T,
    decay: T,
    learning_rate: T,
    alpha: T,
    one_minus_alpha: T,
    epsilon: T,
    momentum: Option<T>,
}

impl<T: Scalar> RmsPropStep<T> {
    /// Updates `w`, `m` and `v` from the gradient `g`, all of one length; returns the squared norm of the update.
    #[inline(always)]
    pub(super) fn update(self, w: &mut [T], g: &[T], m: &mut [T], v: &mut [T]) -> f64 {
        let Self { scale, decay, learning_rate, alpha, one_minus_alpha, epsilon, momentum } = self;
        let direction = |w: T, g: T, v: T| {
            let g = scale * g + decay * w;
            let v = alpha * v + one_minus_alpha * (g * g);
            (g / (v.sqrt() + epsilon), v)
        };
        match momentum {
            None => apply_update(w, g, [v], |w, g, [v]| {
                let (u, v) = direction(w, g, v);
                (learning_rate * u, [v])
            }),
            Some(momentum) => apply_update(w, g, [m, v], |w, g, [m, v]| {
                let (u, v) = direction(w, g, v);
                let m = momentum * m + u;
                (learning_rate * m, [m, v])
            }),
        }
    }
}

/// g ← scale·g + decay·w, m ← m + (1 - β₁)(g - m), v ← β₂·v + (1 - β₂)·g², and w decreases by
/// η·decay·w + η·m̂ / (√v̂ + ε), where m̂ = m/(1 - β₁ᵗ) and v̂ = v/(1 - β₂ᵗ) correct the bias of both means.
#[derive(Clone, Copy)]
pub(super) struct AdamStep<T> {
    scale: T,
    decay: T,
    /// Multiple of w by which `AdamW` decreases it apart from the gradient: η·decay; 0 for Adam.
    decoupled_decay: T,
    one_minus_beta1: T,
    beta2: T,
    one_minus_beta2: T,
    /// η / (1 - β₁ᵗ).
    step_size: T,
    /// 1 / √(1 - β₂ᵗ).
    inv_sqrt_correction2: T,
    epsilon: T,
}

impl<T: Scalar> AdamStep<T> {
    /// Updates `w`, `m` and `v` from the gradient `g`, all of one length; returns the squared norm of the update.
    #[inline(always)]
    pub(super) fn update(self, w: &mut [T], g: &[T], m: &mut [T], v: &mut [T]) -> f64 {
        let Self {
            scale,
            decay,
            decoupled_decay,
            one_minus_beta1,
            beta2,
            one_minus_beta2,
            step_size,
            inv_sqrt_correction2,
            epsilon,
        } = self;
        apply_update(w, g, [m, v], |w, g, [m, v]| {
            let g = scale * g + decay * w;
            let m = m + one_minus_beta1 * (g - m);
            let v = beta2 * v + one_minus_beta2 * (g * g);
            (decoupled_decay * w + step_size * m / (v.sqrt() * inv_sqrt_correction2 + epsilon), [m, v])
        })
    }
}

/// Elements that go by together, so that the compiler makes vectors of them.
type LaneBlock<T> = [T; UPDATE_LANES];

/// Blocks whose squares are added up in the numbers' own type before they go on in `f64`.
const BLOCKS_PER_SUM: usize = 16;

/// Takes from every w what `decrease(w, g, states)` gives, keeps the new states, and sums the squares of what is taken.
///
/// Elements go by in blocks; the last one is filled up with zeros, which every rule takes 0 from.
#[inline(always)]
fn apply_update<T: Scalar, const N: usize>(
    w: &mut [T],
    g: &[T],
    states: [&mut [T]; N],
    decrease: impl Fn(T, T, [T; N]) -> (T, [T; N]),
) -> f64 {
    run_vectorized(UpdatePass { w, g, states, decrease })
}

struct UpdatePass<'a, T, F, const N: usize> {
    w: &'a mut [T],
    g: &'a [T],
    states: [&'a mut [T]; N],
    decrease: F,
}

impl<T: Scalar, F: Fn(T, T, [T; N]) -> (T, [T; N]), const N: usize> VectorWork for UpdatePass<'_, T, F, N> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { w, g, states, decrease } = self;
        let mut squares = 0.0;
        let ((w, w_rest), (g, g_rest)) = (w.as_chunks_mut(), g.as_chunks());
        let mut states = states.map(|state| state.as_chunks_mut());
        for (run, (w, g)) in w.chunks_mut(BLOCKS_PER_SUM).zip(g.chunks(BLOCKS_PER_SUM)).enumerate() {
            let mut sums = [T::zero(); UPDATE_LANES];
            for (number, (w, g)) in (run * BLOCKS_PER_SUM..).zip(w.iter_mut().zip(g)) {
                // Copied out and back, so that the compiler sees that nothing overlaps.
                let mut state = states.each_ref().map(|(blocks, _)| blocks[number]);
                update_block(&decrease, w, g, &mut state, &mut sums);
                states.iter_mut().zip(state).for_each(|((blocks, _), block)| blocks[number] = block);
            }
            squares += sums.iter().map(|sum| sum.as_f64()).sum::<f64>();
        }
        let mut sums = [T::zero(); UPDATE_LANES];
        let (mut w, mut state) = (padded_block(w_rest), states.each_ref().map(|(_, rest)| padded_block(rest)));
        update_block(&decrease, &mut w, &padded_block(g_rest), &mut state, &mut sums);
        w_rest.copy_from_slice(&w[..w_rest.len()]);
        for ((_, rest), block) in states.iter_mut().zip(state) {
            rest.copy_from_slice(&block[..rest.len()]);
        }
        squares + sums.iter().map(|sum| sum.as_f64()).sum::<f64>()
    }
}

/// Updates a block, and adds up the squares of what is taken from each lane.
#[inline(always)]
fn update_block<T: Scalar, const N: usize>(
    decrease: &impl Fn(T, T, [T; N]) -> (T, [T; N]),
    w: &mut LaneBlock<T>,
    g: &LaneBlock<T>,
    states: &mut [LaneBlock<T>; N],
    squares: &mut [T; UPDATE_LANES],
) {
    let mut taken = [T::zero(); UPDATE_LANES];
    for lane in 0..UPDATE_LANES {
        let (update, state) = decrease(w[lane], g[lane], from_fn(|n| states[n][lane]));
        taken[lane] = update;
        states.iter_mut().zip(state).for_each(|(block, state)| block[lane] = state);
    }
    for lane in 0..UPDATE_LANES {
        w[lane] -= taken[lane];
        squares[lane] += taken[lane] * taken[lane];
    }
}

/// A block of fewer elements than it has lanes, filled up with zeros.
fn padded_block<T: Scalar>(values: &[T]) -> LaneBlock<T> {
    from_fn(|lane| values.get(lane).copied().unwrap_or_default())
}
