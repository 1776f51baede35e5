//! What was measured, as CSV.

use std::io::{self, Write};

use crate::runs::history::TagSeries;

/// Writes one row for each step and one column for each tag, empty where it was not measured.
///
/// Numbers have the digits that tell them from other numbers of 32 bits, in which they are recorded; those that are not
/// finite are `NaN`, `inf` and `-inf`.
///
/// # Errors
/// When `out` can't be written to.
pub fn write_csv(out: &mut impl Write, series: &[TagSeries]) -> io::Result<()> {
    write!(out, "step")?;
    for series in series {
        write!(out, ",{}", quote_field(&series.tag))?;
    }
    writeln!(out)?;
    let mut steps: Vec<u64> = series.iter().flat_map(|series| &series.points).map(|point| point.0).collect();
    steps.sort_unstable();
    steps.dedup();
    let mut left: Vec<_> = series.iter().map(|series| series.points.iter().peekable()).collect();
    for step in steps {
        write!(out, "{step}")?;
        for points in &mut left {
            match points.next_if(|point| point.0 == step) {
                // Debug writes 1e-30 so, and not as thirty digits.
                Some((_, value)) => write!(out, ",{value:?}")?,
                None => write!(out, ",")?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A field of CSV, in quotes where it needs them.
fn quote_field(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.into() }
}
