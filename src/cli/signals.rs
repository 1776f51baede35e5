//! The signals that end a headless run.

use std::io;

/// The signals that end a program; each exits with 128 plus its number.
#[cfg(unix)]
pub struct Signals {
    listeners: Vec<(u8, tokio::signal::unix::Signal)>,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [
            (1, SignalKind::hangup()),
            (2, SignalKind::interrupt()),
            (3, SignalKind::quit()),
            (15, SignalKind::terminate()),
        ];
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
            std::future::pending::<()>().await;
        }
        2
    }
}
