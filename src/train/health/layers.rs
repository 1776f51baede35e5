//! Rules about one layer, at each look of the probe.

mod advice;

use serde::{Deserialize, Serialize};

use super::{
    circumstances::Circumstances,
    rule::{Rule, RuleStreak, judge_look},
};
use crate::{
    nn::LayerCategory,
    protocol::{Finding, Health, number},
    text::{short, thousands},
    train::LayerMeasures,
};

/// Looks at which a condition must hold before it becomes a finding, and looks before a layer may be called healthy.
pub(super) const PATIENCE_LOOKS: u32 = 10;

/// The same for updates that are too small: they only cost time.
const SMALL_UPDATE_PATIENCE_LOOKS: u32 = 30;

/// Samples of a minibatch below which a unit that gives 0 for all of them need not be dead.
const DEAD_MIN_SAMPLES: usize = 16;

/// Shares of dead units that are many, and nearly all.
const MANY_DEAD: f64 = 0.5;
const MOST_DEAD: f64 = 0.9;

/// What the share has grown by where updates must have had a part in it.
const MANY_MORE_DEAD: f64 = 0.2;

/// Share of the channels of a batch normalization without two different values from which on that is why units after it
/// are dead. It is why no gradient comes through only if all of them are so.
const MANY_CONSTANT: f64 = 0.5;

/// Update norms over the weight norm that are large, huge and far too small; about 1e-3 is usual.
const LARGE_UPDATE: f64 = 0.1;
const HUGE_UPDATE: f64 = 1.0;
const SMALL_UPDATE: f64 = 3e-5;

/// What clipping leaves of a gradient, below which it is the cause of small updates.
const STRONG_CLIP_SCALE: f64 = 0.1;

/// Gradient of a layer over that of the last one, as norms and as root mean squares, below which it vanishes. Both must
/// be: the norm of a layer grows with its size, the mean square shrinks where most inputs are 0.
const VANISHED_NORM_SHARE: f64 = 1e-2;
const VANISHED_RMS_SHARE: f64 = 3e-3;

/// The same above which it explodes.
const EXPLODED_SHARE: f64 = 100.0;

/// Share of the newest look in the usual gradient norm of a layer.
const NEWEST_GRADIENT_SHARE: f64 = 0.25;

/// Root mean square of weights that are nearly 0: of any size, they must grow before they do anything.
const TINY_WEIGHT_RMS: f64 = 1e-3;

/// Gradient over that at the first looks, below which a layer has arrived where it goes.
const SETTLED_GRADIENT_SHARE: f64 = 0.1;

/// What the rules about layers find.
pub(super) const RULES: [Rule<LayerLook>; 7] = [
    Rule {
        name: "mostly dead",
        threshold: "over 90 % of the units give 0 for the whole minibatch, of at least 16 samples",
        patience: PATIENCE_LOOKS,
        health: Health::Bad,
        holds: |look| look.shows_dead_units().then(|| look.dead() > MOST_DEAD),
        what: LayerLook::dead_sentence,
        advice: LayerLook::dead_advice,
    },
    Rule {
        name: "huge updates",
        threshold: "update norm over 1 × weight norm; weights with a root mean square below 0.001 may grow",
        patience: PATIENCE_LOOKS,
        health: Health::Bad,
        holds: |look| Some(look.grown_update_ratio() > HUGE_UPDATE),
        what: LayerLook::large_update_sentence,
        advice: LayerLook::large_update_advice,
    },
    Rule {
        name: "vanishing gradient",
        threshold: "norm below 0.01 × and root mean square below 0.003 × that of the last layer with parameters, and no \
                    layer is mostly dead",
        patience: PATIENCE_LOOKS,
        health: Health::Bad,
        holds: |look| Some(look.gradient_vanishes()),
        what: LayerLook::vanished_sentence,
        advice: LayerLook::vanished_advice,
    },
    Rule {
        name: "exploding gradient",
        threshold: "norm and root mean square over 100 × that of the last layer with parameters, and no layer is \
                    mostly dead",
        patience: PATIENCE_LOOKS,
        health: Health::Bad,
        holds: |look| {
            let [norm, rms] = look.gradient_shares();
            Some(norm > EXPLODED_SHARE && rms > EXPLODED_SHARE && !look.dead_somewhere)
        },
        what: |look| {
            let [share, _] = look.gradient_shares();
            let times = thousands(share.min(1e18).round() as u64);
            let LayerLook { layer: LayerMeasures { layer, .. }, last_layer, .. } = look;
            format!(
                "the gradient explodes on its way back to layer {layer}: its norm is {times} × that of layer \
                 {last_layer}"
            )
        },
        advice: |_| {
            "begin with smaller weights (model.init = he or xavier), or put batchnorm between the layers".into()
        },
    },
    Rule {
        name: "many dead",
        threshold: "over 50 % to 90 % of the units give 0 for the whole minibatch, of at least 16 samples",
        patience: PATIENCE_LOOKS,
        health: Health::Watch,
        holds: |look| look.shows_dead_units().then(|| look.dead() > MANY_DEAD && look.dead() <= MOST_DEAD),
        what: LayerLook::dead_sentence,
        advice: LayerLook::dead_advice,
    },
    Rule {
        name: "large updates",
        threshold: "update norm over 0.1 × to 1 × weight norm; weights with a root mean square below 0.001 may grow",
        patience: PATIENCE_LOOKS,
        health: Health::Watch,
        holds: |look| {
            let ratio = look.grown_update_ratio();
            Some(ratio > LARGE_UPDATE && ratio <= HUGE_UPDATE)
        },
        what: LayerLook::large_update_sentence,
        advice: LayerLook::large_update_advice,
    },
    Rule {
        name: "tiny updates",
        threshold: "update norm below 3e-5 × weight norm, and the gradient at least 0.1 × that of the first 10 looks; \
                    not for normalizations, where the gradient vanishes, nor where the schedule's factor is below 0.1",
        patience: SMALL_UPDATE_PATIENCE_LOOKS,
        health: Health::Watch,
        holds: LayerLook::updates_are_tiny,
        what: |look| {
            let (ratio, layer) = (look.layer.update_ratio(), look.layer.layer);
            format!("each update changes layer {layer} by only {} % of its weights", short(100.0 * ratio))
        },
        advice: LayerLook::tiny_update_advice,
    },
];

