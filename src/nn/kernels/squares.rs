//! Squares of values, transposed, as large as the vectors of each instruction set.
#![allow(unsafe_code)]

/// Reads a square of LANES rows and columns and writes its columns as rows. Arguments: its first value, the distance of
/// its rows, where the first column goes, and the distance of what is written.
///
/// # Safety
///
/// All of it must be valid to read or write, what is written must not be used by others meanwhile, and the processor
/// must have the instructions.
pub type TransposeSquare<T> = unsafe fn(*const T, isize, *mut T, usize);

/// Value by value.
///
/// # Safety
///
/// See [`TransposeSquare`].
pub(super) unsafe fn transpose_square<T: Copy, const LANES: usize>(
    from: *const T,
    row: isize,
    to: *mut T,
    to_row: usize,
) {
    for i in 0..LANES {
        for j in 0..LANES {
            // SAFETY: the caller promises both squares.
            unsafe { *to.add(j * to_row + i) = *from.offset(i as isize * row).add(j) };
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use std::arch::x86_64::{
        __m256, __m512, _mm256_castpd_ps, _mm256_castps_pd, _mm256_loadu_ps, _mm256_permute2f128_ps, _mm256_setzero_ps,
        _mm256_storeu_ps, _mm256_unpackhi_pd, _mm256_unpackhi_ps, _mm256_unpacklo_pd, _mm256_unpacklo_ps,
        _mm512_castpd_ps, _mm512_castps_pd, _mm512_loadu_ps, _mm512_setzero_ps, _mm512_shuffle_f32x4, _mm512_storeu_ps,
        _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
    };

    /// 16 × 16 values: squares of 4 × 4 within the quarters of the vectors, then the quarters.
    ///
    /// # Safety
    ///
    /// See [`super::TransposeSquare`].
    #[target_feature(enable = "avx512f")]
    pub(in super::super) unsafe fn avx512_f32_transpose(from: *const f32, row: isize, to: *mut f32, to_row: usize) {
        let mut rows = [_mm512_setzero_ps(); 16];
        for (i, value) in (0..).zip(&mut rows) {
            // SAFETY: the caller promises 16 rows of 16 values.
            *value = unsafe { _mm512_loadu_ps(from.offset(i * row)) };
        }
        // Four rows become four vectors; each quarter of vector j holds column 4q + j of these four rows.
        let mut fours = [_mm512_setzero_ps(); 16];
        for (rows, fours) in rows.as_chunks::<4>().0.iter().zip(fours.as_chunks_mut::<4>().0) {
            *fours = four(*rows);
        }
        for j in 0..4 {
            let [a, b, c, d]: [__m512; 4] = [fours[j], fours[4 + j], fours[8 + j], fours[12 + j]];
            let (ab_even, ab_odd) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xdd>(a, b));
            let (cd_even, cd_odd) = (_mm512_shuffle_f32x4::<0x88>(c, d), _mm512_shuffle_f32x4::<0xdd>(c, d));
            let columns = [
                _mm512_shuffle_f32x4::<0x88>(ab_even, cd_even),
                _mm512_shuffle_f32x4::<0x88>(ab_odd, cd_odd),
                _mm512_shuffle_f32x4::<0xdd>(ab_even, cd_even),
                _mm512_shuffle_f32x4::<0xdd>(ab_odd, cd_odd),
            ];
            for (quarter, column) in columns.into_iter().enumerate() {
                // SAFETY: the caller promises room for 16 rows of 16 values.
                unsafe { _mm512_storeu_ps(to.add((4 * quarter + j) * to_row), column) };
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    fn four([a, b, c, d]: [__m512; 4]) -> [__m512; 4] {
        let pair = |low: __m512, high: __m512| {
            let (low, high) = (_mm512_castps_pd(low), _mm512_castps_pd(high));
            [_mm512_castpd_ps(_mm512_unpacklo_pd(low, high)), _mm512_castpd_ps(_mm512_unpackhi_pd(low, high))]
        };
        let [first, second] = pair(_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d));
        let [third, fourth] = pair(_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d));
        [first, second, third, fourth]
    }

    /// 8 × 8 values: squares of 4 × 4 within the halves of the vectors, then the halves.
    ///
    /// # Safety
    ///
    /// See [`super::TransposeSquare`].
    #[target_feature(enable = "avx2")]
    pub(in super::super) unsafe fn avx2_f32_transpose(from: *const f32, row: isize, to: *mut f32, to_row: usize) {
        let mut rows = [_mm256_setzero_ps(); 8];
        for (i, value) in (0..).zip(&mut rows) {
            // SAFETY: the caller promises 8 rows of 8 values.
            *value = unsafe { _mm256_loadu_ps(from.offset(i * row)) };
        }
        let [a, b, c, d, e, f, g, h] = rows;
        let (upper, lower) = (four_of_eight([a, b, c, d]), four_of_eight([e, f, g, h]));
        for (j, (upper, lower)) in upper.into_iter().zip(lower).enumerate() {
            // SAFETY: the caller promises room for 8 rows of 8 values.
            unsafe {
                _mm256_storeu_ps(to.add(j * to_row), _mm256_permute2f128_ps::<0x20>(upper, lower));
                _mm256_storeu_ps(to.add((4 + j) * to_row), _mm256_permute2f128_ps::<0x31>(upper, lower));
            }
        }
    }

    #[target_feature(enable = "avx2")]
    fn four_of_eight([a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
        let pair = |low: __m256, high: __m256| {
            let (low, high) = (_mm256_castps_pd(low), _mm256_castps_pd(high));
            [_mm256_castpd_ps(_mm256_unpacklo_pd(low, high)), _mm256_castpd_ps(_mm256_unpackhi_pd(low, high))]
        };
        let [first, second] = pair(_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
        let [third, fourth] = pair(_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
        [first, second, third, fourth]
    }
}
