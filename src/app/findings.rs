//! Findings: sentences about the training, newest first, each told once.

use std::collections::VecDeque;

use crate::protocol::{BranchId, Finding, Health};

use super::branches::RunPosition;
use super::display::harmless_sentence;

/// Most findings that are kept.
const MAX_FINDINGS: usize = 64;

/// A finding as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingRow {
    /// Where it was last noticed.
    pub at: RunPosition,
    /// How much it matters.
    pub health: Health,
    /// The layer it is about.
    pub layer: Option<usize>,
    /// What was noticed.
    pub what: String,
    /// What to do about it.
    pub advice: String,
    /// How often it was noticed.
    pub times: u64,
}

/// The newest findings.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    rows: VecDeque<FindingRow>,
}

impl Findings {
    /// Takes a finding on a branch in. One that differs from an earlier one in its numbers only takes that one's place.
    pub fn add(&mut self, branch: BranchId, finding: &Finding) {
        let what = harmless_sentence(&finding.what);
        let same = |row: &FindingRow| {
            row.at.branch == branch
                && row.layer == finding.layer
                && row.health == finding.health
                && without_digits(&row.what).eq(without_digits(&what))
        };
        let earlier = self.rows.iter().position(same).and_then(|index| self.rows.remove(index));
        let times = earlier.map_or(1, |row| row.times.saturating_add(1));
        let advice = harmless_sentence(&finding.advice);
        self.rows.push_front(FindingRow {
            at: RunPosition { branch, step: finding.step },
            health: finding.health,
            layer: finding.layer,
            what,
            advice,
            times,
        });
        self.rows.truncate(MAX_FINDINGS);
    }

    /// Forgets a branch.
    pub fn forget_branch(&mut self, branch: BranchId) {
        self.rows.retain(|row| row.at.branch != branch);
    }

    /// The findings, newest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &FindingRow> {
        self.rows.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn without_digits(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | ','))
}
