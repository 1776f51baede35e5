//! The limit of central differences as their step falls.

/// Each step is this many times smaller than the one before.
pub(super) const STEP_RATIO: f64 = 2.0;

/// Uncertainty, relative to the number, that may be left when smaller steps are not tried any more.
const SETTLED_UNCERTAINTY: f64 = 1e-9;

/// As [`SETTLED_UNCERTAINTY`], but relative to what rounding may add to the newest difference.
const SETTLED_ROUNDINGS: f64 = 16.0;

/// Steps that have to bring nothing before smaller ones are not tried any more.
const SETTLED_STEPS: usize = 2;

/// Estimates of different steps, the least uncertain ones, that are compared.
const COMPARED_ESTIMATES: usize = 3;

/// A number from differences, and how far off it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub value: f64,
    /// What it moved by when it was refined last, and what the rounding of the differences adds.
    pub uncertainty: f64,
}

/// What central differences tend to, of falling steps, each with what rounding may add to it; NaN if none of them is a
/// number, and as uncertain as can be if they tend to nothing.
///
/// The error of a difference with step h is c₂h² + c₄h⁴ + …. Two of them give an estimate without the first term, three
/// one without the second, and so on (Richardson 1911). Of all of these the one counts that moved least when it was
/// refined (Ridders 1982), so that neither steps over which the function is not smooth enough nor those whose rounding
/// is large have a say. An estimate can move little by chance; so it is as uncertain as it is far from the best ones of
/// other steps. Differences that can't improve on it are not asked for.
pub(super) fn extrapolate_to_zero(differences: impl IntoIterator<Item = Estimate>) -> Estimate {
    let unknown = Estimate { value: f64::NAN, uncertainty: f64::INFINITY };
    let (mut best, mut best_of_steps) = (unknown, Vec::new());
    let (mut before, mut steps_without_gain): (Vec<f64>, usize) = (Vec::new(), 0);
    for difference in differences {
        let (mut row, mut power) = (vec![difference.value], 1.0);
        steps_without_gain += 1;
        let mut best_of_step = unknown;
        for (order, &coarse) in before.iter().enumerate() {
            power *= STEP_RATIO * STEP_RATIO;
            let fine = row[order];
            let value = fine + (fine - coarse) / (power - 1.0);
            let uncertainty = (value - fine).abs().max((value - coarse).abs()) + difference.uncertainty;
            if uncertainty < best_of_step.uncertainty {
                best_of_step = Estimate { value, uncertainty };
            }
            row.push(value);
        }
        if best_of_step.uncertainty < best.uncertainty {
            best = best_of_step;
            steps_without_gain = 0;
        }
        best_of_steps.push(best_of_step);
        before = row;
        let few_roundings = SETTLED_ROUNDINGS * difference.uncertainty;
        let is_settled = best.uncertainty <= few_roundings.max(SETTLED_UNCERTAINTY * best.value.abs());
        if is_settled && steps_without_gain >= SETTLED_STEPS {
            return Estimate { uncertainty: best.uncertainty.max(spread_around(best.value, best_of_steps)), ..best };
        }
    }
    Estimate { uncertainty: f64::INFINITY, ..best }
}

/// How far the least uncertain estimates are from `value`.
fn spread_around(value: f64, mut estimates: Vec<Estimate>) -> f64 {
    estimates.sort_by(|a, b| a.uncertainty.total_cmp(&b.uncertainty));
    let far = estimates.iter().take(COMPARED_ESTIMATES).map(|estimate| (estimate.value - value).abs());
    far.filter(|far| far.is_finite()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    /// Differences of f at x with `count` steps from `first` on.
    fn differences(f: impl Fn(f64) -> f64, x: f64, first: f64, count: i32) -> impl Iterator<Item = Estimate> {
        let steps = (0..count).map(move |step| first * STEP_RATIO.powi(-step));
        steps.map(move |h| Estimate {
            value: (f(x + h) - f(x - h)) / (2.0 * h),
            uncertainty: f64::EPSILON * f(x).abs() / h,
        })
    }

    #[test]
    fn a_polynomial_of_few_terms_has_its_limit() {
        let f = |x: f64| x - 5.0 * x.powi(3) + 2.0 * x.powi(5);
        let limit = extrapolate_to_zero(differences(f, 0.0, 0.25, 34));
        assert!((limit.value - 1.0).abs() < 1e-14 && limit.uncertainty < 1e-12, "{limit:?}");
    }

    #[test]
    fn the_limit_is_exact_up_to_what_it_says_for_smooth_and_for_sharp_functions() {
        for (sharpness, largest_error) in [(1.0_f64, 1e-12), (1e3, 1e-11), (1e6, 1e-8)] {
            let limit = extrapolate_to_zero(differences(|x| (sharpness * x).tanh(), 0.3 / sharpness, 0.5, 34));
            let error = (limit.value / (sharpness * (1.0 - 0.3_f64.tanh().powi(2))) - 1.0).abs();
            assert!(error < largest_error, "{sharpness}: {limit:?} {error}");
            assert!(error * limit.value <= 3.0 * limit.uncertainty, "{sharpness}: {limit:?} {error}");
        }
    }

    #[test]
    fn noise_that_the_differences_do_not_know_of_makes_it_uncertain() {
        let mut stream = stream(1, Purpose::Data, 0);
        let mut noise = || f64::from(stream.below(2001)) / 1000.0 - 1.0;
        let mut overconfident = 0;
        for _ in 0..500 {
            let noisy = differences(f64::exp, 0.0, 0.5, 34)
                .map(|exact| Estimate { value: exact.value + 100.0 * exact.uncertainty * noise(), ..exact });
            let limit = extrapolate_to_zero(noisy);
            overconfident += usize::from((limit.value - 1.0).abs() > 10.0 * limit.uncertainty);
        }
        assert!(overconfident <= 2, "{overconfident} of 500");
    }

    #[test]
    fn steps_that_bring_nothing_are_not_asked_for() {
        let mut asked = 0;
        extrapolate_to_zero(differences(f64::exp, 0.1, 0.5, 34).inspect(|_| asked += 1));
        assert!((5..10).contains(&asked), "{asked}");
    }

    #[test]
    fn a_kink_is_uncertain_and_no_number_stays_none() {
        // The differences have no limit.
        let limit = extrapolate_to_zero(differences(|x| if x > 0.0 { x * x.ln() } else { 0.0 }, 0.0, 0.5, 34));
        assert!(limit.uncertainty > 0.1, "{limit:?}");
        let limit = extrapolate_to_zero(differences(|x| f64::from(x > 0.0), 0.0, 0.5, 34));
        assert_eq!(limit.uncertainty, f64::INFINITY, "{limit:?}");
        let none = extrapolate_to_zero([Estimate { value: f64::NAN, uncertainty: 0.0 }; 3]);
        assert!(none.value.is_nan() && none.uncertainty == f64::INFINITY);
    }
}
