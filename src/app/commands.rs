//! The one table of typed commands: it drives the command line, its completion and the help.

use std::path::Path;

use crate::files::wrong_ending;
use crate::protocol::{Capability, Command, LEARNING_RATE, MAX_EPOCHS, THROTTLE};
use crate::text::nearest;

use super::actions::Action;
use super::axes::ValueScale;
use super::display::harmless_name;
use super::follow_up::FollowUp;
use super::going_back::typed_target;
use super::needs::{
    ADVANCE_NEEDS, EXTEND_NEEDS, INSPECT_NEEDS, PAUSE_NEEDS, RANGE_TEST_NEEDS, REWIND_NEEDS, Requirement, SAVE_NEEDS,
    STEER_NEEDS, THROTTLE_NEEDS,
};
use super::prompt::{LinePurpose, WordCompletion};
use super::range_test::parse_range_test;
use super::runs_screen::rename_branch;
use super::step_scale::Alignment;
use super::trace::parse_existing_sample;
use super::typed::{parse_count, parse_number, quoted};
use super::watched::WatchedRun;

/// What a command does with its arguments: what is to be done, or what is wrong with them.
type CommandFn = fn(&WatchedRun, &str) -> Result<FollowUp, String>;

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
    words: CompletionSource,
    run: CommandFn,
}

/// Where the completions of a first argument come from.
#[derive(Clone, Copy)]
enum CompletionSource {
    /// There are none.
    None,
    /// These.
    Fixed(&'static [&'static str]),
    /// The keys of the hyperparameters.
    Keys,
    /// The names of the figures.
    Figures,
    /// The steps at which something was changed.
    Changes,
}

/// Most metrics that an error names.
const MAX_SUGGESTED_METRICS: usize = 8;

/// Most steps that a completion lists.
const MAX_SUGGESTED_STEPS: usize = 16;

/// Most minibatches that one command advances by.
const MAX_ADVANCED_STEPS: u64 = 1_000_000_000;

/// Longest schedule in bytes.
const MAX_SCHEDULE_BYTES: usize = 256;

const fn command(
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    needs: &'static [Requirement],
    words: CompletionSource,
    run: CommandFn,
) -> CommandSpec {
    CommandSpec { name, arguments, help, needs, words, run }
}

