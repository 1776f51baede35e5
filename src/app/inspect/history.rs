//! How a layer's values were distributed on a branch, as long as they were watched.

use std::collections::VecDeque;

use crate::app::branches::{Position, Stretch};
use crate::protocol::inspection::{Distribution, LayerView};

/// Most moments that are kept of one layer.
const MAX_MOMENTS: usize = 128;

/// Most parameters of which the past is kept.
pub const MAX_HISTORY_PARAMETERS: usize = 8;

/// A layer's past on one branch. The longer it gets, the further its moments are apart; it always begins with the first and ends
/// with the newest.
#[derive(Clone, Debug)]
pub struct History {
    /// Place of the layer in the network, and the newest answer about it.
    newest: LayerView,
    /// Where that was given.
    at: Position,
    moments: VecDeque<LayerMoment>,
    /// Steps between two moments that are kept.
    stride: u64,
}

/// How a layer's values were distributed at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerMoment {
    /// Minibatches completed.
    pub step: u64,
    /// Its first parameters, each with its gradient.
    pub parameters: Vec<(Distribution, Option<Distribution>)>,
    /// Its output.
    pub output: Option<Distribution>,
}

impl LayerMoment {
    /// What an answer tells.
    pub fn of(step: u64, view: &LayerView) -> Self {
        let parameters = view.parameters.iter().take(MAX_HISTORY_PARAMETERS);
        Self {
            step,
            parameters: parameters.map(|tensor| (tensor.values.clone(), tensor.gradients.clone())).collect(),
            output: view.activations.clone(),
        }
    }
}

impl History {
    /// The past of a layer that was looked at for the first time.
    pub(super) fn new(at: Position, view: LayerView) -> Self {
        let moments = VecDeque::from([LayerMoment::of(at.step, &view)]);
        Self { newest: view, at, moments, stride: 1 }
    }

    /// Whether it is of this layer on the branch of this place.
    pub(super) fn is_of(&self, layer: usize, at: Position) -> bool {
        self.newest.layer == layer && self.at.branch == at.branch
    }

    /// Where its newest answer was given.
    pub(super) fn at(&self) -> Position {
        self.at
    }

    /// The newest answer.
    pub(super) fn newest(&self) -> &LayerView {
        &self.newest
    }

    /// Takes in another answer; one of an earlier step than the newest is ignored.
    pub(super) fn record(&mut self, step: u64, view: LayerView) {
        if self.moments.back().is_none_or(|newest| newest.step <= step) {
            self.push(LayerMoment::of(step, &view));
            (self.newest, self.at.step) = (view, step);
        }
    }

    /// Appends a moment; one of the newest step replaces it.
    fn push(&mut self, moment: LayerMoment) {
        let newest = self.moments.back().map_or(0, |newest| newest.step);
        // The newest gives way as long as it is too near to the one before it.
        let count = self.moments.len();
        let before = count.checked_sub(2).map(|before| self.moments[before].step);
        let too_near = before.is_some_and(|before| newest < before.saturating_add(self.stride));
        if moment.step == newest || too_near {
            self.moments.pop_back();
        }
        self.moments.push_back(moment);
        if self.moments.len() > MAX_MOMENTS {
            let mut index = 0;
            self.moments.retain(|_| {
                index += 1;
                index % 2 == 1 || index > MAX_MOMENTS
            });
            let first = self.moments.front().map_or(0, |first| first.step);
            let span = self.moments.back().map_or(0, |last| last.step).saturating_sub(first);
            self.stride = (span / (MAX_MOMENTS as u64 / 2)).max(self.stride);
        }
    }

    /// Bytes held by the moments.
    pub fn memory(&self) -> usize {
        let bins = |values: &Distribution| size_of::<Distribution>() + values.bins.len() * size_of::<u32>();
        let moment = |moment: &LayerMoment| {
            let pairs = moment.parameters.iter();
            let parameters: usize =
                pairs.map(|(values, gradients)| bins(values) + gradients.as_ref().map_or(0, bins)).sum();
            size_of::<LayerMoment>() + parameters + moment.output.as_ref().map_or(0, bins)
        };
        self.moments.iter().map(moment).sum()
    }

    /// The moments of a stretch, oldest first.
    pub(super) fn moments(&self, stretch: Stretch) -> impl DoubleEndedIterator<Item = &LayerMoment> {
        self.moments.iter().filter(move |moment| (stretch.first..=stretch.last).contains(&moment.step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{BranchId, inspection::UnitFigures};

    const WHOLE: Stretch = Stretch { branch: BranchId(0), first: 0, last: u64::MAX };

    fn at(step: u64) -> Position {
        Position { branch: BranchId(0), step }
    }

    fn view() -> LayerView {
        LayerView {
            layer: 0,
            minibatch: 1,
            parameters: Vec::new(),
            activations: None,
            errors: None,
            units: UnitFigures::default(),
        }
    }

    #[test]
    fn a_long_past_is_thinned_evenly_and_keeps_its_ends() {
        let mut history = History::new(at(1), view());
        for step in 2..=100_000 {
            history.record(step, view());
            assert!(history.moments.len() <= MAX_MOMENTS);
        }
        let steps: Vec<u64> = history.moments(WHOLE).map(|moment| moment.step).collect();
        assert_eq!((steps[0], steps[steps.len() - 1]), (1, 100_000));
        assert!(steps.len() > MAX_MOMENTS / 4, "{}", steps.len());
        let widest = steps.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(widest < 100_000 / 16, "{widest} {steps:?}");
    }

    #[test]
    fn a_step_told_again_replaces_itself_and_the_past_is_not_rewritten() {
        let mut history = History::new(at(5), view());
        for step in [5, 3, 9, 9] {
            history.record(step, view());
        }
        assert_eq!(history.moments(WHOLE).map(|moment| moment.step).collect::<Vec<_>>(), [5, 9]);
    }
}
