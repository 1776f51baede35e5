//! `docs/protocol.schema.json`: as it is published, and without unknown properties.

use std::collections::{BTreeMap, BTreeSet};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use super::page;

const TEXT: &str = include_str!("../../../docs/protocol.schema.json");

/// An address for the compiler; nothing is fetched.
const ADDRESS: &str = "urn:gradtop:protocol";

/// The schema, compiled.
pub struct Schema {
    schemas: Schemas,
    message: SchemaIndex,
    /// The definitions by name.
    definitions: BTreeMap<String, SchemaIndex>,
}

impl Schema {
    /// The schema as readers have it: what they don't know is allowed.
    pub fn published() -> Self {
        Self::compile(text())
    }

    /// The schema for what gradtop writes: a property that is not listed is a mistake.
    pub fn strict() -> Self {
        let mut text = text();
        forbid_unknown(&mut text);
        Self::compile(text)
    }

    fn compile(text: Value) -> Self {
        let names: Vec<String> = text["$defs"].as_object().unwrap().keys().cloned().collect();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource(ADDRESS, text).unwrap();
        let mut compile = |place: &str| {
            let index = compiler.compile(&format!("{ADDRESS}#{place}"), &mut schemas);
            index.unwrap_or_else(|error| panic!("{error:#}"))
        };
        let message = compile("");
        let definitions = names.into_iter().map(|name| (name.clone(), compile(&format!("/$defs/{name}")))).collect();
        Self { schemas, message, definitions }
    }

    /// Whether a message is valid; if not, why.
    pub fn check(&self, message: &Value) -> Result<(), String> {
        let Err(error) = self.schemas.validate(message, self.message) else { return Ok(()) };
        // What is wrong with a message of its kind, rather than all the kinds that it is not.
        let error =
            self.definition(message).and_then(|index| self.schemas.validate(message, index).err()).unwrap_or(error);
        Err(format!("{error:#}\n{message}"))
    }

    /// Whether a message is valid, found sooner.
    pub fn accepts(&self, message: &Value) -> bool {
        self.schemas.validate(message, self.definition(message).unwrap_or(self.message)).is_ok()
    }

    /// The definition of a message of this kind.
    fn definition(&self, message: &Value) -> Option<SchemaIndex> {
        let (kind, word) = page::kind(message)?;
        self.definitions.get(&format!("{kind}_{word}")).copied()
    }
}

/// The schema as JSON.
pub fn text() -> Value {
    serde_json::from_str(TEXT).unwrap()
}

/// The words that a definition allows: those of its enum, or of its tag in each alternative.
pub fn words(name: &str, tag: &str) -> BTreeSet<String> {
    let text = text();
    let definition = &text["$defs"][name];
    assert!(definition.is_object(), "no definition of {name}");
    let listed = |schema: &Value| {
        let alternatives = schema["enum"].as_array().cloned().unwrap_or_else(|| vec![schema["const"].clone()]);
        alternatives.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    if definition["enum"].is_array() {
        return listed(definition).into_iter().collect();
    }
    let own = listed(&definition["properties"][tag]);
    let alternatives = definition["oneOf"].as_array().into_iter().flatten();
    let names = alternatives.map(|alternative| alternative["$ref"].as_str().unwrap().rsplit('/').next().unwrap());
    own.into_iter().chain(names.flat_map(|name| words(name, tag))).collect()
}

fn forbid_unknown(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") {
                map.insert("additionalProperties".into(), json!(false));
            }
            map.values_mut().for_each(forbid_unknown);
        }
        Value::Array(list) => list.iter_mut().for_each(forbid_unknown),
        _ => {}
    }
}

/// Calls `found` with each part of the schema and its place.
fn each_part(part: &Value, place: &str, found: &mut impl FnMut(&str, &Value)) {
    found(place, part);
    match part {
        Value::Object(map) => map.iter().for_each(|(key, value)| each_part(value, &format!("{place}/{key}"), found)),
        Value::Array(list) => list.iter().for_each(|value| each_part(value, place, found)),
        _ => {}
    }
}

#[test]
fn properties_are_described_and_definitions_used() {
    let text = text();
    let (mut bare, mut used) = (Vec::new(), BTreeSet::new());
    each_part(&text, "", &mut |place, part| {
        for (name, property) in part["properties"].as_object().into_iter().flatten() {
            if property["description"].as_str().is_none_or(str::is_empty) {
                bare.push(format!("{place}/{name}"));
            }
        }
        if part["properties"].is_object() {
            assert_eq!(part["type"], "object", "{place}");
            // Where everything is described, what is required is as well.
            let required = part["required"].as_array().into_iter().flatten();
            bare.extend(
                required.filter(|name| part["properties"][name.as_str().unwrap()].is_null()).map(Value::to_string),
            );
        }
        used.extend(part["$ref"].as_str().map(|place| place.rsplit('/').next().unwrap().to_owned()));
    });
    for (name, definition) in text["$defs"].as_object().unwrap() {
        if definition["description"].as_str().is_none_or(str::is_empty) {
            bare.push(name.clone());
        }
        assert!(used.contains(name), "nothing refers to {name}");
    }
    assert!(bare.is_empty(), "no description: {bare:?}");
}

#[test]
fn the_strict_schema_refuses_what_the_published_one_ignores() {
    let (published, strict) = (Schema::published(), Schema::strict());
    let plain = json!({"event": "finding", "step": 1, "health": "good", "what": "nothing"});
    let misspelled = json!({"event": "finding", "step": 1, "health": "good", "what": "nothing", "advise": "none"});
    assert_eq!((published.check(&plain), strict.check(&plain)), (Ok(()), Ok(())));
    assert_eq!(published.check(&misspelled), Ok(()));
    assert!(strict.check(&misspelled).unwrap_err().contains("advise"));
    for wrong in
        [json!({}), json!([]), json!({"event": "finding"}), json!({"event": "nothing"}), json!({"command": "stop"})]
    {
        assert!(published.check(&wrong).is_err(), "{wrong}");
    }
}
