//! `docs/protocol.md`: every example is a message, every message has an example, and the schema promises what is read.

use std::collections::BTreeSet;

use gradtop::protocol::{Answer, Command, Event, Query};
use serde_json::{Value, json};

use super::{Message, names::Named, places, schema::Schema, with};

const TEXT: &str = include_str!("../../../docs/protocol.md");

/// The examples of the page, each with the number of its line.
pub fn examples() -> Vec<(usize, Value)> {
    let mut examples = Vec::new();
    let mut lines = TEXT.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        if line == "```json" {
            let (number, message) = lines.next().unwrap();
            let parsed = serde_json::from_str(message).unwrap_or_else(|error| panic!("line {}: {error}", number + 1));
            assert_eq!(lines.next().map(|(_, line)| line), Some("```"), "line {}: one message a block", number + 2);
            examples.push((number + 1, parsed));
        }
    }
    examples
}

/// The part of the page that lists words.
pub fn words() -> &'static str {
    TEXT.split_once("\n## Words\n").unwrap().1
}

/// Whether a message is a `command` or an `event`, and its word.
pub fn kind(message: &Value) -> Option<(&'static str, &str)> {
    ["command", "event"].into_iter().find_map(|kind| Some((kind, message.get(kind)?.as_str()?)))
}

#[test]
fn every_example_is_a_message_as_gradtop_writes_it() {
    let strict = Schema::strict();
    for (line, example) in examples() {
        let message = Message::read(&example).unwrap_or_else(|error| panic!("line {line}: {error}"));
        assert_eq!(message.written(), example, "line {line}");
        strict.check(&example).unwrap_or_else(|error| panic!("line {line}: {error}"));
    }
}

#[test]
fn every_message_has_an_example() {
    let mut seen: [BTreeSet<&str>; 4] = Default::default();
    let [commands, events, queries, answers] = &mut seen;
    let mut answered = BTreeSet::new();
    for (line, example) in examples() {
        match Message::read(&example).unwrap() {
            Message::Request(request) => {
                assert_eq!(example["command"], request.command.word(), "line {line}");
                commands.insert(request.command.word());
                if let Command::Inspect { query } = &request.command {
                    assert_eq!(example["query"]["of"], query.word(), "line {line}");
                    queries.insert(query.word());
                }
            }
            Message::Event(event) => {
                assert_eq!(example["event"], event.word(), "line {line}");
                events.insert(event.word());
                if let Event::Inspection(found) = &event {
                    assert_eq!(example["answer"]["of"], found.answer.word(), "line {line}");
                    answers.insert(found.answer.word());
                    answered.insert(found.query.word());
                }
            }
        }
    }
    assert_eq!(seen, [Command::known(), Event::known(), Query::known(), Answer::known()]);
    assert_eq!(answered, Query::known(), "an answer to every query");
}

/// Values that are wrong in most places.
fn wrong_values() -> [Value; 10] {
    [
        Value::Null,
        json!(true),
        json!(-1),
        json!(0.5),
        json!(256),
        json!(4_294_967_296_u64),
        json!(1e300),
        json!("nan"),
        json!([]),
        json!({}),
    ]
}

/// What the schema allows, gradtop reads: types, and what may be missing.
#[test]
fn what_the_schema_allows_is_read_and_what_it_requires_is_needed() {
    let schema = Schema::published();
    let is_read = |message: &Value| Message::read(message).is_ok();
    let (mut removed, mut refused) = (0, 0);
    for (line, example) in examples() {
        for place in places(&example) {
            let part = example.pointer(&place).unwrap();
            for wrong in wrong_values() {
                let changed = with(&example, &place, |part| *part = wrong.clone());
                let (allowed, read) = (schema.accepts(&changed), is_read(&changed));
                assert!(read || !allowed, "line {line}: {place} may not be {wrong}, but the schema allows it");
                // A number that need not be finite is one in both.
                if part.is_number() && wrong == "nan" {
                    assert_eq!(read, allowed, "line {line}: {place}, {wrong}");
                }
                refused += u32::from(!allowed);
            }
            for key in part.as_object().into_iter().flat_map(serde_json::Map::keys) {
                let without = with(&example, &place, |part| drop(part.as_object_mut().unwrap().remove(key)));
                assert_eq!(is_read(&without), schema.accepts(&without), "line {line}: {place} without {key}");
                removed += u32::from(!is_read(&without));
            }
            if let Some(last) = part.as_array().and_then(|list| list.last()) {
                let longer = with(&example, &place, |part| part.as_array_mut().unwrap().push(last.clone()));
                let shorter = with(&example, &place, |part| drop(part.as_array_mut().unwrap().pop()));
                for changed in [longer, shorter] {
                    assert_eq!(is_read(&changed), schema.accepts(&changed), "line {line}: length of {place}");
                }
            }
        }
    }
    assert!(removed > 200 && refused > 5_000, "{removed} {refused}");
}