/// What is known of a layer at a look.
#[derive(Clone, Copy, Debug)]
pub(super) struct LayerLook {
    layer: LayerMeasures,
    /// Share of dead units at the first look, before there was an update.
    first_dead: f64,
    /// The largest update ratio so far, and its step.
    largest_update: (f64, u64),
    /// Mean gradient norm at the first looks.
    first_gradient: f64,
    /// Place of the last layer with parameters, and the norm and root mean square of its gradient.
    last_layer: usize,
    last_gradient: [f64; 2],
    /// Whether nearly all units of any layer are dead: nothing comes through, and that is the cause to name.
    dead_somewhere: bool,
    /// Whether an activation from this layer to the last one saturates.
    saturates: bool,
    /// The first batch normalization from this layer on most of whose channels have one value only.
    constant_norm: Option<usize>,
    /// Least root mean square of the weights of any layer.
    smallest_weight_rms: f64,
    at: Circumstances,
}

impl LayerLook {
    fn shows_dead_units(&self) -> bool {
        self.at.samples >= DEAD_MIN_SAMPLES
    }

    fn dead(&self) -> f64 {
        self.layer.dead.unwrap_or(0.0)
    }

    /// Norm and root mean square of the gradient over those of the last layer.
    fn gradient_shares(&self) -> [f64; 2] {
        let [norm, rms] = self.last_gradient;
        [self.layer.gradient_norm / norm, self.layer.gradient_rms() / rms]
    }

    fn gradient_vanishes(&self) -> bool {
        let [norm, rms] = self.gradient_shares();
        norm < VANISHED_NORM_SHARE && rms < VANISHED_RMS_SHARE && !self.dead_somewhere
    }

    /// The update ratio of weights that are more than nearly 0; 0 for others.
    fn grown_update_ratio(&self) -> f64 {
        if self.layer.weight_rms() < TINY_WEIGHT_RMS { 0.0 } else { self.layer.update_ratio() }
    }

    fn updates_are_tiny(&self) -> Option<bool> {
        if self.at.schedule_is_low() || self.layer.category == LayerCategory::Normalization {
            return None;
        }
        let settled = self.layer.gradient_norm < SETTLED_GRADIENT_SHARE * self.first_gradient;
        let explained = self.gradient_vanishes() || self.dead_somewhere;
        Some(self.layer.update_ratio() < SMALL_UPDATE && !settled && !explained)
    }
}

/// Of how many layers a rule says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReportedLayers {
    /// Of none.
    None,
    /// Of this one.
    One(usize),
    /// Of several.
    Several,
}

/// The memory of the rules about one layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LayerMemory {
    /// Place of the layer in the network.
    layer: usize,
    /// Looks so far.
    pub looks: u32,
    /// Share of dead units at the first look; 0 where no rectifier follows.
    first_dead: f64,
    /// Gradient norms of the first [`PATIENCE_LOOKS`] looks, added up.
    #[serde(with = "number")]
    first_gradients: f64,
    /// The largest update ratio so far of weights that are more than nearly 0, and its step. Normally below 0.1.
    #[serde(with = "number")]
    largest_update: f64,
    largest_update_step: u64,
    /// Gradient norm of late, while nothing was wrong; 0 before the first look.
    #[serde(with = "number")]
    usual_gradient: f64,
    /// One for each rule; empty before the first look.
    streaks: Vec<RuleStreak>,
    /// The verdict of the last look.
    pub verdict: Option<Health>,
}

