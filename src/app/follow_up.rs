//! What a part of the dashboard wants done after a key, a typed command or a finished line.

use std::path::PathBuf;

use crate::protocol::{BranchId, Command, SampleChoice};

use super::actions::Action;
use super::axes::ValueScale;
use super::ghosts::RecordedRequest;
use super::notices::NoticeTone;
use super::rewind::RewindTarget;
use super::step_scale::Alignment;

/// What a part of the dashboard can't do by itself, and so asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum FollowUp {
    /// Nothing more.
    Done,
    /// Say this for a while.
    Say(NoticeTone, String),
    /// Send this to the source.
    Send(Command),
    /// Go there, and show how.
    Rewind(RewindTarget),
    /// Send these to the source, each when the one before took effect.
    SendInTurn(Vec<Command>),
    /// Do what a key stands for.
    Act(Action),
    /// Follow this sample on the Inspect screen.
    FollowSample(SampleChoice),
    /// Show a unit of the layer at this place of the chain on the Layers screen; `None` keeps the layer.
    ShowUnit {
        /// Place of the layer.
        layer: Option<usize>,
        /// The unit.
        unit: usize,
    },
    /// Show the figure of this name in a chart.
    ShowFigure(String),
    /// Read something about recorded runs.
    Recorded(RecordedRequest),
    /// Hide the curves of a branch, or show them again.
    ToggleBranch(BranchId),
    /// Ask whether to forget a branch.
    AskToDelete {
        /// The branch.
        branch: BranchId,
    },
    /// Lay steps of different runs over each other by something else.
    Align(Alignment),
    /// Spread the steps over the charts in this way.
    SpreadSteps(ValueScale),
    /// Save the screen, in this file if one is named.
    SaveScreen(Option<PathBuf>),
}

impl FollowUp {
    /// Says that it went as it was asked.
    pub fn good_notice(text: impl Into<String>) -> Self {
        Self::Say(NoticeTone::Good, text.into())
    }

    /// Says that it did not, or can't.
    pub fn bad_notice(text: impl Into<String>) -> Self {
        Self::Say(NoticeTone::Bad, text.into())
    }
}
