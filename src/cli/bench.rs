//! `gradtop bench`: the time of one training step, and nothing around it.

use std::{
    io::{self, Write},
    num::NonZeroUsize,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use clap::ValueEnum;
use gradtop::{
    nn::{Init, LayerSpec, Mode, Network, NetworkSpec, Pool, Shape, layers::activation::Relu},
    optim::{Optimizer, OptimizerSpec},
    random::{Purpose, stream},
};

use super::BenchArguments;

/// Samples in memory, from which the batches are gathered.
const SAMPLES: usize = 10_000;

/// Classes.
const CLASSES: usize = 10;

/// Steps that are not counted, in which memory is touched for the first time.
const WARM_UP_STEPS: usize = 2;

/// Steps that are timed at least.
const MIN_TIMED_STEPS: usize = 5;

/// The same networks, batches and optimizers that frameworks are compared on.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum BenchCase {
    /// 3072-100-10, SGD, batch 200
    Mlp100,
    /// 3072-600-300-100-10, Adam with weight decay, batch 200
    Mlp600,
    /// 784-256-128-10, Adam, batch 64
    Mlp784,
    /// Eight 3×3 convolutions of 64 to 512 channels with batch normalization on 3×32×32, Adam, batch 32
    Cnn,
}

impl BenchCase {
    fn layer_specs(self) -> Vec<LayerSpec> {
        let hidden = |units: &[usize]| {
            let pairs = units.iter().flat_map(|&units| [LayerSpec::Linear { units }, Relu.into()]);
            pairs.chain([LayerSpec::Linear { units: CLASSES }]).collect()
        };
        match self {
            Self::Mlp100 => hidden(&[100]),
            Self::Mlp600 => hidden(&[600, 300, 100]),
            Self::Mlp784 => hidden(&[256, 128]),
            Self::Cnn => {
                let block = |channels| {
                    let convolution = LayerSpec::Conv { channels, kernel: (3, 3), stride: 1, pad: (1, 1).into() };
                    [convolution, LayerSpec::BatchNorm, Relu.into()]
                };
                let stages = [&[64][..], &[128], &[256, 256], &[512, 512], &[512, 512]].into_iter().flat_map(|stage| {
                    let pool = LayerSpec::MaxPool { size: 3, stride: 2, pad: (1, 1) };
                    stage.iter().flat_map(|&channels| block(channels)).chain([pool]).collect::<Vec<_>>()
                });
                stages.chain([LayerSpec::Flatten, LayerSpec::Linear { units: CLASSES }]).collect()
            }
        }
    }

    fn sample_shape(self) -> Vec<usize> {
        match self {
            Self::Mlp100 | Self::Mlp600 => vec![3072],
            Self::Mlp784 => vec![784],
            Self::Cnn => vec![3, 32, 32],
        }
    }

    fn batch_size(self) -> usize {
        match self {
            Self::Mlp100 | Self::Mlp600 => 200,
            Self::Mlp784 => 64,
            Self::Cnn => 32,
        }
    }

    /// The optimizer and its learning rate.
    fn optimizer_and_rate(self) -> (OptimizerSpec, f64) {
        let mut adam = OptimizerSpec::ADAM;
        match (self, &mut adam) {
            (Self::Mlp100, _) => return (OptimizerSpec::SGD, 2e-3),
            (Self::Mlp600, OptimizerSpec::Adam { weight_decay, .. }) => *weight_decay = 1e-2,
            _ => {}
        }
        (adam, 1e-4)
    }
}

/// Everything that a step works on.
struct Bench {
    network: Network<f32>,
    optimizer: Optimizer<f32>,
    learning_rate: f64,
    batch: usize,
    /// Pixels of all samples.
    pixels: Vec<f32>,
    classes: Vec<u8>,
    /// The order in which samples are taken.
    order: Vec<usize>,
    labels: Vec<u8>,
    step: usize,
}

