//! `gradtop gradcheck`: hand-derived gradients against central differences, of the configured network or of all layers.

use std::io::{self, Write};

use anyhow::bail;
use gradtop::{
    nn::gradcheck::{
        self, GradientReport, TensorCheck,
        suite::{CheckCase, all_cases},
    },
    text::short,
};

use super::{FAILED_STATUS, GradcheckArguments, screen::stdout_for_people, start};

/// Checks, prints and gives the exit status: 1 above the tolerance.
pub fn run(arguments: &GradcheckArguments) -> anyhow::Result<u8> {
    let tolerance = arguments.tolerance;
    let (printed, passed) = if arguments.all {
        let reports =
            all_cases().into_iter().map(|case| Ok((case.check()?, case))).collect::<anyhow::Result<Vec<_>>>()?;
        let passed = reports.iter().all(|(report, _)| report.passes(tolerance));
        (print_reports(&reports, arguments), passed)
    } else {
        let config = start::load_configuration(&arguments.run)?;
        let (shape, classes) = start::shape_and_classes(&arguments.run, &config)?;
        let report =
            gradcheck::check_gradients(&config.model, &shape, classes, arguments.batch.into(), config.run.seed)
                .map_err(|error| config.error_of_network(&error))?;
        (print_report(&report, tolerance), report.passes(tolerance))
    };
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => bail!(error),
        _ => Ok(if passed { 0 } else { FAILED_STATUS }),
    }
}

/// A line for each tensor, and a verdict.
fn print_report(report: &GradientReport, tolerance: f64) -> io::Result<()> {
    let mut out = stdout_for_people();
    let layer = |entry: &TensorCheck| format!("{} {}", entry.layer, entry.kind);
    let tensor = |entry: &TensorCheck| format!("{}.{}", entry.layer, entry.tensor);
    let widest = |text: &dyn Fn(&TensorCheck) -> String| report.entries.iter().map(|entry| text(entry).len()).max();
    let (layers, tensors) = (widest(&layer).unwrap_or(0).max(5), widest(&tensor).unwrap_or(0).max(6));
    writeln!(
        out,
        "{:<layers$} {:<tensors$} {:>13} {:>13} {:>10}",
        "layer", "tensor", "by hand", "numeric", "rel. error"
    )?;
    for entry in &report.entries {
        writeln!(
            out,
            "{:<layers$} {:<tensors$} {:>13.6e} {:>13.6e} {:>10}{}",
            layer(entry),
            tensor(entry),
            entry.analytic,
            entry.numeric,
            short(entry.relative_error),
            entry_mark(entry, tolerance)
        )?;
    }
    print_verdict(&mut out, report.worst_tensor().map_or(0.0, |entry| entry.relative_error), tolerance)
}

/// The worst tensor of each case, as a table for people or, with `--markdown`, as that of `docs/mathematics.md`.
fn print_reports(reports: &[(GradientReport, CheckCase)], arguments: &GradcheckArguments) -> io::Result<()> {
    let (mut out, tolerance) = (stdout_for_people(), arguments.tolerance);
    let width = reports.iter().map(|(_, case)| case.name.chars().count()).max().unwrap_or(0);
    if arguments.markdown {
        writeln!(out, "| network | gradients | worst | relative error |\n|---|---|---|---|")?;
    } else {
        writeln!(out, "{:<width$} {:>9}  {:<18} {:>12}", "network", "gradients", "worst", "rel. error")?;
    }
    let mut largest = 0.0_f64;
    for (report, case) in reports {
        let Some(worst) = report.worst_tensor() else { continue };
        let (name, count, error) = (&case.name, report.entries.len(), short(worst.relative_error));
        let tensor = format!("{}.{}", worst.layer, worst.tensor);
        if arguments.markdown {
            writeln!(out, "| {name} | {count} | `{tensor}` | {error} |")?;
        } else {
            writeln!(out, "{name:<width$} {count:>9}  {tensor:<18} {error:>12}{}", entry_mark(worst, tolerance))?;
        }
        // A NaN is the largest error there is.
        largest = if worst.relative_error > largest || worst.relative_error.is_nan() {
            worst.relative_error
        } else {
            largest
        };
    }
    if arguments.markdown { Ok(()) } else { print_verdict(&mut out, largest, tolerance) }
}

fn entry_mark(entry: &TensorCheck, tolerance: f64) -> &'static str {
    if entry.relative_error <= tolerance { "" } else { "  above the tolerance" }
}

fn print_verdict(out: &mut impl Write, largest: f64, tolerance: f64) -> io::Result<()> {
    let verdict = if largest <= tolerance { "passed" } else { "failed" };
    writeln!(out, "\n{verdict}: largest relative error {}, tolerance {}", short(largest), short(tolerance))
}
