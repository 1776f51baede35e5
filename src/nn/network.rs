//! The layers in a row, with all their buffers.

mod inspection;

use std::{ops::Range, sync::Arc};

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use super::{
    Buffer, BuildError, LayerPosition, LossReport, Mode, NetworkFootprint, NetworkSpec, Parameter, PlacedLayer, Scalar,
    Shape,
    build::{LayerSetup, build_layer},
    chain::check_shapes,
    kernels::{elementwise::for_each_chunk, pool::Pool},
    layers::{Layer, PassContext},
    loss::SoftmaxCrossEntropy,
    rows::values_mut,
};

/// Values of the input that a thread is asked for at a time.
const MAX_FILLED_VALUES: usize = 1 << 13;

/// A chain of layers that ends in logits, softmax and cross entropy.
///
/// One training step is [`Self::input_mut`], [`Self::forward`], [`Self::loss`], [`Self::backward`] in this order, and then
/// the optimizer's update.
/// Nothing of it fails, or allocates after the first step. Results are the same bits whatever the number of threads.
pub struct Network<T> {
    layers: Vec<Box<dyn Layer<T>>>,
    /// What each layer is, with its shapes, in their order.
    placed: Vec<PlacedLayer>,
    /// What each layer reads, (`max_batch`, its features), and after the last one the logits: the output of layer l is
    /// `values[l + 1]`. Only the first `batch` rows of every buffer are in use.
    values: Vec<Array2<T>>,
    /// ∂L/∂output of each layer, (`max_batch`, its features).
    gradients: Vec<Array2<T>>,
    /// ∂L/∂input, (`max_batch`, features), where it is asked for.
    input_gradient: Option<Array2<T>>,
    loss: SoftmaxCrossEntropy<T>,
    label_smoothing: f64,
    pass: PassContext<T>,
    batch: usize,
}

impl<T: Scalar> Network<T> {
    /// Builds the network that `spec` describes, for samples of shape `input`, `classes` classes and batches of up to
    /// `max_batch` samples. Its initial values follow from `seed`.
    ///
    /// # Errors
    ///
    /// Names the first layer that is impossible by itself or does not fit its neighbour, with both shapes, or the largest
    /// where there is not enough memory for the network.
    pub fn new(
        spec: &NetworkSpec,
        input: &Shape,
        classes: usize,
        max_batch: usize,
        seed: u64,
        pool: Arc<Pool>,
    ) -> Result<Self, BuildError> {
        let placed = check_shapes(spec, input, classes, max_batch)?;
        NetworkFootprint::of_layers::<T>(&placed, max_batch, pool.threads()).check(&placed, max_batch)?;
        let mut pass = PassContext::new(Mode::Evaluate, pool);
        let mut setup = LayerSetup { init: spec.init, seed, max_batch, pass: &mut pass };
        let mut layers: Vec<Box<dyn Layer<T>>> = Vec::with_capacity(placed.len());
        for info in &placed {
            let layer = build_layer(&info.spec, &info.input, &LayerPosition::new(info.index), &mut setup)
                .map_err(|message| BuildError::new(Some(info.index), format!("`{}` {message}", info.spec)))?;
            layers.push(layer);
        }
        let buffer = |shape: &Shape| Array2::zeros((max_batch, shape.features()));
        let outputs = || placed.iter().map(|info| buffer(&info.output));
        Ok(Self {
            values: std::iter::once(buffer(input)).chain(outputs()).collect(),
            gradients: outputs().collect(),
            input_gradient: None,
            loss: SoftmaxCrossEntropy::new(max_batch, classes),
            label_smoothing: spec.label_smoothing,
            layers,
            placed,
            pass,
            batch: max_batch,
        })
    }

