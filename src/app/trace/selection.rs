//! Which sample and layer are followed, and what keys and commands of the Inspect screen do.

use super::InspectScreen;
use crate::app::actions::{Action, SampleStep};
use crate::app::display::harmless_sentence;
use crate::app::follow_up::FollowUp;
use crate::app::run::Run;
use crate::app::screen::Panel;
use crate::app::watched::WatchedRun;
use crate::protocol::inspection::{PassKind, SplitName};
use crate::protocol::{Answer, Command, Inspection, Phase, Query, SampleChoice};
use crate::text::thousands;

/// Channels by which a press of a page key moves on: no more than the smallest panel shows, so that none is passed over.
const CHANNELS_PER_PAGE_KEY: usize = 2;

/// What becomes of an answer that has arrived.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::app) enum AnswerOutcome {
    /// It may replace what is shown.
    Store,
    /// It is dropped, and this is done instead.
    Drop(FollowUp),
}

/// What is selected on the Inspect screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InspectSelection {
    /// The sample that is asked for.
    pub choice: SampleChoice,
    /// The selected place in the chain; after the last layer comes the loss.
    pub layer_place: usize,
    /// Whether the channels of a layer whose output is an image are shown as pictures.
    pub maps: bool,
    /// The first channel that is shown.
    pub first_channel: usize,
    /// Row of the minibatch that was seen last.
    row: usize,
}

impl Default for InspectSelection {
    fn default() -> Self {
        Self { choice: SampleChoice::Row { row: 0 }, layer_place: 0, maps: false, first_channel: 0, row: 0 }
    }
}

/// Reads which sample is meant: `12`, a row of the minibatch; `train:4211` or `test 7`, a sample of the data;
/// `mistake`, the first one; `hardest`.
pub fn parse_sample_choice(text: &str) -> Option<SampleChoice> {
    let number = |text: &str| text.trim().parse().ok();
    match text.split_once([':', ' ']) {
        Some(("train", index)) => Some(SampleChoice::Dataset { split: SplitName::Train, index: number(index)? }),
        Some(("test", index)) => Some(SampleChoice::Dataset { split: SplitName::Test, index: number(index)? }),
        Some(_) => None,
        None if text == "hardest" => Some(SampleChoice::Hardest),
        None if text == "mistake" => Some(SampleChoice::NextMistake { after: None }),
        None => Some(SampleChoice::Row { row: number(text)? }),
    }
}

/// The sample that a person typed: `12`, `train 4211`, `test:7`, `mistake`, `hardest`.
///
/// # Errors
/// What is wrong with it, and what is valid.
pub fn parse_existing_sample(watched: &WatchedRun, text: &str) -> Result<SampleChoice, String> {
    let live = watched.live();
    let rows = minibatch_rows(live);
    let last = rows.saturating_sub(1);
    let valid = format!("valid: a row of the minibatch, 0 to {last}; train:N or test:N; mistake; hardest");
    match parse_sample_choice(text).ok_or_else(|| valid.clone())? {
        SampleChoice::Row { row } if row >= rows => Err(format!("the minibatch has no row {row}; {valid}")),
        SampleChoice::Unknown => Err(valid),
        SampleChoice::Dataset { split, index } => {
            let data = live.info.as_ref().and_then(|info| info.data.as_ref());
            let count = data.and_then(|data| match split {
                SplitName::Train => data.train,
                SplitName::Test => data.test,
                SplitName::Unknown => None,
            });
            // Where it is unknown how many there are, the source will say.
            if let Some(count) = count.filter(|count| index >= *count) {
                let last = thousands(count.saturating_sub(1) as u64);
                return Err(format!("there is no sample {index}; valid: 0 to {last}"));
            }
            Ok(SampleChoice::Dataset { split, index })
        }
        choice => Ok(choice),
    }
}

impl InspectSelection {
    /// Does what a key of the Inspect screen stands for.
    pub(in crate::app) fn handle_action(&mut self, action: Action, watched: &WatchedRun) -> FollowUp {
        match action {
            Action::Follow(step) => self.step_sample(step, minibatch_rows(watched.live())),
            Action::AdvancePhase => {
                // Goes on with the sample that is shown: which one is a mistake is not known before the loss.
                self.follow_shown_row();
                return FollowUp::Send(Command::AdvancePhase);
            }
            Action::CheckGradients => return self.check_gradients(watched),
            Action::FeatureMaps => return self.toggle_maps(watched),
            Action::Page(by) => return self.page_channels(by, watched),
            _ => {}
        }
        FollowUp::Done
    }

    /// Moves the selection in a panel.
    pub(in crate::app) fn move_selection(&mut self, panel: Panel, by: isize, watched: &WatchedRun) {
        if panel == Panel::Sample {
            self.step_sample(SampleStep::Next(by), minibatch_rows(watched.live()));
        } else {
            // The loss stands after the last layer.
            let last = watched.shown().layers.last_chain_place();
            self.select_place(self.layer_place.saturating_add_signed(by).min(last));
        }
    }

    /// Selects a place in the chain, and its first channels.
    pub(in crate::app) fn select_place(&mut self, place: usize) {
        if place != self.layer_place {
            (self.layer_place, self.first_channel) = (place, 0);
        }
    }

    /// Follows a sample that was named.
    pub(in crate::app) fn follow_sample(&mut self, choice: SampleChoice) {
        self.choice = match choice {
            SampleChoice::NextMistake { .. } => SampleChoice::NextMistake { after: Some(self.row) },
            other => other,
        };
        self.remember_row();
    }

