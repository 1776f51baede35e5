//! `gradtop export`: what was recorded of a run, as files for other programs and for people.

use std::io::Write;

use gradtop::{
    files::OutputFile,
    runs::{
        export::{html_page, training_figure, write_csv, write_json},
        history::RunHistory,
        storage::DiskStorage,
    },
    text::{harmless, harmless_name},
};

use super::{
    ExportArguments,
    recording::{self, FileKind},
    screen::{stdout_for_people, without_closed_pipe},
    start::{self, WrongUse},
};

/// A form in which a run is exported.
#[derive(Clone, Copy, Debug)]
enum ExportForm {
    Csv,
    Json,
    Svg,
    Html,
}

impl ExportForm {
    /// What is written, and the endings of its files.
    fn file_kind(self) -> FileKind {
        match self {
            Self::Csv => FileKind { what: "a table", endings: &["csv", "txt"] },
            Self::Json => FileKind { what: "JSON", endings: &["json"] },
            Self::Svg => FileKind { what: "a chart", endings: &["svg"] },
            Self::Html => FileKind { what: "a page", endings: &["html", "htm"] },
        }
    }
}

/// Checks every output, reads the run, and writes the files that were asked for.
pub fn run(arguments: &ExportArguments) -> anyhow::Result<u8> {
    let folder = recording::chosen_run(&arguments.runs.directory, &arguments.run)?;
    let outputs = check_outputs(arguments)?;
    let history = RunHistory::read(&DiskStorage, &folder).map_err(|error| WrongUse(error.to_string()))?;
    for note in &history.notes {
        start::print_complaint(&format!("gradtop: {}", harmless(note)));
    }
    // Before any is written: there is a figure, or it is said that there is none.
    let figure = training_figure(&history).map(|figure| figure.to_svg());
    if arguments.svg.is_some() && figure.is_none() {
        let run = harmless_name(folder.as_os_str());
        return Err(
            WrongUse(format!("{run}: neither loss nor accuracy was measured yet, so there is no figure")).into()
        );
    }
    let mut out = stdout_for_people();
    for (form, output) in &outputs {
        output.write(|file| match form {
            ExportForm::Csv => write_csv(file, &history.series),
            ExportForm::Json => write_json(file, &history),
            ExportForm::Svg => file.write_all(figure.as_deref().unwrap_or_default().as_bytes()),
            ExportForm::Html => file.write_all(html_page(&history).as_bytes()),
        })?;
        without_closed_pipe(writeln!(out, "exported   {}", harmless_name(output.path().as_os_str())))?;
    }
    Ok(0)
}

/// The files that were asked for, if all of them may be written.
fn check_outputs(arguments: &ExportArguments) -> Result<Vec<(ExportForm, OutputFile)>, WrongUse> {
    let ExportArguments { csv, json, svg, html, .. } = arguments;
    let asked = [(ExportForm::Csv, csv), (ExportForm::Json, json), (ExportForm::Svg, svg), (ExportForm::Html, html)];
    let mut outputs: Vec<(ExportForm, OutputFile)> = Vec::new();
    for (form, path) in asked {
        let Some(path) = path else { continue };
        let shown = harmless_name(path.as_os_str());
        let output = recording::output_file(path, form.file_kind(), arguments.force, &[])?;
        if outputs.iter().any(|(_, other)| other.path() == output.path()) {
            return Err(WrongUse(format!("{shown} is given twice; each form needs a file of its own")));
        }
        outputs.push((form, output));
    }
    Ok(outputs)
}
