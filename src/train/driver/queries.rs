//! Queries, answered between two minibatches.

use std::time::{Duration, Instant};

use crate::{
    protocol::{Answer, Event, Inspection, Query, inspection::SplitName},
    train::{
        Trainer,
        inspect::{QueryNeeds, needs},
        link::ConsumerLink,
    },
};

/// Evaluations that took longer are not repeated by themselves while the run waits.
const MAX_QUICK_EVALUATION_SECONDS: f64 = 1.0;

/// Shortest time between two reports of a gradient check.
const MIN_CHECK_REPORT_INTERVAL: Duration = Duration::from_millis(50);

/// Answers queries about a trainer.
pub(super) struct QueryAnswerer<'a> {
    pub trainer: &'a mut Trainer,
    pub link: &'a mut ConsumerLink,
    /// Whether the worker waits for requests, so that there is time for what takes long.
    pub waiting: bool,
}

impl QueryAnswerer<'_> {
    /// Answers a query that was asked for once.
    ///
    /// # Errors
    /// When it can't be answered; the reason says why.
    pub fn answer_once(&mut self, query: Query) -> Result<(), String> {
        if let Query::GradientCheck { layer } = query {
            return self.check_gradients(layer);
        }
        self.trainer.check_query(&query)?;
        if let QueryNeeds::Predictions(split) = needs(&query)
            && !self.refresh_evaluation(split, true)
            && self.trainer.predictions(split).step.is_none()
        {
            return Err("interrupted by another request".into());
        }
        let answer = self.trainer.inspect(&query)?;
        self.send_answer(query, answer);
        Ok(())
    }

    /// Sends an answer.
    pub fn send_answer(&mut self, query: Query, answer: Answer) {
        let inspection = Inspection { step: self.trainer.completed(), query, answer };
        self.link.push(Event::Inspection(Box::new(inspection)));
    }

    /// Evaluates a part of the data anew while the worker waits, if that is quick, or was `asked` for; false if it was
    /// interrupted.
    pub fn refresh_evaluation(&mut self, split: SplitName, asked: bool) -> bool {
        let (step, made) = (self.trainer.completed(), self.trainer.predictions(split));
        let slow = made.step.is_some() && made.seconds > MAX_QUICK_EVALUATION_SECONDS;
        let fresh = made.step == Some(step) || slow && !asked;
        fresh || !self.waiting || self.trainer.evaluate_split(split, || self.link.continue_until_request()).is_some()
    }

    /// Checks a layer's gradients, reporting how far the check is, until the verdict or the next request.
    fn check_gradients(&mut self, layer: usize) -> Result<(), String> {
        if !self.waiting {
            return Err("gradients are checked while the run is paused; pause it first".into());
        }
        let mut check = self.trainer.gradient_check(layer)?;
        let mut reported: Option<Instant> = None;
        loop {
            let report = if self.link.inbox.is_waiting() { check.interrupt() } else { check.advance() };
            let due = reported.is_none_or(|reported| reported.elapsed() >= MIN_CHECK_REPORT_INTERVAL)
                && !self.link.outbox.holds_inspections();
            let done = report.verdict.is_some();
            if done || due {
                let report = report.clone();
                self.send_answer(Query::GradientCheck { layer }, Answer::GradientCheck(report));
                reported = Some(Instant::now());
            }
            // What found no room before may find it now.
            if done || self.link.flush_if_due().is_err() {
                return Ok(());
            }
        }
    }
}
