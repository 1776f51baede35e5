//! A command of the user's that is run when a run ends, breaks or pauses by itself.

use std::{
    process::{Command, Stdio},
    thread,
};

use gradtop::{config::Config, headless::ReportedEnd, protocol::Failure, text::thousands};

use super::start;

/// Runs `run.notify`, if it is set, each time that somebody is to be called.
#[derive(Clone, Debug)]
pub struct Notifier {
    command: String,
    run: String,
}

impl Notifier {
    /// The one of this configuration.
    pub fn new(config: &Config) -> Self {
        Self { command: config.run.notify.clone(), run: config.run_name() }
    }

    /// Starts the command with the sentence in its environment, and does not wait for it.
    pub fn notify(&self, sentence: &str) {
        if self.command.is_empty() {
            return;
        }
        let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let mut command = Command::new(shell);
        command.arg(flag).arg(&self.command).env("GRADTOP_MESSAGE", sentence).env("GRADTOP_RUN", &self.run);
        // It may write neither onto the dashboard nor into what others read.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            // Somebody has to collect its exit status.
            Ok(mut child) => drop(thread::spawn(move || child.wait())),
            Err(error) => start::print_complaint(&format!("gradtop: run.notify: {error}")),
        }
    }

    /// The same for the end of a run without a screen, unless it was asked for.
    pub fn notify_end(&self, end: &ReportedEnd) {
        let what = match end {
            ReportedEnd::Finished(summary) => format!("finished at step {}", thousands(summary.step)),
            ReportedEnd::Failed(Failure { step, what, .. }) => format!("failed at step {}: {what}", thousands(*step)),
            ReportedEnd::Stopped(_) => return,
        };
        self.notify(&format!("gradtop: {} {what}", self.run));
    }
}
