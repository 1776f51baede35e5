//! What helps against a trouble of the training: remedies that are offered, by one key each, and the requests that one
//! takes, sent one after the other.

use std::collections::VecDeque;
use std::time::Duration;

use crate::protocol::{Command, CommandId, LEARNING_RATE, RunState, TroubleKind};
use crate::text::{short, thousands};

use super::actions::{Action, Remedy};
use super::branches::RunPosition;
use super::findings::FindingRow;
use super::follow_up::FollowUp;
use super::keys::{BindingScope, bindings};
use super::pending::kind_text;
use super::run::Run;
use super::watched::WatchedRun;

/// For how long remedies are offered in a run that goes on.
const OFFERED_WHILE_RUNNING: Duration = Duration::from_secs(20);

/// What is offered against a trouble, ready for drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TroubleOffer {
    /// Where it was noticed.
    pub step: u64,
    /// What happened.
    pub what: String,
    /// What can be done: the key, and what it does.
    pub remedies: Vec<(String, String)>,
    /// What can't be done, and why.
    pub missing: Vec<String>,
}

/// The trouble for which remedies are offered, and the requests of the remedy that was chosen.
#[derive(Clone, Debug, Default)]
pub(super) struct Remedies {
    /// Normally empty.
    finding: Option<FindingRow>,
    /// When that was offered.
    since: Duration,
    /// Normally empty.
    sequence: Option<RequestSequence>,
}

/// Requests of which each is sent when the one before took effect.
#[derive(Clone, Debug)]
struct RequestSequence {
    awaited: CommandId,
    rest: VecDeque<Command>,
}

impl Remedies {
    /// Offers remedies for a finding that is a trouble.
    pub fn offer(&mut self, finding: &FindingRow, now: Duration) {
        if finding.trouble.is_some() {
            (self.finding, self.since) = (Some(finding.clone()), now);
        }
    }

    /// Withdraws an offer that a run went on without for a while; whether there was one. The finding offers it again.
    pub fn drop_expired(&mut self, now: Duration, is_running: bool) -> bool {
        is_running && now.saturating_sub(self.since) > OFFERED_WHILE_RUNNING && self.finding.take().is_some()
    }

    /// Offers remedies for the newest finding, if it has just come from a run that is trained here.
    pub fn offer_newest(&mut self, watched: &WatchedRun, now: Duration) {
        let run = watched.live();
        // What comes while a run is opened was found long ago.
        let trains = matches!(run.state, RunState::Running | RunState::Paused);
        if let Some(finding) = run.findings.iter().next().filter(|_| trains && !watched.is_recorded()) {
            self.offer(finding, now);
        }
    }

    /// Offers nothing any more.
    pub fn dismiss(&mut self) {
        self.finding = None;
    }

    /// Whether something is offered.
    pub fn is_offering(&self) -> bool {
        self.finding.is_some()
    }

    /// What is offered, as the run stands; `None` if nothing is.
    pub fn shown_offer(&self, watched: &WatchedRun) -> Option<TroubleOffer> {
        let finding = self.finding.as_ref()?;
        let (step, what) = (finding.at.step, finding.what.clone());
        let mut offer = TroubleOffer { step, what, remedies: Vec::new(), missing: Vec::new() };
        for binding in bindings().filter(|binding| binding.scope == BindingScope::Trouble) {
            let Action::Remedy(remedy) = binding.action else { continue };
            let unmet = watched.unmet_reason(binding.needs).map(str::to_owned);
            match unmet.map_or_else(|| plan(remedy, finding, watched.live()), Err) {
                Ok(plan) => offer.remedies.push((binding.keys_text(), plan.text)),
                Err(reason) => {
                    let line = format!("{}: {reason}", binding.label);
                    offer.missing.push(line);
                }
            }
        }
        Some(offer)
    }

    /// Does what a key stands for.
    pub fn handle_remedy(&mut self, remedy: Remedy, watched: &WatchedRun) -> FollowUp {
        if self.sequence.is_some() && remedy != Remedy::Dismiss {
            return FollowUp::bad_notice("what was chosen before is still under way");
        }
        let Some(finding) = &self.finding else { return FollowUp::Done };
        match plan(remedy, finding, watched.live()) {
            Ok(plan) => {
                self.finding = None;
                FollowUp::SendInTurn(plan.commands)
            }
            Err(reason) => FollowUp::bad_notice(reason),
        }
    }

