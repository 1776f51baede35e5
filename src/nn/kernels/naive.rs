//! Products, convolution, pooling and sums by their definitions, one operation after the other. Start reading here: the
//! fast kernels beside this file compute the same, and their tests compare them with these.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{
    matmul::{MAX_BLOCK_DEPTH, Start},
    tile::NARROW_COLUMNS,
};
use crate::nn::{Scalar, window::Window};

/// C (m, n) = A (m, k) · B (k, n), on top of what `start` says: `c[i, j] = Σ_k a[i, k] b[k, j]`.
///
/// To give the same bits as the kernel, the sum is taken in blocks of [`MAX_BLOCK_DEPTH`] products, `fused` or rounded
/// twice, and where `is_narrow` says that the element
/// belongs to a narrow tile in [`NARROW_COLUMNS`] sums side by side.
pub fn matmul<T: Scalar>(
    fused: bool,
    (a, b): (&ArrayView2<T>, &ArrayView2<T>),
    start: Start<T>,
    c: &mut ArrayViewMut2<T>,
    is_narrow: impl Fn(usize, usize) -> bool,
) {
    for ((i, j), c) in c.indexed_iter_mut() {
        let mut total = match start {
            Start::Zero => None,
            Start::Keep => Some(*c),
            Start::Row(row) => Some(row[j]),
        };
        for depth in (0..a.ncols()).step_by(MAX_BLOCK_DEPTH) {
            let mut sums = [T::zero(); NARROW_COLUMNS];
            for k in depth..a.ncols().min(depth + MAX_BLOCK_DEPTH) {
                let sum = &mut sums[if is_narrow(i, j) { k % NARROW_COLUMNS } else { 0 }];
                *sum = if fused { a[[i, k]].mul_add(b[[k, j]], *sum) } else { a[[i, k]] * b[[k, j]] + *sum };
            }
            let sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
            total = Some(total.map_or(sum, |total| total + sum));
        }
        *c = total.unwrap_or_default();
    }
}

/// What a window sees at the output (oy, ox) of a plane: places within the window, and the positions on the plane under
/// them, without those that lie in the padding.
fn seen(w: &Window, oy: usize, ox: usize) -> impl Iterator<Item = (usize, usize)> {
    let w = *w;
    (0..w.kernel.0 * w.kernel.1).filter_map(move |k| {
        let y = (oy * w.stride + k / w.kernel.1).checked_sub(w.pad.0).filter(|&y| y < w.height)?;
        let x = (ox * w.stride + k % w.kernel.1).checked_sub(w.pad.1).filter(|&x| x < w.width)?;
        Some((k, y * w.width + x))
    })
}

/// The outputs of a batch of `planes` planes: the plane, the place of the output there, and its row and column.
fn outputs(w: &Window, planes: usize) -> impl Iterator<Item = (usize, usize, (usize, usize))> {
    let (places, width) = (w.places(), w.out_width);
    (0..planes * places).map(move |at| (at / places, at % places, (at % places / width, at % places % width)))
}

/// A convolution of x (batch, C, H, W) with weights (O, C, h, w) and a bias (O), and its gradients from dy: y, dx, dW,
/// db.
///
/// ```text
/// y[s,o,i,j] = b[o] + Σ_{c,k} W[o,c,k] x[s,c, what k sees from (i,j)]
/// ```
pub fn conv<T: Scalar>(w: &Window, [x, weight, bias, dy]: [&[T]; 4]) -> [Vec<T>; 4] {
    let (channels, size) = (bias.len(), w.kernel.0 * w.kernel.1);
    let [mut y, mut dx, mut dw, mut db] = [dy, x, weight, bias].map(|values| vec![T::zero(); values.len()]);
    for (plane, place, (oy, ox)) in outputs(w, dy.len() / w.places()) {
        let (sample, out, at) = (plane / channels, plane % channels, plane * w.places() + place);
        y[at] = bias[out];
        db[out] += dy[at];
        for channel in 0..w.channels {
            for (k, position) in seen(w, oy, ox) {
                let from = (sample * w.channels + channel) * w.plane() + position;
                let weight_at = (out * w.channels + channel) * size + k;
                y[at] += weight[weight_at] * x[from];
                dx[from] += weight[weight_at] * dy[at];
                dw[weight_at] += x[from] * dy[at];
            }
        }
    }
    [y, dx, dw, db]
}

/// Max pooling of planes and its gradient from dy: y, dx. Of equal values the first one wins, rows first, and
/// a NaN always does.
pub fn max_pool<T: Scalar>(w: &Window, x: &[T], dy: &[T]) -> [Vec<T>; 2] {
    let [mut y, mut dx] = [dy, x].map(|values| vec![T::zero(); values.len()]);
    for (plane, place, (oy, ox)) in outputs(w, dy.len() / w.places()) {
        let at = plane * w.places() + place;
        let positions = seen(w, oy, ox).map(|(_, position)| plane * w.plane() + position);
        let winner =
            positions.reduce(|winner, next| if x[next] > x[winner] || x[next].is_nan() { next } else { winner });
        let winner = winner.expect("a window sees part of the plane");
        y[at] = x[winner];
        dx[winner] += dy[at];
    }
    [y, dx]
}

/// Average pooling of planes and its gradient from dy: y, dx. Zeros of the padding count.
pub fn avg_pool<T: Scalar>(w: &Window, x: &[T], dy: &[T]) -> [Vec<T>; 2] {
    let [mut y, mut dx] = [dy, x].map(|values| vec![T::zero(); values.len()]);
    let size = T::from_f64((w.kernel.0 * w.kernel.1) as f64);
    for (plane, place, (oy, ox)) in outputs(w, dy.len() / w.places()) {
        let at = plane * w.places() + place;
        for (_, position) in seen(w, oy, ox) {
            y[at] += x[plane * w.plane() + position];
            dx[plane * w.plane() + position] += dy[at] / size;
        }
        y[at] /= size;
    }
    [y, dx]
}

/// Σ a and Σ a·b.
pub fn sum_and_product<T: Scalar>(a: &[T], b: &[T]) -> (f64, f64) {
    a.iter().zip(b).fold((0.0, 0.0), |(sum, product), (a, b)| (sum + a.as_f64(), product + a.as_f64() * b.as_f64()))
}
