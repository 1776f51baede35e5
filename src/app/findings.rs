//! Findings: sentences about the training and its data, newest first, each told once.

use std::collections::VecDeque;

use crate::protocol::{BranchId, DataNote, DataNoteKind, Finding, Health, TroubleKind};
use crate::text::thousands;

use super::branches::RunPosition;
use super::display::harmless_sentence;

/// Most findings that are kept.
const MAX_FINDINGS: usize = 64;

/// Most notes on the data that are kept, with the one that counts the others.
const MAX_NOTES: usize = 32;

/// A finding as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingRow {
    /// Where it was last noticed.
    pub at: RunPosition,
    /// How much it matters.
    pub health: Health,
    /// The layer it is about.
    pub layer: Option<usize>,
    /// Of which kind it is if it is a note on the data, which holds from the first step on.
    pub note: Option<DataNoteKind>,
    /// What was noticed.
    pub what: String,
    /// What to do about it; empty where nothing has to be done.
    pub advice: String,
    /// How often it was noticed.
    pub times: u64,
    /// Which trouble it is, if it is one.
    pub trouble: Option<FoundTrouble>,
}

/// Something that breaks a training, with what helps to go on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoundTrouble {
    /// Which it is.
    pub kind: TroubleKind,
    /// The newest step at which nothing was wrong yet.
    pub healthy_step: Option<u64>,
    /// The minibatch where it broke out, from 1.
    pub minibatch: Option<u64>,
    /// The base learning rate with which it did.
    pub learning_rate: Option<f64>,
}

/// The newest findings.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    rows: VecDeque<FindingRow>,
}

impl Findings {
    /// Takes a finding on a branch in, with the learning rate that is set. One that differs from an earlier one in its numbers only takes that one's place.
    pub fn add(&mut self, branch: BranchId, finding: &Finding, learning_rate: Option<f64>) {
        let what = harmless_sentence(&finding.what);
        let same = |row: &FindingRow| {
            row.note.is_none()
                && row.at.branch == branch
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
            note: None,
            what,
            advice,
            times,
            trouble: finding.trouble.as_ref().map(|trouble| FoundTrouble {
                kind: trouble.kind,
                healthy_step: trouble.healthy_step,
                minibatch: trouble.minibatch,
                learning_rate,
            }),
        });
        // Notes are told once only, so they outlast what is told again and again.
        while self.rows.len() > MAX_FINDINGS
            && let Some(oldest) = self.rows.iter().rposition(|row| row.note.is_none())
        {
            self.rows.remove(oldest);
        }
    }

    /// Takes in what is to be known about the data, in place of what was told before. What looks wrong comes first.
    pub fn set_notes(&mut self, notes: &[DataNote]) {
        self.rows.retain(|row| row.note.is_none());
        let is_suspicious = |note: &&DataNote| note.kind == DataNoteKind::Suspicious;
        let (suspicious, others): (Vec<_>, Vec<_>) = notes.iter().partition(is_suspicious);
        let shown = if notes.len() > MAX_NOTES { MAX_NOTES - 1 } else { notes.len() };
        let kept = suspicious.into_iter().chain(others).take(shown);
        let mut rows: Vec<FindingRow> = kept.map(|note| note_row(note.kind, harmless_sentence(&note.text))).collect();
        if shown < notes.len() {
            let text = format!("{} more notes on the data are not shown", thousands((notes.len() - shown) as u64));
            rows.push(note_row(DataNoteKind::LeftOut, text));
        }
        rows.into_iter().rev().for_each(|row| self.rows.push_front(row));
    }

    /// How many notes on the data there are.
    pub fn note_count(&self) -> usize {
        self.rows.iter().filter(|row| row.note.is_some()).count()
    }

    /// Forgets a branch.
    pub fn forget_branch(&mut self, branch: BranchId) {
        self.rows.retain(|row| row.note.is_some() || row.at.branch != branch);
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

fn note_row(kind: DataNoteKind, what: String) -> FindingRow {
    let health = if kind == DataNoteKind::Suspicious { Health::Watch } else { Health::Good };
    FindingRow {
        at: RunPosition { branch: BranchId(0), step: 0 },
        health,
        layer: None,
        note: Some(kind),
        what,
        advice: String::new(),
        times: 1,
        trouble: None,
    }
}

fn without_digits(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | ','))
}
