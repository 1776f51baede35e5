//! A run on a table: notes on the data, names of columns, values in the units of the file.

use super::{
    THEME,
    fixture::{self, hear, press},
    inside::Network,
    looks::{SIZES, compare, hostile},
    screen, text,
    traces::STEP,
};
use crate::{
    app::App,
    protocol::{
        Answer, ColumnInfo, DataInfo, DataNote, DataNoteKind, Event, Failure, Phase, Query, RunInfo, RunState,
        inspection::{ClassifiedSample, ConfusionMatrix, SamplePage, SplitName},
    },
};

/// Names, means and deviations of the columns.
const COLUMNS: [(&str, f64, f64); 13] = [
    ("alcohol", 13.0, 0.81),
    ("malic_acid", 2.34, 1.12),
    ("ash", 2.37, 0.274),
    ("alcalinity_of_ash", 19.5, 3.33),
    ("magnesium", 99.7, 14.2),
    ("total_phenols", 2.3, 0.624),
    ("flavanoids", 2.03, 0.996),
    ("nonflavanoid_phenols", 0.362, 0.124),
    ("proanthocyanins", 1.59, 0.571),
    ("color_intensity", 5.06, 2.31),
    ("hue", 0.957, 0.228),
    ("od280/od315_of_diluted_wines", 2.61, 0.708),
    ("proline", 747.0, 314.0),
];

const NOTES: [(DataNoteKind, &str); 2] = [
    (DataNoteKind::LeftOut, "wine.csv: the first column has no name and counts 0, 1, 2, …"),
    (
        DataNoteKind::Suspicious,
        "wine.csv: proline is up to 1,680 in the training rows and 2.3 in the test rows, which looks like another unit",
    ),
];

/// Wine as a source describes it.
pub(super) fn data() -> DataInfo {
    let column = |(name, offset, scale): (&str, f64, f64)| ColumnInfo {
        name: name.into(),
        offset: Some(offset),
        scale: Some(scale),
    };
    let note = |(kind, text): (DataNoteKind, &str)| DataNote { kind, text: text.into() };
    DataInfo {
        name: "wine.csv".into(),
        train: Some(142),
        test: Some(36),
        shape: Some(vec![13]),
        columns: COLUMNS.map(column).to_vec(),
        notes: NOTES.map(note).to_vec(),
        ..DataInfo::default()
    }
}

fn info() -> RunInfo {
    RunInfo { batch_size: Some(16), steps_per_epoch: Some(9), ..Network::Wine.spelled() }
}

fn paused(info: RunInfo) -> App {
    let mut app = fixture::loading();
    hear(&mut app, [Event::Ready(Box::new(info)), fixture::controls(1e-3, Some(40.0))]);
    hear(&mut app, [fixture::state(RunState::Running, 0, None)]);
    hear(&mut app, (1..=STEP).map(|step| Event::Step(fixture::report(step))));
    hear(&mut app, [fixture::state(RunState::Paused, STEP, None)]);
    app
}

/// Presses keys and answers what is then wanted.
fn look(app: &mut App, keys: &str) {
    press(app, keys);
    for query in app.wanted_queries() {
        let answer = match query {
            Query::Trace { sample, layer } => {
                Answer::Trace(Box::new(Network::Wine.trace(sample, layer, Phase::Between)))
            }
            Query::Samples { split, first, count, .. } => Answer::Samples(page(split, first, count)),
            Query::Confusion { .. } => {
                Answer::Confusion(ConfusionMatrix { evaluated: STEP, classes: 3, counts: vec![5; 9] })
            }
            _ => Answer::Nothing { reason: "not made up".into() },
        };
        hear(app, [fixture::inspection(STEP, query, answer)]);
    }
}

