//! The facts of all kinds of layers in lists, and those of a given layer. Each kind's facts stand in its own file.

use super::LayerSpec;
use crate::nn::{
    Equations, LayerCategory, LayerFacts, LayerProperty, SettingValue,
    layers::{
        activation::ACTIVATIONS, avg_pool, batch_norm, conv, dropout, flatten, global_avg_pool, linear, max_pool,
        residual,
    },
};

/// The facts of the kinds before the activations and after them, in the order in which they are listed.
const FACTS_BEFORE_ACTIVATIONS: [LayerFacts; 7] = [
    linear::FACTS,
    conv::FACTS,
    batch_norm::FACTS,
    max_pool::FACTS,
    avg_pool::FACTS,
    global_avg_pool::FACTS,
    flatten::FACTS,
];
const FACTS_AFTER_ACTIVATIONS: [LayerFacts; 2] = [dropout::FACTS, residual::FACTS];

/// Every kind of layer and how it is written, see [`LayerFacts::form`].
pub const LAYER_FORMS: [(&str, &str);
    FACTS_BEFORE_ACTIVATIONS.len() + ACTIVATIONS.len() + FACTS_AFTER_ACTIVATIONS.len()] = {
    let mut forms = [("", ""); FACTS_BEFORE_ACTIVATIONS.len() + ACTIVATIONS.len() + FACTS_AFTER_ACTIVATIONS.len()];
    let last = FACTS_BEFORE_ACTIVATIONS.len() + ACTIVATIONS.len();
    let mut at = 0;
    while at < forms.len() {
        let facts = match at {
            _ if at < FACTS_BEFORE_ACTIVATIONS.len() => FACTS_BEFORE_ACTIVATIONS[at],
            _ if at < last => ACTIVATIONS[at - FACTS_BEFORE_ACTIVATIONS.len()].facts,
            _ => FACTS_AFTER_ACTIVATIONS[at - last],
        };
        forms[at] = (facts.name, facts.form);
        at += 1;
    }
    forms
};

