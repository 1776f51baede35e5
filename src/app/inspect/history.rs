//! How a layer's values were distributed on a branch, as long as they were watched.

use std::collections::VecDeque;

use crate::app::branches::{BranchStretch, RunPosition};
use crate::protocol::inspection::{Distribution, LayerView};

/// Most snapshots that are kept of one layer.
const MAX_LAYER_SNAPSHOTS: usize = 128;

/// Most parameters of which the past is kept.
pub const MAX_HISTORY_PARAMETERS: usize = 8;

/// A layer's past on one branch. The longer it gets, the further its snapshots are apart; it always begins with the
/// first and ends with the newest.
#[derive(Clone, Debug)]
pub struct LayerBranchHistory {
    /// Place of the layer in the network, and the newest answer about it.
    newest: LayerView,
    /// Where that was given.
    at: RunPosition,
    snapshots: VecDeque<LayerSnapshot>,
    /// Steps between two snapshots that are kept.
    stride: u64,
}

/// How a layer's values were distributed at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSnapshot {
    /// Minibatches completed.
    pub step: u64,
    /// Its first parameters, each with its gradient.
    pub parameters: Vec<(Distribution, Option<Distribution>)>,
    /// Its output.
    pub output: Option<Distribution>,
}

impl LayerSnapshot {
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

impl LayerBranchHistory {
    /// The past of a layer that was looked at for the first time.
    pub(super) fn new(at: RunPosition, view: LayerView) -> Self {
        let snapshots = VecDeque::from([LayerSnapshot::of(at.step, &view)]);
        Self { newest: view, at, snapshots, stride: 1 }
    }

    /// Whether it is of this layer on the branch of this place.
    pub(super) fn is_of_layer(&self, layer: usize, at: RunPosition) -> bool {
        self.newest.layer == layer && self.at.branch == at.branch
    }

    /// Where its newest answer was given.
    pub(super) fn newest_answer_position(&self) -> RunPosition {
        self.at
    }

    /// The newest answer.
    pub(super) fn newest_answer(&self) -> &LayerView {
        &self.newest
    }

    /// Takes in another answer; one of an earlier step than the newest is ignored.
    pub(super) fn record_answer(&mut self, step: u64, view: LayerView) {
        if self.snapshots.back().is_none_or(|newest| newest.step <= step) {
            self.push_snapshot(LayerSnapshot::of(step, &view));
            (self.newest, self.at.step) = (view, step);
        }
    }

    /// Appends a snapshot; one of the newest step replaces it.
    fn push_snapshot(&mut self, snapshot: LayerSnapshot) {
        let newest = self.snapshots.back().map_or(0, |newest| newest.step);
        // The newest gives way as long as it is too near to the one before it.
        let count = self.snapshots.len();
        let before = count.checked_sub(2).map(|before| self.snapshots[before].step);
        let too_near = before.is_some_and(|before| newest < before.saturating_add(self.stride));
        if snapshot.step == newest || too_near {
            self.snapshots.pop_back();
        }
        self.snapshots.push_back(snapshot);
        if self.snapshots.len() > MAX_LAYER_SNAPSHOTS {
            let mut index = 0;
            self.snapshots.retain(|_| {
                index += 1;
                index % 2 == 1 || index > MAX_LAYER_SNAPSHOTS
            });
            let first = self.snapshots.front().map_or(0, |first| first.step);
            let span = self.snapshots.back().map_or(0, |last| last.step).saturating_sub(first);
            self.stride = (span / (MAX_LAYER_SNAPSHOTS as u64 / 2)).max(self.stride);
        }
    }

    /// Bytes held by the snapshots.
    pub fn memory_bytes(&self) -> usize {
        let bins = |values: &Distribution| size_of::<Distribution>() + values.bins.len() * size_of::<u32>();
        let snapshot = |snapshot: &LayerSnapshot| {
            let pairs = snapshot.parameters.iter();
            let parameters: usize =
                pairs.map(|(values, gradients)| bins(values) + gradients.as_ref().map_or(0, bins)).sum();
            size_of::<LayerSnapshot>() + parameters + snapshot.output.as_ref().map_or(0, bins)
        };
        self.snapshots.iter().map(snapshot).sum()
    }

    /// The snapshots of a stretch, oldest first.
    pub(super) fn snapshots(&self, stretch: BranchStretch) -> impl DoubleEndedIterator<Item = &LayerSnapshot> {
        self.snapshots.iter().filter(move |snapshot| (stretch.first..=stretch.last).contains(&snapshot.step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{BranchId, inspection::UnitFigures};

    const WHOLE: BranchStretch = BranchStretch { branch: BranchId(0), first: 0, last: u64::MAX, whole: true };

    fn at(step: u64) -> RunPosition {
        RunPosition { branch: BranchId(0), step }
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
        let mut history = LayerBranchHistory::new(at(1), view());
        for step in 2..=100_000 {
            history.record_answer(step, view());
            assert!(history.snapshots.len() <= MAX_LAYER_SNAPSHOTS);
        }
        let steps: Vec<u64> = history.snapshots(WHOLE).map(|snapshot| snapshot.step).collect();
        assert_eq!((steps[0], steps[steps.len() - 1]), (1, 100_000));
        assert!(steps.len() > MAX_LAYER_SNAPSHOTS / 4, "{}", steps.len());
        let widest = steps.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(widest < 100_000 / 16, "{widest} {steps:?}");
    }

    #[test]
    fn a_step_told_again_replaces_itself_and_the_past_is_not_rewritten() {
        let mut history = LayerBranchHistory::new(at(5), view());
        for step in [5, 3, 9, 9] {
            history.record_answer(step, view());
        }
        assert_eq!(history.snapshots(WHOLE).map(|snapshot| snapshot.step).collect::<Vec<_>>(), [5, 9]);
    }
}
