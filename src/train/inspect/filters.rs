//! Weights as pictures.

use std::ops::Range;

use crate::{
    dataset::Dataset,
    nn::{LayerSpec, Network, PlacedLayer},
    protocol::inspection::{FilterPictures, TensorSlice},
    train::inspect::pictures::plane_blocks,
};

/// Weights of a filter that are shown, at most.
const MAX_FILTER_WEIGHTS: usize = 4096;

/// The weights of some units as pictures.
pub(super) fn filters(
    network: &Network<f32>,
    data: &Dataset,
    layer: usize,
    range: Range<usize>,
) -> Result<FilterPictures, String> {
    let whole = filter_shape(network.layer_infos(), &data.shape, layer)?;
    let [channels, height, width] = whole;
    let (mut step, mut plane) = (1, height * width);
    while plane > MAX_FILTER_WEIGHTS {
        step += 1;
        plane = height.div_ceil(step) * width.div_ceil(step);
    }
    let shape = [channels.min(MAX_FILTER_WEIGHTS / plane), height.div_ceil(step), width.div_ceil(step)];
    let length = whole.iter().product();
    let weight = network.parameters().find(|parameter| parameter.layer == layer);
    let weights = weight.map(|weight| weight.value.as_slice()).unwrap_or_default();
    let filters = weights.chunks_exact(length).skip(range.start).take(range.len()).map(|weights| {
        let planes = weights.chunks_exact(height * width).take(shape[0]);
        let values = planes.flat_map(|plane| {
            plane_blocks((height, width), step).map(|block| {
                let count = block.len() as f32;
                block.map(|at| plane[at]).sum::<f32>() / count
            })
        });
        TensorSlice { shape: whole.to_vec(), kept: shape.to_vec(), values: values.collect() }
    });
    Ok(FilterPictures { layer, total: weights.len() / length, first: range.start, shape, filters: filters.collect() })
}

/// Channels, rows and columns of what a unit of a layer weighs.
pub(super) fn filter_shape(infos: &[PlacedLayer], sample: &[usize], layer: usize) -> Result<[usize; 3], String> {
    match (&infos[layer].spec, sample, infos[layer].input.dimensions()) {
        (LayerSpec::Conv { kernel: (height, width), .. }, _, &[channels, _, _]) => Ok([channels, *height, *width]),
        (LayerSpec::Linear { .. }, &[channels, height, width], _)
            if infos[..layer].iter().all(|info| info.spec.keeps_places()) =>
        {
            Ok([channels, height, width])
        }
        (spec, ..) => Err(format!(
            "the weights of layer {layer}, `{spec}`, are no pictures; those of convolutions are, and those of a \
             linear layer that reads an image"
        )),
    }
}
