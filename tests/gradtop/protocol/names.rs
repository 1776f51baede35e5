//! Every variant by its word on the wire. A variant that is added does not compile until it is listed here, and then
//! the tests want its place in the schema and its example.

use std::{collections::BTreeSet, fmt::Debug};

use gradtop::protocol::{
    Answer, Better, Capability, ChangedBy, Command, DataNoteKind, Event, Health, LayerRole, Phase, Query, RunState,
    SampleChoice, TroubleKind,
    inspection::{CheckVerdict, PassKind, SampleFilter, SampleOrder, SplitName},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{page, schema, written};

/// An enum whose variants have words.
pub trait Named: Sized {
    /// The words of all variants that this version writes.
    fn known() -> BTreeSet<&'static str>;

    /// The word of this one.
    fn word(&self) -> &'static str;
}

/// What a reader makes of a word that it does not know.
const UNKNOWN: &str = "unknown";

macro_rules! named {
    ($($enum:ident { $($variant:ident $word:literal)+ })+) => {$(
        impl Named for $enum {
            fn known() -> BTreeSet<&'static str> {
                [$($word),+].into_iter().filter(|word| *word != UNKNOWN).collect()
            }

            fn word(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $word,)+
                }
            }
        }
    )+};
}

named! {
    Command {
        Pause "pause"
        Resume "resume"
        Advance "advance"
        AdvanceEpoch "advance_epoch"
        Set "set"
        SetSchedule "set_schedule"
        SetThrottle "set_throttle"
        Extend "extend"
        Evaluate "evaluate"
        Inspect "inspect"
        Watch "watch"
        AdvancePhase "advance_phase"
        Rewind "rewind"
        Cancel "cancel"
        RenameBranch "rename_branch"
        DeleteBranch "delete_branch"
        SkipMinibatch "skip_minibatch"
        Silence "silence"
        TestLearningRates "test_learning_rates"
        Save "save"
        Stop "stop"
        Unknown "unknown"
    }
    Event {
        Hello "hello"
        Loading "loading"
        Ready "ready"
        Metrics "metrics"
        State "state"
        Controls "controls"
        Step "step"
        Evaluation "evaluation"
        Inspection "inspection"
        Phase "phase"
        Applied "applied"
        Rejected "rejected"
        Changed "changed"
        Branched "branched"
        Rewinding "rewinding"
        Rewound "rewound"
        BranchRenamed "branch_renamed"
        BranchDeleted "branch_deleted"
        RangeTest "range_test"
        Finding "finding"
        Thinned "thinned"
        Saved "saved"
        Finished "finished"
        Failed "failed"
        Stopped "stopped"
        Unknown "unknown"
    }
    Query {
        Layer "layer"
        Trace "trace"
        GradientCheck "gradient_check"
        Samples "samples"
        Confusion "confusion"
        Filters "filters"
        FeatureMaps "feature_maps"
        Points "points"
        Boundary "boundary"
        Units "units"
        Unknown "unknown"
    }
    Answer {
        Layer "layer"
        Trace "trace"
        GradientCheck "gradient_check"
        Samples "samples"
        Confusion "confusion"
        Filters "filters"
        FeatureMaps "feature_maps"
        Points "points"
        Boundary "boundary"
        Units "units"
        Nothing "nothing"
        Unknown "unknown"
    }
    SampleChoice {
        Row "row"
        NextMistake "next_mistake"
        Hardest "hardest"
        Dataset "dataset"
        Unknown "unknown"
    }
    Phase {
        Between "between"
        Forward "forward"
        Loss "loss"
        Backward "backward"
        Update "update"
        Unknown "unknown"
    }
    PassKind {
        Minibatch "minibatch"
        Evaluation "evaluation"
        Unknown "unknown"
    }
    Capability {
        Pause "pause"
        Advance "advance"
        Steer "steer"
        Throttle "throttle"
        Extend "extend"
        Evaluate "evaluate"
        Inspect "inspect"
        Phase "phase"
        Rewind "rewind"
        Skip "skip"
        Silence "silence"
        RangeTest "range_test"
        Save "save"
        Unknown "unknown"
    }
    RunState {
        Loading "loading"
        Running "running"
        Paused "paused"
        Finished "finished"
        Failed "failed"
        Stopped "stopped"
        Unknown "unknown"
    }
    DataNoteKind {
        LeftOut "left_out"
        Assumed "assumed"
        Suspicious "suspicious"
        Unknown "unknown"
    }
    LayerRole {
        Weights "weights"
        Activation "activation"
        Normalization "normalization"
        Pooling "pooling"
        Regularization "regularization"
        Shape "shape"
        Block "block"
        Attention "attention"
        Embedding "embedding"
        Other "other"
    }
    Better {
        Lower "lower"
        Higher "higher"
        None "none"
        Unknown "unknown"
    }
    TroubleKind {
        NotFinite "not_finite"
        Exploding "exploding"
        Spike "spike"
        Unknown "unknown"
    }
    Health {
        Good "good"
        Watch "watch"
        Bad "bad"
        Unknown "unknown"
    }
    ChangedBy {
        Viewer "viewer"
        Source "source"
        Unknown "unknown"
    }
    SplitName {
        Train "train"
        Test "test"
        Unknown "unknown"
    }
    SampleFilter {
        All "all"
        Mistakes "mistakes"
        Unknown "unknown"
    }
    SampleOrder {
        Index "index"
        Loss "loss"
        Unknown "unknown"
    }
    CheckVerdict {
        Passed "passed"
        Failed "failed"
        Interrupted "interrupted"
        Undecided "undecided"
        Unknown "unknown"
    }
}

