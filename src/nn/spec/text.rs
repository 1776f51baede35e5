//! Layers as text: `linear 256`, `conv 64 3x3 pad 1`, `residual [conv 64 3x3 pad 1, batchnorm]`.

use std::{fmt, str::FromStr};

use super::{LayerSpec, words};
use crate::{
    nn::{
        LAYER_FORMS, Padding, ParseError,
        layers::activation::{ACTIVATIONS, ActivationSpec},
        notation::{misspelling_error, parse_finite},
    },
    text::{Safe, exact},
};

impl fmt::Display for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::Linear { units } => write!(f, " {units}"),
            Self::LinearClasses => f.write_str(" classes"),
            Self::Conv { channels, kernel: (height, width), stride, pad } => {
                write!(f, " {channels} {height}x{width}")?;
                write_movement(f, (*stride, 1), *pad)
            }
            Self::MaxPool { size, stride, pad } | Self::AvgPool { size, stride, pad } => {
                write!(f, " {size}")?;
                write_movement(f, (*stride, *size), (*pad).into())
            }
            Self::Activation(activation) => match activation.setting() {
                Some((_, value)) => write!(f, " {}", exact(value)),
                None => Ok(()),
            },
            Self::Dropout { probability } => write!(f, " {}", exact(*probability)),
            Self::Residual { layers } => {
                let layers: Vec<String> = layers.iter().map(ToString::to_string).collect();
                write!(f, " [{}]", layers.join(", "))
            }
            Self::BatchNorm | Self::GlobalAvgPool | Self::Flatten => Ok(()),
        }
    }
}

/// Writes what differs from the usual stride and from no padding.
fn write_movement(f: &mut fmt::Formatter<'_>, (stride, usual): (usize, usize), pad: Padding) -> fmt::Result {
    if stride != usual {
        write!(f, " stride {stride}")?;
    }
    if pad == Padding::NONE { Ok(()) } else { write!(f, " pad {pad}") }
}

impl FromStr for LayerSpec {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (kind, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        if kind == "residual" {
            return parse_residual(text, rest.trim());
        }
        let settings: Vec<&str> = rest.split_whitespace().collect();
        let malformed = || words::unreadable_layer(text, kind, rest);
        Ok(match (kind, &settings[..]) {
            ("linear", [] | ["classes"]) => Self::LinearClasses,
            ("linear", [units]) => Self::Linear { units: parse_units(units)? },
            ("conv", [channels, kernel, moves @ ..]) => {
                let channels = parse_count("channels", channels, "conv 64 3x3")?;
                let WindowMovement { stride, pad } = WindowMovement::parse(moves).ok_or_else(malformed)?;
                Self::Conv { channels, kernel: parse_kernel_size(kernel)?, stride: stride.unwrap_or(1), pad }
            }
            ("maxpool", [size, moves @ ..]) => {
                let size = parse_count("rows and columns", size, "maxpool 2")?;
                let (stride, pad) = WindowMovement::parse(moves).ok_or_else(malformed)?.for_pooling(text, size)?;
                Self::MaxPool { size, stride, pad }
            }
            ("avgpool", [size, moves @ ..]) => {
                let size = parse_count("rows and columns", size, "avgpool 2")?;
                let (stride, pad) = WindowMovement::parse(moves).ok_or_else(malformed)?.for_pooling(text, size)?;
                Self::AvgPool { size, stride, pad }
            }
            ("batchnorm", []) => Self::BatchNorm,
            ("global_avgpool", []) => Self::GlobalAvgPool,
            ("flatten", []) => Self::Flatten,
            ("dropout", [probability]) => Self::Dropout { probability: parse_finite("probability", probability)? },
            _ => Self::Activation(parse_activation(kind, &settings)?.ok_or_else(malformed)?),
        })
    }
}

/// Reads an activation and its setting; `None` if there is none of that kind or the settings are too few or too many.
fn parse_activation(kind: &str, settings: &[&str]) -> Result<Option<ActivationSpec>, ParseError> {
    let Some(entry) = ACTIVATIONS.iter().find(|entry| entry.facts.name == kind) else { return Ok(None) };
    let value = match (entry.setting, settings) {
        (None, []) => Some(0.0),
        (Some(setting), []) => setting.default,
        (Some(setting), [text]) => Some(parse_finite(setting.name, text)?),
        _ => None,
    };
    Ok(value.map(entry.from_setting))
}

