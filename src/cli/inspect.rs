//! `gradtop inspect`: what the dashboard's Inspect screen shows of a minibatch, as text or JSON.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    sync::Arc,
};

use anyhow::{Context, anyhow};
use gradtop::{
    app::parse_sample_choice,
    dataset::{self, Dataset},
    protocol::{
        Answer, Inspection, Query, SampleChoice,
        inspection::{
            ActivationSummary, LayerTrace, ParameterElement, PassKind, SampleLoss, SplitName, TensorSlice, Trace,
        },
    },
    text::{Safe, short, thousands},
    train::{self, Trainer},
};

use super::{
    FAILED_STATUS, InspectArguments,
    start::{self, WrongUse},
};

/// Values of a vector that are printed.
const MAX_PRINTED_VALUES: usize = 8;

/// Trains, looks, and prints.
pub fn run(arguments: &InspectArguments) -> anyhow::Result<u8> {
    let config = start::load_configuration(&arguments.run)?;
    let spec = start::run_spec(&arguments.run, &config)?;
    let data = Arc::new(dataset::load(&spec.data, &mut |_, _| ControlFlow::Continue(()))?);
    let mut trainer = Trainer::new(&spec.train, Arc::clone(&data))?;
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
    let answer = trainer.inspect(&query).map_err(WrongUse)?;
    let printed = match &answer {
        Answer::Trace(_) if arguments.json => {
            let inspection = Inspection { step: trainer.completed(), query, answer };
            serde_json::to_writer(io::stdout().lock(), &inspection)
                .map_err(io::Error::from)
                .and_then(|()| writeln!(io::stdout()))
        }
        Answer::Trace(trace) => {
            let kinds: Vec<&str> = info.layers.iter().map(|layer| layer.text.as_str()).collect();
            print_trace(trace, &data, &kinds)
        }
        Answer::Nothing { reason } => {
            start::print_error(&anyhow!("{reason}"));
            return Ok(FAILED_STATUS);
        }
        other => unreachable!("the answer to a trace, not {other:?}"),
    };
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("can't write the output"),
        _ => Ok(0),
    }
}

/// Reads `--sample`.
pub fn parse_sample(text: &str) -> Result<SampleChoice, String> {
    let valid = || "valid: a row of the minibatch from 0, hardest, mistake, test:N or train:N".into();
    parse_sample_choice(text).ok_or_else(valid)
}

fn print_trace(trace: &Trace, data: &Dataset, kinds: &[&str]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let class = |class: usize| Safe(data.classes.get(class).map_or("?", String::as_str)).to_string();
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
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
    writeln!(out, "\n{:<32} {:>10} {:>9} {:>10} {:>10}", "layer", "|y|", "zeros", "|∂L/∂y|", "|∂L/∂θ|")?;
    for layer in &trace.layers {
        let kind = kinds.get(layer.layer).copied().unwrap_or_default();
        let marked = if layer.layer == trace.selected.layer { "›" } else { " " };
        let name: String = format!("{marked}{:>2} {kind}", layer.layer).chars().take(32).collect();
        let norm =
            |signal: &Option<ActivationSummary>| signal.as_ref().map_or("–".into(), |signal| short(signal.norm));
        let zeros = layer.forward.as_ref().map_or("–".into(), |signal| percent(signal.zeros));
        let gradient = layer.gradient_norm.map_or(String::new(), short);
        let (forward, backward) = (norm(&layer.forward), norm(&layer.backward));
        writeln!(out, "{}", format!("{name:<32} {forward:>10} {zeros:>9} {backward:>10} {gradient:>10}").trim_end())?;
    }
    if let Some(loss) = &trace.loss {
        print_loss(&mut out, loss, class)?;
    }
    print_layer(&mut out, &trace.selected, kinds)?;
    out.flush()
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
fn print_layer(out: &mut impl Write, layer: &LayerTrace, kinds: &[&str]) -> io::Result<()> {
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
                format_values(values, shape.iter().product())
            )?;
        }
    }
    for parameter in &layer.parameters {
        let count = parameter.value.shape.iter().product();
        let norm = |norm| format!("norm {}", short(norm));
        writeln!(out, "  {} {:?}, {}", parameter.name, parameter.value.shape, norm(parameter.norm))?;
        writeln!(out, "    {:<8} {}", "value", format_values(&parameter.value.values, count))?;
        if let (Some(gradient), Some(of)) = (&parameter.gradient, parameter.gradient_norm) {
            writeln!(out, "    {:<8} {}, {}", "gradient", format_values(&gradient.values, count), norm(of))?;
        }
    }
    if !layer.largest.is_empty() {
        writeln!(out, "\n{:<28} {:>12} {:>12}", "largest gradients", "gradient", "value")?;
    }
    for ParameterElement { parameter, index, value, gradient } in &layer.largest {
        writeln!(out, "{:<28} {:>12} {:>12}", format!("{parameter}{index:?}"), short(*gradient), short(*value))?;
    }
    Ok(())
}

/// The first values of `total`.
fn format_values(values: &[f32], total: usize) -> String {
    let shown: Vec<String> =
        values.iter().take(MAX_PRINTED_VALUES).map(|&value| format!("{:>9}", short(value.into()))).collect();
    let more = if total > shown.len() { " …" } else { "" };
    format!("{}{more}", shown.join(" "))
}
