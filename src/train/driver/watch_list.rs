//! Which queries are answered again whenever their answers change, and how often, so that training hardly notices.

use std::time::{Duration, Instant};

use crate::{
    protocol::{
        Answer, Phase, Query,
        inspection::{MAX_WATCHED_QUERIES, SplitName},
    },
    train::{
        Trainer,
        inspect::{QueryNeeds, needs},
    },
};

use super::queries::QueryAnswerer;

/// Share of the time of a running training that answers may take.
const ANSWER_TIME_SHARE: f64 = 0.01;

/// Shortest time between two rounds of answers while running.
const MIN_ROUND_INTERVAL: Duration = Duration::from_micros(66_667);

/// What is watched.
#[derive(Debug, Default)]
pub(super) struct WatchList {
    queries: Vec<WatchedQuery>,
    /// When the last round of answers ended; empty before the first.
    answered: Option<Instant>,
    /// What the last round cost; empty until these queries had one.
    cost: Option<Duration>,
}

/// A query, and what its last answer depended on.
#[derive(Debug)]
struct WatchedQuery {
    query: Query,
    /// Empty until it is answered.
    answered: Option<AnswerVersion>,
}

/// All that an answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnswerVersion {
    /// Nothing that ever changes.
    Constant,
    /// The weights after that many minibatches.
    Weights(u64),
    /// The current minibatch after that many, and where the walk through it stands.
    Passes(u64, Phase),
    /// The evaluation after that many minibatches, if there was one.
    Evaluation(Option<u64>),
}

impl AnswerVersion {
    /// What the answer to a query depends on, as it is now.
    fn of(query: &Query, trainer: &Trainer) -> Self {
        match needs(query) {
            QueryNeeds::Nothing if *query == Query::Points => Self::Constant,
            QueryNeeds::Nothing => Self::Weights(trainer.completed()),
            QueryNeeds::Passes => Self::Passes(trainer.completed(), trainer.minibatch().phase()),
            QueryNeeds::Predictions(split) => Self::Evaluation(trainer.predictions(split).step),
        }
    }
}

impl WatchList {
    /// Replaces what is watched.
    ///
    /// # Errors
    /// When one of the queries can't be watched; then nothing changes.
    pub fn replace(&mut self, mut queries: Vec<Query>, trainer: &Trainer) -> Result<(), String> {
        if queries.len() > MAX_WATCHED_QUERIES {
            return Err(format!("{} queries are too many to watch; valid: 0 to {MAX_WATCHED_QUERIES}", queries.len()));
        }
        for query in &queries {
            if matches!(query, Query::GradientCheck { .. }) {
                return Err("a gradient check takes time; it can't be watched".into());
            }
            trainer.check_query(query)?;
        }
        // The current minibatch comes last, or the others would have to compute it again.
        queries.sort_by_key(|query| match needs(query) {
            QueryNeeds::Nothing => 0,
            QueryNeeds::Predictions(_) => 1,
            QueryNeeds::Passes => 2,
        });
        self.queries = queries.into_iter().map(|query| WatchedQuery { query, answered: None }).collect();
        self.cost = None;
        Ok(())
    }

    /// Answers everything anew: the weights are others, although the step may be the same.
    pub fn forget_answers(&mut self) {
        self.queries.iter_mut().for_each(|watched| watched.answered = None);
    }

    /// Answers what is watched, if something changed and it is time.
    pub fn answer_due(&mut self, now: Instant, answerer: &mut QueryAnswerer<'_>) {
        if self.queries.is_empty() {
            return;
        }
        let skip = if answerer.waiting {
            // Other queries may be on their way already: a viewer that turns pages wants the last one.
            answerer.link.inbox.is_waiting()
        } else {
            let wait = MIN_ROUND_INTERVAL.max(self.cost.unwrap_or_default().div_f64(ANSWER_TIME_SHARE));
            self.answered.is_some_and(|answered| now < answered + wait) || answerer.link.outbox.holds_inspections()
        };
        if skip {
            return;
        }
        if let Some(cost) = self.answer_changed(answerer) {
            (self.answered, self.cost) = (Some(Instant::now()), Some(cost));
        }
    }

    /// Answers everything that is watched and has changed, and gives what that cost beyond what the next step computes
    /// anyway.
    fn answer_changed(&mut self, answerer: &mut QueryAnswerer<'_>) -> Option<Duration> {
        let mut cost = None;
        for WatchedQuery { query, answered } in &mut self.queries {
            if let QueryNeeds::Predictions(split) = needs(query) {
                answerer.refresh_evaluation(split, false);
            }
            let version = AnswerVersion::of(query, answerer.trainer);
            if answered.replace(version) == Some(version) {
                continue;
            }
            if needs(query) == QueryNeeds::Passes {
                answerer.trainer.ensure_computed();
            }
            let start = Instant::now();
            // It was checked when it was asked; a reason is as good an answer.
            let answer = answerer.trainer.inspect(query).unwrap_or_else(|reason| Answer::Nothing { reason });
            answerer.send_answer(query.clone(), answer);
            *cost.get_or_insert(Duration::ZERO) += start.elapsed();
        }
        cost
    }

    /// Evaluates anew, while the worker waits, the parts of the data that are watched, however long it takes.
    pub fn refresh_predictions(&self, answerer: &mut QueryAnswerer<'_>) {
        for split in [SplitName::Train, SplitName::Test] {
            if self.queries.iter().any(|watched| needs(&watched.query) == QueryNeeds::Predictions(split)) {
                answerer.refresh_evaluation(split, true);
            }
        }
    }
}
