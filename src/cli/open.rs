//! `gradtop open`: a recorded run on the dashboard.

use std::{
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::mpsc::{self as std_mpsc, Receiver},
};

use anyhow::Context;
use gradtop::{
    app::{App, Exit, RunOrigin, Settings},
    protocol::{Command, Event, Finding, Health, Hello, PROTOCOL_VERSION, Request, RunInfo},
    runs::{
        Manifest,
        playback::{final_events, play_events},
        read_info,
        storage::DiskStorage,
    },
    text::harmless_name,
    threads::spawn_thread,
    ui,
};
use tokio::sync::mpsc::{self, Sender};

use super::{
    ending::{self, EndingSignals},
    recording,
    resume::recorded_config,
    run_arguments::OpenArguments,
    shelf::{self, ChosenGhosts},
    start::{self, WrongUse},
    train::screen_is_usable,
};

/// Events that are handed to the dashboard at once. It takes a number of batches for each frame, so that small ones would
/// keep a long run waiting.
const BATCH_EVENTS: usize = 4096;

/// Requests and batches of events that may wait.
const MAX_WAITING: usize = 64;

/// Shows a recorded run.
pub fn run(arguments: &OpenArguments) -> anyhow::Result<u8> {
    let folder = recording::chosen_run(&arguments.runs.directory, &arguments.run)?;
    let ghosts = ChosenGhosts::find(&arguments.runs.directory, &arguments.ghosts)?;
    show(arguments.runs.directory.clone(), folder, &ghosts)
}

/// Shows the recorded run in a folder, with others laid over its charts.
pub fn show(directory: PathBuf, folder: PathBuf, ghosts: &ChosenGhosts) -> anyhow::Result<u8> {
    let manifest = Manifest::read(&DiskStorage, &folder).map_err(|error| WrongUse(error.to_string()))?;
    let info = read_info(&DiskStorage, &folder)
        .map_err(|error| WrongUse(format!("{}: ready.json: {error}", harmless_name(folder.as_os_str()))))?;
    if !screen_is_usable() {
        return Err(WrongUse("the dashboard needs a terminal; `gradtop runs` lists runs without one".into()).into());
    }
    let config = recorded_config(&folder, &manifest.text, &[])?;
    let name = manifest.facts.name.clone();
    let app = App::new(Settings {
        run: name.clone(),
        throttled_by_default: false,
        mouse: true,
        origin: RunOrigin::Recorded,
        ghosts: ghosts.folders.clone(),
        alignment: ghosts.alignment,
    });
    let (requests, inbox) = std_mpsc::sync_channel(MAX_WAITING);
    let (outbox, mut events) = mpsc::channel(MAX_WAITING);
    let runtime = start::build_event_loop()?;
    ui::wait_for_foreground();
    let _signals = EndingSignals::listen(EndingSignals::DASHBOARD)?;
    let recorded = shelf::serve(directory, ghosts, Some(folder.clone()))?;
    let source = RecordedSource { folder, name, info, outbox };
    spawn_thread("recorded run", move || source.play(&inbox))?;
    let send = move |request| requests.try_send(request).map_err(io::Error::other);
    let left = runtime
        .block_on(ui::run(app, &mut events, send, |_| {}, recorded, start::ui_settings(&config)))
        .context("the dashboard can't use this terminal")?;
    Ok(match left.exit {
        Exit::Asked(_) => 0,
        Exit::Signal(signal) => super::SIGNAL_STATUS_BASE + ending::signal_number(signal),
    })
}

/// Sends what was recorded as the events of a run that can't be asked for anything.
struct RecordedSource {
    folder: PathBuf,
    name: String,
    info: RunInfo,
    outbox: Sender<Vec<Event>>,
}

impl RecordedSource {
    fn play(self, inbox: &Receiver<Request>) {
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            source: concat!("gradtop ", env!("CARGO_PKG_VERSION"), ", recorded").into(),
            run: self.name.clone(),
            capabilities: Vec::new(),
        };
        let folder: &Path = &self.folder;
        let info = RunInfo { folder: Some(folder.to_string_lossy().into_owned()), ..self.info.clone() };
        let mut batch = vec![Event::Hello(hello), Event::Ready(Box::new(info))];
        let notes = play_events(&DiskStorage, folder, &self.info, None, &mut |event| {
            batch.push(event);
            if batch.len() < BATCH_EVENTS {
                return ControlFlow::Continue(());
            }
            // A dashboard that has left reads no more.
            match self.outbox.blocking_send(std::mem::take(&mut batch)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        let notes = notes.unwrap_or_else(|error| vec![error.to_string()]);
        batch.extend(notes.into_iter().map(|what| {
            let advice = "the rest of the record is whole".into();
            Event::Finding(Finding { step: 0, health: Health::Watch, layer: None, what, advice, trouble: None })
        }));
        batch.extend(final_events(&DiskStorage, folder, &self.info));
        if self.outbox.blocking_send(batch).is_err() {
            return;
        }
        self.answer(inbox);
    }

    /// Refuses what is asked, up to a stop.
    fn answer(&self, inbox: &Receiver<Request>) {
        while let Ok(Request { id, command }) = inbox.recv() {
            let answer = match command {
                Command::Stop => vec![Event::Applied { id, step: 0 }, Event::Stopped { step: 0 }],
                _ => vec![Event::Rejected { id, reason: "a recorded run can't be asked for anything".into() }],
            };
            let ends = command == Command::Stop;
            if self.outbox.blocking_send(answer).is_err() || ends {
                return;
            }
        }
    }
}
