//! The minibatch that the next update trains on: its samples, and how far its passes are computed.
//!
//! A step goes through phases: forward layer by layer, loss, backward layer by layer, update. The passes may also be
//! computed piecemeal, by walking through the phases or by an inspection; the step then computes what is left. A
//! forward pass changes one thing besides the network's buffers, the running statistics of batch normalization. They
//! are remembered, so that the passes can be discarded, the network used for something else, and the passes computed
//! again; and so that they stay as they were where the update is left out.

use std::ops::Range;

use crate::{
    dataset::{BatchSizeError, Batches, DataSplit},
    nn::{LossReport, Mode, Network},
    protocol::Phase,
};

/// Whose passes the network's buffers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BufferContents {
    /// Those of the minibatch that the next update trains on.
    Current,
    /// Those of the minibatch that the last update trained on.
    Trained,
    /// None of a minibatch, or none yet.
    Other,
}

/// The current minibatch and its passes through the network.
#[derive(Debug)]
pub(super) struct Minibatch {
    batches: Batches,
    seed: u64,
    /// Minibatches trained before this one.
    completed: u64,
    contents: BufferContents,
    /// The labels of the samples that were loaded last, and how many they are.
    labels: Vec<u8>,
    samples: usize,
    /// Layers whose outputs are computed.
    forward_done: usize,
    /// The loss of the samples that were loaded last; `None` until it is computed.
    report: Option<LossReport>,
    /// Layers whose gradients are yet to be computed: all of them after loading, then those before this one.
    backward_left: usize,
    /// The last phase of a walk; [`Phase::Between`] outside of a walk.
    phase: Phase,
    /// The running statistics before the forward pass, in the order of the network's buffers.
    running_stats: Vec<f32>,
}

/// Which minibatch is the current one, and where the walk through it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct MinibatchPosition {
    completed: u64,
    phase: Phase,
    /// Samples that were loaded last.
    samples: usize,
}

/// Which parts of a minibatch's passes are computed and may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ComputedParts {
    /// Number of the minibatch, from 1; 0 for a pass that belongs to none.
    pub minibatch: u64,
    /// Where the walk stands.
    pub phase: Phase,
    /// Number of layers whose output is computed.
    pub forward: usize,
    /// Whether the loss is computed.
    pub loss: bool,
    /// The first layer whose gradients are computed; the number of layers if none are.
    pub backward: usize,
}

impl ComputedParts {
    /// What is computed in a network of `layers` layers when a phase is over; all of it outside of a walk.
    fn after(phase: Phase, minibatch: u64, layers: usize) -> Self {
        let (forward, loss, backward) = match phase {
            Phase::Forward { layer } => (layer + 1, false, layers),
            Phase::Loss => (layers, true, layers),
            Phase::Backward { layer } => (layers, true, layer),
            Phase::Between | Phase::Update | Phase::Unknown => (layers, true, 0),
        };
        Self { minibatch, phase, forward, loss, backward }
    }

    /// A whole pass that belongs to no minibatch.
    pub fn of_evaluation(layers: usize) -> Self {
        Self::after(Phase::Between, 0, layers)
    }

    /// Whether ∂L/∂output of a layer is computed: by the layer after it, or by the loss.
    pub fn has_output_gradient(&self, layer: usize) -> bool {
        self.loss && layer + 1 >= self.backward
    }

    /// Whether the gradients of a layer's parameters and input are computed.
    pub fn has_gradients(&self, layer: usize) -> bool {
        layer >= self.backward
    }
}

impl Minibatch {
    /// The first of the minibatches of `batch_size` out of `samples` samples.
    ///
    /// # Errors
    /// As [`Batches::new`].
    pub fn new(samples: usize, batch_size: usize, seed: u64) -> Result<Self, BatchSizeError> {
        Ok(Self {
            batches: Batches::new(samples, batch_size, seed)?,
            seed,
            completed: 0,
            contents: BufferContents::Other,
            labels: vec![0; batch_size],
            samples: 0,
            forward_done: 0,
            report: None,
            backward_left: 0,
            phase: Phase::Between,
            running_stats: Vec::new(),
        })
    }

