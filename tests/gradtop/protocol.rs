//! The types of the protocol, `docs/protocol.md` and `docs/protocol.schema.json` say the same, and so does everything
//! that the engine and the binary write.

use std::fmt::Debug;

use gradtop::protocol::{Event, Request};
use serde_json::Value;

mod fields;
mod future;
mod names;
mod page;
mod running;
mod schema;

/// A line of the protocol.
#[derive(Debug)]
enum Message {
    Request(Request),
    Event(Event),
}

impl Message {
    /// Reads a line as its receiver does.
    fn read(line: &Value) -> serde_json::Result<Self> {
        // From text, as it arrives: numbers in a `Value` have been converted once already.
        let text = line.to_string();
        if line.get("command").is_some() {
            serde_json::from_str(&text).map(Self::Request)
        } else {
            serde_json::from_str(&text).map(Self::Event)
        }
    }

    /// The line as gradtop writes it.
    fn written(&self) -> Value {
        match self {
            Self::Request(request) => written(request),
            Self::Event(event) => written(event),
        }
    }
}

/// What is written for `value`, read as JSON.
fn written(value: &impl serde::Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// The JSON pointers of everything in `value`, itself included.
fn places(value: &Value) -> Vec<String> {
    let inner = |name: String, value: &Value| {
        places(value).into_iter().map(move |place| format!("/{name}{place}")).collect::<Vec<_>>()
    };
    let mut all = vec![String::new()];
    match value {
        Value::Object(map) => all.extend(map.iter().flat_map(|(key, value)| inner(key.clone(), value))),
        Value::Array(list) => all.extend(list.iter().enumerate().flat_map(|(at, value)| inner(at.to_string(), value))),
        _ => {}
    }
    all
}

/// `message` with what is at `place` changed.
fn with(message: &Value, place: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut changed = message.clone();
    change(changed.pointer_mut(place).unwrap());
    changed
}
