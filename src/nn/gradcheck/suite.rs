//! The networks whose gradients are checked for the table of `docs/mathematics.md`: one for every layer and loss, and
//! a dozen random ones.

use super::{GradientReport, check_gradients};
use crate::{
    nn::{
        BuildError, Init, LayerSpec, NetworkSpec, Shape,
        layers::activation::{ACTIVATIONS, ActivationEntry},
    },
    random::{Purpose, Stream, stream},
};

/// One network to be checked.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckCase {
    /// What it is about: a layer, a loss, or the number of a random network.
    pub name: String,
    /// The network.
    pub spec: NetworkSpec,
    /// Shape of a sample.
    pub input: Shape,
    /// Samples of the batch.
    pub batch: usize,
    /// Seed of everything random.
    pub seed: u64,
}

/// Classes of every case.
const CASE_CLASSES: usize = 4;

/// The random networks draw from this many activations, so that one more changes none of them.
const DRAWN_ACTIVATIONS: usize = 7;

impl CheckCase {
    /// Checks all gradients of the network.
    ///
    /// # Errors
    ///
    /// As [`check_gradients`]; the networks of [`all_cases`] have none.
    pub fn check(&self) -> Result<GradientReport, BuildError> {
        check_gradients(&self.spec, &self.input, CASE_CLASSES, self.batch, self.seed)
    }
}

/// Every layer on its own between two linear ones or convolutions, every loss, and a dozen random networks.
pub fn all_cases() -> Vec<CheckCase> {
    let vector = ["linear 7"; 1];
    let activations: Vec<String> = ACTIVATIONS.iter().map(|entry| activation_text(entry, |[alone, _]| alone)).collect();
    let on_vectors = ["linear 6", "batchnorm"].into_iter().chain(activations.iter().map(String::as_str)).chain([
        "dropout 0.4",
        "residual [linear 7, tanh, linear 7]",
        "residual [linear 5, gelu]",
    ]);
    let on_images = [
        "conv 3 3x3 pad 1",
        "conv 3 3x2 stride 2 pad 1",
        "conv 3 4x3 pad same",
        "batchnorm",
        "maxpool 3 stride 2 pad 1",
        "avgpool 3 stride 2 pad 1",
        "global_avgpool",
        "flatten",
        "residual [conv 3 3x3 pad 1, batchnorm, relu, conv 3 3x3 pad 1, batchnorm]",
        "residual [conv 4 3x3 stride 2 pad 1, batchnorm, silu]",
    ];
    let case = |name: &str, input: &[usize], layers: &[&str], label_smoothing: f64| {
        let spec = NetworkSpec { layers: parse_layers(layers), init: Init::PyTorch, label_smoothing };
        CheckCase { name: name.into(), spec, input: Shape::new(input), batch: 5, seed: 1 }
    };
    let mut cases = Vec::new();
    for layer in on_vectors {
        cases.push(case(&format!("`{layer}`, vectors"), &[6], &[vector[0], layer, "linear 4"], 0.0));
    }
    for layer in on_images {
        cases.push(case(&format!("`{layer}`, images"), &[2, 6, 5], &["conv 3 3x3 pad 1", layer, "linear 4"], 0.0));
    }
    cases.push(case("softmax cross entropy", &[6], &["linear 4"], 0.0));
    cases.push(case("softmax cross entropy, label smoothing 0.1", &[6], &["linear 4"], 0.1));
    cases.extend((1..=12).map(random_case));
    cases
}

/// The text of an activation, with one of the values that its setting is to be checked with.
fn activation_text(entry: &ActivationEntry, choose: impl Fn([f64; 2]) -> f64) -> String {
    let value = entry.setting.map_or(0.0, |setting| choose(setting.checked));
    LayerSpec::Activation((entry.from_setting)(value)).to_string()
}

/// Layers of the suite, whose texts must be right: a layer that is left out would not be checked.
fn parse_layers(layers: &[&str]) -> Vec<LayerSpec> {
    layers.iter().map(|text| text.parse().expect("the suite's layers have valid texts")).collect()
}

/// The random network of that number: images for the even ones.
fn random_case(number: u64) -> CheckCase {
    let stream = &mut stream(number, Purpose::GradientCheck, 1);
    let drawn = ACTIVATIONS.iter().take(DRAWN_ACTIVATIONS).map(|entry| activation_text(entry, |[_, random]| random));
    let elementwise: Vec<String> = drawn.chain(["dropout 0.25".into()]).collect();
    let mut layers = Vec::new();
    let images = number.is_multiple_of(2);
    let input = if images { Shape::new([2, 8, 7]) } else { Shape::new([1 + draw_below(stream, 9)]) };
    for _ in 0..=draw_below(stream, 3) {
        if images {
            layers.push(format!("conv {} 3x3 pad 1", 2 + draw_below(stream, 3)));
        } else {
            layers.push(format!("linear {}", 3 + draw_below(stream, 8)));
        }
        layers.extend((draw_below(stream, 2) == 0).then(|| "batchnorm".to_owned()));
        layers.push(elementwise[draw_below(stream, elementwise.len())].clone());
        match draw_below(stream, 4) {
            0 if images => layers.push("maxpool 2".into()),
            1 if images => layers.push("avgpool 3 stride 2 pad 1".into()),
            2 if images => {
                layers.push("residual [conv 3 3x3 stride 2 pad 1, batchnorm, relu, conv 4 3x3 pad 1]".into());
            }
            0 => layers.push("residual [linear 6, silu, linear 6]".into()),
            _ => {}
        }
    }
    if images && draw_below(stream, 2) == 0 {
        layers.push("global_avgpool".into());
    }
    layers.push("linear 4".into());
    let texts: Vec<&str> = layers.iter().map(String::as_str).collect();
    let inits = [Init::PyTorch, Init::He, Init::Xavier, Init::Normal { std: 0.3 }];
    let (init, smoothing) = (inits[draw_below(stream, inits.len())], [0.0, 0.1][draw_below(stream, 2)]);
    let spec = NetworkSpec { layers: parse_layers(&texts), init, label_smoothing: smoothing };
    CheckCase { name: format!("random network {number}"), spec, input, batch: 2 + draw_below(stream, 5), seed: number }
}

fn draw_below(stream: &mut Stream, bound: usize) -> usize {
    stream.below(bound as u32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{
        LAYER_FORMS,
        gradcheck::{TOLERANCE, Verdict},
    };

    #[test]
    fn every_case_passes() {
        for case in all_cases() {
            let report = case.check().unwrap();
            let worst = report.worst_tensor(TOLERANCE);
            assert_eq!(report.verdict(TOLERANCE), Verdict::Passed, "{case:#?}\n{worst:#?}");
        }
    }

    #[test]
    fn every_layer_is_the_subject_of_a_case_and_in_a_random_network() {
        let cases = all_cases();
        assert_eq!(cases.iter().filter(|case| case.name.starts_with("random")).count(), 12);
        for (kind, _) in LAYER_FORMS {
            assert!(cases.iter().any(|case| case.name.starts_with(&format!("`{kind}"))), "{kind}");
        }
        let (random, _): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case.name.starts_with("random"));
        let layers = random.iter().flat_map(|case| &case.spec.layers);
        let all = layers.map(ToString::to_string).collect::<Vec<_>>().join(";");
        for kind in ["conv", "batchnorm", "maxpool", "avgpool", "global_avgpool", "residual", "linear"] {
            assert!(all.contains(kind), "{kind}: {all}");
        }
    }
}
