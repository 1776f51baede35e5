//! Exports of runs that are written by hand.

use std::{fs, io::Write, ops::ControlFlow, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{html_page, training_figure, write_csv, write_json};
use crate::{
    protocol::{
        BranchId, Change, ChangedBy, DataInfo, Evaluation, Event, Finding, Health, LayerInfo, LayerKind, LayerProbe,
        LayerRole, MetricId, MetricInfo, MetricValue, RunInfo, Setting, StepReport,
        inspection::{ClassifiedSample, ConfusionMatrix, SamplePage, SamplePicture},
        metric,
    },
    runs::{
        Manifest, RunFacts,
        event_log::{EventLog, EventTags, event_files},
        history::{RunHistory, TagSeries},
        info::write_info,
        ledger::LedgerWriter,
        playback::{PlayedUntil, play_events},
        storage::DiskStorage,
    },
    train::{Intervention, LedgerEntry, TestPredictions},
};

/// A name that does harm wherever it is not escaped.
const HOSTILE: &str = "<script>alert(\"1\")</script> & \u{202e}\u{1b}[31m";

fn info() -> RunInfo {
    let metric = |id, tag| MetricInfo::new(id, tag, tag);
    RunInfo {
        data: Some(DataInfo { name: HOSTILE.into(), train: Some(1500), ..DataInfo::default() }),
        layers: vec![LayerInfo {
            path: "0".into(),
            parent: None,
            kind: LayerKind::Linear { units: 3 },
            role: LayerRole::Weights,
            input: None,
            output: Some(vec![3]),
            parameters: Some(9),
            text: HOSTILE.into(),
            equations: None,
        }],
        metrics: vec![metric(0, metric::TRAIN_LOSS), metric(1, metric::TEST_LOSS), metric(2, metric::TEST_ACCURACY)],
        quantities: vec![MetricInfo::new(0, metric::LAYER_GRADIENT_NORM, HOSTILE)],
        ..RunInfo::default()
    }
}

fn step(step: u64, loss: f64) -> Event {
    let layers =
        vec![LayerProbe { layer: 0, values: [MetricValue(MetricId(0), 0.25)].into_iter().collect(), health: None }];
    let values = [MetricValue(MetricId(0), loss)].into_iter().collect();
    Event::Step(StepReport { step, values, layers, ..StepReport::default() })
}

fn evaluation(step: u64, accuracy: f64) -> Event {
    let values = [MetricValue(MetricId(1), 0.5), MetricValue(MetricId(2), accuracy)].into_iter().collect();
    Event::Evaluation(Evaluation { step, values, ..Evaluation::default() })
}

fn change(to: f64) -> Change {
    let key = "optimizer.lr".into();
    Change { key, from: Some(Setting::Number(0.1)), to: Setting::Number(to), by: Some(ChangedBy::Viewer) }
}

fn finding(step: u64) -> Event {
    let (what, advice) = (HOSTILE.into(), format!("advice {HOSTILE}"));
    Event::Finding(Finding { step, health: Health::Bad, layer: None, what, advice, trouble: None })
}

/// A run with an event file for each list of events.
fn make_run(entries: &[LedgerEntry], files: &[&[Event]]) -> TempDir {
    let run = TempDir::new().unwrap();
    let facts = RunFacts {
        name: HOSTILE.into(),
        began: "2026-11-30T09:12:44Z".into(),
        program: "gradtop 0.1.0".into(),
        instructions: "avx2".into(),
        platform: "x86_64-linux-gnu".into(),
        data_sha256: "ab".into(),
        given_weights: false,
    };
    let manifest = Manifest::new(facts, "[run]\nseed = 7\n# <b>\n").unwrap();
    fs::write(run.path().join("run.toml"), manifest.text).unwrap();
    write_info(&DiskStorage, run.path(), &info()).unwrap();
    let mut ledger = LedgerWriter::create(&DiskStorage, run.path()).unwrap();
    for entry in entries {
        ledger.write(&DiskStorage, entry).unwrap();
    }
    for events in files {
        let mut log = EventLog::create(&DiskStorage, run.path(), EventTags::of(&info())).unwrap();
        for event in *events {
            log.record(event).unwrap();
        }
        log.finish().unwrap();
    }
    run
}

fn changed(step: u64) -> LedgerEntry {
    LedgerEntry { step, branch: BranchId(0), what: Intervention::Change(change(0.05)) }
}

fn read(run: &Path) -> RunHistory {
    RunHistory::read(&DiskStorage, run).unwrap()
}

/// The same, of whose three classes the last has no sample, with mistakes on an image in grey, one in colour and two
/// numbers.
fn with_predictions(history: RunHistory) -> RunHistory {
    let sample = |picture, values: &[f32]| ClassifiedSample {
        index: 5,
        class: 0,
        predicted: 2,
        confidence: 0.9,
        loss: 2.5,
        picture,
        values: values.to_vec(),
    };
    let picture = |channels, height, width, pixels: &[u8]| {
        Some(SamplePicture { channels, height, width, pixels: pixels.to_vec() })
    };
    let entries = vec![
        sample(picture(1, 1, 2, &[10, 200]), &[]),
        sample(picture(3, 2, 1, &[1, 2, 3, 4, 5, 6]), &[]),
        sample(None, &[1.5, -2.0]),
    ];
    let predictions = TestPredictions {
        confusion: ConfusionMatrix { evaluated: 2, classes: 3, counts: vec![2, 0, 1, 5, 1, 0, 0, 0, 0] },
        worst: SamplePage { evaluated: 2, samples: 9, mistakes: 6, entries },
    };
    let mut history = RunHistory { predictions: Some(predictions), ..history };
    if let Some(data) = history.info.as_mut().and_then(|info| info.data.as_mut()) {
        data.classes = vec![HOSTILE.into(), "b".into()];
    }
    history
}

/// A run that shows everything.
fn usual_run() -> TempDir {
    let changes = Event::Changed { step: 1, change: change(0.05) };
    make_run(&[changed(1)], &[&[step(1, 0.75), changes, finding(1), step(2, f64::NAN), evaluation(2, 0.5)]])
}

#[test]
fn everything_that_was_recorded_is_read() {
    let run = usual_run();
    let history = read(run.path());
    let tags: Vec<&str> = history.series.iter().map(|series| series.tag.as_str()).collect();
    assert_eq!(tags, ["train/loss", "test/loss", "test/accuracy", "layer/0/gradient_norm"]);
    assert_eq!(history.points("test/accuracy"), [(2, 0.5)]);
    assert!(history.points("nothing").is_empty());
    assert_eq!((history.findings.len(), history.findings[0].what.as_str()), (1, HOSTILE));
    assert_eq!(history.findings[0].advice, format!("advice {HOSTILE}"));
    assert_eq!((history.changes[0].step, history.changes[0].text.as_str()), (1, "lr 0.1 → 0.05"));
    assert_eq!((history.ledger.len(), history.state), (1, None));
    assert_eq!(history.notes, [""; 0]);
}

#[test]
fn steps_that_are_told_again_are_read_once() {
    let run = make_run(&[], &[&[step(1, 1.0), step(2, 0.5), step(3, 0.25), finding(3)], &[step(2, 9.0), finding(3)]]);
    let history = read(run.path());
    // Nothing was done to it, so that both are the same where the program is.
    assert_eq!(history.points("train/loss"), [(1, 1.0), (2, 0.5), (3, 0.25)]);
    assert_eq!(history.findings.len(), 1);
}

#[test]
fn a_run_that_went_another_way_shows_that_way() {
    let first = [step(1, 1.0), step(2, 0.5), evaluation(2, 0.5), step(3, 0.25), finding(3)];
    let run = make_run(&[changed(1)], &[&first, &[step(2, 9.0)]]);
    let history = read(run.path());
    assert_eq!(history.points("train/loss"), [(1, 1.0), (2, 9.0)]);
    assert_eq!((history.points("test/loss"), history.findings.len()), (&[(2, 0.5)][..], 0));
}

#[test]
fn it_is_played_the_way_it_went() {
    let first = [step(1, 0.5), step(2, 0.25), step(3, 0.125)];
    let run = make_run(&[changed(2)], &[&first, &[evaluation(2, 0.5), step(3, 0.75)]]);
    let mut played = Vec::new();
    let notes = play_events(&DiskStorage, run.path(), &info(), None, &mut |event| {
        played.push(match event {
            Event::Step(report) => format!("step {} {}", report.step, report.values[0].1),
            Event::Evaluation(evaluation) => format!("evaluation {}", evaluation.step),
            Event::Changed { step, .. } => format!("changed {step}"),
            other => panic!("{other:?}"),
        });
        ControlFlow::Continue(())
    });
    assert_eq!(notes.unwrap(), [""; 0]);
    assert_eq!(played, ["step 1 0.5", "step 2 0.25", "evaluation 2", "changed 2", "step 3 0.75"]);
    // What was done at a step after its checkpoint is left to whoever goes on from there.
    let mut marks = 0;
    let until = Some(PlayedUntil { branch: BranchId(0), step: 2, changes: 0 });
    play_events(&DiskStorage, run.path(), &info(), until, &mut |event| {
        marks += usize::from(matches!(event, Event::Changed { .. }));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(marks, 0);
}

#[test]
fn what_is_damaged_is_left_out_and_said() {
    let run = usual_run();
    let events = event_files(&DiskStorage, run.path()).unwrap().remove(0);
    let whole = fs::read(&events).unwrap();
    fs::write(&events, &whole[..whole.len() - 3]).unwrap();
    fs::write(run.path().join("ready.json"), "{").unwrap();
    fs::OpenOptions::new().append(true).open(run.path().join("ledger.jsonl")).unwrap().write_all(b"{\"st").unwrap();
    fs::create_dir(run.path().join("events.out.tfevents.9999999999")).unwrap();
    let history = read(run.path());
    assert_eq!((history.points("train/loss").len(), history.ledger.len(), history.info.is_none()), (2, 1, true));
    for (note, words) in
        history.notes.iter().zip(["ready.json: ", "4 bytes of the ledger", "within a record", "a folder"])
    {
        assert!(note.contains(words), "{note} has no {words}");
    }
    assert_eq!(history.notes.len(), 4, "{:?}", history.notes);
    let page = html_page(&history);
    assert!(
        page.contains("within a record")
            && page.contains("Not evaluated") == history.points("test/accuracy").is_empty()
    );
    fs::write(run.path().join("ledger.jsonl"), "nothing\n").unwrap();
    assert!(read(run.path()).notes[1].contains("ledger.jsonl:1: "));
    fs::remove_file(run.path().join("run.toml")).unwrap();
    assert!(RunHistory::read(&DiskStorage, run.path()).unwrap_err().to_string().contains("run.toml"));
}

#[test]
fn a_table_has_a_row_for_each_step_and_nothing_where_nothing_was_measured() {
    let series = |tag: &str, points: &[(u64, f32)]| TagSeries { tag: tag.into(), points: points.into() };
    let mut csv = Vec::new();
    let all = [series("a,\"b\"", &[(1, 0.1), (3, f32::NAN)]), series("loss", &[(2, 1e-30), (3, f32::NEG_INFINITY)])];
    write_csv(&mut csv, &all).unwrap();
    assert_eq!(String::from_utf8(csv).unwrap(), "step,\"a,\"\"b\"\"\",loss\n1,0.1,\n2,,1e-30\n3,NaN,-inf\n");
    let mut csv = Vec::new();
    write_csv(&mut csv, &[]).unwrap();
    assert_eq!(csv, b"step\n");
}

#[test]
fn an_object_has_everything_as_it_was_recorded() {
    let run = usual_run();
    let mut text = Vec::new();
    write_json(&mut text, &read(run.path())).unwrap();
    let object: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(object["facts"]["name"], HOSTILE);
    assert_eq!(object["configuration"], json!({ "run": { "seed": 7 } }));
    assert_eq!(object["scalars"]["train/loss"], json!([[1, 0.75], [2, "nan"]]));
    assert_eq!(object["findings"][0]["what"], HOSTILE);
    assert_eq!(object["changes"], json!([[1, "lr 0.1 → 0.05"]]));
    assert_eq!(object["ledger"][0]["step"], 1);
    assert_eq!((&object["state"], &object["notes"]), (&Value::Null, &json!([])));
}

#[test]
fn a_page_escapes_what_comes_from_outside_and_asks_for_nothing() {
    let page = html_page(&with_predictions(read(usual_run().path())));
    let harmless = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; ··[31m";
    // Title and heading, data, layer and quantity, finding and advice, configuration as TOML has it, a class of each row
    // and sample.
    assert!(page.matches(harmless).count() >= 13, "{page}");
    assert!(
        !page.contains("<script") && !page.contains("<b>") && !page.contains('\u{1b}') && !page.contains('\u{202e}')
    );
    assert_eq!(page.matches("src=").count(), page.matches("src=\"data:image/png;base64,").count());
    for outside in ["href=", "url(http", "@import", "<link", "<iframe", "onload"] {
        assert!(!page.contains(outside), "{outside} in {page}");
    }
    assert!(page.contains("default-src 'none'"));
    for text in ["Test accuracy 50.00 %, loss 0.5, after 2 minibatches.", "1,500 training samples", "lr 0.1 → 0.05"] {
        assert!(page.contains(text), "{text} in {page}");
    }
    assert!(page.contains("<td class=\"number\">0.25</td>"), "{page}");
    assert!(!page.contains(">NaN<") && page.contains("url(#training80)"));
}

#[test]
fn a_page_shows_what_became_of_the_test_data() {
    let history = with_predictions(read(usual_run().path()));
    let page = html_page(&history);
    for text in [
        "6 of 9 test samples were taken for another class",
        "<td class=\"number\" style=\"background:rgba(40,110,200,0.40)\">2</td>",
        "<td class=\"number\">66.7 %</td>",
        "<td class=\"number\">–</td>",
        "prediction → truth:",
        "<figcaption>2 → ",
        "<br>90 % sure, loss 2.5<br>test sample 5",
        "<p>1.5, -2</p>",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
    // The pictures are what they were.
    let pngs = page.split("base64,").skip(1).map(|rest| STANDARD.decode(rest.split('"').next().unwrap()).unwrap());
    let pictures: Vec<image::RgbImage> = pngs.map(|png| image::load_from_memory(&png).unwrap().to_rgb8()).collect();
    assert_eq!(pictures.iter().map(image::RgbImage::dimensions).collect::<Vec<_>>(), [(2, 1), (1, 2)]);
    assert_eq!(pictures[0].as_raw(), &[10, 10, 10, 200, 200, 200]);
    assert_eq!(pictures[1].as_raw(), &[1, 3, 5, 2, 4, 6]);
    let many = 41;
    let mut large = history;
    large.predictions.as_mut().unwrap().confusion =
        ConfusionMatrix { evaluated: 2, classes: many, counts: vec![0; many * many] };
    assert!(html_page(&large).contains("The matrix of 41 classes is too large for this page."));
    large.predictions = None;
    assert!(html_page(&large).contains("What the network made of the test data is not in the newest checkpoint."));
}

#[test]
fn every_element_of_a_page_is_closed() {
    let page = html_page(&with_predictions(read(usual_run().path())));
    let mut open = Vec::new();
    for tag in page.split('<').skip(2).map(|rest| rest.split('>').next().unwrap()) {
        let name = tag.split(' ').next().unwrap();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') || ["meta", "img", "br"].contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_figure_has_both_parts_of_the_data_and_a_mark_for_each_change() {
    let many: Vec<Event> = (1..=5000).map(|at| step(at, 1.0 / at as f64 + (at % 2) as f64)).collect();
    let changes = [Event::Changed { step: 100, change: change(0.05) }, evaluation(5000, 0.5)];
    let run = make_run(&[changed(100)], &[&many, &changes]);
    // The second file begins at step 100 of another way: it is a run that was never resumed that is meant here.
    let one = make_run(&[changed(100)], &[&[many.as_slice(), &changes].concat()]);
    assert_eq!(read(run.path()).points("train/loss").len(), 100);
    let figure = training_figure(&read(one.path())).unwrap();
    let [loss, accuracy] = figure.panels.as_slice() else { panic!("{figure:?}") };
    assert_eq!((loss.series.len(), accuracy.series.len()), (2, 1));
    assert_eq!((loss.marks[0].x, loss.marks[0].text.as_str()), (100.0, "lr 0.1 → 0.05"));
    let train = &loss.series[0];
    assert!(train.points.len() <= 240 && train.band.len() == train.points.len());
    assert_eq!(train.points.last().unwrap().0, 5000.0);
    // The mean of the first neighbours, not one wild minibatch, sets the scale.
    assert!(loss.y_most.unwrap() < 1.0, "{:?}", loss.y_most);
    assert_eq!(accuracy.series[0].points, [(5000.0, 50.0)]);
    let nothing = make_run(&[], &[]);
    assert!(training_figure(&read(nothing.path())).is_none());
    assert!(html_page(&read(nothing.path())).contains("Nothing was measured yet."));
}

#[test]
fn evaluations_of_a_long_run_are_thinned_as_minibatches_are() {
    let run = make_run(&[], &[]);
    let earlier = fs::File::create(run.path().join("events.out.tfevents.0000000001.gradtop.0000")).unwrap();
    earlier.set_len(20_000_001).unwrap();
    let mut log = EventLog::create(&DiskStorage, run.path(), EventTags::of(&info())).unwrap();
    for step in 1..=200_000_u64 {
        log.record(&evaluation(step, (step as f64).sin())).unwrap();
    }
    log.finish().unwrap();
    let newest = event_files(&DiskStorage, run.path()).unwrap().pop().unwrap();
    // Each would be some 90 bytes.
    let bytes = fs::metadata(newest).unwrap().len();
    assert!(bytes < 9_000_000, "{bytes}");
}
