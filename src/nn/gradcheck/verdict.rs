//! From a gradient found in two ways to what is to be thought of it.

use super::extrapolation::Estimate;

/// How many times its uncertainty an estimate may be off: the uncertainty is what was seen of its rounding, not a bound.
const UNCERTAINTY_MARGIN: f64 = 10.0;

/// Rounding may be this many times the tolerance: an error of ten times the tolerance then still shows.
const MAX_ROUNDING: f64 = 5.0;

/// What a gradient check says, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The two agree within the tolerance, and rounding would not hide an error of ten times that.
    Passed,
    /// They agree as far as rounding lets them be compared, which is not far enough.
    Undecided,
    /// They differ by more than tolerance and rounding.
    Failed,
}

impl Verdict {
    /// Of gradients with this relative error, of which rounding can make `rounding`. A NaN fails.
    pub(super) fn new(relative_error: f64, rounding: f64, tolerance: f64) -> Self {
        if relative_error.is_nan() || relative_error > tolerance.max(rounding) {
            Self::Failed
        } else if relative_error <= tolerance && rounding <= MAX_ROUNDING * tolerance {
            Self::Passed
        } else {
            Self::Undecided
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Undecided => "undecided",
            Self::Failed => "failed",
        }
    }
}

/// What was compared of one tensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct TensorComparison {
    /// How large the tensor's values are.
    scale: f64,
    /// The largest derivative.
    largest: f64,
    /// Of the comparison with the largest difference: by hand, from central differences, and the difference.
    pub analytic: f64,
    pub numeric: f64,
    difference: f64,
    /// How far off the numeric derivatives may be.
    uncertainty: f64,
}

impl TensorComparison {
    /// Nothing is compared yet.
    pub(super) fn new(scale: f64) -> Self {
        Self { scale, largest: 0.0, analytic: 0.0, numeric: 0.0, difference: 0.0, uncertainty: 0.0 }
    }

    /// Takes a derivative in that counts as one of this tensor, but is not compared.
    pub(super) fn with_largest(self, derivative: f64) -> Self {
        Self { largest: self.largest.max(derivative.abs()), ..self }
    }

    /// Takes a derivative in that was found in two ways.
    pub(super) fn add(&mut self, analytic: f64, numeric: Estimate) {
        let difference = (analytic - numeric.value).abs();
        self.largest = self.largest.max(analytic.abs()).max(numeric.value.abs());
        // A NaN is the largest difference there is, and no comparison with it is true.
        if difference >= self.difference || difference.is_nan() {
            (self.analytic, self.numeric, self.difference) = (analytic, numeric.value, difference);
        }
        self.uncertainty = self.uncertainty.max(numeric.uncertainty);
    }

    /// What moving the tensor by its own size does to the loss.
    pub(super) fn effect(&self) -> f64 {
        self.largest * self.scale
    }

    /// The largest difference and the largest that rounding can make, both relative to the largest derivative.
    ///
    /// A tensor without effect, such as a bias before a batch normalization, has a derivative that is nothing but
    /// rounding. Whether it should have an effect is judged by the others of its layer, through which the same gradient
    /// flows: what rounding hides is then relative to `layer_effect`, the largest of their effects. Of a layer of which none
    /// has any, as after saturated ones or among dead units, nothing can be told.
    pub(super) fn relative_errors(&self, layer_effect: f64) -> [f64; 2] {
        let rounding = UNCERTAINTY_MARGIN * self.uncertainty;
        let size = if self.largest <= rounding { layer_effect / self.scale } else { self.largest };
        [self.difference, rounding].map(|error| if error == 0.0 { 0.0 } else { error / size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: f64 = 1e-7;

    fn verdict(analytic: f64, value: f64, uncertainty: f64, layer_effect: f64) -> Verdict {
        let mut compared = TensorComparison::new(2.0);
        compared.add(analytic, Estimate { value, uncertainty });
        let [error, rounding] = compared.relative_errors(layer_effect.max(compared.effect()));
        Verdict::new(error, rounding, TOLERANCE)
    }

    #[test]
    fn a_millionth_fails_passes_never_and_is_undecided_only_below_the_rounding() {
        assert_eq!(verdict(1.0, 1.0 + 1e-9, 1e-11, 0.0), Verdict::Passed);
        assert_eq!(verdict(1.0, 1.0 + 1e-6, 1e-11, 0.0), Verdict::Failed);
        assert_eq!(verdict(1.0, 1.0 + 1e-6, 1e-7, 0.0), Verdict::Undecided, "rounding may be the cause");
        assert_eq!(verdict(1.0, 1.0, 1e-7, 0.0), Verdict::Undecided, "rounding could hide it");
        assert_eq!(verdict(1e-9, 2e-9, 1e-14, 1.0), Verdict::Failed, "small, but larger than rounding");
    }

    #[test]
    fn no_effect_is_judged_by_the_layer_that_the_tensor_is_of() {
        assert_eq!(verdict(1e-17, -3e-16, 1e-16, 1.0), Verdict::Passed);
        assert_eq!(verdict(1e-17, -3e-16, 1e-16, 1e-9), Verdict::Undecided, "too little comes back to the layer");
        assert_eq!(verdict(1e-17, -3e-16, 1e-16, 0.0), Verdict::Undecided);
        assert_eq!(verdict(0.0, 0.0, 1e-16, 1.0), Verdict::Passed, "none, in a layer that has some");
        assert_eq!(
            verdict(0.0, 0.0, 1e-16, 0.0),
            Verdict::Undecided,
            "nothing moves, perhaps by too little to be seen"
        );
        assert_eq!(verdict(1e-3, 0.0, 1e-16, 1.0), Verdict::Failed, "there should be none");
        assert_eq!(verdict(0.0, 1e-3, 1e-16, 1.0), Verdict::Failed, "there should be one");
    }

    #[test]
    fn what_is_no_number_fails() {
        for (analytic, value) in
            [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::INFINITY, 1.0), (f64::INFINITY, f64::INFINITY)]
        {
            assert_eq!(verdict(analytic, value, f64::INFINITY, 1.0), Verdict::Failed, "{analytic} {value}");
        }
    }
}
