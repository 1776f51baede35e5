//! All bindings.

use crate::app::actions::{Action, SampleStep};
use crate::app::editor::Edit;
use crate::app::input::{Code, Key};
use crate::app::needs::{ADVANCE, CHECK_GRADIENTS, EXTEND, PAUSE, STEER, THROTTLED, WALK};
use crate::app::prompt::QuitChoice;
use crate::app::screen::Screen;

use super::{Binding, BindingScope, on};

/// All bindings, in the order of the help.
pub const BINDINGS: &[Binding] = {
    use BindingScope::{Everywhere, Help, Line, Panels, Quit, Screens, Steps};
    const OVERVIEW: BindingScope = BindingScope::Screen(Screen::Overview);
    const LAYERS: BindingScope = BindingScope::Screen(Screen::Layers);
    const DATA: BindingScope = BindingScope::Screen(Screen::Data);
    const INSPECT: BindingScope = BindingScope::Screen(Screen::Inspect);
    &[
        on(Screens, &[Key::char(' ')], Action::PauseOrResume, "pause", "Pause the training, or let it go on.")
            .footer(0)
            .needs(PAUSE),
        on(Screens, &[Key::char('s')], Action::Advance, "step", "Train exactly one minibatch, then pause.")
            .footer(1)
            .needs(ADVANCE),
        on(Screens, &[Key::char('S')], Action::AdvanceEpoch, "epoch", "Train to the end of the epoch, then pause.")
            .footer(12)
            .needs(ADVANCE),
        on(Screens, &[Key::char('+'), Key::char('=')], Action::RaiseLearningRate, "rate", "Learning rate times 1.25.")
            .footer(2)
            .needs(STEER),
        on(Screens, &[Key::char('-')], Action::LowerLearningRate, "rate", "Learning rate divided by 1.25.")
            .footer(2)
            .needs(STEER),
        on(Screens, &[Key::char('L')], Action::TypeLearningRate, "rate", "Type a learning rate.")
            .footer(2)
            .needs(STEER),
        on(Screens, &[Key::char('[')], Action::Slower, "speed", "Train slower: fewer minibatches a second.")
            .footer(3)
            .needs(THROTTLED),
        on(Screens, &[Key::char(']')], Action::Faster, "speed", "Train faster; after the last step, at full speed.")
            .footer(3)
            .needs(THROTTLED),
        on(Screens, &[Key::char('}')], Action::FullSpeed, "speed", "Train at full speed.").footer(3).needs(THROTTLED),
        on(Screens, &[Key::char('x')], Action::Extend, "extend", "Train more epochs; asks how many.")
            .footer(11)
            .needs(EXTEND),
        on(Screens, &[Key::char('1')], Action::Show(Screen::Overview), "screen", "Overview: how the training goes."),
        on(
            Screens,
            &[Key::char('2')],
            Action::Show(Screen::Layers),
            "screen",
            "Layers: every layer over the steps, and the selected one from the inside.",
        ),
        on(
            Screens,
            &[Key::char('3')],
            Action::Show(Screen::Inspect),
            "screen",
            "Inspect: one sample on its way through the network and back.",
        ),
        on(
            Screens,
            &[Key::char('4')],
            Action::Show(Screen::Data),
            "screen",
            "Data: the samples, and what the network makes of them.",
        ),
        on(
            Screens,
            &[Key::char('f')],
            Action::Freeze,
            "freeze",
            "Freeze the display, or catch up; the training goes on.",
        )
        .footer(7),
        on(
            Steps,
            &[Key::plain(Code::Left)],
            Action::Cursor(-1),
            "cursor",
            "Cursor to the left, with the values there; among the units the one before.",
        )
        .footer(13),
        on(Steps, &[Key::plain(Code::Right)], Action::Cursor(1), "cursor", "Cursor to the right.").footer(13),
        on(Steps, &[Key::shift(Code::Left)], Action::Cursor(-10), "far", "Cursor ten times as far to the left."),
        on(Steps, &[Key::shift(Code::Right)], Action::Cursor(10), "far", "Cursor ten times as far to the right."),
        on(Steps, &[Key::char('z')], Action::ZoomIn, "zoom", "Show half as many steps, around the cursor.").footer(8),
        on(Steps, &[Key::char('Z')], Action::ZoomOut, "zoom", "Show twice as many steps.").footer(8),
        on(Steps, &[Key::char('0')], Action::ResetView, "whole run", "Show the whole run, without a cursor.")
            .footer(14),
        on(
            OVERVIEW,
            &[Key::char('v')],
            Action::Figure,
            "metric",
            "Show the next metric in the focused chart; in the layers, the next quantity.",
        )
        .footer(9),
        on(OVERVIEW, &[Key::char('l')], Action::LogScale, "log", "Logarithmic scale in the focused chart, on or off.")
            .footer(9),
        on(
            OVERVIEW,
            &[Key::char('m')],
            Action::Smoothing,
            "smooth",
            "Smoothing of the bright line: off, 0.9, 0.98, 0.995.",
        )
        .footer(10),
        on(
            Screens,
            &[Key::char('e')],
            Action::Expand,
            "expand",
            "Give the focused panel the whole screen, or take it back.",
        )
        .footer(6),
        on(Panels, &[Key::plain(Code::Tab)], Action::Focus { backwards: false }, "panel", "Focus the next panel.")
            .footer(4),
        on(
            Panels,
            &[Key::plain(Code::BackTab)],
            Action::Focus { backwards: true },
            "panel back",
            "Focus the panel before.",
        ),
        on(
            OVERVIEW,
            &[Key::plain(Code::Up)],
            Action::Select(-1),
            "select",
            "Layer, hyperparameter or finding above; from a chart, the layers.",
        )
        .footer(16),
        on(OVERVIEW, &[Key::plain(Code::Down)], Action::Select(1), "select", "The one below.").footer(16),
        on(
            OVERVIEW,
            &[Key::plain(Code::Enter)],
            Action::Open,
            "change",
            "Change the selected hyperparameter; elsewhere like e.",
        ),
        on(
            LAYERS,
            &[Key::char('v')],
            Action::Quantity,
            "quantity",
            "Show the next quantity: gradient norm, update / weight, dead units, ….",
        )
        .footer(4),
        on(
            LAYERS,
            &[Key::char('b')],
            Action::Parameter,
            "parameter",
            "Show another parameter of the layer: weight, bias, ….",
        )
        .footer(6),
        on(LAYERS, &[Key::char('l')], Action::LogScale, "log", "Logarithmic counts in the histograms, on or off.")
            .footer(9),
        on(LAYERS, &[Key::plain(Code::Up)], Action::Select(-1), "layer", "Select the layer above.").footer(4),
        on(LAYERS, &[Key::plain(Code::Down)], Action::Select(1), "layer", "Select the layer below.").footer(4),
        on(
            DATA,
            &[Key::char('v')],
            Action::Subject,
            "view",
            "Show the next: boundary, samples, mistakes, confusion, weights; what there is for these data.",
        )
        .footer(1),
        on(
            DATA,
            &[Key::plain(Code::Up)],
            Action::Move { across: 0, down: -1 },
            "choose",
            "The one above; at the boundary the layer before.",
        )
        .footer(2),
        on(
            DATA,
            &[Key::plain(Code::Down)],
            Action::Move { across: 0, down: 1 },
            "choose",
            "The one below; at the boundary the next layer.",
        )
        .footer(2),
        on(
            DATA,
            &[Key::plain(Code::Left)],
            Action::Move { across: -1, down: 0 },
            "choose",
            "The one to the left; at the boundary the units before.",
        )
        .footer(2),
        on(
            DATA,
            &[Key::plain(Code::Right)],
            Action::Move { across: 1, down: 0 },
            "choose",
            "The one to the right; at the boundary the next units.",
        )
        .footer(2),
        on(DATA, &[Key::plain(Code::PageUp)], Action::Page(-1), "page", "The page before."),
        on(DATA, &[Key::plain(Code::PageDown)], Action::Page(1), "page", "The next page."),
        on(
            DATA,
            &[Key::plain(Code::Enter)],
            Action::OpenEntry,
            "inspect",
            "Follow the selected sample through the network; of the weights, see the unit among its layer's.",
        )
        .footer(3),
        on(
            DATA,
            &[Key::char('t')],
            Action::Split,
            "train/test",
            "The samples that are trained on, or those of the test.",
        )
        .footer(8),
        on(
            INSPECT,
            &[Key::char('n')],
            Action::AdvancePhase,
            "phase",
            "The next phase: forward layer by layer, the loss, backward layer by layer, the update.",
        )
        .footer(1)
        .needs(WALK),
        on(INSPECT, &[Key::plain(Code::Up)], Action::Select(-1), "layer", "Select the layer above.").footer(1),
        on(INSPECT, &[Key::plain(Code::Down)], Action::Select(1), "layer", "The one below; the last is the loss.")
            .footer(1),
        on(
            INSPECT,
            &[Key::plain(Code::Left)],
            Action::Follow(SampleStep::Next(-1)),
            "sample",
            "Follow the sample before, in the minibatch.",
        )
        .footer(1),
        on(
            INSPECT,
            &[Key::plain(Code::Right)],
            Action::Follow(SampleStep::Next(1)),
            "sample",
            "Follow the next sample.",
        )
        .footer(1),
        on(
            INSPECT,
            &[Key::char('g')],
            Action::CheckGradients,
            "check",
            "Check the selected layer's gradients against central differences.",
        )
        .footer(1)
        .needs(CHECK_GRADIENTS),
        on(
            INSPECT,
            &[Key::char('m')],
            Action::Follow(SampleStep::Mistake),
            "mistake",
            "Follow the next sample that is classified wrongly.",
        )
        .footer(1),
        on(
            INSPECT,
            &[Key::char('h')],
            Action::Follow(SampleStep::Hardest),
            "hardest",
            "Follow the sample with the largest loss.",
        )
        .footer(3),
        on(
            INSPECT,
            &[Key::char('i')],
            Action::Follow(SampleStep::Typed),
            "number",
            "Type which sample to follow: a row of the minibatch, train:N or test:N.",
        )
        .footer(7),
        on(Screens, &[Key::plain(Code::Esc)], Action::Back, "back", "Close the expanded panel, then drop the cursor."),
        on(Screens, &[Key::char('p')], Action::SaveScreen, "picture", "Save the screen as an SVG picture.").footer(17),
        on(
            Screens,
            &[Key::char('M')],
            Action::Mouse,
            "mouse",
            "Give the mouse back to the terminal for copying, or take it.",
        ),
        on(
            Screens,
            &[Key::char(':')],
            Action::CommandLine,
            "type",
            "Type a command; Tab on the empty line lists them.",
        )
        .footer(5),
        on(Screens, &[Key::char('?')], Action::Help, "help", "This help.").footer(0),
        on(Screens, &[Key::char('q')], Action::Quit, "quit", "Leave; asks first while training.").footer(0),
        on(Everywhere, &[Key::control('c')], Action::Quit, "quit", "Leave like q; twice means now."),
        on(
            Everywhere,
            &[Key::control('z')],
            Action::Suspend,
            "suspend",
            "Suspend the program; fg in the shell brings it back.",
        ),
        on(Help, &[Key::plain(Code::Up), Key::char('k')], Action::Scroll(-1), "scroll", "A line up.").footer(0),
        on(Help, &[Key::plain(Code::Down), Key::char('j')], Action::Scroll(1), "scroll", "A line down.").footer(0),
        on(Help, &[Key::plain(Code::PageUp)], Action::Scroll(-10), "page", "Ten lines up."),
        on(Help, &[Key::plain(Code::PageDown), Key::char(' ')], Action::Scroll(10), "page", "Ten lines down."),
        on(
            Help,
            &[Key::plain(Code::Esc), Key::char('?'), Key::char('q'), Key::plain(Code::Enter)],
            Action::Cancel,
            "close",
            "Close the help.",
        )
        .footer(0),
        on(Line, &[Key::plain(Code::Enter)], Action::Submit, "do it", "Carry out what was typed.").footer(0),
        on(Line, &[Key::plain(Code::Esc), Key::control('g')], Action::Cancel, "cancel", "Leave the line.").footer(0),
        on(Line, &[Key::plain(Code::Tab)], Action::Complete, "complete", "Complete the word.").footer(1),
        on(Line, &[Key::plain(Code::Up), Key::control('p')], Action::Recall(1), "history", "The line typed before.")
            .footer(2),
        on(Line, &[Key::plain(Code::Down), Key::control('n')], Action::Recall(-1), "history", "The line typed after.")
            .footer(2),
        on(Line, &[Key::plain(Code::Left), Key::control('b')], Action::Edit(Edit::Left), "move", "A character back."),
        on(Line, &[Key::plain(Code::Right), Key::control('f')], Action::Edit(Edit::Right), "move", "A character on."),
        on(Line, &[Key::plain(Code::Home), Key::control('a')], Action::Edit(Edit::Home), "ends", "To the beginning."),
        on(Line, &[Key::plain(Code::End), Key::control('e')], Action::Edit(Edit::End), "ends", "To the end."),
        on(
            Line,
            &[Key::plain(Code::Backspace), Key::control('h')],
            Action::Edit(Edit::Backspace),
            "delete",
            "Delete the character before the cursor.",
        ),
        on(
            Line,
            &[Key::plain(Code::Delete), Key::control('d')],
            Action::Edit(Edit::Delete),
            "delete",
            "Delete the character at the cursor.",
        ),
        on(
            Line,
            &[Key::control('w')],
            Action::Edit(Edit::DeleteWord),
            "delete word",
            "Delete the word before the cursor.",
        ),
        on(
            Line,
            &[Key::control('u')],
            Action::Edit(Edit::DeleteToStart),
            "delete line",
            "Delete everything before the cursor.",
        ),
        on(
            Quit,
            &[Key::char('y'), Key::char('s')],
            Action::Answer(QuitChoice::Stop),
            "stop and quit",
            "Stop the training and leave.",
        )
        .footer(0),
        on(
            Quit,
            &[Key::plain(Code::Esc), Key::char('n'), Key::char('c'), Key::char('q')],
            Action::Answer(QuitChoice::Cancel),
            "cancel",
            "Go on.",
        )
        .footer(0),
        on(
            Quit,
            &[
                Key::plain(Code::Tab),
                Key::plain(Code::Left),
                Key::plain(Code::Right),
                Key::plain(Code::Up),
                Key::plain(Code::Down),
            ],
            Action::Choose,
            "choose",
            "Choose the other answer.",
        )
        .footer(1),
        on(Quit, &[Key::plain(Code::Enter)], Action::Submit, "confirm", "Take the chosen answer.").footer(1),
    ]
};