    /// Goes to the minibatch after `completed` others; any walk and all passes are over.
    pub fn go_to(&mut self, completed: u64) {
        self.completed = completed;
        self.contents = BufferContents::Other;
        self.phase = Phase::Between;
    }

    /// Where it stands.
    pub fn position(&self) -> MinibatchPosition {
        let Self { completed, phase, samples, .. } = *self;
        MinibatchPosition { completed, phase, samples }
    }

    /// Goes back to where it stood; the passes of a walk are computed again when they are needed.
    pub fn return_to(&mut self, position: MinibatchPosition) {
        self.go_to(position.completed);
        (self.phase, self.samples) = (position.phase, position.samples);
    }

    /// Puts the samples into the network, unless they are there already.
    pub fn load_samples(&mut self, network: &mut Network<f32>, data: &DataSplit) {
        if self.contents == BufferContents::Current {
            return;
        }
        let (seed, epoch) = (self.seed, self.completed / self.batches.steps_per_epoch());
        let indices = self.batches.indices(self.completed);
        self.samples = indices.len();
        data.gather_labels(indices, &mut self.labels[..self.samples]);
        network.fill_input(self.samples, |rows: Range<usize>, values| {
            data.gather_augmented(&indices[rows], seed, epoch, values);
        });
        self.running_stats.clear();
        self.running_stats.extend(network.buffers().flat_map(|buffer| &buffer.value));
        (self.forward_done, self.report, self.backward_left) = (0, None, network.layer_infos().len());
        self.contents = BufferContents::Current;
    }

    /// Computes what is left of the forward pass.
    pub fn finish_forward(&mut self, network: &mut Network<f32>) {
        self.forward_until(network.layer_infos().len(), network);
    }

    /// Computes the outputs of the layers before `end`, as far as they are not computed yet.
    fn forward_until(&mut self, end: usize, network: &mut Network<f32>) {
        let end = end.max(self.forward_done);
        network.forward_layers(self.forward_done..end, Mode::Train { step: self.completed });
        self.forward_done = end;
    }

    /// The loss, computed once.
    pub fn compute_loss(&mut self, network: &mut Network<f32>) -> LossReport {
        *self.report.get_or_insert_with(|| network.loss(&self.labels[..self.samples]))
    }

    /// Computes what is left of the backward pass.
    pub fn finish_backward(&mut self, network: &mut Network<f32>) {
        self.backward_until(0, network);
    }

    /// Computes the gradients of the layers from the last one to `first`, as far as they are not computed yet.
    fn backward_until(&mut self, first: usize, network: &mut Network<f32>) {
        let first = first.min(self.backward_left);
        network.backward_layers(first..self.backward_left);
        self.backward_left = first;
    }

    /// Ends the minibatch and any walk through it; the next one becomes the current one.
    pub fn finish(&mut self) {
        self.completed += 1;
        self.contents = BufferContents::Trained;
        self.phase = Phase::Between;
    }

    /// Takes back what the forward pass of the loaded samples did to the running statistics.
    pub fn restore_running_stats(&self, network: &mut Network<f32>) {
        let mut before = self.running_stats.as_slice();
        for buffer in network.buffers_mut() {
            let (values, rest) = before.split_at(buffer.value.len());
            buffer.value.copy_from_slice(values);
            before = rest;
        }
    }

    /// Discards the passes, so that the network can be used for something else. The walk stays where it is; its phases
    /// are computed again when they are needed.
    pub fn discard_passes(&mut self, network: &mut Network<f32>) {
        if self.contents == BufferContents::Current {
            self.restore_running_stats(network);
        }
        self.contents = BufferContents::Other;
    }

