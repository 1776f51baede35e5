//! The plain description of a network, and its compact text as in `config.toml`.

use std::{fmt, str::FromStr};

use super::{Init, ParseError};
use crate::text::{Safe, nearest};

/// Shape of one sample: `[784]`, `[3, 32, 32]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// The shape with these dimensions.
    pub fn new(dimensions: impl Into<Vec<usize>>) -> Self {
        Self(dimensions.into())
    }

    /// Its dimensions, outermost first.
    pub fn dimensions(&self) -> &[usize] {
        &self.0
    }

    /// Number of values in a sample: the product of the dimensions, saturating.
    pub fn features(&self) -> usize {
        self.0.iter().fold(1, |product: usize, &d| product.saturating_mul(d))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// A network as one writes it down: its layers in the order of the forward pass, and how its weights begin.
///
/// The last layer gives the logits, one for each class; softmax and cross entropy follow by themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSpec {
    /// The layers.
    pub layers: Vec<LayerSpec>,
    /// How weights and biases are drawn.
    pub init: Init,
}

/// One layer as one writes it down. Its text is the kind and its settings: `linear 256`, `dropout 0.2`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LayerSpec {
    /// `linear UNITS`: y = x Wᵀ + b.
    Linear {
        /// Number of outputs, at least 1.
        units: usize,
    },
    /// `relu`: max(x, 0).
    Relu,
    /// `leaky_relu [SLOPE]`: x where it is positive, SLOPE·x elsewhere; 0.01 unless given.
    LeakyRelu {
        /// Slope for negative inputs, from 0 to 1.
        slope: f64,
    },
    /// `tanh`.
    Tanh,
    /// `sigmoid`: 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// `dropout PROBABILITY`: while training, zeroes a value with that probability and scales the others up.
    Dropout {
        /// Probability of zeroing a value, from 0 to below 1.
        probability: f64,
    },
}

/// How a layer is written, for error messages.
const KINDS: [(&str, &str); 6] = [
    ("linear", "linear UNITS"),
    ("relu", "relu"),
    ("leaky_relu", "leaky_relu SLOPE"),
    ("tanh", "tanh"),
    ("sigmoid", "sigmoid"),
    ("dropout", "dropout PROBABILITY"),
];

impl LayerSpec {
    /// The kind alone: `linear`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Linear { .. } => "linear",
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky_relu",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Dropout { .. } => "dropout",
        }
    }
}

impl fmt::Display for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match *self {
            Self::Linear { units } => write!(f, " {units}"),
            Self::LeakyRelu { slope } => write!(f, " {}", number(slope)),
            Self::Dropout { probability } => write!(f, " {}", number(probability)),
            Self::Relu | Self::Tanh | Self::Sigmoid => Ok(()),
        }
    }
}

impl FromStr for LayerSpec {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut words = text.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let setting = words.next();
        let spec = match (kind, setting) {
            ("linear", Some(units)) => Self::Linear {
                units: units.parse().map_err(|_| {
                    ParseError(format!("`{}` is not a number of units; write `linear 256`", Safe(units)))
                })?,
            },
            ("relu", None) => Self::Relu,
            ("leaky_relu", None) => Self::LeakyRelu { slope: 0.01 },
            ("leaky_relu", Some(slope)) => Self::LeakyRelu { slope: finite("slope", slope)? },
            ("tanh", None) => Self::Tanh,
            ("sigmoid", None) => Self::Sigmoid,
            ("dropout", Some(probability)) => Self::Dropout { probability: finite("probability", probability)? },
            _ => return Err(misspelt("layer", text, kind, &KINDS)),
        };
        match words.next() {
            None => Ok(spec),
            Some(_) => Err(misspelt("layer", text, kind, &KINDS)),
        }
    }
}

/// The error for `text`: how its kind is written, or else the nearest kind and all valid ones.
pub(super) fn misspelt(what: &str, text: &str, kind: &str, kinds: &[(&str, &str)]) -> ParseError {
    if let Some((_, form)) = kinds.iter().find(|(name, _)| *name == kind) {
        return ParseError(format!("`{}` is not a valid {what}; write `{form}`", Safe(text)));
    }
    let forms: Vec<String> = kinds.iter().map(|(_, form)| format!("`{form}`")).collect();
    let hint = match nearest(kind, kinds.iter().map(|(name, _)| *name)) {
        Some(near) => format!("did you mean `{near}`? "),
        None => String::new(),
    };
    ParseError(format!("`{}` is not a {what}; {hint}valid: {}", Safe(text), forms.join(", ")))
}

/// Reads a finite number called `name`.
pub(super) fn finite(name: &str, text: &str) -> Result<f64, ParseError> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(ParseError(format!("`{}` is not a number for the {name}", Safe(text)))),
    }
}

/// A number as people write it: `0.2`, `1e-4`; reading it gives the same number again.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) { value.to_string() } else { format!("{value:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_layer_agree_both_ways() {
        for text in ["linear 256", "relu", "leaky_relu 0.01", "tanh", "sigmoid", "dropout 0.2", "leaky_relu 1e-5"] {
            assert_eq!(text.parse::<LayerSpec>().unwrap().to_string(), text);
        }
        assert_eq!(" leaky_relu ".parse(), Ok(LayerSpec::LeakyRelu { slope: 0.01 }));
    }

    #[test]
    fn errors_say_what_is_valid() {
        let error = |text: &str| text.parse::<LayerSpec>().unwrap_err().to_string();
        assert_eq!(error("linear"), "`linear` is not a valid layer; write `linear UNITS`");
        assert_eq!(error("relu 3"), "`relu 3` is not a valid layer; write `relu`");
        assert_eq!(error("linear 3 4"), "`linear 3 4` is not a valid layer; write `linear UNITS`");
        assert_eq!(error("linear -3"), "`-3` is not a number of units; write `linear 256`");
        assert_eq!(error("dropout NaN"), "`NaN` is not a number for the probability");
        assert_eq!(
            error("sigmoyd"),
            "`sigmoyd` is not a layer; did you mean `sigmoid`? valid: `linear UNITS`, `relu`, `leaky_relu SLOPE`, \
             `tanh`, `sigmoid`, `dropout PROBABILITY`"
        );
        assert!(error("").contains("valid: `linear UNITS`"));
        assert!(!error("\u{1b}]52;c;A\u{7}").contains('\u{1b}'));
    }
}
