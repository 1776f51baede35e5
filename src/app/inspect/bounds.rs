//! An answer cut to what can be shown, whatever the source sent.

use crate::app::display::{harmless_name, harmless_sentence};
use crate::protocol::inspection::{
    ActivationSummary, Distribution, FeatureMaps, LayerUpdate, MAX_GRID_CELLS, MAX_PAGE_ENTRIES, SamplePicture,
    TensorSlice, Trace, TracedParameter, UnitFigures,
};
use crate::protocol::{Answer, Inspection};

/// Most values of one list that is not bounded otherwise.
const MAX_LIST_VALUES: usize = 4096;

/// Most dimensions of a shape, and most indices of an element.
const MAX_DIMENSIONS: usize = 8;

/// Most parameters of one layer.
const MAX_LAYER_PARAMETERS: usize = 64;

/// Most layers.
const MAX_LAYERS: usize = 1024;

/// Most classes of a confusion matrix.
const MAX_CONFUSION_CLASSES: usize = 1024;

/// Most channels of an image.
const MAX_CHANNELS: usize = 1 << 20;

/// Most points of the plane, and most units that are drawn in it.
const MAX_POINTS: usize = 4096;
const MAX_DRAWN_UNITS: usize = 64;

/// The answer with texts made harmless and lists cut.
pub(super) fn bound_inspection(mut inspection: Inspection) -> Inspection {
    match &mut inspection.answer {
        Answer::Layer(view) => {
            view.parameters.truncate(MAX_LAYER_PARAMETERS);
            for parameter in &mut view.parameters {
                parameter.name = harmless_name(&parameter.name);
                parameter.shape.truncate(MAX_DIMENSIONS);
                bound_distribution(&mut parameter.values);
                parameter.gradients.iter_mut().for_each(bound_distribution);
            }
            view.activations.iter_mut().chain(&mut view.errors).for_each(bound_distribution);
            bound_unit_figures(&mut view.units);
        }
        Answer::Trace(view) => bound_trace(view),
        Answer::GradientCheck(check) => {
            if let Some(worst) = &mut check.worst {
                worst.parameter = harmless_name(&worst.parameter);
                worst.index.truncate(MAX_DIMENSIONS);
            }
        }
        Answer::Samples(page) => {
            page.entries.truncate(MAX_PAGE_ENTRIES);
            for entry in &mut page.entries {
                entry.values.truncate(MAX_DIMENSIONS);
                entry.picture.iter_mut().for_each(bound_sample_picture);
            }
        }
        Answer::Confusion(confusion) => {
            confusion.classes = confusion.classes.min(MAX_CONFUSION_CLASSES);
            confusion.counts.truncate(confusion.classes * confusion.classes);
        }
        Answer::Filters(filters) => {
            filters.filters.truncate(MAX_PAGE_ENTRIES);
            filters.filters.iter_mut().for_each(bound_tensor_slice);
        }
        Answer::FeatureMaps(maps) => bound_feature_maps(maps),
        Answer::Points(points) => {
            points.points.truncate(MAX_POINTS);
            points.classes.truncate(MAX_POINTS);
        }
        Answer::Boundary(boundary) => {
            boundary.classes.truncate(MAX_GRID_CELLS);
            boundary.confidence.truncate(MAX_GRID_CELLS);
            if let Some(wrong) = &mut boundary.wrong {
                wrong.retain(|place| *place < MAX_POINTS);
                wrong.sort_unstable();
                wrong.dedup();
            }
        }
        Answer::Units(maps) => {
            maps.units.truncate(MAX_DRAWN_UNITS);
            maps.units.iter_mut().for_each(|unit| unit.values.truncate(MAX_GRID_CELLS));
        }
        Answer::Nothing { reason } => *reason = harmless_sentence(reason),
        Answer::Unknown => {}
    }
    inspection
}

fn bound_distribution(values: &mut Distribution) {
    values.bins.truncate(MAX_LIST_VALUES);
}

