//! `gradtop gradcheck`: hand-derived gradients against central differences, of the configured network or of all layers.

use std::io::{self, Write};

use gradtop::{
    nn::gradcheck::{
        self, GradientReport, TensorCheck, Verdict,
        suite::{CheckCase, all_cases},
    },
    text::short,
};

use super::{
    FAILED_STATUS, GradcheckArguments,
    screen::{stdout_for_people, without_closed_pipe},
    start,
};

/// Exit status where rounding leaves the gradients undecided.
const UNDECIDED_STATUS: u8 = 3;

/// Checks, prints and gives the exit status: 0, 1 or 3 for the verdicts.
pub fn run(arguments: &GradcheckArguments) -> anyhow::Result<u8> {
    let tolerance = arguments.tolerance;
    let (printed, verdict) = if arguments.all {
        let reports =
            all_cases().into_iter().map(|case| Ok((case.check()?, case))).collect::<anyhow::Result<Vec<_>>>()?;
        let verdict = reports.iter().map(|(report, _)| report.verdict(tolerance)).max().unwrap_or(Verdict::Passed);
        (print_reports(&reports, arguments), verdict)
    } else {
        let config = start::load_configuration(&arguments.run)?;
        let (shape, classes) = start::shape_and_classes(&arguments.run, &config)?;
        let report =
            gradcheck::check_gradients(&config.model, &shape, classes, arguments.batch.into(), config.run.seed)
                .map_err(|error| config.error_of_network(&error))?;
        (print_report(&report, tolerance), report.verdict(tolerance))
    };
    without_closed_pipe(printed)?;
    Ok(status(verdict))
}

fn status(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Passed => 0,
        Verdict::Undecided => UNDECIDED_STATUS,
        Verdict::Failed => FAILED_STATUS,
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
            verdict_mark(entry.verdict(tolerance))
        )?;
    }
    print_verdict(&mut out, &report.entries.iter().collect::<Vec<_>>(), tolerance)
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
    for (report, case) in reports {
        let Some(worst) = report.worst_tensor(tolerance) else { continue };
        let (name, count, error) = (&case.name, report.entries.len(), short(worst.relative_error));
        let tensor = format!("{}.{}", worst.layer, worst.tensor);
        if arguments.markdown {
            writeln!(out, "| {name} | {count} | `{tensor}` | {error} |")?;
        } else {
            let mark = verdict_mark(worst.verdict(tolerance));
            writeln!(out, "{name:<width$} {count:>9}  {tensor:<18} {error:>12}{mark}")?;
        }
    }
    let entries: Vec<_> = reports.iter().flat_map(|(report, _)| &report.entries).collect();
    if arguments.markdown { Ok(()) } else { print_verdict(&mut out, &entries, tolerance) }
}

fn verdict_mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "",
        Verdict::Undecided => "  undecided: hidden by rounding",
        Verdict::Failed => "  above the tolerance",
    }
}

/// The verdict on all gradients, with its reason.
fn print_verdict(out: &mut impl Write, entries: &[&TensorCheck], tolerance: f64) -> io::Result<()> {
    let verdict = entries.iter().map(|entry| entry.verdict(tolerance)).max().unwrap_or(Verdict::Passed);
    let decisive: Vec<_> = entries.iter().filter(|entry| entry.verdict(tolerance) == verdict).collect();
    // A NaN is the largest error there is.
    let largest = |largest: f64, error: f64| if largest.is_nan() || error <= largest { largest } else { error };
    let (word, limit) = (verdict.word(), short(tolerance));
    if verdict != Verdict::Undecided {
        let error = short(decisive.iter().map(|entry| entry.relative_error).fold(0.0, largest));
        return writeln!(out, "\n{word}: largest relative error {error}, tolerance {limit}");
    }
    let rounding = short(decisive.iter().map(|entry| entry.rounding).fold(0.0, largest));
    writeln!(
        out,
        "\n{word}: of {} of {} gradients rounding could hide relative errors of up to {rounding}, above the tolerance {limit}: \
         they have too little effect on the loss; no error that rounding can't explain was found",
        decisive.len(),
        entries.len()
    )
}
