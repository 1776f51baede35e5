//! Random small networks of all layers: their gradients pass, and one that is a millionth off fails.

use super::*;
use crate::nn::{LAYER_FORMS, LayerSpec, chain::check_layers, layers::activation::ACTIVATIONS};

/// Draws networks.
struct NetworkGenerator {
    stream: Stream,
}

impl NetworkGenerator {
    fn below(&mut self, bound: usize) -> usize {
        self.stream.below(bound as u32) as usize
    }

    fn one_of<const N: usize>(&mut self, choices: [&'static str; N]) -> &'static str {
        choices[self.below(N)]
    }

    /// A layer that may fit an image or a vector; a block only outside of one. A batch normalization never undoes the one
    /// before it, whose weight would then have next to no effect: that is undecided.
    fn layer(&mut self, is_image: bool, is_inside_block: bool, before: &str) -> String {
        let keeps_norm = ["batchnorm", "maxpool", "avgpool", "global_avgpool", "flatten", "residual"];
        let place = self.one_of(["", " stride 2", " pad 1", " stride 2 pad 1", " pad 1x0", " stride 2 pad 0x1"]);
        match self.below(if is_inside_block { 9 } else { 12 }) {
            0 => format!("dropout 0.{}", 1 + self.below(5)),
            1 | 2 if !keeps_norm.iter().any(|kind| before.starts_with(kind)) => "batchnorm".into(),
            3 | 4 => {
                let entry = &ACTIVATIONS[self.below(ACTIVATIONS.len())];
                let setting = entry.setting.map_or(0.0, |setting| setting.checked[self.below(2)]);
                LayerSpec::Activation((entry.from_setting)(setting)).to_string()
            }
            5 => self.one_of(["relu", "leaky_relu 0.2", "elu 0.8"]).into(),
            6 if is_image => format!("{} {}{place}", self.one_of(["maxpool", "avgpool"]), 2 + self.below(2)),
            7 | 8 if is_image => {
                let (height, width) = (1 + self.below(3), 1 + self.below(3));
                format!("conv {} {height}x{width}{place}", 2 + self.below(3))
            }
            9 if is_image => self.one_of(["flatten", "global_avgpool", "conv 3 4x3 pad same"]).into(),
            10 | 11 => {
                let mut layers: Vec<String> = Vec::new();
                for _ in 0..=self.below(4) {
                    layers.push(self.layer(is_image, true, layers.last().map_or("", String::as_str)));
                }
                format!("residual [{}]", layers.join(", "))
            }
            _ if is_image => "conv 2 3x3 pad 1".into(),
            _ => format!("linear {}", 2 + self.below(8)),
        }
    }

    /// A network for so many classes, of layers that fit each other.
    fn network(&mut self, seed: u64) -> (CheckCase, usize) {
        let (batch, classes) = (4 + self.below(5), 2 + self.below(5));
        let input = if self.below(2) == 0 {
            Shape::new([2 + self.below(2), 4 + self.below(4), 4 + self.below(4)])
        } else {
            Shape::new([2 + self.below(8)])
        };
        let (mut layers, mut shape): (Vec<LayerSpec>, _) = (Vec::new(), input.clone());
        for _ in 0..2 + self.below(6) {
            let before = layers.last().map(LayerSpec::to_string).unwrap_or_default();
            let layer: LayerSpec = self.layer(shape.dimensions().len() == 3, false, &before).parse().unwrap();
            if let Ok(placed) = check_layers(std::slice::from_ref(&layer), &shape, batch) {
                shape = placed[0].output.clone();
                layers.push(layer);
            }
        }
        layers.push(LayerSpec::Linear { units: classes });
        let inits = [Init::PyTorch, Init::He, Init::Xavier, Init::Normal { std: 0.3 }];
        let spec =
            NetworkSpec { layers, init: inits[self.below(inits.len())], label_smoothing: [0.0, 0.1][self.below(2)] };
        (CheckCase { name: format!("random network {seed}"), spec, input, batch, seed }, classes)
    }
}

/// Checks the networks with these seeds as they are, and each once more with one layer whose gradient of the input is a
/// millionth too large. Gives the layers of all.
fn check_networks(seeds: std::ops::Range<u64>) -> Vec<String> {
    let mut all_layers = Vec::new();
    for seed in seeds {
        let mut generator = NetworkGenerator { stream: stream(seed, Purpose::Data, 1) };
        let (case, classes) = generator.network(seed);
        let report = check_gradients(&case.spec, &case.input, classes, case.batch, seed).unwrap();
        let worst = report.worst_tensor(TOLERANCE);
        assert_eq!(report.verdict(TOLERANCE), Verdict::Passed, "{case:?}\n{worst:#?}");
        let layer = generator.below(case.spec.layers.len());
        let wrong = report_with_spoilt(&case, classes, layer, |_, _, dx, _| dx.map_inplace(|dx| *dx *= 1.0 + 1e-6));
        let found = wrong.worst_tensor_of_layer(layer, TOLERANCE).unwrap();
        assert_eq!(found.verdict(TOLERANCE), Verdict::Failed, "layer {layer} of {case:?}\n{wrong:#?}");
        all_layers.extend(case.spec.layers.iter().map(LayerSpec::to_string));
    }
    all_layers
}

#[test]
fn random_networks_pass_and_fail_with_an_error_of_a_millionth() {
    check_networks(0..20);
}

#[test]
#[ignore = "takes longer; cargo test --lib -- --ignored two_hundred"]
fn two_hundred_random_networks_pass_and_fail_with_an_error_of_a_millionth() {
    let all_layers = check_networks(0..200);
    let missing: Vec<_> =
        LAYER_FORMS.iter().filter(|(kind, _)| !all_layers.iter().any(|layer| layer.starts_with(kind))).collect();
    assert!(missing.is_empty(), "no network has {missing:?}");
}
