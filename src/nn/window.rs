//! A window that moves over an image: what convolution and pooling have in common.

use std::ops::Range;

use super::{Padding, Shape};

/// How a window moves over the planes of an image, and how large what it sees becomes.
///
/// An image of C channels is C planes of height × width, one after the other, rows first, as `PyTorch` has it. The
/// window at place o along an axis covers the positions o·stride - pad + k for k from 0 to below its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Planes of the image.
    pub channels: usize,
    /// Rows of a plane.
    pub height: usize,
    /// Columns of a plane.
    pub width: usize,
    /// Height and width of the window.
    pub kernel: (usize, usize),
    /// Distance from one place of the window to the next.
    pub stride: usize,
    /// Positions above and left of the image that the window may cover. Those below and right of it, which are as many
    /// or, with [`Padding::Same`], one more, are known by the number of places.
    pub pad: (usize, usize),
    /// Places along the height.
    pub out_height: usize,
    /// Places along the width.
    pub out_width: usize,
}

impl Window {
    /// The window on an image of shape (channels, height, width), or what is wrong with it, as the end of a sentence
    /// about the layer.
    pub fn new(input: &Shape, kernel: (usize, usize), stride: usize, pad: Padding) -> Result<Self, String> {
        let (channels, height, width) = image_dimensions(input)?;
        if kernel.0 == 0 || kernel.1 == 0 {
            return Err("covers nothing; height and width must be at least 1".into());
        }
        if stride == 0 {
            return Err("has a stride of 0; it must be at least 1".into());
        }
        let (before, after) = (pad.before(kernel), pad.after(kernel));
        if pad == Padding::Same && stride != 1 {
            let numbers = Padding::from(before);
            return Err(format!(
                "has a stride of {stride}, with which no padding keeps height and width: `pad same` needs a stride of 1; \
                 write its numbers, `pad {numbers}`"
            ));
        }
        if before.0 >= kernel.0 || before.1 >= kernel.1 {
            let most = Padding::from((before.0.min(kernel.0 - 1), before.1.min(kernel.1 - 1)));
            return Err(format!(
                "has a padding of {pad}; it must be smaller than the window, as `pad {most}` is in height and width"
            ));
        }
        let places = |size: usize, kernel: usize, before: usize, after: usize| {
            let padded = before.checked_add(after)?.checked_add(size)?;
            padded.checked_sub(kernel).map(|room| room / stride + 1)
        };
        let down = places(height, kernel.0, before.0, after.0);
        match (down, places(width, kernel.1, before.1, after.1)) {
            (Some(out_height), Some(out_width)) => {
                Ok(Self { channels, height, width, kernel, stride, pad: before, out_height, out_width })
            }
            _ => Err(format!("covers more than its input of shape {input} has with a padding of {pad}")),
        }
    }

    /// As [`Self::new`] for a square window that pools, whose padding is at most half its size, so that it always
    /// sees some of the image.
    pub fn new_pooling(input: &Shape, size: usize, stride: usize, pad: (usize, usize)) -> Result<Self, String> {
        let window = Self::new(input, (size, size), stride, pad.into())?;
        if pad.0.max(pad.1) > size / 2 {
            return Err(format!("has a padding of {}; it must be at most half the size", Padding::from(pad)));
        }
        Ok(window)
    }

    /// Values in a plane of the image.
    #[inline]
    pub fn plane(&self) -> usize {
        self.height * self.width
    }

    /// Places of the window on a plane.
    #[inline]
    pub fn places(&self) -> usize {
        self.out_height * self.out_width
    }

    /// Values that the window sees at a place, in all channels.
    #[inline]
    pub fn values(&self) -> usize {
        self.channels * self.kernel.0 * self.kernel.1
    }

    /// Rows of a plane that the window covers at the place `out` along the height.
    #[inline]
    pub fn covered_rows(&self, out: usize) -> Range<usize> {
        covered_range(out * self.stride, self.pad.0, self.kernel.0, self.height)
    }

    /// Columns of a plane that the window covers at the place `out` along the width.
    #[inline]
    pub fn covered_columns(&self, out: usize) -> Range<usize> {
        covered_range(out * self.stride, self.pad.1, self.kernel.1, self.width)
    }

