//! Numbers on the command line: what is valid is said where one is typed.

use std::ops::RangeInclusive;

use gradtop::range::Range;

/// Reads a whole number of this range, which `T` can hold.
pub fn whole<T: TryFrom<u64>>(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            let valid =
                if *most == u64::MAX { format!("of at least {least}") } else { format!("from {least} to {most}") };
            format!("valid: a whole number {valid}")
        })
    }
}

/// Reads a finite number of this range.
pub fn real(range: Range) -> impl Fn(&str) -> Result<f64, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(*number));
        number.ok_or_else(|| format!("valid: a number {range}"))
    }
}
