//! Rules about what breaks a training: a loss that explodes, a spike, numbers that are not finite; and where it began.

use serde::{Deserialize, Serialize};

use super::{circumstances::Circumstances, rule::Rule, settings::HealthSettings, usual::UsualFigure};
use crate::{
    protocol::{Finding, Health, SuspectSample, Trouble, TroubleKind, number},
    text::{short, thousands},
    train::{StepOutcome, evidence::Evidence},
};

/// Minibatches with a loss that is far too high, one of them exploded, until it is named.
const EXPLODING_PATIENCE: u32 = 3;

/// What such a loss is of the usual one and of that of chance.
const FAR_TIMES: f64 = 2.0;

/// Minibatches in a row without one after which it is over, before it was named and after.
const CALM_MINIBATCHES: u32 = 2;
const CALM_MINIBATCHES_AFTER_EXPLOSION: u32 = 32;

/// The loss over what is usual, and [`FAR_TIMES`] over that of chance where this is larger, up to which nothing is wrong with a
/// minibatch for sure.
const FINE_TIMES_USUAL: f64 = 4.0;

/// Share of the loss, or multiple of the next largest, that makes a sample the cause of it.
const CAUSE_SHARE: f64 = 0.5;
const CAUSE_TIMES_NEXT: f64 = 5.0;

/// Multiple of what is usual from which on it says less than the value itself.
const MAX_TOLD_TIMES: f64 = 1e6;

/// What is said of a loss that grows without bound.
pub(super) const EXPLODING_RULE: Rule<TroubleLook> = Rule {
    name: "exploding",
    threshold: "loss over 1,000 × (`health.exploding`) the entropy of the class shares and the lowest median of 32 \
                minibatches, or over 2 × these with a gradient norm over 1,000 × that of the first 32; and over 2 × in as \
                many as *since* says, with less than 2 between",
    patience: EXPLODING_PATIENCE,
    health: Health::Bad,
    holds: |_| Some(true),
    what: |look| {
        let Suspicion { minibatch, figure, usual, .. } = &look.suspicion;
        let (figure, usual, minibatch) = (figure.name(), short(*usual), thousands(*minibatch));
        let worst = short(look.suspicion.worst);
        let layer = look.suspicion.layer_text();
        format!("the {figure} explodes: {worst}, where {usual} was usual before minibatch {minibatch}{layer}")
    },
    advice: |look| match look.suspicion.healthy_step {
        Some(step) => format!("go back to step {}, and {}", thousands(step), look.at.lower_rate_or_clip()),
        None => look.at.lower_rate_or_clip(),
    },
};

/// What is said of a minibatch that is far from what is usual.
pub(super) const SPIKE_RULE: Rule<TroubleLook> = Rule {
    name: "spike",
    threshold: "loss above the entropy of the class shares, or gradient norm above that of the first 32 minibatches, over 2 × the \
                largest of late, and over 10 × (`health.spike`) the usual spread above the median of 32 minibatches (of \
                the loss at first 8), both as logarithms; also a loss over 20 × the largest of late; a small last minibatch of an \
                epoch weighs less",
    patience: 1,
    health: Health::Watch,
    holds: |_| Some(true),
    what: |look| {
        let Suspicion { minibatch, figure, value, usual, .. } = &look.suspicion;
        let times = value / usual;
        let (figure, usual, minibatch) = (figure.name(), short(*usual), thousands(*minibatch));
        let (sample, layer) = (look.suspicion.sample_text(), look.suspicion.layer_text());
        // Of next to nothing everything is a huge multiple.
        let height = if times < MAX_TOLD_TIMES {
            format!("{}× the usual {usual}", short(times))
        } else {
            format!("{}, where {usual} was usual", short(*value))
        };
        format!("the {figure} of minibatch {minibatch} is {height}{sample}{layer}")
    },
    advice: |look| {
        let rate = look.at.lower_rate_or_clip();
        match look.suspicion.samples.first() {
            Some(sample) if look.suspicion.is_of_one_sample() => {
                let sample = sample.index;
                format!("look at the sample (train:{sample} on the Inspect screen); if it is right, {rate}")
            }
            _ => format!("if more follow, {rate}"),
        }
    },
};

