//! What recording costs: the default network trained with recording, and without, in turn.
//!
//! ```text
//! cargo bench --bench recording            a hundred pairs of windows
//! cargo bench --bench recording -- 300     three hundred
//! ```
//!
//! Two processes train the same run at full speed, one with `--no-record`, and are asked for three hundred minibatches
//! each in turn, so that a machine that others use slows both alike. Both report every minibatch as JSON. Among the
//! windows are histograms every five seconds of training and checkpoints every thirty, whose cost the median of the
//! ratios does not show; so the ratio of the whole times is told too. The beginning of a record and its end are told by
//! themselves.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Instant,
};

/// Minibatches of a window.
const WINDOW: u64 = 300;

fn main() {
    let pairs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100);
    let folder = std::env::temp_dir().join(format!("gradtop-recording-{}", std::process::id()));
    let (mut recorded, mut plain) = (Trained::start(Some(&folder)), Trained::start(None));
    let (mut ratios, mut sums) = (Vec::new(), [0.0, 0.0]);
    for pair in 0..pairs {
        // Each goes first as often as the other.
        let (with, without) = if pair % 2 == 0 {
            let with = recorded.train_window();
            (with, plain.train_window())
        } else {
            let without = plain.train_window();
            (recorded.train_window(), without)
        };
        ratios.push(with / without);
        sums = [sums[0] + with, sums[1] + without];
    }
    ratios.sort_by(f64::total_cmp);
    let at = |share: f64| ratios[(share * (ratios.len() - 1) as f64).round() as usize];
    println!(
        "recorded to not recorded, {pairs} pairs of {WINDOW} minibatches: median {:.3}, quartiles {:.3} to {:.3}",
        at(0.5),
        at(0.25),
        at(0.75)
    );
    println!("all windows together: {:.1} s to {:.1} s, ratio {:.3}", sums[0], sums[1], sums[0] / sums[1]);
    println!("first minibatch after {:.2} s and {:.2} s", recorded.beginning, plain.beginning);
    println!("end of the program after {:.2} s and {:.2} s", recorded.stop(), plain.stop());
    fs::remove_dir_all(folder).unwrap();
}

/// A run that trains as much as it is asked for.
struct Trained {
    process: Child,
    requests: ChildStdin,
    events: BufReader<ChildStdout>,
    line: String,
    next: u64,
    /// Seconds from the start of the program to the first minibatch.
    beginning: f64,
}

impl Trained {
    /// Starts a run that is recorded in this folder, or nowhere, and trains its first window.
    fn start(folder: Option<&Path>) -> Self {
        let start = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_gradtop"));
        command.args(["train", "--json", "--commands", "--epochs", "1000000"]);
        match folder {
            Some(folder) => command.arg("--set").arg(format!("run.directory={}", folder.display())),
            None => command.arg("--no-record"),
        };
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (requests, events) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut trained = Self { process, requests, events, line: String::new(), next: 0, beginning: 0.0 };
        trained.ask("\"advance\",\"count\":1");
        trained.beginning = start.elapsed().as_secs_f64();
        trained.train_window();
        trained
    }

    /// Trains a window, and gives its seconds.
    fn train_window(&mut self) -> f64 {
        let start = Instant::now();
        self.ask(&format!("\"advance\",\"count\":{WINDOW}"));
        start.elapsed().as_secs_f64()
    }

    /// Asks, and reads up to the answer.
    fn ask(&mut self, command: &str) {
        self.next += 1;
        writeln!(self.requests, "{{\"id\":{},\"command\":{command}}}", self.next).unwrap();
        let answer = format!("{{\"event\":\"applied\",\"id\":{},", self.next);
        while !self.line.starts_with(&answer) {
            self.line.clear();
            assert!(self.events.read_line(&mut self.line).unwrap() > 0, "the run ended: {answer}");
        }
    }

    /// Ends the run, and gives the seconds that this takes.
    fn stop(mut self) -> f64 {
        let start = Instant::now();
        self.ask("\"stop\"");
        drop(self.events);
        self.process.wait().unwrap();
        start.elapsed().as_secs_f64()
    }
}
