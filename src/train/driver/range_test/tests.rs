use std::{
    num::NonZeroUsize,
    ops::ControlFlow,
    sync::{Arc, mpsc::sync_channel},
};

use tokio::sync::mpsc;

use super::*;
use crate::{
    dataset::{self, DataSpec, Dataset},
    nn::NetworkSpec,
    optim::{OptimizerSpec, Schedule},
    protocol::{Command, CommandId, Phase, Query, RangeTest, Request, inspection::SplitName},
    train::{BatchSize, Delivery, TrainSpec, inbox::Inbox, outbox::Outbox, predictions::Predictions},
};

fn data() -> Arc<Dataset> {
    Arc::new(dataset::load(&DataSpec::default(), &mut |_, _| ControlFlow::Continue(())).unwrap())
}

/// With everything that has a state: momentum or Adam's means, running statistics, masks, averaged weights.
fn spec(optimizer: OptimizerSpec, ema: Option<f64>) -> TrainSpec {
    let layers = ["linear 12", "batchnorm", "relu", "dropout 0.2", "linear 10"];
    TrainSpec {
        seed: 3,
        epochs: 1,
        steps: Some(30),
        stop_after: None,
        batch_size: BatchSize::Exactly(40),
        evaluate_every: None,
        patience: None,
        probe_every: 5,
        threads: NonZeroUsize::MIN,
        network: NetworkSpec { layers: layers.map(|layer| layer.parse().unwrap()).to_vec(), ..NetworkSpec::default() },
        optimizer,
        learning_rate: 1e-2,
        clip_norm: Some(5.0),
        schedule: Schedule::COSINE,
        health: crate::train::HealthSettings::default(),
        ema,
    }
}

/// The two ends of a connection: requests to the trainer, events from it.
fn connection() -> (ConsumerLink, std::sync::mpsc::SyncSender<crate::train::inbox::Incoming>, mpsc::Receiver<Vec<Event>>)
{
    let (ask, requests) = sync_channel(16);
    let (sender, events) = mpsc::channel(1024);
    let link = ConsumerLink {
        inbox: Inbox::new(requests, Vec::new()),
        outbox: Outbox::new(sender, Delivery::Wait),
        recording: None,
        muted: false,
    };
    (link, ask, events)
}

/// All that is stored of a run, and what is not: norms of the last update, the predictions, where a walk stands.
fn everything(trainer: &mut Trainer) -> (Vec<Vec<u8>>, String) {
    let norms = trainer.update_rule().optimizer().update_norms().to_vec();
    let Predictions { step, seconds: _, predicted, confidence, loss } = trainer.predictions(SplitName::Test).clone();
    let predictions = (step, predicted, confidence, loss);
    let (position, samples) = (trainer.minibatch().position(), trainer.minibatch().samples());
    let (weights, training, state) = trainer.store();
    let files = vec![weights.finish("").unwrap(), training.finish("").unwrap()];
    (files, format!("{norms:?} {predictions:?} {position:?} {samples} {state:?}"))
}

#[test]
fn the_run_is_the_same_afterwards_bit_for_bit() {
    let data = data();
    let momentum = OptimizerSpec::Sgd { momentum: 0.9, nesterov: true, weight_decay: 1e-4 };
    for (optimizer, ema) in [(OptimizerSpec::ADAM, Some(0.9)), (momentum, None), (OptimizerSpec::SGD, Some(0.99))] {
        // Before the first minibatch, between two, and in the middle of one: forward, backward, and after its update.
        for (steps, phases) in [(0, 0), (7, 0), (7, 3), (7, 8), (7, 11), (30, 0)] {
            let mut trainers = [(); 2].map(|()| Trainer::new(&spec(optimizer, ema), Arc::clone(&data)).unwrap());
            for trainer in &mut trainers {
                for _ in 0..steps {
                    trainer.step().unwrap();
                }
                trainer.evaluate(|| ControlFlow::Continue(())).unwrap();
                for _ in 0..phases {
                    trainer.advance_phase();
                }
            }
            let [tested, twin] = &mut trainers;
            let (mut link, _ask, _events) = connection();
            test_learning_rates(&RangeTestPlan::default(), tested, &mut link).unwrap();
            let at = format!("{optimizer:?}, {ema:?}, {phases} phases after step {steps}");
            assert_eq!(tested.minibatch().phase(), twin.minibatch().phase(), "{at}");
            assert_eq!(tested.weights_sha256(), twin.weights_sha256(), "{at}");
            assert!(everything(tested) == everything(twin), "{at}");
            let inside = Query::Layer { layer: 0 };
            if tested.minibatch().phase() != Phase::Update {
                assert_eq!(tested.inspect(&inside).unwrap(), twin.inspect(&inside).unwrap(), "{at}");
            }
            for _ in 0..5 {
                assert_eq!(tested.step(), twin.step(), "{at}");
            }
            let evaluations =
                [tested, twin].map(|trainer| trainer.evaluate(|| ControlFlow::Continue(())).map(|e| (e.loss, e.step)));
            assert_eq!(evaluations[0], evaluations[1], "{at}");
        }
    }
}