/// What is far from what is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TroubleFigure {
    Loss,
    GradientNorm,
}

impl TroubleFigure {
    fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::GradientNorm => "gradient norm",
        }
    }
}

/// A minibatch at which something went wrong first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Suspicion {
    /// Its number, from 1.
    minibatch: u64,
    figure: TroubleFigure,
    #[serde(with = "number")]
    value: f64,
    #[serde(with = "number")]
    usual: f64,
    /// The largest loss or norm since then.
    #[serde(default, with = "number")]
    worst: f64,
    /// The newest step at which nothing was wrong yet.
    healthy_step: Option<u64>,
    /// The samples with the largest losses, the class of the first, and what it has of the loss.
    samples: Vec<SuspectSample>,
    class: String,
    /// Where that one stands in the files that were read, where that is known.
    #[serde(default)]
    origin: Option<String>,
    share: Option<f64>,
    /// Samples in the minibatch.
    size: usize,
    /// The first layer whose gradient norm has jumped, and its kind.
    layer: Option<(usize, String)>,
    /// Minibatches since whose loss is far too high, and those in a row whose is not.
    far: u32,
    calm: u32,
    /// Whether the loss of one of them exploded.
    exploded: bool,
    /// What it was named, if it was.
    named: Option<TroubleKind>,
}

impl Suspicion {
    /// Whether one sample of several is the cause, so that nothing was wrong with the weights before.
    fn is_of_one_sample(&self) -> bool {
        let stands_out = match self.samples.as_slice() {
            [first, next, ..] => first.loss > CAUSE_TIMES_NEXT * next.loss,
            _ => false,
        };
        self.size > 1 && (stands_out || self.share.is_some_and(|share| share > CAUSE_SHARE))
    }

    fn sample_text(&self) -> String {
        let Some(first) = self.samples.first() else { return String::new() };
        let origin = self.origin.as_ref().map(|origin| format!(", {origin}")).unwrap_or_default();
        let sample = format!("sample {} (class {}{origin})", thousands(first.index as u64), self.class);
        let of_it = if self.figure == TroubleFigure::Loss { "of it" } else { "of its loss" };
        match self.share {
            _ if self.size == 1 => format!("; it is {sample}"),
            Some(share) => {
                format!("; {sample} has {} % {of_it}", short((100.0 * share).round()))
            }
            None => format!("; {sample} has most {of_it}"),
        }
    }

    fn layer_text(&self) -> String {
        let text = |(layer, kind): &(usize, String)| format!("; gradient norms jumped first in layer {layer}, {kind}");
        self.layer.as_ref().map(text).unwrap_or_default()
    }
}

/// What is known of a trouble when it is named.
#[derive(Clone, Debug)]
pub(super) struct TroubleLook {
    suspicion: Suspicion,
    at: Circumstances,
}

/// A minibatch as the rules see it.
#[derive(Clone, Copy, Debug)]
struct MinibatchFigures {
    /// Loss and gradient norm, as they would be of a whole minibatch.
    loss: f64,
    gradient_norm: f64,
    /// Whether the loss explodes, whether it is far too high, and which figure is a spike.
    explodes: bool,
    is_far: bool,
    spike: Option<TroubleFigure>,
}

/// The memory of the rules about trouble.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TroubleMemory {
    loss: UsualFigure,
    gradient_norm: UsualFigure,
    /// Loss of the first minibatch; empty before it.
    first_loss: Option<f64>,
    /// The newest step whose weights gave a minibatch with nothing wrong about it; empty before the first.
    healthy_step: Option<u64>,
    /// Where something went wrong that is not over; normally empty.
    suspicion: Option<Suspicion>,
    /// Minibatches in a row with numbers that are not finite; normally 0.
    broken: u32,
}

