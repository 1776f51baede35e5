//! The layers in a row, with all their buffers.

mod looking;

use std::{ops::Range, sync::Arc};

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use super::{
    Buffer, BuildError, LayerInfo, LossReport, Mode, NetworkSpec, Parameter, Place, Scalar, Shape,
    build::{Setup, build},
    chain::{channels, check},
    kernels::{
        elementwise::for_each_streamed_chunk,
        locals::Locals,
        matmul::{Backpropagated, Workspace},
        pool::Pool,
        prefetch::copy_ahead,
    },
    layers::{Layer, Pass, Scratch},
    loss::SoftmaxCrossEntropy,
    rows::values_mut,
};

/// Values of the input that a thread is asked for at a time.
const FILLED: usize = 1 << 13;

/// A chain of layers that ends in logits, softmax and cross entropy.
///
/// One training step is [`Self::input_mut`], [`Self::forward`], [`Self::loss`], [`Self::backward`] in this order.
/// Nothing of it allocates or fails. Results are the same bits whatever the number of threads.
pub struct Network<T> {
    layers: Vec<Box<dyn Layer<T>>>,
    infos: Vec<LayerInfo>,
    /// (`max_batch`, features of the input); only the first `batch` rows of every buffer are in use.
    input: Array2<T>,
    /// ∂L/∂input, where somebody wants it.
    input_gradient: Option<Array2<T>>,
    /// Output of each layer, (`max_batch`, its features).
    activations: Vec<Array2<T>>,
    /// ∂L/∂output of each layer, (`max_batch`, its features).
    activation_gradients: Vec<Array2<T>>,
    loss: SoftmaxCrossEntropy<T>,
    label_smoothing: f64,
    workspace: Workspace<T>,
    /// Rows of the input on their way.
    staged: Locals<T>,
    scratch: Scratch<T>,
    pool: Arc<Pool>,
    batch: usize,
    mode: Mode,
}

impl<T: Scalar> Network<T> {
    /// Builds the network that `spec` describes, for samples of shape `input`, `classes` classes and batches of up to
    /// `max_batch` samples. Its initial values follow from `seed`.
    ///
    /// # Errors
    ///
    /// Names the first layer that is impossible by itself or does not fit its neighbour, with both shapes.
    pub fn new(
        spec: &NetworkSpec,
        input: &Shape,
        classes: usize,
        max_batch: usize,
        seed: u64,
        pool: Arc<Pool>,
    ) -> Result<Self, BuildError> {
        let infos = check(spec, input, classes, max_batch)?;
        let (mut workspace, mut scratch) = (Workspace::new(), Scratch::new());
        let mut setup = Setup { init: spec.init, seed, max_batch, workspace: &mut workspace, scratch: &mut scratch };
        let mut layers: Vec<Box<dyn Layer<T>>> = Vec::with_capacity(infos.len());
        for info in &infos {
            let layer = build(&info.spec, &info.input, &Place::new(info.index), &mut setup)
                .map_err(|message| BuildError::new(Some(info.index), format!("`{}` {message}", info.spec)))?;
            layers.push(layer);
        }
        let buffers = || infos.iter().map(|info| Array2::zeros((max_batch, info.output.features()))).collect();
        Ok(Self {
            input: Array2::zeros((max_batch, input.features())),
            input_gradient: None,
            activations: buffers(),
            activation_gradients: buffers(),
            loss: SoftmaxCrossEntropy::new(max_batch, classes),
            label_smoothing: spec.label_smoothing,
            layers,
            infos,
            workspace,
            staged: Locals::default(),
            scratch,
            pool,
            batch: max_batch,
            mode: Mode::Evaluate,
        })
    }

