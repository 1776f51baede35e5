//! A training step in its phases: forward layer by layer, loss, backward layer by layer, update.
//!
//! The passes of the minibatch in hand may be computed bit by bit, by a person who walks or because somebody looks, and
//! the step takes up what is there. All that a forward pass changes besides the network's buffers are the running
//! statistics of batch normalization; they are remembered, so that what was computed can be set aside for another pass
//! and computed again.

use std::ops::Range;

use crate::{
    nn::{LossReport, Mode},
    protocol::Phase,
    train::{StepError, StepOutcome, Trainer, progress::Held},
};

impl Trainer {
    /// Goes on by one phase of the minibatch in hand. Gives what came of it with the last, the update, or when the loss
    /// turned out not to be finite.
    pub fn advance_phase(&mut self) -> Option<Result<StepOutcome, StepError>> {
        let walked = self.progress.walked;
        let broken = self.progress.report.is_some_and(|report| !report.loss.is_finite());
        if walked == self.phases() || walked > self.layers() && broken {
            let outcome = self.step();
            // Without an update the walk is simply over.
            (self.progress.updated, self.progress.intact) = (outcome.is_ok(), outcome.is_ok());
            return Some(outcome);
        }
        self.progress.updated = false;
        self.remember();
        self.compute(walked + 1);
        self.progress.walked = walked + 1;
        None
    }

    /// Where the walk through the minibatch in hand stands.
    pub fn phase(&self) -> Phase {
        let layers = self.layers();
        match self.progress.walked {
            0 if self.progress.updated => Phase::Update,
            0 => Phase::Between,
            walked if walked <= layers => Phase::Forward { layer: walked - 1 },
            walked if walked == layers + 1 => Phase::Loss,
            walked => Phase::Backward { layer: 2 * layers + 1 - walked },
        }
    }

    /// Number of the minibatch that the walk is in, from 1.
    pub fn walked_minibatch(&self) -> u64 {
        self.completed() + u64::from(!self.progress.updated)
    }

    /// Walks no further; what is computed goes into the next step.
    pub fn leave_walk(&mut self) {
        (self.progress.walked, self.progress.updated) = (0, false);
    }

    /// Makes sure that the passes of the minibatch in hand are computed, as far as the walk has come if there is one, and
    /// tells what there is.
    pub(super) fn hold(&mut self) -> Held {
        let (layers, phase) = (self.layers(), self.phase());
        let (until, phase) = match phase {
            Phase::Update if !self.progress.intact => (self.phases(), Phase::Between),
            Phase::Between | Phase::Update => (self.phases(), phase),
            _ => (self.progress.walked, phase),
        };
        if phase != Phase::Update {
            self.remember();
            self.compute(until);
        }
        Held {
            minibatch: self.completed() + u64::from(phase != Phase::Update),
            phase,
            forward: until.min(layers),
            loss: until > layers,
            backward: (2 * layers + 1).saturating_sub(until).min(layers),
        }
    }

    /// Computes one more phase of the minibatch in hand ahead of its time; false if only the update is left.
    pub(super) fn prepare_phase(&mut self) -> bool {
        let computed = self.progress.computed;
        if computed == self.phases() {
            return false;
        }
        self.remember();
        self.compute(computed + 1);
        true
    }

    /// Gives up what is computed of the minibatch in hand, so that the network can be used for something else; the walk
    /// stays where it is and is computed again when somebody needs it.
    pub(super) fn set_aside(&mut self) {
        self.progress.intact = false;
        if self.progress.computed > 0 {
            let mut running = self.progress.running.as_slice();
            for buffer in self.network.buffers_mut() {
                let (values, rest) = running.split_at(buffer.value.len());
                buffer.value.copy_from_slice(values);
                running = rest;
            }
            self.progress.computed = 0;
        }
    }

    /// The running statistics as they are between two minibatches, in the order of the network's buffers.
    pub(super) fn running(&self) -> Vec<f32> {
        if self.progress.computed > 0 {
            self.progress.running.clone()
        } else {
            self.network.buffers().flat_map(|buffer| &buffer.value).copied().collect()
        }
    }

    /// Loss of the minibatch whose loss is computed.
    pub(super) fn report(&self) -> Option<LossReport> {
        self.progress.report
    }

    /// Computes what is left of the passes, and begins a new minibatch. A loss that is not finite ends them early.
    pub(super) fn complete_passes(&mut self) -> (LossReport, usize) {
        self.compute(self.layers() + 1);
        let report = self.progress.report.unwrap_or(LossReport { loss: f64::NAN, correct: 0 });
        if report.loss.is_finite() {
            self.compute(self.phases());
        }
        (self.progress.computed, self.progress.walked, self.progress.updated) = (0, 0, false);
        (report, self.progress.samples)
    }

    /// Layers of the network.
    fn layers(&self) -> usize {
        self.network.layer_infos().len()
    }

    /// Phases before the update.
    fn phases(&self) -> usize {
        2 * self.layers() + 1
    }

    /// Keeps the running statistics before the first phase.
    fn remember(&mut self) {
        if self.progress.computed == 0 {
            self.progress.running.clear();
            self.progress.running.extend(self.network.buffers().flat_map(|buffer| &buffer.value));
        }
    }

    /// Computes the phases up to the `until`th that are not computed yet.
    fn compute(&mut self, until: usize) {
        if self.progress.computed == 0 && until > 0 {
            self.progress.intact = false;
            self.gather();
        }
        let (layers, mode) = (self.layers(), Mode::Train { step: self.completed() });
        let computed = self.progress.computed;
        self.network.forward_layers(computed.min(layers)..until.min(layers), mode);
        if (computed..until).contains(&layers) {
            self.progress.report = Some(self.network.loss(&self.labels[..self.progress.samples]));
        }
        // The first phase after the loss is the last layer's, and so on.
        let left = |phases: usize| (2 * layers + 1).saturating_sub(phases).min(layers);
        self.network.backward_layers(left(until)..left(computed));
        self.progress.computed = computed.max(until);
    }

    /// Puts the samples of the minibatch in hand into the network.
    fn gather(&mut self) {
        let step = self.completed();
        let epoch = step / self.batches.steps_per_epoch();
        let indices = self.batches.indices(step);
        let samples = indices.len();
        self.data.train.labels(indices, &mut self.labels[..samples]);
        let (train, seed) = (&self.data.train, self.seed);
        if let Some(numbers) = train.numbers() {
            let features = train.features();
            self.network.gather_input(samples, |row| &numbers[indices[row] as usize * features..][..features]);
        } else {
            let gather = |rows: Range<usize>, values: &mut [_]| {
                train.gather_augmented(&indices[rows], seed, epoch, values);
            };
            self.network.fill_input(samples, gather);
        }
        (self.progress.samples, self.progress.report) = (samples, None);
    }
}
