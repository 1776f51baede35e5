//! `gradtop lrfind`: the learning-rate range test without a screen.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use anyhow::{Context, anyhow};
use clap::Args;
use gradtop::{
    files::OutputFile,
    protocol::{
        Command, CommandId, Event, RANGE_TEST_RATES, RANGE_TEST_STEPS, RangeTest, RangeTestPlan, RangeTestPoint,
        Request,
    },
    report::{PlotFigure, PlotMark, PlotPanel, PlotScale, PlotSeries, PlotStroke},
    text::{short, thousands},
    train::{
        Outcome, RunStart, check_range_test,
        worker::{WorkerHandle, spawn_from},
    },
};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    FAILED_STATUS, RunArguments,
    numbers::{real, whole},
    recording::{self, FileKind},
    screen::stdout_for_people,
    start::{self, WrongUse},
};

/// Rows of the plot, at most.
const MAX_ROWS: usize = 24;

/// Columns of the longest bar.
const BAR_COLUMNS: usize = 40;

/// Multiple of the largest smoothed loss before the smallest one up to which the plots reach: beyond it training
/// diverges.
const SHOWN_LOSS_RATIO: f64 = 1.5;

/// What `--svg` writes.
const CHART: FileKind = FileKind { what: "a chart", endings: &["svg"] };

/// What is tested, and how it is told.
#[derive(Debug, Args)]
pub struct LrfindArguments {
    #[command(flatten)]
    run: RunArguments,
    /// The first learning rate (default: 1e-7)
    #[arg(long, value_name = "RATE", value_parser = real(RANGE_TEST_RATES), allow_hyphen_values = true)]
    from: Option<f64>,
    /// The last learning rate (default: 10)
    #[arg(long, value_name = "RATE", value_parser = real(RANGE_TEST_RATES), allow_hyphen_values = true)]
    to: Option<f64>,
    /// Train N minibatches, one for each rate, at least 10 (default: 100)
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1..=*RANGE_TEST_STEPS.end()), allow_hyphen_values = true)]
    steps: Option<u64>,
    /// Write the plot to FILE, too
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long, requires = "svg")]
    force: bool,
    /// One JSON object on standard output, and nothing else there
    #[arg(long)]
    json: bool,
}

/// Tests, and prints what came of it; 1 if no rate can be suggested.
pub fn run(arguments: &LrfindArguments) -> anyhow::Result<u8> {
    let plan = RangeTestPlan { from: arguments.from, to: arguments.to, steps: arguments.steps };
    check_range_test(&plan).map_err(WrongUse)?;
    let config = start::load_configuration(&arguments.run)?;
    let svg = arguments.svg.as_deref().map(|path| recording::output_file(path, CHART, arguments.force, &[]));
    let svg = svg.transpose()?;
    let mut spec = start::run_spec(&arguments.run, &config)?;
    // Paused, it waits for the test.
    spec.stop_when_finished = false;
    let name = spec.name.clone();
    // Paused before its first minibatch: the test is of the network as it begins.
    let request = |id, command| Request { id: CommandId(id), command };
    let requests = vec![request(0, Command::Pause), request(1, Command::TestLearningRates(plan))];
    let start = RunStart { requests, ..RunStart::default() };
    let mut worker = spawn_from(spec, start).context("can't start the training")?;
    let tested = wait_for_test(&mut worker);
    let WorkerHandle { requests, events, task } = worker;
    drop((requests, events));
    let Outcome { refused, .. } = start::build_event_loop()?.block_on(task.join());
    if let Some(refused) = refused {
        return Err(start::refused_input_error(&config, refused).into());
    }
    let test = tested?;
    if let Some(file) = svg {
        write_figure(&file, &test, &name)?;
    }
    let printed = if arguments.json { print_json(&test) } else { print_table(&test) };
    printed.context("can't write the output")?;
    Ok(if test.suggestion.is_some() { 0 } else { FAILED_STATUS })
}

/// Shows how far the test is until it is over.
fn wait_for_test(worker: &mut WorkerHandle) -> anyhow::Result<RangeTest> {
    let bar = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} · {msg}") {
        bar.set_style(style);
    }
    while let Some(events) = worker.events.blocking_recv() {
        for event in events {
            match event {
                Event::RangeTest(test) if test.done => {
                    bar.finish_and_clear();
                    return Ok(test);
                }
                Event::RangeTest(test) => {
                    bar.set_length(test.planned);
                    bar.set_position(test.points.len() as u64);
                    let newest = test.points.last().map(|p| format!("rate {}, loss {}", short(p.rate), short(p.loss)));
                    bar.set_message(newest.unwrap_or_default());
                }
                Event::Rejected { id: CommandId(1), reason } => return Err(anyhow!(reason)),
                Event::Failed(failure) => return Err(anyhow!("{}\n  {}", failure.what, failure.advice)),
                _ => {}
            }
        }
    }
    Err(anyhow!("the training ended before the test"))
}

