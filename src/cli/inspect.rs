//! `gradtop inspect`: what the dashboard's Inspect screen shows of a minibatch, as text or JSON.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    sync::Arc,
};

use anyhow::{Context, anyhow};
use clap::Args;
use gradtop::{
    app::{Layers, TableColumns, element_input, parse_sample_choice},
    dataset::{self, Dataset},
    protocol::{
        Answer, ColumnInfo, Inspection, LayerKind, Query, RunInfo, SampleChoice,
        inspection::{
            ActivationSummary, LayerTrace, ParameterElement, PassKind, SampleLoss, SplitName, TensorSlice, Trace,
        },
    },
    text::{Safe, columns, cut, percent_number, short, thousands},
    train::{self, Trainer},
};
use serde::Serialize;

use super::{
    FAILED_STATUS, RunArguments,
    numbers::whole,
    screen::{output_columns, stdout_for_people},
    start::{self, WrongUse},
};

/// What `gradtop inspect` is asked for.
#[derive(Debug, Args)]
pub struct InspectArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Train STEP minibatches first
    #[arg(long, default_value_t = 0, value_name = "STEP", value_parser = whole::<u64>(0..=u64::MAX))]
    #[arg(allow_hyphen_values = true)]
    at: u64,
    /// The layer that is shown in full, from 0 (default: the first that has weights)
    #[arg(long, value_name = "LAYER", value_parser = whole::<usize>(0..=u64::MAX), allow_hyphen_values = true)]
    layer: Option<usize>,
    /// The sample: a row of the minibatch, hardest, mistake, or test:N or train:N, alone as in evaluation
    #[arg(long, default_value = "0", value_name = "SAMPLE", value_parser = parse_sample)]
    #[arg(allow_hyphen_values = true)]
    sample: SampleChoice,
    /// One JSON object on standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

/// Values of a vector that are printed.
const MAX_PRINTED_VALUES: usize = 8;

/// Columns of the numbers in the table of layers.
const LAYER_NUMBERS_COLUMNS: usize = 43;

/// Columns of a value of a vector with its gap.
const VALUE_COLUMNS: usize = 10;

/// Values of a sample of a table that are printed, one in a row.
const MAX_PRINTED_COLUMNS: usize = 64;

/// Longest name of a column of the data; what is longer is cut.
const MAX_NAME_COLUMNS: u16 = 24;

/// Trains, looks, and prints.
pub fn run(arguments: &InspectArguments) -> anyhow::Result<u8> {
    let config = start::load_configuration(&arguments.run)?;
    let spec = start::run_spec(&arguments.run, &config)?;
    let data = Arc::new(dataset::load(&spec.data, &mut |_, _| ControlFlow::Continue(()))?);
    let mut trainer =
        Trainer::new(&spec.train, Arc::clone(&data)).map_err(|error| start::setup_error(&config, error))?;
    if arguments.at > trainer.total_steps() {
        let steps = thousands(trainer.total_steps());
        return Err(WrongUse(format!("--at {}: the run has {steps} steps; valid: 0 to {steps}", arguments.at)).into());
    }
    let info = train::describe_run(&trainer, &spec.train);
    let first = info.layers.iter().position(|layer| layer.parameters != Some(0)).unwrap_or(0);
    let query = Query::Trace { sample: arguments.sample, layer: arguments.layer.unwrap_or(first) };
    trainer.check_query(&query).map_err(WrongUse)?;
    while trainer.completed() < arguments.at {
        let step = trainer.completed() + 1;
        trainer.step().with_context(|| format!("training failed at step {step}"))?;
    }
    let known = info.data.as_ref().map(|data| data.columns.clone()).unwrap_or_default();
    let answer = trainer.inspect(&query).map_err(WrongUse)?;
    let printed = match &answer {
        Answer::Trace(_) if arguments.json => {
            let inspection = Inspection { step: trainer.completed(), query, answer };
            serde_json::to_writer(io::stdout().lock(), &NamedInspection { inspection, columns: &known })
                .map_err(io::Error::from)
                .and_then(|()| writeln!(io::stdout()))
        }
        Answer::Trace(trace) => {
            let kinds: Vec<&str> = info.layers.iter().map(|layer| layer.text.as_str()).collect();
            print_trace(trace, &data, &kinds, &InputNames::of(&info, trace.selected.layer))
        }
        Answer::Nothing { reason } => {
            start::print_error(&anyhow!("{reason}"));
            return Ok(FAILED_STATUS);
        }
        other => unreachable!("the answer to a trace, not {other:?}"),
    };
    printed.context("can't write the output")?;
    Ok(0)
}

