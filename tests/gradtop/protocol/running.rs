//! What the binary and the engine write, line by line.

use std::{
    collections::BTreeSet,
    process::{self, Stdio},
};

use gradtop::{
    dataset::Source,
    nn::Init,
    protocol::{
        Answer, BranchId, BranchName, Command, CommandId, Event, Phase, Query, RangeTestPlan, Request, RunState,
        SampleChoice, TroubleKind,
        inspection::{SampleFilter, SampleOrder, SplitName},
    },
    train::{Delivery, RunSpec, worker::spawn},
};
use serde_json::{Value, json};

use super::{Message, names::Named, schema::Schema, written};
use crate::engine::small_run;

/// The lines of `gradtop train --json`, each of them checked.
fn json_lines(arguments: &[&str]) -> Vec<Value> {
    let output = process::Command::new(env!("CARGO_BIN_EXE_gradtop"))
        .args(["train", "--json"])
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(text.ends_with('\n') && !lines.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let strict = Schema::strict();
    for line in &lines {
        strict.check(line).unwrap();
        assert_eq!(Message::read(line).unwrap().written(), *line);
    }
    assert_eq!(lines[0]["event"], "hello");
    lines
}

/// The events of one kind.
fn of<'a>(lines: &'a [Value], event: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

#[test]
fn a_run_of_linear_layers_is_valid() {
    let lines = json_lines(&["--steps", "12", "--set", "run.evaluate_every=5", "--set", "run.seed=9"]);
    assert_eq!((of(&lines, "step").len(), of(&lines, "evaluation").len()), (12, 3));
    assert_eq!(of(&lines, "ready")[0]["layers"][0]["settings"], json!({"units": 256}));
    assert_eq!(lines.last().unwrap()["event"], "finished");
}

#[test]
fn a_run_of_convolutions_is_valid() {
    let layers = "conv 4 3x3 stride 2 pad 1, batchnorm, relu, residual [conv 4 3x3 pad 1, batchnorm], maxpool 2, \
                  dropout 0.1, flatten, linear 10";
    let layers = format!("model.layers={layers}");
    let lines = json_lines(&["--steps", "3", "--set", &layers, "--set", "optimizer.kind=sgd"]);
    let ready = of(&lines, "ready")[0];
    let kinds: Vec<&str> = ready["layers"].as_array().unwrap().iter().map(|l| l["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["conv", "batchnorm", "relu", "residual", "maxpool", "dropout", "flatten", "linear"]);
    assert_eq!(lines.last().unwrap()["event"], "finished");
}

#[test]
fn a_run_on_points_with_a_schedule_is_valid() {
    let schedule = ["--set", "schedule.lr=one_cycle rise 0.2", "--set", "optimizer.clip_norm=1"];
    let lines = json_lines(
        &[&["--preset", "spirals", "--steps", "40", "--set", "optimizer.kind=adamw"], &schedule[..]].concat(),
    );
    assert_eq!(of(&lines, "ready")[0]["data"]["shape"], json!([2]));
    assert_eq!(of(&lines, "controls")[0]["schedule"], "one_cycle rise 0.2");
}

#[test]
fn runs_that_break_are_valid() {
    let lines = json_lines(&["--steps", "12", "--set", "model.init=normal 1e38"]);
    assert!(of(&lines, "step").iter().any(|step| step["values"][0] == json!([0, "nan"])), "{lines:?}");
    assert_eq!(lines.last().unwrap()["event"], "failed");
    let lines =
        json_lines(&["--steps", "12", "--set", "model.init=normal 1e17", "--set", "model.layers=linear 9, linear 10"]);
    let losses: Vec<&Value> = of(&lines, "step").iter().map(|step| &step["values"][0][1]).collect();
    assert!(losses.iter().any(|loss| loss.as_f64().is_some_and(|loss| loss > 1e30)), "{losses:?}");
}

/// Asks an engine for one thing after the other and then to stop; all that it said, each event checked.
fn conversation(spec: RunSpec, commands: &[Command]) -> Vec<Event> {
    let mut handle = spawn(RunSpec { delivery: Delivery::Wait, ..spec }).unwrap();
    let mut said = Vec::new();
    let commands = commands.iter().chain([&Command::Stop]);
    for (id, command) in (0..).map(CommandId).zip(commands) {
        let request = Request { id, command: command.clone() };
        if request.command != Command::Unknown {
            Schema::strict().check(&written(&request)).unwrap();
        }
        handle.requests.send(request.into()).unwrap();
        let is_answer = |event: &Event| match event {
            Event::Applied { id: answered, .. } | Event::Rejected { id: answered, .. } => *answered == id,
            _ => false,
        };
        while !said.iter().any(is_answer) {
            said.extend(handle.events.blocking_recv().expect("the engine is still there"));
        }
    }
    while let Some(events) = handle.events.blocking_recv() {
        said.extend(events);
    }
    let strict = Schema::strict();
    for event in &said {
        let line = written(event);
        strict.check(&line).unwrap();
        assert_eq!(Message::read(&line).unwrap().written(), line);
    }
    assert!(matches!(said.last(), Some(Event::Stopped { .. })));
    said
}

/// A run that is paused before it begins to be interesting.
fn run(layers: &[&str]) -> RunSpec {
    let mut spec = small_run();
    spec.train.network.layers = layers.iter().map(|layer| layer.parse().unwrap()).collect();
    (spec.train.steps, spec.throttle) = (Some(1000), Some(20.0));
    spec
}

fn inspect(query: Query) -> Command {
    Command::Inspect { query }
}

/// The words of the answers among what was said.
fn answers(said: &[Event]) -> BTreeSet<&'static str> {
    let answer = |event: &Event| if let Event::Inspection(found) = event { Some(found.answer.word()) } else { None };
    said.iter().filter_map(answer).collect()
}

fn samples(split: SplitName) -> Query {
    Query::Samples { split, show: SampleFilter::Mistakes, order: SampleOrder::Loss, first: 0, count: 5 }
}

/// Everything that can be asked of a network of linear layers on images.
fn about_images() -> Vec<Command> {
    let trace = |sample, layer| inspect(Query::Trace { sample, layer });
    vec![
        inspect(Query::Layer { layer: 0 }),
        trace(SampleChoice::Row { row: 1 }, 0),
        trace(SampleChoice::NextMistake { after: None }, 1),
        trace(SampleChoice::NextMistake { after: Some(3) }, 2),
        trace(SampleChoice::Hardest, 3),
        trace(SampleChoice::Dataset { split: SplitName::Test, index: 7 }, 3),
        inspect(samples(SplitName::Test)),
        inspect(Query::Samples {
            split: SplitName::Train,
            show: SampleFilter::All,
            order: SampleOrder::Index,
            first: 7,
            count: 2,
        }),
        inspect(Query::Confusion { split: SplitName::Test }),
        inspect(Query::Filters { layer: 0, first: 2, count: 3 }),
    ]
}

#[test]
fn steering_is_valid() {
    let set = |key: &str, value| Command::Set { key: key.into(), value };
    let steering = [
        Command::Pause,
        set("optimizer.lr", 5e-4),
        set("optimizer.lr", -1.0),
        set("optimizer.lrr", 0.1),
        Command::SetSchedule { schedule: "cosine warmup 10".into() },
        Command::Evaluate,
        Command::AdvancePhase,
        Command::AdvancePhase,
        Command::Watch { queries: vec![Query::Layer { layer: 0 }, samples(SplitName::Test)] },
        Command::Advance { count: 2 },
        Command::Watch { queries: Vec::new() },
        Command::SetThrottle { steps_per_second: None },
        Command::AdvanceEpoch,
        Command::SetThrottle { steps_per_second: Some(1e5) },
        Command::Extend { epochs: 1 },
        Command::Save,
        Command::SkipMinibatch,
        Command::Silence { kind: TroubleKind::Spike, layer: None },
        Command::Rewind { step: 2, branch: None },
        Command::RenameBranch(BranchName { branch: BranchId(0), name: "first".into() }),
        Command::DeleteBranch { branch: BranchId(0) },
        Command::Cancel,
        Command::TestLearningRates(RangeTestPlan::default()),
        Command::Unknown,
        inspect(Query::Layer { layer: 99 }),
        Command::Resume,
        Command::Advance { count: 2000 },
    ];
    let missing: Vec<&str> = Command::known()
        .into_iter()
        .filter(|word| !["inspect", "stop"].contains(word))
        .filter(|word| !steering.iter().any(|command| command.word() == *word))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let said = conversation(run(&["linear 16", "relu", "linear 10"]), &steering);
    let seen: BTreeSet<&str> = said.iter().map(Named::word).collect();
    let unseen: Vec<&str> = Event::known().into_iter().filter(|word| !seen.contains(word)).collect();
    // What the engine never says, what it says only in trouble, and what depends on the network.
    let rare = ["branch_deleted", "failed", "finding", "metrics", "saved", "thinned"];
    assert!(unseen.iter().all(|word| rare.contains(word)), "{unseen:?}");
    let rejected = said.iter().filter(|event| matches!(event, Event::Rejected { .. })).count();
    assert_eq!(rejected, 6, "a value, a key, a save, a branch that it comes from, a command and a query");
}

#[test]
fn a_run_without_its_data_is_valid() {
    let mut spec = run(&["linear 10"]);
    spec.data.source = Source::Path("/nowhere".into());
    let said = conversation(spec, &[Command::Resume, inspect(Query::Points)]);
    assert!(said.iter().any(|event| matches!(event, Event::Failed(failure) if failure.what.contains("nowhere"))));
    assert_eq!(said.iter().filter(|event| matches!(event, Event::Rejected { .. })).count(), 2);
}

#[test]
fn every_answer_is_valid() {
    let paused = |more: Vec<Command>| [vec![Command::Pause, Command::Advance { count: 2 }], more].concat();
    let check = inspect(Query::GradientCheck { layer: 0 });
    let walk = [Command::AdvancePhase, inspect(Query::Trace { sample: SampleChoice::Row { row: 0 }, layer: 0 })];
    let hardest = inspect(Query::Trace { sample: SampleChoice::Hardest, layer: 1 });
    let images = [about_images(), walk.to_vec(), vec![hardest, check]].concat();
    let mut seen = answers(&conversation(run(&["linear 16", "relu", "linear 12", "linear 10"]), &paused(images)));

    let layers =
        ["conv 4 3x3 stride 2 pad 1", "batchnorm", "relu", "residual [conv 4 3x3 pad 1, batchnorm]", "linear 10"];
    let about_layers = (0..5).flat_map(|layer| {
        let trace = Query::Trace { sample: SampleChoice::Row { row: 0 }, layer };
        [inspect(Query::Layer { layer }), inspect(trace)]
    });
    let filters = inspect(Query::Filters { layer: 0, first: 0, count: 9 });
    let maps = inspect(Query::FeatureMaps { sample: SampleChoice::Hardest, layer: 2, first: 1, count: 2 });
    seen.extend(answers(&conversation(run(&layers), &paused(about_layers.chain([filters, maps]).collect()))));

    let mut plane = run(&["linear 8", "tanh", "linear 3"]);
    plane.data.source = Source::parse("spirals");
    let about_points = vec![
        inspect(Query::Points),
        inspect(Query::Boundary { columns: 7, rows: 5 }),
        inspect(Query::Units { layer: 1, columns: 7, rows: 5 }),
        inspect(samples(SplitName::Train)),
    ];
    seen.extend(answers(&conversation(plane, &paused(about_points))));
    assert_eq!(seen, Answer::known());
}

#[test]
fn answers_about_a_broken_network_are_valid() {
    let mut spec = run(&["linear 16", "relu", "linear 12", "linear 10"]);
    spec.train.network.init = Init::Normal { std: 1e38 };
    // The pause may come before the first minibatch, whose loss breaks the run; either way it is paused then.
    let commands = [vec![Command::Pause, Command::Advance { count: 1 }, Command::Evaluate], about_images()].concat();
    let said = conversation(spec, &commands);
    let is_broken = |event: &Event| matches!(event, Event::State(change) if change.state == RunState::Paused && change.reason.is_some());
    assert!(said.iter().any(is_broken), "{said:?}");
    let text = written(&said).to_string();
    assert!(text.contains("\"nan\"") && text.contains("\"inf\"") && !text.contains("null"));
    assert!(!said.iter().any(|event| matches!(event, Event::Phase(walk) if walk.phase != Phase::Between)));
}