    /// The row of a plane under row `ky` of the window at the place `out` along the height; `None` in the padding.
    #[inline]
    pub fn row_under(&self, ky: usize, out: usize) -> Option<usize> {
        (out * self.stride + ky).checked_sub(self.pad.0).filter(|&row| row < self.height)
    }

    /// The places along the width at which column `kx` of the window lies on the image.
    #[inline]
    pub fn places_over_column(&self, kx: usize) -> Range<usize> {
        let first = self.pad.1.saturating_sub(kx).div_ceil(self.stride);
        let end = (self.width + self.pad.1).saturating_sub(kx).div_ceil(self.stride).min(self.out_width);
        first.min(end)..end
    }
}

fn covered_range(start: usize, pad: usize, kernel: usize, size: usize) -> Range<usize> {
    start.saturating_sub(pad).min(size)..(start + kernel).saturating_sub(pad).min(size)
}

/// Channels, height and width of an image, or the end of a sentence about a layer that needs one.
pub fn image_dimensions(shape: &Shape) -> Result<(usize, usize, usize), String> {
    match *shape.dimensions() {
        [channels, height, width] => Ok((channels, height, width)),
        _ => Err(format!("needs an image of shape [channels, height, width], but its input is {shape}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_beyond_all_numbers_are_refused() {
        let huge =
            Window::new(&Shape::new([1, 2, 2]), (usize::MAX, usize::MAX), 1, (usize::MAX - 1, usize::MAX - 1).into());
        assert!(huge.unwrap_err().contains("covers more"));
    }

    #[test]
    fn ranges_are_those_of_the_definition() {
        for (size, kernel, stride, pad) in [
            (5, (3, 3), 1, (1, 1)),
            (8, (3, 3), 2, (1, 1)),
            (7, (2, 2), 3, (0, 0)),
            (1, (3, 3), 2, (1, 1)),
            (4, (4, 4), 1, (3, 3)),
            (6, (2, 5), 2, (0, 3)),
            (5, (5, 1), 1, (2, 0)),
        ] {
            let window = Window::new(&Shape::new([2, size, size + 3]), kernel, stride, pad.into()).unwrap();
            let position = |out: usize, k: usize, size: usize, pad: usize| {
                Some(out * stride + k).filter(|&padded| padded >= pad && padded - pad < size).map(|padded| padded - pad)
            };
            for out in 0..window.out_height {
                let rows: Vec<usize> = (0..kernel.0).filter_map(|k| position(out, k, size, pad.0)).collect();
                assert_eq!(window.covered_rows(out).collect::<Vec<_>>(), rows);
                for k in 0..kernel.0 {
                    assert_eq!(window.row_under(k, out), position(out, k, size, pad.0));
                }
            }
            let at = |out: usize, k: usize| position(out, k, size + 3, pad.1);
            for out in 0..window.out_width {
                let columns: Vec<usize> = (0..kernel.1).filter_map(|k| at(out, k)).collect();
                assert_eq!(window.covered_columns(out).collect::<Vec<_>>(), columns);
            }
            for k in 0..kernel.1 {
                let on: Vec<usize> = (0..window.out_width).filter(|&o| at(o, k).is_some()).collect();
                assert_eq!(window.places_over_column(k).collect::<Vec<_>>(), on, "{window:?} {k}");
            }
        }
    }

    #[test]
    fn the_same_padding_keeps_height_and_width_and_puts_the_odd_zero_at_the_end() {
        for kernel in [(1, 1), (3, 3), (2, 3), (4, 5), (6, 2), (9, 8)] {
            let window = Window::new(&Shape::new([1, 3, 7]), kernel, 1, Padding::Same).unwrap();
            assert_eq!((window.out_height, window.out_width), (3, 7));
            // Of the k − 1 zeros along an axis, the first half lies before the image.
            assert_eq!(window.pad, ((kernel.0 - 1) / 2, (kernel.1 - 1) / 2), "{kernel:?}");
            assert_eq!(window.covered_rows(2).end, 3);
        }
        let wide = Window::new(&Shape::new([1, 1, 4]), (1, 4), 1, Padding::Same).unwrap();
        assert_eq!([0, 1, 2, 3].map(|out| wide.covered_columns(out)), [0..3, 0..4, 1..4, 2..4]);
    }
}
