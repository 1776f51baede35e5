//! `gradtop evaluate`: loss, accuracy and confusion of a recorded run's network.

use std::{
    fmt::Write as _,
    io::{self, Write},
    ops::ControlFlow,
};

use gradtop::{
    dataset::{self, DataSplit, Source, read_samples},
    predict::PredictionScore,
    text::{Safe, columns, cut, decimals_within, harmless_name, percent_number, thousands},
    train::data_sha256,
};
use serde_json::json;

use super::{
    ready_model::{self, ReadyModel},
    run_arguments::EvaluateArguments,
    screen::{output_columns, stdout_for_people},
    start::WrongUse,
};

/// Most classes whose confusion is printed as a table.
const MAX_CONFUSION_CLASSES: usize = 20;

/// Most columns of a class's name in that table; what is longer is cut.
const MAX_CLASS_COLUMNS: u16 = 12;

/// Loads, evaluates and prints.
pub fn run(arguments: &EvaluateArguments) -> anyhow::Result<u8> {
    let mut model = ready_model::open_model(&arguments.runs.directory, &arguments.run, arguments.threads)?;
    let source = arguments.data.as_deref().map(Source::from_argument);
    let samples = load_samples(&model, source.as_ref())?;
    let score = model.predictor.evaluate(&samples);
    let source = source.as_ref().unwrap_or(&model.config.data.source);
    let text = if arguments.json { json_line(&model, source, &score) } else { describe(&model, source, &score) };
    if arguments.json {
        io::stdout().write_all(text.as_bytes())?;
    } else {
        stdout_for_people().write_all(text.as_bytes())?;
    }
    Ok(0)
}

/// The samples of a source, which must all have classes, or the test part of the run's own data.
fn load_samples(model: &ReadyModel, source: Option<&Source>) -> anyhow::Result<DataSplit> {
    let mut progress = |_: &str, _| ControlFlow::Continue(());
    let Some(source) = source else {
        let data = dataset::load(&model.config.data, &mut progress)?;
        let trained = &model.facts.data_sha256;
        if data_sha256(&data) != *trained {
            let message = format!(
                "{}: the data have changed since the run was trained: their SHA-256 is not that in run.toml. --data PATH \
                 evaluates on other data",
                Safe(&model.config.data.source.to_string())
            );
            return Err(WrongUse(message).into());
        }
        ready_model::print_notes(&data.notes);
        return Ok(data.test);
    };
    let samples = read_samples(std::slice::from_ref(source), &model.preparation, &mut progress)?;
    ready_model::print_notes(&samples.notes);
    if let Some(sample) = samples.first_without_class() {
        let advice = "an evaluation needs labels, or a folder for each class; gradtop predict needs none";
        return Err(WrongUse(format!("{}: its class is not known; {advice}", samples.name(sample))).into());
    }
    Ok(samples.samples)
}

fn json_line(model: &ReadyModel, source: &Source, score: &PredictionScore) -> String {
    let object = json!({
        "run": harmless_name(model.folder.as_os_str()),
        "step": model.step,
        "data": Safe(&source.to_string()).to_string(),
        "samples": score.samples,
        "loss": score.loss,
        "accuracy": score.accuracy(),
        "correct": score.correct,
        "classes": model.preparation.classes(),
        "confusion": score.confusion,
    });
    format!("{object}\n")
}

fn describe(model: &ReadyModel, source: &Source, score: &PredictionScore) -> String {
    let (correct, samples) = (thousands(score.correct as u64), thousands(score.samples as u64));
    let mut text = format!(
        "run        {} after {} steps\ndata       {}\nsamples    {samples}\nloss       {}\naccuracy   {} % \
         ({correct} correct)\n",
        harmless_name(model.folder.as_os_str()),
        thousands(model.step),
        Safe(&source.to_string()),
        decimals_within(score.loss, 4, 10),
        percent_number(score.accuracy(), 2),
    );
    let classes = model.preparation.classes();
    if classes.len() <= MAX_CONFUSION_CLASSES {
        text.push_str("\nTrue classes down, predicted ones across:\n");
        text.push_str(&confusion_table(classes, &score.confusion, output_columns()));
    }
    text
}

/// A row for each true class and a column for each predicted one, whose names are cut where they would be too wide.
/// It stays within `window` columns, if its counts do.
fn confusion_table(classes: &[String], confusion: &[Vec<u64>], window: usize) -> String {
    let names: Vec<String> = classes.iter().map(|name| cut(name, MAX_CLASS_COLUMNS, "…").into_owned()).collect();
    let widest = names.iter().map(|name| columns(name)).max().unwrap_or_default();
    let counts = confusion.iter().flatten().map(|&count| thousands(count).len()).max().unwrap_or_default();
    let room = window.saturating_sub(widest) / names.len().max(1);
    let width = widest.min(room.saturating_sub(2)).max(counts);
    let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(columns(text)));
    let mut table = " ".repeat(widest);
    for name in &names {
        let name = cut(name, width as u16, "…");
        let _ = write!(table, "  {}{name}", pad(&name, width));
    }
    table.push('\n');
    for (name, row) in names.iter().zip(confusion) {
        let _ = write!(table, "{name}{}", pad(name, widest));
        for &count in row {
            let count = thousands(count);
            let _ = write!(table, "  {}{count}", pad(&count, width));
        }
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_confusion_is_a_table_in_straight_columns() {
        let classes = ["cat".to_owned(), "a very long name".to_owned()];
        assert_eq!(
            confusion_table(&classes, &[vec![1200, 3], vec![0, 45]], 80),
            "                       cat  a very long…\ncat                  1,200             3\n\
             a very long…             0            45\n"
        );
    }

    #[test]
    fn many_classes_fit_into_a_narrow_terminal() {
        let classes: Vec<String> = (0..10).map(|class| format!("class number {class}")).collect();
        let table = confusion_table(&classes, &vec![vec![1234; 10]; 10], 80);
        assert!(table.lines().all(|line| columns(line) == columns(table.lines().next().unwrap())), "{table}");
        assert!(columns(table.lines().next().unwrap()) <= 82, "{table}");
        assert!(table.contains("  clas…  clas…") || table.contains("  cla…"), "{table}");
    }
}