impl Bench {
    fn new(case: BenchCase, threads: NonZeroUsize) -> anyhow::Result<Self> {
        let (shape, batch, (optimizer, learning_rate)) =
            (Shape::new(case.sample_shape()), case.batch_size(), case.optimizer_and_rate());
        let spec = NetworkSpec { layers: case.layer_specs(), init: Init::PyTorch, label_smoothing: 0.0 };
        let network = Network::new(&spec, &shape, CLASSES, batch, 0, Arc::new(Pool::new(threads)))?;
        let mut stream = stream(0, Purpose::Data, 0);
        let pixels = (0..SAMPLES * shape.features()).map(|_| stream.normal() as f32).collect();
        let classes = (0..SAMPLES).map(|_| stream.below(CLASSES as u32) as u8).collect();
        let mut order: Vec<usize> = (0..SAMPLES).collect();
        stream.shuffle(&mut order);
        let optimizer = Optimizer::new(&optimizer, &network);
        Ok(Self { network, optimizer, learning_rate, batch, pixels, classes, order, labels: vec![0; batch], step: 0 })
    }

    /// Gathers a batch and trains it.
    fn train_step(&mut self) {
        let start = self.step * self.batch % (SAMPLES - self.batch);
        let order = &self.order[start..start + self.batch];
        let pixels = &self.pixels;
        let features = pixels.len() / SAMPLES;
        self.network.fill_input(self.batch, |rows, values| {
            for (&sample, values) in order[rows].iter().zip(values.chunks_exact_mut(features)) {
                values.copy_from_slice(&pixels[sample * features..][..features]);
            }
        });
        for (label, &sample) in self.labels.iter_mut().zip(order) {
            *label = self.classes[sample];
        }
        self.network.forward(Mode::Train { step: self.step as u64 });
        self.network.loss(&self.labels);
        self.network.backward();
        self.optimizer.step(&mut self.network, self.learning_rate, 1.0);
        self.step += 1;
    }
}

/// Floating-point operations of a step by the definition, two for each multiply-add of every product: the outputs, the
/// gradients of the weights and, but for the first layer, those of the inputs.
fn operations_per_step(network: &Network<f32>, batch: usize) -> f64 {
    let products = network.layer_infos().iter().map(|info| {
        let inputs = info.input.features() as f64;
        let forward = match info.spec {
            LayerSpec::Linear { units } => inputs * units as f64,
            LayerSpec::Conv { kernel, .. } => {
                let channels = info.input.dimensions()[0] as f64;
                info.output.features() as f64 * channels * (kernel.0 * kernel.1) as f64
            }
            _ => 0.0,
        };
        forward * if info.index == 0 { 2.0 } else { 3.0 }
    });
    2.0 * batch as f64 * products.sum::<f64>()
}

/// Times steps for as long as was asked for and prints the median.
pub fn run(arguments: &BenchArguments) -> anyhow::Result<u8> {
    let threads = arguments
        .threads
        .and_then(|threads| NonZeroUsize::new(threads.into()))
        .or_else(|| thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN);
    let mut bench = Bench::new(arguments.case, threads)?;
    (0..WARM_UP_STEPS).for_each(|_| bench.train_step());
    let (begin, budget) = (Instant::now(), Duration::from_secs_f64(arguments.seconds));
    let mut times = Vec::new();
    while begin.elapsed() < budget || times.len() < MIN_TIMED_STEPS {
        let start = Instant::now();
        bench.train_step();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let median = times[times.len() / 2].as_secs_f64();
    let name = arguments.case.to_possible_value();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "ms_per_step={:.3} samples_per_s={:.0} gflops={:.1} case={} threads={threads}",
        median * 1e3,
        bench.batch as f64 / median,
        operations_per_step(&bench.network, bench.batch) / median / 1e9,
        name.as_ref().map_or("", |name| name.get_name()),
    )?;
    Ok(0)
}
