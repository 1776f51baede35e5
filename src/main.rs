//! The `gradtop` program: reads the command line, chooses a source of events and its sinks, and runs them.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os()) {
        Ok(command_line) => cli::run(command_line),
        Err(status) => status,
    }
}
