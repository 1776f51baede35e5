//! The one table of typed commands: it drives the command line, its completion and the help.

use std::path::PathBuf;

use crate::protocol::{Capability, Command, LEARNING_RATE, MOST_EPOCHS, THROTTLE};
use crate::text::{nearest, short};

use super::actions::Action;
use super::display::{name, sentence};
use super::metric::ChartSlot;
use super::needs::{ADVANCE, EXTEND, LOOK, PAUSE, Requirement, STEER, THROTTLED};
use super::notices::Tone;
use super::prompt::{Line, Mode, Prompt, Purpose};
use super::screen::Screen;
use super::{App, Effect};

/// A command that can be typed.
pub struct CommandSpec {
    /// Its first word.
    pub name: &'static str,
    /// Its arguments, for people.
    pub arguments: &'static str,
    /// A sentence for the help.
    pub help: &'static str,
    /// What it takes.
    pub needs: &'static [Requirement],
    /// Words that its first argument may be completed to.
    words: Words,
    run: fn(&mut App, &str) -> Result<Vec<Effect>, String>,
}

/// Where the completions of a first argument come from.
#[derive(Clone, Copy)]
enum Words {
    /// There are none.
    None,
    /// These.
    Fixed(&'static [&'static str]),
    /// The keys of the hyperparameters.
    Keys,
    /// The names of the figures.
    Figures,
}

/// Most characters of what was typed that an error repeats.
const QUOTED: usize = 40;

/// Most metrics that an error names.
const NAMED: usize = 8;

/// Most minibatches that one command advances by.
const MOST_STEPS: u64 = 1_000_000_000;

const fn command(
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    needs: &'static [Requirement],
    words: Words,
    run: fn(&mut App, &str) -> Result<Vec<Effect>, String>,
) -> CommandSpec {
    CommandSpec { name, arguments, help, needs, words, run }
}

/// All commands, in the order of the help.
pub const COMMANDS: &[CommandSpec] = &[
    command("lr", "RATE", "Set the learning rate.", STEER, Words::None, |app, text| match text {
        "" => Err("needs a rate, for example :lr 3e-4".into()),
        text => set(app, LEARNING_RATE, text),
    }),
    command("set", "KEY VALUE", "Set a hyperparameter.", STEER, Words::Keys, |app, text| {
        match text.split_once(char::is_whitespace) {
            Some((key, value)) => set(app, key, value.trim()),
            None if text.is_empty() => Err("needs a key and a value, for example :set optimizer.lr 3e-4".into()),
            None => set(app, text, ""),
        }
    }),
    command(
        "schedule",
        "SCHEDULE",
        "Replace the schedule of the learning rate: constant, cosine 100..2000, ….",
        STEER,
        Words::Fixed(&["constant", "cosine", "step"]),
        |app, text| match text {
            "" => Err("which one? constant, cosine 100..2000, …".into()),
            text if text.len() > 256 => Err("that is too long for a schedule".into()),
            text => Ok(app.request(Command::SetSchedule { schedule: text.into() })),
        },
    ),
    command(
        "throttle",
        "STEPS|off",
        "Train at most so many minibatches a second, or at full speed.",
        THROTTLED,
        Words::Fixed(&["off"]),
        |app, text| {
            if text.is_empty() {
                return Err("needs a number of steps a second, for example :throttle 50, or off".into());
            }
            let valid = format!("valid: {THROTTLE}, or off");
            let limit = match text {
                "off" => None,
                text => Some(number(text).ok_or_else(|| format!("{} is not a number; {valid}", quoted(text)))?),
            };
            if limit.is_some_and(|limit| !THROTTLE.contains(limit)) {
                return Err(format!("{} is out of range; {valid}", quoted(text)));
            }
            Ok(app.throttle(limit))
        },
    ),
    command("extend", "EPOCHS", "Train EPOCHS more epochs after the planned end.", EXTEND, Words::None, extend),
    command(
        "evaluate",
        "",
        "Evaluate on the test split now.",
        &[Requirement::Source(Capability::Evaluate), Requirement::Ready],
        Words::None,
        |app, text| alone(app, text, Command::Evaluate),
    ),
    command("pause", "", "Pause the training.", PAUSE, Words::None, |app, text| alone(app, text, Command::Pause)),
    command("resume", "", "Let the training go on.", PAUSE, Words::None, |app, text| alone(app, text, Command::Resume)),
    command("step", "[STEPS]", "Train so many minibatches, then pause.", ADVANCE, Words::None, |app, text| {
        let count = if text.is_empty() { 1 } else { count(text, MOST_STEPS)? };
        Ok(app.request(Command::Advance { count }))
    }),
    command("epoch", "", "Train to the end of the epoch, then pause.", ADVANCE, Words::None, |app, text| {
        alone(app, text, Command::AdvanceEpoch)
    }),
    command(
        "sample",
        "ROW|train:N|test:N|mistake|hardest",
        "Follow another sample on Inspect.",
        LOOK,
        Words::Fixed(&["hardest", "mistake", "test:", "train:"]),
        App::follow_text,
    ),
    command("chart", "METRIC", "Show a metric in the focused chart.", &[], Words::Figures, App::choose_figure),
    command("screenshot", "[FILE.svg]", "Save the screen as an SVG picture.", &[], Words::None, |app, text| {
        let path = if text.is_empty() { app.picture_path() } else { PathBuf::from(text) };
        Ok(vec![Effect::SaveScreen { path }])
    }),
    command("help", "", "All keys and commands.", &[], Words::None, |app, _| Ok(app.act(Action::Help))),
    command("quit", "", "Leave; asks first while training.", &[], Words::None, |app, _| Ok(app.act(Action::Quit))),
];