fn as_words(words: &BTreeSet<String>) -> BTreeSet<&str> {
    words.iter().map(String::as_str).collect()
}

/// The words of an enum without fields are read and written as they are called, and are those of its definition and of
/// the page; any other word is read as `fallback`.
fn words_agree<T: Named + Debug + Serialize + DeserializeOwned>(definition: &str, fallback: &str) {
    let read = |word: &str| serde_json::from_value::<T>(json!(word)).unwrap();
    for word in T::known() {
        assert_eq!(read(word).word(), word);
        assert_eq!(written(&read(word)), json!(word));
        assert!(page::words().contains(&format!("`{word}`")), "{definition}: {word} is not among the words");
    }
    assert_eq!(as_words(&schema::words(definition, "")), T::known(), "{definition}");
    assert_eq!(read("invented").word(), fallback, "{definition}");
}

#[test]
fn words_are_those_of_the_schema_and_of_the_page() {
    words_agree::<Capability>("capability", UNKNOWN);
    words_agree::<RunState>("run_state", UNKNOWN);
    words_agree::<DataNoteKind>("data_note_kind", UNKNOWN);
    words_agree::<LayerRole>("layer_role", "other");
    words_agree::<Better>("better", UNKNOWN);
    words_agree::<Health>("health", UNKNOWN);
    words_agree::<ChangedBy>("changed_by", UNKNOWN);
    words_agree::<SplitName>("split", UNKNOWN);
    words_agree::<SampleFilter>("show", UNKNOWN);
    words_agree::<SampleOrder>("order", UNKNOWN);
    words_agree::<CheckVerdict>("verdict", UNKNOWN);
}

/// An enum with fields is told apart by the words of `tag`, which are those of its definition and of the page.
fn tags_agree<T: Named + Serialize + DeserializeOwned>(definition: &str, tag: &str, each: &[T]) {
    for value in each {
        assert_eq!(written(value)[tag], value.word());
        assert!(page::words().contains(&format!("`{}`", value.word())), "{definition}");
    }
    assert_eq!(each.iter().map(Named::word).collect::<BTreeSet<_>>(), T::known());
    assert_eq!(as_words(&schema::words(definition, tag)), T::known(), "{definition}");
    let invented: Value = json!({tag: "invented", "x": [1]});
    assert_eq!(serde_json::from_value::<T>(invented).unwrap().word(), UNKNOWN, "{definition}");
}

#[test]
fn tags_are_those_of_the_schema_and_of_the_page() {
    let choices = [
        SampleChoice::Row { row: 0 },
        SampleChoice::NextMistake { after: None },
        SampleChoice::Hardest,
        SampleChoice::Dataset { split: SplitName::Test, index: 0 },
    ];
    tags_agree("sample_choice", "choice", &choices);
    let (forward, backward) = (Phase::Forward { layer: 0 }, Phase::Backward { layer: 0 });
    let phases = [Phase::Between, forward, Phase::Loss, backward, Phase::Update];
    tags_agree("phase", "phase", &phases);
    assert_eq!(schema::words("event_phase", "phase"), schema::words("phase", "phase"));
    tags_agree("pass", "kind", &[PassKind::Minibatch { number: 1 }, PassKind::Evaluation]);
}

#[test]
fn messages_are_those_of_the_schema() {
    assert_eq!(as_words(&schema::words("request", "command")), Command::known());
    assert_eq!(as_words(&schema::words("event", "event")), Event::known());
    assert_eq!(as_words(&schema::words("query", "of")), Query::known());
    assert_eq!(as_words(&schema::words("answer", "of")), Answer::known());
}
