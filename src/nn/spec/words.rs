//! Words that other libraries have for layers, and what is said of a layer that can't be read.

use super::LayerSpec;
use crate::{
    nn::{LAYER_FORMS, ParseError, notation::misspelling_error},
    text::Safe,
};

/// What to write for a word.
#[derive(Clone, Copy, Debug)]
enum WordMeaning {
    /// A layer of this kind, with the same settings.
    Kind(&'static str),
    /// This layer.
    Layer(&'static str),
    /// Nothing, for this reason.
    Nothing(&'static str),
}

use WordMeaning::{Kind, Layer, Nothing};

/// Why there is no layer for the loss.
const LOSS_FOLLOWS: &str = "softmax and cross entropy follow the last layer by themselves";

/// Words for layers, as [`squeeze`] leaves them. A kind's own name in another spelling needs no entry.
const OTHER_WORDS: &[(&str, WordMeaning)] = &[
    ("dense", Kind("linear")),
    ("fc", Kind("linear")),
    ("fullyconnected", Kind("linear")),
    ("affine", Kind("linear")),
    ("convolution", Kind("conv")),
    ("cnn", Kind("conv")),
    ("batchnormalization", Kind("batchnorm")),
    ("bn", Kind("batchnorm")),
    ("maxpooling", Kind("maxpool")),
    ("averagepooling", Kind("avgpool")),
    ("averagepool", Kind("avgpool")),
    ("meanpool", Kind("avgpool")),
    ("globalaveragepooling", Kind("global_avgpool")),
    ("globalaveragepool", Kind("global_avgpool")),
    ("adaptiveavgpool", Kind("global_avgpool")),
    ("gap", Kind("global_avgpool")),
    ("reshape", Kind("flatten")),
    ("view", Kind("flatten")),
    ("swish", Kind("silu")),
    ("logistic", Kind("sigmoid")),
    ("lrelu", Kind("leaky_relu")),
    ("drop", Kind("dropout")),
    ("resblock", Kind("residual")),
    ("skip", Kind("residual")),
    ("output", Layer("linear classes")),
    ("logits", Layer("linear classes")),
    ("classes", Layer("linear classes")),
    ("softmax", Nothing(LOSS_FOLLOWS)),
    ("logsoftmax", Nothing(LOSS_FOLLOWS)),
    ("crossentropy", Nothing(LOSS_FOLLOWS)),
    ("crossentropyloss", Nothing(LOSS_FOLLOWS)),
    ("nllloss", Nothing(LOSS_FOLLOWS)),
    ("input", Nothing("the data are the input of the first layer")),
    ("inputlayer", Nothing("the data are the input of the first layer")),
    ("identity", Nothing("it would change nothing")),
    ("linearactivation", Nothing("it would change nothing")),
];

/// The error for a layer that can't be read: `text`, which begins with the word `kind` and goes on with `rest`.
pub(super) fn unreadable_layer(text: &str, kind: &str, rest: &str) -> ParseError {
    if LAYER_FORMS.iter().any(|(name, _)| *name == kind) {
        return misspelling_error("layer", text, kind, &LAYER_FORMS);
    }
    let (word, settings) = take_apart(kind, rest);
    let shown = Safe(text.trim());
    match meaning(&word) {
        Some(Nothing(reason)) => ParseError(format!("`{shown}` is not a layer: {reason}; leave it out")),
        Some(Layer(layer)) => ParseError(format!("`{shown}` is not a layer; write `{layer}`")),
        Some(Kind(kind)) => ParseError(format!("`{shown}` is not a layer; write `{}`", write_as(kind, &settings))),
        None => misspelling_error("layer", text, &word, &LAYER_FORMS),
    }
}

/// The word and the settings in `Dense(64)`, `linear64` and `64`.
fn take_apart(kind: &str, rest: &str) -> (String, String) {
    let (word, more) = kind.split_once('(').unwrap_or((kind, ""));
    // `nn.ReLU` without the module, but not `dropout0.5` without its number.
    let last = word.rsplit('.').next().filter(|part| part.starts_with(char::is_alphabetic));
    let word = last.unwrap_or(word).to_lowercase();
    let (word, number) = match word.find(|c: char| c.is_ascii_digit()) {
        Some(_) if without_dimension(&word) != word => (word.as_str(), ""),
        Some(0) => ("linear", word.as_str()),
        Some(digit) => word.split_at(digit),
        None => (word.as_str(), ""),
    };
    let settings = format!("{number} {more} {rest}");
    (
        word.to_owned(),
        settings.split([' ', '(', ')', '\t']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
    )
}

/// What a word means that is not the name of a kind as it is written here.
fn meaning(word: &str) -> Option<WordMeaning> {
    let squeezed = squeeze(word);
    let kind = LAYER_FORMS.iter().find(|(name, _)| squeeze(name) == squeezed).map(|(name, _)| Kind(name));
    kind.or_else(|| OTHER_WORDS.iter().find(|(other, _)| *other == squeezed).map(|(_, meaning)| *meaning))
}

/// A layer of a kind with these settings if there is such a one, otherwise how the kind is written.
fn write_as(kind: &str, settings: &str) -> String {
    // What a block holds is left to who writes it: blocks could hold blocks, as many as there is text.
    let layer = (kind != "residual").then(|| format!("{kind} {settings}").parse::<LayerSpec>());
    match layer {
        Some(Ok(layer)) => layer.to_string(),
        _ => LAYER_FORMS.iter().find(|(name, _)| *name == kind).map_or(kind, |(_, form)| form).to_owned(),
    }
}

/// A word without what spellings differ in: `max_pool2d` and `MaxPool` are both `maxpool`.
fn squeeze(word: &str) -> String {
    let word: String = word.to_lowercase().chars().filter(|c| !matches!(c, '_' | '-')).collect();
    without_dimension(&word).to_owned()
}

/// `conv2d` as `conv`.
fn without_dimension(word: &str) -> &str {
    ["1d", "2d", "3d"].iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<LayerSpec>().unwrap_err().to_string()
    }

    #[test]
    fn words_of_other_libraries_are_answered_with_ours() {
        for (text, ours) in [
            ("dense 64", "linear 64"),
            ("fc 64", "linear 64"),
            ("Linear 64", "linear 64"),
            ("linear64", "linear 64"),
            ("linear(64)", "linear 64"),
            ("64", "linear 64"),
            ("Dense(64)", "linear 64"),
            ("fc64", "linear 64"),
            ("ReLU", "relu"),
            ("RELU()", "relu"),
            ("nn.ReLU()", "relu"),
            ("LeakyReLU 0.2", "leaky_relu 0.2"),
            ("leaky-relu", "leaky_relu 0.01"),
            ("Conv2d 32 3x3 pad 1", "conv 32 3x3 pad 1"),
            ("conv2d 32 3", "conv CHANNELS HEIGHTxWIDTH [stride N] [pad N|HxW|same]"),
            ("batchnorm2d", "batchnorm"),
            ("BatchNorm1d", "batchnorm"),
            ("batch_norm", "batchnorm"),
            ("bn", "batchnorm"),
            ("max_pool2d 2", "maxpool 2"),
            ("maxpool2", "maxpool 2"),
            ("dropout0.5", "dropout 0.5"),
            ("Dropout 0.5", "dropout 0.5"),
            ("GlobalAvgPool", "global_avgpool"),
            ("swish", "silu"),
            ("Residual [relu]", "residual [LAYER, …]"),
            ("output 10", "linear classes"),
        ] {
            assert_eq!(error(text), format!("`{text}` is not a layer; write `{ours}`"));
        }
        for text in ["softmax", "Softmax", "log_softmax", "nn.Softmax()", "softmax 1"] {
            assert_eq!(
                error(text),
                format!(
                    "`{text}` is not a layer: softmax and cross entropy follow the last layer by themselves; leave it out"
                )
            );
        }
        assert!(error("sigmoidd").contains("did you mean `sigmoid`?"));
        assert!(error("Sigmoyd").contains("did you mean `sigmoid`?"));
    }

    #[test]
    fn each_word_stands_once_as_it_is_looked_up_and_means_a_kind() {
        for (position, (word, meaning)) in OTHER_WORDS.iter().enumerate() {
            assert_eq!(squeeze(word), *word);
            assert!(OTHER_WORDS[..position].iter().all(|(other, _)| other != word), "{word} twice");
            assert!(LAYER_FORMS.iter().all(|(name, _)| squeeze(name) != *word), "{word} is a kind");
            if let Kind(kind) = meaning {
                assert!(LAYER_FORMS.iter().any(|(name, _)| name == kind), "{kind}");
            }
        }
    }

    #[test]
    fn no_text_is_too_strange() {
        let deep = format!("{}{}", "Residual [".repeat(10_000), "]".repeat(10_000));
        for text in ["(", ".", "...", "1d", "2d(", "é1", "1é", "()", ".2d.", "\u{1b}1(\u{1b}", &deep] {
            assert!(error(text).len() < 1500 && !error(text).contains('\u{1b}'), "{text:?}");
        }
    }
}
