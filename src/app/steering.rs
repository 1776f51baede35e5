//! What steers the training: pause, learning rate, throttle, hyperparameters.

use crate::protocol::{Command, HyperParameter, LEARNING_RATE, RunState};
use crate::text::{nearest, short};

use super::actions::Action;
use super::display::harmless_name;
use super::follow_up::FollowUp;
use super::typed::{parse_number, quoted};
use super::watched::WatchedRun;

/// Factor of one press of `+` or `-`.
const LEARNING_RATE_FACTOR: f64 = 1.25;

/// Throttles in minibatches a second, slowest first; after the last comes full speed.
const SPEED_LIMITS: [f64; 11] = [1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0];

/// Settings that have commands of their own.
const OTHER_COMMANDS: [(&str, &str); 5] = [
    ("schedule.lr", ":schedule replaces the schedule"),
    ("schedule", ":schedule replaces it"),
    ("run.epochs", ":extend EPOCHS makes the run longer"),
    ("run.steps", ":extend EPOCHS makes the run longer"),
    ("ui.pace", ":throttle STEPS limits the speed"),
];

impl WatchedRun {
    /// Does what a key that steers the training stands for.
    pub(super) fn handle_steering_action(&self, action: Action) -> FollowUp {
        match action {
            Action::PauseOrResume if self.wants_resume() => FollowUp::Send(Command::Resume),
            Action::PauseOrResume => FollowUp::Send(Command::Pause),
            Action::Advance => FollowUp::Send(Command::Advance { count: 1 }),
            Action::AdvanceEpoch => FollowUp::Send(Command::AdvanceEpoch),
            Action::RaiseLearningRate => self.scale_learning_rate(LEARNING_RATE_FACTOR),
            Action::LowerLearningRate => self.scale_learning_rate(1.0 / LEARNING_RATE_FACTOR),
            Action::Slower => self.lower_throttle(),
            Action::Faster => self.raise_throttle(),
            Action::FullSpeed => self.set_throttle(None),
            Action::SaveRun => self.save_run(),
            _ => FollowUp::Done,
        }
    }

    /// Asks for a save, unless one is on its way.
    pub(super) fn save_run(&self) -> FollowUp {
        if self.pending().iter().any(|command| *command == Command::Save) {
            return FollowUp::good_notice("a save is on its way already");
        }
        FollowUp::Send(Command::Save)
    }

    /// Whether the key that pauses would let the training go on now.
    pub(super) fn wants_resume(&self) -> bool {
        let asked = self.pending().iter().rev().find_map(|command| match command {
            Command::Pause | Command::Rewind { .. } => Some(true),
            // While it advances on request, the source may call itself paused or running: either way, stop it.
            Command::Resume | Command::Advance { .. } | Command::AdvanceEpoch => Some(false),
            _ => None,
        });
        asked.unwrap_or(self.live().state == RunState::Paused)
    }

    /// What can be changed now, in the order of the source.
    pub(super) fn hyperparameters(&self) -> &[HyperParameter] {
        self.live().controls.as_ref().map(|controls| controls.hyperparameters.as_slice()).unwrap_or_default()
    }