/// Reads `[LAYER, …]`, which stands after `residual` in `text`.
fn parse_residual(text: &str, list: &str) -> Result<LayerSpec, ParseError> {
    let Some(list) = list.strip_prefix('[').and_then(|list| list.strip_suffix(']')) else {
        return Err(misspelling_error("layer", text, "residual", &LAYER_FORMS));
    };
    let mut layers = Vec::new();
    for part in split_layers(list) {
        let part = part.trim();
        if part.split_whitespace().next() == Some("residual") {
            return Err(ParseError("a residual block can't hold another one; write them one after the other".into()));
        }
        let layer = part.parse().map_err(|ParseError(message)| ParseError(format!("in `residual`: {message}")))?;
        layers.push(layer);
    }
    Ok(LayerSpec::Residual { layers })
}

/// The parts between the commas of a list of layers, except those within brackets.
pub fn split_layers(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in list.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}

/// How a window moves.
struct WindowMovement {
    stride: Option<usize>,
    pad: Padding,
}

impl WindowMovement {
    /// Reads `[stride N] [pad N|HxW|same]` in either order.
    fn parse(words: &[&str]) -> Option<Self> {
        let (mut stride, mut pad) = (None, None);
        for pair in words.chunks(2) {
            let known = match *pair {
                ["stride", value] => stride.replace(value.parse().ok()?).is_none(),
                ["pad", value] => pad.replace(parse_padding(value)?).is_none(),
                _ => false,
            };
            known.then_some(())?;
        }
        Some(Self { stride, pad: pad.unwrap_or(Padding::NONE) })
    }

    /// Stride and padding of the pooling layer `text`, whose window has this size.
    fn for_pooling(self, text: &str, size: usize) -> Result<(usize, (usize, usize)), ParseError> {
        let Padding::Zeros { rows, columns } = self.pad else {
            return Err(ParseError(format!(
                "`{}` is not a valid layer: `pad same` is for convolutions; write `pad N` or `pad HxW` with numbers",
                Safe(text.trim())
            )));
        };
        Ok((self.stride.unwrap_or(size), (rows, columns)))
    }
}

/// Reads `N`, `HxW` or `same`.
fn parse_padding(text: &str) -> Option<Padding> {
    if text == "same" {
        return Some(Padding::Same);
    }
    parse_pair(text).or_else(|| text.parse().ok().map(|all| (all, all))).map(Padding::from)
}

/// Reads `HxW`.
fn parse_pair(text: &str) -> Option<(usize, usize)> {
    let (height, width) = text.split_once('x')?;
    Some((height.parse().ok()?, width.parse().ok()?))
}

fn parse_kernel_size(text: &str) -> Result<(usize, usize), ParseError> {
    parse_pair(text).ok_or_else(|| {
        ParseError(format!("`{}` is not the height and width of a kernel; write `conv 64 3x3`", Safe(text)))
    })
}

/// Reads the number of units of a linear layer.
fn parse_units(text: &str) -> Result<usize, ParseError> {
    parse_count("units", text, "linear 256").map_err(|ParseError(message)| {
        ParseError(format!("{message}, or `linear classes` as the last layer, which follows the data"))
    })
}

