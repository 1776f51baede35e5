//! A reader of today takes what a writer of tomorrow sends.

use std::collections::BTreeMap;

use gradtop::protocol::{
    Command, CommandId, Event, LayerInfo, LayerKind, LayerRole, MetricInfo, Query, Request, Setting, Unit,
};
use serde_json::{Value, json};

use super::{Message, page::examples, places, schema::Schema, with};

/// The one object whose keys are the source's own.
const SETTINGS: &str = "/settings";

#[test]
fn invented_fields_are_ignored_everywhere() {
    let (published, strict) = (Schema::published(), Schema::strict());
    for (line, example) in examples() {
        let before = Message::read(&example).unwrap().written();
        let mut all = example.clone();
        for place in places(&example) {
            if !example.pointer(&place).unwrap().is_object() || place.ends_with(SETTINGS) {
                continue;
            }
            let invent =
                |part: &mut Value| drop(part.as_object_mut().unwrap().insert("invented".into(), json!({"x": [1]})));
            let one = with(&example, &place, invent);
            all = with(&all, &place, invent);
            for invented in [&one, &all] {
                let read = Message::read(invented).unwrap_or_else(|error| panic!("line {line}, {place}: {error}"));
                assert_eq!(read.written(), before, "line {line}, {place}");
            }
            published.check(&one).unwrap();
            assert!(strict.check(&one).is_err(), "line {line}, {place}");
        }
    }
}

/// A field with words, and what a reader makes of one that it does not know.
struct Words {
    /// The end of the field's place.
    field: &'static str,
    becomes: &'static str,
    /// What remains of the object if the word says what it is; `None` if everything does.
    keeps: Option<&'static [&'static str]>,
}

const fn word(field: &'static str) -> Words {
    Words { field, becomes: "unknown", keeps: None }
}

