//! The size to which images are brought.

use std::fmt;

use crate::text::Safe;

/// Largest side of an image in pixels.
pub(super) const MAX_SIDE_PIXELS: u32 = 4096;

/// A size in pixels that all images are to have: each is resized so that it covers the size, and its centre is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageSize {
    /// Rows, 1 to 4096.
    pub height: u32,
    /// Columns, 1 to 4096.
    pub width: u32,
}

impl ImageSize {
    /// What `0`, `SIZE` or `HEIGHTxWIDTH` stands for; 0 is none.
    ///
    /// # Errors
    /// When it is none of them, or a side is out of range.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let invalid = || {
            format!(
                "\"{}\" is no size; valid: 0, SIZE or HEIGHTxWIDTH, from 1 to {MAX_SIDE_PIXELS} pixels, as 64 or 48x64",
                Safe(text)
            )
        };
        if text.trim() == "0" {
            return Ok(None);
        }
        let (height, width) = text.split_once(['x', '×']).unwrap_or((text, text));
        let side = |text: &str| {
            text.trim().parse().ok().filter(|side| (1..=MAX_SIDE_PIXELS).contains(side)).ok_or_else(invalid)
        };
        Ok(Some(Self { height: side(height)?, width: side(width)? }))
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { height, width } = self;
        if height == width { write!(f, "{height}") } else { write!(f, "{height}x{width}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_one_number_or_two() {
        assert_eq!(ImageSize::parse("0"), Ok(None));
        assert_eq!(ImageSize::parse("64"), Ok(Some(ImageSize { height: 64, width: 64 })));
        assert_eq!(ImageSize::parse("48x64"), Ok(Some(ImageSize { height: 48, width: 64 })));
        for text in ["1", "4096", "48x64", "1x4096"] {
            assert_eq!(ImageSize::parse(text).unwrap().unwrap().to_string(), text);
        }
        for text in ["", "x", "0x3", "3x0", "4097", "-1", "64 px", "1x2x3", "1.5", "99999999999999"] {
            let error = ImageSize::parse(text).unwrap_err();
            assert!(
                error.ends_with("valid: 0, SIZE or HEIGHTxWIDTH, from 1 to 4096 pixels, as 64 or 48x64"),
                "{error}"
            );
        }
    }
}
