//! `gradtop presets`: the experiments that come with the program.

use std::io::{self, Write};

use gradtop::{
    config::{PRESETS, Preset},
    exercise::{AccuracyAndLoss, ExerciseRow},
    text::wrap_whole,
};

use super::screen::output_columns;

/// Lists them, each with what is to be expected of it.
pub fn run() -> anyhow::Result<u8> {
    print_all(&mut io::stdout().lock(), output_columns())?;
    Ok(0)
}

/// Lists them in lines of at most `width` columns.
fn print_all(out: &mut impl Write, width: usize) -> io::Result<()> {
    let usage = "gradtop --preset NAME watches one of these, gradtop train --preset NAME trains it at full speed; \
                 --data PATH names data that don't come with the program, --config and --set change anything.";
    print_indented(out, width, 0, usage)?;
    let mut data = None;
    for preset in PRESETS {
        if data.replace(preset.data) != Some(preset.data) {
            writeln!(out)?;
            print_indented(out, width, 0, &format!("On {}: {}.", preset.data.name(), preset.data.how_to_get()))?;
        }
        writeln!(out)?;
        print_indented(out, width, 2, preset.name)?;
        print_indented(out, width, 4, preset.about)?;
        print_indented(out, width, 4, &expected_results(preset))?;
    }
    Ok(())
}

fn print_indented(out: &mut impl Write, width: usize, indent: usize, text: &str) -> io::Result<()> {
    let room = u16::try_from(width.saturating_sub(indent)).unwrap_or(u16::MAX);
    wrap_whole(text, room).iter().try_for_each(|line| writeln!(out, "{:indent$}{line}", ""))
}

/// What a run should come to on the test images.
fn expected_results(preset: &Preset) -> String {
    let Some(row) = ExerciseRow::find(preset.name) else { return preset.expected.unwrap_or_default().into() };
    let figures = |AccuracyAndLoss { accuracy, loss }| format!("{accuracy:.1} %, loss {loss:.2}");
    format!("published {}; reference {}", figures(row.published), figures(row.reference()))
}

#[cfg(test)]
mod tests {
    use gradtop::text::columns;

    use super::*;

    #[test]
    fn every_preset_fits_into_a_narrow_window() {
        for width in [60, 80] {
            let mut out = Vec::new();
            print_all(&mut out, width).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.lines().all(|line| columns(line) <= width), "{text}");
            assert!(PRESETS.iter().all(|preset| text.lines().any(|line| line.trim() == preset.name)), "{text}");
        }
    }
}
