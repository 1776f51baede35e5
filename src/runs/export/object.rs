//! Everything that was recorded of a run, as one object of JSON.

use std::io::{self, Write};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value, json};

use crate::{
    protocol::{Finding, RunInfo, number},
    runs::{
        checkpoint::CheckpointState,
        history::{RecordedChange, RunHistory, TagSeries},
        manifest::{Manifest, RunFacts},
    },
    train::LedgerEntry,
};

/// The object.
#[derive(Serialize)]
struct HistoryObject<'a> {
    folder: &'a str,
    facts: &'a RunFacts,
    configuration: Value,
    state: Option<Value>,
    info: Option<&'a RunInfo>,
    scalars: ScalarObject<'a>,
    findings: &'a [Finding],
    changes: Vec<Value>,
    ledger: &'a [LedgerEntry],
    notes: &'a [String],
}

/// Tags with their values: `{"train/loss": [[1, 0.5], …]}`.
struct ScalarObject<'a>(&'a [TagSeries]);

impl Serialize for ScalarObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for TagSeries { tag, points } in self.0 {
            map.serialize_entry(tag, &PointList(points))?;
        }
        map.end()
    }
}

/// Steps with their values.
struct PointList<'a>(&'a [(u64, f32)]);

impl Serialize for PointList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|&(step, value)| (step, LoggedNumber(value))))
    }
}

/// A number with the digits of 32 bits; one that is not finite is `"nan"`, `"inf"` or `"-inf"`.
struct LoggedNumber(f32);

impl Serialize for LoggedNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f32(self.0)
        } else {
            number::serialize(&f64::from(self.0), serializer)
        }
    }
}

/// Writes everything that was recorded as one object.
///
/// # Errors
/// When `out` can't be written to.
pub fn write_json(out: &mut impl Write, history: &RunHistory) -> io::Result<()> {
    let object = HistoryObject {
        folder: &history.folder,
        facts: &history.manifest.facts,
        configuration: configuration(&history.manifest),
        state: history.state.as_ref().map(describe_state),
        info: history.info.as_ref(),
        scalars: ScalarObject(&history.series),
        findings: &history.findings,
        changes: history.changes.iter().map(|RecordedChange { step, text }| json!([step, text])).collect(),
        ledger: &history.ledger,
        notes: &history.notes,
    };
    serde_json::to_writer(&mut *out, &object)?;
    writeln!(out)
}

/// The configuration with its tables as objects, or its text where that can't be read.
fn configuration(manifest: &Manifest) -> Value {
    match toml::from_str::<Map<String, Value>>(&manifest.text) {
        Ok(mut tables) => {
            tables.remove("recorded");
            Value::Object(tables)
        }
        Err(_) => Value::String(manifest.text.clone()),
    }
}

/// How the run stands, without what only training needs.
fn describe_state(state: &CheckpointState) -> Value {
    let training = &state.training;
    json!({
        "step": training.trainer.step,
        "planned_steps": training.trainer.planned_steps,
        "complete": training.complete,
        "seconds": training.seconds,
        "branch": training.branch,
        "learning_rate": training.trainer.learning_rate,
        "schedule": training.trainer.schedule,
        "last_evaluation": training.last_evaluation,
        "best_accuracy": training.best_accuracy().map(|(step, accuracy)| json!({ "step": step, "accuracy": accuracy })),
        "weights_sha256": training.trainer.weights_sha256,
    })
}
