//! The newest answers, one a kind of query.

use std::mem::discriminant;

use super::bounds::bound_inspection;
use super::history::{LayerBranchHistory, LayerSnapshot};
use crate::app::branches::{Lineage, RunPosition};
use crate::protocol::{Answer, BranchId, Inspection, Query, inspection::LayerView};

/// Most layers whose past is kept, each branch counted by itself.
const MAX_LAYER_HISTORIES: usize = 16;

/// What is known of a layer's past, along the way to the current branch.
#[derive(Clone, Debug)]
pub struct LayerHistory<'a> {
    /// The newest answer about it.
    pub newest: &'a LayerView,
    /// How its values were distributed, oldest first; the last belongs to the newest answer.
    pub snapshots: Vec<&'a LayerSnapshot>,
}

/// The newest answers, one a kind of query; those of the layers with their past. Texts in them are safe to show and
/// lists are bounded, but nothing promises that lists which belong together are of one length.
#[derive(Clone, Debug, Default)]
pub struct NewestAnswers {
    newest: Vec<(BranchId, Inspection)>,
    /// The past of the layers that were looked at, the latest last.
    layers: Vec<LayerBranchHistory>,
}

impl NewestAnswers {
    /// Takes an answer on a branch in; it replaces the one to the same kind of query.
    pub(in crate::app) fn record_answer(&mut self, branch: BranchId, inspection: Inspection) {
        let inspection = bound_inspection(inspection);
        if let Answer::Layer(view) = &inspection.answer {
            let at = RunPosition { branch, step: inspection.step };
            let known = self.layers.iter().position(|history| history.is_of_layer(view.layer, at));
            let history = match known.map(|known| self.layers.remove(known)) {
                Some(mut history) => {
                    history.record_answer(inspection.step, view.clone());
                    history
                }
                None => LayerBranchHistory::new(at, view.clone()),
            };
            if self.layers.len() == MAX_LAYER_HISTORIES {
                self.layers.remove(0);
            }
            self.layers.push(history);
        }
        self.newest.retain(|(_, other)| discriminant(&other.query) != discriminant(&inspection.query));
        self.newest.push((branch, inspection));
    }

    /// Drops what was answered on a branch that is left, after the place where it is left.
    pub(in crate::app) fn drop_outside_lineage(&mut self, lineage: &Lineage) {
        self.newest.retain(|(branch, inspection)| {
            // The points of the data are the same at every step, and are told only once.
            matches!(inspection.answer, Answer::Points(_))
                || lineage.contains(RunPosition { branch: *branch, step: inspection.step })
        });
    }

    /// Forgets a branch.
    pub(in crate::app) fn forget_branch(&mut self, branch: BranchId) {
        self.newest.retain(|(other, _)| *other != branch);
        self.layers.retain(|history| history.newest_answer_position().branch != branch);
    }

    /// The newest answer to exactly this query.
    pub fn answer_to(&self, query: &Query) -> Option<&Inspection> {
        self.newest.iter().map(|(_, inspection)| inspection).find(|inspection| inspection.query == *query)
    }

    /// The newest answer to a query of this kind, whatever its details; for what may stand until the answer is there.
    pub fn answer_like(&self, query: &Query) -> Option<&Inspection> {
        let mut newest = self.newest.iter().map(|(_, inspection)| inspection);
        newest.find(|inspection| discriminant(&inspection.query) == discriminant(query))
    }

    /// What is known of a layer's past; `None` before the first answer about it that is history of the current branch.
    pub fn layer_history(&self, lineage: &Lineage, layer: usize) -> Option<LayerHistory<'_>> {
        let stretches = || {
            lineage.stretches().iter().filter_map(|stretch| {
                let start = RunPosition { branch: stretch.branch, step: stretch.first };
                Some((*stretch, self.layers.iter().find(|history| history.is_of_layer(layer, start))?))
            })
        };
        let (_, newest) = stretches().rev().find(|(_, history)| lineage.contains(history.newest_answer_position()))?;
        // Where the newest answer of a branch is no history, what is shown ends with that of an earlier branch.
        let last = newest.newest_answer_position().step;
        let snapshots = stretches().flat_map(|(stretch, history)| history.snapshots(stretch));
        let snapshots = snapshots.filter(|snapshot| snapshot.step <= last).collect();
        Some(LayerHistory { newest: newest.newest_answer(), snapshots })
    }

    /// Bytes held by the past of the layers.
    pub fn memory_bytes(&self) -> usize {
        self.layers.iter().map(LayerBranchHistory::memory_bytes).sum()
    }
}
