//! Which sample is followed, and what keys and commands of the Inspect screen do.

use crate::app::notices::Tone;
use crate::app::screen::{Panel, Screen};
use crate::app::{App, Effect};
use crate::protocol::inspection::{Pass, Split};
use crate::protocol::{Answer, Command, Inspection, Phase, Query, SampleChoice};
use crate::text::thousands;

/// What is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Following {
    /// The sample that is asked for.
    pub choice: SampleChoice,
    /// The selected place in the chain; behind the last layer comes the loss.
    pub link: usize,
    /// Row of the minibatch that was seen last.
    row: usize,
}

impl Default for Following {
    fn default() -> Self {
        Self { choice: SampleChoice::Row { row: 0 }, link: 0, row: 0 }
    }
}

/// How to come to another sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// So many rows on in the minibatch, round and round.
    Next(isize),
    /// The next one that is classified wrongly.
    Mistake,
    /// The one with the largest loss.
    Hardest,
    /// The one whose number a person types.
    Typed,
}

/// Reads which sample is meant: `12`, a row of the minibatch; `train:4211` or `test 7`, a sample of the data;
/// `mistake`, the first one; `hardest`.
pub fn sample_choice(text: &str) -> Option<SampleChoice> {
    let number = |text: &str| text.trim().parse().ok();
    match text.split_once([':', ' ']) {
        Some(("train", index)) => Some(SampleChoice::Dataset { split: Split::Train, index: number(index)? }),
        Some(("test", index)) => Some(SampleChoice::Dataset { split: Split::Test, index: number(index)? }),
        Some(_) => None,
        None if text == "hardest" => Some(SampleChoice::Hardest),
        None if text == "mistake" => Some(SampleChoice::NextMistake { after: None }),
        None => Some(SampleChoice::Row { row: number(text)? }),
    }
}

impl App {
    /// Follows another sample; that of a typed number comes by [`App::follow_text`].
    pub(in crate::app) fn follow(&mut self, follow: Follow) {
        let batch = self.rows();
        let following = &mut self.view.following;
        following.choice = match follow {
            Follow::Next(by) => {
                // Out of a choice that is no row the first press leads back to the minibatch.
                let by = if matches!(following.choice, SampleChoice::Dataset { .. }) { 0 } else { by };
                let row = following.row.cast_signed().saturating_add(by);
                SampleChoice::Row { row: row.rem_euclid(batch.max(1).cast_signed()).cast_unsigned() }
            }
            Follow::Mistake => {
                let first = matches!(following.choice, SampleChoice::Dataset { .. });
                SampleChoice::NextMistake { after: (!first).then_some(following.row) }
            }
            Follow::Hardest => SampleChoice::Hardest,
            Follow::Typed => return,
        };
        if let SampleChoice::Row { row } = following.choice {
            following.row = row;
        }
    }

    /// Follows the sample that a person typed: `12`, `train 4211`, `test:7`, `mistake`, `hardest`.
    pub(in crate::app) fn follow_text(&mut self, text: &str) -> Result<Vec<Effect>, String> {
        let rows = self.rows();
        let last = rows.saturating_sub(1);
        let valid = format!("valid: a row of the minibatch, 0 to {last}; train:N or test:N; mistake; hardest");
        let choice = match sample_choice(text).ok_or_else(|| valid.clone())? {
            SampleChoice::Row { row } if row >= rows => {
                return Err(format!("the minibatch has no row {row}; {valid}"));
            }
            SampleChoice::Row { row } => {
                self.view.following.row = row;
                SampleChoice::Row { row }
            }
            SampleChoice::NextMistake { .. } => SampleChoice::NextMistake { after: Some(self.view.following.row) },
            SampleChoice::Hardest => SampleChoice::Hardest,
            SampleChoice::Unknown => return Err(valid),
            SampleChoice::Dataset { split, index } => {
                let data = self.live.info.as_ref().and_then(|info| info.data.as_ref());
                let count = data.and_then(|data| match split {
                    Split::Train => data.train,
                    Split::Test => data.test,
                    Split::Unknown => None,
                });
                // Where nobody told how many there are, the source will say.
                if let Some(count) = count.filter(|count| index >= *count) {
                    let last = thousands(count.saturating_sub(1) as u64);
                    return Err(format!("there is no sample {index}; valid: 0 to {last}"));
                }
                SampleChoice::Dataset { split, index }
            }
        };
        self.view.following.choice = choice;
        self.view.show(Screen::Inspect);
        Ok(Vec::new())
    }

