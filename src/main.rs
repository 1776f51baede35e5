//! The `gradtop` program: reads the command line, chooses a source of events and its sinks, and runs them.

use std::process::ExitCode;

mod cli;

#[cfg(target_os = "linux")]
#[global_allocator]
static MEMORY: gradtop::nn::HugePageAllocator = gradtop::nn::HugePageAllocator;

fn main() -> ExitCode {
    match cli::parse_arguments(std::env::args_os()) {
        Ok(command_line) => cli::run(command_line),
        Err(status) => status,
    }
}