    /// Keeps the requests that are to follow the one that was sent just now.
    pub fn await_answer(&mut self, awaited: CommandId, rest: VecDeque<Command>) {
        self.sequence = Some(RequestSequence { awaited, rest });
    }

    /// The requests that are to follow one that took effect, the next first; `None` if it was none of a remedy.
    pub fn take_following(&mut self, applied: CommandId) -> Option<VecDeque<Command>> {
        self.sequence.take_if(|sequence| sequence.awaited == applied).map(|sequence| sequence.rest)
    }

    /// Gives up what was to follow a request that was refused; how many requests that are.
    pub fn give_up(&mut self, refused: CommandId) -> usize {
        self.take_following(refused).map_or(0, |rest| rest.len())
    }

    /// Nothing can be asked any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// What a remedy does: in words, and as requests in turn.
struct RemedyPlan {
    text: String,
    commands: Vec<Command>,
}

/// What a remedy against a finding does.
///
/// # Errors
/// Why it is none here.
fn plan(remedy: Remedy, finding: &FindingRow, run: &Run) -> Result<RemedyPlan, String> {
    let Some(trouble) = &finding.trouble else { return Err("there is no trouble".into()) };
    let rewind = |step| Command::Rewind { step, branch: Some(finding.at.branch) };
    let healthy = || trouble.healthy_step.ok_or("no step is known at which nothing was wrong yet");
    let (text, commands) = match remedy {
        Remedy::HalveRate => {
            let rate = trouble.learning_rate.ok_or("the learning rate with which it broke is not known")?;
            let (step, half) = (healthy()?, rate / 2.0);
            let text = format!(
                "go back to step {}, train on with lr {}, half of {}",
                thousands(step),
                short(half),
                short(rate)
            );
            let set = Command::Set { key: LEARNING_RATE.into(), value: half };
            (text, vec![rewind(step), set, Command::Resume])
        }
        Remedy::GoBack => {
            let step = healthy()?;
            let undone = undone_rate_change(step, finding, run).map(|change| format!(", before {change}"));
            (format!("go back to step {}{}", thousands(step), undone.unwrap_or_default()), vec![rewind(step)])
        }
        Remedy::SkipMinibatch => {
            let minibatch = trouble.minibatch.filter(|minibatch| *minibatch > 0);
            let minibatch = minibatch.ok_or("it is not known which minibatch it was")?;
            if trouble.kind == TroubleKind::NotFinite && minibatch >= finding.at.step {
                return Err("its update was left out already".into());
            }
            let step = minibatch - 1;
            let healthy_step = trouble.healthy_step.unwrap_or(step);
            // Going back undoes what was changed there or later.
            let changed_since = |step| undone_rate_change(step, finding, run).is_some();
            let is_kept = changed_since(healthy_step) && !changed_since(step);
            let rate = trouble.learning_rate.filter(|_| is_kept).map(|rate| format!(", with lr {}", short(rate)));
            let text = format!(
                "go back to step {}, train on without minibatch {}{}",
                thousands(step),
                thousands(minibatch),
                rate.unwrap_or_default()
            );
            (text, vec![rewind(step), Command::SkipMinibatch, Command::Resume])
        }
        Remedy::Silence => {
            let text = format!("ignore {} from now on (no warning, no pause)", kind_text(trouble.kind));
            (text, vec![Command::Silence { kind: trouble.kind, layer: None }])
        }
        Remedy::Dismiss => ("leave everything as it is".into(), Vec::new()),
    };
    Ok(RemedyPlan { text, commands })
}

/// The first change of the learning rate that going back to `step` undoes.
fn undone_rate_change(step: u64, finding: &FindingRow, run: &Run) -> Option<String> {
    let is_undone = |at: RunPosition| at.branch == finding.at.branch && (step..=finding.at.step).contains(&at.step);
    let mark = run.marks.iter().find(|mark| mark.change.key == LEARNING_RATE && is_undone(mark.at))?;
    Some(mark.change.to_string())
}