/// What is written as JSON: the answer and, of a table, the columns that it is about.
#[derive(Serialize)]
struct NamedInspection<'a> {
    #[serde(flatten)]
    inspection: Inspection,
    #[serde(skip_serializing_if = "<[ColumnInfo]>::is_empty")]
    columns: &'a [ColumnInfo],
}

/// The columns of the data, and whether they are what the inspected layer reads.
struct InputNames {
    columns: TableColumns,
    read_by_layer: bool,
    kind: Option<LayerKind>,
}

impl InputNames {
    fn of(info: &RunInfo, layer: usize) -> Self {
        let data = info.data.as_ref();
        let columns =
            TableColumns::of(data.map_or(&[], |data| &data.columns), data.and_then(|data| data.shape.as_deref()));
        let chain = Layers::of(&info.layers, None);
        let read_by_layer = columns.as_layer_inputs(chain.chain(), layer).is_some();
        Self { columns, read_by_layer, kind: chain.chain().get(layer).map(|layer| layer.kind.clone()) }
    }

    /// The column that an element of a parameter of the layer belongs to.
    fn of_element(&self, index: &[usize]) -> Option<&str> {
        let kind = self.kind.as_ref().filter(|_| self.read_by_layer)?;
        self.columns.name(element_input(kind, index)?)
    }
}

/// Reads `--sample`.
pub fn parse_sample(text: &str) -> Result<SampleChoice, String> {
    let valid = || "valid: a row of the minibatch from 0, hardest, mistake, test:N or train:N".into();
    parse_sample_choice(text).ok_or_else(valid)
}

fn print_trace(trace: &Trace, data: &Dataset, kinds: &[&str], names: &InputNames) -> io::Result<()> {
    let mut out = stdout_for_people();
    let class = |class: usize| Safe(data.classes.get(class).map_or("?", String::as_str)).to_string();
    let percent = |share: f64| format!("{} %", percent_number(share, 1));
    let of = match trace.pass {
        PassKind::Minibatch { number } => format!("minibatch {} of {} samples", thousands(number), trace.batch),
        PassKind::Evaluation | PassKind::Unknown => "one sample, as in evaluation".into(),
    };
    let (loss, accuracy) =
        (trace.batch_loss.map_or("–".into(), short), trace.batch_accuracy.map_or("–".into(), percent));
    writeln!(out, "pass       {of}, loss {loss}, accuracy {accuracy}")?;
    let sample = &trace.sample;
    let split = if sample.split == SplitName::Train { "training" } else { "test" };
    writeln!(out, "sample     row {}, {split} sample {}, class {}", sample.row, sample.index, class(sample.class))?;
    if let Some(loss) = &trace.loss {
        let confidence = loss.probabilities.get(loss.predicted).map_or(f64::NAN, |&p| f64::from(p));
        let verdict = if loss.predicted == sample.class { "right" } else { "wrong" };
        let predicted = class(loss.predicted);
        writeln!(out, "predicted  {predicted} with {}, {verdict}; loss {}", percent(confidence), short(loss.loss))?;
    }
    print_input(&mut out, &sample.input, &names.columns)?;
    let names_width = output_columns().saturating_sub(LAYER_NUMBERS_COLUMNS).clamp(12, 32);
    writeln!(out, "\n{:<names_width$} {:>10} {:>9} {:>10} {:>10}", "layer", "|y|", "zeros", "|∂L/∂y|", "|∂L/∂θ|")?;
    for layer in &trace.layers {
        let kind = kinds.get(layer.layer).copied().unwrap_or_default();
        let marked = if layer.layer == trace.selected.layer { "›" } else { " " };
        let name: String = format!("{marked}{:>2} {kind}", layer.layer).chars().take(names_width).collect();
        let norm =
            |signal: &Option<ActivationSummary>| signal.as_ref().map_or("–".into(), |signal| short(signal.norm));
        let zeros = layer.forward.as_ref().map_or("–".into(), |signal| percent(signal.zeros));
        let gradient = layer.gradient_norm.map_or(String::new(), short);
        let (forward, backward) = (norm(&layer.forward), norm(&layer.backward));
        writeln!(
            out,
            "{}",
            format!("{name:<names_width$} {forward:>10} {zeros:>9} {backward:>10} {gradient:>10}").trim_end()
        )?;
    }
    if let Some(loss) = &trace.loss {
        print_loss(&mut out, loss, class)?;
    }
    print_layer(&mut out, &trace.selected, kinds, names)?;
    out.flush()
}

