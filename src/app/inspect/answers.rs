//! The newest answers, one a kind of query.

use std::mem::discriminant;

use super::bounds::bounded;
use super::history::History;
use crate::protocol::{Answer, Inspection, Query};

/// Most layers whose past is kept.
const LAYERS: usize = 16;

/// The newest answers, one a kind of query; those of the layers with their past. Texts in them are safe to show and
/// lists are bounded, but nothing promises that lists which belong together are of one length.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    newest: Vec<Inspection>,
    /// The past of the layers that were looked at, the latest last.
    layers: Vec<History>,
}

impl Answers {
    /// Takes an answer in; it replaces the one to the same kind of query.
    pub(in crate::app) fn take(&mut self, inspection: Inspection) {
        let inspection = bounded(inspection);
        if let Answer::Layer(view) = &inspection.answer {
            let at = self.layers.iter().position(|history| history.layer == view.layer);
            let known = at.map(|at| self.layers.remove(at));
            let history = match known {
                Some(mut history) => {
                    history.tell(inspection.step, view.clone());
                    history
                }
                None => History::new(inspection.step, view.clone()),
            };
            if self.layers.len() == LAYERS {
                self.layers.remove(0);
            }
            self.layers.push(history);
        }
        self.newest.retain(|other| discriminant(&other.query) != discriminant(&inspection.query));
        self.newest.push(inspection);
    }

    /// The newest answer to exactly this query.
    pub fn to(&self, query: &Query) -> Option<&Inspection> {
        self.newest.iter().find(|inspection| inspection.query == *query)
    }

    /// The newest answer to a query of this kind, whatever its details; for what may stand until the answer is there.
    pub fn like(&self, query: &Query) -> Option<&Inspection> {
        self.newest.iter().find(|inspection| discriminant(&inspection.query) == discriminant(query))
    }

    /// What is known of a layer's past.
    pub fn history(&self, layer: usize) -> Option<&History> {
        self.layers.iter().find(|history| history.layer == layer)
    }

    /// Bytes held by the past of the layers.
    pub fn memory(&self) -> usize {
        self.layers.iter().map(History::memory).sum()
    }
}
