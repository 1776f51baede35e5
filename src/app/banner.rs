//! How a run ended, why it paused by itself or can't go on, and what to do next.

use super::{App, Phase};
use crate::protocol::{Health, Summary};
use crate::text::{duration, short, thousands, wrap};

/// Most rows of a banner.
const MOST: usize = 4;

/// What there is to say, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// Whether it is good or bad.
    pub health: Health,
    what: String,
    next: String,
}

impl Banner {
    /// Its lines in a window of this width, and which of them say what happened.
    pub fn lines(&self, width: u16) -> Vec<(String, bool)> {
        let wrapped =
            |text: &str, strong| wrap(text, width.saturating_sub(2)).into_iter().map(move |line| (line, strong));
        wrapped(&self.what, true).take(2).chain(wrapped(&self.next, false)).take(MOST).collect()
    }
}

impl App {
    /// What has to be said above everything else; nothing while everything goes on.
    pub fn banner(&self) -> Option<Banner> {
        let run = self.live();
        let leave = || "q leaves".to_owned();
        let (health, what, next) = match (self.phase(), &run.summary, &run.failure) {
            (Phase::Finished, Some(summary), _) => {
                let mut hash: String = summary.weights_sha256.chars().take(16).collect();
                if hash.len() < summary.weights_sha256.len() {
                    hash.push('…');
                }
                let next = format!("x trains further · p saves a picture · q leaves · sha256 {hash}");
                (Health::Good, figures(summary).join(" · "), next)
            }
            (Phase::Finished, None, _) => (Health::Good, "finished".into(), leave()),
            (Phase::Failed, _, Some(failure)) => {
                let what = format!("failed at step {}: {}", thousands(failure.step), failure.what);
                (Health::Bad, what, failure.advice.clone())
            }
            (Phase::Failed, _, None) => (Health::Bad, "failed".into(), leave()),
            (Phase::Paused, _, _) => (Health::Watch, run.reason.clone()?, String::new()),
            _ => return None,
        };
        Some(Banner { health, what, next })
    }
}

fn figures(summary: &Summary) -> [String; 5] {
    [
        format!("finished at step {}", thousands(summary.step)),
        format!("test accuracy {:.2} %", summary.test_accuracy * 100.0),
        format!("test loss {}", short(summary.test_loss)),
        format!("{:.1} steps/s", summary.steps_per_second()),
        format!("in {}", duration(summary.seconds)),
    ]
}