impl App {
    /// Carries out the line, or the chosen answer.
    pub(super) fn submit(&mut self) -> Vec<Effect> {
        let mut line = match std::mem::take(&mut self.mode) {
            Mode::Line(line) => line,
            Mode::Quit(choice) => return self.act(Action::Answer(choice)),
            Mode::Normal | Mode::Help { .. } => return Vec::new(),
        };
        let text = line.editor.text().trim().to_owned();
        let done = match &line.purpose {
            Purpose::Command if text.is_empty() => Ok(Vec::new()),
            Purpose::Command => {
                self.remember(&text);
                self.carry_out(&text)
            }
            Purpose::Value { key } => self.steer(key, &text),
            Purpose::Sample => self.needs(LOOK).and_then(|()| self.follow_text(&text)),
            Purpose::Extend => {
                self.needs(&[Requirement::Source(Capability::Extend)]).and_then(|()| extend(self, &text))
            }
        };
        match done {
            Ok(effects) => effects,
            Err(error) => {
                line.error = Some(sentence(&error));
                self.mode = Mode::Line(line);
                Vec::new()
            }
        }
    }

    fn carry_out(&mut self, text: &str) -> Result<Vec<Effect>, String> {
        let text = text.trim_start_matches(':').trim_start();
        let (word, arguments) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let command = command_named(word)?;
        self.needs(command.needs)?;
        (command.run)(self, arguments.trim())
    }

    fn steer(&mut self, key: &str, text: &str) -> Result<Vec<Effect>, String> {
        self.needs(STEER)?;
        set(self, key, text)
    }

    fn needs(&self, needs: &[Requirement]) -> Result<(), String> {
        self.unmet(needs).map_or(Ok(()), |reason| Err(reason.into()))
    }

    fn remember(&mut self, text: &str) {
        self.history.retain(|earlier| earlier != text);
        self.history.push_front(text.into());
        self.history.truncate(super::HISTORY);
    }

