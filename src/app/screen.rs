//! The screens and the panels on them.

use super::metric::ChartSlot;

/// The screens. Each is a whole page with panels of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Screen {
    /// Charts, layers, hyperparameters and findings on one page.
    #[default]
    Overview,
    /// Every layer over the steps, and the selected one from the inside.
    Layers,
    /// One sample on its way through the network and back.
    Inspect,
    /// The samples, what the network makes of them, and what it has learned.
    Data,
    /// The branches of the run, what was done to it, and other recorded runs.
    Runs,
}

impl Screen {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 5] = [Self::Overview, Self::Layers, Self::Inspect, Self::Data, Self::Runs];

    /// The panels in the order in which Tab walks through them; there is at least one.
    pub const fn panels(self) -> &'static [Panel] {
        match self {
            Self::Overview => &[
                Panel::Chart(ChartSlot::First),
                Panel::Chart(ChartSlot::Second),
                Panel::Layers,
                Panel::Controls,
                Panel::Findings,
            ],
            Self::Layers => &[Panel::Map, Panel::Values, Panel::Units],
            Self::Inspect => &[Panel::Chain, Panel::Sample, Panel::Layer, Panel::Gradients],
            Self::Data => &[Panel::Samples],
            Self::Runs => &[Panel::Branches, Panel::Ledger, Panel::Recorded],
        }
    }

    /// Its name, as the bar at the top has it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Layers => "layers",
            Self::Inspect => "inspect",
            Self::Data => "data",
            Self::Runs => "runs",
        }
    }

    /// The key that leads here.
    pub const fn key(self) -> char {
        match self {
            Self::Overview => '1',
            Self::Layers => '2',
            Self::Inspect => '3',
            Self::Data => '4',
            Self::Runs => '5',
        }
    }

    /// Whether it has a step axis, with a cursor on it and a zoom.
    pub const fn has_step_axis(self) -> bool {
        matches!(self, Self::Overview | Self::Layers)
    }
}

/// A part of the screen that can be focused and expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Panel {
    /// Chart of a metric.
    Chart(ChartSlot),
    /// Table of the layers.
    Layers,
    /// The hyperparameters that can be changed now.
    Controls,
    /// The findings.
    Findings,
    /// Heat map of the layers over the steps.
    Map,
    /// Histograms of the selected layer.
    Values,
    /// The selected layer unit by unit, or channel by channel.
    Units,
    /// The network as a chain.
    Chain,
    /// The sample that is followed.
    Sample,
    /// The selected layer, its equations and its numbers.
    Layer,
    /// The largest gradients of the selected layer, and their check.
    Gradients,
    /// The samples.
    Samples,
    /// The tree of the branches.
    Branches,
    /// What was done to the run.
    Ledger,
    /// Other recorded runs.
    Recorded,
}

impl Panel {
    /// The chart that fills this panel, if it is one.
    pub const fn chart_slot(self) -> Option<ChartSlot> {
        match self {
            Self::Chart(slot) => Some(slot),
            _ => None,
        }
    }

    /// Whether its columns are steps, so that the cursor stands in it and the wheel zooms.
    pub const fn has_step_axis(self) -> bool {
        matches!(self, Self::Chart(_) | Self::Map)
    }

    /// Its title; that of a chart is the title of what it shows.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Chart(_) => "chart",
            Self::Layers | Self::Map => "layers",
            Self::Controls => "hyperparameters",
            Self::Findings => "findings",
            Self::Values => "values",
            Self::Units => "units",
            Self::Chain => "network",
            Self::Samples => "data",
            Self::Sample => "sample",
            Self::Layer => "layer",
            Self::Gradients => "gradients",
            Self::Branches => "branches",
            Self::Ledger => "what was done",
            Self::Recorded => "recorded runs",
        }
    }
}
