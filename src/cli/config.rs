//! `gradtop config`: every key, or one, with its meaning, its valid values and its value.

use std::io::Write;

use super::{ConfigArguments, screen::stdout_for_people, start};

/// Prints the configuration that the arguments give.
pub fn run(arguments: &ConfigArguments) -> anyhow::Result<u8> {
    let config = start::load_configuration(&arguments.run)?;
    let text = match &arguments.key {
        Some(key) => config.to_toml_of(key)?,
        None => config.to_toml(),
    };
    let mut out = stdout_for_people();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(0)
}
