//! The layers that cost time, forward and backward at the shapes at which the exercise's networks use them, and the
//! optimizers.
//!
//! ```text
//! cargo bench --bench kernels                  all of it, on all cores
//! cargo bench --bench kernels -- 'conv|Adam'   what a pattern matches
//! ```
//!
//! Throughput is in multiply-adds by the definition for products and convolutions, and in values for the rest.
#![allow(clippy::unwrap_used)]

use std::{num::NonZeroUsize, sync::Arc, thread, time::Duration};

use criterion::{Criterion, Throughput};
use gradtop::{
    nn::{Init, Mode, Network, NetworkSpec, Pool, Shape},
    optim::{Optimizer, OptimizerSpec},
    random::{Purpose, stream},
};

/// The program's own allocator, so that its figures are those of the program.
#[cfg(target_os = "linux")]
#[global_allocator]
static MEMORY: gradtop::nn::HugePageAllocator = gradtop::nn::HugePageAllocator;

/// Layers with the shape of a sample and the batch.
const LAYERS: [(&str, &[usize], usize); 16] = [
    ("linear 100", &[3072], 200),
    ("linear 600", &[3072], 200),
    ("linear 300", &[600], 200),
    ("linear 256", &[784], 64),
    ("conv 64 3x3 pad 1", &[3, 32, 32], 32),
    ("conv 128 3x3 pad 1", &[64, 16, 16], 32),
    ("conv 256 3x3 pad 1", &[128, 8, 8], 32),
    ("conv 512 3x3 pad 1", &[256, 4, 4], 32),
    ("conv 512 3x3 pad 1", &[512, 2, 2], 32),
    ("conv 64 3x3 stride 2 pad 1", &[32, 16, 16], 32),
    ("batchnorm", &[64, 32, 32], 32),
    ("maxpool 3 stride 2 pad 1", &[64, 32, 32], 32),
    ("avgpool 2", &[64, 32, 32], 32),
    ("relu", &[64, 32, 32], 32),
    ("gelu", &[64, 32, 32], 32),
    ("dropout 0.5", &[64, 32, 32], 32),
];

fn main() {
    let mut criterion =
        Criterion::default().measurement_time(Duration::from_secs(2)).sample_size(20).configure_from_args();
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let pool = Arc::new(Pool::new(threads));
    for (layer, shape, batch) in LAYERS {
        measure_layer(&mut criterion, layer, shape, batch, &pool);
    }
    for spec in [OptimizerSpec::SGD, OptimizerSpec::RMS_PROP, OptimizerSpec::ADAM] {
        measure_optimizer(&mut criterion, &spec, &pool);
    }
    criterion.final_summary();
}

/// A network of this layer after another, so that the gradient of its input is computed too, and before a classifier.
fn network(layers: &[&str], shape: &[usize], batch: usize, pool: &Arc<Pool>) -> Network<f32> {
    let layers = layers.iter().map(|layer| layer.parse().unwrap()).collect();
    let spec = NetworkSpec { layers, init: Init::PyTorch, label_smoothing: 0.0 };
    let mut network = Network::new(&spec, &Shape::new(shape), 10, batch, 0, Arc::clone(pool)).unwrap();
    let mut stream = stream(0, Purpose::Data, 0);
    network.input_mut(batch).mapv_inplace(|_| stream.normal() as f32);
    network.forward(Mode::Train { step: 0 });
    network.loss(&vec![0_u8; batch]);
    network.backward();
    network
}

fn measure_layer(criterion: &mut Criterion, layer: &str, shape: &[usize], batch: usize, pool: &Arc<Pool>) {
    let mut network = network(&["leaky_relu 0.5", layer, "flatten", "linear 10"], shape, batch, pool);
    let info = &network.layer_infos()[1];
    let (values, weights) = (info.output.features(), network.parameters().find(|parameter| parameter.layer == 1));
    // A value of the output of a product or a convolution is as many multiply-adds as its unit has weights.
    let each = weights
        .filter(|weights| weights.shape.dimensions().len() > 1)
        .map_or(1, |weights| weights.shape.dimensions()[1..].iter().product::<usize>());
    let work = (batch * values * each) as u64;
    let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let mut group = criterion.benchmark_group(format!("{layer} on {batch}×{}", shape.join("×")));
    group.throughput(Throughput::Elements(work));
    group.bench_function("forward", |bencher| {
        bencher.iter(|| network.forward_layers(1..2, Mode::Train { step: 0 }));
    });
    group.throughput(Throughput::Elements(if each > 1 { 2 * work } else { work }));
    group.bench_function("backward", |bencher| bencher.iter(|| network.backward_layers(1..2)));
    group.finish();
}

fn measure_optimizer(criterion: &mut Criterion, spec: &OptimizerSpec, pool: &Arc<Pool>) {
    let mut network = network(&["linear 600", "relu", "linear 10"], &[3072], 1, pool);
    let mut optimizer = Optimizer::new(spec, &network);
    let weights: usize = network.parameters().map(|parameter| parameter.value.len()).sum();
    let mut group = criterion.benchmark_group(format!("{} on {weights} weights", spec.name()));
    group.throughput(Throughput::Elements(weights as u64));
    group.bench_function("step", |bencher| bencher.iter(|| optimizer.step(&mut network, 1e-6, 1.0)));
    group.finish();
}