/// All commands, in the order of the help.
pub const COMMANDS: &[CommandSpec] = &[
    command("lr", "RATE", "Set the learning rate.", STEER_NEEDS, CompletionSource::None, |watched, text| match text {
        "" => Err("needs a rate, for example :lr 3e-4".into()),
        text => watched.set_hyperparameter(LEARNING_RATE, text),
    }),
    command(
        "set",
        "KEY VALUE",
        "Set a hyperparameter.",
        STEER_NEEDS,
        CompletionSource::Keys,
        |watched, text| match text.split_once(char::is_whitespace) {
            Some((key, value)) => watched.set_hyperparameter(key, value.trim()),
            None if text.is_empty() => Err("needs a key and a value, for example :set optimizer.lr 3e-4".into()),
            None => watched.set_hyperparameter(text, ""),
        },
    ),
    command(
        "schedule",
        "SCHEDULE",
        "Replace the schedule of the learning rate: constant, cosine 100..2000, ….",
        STEER_NEEDS,
        CompletionSource::Fixed(&["constant", "cosine", "step"]),
        |_, text| match text {
            "" => Err("which one? constant, cosine 100..2000, …".into()),
            text if text.len() > MAX_SCHEDULE_BYTES => Err("that is too long for a schedule".into()),
            text => Ok(FollowUp::Send(Command::SetSchedule { schedule: text.into() })),
        },
    ),
    command(
        "lrfind",
        "[FROM..TO] [STEPS]",
        "Find a learning rate: train a copy with rates that grow, and plot the loss.",
        RANGE_TEST_NEEDS,
        CompletionSource::Fixed(&["1e-6..1", "1e-7..10"]),
        |_, text| Ok(FollowUp::Send(Command::TestLearningRates(parse_range_test(text)?))),
    ),
    command(
        "throttle",
        "STEPS|off",
        "Train at most STEPS minibatches a second, or at full speed.",
        THROTTLE_NEEDS,
        CompletionSource::Fixed(&["off"]),
        |watched, text| {
            if text.is_empty() {
                return Err("needs a number of steps a second, for example :throttle 50, or off".into());
            }
            let valid = format!("valid: {THROTTLE}, or off");
            let limit = match text {
                "off" => None,
                text => Some(parse_number(text).ok_or_else(|| format!("{} is not a number; {valid}", quoted(text)))?),
            };
            if limit.is_some_and(|limit| !THROTTLE.contains(limit)) {
                return Err(format!("{} is out of range; {valid}", quoted(text)));
            }
            Ok(watched.set_throttle(limit))
        },
    ),
    command(
        "extend",
        "EPOCHS",
        "Train EPOCHS more epochs after the planned end.",
        EXTEND_NEEDS,
        CompletionSource::None,
        extend_command,
    ),
    command(
        "evaluate",
        "",
        "Evaluate on the test split now.",
        &[Requirement::Source(Capability::Evaluate), Requirement::Ready],
        CompletionSource::None,
        |_, text| send_without_arguments(text, Command::Evaluate),
    ),
    command(
        "save",
        "",
        "Save the run now, so that it can be resumed from here.",
        SAVE_NEEDS,
        CompletionSource::None,
        |watched, text| send_without_arguments(text, Command::Save).map(|_| watched.save_run()),
    ),
    command(
        "rewind",
        "STEP",
        "Go back to where STEP minibatches were trained, and pause there.",
        REWIND_NEEDS,
        CompletionSource::Changes,
        rewind_command,
    ),
    command("pause", "", "Pause the training.", PAUSE_NEEDS, CompletionSource::None, |_, text| {
        send_without_arguments(text, Command::Pause)
    }),
    command("resume", "", "Let the training go on.", PAUSE_NEEDS, CompletionSource::None, |_, text| {
        send_without_arguments(text, Command::Resume)
    }),
    command(
        "step",
        "[STEPS]",
        "Train STEPS minibatches, then pause.",
        ADVANCE_NEEDS,
        CompletionSource::None,
        |_, text| {
            let count = if text.is_empty() { 1 } else { parse_count(text, &(1..=MAX_ADVANCED_STEPS))? };
            Ok(FollowUp::Send(Command::Advance { count }))
        },
    ),
    command(
        "epoch",
        "",
        "Train to the end of the epoch, then pause.",
        ADVANCE_NEEDS,
        CompletionSource::None,
        |_, text| send_without_arguments(text, Command::AdvanceEpoch),
    ),
    command(
        "sample",
        "ROW|train:N|test:N|mistake|hardest",
        "Follow another sample on Inspect.",
        INSPECT_NEEDS,
        CompletionSource::Fixed(&["hardest", "mistake", "test:", "train:"]),
        sample_command,
    ),
    command(
        "align",
        "step|epoch|samples|time",
        "Lay other runs over the charts by their steps, epochs, samples or time.",
        &[],
        CompletionSource::Fixed(&Alignment::WORDS),
        align_command,
    ),
    command(
        "x",
        "log|linear",
        "Logarithmic or linear axis of the steps in the charts.",
        &[],
        CompletionSource::Fixed(&["linear", "log"]),
        |_, text| match text {
            "log" => Ok(FollowUp::SpreadSteps(ValueScale::Log)),
            "linear" => Ok(FollowUp::SpreadSteps(ValueScale::Linear)),
            _ => Err("needs log or linear".into()),
        },
    ),
    command("chart", "METRIC", "Show a metric in the focused chart.", &[], CompletionSource::Figures, chart_command),
    command(
        "screenshot",
        "[FILE.svg]",
        "Save the screen as an SVG picture.",
        &[],
        CompletionSource::None,
        |_, text| match (text, wrong_ending(Path::new(text), "the screen", &["svg"])) {
            ("", _) => Ok(FollowUp::SaveScreen(None)),
            (_, Some(problem)) => Err(problem),
            (path, None) => Ok(FollowUp::SaveScreen(Some(path.into()))),
        },
    ),
    command("help", "", "All keys and commands.", &[], CompletionSource::None, |_, _| Ok(FollowUp::Act(Action::Help))),
    command("quit", "", "Leave; asks first while training.", &[], CompletionSource::None, |_, _| {
        Ok(FollowUp::Act(Action::Quit))
    }),
];

/// What a finished line asks for, or what is wrong with it.
pub(super) fn interpret_line(purpose: &LinePurpose, text: &str, watched: &WatchedRun) -> Result<FollowUp, String> {
    match purpose {
        LinePurpose::Command if text.is_empty() => Ok(FollowUp::Done),
        LinePurpose::Command => {
            let text = text.trim_start_matches(':').trim_start();
            let (word, arguments) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            let command = command_named(word)?;
            check_requirements(command.needs, watched)?;
            (command.run)(watched, arguments.trim())
        }
        LinePurpose::Value { key } => {
            check_requirements(STEER_NEEDS, watched).and_then(|()| watched.set_hyperparameter(key, text))
        }
        LinePurpose::Sample => check_requirements(INSPECT_NEEDS, watched).and_then(|()| sample_command(watched, text)),
        LinePurpose::BranchName { branch } => {
            check_requirements(REWIND_NEEDS, watched).and_then(|()| rename_branch(*branch, text))
        }
        LinePurpose::Step => check_requirements(REWIND_NEEDS, watched).and_then(|()| rewind_command(watched, text)),
        LinePurpose::Extend => check_requirements(&[Requirement::Source(Capability::Extend)], watched)
            .and_then(|()| extend_command(watched, text)),
    }
}

fn check_requirements(needs: &[Requirement], watched: &WatchedRun) -> Result<(), String> {
    watched.unmet_reason(needs).map_or(Ok(()), |reason| Err(reason.into()))
}

