use std::num::NonZeroUsize;

use ndarray::{Array1, Array2, ShapeBuilder, s};

use super::*;
use crate::{
    nn::kernels::{naive, tile::all_f32},
    random::{Purpose, Stream, stream},
};

/// A matrix of either layout, cut out of a larger one.
fn random<T: Scalar>(rows: usize, columns: usize, stream: &mut Stream) -> Array2<T> {
    let shape = (rows, columns).set_f(stream.below(2) == 1);
    Array2::from_shape_simple_fn(shape, || T::from_f64(stream.normal()))
}

fn size(stream: &mut Stream, most: u32) -> usize {
    // Small sizes and those around whole tiles are where the mistakes are.
    let around = [1, 2, 6, 8, 16, 31, 32, 33, 64, 100][stream.below(10) as usize];
    if stream.below(2) == 0 { around } else { 1 + stream.below(most) as usize }
}

fn pool(threads: usize) -> Pool {
    Pool::new(NonZeroUsize::new(threads).unwrap())
}

fn compare<T: Scalar>(tiles: &'static Tiles<T>, cases: u32) {
    let fused = tiles.name != "portable" || cfg!(any(target_arch = "aarch64", target_feature = "fma"));
    let (alone, pools) = (pool(1), [2, 3, 7, 16].map(pool));
    let (mut workspace, mut narrow_cases) = (Workspace::new(), 0);
    for case in 0..cases {
        let stream = &mut stream(u64::from(case), Purpose::Data, 1);
        let (m, n) = (size(stream, 150), size(stream, 150));
        let k = [size(stream, 200), 900 + stream.below(1300) as usize][usize::from(case % 8 == 0)];
        let (a, b, row) = (random(m + 1, k, stream), random(k, n + 2, stream), Array1::ones(n));
        let (a, b, c) = (a.slice(s![1.., ..]), b.slice(s![.., 1..=n]), random(m + 2, n, stream));
        for start in [Start::Zero, Start::Keep, Start::Row(row.as_slice().unwrap())] {
            let mut expected = c.clone();
            let product = product(tiles, (a, b), start, &mut expected.slice_mut(s![2.., ..]));
            let is_transposed = product.m != m || m == n && product.out.row != c.strides()[0];
            let narrow = product.narrow_columns();
            let is_narrow = |i, j| narrow.contains(&if is_transposed { i } else { j });
            narrow_cases += usize::from(!narrow.is_empty());
            naive::matmul(fused, (&a, &b), start, &mut expected.slice_mut(s![2.., ..]), is_narrow);
            for pool in [&alone, &pools[(case + case / 8) as usize % pools.len()]] {
                let mut found = c.clone();
                let c = found.slice_mut(s![2.., ..]);
                matmul_with((tiles, pool), &mut workspace, (a, b), start, c);
                assert!(found == expected, "{} {m}×{k}×{n} {start:?} {} threads", tiles.name, pool.threads());
            }
        }
    }
    assert_eq!(narrow_cases > 0, !tiles.narrow.is_empty(), "{} of the cases", tiles.name);
}

#[test]
fn bits_are_those_of_the_naive_product_at_any_number_of_threads() {
    for tiles in all_f32() {
        compare(tiles, 60);
    }
    compare(f64::tiles(), 60);
}

#[test]
fn values_that_were_spread_are_multiplied_as_if_they_were_stored() {
    let stream = &mut stream(0, Purpose::Data, 1);
    let (column, row, b) = (random::<f32>(64, 1, stream), random::<f32>(1, 100, stream), random(100, 32, stream));
    let mut workspace = Workspace::new();
    for spread in [column.broadcast((64, 100)), row.broadcast((64, 100))] {
        let (spread, stored) = (spread.unwrap(), spread.unwrap().to_owned());
        for threads in [1, 2] {
            let [mut found, mut expected] = [(); 2].map(|()| Array2::zeros((64, 32)));
            matmul(&pool(threads), &mut workspace, spread, b.view(), Start::Zero, found.view_mut());
            matmul(&pool(threads), &mut workspace, stored.view(), b.view(), Start::Zero, expected.view_mut());
            assert_eq!(found, expected);
            let [mut found, mut expected] = [(); 2].map(|()| Array2::zeros((32, 64)));
            matmul(&pool(threads), &mut workspace, b.t(), spread.t(), Start::Zero, found.view_mut());
            matmul(&pool(threads), &mut workspace, b.t(), stored.t(), Start::Zero, expected.view_mut());
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn products_without_depth_or_size_are_defined() {
    let (pool, mut workspace) = (pool(1), Workspace::new());
    let mut c = Array2::<f64>::ones((2, 3));
    let empty = |rows, columns| Array2::zeros((rows, columns));
    matmul(&pool, &mut workspace, empty(2, 0).view(), empty(0, 3).view(), Start::Keep, c.view_mut());
    assert_eq!(c, Array2::<f64>::ones((2, 3)));
    matmul(&pool, &mut workspace, empty(2, 0).view(), empty(0, 3).view(), Start::Zero, c.view_mut());
    assert_eq!(c, Array2::<f64>::zeros((2, 3)));
    matmul(&pool, &mut workspace, empty(0, 4).view(), empty(4, 3).view(), Start::Zero, empty(0, 3).view_mut());
}

#[test]
fn a_nan_or_an_infinity_reaches_its_row_and_no_other() {
    let (pool, mut workspace) = (pool(1), Workspace::new());
    let mut a = Array2::<f32>::ones((40, 70));
    (a[[3, 69]], a[[5, 0]]) = (f32::NAN, f32::INFINITY);
    let mut c = Array2::zeros((40, 50));
    matmul(&pool, &mut workspace, a.view(), Array2::ones((70, 50)).view(), Start::Zero, c.view_mut());
    for (row, values) in c.rows().into_iter().enumerate() {
        match row {
            3 => assert!(values.iter().all(|x| x.is_nan())),
            5 => assert!(values.iter().all(|&x| x == f32::INFINITY)),
            _ => assert!(values.iter().all(|&x| x == 70.0)),
        }
    }
}

#[test]
fn reserved_room_is_enough() {
    let pool = pool(2);
    for (m, k, n) in [(64, 784, 256), (256, 64, 784), (64, 256, 784), (1, 7, 100), (100, 7, 1), (33, 1, 65)] {
        let mut workspace = Workspace::<f32>::new();
        workspace.reserve(m, k, n);
        let room = (workspace.right.len(), workspace.left.len());
        for rows in [1, m / 2 + 1, m] {
            for (a, b) in [((rows, k).set_f(true), (k, n).set_f(false)), ((rows, k).set_f(false), (k, n).set_f(true))] {
                let (a, b) = (Array2::zeros(a), Array2::zeros(b));
                matmul(&pool, &mut workspace, a.view(), b.view(), Start::Zero, Array2::zeros((rows, n)).view_mut());
                matmul(&pool, &mut workspace, b.t(), a.t(), Start::Zero, Array2::zeros((n, rows)).view_mut());
            }
        }
        assert_eq!((workspace.right.len(), workspace.left.len()), room);
    }
}