    /// Selects the layer at which a walk stands: what was just computed is what one wants to see.
    pub(in crate::app) fn follow_phase(&mut self, phase: Phase, live: &Run) {
        let chain = live.layers.chain();
        let place = match phase {
            Phase::Forward { layer } | Phase::Backward { layer } => chain.iter().position(|other| other.index == layer),
            Phase::Loss => Some(chain.len()),
            Phase::Between | Phase::Update | Phase::Unknown => None,
        };
        self.select_place(place.unwrap_or(self.layer_place));
    }

    /// Takes note of the row that an answer is about, if it is what is followed; an answer that comes late undoes no
    /// key. An answer that only says that there is none is dropped: then what is shown stays, a row that is there is
    /// followed instead, and the reason is shown.
    pub(in crate::app) fn take_answer(&mut self, inspection: &Inspection, live: &Run) -> AnswerOutcome {
        let (Query::Trace { sample, .. } | Query::FeatureMaps { sample, .. }) = inspection.query else {
            return AnswerOutcome::Store;
        };
        match &inspection.answer {
            Answer::Trace(trace) if matches!(trace.pass, PassKind::Minibatch { .. }) && self.choice == sample => {
                self.row = trace.sample.row.min(full_batch_rows(live) - 1);
                AnswerOutcome::Store
            }
            Answer::Nothing { .. } if self.choice != sample || matches!(sample, SampleChoice::Row { .. }) => {
                AnswerOutcome::Drop(FollowUp::Done)
            }
            Answer::Nothing { reason } => {
                self.follow_shown_row();
                AnswerOutcome::Drop(FollowUp::good_notice(harmless_sentence(reason)))
            }
            _ => AnswerOutcome::Store,
        }
    }

    fn step_sample(&mut self, step: SampleStep, rows: usize) {
        let of_dataset = matches!(self.choice, SampleChoice::Dataset { .. });
        self.choice = match step {
            SampleStep::Next(by) => {
                // Out of a choice that is no row the first press leads back to the minibatch.
                let by = if of_dataset { 0 } else { by };
                let row = self.row.cast_signed().saturating_add(by);
                SampleChoice::Row { row: row.rem_euclid(rows.cast_signed()).cast_unsigned() }
            }
            SampleStep::Mistake => SampleChoice::NextMistake { after: (!of_dataset).then_some(self.row) },
            SampleStep::Hardest => SampleChoice::Hardest,
            SampleStep::Typed => return,
        };
        self.remember_row();
    }

    /// Follows the row that is shown, whatever led to it.
    fn follow_shown_row(&mut self) {
        if !matches!(self.choice, SampleChoice::Row { .. }) {
            self.choice = SampleChoice::Row { row: self.row };
        }
    }

    fn remember_row(&mut self) {
        if let SampleChoice::Row { row } = self.choice {
            self.row = row;
        }
    }

    /// Shows the selected layer's channels as pictures, or its numbers again.
    fn toggle_maps(&mut self, watched: &WatchedRun) -> FollowUp {
        let screen = InspectScreen::new(watched, *self);
        if self.maps || screen.channel_count().is_some() {
            self.maps = !self.maps;
            return FollowUp::Done;
        }
        match screen.selected_layer() {
            Some(layer) => FollowUp::bad_notice(format!(
                "the output of layer {}, {}, is no image; ↑ ↓ select another layer",
                layer.path, layer.text
            )),
            None => FollowUp::bad_notice("the loss has no feature maps; ↑ selects a layer"),
        }
    }

    /// Moves on among the channels by some pages.
    fn page_channels(&mut self, by: isize, watched: &WatchedRun) -> FollowUp {
        let screen = InspectScreen::new(watched, *self);
        let Some(count) = screen.channel_count().filter(|_| screen.shows_maps()) else {
            return FollowUp::bad_notice("only feature maps have pages; v opens those of a layer that gives images");
        };
        let last = count.saturating_sub(1) / CHANNELS_PER_PAGE_KEY * CHANNELS_PER_PAGE_KEY;
        let by = by.saturating_mul(CHANNELS_PER_PAGE_KEY.cast_signed());
        self.first_channel = self.first_channel.saturating_add_signed(by).min(last);
        FollowUp::Done
    }

    /// Checks the gradients of the selected layer.
    fn check_gradients(self, watched: &WatchedRun) -> FollowUp {
        match InspectScreen::new(watched, self).selected_layer() {
            Some(layer) if layer.is_trained() => {
                FollowUp::Send(Command::Inspect { query: Query::GradientCheck { layer: layer.index } })
            }
            Some(layer) => {
                FollowUp::bad_notice(format!("layer {}, {}, has no parameters to check", layer.path, layer.text))
            }
            None => FollowUp::bad_notice("the loss has no parameters to check; ↑ selects a layer"),
        }
    }
}

/// Samples of the newest minibatch: those of a full one, unless an answer about it says that they are fewer.
fn minibatch_rows(live: &Run) -> usize {
    let full = full_batch_rows(live);
    let any_trace = Query::Trace { sample: SampleChoice::Hardest, layer: 0 };
    let newest = live.answers.answer_like(&any_trace).filter(|newest| newest.step == live.step);
    match newest.map(|newest| &newest.answer) {
        Some(Answer::Trace(trace)) if matches!(trace.pass, PassKind::Minibatch { .. }) => trace.batch.clamp(1, full),
        _ => full,
    }
}

/// Samples of a full minibatch; 1 while that is unknown.
fn full_batch_rows(live: &Run) -> usize {
    live.info.as_ref().and_then(|info| info.batch_size).unwrap_or(1).max(1)
}
