//! `gradtop presets`: the experiments that come with the program.

use std::io::{self, Write};

use gradtop::{
    config::{PRESETS, Preset},
    exercise::{AccuracyAndLoss, ExerciseRow},
};

/// Lists them, each with what is to be expected of it.
pub fn run() -> anyhow::Result<u8> {
    match print_presets() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(0),
    }
}

fn print_presets() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "gradtop --preset NAME watches one of these, gradtop train --preset NAME trains it at full speed; --data PATH\n\
         names data that don't come with the program, --config and --set change anything."
    )?;
    let mut data = None;
    for preset in PRESETS {
        if data.replace(preset.data) != Some(preset.data) {
            writeln!(out, "\nOn {}: {}.", preset.data.name(), preset.data.how_to_get())?;
        }
        writeln!(out, "\n  {:<27} {}\n  {:<27} {}", preset.name, preset.about, "", expected_results(preset))?;
    }
    Ok(())
}

/// What a run should come to on the test images.
fn expected_results(preset: &Preset) -> String {
    let Some(row) = ExerciseRow::find(preset.name) else { return preset.expected.unwrap_or_default().into() };
    let figures = |AccuracyAndLoss { accuracy, loss }| format!("{accuracy:.1} %, loss {loss:.2}");
    format!("published {}; reference {}", figures(row.published), figures(row.reference()))
}
