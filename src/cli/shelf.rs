//! Reads recorded runs for the dashboard, on a thread of its own: which there are, and those to be laid over its charts.

use std::{
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::mpsc::{self as std_mpsc, Receiver},
};

use gradtop::{
    app::{Alignment, GhostRun, MAX_GHOSTS, MAX_LISTED_RUNS, RecordedAnswer, RecordedRequest, RecordedRun},
    protocol::Event,
    runs::{
        Manifest, RunFacts, folder::list_runs, newest_state, playback::play_events, read_info, read_step_times,
        storage::DiskStorage,
    },
    threads::spawn_thread,
    ui::RecordedRuns,
};
use tokio::sync::mpsc::{self, Sender};

use super::{recording, run_arguments::GhostArguments, start::WrongUse};

/// Requests and answers that may wait.
const MAX_WAITING: usize = 16;

/// Recorded runs that were chosen to be laid over the charts, and how.
#[derive(Debug, Default)]
pub struct ChosenGhosts {
    /// Their folders.
    pub folders: Vec<PathBuf>,
    /// By what their steps are laid over those of the run.
    pub alignment: Alignment,
}

impl ChosenGhosts {
    /// Finds the runs that somebody names.
    ///
    /// # Errors
    /// When there is no such run, or several; when there are too many.
    pub fn find(directory: &Path, arguments: &GhostArguments) -> anyhow::Result<Self> {
        let mut folders = Vec::new();
        for name in &arguments.ghost {
            let folder = recording::chosen_run(directory, name)?;
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        refuse_too_many(&folders)?;
        Ok(Self { folders, alignment: arguments.by.into() })
    }
}

/// Refuses more runs than can be laid over a chart.
///
/// # Errors
/// When there are too many.
pub fn refuse_too_many(folders: &[PathBuf]) -> Result<(), WrongUse> {
    let count = folders.len();
    if count > MAX_GHOSTS {
        let message = format!("{count} runs are too many to be laid over one chart; valid: at most {MAX_GHOSTS}");
        return Err(WrongUse(message));
    }
    Ok(())
}

/// Begins to read runs in `directory` for the dashboard; first the chosen ones. `own` is the folder of the run that it
/// shows, if that was recorded before.
///
/// # Errors
/// When there is no thread to be had.
pub fn serve(directory: PathBuf, ghosts: &ChosenGhosts, own: Option<PathBuf>) -> io::Result<RecordedRuns> {
    let (requests, inbox) = std_mpsc::sync_channel(MAX_WAITING);
    let (outbox, answers) = mpsc::channel(MAX_WAITING);
    let wanted = ghosts.folders.clone();
    let mut shelf = Shelf { directory, own, outbox };
    spawn_thread("recorded runs", move || {
        let first = wanted.into_iter().map(RecordedRequest::Load);
        shelf.answer_all(first, &inbox);
    })?;
    Ok(RecordedRuns { requests, answers })
}

/// Where runs are read from.
struct Shelf {
    directory: PathBuf,
    /// The folder of the run itself, until its times were told.
    own: Option<PathBuf>,
    outbox: Sender<RecordedAnswer>,
}

impl Shelf {
    /// Answers until the dashboard has left.
    fn answer_all(&mut self, first: impl Iterator<Item = RecordedRequest>, inbox: &Receiver<RecordedRequest>) {
        for request in first.chain(inbox.iter()) {
            let answers = match request {
                RecordedRequest::List => vec![RecordedAnswer::List(self.list())],
                RecordedRequest::Load(folder) => self.load(folder),
            };
            for answer in answers {
                if self.outbox.blocking_send(answer).is_err() {
                    return;
                }
            }
        }
    }

    /// Reads a run to be laid over the charts, and first the times of the run itself: only beside another one are they of
    /// use.
    fn load(&mut self, folder: PathBuf) -> Vec<RecordedAnswer> {
        let mut answers = Vec::from_iter(self.own_times());
        let (ghost, problem) = match read_ghost(&folder) {
            Ok((ghost, problem)) => (Ok(Box::new(ghost)), problem),
            Err(reason) => (Err(reason), None),
        };
        answers.push(RecordedAnswer::Ghost { folder, ghost });
        answers.extend(problem.map(RecordedAnswer::Problem));
        answers
    }

    /// When the run itself reached its steps, unless that was told already.
    fn own_times(&mut self) -> Option<RecordedAnswer> {
        match read_step_times(&DiskStorage, self.own.as_deref()?) {
            Ok(times) => {
                self.own = None;
                Some(RecordedAnswer::OwnTimes(times))
            }
            Err(error) => {
                Some(RecordedAnswer::Problem(format!("the times of this run's steps can't be read: {error}")))
            }
        }
    }

    /// The newest runs, those first; what can't be read is left out.
    fn list(&self) -> Vec<RecordedRun> {
        let folders = list_runs(&self.directory).unwrap_or_default();
        let newest = folders.into_iter().rev().take(MAX_LISTED_RUNS);
        newest.filter_map(listed_run).collect()
    }
}

/// What is listed of a run; `None` where it can't be read.
fn listed_run(folder: PathBuf) -> Option<RecordedRun> {
    let RunFacts { name, began, .. } = Manifest::read(&DiskStorage, &folder).ok()?.facts;
    let state = newest_state(&DiskStorage, &folder);
    // To the minute: `2026-11-30 09:12`.
    let began = began.rsplit_once(':').map_or(began.as_str(), |(minute, _)| minute).replacen('T', " ", 1);
    Some(RecordedRun {
        name,
        began,
        state: recording::state_word(&folder, state.as_ref()),
        step: state.as_ref().map(|state| state.training.trainer.step),
        accuracy: state.as_ref().and_then(|state| state.training.best_accuracy()).map(|(_, accuracy)| accuracy),
        folder,
    })
}

/// What was measured of a run, with a sentence if the times of its steps can't be read; an error is a sentence.
fn read_ghost(folder: &Path) -> Result<(GhostRun, Option<String>), String> {
    let manifest = Manifest::read(&DiskStorage, folder).map_err(|error| error.to_string())?;
    let info = read_info(&DiskStorage, folder).map_err(|error| error.to_string())?;
    let mut ghost = GhostRun::new(&manifest.facts.name);
    ghost.take_event(Event::Ready(Box::new(info.clone())));
    play_events(&DiskStorage, folder, &info, None, &mut |event| {
        ghost.take_event(event);
        ControlFlow::Continue(())
    })
    .map_err(|error| error.to_string())?;
    let problem = match read_step_times(&DiskStorage, folder) {
        Ok(times) => {
            ghost.set_times(times);
            None
        }
        Err(error) => Some(format!("the times of {}'s steps can't be read: {error}", manifest.facts.name)),
    };
    Ok((ghost, problem))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn times_that_can_not_be_read_are_asked_for_again_and_the_reason_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own");
        fs::write(&own, "no folder").unwrap();
        let directory = folder.path().to_path_buf();
        let mut shelf = Shelf { directory, own: Some(own.clone()), outbox: mpsc::channel(1).0 };
        let answers = shelf.load(folder.path().join("other"));
        let [RecordedAnswer::Problem(problem), RecordedAnswer::Ghost { ghost: Err(_), .. }] = answers.as_slice() else {
            panic!("{answers:?}")
        };
        assert!(problem.starts_with("the times of this run's steps can't be read: "), "{problem}");
        fs::remove_file(&own).unwrap();
        fs::create_dir(&own).unwrap();
        assert!(matches!(shelf.own_times(), Some(RecordedAnswer::OwnTimes(_))));
        assert!(shelf.own_times().is_none(), "they are told once");
    }
}
