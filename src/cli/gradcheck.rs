//! `gradtop gradcheck`: the hand-derived gradients of the configured network against central differences.

use std::io::{self, Write};

use gradtop::{
    nn::gradcheck::{self, Report},
    text::short,
};

use super::{FAILED, GradcheckArguments, start};

/// Checks, prints a line for each tensor and a verdict; 1 above the tolerance.
pub fn run(arguments: &GradcheckArguments) -> anyhow::Result<u8> {
    let config = start::configuration(&arguments.run)?;
    let (shape, classes) = start::check(&config)?;
    let report = gradcheck::check(&config.model, &shape, classes, arguments.batch.into(), config.run.seed)
        .map_err(|error| config.error_at_layer(error.layer, error.message()))?;
    match print(&report, arguments.tolerance) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(if report.passes(arguments.tolerance) { 0 } else { FAILED })
}

fn print(report: &Report, tolerance: f64) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{:<24} {:<12} {:>14} {:>14} {:>12}", "layer", "tensor", "by hand", "numeric", "rel. error")?;
    for entry in &report.entries {
        let mark = if entry.relative_error <= tolerance { "" } else { "  above the tolerance" };
        let layer = format!("{} {}", entry.layer, entry.kind);
        let tensor = format!("{}.{}", entry.layer, entry.tensor);
        writeln!(
            out,
            "{layer:<24} {tensor:<12} {:>14.6e} {:>14.6e} {:>12}{mark}",
            entry.analytic,
            entry.numeric,
            short(entry.relative_error)
        )?;
    }
    let verdict = if report.passes(tolerance) { "passed" } else { "failed" };
    let worst = report.worst().map_or(0.0, |entry| entry.relative_error);
    writeln!(out, "\n{verdict}: largest relative error {}, tolerance {}", short(worst), short(tolerance))
}
