//! `gradtop predict`: classes and probabilities of samples in files.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process,
};

use anyhow::Context;
use gradtop::{
    dataset::{InputSamples, Source, read_samples},
    predict::{Prediction, PredictionFormat, PredictionWriter, SamplePrediction},
    text::harmless_name,
};

use super::{
    ready_model::{self, ReadyModel},
    run_arguments::{PredictArguments, PredictionFormatChoice},
    start::WrongUse,
};

/// Reads, predicts and writes.
pub fn run(arguments: &PredictArguments) -> anyhow::Result<u8> {
    if let Some(out) = &arguments.out {
        check_output(out, &arguments.inputs, arguments.force)?;
    }
    let ReadyModel { preparation, mut predictor, .. } =
        ready_model::open_model(&arguments.runs.directory, &arguments.run, arguments.threads)?;
    let sources: Vec<Source> = arguments.inputs.iter().cloned().map(Source::Path).collect();
    let samples = read_samples(&sources, &preparation, &mut |_, _| ControlFlow::Continue(()))?;
    ready_model::print_notes(&samples.notes);
    let predictions = predictor.predict(&samples.samples);
    let format = match arguments.format {
        PredictionFormatChoice::Csv => PredictionFormat::Csv,
        PredictionFormatChoice::Json => PredictionFormat::Json,
    };
    let results = PredictionResults { samples: &samples, predictions: &predictions, classes: preparation.classes() };
    match &arguments.out {
        Some(out) => results
            .write_file(out, format, arguments.force)
            .with_context(|| format!("can't write {}", harmless_name(out.as_os_str())))?,
        None => match results.write(BufWriter::new(io::stdout().lock()), format) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        },
    }
    Ok(0)
}

/// Refuses an output that is there, unless it may be replaced; one that is an input or in an input folder, or no file,
/// always.
fn check_output(out: &Path, inputs: &[PathBuf], force: bool) -> Result<(), WrongUse> {
    let shown = harmless_name(out.as_os_str());
    // A link that leads nowhere is there, too.
    let Ok(found) = fs::symlink_metadata(out) else { return Ok(()) };
    let real = fs::canonicalize(out).unwrap_or_else(|_| out.into());
    let is_within = |input: &PathBuf| fs::canonicalize(input).is_ok_and(|input| real.starts_with(input));
    if inputs.iter().any(is_within) {
        return Err(WrongUse(format!("--out {shown}: it is one of the inputs; choose another name")));
    }
    if !found.is_file() {
        return Err(WrongUse(format!("--out {shown}: it is there and no regular file; choose another name")));
    }
    if !force {
        return Err(WrongUse(format!("--out {shown}: it is there already; --force replaces it")));
    }
    Ok(())
}

/// What is written.
struct PredictionResults<'a> {
    samples: &'a InputSamples,
    predictions: &'a [Prediction],
    classes: &'a [String],
}

impl PredictionResults<'_> {
    fn write(&self, out: impl Write, format: PredictionFormat) -> io::Result<()> {
        let name = |class: u8| self.classes[usize::from(class)].as_str();
        let with_truth = self.samples.truth.iter().any(Option::is_some);
        let mut writer = PredictionWriter::begin(out, format, self.classes, with_truth)?;
        for (sample, prediction) in self.predictions.iter().enumerate() {
            writer.write(SamplePrediction {
                sample: &self.samples.name(sample),
                truth: self.samples.truth[sample].map(name),
                class: prediction.class.map(name),
                probabilities: &prediction.probabilities,
            })?;
        }
        writer.finish()
    }

    /// Writes a whole file, or none; one that is there is replaced only when the new one is whole.
    fn write_file(&self, out: &Path, format: PredictionFormat, force: bool) -> io::Result<()> {
        let mut partial = out.as_os_str().to_owned();
        partial.push(format!(".{}.partial", process::id()));
        let target = if force { Path::new(&partial) } else { out };
        let file = File::create_new(target)?;
        let mut written = self.write(BufWriter::new(&file), format).and_then(|()| file.sync_all());
        if force {
            written = written.and_then(|()| fs::rename(target, out));
        }
        if written.is_err() {
            // The error that is told says more than one of this.
            let _ = fs::remove_file(target);
        }
        written
    }
}
