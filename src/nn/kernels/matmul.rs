//! Matrix product: C = A·B, or C + A·B, or A·B with a row added to every row.
//!
//! In the manner of BLIS (Van Zee and van de Geijn 2015), simplified for the shapes of training, where one operand is
//! a minibatch: one operand is packed into panels, strips of one or two vectors' width along the sum, so that it is read
//! in order; the other is read where it is if its rows run along the sum, or if its columns are contiguous and the sum
//! is short, and packed if not. C is
//! computed in tiles, blocks so small that their sums stay in registers. Which operand is
//! packed, and whether the result is computed transposed, is a matter of cost only.
//!
//! An element of C is always the sum of its blocks of depth in order, each block summed in order with the same
//! operations, so with one instruction set its bits depend on the operands' shapes and layouts alone, not on the number
//! of threads. Nor do they depend on tiles and orientation, with one exception: [`tile::NARROW_COLUMNS`](super::tile::NARROW_COLUMNS) columns or fewer that
//! are left over may be taken by tiles that sum in another order. `ndarray`'s own product would allocate at each call.
#![allow(unsafe_code)]

mod grid;
mod product;
mod result;

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};

use self::{product::Product, result::StridedMatrix};
use super::{
    locals::{ThreadBuffers, grow_buffer},
    pack::MatrixOperand,
    pool::Pool,
    tile::Tiles,
};
use crate::nn::Scalar;

/// Depth of a block, the longest sum that a tile computes in one go: a panel of it and the rows that meet it fit the
/// caches.
pub(super) const MAX_BLOCK_DEPTH: usize = 1024;

/// Longest sum whose left operand is read where it is though its columns are contiguous, not its rows.
const MAX_SHALLOW_DEPTH: usize = 128;

/// If there are at least so many panels of the right operand for each thread, each is packed by the thread that uses it,
/// just before; if there are fewer, all are packed first and the threads share them.
const MIN_PANELS_PER_THREAD: usize = 8;

/// The same where the result is no taller than wide, so that the right operand is the larger one. Shared panels would be
/// read by threads that did not pack them, out of the cache of another processor core; a thread that packs its own panels
/// reads them from its own cache, and of the others only needs the smaller left operand.
const MIN_PANELS_PER_THREAD_WIDE: usize = 2;

/// Depth of the pieces in which threads pack the panels that they share.
const SHARED_PIECE_DEPTH: usize = 256;

/// Values of the panels that a thread packs together, at most: 512 KiB of `f32`, half of a usual second-level cache. One
/// panel of a block always fits.
pub const MAX_LOCAL_VALUES: usize = 1 << 17;

/// Products, in multiply-adds, below which waking other threads costs more than they save.
const MIN_THREADED_MULTIPLY_ADDS: usize = 1 << 17;

/// What the result starts from.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, T> {
    /// C = A·B.
    Zero,
    /// C = C + A·B.
    Keep,
    /// C = A·B with this added to every row; as long as a row of C.
    Row(&'a [T]),
}

/// Reusable memory for packed operands.
#[derive(Debug, Default)]
pub struct Workspace<T> {
    right: Vec<T>,
    left: Vec<T>,
    locals: ThreadBuffers<T>,
}

impl<T: Scalar> Workspace<T> {
    /// An empty one, which grows when needed.
    pub fn new() -> Self {
        Self { right: Vec::new(), left: Vec::new(), locals: ThreadBuffers::default() }
    }

    /// Makes room for products of (m, k) by (k, n) and all that are smaller in any dimension.
    pub fn reserve(&mut self, m: usize, k: usize, n: usize) {
        let [right, left] = packed_values::<T>(m, k, n);
        grow_buffer(&mut self.right, right);
        grow_buffer(&mut self.left, left);
    }
}

/// Values of the packed right and left operand of a product of (m, k) by (k, n), at most.
pub fn packed_values<T: Scalar>(m: usize, k: usize, n: usize) -> [usize; 2] {
    let side = m.max(n);
    [side.next_multiple_of(T::tiles().lanes) * k, side * k]
}

/// Computes the product of `a` (m, k) and `b` (k, n) into `c` (m, n). Any strides will do.
///
/// Allocates nothing if `workspace` has room for the product, see [`Workspace::reserve`], and was used with this pool
/// before.
///
/// # Panics
///
/// If the shapes do not fit.
pub fn matmul<T: Scalar>(
    pool: &Pool,
    workspace: &mut Workspace<T>,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    start: Start<'_, T>,
    c: ArrayViewMut2<'_, T>,
) {
    matmul_with((T::tiles(), pool), workspace, (a, b), start, c);
}

/// The product with these tiles.
fn matmul_with<T: Scalar>(
    (tiles, pool): (&'static Tiles<T>, &Pool),
    workspace: &mut Workspace<T>,
    (a, b): (ArrayView2<'_, T>, ArrayView2<'_, T>),
    start: Start<'_, T>,
    mut c: ArrayViewMut2<'_, T>,
) {
    let ((m, k), (k_b, n)) = (a.dim(), b.dim());
    assert!(k == k_b && c.dim() == (m, n), "{:?} times {:?} into {:?}", a.dim(), b.dim(), c.dim());
    if k == 0 {
        match start {
            Start::Zero => c.fill(T::zero()),
            Start::Keep => {}
            Start::Row(row) => c.rows_mut().into_iter().for_each(|mut c| c.assign(&ArrayView1::from(row))),
        }
    }
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    let product = product(tiles, (a, b), start, &mut c);
    // SAFETY: pointers, strides and dimensions are those of the views, whose borrows outlive the call.
    unsafe { product.run(pool, workspace) };
}

/// The product of these operands, none of whose dimensions is 0, in the cheaper of its two forms.
fn product<T: Scalar>(
    tiles: &'static Tiles<T>,
    (a, b): (ArrayView2<'_, T>, ArrayView2<'_, T>),
    start: Start<'_, T>,
    c: &mut ArrayViewMut2<'_, T>,
) -> Product<T> {
    let ((m, k), n) = (a.dim(), b.ncols());
    let out = StridedMatrix { start: c.as_mut_ptr(), row: c.strides()[0], column: c.strides()[1] };
    let base = match start {
        Start::Zero => None,
        Start::Keep => Some(out),
        Start::Row(row) => {
            assert_eq!(row.len(), n, "a row of the result");
            Some(StridedMatrix { start: row.as_ptr().cast_mut(), row: 0, column: 1 })
        }
    };
    let left = MatrixOperand { start: a.as_ptr(), outer: a.strides()[0], depth: a.strides()[1] };
    let right = MatrixOperand { start: b.as_ptr(), outer: b.strides()[1], depth: b.strides()[0] };
    Product { tiles, m, n, k, left, packed_left: None, right, out, base }.cheaper_form()
}

#[cfg(test)]
mod tests;
