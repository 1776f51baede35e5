//! Rules about the training as a whole: the loss of its minibatches, numbers that are not finite, and its end.

use serde::{Deserialize, Serialize};

use super::{
    circumstances::Circumstances,
    layers::ReportedLayers,
    rule::{Rule, RuleStreak, judge_look},
};
use crate::{
    protocol::{Finding, Health, number},
    text::{short, thousands},
    train::{StepError, evidence::Evidence},
};

/// Minibatches whose mean loss is one look.
const WINDOW_MINIBATCHES: u32 = 100;

/// Share of the loss of chance from which on nothing was learned.
const CHANCE_SHARE: f64 = 0.98;

/// The mean loss over that of the window before, below which it falls: from far above chance that is learning, too.
const FALLING_SHARE: f64 = 0.99;

/// The loss over that of chance above which the network is worse than if it did nothing.
const FAR_ABOVE_SHARE: f64 = 1.5;

/// The loss over that of the first minibatch, before any update, above which the updates have made it worse.
const RISEN_SHARE: f64 = 1.1;

/// A loss of chance, in nats, below which there is nothing to learn: nearly all samples are of one class.
const LEAST_CHANCE_LOSS: f64 = 1e-3;

/// What the rules about the loss find.
pub(super) const LOSS_RULES: [Rule<LossLook>; 1] = [Rule {
    name: "loss at chance",
    threshold: "mean of 100 minibatches from 0.98 × the entropy of the class shares up, and not 1 % below the 100 before; \
                not where the schedule's factor is below 0.1",
    patience: 3,
    health: Health::Bad,
    holds: |look| {
        let can_tell = !look.at.schedule_is_low() && look.at.chance_loss >= LEAST_CHANCE_LOSS;
        can_tell.then(|| look.is_at_chance() && !look.falls())
    },
    what: |look| {
        let chance = look.at.chance_loss;
        let above = match look.mean {
            _ if look.is_far_above() => "far above",
            mean if mean < chance => "hardly better than",
            _ => "no better than",
        };
        let (span, [mean, chance]) = (3 * WINDOW_MINIBATCHES, [look.mean, chance].map(loss_text));
        format!(
            "for {span} minibatches the loss is {above} chance: {mean}, where guessing by the shares of \
             the classes gives {chance}"
        )
    },
    advice: |look| match look.reported {
        _ if look.has_diverged() => look.start().advice(&look.at),
        ReportedLayers::One(layer) => format!("see what is said of layer {layer}, the likely cause"),
        ReportedLayers::Several => "see what is said of the layers, the likely cause".into(),
        ReportedLayers::None if look.is_far_above() => {
            format!("it began there, so the updates are not the cause: {SMALLER_START}")
        }
        ReportedLayers::None => {
            "try learning rates ten times higher and lower, and check that inputs and labels belong together (gradtop \
                 data)"
                .into()
        }
    },
}];

/// What to do where the network is too far off before it is trained.
const SMALLER_START: &str = "begin with smaller weights (model.init = he), or scale the inputs (data.preprocessing)";

/// What is said of numbers that are not finite; at once.
pub(super) const BROKEN_RULE: Rule<BrokenLook> = Rule {
    name: "not finite",
    threshold: "loss or gradient is infinite or no number",
    patience: 1,
    health: Health::Bad,
    holds: |_| Some(true),
    what: |look| format!("{}{}; its update was left out", look.error, look.sample),
    advice: |look| {
        if look.at.updates == 0 {
            return format!("no update was made yet, so the numbers were too large from the start: {SMALLER_START}");
        }
        format!("{}; what the updates before did to the weights stays", look.start.advice(&look.at))
    },
};

/// What is said at the end of a run about which the rules know too little.
pub(super) const END_RULES: [Rule<EndLook>; 2] = [
    Rule {
        name: "too short to judge the layers",
        threshold: "the run ends before 10 looks of the probe",
        patience: 1,
        health: Health::Watch,
        holds: |look| Some(look.looks < super::layers::PATIENCE_LOOKS),
        what: |look| {
            let (step, looks) = (thousands(look.at.step), look.looks);
            format!(
                "the run is too short to tell how its layers do: the rules looked {looks} times in \
                 {step} minibatches and need 10"
            )
        },
        advice: |_| "train longer, or look more often (run.probe_every)".into(),
    },
    Rule {
        name: "too short to judge the loss",
        threshold: "the run ends before 300 minibatches with a loss from 0.98 × the entropy of the class shares up",
        patience: 1,
        health: Health::Watch,
        holds: |look| Some(look.windows < LOSS_RULES[0].patience && look.mean >= CHANCE_SHARE * look.at.chance_loss),
        what: |look| {
            let chance = look.at.chance_loss;
            let ([mean, chance], step) = ([look.mean, chance].map(loss_text), thousands(look.at.step));
            format!(
                "the run is too short to tell whether it learns: after {step} minibatches its loss is \
                 {mean}, where guessing by the shares of the classes gives {chance}"
            )
        },
        advice: |_| "train longer: whether the loss stands still shows after 300 minibatches".into(),
    },
];

/// A loss with as many digits as tell it from that of chance.
fn loss_text(loss: f64) -> String {
    if loss < 1000.0 { format!("{loss:.3}") } else { short(loss) }
}

/// What is known of the loss when a window is full.
#[derive(Clone, Copy, Debug)]
pub(super) struct LossLook {
    /// Mean of the window, and of the one before.
    mean: f64,
    previous: Option<f64>,
    /// Loss of the first minibatch, before any update.
    first: f64,
    /// Of how many layers a rule says something.
    reported: ReportedLayers,
    at: Circumstances,
}

