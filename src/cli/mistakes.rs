//! What is said of a command line that clap cannot read, where more is known than clap can say.

use std::{ffi::OsString, path::Path, process::ExitCode};

use clap::{
    CommandFactory, Error, Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use gradtop::{config::guess_key, dataset::Source, text::harmless};

use super::{Cli, SHORT_FLAGS, WRONG_USE_STATUS, start};

/// Endings of the files that data are read from.
const DATA_ENDINGS: [&str; 5] = [".csv", ".tsv", ".npy", ".tar.gz", ".tgz"];

/// Reads the command line; help, the version and mistakes are answered here, with the exit status.
pub fn parse_arguments(arguments: impl Iterator<Item = OsString>) -> Result<Cli, ExitCode> {
    let arguments: Vec<OsString> = arguments.collect();
    Cli::try_parse_from(&arguments).map_err(|error| {
        if error.use_stderr() {
            // What was typed stands in the message.
            let text = explain(&error, &arguments).unwrap_or_else(|| error.render().to_string());
            let lines: Vec<String> = text.lines().map(harmless).collect();
            start::print_complaint(lines.join("\n").trim_end());
            return ExitCode::from(WRONG_USE_STATUS);
        }
        // Help that can't be printed has no reader left: `gradtop --help | head -1`.
        let _ = error.print();
        ExitCode::SUCCESS
    })
}

/// The message for an unknown flag that is the name of a key, or for data where a command or a flag belongs; `None` where
/// clap's own words are as good.
fn explain(error: &Error, arguments: &[OsString]) -> Option<String> {
    let wrong = match error.kind() {
        ErrorKind::UnknownArgument => error.get(ContextKind::InvalidArg),
        ErrorKind::InvalidSubcommand => error.get(ContextKind::InvalidSubcommand),
        _ => None,
    };
    let Some(ContextValue::String(wrong)) = wrong else { return None };
    let command = command_name(arguments);
    match wrong.strip_prefix("--") {
        Some(word) => explain_flag(error, word, command.as_deref(), arguments),
        None => explain_data(wrong, command.as_deref()),
    }
}

/// The subcommand, if the first argument is one.
fn command_name(arguments: &[OsString]) -> Option<String> {
    let first = arguments.get(1)?.to_str()?;
    Cli::command().find_subcommand(first).map(|command| command.get_name().to_owned())
}

/// Whether a command, or the program without one, takes this flag, without its dashes.
fn takes_argument(command: Option<&str>, flag: &str) -> bool {
    let program = Cli::command();
    let command = command.and_then(|name| program.find_subcommand(name)).unwrap_or(&program);
    command.get_arguments().any(|argument| argument.get_long() == Some(flag))
}

fn explain_flag(error: &Error, word: &str, command: Option<&str>, arguments: &[OsString]) -> Option<String> {
    if !takes_argument(command, "set") {
        return None;
    }
    let key = guess_key(word)?;
    // A flag that is more like the word than any key is.
    let exact = key.rsplit('.').next() == Some(word.replace('-', "_").as_str());
    let suggested = error.get(ContextKind::SuggestedArg).is_some();
    let value = following_value(word, arguments).unwrap_or_else(|| "VALUE".into());
    let written = match SHORT_FLAGS.iter().find(|(_, short_for)| *short_for == key) {
        Some((flag, _)) if takes_argument(command, flag.trim_start_matches('-')) => format!("{flag} {}", quote(&value)),
        None if suggested && !exact => return None,
        _ => format!("--set {}", quote(&format!("{key}={value}"))),
    };
    Some(format!("gradtop: unknown flag --{word}; write {written}\n  `gradtop config {key}` says what it is"))
}

/// The value that was typed for a flag, after it or after an equals sign.
fn following_value(word: &str, arguments: &[OsString]) -> Option<String> {
    let flag = format!("--{word}");
    let assigned = format!("{flag}=");
    let text = |argument: &OsString| argument.to_string_lossy().into_owned();
    let mut rest =
        arguments.iter().map(text).skip_while(|argument| *argument != flag && !argument.starts_with(&assigned));
    let at = rest.next()?;
    match at.strip_prefix(&assigned) {
        Some(value) => Some(value.to_owned()),
        None => rest.next().filter(|value| !value.starts_with("--")),
    }
}

fn explain_data(word: &str, command: Option<&str>) -> Option<String> {
    if !takes_argument(command, "data") {
        return None;
    }
    let ends_like_data = DATA_ENDINGS.iter().any(|ending| word.to_lowercase().ends_with(ending));
    let is_data = ends_like_data || Source::built_in_words().any(|name| name == word) || Path::new(word).exists();
    let what = if command.is_some() { "argument" } else { "command" };
    let command = command.unwrap_or("train");
    if Path::new(word).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
        let use_it = format!("to use this configuration, write gradtop {command} --config {}", quote(word));
        return Some(format!("gradtop: unknown {what} {word}; {use_it}"));
    }
    is_data.then(|| {
        format!("gradtop: unknown {what} {word}; to use these data, write gradtop {command} --data {}", quote(word))
    })
}

/// An argument as a shell takes it.
fn quote(argument: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-=+:,@%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}