fn bound_unit_figures(units: &mut UnitFigures) {
    let lists = [
        &mut units.weight_norms,
        &mut units.gradient_norms,
        &mut units.means,
        &mut units.zeros,
        &mut units.gamma,
        &mut units.beta,
        &mut units.running_means,
        &mut units.running_variances,
    ];
    for list in lists {
        list.truncate(MAX_LIST_VALUES);
    }
}

fn bound_trace(trace: &mut Trace) {
    bound_tensor_slice(&mut trace.sample.input);
    trace.sample.origin = trace.sample.origin.as_deref().map(harmless_name);
    trace.sample.picture.iter_mut().for_each(bound_sample_picture);
    trace.losses.truncate(MAX_LIST_VALUES);
    if let Some(loss) = &mut trace.loss {
        let lists =
            [&mut loss.logits, &mut loss.probabilities, &mut loss.target, &mut loss.gradient, &mut loss.jacobian];
        for list in lists {
            list.truncate(MAX_LIST_VALUES);
        }
    }
    trace.layers.truncate(MAX_LAYERS);
    for layer in &mut trace.layers {
        layer.forward.iter_mut().chain(&mut layer.backward).for_each(bound_activation_summary);
    }
    let layer = &mut trace.selected;
    let extracts = [
        &mut layer.input,
        &mut layer.output,
        &mut layer.output_gradient,
        &mut layer.input_gradient,
        &mut layer.derivative,
    ];
    extracts.into_iter().flatten().for_each(bound_tensor_slice);
    if let Some(unit) = &mut layer.unit {
        unit.weights.truncate(MAX_LIST_VALUES);
        unit.column.truncate(MAX_LIST_VALUES);
    }
    layer.parameters.truncate(MAX_LAYER_PARAMETERS);
    for TracedParameter { name: shown, value, gradient, .. } in &mut layer.parameters {
        *shown = harmless_name(shown);
        bound_tensor_slice(value);
        gradient.iter_mut().for_each(bound_tensor_slice);
    }
    layer.update.iter_mut().for_each(bound_layer_update);
    layer.largest.truncate(MAX_LAYER_PARAMETERS);
    for entry in &mut layer.largest {
        entry.parameter = harmless_name(&entry.parameter);
        entry.index.truncate(MAX_DIMENSIONS);
    }
}

fn bound_layer_update(update: &mut LayerUpdate) {
    update.optimizer = harmless_name(&update.optimizer);
    update.equations.truncate(MAX_DIMENSIONS);
    update.equations.iter_mut().for_each(|equation| *equation = harmless_sentence(equation));
    update.constants.truncate(2 * MAX_DIMENSIONS);
    update.constants.iter_mut().for_each(|constant| constant.symbol = harmless_name(&constant.symbol));
    update.largest.truncate(MAX_LAYER_PARAMETERS);
    for entry in &mut update.largest {
        entry.parameter = harmless_name(&entry.parameter);
        entry.index.truncate(MAX_DIMENSIONS);
    }
}

fn bound_feature_maps(maps: &mut FeatureMaps) {
    maps.total = maps.total.min(MAX_CHANNELS);
    maps.first = maps.first.min(maps.total);
    for channels in [&mut maps.forward, &mut maps.backward] {
        channels.truncate(MAX_PAGE_ENTRIES);
        for channel in channels {
            channel.values.truncate(MAX_LIST_VALUES);
        }
    }
}

fn bound_activation_summary(signal: &mut ActivationSummary) {
    signal.thumbnail.truncate(MAX_DIMENSIONS * MAX_DIMENSIONS);
}

fn bound_tensor_slice(extract: &mut TensorSlice) {
    extract.shape.truncate(MAX_DIMENSIONS);
    extract.kept.truncate(MAX_DIMENSIONS);
    extract.values.truncate(MAX_LIST_VALUES);
}

fn bound_sample_picture(picture: &mut SamplePicture) {
    picture.pixels.truncate(3 * MAX_LIST_VALUES);
}