impl LayerSpec {
    /// What is the same for all layers of its kind.
    pub fn facts(&self) -> &'static LayerFacts {
        match self {
            Self::Linear { .. } | Self::LinearClasses => &linear::FACTS,
            Self::Conv { .. } => &conv::FACTS,
            Self::BatchNorm => &batch_norm::FACTS,
            Self::MaxPool { .. } => &max_pool::FACTS,
            Self::AvgPool { .. } => &avg_pool::FACTS,
            Self::GlobalAvgPool => &global_avg_pool::FACTS,
            Self::Flatten => &flatten::FACTS,
            Self::Activation(activation) => activation.facts(),
            Self::Dropout { .. } => &dropout::FACTS,
            Self::Residual { .. } => &residual::FACTS,
        }
    }

    /// The kind alone: `linear`.
    pub fn kind(&self) -> &'static str {
        self.facts().name
    }

    /// What it is for.
    pub fn category(&self) -> LayerCategory {
        self.facts().category
    }

    /// What it computes.
    pub fn equations(&self) -> &'static Equations {
        &self.facts().equations
    }

    /// Its settings by name, in the order in which they are written; those that were left out too. The padding is that
    /// above and left of the image, as a number where both are it.
    pub fn settings(&self) -> Vec<(&'static str, SettingValue)> {
        use SettingValue::{Count, Layers, Number, Pair};
        let pair = |(down, across)| Pair(down, across);
        match *self {
            Self::Linear { units } => vec![("units", Count(units))],
            Self::Conv { channels, kernel: (height, width), stride, pad } => vec![
                ("channels", Count(channels)),
                ("kernel", Pair(height, width)),
                ("stride", Pair(stride, stride)),
                ("pad", pair(pad.before((height, width)))),
            ],
            Self::MaxPool { size, stride, pad } | Self::AvgPool { size, stride, pad } => {
                let pad = if pad.0 == pad.1 { Count(pad.0) } else { pair(pad) };
                vec![("size", Count(size)), ("stride", Count(stride)), ("pad", pad)]
            }
            Self::Activation(activation) => {
                activation.setting().map(|(setting, value)| (setting.name, Number(value))).into_iter().collect()
            }
            Self::Dropout { probability } => vec![("probability", Number(probability))],
            Self::Residual { ref layers } => {
                vec![("layers", Layers(layers.iter().map(ToString::to_string).collect()))]
            }
            Self::LinearClasses | Self::BatchNorm | Self::GlobalAvgPool | Self::Flatten => Vec::new(),
        }
    }

    /// Whether each value of the output belongs to the same place of the sample as at the input.
    pub fn keeps_places(&self) -> bool {
        self.facts().has_property(LayerProperty::KeepsPlaces)
    }

    /// Whether this holds for it or, if it is a block, for a layer within.
    pub fn involves_property(&self, property: LayerProperty) -> bool {
        let within = if let Self::Residual { layers } = self { layers.as_slice() } else { &[] };
        self.facts().has_property(property) || within.iter().any(|layer| layer.involves_property(property))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{LOSS_EQUATIONS, layers::activation::ActivationEntry};

    /// What the page says in words, or for one element.
    const IN_WORDS: [&str; 10] = [
        "∂L/∂b = Σ dy",
        "∂y/∂x = diag(1[x > 0])",
        "∂L/∂x = dy ⊙ 1[x > 0]",
        "∂y/∂x = diag(M)",
        "y = max x over each window",
        "∂L/∂x = Σ dy of the windows it won",
        "y = Σ x/size² over each window",
        "∂L/∂x = Σ dy/size² of the windows over it",
        "y = Σ x/P over each channel",
        "y = x as a vector",
    ];

    fn all_facts() -> impl Iterator<Item = LayerFacts> {
        FACTS_BEFORE_ACTIVATIONS
            .into_iter()
            .chain(ACTIVATIONS.iter().map(|entry| entry.facts))
            .chain(FACTS_AFTER_ACTIVATIONS)
    }

    fn layer(text: &str) -> LayerSpec {
        text.parse().unwrap()
    }

    #[test]
    fn every_kind_of_layer_is_on_the_page_of_the_mathematics() {
        let unspaced = |text: &str| text.replace([' ', '\n'], "");
        let page = unspaced(include_str!("../../../docs/mathematics.md"));
        for LayerFacts { name, equations, .. } in all_facts() {
            assert!(!equations.forward.is_empty() && !equations.backward.is_empty(), "{name} has no equations");
            for line in equations.forward.iter().chain(equations.backward) {
                // In its table of activations the page has the right sides only.
                let right = line.split_once(" = ").map_or(*line, |(_, right)| right);
                let known = [*line, right].iter().any(|text| page.contains(&unspaced(text)));
                assert!(known || IN_WORDS.contains(line), "{name}: {line}");
            }
        }
        assert!(!LOSS_EQUATIONS.symbols.is_empty());
    }

    #[test]
    fn the_form_of_an_activation_names_its_setting() {
        for ActivationEntry { facts, setting, from_setting } in ACTIVATIONS {
            assert_eq!(facts.category, LayerCategory::Activation);
            assert!(facts.has_property(LayerProperty::KeepsPlaces));
            let capitals = setting.map(|setting| setting.name.to_uppercase());
            assert_eq!(facts.form.split_once(' '), capitals.as_deref().map(|capitals| (facts.name, capitals)));
            let Some(setting) = setting else { continue };
            for value in setting.checked.into_iter().chain(setting.default).chain([setting.least, setting.most]) {
                let activation = from_setting(value);
                assert_eq!(layer(&LayerSpec::Activation(activation).to_string()), LayerSpec::Activation(activation));
                assert_eq!((activation.setting(), activation.check()), (Some((*setting, value)), Ok(())));
            }
            for value in [setting.least - 0.1, setting.most + 0.1, f64::NAN] {
                assert!(from_setting(value).check().is_err(), "{} {value}", facts.name);
            }
        }
    }

    #[test]
    fn settings_have_names() {
        use SettingValue::{Count, Layers, Number, Pair};
        for (text, settings) in [
            ("linear 256", vec![("units", Count(256))]),
            (
                "conv 8 3x5 stride 2",
                vec![("channels", Count(8)), ("kernel", Pair(3, 5)), ("stride", Pair(2, 2)), ("pad", Pair(0, 0))],
            ),
            (
                "conv 8 4x3 pad same",
                vec![("channels", Count(8)), ("kernel", Pair(4, 3)), ("stride", Pair(1, 1)), ("pad", Pair(1, 1))],
            ),
            (
                "conv 8 1x3 pad 0x1",
                vec![("channels", Count(8)), ("kernel", Pair(1, 3)), ("stride", Pair(1, 1)), ("pad", Pair(0, 1))],
            ),
            ("maxpool 2 pad 1x0", vec![("size", Count(2)), ("stride", Count(2)), ("pad", Pair(1, 0))]),
            ("maxpool 3 pad 1", vec![("size", Count(3)), ("stride", Count(3)), ("pad", Count(1))]),
            ("avgpool 2 stride 1", vec![("size", Count(2)), ("stride", Count(1)), ("pad", Count(0))]),
            ("leaky_relu", vec![("slope", Number(0.01))]),
            ("elu 0.5", vec![("alpha", Number(0.5))]),
            ("dropout 0.2", vec![("probability", Number(0.2))]),
            ("residual [linear 4, relu]", vec![("layers", Layers(vec!["linear 4".into(), "relu".into()]))]),
            ("batchnorm", vec![]),
            ("relu", vec![]),
        ] {
            assert_eq!(layer(text).settings(), settings, "{text}");
        }
    }

    #[test]
    fn roles_and_places_follow_from_the_kind() {
        for (text, role, keeps_places) in [
            ("linear 4", LayerCategory::Weights, false),
            ("conv 4 3x3", LayerCategory::Weights, false),
            ("batchnorm", LayerCategory::Normalization, true),
            ("maxpool 2", LayerCategory::Pooling, false),
            ("avgpool 2", LayerCategory::Pooling, false),
            ("global_avgpool", LayerCategory::Pooling, false),
            ("flatten", LayerCategory::Shape, true),
            ("tanh", LayerCategory::Activation, true),
            ("dropout 0.5", LayerCategory::Regularization, true),
            ("residual [relu]", LayerCategory::Block, false),
        ] {
            assert_eq!((layer(text).category(), layer(text).keeps_places()), (role, keeps_places), "{text}");
        }
    }
}
