//! The one key table: it drives the keys, the footer and the help.

mod table;

use super::actions::Action;
use super::input::{Code, Key};
use super::needs::Requirement;
use super::prompt::KeyboardMode;
use super::screen::Screen;

use table::{BINDINGS, INSPECT_BINDINGS, RUNS_BINDINGS, TROUBLE_BINDINGS};

/// All bindings, in the order of the help.
pub fn bindings() -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().chain(TROUBLE_BINDINGS).chain(INSPECT_BINDINGS).chain(RUNS_BINDINGS)
}

/// Where a binding is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingScope {
    /// On every screen and in every prompt.
    Everywhere,
    /// On every screen while something is offered against a trouble, before all others.
    Trouble,
    /// On every screen.
    Screens,
    /// On the screens that have a step axis.
    Steps,
    /// On the screens that have several panels.
    Panels,
    /// On one screen.
    Screen(Screen),
    /// In the help.
    Help,
    /// While a line is typed.
    Line,
    /// Over a learning-rate range test.
    RangeTest,
    /// At the question whether to quit.
    Quit,
    /// At the question whether to keep the run.
    Keep,
    /// At the questions with a chosen answer: whether to quit, to keep the run, to delete a branch.
    Leave,
    /// At the question whether to delete a branch.
    Delete,
    /// At the question whether to go back.
    Rewind,
}

impl BindingScope {
    /// Whether a binding of this scope is valid in `mode` on `screen`.
    pub fn covers(self, mode: &KeyboardMode, screen: Screen) -> bool {
        match (self, mode) {
            (Self::Everywhere, _)
            | (Self::Screens, KeyboardMode::Normal)
            | (Self::Help, KeyboardMode::Help { .. })
            | (Self::Line, KeyboardMode::Line(_))
            | (Self::RangeTest, KeyboardMode::RangeTest(_))
            | (Self::Quit, KeyboardMode::Quit(_))
            | (Self::Keep, KeyboardMode::Keep(_))
            | (Self::Rewind, KeyboardMode::Rewind(_))
            | (Self::Leave, KeyboardMode::Quit(_) | KeyboardMode::Keep(_) | KeyboardMode::Delete { .. })
            | (Self::Delete, KeyboardMode::Delete { .. }) => true,
            (Self::Steps, KeyboardMode::Normal) => screen.has_step_axis(),
            (Self::Panels, KeyboardMode::Normal) => screen.panels().len() > 1,
            (Self::Screen(own), KeyboardMode::Normal) => own == screen,
            _ => false,
        }
    }
}

/// What a key does, where, and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Where it is valid.
    pub scope: BindingScope,
    /// The keys, any of them; the first is the one that is shown.
    pub keys: &'static [Key],
    /// What it does.
    pub action: Action,
    /// One or two words for the footer. Neighbours with the same label share one place there.
    pub label: &'static str,
    /// A sentence for the help.
    pub help: &'static str,
    /// Place in the footer, the smallest first; what does not fit is left out from the end. `None`: only in the help.
    pub footer: Option<u8>,
    /// What it takes; the first need that is not met is the reason why the key is unavailable.
    pub needs: &'static [Requirement],
}

/// A binding that takes nothing and has no place in the footer.
const fn bind(
    scope: BindingScope,
    keys: &'static [Key],
    action: Action,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { scope, keys, action, label, help, footer: None, needs: &[] }
}

impl Binding {
    const fn footer_rank(self, place: u8) -> Self {
        Self { footer: Some(place), ..self }
    }

    const fn requires(self, needs: &'static [Requirement]) -> Self {
        Self { needs, ..self }
    }

    /// Its keys as they are shown: `Space`, `q Ctrl-C`.
    pub fn keys_text(&self) -> String {
        self.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// The binding of a key in `mode` on `screen`; with `offers`, something is offered against a trouble there.
pub fn find_binding(mode: &KeyboardMode, screen: Screen, offers: bool, key: Key) -> Option<&'static Binding> {
    let of_trouble = bindings().filter(|binding| offers && binding.scope == BindingScope::Trouble);
    let others = bindings().filter(|binding| binding.scope.covers(mode, screen));
    of_trouble.chain(others).find(|binding| binding.keys.iter().any(|candidate| key.matches(*candidate)))
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.modifiers.control {
            f.write_str("Ctrl-")?;
        }
        if self.modifiers.alt {
            f.write_str("Alt-")?;
        }
        if self.modifiers.shift {
            f.write_str("Shift-")?;
        }
        let name = match self.code {
            Code::Char(' ') => "Space",
            Code::Char(c) if self.modifiers.control => return write!(f, "{}", c.to_ascii_uppercase()),
            Code::Char(c) => return write!(f, "{c}"),
            Code::Enter => "Enter",
            Code::Esc => "Esc",
            Code::Tab => "Tab",
            Code::BackTab => "Shift-Tab",
            Code::Backspace => "Backspace",
            Code::Delete => "Delete",
            Code::Left => "←",
            Code::Right => "→",
            Code::Up => "↑",
            Code::Down => "↓",
            Code::Home => "Home",
            Code::End => "End",
            Code::PageUp => "PgUp",
            Code::PageDown => "PgDn",
        };
        f.write_str(name)
    }
}
