//! The events of a console, which come decoded.

use std::{
    collections::VecDeque,
    io, thread,
    time::{Duration, Instant},
};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use tokio::sync::mpsc;

use super::{Arrival, Input, spawn_reader};
use crate::app::{Code, Key, Modifiers};

/// An event as it was read.
pub type Chunk = Event;

/// Starts the thread that reads the console; closing a console ends the process, so nothing watches it.
pub fn start_threads(sender: &mpsc::Sender<Arrival>) -> io::Result<()> {
    spawn_reader(sender.clone(), |sender| {
        while !sender.is_closed() {
            match event::read() {
                Ok(event) if sender.blocking_send(Arrival::Chunk(event)).is_err() => return,
                Ok(_) => {}
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    })
}

/// What the events mean.
#[derive(Default)]
pub struct InputDecoder {
    ready: VecDeque<Input>,
}

impl InputDecoder {
    /// Takes an event in.
    pub fn push(&mut self, event: Event) {
        self.ready.extend(translate(event));
    }

    /// The next input that is complete.
    pub fn pop(&mut self) -> Option<Input> {
        self.ready.pop_front()
    }

    /// Nothing is ever unfinished.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Does nothing; see [`Self::deadline`].
    pub fn give_up(&mut self) {}
}

fn translate(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Press => translate_key(key).map(Input::Key),
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
