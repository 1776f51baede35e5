//! How the program ends: signals, patience, exit statuses.

use std::{future::pending, io, process, time::Duration};

use gradtop::{
    app::Signal,
    train::{Outcome, worker::WorkerTask},
};

use super::SIGNAL_STATUS_BASE;

/// How long a worker that was told to stop may take once a signal came.
pub const WORKER_STOP_GRACE: Duration = Duration::from_millis(1500);

/// The signals that end a headless program, by their numbers; the exit status is 128 plus that.
///
/// A hang-up is not among them: there is nothing to put in order, and `nohup` must keep its meaning.
#[cfg(unix)]
pub struct Signals {
    listeners: Vec<(u8, tokio::signal::unix::Signal)>,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [(2, SignalKind::interrupt()), (3, SignalKind::quit()), (15, SignalKind::terminate())];
        let listeners =
            kinds.into_iter().map(|(number, kind)| Ok((number, signal(kind)?))).collect::<io::Result<Vec<_>>>()?;
        Ok(Self { listeners })
    }

    /// Waits for the next one and returns its number.
    pub async fn next(&mut self) -> u8 {
        std::future::poll_fn(|context| {
            for (number, listener) in &mut self.listeners {
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
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Listens from now on.
    pub fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for the next one and returns its number.
    pub async fn next(&mut self) -> u8 {
        // Without a handler there is nothing to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
        2
    }
}

/// Waits for a worker that was told to stop. A signal ends the program at once, and one that came before (`signalled`)
/// after a while.
pub async fn join(task: WorkerTask, signals: &mut Signals, signalled: Option<u8>) -> Outcome {
    let patience = async {
        match signalled {
            Some(number) => {
                tokio::time::sleep(WORKER_STOP_GRACE).await;
                number
            }
            None => pending().await,
        }
    };
    tokio::select! {
        outcome = task.join() => outcome,
        number = signals.next() => exit_by_signal(number),
        number = patience => exit_by_signal(number),
    }
}

/// The number of a signal by which the dashboard was left.
pub fn signal_number(signal: Signal) -> u8 {
    match signal {
        Signal::HangUp => 1,
        Signal::Interrupt => 2,
        Signal::Quit => 3,
        Signal::Terminate => 15,
    }
}

/// Ends the program as a signal would have.
pub fn exit_by_signal(number: u8) -> ! {
    process::exit(i32::from(SIGNAL_STATUS_BASE + number))
}
