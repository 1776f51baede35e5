//! Made-up updates and feature maps of made-up networks.

use super::fixture::noise;
use crate::protocol::{
    LayerInfo,
    inspection::{FeatureMap, FeatureMaps, LayerUpdate, PassKind, TracedParameter, UpdateConstant, UpdatedElement},
};

/// An update by `AdamW` of the largest elements of a layer.
pub fn update(parameters: &[TracedParameter]) -> Option<LayerUpdate> {
    let weight = parameters.first()?;
    let element = |i: usize| {
        let (gradient, before) = (0.02 * noise(i as u64 + 5), 0.4 * noise(i as u64 + 77));
        let change = -1e-3 * (1.0 - i as f64 / 20.0);
        UpdatedElement {
            parameter: weight.name.clone(),
            index: weight.value.shape.iter().map(|length| (i * 37 + 5) % length).collect(),
            gradient,
            first_before: Some(0.7 * gradient),
            first: Some(0.73 * gradient),
            second_before: Some(0.9 * gradient * gradient),
            second: Some(0.91 * gradient * gradient),
            step_size: 0.137,
            change,
            before,
            after: before + change,
        }
    };
    let constants =
        [("η", 1e-3), ("c", 0.83), ("t", 301.0), ("β₁", 0.9), ("β₂", 0.999), ("ε", 1e-8), ("λ", 0.01)].into_iter();
    let equations = [
        "g ← cg",
        "m ← β₁m + (1 − β₁)g",
        "v ← β₂v + (1 − β₂)g²",
        "m̂ = m/(1 − β₁ᵗ)",
        "v̂ = v/(1 − β₂ᵗ)",
        "θ ← θ − ηm̂/(√v̂ + ε) − ηλθ",
    ];
    Some(LayerUpdate {
        optimizer: "AdamW".into(),
        equations: equations.map(String::from).to_vec(),
        constants: constants.map(|(symbol, value)| UpdateConstant { symbol: symbol.into(), value }).collect(),
        largest: (0..10).map(element).collect(),
    })
}

/// The channels of a layer whose output is an image.
pub fn maps(layer: &LayerInfo, place: usize, first: usize, count: usize, pass: PassKind) -> FeatureMaps {
    let &[total, height, width] = layer.output.as_deref().unwrap() else { panic!("{:?} is no image", layer.output) };
    let map = |seed: usize, signed: bool| {
        let value = |at: usize| {
            let wave = ((at % width) as f64 / 5.0 + seed as f64).sin() * ((at / width) as f64 / 7.0).cos();
            let value = wave * (1.0 + 0.1 * seed as f64);
            if signed { value } else { value.max(0.0) }
        };
        let values: Vec<f32> = (0..height * width).map(|at| value(at) as f32).collect();
        FeatureMap {
            minimum: values.iter().copied().fold(f32::INFINITY, f32::min).into(),
            maximum: values.iter().copied().fold(f32::NEG_INFINITY, f32::max).into(),
            values,
        }
    };
    let shown = first.min(total)..first.saturating_add(count).min(total);
    let rectified = layer.kind.word() == "relu";
    FeatureMaps {
        layer: place,
        pass,
        row: 0,
        total,
        first,
        shape: [height, width],
        forward: shown.clone().map(|channel| map(channel, !rectified)).collect(),
        backward: shown.map(|channel| map(channel + 40, true)).collect(),
    }
}