impl TroubleMemory {
    /// Whether something is wrong at present.
    pub fn is_suspicious(&self) -> bool {
        self.suspicion.is_some()
    }

    /// Minibatches in a row with numbers that are not finite.
    pub fn broken_minibatches(&self) -> u32 {
        self.broken
    }

    /// Takes in a minibatch, and names a trouble. `witness` says what is in the buffers, and which layer's gradient jumped
    /// first; it is asked only where something begins to be wrong.
    pub fn judge_minibatch(
        &mut self,
        outcome: &StepOutcome,
        settings: &HealthSettings,
        at: &Circumstances,
        witness: impl FnOnce() -> (Evidence, Option<(usize, String)>),
    ) -> Option<Finding> {
        self.broken = 0;
        let first = *self.first_loss.get_or_insert(outcome.loss);
        let figures = self.figures(outcome, first, settings, at);
        let finding = if figures.explodes || figures.spike.is_some() || self.suspicion.is_some() {
            self.follow_suspicion(outcome, &figures, at, witness)
        } else {
            if self.is_fine(figures.loss, first, at) {
                self.healthy_step = Some(at.step - 1);
            }
            None
        };
        if at.samples >= at.batch_size {
            self.loss.add(outcome.loss);
            self.gradient_norm.add(outcome.gradient_norm);
        }
        finding
    }

    /// What is usual for the loss; before it is known, that of the first minibatch.
    fn usual_loss(&self, first: f64) -> f64 {
        self.loss.median().unwrap_or(first)
    }

    fn is_fine(&self, loss: f64, first: f64, at: &Circumstances) -> bool {
        let usual = self.usual_loss(first);
        loss <= FINE_TIMES_USUAL * usual && loss <= FAR_TIMES * usual.max(at.chance_loss)
    }

    fn figures(
        &self,
        outcome: &StepOutcome,
        first: f64,
        settings: &HealthSettings,
        at: &Circumstances,
    ) -> MinibatchFigures {
        let share = at.samples as f64 / at.batch_size as f64;
        let loss = self.loss.of_whole_minibatch(outcome.loss, share);
        let gradient_norm = self.gradient_norm.of_whole_minibatch(outcome.gradient_norm, share);
        let base = self.loss.lowest().unwrap_or(first).max(at.chance_loss);
        let gradient_explodes = || {
            let first = self.gradient_norm.first().unwrap_or(f64::INFINITY);
            gradient_norm > settings.exploding * first
        };
        let is_far = loss > FAR_TIMES * base;
        let explodes = is_far && (loss > settings.exploding * base || gradient_explodes());
        let is_beyond = loss > at.chance_loss && self.loss.is_far_beyond_largest(loss, settings.spike);
        let spike = if is_beyond || self.loss.is_spike(loss, settings.spike, at.chance_loss) {
            Some(TroubleFigure::Loss)
        } else {
            let floor = self.gradient_norm.first().unwrap_or(f64::INFINITY);
            let spike = self.gradient_norm.is_spike(gradient_norm, settings.spike, floor);
            spike.then_some(TroubleFigure::GradientNorm)
        };
        MinibatchFigures { loss, gradient_norm, explodes, is_far, spike }
    }