    /// Asks for a new value of a hyperparameter, which was typed, after checking it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn set_hyperparameter(&self, key: &str, text: &str) -> Result<FollowUp, String> {
        let parameter = self.live().hyperparameter(key).ok_or_else(|| self.unknown_hyperparameter_error(key))?;
        let range = parameter.range;
        if text.is_empty() {
            return Err(format!("{} needs a value; valid: {range}", harmless_name(key)));
        }
        let value = parse_number(text).ok_or_else(|| format!("{} is not a number; valid: {range}", quoted(text)))?;
        if !range.contains(value) {
            return Err(format!("{} is out of range; valid: {range}", quoted(text)));
        }
        if !self.is_going_back() && self.pending().requested_value(key).unwrap_or(parameter.value) == value {
            return Ok(FollowUp::good_notice(format!("{} is {} already", harmless_name(key), short(value))));
        }
        Ok(FollowUp::Send(Command::Set { key: key.into(), value }))
    }

    /// Whether the run is on its way to another place, where its settings may be others.
    fn is_going_back(&self) -> bool {
        self.rewind_progress().is_some()
    }

    fn unknown_hyperparameter_error(&self, key: &str) -> String {
        let keys = || self.hyperparameters().iter().map(|parameter| parameter.key.as_str());
        let name = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
        // A name without its section, or misspelt.
        let near = keys().find(|other| name(other) == key).or_else(|| nearest(key, keys())).or_else(|| {
            let near = nearest(key, keys().map(|key| key.rsplit('.').next().unwrap_or(key)))?;
            keys().find(|other| name(other) == near)
        });
        if let Some(near) = near {
            return format!("no hyperparameter {}; did you mean {}?", quoted(key), harmless_name(near));
        }
        let instead = OTHER_COMMANDS.iter().find(|(other, _)| *other == key).map(|(_, command)| *command);
        let section = key.split_once('.').map(|(section, _)| format!("{section}."));
        let in_section: Vec<&str> =
            keys().filter(|key| section.as_ref().is_some_and(|section| key.starts_with(section))).collect();
        let listed = if in_section.is_empty() { keys().collect() } else { in_section };
        let listed: Vec<String> = listed.into_iter().map(harmless_name).collect();
        let valid = match (instead, listed.is_empty()) {
            (Some(command), _) => format!("; {command}"),
            (None, false) => format!("; can be set: {}", listed.join(", ")),
            (None, true) => String::new(),
        };
        match section {
            Some(_) => format!("{} can't change while it trains{valid}", quoted(key)),
            None => format!("no hyperparameter {}{valid}", quoted(key)),
        }
    }

    /// Asks for a throttle in minibatches a second, `None` for full speed.
    pub(super) fn set_throttle(&self, steps_per_second: Option<f64>) -> FollowUp {
        if self.wanted_throttle() == steps_per_second {
            return FollowUp::good_notice(if steps_per_second.is_none() {
                "already at full speed"
            } else {
                "already so"
            });
        }
        FollowUp::Send(Command::SetThrottle { steps_per_second })
    }

    fn lower_throttle(&self) -> FollowUp {
        // From full speed the first step down is the first that is felt.
        let throttle = self.wanted_throttle();
        let limit = throttle.or(self.live().steps_per_second()).unwrap_or(f64::INFINITY);
        match SPEED_LIMITS.into_iter().rev().find(|lower| *lower < limit) {
            Some(lower) => self.set_throttle(Some(lower)),
            None if throttle.is_none() => self.set_throttle(Some(SPEED_LIMITS[0])),
            None => FollowUp::bad_notice("this is the slowest; Space pauses"),
        }
    }

    fn raise_throttle(&self) -> FollowUp {
        let throttle = self.wanted_throttle();
        self.set_throttle(throttle.and_then(|limit| SPEED_LIMITS.into_iter().find(|higher| *higher > limit)))
    }

    /// The throttle asked for last, or else the one in effect.
    fn wanted_throttle(&self) -> Option<f64> {
        let now = || self.live().controls.as_ref().and_then(|controls| controls.throttle);
        self.pending().requested_throttle().unwrap_or_else(now)
    }

    fn scale_learning_rate(&self, factor: f64) -> FollowUp {
        let Some(parameter) = self.live().hyperparameter(LEARNING_RATE) else {
            return FollowUp::bad_notice("this source reported no learning rate");
        };
        if self.is_going_back() {
            return FollowUp::bad_notice("the rate at that step is known when the run is there; L types one");
        }
        let range = parameter.range;
        let now = self.pending().requested_value(LEARNING_RATE).unwrap_or(parameter.value);
        let wanted = round_to_nine_digits(now * factor);
        // Not `clamp`, which panics where the source's range is upside down.
        let wanted = wanted.max(range.min).min(range.max);
        if !range.contains(wanted) || wanted == now {
            return FollowUp::bad_notice(format!("the learning rate can't go beyond {}; valid: {range}", short(now)));
        }
        FollowUp::Send(Command::Set { key: LEARNING_RATE.into(), value: wanted })
    }
}

/// Nine significant digits, so that ×1.25 and ÷1.25 meet again.
fn round_to_nine_digits(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}
