//! What only Unix has: terminal modes, job control, hang-ups.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, OwnedFd},
    thread,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Signal, getpgrp, getpid, getsid, kill_current_process_group, kill_process},
    termios::{
        Action, OptionalActions, QueueSelector, Termios, isatty, tcflow, tcflush, tcgetattr, tcgetpgrp, tcsetattr,
    },
};
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

use super::{crash, signals::CaughtSignal};

/// How often a process that can't be stopped looks whether the terminal is its own.
const FOREGROUND_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The terminal's modes as they were found.
pub struct Modes {
    terminal: OwnedFd,
    found: Termios,
}

impl Modes {
    /// Switches to raw mode and remembers what was there before. Until [`Modes::restore`], a crash puts that back and
    /// writes `leave_sequence`.
    ///
    /// # Errors
    /// When there is no terminal.
    pub fn enter_raw_mode(leave_sequence: Vec<u8>) -> io::Result<Self> {
        let terminal = open_terminal()?;
        let found = tcgetattr(&terminal)?;
        crash::arm(terminal.as_fd(), &found, leave_sequence)?;
        let modes = Self { terminal, found };
        modes.reenter_raw_mode()?;
        Ok(modes)
    }

    /// Switches to raw mode once more, for instance because a shell had the terminal in between.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn reenter_raw_mode(&self) -> io::Result<()> {
        let mut raw = self.found.clone();
        raw.make_raw();
        Ok(tcsetattr(&self.terminal, OptionalActions::Now, &raw)?)
    }

    /// Puts everything back.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn restore(&self) -> io::Result<()> {
        // In the background the terminal is another job's, and the system would stop a job that changes it.
        let is_ours = is_foreground_of(&self.terminal);
        let restored = if is_ours { tcsetattr(&self.terminal, OptionalActions::Now, &self.found) } else { Ok(()) };
        crash::disarm();
        Ok(restored?)
    }
}

/// The terminal that input comes from: standard input if it is one, otherwise the controlling terminal.
///
/// # Errors
/// When there is no terminal or no file descriptor.
pub fn open_terminal() -> io::Result<OwnedFd> {
    let input = rustix::stdio::stdin();
    if isatty(input) { Ok(input.try_clone_to_owned()?) } else { Ok(File::open("/dev/tty")?.into()) }
}

/// Throws away what was written to the terminal but not read by it, and wakes a writer that waits for room.
pub fn discard_output() {
    let output = rustix::stdio::stdout();
    // Nothing is lost if it fails: the frame is then still waiting to be read.
    let _ = tcflush(output, QueueSelector::OFlush);
    // Linux doesn't wake the writer when a pseudo-terminal is flushed, but does when output is stopped and started.
    let _ = tcflow(output, Action::OOff);
    let _ = tcflow(output, Action::OOn);
}

/// Sets `SCHED_BATCH` for this thread and those that it starts, so that waking one never preempts training: it runs
/// once a processor is free, or a computing thread waits or has had its turn. Its share of the processors is the same.
///
/// Threads that compute share each piece of work, so one that is interrupted in the middle of its part keeps the others
/// waiting; one that is itself waiting loses nothing.
#[cfg(target_os = "linux")]
pub fn use_batch_scheduling() {
    use rustix::process::{getpriority_process, setpriority_process};
    use thread_priority::{
        NormalThreadSchedulePolicy::{Batch, Other},
        ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy, thread_native_id, thread_schedule_policy,
        unix::set_thread_priority_and_policy,
    };
    // A scheduling class or a niceness that was chosen stays.
    let usual_class = matches!(thread_schedule_policy(), Ok(ThreadSchedulePolicy::Normal(Other)));
    let (Ok(nice @ 0..), true) = (getpriority_process(None), usual_class) else { return };
    // The library sets a priority as well: this one is that of a program whose niceness is usual. What it was comes
    // back. Where any of it is forbidden, the dashboard costs a little more.
    let Ok(usual) = ThreadPriorityValue::try_from(47u8) else { return };
    let batch = ThreadSchedulePolicy::Normal(Batch);
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(usual), batch);
    let _ = setpriority_process(None, nice);
}

/// Only Linux has such a class of threads.
#[cfg(not(target_os = "linux"))]
pub fn use_batch_scheduling() {}

/// Blocks until `terminal` is gone.
///
/// Waiting for no event at all still reports a hang-up. Some kernels don't wake such a waiter for every kind of
/// hang-up, so it looks once a second.
pub fn wait_for_hang_up(terminal: &OwnedFd) {
    let second = Timespec { tv_sec: 1, tv_nsec: 0 };
    loop {
        let mut watched = [PollFd::new(terminal, PollFlags::empty())];
        match poll(&mut watched, Some(&second)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            // Some systems can't poll a terminal and say so by NVAL; only its modes tell whether it is there.
            Ok(_) if watched[0].revents().contains(PollFlags::HUP) => return,
            _ => thread::sleep(Duration::from_millis(500)),
        }
        if tcgetattr(terminal).is_err() {
            return;
        }
    }
}

