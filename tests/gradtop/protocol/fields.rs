//! Every field of the types is a property of the schema, every property is a field, and an example shows it.

use std::{collections::BTreeSet, fmt};

use gradtop::protocol::{
    Branching, Change, ColumnInfo, Controls, DataInfo, DataNote, Evaluation, Failure, Finding, Hello, HyperParameter,
    Inspection, LayerEquations, LayerInfo, LayerProbe, Loading, LossInfo, MemoryInfo, MetricInfo, NewMetrics, Range,
    RunInfo, RunSummary, SavedRun, StateChange, StepReport, TrainingMeans, Walk,
    inspection::{
        ActivationSummary, ClassifiedSample, ConfusionMatrix, DecisionBoundary, Distribution, FeatureMap, FeatureMaps,
        FilterPictures, GradientCheck, GradientDifference, LayerTrace, LayerUpdate, LayerView, ParameterElement,
        ParameterView, PlaneGrid, PlanePoints, SampleLoss, SamplePage, SamplePicture, TensorSlice, Trace, TracedLayer,
        TracedParameter, TracedSample, TracedUnit, UnitFigures, UnitMap, UnitMaps, UpdateConstant, UpdatedElement,
    },
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
    forward_to_deserialize_any,
};
use serde_json::Value;

use super::{page, schema};

/// A deserializer that holds nothing: all it does is to tell, as its error, which fields a struct asks for.
struct Asked(&'static [&'static str]);

