//! The engine as its protocol shows it: every request answered, the same bits however it is driven.

use std::{collections::BTreeMap, num::NonZeroUsize, time::Duration};

use gradtop::{
    dataset::DataSpec,
    nn::NetworkSpec,
    optim::{OptimizerSpec, Schedule},
    protocol::{
        Answer, Change, ChangedBy, Command, CommandId, Evaluation, Event, Inspection, LayerProbe, MetricValue, Phase,
        Query, RangeTest, RangeTestPlan, Request, RunState, RunSummary, SampleChoice, Setting, StepReport, TroubleKind,
        Walk,
        change::SCHEDULE,
        inspection::{CheckVerdict, SampleFilter, SampleOrder, SplitName},
        metric::{
            EFFECTIVE_LEARNING_RATE, LAYER_DEAD_UNITS, LAYER_GRADIENT_NORM, LAYER_UPDATE_RATIO, TEST_ACCURACY,
            TEST_LOSS, TRAIN_LOSS,
        },
    },
    train::{
        BatchSize, Delivery, HealthSettings, RunSpec, TrainSpec, measured_metrics, measured_quantities,
        worker::{WorkerHandle, spawn},
    },
};

/// A small run on the built-in data.
pub fn small_run() -> RunSpec {
    let layers = ["linear 32", "relu", "dropout 0.1", "linear 10"].map(|layer| layer.parse().unwrap()).to_vec();
    RunSpec {
        name: "small".into(),
        data: DataSpec::default(),
        train: TrainSpec {
            seed: 7,
            epochs: 1,
            steps: Some(60),
            stop_after: None,
            batch_size: BatchSize::Exactly(50),
            evaluate_every: Some(20),
            patience: None,
            probe_every: 10,
            threads: NonZeroUsize::MIN,
            network: NetworkSpec { layers, ..NetworkSpec::default() },
            optimizer: OptimizerSpec::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 },
            learning_rate: 1e-3,
            clip_norm: Some(5.0),
            ema: None,
            schedule: Schedule::default(),
            health: HealthSettings::default(),
        },
        throttle: None,
        timeline_bytes: 0,
        delivery: Delivery::Thin,
        checked: None,
        stop_when_finished: false,
    }
}

/// The value of the metric with this tag.
pub fn measured(values: &[MetricValue], tag: &str) -> Option<f64> {
    let metrics = measured_metrics();
    MetricValue::find(values, metrics.iter().find(|info| info.tag == tag)?.id)
}

/// A worker, and all that it has said so far.
pub struct Engine {
    handle: WorkerHandle,
    pub heard: Vec<Event>,
    next: u64,
}

/// How often each request was answered.
fn answers(heard: &[Event]) -> BTreeMap<CommandId, u32> {
    let mut answers = BTreeMap::new();
    for event in heard {
        if let Event::Applied { id, .. } | Event::Rejected { id, .. } = event {
            *answers.entry(*id).or_default() += 1;
        }
    }
    answers
}

impl Engine {
    pub fn start(spec: RunSpec) -> Self {
        Self { handle: spawn(spec).unwrap(), heard: Vec::new(), next: 0 }
    }

    pub fn ask(&mut self, command: Command) -> CommandId {
        let id = CommandId(self.next);
        self.next += 1;
        self.handle.requests.send(Request { id, command }.into()).unwrap();
        id
    }

    /// Listens until an event satisfies `wanted`, and returns what that makes of it.
    pub fn until<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            let events = self.handle.events.blocking_recv().expect("the worker is still there");
            let found = events.iter().find_map(&wanted);
            self.heard.extend(events);
            if let Some(found) = found {
                return found;
            }
        }
    }

    /// Waits for the answer to a request: the step at which it was applied, or the reason why not.
    pub fn answer(&mut self, id: CommandId) -> Result<u64, String> {
        let wanted = |event: &Event| match event {
            Event::Applied { id: answered, step } if *answered == id => Some(Ok(*step)),
            Event::Rejected { id: answered, reason } if *answered == id => Some(Err(reason.clone())),
            _ => None,
        };
        match self.heard.iter().find_map(wanted) {
            Some(answer) => answer,
            None => self.until(wanted),
        }
    }

    pub fn asked(&mut self, command: Command) -> Result<u64, String> {
        let id = self.ask(command);
        self.answer(id)
    }

    pub fn finished(&mut self) -> RunSummary {
        self.until(|event| if let Event::Finished(summary) = event { Some(summary.clone()) } else { None })
    }

    pub fn stop(mut self) -> Vec<Event> {
        self.ask(Command::Stop);
        self.until(|event| matches!(event, Event::Stopped { .. }).then_some(()));
        assert!(matches!(self.heard.last(), Some(Event::Stopped { .. })));
        let once: BTreeMap<CommandId, u32> = (0..self.next).map(|id| (CommandId(id), 1)).collect();
        assert_eq!(answers(&self.heard), once, "every request is answered exactly once");
        self.heard
    }

    fn state(&self) -> RunState {
        let mut states = self.heard.iter().rev();
        states.find_map(|event| if let Event::State(change) = event { Some(change.state) } else { None }).unwrap()
    }
}