    /// Finds out what becomes of something that is wrong: it explodes, or does not and is a spike. Where a single sample
    /// is the cause, it is a spike at once.
    fn follow_suspicion(
        &mut self,
        outcome: &StepOutcome,
        figures: &MinibatchFigures,
        at: &Circumstances,
        witness: impl FnOnce() -> (Evidence, Option<(usize, String)>),
    ) -> Option<Finding> {
        let mut suspicion = match self.suspicion.take() {
            Some(suspicion) => suspicion,
            None => self.begin_suspicion(outcome, figures, at, witness()),
        };
        let value = if suspicion.figure == TroubleFigure::Loss { outcome.loss } else { outcome.gradient_norm };
        suspicion.worst = suspicion.worst.max(value);
        suspicion.exploded |= figures.explodes;
        if figures.is_far {
            (suspicion.far, suspicion.calm) = (suspicion.far.saturating_add(1), 0);
        } else {
            suspicion.calm += 1;
        }
        let explodes = suspicion.exploded && suspicion.far >= EXPLODING_PATIENCE;
        let is_over = suspicion.calm
            >= if suspicion.named == Some(TroubleKind::Exploding) {
                CALM_MINIBATCHES_AFTER_EXPLOSION
            } else {
                CALM_MINIBATCHES
            };
        let name = match suspicion.named {
            Some(TroubleKind::Exploding) => None,
            _ if explodes => Some(TroubleKind::Exploding),
            None if is_over || suspicion.is_of_one_sample() || suspicion.far >= EXPLODING_PATIENCE => {
                Some(TroubleKind::Spike)
            }
            _ => None,
        };
        let finding = name.map(|kind| {
            suspicion.named = Some(kind);
            name_trouble(kind, &TroubleLook { suspicion: suspicion.clone(), at: *at })
        });
        self.suspicion = (!is_over).then_some(suspicion);
        finding
    }

    fn begin_suspicion(
        &self,
        outcome: &StepOutcome,
        figures: &MinibatchFigures,
        at: &Circumstances,
        (evidence, layer): (Evidence, Option<(usize, String)>),
    ) -> Suspicion {
        let figure = figures.spike.unwrap_or(TroubleFigure::Loss);
        let (value, usual) = match figure {
            TroubleFigure::Loss => (outcome.loss, self.usual_loss(self.first_loss.unwrap_or(figures.loss))),
            TroubleFigure::GradientNorm => {
                (outcome.gradient_norm, self.gradient_norm.median().unwrap_or(figures.gradient_norm))
            }
        };
        let Evidence { samples, class, origin, share, .. } = evidence;
        Suspicion {
            minibatch: at.step,
            figure,
            value,
            usual,
            worst: value,
            healthy_step: self.healthy_step,
            samples,
            class,
            origin,
            share,
            size: at.samples,
            layer,
            far: 0,
            calm: 0,
            exploded: false,
            named: None,
        }
    }

    /// What is known of a minibatch with numbers that are not finite, as which it is counted.
    pub fn judge_broken(&mut self, evidence: Evidence, at: &Circumstances) -> Trouble {
        self.broken = self.broken.saturating_add(1);
        // Where only one sample is broken, nothing was wrong before.
        let healthy_step = match &self.suspicion {
            Some(suspicion) => suspicion.healthy_step,
            None if evidence.alone_not_finite && at.samples > 1 => Some(at.step - 1),
            None => self.healthy_step,
        };
        // Where something was wrong before, it began there.
        let (minibatch, samples) = match &self.suspicion {
            Some(suspicion) => (suspicion.minibatch, suspicion.samples.clone()),
            None => (at.step, evidence.samples),
        };
        Trouble { kind: TroubleKind::NotFinite, healthy_step, minibatch: Some(minibatch), samples }
    }
}

/// The finding about a trouble.
fn name_trouble(kind: TroubleKind, look: &TroubleLook) -> Finding {
    let rule = if kind == TroubleKind::Exploding { EXPLODING_RULE } else { SPIKE_RULE };
    let Suspicion { minibatch, healthy_step, samples, layer, .. } = &look.suspicion;
    // A sample that is the cause by itself says nothing of the weights.
    let before = if kind == TroubleKind::Spike && look.suspicion.is_of_one_sample() {
        Some(minibatch - 1)
    } else {
        *healthy_step
    };
    let trouble = Trouble { kind, healthy_step: before, minibatch: Some(*minibatch), samples: samples.clone() };
    let layer = layer.as_ref().map(|(layer, _)| *layer);
    Finding { trouble: Some(Box::new(trouble)), ..rule.describe(look, look.at.step, layer) }
}