    /// Sets the number of samples of the current batch and gives their input (batch, features) to be filled.
    ///
    /// # Panics
    ///
    /// If `batch` is 0 or above the `max_batch` that the network was built for.
    pub fn input_mut(&mut self, batch: usize) -> ArrayViewMut2<'_, T> {
        let max_batch = self.values[0].nrows();
        assert!((1..=max_batch).contains(&batch), "batch of {batch}, of at most {max_batch}");
        self.batch = batch;
        self.values[0].slice_mut(s![..batch, ..])
    }

    /// Sets the number of samples of the current batch and has their input written, spread over the threads: `fill` is
    /// given some rows' numbers and their values (rows, features), every row once.
    ///
    /// # Panics
    ///
    /// As [`Self::input_mut`].
    pub fn fill_input(&mut self, batch: usize, fill: impl Fn(Range<usize>, &mut [T]) + Sync) {
        let pool = Arc::clone(&self.pass.pool);
        let input = self.input_mut(batch);
        let features = input.ncols();
        let rows = (MAX_FILLED_VALUES / features).max(1);
        for_each_chunk(&pool, rows * features, [values_mut(input)], |range, [values]| {
            fill(range.start / features..range.end / features, values);
        });
    }

    /// Computes the logits from the input.
    pub fn forward(&mut self, mode: Mode) {
        self.forward_layers(0..self.layers.len(), mode);
    }

    /// Computes the outputs of these layers, in their order, each from the output of the one before.
    ///
    /// # Panics
    ///
    /// If a layer does not exist, here as in [`Self::backward_layers`].
    pub fn forward_layers(&mut self, layers: Range<usize>, mode: Mode) {
        let rows = s![..self.batch, ..];
        self.pass.mode = mode;
        for layer in layers {
            let (before, after) = self.values.split_at_mut(layer + 1);
            let (x, y) = (before[layer].slice(rows), after[0].slice_mut(rows));
            self.layers[layer].forward(x, y, &mut self.pass);
        }
    }

    /// Computes loss and ∂L/∂logits for the class of every sample of the current batch.
    ///
    /// # Panics
    ///
    /// If there are not as many labels as samples, or a label is not one of the classes.
    pub fn loss(&mut self, labels: &[impl Copy + Into<usize>]) -> LossReport {
        assert_eq!(labels.len(), self.batch, "labels and samples of the batch");
        let (rows, last) = (s![..self.batch, ..], self.layers.len() - 1);
        let (logits, smoothing) = (self.values[last + 1].slice(rows), self.label_smoothing());
        self.loss.forward_backward(&logits, labels, smoothing, self.gradients[last].slice_mut(rows))
    }

    /// Label smoothing of the loss in the mode of the last forward pass.
    pub fn label_smoothing(&self) -> f64 {
        if self.pass.mode == Mode::Evaluate { 0.0 } else { self.label_smoothing }
    }

    /// Computes the gradients of all parameters and activations from ∂L/∂logits.
    pub fn backward(&mut self) {
        self.backward_layers(0..self.layers.len());
    }

    /// Computes the gradients of the parameters and inputs of these layers, the last one first, each from the gradient
    /// of its output. The gradient of the network's own input is left out unless it is kept: training does not need it.
    pub fn backward_layers(&mut self, layers: Range<usize>) {
        let rows = s![..self.batch, ..];
        for layer in layers.rev() {
            let [x, y] = [layer, layer + 1].map(|at| self.values[at].slice(rows));
            let (before, after) = self.gradients.split_at_mut(layer);
            // ∂L/∂input of a layer is ∂L/∂output of the one before; the first has `input_gradient`, if it is kept.
            let dx = before.last_mut().or(self.input_gradient.as_mut()).map(|dx| dx.slice_mut(rows));
            self.layers[layer].backward(x, y, after[0].slice(rows), dx, &mut self.pass);
        }
    }

    /// Number of samples in the current batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The threads that compute.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pass.pool
    }

    /// The input of the current batch, (batch, features).
    pub fn input(&self) -> ArrayView2<'_, T> {
        self.values[0].slice(s![..self.batch, ..])
    }

    /// Output of a layer for the current batch, (batch, features of its output).
    pub fn output(&self, layer: usize) -> ArrayView2<'_, T> {
        self.values[layer + 1].slice(s![..self.batch, ..])
    }

    /// ∂L/∂output of a layer for the current batch, (batch, features of its output).
    pub fn output_gradient(&self, layer: usize) -> ArrayView2<'_, T> {
        self.gradients[layer].slice(s![..self.batch, ..])
    }

    /// Output of the last layer for the current batch, (batch, classes).
    pub fn logits(&self) -> ArrayView2<'_, T> {
        self.output(self.layers.len() - 1)
    }

    /// Softmax of the logits, as the last [`Self::loss`] computed it, (batch, classes).
    pub fn probabilities(&self) -> ArrayView2<'_, T> {
        self.loss.probabilities(self.batch)
    }

    /// Every layer, in order.
    pub fn layer_infos(&self) -> &[PlacedLayer] {
        &self.placed
    }

    /// The parameters in the order of the network, weight before bias, those of a block in its order.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter<T>> {
        self.leaf_layers().flat_map(Layer::parameters)
    }

    /// The parameters in the order of the network, to be changed.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut Parameter<T>> {
        self.leaf_layers_mut().flat_map(|layer| layer.parameters_mut())
    }

    /// What training keeps besides the parameters, in the order of the network: running statistics.
    pub fn buffers(&self) -> impl Iterator<Item = &Buffer<T>> {
        self.leaf_layers().flat_map(Layer::buffers)
    }

    /// What training keeps besides the parameters, to be changed.
    pub fn buffers_mut(&mut self) -> impl Iterator<Item = &mut Buffer<T>> {
        self.leaf_layers_mut().flat_map(|layer| layer.buffers_mut())
    }

    /// The layers, a block replaced by those within.
    fn leaf_layers(&self) -> impl Iterator<Item = &dyn Layer<T>> {
        self.layers.iter().flat_map(|layer| {
            let children = layer.children();
            let itself = if children.is_empty() { std::slice::from_ref(layer) } else { children };
            itself.iter().map(|layer| &**layer)
        })
    }

    fn leaf_layers_mut(&mut self) -> impl Iterator<Item = &mut Box<dyn Layer<T>>> {
        self.layers.iter_mut().flat_map(|layer| {
            if layer.children().is_empty() { std::slice::from_mut(layer) } else { layer.children_mut() }
        })
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