const fn kind(field: &'static str, keeps: &'static [&'static str]) -> Words {
    Words { field, becomes: "unknown", keeps: Some(keeps) }
}

const WORDS: [Words; 18] = [
    kind("/event", &["event"]),
    kind("/command", &["command", "id"]),
    kind("/query/of", &["of"]),
    kind("/answer/of", &["of"]),
    kind("/pass/kind", &["kind"]),
    kind("/sample/choice", &["choice"]),
    kind("/phase/phase", &["phase"]),
    kind("/phase", &["event", "step", "minibatch", "phase"]),
    Words { field: "/role", becomes: "other", keeps: None },
    word("/notes/0/kind"),
    word("/state"),
    word("/health"),
    word("/better"),
    word("/by"),
    word("/split"),
    word("/order"),
    word("/show"),
    word("/verdict"),
];

#[test]
fn invented_words_and_kinds_become_unknown_and_the_rest_is_read() {
    let mut met: BTreeMap<&str, u32> = BTreeMap::new();
    for (line, example) in examples() {
        for place in places(&example) {
            let is_word = example.pointer(&place).unwrap().is_string();
            let Some(words) = WORDS.iter().find(|words| is_word && place.ends_with(words.field)) else { continue };
            *met.entry(words.field).or_default() += 1;
            let invented = with(&example, &place, |word| *word = json!("invented"));
            let read = Message::read(&invented).unwrap_or_else(|error| panic!("line {line}, {place}: {error}"));
            let expected = with(&example, &place, |word| *word = json!(words.becomes));
            let (object, _) = place.rsplit_once('/').unwrap();
            let expected = with(&expected, object, |object| {
                let keeps = |key: &String| words.keeps.is_none_or(|keeps| keeps.contains(&key.as_str()));
                object.as_object_mut().unwrap().retain(|key, _| keeps(key));
            });
            assert_eq!(read.written(), expected, "line {line}, {place}");
        }
    }
    assert_eq!(met.len(), WORDS.len(), "every field was met: {met:?}");
    let capabilities = json!({"event": "hello", "protocol": 3, "capabilities": ["pause", "fly", "inspect"]});
    let read = Message::read(&capabilities).unwrap().written();
    assert_eq!(read["capabilities"], json!(["pause", "unknown", "inspect"]));
}

#[test]
fn an_unknown_command_keeps_the_number_under_which_it_is_rejected() {
    for command in [
        json!({"id": 7, "command": "fly", "to": {"branch": 1, "step": [2, 3]}}),
        json!({"command": "fly", "id": 7}),
        json!({"to": 1.5, "id": 7, "command": "fly", "why": null}),
    ] {
        let Message::Request(read) = Message::read(&command).unwrap() else { panic!("{command}") };
        assert_eq!(read, Request { id: CommandId(7), command: Command::Unknown });
    }
    let unknown = json!({"id": 8, "command": "inspect", "query": {"of": "attention", "head": 3}});
    let Message::Request(read) = Message::read(&unknown).unwrap() else { panic!("{unknown}") };
    assert_eq!(read, Request { id: CommandId(8), command: Command::Inspect { query: Query::Unknown } });
    // Among queries that are known, too.
    let watched =
        json!({"id": 9, "command": "watch", "queries": [{"of": "points"}, {"of": "attention", "heads": [1]}]});
    let Message::Request(read) = Message::read(&watched).unwrap() else { panic!("{watched}") };
    assert_eq!(read.command, Command::Watch { queries: vec![Query::Points, Query::Unknown] });
}

#[test]
fn invented_events_are_events() {
    for event in [
        json!({"event": "weather"}),
        json!({"event": "weather", "step": 3, "wind": {"from": "north", "speed": [1, 2.5, null]}}),
        json!({"wind": [[]], "event": "weather"}),
    ] {
        assert!(matches!(Message::read(&event), Ok(Message::Event(Event::Unknown))), "{event}");
    }
}

#[test]
fn invented_layers_and_units_are_kept_as_they_are() {
    let layer = json!({
        "path": "encoder.0", "kind": "Mamba2", "role": "scan", "parameters": 12, "text": "Mamba2 64",
        "settings": {"state": 64, "chunked": true, "gate": "silu", "rate": 0.5, "heads": [4, [2, "x"]]},
    });
    let read: LayerInfo = serde_json::from_value(layer.clone()).unwrap();
    assert_eq!(read.role, LayerRole::Other);
    let LayerKind::Other { kind, settings } = &read.kind else { panic!("{read:?}") };
    assert_eq!((kind.as_str(), &settings["state"], settings.len()), ("Mamba2", &Setting::Count(64), 5));
    assert_eq!(super::written(&read), with(&layer, "/role", |role| *role = json!("other")));
    // A kind that is known, with settings that make something else of it.
    let settings = json!({"path": "0", "kind": "linear", "settings": {"units": "as many as there are"}});
    let read: LayerInfo = serde_json::from_value(settings.clone()).unwrap();
    assert!(matches!(&read.kind, LayerKind::Other { kind, settings } if kind == "linear" && settings.len() == 1));

    // A setting that this version does not know: what it computed without it would be false.
    for (kind, settings) in [
        ("conv", json!({"channels": 8, "kernel": 3, "dilation": 2})),
        ("conv", json!({"channels": 8, "kernel": 3, "stride": "two"})),
        ("linear", json!({"units": 8, "bias": false})),
        ("batchnorm", json!({"eps": 1e-3})),
    ] {
        let layer = json!({"path": "0", "kind": kind, "role": "weights", "text": "", "settings": settings});
        let read: LayerInfo = serde_json::from_value(layer.clone()).unwrap();
        assert!(matches!(&read.kind, LayerKind::Other { kind: other, .. } if other == kind), "{layer}");
        assert_eq!(super::written(&read), layer);
    }
    // Values of settings that are none of today's.
    let odd = json!({"path": "0", "kind": "LSTM", "settings": {"device": null, "tied": {"to": 1}, "size": [1, null]}});
    let read: LayerInfo = serde_json::from_value(odd).unwrap();
    let LayerKind::Other { settings, .. } = &read.kind else { panic!("{read:?}") };
    assert_eq!((&settings["device"], &settings["tied"]), (&Setting::Unknown, &Setting::Unknown));
    assert_eq!(settings["size"], Setting::List(vec![Setting::Count(1), Setting::Unknown]));
    assert_eq!(read.parameters, None, "not told is not 0");

    let metric = json!({"id": 0, "tag": "a/b/c", "title": "c", "unit": "furlongs", "better": "none"});
    let read: MetricInfo = serde_json::from_value(metric.clone()).unwrap();
    assert_eq!(read.unit, Unit::Named("furlongs".into()));
    assert_eq!(super::written(&read), metric);
}