impl<'de> Deserializer<'de> for Asked {
    type Error = Self;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self> {
        Err(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self> {
        Err(Self(fields))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Asked {}

impl Error for Asked {
    fn custom<T: fmt::Display>(message: T) -> Self {
        panic!("{message}")
    }
}

/// The fields of a struct.
fn fields<T: Deserialize<'static>>() -> BTreeSet<String> {
    let Err(Asked(fields)) = T::deserialize(Asked(&[])) else { panic!("it asked for nothing") };
    fields.iter().map(|&field| field.to_owned()).collect()
}

/// The fields of a struct of which one is flattened, so that it asks for any. It does not compile when one is missing.
macro_rules! listed {
    ($type:ident { $($field:ident)+ }) => {{
        let _ = |$type { $($field: _),+ }: $type| ();
        [$(stringify!($field)),+].map(str::to_owned).into_iter().collect::<BTreeSet<String>>()
    }};
}

/// The properties of a definition without those that tell what it is.
fn properties(text: &Value, definition: &str) -> BTreeSet<String> {
    let properties = text["$defs"][definition]["properties"].as_object().unwrap();
    properties.keys().filter(|key| !["event", "of"].contains(&key.as_str())).cloned().collect()
}

#[test]
fn fields_are_the_properties_of_the_schema() {
    let text = schema::text();
    for (definition, fields) in [
        ("answer_boundary", fields::<DecisionBoundary>()),
        ("answer_confusion", fields::<ConfusionMatrix>()),
        ("answer_feature_maps", fields::<FeatureMaps>()),
        ("answer_filters", fields::<FilterPictures>()),
        ("answer_gradient_check", fields::<GradientCheck>()),
        ("answer_layer", fields::<LayerView>()),
        ("answer_points", fields::<PlanePoints>()),
        ("answer_samples", fields::<SamplePage>()),
        ("answer_trace", fields::<Trace>()),
        ("answer_units", fields::<UnitMaps>()),
        ("change", fields::<Change>()),
        ("column_info", fields::<ColumnInfo>()),
        ("data_info", fields::<DataInfo>()),
        ("memory_info", fields::<MemoryInfo>()),
        ("data_note", fields::<DataNote>()),
        ("difference", fields::<GradientDifference>()),
        ("distribution", fields::<Distribution>()),
        ("event_branched", fields::<Branching>()),
        ("event_controls", fields::<Controls>()),
        ("event_evaluation", fields::<Evaluation>()),
        ("event_failed", fields::<Failure>()),
        ("event_finding", fields::<Finding>()),
        ("event_finished", fields::<RunSummary>()),
        ("event_hello", fields::<Hello>()),
        ("event_inspection", fields::<Inspection>()),
        ("event_loading", fields::<Loading>()),
        ("event_metrics", fields::<NewMetrics>()),
        ("event_ready", fields::<RunInfo>()),
        ("event_saved", fields::<SavedRun>()),
        ("event_state", fields::<StateChange>()),
        ("event_step", fields::<StepReport>()),
        ("extract", fields::<TensorSlice>()),
        ("feature_map", fields::<FeatureMap>()),
        ("hyperparameter", fields::<HyperParameter>()),
        ("judged_sample", fields::<ClassifiedSample>()),
        ("layer_equations", fields::<LayerEquations>()),
        ("training_means", fields::<TrainingMeans>()),
        ("layer_probe", fields::<LayerProbe>()),
        ("layer_trace", fields::<LayerTrace>()),
        ("layer_update", fields::<LayerUpdate>()),
        ("loss_info", fields::<LossInfo>()),
        ("metric_info", fields::<MetricInfo>()),
        ("parameter_element", fields::<ParameterElement>()),
        ("parameter_view", fields::<ParameterView>()),
        ("picture", fields::<SamplePicture>()),
        ("plane", fields::<PlaneGrid>()),
        ("range", fields::<Range>()),
        ("sample_loss", fields::<SampleLoss>()),
        ("signal", fields::<ActivationSummary>()),
        ("traced_layer", fields::<TracedLayer>()),
        ("traced_parameter", fields::<TracedParameter>()),
        ("traced_sample", fields::<TracedSample>()),
        ("traced_unit", fields::<TracedUnit>()),
        ("unit_figures", fields::<UnitFigures>()),
        ("unit_map", fields::<UnitMap>()),
        ("update_constant", fields::<UpdateConstant>()),
        ("updated_element", fields::<UpdatedElement>()),
        ("event_phase_of_network", listed!(Walk { step minibatch phase })),
    ] {
        assert_eq!(properties(&text, definition), fields, "{definition}");
    }
    let mut layer = listed!(LayerInfo { path parent kind role input output parameters text equations });
    // Its kind is two properties.
    layer.insert("settings".into());
    assert_eq!(properties(&text, "layer_info"), layer);
}

/// Notes every property of the schema that `value` has, below the definition of this name.
fn note(text: &Value, name: &str, part: &Value, value: &Value, seen: &mut BTreeSet<String>) {
    if let Some(reference) = part["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        note(text, name, &text["$defs"][name], value, seen);
    }
    let alternatives = part["oneOf"].as_array().into_iter().flatten();
    alternatives.filter(|part| fits(text, part, value)).for_each(|part| note(text, name, part, value, seen));
    for (key, property) in part["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(key) {
            seen.insert(format!("{name}.{key}"));
            note(text, name, property, value, seen);
        }
    }
    for item in value.as_array().into_iter().flatten() {
        note(text, name, &part["items"], item, seen);
    }
}

/// Whether the words of `value` are those of an alternative.
fn fits(text: &Value, part: &Value, value: &Value) -> bool {
    let part = part["$ref"].as_str().map_or(part, |place| &text["$defs"][place.rsplit('/').next().unwrap()]);
    let is_word = |key: &str, property: &Value| match (&property["const"], property["enum"].as_array()) {
        (Value::Null, None) => true,
        (word, None) => value[key] == *word,
        (_, Some(words)) => words.contains(&value[key]),
    };
    let alternatives = part["oneOf"].as_array();
    alternatives.is_none_or(|parts| parts.iter().any(|part| fits(text, part, value)))
        && part["properties"].as_object().into_iter().flatten().all(|(key, property)| is_word(key, property))
}

#[test]
fn every_property_is_in_an_example() {
    let text = schema::text();
    let mut seen = BTreeSet::new();
    for (_, example) in page::examples() {
        note(&text, "", &text, &example, &mut seen);
    }
    let definitions = text["$defs"].as_object().unwrap().iter();
    let all = definitions.flat_map(|(name, definition)| {
        definition["properties"].as_object().into_iter().flatten().map(move |(key, _)| format!("{name}.{key}"))
    });
    let unseen: Vec<String> = all.filter(|property| !seen.contains(property)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}
