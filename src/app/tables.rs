//! Rows ready for drawing that come from tables: footer, help, hyperparameters.

use crate::protocol::{Command, Query, Range};

use super::actions::Action;
use super::commands::COMMANDS;
use super::display::harmless_name;
use super::keys::{Binding, BindingScope, bindings};
use super::prompt::KeyboardMode;
use super::view::{View, WindowSize};
use super::watched::WatchedRun;

/// One place in the footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FooterItem {
    /// The keys: `+ -`.
    pub keys: String,
    /// What they do.
    pub label: &'static str,
    /// Whether they can be used now.
    pub available: bool,
    /// The smaller, the longer it stays when the window gets narrow.
    pub place: u8,
}

/// A group of lines of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpSection {
    /// Its title.
    pub title: &'static str,
    /// Its lines.
    pub lines: Vec<HelpLine>,
}

/// A line of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpLine {
    /// The keys, or the command and its arguments.
    pub keys: String,
    /// What they do.
    pub text: &'static str,
    /// Why they can't be used now.
    pub unavailable: Option<&'static str>,
}

/// One hyperparameter, or something else that can be steered, as a row.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlRow {
    /// Its key, safe to show.
    pub key: String,
    /// Its value now.
    pub value: f64,
    /// The value asked for and not yet in effect.
    pub requested: Option<f64>,
    /// The values it may take.
    pub range: Range,
    /// Whether it is selected.
    pub selected: bool,
}

/// What the footer says, the most important first.
pub(super) fn footer_items(
    mode: &KeyboardMode,
    view: &View,
    watched: &WatchedRun,
    size: WindowSize,
) -> Vec<FooterItem> {
    let mut items: Vec<FooterItem> = Vec::new();
    for binding in bindings().filter(|binding| binding.scope.covers(mode, view.screen)) {
        let Some(place) = binding.footer else { continue };
        if watched.is_recorded() && watched.unmet_reason(binding.needs).is_some() {
            // It never will be.
            continue;
        }
        let available = unavailable_reason(binding, view, watched, size).is_none();
        let key = binding.keys[0].to_string();
        let label = binding_label(binding, view, watched, size);
        if let Some(item) = items.iter_mut().find(|item| item.label == label && item.available == available) {
            item.keys = format!("{} {key}", item.keys);
            continue;
        }
        items.push(FooterItem { keys: key, label, available, place });
    }
    items.sort_by_key(|item| item.place);
    items
}

/// Why a key can't be used now, or would change nothing.
pub(super) fn unavailable_reason(
    binding: &Binding,
    view: &View,
    watched: &WatchedRun,
    size: WindowSize,
) -> Option<&'static str> {
    watched.unmet_reason(binding.needs).or_else(|| view.idle_action_reason(binding.action, watched, size))
}

/// A binding's label as things stand: what undoes something is called so.
fn binding_label(binding: &Binding, view: &View, watched: &WatchedRun, size: WindowSize) -> &'static str {
    match binding.action {
        Action::PauseOrResume if watched.wants_resume() => "resume",
        Action::Freeze if watched.frozen_step().is_some() => "unfreeze",
        Action::Expand if view.expanded => "shrink",
        Action::OpenEntry if view.opens_mistakes(watched, size) => "mistakes",
        _ => binding.label,
    }
}

/// The help of a screen.
pub(super) fn help_sections(view: &View, watched: &WatchedRun, size: WindowSize) -> Vec<HelpSection> {
    let keys = |title, wanted: &dyn Fn(BindingScope) -> bool| HelpSection {
        title,
        lines: bindings()
            .filter(|binding| wanted(binding.scope))
            .map(|binding| HelpLine {
                keys: binding.keys_text(),
                text: binding.help,
                unavailable: unavailable_reason(binding, view, watched, size),
            })
            .collect(),
    };
    let commands = COMMANDS.iter().map(|command| HelpLine {
        keys: format!(":{} {}", command.name, command.arguments).trim_end().to_owned(),
        text: command.help,
        unavailable: watched.unmet_reason(command.needs),
    });
    vec![
        keys("Keys", &|scope| scope.covers(&KeyboardMode::Normal, view.screen)),
        HelpSection { title: "What you see", lines: GLOSSARY.iter().map(glossary_line).collect() },
        HelpSection { title: "Commands", lines: commands.collect() },
        keys("When the training breaks", &|scope| scope == BindingScope::Trouble),
        keys("While typing", &|scope| scope == BindingScope::Line),
    ]
}