fn page(split: SplitName, first: usize, count: usize) -> SamplePage {
    let samples = if split == SplitName::Test { 36 } else { 142 };
    let entry = |index: usize| ClassifiedSample {
        index,
        class: index % 3,
        predicted: if index.is_multiple_of(5) { 1 } else { index % 3 },
        confidence: 0.75,
        loss: 0.3,
        picture: None,
        values: (0..8).map(|i| (3.0 * fixture::noise((index * 13 + i) as u64)) as f32).collect(),
    };
    let entries = (first..(first + count).min(samples)).map(entry).collect();
    SamplePage { evaluated: STEP, samples, mistakes: 4, entries }
}

#[test]
fn notes_are_findings_from_the_start() {
    let mut app = paused(info());
    compare("table_overview", &mut app, &SIZES[1..]);
    let shown = text(&screen(&mut app, SIZES[2], THEME));
    assert!(shown.contains("data, worth a look: wine.csv: proline"), "{shown}");
    hear(&mut app, [fixture::finding(STEP, "38 % of the units of layer 2 are dead")]);
    let wide = text(&screen(&mut app, SIZES[0], THEME));
    assert!(wide.contains("notes      2, see findings") && wide.contains("data, left out"), "{wide}");
    // A source that tells its run anew tells its notes anew.
    hear(&mut app, [Event::Ready(Box::new(info()))]);
    assert_eq!((app.run().findings.note_count(), app.run().findings.len()), (2, 3));
}

#[test]
fn samples_and_weights_are_told_by_the_names_of_the_columns() {
    let mut app = paused(info());
    look(&mut app, "3");
    compare("table_inspect", &mut app, &SIZES);
    look(&mut app, "<Down>");
    compare("table_inspect_relu", &mut app, &SIZES[1..2]);
    look(&mut app, "<Down>");
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("x[0]  alcohol"), "{shown}");
    assert!(!shown.contains("malic_…  "), "its inputs are units of the layer before it: {shown}");
    let mut app = paused(info());
    look(&mut app, "4");
    compare("table_data", &mut app, &SIZES);
}

#[test]
fn layers_of_a_table_are_drawn() {
    let mut app = paused(info());
    look(&mut app, "2");
    compare("table_layers", &mut app, &SIZES[1..]);
}

#[test]
fn hostile_columns_and_notes_are_harmless() {
    let mut info = info();
    let data = info.data.as_mut().unwrap();
    for (i, column) in data.columns.iter_mut().enumerate() {
        column.name = format!("{}{}", hostile(), "長".repeat(30 * i));
        column.scale = [Some(1e300), Some(f64::NAN), None, Some(-1e-300)][i % 4];
    }
    data.notes = vec![DataNote { kind: DataNoteKind::Unknown, text: hostile().repeat(40) }; 1000];
    let mut app = paused(info);
    assert_eq!(app.run().findings.note_count(), 32);
    for keys in ["1", "3", "<Tab><Tab>", "4", "1"] {
        look(&mut app, keys);
        for size in SIZES.into_iter().chain([(60, 18)]) {
            let buffer = screen(&mut app, size, THEME);
            assert!(!text(&buffer).contains(['\u{1b}', '\u{202e}', '\u{200d}', '\u{9b}']));
        }
    }
}

#[test]
fn data_that_turn_out_wrong_are_told_whole() {
    let mut app = fixture::loading();
    let folder = "very_long_folder_name/".repeat(6);
    let what = format!(
        "/home/someone/{folder}wine.csv, line 21: the quote that opens in column 3 never closes; a field that holds a \
         quote is written with two of them, and a field that holds a comma between quotes"
    );
    let advice = "close it, or take the quotes away, and begin again".into();
    hear(&mut app, [Event::Failed(Failure { step: 0, what, advice })]);
    compare("table_failed", &mut app, &SIZES[1..]);
    let shown: String = text(&screen(&mut app, SIZES[2], THEME)).split_whitespace().collect();
    assert!(shown.contains("wine.csv,line21") && shown.contains("commabetweenquotes"), "{shown}");
    assert!(shown.contains("beginagain·qleaves"), "{shown}");
}
