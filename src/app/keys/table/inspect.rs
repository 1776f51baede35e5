//! The bindings of the Inspect screen.

use crate::app::actions::{Action, SampleStep};
use crate::app::input::Code;
use crate::app::keys::{Binding, BindingScope, bind};
use crate::app::needs::{GRADIENT_CHECK_NEEDS, MAPS_NEEDS, WALK_NEEDS};
use crate::app::screen::Screen;

use super::{key, plain};

/// The bindings of the Inspect screen, in the order of the help.
pub(in crate::app::keys) const INSPECT_BINDINGS: &[Binding] = {
    const INSPECT: BindingScope = BindingScope::Screen(Screen::Inspect);
    &[
        bind(
            INSPECT,
            &[key('n')],
            Action::AdvancePhase,
            "phase",
            "The next phase: forward layer by layer, the loss, backward layer by layer, the update.",
        )
        .footer_rank(1)
        .requires(WALK_NEEDS),
        bind(INSPECT, &[plain(Code::Up)], Action::Select(-1), "layer", "Select the layer above.").footer_rank(1),
        bind(INSPECT, &[plain(Code::Down)], Action::Select(1), "layer", "The one below; the last is the loss.")
            .footer_rank(1),
        bind(
            INSPECT,
            &[plain(Code::Left)],
            Action::Follow(SampleStep::Next(-1)),
            "sample",
            "Follow the sample before, in the minibatch.",
        )
        .footer_rank(1),
        bind(INSPECT, &[plain(Code::Right)], Action::Follow(SampleStep::Next(1)), "sample", "Follow the next sample.")
            .footer_rank(1),
        bind(
            INSPECT,
            &[key('g')],
            Action::CheckGradients,
            "check",
            "Check the selected layer's gradients against central differences.",
        )
        .footer_rank(1)
        .requires(GRADIENT_CHECK_NEEDS),
        bind(
            INSPECT,
            &[key('m')],
            Action::Follow(SampleStep::Mistake),
            "mistake",
            "Follow the next sample that is classified wrongly.",
        )
        .footer_rank(1),
        bind(
            INSPECT,
            &[key('h')],
            Action::Follow(SampleStep::Hardest),
            "hardest",
            "Follow the sample with the largest loss.",
        )
        .footer_rank(3),
        bind(
            INSPECT,
            &[key('i')],
            Action::Follow(SampleStep::Typed),
            "number",
            "Type which sample to follow: a row of the minibatch, train:N or test:N.",
        )
        .footer_rank(7),
        bind(
            INSPECT,
            &[key('v')],
            Action::FeatureMaps,
            "maps",
            "The selected layer's channels as pictures, forward and backward; again: its numbers.",
        )
        .footer_rank(1)
        .requires(MAPS_NEEDS),
        bind(
            INSPECT,
            &[plain(Code::PageUp)],
            Action::Page(-1),
            "channels",
            "In the feature maps, the channels before.",
        ),
        bind(INSPECT, &[plain(Code::PageDown)], Action::Page(1), "channels", "In the feature maps, the next channels."),
    ]
};
