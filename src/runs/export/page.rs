//! What was recorded of a run, as one page of HTML that needs no other file and runs no script.

use std::fmt::Write as _;

use super::{
    figure::{steering_figure, training_figure},
    markup::{escape, push_heading},
    samples::push_test_predictions,
};
use crate::{
    protocol::{DataInfo, Health, LayerInfo, MetricInfo, RunInfo, metric},
    runs::{checkpoint::CheckpointState, history::RunHistory},
    text::{duration, exact, percent_number, short, thousands},
    train::{Intervention, LedgerEntry},
};

/// How the page looks, and that it must load nothing.
const HEAD: &str = r#"<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width">
<style>
body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: #222; background: #fff; max-width: 60em; margin: 2em auto; padding: 0 1em }
h1 { margin-bottom: 0 }
h2 { margin-top: 2em; border-bottom: 1px solid #ccc }
.result { font-size: 1.3em; margin-top: 0.3em }
svg { max-width: 100%; height: auto; display: block; margin: 1em auto }
table { border-collapse: collapse }
th, td { text-align: left; vertical-align: top; padding: 0.2em 1.2em 0.2em 0; border-bottom: 1px solid #e4e4e4 }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
td, pre, p { overflow-wrap: anywhere }
pre { white-space: pre-wrap; background: #f6f6f6; padding: 1em }
.confusion td, .confusion th { padding: 0.2em 0.5em }
.samples { display: flex; flex-wrap: wrap; gap: 1em }
figure { margin: 0; max-width: 12em }
figcaption { font-size: 0.8em }
img { image-rendering: pixelated }
.watch { color: #8a5a00 }
.bad { color: #a30000 }
</style>
"#;

/// The page: facts, curves, layers with their last gradients and updates, confusion and worst mistakes on the test data,
/// findings, what was done, configuration.
pub fn html_page(history: &RunHistory) -> String {
    let title = escape(&history.manifest.facts.name);
    let mut page =
        format!("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n{HEAD}<title>{title}</title>\n</head>\n<body>\n");
    let _ = writeln!(page, "<h1>{title}</h1>");
    let _ = writeln!(page, "<p class=\"result\">{}</p>", escape(&result_sentence(history)));
    for note in &history.notes {
        let _ = writeln!(page, "<p class=\"watch\">{}</p>", escape(note));
    }
    push_facts(&mut page, history);
    push_curves(&mut page, history);
    if let Some(info) = &history.info {
        push_layers(&mut page, history, info);
    }
    push_samples(&mut page, history);
    push_findings(&mut page, history);
    push_ledger(&mut page, &history.ledger);
    push_configuration(&mut page, &history.manifest.text);
    page.push_str("</body>\n</html>\n");
    page
}

/// Test accuracy and loss, as far as they are known.
fn result_sentence(history: &RunHistory) -> String {
    let last = |tag| history.points(tag).last().copied();
    let evaluated = history.state.as_ref().and_then(|state| state.training.last_evaluation);
    let (step, accuracy, loss) = match (evaluated, last(metric::TEST_ACCURACY)) {
        (Some(test), _) => (test.step, test.accuracy, Some(test.loss)),
        (None, Some((step, accuracy))) => {
            (step, f64::from(accuracy), last(metric::TEST_LOSS).map(|point| f64::from(point.1)))
        }
        (None, None) => return "Not evaluated on test data yet.".into(),
    };
    let loss = loss.map(|loss| format!(", loss {}", short(loss))).unwrap_or_default();
    format!("Test accuracy {} %{loss}, after {} minibatches.", percent_number(accuracy, 2), thousands(step))
}

fn push_facts(page: &mut String, history: &RunHistory) {
    let facts = &history.manifest.facts;
    let mut rows: Vec<(&str, String)> = vec![("began", facts.began.clone())];
    if let Some(state) = &history.state {
        rows.extend(state_rows(state));
    }
    if let Some(info) = &history.info {
        rows.extend(info_rows(info));
    }
    rows.push(("program", facts.program.clone()));
    rows.push(("platform", format!("{}, instructions {}", facts.platform, facts.instructions)));
    rows.push(("data, SHA-256", facts.data_sha256.clone()));
    rows.push(("folder", history.folder.clone()));
    push_heading(page, "Facts");
    page.push_str("<table>\n");
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(page, "<tr><th>{name}</th><td>{}</td></tr>", escape(value));
    }
    page.push_str("</table>\n");
}

fn state_rows(state: &CheckpointState) -> Vec<(&'static str, String)> {
    let (training, trainer) = (&state.training, &state.training.trainer);
    let (step, planned) = (thousands(trainer.step), thousands(trainer.planned_steps));
    let end = if training.complete { "finished" } else { "not finished" };
    let mut rows = vec![
        ("minibatches", format!("{step} of {planned}, {end}")),
        ("training time", duration(training.seconds)),
        ("weights, SHA-256", trainer.weights_sha256.clone()),
    ];
    if let Some((step, accuracy)) = training.best_accuracy() {
        let (accuracy, step) = (100.0 * accuracy, thousands(step));
        rows.insert(1, ("best test accuracy", format!("{accuracy:.2} % after {step} minibatches")));
    }
    rows
}

fn info_rows(info: &RunInfo) -> Vec<(&'static str, String)> {
    let count = |count: Option<usize>| count.map(|count| thousands(count as u64)).unwrap_or_default();
    vec![
        ("data", info.data.as_ref().map(describe_data).unwrap_or_default()),
        ("loss", info.loss.as_ref().map(|loss| loss.text.clone()).unwrap_or_default()),
        ("optimizer", info.optimizer.clone().unwrap_or_default()),
        ("trained values", info.parameters.map(thousands).unwrap_or_default()),
        ("batch size", count(info.batch_size)),
        ("seed", info.seed.map(|seed| seed.to_string()).unwrap_or_default()),
        ("threads", count(info.threads)),
    ]
}

fn describe_data(data: &DataInfo) -> String {
    let samples = |count: Option<usize>, part: &str| Some(format!("{} {part}", thousands(count? as u64)));
    let shape = data.shape.as_ref().map(|shape| format!("shape {}", shape_text(shape)));
    let classes = (!data.classes.is_empty()).then(|| format!("{} classes", data.classes.len()));
    let parts = [
        Some(data.name.clone()),
        samples(data.train, "training samples"),
        samples(data.test, "test samples"),
        shape,
        classes,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn shape_text(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

fn push_curves(page: &mut String, history: &RunHistory) {
    push_heading(page, "Curves");
    let figures = [("training", training_figure(history)), ("steering", steering_figure(history))];
    if figures.iter().all(|(_, figure)| figure.is_none()) {
        page.push_str("<p>Nothing was measured yet.</p>\n");
    }
    for (id, figure) in figures {
        page.push_str(&figure.map(|figure| figure.to_svg_in_page(id)).unwrap_or_default());
    }
}

fn push_layers(page: &mut String, history: &RunHistory, info: &RunInfo) {
    push_heading(page, "Layers");
    page.push_str("<table>\n<tr><th></th><th>layer</th>");
    let quantities = info.quantities.iter().map(|quantity| escape(&quantity.title));
    for heading in ["output".into(), "trained values".into()].into_iter().chain(quantities) {
        let _ = write!(page, "<th class=\"number\">{heading}</th>");
    }
    page.push_str("</tr>\n");
    for layer in &info.layers {
        let _ = write!(page, "<tr><td>{}</td><td>{}</td>", escape(&layer.path), escape(&layer.text));
        let shape = layer.output.as_deref().map(shape_text);
        let parameters = layer.parameters.filter(|&count| count > 0).map(thousands);
        let values = info.quantities.iter().map(|quantity| last_value(history, layer, quantity));
        for value in [shape, parameters].into_iter().chain(values) {
            let _ = write!(page, "<td class=\"number\">{}</td>", escape(value.as_deref().unwrap_or("–")));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n<p>Each value is the last that was measured.</p>\n");
}

/// What was last measured of a layer.
fn last_value(history: &RunHistory, layer: &LayerInfo, quantity: &MetricInfo) -> Option<String> {
    let (_, value) = history.points(&format!("layer/{}/{}", layer.path, quantity.tag)).last()?;
    Some(quantity.unit.format_value(f64::from(*value)))
}

/// What the network made of the test data, or why that is not known.
fn push_samples(page: &mut String, history: &RunHistory) {
    let classes = history.info.as_ref().and_then(|info| info.data.as_ref()).map_or(&[][..], |data| &data.classes);
    if let Some(predictions) = &history.predictions {
        push_test_predictions(page, predictions, classes);
    } else {
        push_heading(page, "Confusion");
        page.push_str("<p>What the network made of the test data is not in the newest checkpoint.</p>\n");
    }
}

fn push_findings(page: &mut String, history: &RunHistory) {
    push_heading(page, "Findings");
    if history.findings.is_empty() {
        page.push_str("<p>None.</p>\n");
        return;
    }
    page.push_str("<table>\n<tr><th class=\"number\">minibatch</th><th>finding</th><th>advice</th></tr>\n");
    for finding in &history.findings {
        let class = match finding.health {
            Health::Good | Health::Unknown => "good",
            Health::Watch => "watch",
            Health::Bad => "bad",
        };
        let (what, advice) = (escape(&finding.what), escape(&finding.advice));
        let step = thousands(finding.step);
        let _ = writeln!(
            page,
            "<tr><td class=\"number\">{step}</td><td class=\"{class}\">{what}</td><td>{advice}</td></tr>"
        );
    }
    page.push_str("</table>\n");
}

fn push_ledger(page: &mut String, ledger: &[LedgerEntry]) {
    push_heading(page, "What was done to the run");
    if ledger.is_empty() {
        page.push_str("<p>Nothing: configuration and seed give it again.</p>\n");
        return;
    }
    page.push_str("<table>\n<tr><th class=\"number\">minibatch</th><th class=\"number\">branch</th><th></th></tr>\n");
    for LedgerEntry { step, branch, what } in ledger {
        let what = match what {
            Intervention::Change(change) => match change.to.number().filter(|_| change.from.is_none()) {
                Some(value) => format!("{} {}", change.key, exact(value)),
                None => change.to_string(),
            },
            Intervention::Branched { parent, .. } => format!("leaves branch {}", parent.0),
            Intervention::Rewound { to_branch, to_step } => {
                format!("back to step {} of branch {}", thousands(*to_step), to_branch.0)
            }
            Intervention::Renamed { name } if name.is_empty() => "loses its name".into(),
            Intervention::Renamed { name } => format!("is called {}", crate::text::Safe(name)),
            Intervention::Deleted {} => "is deleted".into(),
        };
        let (step, branch) = (thousands(*step), branch.0);
        let _ = writeln!(
            page,
            "<tr><td class=\"number\">{step}</td><td class=\"number\">{branch}</td><td>{}</td></tr>",
            escape(&what)
        );
    }
    page.push_str("</table>\n");
}

fn push_configuration(page: &mut String, text: &str) {
    push_heading(page, "Configuration");
    let lines: Vec<String> = text.lines().map(escape).collect();
    let _ = writeln!(page, "<details>\n<summary>run.toml</summary>\n<pre>{}</pre>\n</details>", lines.join("\n"));
}
