//! The bindings of the Runs screen and of the question that it asks.

use super::{key, plain};
use crate::app::actions::Action;
use crate::app::input::Code;
use crate::app::keys::{Binding, BindingScope, bind};
use crate::app::needs::REWIND_NEEDS;
use crate::app::screen::Screen;

/// The bindings, in the order of the help.
pub(in crate::app::keys) const RUNS_BINDINGS: &[Binding] = {
    const RUNS: BindingScope = BindingScope::Screen(Screen::Runs);
    &[
        bind(RUNS, &[plain(Code::Up)], Action::Select(-1), "select", "Branch, entry or recorded run above.")
            .footer_rank(1),
        bind(RUNS, &[plain(Code::Down)], Action::Select(1), "select", "The one below.").footer_rank(1),
        bind(
            RUNS,
            &[plain(Code::Enter)],
            Action::Open,
            "go there",
            "Go over to the newest step of the selected branch; lay the selected recorded run over the charts.",
        )
        .footer_rank(1),
        bind(
            RUNS,
            &[key('o')],
            Action::LayOver,
            "lay over",
            "Lay the selected branch or recorded run over the charts, or hide it.",
        )
        .footer_rank(2),
        bind(RUNS, &[key('n')], Action::RenameBranch, "name", "Give the selected branch a name.")
            .footer_rank(3)
            .requires(REWIND_NEEDS),
        bind(
            RUNS,
            &[key('d'), plain(Code::Delete)],
            Action::DeleteBranch,
            "delete",
            "Delete the selected branch and those that come from it; asks first.",
        )
        .footer_rank(4)
        .requires(REWIND_NEEDS),
        bind(BindingScope::Delete, &[key('y')], Action::Confirm, "delete it", "Delete the branch.").footer_rank(0),
        bind(BindingScope::Delete, &[plain(Code::Esc), key('n'), key('q')], Action::Cancel, "cancel", "Keep it.")
            .footer_rank(0),
    ]
};
