//! What the bytes of a terminal mean: characters, the escape sequences of keys and the mouse, pasted text.
//!
//! Nothing that stays unfinished holds up what follows. A control character ends a sequence and counts; a pause ends
//! one too, since a terminal sends a sequence at once; and a pause in a paste lets a single key end it.
//!
//! The sequences are those of xterm (Thomas Dickey, "Xterm Control Sequences"), without the ones that are never asked
//! for.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{Input, system::Chunk};
use crate::app::{Code, Key, Modifiers};

/// Most bytes of a sequence that are kept; a longer one is read to its end and ignored.
const MAX_SEQUENCE_BYTES: usize = 64;

/// Most bytes of a pasted text that are kept.
const MAX_PASTE_BYTES: usize = 64 * 1024;

/// A sequence with a longer pause in it has ended: Esc was pressed alone, or the rest was lost.
const SEQUENCE_WAIT: Duration = Duration::from_millis(50);

/// After such a pause, a single key is no part of a paste whose end is missing: a paste comes in large pieces.
const PASTE_PAUSE: Duration = Duration::from_millis(100);

/// A key that comes alone after such a pause was typed.
const TYPING_PAUSE: Duration = Duration::from_millis(20);

/// A paste with such a pause in it has ended, its end was lost.
const PASTE_WAIT: Duration = Duration::from_secs(2);

/// Keys that come this soon after the end of a paste, or after others that belong to it, belong to it too: it contained
/// the sequence that ends a paste. A key that comes alone does not prolong this, so that a key held down counts soon.
const PASTE_TAIL: Duration = Duration::from_millis(100);

const ESCAPE: u8 = 0x1b;

const CONTROL_C: u8 = 0x03;

/// What follows a pasted text.
const PASTE_END: &[u8] = b"\x1b[201~";

/// Decodes the bytes of a terminal.
#[derive(Default)]
pub struct InputDecoder {
    ready: VecDeque<Input>,
    /// The bytes of a sequence or a character so far, between pastes.
    pending: Vec<u8>,
    paste: Option<PastedBytes>,
    /// When the newest bytes came.
    newest: Option<Instant>,
    /// Until then keys belong to the last paste.
    tail: Option<Instant>,
}

impl InputDecoder {
    /// Takes bytes in.
    pub fn push(&mut self, chunk: Chunk) {
        let deadline = self.deadline();
        let paused = self.newest.is_some_and(|newest| chunk.at >= newest + PASTE_PAUSE);
        if deadline.is_some_and(|deadline| chunk.at >= deadline)
            || paused && self.paste.is_some() && is_single_input(&chunk)
        {
            self.give_up();
        }
        // A paste comes in large pieces without pauses.
        let is_typed = self.newest.is_some_and(|newest| chunk.at >= newest + TYPING_PAUSE) && is_single_input(&chunk);
        self.newest = Some(chunk.at);
        if is_typed && self.paste.is_none() && chunk.bytes == [CONTROL_C] {
            self.tail = None;
        }
        let prolongs_tail = !is_typed;
        for byte in chunk.bytes {
            self.push_byte(byte, prolongs_tail);
        }
    }

    /// The next input that is complete.
    pub fn pop(&mut self) -> Option<Input> {
        self.ready.pop_front()
    }

    /// When [`Self::give_up`] is due, if something is unfinished.
    pub fn deadline(&self) -> Option<Instant> {
        let wait = match (&self.paste, self.pending.is_empty()) {
            (Some(_), _) => PASTE_WAIT,
            (None, false) => SEQUENCE_WAIT,
            (None, true) => return None,
        };
        self.newest.map(|newest| newest + wait)
    }

    /// Ends what is unfinished: a paste with what came of it, an escape as the key; anything else is dropped.
    pub fn give_up(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if let Some(paste) = self.paste.take() {
            self.ready.push_back(Input::Paste(paste.into_text()));
        } else if pending == [ESCAPE] {
            self.emit(Input::Key(Key::plain(Code::Esc)), false);
        }
    }

    fn push_byte(&mut self, byte: u8, prolongs_tail: bool) {
        if let Some(paste) = &mut self.paste {
            if paste.push(byte) {
                self.give_up();
                self.tail = self.newest.map(|newest| newest + PASTE_TAIL);
            }
            return;
        }
        let too_long = self.pending.len() >= MAX_SEQUENCE_BYTES;
        match decode_byte(&self.pending, byte) {
            Decoded::Unfinished if too_long => {}
            Decoded::Unfinished => self.pending.push(byte),
            Decoded::Foreign => {
                // With nothing pending no byte is foreign.
                self.give_up();
                self.push_byte(byte, prolongs_tail);
            }
            decoded => {
                self.pending.clear();
                match decoded {
                    Decoded::Input(input) if !too_long => self.emit(input, prolongs_tail),
                    Decoded::PasteStart if !too_long => self.paste = Some(PastedBytes::default()),
                    _ => {}
                }
            }
        }
    }

