//! What the Inspect screen shows: one sample on its way through the network and back, ready for drawing.

mod follow;
mod worked;

use super::App;
use super::display::shape;
use super::layers::ChainLayer;
use super::needs::LOOK;
use crate::protocol::inspection::{GradientCheck, LayerTrace, Trace, TracedLayer};
use crate::protocol::{Answer, Phase, Query, RunState};

pub use follow::{Follow, Following, sample_choice};
pub use worked::{Product, Sum, letter, loss_sum, own_share, sums};

/// A sample on its way.
#[derive(Clone, Copy, Debug)]
pub struct Tracing<'a> {
    /// Minibatches completed when it was looked at.
    pub step: u64,
    /// All that is known of it.
    pub trace: &'a Trace,
    /// The selected layer in full; `None` until that is answered, and while the loss is selected.
    pub layer: Option<&'a LayerTrace>,
}

/// A row of the chain: a layer, or the loss behind the last one.
#[derive(Clone, Debug)]
pub struct ChainRow<'a> {
    /// Position and kind: `0 linear 256`.
    pub name: String,
    /// Shape of one sample before and behind it.
    pub shapes: (String, String),
    /// What the sample is there.
    pub traced: Option<&'a TracedLayer>,
    /// Whether it is the loss.
    pub loss: bool,
    /// Whether it has parameters.
    pub trained: bool,
    /// The phase that was done last, if it was done here.
    pub lit: Option<Lit>,
    /// Whether it is selected.
    pub selected: bool,
}

/// A phase that was just done in a row of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lit {
    /// The output was computed, or the loss.
    Forward,
    /// The gradients were computed.
    Backward,
    /// The weights were updated.
    Update,
}

/// A gradient check and whether it is of the minibatch that is shown.
#[derive(Clone, Copy, Debug)]
pub struct Checking<'a> {
    /// Minibatches completed when it was made.
    pub step: u64,
    /// Whether the weights have changed since.
    pub stale: bool,
    /// How far it is, or its verdict.
    pub check: &'a GradientCheck,
}

impl App {
    /// Whether a minibatch is in hand, so that one can look at it in peace.
    pub(super) fn rests(&self) -> bool {
        matches!(self.live.state, RunState::Paused | RunState::Finished)
            || self.phase() == super::header::Phase::Stepping
    }

    /// The sample that is followed.
    ///
    /// # Errors
    /// When there is none: why, and what will change it.
    pub fn tracing(&self) -> Result<Tracing<'_>, String> {
        let run = self.run();
        let under_way = match run.state {
            RunState::Loading => true,
            RunState::Running => self.frozen.is_some() || !self.rests(),
            _ => false,
        };
        let wanted = self.trace_query();
        if !under_way
            && let Some(inspection) = run.answers.like(&wanted)
            && let Answer::Trace(trace) = &inspection.answer
        {
            let layer = Some(&trace.selected).filter(|_| self.link().is_some());
            let layer = layer.filter(|traced| Some(traced.layer) == self.link().map(|layer| layer.index));
            return Ok(Tracing { step: inspection.step, trace, layer });
        }
        Err(match self.why_blind() {
            Some(reason) => reason,
            None if under_way => {
                "the training goes on; Space pauses it, and the minibatch in hand shows here: values forward, errors \
                 backward, gradients with their numbers"
                    .into()
            }
            None => "looking at the minibatch in hand…".into(),
        })
    }

    /// The query that the Inspect screen asks.
    pub(super) fn trace_query(&self) -> Query {
        let chain = self.run().layers.chain();
        let layer = self.link().or(chain.last()).map_or(0, |layer| layer.index);
        Query::Trace { sample: self.view.following.choice, layer }
    }

    /// The Inspect screen follows a sample while a minibatch is in hand.
    pub(super) fn wanted_of_inspect(&self) -> Vec<Query> {
        if self.rests() && self.unmet(LOOK).is_none() { vec![self.trace_query()] } else { Vec::new() }
    }

    /// The selected layer; `None` if the loss is selected.
    pub fn link(&self) -> Option<&ChainLayer> {
        self.run().layers.chain().get(self.view.following.link)
    }

    /// The network in the order of the forward pass, the loss last.
    pub fn chain(&self) -> Vec<ChainRow<'_>> {
        let tracing = self.tracing().ok();
        let run = self.run();
        let phase = match (&tracing, run.walk) {
            (Some(tracing), _) => tracing.trace.phase,
            (None, Some(walk)) => walk.phase,
            (None, None) => Phase::Between,
        };
        let chain = run.layers.chain();
        let selected = self.view.following.link.min(run.layers.last_place());
        let mut rows: Vec<ChainRow<'_>> = chain
            .iter()
            .enumerate()
            .map(|(place, layer)| ChainRow {
                name: layer.title(),
                shapes: (shape(&layer.input), shape(&layer.output)),
                traced: tracing
                    .and_then(|tracing| tracing.trace.layers.iter().find(|traced| traced.layer == layer.index)),
                loss: false,
                trained: layer.is_trained(),
                lit: match phase {
                    Phase::Forward { layer: at } if at == layer.index => Some(Lit::Forward),
                    Phase::Backward { layer: at } if at == layer.index => Some(Lit::Backward),
                    Phase::Update if layer.is_trained() => Some(Lit::Update),
                    _ => None,
                },
                selected: place == selected,
            })
            .collect();
        if let Some((last, loss)) = chain.last().zip(run.layers.loss()) {
            rows.push(ChainRow {
                name: loss.text.clone(),
                shapes: (shape(&last.output), "1".into()),
                traced: None,
                loss: true,
                trained: false,
                lit: (phase == Phase::Loss).then_some(Lit::Forward),
                selected: selected == chain.len(),
            });
        }
        rows
    }

    /// The newest gradient check of the selected layer.
    pub fn checking(&self) -> Option<Checking<'_>> {
        let layer = self.link()?.index;
        let found = self.run().answers.to(&Query::GradientCheck { layer })?;
        let Answer::GradientCheck(check) = &found.answer else { return None };
        Some(Checking { step: found.step, stale: found.step != self.run().step, check })
    }
}
