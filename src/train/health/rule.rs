//! What a rule is, and for how long its condition has held.

use serde::{Deserialize, Serialize};

use crate::protocol::{Finding, Health};

/// A rule about what was seen at a look: of a layer, of the loss of some minibatches, of an evaluation, of the end.
pub(super) struct Rule<L> {
    /// What it finds, as `docs/health.md` calls it.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with docs/health.md"))]
    pub name: &'static str,
    /// When its condition holds, in the words of `docs/health.md`.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with docs/health.md"))]
    pub threshold: &'static str,
    /// Looks in a row at which the condition holds before it becomes a finding.
    pub patience: u32,
    /// How much it matters.
    pub health: Health,
    /// Whether the condition holds; `None` where this look can't tell: what was not reported yet begins anew, and what was
    /// reported stays.
    pub holds: fn(&L) -> Option<bool>,
    /// What was noticed.
    pub what: fn(&L) -> String,
    /// What to do about it, by its likely cause.
    pub advice: fn(&L) -> String,
}

impl<L> Rule<L> {
    /// What it says of a look.
    pub fn describe(&self, look: &L, step: u64, layer: Option<usize>) -> Finding {
        Finding {
            step,
            health: self.health,
            layer,
            what: (self.what)(look),
            advice: (self.advice)(look),
            trouble: None,
        }
    }
}

/// How long the condition of a rule has held, or has been gone since it was reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct RuleStreak {
    /// Looks in a row at which it held; after the report, looks left until it counts as gone. Normally 0.
    looks: u32,
    /// Whether it was reported and is not gone since. Normally false.
    reported: bool,
}

impl RuleStreak {
    /// Whether it was reported and is not gone since.
    pub fn is_reported(self) -> bool {
        self.reported
    }

    /// Counts a look; true when the condition is to be reported now.
    fn count_look(&mut self, holds: bool, patience: u32) -> bool {
        self.looks = if holds == self.reported {
            if holds { patience } else { 0 }
        } else if holds {
            self.looks + 1
        } else {
            self.looks.saturating_sub(1)
        };
        let news = !self.reported && self.looks >= patience;
        self.reported = news || self.reported && self.looks > 0;
        news
    }
}

/// Asks every rule about a look: what is news, and the verdict. There is none while a condition holds that is not
/// reported yet.
pub(super) fn judge_look<L>(
    rules: &[Rule<L>],
    streaks: &mut Vec<RuleStreak>,
    look: &L,
    (step, layer): (u64, Option<usize>),
) -> (Vec<Finding>, Option<Health>) {
    streaks.resize(rules.len(), RuleStreak::default());
    let mut findings = Vec::new();
    for (rule, streak) in rules.iter().zip(&mut *streaks) {
        match (rule.holds)(look) {
            Some(holds) if streak.count_look(holds, rule.patience) => findings.push(rule.describe(look, step, layer)),
            None if !streak.reported => streak.looks = 0,
            _ => {}
        }
    }
    let reported = |health| rules.iter().zip(&*streaks).any(|(rule, streak)| streak.reported && rule.health == health);
    let verdict = [Health::Bad, Health::Watch].into_iter().find(|&health| reported(health));
    (findings, verdict.or_else(|| streaks.iter().all(|streak| streak.looks == 0).then_some(Health::Good)))
}
