//! Shapes of samples and of parameters.

use std::fmt;

/// Shape of one sample: `[784]`, `[3, 32, 32]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// The shape with these dimensions.
    pub fn new(dimensions: impl Into<Vec<usize>>) -> Self {
        Self(dimensions.into())
    }

    /// Its dimensions, outermost first.
    pub fn dimensions(&self) -> &[usize] {
        &self.0
    }

    /// Number of values in a sample: the product of the dimensions, saturating.
    pub fn features(&self) -> usize {
        self.0.iter().fold(1, |product: usize, &d| product.saturating_mul(d))
    }

    /// Where a value is, by its place in row-major order: `[1, 0]` for value 3 of `[2, 3]`.
    pub fn index_of_value(&self, place: usize) -> Vec<usize> {
        let mut rest = place;
        let mut index = self.0.clone();
        for length in index.iter_mut().rev() {
            let size = (*length).max(1);
            (*length, rest) = (rest % size, rest / size);
        }
        index
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
