//! `gradtop grads`: loss, activations and gradients of one batch, to compare with another framework.

use std::{io::Write, path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};
use gradtop::{
    config::Config,
    nn::{LayerSpec, Mode, Network, Pool, Scalar, Shape, copy_from_f64},
    tensors::{Precision, TensorError, Tensors, Writer},
};
use serde_json::json;

use super::{
    RunArguments,
    recording::{self, FileKind},
    start::{self, WrongUse},
};

/// Width of the numbers that are computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PrecisionChoice {
    F32,
    F64,
}

/// What `gradtop grads` is asked for.
#[derive(Debug, Args)]
pub struct GradsArguments {
    #[command(flatten)]
    run: RunArguments,
    /// Read weights from FILE, safetensors of 32 or 64 bits
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    /// Read x and y from FILE
    #[arg(long, value_name = "FILE")]
    batch: PathBuf,
    /// Write to FILE
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    /// Compute and write with numbers of 32 or 64 bits
    #[arg(long, value_enum, default_value_t = PrecisionChoice::F32)]
    precision: PrecisionChoice,
    /// As in evaluation: running statistics instead of the batch's, no dropout, no label smoothing
    #[arg(long)]
    evaluate: bool,
}

/// What is written.
const TENSOR_FILES: FileKind = FileKind { what: "tensors", endings: &["safetensors"] };

/// Reads, computes and writes.
pub fn run(arguments: &GradsArguments) -> anyhow::Result<u8> {
    let config = start::load_configuration(&arguments.run)?;
    let inputs: Vec<_> =
        [&arguments.weights, &arguments.batch].into_iter().chain(&arguments.run.config).cloned().collect();
    let out = recording::output_file(&arguments.out, TENSOR_FILES, arguments.force, &inputs)?;
    let (weights, batch) = (Tensors::open(&arguments.weights)?, Tensors::open(&arguments.batch)?);
    let work = GradsTask { arguments, config: &config, weights: &weights, batch: &batch };
    let written = match arguments.precision {
        PrecisionChoice::F32 => work.compute::<f32>(Precision::F32)?,
        PrecisionChoice::F64 => work.compute::<f64>(Precision::F64)?,
    };
    out.write(|file| file.write_all(&written))?;
    Ok(0)
}

/// What is to be computed.
struct GradsTask<'a> {
    arguments: &'a GradsArguments,
    config: &'a Config,
    weights: &'a Tensors,
    batch: &'a Tensors,
}

