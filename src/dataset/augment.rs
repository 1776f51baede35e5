//! What is done to training images anew in every epoch, so that a network never sees quite the same image twice.
//!
//! The draw for a sample is a function of the seed, the epoch and the sample alone: a run can be taken up anywhere.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::random::{Purpose, stream};
use crate::text::{Safe, nearest};

/// One augmentation as one writes it down: `flip`, `crop 4`, `cutout 8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Augmentation {
    /// Mirrors left and right, every other time.
    Flip,
    /// Shifts by up to this many pixels in each direction; what comes in from outside is black (0 for data that is no
    /// bytes).
    Crop {
        /// Pixels, at least 1.
        padding: u8,
    },
    /// A square whose values become 0 after preprocessing, wherever it falls, cut at the border (`DeVries` and
    /// Taylor 2017).
    Cutout {
        /// Side of the square in pixels, at least 1.
        size: u8,
    },
}

/// The forms, for error messages.
const AUGMENTATION_FORMS: [(&str, &str); 3] = [("flip", "flip"), ("crop", "crop PADDING"), ("cutout", "cutout SIZE")];

/// A text that names no augmentation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct UnknownAugmentation(String);

impl fmt::Display for Augmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flip => f.write_str("flip"),
            Self::Crop { padding } => write!(f, "crop {padding}"),
            Self::Cutout { size } => write!(f, "cutout {size}"),
        }
    }
}

impl FromStr for Augmentation {
    type Err = UnknownAugmentation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let pixels = |text: &str| match text.parse() {
            Ok(pixels) if pixels > 0 => Ok(pixels),
            _ => Err(UnknownAugmentation(format!("`{}` is no number of pixels; valid: 1 to 255", Safe(text)))),
        };
        match words[..] {
            ["flip"] => Ok(Self::Flip),
            ["crop", padding] => Ok(Self::Crop { padding: pixels(padding)? }),
            ["cutout", size] => Ok(Self::Cutout { size: pixels(size)? }),
            _ => Err(unknown_augmentation(text, words.first().copied().unwrap_or_default())),
        }
    }
}

fn unknown_augmentation(text: &str, kind: &str) -> UnknownAugmentation {
    if let Some((_, form)) = AUGMENTATION_FORMS.iter().find(|(name, _)| *name == kind) {
        return UnknownAugmentation(format!("`{}` is not a valid augmentation; write `{form}`", Safe(text)));
    }
    let hint = nearest(kind, AUGMENTATION_FORMS.map(|(name, _)| name)).map(|near| format!("did you mean `{near}`? "));
    let forms = AUGMENTATION_FORMS.map(|(_, form)| format!("`{form}`")).join(", ");
    UnknownAugmentation(format!("`{}` is not an augmentation; {}valid: {forms}", Safe(text), hint.unwrap_or_default()))
}

/// The augmentations of a run, each kind at most once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augmentations {
    /// Whether every other image is mirrored.
    pub flip: bool,
    /// Padding of the crop in pixels; 0 is none.
    pub crop: u8,
    /// Side of the square that is cut out in pixels; 0 is none.
    pub cutout: u8,
}

impl Augmentations {
    /// Adds one.
    ///
    /// # Errors
    /// When there is one of its kind already.
    pub fn push(&mut self, augmentation: Augmentation) -> Result<(), UnknownAugmentation> {
        let (there, name) = match augmentation {
            Augmentation::Flip => (std::mem::replace(&mut self.flip, true), "flip"),
            Augmentation::Crop { padding } => (std::mem::replace(&mut self.crop, padding) > 0, "crop"),
            Augmentation::Cutout { size } => (std::mem::replace(&mut self.cutout, size) > 0, "cutout"),
        };
        if there { Err(UnknownAugmentation(format!("`{name}` is there twice; once is enough"))) } else { Ok(()) }
    }

    /// Each that is on.
    pub fn list(self) -> impl Iterator<Item = Augmentation> {
        let crop = (self.crop > 0).then_some(Augmentation::Crop { padding: self.crop });
        let cutout = (self.cutout > 0).then_some(Augmentation::Cutout { size: self.cutout });
        self.flip.then_some(Augmentation::Flip).into_iter().chain(crop).chain(cutout)
    }

