//! Histograms as `TensorBoard` has them: how many values are between growing limits.

use std::sync::LazyLock;

use super::message::{field, push_double, push_doubles};

/// Factor between the limits of two buckets.
const GROWTH: f64 = 1.1;

/// Least absolute value that has a bucket of its own.
const LEAST: f64 = 1e-12;

/// More limits than there are below the largest number.
const MAX_LIMITS: i32 = 10_000;

/// Lower limit of bucket 1, then of 2, up to the largest finite one.
static LIMITS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    (0..MAX_LIMITS).map(|number| LEAST * GROWTH.powi(number)).take_while(|limit| limit.is_finite()).collect()
});

/// The bucket of a finite value: 0 around zero, then 1, 2 and so on, and -1, -2 and so on for negative ones.
fn bucket_of(value: f64) -> isize {
    let number = LIMITS.partition_point(|limit| *limit <= value.abs()).cast_signed();
    if value > 0.0 { number } else { -number }
}

/// Where a bucket ends and the next one begins.
fn upper_limit(bucket: isize) -> f64 {
    let limit = |at: usize| LIMITS.get(at).copied().unwrap_or(f64::INFINITY);
    if bucket >= 0 { limit(bucket as usize) } else { -limit((-bucket - 1) as usize) }
}

/// Appends a `HistogramProto` of those values that are finite.
pub fn push_histogram(out: &mut Vec<u8>, values: &mut dyn Iterator<Item = f64>) {
    let (mut least, mut largest) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut count, mut sum, mut squares) = (0_u64, 0.0, 0.0);
    // From the negative values of the largest size to the positive ones.
    let largest_bucket = LIMITS.len().cast_signed();
    let mut counts = vec![0_u64; 2 * LIMITS.len() + 1];
    for value in values.filter(|value| value.is_finite()) {
        (least, largest) = (least.min(value), largest.max(value));
        (count, sum, squares) = (count + 1, sum + value, squares + value * value);
        counts[(bucket_of(value) + largest_bucket) as usize] += 1;
    }
    if count == 0 {
        (least, largest) = (0.0, 0.0);
    }
    push_double(out, field::HISTOGRAM_MIN, least);
    push_double(out, field::HISTOGRAM_MAX, largest);
    push_double(out, field::HISTOGRAM_COUNT, count as f64);
    push_double(out, field::HISTOGRAM_SUM, sum);
    push_double(out, field::HISTOGRAM_SUM_SQUARES, squares);
    let (mut limits, mut buckets) = (Vec::new(), Vec::new());
    let mut next = None;
    for (bucket, &count) in (-largest_bucket..).zip(&counts).filter(|(_, count)| **count > 0) {
        // A gap is one empty bucket up to where the next one begins.
        if next.is_some_and(|next| next != bucket) {
            limits.push(upper_limit(bucket - 1));
            buckets.push(0.0);
        }
        limits.push(upper_limit(bucket));
        buckets.push(count as f64);
        next = Some(bucket + 1);
    }
    push_doubles(out, field::HISTOGRAM_LIMITS, &limits);
    push_doubles(out, field::HISTOGRAM_BUCKETS, &buckets);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{GROWTH, LEAST, LIMITS, bucket_of, upper_limit};

    proptest! {
        #[test]
        fn a_bucket_holds_its_values(bits in any::<u64>(), power in -14.0..14.0_f64) {
            for value in [f64::from_bits(bits), 10_f64.powf(power), -10_f64.powf(power)] {
                if value.is_finite() {
                    let bucket = bucket_of(value);
                    let (below, above) = (upper_limit(bucket - 1), upper_limit(bucket));
                    // Limits belong to the bucket that is farther from zero.
                    let within = if value > 0.0 { below <= value && value < above } else { below < value && value <= above };
                    assert!(within || value.abs() < LEAST && bucket == 0, "{value}: {bucket}, {below} to {above}");
                }
            }
        }
    }

    #[test]
    fn limits_belong_to_the_bucket_that_they_begin() {
        for (at, &limit) in LIMITS.iter().enumerate() {
            let bucket = at.cast_signed() + 1;
            assert_eq!([limit, -limit, limit * 1.05].map(bucket_of), [bucket, -bucket, bucket]);
            assert_eq!(bucket_of(limit.next_down()), bucket - 1);
        }
        assert!(LIMITS.windows(2).all(|pair| (pair[1] / pair[0] - GROWTH).abs() < 1e-9));
    }
}