impl LossLook {
    fn is_at_chance(&self) -> bool {
        self.mean >= CHANCE_SHARE * self.at.chance_loss
    }

    fn falls(&self) -> bool {
        self.previous.is_some_and(|previous| self.mean < FALLING_SHARE * previous)
    }

    fn is_far_above(&self) -> bool {
        self.mean > FAR_ABOVE_SHARE * self.at.chance_loss
    }

    fn has_diverged(&self) -> bool {
        self.is_far_above() && self.mean > RISEN_SHARE * self.first
    }

    fn start(&self) -> LossStart {
        LossStart { first: self.first, newest: self.mean }
    }
}

/// From where the loss has come to where.
#[derive(Clone, Copy, Debug)]
pub(super) struct LossStart {
    /// Loss of the first minibatch, before any update.
    first: f64,
    /// Mean loss of the newest minibatches.
    newest: f64,
}

impl LossStart {
    /// What to do about a loss that has become too large: the initial weights are the cause where they put it farther
    /// above chance than the updates did since, else the updates are.
    fn advice(self, at: &Circumstances) -> String {
        let Self { first, newest } = self;
        let began_far_above = at.chance_loss >= LEAST_CHANCE_LOSS && first > FAR_ABOVE_SHARE * at.chance_loss;
        if began_far_above && first / at.chance_loss >= newest / first {
            let [first, chance] = [first, at.chance_loss].map(loss_text);
            let lower = at.lower_rate();
            return format!(
                "before any update the loss was {first} already, where guessing gives {chance}: {SMALLER_START}; only if it \
                 still grows then, {lower}"
            );
        }
        at.lower_rate_or_clip()
    }
}

/// What is known of a minibatch with numbers that are not finite.
#[derive(Clone, Debug)]
pub(super) struct BrokenLook {
    /// What is not finite.
    error: String,
    /// The sample that is the cause, where it is one; else empty.
    sample: String,
    start: LossStart,
    at: Circumstances,
}

/// What is known at the end of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct EndLook {
    /// Looks of the probe, and windows of the loss.
    pub looks: u32,
    windows: u32,
    /// Mean loss of the newest minibatches.
    mean: f64,
    at: Circumstances,
}

/// Losses that are added up for their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LossSum {
    #[serde(with = "number")]
    sum: f64,
    count: u32,
}

impl LossSum {
    /// Adds the loss of a minibatch, if it is a number.
    pub fn add(&mut self, loss: f64) {
        if loss.is_finite() {
            self.sum += loss;
            self.count += 1;
        }
    }

    /// The mean; `None` where nothing was added.
    pub fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

/// The memory of the rules about the loss.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LossMemory {
    /// Loss of the first minibatch; empty before it.
    first: Option<f64>,
    /// The window that is not full yet.
    window: LossSum,
    /// Windows that were filled, and the mean of the last one.
    windows: u32,
    last_window: Option<f64>,
    /// One for each rule; empty before the first look.
    streaks: Vec<RuleStreak>,
}

impl LossMemory {
    /// Takes in the loss of a minibatch, and judges a window that is full.
    pub fn judge_loss(&mut self, loss: f64, reported: ReportedLayers, at: &Circumstances) -> Vec<Finding> {
        let first = *self.first.get_or_insert(loss);
        self.window.add(loss);
        if self.window.count < WINDOW_MINIBATCHES {
            return Vec::new();
        }
        let Some(mean) = std::mem::take(&mut self.window).mean() else { return Vec::new() };
        let look = LossLook { mean, previous: self.last_window.replace(mean), first, reported, at: *at };
        self.windows = self.windows.saturating_add(1);
        judge_look(&LOSS_RULES, &mut self.streaks, &look, (at.step, None)).0
    }

    /// What is known of a minibatch with numbers that are not finite.
    pub fn broken_look(&self, error: &StepError, at: &Circumstances, evidence: &Evidence) -> BrokenLook {
        let first = self.first.unwrap_or(f64::NAN);
        let start = LossStart { first, newest: self.newest_mean().unwrap_or(first) };
        let sample = evidence.samples.first().filter(|_| evidence.alone_not_finite && at.samples > 1);
        let sample = sample.map(|sample| {
            let (sample, class) = (thousands(sample.index as u64), &evidence.class);
            format!(", only because of sample {sample} (class {class})")
        });
        BrokenLook { error: error.to_string(), sample: sample.unwrap_or_default(), start, at: *at }
    }

    /// Whether the loss of the newest minibatches, as far as it is known, is no better than chance.
    pub fn is_at_chance(&self, at: &Circumstances) -> bool {
        let at_chance = |mean| mean >= CHANCE_SHARE * at.chance_loss && at.chance_loss >= LEAST_CHANCE_LOSS;
        self.newest_mean().is_none_or(at_chance)
    }

    /// Whether something of the loss is reported.
    pub fn is_reported(&self) -> bool {
        self.streaks.iter().any(|streak| streak.is_reported())
    }

    /// What to say at the end of the run after `looks` of the probe: one thing, of the shorter of the two.
    pub fn judge_end(&self, looks: u32, at: &Circumstances) -> Option<Finding> {
        let look = EndLook { looks, windows: self.windows, mean: self.newest_mean().unwrap_or(f64::NAN), at: *at };
        let rule = END_RULES.iter().find(|rule| (rule.holds)(&look) == Some(true))?;
        Some(rule.describe(&look, at.step, None))
    }

    /// Mean of the last full window, or of what there is before the first.
    fn newest_mean(&self) -> Option<f64> {
        self.last_window.or_else(|| self.window.mean())
    }
}
