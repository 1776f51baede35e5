//! What is shown of a minibatch: the same numbers as `gradtop grads`, as text and as JSON; the problems to watch.

use std::{fs, num::NonZeroUsize, ops::ControlFlow, process::Command, sync::Arc};

use gradtop::{
    dataset::{self, Batches, DataSpec},
    nn::NetworkSpec,
    optim::Schedule,
    protocol::{
        Answer, Event, Inspection, Query, SampleChoice,
        inspection::{LayerTrace, TensorSlice, Trace},
        metric::TEST_ACCURACY,
    },
    tensors::{Precision, Tensors, Writer},
    train::{BatchSize, HealthSettings, TrainSpec, Trainer},
};

use super::{
    engine::{measured, small_run},
    grads::batch,
};

fn gradtop(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_gradtop")).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn trace(trainer: &mut Trainer, row: usize, layer: usize) -> Trace {
    let query = Query::Trace { sample: SampleChoice::Row { row }, layer };
    match trainer.inspect(&query).unwrap() {
        Answer::Trace(trace) => *trace,
        other => panic!("{other:?}"),
    }
}

/// The numbers of a trace and those of `gradtop grads` for the same weights and batch.
fn agree(layers: &[&str], samples: usize) {
    let data = Arc::new(dataset::load(&DataSpec::default(), &mut |_, _| ControlFlow::Continue(())).unwrap());
    let spec = TrainSpec {
        batch_size: BatchSize::Exactly(samples),
        threads: NonZeroUsize::new(2).unwrap(),
        network: NetworkSpec {
            layers: layers.iter().map(|layer| layer.parse().unwrap()).collect(),
            ..NetworkSpec::default()
        },
        schedule: Schedule::default(),
        health: HealthSettings::default(),
        ..small_run().train
    };
    let mut trainer = Trainer::new(&spec, Arc::clone(&data)).unwrap();
    for _ in 0..3 {
        trainer.step().unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut weights = Writer::new(Precision::F32);
    for parameter in trainer.network().parameters() {
        let values = parameter.value.iter().map(|&value| f64::from(value));
        weights.push(parameter.full_name(), parameter.shape.dimensions(), values);
    }
    fs::write(path("w"), weights.finish("").unwrap()).unwrap();
    let mut batches = Batches::new(data.train.len(), samples, spec.seed).unwrap();
    let indices = batches.indices(3);
    let (mut x, mut labels) = (vec![0.0_f32; samples * data.features()], vec![0; samples]);
    data.train.gather(indices, &mut x);
    data.train.gather_labels(indices, &mut labels);
    fs::write(path("b"), batch(&[samples, 1, 28, 28], &x, &labels)).unwrap();
    let listed = layers.iter().map(|layer| format!("{layer:?}")).collect::<Vec<_>>().join(", ");
    let set = format!("model.layers=[{listed}]");
    let files = [path("w"), path("b"), path("g")];
    let run = ["grads", "--set", &set, "--weights", &files[0], "--batch", &files[1], "--out", &files[2]];
    let (status, _, complaint) = gradtop(&run);
    assert_eq!(status, Some(0), "{complaint}");
    let found = Tensors::open(files[2].as_ref()).unwrap();
    let tensor = |name: &str| found.floats(name, found.shape(name).unwrap()).unwrap();
    let row = 5;
    // What is shown is the beginning of what is there.
    let same = |shown: &Option<TensorSlice>, name: &str| {
        let values: Vec<f64> = shown.as_ref().unwrap().values.iter().map(|&value| f64::from(value)).collect();
        let all = tensor(name);
        let length = all.len() / samples;
        assert_eq!(values, all[row * length..][..values.len()], "{name}");
    };
    for layer in 0..layers.len() {
        let shown = trace(&mut trainer, row, layer);
        assert_eq!(shown.batch_loss.unwrap() as f32, tensor("loss")[0] as f32);
        assert_eq!(shown.sample.index, indices[row] as usize);
        let LayerTrace { output, output_gradient, input_gradient, .. } = &shown.selected;
        same(output, &format!("activation.{layer}"));
        same(output_gradient, &format!("gradient.activation.{layer}"));
        let before = layer.checked_sub(1).map_or("input".into(), |before| format!("activation.{before}"));
        same(input_gradient, &format!("gradient.{before}"));
        for entry in &shown.selected.largest {
            let name = format!("gradient.{layer}.{}", entry.parameter);
            let place = entry.index.iter().zip(found.shape(&name).unwrap()).fold(0, |at, (i, length)| at * length + i);
            assert_eq!(entry.gradient, tensor(&name)[place], "{name}");
        }
        if let Some(unit) = &shown.selected.unit {
            let (name, inputs) = (format!("gradient.{layer}.weight"), unit.weights.len());
            assert_eq!(unit.weight_gradient.unwrap(), tensor(&name)[unit.unit * inputs + unit.input]);
            assert_eq!(unit.bias_gradient.unwrap(), tensor(&format!("gradient.{layer}.bias"))[unit.unit]);
        }
        for parameter in &shown.selected.parameters {
            let gradient = parameter.gradient.as_ref().unwrap();
            let all = tensor(&format!("gradient.{layer}.{}", parameter.name));
            assert_eq!(f64::from(gradient.values[0]), all[0]);
            let norm = all.iter().map(|value| value * value).sum::<f64>().sqrt();
            assert!((parameter.gradient_norm.unwrap() - norm).abs() <= 1e-12 * norm);
        }
    }
}

#[test]
fn inspected_numbers_are_those_of_grads_for_the_same_batch() {
    agree(&["linear 20", "relu", "linear 16", "gelu", "linear 10"], 50);
    let image = ["conv 16 3x3 stride 2 pad 1", "batchnorm", "relu", "conv 16 3x3 pad 1", "maxpool 2"];
    agree(&[&image[..], &["residual [conv 16 3x3 pad 1, batchnorm, relu]", "flatten", "linear 10"]].concat(), 20);
}

#[test]
fn a_minibatch_is_printed_for_people_and_for_programs() {
    let set = ["--set", "model.layers=linear 12, relu, linear 10", "--set", "run.batch_size=20"];
    let run = |more: &[&str]| gradtop(&[&["inspect", "--at", "3"][..], &set, more].concat());
    let (status, text, complaint) = run(&["--sample", "hardest", "--layer", "2"]);
    assert_eq!(status, Some(0), "{complaint}");
    for words in [
        "minibatch 4 of 20 samples",
        "› 2 linear 10",
        "softmax",
        "layer 2, linear 10",
        "weight [10, 12]",
        "largest gradients",
        "∂L/∂x",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 110 && line == line.trim_end()), "{text}");
    let narrow = ["inspect", "--set", "model.layers=linear 3, relu, linear 10", "--sample", "test 7", "--layer", "0"];
    let (status, text, complaint) = gradtop(&narrow);
    assert_eq!(status, Some(0), "{complaint}");
    let cut = |name: &str| {
        let value = text.lines().skip_while(|line| !line.trim_start().starts_with(name)).nth(1);
        value.map(|line| (line.trim_start().starts_with("value"), line.ends_with('…')))
    };
    assert_eq!((cut("weight ["), cut("bias [3]")), (Some((true, true)), Some((true, false))), "{text}");
    let (status, json, _) = run(&["--json", "--sample", "test:7", "--layer", "1"]);
    assert_eq!((status, json.lines().count()), (Some(0), 1));
    let found: Inspection = serde_json::from_str(&json).unwrap();
    let Answer::Trace(trace) = &found.answer else { panic!() };
    assert_eq!((found.step, trace.sample.index, trace.selected.layer, trace.layers.len()), (3, 7, 1, 3));
    assert_eq!(serde_json::to_string(&found).unwrap(), json.trim_end());
    for (more, words) in [
        (&["--layer", "3"][..], "there is no layer 3; valid: 0 (linear 12), 1 (relu), 2 (linear 10)"),
        (&["--sample", "20"], "there is no row 20; valid: 0 to 19"),
        (&["--sample", "worst"], "valid: a row of the minibatch"),
        (&["--at", "9999999"], "valid: 0 to "),
    ] {
        let (status, out, complaint) = gradtop(&[&["inspect"][..], &set, more].concat());
        assert_eq!((status, out.as_str()), (Some(2), ""), "{complaint}");
        assert!(complaint.contains(words), "{complaint}");
    }
}

