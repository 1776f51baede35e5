//! The run that is watched: as it is now, as it was when the display was frozen, and what was asked of its source.

use crate::protocol::{Answer, BranchId, Command, CommandId, Event, Query, Request, RunState};

use super::display::harmless_sentence;
use super::pending::PendingRequests;
use super::rewind::RewindProgress;
use super::run::Run;

/// What the run is doing, what was asked of it included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunPhase {
    /// Reading data, building the network.
    Loading,
    /// Training.
    Running,
    /// Asked to pause.
    Pausing,
    /// Waiting between two minibatches.
    Paused,
    /// Asked to go on.
    Resuming,
    /// Asked to advance by some minibatches and then pause.
    Stepping,
    /// On its way to an earlier step, or to another branch.
    Rewinding,
    /// Asked to end.
    Stopping,
    /// The planned minibatches are done.
    Finished,
    /// It can't go on.
    Failed,
    /// It ended.
    Stopped,
    /// It was recorded before, and ended or was left somewhere on its way.
    Recorded,
}

impl RunPhase {
    /// Its word: `running`, `pausing…`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Running => "running",
            Self::Pausing => "pausing…",
            Self::Paused => "paused",
            Self::Resuming => "resuming…",
            Self::Stepping => "stepping…",
            Self::Rewinding => "going back…",
            Self::Stopping => "stopping…",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Recorded => "recorded",
        }
    }
}

/// The run, live and as it is shown, with the requests on their way to its source.
#[derive(Clone, Debug)]
pub struct WatchedRun {
    live: Run,
    /// Whether it was recorded before, so that nothing can be asked of it.
    recorded: bool,
    frozen: Option<Box<Run>>,
    pending: PendingRequests,
    /// What the source was asked to answer again and again.
    queries: Vec<Query>,
    /// Why it won't.
    refused_queries: Option<String>,
}

impl WatchedRun {
    /// A run of this name, of which nothing is known yet; `recorded` if it is not trained now.
    pub(super) fn new(name: &str, recorded: bool) -> Self {
        Self {
            live: Run::new(name),
            recorded,
            frozen: None,
            pending: PendingRequests::default(),
            queries: Vec::new(),
            refused_queries: None,
        }
    }

    /// The run as it is now.
    pub fn live(&self) -> &Run {
        &self.live
    }

    /// Whether it was recorded before, so that nothing is trained and nothing can be asked of it.
    pub fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// The run as it is shown: as it is now, or as it was when the display was frozen.
    pub fn shown(&self) -> &Run {
        self.frozen.as_deref().unwrap_or(&self.live)
    }

    /// The step at which the display was frozen.
    pub fn frozen_step(&self) -> Option<u64> {
        self.frozen.as_ref().map(|run| run.step)
    }

    /// Freezes the display, or catches up.
    pub(super) fn toggle_freeze(&mut self) {
        self.frozen = match self.frozen.take() {
            None => Some(Box::new(self.live.clone())),
            Some(_) => None,
        };
    }

    /// Catches up, if the display is frozen.
    pub(super) fn unfreeze(&mut self) {
        self.frozen = None;
    }

    /// Hides the curves of a branch, or shows them again.
    pub(super) fn toggle_branch(&mut self, branch: BranchId) {
        for run in [&mut self.live].into_iter().chain(self.frozen.as_deref_mut()) {
            run.branches.toggle_hidden(branch);
        }
    }

    /// The requests on their way.
    pub fn pending(&self) -> &PendingRequests {
        &self.pending
    }

    /// Gives a command a number to send it with; `None` when too many requests wait already.
    pub(super) fn add_request(&mut self, command: Command) -> Option<Request> {
        self.pending.add_request(command)
    }

    /// The command that was answered, with the reason if it was refused.
    pub(super) fn take_answered(&mut self, id: CommandId, refused: Option<&str>) -> Option<Command> {
        let command = self.pending.take_answered(id);
        if matches!(command, Some(Command::Rewind { .. })) {
            self.live.rewinding = None;
        }
        // What was watched before no longer matters.
        if matches!(&command, Some(Command::Watch { queries }) if *queries == self.queries) {
            self.refused_queries = refused.map(harmless_sentence);
        }
        command
    }

    /// Takes an event in.
    pub(super) fn apply_event(&mut self, event: Event) {
        if matches!(event, Event::Stopped { .. }) {
            self.pending.clear();
        }
        self.live.apply_event(event);
    }

