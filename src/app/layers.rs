//! The layers that have parameters, one row each.

use crate::protocol::{LayerInfo, LayerProbe};

use super::display::{name, shape};
use super::series::{Column, Series, StepRange};

/// Most rows; a network with more layers shows its first ones.
const ROWS: usize = 256;

/// Most layers of the chain that are kept, those without parameters included.
const CHAIN: usize = 1024;

/// Most dimensions of a shape that are kept.
const DIMENSIONS: usize = 8;

/// Buckets a level of a row's series: twice the columns of the widest sparkline worth drawing.
const BUCKETS: usize = 512;

/// One layer that has parameters.
#[derive(Clone, Debug)]
pub struct LayerRow {
    /// [`LayerInfo::index`].
    pub index: usize,
    /// Position, kind and the activation that follows: `0 linear → relu`.
    pub name: String,
    /// Shape of one sample before and behind it: `784 → 256`.
    pub shape: String,
    /// Number of trained values.
    pub parameters: u64,
    /// The newest probe, and the step at which it was taken.
    pub probe: Option<(u64, LayerProbe)>,
    /// Gradient norm over the steps.
    pub gradient_norm: Series,
    /// Update-to-weight ratio over the steps.
    pub update_ratio: Series,
    /// Share of dead units over the steps; empty without a rectifier behind the layer.
    pub dead: Series,
}

/// One column of a sparkline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spark {
    /// No sample.
    Empty,
    /// NaN or infinite.
    Broken,
    /// Height of the largest value, 0 to 1.
    Height(f64),
}

impl LayerRow {
    /// The norms at the lower and at the upper edge of [`LayerRow::sparkline`]; `None` where nothing positive is in
    /// sight.
    pub fn edges(&self, steps: StepRange, count: usize) -> Option<(f64, f64)> {
        let (middle, span) = middle_and_span(&self.gradient_norm.columns(steps, count));
        let edges = (10f64.powf(middle - span / 2.0), 10f64.powf(middle + span / 2.0));
        (edges.0.is_finite() && edges.1.is_finite()).then_some(edges)
    }

    /// The gradient norm in `count` columns on a log scale; the smallest and the largest norm in sight are 0 and 1.
    pub fn sparkline(&self, steps: StepRange, count: usize) -> Vec<Spark> {
        let columns = self.gradient_norm.columns(steps, count);
        let (middle, span) = middle_and_span(&columns);
        let mut previous = Spark::Empty;
        columns
            .iter()
            .map(|column| {
                let spark = match column.extent {
                    _ if column.broken => Spark::Broken,
                    None => match previous {
                        Spark::Height(_) => previous,
                        _ => Spark::Empty,
                    },
                    Some(extent) if extent.max > 0.0 => {
                        Spark::Height(((extent.max.log10() - middle) / span + 0.5).clamp(0.0, 1.0))
                    }
                    Some(_) => Spark::Height(0.0),
                };
                previous = spark;
                spark
            })
            .collect()
    }
}

/// Middle and height of a log scale for the largest norms of `columns`, in powers of ten.
fn middle_and_span(columns: &[Column]) -> (f64, f64) {
    let logs = columns.iter().filter_map(|column| column.extent).map(|extent| extent.max).filter(|max| *max > 0.0);
    let (low, high) =
        logs.map(f64::log10).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| (low.min(log), high.max(log)));
    // Less than a factor of two between the extremes is told as less than the full height.
    (f64::midpoint(low, high), (high - low).max(2f64.log10()))
}

/// One layer of the network, with parameters or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// [`LayerInfo::index`].
    pub index: usize,
    /// Its kind with its own settings, safe to show: `dropout 0.2`.
    pub kind: String,
    /// Shape of one sample at its input.
    pub input: Vec<usize>,
    /// Shape of one sample at its output.
    pub output: Vec<usize>,
    /// Number of trained values; 0 for an activation.
    pub parameters: u64,
}

/// The rows of the layers' table.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    rows: Vec<LayerRow>,
    chain: Vec<Link>,
}

impl Layers {
    /// Rows for a network; an activation is named in the row of the layer before it.
    pub fn of(layers: &[LayerInfo]) -> Self {
        let mut rows: Vec<LayerRow> = Vec::new();
        let mut followed = false;
        for info in layers {
            if info.parameters > 0 {
                if rows.len() == ROWS {
                    break;
                }
                rows.push(LayerRow {
                    index: info.index,
                    name: format!("{} {}", info.index, name(&info.kind)),
                    shape: format!("{} → {}", shape(&info.input), shape(&info.output)),
                    parameters: info.parameters,
                    probe: None,
                    gradient_norm: Series::new(BUCKETS),
                    update_ratio: Series::new(BUCKETS),
                    dead: Series::new(BUCKETS),
                });
                followed = false;
            } else if let Some(row) = rows.last_mut().filter(|_| !followed) {
                row.name = format!("{} → {}", row.name, name(&info.kind));
                followed = true;
            }
        }
        let link = |info: &LayerInfo| Link {
            index: info.index,
            kind: name(&info.kind),
            input: info.input.iter().take(DIMENSIONS).copied().collect(),
            output: info.output.iter().take(DIMENSIONS).copied().collect(),
            parameters: info.parameters,
        };
        Self { rows, chain: layers.iter().take(CHAIN).map(link).collect() }
    }

    /// Takes in what the probe saw at `step`.
    pub fn probe(&mut self, step: u64, probes: &[LayerProbe]) {
        let mut next = 0;
        for probe in probes.iter().take(ROWS) {
            // Probes come in the order of the rows, so the search is nearly always over at once.
            let order = (next..self.rows.len()).chain(0..next.min(self.rows.len()));
            let Some(at) = order.into_iter().find(|&at| self.rows[at].index == probe.layer) else { continue };
            next = at + 1;
            let row = &mut self.rows[at];
            row.gradient_norm.push(step, probe.gradient_norm);
            row.update_ratio.push(step, probe.update_ratio());
            if let Some(dead) = probe.dead {
                row.dead.push(step, dead);
            }
            if row.probe.as_ref().is_none_or(|(before, _)| *before < step) {
                row.probe = Some((step, probe.clone()));
            }
        }
    }

    /// Every layer in the order of the forward pass.
    pub fn chain(&self) -> &[Link] {
        &self.chain
    }

    /// The rows in the network's order.
    pub fn rows(&self) -> &[LayerRow] {
        &self.rows
    }

    /// Bytes held by the series.
    pub fn memory(&self) -> usize {
        self.rows.iter().map(|row| row.gradient_norm.memory() + row.update_ratio.memory() + row.dead.memory()).sum()
    }
}
