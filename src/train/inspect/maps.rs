//! What a layer makes of an image, channel by channel.

use std::ops::Range;

use crate::{
    nn::{Network, PlacedLayer},
    protocol::inspection::{FeatureMap, FeatureMaps, PassKind},
    train::{inspect::pictures::plane_blocks, minibatch::ComputedParts},
};

/// Values of a map that are shown, at most.
const MAX_MAP_VALUES: usize = 4096;

/// The maps of some channels for one row of the pass in the network's buffers, as far as they are computed.
pub(super) fn feature_maps(
    network: &Network<f32>,
    (pass, parts): (PassKind, &ComputedParts),
    row: usize,
    layer: usize,
    range: Range<usize>,
) -> Result<FeatureMaps, String> {
    let [total, height, width] = map_shape(network.layer_infos(), layer)?;
    let mut step = 1;
    while height.div_ceil(step) * width.div_ceil(step) > MAX_MAP_VALUES {
        step += 1;
    }
    let maps = |values: Vec<f32>| {
        let channels = values.chunks_exact(height * width).skip(range.start).take(range.len());
        channels.map(|channel| feature_map(channel, (height, width), step)).collect()
    };
    let forward = (layer < parts.forward).then(|| network.output(layer).row(row).to_vec());
    let backward = parts.has_output_gradient(layer).then(|| network.output_gradient(layer).row(row).to_vec());
    Ok(FeatureMaps {
        layer,
        pass,
        row,
        total,
        first: range.start,
        shape: [height.div_ceil(step), width.div_ceil(step)],
        forward: forward.map_or_else(Vec::new, maps),
        backward: backward.map_or_else(Vec::new, maps),
    })
}

/// A channel as a map; a NaN is neither its least nor its largest value.
fn feature_map(channel: &[f32], plane: (usize, usize), step: usize) -> FeatureMap {
    let mean = |block: &mut dyn ExactSizeIterator<Item = usize>| {
        let count = block.len() as f32;
        block.map(|at| channel[at]).sum::<f32>() / count
    };
    FeatureMap {
        minimum: channel.iter().copied().fold(f32::INFINITY, f32::min).into(),
        maximum: channel.iter().copied().fold(f32::NEG_INFINITY, f32::max).into(),
        values: plane_blocks(plane, step).map(|mut block| mean(&mut block)).collect(),
    }
}

/// Channels, rows and columns of a layer's output, if that is an image.
pub(super) fn map_shape(infos: &[PlacedLayer], layer: usize) -> Result<[usize; 3], String> {
    let image = |info: &PlacedLayer| match *info.output.dimensions() {
        [channels, height, width] => Some([channels, height, width]),
        _ => None,
    };
    image(&infos[layer]).ok_or_else(|| {
        let valid: Vec<String> =
            infos.iter().filter(|info| image(info).is_some()).map(|info| info.index.to_string()).collect();
        let valid = if valid.is_empty() { "none in this network".into() } else { valid.join(", ") };
        format!("the output of layer {layer}, `{}`, is no image; valid: {valid}", infos[layer].spec)
    })
}
