//! How far the experiments have come: a bar on a terminal, else a line for each run and every now and then.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use gradtop::text::{Safe, duration};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Time between two lines where there is no bar.
const REMARK_INTERVAL: Duration = Duration::from_secs(60);

/// Progress on standard error; results go past it to standard output.
pub struct RunProgress {
    bar: ProgressBar,
    /// Work of the runs that are complete.
    complete: u64,
    total: u64,
    terminal: bool,
    /// When the first minibatch was under way: loading says nothing of the pace.
    start: Option<Instant>,
    /// When the last line was written.
    told: Option<Instant>,
}

impl RunProgress {
    /// Of `total` work.
    pub fn new(total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
        // The template is a constant that any run draws with, so it is never refused.
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {percent} % · {msg}") {
            bar.set_style(style);
        }
        Self { bar, complete: 0, total, terminal: io::stderr().is_terminal(), start: None, told: None }
    }

    /// Shows that data is being read.
    pub fn show_loading(&self, what: &str, share: Option<f64>) {
        let share = share.map(|share| format!(", {:.0} %", 100.0 * share)).unwrap_or_default();
        self.bar.set_message(format!("{}{share}", Safe(what)));
    }

    /// Shows what is being done, and how much of the current run is done.
    pub fn show_training(&mut self, work: u64, what: &str) {
        let now = Instant::now();
        self.start.get_or_insert(now);
        let done = self.complete + work;
        self.bar.set_position(done);
        if self.terminal {
            self.bar.set_message(format!("{} left · {what}", self.remaining_time(done)));
        } else if now.duration_since(*self.told.get_or_insert(now)) >= REMARK_INTERVAL {
            self.print_remark(what, done);
        }
    }

    /// How long the rest takes if it goes on like this.
    fn remaining_time(&self, done: u64) -> String {
        let elapsed = self.start.map_or(0.0, |start| start.elapsed().as_secs_f64());
        duration(elapsed * self.total.saturating_sub(done) as f64 / done.max(1) as f64)
    }

    /// A run of so much work is complete.
    pub fn complete_run(&mut self, work: u64) {
        self.complete += work;
        self.bar.set_position(self.complete);
    }

    /// Where there is no bar, says what came out of a run, and how long the rest will take.
    pub fn report_result(&mut self, text: &str) {
        if !self.terminal {
            self.print_remark(text, self.complete);
        }
    }

    fn print_remark(&mut self, text: &str, done: u64) {
        self.told = Some(Instant::now());
        // Results matter, remarks do not.
        let _ = writeln!(io::stderr(), "{text}; {} left", self.remaining_time(done));
    }

    /// Writes a result to standard output.
    pub fn print_line(&self, text: &str) -> io::Result<()> {
        self.bar.suspend(|| {
            let mut out = io::stdout().lock();
            writeln!(out, "{text}")?;
            out.flush()
        })
    }

    /// Takes the bar away.
    pub fn clear_bar(&self) {
        self.bar.finish_and_clear();
    }
}
