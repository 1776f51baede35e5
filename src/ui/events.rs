//! What comes from the keyboard, the mouse and the window, in the words of the app.
//!
//! Crossterm's reader blocks, and spins once the terminal is gone, so it has a thread of its own; another thread
//! watches whether the terminal is still there.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use tokio::sync::mpsc;

use super::terminal::wait_for_hang_up;
use crate::app::{Code, Key, Modifiers};

/// Events that may wait to be handled; the reader waits beyond that.
const MAX_QUEUED_INPUTS: usize = 256;

/// Most bytes of a pasted text that are kept.
const MAX_PASTE_BYTES: usize = 64 * 1024;

/// Keys that come this soon after a paste, or after another such key, belong to it: it contained the sequence that
/// ends a paste.
const PASTE_TAIL: Duration = Duration::from_millis(100);

/// Something that came in.
#[derive(Debug, PartialEq)]
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// A button was pressed at a cell.
    Press {
        /// Column from the left.
        x: u16,
        /// Row from the top.
        y: u16,
    },
    /// The wheel was turned at a cell.
    Wheel {
        /// Column from the left.
        x: u16,
        /// Row from the top.
        y: u16,
        /// Away from the person.
        up: bool,
    },
    /// The window has another size.
    Resize,
    /// The terminal is gone.
    Gone,
}

/// Starts the two threads.
///
/// # Errors
/// When the operating system gives no thread.
pub fn start_reading() -> io::Result<mpsc::Receiver<Input>> {
    let (sender, receiver) = mpsc::channel(MAX_QUEUED_INPUTS);
    let watcher = sender.clone();
    thread::Builder::new().name("terminal watch".into()).spawn(move || {
        wait_for_hang_up();
        // The receiver is gone when the dashboard was left first.
        let _ = watcher.blocking_send(Input::Gone);
    })?;
    thread::Builder::new().name("terminal input".into()).spawn(move || read_inputs(&sender))?;
    Ok(receiver)
}

fn read_inputs(sender: &mpsc::Sender<Input>) {
    let mut pasted = PasteFilter::default();
    // An error means a sequence that isn't understood, or a terminal that is gone, which the watcher notices too.
    while !sender.is_closed() {
        let Ok(event) = event::read() else {
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        if let Some(input) = translate(event)
            && pasted.admits_input(&input, Instant::now())
            && sender.blocking_send(input).is_err()
        {
            return;
        }
    }
}

/// Keeps apart what was typed and what spilled out of a paste.
#[derive(Default)]
struct PasteFilter {
    until: Option<Instant>,
}

impl PasteFilter {
    fn admits_input(&mut self, input: &Input, now: Instant) -> bool {
        let spilled = matches!(input, Input::Key(_)) && self.until.is_some_and(|until| now < until);
        if spilled || matches!(input, Input::Paste(_)) {
            self.until = Some(now + PASTE_TAIL);
        }
        !spilled
    }
}

/// What an event of the terminal means, if anything.
pub fn translate(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Press => translate_key(key).map(Input::Key),
        Event::Paste(mut text) => {
            let end = (0..=MAX_PASTE_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
            text.truncate(end.unwrap_or(0));
            text.shrink_to_fit();
            Some(Input::Paste(text))
        }
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Input::Press { x: mouse.column, y: mouse.row }),
            MouseEventKind::ScrollUp => Some(Input::Wheel { x: mouse.column, y: mouse.row, up: true }),
            MouseEventKind::ScrollDown => Some(Input::Wheel { x: mouse.column, y: mouse.row, up: false }),
            _ => None,
        },
        Event::Resize(..) => Some(Input::Resize),
        _ => None,
    }
}

fn translate_key(key: KeyEvent) -> Option<Key> {
    let code = match key.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        _ => return None,
    };
    let held = |modifier| key.modifiers.contains(modifier);
    let modifiers = Modifiers {
        control: held(KeyModifiers::CONTROL),
        alt: held(KeyModifiers::ALT),
        shift: held(KeyModifiers::SHIFT),
    };
    Some(Key { code, modifiers })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEventState;

    fn key(kind: KeyEventKind) -> Event {
        Event::Key(KeyEvent {
            code: KeyCode::Char('q'),
            modifiers: KeyModifiers::NONE,
            kind,
            state: KeyEventState::NONE,
        })
    }

    #[test]
    fn only_presses_count() {
        assert_eq!(translate(key(KeyEventKind::Press)), Some(Input::Key(Key::char('q'))));
        assert_eq!(translate(key(KeyEventKind::Release)), None);
        assert_eq!(translate(key(KeyEventKind::Repeat)), None);
    }

    #[test]
    fn a_huge_paste_is_capped_between_two_characters() {
        let Some(Input::Paste(text)) = translate(Event::Paste("長".repeat(10_000_000 / 3))) else { panic!() };
        assert!(
            text.len() <= MAX_PASTE_BYTES && text.len() > MAX_PASTE_BYTES - 3 && text.capacity() <= MAX_PASTE_BYTES
        );
    }

    #[test]
    fn what_spills_out_of_a_paste_is_no_key() {
        let mut pasted = PasteFilter::default();
        let (start, q) = (Instant::now(), Input::Key(Key::char('q')));
        assert!(pasted.admits_input(&q, start));
        assert!(pasted.admits_input(&Input::Paste("a".into()), start));
        for i in 1..50 {
            assert!(!pasted.admits_input(&q, start + i * PASTE_TAIL / 2), "key {i} of the tail");
        }
        assert!(pasted.admits_input(&q, start + 60 * PASTE_TAIL));
    }
}