#[test]
fn the_problems_to_watch_are_learnt_in_half_a_minute_at_their_pace() {
    for preset in ["spirals", "circles", "xor", "moons"] {
        // 40 minibatches a second.
        let (status, text, complaint) = gradtop(&["train", "--preset", preset, "--json", "--threads", "1"]);
        assert_eq!(status, Some(0), "{complaint}");
        let events: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let shape = events
            .iter()
            .find_map(|event| if let Event::Ready(info) = event { info.data.clone()?.shape } else { None });
        assert_eq!(shape, Some(vec![2]));
        let accuracies: Vec<(u64, f64)> = events
            .iter()
            .filter_map(|event| match event {
                Event::Evaluation(test) => Some((test.step, measured(&test.values, TEST_ACCURACY)?)),
                _ => None,
            })
            .collect();
        let at = |step: u64| accuracies.iter().take_while(|(at, _)| *at <= step).last().unwrap().1;
        // The boundary still bends after a few seconds, and is there before a minute is over.
        assert!(at(75) < 0.95 && at(1300) > 0.96 && accuracies.last().unwrap().1 > 0.97, "{preset}: {accuracies:?}");
    }
    let (_, listed, _) = gradtop(&["presets"]);
    assert!(listed.contains("On points in the plane") && listed.lines().any(|line| line.trim() == "spirals"));
}

#[test]
fn inputs_are_told_by_the_names_of_their_columns() {
    let arguments = ["inspect", "--data", "moons", "--set", "model.layers=linear 4, tanh, linear 2"];
    let (status, text, error) = gradtop(&arguments);
    assert_eq!(status, Some(0), "{error}");
    let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(words.iter().any(|line| line.starts_with(&["input", "file", "x"])), "{text}");
    assert!(words.iter().any(|line| line.len() == 4 && line.starts_with(&["x[1]", "y"])), "{text}");
    assert!(text.lines().any(|line| line.starts_with("weight[") && line.ends_with("  x")), "{text}");
    let (status, json, error) = gradtop(&[&arguments[..], &["--json"]].concat());
    assert_eq!(status, Some(0), "{error}");
    let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(answer["columns"][1]["name"], "y", "{json}");
    assert!(serde_json::from_str::<Inspection>(&json).is_ok(), "the answer is read as before");
}