/// How the word at the end of `before` can be completed, if there is a way.
pub(super) fn complete_word(before: &str, watched: &WatchedRun) -> Option<WordCompletion> {
    let start = before.trim_end_matches(|c: char| !c.is_whitespace()).len();
    let (earlier, word) = before.split_at(start);
    let earlier: Vec<&str> = earlier.split_whitespace().collect();
    let command = earlier.first().and_then(|first| COMMANDS.iter().find(|command| command.name == *first));
    let steps: Vec<String>;
    let all: Vec<&str> = match (earlier.as_slice(), command.map(|command| command.words)) {
        ([], _) => COMMANDS.iter().map(|command| command.name).collect(),
        ([_], Some(CompletionSource::Fixed(words))) => words.to_vec(),
        ([_], Some(CompletionSource::Keys)) => {
            watched.hyperparameters().iter().map(|parameter| parameter.key.as_str()).collect()
        }
        ([_], Some(CompletionSource::Figures)) => figure_names(watched).collect(),
        ([_], Some(CompletionSource::Changes)) => {
            steps = steps_of_changes(watched);
            steps.iter().map(String::as_str).collect()
        }
        _ => Vec::new(),
    };
    let fits: Vec<&str> = all.into_iter().filter(|candidate| candidate.starts_with(word)).collect();
    match fits.as_slice() {
        [] => None,
        [only] => Some(WordCompletion { start, text: format!("{only} "), candidates: Vec::new() }),
        [first, rest @ ..] => {
            let shared = rest.iter().fold(*first, |shared, other| common_prefix(shared, other));
            let candidates = fits.iter().map(|candidate| harmless_name(candidate)).collect();
            Some(WordCompletion { start, text: shared.into(), candidates })
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
pub(super) fn command_hint(text: &str) -> String {
    let text = text.trim_start_matches(':').trim_start();
    let word = text.split_whitespace().next().unwrap_or_default();
    match command_named(word) {
        Ok(CommandSpec { name, arguments: "", help, .. }) => format!("{name} – {help}"),
        Ok(CommandSpec { name, arguments, help, .. }) => format!("{name} {arguments} – {help}"),
        Err(_) if word.is_empty() => "Tab completes, ↑ recalls, Esc leaves".into(),
        Err(_) => String::new(),
    }
}

fn common_prefix<'a>(one: &'a str, other: &str) -> &'a str {
    let length = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    &one[..length]
}

fn send_without_arguments(text: &str, command: Command) -> Result<FollowUp, String> {
    if text.is_empty() { Ok(FollowUp::Send(command)) } else { Err(format!("{} is too much", quoted(text))) }
}

fn align_command(_: &WatchedRun, word: &str) -> Result<FollowUp, String> {
    let words = Alignment::WORDS.join(", ");
    match Alignment::named(word) {
        Some(alignment) => Ok(FollowUp::Align(alignment)),
        None if word.is_empty() => Err(format!("needs one of {words}")),
        None => Err(format!("{} is none of {words}", quoted(word))),
    }
}

fn extend_command(_: &WatchedRun, text: &str) -> Result<FollowUp, String> {
    if text.is_empty() {
        return Err("needs a number of epochs, for example :extend 5".into());
    }
    let epochs = parse_count(text, &(1..=MAX_EPOCHS))?;
    Ok(FollowUp::Send(Command::Extend { epochs }))
}

fn rewind_command(watched: &WatchedRun, text: &str) -> Result<FollowUp, String> {
    typed_target(watched, text).map(FollowUp::Rewind)
}

/// The steps on the way to the current branch at which something was changed, the newest first.
fn steps_of_changes(watched: &WatchedRun) -> Vec<String> {
    let run = watched.live();
    let changes = run.marks.iter().rev().filter(|mark| run.lineage().contains(mark.at)).map(|mark| mark.at.step);
    let mut steps: Vec<String> = changes.take(MAX_SUGGESTED_STEPS).map(|step| step.to_string()).collect();
    steps.dedup();
    steps
}

fn sample_command(watched: &WatchedRun, text: &str) -> Result<FollowUp, String> {
    parse_existing_sample(watched, text).map(FollowUp::FollowSample)
}

fn chart_command(watched: &WatchedRun, text: &str) -> Result<FollowUp, String> {
    if text.is_empty() {
        return Err("needs the name of a metric, for example :chart loss".into());
    }
    if figure_names(watched).any(|figure| figure == text) {
        return Ok(FollowUp::ShowFigure(text.into()));
    }
    let near = nearest(text, figure_names(watched)).map(|near| format!("did you mean {}?", harmless_name(near)));
    let near = near.unwrap_or_else(|| {
        let known: Vec<String> = figure_names(watched).take(MAX_SUGGESTED_METRICS).map(harmless_name).collect();
        format!("there are: {}", known.join(", "))
    });
    Err(format!("no metric {}; {near}", quoted(text)))
}

fn figure_names(watched: &WatchedRun) -> impl Iterator<Item = &str> {
    watched.shown().metrics.figures().iter().map(|figure| figure.name.as_str())
}
