//! The terminal while the dashboard has it: what is switched on is switched off on every way out.

#[cfg(unix)]
mod crash;
#[cfg(not(unix))]
mod non_unix;
mod output;
mod panics;
pub mod signals;
#[cfg(unix)]
mod unix;

use std::{
    io,
    sync::{Arc, Once},
    time::Duration,
};

use crossterm::{
    cursor::{Hide, Show},
    event::{DisableBracketedPaste, EnableBracketedPaste},
    queue,
    style::{Attribute, SetAttribute},
    terminal::{Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen},
};

#[cfg(not(unix))]
use self::non_unix as system;
#[cfg(unix)]
use self::unix as system;
#[cfg(unix)]
pub use self::unix::{open_terminal, wait_for_hang_up};
pub use self::{
    output::Output,
    panics::restore_screen,
    system::{Signals, can_suspend, is_in_foreground, stop_in_background, use_batch_scheduling, wait_for_foreground},
};

use super::graphics::{DELETE_ALL, PictureProtocol};

/// How long a terminal that isn't read may delay entering or leaving it.
const MAX_TERMINAL_WAIT: Duration = Duration::from_millis(250);

/// The terminal in raw mode with the alternate screen. Dropping it puts everything back.
pub struct Terminal {
    output: Output,
    restore: Arc<TerminalRestore>,
    mouse: bool,
    pictures: PictureProtocol,
}

/// All that is needed to put the terminal back, from the panic hook too.
struct TerminalRestore {
    output: Output,
    modes: system::Modes,
    pictures: PictureProtocol,
    /// Done once the terminal was left; who else leaves meanwhile waits for that.
    left: Once,
}

impl TerminalRestore {
    /// Switches to raw mode and remembers what was found.
    fn enter_raw_mode(output: Output, pictures: PictureProtocol) -> io::Result<Arc<Self>> {
        let modes = system::Modes::enter_raw_mode(leave_sequence(pictures)?)?;
        Ok(Arc::new(Self { output, modes, pictures, left: Once::new() }))
    }

    /// Switches off what was switched on, once.
    fn leave(&self) {
        self.left.call_once(|| {
            // A terminal that is gone has nothing to be put back.
            if let Ok(bytes) = leave_sequence(self.pictures) {
                self.output.write_with_timeout(bytes, MAX_TERMINAL_WAIT);
            }
            let _ = self.modes.restore();
        });
    }
}

impl Terminal {
    /// Takes the terminal over; with `mouse`, clicks and the wheel come to the dashboard. `pictures` says which may lie
    /// over the cells, so that none is left.
    ///
    /// # Errors
    /// When there is no terminal.
    pub fn enter(mouse: bool, pictures: PictureProtocol) -> io::Result<Self> {
        let output = Output::start()?;
        let restore = TerminalRestore::enter_raw_mode(output.clone(), pictures)?;
        let terminal = Self { output, restore, mouse, pictures };
        terminal.switch_on_screen()?;
        Ok(terminal)
    }

    /// Where frames are written to.
    pub fn output(&self) -> &Output {
        &self.output
    }

    fn switch_on_screen(&self) -> io::Result<()> {
        panics::guard_screen(Arc::clone(&self.restore));
        self.output.write_with_timeout(enter_sequence(self.mouse)?, MAX_TERMINAL_WAIT);
        Ok(())
    }

    /// Puts everything back; what other threads panicked about meanwhile is printed now.
    pub fn leave(&mut self) {
        self.restore.leave();
        panics::print_messages(&panics::release_screen());
    }

    /// Gives the terminal back and stops the process, with `job` its whole job; returns when it goes on, after
    /// which [`Terminal::resume`] is due.
    pub fn suspend(&mut self, job: bool) {
        self.leave();
        system::stop_process(job);
    }