    /// Samples of the minibatch in hand: those of a full one, unless an answer about it says that they are fewer.
    fn rows(&self) -> usize {
        let full = self.full_batch();
        let newest = self.live.answers.like(&self.trace_query()).filter(|newest| newest.step == self.live.step);
        match newest.map(|newest| &newest.answer) {
            Some(Answer::Trace(trace)) if matches!(trace.pass, Pass::Minibatch { .. }) => trace.batch.clamp(1, full),
            _ => full,
        }
    }

    /// Samples of a full minibatch; 1 while that is unknown.
    fn full_batch(&self) -> usize {
        self.live.info.as_ref().and_then(|info| info.batch_size).unwrap_or(1).max(1)
    }

    /// Takes note of the row that an answer is about, if it is what is followed; an answer that comes late undoes no
    /// key. False if the answer only says that there is none: then what is shown stays, and a row that is there is
    /// followed instead.
    pub(in crate::app) fn heard_of_sample(&mut self, inspection: &Inspection) -> bool {
        let Query::Trace { sample, .. } = inspection.query else { return true };
        match &inspection.answer {
            Answer::Trace(trace) if matches!(trace.pass, Pass::Minibatch { .. }) => {
                if self.view.following.choice == sample {
                    let full = self.full_batch();
                    self.view.following.row = trace.sample.row.min(full - 1);
                }
                true
            }
            Answer::Nothing { reason } => {
                let following = &mut self.view.following;
                if following.choice == sample && !matches!(sample, SampleChoice::Row { .. }) {
                    following.choice = SampleChoice::Row { row: following.row };
                    let reason = crate::app::display::sentence(reason);
                    self.say(Tone::Good, &reason);
                }
                false
            }
            _ => true,
        }
    }

    /// Goes on by a phase, with the sample that is shown: which one is a mistake is not known before the loss.
    pub(in crate::app) fn advance_phase(&mut self) -> Vec<Effect> {
        let following = &mut self.view.following;
        if !matches!(following.choice, SampleChoice::Row { .. }) {
            following.choice = SampleChoice::Row { row: following.row };
        }
        self.request(Command::AdvancePhase)
    }

    /// Selects the layer at which a walk stands: what was just computed is what one wants to see.
    pub(in crate::app) fn follow_walk(&mut self, phase: Phase) {
        let chain = self.live.layers.chain();
        let place = match phase {
            Phase::Forward { layer } | Phase::Backward { layer } => chain.iter().position(|other| other.index == layer),
            Phase::Loss => Some(chain.len()),
            Phase::Between | Phase::Update | Phase::Unknown => None,
        };
        self.view.following.link = place.unwrap_or(self.view.following.link);
    }

    /// Checks the gradients of the selected layer.
    pub(in crate::app) fn check_gradients(&mut self) -> Vec<Effect> {
        match self.link().map(|layer| (layer.index, layer.is_trained(), format!("{}, {},", layer.path, layer.text))) {
            Some((layer, true, _)) => self.request(Command::Inspect { query: Query::GradientCheck { layer } }),
            Some((.., title)) => {
                self.say(Tone::Bad, &format!("layer {title} has no parameters to check"));
                Vec::new()
            }
            None => {
                self.say(Tone::Bad, "the loss has no parameters to check; ↑ selects a layer");
                Vec::new()
            }
        }
    }

    /// Moves the selection on the Inspect screen.
    pub(in crate::app) fn select_link(&mut self, panel: Panel, by: isize) {
        if panel == Panel::Sample {
            self.follow(Follow::Next(by));
            return;
        }
        // The loss stands after the last layer.
        let last = self.run().layers.last_place();
        self.view.following.link = self.view.following.link.saturating_add_signed(by).min(last);
    }
}
