//! Rules about evaluations of the test split.

use serde::{Deserialize, Serialize};

use super::{
    circumstances::Circumstances,
    rule::{Rule, RuleStreak, judge_look},
    training::LossSum,
};
use crate::{
    protocol::{Finding, Health, number},
    text::{resolved, short, thousands},
    train::TestResult,
};

/// What is well above the best test loss: this multiple of it, and this many nats more.
const WELL_ABOVE_BEST: (f64, f64) = (1.1, 0.02);

/// Share of the samples from which on all but one class are not predicted.
const ONE_CLASS_SHARE: f64 = 0.99;

/// Minibatches or epochs after which a network should predict more than one class.
const ONE_CLASS_MIN_STEPS: u64 = 300;
const ONE_CLASS_MIN_EPOCHS: f64 = 10.0;
const ONE_CLASS_MIN_STEPS_OF_EPOCHS: u64 = 100;

/// Share of the samples of all other classes that are not told from it, from which on they are not predicted.
const ONE_CLASS_MISSED_SHARE: f64 = 0.5;

/// Share of a class in the data from which on it is the majority that a network may hide in.
const MAJORITY_SHARE: f64 = 0.6;

/// What the rules about evaluations find.
pub(super) const RULES: [Rule<EvaluationLook>; 2] = [
    Rule {
        name: "overfitting",
        threshold: "test loss over 1.1 × and 0.02 nats above the best, and the training loss below that of then, that of \
                    the test, and the entropy of the class shares",
        patience: 3,
        health: Health::Watch,
        holds: |look| Some(look.overfits()),
        what: |look| {
            let EvaluationLook { best, test, .. } = look;
            let numbers = [best.test_loss, test.loss].map(|loss| resolved(loss, best.test_loss));
            let [best_loss, loss] = numbers;
            let step = thousands(best.step);
            format!("the test loss rises since step {step}: {best_loss} → {loss}; the network overfits")
        },
        advice: |look| {
            let step = thousands(look.best.step);
            format!("stop at about step {step} (run.patience), or add dropout, weight decay or training data")
        },
    },
    Rule {
        name: "one class predicted",
        threshold: "at least 99 % of the test samples are taken for one class, and so is at least half of the others, \
                    after 300 minibatches, or 100 and 10 epochs",
        patience: 3,
        health: Health::Bad,
        holds: |look| {
            let TestResult { step, epoch, .. } = look.test;
            let late =
                step >= ONE_CLASS_MIN_STEPS || step >= ONE_CLASS_MIN_STEPS_OF_EPOCHS && epoch >= ONE_CLASS_MIN_EPOCHS;
            late.then(|| look.favourite.hides_others())
        },
        what: |look| {
            let FavouriteClass { name, predicted_share, true_share } = &look.favourite;
            let [predicted, truth] = [predicted_share, true_share].map(|share| short(100.0 * share));
            format!("{predicted} % of the test samples are taken for {name}, which {truth} % are")
        },
        advice: |look| {
            if look.favourite.true_share >= MAJORITY_SHARE {
                return "the accuracy says little here, since most samples are of this class: train on as many of each \
                        class, and judge by recall"
                    .into();
            }
            let rate = short(look.at.learning_rate);
            format!(
                "nothing that tells the classes apart is learned: try other learning rates (it was {rate}), and check \
                 inputs and labels (gradtop data)"
            )
        },
    },
];

/// The class that is predicted most often.
#[derive(Clone, Debug, PartialEq)]
pub struct FavouriteClass {
    /// Its name, harmless to show.
    pub name: String,
    /// Share of the samples for which it is predicted.
    pub predicted_share: f64,
    /// Share of the samples that are of it.
    pub true_share: f64,
}

impl FavouriteClass {
    /// The class predicted most often for samples with these labels; the first of several.
    pub fn of(predicted: &[u8], labels: &[u8], classes: &[String]) -> Self {
        let mut counts = vec![0_usize; classes.len()];
        for &class in predicted {
            counts[usize::from(class)] += 1;
        }
        let most = counts.iter().copied().max().unwrap_or(0);
        let class = counts.iter().position(|&count| count == most).unwrap_or(0);
        let of_it = labels.iter().filter(|&&label| usize::from(label) == class).count();
        let share = |count: usize| count as f64 / labels.len() as f64;
        Self { name: classes[class].clone(), predicted_share: share(most), true_share: share(of_it) }
    }

    /// Whether nearly all samples are taken for it, and most of those that are of other classes: where these are rare, a
    /// network that finds them predicts it as often.
    fn hides_others(&self) -> bool {
        let (others_predicted, others) = (1.0 - self.predicted_share, 1.0 - self.true_share);
        self.predicted_share >= ONE_CLASS_SHARE && others_predicted < (1.0 - ONE_CLASS_MISSED_SHARE) * others
    }
}

/// What is known at an evaluation.
#[derive(Clone, Debug)]
pub(super) struct EvaluationLook {
    test: TestResult,
    /// Mean over the minibatches since the evaluation before; NaN if there were none.
    training_loss: f64,
    /// The best evaluation so far, this one included.
    best: BestTestLoss,
    favourite: FavouriteClass,
    at: Circumstances,
}

impl EvaluationLook {
    /// Where the training loss rises, too, it is the learning rate, and where it is at chance nothing was learned: both
    /// are said elsewhere.
    fn overfits(&self) -> bool {
        let (times, more) = WELL_ABOVE_BEST;
        let best = self.best.test_loss;
        self.test.loss > (best * times).max(best + more)
            && self.training_loss < self.best.training_loss
            && self.training_loss < self.test.loss.min(self.at.chance_loss)
    }
}

/// The evaluation with the least test loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct BestTestLoss {
    step: u64,
    #[serde(with = "number")]
    test_loss: f64,
    /// Mean over the minibatches that led to it; NaN if there were none.
    #[serde(with = "number")]
    training_loss: f64,
}

/// The memory of the rules about evaluations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct EvaluationMemory {
    /// The losses of the minibatches since the last evaluation.
    training: LossSum,
    /// Empty before the first evaluation.
    best: Option<BestTestLoss>,
    /// Step of the last evaluation, so that the same one is not counted again.
    last: Option<u64>,
    /// One for each rule; empty before the first evaluation.
    streaks: Vec<RuleStreak>,
}

impl EvaluationMemory {
    /// Takes note of the loss of a minibatch.
    pub fn add_training_loss(&mut self, loss: f64) {
        self.training.add(loss);
    }

    /// Judges an evaluation.
    pub fn judge(&mut self, test: &TestResult, favourite: FavouriteClass, at: &Circumstances) -> Vec<Finding> {
        if !test.loss.is_finite() || self.last == Some(test.step) {
            return Vec::new();
        }
        self.last = Some(test.step);
        let training_loss = std::mem::take(&mut self.training).mean().unwrap_or(f64::NAN);
        let this = BestTestLoss { step: test.step, test_loss: test.loss, training_loss };
        let best = self.best.filter(|best| test.loss > best.test_loss).unwrap_or(this);
        self.best = Some(best);
        let look = EvaluationLook { test: *test, training_loss, best, favourite, at: *at };
        judge_look(&RULES, &mut self.streaks, &look, (test.step, None)).0
    }
}