    /// Takes the terminal over again after the process was stopped, whether or not it could be left before.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn resume(&mut self) -> io::Result<()> {
        if self.restore.left.is_completed() {
            self.restore = TerminalRestore::enter_raw_mode(self.output.clone(), self.pictures)?;
        } else {
            self.restore.modes.reenter_raw_mode()?;
        }
        self.switch_on_screen()
    }

    /// Takes the mouse or gives it back to the terminal, for selecting and copying.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn set_mouse(&mut self, mouse: bool) -> io::Result<()> {
        if self.mouse != mouse {
            self.mouse = mouse;
            let mut bytes = Vec::new();
            switch_mouse(&mut bytes, mouse)?;
            self.output.write_with_timeout(bytes, MAX_TERMINAL_WAIT);
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave();
    }
}

fn enter_sequence(mouse: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, Clear(ClearType::All), Hide, EnableBracketedPaste)?;
    if mouse {
        switch_mouse(&mut bytes, true)?;
    }
    Ok(bytes)
}

fn leave_sequence(pictures: PictureProtocol) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if pictures == PictureProtocol::Kitty {
        // Sixels belong to the screen and go with it.
        bytes.extend_from_slice(DELETE_ALL);
    }
    queue!(bytes, EndSynchronizedUpdate)?;
    switch_mouse(&mut bytes, false)?;
    queue!(bytes, DisableBracketedPaste, SetAttribute(Attribute::Reset), Show, LeaveAlternateScreen)?;
    Ok(bytes)
}

/// Buttons and wheel with positions of any size. Crossterm's own command also reports every movement, which costs a
/// lot on a slow line and is not used.
#[cfg(unix)]
fn switch_mouse(bytes: &mut Vec<u8>, on: bool) -> io::Result<()> {
    io::Write::write_all(bytes, if on { b"\x1b[?1000h\x1b[?1006h" } else { b"\x1b[?1006l\x1b[?1000l" })
}

#[cfg(not(unix))]
fn switch_mouse(bytes: &mut Vec<u8>, on: bool) -> io::Result<()> {
    use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
    if on { queue!(bytes, EnableMouseCapture) } else { queue!(bytes, DisableMouseCapture) }
}

/// Most columns and most rows that are drawn.
const MAX_WINDOW_SIDE: u16 = 2000;

/// Columns and rows of the terminal.
pub fn window_size() -> (u16, u16) {
    // A pseudo-terminal without a size has none; then the size of the first terminals is assumed.
    let size = crossterm::terminal::size().ok().filter(|(columns, rows)| *columns > 0 && *rows > 0);
    let (columns, rows) = size.unwrap_or((80, 24));
    // No screen is larger; a size beyond it is an accident that would take gigabytes.
    (columns.min(MAX_WINDOW_SIDE), rows.min(MAX_WINDOW_SIDE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_that_is_switched_on_is_switched_off() {
        let (enter, leave) = (enter_sequence(true).unwrap(), leave_sequence(PictureProtocol::Blocks).unwrap());
        let modes = |bytes: &[u8], last: char| -> Vec<String> {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let parts = text.split('\x1b').filter_map(|part| part.strip_prefix("[?")?.strip_suffix(last));
            let mut modes: Vec<String> = parts.map(String::from).collect();
            modes.sort();
            modes
        };
        // The cursor is the one mode that is switched off first; 2026 is synchronized output, on within frames.
        let on: Vec<String> = modes(&enter, 'h').into_iter().chain(modes(&enter, 'l')).collect();
        let mut off: Vec<String> = modes(&leave, 'l').into_iter().chain(modes(&leave, 'h')).collect();
        off.retain(|mode| mode != "2026");
        assert_eq!(on, off);
        assert_eq!(on, ["1000", "1006", "1049", "2004", "25"]);
    }

    #[test]
    fn pictures_are_removed_before_their_screen_is_left() {
        let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|part| part == what);
        let leave = leave_sequence(PictureProtocol::Kitty).unwrap();
        assert!(find(&leave, DELETE_ALL) < find(&leave, b"\x1b[?1049l"));
        assert!(find(&leave, DELETE_ALL).is_some());
        for others in [PictureProtocol::Blocks, PictureProtocol::Sixel] {
            assert_eq!(find(&leave_sequence(others).unwrap(), b"\x1b_"), None);
        }
    }
}