/// The values of a sample of a table, by the names of its columns and in the units of the file.
fn print_input(out: &mut impl Write, input: &TensorSlice, table: &TableColumns) -> io::Result<()> {
    if table.is_empty() {
        return Ok(());
    }
    let name = |i: usize| cut(table.name(i).unwrap_or_default(), MAX_NAME_COLUMNS, "…").into_owned();
    let values = input.values.iter().enumerate().take(MAX_PRINTED_COLUMNS);
    let rows: Vec<[String; 4]> = values
        .map(|(i, &value)| {
            let raw = table.value_in_file(i, value.into()).unwrap_or_else(|| "–".into());
            [format!("x[{i}]"), name(i), raw, short(value.into())]
        })
        .collect();
    let widest = |at: usize| rows.iter().map(|row| columns(&row[at])).max().unwrap_or(0);
    let (symbols, names, raws) = (widest(0).max(5), widest(1), widest(2).max(10));
    writeln!(out, "\n{:<symbols$}  {:names$} {:>raws$} {:>10}", "input", "", "file", "x")?;
    for [symbol, name, raw, value] in &rows {
        let gap = names - columns(name);
        writeln!(out, "{symbol:<symbols$}  {name}{:gap$} {raw:>raws$} {value:>10}", "")?;
    }
    let count: usize = input.shape.iter().product();
    if count > rows.len() {
        writeln!(out, "… and {} more", thousands((count - rows.len()) as u64))?;
    }
    Ok(())
}

/// Softmax and loss, the classes with the largest probabilities.
fn print_loss(out: &mut impl Write, loss: &SampleLoss, class: impl Fn(usize) -> String) -> io::Result<()> {
    writeln!(out, "\n{:<20} {:>10} {:>10} {:>10} {:>14}", "softmax", "z", "p", "target q", "∂L/∂z = (p-q)/B")?;
    let mut order: Vec<usize> = (0..loss.probabilities.len()).collect();
    order.sort_by(|&a, &b| loss.probabilities[b].total_cmp(&loss.probabilities[a]));
    for at in order.into_iter().take(10) {
        let name: String = class(at).chars().take(20).collect();
        let number = |values: &[f32]| short(values[at].into());
        let (z, p, q, dz) = (&loss.logits, &loss.probabilities, &loss.target, &loss.gradient);
        writeln!(out, "{name:<20} {:>10} {:>10} {:>10} {:>14}", number(z), number(p), number(q), number(dz))?;
    }
    Ok(())
}

/// One layer in full.
fn print_layer(out: &mut impl Write, layer: &LayerTrace, kinds: &[&str], names: &InputNames) -> io::Result<()> {
    writeln!(out, "\nlayer {}, {}", layer.layer, kinds.get(layer.layer).copied().unwrap_or_default())?;
    for (name, values) in [
        ("x", &layer.input),
        ("y", &layer.output),
        ("∂y/∂x", &layer.derivative),
        ("∂L/∂y", &layer.output_gradient),
        ("∂L/∂x", &layer.input_gradient),
    ] {
        if let Some(TensorSlice { shape, values, .. }) = values {
            writeln!(
                out,
                "  {name:<8} {:<14} {}",
                format!("{shape:?}"),
                format_values(values, shape.iter().product(), 26)
            )?;
        }
    }
    for parameter in &layer.parameters {
        let count = parameter.value.shape.iter().product();
        let norm = |norm| format!("norm {}", short(norm));
        writeln!(out, "  {} {:?}, {}", parameter.name, parameter.value.shape, norm(parameter.norm))?;
        writeln!(out, "    {:<8} {}", "value", format_values(&parameter.value.values, count, 13))?;
        if let (Some(gradient), Some(of)) = (&parameter.gradient, parameter.gradient_norm) {
            let values = format_values(&gradient.values, count, 13);
            writeln!(out, "    {:<8} {values}, {}", "gradient", norm(of))?;
        }
    }
    if !layer.largest.is_empty() {
        writeln!(out, "\n{:<28} {:>12} {:>12}", "largest gradients", "gradient", "value")?;
    }
    for ParameterElement { parameter, index, value, gradient } in &layer.largest {
        let name = names.of_element(index).map(|name| format!("  {}", Safe(name))).unwrap_or_default();
        let element = format!("{parameter}{index:?}");
        writeln!(out, "{element:<28} {:>12} {:>12}{name}", short(*gradient), short(*value))?;
    }
    Ok(())
}

/// The first values of `total`, as many as have room in a line after `before` columns.
fn format_values(values: &[f32], total: usize, before: usize) -> String {
    let room = output_columns().saturating_sub(before + 2) / VALUE_COLUMNS;
    let shown: Vec<String> =
        values.iter().take(MAX_PRINTED_VALUES.min(room)).map(|&value| format!("{:>9}", short(value.into()))).collect();
    let more = if total > shown.len() { " …" } else { "" };
    format!("{}{more}", shown.join(" "))
}