impl LayerMemory {
    /// Takes in what was measured; before the first look nothing is known.
    fn take_note(&mut self, look: &mut LayerLook) {
        self.layer = look.layer.layer;
        let step = look.at.step;
        if self.looks == 0 {
            self.first_dead = look.dead();
        }
        if self.looks < PATIENCE_LOOKS {
            self.first_gradients += look.layer.gradient_norm;
        }
        self.looks = self.looks.saturating_add(1);
        let update = look.grown_update_ratio();
        if update > self.largest_update {
            (self.largest_update, self.largest_update_step) = (update, step);
        }
        look.first_dead = self.first_dead;
        look.first_gradient = self.first_gradients / f64::from(self.looks.min(PATIENCE_LOOKS));
        look.largest_update = (self.largest_update, self.largest_update_step);
    }
}

/// Whether most channels of a batch normalization have one value only in this minibatch.
fn is_mostly_constant(layer: &LayerMeasures) -> bool {
    layer.constant.is_some_and(|share| share > MANY_CONSTANT)
}

/// Judges each layer, writes the verdicts into `layers` and returns what is new. A layer is only called healthy after
/// [`PATIENCE_LOOKS`] looks, and not while the training as a whole gets nowhere (`doubtful`).
pub(super) fn judge_layers(
    memories: &mut Vec<LayerMemory>,
    layers: &mut [LayerMeasures],
    at: &Circumstances,
    doubtful: bool,
) -> Vec<Finding> {
    let Some(last) = layers.last().copied() else { return Vec::new() };
    memories.resize(layers.len(), LayerMemory::default());
    let dead_somewhere =
        at.samples >= DEAD_MIN_SAMPLES && layers.iter().any(|layer| layer.dead.is_some_and(|dead| dead > MOST_DEAD));
    let smallest_weight_rms = layers.iter().map(LayerMeasures::weight_rms).fold(f64::INFINITY, f64::min);
    let mut findings = Vec::new();
    for place in 0..layers.len() {
        let mut look = LayerLook {
            layer: layers[place],
            first_dead: 0.0,
            largest_update: (0.0, 0),
            first_gradient: 0.0,
            last_layer: last.layer,
            last_gradient: [last.gradient_norm, last.gradient_rms()],
            dead_somewhere,
            saturates: layers[place..].iter().any(|layer| layer.saturates),
            constant_norm: layers[place..].iter().find(|layer| layer.constant == Some(1.0)).map(|layer| layer.layer),
            smallest_weight_rms,
            at: *at,
        };
        let (layer, memory) = (&mut layers[place], &mut memories[place]);
        memory.take_note(&mut look);
        let (news, verdict) = judge_look(&RULES, &mut memory.streaks, &look, (at.step, Some(layer.layer)));
        findings.extend(news);
        let unsure = doubtful || memory.looks < PATIENCE_LOOKS;
        memory.verdict = verdict.filter(|&verdict| verdict != Health::Good || !unsure);
        layer.health = memory.verdict;
    }
    findings
}

/// Takes in the gradient norms of a look at which nothing was wrong.
pub(super) fn note_usual_gradients(memories: &mut [LayerMemory], layers: &[LayerMeasures]) {
    for (memory, layer) in memories.iter_mut().zip(layers).filter(|(_, layer)| layer.gradient_norm.is_finite()) {
        let (usual, newest) = (memory.usual_gradient, layer.gradient_norm);
        memory.usual_gradient = if usual == 0.0 { newest } else { usual + NEWEST_GRADIENT_SHARE * (newest - usual) };
    }
}

/// The first layer, in the order of the network, whose gradient norm has jumped, and its kind: by a factor that is, on a log
/// scale, at least half of the largest. `None` before the first look. The `gradients` are those of the same layers, with
/// place and kind.
pub(super) fn first_jumped_gradient(
    memories: &[LayerMemory],
    gradients: &[(usize, &'static str, f64)],
) -> Option<(usize, String)> {
    let times = |((_, _, norm), memory): (&(usize, &str, f64), &LayerMemory)| {
        let times = norm / memory.usual_gradient;
        if times.is_finite() { times } else { 0.0 }
    };
    let most = gradients.iter().zip(memories).map(times).fold(1.0, f64::max);
    let jumped = |pair: &(_, _)| most > 1.0 && times(*pair) >= most.sqrt();
    let ((layer, kind, _), _) = gradients.iter().zip(memories).find(jumped)?;
    Some((*layer, (*kind).to_owned()))
}

/// The layers of which a rule says something.
pub(super) fn reported_layers(memories: &[LayerMemory]) -> ReportedLayers {
    let reported = |memory: &&LayerMemory| memory.streaks.iter().any(|streak| streak.is_reported());
    let mut layers = memories.iter().filter(reported).map(|memory| memory.layer);
    match (layers.next(), layers.next()) {
        (None, _) => ReportedLayers::None,
        (Some(layer), None) => ReportedLayers::One(layer),
        (Some(_), Some(_)) => ReportedLayers::Several,
    }
}
