//! The memory that a network takes, from its description alone.

use super::{
    BuildError, LayerSpec, NetworkSpec, PlacedLayer, Scalar, Shape,
    chain::{ShortcutSpec, channel_count, check_layers, check_shapes, find_shortcut},
    kernels::{
        matmul::{MAX_LOCAL_VALUES, packed_values},
        winograd::WinogradConv,
    },
    layers::{conv, linear},
    window::Window,
};
use crate::memory::check_memory;

/// What a network takes for batches of some size, in bytes. No sum overflows: a network that can be built has at most 1024 layers
/// of 62 within, none of whose buffers has more than 2³⁰ values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkFootprint {
    /// Weights, biases and running statistics.
    pub parameters: u64,
    /// Their gradients.
    pub gradients: u64,
    /// What the layers give, the gradients of that, and what they keep for the backward pass.
    pub activations: u64,
    /// What all layers share: packed operands of matrix products, unfolded images.
    pub workspace: u64,
    /// The layer that takes most by itself, from 0.
    pub largest_layer: usize,
    /// What that takes, with its own need of what all share.
    pub largest_layer_bytes: u64,
}

impl NetworkFootprint {
    /// What [`Network::new`](super::Network::new) and the passes of its network take.
    ///
    /// # Errors
    /// As [`Network::new`](super::Network::new).
    pub fn of<T: Scalar>(
        spec: &NetworkSpec,
        input: &Shape,
        classes: usize,
        max_batch: usize,
        threads: usize,
    ) -> Result<Self, BuildError> {
        Ok(Self::of_layers::<T>(&check_shapes(spec, input, classes, max_batch)?, max_batch, threads))
    }

    /// What a chain of layers takes, which is not empty.
    pub(super) fn of_layers<T: Scalar>(layers: &[PlacedLayer], max_batch: usize, threads: usize) -> Self {
        let value = size_of::<T>() as u64;
        let mut all = Self::default();
        let mut workspace = WorkspaceNeeds::default();
        for layer in layers {
            let mut own = WorkspaceNeeds::default();
            let outputs = 2 * max_batch as u64 * layer.output.features() as u64;
            let LayerNeeds { buffers, kept } =
                needs_of_layer::<T>(&layer.spec, &layer.input, &layer.output, max_batch, &mut own);
            let (parameters, gradients) = (layer.parameters as u64 + buffers, layer.parameters as u64);
            let activations = value * outputs + kept;
            let bytes = value * (parameters + gradients) + activations + own.bytes::<T>(threads);
            if bytes > all.largest_layer_bytes {
                (all.largest_layer, all.largest_layer_bytes) = (layer.index, bytes);
            }
            all.parameters += value * parameters;
            all.gradients += value * gradients;
            all.activations += activations;
            workspace = workspace.join(&own);
        }
        let (first, last) = (layers.first(), layers.last());
        let ends = first.map_or(0, |first| first.input.features()) + last.map_or(0, |last| last.output.features());
        // The input, and the probabilities of the loss.
        all.activations += value * max_batch as u64 * ends as u64;
        all.workspace = workspace.bytes::<T>(threads);
        all
    }

    /// Bytes in all.
    pub fn total(&self) -> u64 {
        self.parameters + self.gradients + self.activations + self.workspace
    }

    /// Makes sure that there is so much memory.
    pub(super) fn check(&self, layers: &[PlacedLayer], max_batch: usize) -> Result<(), BuildError> {
        check_memory(self.total()).map_err(|shortage| {
            let message = format!(
                "`{}` is the largest layer of a network for which, in batches of {max_batch}, {shortage}; make it smaller",
                layers[self.largest_layer].spec
            );
            BuildError::new(Some(self.largest_layer), message)
        })
    }
}

/// What a layer takes besides parameters, output and gradient of the output.
struct LayerNeeds {
    /// Values of running statistics.
    buffers: u64,
    /// Bytes that are kept from the forward pass to the backward pass.
    kept: u64,
}

/// Values of the buffers that all layers share; each is as large as the layer that needs most of it.
#[derive(Clone, Copy, Debug, Default)]
struct WorkspaceNeeds {
    /// Packed operands of matrix products.
    right: usize,
    left: usize,
    /// Panels of each thread.
    panels: usize,
    /// Unfolded images, or gradients of transformed ones.
    columns: usize,
    planes: usize,
    /// Transformed kernels of each thread.
    kernels: usize,
    /// Planes that are summed.
    sums: usize,
}

