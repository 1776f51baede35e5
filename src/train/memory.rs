//! The memory that training takes, told before any of it is taken.

use std::fmt;

use crate::{
    dataset::DatasetOutline,
    memory::{MemoryShortage, check_memory},
    nn::{BuildError, NetworkFootprint, PlacedLayer, Shape},
    optim::OptimizerSpec,
    protocol::MemoryInfo,
    text::binary_size,
    train::TrainSpec,
};

/// What the program takes besides data and training: its own code and tables, the stacks of its threads, in bytes.
const PROGRAM_BYTES: u64 = 16 << 20;

/// Bytes of the prediction for a test sample: class, confidence, loss.
const PREDICTION_BYTES: u64 = 9;

/// Samples that fit into the network's buffers, at least: evaluations are quick whatever the batch size.
const MIN_BUFFER_SAMPLES: usize = 64;

/// How many samples the buffers of a network hold that is trained with minibatches of this size.
pub fn buffer_samples(batch_size: usize) -> usize {
    batch_size.max(MIN_BUFFER_SAMPLES)
}

/// What data and training take, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingMemory {
    /// The network.
    pub network: NetworkFootprint,
    /// What the optimizer keeps of each parameter, and averaged weights.
    pub optimizer: u64,
    /// The samples, and what is kept of each.
    pub data: u64,
    /// Copies of weights and states while a checkpoint is saved, and the best weights.
    pub checkpoint: u64,
}

/// More memory is needed than there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryError {
    /// What takes most of it, and so has to become smaller.
    pub cause: MemoryCause,
    message: String,
}

/// What takes most memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryCause {
    /// This layer, from 0.
    Layer(usize),
    /// The number of samples in a minibatch.
    BatchSize,
    /// The samples.
    Data,
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MemoryError {}

impl TrainSpec {
    /// What training on such data takes; with `saves` also for checkpoints.
    ///
    /// # Errors
    /// As [`Network::new`](crate::nn::Network::new).
    pub fn memory(&self, data: &DatasetOutline, saves: bool) -> Result<TrainingMemory, BuildError> {
        let (shape, classes) = (Shape::new(data.shape.clone()), data.classes.len());
        let max_batch = buffer_samples(self.batch_size.for_samples(data.train));
        let network = NetworkFootprint::of::<f32>(&self.network, &shape, classes, max_batch, self.threads.get())?;
        let NetworkFootprint { parameters, gradients, .. } = network;
        // Every parameter has a gradient, and nothing else has; averages are taken of parameters.
        let states = gradients * if self.optimizer.averages_squares() { 2 } else { 1 };
        let average = if self.ema.is_some() { gradients } else { 0 };
        // An average is saved in place of the weights, which are then saved beside the states.
        let saved_weights = if self.ema.is_some() { parameters + average } else { 0 };
        let best = if self.patience.is_some() { parameters } else { 0 };
        // The tensors of a checkpoint, and the files that are made of them.
        let copies = if saves { 2 * (parameters + states + saved_weights + best) } else { 0 };
        let order = (data.train as u64).saturating_mul(size_of::<u32>() as u64);
        let predictions = (data.test as u64).saturating_mul(2 * PREDICTION_BYTES);
        Ok(TrainingMemory {
            network,
            optimizer: states + average,
            data: data.memory_bytes().saturating_add(order).saturating_add(predictions),
            checkpoint: copies + best,
        })
    }

    /// Makes sure that there is memory for training on such data, of which `loaded` bytes are there already.
    ///
    /// # Errors
    /// When there is not enough. A network that can't be built is no matter of memory.
    pub fn check_memory(&self, data: &DatasetOutline, loaded: u64, saves: bool) -> Result<(), MemoryError> {
        let Ok(memory) = self.memory(data, saves) else { return Ok(()) };
        let needed = memory.total().saturating_sub(loaded).saturating_add(PROGRAM_BYTES);
        check_memory(needed).map_err(|shortage| {
            let max_batch = buffer_samples(self.batch_size.for_samples(data.train));
            let (shape, classes) = (Shape::new(data.shape.clone()), data.classes.len());
            let layers = self.network.check_shapes(&shape, classes, max_batch).unwrap_or_default();
            memory.describe_shortage(&shortage, self, &layers, max_batch)
        })
    }
}

impl TrainingMemory {
    /// Bytes in all.
    pub fn total(&self) -> u64 {
        (self.network.total() + self.optimizer + self.checkpoint).saturating_add(self.data)
    }

    /// The same in the protocol's terms.
    pub fn info(&self) -> MemoryInfo {
        MemoryInfo {
            total: self.total(),
            parameters: Some(self.network.parameters),
            gradients: Some(self.network.gradients),
            optimizer: Some(self.optimizer),
            activations: Some(self.network.activations),
            workspace: Some(self.network.workspace),
            data: Some(self.data),
            checkpoint: Some(self.checkpoint),
        }
    }

    fn describe_shortage(
        &self,
        shortage: &MemoryShortage,
        spec: &TrainSpec,
        layers: &[PlacedLayer],
        max_batch: usize,
    ) -> MemoryError {
        let NetworkFootprint { parameters, gradients, activations, workspace, .. } = self.network;
        let parts = [
            (parameters + gradients, "parameters and their gradients".to_owned()),
            (self.optimizer, optimizer_part(&spec.optimizer, spec.ema.is_some())),
            (activations, format!("activations of {max_batch} samples")),
            (workspace, "buffers of the computation".into()),
            (self.data, "the data".into()),
            (self.checkpoint, "checkpoints".into()),
            (PROGRAM_BYTES, "the program itself".into()),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(bytes, _)| *bytes > 0)
            .map(|(bytes, what)| format!("{} for {what}", binary_size(bytes)))
            .collect();
        let (largest, size) = (self.network.largest_layer, binary_size(self.network.largest_layer_bytes));
        let layer = layers.get(largest).map(|layer| format!("layer {largest}, `{}`, takes {size}; ", layer.spec));
        let cause = self.cause(max_batch);
        let advice = match cause {
            MemoryCause::Layer(_) => "make it smaller",
            MemoryCause::BatchSize => "take a smaller run.batch_size",
            MemoryCause::Data => "take fewer or smaller samples",
        };
        let (layer, parts) = (layer.unwrap_or_default(), parts.join(", "));
        let message = format!("{shortage}: {parts}; {layer}{advice}, or raise that limit");
        MemoryError { cause, message }
    }

    fn cause(&self, max_batch: usize) -> MemoryCause {
        let half = self.total() / 2;
        if self.data > half {
            MemoryCause::Data
        } else if self.network.activations + self.network.workspace > half && max_batch > MIN_BUFFER_SAMPLES {
            MemoryCause::BatchSize
        } else {
            MemoryCause::Layer(self.network.largest_layer)
        }
    }
}

fn optimizer_part(optimizer: &OptimizerSpec, averages: bool) -> String {
    let name = optimizer.name();
    if averages { format!("{name} and averaged weights") } else { name.into() }
}

#[cfg(test)]
mod tests;
