//! `gradtop predict`: classes and probabilities of samples in files.

use std::{
    io::{self, BufWriter, Write},
    ops::ControlFlow,
};

use gradtop::{
    dataset::{InputSamples, Source, read_samples},
    predict::{Prediction, PredictionFormat, PredictionWriter, SamplePrediction},
};

use super::{
    ready_model::{self, ReadyModel},
    recording::{self, FileKind},
    run_arguments::{PredictArguments, PredictionFormatChoice},
    start::WrongUse,
};

/// Reads, predicts and writes.
pub fn run(arguments: &PredictArguments) -> anyhow::Result<u8> {
    if arguments.inputs.iter().any(|input| input.as_os_str() == "-") {
        return Err(WrongUse("-: standard input is not read; write it into a file and name that".into()).into());
    }
    let out = arguments.out.as_ref();
    let kind = match arguments.format {
        PredictionFormatChoice::Csv => FileKind { what: "a table (--format csv)", endings: &["csv", "txt"] },
        PredictionFormatChoice::Json => {
            FileKind { what: "JSON lines (--format json)", endings: &["jsonl", "ndjson", "json"] }
        }
    };
    let out = out.map(|out| recording::output_file(out, kind, arguments.force, &arguments.inputs)).transpose()?;
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
    match out {
        Some(out) => out.write(|file| results.write(file, format))?,
        None => results.write(BufWriter::new(io::stdout().lock()), format)?,
    }
    Ok(0)
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
}
