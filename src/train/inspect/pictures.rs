//! Samples with what the network makes of them, and weights as pictures.

use std::ops::Range;

use crate::{
    dataset,
    nn::LayerSpec,
    protocol::{
        Answer,
        inspection::{Confusion, Extract, Filters, Judged, Order, Page, Picture, Show, Split},
    },
    train::Trainer,
};

/// Longest side of a picture in pixels.
const LONGEST_SIDE: usize = 64;

/// Values of what is no image that are shown.
const MOST_VALUES: usize = 8;

/// Most weights of a filter that are shown.
const MOST_WEIGHTS: usize = 4096;

impl Trainer {
    /// Some samples in some order.
    pub(super) fn page(&self, split: Split, show: Show, order: Order, range: Range<usize>) -> Answer {
        let (found, data) = (self.predictions(split), self.part(split));
        let Some(evaluated) = found.step else { return not_evaluated(split) };
        let mut labels = vec![0; data.len()];
        data.labels(&(0..data.len() as u32).collect::<Vec<_>>(), &mut labels);
        let wrong = |index: usize| !found.is_right(index, labels[index]);
        let mistakes = (0..data.len()).filter(|&index| wrong(index)).count();
        let mut order_of: Vec<usize> = match show {
            Show::All | Show::Unknown => (0..data.len()).collect(),
            Show::Mistakes => (0..data.len()).filter(|&index| wrong(index)).collect(),
        };
        if order == Order::Loss {
            // A loss that is not a number is the worst.
            let rank = |index: usize| if found.loss[index].is_nan() { f32::INFINITY } else { found.loss[index] };
            order_of.sort_by(|&a, &b| rank(b).total_cmp(&rank(a)));
        }
        let entry = |&index: &usize| Judged {
            index,
            class: labels[index].into(),
            predicted: found.predicted[index].into(),
            confidence: found.confidence[index].into(),
            loss: found.loss[index].into(),
            picture: self.picture(split, index),
            values: self.values(split, index),
        };
        let entries = order_of.iter().skip(range.start).take(range.len()).map(entry).collect();
        Answer::Samples(Page { evaluated, samples: data.len(), mistakes, entries })
    }

    /// How often each class was taken for each. Samples whose logits are not numbers were taken for none.
    pub(super) fn confusion(&self, split: Split) -> Answer {
        let (found, data, classes) = (self.predictions(split), self.part(split), self.data.classes.len());
        let Some(evaluated) = found.step else { return not_evaluated(split) };
        let mut counts = vec![0; classes * classes];
        let mut label = [0];
        let decided = found.predicted.iter().zip(&found.loss).enumerate().filter(|(_, (_, loss))| !loss.is_nan());
        for (index, (&predicted, _)) in decided {
            data.labels(&[index as u32], &mut label);
            counts[usize::from(label[0]) * classes + usize::from(predicted)] += 1;
        }
        Answer::Confusion(Confusion { evaluated, classes, counts })
    }

    pub(super) fn part(&self, split: Split) -> &dataset::Split {
        match split {
            Split::Train => &self.data.train,
            Split::Test | Split::Unknown => &self.data.test,
        }
    }

    /// A sample as a picture of at most 64 × 64 pixels, if it is an image.
    pub(super) fn picture(&self, split: Split, index: usize) -> Option<Picture> {
        let &[channels, height, width] = self.data.shape.as_slice() else { return None };
        let pixels = self.part(split).pixels(index as u32)?;
        let step = height.max(width).div_ceil(LONGEST_SIDE);
        let shown = if channels >= 3 { 3 } else { 1 };
        let (rows, columns) = (height.div_ceil(step), width.div_ceil(step));
        let mut out = Vec::with_capacity(shown * rows * columns);
        for plane in pixels.chunks_exact(height * width).take(shown) {
            out.extend(blocks((height, width), step).map(|block| {
                let count = block.len() as u32;
                let sum: u32 = block.map(|at| u32::from(plane[at])).sum();
                ((sum + count / 2) / count) as u8
            }));
        }
        Some(Picture { channels: shown, height: rows, width: columns, pixels: out })
    }

    /// The first values of a sample that is no image.
    fn values(&self, split: Split, index: usize) -> Vec<f32> {
        if self.data.shape.len() == 3 {
            return Vec::new();
        }
        let mut values = vec![0.0; self.data.features()];
        self.part(split).gather(&[index as u32], &mut values);
        values.truncate(MOST_VALUES);
        values
    }

    /// The weights of some units as pictures.
    pub(super) fn filters(&self, layer: usize, first: usize, count: usize) -> Result<Filters, String> {
        let whole = self.filter_shape(layer)?;
        let [channels, height, width] = whole;
        let (mut step, mut plane) = (1, height * width);
        while plane > MOST_WEIGHTS {
            step += 1;
            plane = height.div_ceil(step) * width.div_ceil(step);
        }
        let shape = [channels.min(MOST_WEIGHTS / plane), height.div_ceil(step), width.div_ceil(step)];
        let length = whole.iter().product();
        let weight = self.network.parameters().find(|parameter| parameter.layer == layer);
        let weights = weight.map(|weight| weight.value.as_slice()).unwrap_or_default();
        let filters = weights.chunks_exact(length).skip(first).take(count).map(|weights| {
            let planes = weights.chunks_exact(height * width).take(shape[0]);
            let values = planes.flat_map(|plane| {
                blocks((height, width), step).map(|block| {
                    let count = block.len() as f32;
                    block.map(|at| plane[at]).sum::<f32>() / count
                })
            });
            Extract { shape: whole.to_vec(), kept: shape.to_vec(), values: values.collect() }
        });
        Ok(Filters { layer, total: weights.len() / length, first, shape, filters: filters.collect() })
    }

    /// Channels, rows and columns of what a unit of a layer weighs.
    pub(super) fn filter_shape(&self, layer: usize) -> Result<[usize; 3], String> {
        let infos = self.network.layer_infos();
        match (&infos[layer].spec, self.data.shape.as_slice(), infos[layer].input.dimensions()) {
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
}

/// The places of a plane in blocks of `step` × `step`, as far as there are so many, row by row of blocks.
fn blocks((height, width): (usize, usize), step: usize) -> impl Iterator<Item = impl ExactSizeIterator<Item = usize>> {
    let starts = move |length: usize| (0..length).step_by(step);
    starts(height).flat_map(move |top| {
        starts(width).map(move |left| {
            let (rows, columns) = (step.min(height - top), step.min(width - left));
            (0..rows * columns).map(move |place| (top + place / columns) * width + left + place % columns)
        })
    })
}

fn not_evaluated(split: Split) -> Answer {
    let reason = match split {
        Split::Test | Split::Unknown => "no evaluation yet".into(),
        Split::Train => "the training samples are evaluated while the run is paused".into(),
    };
    Answer::Nothing { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_a_plane_once() {
        for (plane, step) in [((4, 6), 2), ((5, 3), 2), ((3, 7), 1), ((2, 2), 5)] {
            let found: Vec<Vec<usize>> = blocks(plane, step).map(Iterator::collect).collect();
            assert_eq!(found.len(), plane.0.div_ceil(step) * plane.1.div_ceil(step));
            let mut places = found.concat();
            places.sort_unstable();
            assert!(places.iter().copied().eq(0..plane.0 * plane.1));
        }
        assert_eq!(blocks((3, 3), 2).map(Iterator::collect::<Vec<_>>).nth(1).unwrap(), [2, 5]);
    }
}
