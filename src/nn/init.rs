//! How weights and biases begin.
//!
//! Values are drawn in `f64` and then converted, so that an `f32` and an `f64` network of one seed agree.

use std::{fmt, str::FromStr};

use super::{
    ParseError,
    notation::{misspelling_error, parse_finite},
};
use crate::{
    random::{Purpose, Stream, stream},
    text::exact,
};

/// The distribution of initial weights. Biases begin at 0 but for [`Init::PyTorch`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Init {
    /// `pytorch`: weights and biases uniform in ±1/√`fan_in`, as `PyTorch`'s `nn.Linear` and `nn.Conv2d` begin.
    #[default]
    PyTorch,
    /// `he`: normal with variance 2/`fan_in` (He et al. 2015, equation 10).
    He,
    /// `xavier`: uniform in ±√(6/(`fan_in` + `fan_out`)) (Glorot and Bengio 2010, equation 16).
    Xavier,
    /// `normal STD`: normal with that standard deviation.
    Normal {
        /// Standard deviation, finite and not negative.
        std: f64,
    },
}

const INIT_FORMS: [(&str, &str); 4] =
    [("pytorch", "pytorch"), ("he", "he"), ("xavier", "xavier"), ("normal", "normal STD")];

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::PyTorch => f.write_str("pytorch"),
            Self::He => f.write_str("he"),
            Self::Xavier => f.write_str("xavier"),
            Self::Normal { std } => write!(f, "normal {}", exact(std)),
        }
    }
}

impl FromStr for Init {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["pytorch"] => Ok(Self::PyTorch),
            ["he"] => Ok(Self::He),
            ["xavier"] => Ok(Self::Xavier),
            ["normal", std] => match parse_finite("standard deviation", std)? {
                std if std >= 0.0 => Ok(Self::Normal { std }),
                std => Err(ParseError(format!("a standard deviation is not negative, but this is {std}"))),
            },
            _ => {
                Err(misspelling_error("initialisation", text, words.first().copied().unwrap_or_default(), &INIT_FORMS))
            }
        }
    }
}

/// Draws the initial values of the layer with a number: first all weights, then all biases.
pub(super) struct InitialDraw {
    stream: Stream,
    init: Init,
    fan_in: f64,
    fan_out: f64,
}

impl InitialDraw {
    pub(super) fn new(init: Init, seed: u64, number: usize, fan_in: usize, fan_out: usize) -> Self {
        let stream = stream(seed, Purpose::Init, number as u64);
        Self { stream, init, fan_in: fan_in as f64, fan_out: fan_out as f64 }
    }

    pub(super) fn draw_weight(&mut self) -> f64 {
        match self.init {
            Init::PyTorch => self.draw_symmetric(1.0 / self.fan_in.sqrt()),
            Init::He => self.stream.normal() * (2.0 / self.fan_in).sqrt(),
            Init::Xavier => self.draw_symmetric((6.0 / (self.fan_in + self.fan_out)).sqrt()),
            Init::Normal { std } => self.stream.normal() * std,
        }
    }

    pub(super) fn draw_bias(&mut self) -> f64 {
        match self.init {
            Init::PyTorch => self.draw_symmetric(1.0 / self.fan_in.sqrt()),
            Init::He | Init::Xavier | Init::Normal { .. } => 0.0,
        }
    }

    /// Uniform in [-bound, bound).
    fn draw_symmetric(&mut self, bound: f64) -> f64 {
        (2.0 * self.stream.uniform() - 1.0) * bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_init_agree_both_ways() {
        for text in ["pytorch", "he", "xavier", "normal 1e-4", "normal 0.5", "normal 0"] {
            assert_eq!(text.parse::<Init>().unwrap().to_string(), text);
        }
        let error = |text: &str| text.parse::<Init>().unwrap_err().to_string();
        assert_eq!(error("normal"), "`normal` is not a valid initialisation; write `normal STD`");
        assert_eq!(error("normal -1"), "a standard deviation is not negative, but this is -1");
        assert!(error("xaver").contains("did you mean `xavier`?"), "{}", error("xaver"));
        assert!(error("").contains("valid: `pytorch`, `he`, `xavier`, `normal STD`"));
    }

    #[test]
    fn draws_have_the_stated_deviation_and_bounds() {
        // Deviation of a uniform variable in ±b is b/√3.
        let (fan_in, fan_out) = (300, 500);
        for (init, deviation, bound) in [
            (Init::PyTorch, 1.0 / 900_f64.sqrt(), 1.0 / 300_f64.sqrt()),
            (Init::He, (2.0 / 300_f64).sqrt(), f64::INFINITY),
            (Init::Xavier, (2.0 / 800_f64).sqrt(), (6.0 / 800_f64).sqrt()),
            (Init::Normal { std: 0.25 }, 0.25, f64::INFINITY),
        ] {
            let mut draw = InitialDraw::new(init, 7, 0, fan_in, fan_out);
            let values: Vec<f64> = (0..100_000).map(|_| draw.draw_weight()).collect();
            let mean = values.iter().sum::<f64>() / 1e5;
            let variance = values.iter().map(|x| x * x).sum::<f64>() / 1e5;
            assert!(mean.abs() < 0.02 * deviation, "{init}: mean {mean}");
            assert!((variance.sqrt() / deviation - 1.0).abs() < 0.01, "{init}: deviation {}", variance.sqrt());
            assert!(values.iter().all(|x| x.abs() <= bound), "{init}");
            assert_eq!(draw.draw_bias() == 0.0, init != Init::PyTorch, "{init}");
        }
    }
}
