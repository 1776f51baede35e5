//! Training a recorded run once more, as fast as it goes.

use std::{collections::VecDeque, ops::ControlFlow};

use crate::{
    protocol::Change,
    tensors::Writer,
    train::{
        LAST_STEP, Trainer,
        driver::steering::RunSteering,
        early_stopping::{EarlyStopping, Verdict},
        ledger::take_due,
        timing::RunTiming,
    },
};

/// Trains from the beginning up to step `until`, with these changes after these steps, and gives the
/// fingerprint of the weights then; `None` if `keep_going`, which learns of every step, ended it.
///
/// # Errors
/// When a change can't be made again, or the run can't end where it did; a sentence.
pub fn replay(
    trainer: &mut Trainer,
    patience: Option<u64>,
    changes: impl IntoIterator<Item = (u64, Change)>,
    until: u64,
    mut keep_going: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<Option<String>, String> {
    let mut changes: VecDeque<(u64, Change)> = changes.into_iter().collect();
    let mut stopping = EarlyStopping { patience, best: None };
    let mut best: Option<Writer> = None;
    loop {
        let step = trainer.completed();
        while let Some(change) = take_due(&mut changes, step) {
            if change.key != LAST_STEP {
                let timing = &mut RunTiming::new(None);
                RunSteering { trainer: &mut *trainer, timing }.apply(&change.key, &change.to)?;
            }
        }
        if step >= until {
            return Ok(Some(trainer.weights_sha256()));
        }
        // A minibatch that is not finite counted as a step and was left out then too.
        let _ = trainer.step();
        if keep_going(trainer.completed()).is_break() {
            return Ok(None);
        }
        if patience.is_none() || !trainer.completed().is_multiple_of(trainer.evaluate_every()) {
            continue;
        }
        let Some(test) = trainer.evaluate(|| ControlFlow::Continue(())) else { continue };
        match (stopping.judge(&test), &best) {
            (Verdict::Best, _) => best = Some(trainer.evaluated_weights()),
            (Verdict::GiveUp, Some(weights)) => {
                let weights = weights.clone().into_tensors().map_err(|error| error.to_string())?;
                trainer.end_on_weights(&weights).map_err(|error| error.to_string())?;
                // It was its end, unless somebody extended it.
                stopping.begin_again();
            }
            _ => {}
        }
    }
}
