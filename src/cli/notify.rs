//! A command of the user's that is run when a run ends, breaks or pauses by itself.

use std::{
    io,
    process::{Command, Stdio},
    thread,
};

use gradtop::{config::Config, headless::ReportedEnd, protocol::Failure, text::thousands};

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
    ///
    /// # Errors
    /// When there is no shell.
    pub fn notify(&self, sentence: &str) -> io::Result<()> {
        if self.command.is_empty() {
            return Ok(());
        }
        let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let mut command = Command::new(shell);
        command.arg(flag).arg(&self.command).env("GRADTOP_MESSAGE", sentence).env("GRADTOP_RUN", &self.run);
        // It may write neither onto the dashboard nor into what others read.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        // Its exit status has to be collected; without a thread for that it is when this program ends.
        drop(thread::Builder::new().name("notification".into()).spawn(move || child.wait()));
        Ok(())
    }

    /// The same for the end of a run without a screen, unless it was asked for.
    ///
    /// # Errors
    /// As [`Self::notify`].
    pub fn notify_end(&self, end: &ReportedEnd) -> io::Result<()> {
        let what = match end {
            ReportedEnd::Finished(summary) => format!("finished at step {}", thousands(summary.step)),
            ReportedEnd::Failed(Failure { step, what, .. }) => format!("failed at step {}: {what}", thousands(*step)),
            ReportedEnd::Stopped(_) => return Ok(()),
        };
        self.notify(&format!("gradtop: {} {what}", self.run))
    }
}