    /// The open line together with what to say about it.
    pub fn prompt(&self) -> Option<Prompt<'_>> {
        let Mode::Line(line) = &self.mode else { return None };
        let (label, hint) = match &line.purpose {
            Purpose::Command => (":".into(), command_hint(line.editor.text())),
            Purpose::Value { key } => {
                let label = if key == LEARNING_RATE { "learning rate".into() } else { name(key) };
                let parameter = self.live.hyperparameter(key);
                let hint = parameter.map(|now| format!("now {}; valid: {}", short(now.value), now.range));
                (label, hint.map(|hint| sentence(&hint)).unwrap_or_default())
            }
            Purpose::Sample => ("sample".into(), "a row of the minibatch, train:N, test:N, mistake or hardest".into()),
            Purpose::Extend => ("epochs to add".into(), format!("valid: whole numbers from 1 to {MOST_EPOCHS}")),
        };
        Some(Prompt { line, label, hint })
    }

    /// Shows a figure in the focused chart, or in the first one.
    fn choose_figure(&mut self, text: &str) -> Result<Vec<Effect>, String> {
        let figures = self.run().metrics.figures();
        let names = || figures.iter().map(|figure| figure.name.as_str());
        if text.is_empty() {
            return Err("needs the name of a metric, for example :chart loss".into());
        }
        let Some(figure) = figures.iter().find(|figure| figure.name == text) else {
            let known = || names().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
            let near = nearest(text, names()).map(|near| format!("did you mean {}?", name(near)));
            let near = near.unwrap_or_else(|| format!("there are: {}", known()));
            return Err(format!("no metric {}; {near}", quoted(text)));
        };
        let (slot, figure) = (self.view.focus().chart().unwrap_or(ChartSlot::First), figure.name.clone());
        self.view.choose(slot, &figure);
        self.view.show(Screen::Overview);
        Ok(Vec::new())
    }

    /// The changes to an open line that the line alone can't make.
    pub(super) fn edit_line(&mut self, action: Action) {
        let controls = self.live.controls.iter().flat_map(|controls| &controls.hyperparameters);
        let words = KnownWords {
            keys: controls.map(|parameter| parameter.key.clone()).collect(),
            figures: self.run().metrics.figures().iter().map(|figure| figure.name.clone()).collect(),
        };
        let Mode::Line(line) = &mut self.mode else { return };
        match action {
            Action::Edit(edit) => line.edit(edit),
            Action::Recall(by) if line.purpose == Purpose::Command => line.recall(by, &self.history),
            Action::Complete if line.purpose == Purpose::Command => line.complete(&words),
            _ => {}
        }
    }
}

/// Words to complete to that depend on the run.
struct KnownWords {
    /// Keys of the hyperparameters.
    keys: Vec<String>,
    /// Names of the figures.
    figures: Vec<String>,
}

impl Line {
    /// Completes the word before the cursor as far as it is clear; the choices that are left become `candidates`.
    fn complete(&mut self, known: &KnownWords) {
        self.candidates.clear();
        let before = self.editor.halves().0.to_owned();
        let start = before.trim_end_matches(|c: char| !c.is_whitespace()).len();
        let word = &before[start..];
        let earlier: Vec<&str> = before[..start].split_whitespace().collect();
        let command = earlier.first().and_then(|first| COMMANDS.iter().find(|command| command.name == *first));
        let all: Vec<&str> = match (earlier.as_slice(), command.map(|command| command.words)) {
            ([], _) => COMMANDS.iter().map(|command| command.name).collect(),
            ([_], Some(Words::Fixed(words))) => words.to_vec(),
            ([_], Some(Words::Keys)) => known.keys.iter().map(String::as_str).collect(),
            ([_], Some(Words::Figures)) => known.figures.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        let fits: Vec<&str> = all.into_iter().filter(|candidate| candidate.starts_with(word)).collect();
        match fits.as_slice() {
            [] => {}
            [only] => self.editor.replace_back_to(start, &format!("{only} ")),
            [first, rest @ ..] => {
                let shared = rest.iter().fold(*first, |shared, other| common_start(shared, other));
                self.editor.replace_back_to(start, shared);
                self.candidates = fits.iter().map(|candidate| name(candidate)).collect();
            }
        }
    }
}

/// The command called `word`, or the only one whose name begins so.
fn command_named(word: &str) -> Result<&'static CommandSpec, String> {
    let begin: Vec<&CommandSpec> = COMMANDS.iter().filter(|command| command.name.starts_with(word)).collect();
    match begin.as_slice() {
        _ if word.is_empty() => Err("no command; Tab on the empty line lists them".into()),
        [only] => Ok(only),
        [] => Err(match nearest(word, COMMANDS.iter().map(|command| command.name)) {
            Some(near) => format!("no command {}; did you mean {near}?", quoted(word)),
            None => format!("no command {}; Tab on the empty line lists them", quoted(word)),
        }),
        several => several.iter().find(|command| command.name == word).copied().ok_or_else(|| {
            let names: Vec<&str> = several.iter().map(|command| command.name).collect();
            format!("{} may be {}", quoted(word), names.join(" or "))
        }),
    }
}