    /// The source is gone, so no request will be answered.
    pub(super) fn handle_source_gone(&mut self) {
        self.pending.clear();
        self.live.handle_source_gone(if self.recorded {
            "the record could not be read to its end"
        } else {
            "the training stopped unexpectedly"
        });
    }

    /// Keeps these figures, by their places, and a quantity of the layers at full detail, because they are shown.
    pub(super) fn keep_full_detail(&mut self, figures: impl IntoIterator<Item = Option<usize>>, quantity: usize) {
        figures.into_iter().flatten().for_each(|figure| self.live.metrics.keep_full_detail(figure));
        self.live.layers.keep_full_detail(quantity);
    }

    /// Watches these queries from now on, and gives the request for it if they are not watched already.
    pub(super) fn watch_queries(&mut self, queries: Vec<Query>) -> Option<Request> {
        if queries == self.queries {
            return None;
        }
        // When too many requests wait, the next message brings another chance.
        let request = self.pending.add_request(Command::Watch { queries: queries.clone() })?;
        (self.queries, self.refused_queries) = (queries, None);
        Some(request)
    }

    /// Nothing is watched: a source that comes to life again has to be asked anew.
    pub(super) fn forget_queries(&mut self) {
        (self.queries, self.refused_queries) = (Vec::new(), None);
    }

    /// Why the source won't answer what is watched.
    pub(super) fn query_refusal_reason(&self) -> Option<&str> {
        self.refused_queries.as_deref()
    }

    /// The reason with which the source said that there is nothing to answer to one of these queries.
    pub(super) fn empty_answer_reason(&self, queries: &[Query]) -> Option<&str> {
        queries.iter().filter_map(|query| self.shown().answers.answer_to(query)).find_map(|found| match &found.answer {
            Answer::Nothing { reason } => Some(reason.as_str()),
            _ => None,
        })
    }

    /// Whether something that takes long was asked to be given up, and there is no answer yet.
    pub fn is_cancelling(&self) -> bool {
        self.pending.iter().any(|command| *command == Command::Cancel)
    }

    /// How far the run is on its way to an earlier step or to another branch; `None` while it is on none.
    pub fn rewind_progress(&self) -> Option<RewindProgress> {
        let asked = self.pending.iter().find_map(|command| match command {
            Command::Rewind { step, .. } => Some(*step),
            _ => None,
        });
        RewindProgress::of(self.live.rewinding, asked, self.live.step)
    }

    /// What the run is doing, what was asked of it included.
    pub fn phase(&self) -> RunPhase {
        let state = self.live.state;
        match state {
            RunState::Failed => return RunPhase::Failed,
            RunState::Stopped if self.recorded => return RunPhase::Recorded,
            RunState::Stopped => return RunPhase::Stopped,
            _ if self.pending.iter().any(|command| *command == Command::Stop) => return RunPhase::Stopping,
            _ if self.rewind_progress().is_some() => return RunPhase::Rewinding,
            RunState::Finished if self.pending.is_empty() => return RunPhase::Finished,
            _ => {}
        }
        let asked = self.pending.iter().rev().find_map(|command| match (command, state) {
            (Command::Pause, RunState::Running | RunState::Loading) => Some(RunPhase::Pausing),
            (Command::Resume, RunState::Paused) => Some(RunPhase::Resuming),
            (Command::Advance { .. } | Command::AdvanceEpoch, RunState::Running | RunState::Paused) => {
                Some(RunPhase::Stepping)
            }
            _ => None,
        });
        asked.unwrap_or(match state {
            RunState::Loading => RunPhase::Loading,
            // The run keeps the last state that it knew.
            RunState::Running | RunState::Unknown => RunPhase::Running,
            RunState::Paused => RunPhase::Paused,
            RunState::Finished => RunPhase::Finished,
            RunState::Failed => RunPhase::Failed,
            RunState::Stopped => RunPhase::Stopped,
        })
    }

    /// Whether a learning-rate range test goes on, or is about to.
    pub fn tests_learning_rates(&self) -> bool {
        self.pending.iter().any(|command| matches!(command, Command::TestLearningRates(_)))
    }

    /// Whether the source waits at a minibatch, so that one can look at it.
    pub fn is_idle(&self) -> bool {
        matches!(self.live.state, RunState::Paused | RunState::Finished) || self.phase() == RunPhase::Stepping
    }

    /// Bytes held by the series, those of a frozen display included.
    pub fn memory_bytes(&self) -> usize {
        self.live.memory_bytes() + self.frozen.as_ref().map_or(0, |run| run.memory_bytes())
    }
}
