//! Requests on their way: what was asked for and not yet answered.

use crate::protocol::{Command, CommandId, LEARNING_RATE, Request, TroubleKind};
use crate::text::{short, thousands};

use super::display::harmless_name;
use super::run::Run;

/// Most requests that may wait for their answers at a time.
const MAX_REQUESTS: usize = 64;

/// Most requests that are put into words.
const MAX_LISTED_REQUESTS: usize = 8;

/// The requests that wait for their answers, oldest first.
#[derive(Clone, Debug, Default)]
pub struct PendingRequests {
    requests: Vec<Request>,
    next: u64,
}

impl PendingRequests {
    /// Gives the command a number and keeps it until it is answered; `None` when too many wait already.
    pub(super) fn add_request(&mut self, command: Command) -> Option<Request> {
        if self.requests.len() >= MAX_REQUESTS && command != Command::Stop {
            return None;
        }
        self.next += 1;
        let request = Request { id: CommandId(self.next), command };
        self.requests.push(request.clone());
        Some(request)
    }

    /// Forgets the request that was answered and gives back what it was.
    pub(super) fn take_answered(&mut self, id: CommandId) -> Option<Command> {
        let at = self.requests.iter().position(|request| request.id == id)?;
        Some(self.requests.remove(at).command)
    }

    /// Forgets all of them, because none will be answered.
    pub(super) fn clear(&mut self) {
        self.requests.clear();
    }

    /// The commands that wait, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Command> {
        self.requests.iter().map(|request| &request.command)
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// The value last asked for a hyperparameter.
    pub fn requested_value(&self, wanted: &str) -> Option<f64> {
        self.iter().rev().find_map(|command| match command {
            Command::Set { key, value } if key == wanted => Some(*value),
            _ => None,
        })
    }

    /// The throttle last asked for.
    pub fn requested_throttle(&self) -> Option<Option<f64>> {
        self.iter().rev().find_map(|command| match command {
            Command::SetThrottle { steps_per_second } => Some(*steps_per_second),
            _ => None,
        })
    }

    /// The schedule last asked for.
    pub fn requested_schedule(&self) -> Option<&str> {
        self.iter().rev().find_map(|command| match command {
            Command::SetSchedule { schedule } => Some(schedule.as_str()),
            _ => None,
        })
    }

    /// The requests on their way, in words; of several for one thing only the last.
    pub(super) fn request_texts(&self, run: &Run) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        let mut listed: Vec<&Command> = Vec::new();
        for command in self.iter().rev() {
            let same = |other: &&Command| match (command, *other) {
                (Command::Set { key, .. }, Command::Set { key: other, .. }) => key == other,
                (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
            };
            let quiet = matches!(command, Command::Watch { .. } | Command::Inspect { .. });
            if quiet || listed.iter().any(same) || words.len() == MAX_LISTED_REQUESTS {
                continue;
            }
            listed.push(command);
            words.push(request_text(command, run));
        }
        words.reverse();
        words
    }
}

/// What to say once a request took effect; nothing where the screen shows it anyway.
pub(super) fn confirmation_text(command: &Command, step: u64, run: &Run) -> Option<String> {
    let from = thousands(step.saturating_add(1));
    Some(match command {
        Command::SetThrottle { steps_per_second: None } => format!("full speed from step {from} on"),
        Command::SetThrottle { steps_per_second: Some(limit) } => {
            format!("{} steps/s from step {from} on", short(*limit))
        }
        Command::Extend { epochs } => {
            let word = if *epochs == 1 { "epoch" } else { "epochs" };
            let end = run.controls.as_ref().and_then(|controls| controls.total_steps).map(thousands);
            let end = end.map(|end| format!(", to step {end}")).unwrap_or_default();
            format!("{} more {word}{end}", thousands(*epochs))
        }
        Command::Evaluate => format!("evaluated at step {}", thousands(step)),
        Command::Save => format!("saved at step {}", thousands(step)),
        Command::Silence { kind, .. } => {
            format!("ignoring {} from now on; a paused run stays paused", kind_text(*kind))
        }
        _ => return None,
    })
}

fn request_text(command: &Command, run: &Run) -> String {
    match command {
        Command::Pause => "pausing…".into(),
        Command::Resume => "resuming…".into(),
        Command::Advance { count: 1 } => "one step…".into(),
        Command::Advance { count } => format!("{} steps…", thousands(*count)),
        Command::AdvanceEpoch => "to the end of the epoch…".into(),
        Command::Set { key, value } => {
            let shown = if key == LEARNING_RATE { "lr".into() } else { harmless_name(key) };
            match run.hyperparameter(key) {
                Some(now) => format!("{shown} {} → {} requested", short(now.value), short(*value)),
                None => format!("{shown} {} requested", short(*value)),
            }
        }
        Command::SetSchedule { schedule } => format!("schedule {} requested", harmless_name(schedule)),
        Command::SetThrottle { steps_per_second: Some(limit) } => format!("{} steps/s requested", short(*limit)),
        Command::SetThrottle { steps_per_second: None } => "full speed requested".into(),
        Command::Extend { epochs } => format!("{} more epochs requested", thousands(*epochs)),
        Command::Evaluate => "evaluating…".into(),
        Command::Inspect { .. } | Command::Watch { .. } => "looking inside…".into(),
        Command::AdvancePhase => "one phase…".into(),
        Command::Save => "saving…".into(),
        Command::Rewind { step, branch: None } => format!("back to step {}…", thousands(*step)),
        Command::Rewind { step, branch: Some(branch) } => {
            format!("to step {} of branch {}…", thousands(*step), branch.0)
        }
        Command::Cancel => "giving up…".into(),
        Command::RenameBranch(_) => "renaming…".into(),
        Command::DeleteBranch { branch } => format!("deleting branch {}…", branch.0),
        Command::SkipMinibatch => "skipping the next minibatch…".into(),
        Command::Silence { .. } => "silencing…".into(),
        Command::TestLearningRates(_) => "testing learning rates…".into(),
        Command::Stop => "stopping…".into(),
        Command::Unknown => "…".into(),
    }
}

/// A kind of trouble in words.
pub(super) fn kind_text(kind: TroubleKind) -> &'static str {
    match kind {
        TroubleKind::NotFinite => "numbers that are not finite",
        TroubleKind::Exploding => "exploding losses",
        TroubleKind::Spike => "spikes",
        TroubleKind::Unknown => "this trouble",
    }
}
