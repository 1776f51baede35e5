//! Ending a run whose evaluations no longer improve, on the weights of the best one.

use serde::{Deserialize, Serialize};

use crate::{protocol::number, train::TestResult};

/// The best evaluation of the test split so far: the highest accuracy, and of equal ones the lowest loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestEvaluation {
    /// Minibatches completed.
    pub step: u64,
    /// Share classified correctly.
    pub accuracy: f64,
    /// Mean loss in nats.
    #[serde(with = "number")]
    pub loss: f64,
    /// Regular evaluations since then.
    pub since: u64,
}

impl BestEvaluation {
    fn is_beaten_by(&self, test: &TestResult) -> bool {
        let lower_loss = test.loss < self.loss || self.loss.is_nan() && !test.loss.is_nan();
        test.accuracy > self.accuracy || test.accuracy == self.accuracy && lower_loss
    }
}

/// What a new evaluation means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the best so far.
    Best,
    /// Others were better, but not for long enough.
    Wait,
    /// No evaluation has improved for as long as the patience lasts.
    GiveUp,
}

/// Watches the regular evaluations of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EarlyStopping {
    /// Evaluations without an improvement after which the run ends; `None` never ends it.
    pub patience: Option<u64>,
    /// Empty before the first evaluation.
    pub best: Option<BestEvaluation>,
}

impl EarlyStopping {
    /// Has its whole patience again: if the run is extended after its end, nobody wants it to end at once.
    pub fn begin_again(&mut self) {
        if let Some(best) = &mut self.best {
            best.since = 0;
        }
    }

    /// Takes a regular evaluation into account.
    pub fn judge(&mut self, test: &TestResult) -> Verdict {
        match &mut self.best {
            Some(best) if !best.is_beaten_by(test) => {
                best.since += 1;
                if self.patience.is_some_and(|patience| best.since >= patience) {
                    Verdict::GiveUp
                } else {
                    Verdict::Wait
                }
            }
            best => {
                let TestResult { step, accuracy, loss, .. } = *test;
                *best = Some(BestEvaluation { step, accuracy, loss, since: 0 });
                Verdict::Best
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(step: u64, accuracy: f64, loss: f64) -> TestResult {
        TestResult { step, epoch: 0.0, loss, accuracy, samples: 10, seconds: 0.0 }
    }

    #[test]
    fn it_gives_up_after_its_patience_and_knows_the_best() {
        let mut stopping = EarlyStopping { patience: Some(2), best: None };
        let verdicts = [(0.5, 1.0), (0.5, 0.9), (0.4, 0.5), (0.6, f64::NAN), (0.6, 0.1), (0.6, 0.2), (0.6, 0.1)];
        let judged = (1..).zip(verdicts).map(|(step, (accuracy, loss))| stopping.judge(&test(step, accuracy, loss)));
        let [best, wait, give_up] = [Verdict::Best, Verdict::Wait, Verdict::GiveUp];
        assert_eq!(judged.collect::<Vec<_>>(), [best, best, wait, best, best, wait, give_up]);
        assert_eq!(stopping.best.map(|best| best.step), Some(5));
    }

    #[test]
    fn without_patience_it_never_ends() {
        let mut stopping = EarlyStopping::default();
        stopping.judge(&test(1, 0.9, 0.1));
        assert!((2..100).all(|step| stopping.judge(&test(step, 0.1, 2.0)) == Verdict::Wait));
        assert_eq!(stopping.best.unwrap().since, 98);
    }
}
