//! What happens when some thread panics while the dashboard is on the screen.
//!
//! A panic of the thread that draws ends the program: the terminal is put back first, so that the message is read on
//! a sane screen. A panic elsewhere, of the engine for example, is caught and reported as an event; its message must
//! not be printed over the live screen, so it is kept until the terminal has been left.

use std::{
    io::Write,
    panic,
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError},
    thread::{self, ThreadId},
};

use super::TerminalRestore;

/// Messages kept at most; more would be repetitions.
const MAX_KEPT_MESSAGES: usize = 8;

struct GuardedScreen {
    drawer: ThreadId,
    restore: Arc<TerminalRestore>,
    kept: Vec<String>,
}

static GUARDED_SCREEN: Mutex<Option<GuardedScreen>> = Mutex::new(None);
static HOOK: Once = Once::new();

fn lock_guarded_screen() -> MutexGuard<'static, Option<GuardedScreen>> {
    GUARDED_SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts `restore` into the hands of the panic hook for as long as the screen is shown.
pub fn guard_screen(restore: Arc<TerminalRestore>) {
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let mut guarded = lock_guarded_screen();
            match guarded.as_mut() {
                Some(shown) if shown.drawer != thread::current().id() => {
                    if shown.kept.len() < MAX_KEPT_MESSAGES {
                        shown.kept.push(info.to_string());
                    }
                    return;
                }
                Some(_) => {
                    if let Some(shown) = guarded.take() {
                        shown.restore.leave();
                        print_messages(&shown.kept);
                    }
                }
                None => {}
            }
            drop(guarded);
            previous(info);
        }));
    });
    *lock_guarded_screen() = Some(GuardedScreen { drawer: thread::current().id(), restore, kept: Vec::new() });
}

/// Takes it back, and gives the messages that were kept.
pub fn release_screen() -> Vec<String> {
    lock_guarded_screen().take().map(|shown| shown.kept).unwrap_or_default()
}

/// Puts the terminal back if a screen is shown, for a thread that ends the program without the one that draws.
pub fn restore_screen() {
    let restore = lock_guarded_screen().as_ref().map(|shown| Arc::clone(&shown.restore));
    if let Some(restore) = restore {
        restore.leave();
    }
}

/// Prints what was kept to standard error, which is a screen again.
pub fn print_messages(kept: &[String]) {
    let mut error = std::io::stderr().lock();
    for message in kept {
        // There is nowhere left to say it when standard error can't be written to.
        let _ = writeln!(error, "{message}");
    }
}