    /// Sets the number of samples of the batch in hand and gives their input (batch, features) to be filled.
    ///
    /// # Panics
    ///
    /// If `batch` is 0 or above the `max_batch` that the network was built for.
    pub fn input_mut(&mut self, batch: usize) -> ArrayViewMut2<'_, T> {
        assert!((1..=self.input.nrows()).contains(&batch), "batch of {batch}, of at most {}", self.input.nrows());
        self.batch = batch;
        self.input.slice_mut(s![..batch, ..])
    }

    /// Sets the number of samples of the batch in hand and has their input written, spread over the threads: `fill` is
    /// given some rows' numbers and their values (rows, features), every row once.
    ///
    /// # Panics
    ///
    /// As [`Self::input_mut`].
    pub fn fill_input(&mut self, batch: usize, fill: impl Fn(Range<usize>, &mut [T]) + Sync) {
        self.input_mut(batch);
        let features = self.input.ncols();
        let values = values_mut(self.input.slice_mut(s![..batch, ..]));
        let rows = (FILLED / features).max(1);
        for_each_streamed_chunk(&self.pool, &mut self.staged, rows * features, values, |range, values| {
            fill(range.start / features..range.end / features, values);
        });
    }

    /// As [`Self::fill_input`] with samples that are in memory as they are wanted: `sample` gives that of each row.
    ///
    /// # Panics
    ///
    /// As [`Self::input_mut`], or if a sample has not as many values as the input has features.
    pub fn gather_input<'a>(&mut self, batch: usize, sample: impl Fn(usize) -> &'a [T] + Sync) {
        let features = self.input.ncols();
        self.fill_input(batch, |rows, values| {
            for (row, values) in rows.zip(values.chunks_exact_mut(features)) {
                copy_ahead(sample(row), values, if row + 1 < batch { sample(row + 1) } else { &[] });
            }
        });
    }

    /// Computes the logits from the input.
    pub fn forward(&mut self, mode: Mode) {
        self.forward_layers(0..self.layers.len(), mode);
    }

    /// Computes the outputs of these layers, in their order, each from the output of the one before. An activation is
    /// computed along with the layer before it, as far as both are among them.
    ///
    /// # Panics
    ///
    /// For layers that there are not, here as in [`Self::backward_layers`].
    pub fn forward_layers(&mut self, layers: Range<usize>, mode: Mode) {
        let (rows, mut layer) = (s![..self.batch, ..], layers.start);
        while layer < layers.end {
            self.mode = mode;
            let (before, after) = self.activations.split_at_mut(layer);
            let x = before.last().unwrap_or(&self.input).slice(rows);
            let mut pass = Pass { mode, pool: &self.pool, workspace: &mut self.workspace, scratch: &mut self.scratch };
            let (this, behind) = self.layers[..layers.end].split_at_mut(layer + 1);
            let (this, next) = (&mut this[layer], behind.first().and_then(|next| next.activation()));
            match (after, next) {
                ([z, y, ..], Some(activation)) => {
                    this.forward_activated(x, z.slice_mut(rows), (activation, y.slice_mut(rows)), &mut pass);
                    layer += 2;
                }
                (after, _) => {
                    this.forward(x, after[0].slice_mut(rows), &mut pass);
                    layer += 1;
                }
            }
        }
    }

    /// Computes loss and ∂L/∂logits for the class of every sample of the batch in hand.
    ///
    /// # Panics
    ///
    /// If there are not as many labels as samples, or a label is not one of the classes.
    pub fn loss(&mut self, labels: &[u8]) -> LossReport {
        assert_eq!(labels.len(), self.batch, "labels and samples of the batch");
        let (rows, last) = (s![..self.batch, ..], self.layers.len() - 1);
        let logits = self.activations[last].slice(rows);
        let smoothing = self.smoothing();
        self.loss.forward_backward(&logits, labels, smoothing, self.activation_gradients[last].slice_mut(rows))
    }

    /// The label smoothing that counts in the mode of the last forward pass.
    pub(super) fn smoothing(&self) -> f64 {
        if self.mode == Mode::Evaluate { 0.0 } else { self.label_smoothing }
    }

    /// Computes the gradients of all parameters and activations from ∂L/∂logits.
    pub fn backward(&mut self) {
        self.backward_layers(0..self.layers.len());
    }

    /// Computes the gradients of the parameters and inputs of these layers, the last one first, each from the gradient of
    /// its output. The gradient of the network's own input is left out: nobody trains it. That of an activation is
    /// computed along with the layer behind it, as far as both are among them.
    pub fn backward_layers(&mut self, layers: Range<usize>) {
        let (rows, mut end) = (s![..self.batch, ..], layers.end);
        while end > layers.start {
            let layer = end - 1;
            let input = |layer: usize| if layer == 0 { &self.input } else { &self.activations[layer - 1] }.slice(rows);
            let (y, (before, after)) =
                (self.activations[layer].slice(rows), self.activation_gradients.split_at_mut(layer));
            let (dy, mut gradients) = (after[0].slice(rows), self.input_gradient.iter_mut().chain(before).rev());
            let [dx, dx_before] = [gradients.next(), gradients.next()].map(|dx| dx.map(|dx| dx.slice_mut(rows)));
            let mut pass =
                Pass { mode: self.mode, pool: &self.pool, workspace: &mut self.workspace, scratch: &mut self.scratch };
            let (before, this) = self.layers.split_at_mut(layer);
            let before = before[layers.start..].last().and_then(|before| before.activation());
            match (before, dx, dx_before) {
                (Some(activation), Some(dy_before), Some(dx)) => {
                    let before = Backpropagated { x: input(layer - 1), y: input(layer), dy: dy_before, dx };
                    this[0].backward_activated(y, dy, activation, before, &mut pass);
                    end -= 2;
                }
                (_, dx, _) => {
                    this[0].backward(input(layer), y, dy, dx, &mut pass);
                    end -= 1;
                }
            }
        }
    }

    /// Number of samples in the batch in hand.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The threads that compute.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The input of the batch in hand, (batch, features).
    pub fn input(&self) -> ArrayView2<'_, T> {
        self.input.slice(s![..self.batch, ..])
    }

    /// Output of a layer for the batch in hand, (batch, features of its output).
    pub fn activation(&self, layer: usize) -> ArrayView2<'_, T> {
        self.activations[layer].slice(s![..self.batch, ..])
    }

    /// ∂L/∂output of a layer for the batch in hand, (batch, features of its output).
    pub fn activation_gradient(&self, layer: usize) -> ArrayView2<'_, T> {
        self.activation_gradients[layer].slice(s![..self.batch, ..])
    }

    /// Output of the last layer for the batch in hand, (batch, classes).
    pub fn logits(&self) -> ArrayView2<'_, T> {
        self.activation(self.layers.len() - 1)
    }

    /// Softmax of the logits, as the last [`Self::loss`] computed it, (batch, classes).
    pub fn probabilities(&self) -> ArrayView2<'_, T> {
        self.loss.probabilities(self.batch)
    }

    /// Every layer, in order.
    pub fn layer_infos(&self) -> &[LayerInfo] {
        &self.infos
    }

    /// The parameters in the order of the network, weight before bias, those of a block in its order.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter<T>> {
        self.leaves().flat_map(Layer::parameters)
    }

    /// The parameters in the order of the network, to be changed.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut Parameter<T>> {
        self.leaves_mut().flat_map(|layer| layer.parameters_mut())
    }

    /// What training keeps besides the parameters, in the order of the network: running statistics.
    pub fn buffers(&self) -> impl Iterator<Item = &Buffer<T>> {
        self.leaves().flat_map(Layer::buffers)
    }

    /// What training keeps besides the parameters, to be changed.
    pub fn buffers_mut(&mut self) -> impl Iterator<Item = &mut Buffer<T>> {
        self.leaves_mut().flat_map(|layer| layer.buffers_mut())
    }

    /// The layers, a block replaced by those within.
    fn leaves(&self) -> impl Iterator<Item = &dyn Layer<T>> {
        self.layers.iter().flat_map(|layer| {
            let children = layer.children();
            let itself = if children.is_empty() { std::slice::from_ref(layer) } else { children };
            itself.iter().map(|layer| &**layer)
        })
    }

    fn leaves_mut(&mut self) -> impl Iterator<Item = &mut Box<dyn Layer<T>>> {
        self.layers.iter_mut().flat_map(|layer| {
            if layer.children().is_empty() { std::slice::from_mut(layer) } else { layer.children_mut() }
        })
    }

    /// Share of the units of a rectifier, which are the channels of an image, whose output was 0 for the whole batch in
    /// hand; `None` for any other layer. A leaky rectifier counts among the others: it passes a gradient everywhere, so its units cannot die.
    pub fn dead_units(&self, layer: usize) -> Option<f64> {
        if !self.layers[layer].rectifies() {
            return None;
        }
        let y = self.activation(layer);
        let units = channels(&self.infos[layer].output);
        let plane = y.ncols() / units;
        let dead = |unit: &usize| y.slice(s![.., unit * plane..(unit + 1) * plane]).iter().all(|&y| y <= T::zero());
        Some((0..units).filter(dead).count() as f64 / units as f64)
    }

    /// Computes ∂L/∂input too from now on.
    pub fn keep_input_gradient(&mut self) {
        self.input_gradient = Some(Array2::zeros(self.input.dim()));
    }

    /// ∂L/∂input for the batch in hand, (batch, features); `None` unless it is kept.
    pub fn input_gradient(&self) -> Option<ArrayView2<'_, T>> {
        self.layer_input_gradient(0)
    }

    /// What a layer reads, (batch, features of its input); for the number after the last layer, what the loss reads.
    pub(super) fn layer_input_mut(&mut self, layer: usize) -> ArrayViewMut2<'_, T> {
        let input = if layer == 0 { &mut self.input } else { &mut self.activations[layer - 1] };
        input.slice_mut(s![..self.batch, ..])
    }

    /// The gradient of what a layer reads; `None` for the network's own input unless it is kept.
    pub(super) fn layer_input_gradient(&self, layer: usize) -> Option<ArrayView2<'_, T>> {
        let gradient = if layer == 0 { self.input_gradient.as_ref()? } else { &self.activation_gradients[layer - 1] };
        Some(gradient.slice(s![..self.batch, ..]))
    }

    /// Whether the derivative of a layer jumps somewhere.
    pub(super) fn has_kink(&self, layer: usize) -> bool {
        self.layers[layer].has_kink()
    }

    /// Adds what a layer chose in the last forward pass to the list of each sample, see [`Layer::choices`].
    pub(super) fn choices(&self, layer: usize, choices: &mut [Vec<u32>]) {
        let x = if layer == 0 { &self.input } else { &self.activations[layer - 1] };
        self.layers[layer].choices(x.slice(s![..self.batch, ..]), choices);
    }

    /// Whether, while training, what comes out for one sample depends on the others of its batch.
    pub(super) fn couples_samples(&self) -> bool {
        self.layers.iter().any(|layer| layer.couples_samples())
    }

    /// Puts another layer of the same shapes in the place of one.
    #[cfg(test)]
    pub(super) fn replace_layer(&mut self, layer: usize, with: Box<dyn Layer<T>>) {
        self.layers[layer] = with;
    }

    /// Shows `visit` all weights as little-endian `f32`, piece by piece: the parameters and then the buffers, each in
    /// the order of the network.
    pub fn visit_weight_bytes(&self, mut visit: impl FnMut(&[u8])) {
        let mut bytes = [0; 4096];
        let parameters = self.parameters().map(|parameter| &parameter.value);
        for tensor in parameters.chain(self.buffers().map(|buffer| &buffer.value)) {
            for values in tensor.chunks(bytes.len() / 4) {
                for (bytes, value) in bytes.chunks_exact_mut(4).zip(values) {
                    bytes.copy_from_slice(&(value.as_f64() as f32).to_le_bytes());
                }
                visit(&bytes[..4 * values.len()]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
