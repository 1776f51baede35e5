//! How the program ends: signals, patience, exit statuses.

use std::{
    future::{Future, pending},
    io, process,
    time::{Duration, Instant},
};

use anyhow::Context;
use gradtop::{app::Signal, threads::spawn_thread, train::Outcome, ui};
use tokio::{
    runtime,
    sync::watch,
    time::{sleep_until, timeout},
};

use super::{SIGNAL_STATUS_BASE, start};

/// Longest time from the first signal, or from leaving in a hurry, to the end of the program.
///
/// Putting back a terminal that is not read may take three quarters of a second more.
pub const MAX_LEAVING_TIME: Duration = Duration::from_millis(1200);

/// The same signal that comes again sooner was sent once.
const MIN_REPEAT_INTERVAL: Duration = Duration::from_millis(300);

/// The signal of a terminal that is gone.
const HANG_UP: u8 = 1;

/// The signal of Ctrl-C.
const INTERRUPT: u8 = 2;

/// The signals that end the program. A thread of its own hears them: the first one is told to who asks, and ends the
/// program after [`MAX_LEAVING_TIME`], the second one at once, whatever all others are busy with or wait for.
pub struct EndingSignals {
    first: watch::Receiver<Option<u8>>,
}

impl EndingSignals {
    /// Those that a dashboard puts the terminal in order for: hang-up, interrupt, quit, terminate.
    pub const DASHBOARD: &[u8] = &[HANG_UP, INTERRUPT, 3, 15];
    /// Those of a run without a screen. A hang-up is not among them: there is nothing to put in order, and `nohup` must
    /// keep its meaning.
    pub const HEADLESS: &[u8] = &[INTERRUPT, 3, 15];

    /// Listens to signals from now on, by their numbers; the exit status is 128 plus that.
    ///
    /// # Errors
    /// When the system gives no handler or no thread.
    pub fn listen(numbers: &[u8]) -> anyhow::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("can't listen to signals")?;
        let mut listeners = {
            let _entered = runtime.enter();
            Listeners::of(numbers).context("can't listen to signals")?
        };
        let (sender, first) = watch::channel(None);
        let watch = async move {
            let number = listeners.next().await;
            let came = Instant::now();
            // Nobody may ask for it any more.
            let _ = sender.send(Some(number));
            let second = async {
                loop {
                    let next = listeners.next().await;
                    // A window that closes and `timeout` send the same signal twice, to the process and to its group.
                    if next != number || (next != HANG_UP && came.elapsed() >= MIN_REPEAT_INTERVAL) {
                        return next;
                    }
                }
            };
            exit_by_signal(timeout(MAX_LEAVING_TIME, second).await.unwrap_or(number))
        };
        spawn_thread("signals", move || runtime.block_on(watch))?;
        Ok(Self { first })
    }

    /// Waits for the first one and returns its number.
    pub async fn first(&mut self) -> u8 {
        match self.first.wait_for(Option::is_some).await.map(|number| *number) {
            Ok(Some(number)) => number,
            // The thread has ended, and with it the program.
            _ => pending().await,
        }
    }
}

#[cfg(unix)]
struct Listeners(Vec<(u8, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl Listeners {
    fn of(numbers: &[u8]) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listener = |number: &u8| Ok((*number, signal(SignalKind::from_raw(i32::from(*number)))?));
        numbers.iter().map(listener).collect::<io::Result<_>>().map(Self)
    }

    async fn next(&mut self) -> u8 {
        std::future::poll_fn(|context| {
            for (number, listener) in &mut self.0 {
                if listener.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(*number);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// Only Ctrl-C elsewhere.
#[cfg(not(unix))]
struct Listeners;

#[cfg(not(unix))]
impl Listeners {
    // The shape is that for Unix.
    #[allow(clippy::unnecessary_wraps)]
    fn of(_numbers: &[u8]) -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> u8 {
        // Without a handler there is nothing to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
        INTERRUPT
    }
}

/// Waits for a worker that was told to stop. If that was because of a signal, `signalled`, it is over soon anyway;
/// otherwise a signal ends the program at once. A worker that has not ended at `limit` is left behind, with what it saved
/// last.
pub async fn join(
    worker_end: impl Future<Output = Outcome>,
    mut signals: EndingSignals,
    signalled: Option<u8>,
    limit: Option<Instant>,
) -> Outcome {
    let limit_reached = async {
        match limit {
            Some(limit) => sleep_until(limit.into()).await,
            None => pending().await,
        }
    };
    tokio::select! {
        outcome = worker_end => outcome,
        number = signals.first(), if signalled.is_none() => exit_by_signal(number),
        () = limit_reached => {
            if signalled.is_none() {
                start::print_complaint("gradtop: left in the middle of a step; the last checkpoint of the run counts");
            }
            exit_by_signal(signalled.unwrap_or(INTERRUPT))
        }
    }
}

/// The number of a signal by which the dashboard was left.
pub fn signal_number(signal: Signal) -> u8 {
    match signal {
        Signal::HangUp => HANG_UP,
        Signal::Interrupt => INTERRUPT,
        Signal::Quit => 3,
        Signal::Terminate => 15,
    }
}

/// Ends the program as a signal would have, with the terminal as it was found.
fn exit_by_signal(number: u8) -> ! {
    ui::restore_screen();
    process::exit(i32::from(SIGNAL_STATUS_BASE + number))
}
