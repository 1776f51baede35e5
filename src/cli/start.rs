//! From the command line to a run: configuration, specification, and how errors are told.

use std::{
    io::{self, Write},
    num::NonZeroUsize,
    thread,
};

use anyhow::Context;
use gradtop::{
    config::{Config, ConfigError},
    train::RunSpec,
};

use super::{FAILED, RunArguments, WRONG_USE};

/// Reads the configuration that the arguments name.
pub fn configuration(arguments: &RunArguments) -> Result<Config, ConfigError> {
    Config::load(arguments.config.as_deref(), &arguments.set)
}

/// Threads to compute with: the argument, else the configuration, else all cores.
pub fn threads(arguments: &RunArguments, config: &Config) -> NonZeroUsize {
    arguments
        .threads
        .or(NonZeroUsize::new(config.run.threads))
        .or_else(|| thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}