/// The hyperparameters that can be changed. They are live, also while the display is frozen.
pub(super) fn control_rows(watched: &WatchedRun, selected: usize) -> Vec<ControlRow> {
    let rows = watched.hyperparameters().iter().enumerate().map(|(index, parameter)| ControlRow {
        key: harmless_name(&parameter.key),
        value: parameter.value,
        requested: watched.pending().requested_value(&parameter.key),
        range: parameter.range,
        selected: index == selected,
    });
    rows.collect()
}

/// What the words on the screen mean.
const GLOSSARY: &[(&str, &str)] = &[
    (
        "train",
        "Minibatches as they are trained: a faint band from the smallest to the largest value, and a bright smoothed line. A last minibatch of an epoch with few samples is drawn together with the one before it.",
    ),
    ("last 50", "Mean over the newest fifty minibatches; every sample counts the same."),
    (
        "smooth",
        "How far the bright line looks: ±49 is the mean of each minibatch and of forty-nine on either side, as far as there are any and nothing was changed between them.",
    ),
    ("raw", "One minibatch by itself, not smoothed."),
    ("test", "The test split, which is never trained on, evaluated from time to time."),
    ("lr", "The learning rate that was set; effective is what is left of it after the schedule."),
    (
        "norm",
        "Length of the gradient of a layer's weights; the row of blocks shows it over the steps, on one log scale for all layers.",
    ),
    ("upd/w", "Length of the last update over the length of the weights; about 0.001 is usual."),
    ("dead", "Share of a layer's units that gave 0 for every sample of the minibatch."),
    (
        "heat map",
        "One row per layer, one column per stretch of steps; the brighter, the larger its largest value. Beside it the value at the cursor, or the newest.",
    ),
    (
        "values",
        "How many of a parameter's, its gradient's and the output's values lie where; below, the same as it was before, the newest on top.",
    ),
    ("units", "One figure per unit, or per channel of an image; orange above 0, blue below."),
    ("confidence", "Probability that the network gives to the class it predicts."),
    (
        "loss",
        "Of one sample: minus the logarithm of the probability of its true class, in nats; 0 is certain and right.",
    ),
    (
        "∂L/∂y, dy",
        "Gradient of the loss with respect to the layer's output: the error that comes back to it; L is the mean over the batch.",
    ),
    ("∂L/∂θ", "Gradient of the loss with respect to a layer's parameters, over the whole minibatch."),
    ("0, 2, 4", "Layers are counted with the activations between them, so the numbers skip some."),
    (
        "colours",
        "Wrong for this background? --set ui.theme=light or dark; in tmux the terminal does not say which. --set ui.glyphs=blocks or ascii where characters are missing.",
    ),
    ("✓ ! ✗", "Nothing to see, worth a look, training is probably harmed; – where the last look is out of date."),
];

fn glossary_line(&(keys, text): &(&str, &'static str)) -> HelpLine {
    HelpLine { keys: keys.into(), text, unavailable: None }
}

/// A command in one or two words.
pub(super) fn command_text(command: &Command) -> String {
    match command {
        Command::Pause => "pause".into(),
        Command::Resume => "resume".into(),
        Command::Advance { .. } => "step".into(),
        Command::AdvanceEpoch => "one epoch".into(),
        Command::Set { key, .. } => harmless_name(key),
        Command::SetSchedule { .. } => "schedule".into(),
        Command::SetThrottle { .. } => "throttle".into(),
        Command::Extend { .. } => "extend".into(),
        Command::Evaluate => "evaluate".into(),
        Command::Inspect { query: Query::GradientCheck { .. } } => "gradient check".into(),
        Command::Inspect { .. } | Command::Watch { .. } => "inspect".into(),
        Command::AdvancePhase => "phase".into(),
        Command::Save => "save".into(),
        Command::Rewind { .. } => "rewind".into(),
        Command::Cancel => "cancel".into(),
        Command::RenameBranch(_) => "rename".into(),
        Command::DeleteBranch { .. } => "delete".into(),
        Command::SkipMinibatch => "skip".into(),
        Command::Silence { .. } => "silence".into(),
        Command::TestLearningRates(_) => "range test".into(),
        Command::Stop => "stop".into(),
        Command::Unknown => "command".into(),
    }
}
