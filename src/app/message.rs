//! What comes to the dashboard's state and what leaves it: messages in, effects out.

use std::path::PathBuf;
use std::time::Duration;

use crate::protocol::{Event, Request};

use super::ghosts::{RecordedAnswer, RecordedRequest};
use super::input::{Key, Pointer};
use super::step_scale::Alignment;

/// What the dashboard is told when it starts.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Name of the run until the source tells it.
    pub run: String,
    /// Whether the run is throttled because no speed was asked for: the header then says so.
    pub throttled_by_default: bool,
    /// Whether the mouse is captured at the start.
    pub mouse: bool,
    /// Where the run comes from.
    pub origin: RunOrigin,
    /// Folders of recorded runs that are being read, to be laid over the charts.
    pub ghosts: Vec<PathBuf>,
    /// By what they are laid over each other.
    pub alignment: Alignment,
}

/// Where the run comes from, which decides what leaving the dashboard means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunOrigin {
    /// It is trained now.
    #[default]
    Trained,
    /// It is trained now, and what is recorded of it is kept only for a while: leaving asks whether to keep it.
    Unsaved,
    /// It was recorded before: nothing is trained, and its source can't be asked for anything.
    Recorded,
}

/// Something that happened outside.
#[derive(Clone, Debug)]
pub enum Message {
    /// The source reported, in this order.
    Events(Vec<Event>),
    /// Nothing more will come from the source.
    SourceGone,
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Pointer(Pointer),
    /// The window has this size now.
    Resize {
        /// Columns of the terminal.
        columns: u16,
        /// Rows of the terminal.
        rows: u16,
    },
    /// `now` has passed since the start. Send it before other messages of the same moment.
    Tick {
        /// Time since the start.
        now: Duration,
    },
    /// Something about recorded runs was read.
    Recorded(RecordedAnswer),
    /// The screen was saved, or why it was not.
    ScreenSaved(Result<PathBuf, String>),
    /// No shell could bring a suspended process back, so it was not suspended.
    CantSuspend,
    /// The process was told to end.
    Signal(Signal),
}

/// A signal that ends the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// TERM: exit status 143.
    Terminate,
    /// INT from outside the terminal: exit status 130.
    Interrupt,
    /// QUIT: exit status 131.
    Quit,
    /// HUP or a terminal that is gone: exit status 129.
    HangUp,
}

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send this to the source.
    Send(Request),
    /// Leave the dashboard. A [`crate::protocol::Command::Stop`] was sent if there was anybody to send it to.
    Quit(Exit),
    /// Write the screen as SVG, and answer with [`Message::ScreenSaved`]. A file that exists stays as it is.
    SaveScreen {
        /// Where to.
        path: PathBuf,
        /// Whether nobody chose the name, so that another may take its place where it is taken.
        is_usual_name: bool,
    },
    /// Read something about recorded runs, and answer with [`Message::Recorded`].
    Recorded(RecordedRequest),
    /// Give the terminal to the shell until the process is continued.
    Suspend,
    /// Capture the mouse, or stop that.
    CaptureMouse(bool),
    /// Draw attention to this sentence, harmless to show: the run ended, broke or paused by itself.
    Notify(String),
}

/// Why the dashboard is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The person wanted to.
    Asked(RunFate),
    /// A signal.
    Signal(Signal),
}

/// What becomes of the record of an unsaved run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunFate {
    /// Nobody was asked, or nobody answered: nothing is deleted.
    #[default]
    Undecided,
    /// The person wants to keep it.
    Kept,
    /// The person wants it to be deleted.
    Discarded,
}