fn undisturbed(threads: usize) -> RunSummary {
    let mut spec = small_run();
    spec.train.threads = NonZeroUsize::new(threads).unwrap();
    let mut engine = Engine::start(spec);
    let summary = engine.finished();
    engine.stop();
    summary
}

#[test]
fn threads_pauses_and_steps_leave_the_bits_alone() {
    let one = undisturbed(1);
    assert_eq!(one.step, 60);
    assert_eq!(one.weights_sha256, undisturbed(2).weights_sha256);
    assert_eq!(one.weights_sha256, undisturbed(4).weights_sha256);

    let mut engine = Engine::start(small_run());
    let paused = engine.asked(Command::Pause).unwrap();
    engine.asked(Command::Evaluate).unwrap();
    let left = 60 - paused;
    assert_eq!(engine.asked(Command::Advance { count: 1 }), Ok(paused + 1));
    assert_eq!(engine.asked(Command::Advance { count: left / 2 }), Ok(paused + 1 + left / 2));
    assert_eq!(engine.state(), RunState::Paused);
    engine.asked(Command::Resume).unwrap();
    assert_eq!(engine.finished().weights_sha256, one.weights_sha256);
    engine.stop();
}

#[test]
fn seeds_learning_rates_and_schedules_do_change_the_bits() {
    let base = undisturbed(1).weights_sha256;
    let change = |change: fn(&mut TrainSpec)| {
        let mut spec = small_run();
        change(&mut spec.train);
        let mut engine = Engine::start(spec);
        let sha = engine.finished().weights_sha256;
        engine.stop();
        sha
    };
    assert_ne!(base, change(|train| train.seed = 8));
    assert_ne!(base, change(|train| train.learning_rate = 2e-3));
    assert_ne!(base, change(|train| train.schedule = "cosine".parse().unwrap()));
}

#[test]
fn steps_add_up_and_a_pause_interrupts_what_is_left() {
    let mut spec = small_run();
    spec.train.steps = Some(5000);
    let mut engine = Engine::start(spec);
    engine.asked(Command::SetThrottle { steps_per_second: Some(20.0) }).unwrap();
    let paused = engine.asked(Command::Pause).unwrap();
    let ids: Vec<CommandId> = (0..3).map(|_| engine.ask(Command::Advance { count: 1 })).collect();
    for (id, expected) in ids.into_iter().zip(paused + 1..) {
        assert_eq!(engine.answer(id), Ok(expected));
    }
    // Epochs end where epochs end, however many are asked for at once.
    let epochs = [engine.ask(Command::AdvanceEpoch), engine.ask(Command::AdvanceEpoch)];
    engine.asked(Command::SetThrottle { steps_per_second: None }).unwrap();
    assert_eq!(epochs.map(|id| engine.answer(id)), [Ok(200), Ok(400)]);
    engine.asked(Command::SetThrottle { steps_per_second: Some(20.0) }).unwrap();
    let paused = 400;
    let beyond = [engine.ask(Command::Advance { count: 1 }), engine.ask(Command::Advance { count: u64::MAX })];
    assert_eq!(engine.answer(beyond[0]), Ok(paused + 1));
    let runs = |event: &Event| matches!(event, Event::State(change) if change.state == RunState::Running && change.step >= paused);
    assert!(engine.heard.iter().any(runs), "it runs on for more than one");
    engine.asked(Command::Pause).unwrap();
    engine.answer(beyond[1]).unwrap_err();
    let long = engine.ask(Command::Advance { count: 1000 });
    let paused = engine.asked(Command::Pause).unwrap();
    assert!(engine.answer(long).unwrap_err().contains("interrupted"));
    assert_eq!(engine.asked(Command::Advance { count: 1 }), Ok(paused + 1));
    engine.stop();
}

