//! The arithmetic of one step, for a piece of one parameter.
#![allow(clippy::inline_always)] // Only where they are inlined are they compiled for the widest vectors.

use std::array::from_fn;

use super::{LANES, OptimizerSpec};
use crate::nn::{
    Scalar,
    kernels::wide::{Work, do_wide},
};

/// The constants of one step.
#[derive(Clone, Copy)]
pub(super) enum Rule<T> {
    Sgd(Sgd<T>),
    RmsProp(RmsProp<T>),
    Adam(Adam<T>),
}

impl<T: Scalar> Rule<T> {
    /// Constants of the `step`th step, counted from 1; `momentum_begins` if none before had momentum.
    pub(super) fn new(
        spec: &OptimizerSpec,
        step: u64,
        momentum_begins: bool,
        learning_rate: f64,
        gradient_scale: f64,
    ) -> Self {
        let number = T::from_f64;
        match *spec {
            OptimizerSpec::Sgd { momentum, nesterov, weight_decay } => Self::Sgd(Sgd {
                scale: number(gradient_scale),
                decay: number(weight_decay),
                rate: number(learning_rate),
                // The first momentum is the gradient itself.
                momentum: (momentum > 0.0).then_some(number(if momentum_begins { 0.0 } else { momentum })),
                ahead: nesterov.then_some(number(momentum)),
            }),
            OptimizerSpec::RmsProp { alpha, epsilon, momentum, weight_decay } => Self::RmsProp(RmsProp {
                scale: number(gradient_scale),
                decay: number(weight_decay),
                rate: number(learning_rate),
                alpha: number(alpha),
                rest: number(1.0 - alpha),
                epsilon: number(epsilon),
                momentum: (momentum > 0.0).then_some(number(momentum)),
            }),
            OptimizerSpec::Adam { beta1, beta2, epsilon, weight_decay }
            | OptimizerSpec::AdamW { beta1, beta2, epsilon, weight_decay } => {
                let correction = |beta: f64| 1.0 - beta.powf(step as f64);
                let decoupled = matches!(spec, OptimizerSpec::AdamW { .. });
                Self::Adam(Adam {
                    scale: number(gradient_scale),
                    decay: number(if decoupled { 0.0 } else { weight_decay }),
                    shrink: number(if decoupled { learning_rate * weight_decay } else { 0.0 }),
                    rest1: number(1.0 - beta1),
                    beta2: number(beta2),
                    rest2: number(1.0 - beta2),
                    rate: number(learning_rate / correction(beta1)),
                    root: number(1.0 / correction(beta2).sqrt()),
                    epsilon: number(epsilon),
                })
            }
        }
    }
}

/// g ← scale·g + decay·w, m ← momentum·m + g, and w decreases by rate·m, or rate·(g + momentum·m) with Nesterov, or
/// rate·g without momentum.
#[derive(Clone, Copy)]
pub(super) struct Sgd<T> {
    scale: T,
    decay: T,
    rate: T,
    /// Share of m that stays; `None` leaves m alone.
    momentum: Option<T>,
    /// Nesterov's share of m on top of g.
    ahead: Option<T>,
}

impl<T: Scalar> Sgd<T> {
    /// Updates `w` and `m` from the gradient `g`, all of one length; returns the squared norm of the update.
    #[inline(always)]
    pub(super) fn update(self, w: &mut [T], g: &[T], m: &mut [T]) -> f64 {
        let Self { scale, decay, rate, momentum, ahead } = self;
        let decayed = |w: T, g: T| scale * g + decay * w;
        match (momentum, ahead) {
            (None, _) => sweep(w, g, [], |w, g, []| (rate * decayed(w, g), [])),
            (Some(momentum), None) => sweep(w, g, [m], |w, g, [m]| {
                let m = momentum * m + decayed(w, g);
                (rate * m, [m])
            }),
            (Some(momentum), Some(ahead)) => sweep(w, g, [m], |w, g, [m]| {
                let g = decayed(w, g);
                let m = momentum * m + g;
                (rate * (g + ahead * m), [m])
            }),
        }
    }
}

/// g ← scale·g + decay·w, v ← α·v + (1 - α)·g², u = g / (√v + ε), and w decreases by rate·u, or with momentum
/// m ← momentum·m + u by rate·m.
#[derive(Clone, Copy)]
pub(super) struct RmsProp<T> {
    scale: T,
    decay: T,
    rate: T,
    alpha: T,
    rest: T,
    epsilon: T,
    momentum: Option<T>,
}

impl<T: Scalar> RmsProp<T> {
    /// Updates `w`, `m` and `v` from the gradient `g`, all of one length; returns the squared norm of the update.
    #[inline(always)]
    pub(super) fn update(self, w: &mut [T], g: &[T], m: &mut [T], v: &mut [T]) -> f64 {
        let Self { scale, decay, rate, alpha, rest, epsilon, momentum } = self;
        let direction = |w: T, g: T, v: T| {
            let g = scale * g + decay * w;
            let v = alpha * v + rest * (g * g);
            (g / (v.sqrt() + epsilon), v)
        };
        match momentum {
            None => sweep(w, g, [v], |w, g, [v]| {
                let (u, v) = direction(w, g, v);
                (rate * u, [v])
            }),
            Some(momentum) => sweep(w, g, [m, v], |w, g, [m, v]| {
                let (u, v) = direction(w, g, v);
                let m = momentum * m + u;
                (rate * m, [m, v])
            }),
        }
    }
}

