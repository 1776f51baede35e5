//! Which queries are answered without being asked again, and how often, so that training hardly notices.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use crate::{
    protocol::{
        Answer, Event, Inspection, Phase, Query, RunState,
        inspection::{MOST_WATCHED, Split},
    },
    train::inspect::{Needs, needs},
};

use super::{Drive, Driver};

/// Share of the time of a running training that answers may take.
const SHARE: f64 = 0.01;

/// Shortest time between two rounds of answers while running.
const SHORTEST: Duration = Duration::from_micros(66_667);

/// Evaluations that took longer are not repeated by themselves while paused.
const QUICK_EVALUATION: f64 = 1.0;

/// Shortest time between two reports of a gradient check.
const CHECK_REPORTS: Duration = Duration::from_millis(50);

/// What is watched.
#[derive(Debug, Default)]
pub(super) struct Watch {
    queries: Vec<Watched>,
    /// When the last round of answers ended.
    answered: Option<Instant>,
    /// What the last round cost, if these queries had one.
    cost: Option<Duration>,
}

/// A query, and what its last answer was of.
#[derive(Debug)]
struct Watched {
    query: Query,
    answered: Option<Version>,
}

/// All that an answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// Nothing that ever changes.
    Constant,
    /// The weights after so many minibatches.
    Weights(u64),
    /// The minibatch in hand, and how far somebody has walked through it.
    Passes(u64, Phase),
    /// An evaluation after so many minibatches, if there was one.
    Evaluation(Option<u64>),
}

