//! Samples as pictures.

use crate::{
    dataset::Dataset,
    protocol::inspection::{SamplePicture, SplitName},
    train::evaluator::part_of,
};

/// Longest side of a picture.
const MAX_SIDE_PIXELS: usize = 64;

/// A sample as a picture of at most 64 × 64 pixels, if it is an image.
pub(super) fn sample_picture(data: &Dataset, split: SplitName, index: usize) -> Option<SamplePicture> {
    let &[channels, height, width] = data.shape.as_slice() else { return None };
    let pixels = part_of(data, split).pixels(index as u32)?;
    let step = height.max(width).div_ceil(MAX_SIDE_PIXELS);
    let shown = if channels >= 3 { 3 } else { 1 };
    let (rows, columns) = (height.div_ceil(step), width.div_ceil(step));
    let mut out = Vec::with_capacity(shown * rows * columns);
    for plane in pixels.chunks_exact(height * width).take(shown) {
        out.extend(plane_blocks((height, width), step).map(|block| {
            let count = block.len() as u32;
            let sum: u32 = block.map(|at| u32::from(plane[at])).sum();
            ((sum + count / 2) / count) as u8
        }));
    }
    Some(SamplePicture { channels: shown, height: rows, width: columns, pixels: out })
}

/// The places of a plane in blocks of `step` × `step`, smaller ones at the edges, row by row of blocks.
pub(super) fn plane_blocks(
    (height, width): (usize, usize),
    step: usize,
) -> impl Iterator<Item = impl ExactSizeIterator<Item = usize>> {
    let starts = move |length: usize| (0..length).step_by(step);
    starts(height).flat_map(move |top| {
        starts(width).map(move |left| {
            let (rows, columns) = (step.min(height - top), step.min(width - left));
            (0..rows * columns).map(move |place| (top + place / columns) * width + left + place % columns)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_a_plane_once() {
        for (plane, step) in [((4, 6), 2), ((5, 3), 2), ((3, 7), 1), ((2, 2), 5)] {
            let found: Vec<Vec<usize>> = plane_blocks(plane, step).map(Iterator::collect).collect();
            assert_eq!(found.len(), plane.0.div_ceil(step) * plane.1.div_ceil(step));
            let mut places = found.concat();
            places.sort_unstable();
            assert!(places.iter().copied().eq(0..plane.0 * plane.1));
        }
        assert_eq!(plane_blocks((3, 3), 2).map(Iterator::collect::<Vec<_>>).nth(1).unwrap(), [2, 5]);
    }
}