impl WorkspaceNeeds {
    fn join(&self, other: &Self) -> Self {
        Self {
            right: self.right.max(other.right),
            left: self.left.max(other.left),
            panels: self.panels.max(other.panels),
            columns: self.columns.max(other.columns),
            planes: self.planes.max(other.planes),
            kernels: self.kernels.max(other.kernels),
            sums: self.sums.max(other.sums),
        }
    }

    fn add_products<T: Scalar>(&mut self, products: [[usize; 3]; 3]) {
        for [m, k, n] in products {
            let [right, left] = packed_values::<T>(m, k, n);
            *self = self.join(&Self { right, left, panels: MAX_LOCAL_VALUES, ..Self::default() });
        }
    }

    fn bytes<T: Scalar>(&self, threads: usize) -> u64 {
        let of_threads = threads as u64 * (self.panels + self.kernels) as u64;
        let values = self.right as u64 + self.left as u64 + self.columns as u64 + self.planes as u64 + of_threads;
        size_of::<T>() as u64 * values + size_of::<[f64; 2]>() as u64 * self.sums as u64
    }
}

fn needs_of_layer<T: Scalar>(
    spec: &LayerSpec,
    input: &Shape,
    output: &Shape,
    max_batch: usize,
    workspace: &mut WorkspaceNeeds,
) -> LayerNeeds {
    let mut needs = LayerNeeds { buffers: 0, kept: 0 };
    let (inputs, value) = (input.features(), size_of::<T>());
    let samples = |bytes: usize| max_batch as u64 * bytes as u64;
    match *spec {
        LayerSpec::Linear { units } => workspace.add_products::<T>(linear::products(max_batch, inputs, units)),
        LayerSpec::Conv { channels, kernel, stride, pad } => {
            if let Ok(window) = Window::new(input, kernel, stride, pad) {
                workspace.sums = max_batch * channels;
                needs.kept = add_convolution::<T>(&window, channels, max_batch, workspace);
            }
        }
        LayerSpec::BatchNorm => {
            let channels = channel_count(input);
            needs.buffers = 2 * channels as u64;
            workspace.sums = max_batch * channels;
        }
        LayerSpec::MaxPool { .. } => needs.kept = samples(size_of::<u32>() * output.features()),
        LayerSpec::Dropout { .. } => needs.kept = samples(value * inputs),
        LayerSpec::Residual { ref layers } => {
            let within = check_layers(layers, input, max_batch).unwrap_or_default();
            // The layers within are as long as they can be; the last one's gradient is that of the block.
            let mut features: usize = within.iter().map(|layer| 2 * layer.output.features()).sum();
            features = features.saturating_sub(output.features());
            let projection = match find_shortcut(input, output) {
                Some(ShortcutSpec::Projection(projection)) => Some(projection),
                Some(ShortcutSpec::Identity) | None => None,
            };
            if projection.is_some() {
                features += output.features() + inputs;
            }
            needs.kept = samples(value * features);
            let placed = within.iter().map(|layer| (&layer.spec, &layer.input, &layer.output));
            for (spec, input, output) in placed.chain(projection.iter().map(|spec| (spec, input, output))) {
                let mut own = WorkspaceNeeds::default();
                let LayerNeeds { buffers, kept } = needs_of_layer::<T>(spec, input, output, max_batch, &mut own);
                (needs.buffers, needs.kept) = (needs.buffers + buffers, needs.kept + kept);
                *workspace = workspace.join(&own);
            }
        }
        LayerSpec::LinearClasses
        | LayerSpec::AvgPool { .. }
        | LayerSpec::GlobalAvgPool
        | LayerSpec::Flatten
        | LayerSpec::Activation(_) => {}
    }
    needs
}

/// Adds what a convolution shares with others; the bytes that it keeps by itself.
fn add_convolution<T: Scalar>(
    window: &Window,
    channels: usize,
    max_batch: usize,
    workspace: &mut WorkspaceNeeds,
) -> u64 {
    if let Some(buffers) = WinogradConv::<T>::buffers(window, channels, max_batch) {
        (workspace.columns, workspace.kernels) = (buffers.scratch, buffers.local);
        return size_of::<T>() as u64 * buffers.inputs as u64;
    }
    let samples = conv::block_samples(window, max_batch);
    workspace.add_products::<T>(conv::products(window, channels, samples));
    let places = samples * window.places();
    (workspace.columns, workspace.planes) = (window.values() * places, channels * places);
    0
}
