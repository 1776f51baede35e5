use std::{num::NonZeroUsize, ops::ControlFlow, sync::Arc};

use super::*;
use crate::{
    dataset::{self, DataSpec, Dataset, Source},
    memory::{FreeMemory, MemoryLimit},
    nn::{
        NetworkSpec,
        kernels::allocations::{peak_bytes, start_peak},
    },
    optim::Schedule,
    train::{BatchSize, HealthSettings, Trainer},
};

fn data() -> Arc<Dataset> {
    Arc::new(dataset::load(&DataSpec::default(), &mut |_, _| ControlFlow::Continue(())).unwrap())
}

fn spec(layers: &[&str], batch_size: usize, optimizer: OptimizerSpec) -> TrainSpec {
    TrainSpec {
        seed: 1,
        epochs: 1,
        steps: None,
        stop_after: None,
        batch_size: BatchSize::Exactly(batch_size),
        evaluate_every: None,
        patience: None,
        probe_every: 1,
        threads: NonZeroUsize::new(2).unwrap(),
        network: NetworkSpec {
            layers: layers.iter().map(|layer| layer.parse().unwrap()).collect(),
            ..NetworkSpec::default()
        },
        optimizer,
        learning_rate: 1e-3,
        clip_norm: None,
        ema: None,
        schedule: Schedule::default(),
        health: HealthSettings::default(),
    }
}

/// The most bytes that training took at a time, samples left out: two minibatches, a part of an evaluation, and with
/// `saves` the tensors and the files of a checkpoint.
fn measure(spec: &TrainSpec, data: &Arc<Dataset>, saves: bool) -> u64 {
    let before = start_peak();
    let mut trainer = Trainer::new(spec, Arc::clone(data)).unwrap();
    for _ in 0..2 {
        trainer.step().unwrap();
    }
    assert!(trainer.evaluate(|| ControlFlow::Break(())).is_none());
    if saves {
        let (weights, training, _) = trainer.store();
        let _files = [weights.finish("").unwrap(), training.finish("").unwrap()];
    }
    (peak_bytes() - before).try_into().unwrap()
}

#[test]
fn training_takes_the_memory_that_is_told_before() {
    let data = data();
    let mlp = ["linear 300", "relu", "linear 100", "gelu", "linear 10"];
    let wide = ["linear 10"];
    let winograd = ["conv 16 3x3 stride 2 pad 1", "relu", "conv 16 3x3 pad 1", "maxpool 2", "flatten", "linear 10"];
    let unfolded = ["conv 6 5x5 stride 2", "batchnorm", "relu", "avgpool 2", "flatten", "dropout 0.5", "linear 10"];
    let block = "residual [conv 12 3x3 stride 2 pad 1, batchnorm, relu, dropout 0.1, conv 12 3x3 pad 1]";
    let residual = ["conv 8 3x3 stride 2 pad 1", "batchnorm", block, "relu", "global_avgpool", "linear 10"];
    let flat = ["flatten", "linear 40", "residual [batchnorm, relu, linear 40, dropout 0.2]", "linear 10"];
    let average = |spec| TrainSpec { ema: Some(0.9), ..spec };
    let cases = [
        (spec(&mlp, 8, OptimizerSpec::SGD), false),
        (spec(&mlp, 80, OptimizerSpec::ADAM), false),
        (spec(&mlp, 8, OptimizerSpec::ADAM_W), true),
        (average(spec(&mlp, 8, OptimizerSpec::RMS_PROP)), false),
        (average(spec(&mlp, 8, OptimizerSpec::SGD)), true),
        (spec(&wide, 500, OptimizerSpec::SGD), false),
        (spec(&winograd, 8, OptimizerSpec::ADAM), false),
        (spec(&unfolded, 8, OptimizerSpec::ADAM), false),
        (spec(&residual, 8, OptimizerSpec::SGD), false),
        (spec(&flat, 70, OptimizerSpec::SGD), false),
    ];
    let outline = data.outline();
    let mut wrong = Vec::new();
    for (spec, saves) in cases {
        let memory = spec.memory(&outline, saves).unwrap();
        let (told, taken) = ((memory.total() - outline.memory_bytes()) as f64, measure(&spec, &data, saves) as f64);
        let ratio = told / taken;
        if !(0.97..1.03).contains(&ratio) {
            wrong.push(format!("{ratio} of {taken} bytes: {:?} {memory:?}", spec.network.layers));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_samples_take_the_memory_that_is_told_before() {
    let toy = DataSpec { source: Source::parse("spirals"), samples: 100_000, ..DataSpec::default() };
    for spec in [DataSpec::default(), toy] {
        let told = dataset::describe(&spec).unwrap().unwrap().memory_bytes() as f64;
        let before = start_peak();
        let data = dataset::load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
        let held = (start_peak() - before) as f64;
        assert!((0.9..1.1).contains(&(told / held)), "{told} of {held} for {}", data.name);
    }
}

#[test]
fn a_shortage_is_told_with_what_takes_most() {
    let outline = data().outline();
    let free = FreeMemory { bytes: 100 << 20, of: 300 << 20, limit: MemoryLimit::AddressSpace };
    let tell = |spec: &TrainSpec, outline: &DatasetOutline| {
        let memory = spec.memory(outline, true).unwrap();
        let shortage = MemoryShortage { needed: memory.total() + PROGRAM_BYTES, free: Some(free) };
        let batch = buffer_samples(spec.batch_size.for_samples(outline.train));
        let layers = spec.network.check_shapes(&Shape::new(outline.shape.clone()), 10, batch).unwrap();
        memory.describe_shortage(&shortage, spec, &layers, batch)
    };
    let wide = tell(&spec(&["linear 30000", "relu", "linear 10"], 64, OptimizerSpec::ADAM), &outline);
    assert_eq!(wide.cause, MemoryCause::Layer(0));
    insta::assert_snapshot!(wide);
    let deep = spec(&["linear 100", "relu", "relu", "linear 10"], 9000, OptimizerSpec::SGD);
    assert_eq!(tell(&deep, &outline).cause, MemoryCause::BatchSize);
    let many = DatasetOutline { train: 60_000_000, ..outline.clone() };
    assert_eq!(tell(&spec(&["linear 10"], 64, OptimizerSpec::SGD), &many).cause, MemoryCause::Data);
    // What is impossible in itself is impossible here: no number overflows.
    let endless = DatasetOutline { train: usize::MAX, bytes_per_value: usize::MAX, ..outline };
    assert!(
        spec(&["linear 10"], 64, OptimizerSpec::SGD).check_memory(&endless, 0, true).is_err()
            || !cfg!(target_os = "linux")
    );
}
