//! How a run ended, why it paused by itself or can't go on, and what to do next.

use crate::protocol::{Better, Capability, DataPart, Health, RunState, RunSummary, Unit};
use crate::text::{duration, percent_number, short, thousands, wrap, wrap_whole};

use super::run::Run;
use super::watched::{RunPhase, WatchedRun};

/// Most rows of a banner while there is something else to see.
const MAX_BANNER_ROWS: usize = 4;

/// Most rows of the reason why there was nothing to train, and of what to do about it.
const MAX_REASON_ROWS: usize = 14;

/// What there is to say, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// Whether it is good or bad.
    pub health: Health,
    what: String,
    next: String,
    /// Whether nothing else is to be seen, so that it may take as many rows as it needs.
    alone: bool,
}

impl Banner {
    /// What has to be said above everything else; nothing while everything goes on.
    pub(super) fn of(watched: &WatchedRun) -> Option<Self> {
        let run = watched.live();
        let leave = || "q leaves".to_owned();
        let (health, what, next) = match (watched.phase(), &run.summary, &run.failure) {
            (RunPhase::Finished, Some(summary), _) => {
                let further = if run.can(Capability::Extend) { "x trains further · " } else { "" };
                let mut next = format!("{further}p saves a picture · q leaves");
                if let Some(hash) = &summary.weights_sha256 {
                    let shown: String = hash.chars().take(16).collect();
                    let cut = if shown.len() < hash.len() { "…" } else { "" };
                    next = format!("{next} · sha256 {shown}{cut}");
                }
                (Health::Good, summary_figures(run, summary).join(" · "), next)
            }
            (RunPhase::Finished, None, _) => (Health::Good, "finished".into(), leave()),
            (RunPhase::Failed, _, Some(failure)) if run.info.is_none() => {
                let next = if failure.advice.is_empty() { leave() } else { format!("{} · q leaves", failure.advice) };
                (Health::Bad, format!("can't begin: {}", failure.what), next)
            }
            (RunPhase::Failed, _, Some(failure)) => {
                let what = format!("failed at step {}: {}", thousands(failure.step), failure.what);
                (Health::Bad, what, failure.advice.clone())
            }
            (RunPhase::Failed, _, None) => (Health::Bad, "failed".into(), leave()),
            (RunPhase::Recorded, _, _) => {
                let what = run.reason.clone().unwrap_or_else(|| "recorded".into());
                (Health::Unknown, what, "← → go through its steps · p saves a picture · q leaves".into())
            }
            (RunPhase::Paused, _, _) if run.reason.is_some() => {
                (Health::Watch, run.reason.clone().unwrap_or_default(), String::new())
            }
            _ => {
                let (what, next) = run.record.trouble()?;
                (Health::Bad, what, next.into())
            }
        };
        let alone = run.state == RunState::Failed && run.info.is_none();
        Some(Self { health, what, next, alone })
    }

    /// Its lines in a window of this width, and which of them say what happened.
    pub fn lines(&self, width: u16) -> Vec<(String, bool)> {
        let wrapped =
            |text: &str, strong| wrap(text, width.saturating_sub(2)).into_iter().map(move |line| (line, strong));
        if self.alone {
            let whole =
                |text: &str, strong| wrap_whole(text, width.saturating_sub(2)).into_iter().map(move |l| (l, strong));
            let (what, next) = (whole(&self.what, true), whole(&self.next, false));
            return what.take(MAX_REASON_ROWS).chain(next.take(MAX_BANNER_ROWS)).collect();
        }
        wrapped(&self.what, true).take(2).chain(wrapped(&self.next, false)).take(MAX_BANNER_ROWS).collect()
    }
}

fn summary_figures(run: &Run, summary: &RunSummary) -> Vec<String> {
    let measured = summary.values.iter().filter_map(|value| {
        let info = run.metrics.metric_info(value.0)?;
        let part = if let (DataPart::HeldOut(word), _) = info.data_part_and_name() {
            format!("{word} ")
        } else {
            String::new()
        };
        let exact = if info.unit == Unit::Share { format!("{} %", percent_number(value.1, 2)) } else { short(value.1) };
        Some((info.better != Better::Higher, format!("{part}{} {exact}", info.title)))
    });
    // People look first for what is better the higher it is.
    let mut measured: Vec<(bool, String)> = measured.collect();
    measured.sort_by_key(|(later, _)| *later);
    let step = format!("finished at step {}", thousands(summary.step));
    let speed = summary.steps_per_second().map(|speed| format!("{speed:.1} steps/s"));
    let time = summary.seconds.map(|seconds| format!("in {}", duration(seconds)));
    let measured = measured.into_iter().take(MAX_BANNER_ROWS).map(|(_, text)| text);
    [step].into_iter().chain(measured).chain(speed).chain(time).collect()
}