impl GradsTask<'_> {
    fn compute<T: Scalar>(&self, precision: Precision) -> anyhow::Result<Vec<u8>> {
        let shape = self.batch.shape("x")?.to_vec();
        let &[samples, ref sample @ ..] = shape.as_slice() else {
            return Err(self.batch.wrong_shape("x", &shape, "[batch, …]").into());
        };
        if shape.contains(&0) || sample.is_empty() {
            return Err(self.batch.wrong_shape("x", &shape, "[batch, …], none of them 0").into());
        }
        let mut network = self.build_network::<T>(samples, &Shape::new(sample))?;
        let classes = network.logits().ncols();
        let labels = self.batch.labels("y", &[samples], classes)?;
        self.batch.reject_unknown_names(|name| name == "x" || name == "y")?;
        let x = self.batch.floats("x", &shape)?;
        self.load_weights(&mut network)?;

        let mode = if self.arguments.evaluate { Mode::Evaluate } else { Mode::Train { step: 0 } };
        network.keep_input_gradient();
        network.input_mut(samples).iter_mut().zip(x).for_each(|(to, value)| *to = T::from_f64(value));
        network.forward(mode);
        let report = network.loss(&labels);
        network.backward();
        Ok(self.collect_gradients(&network, sample, report.loss, precision)?)
    }

    /// The network of the configuration for this many samples of a shape.
    fn build_network<T: Scalar>(&self, samples: usize, sample: &Shape) -> anyhow::Result<Network<T>> {
        let config = self.config;
        let wrong = |error: gradtop::nn::BuildError| config.error_of_network(&error);
        if let (Some(layer), false) = (config.model.layers.iter().position(drops_values), self.arguments.evaluate) {
            let layer_spec = &config.model.layers[layer];
            let message = format!(
                "layer {layer}, `{layer_spec}`: no other framework draws these masks; leave it out, or use --evaluate"
            );
            return Err(WrongUse(message).into());
        }
        let classes = match self.classes_of_weights()? {
            Some(classes) => classes,
            None => config.model.logit_count(sample, samples).map_err(wrong)?,
        };
        let pool = Arc::new(Pool::new(start::thread_count(self.arguments.run.threads, config)));
        Ok(Network::new(&config.model, sample, classes, samples, config.run.seed, pool).map_err(wrong)?)
    }

    /// Number of classes of a network whose last layer is `linear classes`: as many as that layer has biases in the file.
    fn classes_of_weights(&self) -> Result<Option<usize>, TensorError> {
        let layers = &self.config.model.layers;
        if layers.last() != Some(&LayerSpec::LinearClasses) {
            return Ok(None);
        }
        let name = format!("{}.bias", layers.len() - 1);
        match self.weights.shape(&name)? {
            &[classes] if classes > 0 => Ok(Some(classes)),
            shape => Err(self.weights.wrong_shape(&name, shape, "[classes]")),
        }
    }

    /// Puts the weights where they belong; every one must be there, and no other.
    fn load_weights<T: Scalar>(&self, network: &mut Network<T>) -> Result<(), TensorError> {
        let weights = self.weights;
        for parameter in network.parameters_mut() {
            let values = weights.floats(&parameter.full_name(), parameter.shape.dimensions())?;
            copy_from_f64(&mut parameter.value, &values);
        }
        for buffer in network.buffers_mut() {
            let name = buffer.full_name();
            // What a batch makes of them can be compared only if they begin alike; nothing else depends on them.
            if self.arguments.evaluate || weights.names().any(|there| there == name) {
                copy_from_f64(&mut buffer.value, &weights.floats(&name, buffer.shape.dimensions())?);
            }
        }
        weights.reject_unknown_names(|name| network.tensor_names().any(|known| known == name))
    }

    fn collect_gradients<T: Scalar>(
        &self,
        network: &Network<T>,
        sample: &[usize],
        loss: f64,
        precision: Precision,
    ) -> Result<Vec<u8>, TensorError> {
        let mut out = Writer::new(precision);
        let samples = network.batch();
        let shape = |sample: &[usize]| [&[samples], sample].concat();
        out.push("loss", &[], [loss]);
        for info in network.layer_infos() {
            let (layer, shape) = (info.index, shape(info.output.dimensions()));
            let (values, gradients) = (network.output(layer), network.output_gradient(layer));
            out.push(format!("activation.{layer}"), &shape, values.iter().map(|value| value.as_f64()));
            out.push(format!("gradient.activation.{layer}"), &shape, gradients.iter().map(|value| value.as_f64()));
        }
        if let Some(gradient) = network.input_gradient() {
            out.push("gradient.input", &shape(sample), gradient.iter().map(|value| value.as_f64()));
        }
        for parameter in network.parameters() {
            let name = format!("gradient.{}", parameter.full_name());
            out.push(name, parameter.shape.dimensions(), parameter.gradient.iter().map(|value| value.as_f64()));
        }
        for buffer in network.buffers().filter(|_| !self.arguments.evaluate) {
            let name = format!("after.{}", buffer.full_name());
            out.push(name, buffer.shape.dimensions(), buffer.value.iter().map(|value| value.as_f64()));
        }
        let mode = if self.arguments.evaluate { "evaluate" } else { "train" };
        // The keys of a JSON object are written in alphabetical order.
        let about = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "mode": mode,
            "layers": network.layer_infos().iter().map(|info| info.spec.to_string()).collect::<Vec<_>>(),
        });
        out.finish(&about.to_string())
    }
}

/// Whether a layer, or one within it, leaves values out at random.
fn drops_values(layer: &LayerSpec) -> bool {
    match layer {
        LayerSpec::Dropout { probability } => *probability > 0.0,
        LayerSpec::Residual { layers } => layers.iter().any(drops_values),
        _ => false,
    }
}
