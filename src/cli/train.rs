//! `gradtop` and `gradtop train`: a worker as the source, and the sink that fits.

use std::{
    ffi::OsStr,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use gradtop::{
    app::{App, Exit, RunFate, RunOrigin, Settings},
    config::Config,
    headless::{EventSink, JsonLines, ReportedEnd, TableReport, write_summary},
    protocol::{Command, CommandId, Event, Failure, Request},
    text::thousands,
    threads::spawn_thread,
    train::{
        Delivery, Outcome, RunSpec, RunStart, measured_metrics,
        worker::{Incoming, WorkerHandle, spawn_from},
    },
    ui::{self, LeftDashboard, RecordedRuns},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    FAILED_STATUS, OutputArguments, RunArguments, SIGNAL_STATUS_BASE, TrainArguments,
    ending::{self, EndingSignals, MAX_LEAVING_TIME},
    model,
    notify::Notifier,
    recording::{self, RecordPlace},
    request_lines,
    run_arguments::GhostArguments,
    screen,
    shelf::{self, ChosenGhosts},
    start,
};

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStyle {
    Dashboard,
    Report,
    /// One event a line; with `commands` a program may steer, and with `thin` the training waits for no reader.
    Json {
        commands: bool,
        thin: bool,
    },
}

/// Trains at a speed that a person can follow.
pub fn run_paced(arguments: &RunArguments, ghosts: &GhostArguments) -> anyhow::Result<u8> {
    let config = start::load_configuration(arguments)?;
    recording::check_directory(&config)?;
    let ghosts = ChosenGhosts::find(Path::new(&config.run.directory), ghosts)?;
    let mut spec = start::run_spec(arguments, &config)?;
    let style = if screen_is_usable() { OutputStyle::Dashboard } else { OutputStyle::Report };
    if style == OutputStyle::Dashboard {
        spec.throttle = Some(config.ui.throttle);
    }
    let start = RunStart { record: recording::new_record(&config, RecordPlace::Unsaved, false), ..RunStart::default() };
    run(spec, style, &config, start, (RunOrigin::Unsaved, ghosts))
}

impl OutputStyle {
    /// The one that was asked for, or that fits the terminal.
    pub fn of(arguments: &OutputArguments) -> Self {
        if arguments.json {
            Self::Json { commands: arguments.commands, thin: arguments.thin }
        } else if arguments.headless || !screen_is_usable() {
            Self::Report
        } else {
            Self::Dashboard
        }
    }
}

/// Trains at full speed.
pub fn run_at_full_speed(arguments: &TrainArguments) -> anyhow::Result<u8> {
    let config = start::load_configuration(&arguments.run)?;
    let mut spec = start::run_spec(&arguments.run, &config)?;
    spec.train.stop_after = arguments.steps;
    let place = if arguments.no_record { RecordPlace::Nowhere } else { RecordPlace::Kept };
    if place == RecordPlace::Kept {
        recording::check_directory(&config)?;
    }
    let ghosts = ChosenGhosts::find(Path::new(&config.run.directory), &arguments.ghosts)?;
    let record = recording::new_record(&config, place, arguments.from.is_some());
    let weights = arguments.from.as_deref().map(|from| model::weights_of(&config, from)).transpose()?;
    let style = OutputStyle::of(&arguments.output);
    run(spec, style, &config, RunStart { record, weights, ..RunStart::default() }, (RunOrigin::Trained, ghosts))
}

/// Whether a dashboard could be drawn and driven: both ends are a terminal, and one that can place text.
pub fn screen_is_usable() -> bool {
    io::stdout().is_terminal() && io::stdin().is_terminal() && can_place_text(std::env::var_os("TERM").as_deref())
}

/// Whether a terminal that `TERM` names so can place text. Consoles of Windows have no name.
fn can_place_text(name: Option<&OsStr>) -> bool {
    name.map_or(cfg!(not(unix)), |name| !["", "dumb", "unknown"].map(OsStr::new).contains(&name))
}

/// Runs a worker and shows it.
pub fn run(
    mut spec: RunSpec,
    style: OutputStyle,
    config: &Config,
    start: RunStart,
    (origin, ghosts): (RunOrigin, ChosenGhosts),
) -> anyhow::Result<u8> {
    start::check_memory(config, &spec, start.record.is_some())?;
    let commands = matches!(style, OutputStyle::Json { commands: true, .. });
    spec.stop_when_finished = style != OutputStyle::Dashboard && !commands;
    spec.delivery = match style {
        OutputStyle::Dashboard | OutputStyle::Json { thin: true, .. } => Delivery::Thin,
        // What reads a table or JSON gets all of it, and a pager that does not read holds the training up.
        OutputStyle::Report | OutputStyle::Json { thin: false, .. } => Delivery::Wait,
    };
    let app = App::new(Settings {
        run: spec.name.clone(),
        throttled_by_default: spec.throttle.is_some(),
        mouse: true,
        origin,
        ghosts: ghosts.folders.clone(),
        alignment: ghosts.alignment,
    });
    let runtime = start::build_event_loop()?;
    // Requests on standard input are read from a terminal, too, if it is one.
    if style == OutputStyle::Dashboard || (commands && io::stdin().is_terminal()) {
        ui::wait_for_foreground();
    }
    let kinds = if style == OutputStyle::Dashboard { EndingSignals::DASHBOARD } else { EndingSignals::HEADLESS };
    let signals = EndingSignals::listen(kinds)?;
    let worker = spawn_from(spec, start)?;
    runtime.block_on(async {
        match style {
            OutputStyle::Dashboard => {
                let recorded = shelf::serve(PathBuf::from(&config.run.directory), &ghosts, None)?;
                Box::pin(dashboard(worker, app, signals, recorded, config)).await
            }
            OutputStyle::Report => {
                let events = TableReport::new(screen::stdout_for_people(), screen::output_columns());
                let sink = Sink { events, farewell: screen::stdout_for_people(), steered: false };
                headless(worker, sink, signals, config).await
            }
            OutputStyle::Json { commands, .. } => {
                if commands {
                    request_lines::read_from_standard_input(worker.requests.clone())?;
                }
                let events = JsonLines::new(io::BufWriter::new(io::stdout()));
                let sink = Sink { events, farewell: io::sink(), steered: commands };
                headless(worker, sink, signals, config).await
            }
        }
    })
}

async fn dashboard(
    worker: WorkerHandle,
    app: App,
    signals: EndingSignals,
    recorded: RecordedRuns,
    config: &Config,
) -> anyhow::Result<u8> {
    let WorkerHandle { requests, mut events, task } = worker;
    let send = move |request: Request| requests.try_send(request.into()).map_err(io::Error::other);
    let notifier = Notifier::new(config);
    let mut notified = Ok(());
    let notify = |sentence: &str| notified = notifier.notify(sentence);
    let LeftDashboard { exit, since } = ui::run(app, &mut events, send, notify, recorded, start::ui_settings(config))
        .await
        .context("the dashboard can't use this terminal")?;
    let (signalled, fate) = match exit {
        Exit::Signal(signal) => (Some(ending::signal_number(signal)), RunFate::Undecided),
        Exit::Asked(fate) => (None, fate),
    };
    // The source comes to its end only if what it still says is taken.
    let worker_end = async { tokio::join!(task.join(), async { while events.recv().await.is_some() {} }).0 };
    let limit = Some(since + MAX_LEAVING_TIME);
    let mut outcome = ending::join(worker_end, signals, signalled, limit).await;
    if let (Some(refused), None) = (outcome.refused.take(), signalled) {
        return Err(start::refused_input_error(config, refused).into());
    }
    complain_of_notice(notified);
    // The screen is gone; this stays in the shell's window. A terminal that is gone as well takes nothing.
    let _ = match &outcome {
        Outcome { failure: Some(failure), .. } => {
            start::print_failure(failure);
            Ok(())
        }
        Outcome { summary: Some(summary), .. } => {
            write_summary(&mut screen::stdout_for_people(), summary, &measured_metrics())
        }
        Outcome { step, .. } => writeln!(io::stdout(), "stopped    step {}", thousands(*step)),
    };
    let _ = recording::settle_record(&mut screen::stdout_for_people(), outcome.folder.as_deref(), fate);
    Ok(match signalled {
        Some(number) => SIGNAL_STATUS_BASE + number,
        None if outcome.failure.is_some() => FAILED_STATUS,
        None => 0,
    })
}

/// Tells that nobody could be called.
fn complain_of_notice(notified: io::Result<()>) {
    if let Err(error) = notified {
        start::print_complaint(&format!("gradtop: run.notify: {error}"));
    }
}

/// What becomes of the events of a run without a screen.
struct Sink<E, W> {
    events: E,
    /// Takes where the run is recorded when it has ended; events say it themselves.
    farewell: W,
    /// Whether requests may come on after the run has finished, and stop it.
    steered: bool,
}

/// Feeds a sink until the run ends, the reader of the output leaves, or a signal comes.
///
/// The sink has a thread of its own, so that an output that is not read can't keep signals waiting.
async fn headless<E, W>(
    worker: WorkerHandle,
    sink: Sink<E, W>,
    mut signals: EndingSignals,
    config: &Config,
) -> anyhow::Result<u8>
where
    E: EventSink + Send + 'static,
    W: Write,
{
    let Sink { events: sink, mut farewell, steered } = sink;
    let WorkerHandle { requests, events, task } = worker;
    let (written, mut outcome) = oneshot::channel();
    spawn_thread("output", move || {
        // Nobody waits any more when a signal ended the program first.
        let _ = written.send(feed_sink(sink, events, steered));
    })?;
    let mut signalled = None;
    let stop = Incoming::from(Request { id: CommandId(0), command: Command::Stop });
    let end = loop {
        tokio::select! {
            end = &mut outcome => break end.context("the output ended unexpectedly")?,
            // It ends the program after a while, and the next one at once, whatever is waited for here.
            number = signals.first(), if signalled.is_none() => {
                signalled = Some(number);
                // A worker that has ended already has said so in its last events.
                let _ = requests.try_send(stop.clone());
            }
        }
    };
    if steered {
        // A run that has failed waits for that, and so does one whose reader has left.
        let _ = requests.try_send(stop);
    }
    drop(requests);
    let mut outcome = ending::join(task.join(), signals, signalled, None).await;
    if let (Some(refused), None) = (outcome.refused.take(), signalled) {
        return Err(start::refused_input_error(config, refused).into());
    }
    if let Ok(Some(end)) = &end {
        complain_of_notice(Notifier::new(config).notify_end(end));
    }
    // Whoever reads no more is told nothing more.
    let _ = recording::write_ways_on(&mut farewell, outcome.folder.as_deref());
    match end {
        Ok(Some(ReportedEnd::Stopped(_))) if steered && signalled.is_none() => Ok(0),
        end => headless_exit_status(end, outcome, signalled),
    }
}

/// The exit status of a run without a screen, by how its output ended and how its worker did. What is wrong is told.
fn headless_exit_status(
    end: io::Result<Option<ReportedEnd>>,
    outcome: Outcome,
    signalled: Option<u8>,
) -> anyhow::Result<u8> {
    match (end, signalled) {
        (Ok(Some(ReportedEnd::Failed(failure))), _) => {
            start::print_failure(&failure);
            Ok(FAILED_STATUS)
        }
        (Err(error), _) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("can't write the output"),
        (_, Some(number)) => Ok(SIGNAL_STATUS_BASE + number),
        // Whoever read the output has seen enough: `gradtop … | head`.
        (Err(_) | Ok(Some(ReportedEnd::Finished(_))), None) => Ok(0),
        // Nobody asked for it to stop, so what is there is not all.
        (Ok(None | Some(ReportedEnd::Stopped(_))), None) => {
            let step = outcome.step;
            start::print_failure(&outcome.failure.unwrap_or_else(|| Failure {
                step,
                what: "the run ended before it was finished".into(),
                advice: "this is a bug in gradtop; please report it with the configuration and the step".into(),
            }));
            Ok(FAILED_STATUS)
        }
    }
}

/// Gives the sink every event up to the end of the run; without an end, the source left. A run that is `steered` may be
/// extended after it has finished.
fn feed_sink(
    mut sink: impl EventSink,
    mut events: mpsc::Receiver<Vec<Event>>,
    steered: bool,
) -> io::Result<Option<ReportedEnd>> {
    let mut finished = None;
    while let Some(batch) = events.blocking_recv() {
        for event in &batch {
            match sink.take(event)? {
                None => {}
                Some(end @ ReportedEnd::Finished(_)) if steered => finished = Some(end),
                Some(end) => {
                    sink.flush()?;
                    let end = if matches!(end, ReportedEnd::Stopped(_)) { finished.unwrap_or(end) } else { end };
                    return Ok(Some(end));
                }
            }
        }
        sink.flush()?;
    }
    Ok(finished)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradtop::protocol::RunSummary;

    fn finished() -> ReportedEnd {
        ReportedEnd::Finished(RunSummary { step: 1, ..RunSummary::default() })
    }

    #[test]
    fn only_a_run_that_finished_or_whose_reader_left_is_a_success() {
        let status = |end, signalled| headless_exit_status(end, Outcome::default(), signalled).unwrap();
        assert_eq!(status(Ok(Some(finished())), None), 0);
        assert_eq!(status(Err(io::ErrorKind::BrokenPipe.into()), None), 0);
        assert_eq!(status(Ok(None), None), FAILED_STATUS);
        assert_eq!(status(Ok(Some(ReportedEnd::Stopped(1))), None), FAILED_STATUS);
        assert_eq!(status(Ok(Some(ReportedEnd::Stopped(1))), Some(15)), SIGNAL_STATUS_BASE + 15);
        assert_eq!(status(Ok(None), Some(2)), SIGNAL_STATUS_BASE + 2);
        let failure = Failure { step: 1, what: "x".into(), advice: String::new() };
        assert_eq!(status(Ok(Some(ReportedEnd::Failed(failure))), None), FAILED_STATUS);
    }

    #[test]
    fn an_output_that_cannot_be_written_is_an_error() {
        headless_exit_status(Err(io::ErrorKind::StorageFull.into()), Outcome::default(), None).unwrap_err();
    }
}