fn print_json(test: &RangeTest) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, test)?;
    writeln!(out)
}

/// A row for each rate, or for several neighbours the mean of their losses, with bars; the suggestion last.
fn print_table(test: &RangeTest) -> io::Result<()> {
    let mut out = stdout_for_people();
    let (least, most) = shown_losses(&test.points);
    writeln!(out, "{:>9} {:>9} {:>9}", "rate", "loss", "smoothed")?;
    let length = test.points.len().div_ceil(MAX_ROWS).max(1);
    let mut rows = test.points.chunks(length).peekable();
    while let Some(row) = rows.next() {
        let Some(last) = row.last() else { continue };
        let loss = row.iter().map(|point| point.loss).sum::<f64>() / row.len() as f64;
        let share = ((last.smoothed - least) / (most - least)).clamp(0.0, 1.0);
        let bar = if share.is_nan() { 0 } else { 1 + (share * (BAR_COLUMNS - 1) as f64).round() as usize };
        let end = rows.peek().and_then(|next| next.first()).map_or(f64::INFINITY, |next| next.rate);
        let suggested = test.suggestion.is_some_and(|rate| (row[0].rate..end).contains(&rate));
        let mark = if suggested { "  < suggestion" } else { "" };
        let (rate, loss, smoothed) = (short(row[0].rate), short(loss), short(last.smoothed));
        writeln!(out, "{}", format!("{rate:>9} {loss:>9} {smoothed:>9}  {}{mark}", "▇".repeat(bar)).trim_end())?;
    }
    let (done, planned) = (thousands(test.points.len() as u64), thousands(test.planned));
    writeln!(out, "\nminibatches  {done} of {planned}")?;
    match test.suggestion {
        Some(rate) => writeln!(out, "suggestion   {}", short(rate))?,
        None => {
            writeln!(out, "suggestion   none: at no rate the loss fell clearly; --steps tries with more minibatches")?;
        }
    }
    out.flush()
}

/// The smallest and the largest loss that the plots show.
fn shown_losses(points: &[RangeTestPoint]) -> (f64, f64) {
    let smoothed = || points.iter().map(|point| point.smoothed).filter(|loss| loss.is_finite());
    let least = smoothed().fold(f64::INFINITY, f64::min);
    let before = smoothed().take_while(|loss| *loss > least).fold(f64::NEG_INFINITY, f64::max);
    (least, before.max(least) * SHOWN_LOSS_RATIO)
}

fn write_figure(file: &OutputFile, test: &RangeTest, name: &str) -> anyhow::Result<()> {
    let line = |name: &str, stroke, loss: fn(&RangeTestPoint) -> f64| PlotSeries {
        name: name.into(),
        stroke,
        points: test.points.iter().map(|point| (point.rate.log10(), loss(point))).collect(),
        band: Vec::new(),
    };
    let suggestion =
        test.suggestion.map(|rate| PlotMark { x: rate.log10(), text: format!("suggestion {}", short(rate)) });
    let subtitle = test.suggestion.map_or("no suggestion".into(), |rate| format!("suggestion {}", short(rate)));
    let figure = PlotFigure {
        title: format!("Learning-rate range test of {name}"),
        subtitle: format!("{} minibatches; {subtitle}", thousands(test.points.len() as u64)),
        panels: vec![PlotPanel {
            title: "Loss".into(),
            x_label: "learning rate".into(),
            x_scale: PlotScale::PowersOfTen,
            y_label: "cross entropy, nats".into(),
            series: vec![
                line("minibatch", PlotStroke::Dashed, |point| point.loss),
                line("smoothed", PlotStroke::Solid, |point| point.smoothed),
            ],
            y_most: Some(shown_losses(&test.points).1).filter(|most| most.is_finite()),
            note: None,
            marks: suggestion.into_iter().collect(),
        }],
    };
    file.write(|out| out.write_all(figure.to_svg().as_bytes()))?;
    Ok(())
}