    /// Gives an input out, unless it is a key that belongs to a paste; one that did not come alone prolongs the time in
    /// which they do.
    fn emit(&mut self, input: Input, prolongs_tail: bool) {
        let (newest, key) = (self.newest, matches!(input, Input::Key(_)));
        if !key || newest >= self.tail {
            self.ready.push_back(input);
        } else if prolongs_tail {
            self.tail = newest.map(|newest| newest + PASTE_TAIL);
        }
    }
}

/// Whether bytes are one key or one mouse report and nothing else.
fn is_single_input(chunk: &Chunk) -> bool {
    let rest = chunk.bytes.get(1..).unwrap_or_default();
    if rest.len() >= MAX_SEQUENCE_BYTES || rest.contains(&ESCAPE) {
        return false;
    }
    let mut alone = InputDecoder::default();
    chunk.bytes.iter().for_each(|byte| alone.push_byte(*byte, false));
    alone.give_up();
    matches!(alone.ready.make_contiguous(), [input] if !matches!(input, Input::Paste(_)))
}

/// A pasted text while it comes in.
#[derive(Default)]
struct PastedBytes {
    kept: Vec<u8>,
    /// Bytes of [`PASTE_END`] that came last.
    end: usize,
}

impl PastedBytes {
    /// Takes a byte in; whether it was the last one of the end.
    fn push(&mut self, byte: u8) -> bool {
        if byte == PASTE_END[self.end] {
            self.end += 1;
            return self.end == PASTE_END.len();
        }
        self.keep(&PASTE_END[..self.end]);
        self.end = usize::from(byte == ESCAPE);
        if self.end == 0 {
            self.keep(&[byte]);
        }
        false
    }

    /// Keeps a character more than the most, so that the cut finds its boundary.
    fn keep(&mut self, bytes: &[u8]) {
        if self.kept.len() < MAX_PASTE_BYTES + 4 {
            self.kept.extend_from_slice(bytes);
        }
    }

    fn into_text(self) -> String {
        let mut text = String::from_utf8_lossy(&self.kept).into_owned();
        let end = (0..=MAX_PASTE_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        text.shrink_to_fit();
        text
    }
}

/// What a byte makes of the bytes before it.
#[derive(Debug, PartialEq)]
enum Decoded {
    /// More is to come.
    Unfinished,
    /// This was the last one.
    Input(Input),
    /// It was the last one of something that means nothing here.
    Nothing,
    /// Pasted text follows.
    PasteStart,
    /// It belongs to something new, and what was pending stays unfinished.
    Foreign,
}

impl Decoded {
    fn key(code: Code, modifiers: Modifiers) -> Self {
        Self::Input(Input::Key(Key { code, modifiers }))
    }

    fn character(character: char) -> Self {
        let modifiers = Modifiers { shift: character.is_uppercase(), ..Modifiers::default() };
        Self::key(Code::Char(character), modifiers)
    }