    /// Walks on by one phase and computes it; false where only the update is left, or the loss is not finite.
    pub fn compute_next_phase(&mut self, network: &mut Network<f32>, data: &DataSplit) -> bool {
        let layers = network.layer_infos().len();
        let broken = self.report.is_some_and(|report| !report.loss.is_finite());
        self.phase = match self.phase {
            Phase::Between | Phase::Update | Phase::Unknown => Phase::Forward { layer: 0 },
            Phase::Forward { layer } if layer + 1 < layers => Phase::Forward { layer: layer + 1 },
            Phase::Forward { .. } => Phase::Loss,
            Phase::Loss if !broken => Phase::Backward { layer: layers - 1 },
            Phase::Backward { layer: layer @ 1.. } if !broken => Phase::Backward { layer: layer - 1 },
            Phase::Loss | Phase::Backward { .. } => return false,
        };
        self.ensure_computed(network, data);
        true
    }

    /// Ends a walk with the update of the minibatch that was just finished.
    pub fn end_walk(&mut self) {
        self.phase = Phase::Update;
    }

    /// Leaves the walk; what is computed goes into the next step.
    pub fn leave_walk(&mut self) {
        self.phase = Phase::Between;
    }

    /// The last phase of a walk; [`Phase::Between`] outside of a walk.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Number of the minibatch that the walk is in, from 1.
    pub fn walked_number(&self) -> u64 {
        self.completed + u64::from(self.phase != Phase::Update)
    }

    /// Computes the passes as far as the walk has come, or wholly outside of a walk. After the update that ended a walk
    /// they are those of the minibatch that was trained, as long as the network still holds them.
    pub fn ensure_computed(&mut self, network: &mut Network<f32>, data: &DataSplit) -> ComputedParts {
        let layers = network.layer_infos().len();
        if self.phase == Phase::Update && self.contents == BufferContents::Trained {
            return ComputedParts::after(Phase::Update, self.completed, layers);
        }
        let phase = if self.phase == Phase::Update { Phase::Between } else { self.phase };
        let parts = ComputedParts::after(phase, self.completed + 1, layers);
        self.load_samples(network, data);
        self.forward_until(parts.forward, network);
        if parts.loss {
            self.compute_loss(network);
        }
        self.backward_until(parts.backward, network);
        parts
    }

    /// Computes one more phase ahead of the step; false if only the update is left.
    pub fn compute_ahead(&mut self, network: &mut Network<f32>, data: &DataSplit) -> bool {
        self.load_samples(network, data);
        if self.forward_done < network.layer_infos().len() {
            self.forward_until(self.forward_done + 1, network);
        } else if self.report.is_none() {
            self.compute_loss(network);
        } else if self.backward_left > 0 {
            self.backward_until(self.backward_left - 1, network);
        } else {
            return false;
        }
        true
    }

    /// The running statistics as they are between two minibatches, in the order of the network's buffers.
    pub fn running_stats(&self, network: &Network<f32>) -> Vec<f32> {
        if self.contents == BufferContents::Current {
            self.running_stats.clone()
        } else {
            network.buffers().flat_map(|buffer| &buffer.value).copied().collect()
        }
    }

    /// Number of samples that were loaded last.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The labels of the samples that were loaded last.
    pub fn labels(&self) -> &[u8] {
        &self.labels[..self.samples]
    }

    /// The loss of the samples that were loaded last; `None` until it is computed.
    pub fn loss_report(&self) -> Option<LossReport> {
        self.report
    }

    /// Seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Minibatches trained before this one.
    pub fn completed(&self) -> u64 {
        self.completed
    }

    /// Samples in a full minibatch.
    pub fn batch_size(&self) -> usize {
        self.batches.batch_size()
    }

    /// Minibatches in an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.batches.steps_per_epoch()
    }

    /// The samples of the minibatch with this number, from 1.
    pub fn indices(&mut self, number: u64) -> &[u32] {
        self.batches.indices(number - 1)
    }

    /// Copies the first samples of the minibatch that the walk is in, as they are trained, and their labels: as many as
    /// there is room for.
    pub fn copy_samples<T: Copy + From<f32>>(&mut self, data: &DataSplit, values: &mut [T], labels: &mut [u8]) {
        let step = self.walked_number() - 1;
        let epoch = step / self.batches.steps_per_epoch();
        let indices = &self.batches.indices(step)[..labels.len()];
        data.gather_labels(indices, labels);
        data.gather_augmented(indices, self.seed, epoch, values);
    }
}