impl Driver<'_> {
    /// Replaces what is watched.
    pub(super) fn watch_queries(&mut self, mut queries: Vec<Query>) -> Result<(), String> {
        if queries.len() > MOST_WATCHED {
            return Err(format!("{} queries are too many to watch; valid: 0 to {MOST_WATCHED}", queries.len()));
        }
        for query in &queries {
            if matches!(query, Query::GradientCheck { .. }) {
                return Err("a gradient check takes time; it can't be watched".into());
            }
            self.trainer.check_query(query)?;
        }
        // The minibatch in hand comes last, or the others would have to compute it again.
        queries.sort_by_key(|query| match needs(query) {
            Needs::Nothing => 0,
            Needs::Predictions(_) => 1,
            Needs::Passes => 2,
        });
        let queries = queries.into_iter().map(|query| Watched { query, answered: None }).collect();
        self.watch = Watch { queries, cost: None, ..self.watch };
        Ok(())
    }

    /// Answers a query once.
    pub(super) fn inspect(&mut self, query: Query) -> Result<(), String> {
        if let Query::GradientCheck { layer } = query {
            return self.check_gradients(layer);
        }
        self.trainer.check_query(&query)?;
        if let Needs::Predictions(split) = needs(&query)
            && !self.refresh(split, true)
            && self.trainer.predictions(split).step.is_none()
        {
            return Err("interrupted by another request".into());
        }
        let answer = self.trainer.inspect(&query)?;
        self.tell(query, answer);
        Ok(())
    }

    /// Answers what is watched, if something changed and it is time.
    pub(super) fn answer_watched(&mut self, now: Instant) {
        if self.watch.queries.is_empty() {
            return;
        }
        let wait = SHORTEST.max(self.watch.cost.unwrap_or_default().div_f64(SHARE));
        let early = self.watch.answered.is_some_and(|answered| now < answered + wait);
        // Waiting, other queries may be on their way already: whoever turns pages wants the last one.
        let superseded = self.drive == Drive::Wait && self.inbox.is_waiting();
        if superseded || self.drive != Drive::Wait && (early || self.outbox.holds_inspections()) {
            return;
        }
        if let Some(cost) = self.answer_changed() {
            (self.watch.answered, self.watch.cost) = (Some(Instant::now()), Some(cost));
        }
    }

    /// Answers everything that is watched and has changed, and tells what that cost beyond what the next step computes
    /// anyway.
    fn answer_changed(&mut self) -> Option<Duration> {
        let mut cost = None;
        let mut watched = std::mem::take(&mut self.watch.queries);
        for Watched { query, answered } in &mut watched {
            if let Needs::Predictions(split) = needs(query) {
                self.refresh(split, false);
            }
            let version = self.version(query);
            if answered.replace(version) == Some(version) {
                continue;
            }
            if needs(query) == Needs::Passes {
                self.trainer.hold();
            }
            let start = Instant::now();
            // It was checked when it was asked; a reason is as good an answer.
            let answer = self.trainer.inspect(query).unwrap_or_else(|reason| Answer::Nothing { reason });
            self.tell(query.clone(), answer);
            *cost.get_or_insert(Duration::ZERO) += start.elapsed();
        }
        self.watch.queries = watched;
        cost
    }

    /// What the answer to a query depends on, as it is now.
    fn version(&self, query: &Query) -> Version {
        match needs(query) {
            Needs::Nothing if *query == Query::Points => Version::Constant,
            Needs::Nothing => Version::Weights(self.trainer.completed()),
            Needs::Passes => Version::Passes(self.trainer.completed(), self.trainer.phase()),
            Needs::Predictions(split) => Version::Evaluation(self.trainer.predictions(split).step),
        }
    }

    /// Evaluates anew, while waiting, the parts of the data that are watched, however long it takes.
    pub(super) fn refresh_watched(&mut self) {
        for split in [Split::Train, Split::Test] {
            if self.watch.queries.iter().any(|watched| needs(&watched.query) == Needs::Predictions(split)) {
                self.refresh(split, true);
            }
        }
    }

    /// Evaluates a part of the data anew while waiting, if it must be or is quick, or is `asked` for; false if that was
    /// interrupted.
    fn refresh(&mut self, split: Split, asked: bool) -> bool {
        let (step, made) = (self.trainer.completed(), self.trainer.predictions(split));
        let slow = made.step.is_some() && made.seconds > QUICK_EVALUATION;
        let fresh = made.step == Some(step) || slow && !asked;
        if fresh || self.drive != Drive::Wait {
            return true;
        }
        let (inbox, outbox) = (&mut *self.inbox, &mut *self.outbox);
        let judged = self.trainer.judge(split, || {
            let gone = outbox.flush(Instant::now()).is_err();
            if gone || inbox.is_waiting() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        judged.is_some()
    }

    /// While nobody asks for anything, computes the passes of the minibatch in hand once: whoever looks then waits only
    /// for the answer, and the next step takes them up.
    pub(super) fn prepare(&mut self) {
        if self.state != RunState::Paused || self.trainer.phase() != Phase::Between {
            return;
        }
        while !self.inbox.is_waiting() && self.trainer.prepare_phase() {
            // A consumer that is gone is noticed where the worker waits.
            let _ = self.outbox.flush(Instant::now());
        }
    }

    fn tell(&mut self, query: Query, answer: Answer) {
        let inspection = Inspection { step: self.trainer.completed(), query, answer };
        self.outbox.push(Event::Inspection(Box::new(inspection)));
    }

    /// Checks a layer's gradients, telling how far it is, until the verdict or the next request.
    fn check_gradients(&mut self, layer: usize) -> Result<(), String> {
        if self.drive != Drive::Wait {
            return Err("gradients are checked while the run is paused; pause it first".into());
        }
        let mut check = self.trainer.gradient_check(layer)?;
        let mut told: Option<Instant> = None;
        loop {
            let report = if self.inbox.is_waiting() { check.interrupt() } else { check.advance() };
            let due = told.is_none_or(|told| told.elapsed() >= CHECK_REPORTS) && !self.outbox.holds_inspections();
            if report.verdict.is_none() && !due {
                // What found no room before may find it now.
                if self.outbox.flush(Instant::now()).is_err() {
                    return Ok(());
                }
                continue;
            }
            let (report, done) = (report.clone(), report.verdict.is_some());
            self.tell(Query::GradientCheck { layer }, Answer::GradientCheck(report));
            if done || self.outbox.flush(Instant::now()).is_err() {
                return Ok(());
            }
            told = Some(Instant::now());
        }
    }
}
