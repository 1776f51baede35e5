//! Answers to queries about the network, the current minibatch and the data. They change nothing of the training.

use std::cell::OnceCell;

use crate::{
    dataset::Dataset,
    nn::Network,
    protocol::{Answer, Query, SampleChoice, inspection::SplitName},
    train::{
        evaluator::{Evaluator, part_of},
        minibatch::Minibatch,
        traced_update::TracedUpdate,
    },
};

mod check;
mod figures;
mod filters;
mod layer;
mod maps;
mod pictures;
mod plane;
mod rules;
mod samples;
#[cfg(test)]
mod tests;
mod trace;

pub use check::RunningCheck;
pub(super) use plane::PlaneExtent;
pub(super) use rules::QueryRules;

use self::{
    plane::PlaneView,
    rules::UNKNOWN_QUERY,
    trace::{FollowedSample, TracedPass},
};

/// What a query needs before it can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueryNeeds {
    /// Nothing that takes long, or passes of its own, for which those of the minibatch are discarded.
    Nothing,
    /// The predictions of an evaluation of a part of the data.
    Predictions(SplitName),
    /// The passes of the current minibatch, which go into the next step.
    Passes,
}

/// What `query` needs.
pub(super) fn needs(query: &Query) -> QueryNeeds {
    match *query {
        Query::Samples { split, .. } | Query::Confusion { split } => QueryNeeds::Predictions(split),
        Query::Layer { .. }
        | Query::Trace {
            sample: SampleChoice::Row { .. } | SampleChoice::NextMistake { .. } | SampleChoice::Hardest,
            ..
        }
        | Query::FeatureMaps {
            sample: SampleChoice::Row { .. } | SampleChoice::NextMistake { .. } | SampleChoice::Hardest,
            ..
        } => QueryNeeds::Passes,
        Query::Trace { .. }
        | Query::FeatureMaps { .. }
        | Query::GradientCheck { .. }
        | Query::Filters { .. }
        | Query::Points
        | Query::Boundary { .. }
        | Query::Units { .. }
        | Query::Unknown => QueryNeeds::Nothing,
    }
}

/// Borrows the network, the minibatch and the data, and answers queries about them.
pub(super) struct Inspector<'a> {
    pub network: &'a mut Network<f32>,
    pub minibatch: &'a mut Minibatch,
    pub evaluator: &'a mut Evaluator,
    pub data: &'a Dataset,
    /// The part of the plane in which samples lie; empty until a query needs it.
    pub plane_extent: &'a OnceCell<PlaneExtent>,
    /// The last update in numbers, if it was traced.
    pub update: Option<&'a TracedUpdate>,
}

impl Inspector<'_> {
    /// Answers a query. What needs an evaluation is answered from the last one.
    ///
    /// # Errors
    /// When [`QueryRules`] forbid the query, or it takes too long for an answer.
    pub fn answer(&mut self, query: &Query) -> Result<Answer, String> {
        QueryRules::new(self.network, self.data, self.minibatch.batch_size()).check(query)?;
        let data = self.data;
        Ok(match *query {
            Query::Layer { layer } => self.layer(layer),
            Query::Trace { sample, layer } => {
                self.over_pass(sample, |pass, sample| Ok(Answer::Trace(Box::new(pass.trace(sample, layer, data)))))?
            }
            Query::FeatureMaps { sample, layer, first, count } => self.over_pass(sample, |pass, sample| {
                Ok(Answer::FeatureMaps(pass.feature_maps(sample, layer, first..first.saturating_add(count))?))
            })?,
            Query::GradientCheck { .. } => return Err("a gradient check takes time; it can't be watched".into()),
            Query::Samples { split, show, order, first, count } => samples::page(
                data,
                split,
                self.evaluator.predictions(split),
                (show, order),
                first..first.saturating_add(count),
            ),
            Query::Confusion { split } => samples::confusion(data, split, self.evaluator.predictions(split)),
            Query::Filters { layer, first, count } => {
                Answer::Filters(filters::filters(self.network, data, layer, first..first.saturating_add(count))?)
            }
            Query::Points => Answer::Points(plane::points(&data.train, self.extent())),
            Query::Boundary { columns, rows } => {
                Answer::Boundary(self.over_plane((columns, rows), |view, network| view.boundary(network, &data.train)))
            }
            Query::Units { layer, columns, rows } => {
                Answer::Units(self.over_plane((columns, rows), |view, network| view.unit_maps(network, layer)))
            }
            Query::Unknown => return Err(UNKNOWN_QUERY.into()),
        })
    }

    fn layer(&mut self, layer: usize) -> Answer {
        let parts = self.minibatch.ensure_computed(self.network, &self.data.train);
        let running_stats = self.minibatch.running_stats(self.network);
        Answer::Layer(layer::view_layer(self.network, &parts, &running_stats, layer))
    }

    /// Looks at the pass of a sample: of the current minibatch, or alone, as in an evaluation.
    fn over_pass(
        &mut self,
        choice: SampleChoice,
        look: impl FnOnce(&mut TracedPass<'_>, &FollowedSample) -> Result<Answer, String>,
    ) -> Result<Answer, String> {
        let data = self.data;
        if let SampleChoice::Dataset { split, index } = choice {
            self.minibatch.discard_passes(self.network);
            return self.evaluator.with_average(self.network, |network| {
                let label = trace::pass_alone(network, part_of(data, split), index);
                look(&mut TracedPass::of_evaluation(network, &label), &FollowedSample { row: 0, split, index })
            });
        }
        let parts = self.minibatch.ensure_computed(self.network, &data.train);
        let row = match TracedPass::of_minibatch(self.network, self.minibatch, parts, None).choose(choice) {
            Ok(row) => row,
            Err(reason) => return Ok(Answer::Nothing { reason }),
        };
        let index = self.minibatch.indices(parts.minibatch)[row] as usize;
        let sample = FollowedSample { row, split: SplitName::Train, index };
        look(&mut TracedPass::of_minibatch(self.network, self.minibatch, parts, self.update), &sample)
    }

    fn extent(&self) -> PlaneExtent {
        *self.plane_extent.get_or_init(|| PlaneExtent::around(&self.data.train))
    }

    /// Looks at the plane in a grid of cells, with the weights that are evaluated.
    fn over_plane<R>(
        &mut self,
        (columns, rows): (usize, usize),
        look: impl FnOnce(&PlaneView, &mut Network<f32>) -> R,
    ) -> R {
        let view = PlaneView::new(self.extent(), columns, rows, self.evaluator.max_batch());
        self.minibatch.discard_passes(self.network);
        self.evaluator.with_average(self.network, |network| look(&view, network))
    }
}
