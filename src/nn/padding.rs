//! Zeros around the image of a convolution.

use std::fmt;

/// Zeros around the image of a convolution, as `pad N`, `pad HxW` or `pad same` write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// The same number of rows above and below, fewer than the kernel has, and of columns left and right.
    Zeros {
        /// Above, and as many below.
        rows: usize,
        /// Left, and as many right.
        columns: usize,
    },
    /// As many as keep height and width at a stride of 1: one less than the kernel covers along each axis, half of them
    /// on either side. The odd one of an even kernel is at the bottom and at the right, as `PyTorch`'s
    /// `padding="same"` has it.
    Same,
}

impl Padding {
    /// No zeros.
    pub const NONE: Self = Self::Zeros { rows: 0, columns: 0 };

    /// Zeros above and left of the image for a kernel of this height and width.
    #[must_use]
    pub fn before(self, (height, width): (usize, usize)) -> (usize, usize) {
        match self {
            Self::Zeros { rows, columns } => (rows, columns),
            Self::Same => (height.saturating_sub(1) / 2, width.saturating_sub(1) / 2),
        }
    }

    /// Zeros below and right of the image for a kernel of this height and width.
    #[must_use]
    pub fn after(self, (height, width): (usize, usize)) -> (usize, usize) {
        match self {
            Self::Zeros { rows, columns } => (rows, columns),
            Self::Same => (height / 2, width / 2),
        }
    }
}

impl From<(usize, usize)> for Padding {
    fn from((rows, columns): (usize, usize)) -> Self {
        Self::Zeros { rows, columns }
    }
}

/// As it is written after `pad`: `1`, `1x0`, `same`.
impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zeros { rows, columns } if rows == columns => write!(f, "{rows}"),
            Self::Zeros { rows, columns } => write!(f, "{rows}x{columns}"),
            Self::Same => f.write_str("same"),
        }
    }
}
