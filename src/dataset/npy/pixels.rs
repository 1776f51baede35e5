//! Which arrays hold pixels, and in which order.

use crate::dataset::DataNote;
use crate::dataset::raw::Values;

/// Numbers of channels that images usually have: grey, colours, colours and transparency.
const USUAL_CHANNELS: [usize; 3] = [1, 3, 4];

/// The shape of a sample and the order in which it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SampleLayout {
    /// Channels first, where there are any.
    pub shape: Vec<usize>,
    /// Whether the channels come last in the file.
    pub channels_last: bool,
    /// Whether something speaks for the other order, or nothing for this one.
    is_doubtful: bool,
}

impl SampleLayout {
    /// The layout of samples with these sides in the file; `None` if there are none or too many.
    ///
    /// Images have equal sides rather than not, else a usual number of channels; else their channels come first.
    pub fn of(sides: &[usize]) -> Option<Self> {
        let plain = |shape: Vec<usize>| Some(Self { shape, channels_last: false, is_doubtful: false });
        match *sides {
            [features] => plain(vec![features]),
            [height, width] => plain(vec![1, height, width]),
            [a, b, c] => {
                let (first_square, last_square) = (b == c, a == b);
                let (first_usual, last_usual) = (USUAL_CHANNELS.contains(&a), USUAL_CHANNELS.contains(&c));
                let channels_last = (last_square, last_usual) > (first_square, first_usual);
                let (square, usual) = (first_square >= last_square, first_usual >= last_usual);
                let is_alike = first_square == last_square && first_usual == last_usual;
                let shape = if channels_last { vec![c, a, b] } else { vec![a, b, c] };
                Some(Self { shape, channels_last, is_doubtful: is_alike || !(square && usual) })
            }
            _ => None,
        }
    }

    /// What is said of an order that the file, called `file`, does not tell.
    pub fn note(&self, file: &str) -> Option<DataNote> {
        let [channels, height, width] = self.shape[..] else { return None };
        let order = if self.channels_last { "last" } else { "first" };
        let noun = if channels == 1 { "channel" } else { "channels" };
        (self.channels_last || self.is_doubtful).then(|| {
            DataNote::assumed(format!(
                "{file}: taken for images of {channels} {noun} of {height}×{width}, the channels {order} in the file"
            ))
        })
    }
}

/// Puts `height × width × channels` of each image into `channels × height × width`.
pub(super) fn channels_first<T: Copy>(values: &[T], shape: &[usize]) -> Vec<T> {
    let (channels, plane) = (shape[0], shape[1] * shape[2]);
    let mut out = Vec::with_capacity(values.len());
    for image in values.chunks_exact(channels * plane) {
        out.extend((0..channels).flat_map(|channel| image.iter().skip(channel).step_by(channels)));
    }
    out
}

/// Values that are pixels or numbers whatever type they were stored in: images are pixels if those of the training part
/// are whole numbers from 0 to 255 and not all 0 or 1, and those of the test part, too, are whole numbers from 0 to 255.
pub(super) fn settle_pixels(
    train: Values,
    test: Values,
    shape: &[usize],
    notes: &mut Vec<DataNote>,
) -> (Values, Values) {
    if shape.len() == 1 {
        return (train, test);
    }
    let (fit, bright) = look_at_pixels(&train);
    let (test_fits, _) = look_at_pixels(&test);
    if fit && bright && test_fits {
        if matches!(train, Values::Numbers(_)) {
            notes.push(DataNote::assumed("the images hold whole numbers, taken for pixels from 0 to 255"));
        }
        return (Values::Bytes(train.into_bytes()), Values::Bytes(test.into_bytes()));
    }
    if fit && bright {
        notes.push(DataNote::suspicious(
            "the training images hold pixels from 0 to 255, but the test images other numbers, so both are taken for \
             numbers; were they made in the same way?",
        ));
    }
    (Values::Numbers(train.into_numbers(shape)), Values::Numbers(test.into_numbers(shape)))
}

/// Whether all values can be pixels, and whether one of them is above 1.
fn look_at_pixels(values: &Values) -> (bool, bool) {
    match values {
        Values::Bytes(bytes) => (true, bytes.iter().any(|&byte| byte > 1)),
        Values::Numbers(table) => {
            let (mut fit, mut bright) = (true, false);
            table.for_each_row(|row| {
                for &number in row {
                    fit &= number.fract() == 0.0 && (0.0..=255.0).contains(&number);
                    bright |= number > 1.0;
                }
            });
            (fit, bright)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_axes_with_equal_sides_is_taken_and_doubt_is_said() {
        for (sides, shape, note) in [
            ([3, 32, 32], [3, 32, 32], None),
            ([1, 28, 28], [1, 28, 28], None),
            ([3, 4, 4], [3, 4, 4], None),
            ([3, 24, 32], [3, 24, 32], None),
            ([4, 4, 3], [3, 4, 4], Some("3 channels of 4×4, the channels last in the file")),
            ([28, 28, 1], [1, 28, 28], Some("1 channel of 28×28, the channels last in the file")),
            ([8, 8, 2], [2, 8, 8], Some("2 channels of 8×8, the channels last in the file")),
            ([16, 16, 5], [5, 16, 16], Some("5 channels of 16×16, the channels last in the file")),
            ([24, 32, 3], [3, 24, 32], Some("3 channels of 24×32, the channels last in the file")),
            ([3, 3, 3], [3, 3, 3], Some("3 channels of 3×3, the channels first in the file")),
            ([3, 5, 4], [3, 5, 4], Some("3 channels of 5×4, the channels first in the file")),
            ([5, 6, 7], [5, 6, 7], Some("5 channels of 6×7, the channels first in the file")),
            ([8, 3, 3], [8, 3, 3], Some("8 channels of 3×3, the channels first in the file")),
        ] {
            let layout = SampleLayout::of(&sides).unwrap();
            assert_eq!(layout.shape, shape, "{sides:?}");
            let found = layout.note("x.npy").map(|note| note.text);
            assert_eq!(found, note.map(|note| format!("x.npy: taken for images of {note}")), "{sides:?}");
        }
        assert_eq!(SampleLayout::of(&[]), None);
    }
}
