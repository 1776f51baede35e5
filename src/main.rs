//! The `gradtop` program: reads the command line, chooses a source of events and its sinks, and runs them.

use std::process::ExitCode;

use clap::Parser;

mod cli;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse())
}
