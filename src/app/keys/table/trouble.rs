//! The bindings of what is offered against a trouble.

use super::{key, plain};
use crate::app::actions::{Action, Remedy};
use crate::app::input::Code;
use crate::app::keys::{Binding, BindingScope::Trouble, bind};
use crate::app::needs::{HALVE_NEEDS, REWIND_NEEDS, SILENCE_NEEDS, SKIP_NEEDS};

/// The bindings, in the order of the help.
pub(in crate::app::keys) const TROUBLE_BINDINGS: &[Binding] = &[
    bind(
        Trouble,
        &[key('H')],
        Action::Remedy(Remedy::HalveRate),
        "half rate",
        "Go back to where nothing was wrong, and train on with half of the learning rate with which it broke.",
    )
    .requires(HALVE_NEEDS),
    bind(Trouble, &[key('B')], Action::Remedy(Remedy::GoBack), "back", "Go back to where nothing was wrong.")
        .requires(REWIND_NEEDS),
    bind(
        Trouble,
        &[key('K')],
        Action::Remedy(Remedy::SkipMinibatch),
        "skip",
        "Go back to before the minibatch where it broke out, and train on without it.",
    )
    .requires(SKIP_NEEDS),
    bind(
        Trouble,
        &[key('I')],
        Action::Remedy(Remedy::Silence),
        "silence",
        "Ignore this kind of trouble, without warning or pause, until the program ends.",
    )
    .requires(SILENCE_NEEDS),
    bind(
        Trouble,
        &[plain(Code::Esc)],
        Action::Remedy(Remedy::Dismiss),
        "dismiss",
        "Close the offer, and leave everything as it is.",
    ),
];
