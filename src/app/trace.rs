//! What the Inspect screen shows: one sample on its way through the network and back, ready for drawing.

mod maps;
mod selection;
mod worked;

use super::display::shape_text;
use super::layers::ChainLayer;
use super::needs::INSPECT_NEEDS;
use super::run::Run;
use super::watched::WatchedRun;
use crate::protocol::inspection::{GradientCheck, LayerTrace, PlanePoints, Trace, TracedLayer};
use crate::protocol::{Answer, Phase, Query, RunState};

pub(super) use selection::AnswerOutcome;
pub use selection::{InspectSelection, parse_existing_sample, parse_sample_choice};
pub use worked::{SumTerm, WorkedSum, element_input, loss_sum, parameter_letter, sample_gradient_share, worked_sums};

/// A sample on its way.
#[derive(Clone, Copy, Debug)]
pub struct SampleTrace<'a> {
    /// Minibatches completed when it was looked at.
    pub step: u64,
    /// All that is known of it.
    pub trace: &'a Trace,
    /// The selected layer in full; `None` until that is answered, and while the loss is selected.
    pub layer: Option<&'a LayerTrace>,
}

/// A row of the chain: a layer, or the loss after the last one.
#[derive(Clone, Debug)]
pub struct ChainRow<'a> {
    /// Position and kind: `0 linear 256`.
    pub name: String,
    /// Shape of one sample before and after it.
    pub shapes: (String, String),
    /// What the sample is there.
    pub traced: Option<&'a TracedLayer>,
    /// Whether it is the loss.
    pub loss: bool,
    /// Whether it has parameters.
    pub trained: bool,
    /// The phase that was completed last, if it was done here.
    pub completed: Option<CompletedPhase>,
    /// Whether it is selected.
    pub selected: bool,
}

/// A phase that was just done in a row of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletedPhase {
    /// The output was computed, or the loss.
    Forward,
    /// The gradients were computed.
    Backward,
    /// The weights were updated.
    Update,
}

/// A gradient check and whether it is of the minibatch that is shown.
#[derive(Clone, Copy, Debug)]
pub struct ShownGradientCheck<'a> {
    /// Minibatches completed when it was made.
    pub step: u64,
    /// Whether the weights have changed since.
    pub stale: bool,
    /// How far it is, or its verdict.
    pub check: &'a GradientCheck,
}

/// The Inspect screen: the run as it is shown, and the sample and layer that were selected.
#[derive(Clone, Copy, Debug)]
pub struct InspectScreen<'a> {
    watched: &'a WatchedRun,
    run: &'a Run,
    selection: InspectSelection,
}

impl<'a> InspectScreen<'a> {
    pub(super) fn new(watched: &'a WatchedRun, selection: InspectSelection) -> Self {
        Self { watched, run: watched.shown(), selection }
    }

    /// The sample that is followed.
    ///
    /// # Errors
    /// When there is none: why, and what will change it.
    pub fn sample_trace(&self) -> Result<SampleTrace<'a>, String> {
        let run = self.run;
        let wanted = self.trace_query();
        if run.state != RunState::Loading
            && let Some(inspection) = run.answers.answer_like(&wanted)
            && let Answer::Trace(trace) = &inspection.answer
        {
            let selected = self.selected_layer().map(|layer| layer.index);
            let layer = Some(&trace.selected).filter(|traced| Some(traced.layer) == selected);
            return Ok(SampleTrace { step: inspection.step, trace, layer });
        }
        Err(match self.watched.inspection_unavailable() {
            Some(reason) => reason.into(),
            None if self.watched.frozen_step().is_some() => {
                "no minibatch was looked at before the freeze; f unfreezes".into()
            }
            None => "looking at the current minibatch…".into(),
        })
    }

    /// Whether the training goes on and what is shown follows it.
    pub fn is_live(&self) -> bool {
        self.run.state == RunState::Running && self.watched.frozen_step().is_none() && !self.watched.is_idle()
    }

    /// The query that the Inspect screen asks.
    pub(super) fn trace_query(&self) -> Query {
        let chain = self.run.layers.chain();
        let layer = self.selected_layer().or(chain.last()).map_or(0, |layer| layer.index);
        Query::Trace { sample: self.selection.choice, layer }
    }

    /// What the screen wants to know: the sample, its feature maps while they are shown, and the points of the plane
    /// in which it lies.
    pub(super) fn wanted_queries(&self) -> Vec<Query> {
        if self.watched.unmet_reason(INSPECT_NEEDS).is_some() {
            return Vec::new();
        }
        let points = lies_in_plane(self.run).then_some(Query::Points);
        [Some(self.trace_query()), self.maps_query(), points].into_iter().flatten().collect()
    }

    /// Points of the training data around the sample, where samples are two numbers.
    pub fn plane_points(&self) -> Option<&'a PlanePoints> {
        match &self.run.answers.answer_to(&Query::Points)?.answer {
            Answer::Points(points) => Some(points),
            _ => None,
        }
    }

    /// The selected layer; `None` if the loss is selected.
    pub fn selected_layer(&self) -> Option<&'a ChainLayer> {
        self.run.layers.chain().get(self.selection.layer_place)
    }

    /// The network in the order of the forward pass, the loss last.
    pub fn chain_rows(&self) -> Vec<ChainRow<'a>> {
        let traced = self.sample_trace().ok();
        let run = self.run;
        let phase = match (&traced, run.walk) {
            (Some(traced), _) => traced.trace.phase,
            (None, Some(walk)) => walk.phase,
            (None, None) => Phase::Between,
        };
        let chain = run.layers.chain();
        let selected = self.selection.layer_place.min(run.layers.last_chain_place());
        let mut rows: Vec<ChainRow<'a>> = chain
            .iter()
            .enumerate()
            .map(|(place, layer)| ChainRow {
                name: layer.title(),
                shapes: (shape_text(&layer.input), shape_text(&layer.output)),
                traced: traced.and_then(|traced| traced.trace.layers.iter().find(|other| other.layer == layer.index)),
                loss: false,
                trained: layer.is_trained(),
                completed: match phase {
                    Phase::Forward { layer: at } if at == layer.index => Some(CompletedPhase::Forward),
                    Phase::Backward { layer: at } if at == layer.index => Some(CompletedPhase::Backward),
                    Phase::Update if layer.is_trained() => Some(CompletedPhase::Update),
                    _ => None,
                },
                selected: place == selected,
            })
            .collect();
        if let Some((last, loss)) = chain.last().zip(run.layers.loss()) {
            rows.push(ChainRow {
                name: loss.text.clone(),
                shapes: (shape_text(&last.output), "1".into()),
                traced: None,
                loss: true,
                trained: false,
                completed: (phase == Phase::Loss).then_some(CompletedPhase::Forward),
                selected: selected == chain.len(),
            });
        }
        rows
    }

    /// The newest gradient check of the selected layer.
    pub fn gradient_check(&self) -> Option<ShownGradientCheck<'a>> {
        let layer = self.selected_layer()?.index;
        let found = self.run.answers.answer_to(&Query::GradientCheck { layer })?;
        let Answer::GradientCheck(check) = &found.answer else { return None };
        Some(ShownGradientCheck { step: found.step, stale: found.step != self.run.step, check })
    }
}

/// Whether a sample is two numbers.
fn lies_in_plane(run: &Run) -> bool {
    let data = run.info.as_ref().and_then(|info| info.data.as_ref());
    data.and_then(|data| data.shape.as_deref()) == Some(&[2])
}