#[test]
fn settings_take_effect_and_leave_a_mark_at_their_step() {
    let mut engine = Engine::start(small_run());
    engine.asked(Command::Pause).unwrap();
    // The cosine is 1 at the very first step, before which a quick pause may have come.
    let step = engine.asked(Command::Advance { count: 1 }).unwrap();
    assert_eq!(engine.asked(Command::Set { key: "optimizer.lr".into(), value: 5e-4 }), Ok(step));
    let change = Change {
        key: "optimizer.lr".into(),
        from: Some(Setting::Number(1e-3)),
        to: Setting::Number(5e-4),
        by: Some(ChangedBy::Viewer),
    };
    assert!(engine.heard.contains(&Event::Changed { step, change }));
    engine.asked(Command::SetSchedule { schedule: "cosine".into() }).unwrap();
    engine.asked(Command::Advance { count: 2 }).unwrap();
    let rates: Vec<f64> = engine
        .heard
        .iter()
        .filter_map(|event| match event {
            Event::Step(report) if report.step > step => measured(&report.values, EFFECTIVE_LEARNING_RATE),
            _ => None,
        })
        .collect();
    assert_eq!(rates.len(), 2);
    assert!(rates.iter().all(|effective| *effective <= 5e-4) && rates[1] < 5e-4, "{rates:?}");
    let schedule = engine.heard.iter().find_map(|event| match event {
        Event::Changed { change, .. } if change.key == SCHEDULE => Some(change.to_string()),
        _ => None,
    });
    assert_eq!(schedule.as_deref(), Some("schedule constant → cosine"));
    for (command, words) in [
        (Command::Set { key: "optimizer.lr".into(), value: -1.0 }, "valid"),
        (Command::Set { key: "optimizer.lr".into(), value: f64::NAN }, "valid"),
        (Command::Set { key: "optimizer.lr".into(), value: 1e38 }, "valid"),
        (Command::Set { key: "optimizer.lrr".into(), value: 0.1 }, "did you mean optimizer.lr"),
        (Command::SetSchedule { schedule: "cosinus".into() }, "cosine"),
        (Command::SetThrottle { steps_per_second: Some(-1.0) }, "valid"),
        (Command::Extend { epochs: 0 }, "valid"),
    ] {
        let reason = engine.asked(command.clone()).unwrap_err();
        assert!(reason.contains(words), "{command:?}: {reason}");
    }
    engine.stop();
}