/// g ← scale·g + decay·w, m ← m + (1 - β₁)(g - m), v ← β₂·v + (1 - β₂)·g², and w decreases by
/// shrink·w + rate·m / (root·√v + ε), where rate = lr/(1 - β₁ᵗ) and root = 1/√(1 - β₂ᵗ).
#[derive(Clone, Copy)]
pub(super) struct Adam<T> {
    scale: T,
    decay: T,
    shrink: T,
    rest1: T,
    beta2: T,
    rest2: T,
    rate: T,
    root: T,
    epsilon: T,
}

impl<T: Scalar> Adam<T> {
    /// Updates `w`, `m` and `v` from the gradient `g`, all of one length; returns the squared norm of the update.
    #[inline(always)]
    pub(super) fn update(self, w: &mut [T], g: &[T], m: &mut [T], v: &mut [T]) -> f64 {
        let Self { scale, decay, shrink, rest1, beta2, rest2, rate, root, epsilon } = self;
        sweep(w, g, [m, v], |w, g, [m, v]| {
            let g = scale * g + decay * w;
            let m = m + rest1 * (g - m);
            let v = beta2 * v + rest2 * (g * g);
            (shrink * w + rate * m / (v.sqrt() * root + epsilon), [m, v])
        })
    }
}

/// Elements that go by together, so that the compiler makes vectors of them.
type Block<T> = [T; LANES];

/// Blocks whose squares are added up in the numbers' own type before they go on in `f64`.
const RUN: usize = 16;

/// Takes from every w what `decrease(w, g, states)` gives, keeps the new states, and sums the squares of what is taken.
///
/// Elements go by in blocks; the last one is filled up with zeros, which every rule takes 0 from.
#[inline(always)]
fn sweep<T: Scalar, const N: usize>(
    w: &mut [T],
    g: &[T],
    states: [&mut [T]; N],
    decrease: impl Fn(T, T, [T; N]) -> (T, [T; N]),
) -> f64 {
    do_wide(Sweep { w, g, states, decrease })
}

struct Sweep<'a, T, F, const N: usize> {
    w: &'a mut [T],
    g: &'a [T],
    states: [&'a mut [T]; N],
    decrease: F,
}

impl<T: Scalar, F: Fn(T, T, [T; N]) -> (T, [T; N]), const N: usize> Work for Sweep<'_, T, F, N> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { w, g, states, decrease } = self;
        let mut squares = 0.0;
        let ((w, w_rest), (g, g_rest)) = (w.as_chunks_mut(), g.as_chunks());
        let mut states = states.map(|state| state.as_chunks_mut());
        for (run, (w, g)) in w.chunks_mut(RUN).zip(g.chunks(RUN)).enumerate() {
            let mut sums = [T::zero(); LANES];
            for (number, (w, g)) in (run * RUN..).zip(w.iter_mut().zip(g)) {
                // Copied out and back, so that the compiler sees that nothing overlaps.
                let mut state = states.each_ref().map(|(blocks, _)| blocks[number]);
                update(&decrease, w, g, &mut state, &mut sums);
                states.iter_mut().zip(state).for_each(|((blocks, _), block)| blocks[number] = block);
            }
            squares += sums.iter().map(|sum| sum.as_f64()).sum::<f64>();
        }
        let mut sums = [T::zero(); LANES];
        let (mut w, mut state) = (padded(w_rest), states.each_ref().map(|(_, rest)| padded(rest)));
        update(&decrease, &mut w, &padded(g_rest), &mut state, &mut sums);
        w_rest.copy_from_slice(&w[..w_rest.len()]);
        for ((_, rest), block) in states.iter_mut().zip(state) {
            rest.copy_from_slice(&block[..rest.len()]);
        }
        squares + sums.iter().map(|sum| sum.as_f64()).sum::<f64>()
    }
}

/// Updates a block, and adds up the squares of what is taken from each lane.
#[inline(always)]
fn update<T: Scalar, const N: usize>(
    decrease: &impl Fn(T, T, [T; N]) -> (T, [T; N]),
    w: &mut Block<T>,
    g: &Block<T>,
    states: &mut [Block<T>; N],
    squares: &mut [T; LANES],
) {
    let mut taken = [T::zero(); LANES];
    for lane in 0..LANES {
        let (update, state) = decrease(w[lane], g[lane], from_fn(|n| states[n][lane]));
        taken[lane] = update;
        states.iter_mut().zip(state).for_each(|(block, state)| block[lane] = state);
    }
    for lane in 0..LANES {
        w[lane] -= taken[lane];
        squares[lane] += taken[lane] * taken[lane];
    }
}

/// Fewer elements than a block has, and zeros.
fn padded<T: Scalar>(values: &[T]) -> Block<T> {
    from_fn(|lane| values.get(lane).copied().unwrap_or_default())
}