/// Whether the terminal is this process's to use: its job is the one in the foreground, or there is no job control.
pub fn is_in_foreground() -> bool {
    // Without a terminal there is nothing to wait for; what opens it next says why.
    open_terminal().map_or(true, |terminal| is_foreground_of(&terminal))
}

fn is_foreground_of(terminal: &OwnedFd) -> bool {
    tcgetpgrp(terminal).map_or(true, |group| group == getpgrp())
}

/// Waits until the terminal is this process's to use, stopped as by the system, so that the shell says so and can bring
/// it to the foreground.
///
/// To be called before anything listens to signals: TERM and HUP then end the process as soon as it is continued, which
/// `timeout` and shells do after them.
pub fn wait_for_foreground() {
    while !is_in_foreground() {
        stop_in_background();
        // It was not stopped where the signal is ignored, or where no shell could bring it back.
        thread::sleep(FOREGROUND_POLL_INTERVAL);
    }
}

/// Stops the job as the system stops one that touches a terminal from the background.
pub fn stop_in_background() {
    let _ = kill_current_process_group(Signal::TTOU);
}

/// Whether a shell could bring a stopped process back: with job control a job has its own process group, not the
/// session leader's.
pub fn can_suspend() -> bool {
    getsid(None).is_ok_and(|session| session != getpgrp())
}

/// Stops this process, and with `job` also the others of its job (`cargo run`, for example).
///
/// The default action of `SIGTSTP` can't be had while the signal is also listened to, and it is the same as that
/// of `SIGSTOP`. Returns when the process is continued.
pub fn stop_process(job: bool) {
    if job {
        let _ = kill_current_process_group(Signal::TSTP);
    }
    let _ = kill_process(getpid(), Signal::STOP);
}

/// Listens to the signals that concern a program on a terminal.
pub struct Signals {
    interrupt: Listener,
    terminate: Listener,
    quit: Listener,
    hang_up: Listener,
    suspend: Listener,
    resume: Listener,
    resize: Listener,
}

impl Signals {
    /// Starts to listen.
    ///
    /// # Errors
    /// When a handler can't be installed.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            hang_up: signal(SignalKind::hangup())?,
            suspend: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
            resume: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// The next signal; those that end the program come first, since one that is continued may be stopped again at once.
    pub async fn next(&mut self) -> CaughtSignal {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => CaughtSignal::End(Signal::INT.as_raw()),
            _ = self.terminate.recv() => CaughtSignal::End(Signal::TERM.as_raw()),
            _ = self.quit.recv() => CaughtSignal::End(Signal::QUIT.as_raw()),
            _ = self.hang_up.recv() => CaughtSignal::End(Signal::HUP.as_raw()),
            _ = self.suspend.recv() => CaughtSignal::Suspend,
            _ = self.resume.recv() => CaughtSignal::Resume,
            _ = self.resize.recv() => CaughtSignal::Resize,
        }
    }

    /// Forgets suspensions that were asked for so far: the one that this program sent to its own job.
    pub async fn forget_suspensions(&mut self) {
        while tokio::time::timeout(Duration::ZERO, self.suspend.recv()).await.is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn batch_scheduling_interrupts_no_thread_and_keeps_its_niceness() {
        use std::{fs, thread};

        use rustix::process::setpriority_process;

        use super::use_batch_scheduling;

        const BATCH: u32 = 3;
        // Policy and niceness: fields 41 and 19 of a table whose second one, a name in brackets, may contain spaces.
        let scheduling = || -> (u32, i32) {
            let text = fs::read_to_string("/proc/thread-self/stat").unwrap();
            let fields: Vec<&str> = text[text.rfind(')').unwrap() + 2..].split(' ').collect();
            (fields[41 - 3].parse().unwrap(), fields[19 - 3].parse().unwrap())
        };
        let test = move || {
            let (class, nice) = scheduling();
            if class != 0 || nice < 0 {
                use_batch_scheduling();
                assert_eq!(scheduling(), (class, nice));
                return;
            }
            let nicer = (nice + 5).min(19);
            setpriority_process(None, nicer).unwrap();
            use_batch_scheduling();
            assert_eq!(scheduling(), (BATCH, nicer));
            assert_eq!(thread::spawn(scheduling).join().unwrap(), (BATCH, nicer));
        };
        thread::spawn(test).join().unwrap();
    }
}