/// What must not differ between two runs: all that was measured, and the weights at the end.
fn course(heard: &[Event]) -> Vec<Event> {
    let told = heard.iter().filter_map(|event| match event {
        Event::Step(report) => {
            // At which steps the probe looks depends on who watches.
            Some(Event::Step(StepReport { samples_per_second: None, layers: Vec::new(), ..report.clone() }))
        }
        Event::Evaluation(evaluation) => Some(Event::Evaluation(Evaluation { seconds: None, ..evaluation.clone() })),
        Event::Finding(_) => Some(event.clone()),
        Event::Finished(summary) => Some(Event::Finished(RunSummary { seconds: None, ..summary.clone() })),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_range_test_leaves_the_run_and_what_is_told_of_it_as_they_are() {
    let mut spec = small_run();
    spec.train.ema = Some(0.9);
    spec.train.probe_every = 1;
    spec.train.network.layers.insert(1, "batchnorm".parse().unwrap());
    let mut whole = Engine::start(spec.clone());
    whole.finished();
    let whole = whole.stop();

    let mut engine = Engine::start(spec);
    let plan = RangeTestPlan { steps: Some(40), ..RangeTestPlan::default() };
    // While it runs, which it does again afterwards; while it is paused; in the middle of a minibatch; when it is over.
    engine.asked(Command::TestLearningRates(plan)).unwrap();
    assert_eq!(engine.state(), RunState::Running);
    let paused = engine.asked(Command::Pause).unwrap();
    assert_eq!(engine.asked(Command::TestLearningRates(plan)), Ok(paused));
    engine.asked(Command::AdvancePhase).unwrap();
    engine.asked(Command::AdvancePhase).unwrap();
    assert_eq!(engine.asked(Command::TestLearningRates(plan)), Ok(paused));
    assert_eq!(engine.state(), RunState::Paused);
    engine.asked(Command::Resume).unwrap();
    engine.finished();
    assert_eq!(engine.asked(Command::TestLearningRates(plan)), Ok(60));
    let refused = engine.asked(Command::TestLearningRates(RangeTestPlan { steps: Some(1), ..plan })).unwrap_err();
    assert!(refused.contains("valid: from 10 to 10,000"), "{refused}");
    let heard = engine.stop();
    let tests: Vec<&RangeTest> =
        heard.iter().filter_map(|event| if let Event::RangeTest(test) = event { Some(test) } else { None }).collect();
    assert_eq!(tests.iter().filter(|test| test.done).count(), 4);
    assert!(tests.iter().all(|test| test.points.len() <= 40));
    assert!(!heard.iter().any(|event| matches!(event, Event::Changed { .. })));
    assert_eq!(course(&heard), course(&whole));
}

#[test]
fn a_range_test_is_given_up_by_a_cancel() {
    let mut engine = Engine::start(small_run());
    let paused = engine.asked(Command::Pause).unwrap();
    let test =
        engine.ask(Command::TestLearningRates(RangeTestPlan { steps: Some(10_000), ..RangeTestPlan::default() }));
    engine.until(|event| matches!(event, Event::RangeTest(_)).then_some(()));
    let (evaluation, cancel) = (engine.ask(Command::Evaluate), engine.ask(Command::Cancel));
    assert_eq!(engine.answer(cancel), Ok(paused));
    let reason = engine.answer(test).unwrap_err();
    assert!(reason.starts_with("given up after ") && reason.ends_with(" of 10,000 minibatches"), "{reason}");
    assert_eq!(engine.answer(evaluation), Ok(paused));
    assert_eq!(engine.asked(Command::Cancel), Ok(paused), "nothing is left to be given up");
    engine.stop();
}

#[test]
fn a_finished_run_can_be_extended() {
    let mut spec = small_run();
    spec.train.steps = Some(10);
    let mut engine = Engine::start(spec);
    assert_eq!(engine.finished().step, 10);
    assert!(engine.asked(Command::Resume).unwrap_err().contains("extend"));
    engine.asked(Command::Extend { epochs: 1 }).unwrap();
    let summary = engine.finished();
    assert_eq!(summary.step, 10 + 200);
    assert!(measured(&summary.values, TEST_ACCURACY) > Some(0.5), "{summary:?}");
    engine.stop();
}

#[test]
fn numbers_that_are_not_finite_pause_the_run_before_the_update() {
    let mut spec = small_run();
    spec.train.optimizer = OptimizerSpec::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };
    spec.train.clip_norm = None;
    // It would stop sooner.
    spec.train.health.stop = vec![TroubleKind::NotFinite];
    let mut engine = Engine::start(spec);
    engine.asked(Command::Pause).unwrap();
    engine.asked(Command::Set { key: "optimizer.lr".into(), value: 1e3 }).unwrap();
    engine.ask(Command::Resume);
    let reason = engine.until(|event| match event {
        Event::State(change) if change.state == RunState::Paused => change.reason.clone(),
        _ => None,
    });
    assert!(reason.contains("update was left out"), "{reason}");
    let broken = engine.heard.iter().any(
        |event| matches!(event, Event::Step(report) if !measured(&report.values, TRAIN_LOSS).unwrap().is_finite()),
    );
    let advised = engine
        .heard
        .iter()
        .any(|event| matches!(event, Event::Finding(finding) if finding.advice.contains("learning rate")));
    assert!(broken && advised);
    engine.stop();
}

#[test]
fn data_that_cannot_be_read_fail_with_a_reason_and_still_answer_a_stop() {
    let mut spec = small_run();
    spec.data.source = gradtop::dataset::Source::parse("/nowhere/at/all");
    let mut engine = Engine::start(spec);
    let failure = engine.until(|event| if let Event::Failed(failure) = event { Some(failure.clone()) } else { None });
    assert!(failure.what.contains("nowhere"), "{failure:?}");
    assert!(engine.asked(Command::Resume).unwrap_err().contains("failed"));
    engine.stop();
}

#[test]
fn a_stop_answers_what_is_still_open_also_while_loading() {
    let mut engine = Engine::start(small_run());
    engine.ask(Command::Pause);
    engine.ask(Command::Advance { count: 5 });
    engine.stop();
    let mut engine = Engine::start(small_run());
    engine.asked(Command::SetThrottle { steps_per_second: Some(1.0) }).unwrap();
    engine.ask(Command::Advance { count: 1000 });
    engine.stop();
}

#[test]
fn a_consumer_that_never_reads_does_not_slow_the_training() {
    let mut spec = small_run();
    spec.train.network.layers = vec!["linear 10".parse().unwrap()];
    spec.train.batch_size = BatchSize::Exactly(1);
    spec.train.evaluate_every = Some(1_000_000);
    spec.train.steps = Some(30_000);
    let mut engine = Engine::start(spec);
    // Nobody listens meanwhile.
    std::thread::sleep(Duration::from_secs(3));
    let thinned = engine.until(|event| if let Event::Thinned { total } = event { Some(*total) } else { None });
    assert!(thinned > 2000, "{thinned}");
    // It may have come together with what was left out.
    let heard = engine.heard.iter().any(|event| matches!(event, Event::Finished(summary) if summary.step == 30_000));
    assert!(heard || engine.finished().step == 30_000);
    engine.stop();
}

#[test]
fn averaged_weights_are_evaluated_and_training_is_the_same() {
    let run = |ema| {
        let mut spec = small_run();
        spec.train.ema = ema;
        let mut engine = Engine::start(spec);
        (engine.finished(), engine.stop())
    };
    let ((plain, _), (averaged, heard)) = (run(None), run(Some(0.95)));
    assert_eq!(plain.weights_sha256, averaged.weights_sha256);
    let loss = |summary: &RunSummary| measured(&summary.values, TEST_LOSS).unwrap();
    assert!(loss(&plain) != loss(&averaged), "{plain:?} {averaged:?}");
    assert!(measured(&averaged.values, TEST_ACCURACY) > Some(0.5), "{averaged:?}");
    // One that forgets everything is the weights themselves.
    assert_eq!(loss(&run(Some(0.0)).0), loss(&plain));
    let evaluations = heard.iter().filter(|event| matches!(event, Event::Evaluation(_))).count();
    assert_eq!(evaluations, 3);
}

#[test]
fn a_network_of_images_trains_and_is_probed() {
    let mut spec = small_run();
    let layers = ["conv 6 3x3 stride 2 pad 1", "batchnorm", "relu", "maxpool 3 stride 2 pad 1"];
    let layers = [&layers[..], &["residual [conv 6 3x3 pad 1, batchnorm]", "relu", "flatten", "linear 10"]].concat();
    spec.train.network.layers = layers.iter().map(|layer| layer.parse().unwrap()).collect();
    (spec.train.learning_rate, spec.train.threads) = (1e-2, NonZeroUsize::new(2).unwrap());
    let mut engine = Engine::start(spec.clone());
    let summary = engine.finished();
    let heard = engine.stop();
    let mut steps = heard.iter().filter_map(|event| if let Event::Step(step) = event { Some(step) } else { None });
    let probed = steps.rfind(|step| !step.layers.is_empty()).unwrap();
    let value = |layer: &LayerProbe, tag: &str| {
        let id = measured_quantities().iter().find(|info| info.tag == tag).unwrap().id;
        MetricValue::find(&layer.values, id)
    };
    // One for each layer with parameters, all within a block together; a rectifier belongs to the one before it.
    let rectified = |layer: &LayerProbe| value(layer, LAYER_DEAD_UNITS).is_some();
    let layers: Vec<(usize, bool)> = probed.layers.iter().map(|layer| (layer.layer, rectified(layer))).collect();
    assert_eq!(layers, [(0, false), (1, true), (4, true), (7, false)]);
    let moves = |layer: &LayerProbe| value(layer, LAYER_GRADIENT_NORM).zip(value(layer, LAYER_UPDATE_RATIO));
    assert!(probed.layers.iter().all(|layer| moves(layer).is_some_and(|(norm, ratio)| norm > 0.0 && ratio > 0.0)));
    assert!(measured(&summary.values, TEST_ACCURACY) > Some(0.5), "{summary:?}");
    spec.train.threads = NonZeroUsize::MIN;
    let mut engine = Engine::start(spec);
    assert_eq!(engine.finished().weights_sha256, summary.weights_sha256);
    engine.stop();
}

/// The answers among what was heard.
fn inspections(heard: &[Event]) -> Vec<&Inspection> {
    heard.iter().filter_map(|event| if let Event::Inspection(found) = event { Some(&**found) } else { None }).collect()
}

fn watched() -> Vec<Query> {
    vec![
        Query::Trace { sample: SampleChoice::Hardest, layer: 0 },
        Query::Layer { layer: 3 },
        Query::Samples {
            split: SplitName::Test,
            show: SampleFilter::Mistakes,
            order: SampleOrder::Loss,
            first: 0,
            count: 10,
        },
        Query::Filters { layer: 0, first: 0, count: 4 },
    ]
}

#[test]
fn what_is_watched_is_answered_while_running_and_leaves_the_bits_alone() {
    let plain = undisturbed(1).weights_sha256;
    let mut engine = Engine::start(small_run());
    engine.asked(Command::SetThrottle { steps_per_second: Some(60.0) }).unwrap();
    engine.asked(Command::Watch { queries: watched() }).unwrap();
    assert_eq!(engine.finished().weights_sha256, plain);
    let heard = engine.stop();
    let found = inspections(&heard);
    let count = |query: &Query| found.iter().filter(|inspection| inspection.query == *query).count();
    // Two thirds of a second at least, at fifteen a second at most, and the last when it was finished.
    for query in [&watched()[0], &watched()[1], &watched()[3]] {
        assert!((2..=25).contains(&count(query)), "{query:?}: {}", count(query));
    }
    // Of three evaluations, and before the first perhaps that there is none.
    assert!((1..=4).contains(&count(&watched()[2])));
    let steps: Vec<u64> = found.iter().filter(|i| i.query == watched()[0]).map(|i| i.step).collect();
    assert!(steps.is_sorted() && steps.last() == Some(&60), "{steps:?}");
}

#[test]
fn while_paused_each_change_is_answered_once() {
    let evaluated = |event: &Event| match event {
        Event::Inspection(found) => match &found.answer {
            Answer::Samples(page) => Some(page.evaluated),
            _ => None,
        },
        _ => None,
    };
    let mut engine = Engine::start(small_run());
    engine.asked(Command::Pause).unwrap();
    let id = engine.ask(Command::Watch { queries: watched() });
    // The next request would interrupt the evaluation that the mistakes need.
    let step = engine.until(evaluated);
    assert_eq!(engine.answer(id), Ok(step));
    engine.asked(Command::SetThrottle { steps_per_second: None }).unwrap();
    engine.ask(Command::Advance { count: 1 });
    assert_eq!(engine.until(evaluated), step + 1, "evaluated anew when the weights are new");
    engine.asked(Command::AdvancePhase).unwrap();
    engine.asked(Command::Watch { queries: Vec::new() }).unwrap();
    engine.asked(Command::AdvancePhase).unwrap();
    let heard = engine.stop();
    let found = inspections(&heard);
    let of =
        |query: &Query| found.iter().filter(|found| found.query == *query).map(|found| found.step).collect::<Vec<_>>();
    assert_eq!(of(&watched()[3]), [step, step + 1]);
    assert_eq!(of(&watched()[2]), [step, step + 1]);
    assert_eq!(of(&watched()[1]), [step, step + 1, step + 1]);
    // In the middle of the walk there is no loss yet, by which a sample could be chosen.
    let last = found.iter().rev().find(|found| found.query == watched()[0]).unwrap();
    assert!(matches!(last.answer, Answer::Nothing { .. }));
}

#[test]
fn queries_are_answered_before_they_are_applied_and_faults_are_refused() {
    let mut engine = Engine::start(small_run());
    engine.asked(Command::SetThrottle { steps_per_second: Some(20.0) }).unwrap();
    let query = Query::Trace { sample: SampleChoice::Row { row: 1 }, layer: 1 };
    let id = engine.ask(Command::Inspect { query: query.clone() });
    engine.answer(id).unwrap();
    let at = |wanted: &dyn Fn(&Event) -> bool| engine.heard.iter().position(wanted).unwrap();
    let told = at(&|event| matches!(event, Event::Inspection(found) if found.query == query));
    assert!(told < at(&|event| matches!(event, Event::Applied { id: applied, .. } if *applied == id)));
    let refused = |engine: &mut Engine, command| engine.asked(command).unwrap_err();
    let check = Query::GradientCheck { layer: 0 };
    assert!(refused(&mut engine, Command::Inspect { query: check.clone() }).contains("pause it first"));
    assert!(refused(&mut engine, Command::AdvancePhase).contains("pause it first"));
    assert!(
        refused(&mut engine, Command::Inspect { query: Query::Layer { layer: 7 } }).contains("valid: 0 (linear 32)")
    );
    assert!(refused(&mut engine, Command::Inspect { query: Query::Points }).contains("plane"));
    assert!(refused(&mut engine, Command::Watch { queries: vec![check.clone()] }).contains("can't be watched"));
    assert!(refused(&mut engine, Command::Watch { queries: vec![Query::Layer { layer: 7 }] }).contains("no layer 7"));
    assert!(refused(&mut engine, Command::Watch { queries: vec![query; 9] }).contains("valid: 0 to 8"));
    engine.asked(Command::Pause).unwrap();
    engine.asked(Command::Inspect { query: check.clone() }).unwrap();
    let verdicts: Vec<_> = inspections(&engine.heard)
        .iter()
        .filter_map(|found| if let Answer::GradientCheck(check) = &found.answer { Some(check.verdict) } else { None })
        .collect();
    assert_eq!(verdicts.last(), Some(&Some(CheckVerdict::Passed)));
    // The next request ends a check before its time.
    let ids =
        [engine.ask(Command::Inspect { query: check }), engine.ask(Command::SetThrottle { steps_per_second: None })];
    for id in ids {
        engine.answer(id).unwrap();
    }
    let heard = engine.stop();
    let last = inspections(&heard).pop().unwrap().answer.clone();
    assert!(matches!(last, Answer::GradientCheck(check) if check.verdict == Some(CheckVerdict::Interrupted)));
}

#[test]
fn a_minibatch_can_be_walked_through_and_settings_count_before_its_update() {
    let sha = |walk: bool| {
        let mut engine = Engine::start(small_run());
        engine.asked(Command::SetThrottle { steps_per_second: Some(1.0) }).unwrap();
        let paused = engine.asked(Command::Pause).unwrap();
        engine.asked(Command::Advance { count: 3 - paused }).unwrap();
        if walk {
            // Two layers forward, then a setting, an evaluation, and all the rest up to the next but one minibatch.
            for phase in 1..=21 {
                let step = if phase < 10 {
                    3
                } else if phase < 20 {
                    4
                } else {
                    5
                };
                assert_eq!(engine.asked(Command::AdvancePhase), Ok(step));
                if phase == 2 {
                    engine.asked(Command::Set { key: "optimizer.lr".into(), value: 5e-3 }).unwrap();
                    engine.asked(Command::Evaluate).unwrap();
                }
            }
            assert_eq!(engine.state(), RunState::Paused);
        } else {
            engine.asked(Command::Set { key: "optimizer.lr".into(), value: 5e-3 }).unwrap();
        }
        engine.asked(Command::SetThrottle { steps_per_second: None }).unwrap();
        engine.asked(Command::Resume).unwrap();
        let sha = engine.finished().weights_sha256;
        let steps = engine.heard.iter().filter(|event| matches!(event, Event::Step(_))).count();
        (sha, steps, engine.stop())
    };
    let ((plain, steps, _), (walked, walked_steps, heard)) = (sha(false), sha(true));
    assert_eq!((&plain, steps), (&walked, walked_steps));
    let phases: Vec<Walk> =
        heard.iter().filter_map(|event| if let Event::Phase(walk) = event { Some(*walk) } else { None }).collect();
    let first: Vec<Phase> = phases.iter().take(10).map(|walk| walk.phase).collect();
    let forward = (0..4).map(|layer| Phase::Forward { layer });
    let backward = (0..4).rev().map(|layer| Phase::Backward { layer });
    assert!(first.into_iter().eq(forward.chain([Phase::Loss]).chain(backward).chain([Phase::Update])));
    assert_eq!(phases[9], Walk { step: 4, minibatch: 4, phase: Phase::Update });
    assert_eq!(phases[10], Walk { step: 4, minibatch: 5, phase: Phase::Forward { layer: 0 } });
    assert_eq!(phases.last(), Some(&Walk { step: 5, minibatch: 6, phase: Phase::Between }));
}
