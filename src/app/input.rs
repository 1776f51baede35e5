//! What a person's hands can say: keys and the mouse, already freed of any terminal library.

use super::screen::{Panel, Screen};

/// A key that was pressed, with the modifiers held down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key itself. A capital letter is `Char('S')`, whatever `modifiers.shift` says.
    pub code: Code,
    /// What was held down with it.
    pub modifiers: Modifiers,
}

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A key that stands for a character; Space is `Char(' ')`.
    Char(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tabulator.
    Tab,
    /// Tabulator with Shift.
    BackTab,
    /// Deletes backwards.
    Backspace,
    /// Deletes forwards.
    Delete,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// A page towards the beginning.
    PageUp,
    /// A page towards the end.
    PageDown,
}

/// The modifiers that the bindings distinguish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Modifiers {
    /// Control.
    pub control: bool,
    /// Alt, Option or Meta.
    pub alt: bool,
    /// Shift; ignored for characters, which are already what Shift made of them.
    pub shift: bool,
}

impl Key {
    /// The key alone.
    pub const fn plain(code: Code) -> Self {
        Self { code, modifiers: Modifiers { control: false, alt: false, shift: false } }
    }

    /// The key of a character.
    pub const fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// The key of a character together with Control.
    pub const fn control(c: char) -> Self {
        Self { code: Code::Char(c), modifiers: Modifiers { control: true, alt: false, shift: false } }
    }

    /// The key together with Shift.
    pub const fn shift(code: Code) -> Self {
        Self { code, modifiers: Modifiers { control: false, alt: false, shift: true } }
    }

    /// Whether a person who pressed `self` pressed what a binding calls `other`.
    ///
    /// Shift counts with the arrows only: characters are already what it made of them, and elsewhere terminals differ.
    pub fn matches(self, other: Self) -> bool {
        let same = match (self.code, other.code) {
            (Code::Char(one), Code::Char(other)) if self.modifiers.control => one.eq_ignore_ascii_case(&other),
            (one, other) => one == other,
        };
        let shift = matches!(self.code, Code::Left | Code::Right | Code::Up | Code::Down);
        same && self.modifiers.control == other.modifiers.control
            && self.modifiers.alt == other.modifiers.alt
            && (!shift || self.modifiers.shift == other.modifiers.shift)
    }
}

/// What the mouse did, told in terms of what is on the screen there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pointer {
    /// A press inside a panel, where no finer place matters.
    Click {
        /// The panel under the pointer.
        panel: Panel,
    },
    /// A press on the plot of a chart.
    ClickAt {
        /// The panel under the pointer.
        panel: Panel,
        /// Place along the step axis, 0 at its left end and 1 at its right.
        fraction: f64,
    },
    /// A press on a row of a list (layers, hyperparameters).
    ClickRow {
        /// The panel under the pointer.
        panel: Panel,
        /// Index of the row in the list itself, scrolling already added.
        row: usize,
    },
    /// A press on a row of which the columns are steps.
    ClickCell {
        /// The panel under the pointer.
        panel: Panel,
        /// Index of the row in the list itself, scrolling already added.
        row: usize,
        /// Place along the step axis, 0 at its left end and 1 at its right.
        fraction: f64,
    },
    /// A press on a screen's name in the bar at the top.
    Screen {
        /// The screen.
        screen: Screen,
    },
    /// One notch of the wheel.
    Wheel {
        /// The panel under the pointer.
        panel: Panel,
        /// Place along the step axis, 0 to 1; of no meaning where the panel is not a chart.
        fraction: f64,
        /// Away from the person.
        up: bool,
    },
}
