//! Histograms as `TensorBoard` has them: how many values are between growing limits.

use std::sync::LazyLock;

use super::message::{field, push_double, push_doubles};

/// Factor between the limits of two buckets.
const GROWTH: f64 = 1.1;

/// Least absolute value that has a bucket of its own.
const LEAST: f64 = 1e-12;

/// Bits of a number that don't choose its cell. Those that do are the exponent and the first five of the fraction, so
/// that the values of a cell differ by less than [`GROWTH`].
const BITS_WITHIN_CELL: u32 = 47;

/// More limits than there are below the largest number.
const MAX_LIMITS: i32 = 10_000;

static BUCKET_TABLE: LazyLock<BucketTable> = LazyLock::new(BucketTable::new);

/// Finds buckets without a logarithm: a network has a million weights, and training waits.
#[derive(Debug)]
struct BucketTable {
    /// Lower limit of bucket 1, then of 2, up to the largest finite one.
    limits: Vec<f64>,
    /// For each cell from that of [`LEAST`] on, how many limits are not above its least value.
    limits_below_cell: Vec<u16>,
}

impl BucketTable {
    fn new() -> Self {
        let limits: Vec<f64> =
            (0..MAX_LIMITS).map(|number| LEAST * GROWTH.powi(number)).take_while(|limit| limit.is_finite()).collect();
        let cells = cell_of(LEAST)..=cell_of(f64::MAX);
        let least_value = |cell: u64| f64::from_bits(cell << BITS_WITHIN_CELL);
        let limits_below_cell =
            cells.map(|cell| limits.partition_point(|limit| *limit <= least_value(cell)) as u16).collect();
        Self { limits, limits_below_cell }
    }

    /// The bucket of a finite value: 0 around zero, then 1, 2 and so on, and -1, -2 and so on for negative ones.
    fn bucket_of(&self, value: f64) -> isize {
        let size = value.abs();
        if size < LEAST {
            return 0;
        }
        let below = usize::from(self.limits_below_cell[(cell_of(size) - cell_of(LEAST)) as usize]);
        // A cell has at most one limit in it.
        let number = below + usize::from(self.limits.get(below).is_some_and(|limit| size >= *limit));
        if value > 0.0 { number.cast_signed() } else { -number.cast_signed() }
    }

    fn upper_limit(&self, bucket: isize) -> f64 {
        let limit = |at: usize| self.limits.get(at).copied().unwrap_or(f64::INFINITY);
        if bucket >= 0 { limit(bucket as usize) } else { -limit((-bucket - 1) as usize) }
    }
}

fn cell_of(size: f64) -> u64 {
    size.to_bits() >> BITS_WITHIN_CELL
}

/// Appends a `HistogramProto` of those values that are finite.
pub fn push_histogram(out: &mut Vec<u8>, values: &mut dyn Iterator<Item = f64>) {
    let table = &*BUCKET_TABLE;
    let (mut least, mut largest) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut count, mut sum, mut squares) = (0_u64, 0.0, 0.0);
    // From the negative values of the largest size to the positive ones.
    let largest_bucket = table.limits.len().cast_signed();
    let mut counts = vec![0_u64; 2 * table.limits.len() + 1];
    for value in values.filter(|value| value.is_finite()) {
        (least, largest) = (least.min(value), largest.max(value));
        (count, sum, squares) = (count + 1, sum + value, squares + value * value);
        counts[(table.bucket_of(value) + largest_bucket) as usize] += 1;
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
            limits.push(table.upper_limit(bucket - 1));
            buckets.push(0.0);
        }
        limits.push(table.upper_limit(bucket));
        buckets.push(count as f64);
        next = Some(bucket + 1);
    }
    push_doubles(out, field::HISTOGRAM_LIMITS, &limits);
    push_doubles(out, field::HISTOGRAM_BUCKETS, &buckets);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{BUCKET_TABLE, GROWTH, LEAST};

    proptest! {
        #[test]
        fn a_bucket_holds_its_values(bits in any::<u64>(), power in -14.0..14.0_f64) {
            let table = &*BUCKET_TABLE;
            for value in [f64::from_bits(bits), 10_f64.powf(power), -10_f64.powf(power)] {
                if value.is_finite() {
                    let bucket = table.bucket_of(value);
                    let (below, above) = (table.upper_limit(bucket - 1), table.upper_limit(bucket));
                    // Limits belong to the bucket that is farther from zero.
                    let within = if value > 0.0 { below <= value && value < above } else { below < value && value <= above };
                    assert!(within || value.abs() < LEAST && bucket == 0, "{value}: {bucket}, {below} to {above}");
                }
            }
        }
    }

    #[test]
    fn limits_belong_to_the_bucket_that_they_begin() {
        let table = &*BUCKET_TABLE;
        for (at, &limit) in table.limits.iter().enumerate() {
            let bucket = at.cast_signed() + 1;
            assert_eq!([limit, -limit, limit * 1.05].map(|value| table.bucket_of(value)), [bucket, -bucket, bucket]);
            assert_eq!(table.bucket_of(limit.next_down()), bucket - 1);
        }
        assert!(table.limits.windows(2).all(|pair| (pair[1] / pair[0] - GROWTH).abs() < 1e-9));
    }
}
