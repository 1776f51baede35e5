//! The bindings, those of the screens Inspect and Runs and those against a trouble in files of their own.

mod inspect;
mod runs;
mod trouble;

pub(super) use inspect::INSPECT_BINDINGS;
pub(super) use runs::RUNS_BINDINGS;
pub(super) use trouble::TROUBLE_BINDINGS;

use crate::app::actions::Action;
use crate::app::editor::LineEdit;
use crate::app::input::{Code, Key};
use crate::app::message::RunFate;
use crate::app::needs::{
    ADVANCE_NEEDS, EXTEND_NEEDS, PAUSE_NEEDS, REWIND_NEEDS, SAVE_NEEDS, STEER_NEEDS, THROTTLE_NEEDS,
};
use crate::app::quit::QuitChoice;
use crate::app::screen::Screen;

use super::{Binding, BindingScope, bind};

const fn key(char: char) -> Key {
    Key::char(char)
}

const fn plain(code: Code) -> Key {
    Key::plain(code)
}

const fn shift(code: Code) -> Key {
    Key::shift(code)
}

/// The bindings, in the order of the help.
pub(super) const BINDINGS: &[Binding] = {
    use BindingScope::{Everywhere, Help, Keep, Leave, Line, Panels, Quit, RangeTest, Rewind, Screens, Steps};
    const OVERVIEW: BindingScope = BindingScope::Screen(Screen::Overview);
    const LAYERS: BindingScope = BindingScope::Screen(Screen::Layers);
    const DATA: BindingScope = BindingScope::Screen(Screen::Data);
    const STOP: Action = Action::Answer(QuitChoice::Leave(RunFate::Undecided));
    const KEEP: Action = Action::Answer(QuitChoice::Leave(RunFate::Kept));
    const DISCARD: Action = Action::Answer(QuitChoice::Leave(RunFate::Discarded));
    const CANCEL: Action = Action::Answer(QuitChoice::Cancel);
    &[
        bind(Screens, &[key(' ')], Action::PauseOrResume, "pause", "Pause the training, or let it go on.")
            .footer_rank(0)
            .requires(PAUSE_NEEDS),
        bind(Screens, &[key('s')], Action::Advance, "step", "Train exactly one minibatch, then pause.")
            .footer_rank(1)
            .requires(ADVANCE_NEEDS),
        bind(Screens, &[key('S')], Action::AdvanceEpoch, "epoch", "Train to the end of the epoch, then pause.")
            .footer_rank(12)
            .requires(ADVANCE_NEEDS),
        bind(Screens, &[key('+'), key('=')], Action::RaiseLearningRate, "rate", "Learning rate times 1.25.")
            .footer_rank(2)
            .requires(STEER_NEEDS),
        bind(Screens, &[key('-')], Action::LowerLearningRate, "rate", "Learning rate divided by 1.25.")
            .footer_rank(2)
            .requires(STEER_NEEDS),
        bind(Screens, &[key('L')], Action::TypeLearningRate, "rate", "Type a learning rate.")
            .footer_rank(2)
            .requires(STEER_NEEDS),
        bind(Screens, &[key('[')], Action::Slower, "speed", "Train slower: fewer minibatches a second.")
            .footer_rank(3)
            .requires(THROTTLE_NEEDS),
        bind(Screens, &[key(']')], Action::Faster, "speed", "Train faster; after the last step, at full speed.")
            .footer_rank(3)
            .requires(THROTTLE_NEEDS),
        bind(Screens, &[key('}')], Action::FullSpeed, "speed", "Train at full speed.")
            .footer_rank(3)
            .requires(THROTTLE_NEEDS),
        bind(Screens, &[key('x')], Action::Extend, "extend", "Train more epochs; asks how many.")
            .footer_rank(11)
            .requires(EXTEND_NEEDS),
        bind(
            Steps,
            &[key('r')],
            Action::Rewind,
            "go back",
            "Go back to the cursor's step; asks first. Without a cursor it asks for the step.",
        )
        .footer_rank(2)
        .requires(REWIND_NEEDS),
        bind(Screens, &[key('w')], Action::SaveRun, "save", "Save the run now, so that it can be resumed from here.")
            .footer_rank(15)
            .requires(SAVE_NEEDS),
        bind(Screens, &[key('1')], Action::Show(Screen::Overview), "screen", "Overview: how the training goes."),
        bind(
            Screens,
            &[key('2')],
            Action::Show(Screen::Layers),
            "screen",
            "Layers: every layer over the steps, and the selected one from the inside.",
        ),
        bind(
            Screens,
            &[key('3')],
            Action::Show(Screen::Inspect),
            "screen",
            "Inspect: one sample on its way through the network and back.",
        ),
        bind(
            Screens,
            &[key('4')],
            Action::Show(Screen::Data),
            "screen",
            "Data: the samples, and what the network makes of them.",
        ),
        bind(
            Screens,
            &[key('5')],
            Action::Show(Screen::Runs),
            "screen",
            "Runs: the branches, what was done, and recorded runs to lay over the charts.",
        ),
        bind(Screens, &[key('f')], Action::Freeze, "freeze", "Freeze the display, or catch up; the training goes on.")
            .footer_rank(7),
        bind(
            Steps,
            &[plain(Code::Left)],
            Action::Cursor(-1),
            "cursor",
            "Move the cursor to the left; on units, select the previous one.",
        )
        .footer_rank(13),
        bind(Steps, &[plain(Code::Right)], Action::Cursor(1), "cursor", "Move the cursor to the right.")
            .footer_rank(13),
        bind(Steps, &[shift(Code::Left)], Action::Cursor(-10), "far", "Move it ten times as far to the left."),
        bind(Steps, &[shift(Code::Right)], Action::Cursor(10), "far", "Move it ten times as far to the right."),
        bind(Steps, &[key('z')], Action::ZoomIn, "zoom", "Show half as many steps, around the cursor.").footer_rank(8),
        bind(Steps, &[key('Z')], Action::ZoomOut, "zoom", "Show twice as many steps.").footer_rank(8),
        bind(Steps, &[key('0')], Action::ResetView, "whole run", "Show the whole run, without a cursor.")
            .footer_rank(14),
        bind(
            OVERVIEW,
            &[key('v')],
            Action::Figure,
            "metric",
            "Show the next metric in the focused chart; in the layers, the next quantity.",
        )
        .footer_rank(9),
        bind(OVERVIEW, &[key('l')], Action::LogScale, "log", "Logarithmic scale in the focused chart, on or off.")
            .footer_rank(9),
        bind(
            OVERVIEW,
            &[key('X')],
            Action::StepScale,
            "log steps",
            "Logarithmic axis of the steps in the charts, on or off.",
        ),
        bind(
            OVERVIEW,
            &[key('m')],
            Action::Smoothing,
            "smooth",
            "Smoothing of the bright line: none, or the mean of each minibatch and 9, 49 or 199 on either side.",
        )
        .footer_rank(10),
        bind(
            Screens,
            &[key('e')],
            Action::Expand,
            "expand",
            "Give the focused panel the whole screen, or take it back.",
        )
        .footer_rank(6),
        bind(Panels, &[plain(Code::Tab)], Action::Focus { backwards: false }, "panel", "Focus the next panel.")
            .footer_rank(4),
        bind(
            Panels,
            &[plain(Code::BackTab)],
            Action::Focus { backwards: true },
            "panel back",
            "Focus the panel before.",
        ),
        bind(
            OVERVIEW,
            &[plain(Code::Up)],
            Action::Select(-1),
            "select",
            "Layer, hyperparameter or finding above; from a chart, the layers.",
        )
        .footer_rank(16),
        bind(OVERVIEW, &[plain(Code::Down)], Action::Select(1), "select", "The one below.").footer_rank(16),
        bind(
            OVERVIEW,
            &[plain(Code::Enter)],
            Action::Open,
            "change",
            "Change the selected hyperparameter; elsewhere like e.",
        ),
        bind(
            LAYERS,
            &[key('v')],
            Action::Quantity,
            "quantity",
            "Show the next quantity: gradient norm, update / weight, dead units, ….",
        )
        .footer_rank(4),
        bind(
            LAYERS,
            &[key('b')],
            Action::Parameter,
            "parameter",
            "Show another parameter of the layer: weight, bias, ….",
        )
        .footer_rank(6),
        bind(LAYERS, &[key('l')], Action::LogScale, "log", "Logarithmic counts in the histograms, on or off.")
            .footer_rank(9),
        bind(LAYERS, &[plain(Code::Up)], Action::Select(-1), "layer", "Select the layer above.").footer_rank(4),
        bind(LAYERS, &[plain(Code::Down)], Action::Select(1), "layer", "Select the layer below.").footer_rank(4),
        bind(
            DATA,
            &[key('v')],
            Action::Subject,
            "view",
            "Show the next: boundary, samples, mistakes, confusion, weights; what there is for these data.",
        )
        .footer_rank(1),
        bind(
            DATA,
            &[plain(Code::Up)],
            Action::Move { across: 0, down: -1 },
            "choose",
            "The one above; at the boundary the layer before.",
        )
        .footer_rank(2),
        bind(
            DATA,
            &[plain(Code::Down)],
            Action::Move { across: 0, down: 1 },
            "choose",
            "The one below; at the boundary the next layer.",
        )
        .footer_rank(2),
        bind(
            DATA,
            &[plain(Code::Left)],
            Action::Move { across: -1, down: 0 },
            "choose",
            "The one to the left; at the boundary the units before.",
        )
        .footer_rank(2),
        bind(
            DATA,
            &[plain(Code::Right)],
            Action::Move { across: 1, down: 0 },
            "choose",
            "The one to the right; at the boundary the next units.",
        )
        .footer_rank(2),
        bind(DATA, &[plain(Code::PageUp)], Action::Page(-1), "page", "The page before."),
        bind(DATA, &[plain(Code::PageDown)], Action::Page(1), "page", "The next page."),
        bind(
            DATA,
            &[plain(Code::Enter)],
            Action::OpenEntry,
            "inspect",
            "Follow the selected sample through the network; of the weights, see the unit among its layer's; else the mistakes.",
        )
        .footer_rank(3),
        bind(DATA, &[key('t')], Action::Split, "train/test", "Show the test data or the training data.")
            .footer_rank(8),
        bind(Screens, &[plain(Code::Esc)], Action::Back, "back", "Close the expanded panel, then drop the cursor."),
        bind(Screens, &[key('p')], Action::SaveScreen, "picture", "Save the screen as an SVG picture.").footer_rank(17),
        bind(
            Screens,
            &[key('M')],
            Action::Mouse,
            "mouse",
            "Give the mouse back to the terminal for copying, or take it.",
        ),
        bind(Screens, &[key(':')], Action::CommandLine, "type", "Type a command; Tab on the empty line lists them.")
            .footer_rank(5),
        bind(Screens, &[key('?')], Action::Help, "help", "This help.").footer_rank(0),
        bind(
            Screens,
            &[key('q')],
            Action::Quit,
            "quit",
            "Leave; asks first while training, and what to do with an unsaved run.",
        )
        .footer_rank(0),
        bind(Everywhere, &[Key::control('c')], Action::Quit, "quit", "Leave like q; twice means now."),
        bind(
            Everywhere,
            &[Key::control('z')],
            Action::Suspend,
            "suspend",
            "Suspend the program; fg in the shell brings it back.",
        ),
        bind(Help, &[plain(Code::Up), key('k')], Action::Scroll(-1), "scroll", "A line up.").footer_rank(0),
        bind(Help, &[plain(Code::Down), key('j')], Action::Scroll(1), "scroll", "A line down.").footer_rank(0),
        bind(Help, &[plain(Code::PageUp)], Action::Scroll(-10), "page", "Ten lines up."),
        bind(Help, &[plain(Code::PageDown), key(' ')], Action::Scroll(10), "page", "Ten lines down."),
        bind(
            Help,
            &[plain(Code::Esc), key('?'), key('q'), plain(Code::Enter)],
            Action::Cancel,
            "close",
            "Close the help.",
        )
        .footer_rank(0),
        bind(Line, &[plain(Code::Enter)], Action::Submit, "do it", "Carry out what was typed.").footer_rank(0),
        bind(Line, &[plain(Code::Esc), Key::control('g')], Action::Cancel, "cancel", "Leave the line.").footer_rank(0),
        bind(Line, &[plain(Code::Tab)], Action::Complete, "complete", "Complete the word.").footer_rank(1),
        bind(Line, &[plain(Code::Up), Key::control('p')], Action::Recall(1), "history", "The line typed before.")
            .footer_rank(2),
        bind(Line, &[plain(Code::Down), Key::control('n')], Action::Recall(-1), "history", "The line typed after.")
            .footer_rank(2),
        bind(Line, &[plain(Code::Left), Key::control('b')], Action::Edit(LineEdit::Left), "move", "A character back."),
        bind(Line, &[plain(Code::Right), Key::control('f')], Action::Edit(LineEdit::Right), "move", "A character on."),
        bind(Line, &[plain(Code::Home), Key::control('a')], Action::Edit(LineEdit::Home), "ends", "To the beginning."),
        bind(Line, &[plain(Code::End), Key::control('e')], Action::Edit(LineEdit::End), "ends", "To the end."),
        bind(
            Line,
            &[plain(Code::Backspace), Key::control('h')],
            Action::Edit(LineEdit::Backspace),
            "delete",
            "Delete the character before the cursor.",
        ),
        bind(
            Line,
            &[plain(Code::Delete), Key::control('d')],
            Action::Edit(LineEdit::Delete),
            "delete",
            "Delete the character at the cursor.",
        ),
        bind(
            Line,
            &[Key::control('w')],
            Action::Edit(LineEdit::DeleteWord),
            "delete word",
            "Delete the word before the cursor.",
        ),
        bind(
            Line,
            &[Key::control('u')],
            Action::Edit(LineEdit::DeleteToStart),
            "delete line",
            "Delete everything before the cursor.",
        ),
        bind(
            RangeTest,
            &[plain(Code::Enter)],
            Action::Submit,
            "take the rate",
            "Train with the learning rate that the range test suggests.",
        )
        .footer_rank(0)
        .requires(STEER_NEEDS),
        bind(
            RangeTest,
            &[plain(Code::Esc), key('q')],
            Action::Cancel,
            "close",
            "Give the range test up, or close it when it is over.",
        )
        .footer_rank(0),
        bind(Quit, &[key('y'), key('s')], STOP, "stop and quit", "Stop the training and leave.").footer_rank(0),
        bind(Quit, &[plain(Code::Esc), key('n'), key('c'), key('q')], CANCEL, "cancel", "Go on.").footer_rank(0),
        bind(Keep, &[key('y')], KEEP, "keep and quit", "Keep the run and leave.").footer_rank(0),
        bind(Keep, &[key('n')], DISCARD, "delete and quit", "Delete what was recorded and leave.").footer_rank(0),
        bind(Keep, &[plain(Code::Esc), key('c'), key('q')], CANCEL, "cancel", "Go on.").footer_rank(0),
        bind(Rewind, &[plain(Code::Enter), key('y')], Action::Submit, "go there", "Go to that step.").footer_rank(0),
        bind(Rewind, &[plain(Code::Esc), key('n'), key('q')], Action::Cancel, "cancel", "Stay where the run is.")
            .footer_rank(0),
        bind(
            Leave,
            &[plain(Code::Tab), plain(Code::Right), plain(Code::Down)],
            Action::Choose { backwards: false },
            "choose",
            "Choose the next answer.",
        )
        .footer_rank(1),
        bind(
            Leave,
            &[plain(Code::Left), plain(Code::Up)],
            Action::Choose { backwards: true },
            "choose back",
            "Choose the one before.",
        ),
        bind(Leave, &[plain(Code::Enter)], Action::Submit, "confirm", "Take the chosen answer.").footer_rank(1),
    ]
};