    /// Whether nothing is done.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Why samples of this shape can't be augmented so, if they can't.
    pub(super) fn why_unsuitable(self, shape: &[usize]) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let &[_, height, width] = shape else {
            return Some(format!("data.augment works on images, but a sample here has the shape {shape:?}"));
        };
        let side = height.min(width);
        if usize::from(self.crop) >= side || usize::from(self.cutout) > side {
            let which = if usize::from(self.crop) >= side { ("crop", side - 1) } else { ("cutout", side) };
            return Some(format!(
                "images of {height}×{width} are too small for that {}; valid: 1 to {}",
                which.0, which.1
            ));
        }
        None
    }

    /// What is done to a `sample` in an `epoch`.
    ///
    /// All numbers are drawn, whatever is on, so that switching one augmentation on leaves the others as they were.
    pub(super) fn draw_moves(self, seed: u64, epoch: u64, sample: u32, height: usize, width: usize) -> SampleMoves {
        // The highest bit keeps these streams apart from those of toy problems.
        let mut numbers = stream(seed, Purpose::Data, 1 << 63 | epoch << 32 | u64::from(sample));
        let flip = numbers.random_bits() & 1 == 1;
        let mut shift =
            || (numbers.below(2 * u32::from(self.crop) + 1) as usize).cast_signed() - isize::from(self.crop);
        let (down, right) = (shift(), shift());
        let (row, column) = (numbers.below(height as u32), numbers.below(width as u32));
        let span = |center: u32, side: usize| {
            let start = (center as usize).cast_signed() - isize::from(self.cutout) / 2;
            let end = start + isize::from(self.cutout);
            (start.max(0) as usize, (end as usize).min(side))
        };
        let cutout = (self.cutout > 0).then(|| (span(row, height), span(column, width)));
        SampleMoves { flip: flip && self.flip, down, right, cutout }
    }
}

/// What is done to one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SampleMoves {
    /// Whether it is mirrored, after the shift.
    pub flip: bool,
    /// Row of the image that comes first.
    pub down: isize,
    /// Column of the image that comes first.
    pub right: isize,
    /// From and to which row and column the values become 0.
    pub cutout: Option<((usize, usize), (usize, usize))>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_augmentation_agree_both_ways() {
        for text in ["flip", "crop 4", "cutout 255"] {
            assert_eq!(text.parse::<Augmentation>().unwrap().to_string(), text);
        }
        let error = |text: &str| text.parse::<Augmentation>().unwrap_err().to_string();
        assert_eq!(error("crop"), "`crop` is not a valid augmentation; write `crop PADDING`");
        assert_eq!(error("crop 0"), "`0` is no number of pixels; valid: 1 to 255");
        assert_eq!(error("cutout -1"), "`-1` is no number of pixels; valid: 1 to 255");
        assert_eq!(
            error("flop"),
            "`flop` is not an augmentation; did you mean `flip`? valid: `flip`, `crop PADDING`, `cutout SIZE`"
        );
        assert!(!error("\u{1b}[31m").contains('\u{1b}'));
    }

    #[test]
    fn a_kind_can_be_there_once() {
        let mut all = Augmentations::default();
        all.push(Augmentation::Crop { padding: 4 }).unwrap();
        all.push(Augmentation::Flip).unwrap();
        assert_eq!(all.push(Augmentation::Flip).unwrap_err().to_string(), "`flip` is there twice; once is enough");
        assert_eq!(all.list().map(|one| one.to_string()).collect::<Vec<_>>(), ["flip", "crop 4"]);
    }

    #[test]
    fn draws_cover_their_ranges_and_follow_from_seed_epoch_and_sample() {
        let all = Augmentations { flip: true, crop: 2, cutout: 3 };
        let draw = |seed, epoch, sample| all.draw_moves(seed, epoch, sample, 6, 5);
        assert_eq!(draw(1, 2, 3), draw(1, 2, 3));
        let many: Vec<SampleMoves> = (0..2000).map(|sample| draw(1, 2, sample)).collect();
        for (seed, epoch) in [(2, 2), (1, 3)] {
            let same = (0..2000).filter(|&sample| draw(seed, epoch, sample) == many[sample as usize]).count();
            assert!(same < 20, "{same}");
        }
        let flips = many.iter().filter(|moves| moves.flip).count();
        assert!((900..1100).contains(&flips), "{flips}");
        for shift in -2..=2 {
            let down = many.iter().filter(|moves| moves.down == shift).count();
            let right = many.iter().filter(|moves| moves.right == shift).count();
            assert!((300..500).contains(&down) && (300..500).contains(&right), "{shift}: {down} {right}");
        }
        for moves in &many {
            let ((top, bottom), (left, right)) = moves.cutout.unwrap();
            assert!(top < bottom && bottom <= 6 && left < right && right <= 5, "{moves:?}");
            assert!(bottom - top <= 3 && right - left <= 3, "{moves:?}");
        }
        assert!(many.iter().any(|moves| moves.cutout == Some(((0, 2), (3, 5)))));
        let crop_alone = Augmentations { flip: false, crop: 2, cutout: 0 }.draw_moves(1, 2, 3, 6, 5);
        assert_eq!(crop_alone, SampleMoves { flip: false, cutout: None, ..draw(1, 2, 3) });
    }

    #[test]
    fn what_does_not_fit_the_shape_is_said() {
        let misfit = |crop, cutout, shape: &[usize]| Augmentations { flip: true, crop, cutout }.why_unsuitable(shape);
        assert_eq!(misfit(3, 4, &[3, 4, 5]), None);
        assert_eq!(misfit(4, 0, &[3, 4, 5]).unwrap(), "images of 4×5 are too small for that crop; valid: 1 to 3");
        assert_eq!(misfit(0, 5, &[3, 4, 5]).unwrap(), "images of 4×5 are too small for that cutout; valid: 1 to 4");
        assert!(misfit(0, 0, &[2]).unwrap().contains("[2]"));
        assert_eq!(Augmentations::default().why_unsuitable(&[2]), None);
    }
}