    fn with_alt(mut self) -> Self {
        if let Self::Input(Input::Key(key)) = &mut self {
            key.modifiers.alt = true;
        }
        self
    }
}

fn decode_byte(pending: &[u8], byte: u8) -> Decoded {
    match pending {
        [] => decode_first(byte),
        [ESCAPE] => match byte {
            b'[' | b'O' => Decoded::Unfinished,
            b'\t' | b'\r' | b'\n' | b' '.. => decode_first(byte).with_alt(),
            _ => Decoded::Foreign,
        },
        [ESCAPE, b'[', b'M', place @ ..] => match (place, byte) {
            (_, ..b' ') => Decoded::Foreign,
            ([button, x], y) => {
                // 33 is the first column and the first row; what lies before is no place.
                decode_mouse(
                    u16::from(button - b' '),
                    x.checked_sub(33).map(u16::from),
                    y.checked_sub(33).map(u16::from),
                )
            }
            _ => Decoded::Unfinished,
        },
        [ESCAPE, b'O'] | [ESCAPE, b'[', b'['] => match byte {
            b'!'..=b'~' if pending[1] == b'O' => decode_letter(byte, Modifiers::default()),
            b'!'..=b'~' => Decoded::Nothing,
            _ => Decoded::Foreign,
        },
        [ESCAPE, b'[', parameters @ ..] => decode_control_sequence(parameters, byte),
        [ESCAPE, character @ ..] => decode_utf8(character, byte).with_alt(),
        _ => decode_utf8(pending, byte),
    }
}

/// The first byte of anything.
fn decode_first(byte: u8) -> Decoded {
    let control = |c: u8| Decoded::key(Code::Char(c.into()), Key::control(' ').modifiers);
    match byte {
        ESCAPE | 0xc2..=0xf4 => Decoded::Unfinished,
        b'\r' | b'\n' => Decoded::key(Code::Enter, Modifiers::default()),
        b'\t' => Decoded::key(Code::Tab, Modifiers::default()),
        0x7f => Decoded::key(Code::Backspace, Modifiers::default()),
        0 => control(b' '),
        0x01..=0x1a => control(byte - 1 + b'a'),
        0x1c..=0x1f => control(byte - 0x1c + b'4'),
        b' '..=b'~' => Decoded::character(byte.into()),
        // No character begins with it.
        _ => Decoded::Nothing,
    }
}

/// A further byte of a character.
fn decode_utf8(pending: &[u8], byte: u8) -> Decoded {
    if !matches!(byte, 0x80..=0xbf) {
        return Decoded::Foreign;
    }
    let bytes = [pending, &[byte]].concat();
    match std::str::from_utf8(&bytes) {
        Ok(text) => text.chars().next().map_or(Decoded::Nothing, Decoded::character),
        Err(error) if error.error_len().is_none() => Decoded::Unfinished,
        Err(_) => Decoded::Nothing,
    }
}

/// A further byte after `ESC [`.
fn decode_control_sequence(parameters: &[u8], byte: u8) -> Decoded {
    let mouse = parameters.first() == Some(&b'<');
    match byte {
        b'0'..=b';' => Decoded::Unfinished,
        b'!'..=b'/' if !mouse => Decoded::Unfinished,
        // At the beginning: the mark of what is private to a terminal, the old form of a mouse report, and the function
        // keys of Linux's console.
        b'<'..=b'?' | b'M' | b'[' if parameters.is_empty() => Decoded::Unfinished,
        b'M' if mouse => decode_sgr_mouse(&parameters[1..]),
        b'm' if mouse => Decoded::Nothing,
        b'@'..=b'~' if !mouse => decode_final(parameters, byte),
        _ => Decoded::Foreign,
    }
}

/// The numbers between semicolons.
fn numbers(parameters: &[u8]) -> impl Iterator<Item = Option<u32>> {
    let text = std::str::from_utf8(parameters).unwrap_or_default();
    text.split(';').map(|number| number.parse().ok())
}

/// The last byte of `ESC [ number ; modifiers byte`.
fn decode_final(parameters: &[u8], last: u8) -> Decoded {
    let mut numbers = numbers(parameters);
    let number = numbers.next().flatten();
    let mask = numbers.next().flatten().unwrap_or(1).saturating_sub(1);
    let modifiers = Modifiers { shift: mask & 1 != 0, alt: mask & 2 != 0, control: mask & 4 != 0 };
    let code = match (last, number) {
        (b'~', Some(200)) => return Decoded::PasteStart,
        (b'~', Some(1 | 7)) => Code::Home,
        (b'~', Some(4 | 8)) => Code::End,
        (b'~', Some(3)) => Code::Delete,
        (b'~', Some(5)) => Code::PageUp,
        (b'~', Some(6)) => Code::PageDown,
        (b'u', Some(9)) if modifiers.shift => Code::BackTab,
        (b'u', Some(9)) => Code::Tab,
        (b'u', Some(13)) => Code::Enter,
        (b'u', Some(27)) => Code::Esc,
        (b'u', Some(127)) => Code::Backspace,
        (b'u', Some(number)) => match char::from_u32(number).filter(|character| !character.is_control()) {
            Some(character) => Code::Char(character),
            None => return Decoded::Nothing,
        },
        _ => return decode_letter(last, modifiers),
    };
    Decoded::key(code, modifiers)
}

/// The letter that ends the sequence of a key.
fn decode_letter(letter: u8, modifiers: Modifiers) -> Decoded {
    let code = match letter {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'F' => Code::End,
        b'H' => Code::Home,
        b'Z' => return Decoded::key(Code::BackTab, Modifiers { shift: true, ..modifiers }),
        _ => return Decoded::Nothing,
    };
    Decoded::key(code, modifiers)
}

/// `button ; column ; row` of a button that was pressed, counted from 1.
fn decode_sgr_mouse(parameters: &[u8]) -> Decoded {
    let mut numbers = numbers(parameters).map(|number| number.and_then(|number| u16::try_from(number).ok()));
    let mut next = || numbers.next().flatten();
    let (Some(button), x, y) = (next(), next(), next()) else { return Decoded::Nothing };
    decode_mouse(button, x.and_then(|x| x.checked_sub(1)), y.and_then(|y| y.checked_sub(1)))
}

/// A report of the mouse; its place counts from 0. Some terminals report places outside of the window.
fn decode_mouse(button: u16, x: Option<u16>, y: Option<u16>) -> Decoded {
    let (Some(x), Some(y)) = (x, y) else { return Decoded::Nothing };
    // Shift, Alt and Control make no difference; what is left are the button, and bit 5 for a movement.
    match button & !0b1_1100 {
        0 => Decoded::Input(Input::Press { x, y }),
        64 => Decoded::Input(Input::Wheel { x, y, up: true }),
        65 => Decoded::Input(Input::Wheel { x, y, up: false }),
        _ => Decoded::Nothing,
    }
}

#[cfg(test)]
mod tests;
