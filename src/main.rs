//! The `gradtop` program: reads the command line, chooses a source of events and its sinks, and runs them.

fn main() {}