/// The reports among the events, oldest first.
fn reports(events: &mut mpsc::Receiver<Vec<Event>>) -> Vec<RangeTest> {
    let all = std::iter::from_fn(|| events.try_recv().ok()).flatten();
    all.filter_map(|event| if let Event::RangeTest(test) = event { Some(test) } else { None }).collect()
}

#[test]
fn it_tells_how_the_loss_moves_and_suggests_a_rate_that_trains() {
    let mut trainer = Trainer::new(&spec(OptimizerSpec::ADAM, None), data()).unwrap();
    let (mut link, _ask, mut events) = connection();
    test_learning_rates(&RangeTestPlan::default(), &mut trainer, &mut link).unwrap();
    link.outbox.deliver();
    let reports = reports(&mut events);
    let (last, before) = reports.split_last().unwrap();
    assert!(before.iter().all(|report| !report.done && report.suggestion.is_none()));
    assert!(last.done && last.step == 0 && last.planned == 100 && last.points.len() <= 100);
    let suggestion = last.suggestion.unwrap();
    assert!((1e-4..0.5).contains(&suggestion), "{suggestion}");
}

#[test]
fn a_broken_minibatch_ends_it() {
    let layers = ["linear 12", "relu", "linear 10"].map(|layer| layer.parse().unwrap()).to_vec();
    let network = NetworkSpec { layers, ..NetworkSpec::default() };
    let unclipped = TrainSpec { clip_norm: None, network, ..spec(OptimizerSpec::SGD, None) };
    let mut trainer = Trainer::new(&unclipped, data()).unwrap();
    let before = trainer.weights_sha256();
    let (mut link, _ask, mut events) = connection();
    let plan = RangeTestPlan { from: Some(1e5), to: Some(1e6), steps: Some(2000) };
    test_learning_rates(&plan, &mut trainer, &mut link).unwrap();
    link.outbox.deliver();
    let last = reports(&mut events).pop().unwrap();
    assert!(last.done && last.points.len() < 2000 && last.suggestion.is_none(), "{last:?}");
    assert!(!last.points.last().unwrap().loss.is_finite(), "{last:?}");
    assert_eq!(trainer.weights_sha256(), before);
}

#[test]
fn a_cancel_or_a_stop_gives_it_up_and_leaves_the_run_and_other_requests_alone() {
    let mut trainer = Trainer::new(&spec(OptimizerSpec::ADAM, None), data()).unwrap();
    trainer.step().unwrap();
    for command in [Command::Cancel, Command::Stop] {
        let before = everything(&mut trainer);
        let (mut link, ask, mut events) = connection();
        for (id, command) in [(1, Command::Evaluate), (2, command.clone())] {
            ask.send(Request { id: CommandId(id), command }.into()).unwrap();
        }
        let refused = test_learning_rates(&RangeTestPlan::default(), &mut trainer, &mut link).unwrap_err();
        assert_eq!(refused, "given up after 0 of 100 minibatches");
        assert!(everything(&mut trainer) == before);
        link.outbox.deliver();
        let told: Vec<Event> = std::iter::from_fn(|| events.try_recv().ok()).flatten().collect();
        let cancelled = command == Command::Cancel;
        assert_eq!(told, if cancelled { vec![Event::Applied { id: CommandId(2), step: 1 }] } else { Vec::new() });
        assert!(link.inbox.is_waiting() && link.inbox.stop_requested() != cancelled);
    }
}
