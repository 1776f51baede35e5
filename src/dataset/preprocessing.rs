//! What is done to a pixel before the network sees it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What is done to every pixel, a byte, before it enters the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Preprocessing {
    /// Nothing: 0 to 255.
    None,
    /// Division by 255: 0 to 1.
    Scale,
    /// `(x − μ)/σ` with the mean and the standard deviation of all pixels of the training set.
    #[default]
    Standardize,
}

impl Preprocessing {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::None, Self::Scale, Self::Standardize];

    /// Its word in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Scale => "scale",
            Self::Standardize => "standardize",
        }
    }
}

impl fmt::Display for Preprocessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The word names no kind of preprocessing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown preprocessing; valid: none, scale, standardize")]
pub struct UnknownPreprocessing;

impl FromStr for Preprocessing {
    type Err = UnknownPreprocessing;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == word).ok_or(UnknownPreprocessing)
    }
}

/// What each of the 256 bytes becomes; `train` holds the pixels of the training set, at least one.
pub(super) fn byte_table(preprocessing: Preprocessing, train: &[u8]) -> [f32; 256] {
    let (mean, deviation) = match preprocessing {
        Preprocessing::None => (0.0, 1.0),
        Preprocessing::Scale => (0.0, 255.0),
        Preprocessing::Standardize => moments(train),
    };
    std::array::from_fn(|byte| ((byte as f64 - mean) / deviation) as f32)
}

/// Mean and (biased) standard deviation; the deviation of constant pixels counts as 1, so that they become 0.
///
/// Counting bytes keeps the sums exact: the result does not depend on an order of summation.
fn moments(pixels: &[u8]) -> (f64, f64) {
    let mut counts = [0_u64; 256];
    for &pixel in pixels {
        counts[pixel as usize] += 1;
    }
    let total = pixels.len() as f64;
    let mean = (0..).zip(counts).map(|(byte, count)| byte * count).sum::<u64>() as f64 / total;
    let squares: f64 = (0_u32..).zip(counts).map(|(byte, count)| (f64::from(byte) - mean).powi(2) * count as f64).sum();
    let deviation = (squares / total).sqrt();
    (mean, if deviation > 0.0 { deviation } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_round_trip() {
        for kind in Preprocessing::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!("Scale".parse::<Preprocessing>(), Err(UnknownPreprocessing));
    }

    #[test]
    fn standardized_pixels_have_mean_zero_and_deviation_one() {
        let pixels: Vec<u8> = (0..10_000_u32).map(|i| (i * i % 251) as u8).collect();
        let table = byte_table(Preprocessing::Standardize, &pixels);
        let values: Vec<f64> = pixels.iter().map(|&pixel| f64::from(table[pixel as usize])).collect();
        let mean = values.iter().sum::<f64>() / 1e4;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 1e4;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
    }

    #[test]
    fn constant_pixels_become_zero_and_not_infinite() {
        assert_eq!(byte_table(Preprocessing::Standardize, &[7; 30])[7], 0.0);
        assert!(byte_table(Preprocessing::Standardize, &[7; 30]).iter().all(|value| value.is_finite()));
    }

    #[test]
    fn scaling_maps_255_to_1_and_none_changes_nothing() {
        let scaled = byte_table(Preprocessing::Scale, &[0]);
        assert_eq!((scaled[0], scaled[51], scaled[255]), (0.0, 0.2, 1.0));
        assert_eq!(byte_table(Preprocessing::None, &[0])[200], 200.0);
    }
}