/// Reads a number of `what`.
fn parse_count(what: &str, text: &str, example: &str) -> Result<usize, ParseError> {
    text.parse().map_err(|_| ParseError(format!("`{}` is not a number of {what}; write `{example}`", Safe(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_layer_agree_both_ways() {
        for text in [
            "linear 256",
            "linear classes",
            "conv 64 3x3",
            "conv 64 3x5 stride 2",
            "conv 64 3x3 pad 1",
            "conv 8 1x1 stride 2 pad 3",
            "conv 64 3x5 pad 1x2",
            "conv 64 3x1 stride 2 pad 1x0",
            "conv 64 4x3 pad same",
            "maxpool 3 pad 1x0",
            "avgpool 2 stride 1 pad 0x1",
            "batchnorm",
            "maxpool 3 stride 2 pad 1",
            "maxpool 2",
            "avgpool 4 stride 1",
            "global_avgpool",
            "flatten",
            "relu",
            "leaky_relu 0.01",
            "leaky_relu 1e-5",
            "elu 0.5",
            "gelu",
            "silu",
            "tanh",
            "sigmoid",
            "dropout 0.2",
            "residual [conv 8 3x3 stride 2 pad 1, batchnorm, relu, linear 3]",
        ] {
            assert_eq!(text.parse::<LayerSpec>().unwrap().to_string(), text);
        }
        for (text, canonical) in [
            (" leaky_relu ", "leaky_relu 0.01"),
            ("linear", "linear classes"),
            ("elu", "elu 1"),
            ("conv 4 2x2 pad 1 stride 1", "conv 4 2x2 pad 1"),
            ("maxpool 2 stride 2 pad 0", "maxpool 2"),
            ("conv 4 3x3 pad 1x1", "conv 4 3x3 pad 1"),
            ("conv 4 3x3 pad 0x0", "conv 4 3x3"),
            ("conv 4 3x3 pad same stride 1", "conv 4 3x3 pad same"),
            ("residual [ conv 4 3x3 pad same]", "residual [conv 4 3x3 pad same]"),
            ("residual[relu]", ""),
            ("residual  [ relu ,tanh ]", "residual [relu, tanh]"),
        ] {
            let found = text.parse::<LayerSpec>().map(|layer| layer.to_string());
            assert_eq!(found.unwrap_or_default(), canonical, "{text}");
        }
    }

    #[test]
    fn every_kind_has_a_form() {
        for (kind, form) in LAYER_FORMS {
            let form = form.replace("HEIGHTxWIDTH", "3x3").replace("LAYER, …", "relu");
            let words = ["UNITS", "CHANNELS", "SIZE", "PROBABILITY", "N"].map(str::to_owned);
            let settings =
                ACTIVATIONS.iter().filter_map(|entry| entry.setting).map(|setting| setting.name.to_uppercase());
            let text = settings.chain(words).fold(form, |form, word| form.replace(&word, "1"));
            let Some((before, paddings)) = text.split_once("[stride 1] [pad ") else {
                assert_eq!(text.parse::<LayerSpec>().unwrap().kind(), kind, "{text}");
                continue;
            };
            for padding in paddings.trim_end_matches(']').replace("HxW", "0x1").split('|') {
                let text = format!("{before}stride 1 pad {padding}");
                assert_eq!(text.parse::<LayerSpec>().unwrap().kind(), kind, "{text}");
            }
        }
    }

    #[test]
    fn errors_say_what_is_valid() {
        let error = |text: &str| text.parse::<LayerSpec>().unwrap_err().to_string();
        assert_eq!(error("relu 3"), "`relu 3` is not a valid layer; write `relu`");
        assert_eq!(error("linear 3 4"), "`linear 3 4` is not a valid layer; write `linear UNITS`");
        assert_eq!(
            error("linear -3"),
            "`-3` is not a number of units; write `linear 256`, or `linear classes` as the last layer, which follows the data"
        );
        assert_eq!(
            error("conv 3"),
            "`conv 3` is not a valid layer; write `conv CHANNELS HEIGHTxWIDTH [stride N] [pad N|HxW|same]`"
        );
        assert_eq!(error("conv 3 3"), "`3` is not the height and width of a kernel; write `conv 64 3x3`");
        assert_eq!(error("conv 3 -1x3"), "`-1x3` is not the height and width of a kernel; write `conv 64 3x3`");
        let maxpools =
            ["stride", "stride x", "pad 1 pad 1", "step 2", "pad 1x", "pad x1", "pad 1x1x1", "pad -1", "pad Same"];
        for text in maxpools.map(|moves| format!("maxpool 3 {moves}")) {
            let expected = format!("`{text}` is not a valid layer; write `maxpool SIZE [stride N] [pad N|HxW]`");
            assert_eq!(error(&text), expected);
        }
        assert!(error("conv 3 3x3 pad 1x2x3").contains("[pad N|HxW|same]"));
        assert_eq!(
            error("avgpool 3 stride 1 pad same"),
            "`avgpool 3 stride 1 pad same` is not a valid layer: `pad same` is for convolutions; write `pad N` or `pad HxW` \
             with numbers"
        );
        assert_eq!(error("residual relu"), "`residual relu` is not a valid layer; write `residual [LAYER, …]`");
        assert_eq!(error("residual [relu, tan]").split(';').next().unwrap(), "in `residual`: `tan` is not a layer");
        assert!(error("residual [relu, residual [tanh]]").contains("can't hold another"));
        assert_eq!(error("dropout NaN"), "`NaN` is not a number for the probability");
        let forms: Vec<String> = LAYER_FORMS.iter().map(|(_, form)| format!("`{form}`")).collect();
        assert_eq!(
            error("sigmoyd"),
            format!("`sigmoyd` is not a layer; did you mean `sigmoid`? valid: {}", forms.join(", "))
        );
        assert!(error("").contains("valid: `linear UNITS`"));
        assert!(!error("\u{1b}]52;c;A\u{7}").contains('\u{1b}'));
        assert!(error(&"residual [".repeat(100_000)).len() < 1000);
    }
}