/// What the command that is being typed does.
fn command_hint(text: &str) -> String {
    let text = text.trim_start_matches(':').trim_start();
    let word = text.split_whitespace().next().unwrap_or_default();
    match command_named(word) {
        Ok(CommandSpec { name, arguments: "", help, .. }) => format!("{name} – {help}"),
        Ok(CommandSpec { name, arguments, help, .. }) => format!("{name} {arguments} – {help}"),
        Err(_) if word.is_empty() => "Tab completes, ↑ recalls, Esc leaves".into(),
        Err(_) => String::new(),
    }
}

fn common_start<'a>(one: &'a str, other: &str) -> &'a str {
    let length = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    &one[..length]
}

fn alone(app: &mut App, text: &str, command: Command) -> Result<Vec<Effect>, String> {
    if text.is_empty() { Ok(app.request(command)) } else { Err(format!("{} is too much", quoted(text))) }
}

fn extend(app: &mut App, text: &str) -> Result<Vec<Effect>, String> {
    if text.is_empty() {
        return Err("needs a number of epochs, for example :extend 5".into());
    }
    let epochs = count(text, MOST_EPOCHS)?;
    Ok(app.request(Command::Extend { epochs }))
}

/// Asks for a new value of a hyperparameter after checking it.
fn set(app: &mut App, key: &str, text: &str) -> Result<Vec<Effect>, String> {
    let Some(parameter) = app.live().hyperparameter(key) else {
        let keys = app.live().controls.iter().flat_map(|controls| &controls.hyperparameters);
        let keys: Vec<&str> = keys.map(|parameter| parameter.key.as_str()).collect();
        return Err(match nearest(key, keys.iter().copied()) {
            Some(near) => format!("no hyperparameter {}; did you mean {}?", quoted(key), name(near)),
            None if keys.is_empty() => format!("{} can't be set during a run", quoted(key)),
            None => {
                let keys: Vec<String> = keys.into_iter().map(name).collect();
                format!("{} can't be set during a run; can be set: {}", quoted(key), keys.join(", "))
            }
        });
    };
    let range = parameter.range;
    if text.is_empty() {
        return Err(format!("{} needs a value; valid: {range}", name(key)));
    }
    let value = number(text).ok_or_else(|| format!("{} is not a number; valid: {range}", quoted(text)))?;
    if !range.contains(value) {
        return Err(format!("{} is out of range; valid: {range}", quoted(text)));
    }
    if app.pending.value(key).unwrap_or(parameter.value) == value {
        app.say(Tone::Good, &format!("{} is {} already", name(key), short(value)));
        return Ok(Vec::new());
    }
    Ok(app.request(Command::Set { key: key.into(), value }))
}

/// A number as people type it, with the minus of the keyboard or the one of typographers. A comma is refused: whether it
/// separates thousands or decimals depends on the person.
fn number(text: &str) -> Option<f64> {
    text.replace('\u{2212}', "-").replace('_', "").parse().ok()
}

fn count(text: &str, most: u64) -> Result<u64, String> {
    let valid = format!("valid: whole numbers from 1 to {most}");
    let count: u64 =
        text.replace(['_', ','], "").parse().map_err(|_| format!("{} is not a whole number; {valid}", quoted(text)))?;
    if (1..=most).contains(&count) { Ok(count) } else { Err(format!("{} is out of range; {valid}", quoted(text))) }
}

fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED).collect();
    if text.chars().nth(QUOTED).is_some() {
        short.push('…');
    }
    format!("“{}”", name(&short))
}
