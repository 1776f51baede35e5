//! Every random number of gradtop: seeded `ChaCha8` streams, one per seed, purpose and index, and own draws from them.
//!
//! The generator's stream is fixed by its specification, and the draws here are our own with golden values, so a
//! seed gives the same run whatever the version of the random-number crate.

use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};

/// What a stream is for; two purposes never share numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights; the index is the layer.
    Init = 1,
    /// Order of the samples; the index is the epoch.
    Shuffle = 2,
    /// Dropout masks; the index is derived from layer and step.
    Dropout = 3,
    /// Directions of the gradient check.
    GradientCheck = 4,
    /// Toy problems and augmentation.
    Data = 5,
}

/// The stream of `seed` for a purpose and an index such as the epoch.
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> Stream {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    key[16..24].copy_from_slice(&index.to_le_bytes());
    Stream { rng: ChaCha8Rng::from_seed(key), spare: None }
}

/// A sequence of random numbers.
#[derive(Debug)]
pub struct Stream {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Stream {
    /// Uniform in [0, 1), in steps of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform 32 bits, the cheapest draw.
    pub fn random_bits(&mut self) -> u32 {
        self.rng.next_u32()
    }

    /// Uniform in `0..bound` without bias (Lemire's multiplication with rejection). `bound` is at least 1.
    pub fn below(&mut self, bound: u32) -> u32 {
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.random_bits()) * u64::from(bound);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// Standard normal (Marsaglia's polar method, both values used).
    pub fn normal(&mut self) -> f64 {
        if let Some(value) = self.spare.take() {
            return value;
        }
        loop {
            let (u, v) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = u * u + v * v;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(v * scale);
                return u * scale;
            }
        }
    }

    /// Puts `items` into a uniformly random order (Fisher–Yates from the end).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u32 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let first = |seed, purpose, index| stream(seed, purpose, index).rng.next_u64();
        let base = first(0, Purpose::Init, 0);
        assert_ne!(base, first(1, Purpose::Init, 0));
        assert_ne!(base, first(0, Purpose::Shuffle, 0));
        assert_ne!(base, first(0, Purpose::Init, 1));
    }

    #[test]
    fn normal_has_the_moments_of_a_normal() {
        let mut stream = stream(3, Purpose::Init, 0);
        let n = 200_000;
        let draws: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
        let moment = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / f64::from(n);
        assert!(moment(1).abs() < 0.01, "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.02, "variance {}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.1, "kurtosis {}", moment(4));
    }

    #[test]
    fn shuffle_is_a_permutation_and_below_covers_its_range() {
        let mut stream = stream(5, Purpose::Shuffle, 9);
        let mut items: Vec<u32> = (0..1000).collect();
        stream.shuffle(&mut items);
        assert_ne!(items, (0..1000).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..1000).collect::<Vec<_>>());
        let mut counts = [0_u32; 7];
        (0..70_000).for_each(|_| counts[stream.below(7) as usize] += 1);
        assert!(counts.iter().all(|&c| (9_500..10_500).contains(&c)), "{counts:?}");
    }

    #[test]
    fn golden_values_never_change() {
        let mut stream = stream(42, Purpose::Data, 7);
        let draws = (stream.random_bits(), stream.below(1000), stream.uniform(), stream.normal());
        let mut order: Vec<u32> = (0..8).collect();
        stream.shuffle(&mut order);
        assert_eq!(
            format!("{draws:?} {order:?}"),
            "(1523246894, 5, 0.9293194531966837, 0.7750955503918866) [6, 2, 0, 3, 1, 7, 5, 4]"
        );
    }
}
