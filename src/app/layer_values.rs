//! The selected layer from the inside, ready for drawing: how its values are distributed now and were before, and what
//! each of its units comes to.

use std::borrow::Cow;

use super::display::shape_text;
use super::inspect::{LayerHistory, LayerSnapshot, MAX_HISTORY_PARAMETERS};
use super::layers::LayerRow;
use crate::protocol::inspection::{Distribution, LayerView};

/// Edges further out than this are cut, so that what is computed from them stays finite.
const MAX_EDGE_VALUE: f64 = 1e300;

/// The selected layer's values.
#[derive(Clone, Debug)]
pub struct LayerValues<'a> {
    /// The layer.
    pub row: &'a LayerRow,
    /// Minibatches completed when it was looked at.
    pub step: u64,
    /// Number of the minibatch that gradient and output are of.
    pub minibatch: u64,
    /// The selected parameter, its gradient, the layer's output.
    pub parts: [ValueHistogram<'a>; 3],
    /// How many parameters there are to choose from.
    pub parameters: usize,
}

/// One kind of values.
#[derive(Clone, Debug)]
pub struct ValueHistogram<'a> {
    /// What they are, safe to show.
    pub title: String,
    /// How they are distributed now; `None` while nothing is known.
    pub now: Option<&'a Distribution>,
    /// How they were at earlier steps, the newest first.
    pub past: Vec<(u64, &'a Distribution)>,
    /// The values at the left and at the right edge.
    pub edges: (f64, f64),
}

impl<'a> ValueHistogram<'a> {
    fn of(
        title: String,
        snapshots: &[&'a LayerSnapshot],
        pick: impl Fn(&'a LayerSnapshot) -> Option<&'a Distribution>,
    ) -> Self {
        let now = snapshots.first().and_then(|snapshot| pick(snapshot));
        let past: Vec<_> =
            snapshots.iter().filter_map(|snapshot| pick(snapshot).map(|values| (snapshot.step, values))).collect();
        // The past widens the view only as far as half of it needs: one wild snapshot does not crowd all others.
        let edge = |of: fn(&Distribution) -> f64, worst: fn(f64, f64) -> f64| {
            let mut edges: Vec<f64> =
                past.iter().map(|(_, values)| of(values)).filter(|edge| edge.is_finite()).collect();
            edges.sort_by(f64::total_cmp);
            let usual = edges.get(edges.len() / 2).copied()?;
            Some(now.map(of).filter(|edge| edge.is_finite()).map_or(usual, |edge| worst(edge, usual)))
        };
        let edges = edge(|values| values.minimum, f64::min).zip(edge(|values| values.maximum, f64::max));
        let (low, high) = edges.map_or((0.0, 0.0), |(low, high)| {
            (low.clamp(-MAX_EDGE_VALUE, MAX_EDGE_VALUE), high.clamp(-MAX_EDGE_VALUE, MAX_EDGE_VALUE))
        });
        // Values that are all the same stand in the middle.
        let around = if low == 0.0 { 0.5 } else { low.abs() / 2.0 };
        let edges = if low < high { (low, high) } else { (low - around, low + around) };
        Self { title, now, past, edges }
    }

    /// `values` in `count` columns between the edges; what lies beyond them is left out.
    pub fn bin_shares(&self, values: &Distribution, count: usize) -> Vec<f64> {
        spread_bins(values, self.edges, count)
    }

    /// Place of a value between the edges, 0 to 1, if it lies there.
    pub fn place_between_edges(&self, value: f64) -> Option<f64> {
        let (low, high) = self.edges;
        (low..=high).contains(&value).then(|| (value - low) / (high - low)).filter(|place| place.is_finite())
    }
}

/// Shares the bins of `values` out to `count` columns between two edges, each bin as if its values lay evenly in it.
fn spread_bins(values: &Distribution, (low, high): (f64, f64), count: usize) -> Vec<f64> {
    let mut columns = vec![0.0; count];
    let scale = count as f64 / (high - low);
    let width = (values.maximum - values.minimum) / values.bins.len().max(1) as f64;
    if count == 0 || !scale.is_finite() || !width.is_finite() {
        return columns;
    }
    let last = count as f64;
    for (i, bin) in values.bins.iter().enumerate().filter(|(_, bin)| **bin > 0) {
        let from = (values.minimum + width * i as f64 - low) * scale;
        let to = (values.minimum + width * (i + 1) as f64 - low) * scale;
        let total = f64::from(*bin);
        if to < 0.0 || from > last {
            continue;
        }
        let first = (from.max(0.0) as usize).min(count - 1);
        if to - from < 1e-9 {
            columns[first] += total;
            continue;
        }
        for (column, share) in columns.iter_mut().enumerate().skip(first) {
            let overlap = to.min((column + 1) as f64) - from.max(column as f64);
            if overlap <= 0.0 {
                break;
            }
            *share += total * overlap / (to - from);
        }
    }
    columns
}

/// A figure of a layer's units: one number per unit.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitStrip<'a> {
    /// What the numbers are.
    pub title: Cow<'static, str>,
    /// One number per unit, of the first units only if there are very many.
    pub values: &'a [f32],
    /// Whether they may be negative.
    pub signed: bool,
    /// Whether they are shares, of which 1 is all.
    pub share: bool,
}

/// What each unit of the selected layer comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitStrips<'a> {
    /// How many units there are.
    pub count: usize,
    /// What a unit is called: `unit`, or `channel` where the output is an image.
    pub word: &'static str,
    /// The figures that there are.
    pub strips: Vec<UnitStrip<'a>>,
    /// The selected unit.
    pub selected: Option<usize>,
}

impl<'a> LayerValues<'a> {
    /// The values of a layer with those of at most `count` snapshots before, and of its parameters the one at
    /// `parameter`, counted round and round.
    pub(super) fn of(row: &'a LayerRow, history: LayerHistory<'a>, parameter: usize, count: usize) -> Self {
        let snapshots: Vec<&LayerSnapshot> = history.snapshots.into_iter().rev().collect();
        let step = snapshots.first().map_or(0, |newest| newest.step);
        let snapshots = thin_snapshots(&snapshots, count);
        let tensors = &history.newest.parameters;
        let parameters = tensors.len().min(MAX_HISTORY_PARAMETERS);
        let at = parameter.checked_rem(parameters).unwrap_or(0);
        let title =
            tensors.get(at).map_or_else(String::new, |tensor| format!("{} {}", tensor.name, shape_text(&tensor.shape)));
        let gradient =
            tensors.get(at).map_or_else(|| "gradient".into(), |tensor| format!("gradient of {}", tensor.name));
        let output = row.activation.as_ref().map_or_else(|| "output".into(), |next| format!("output before {next}"));
        let parts = [
            ValueHistogram::of(title, &snapshots, |snapshot| snapshot.parameters.get(at).map(|(values, _)| values)),
            ValueHistogram::of(gradient, &snapshots, |snapshot| snapshot.parameters.get(at)?.1.as_ref()),
            ValueHistogram::of(output, &snapshots, |snapshot| snapshot.output.as_ref()),
        ];
        Self { row, step, minibatch: history.newest.minibatch, parts, parameters }
    }
}

impl<'a> UnitStrips<'a> {
    /// The figures of a layer's units; `image` says that these are the channels of an image.
    pub(super) fn of(row: &LayerRow, view: &'a LayerView, image: bool, selected: Option<usize>) -> Self {
        let units = &view.units;
        let lists: [(&'static str, &[f32], bool); 7] = [
            ("γ", &units.gamma, true),
            ("β", &units.beta, true),
            ("running mean", &units.running_means, true),
            ("running var", &units.running_variances, false),
            ("weight norm", &units.weight_norms, false),
            ("gradient norm", &units.gradient_norms, false),
            ("mean output", &units.means, true),
        ];
        let figures =
            lists.map(|(title, values, signed)| UnitStrip { title: title.into(), values, signed, share: false });
        // Whether a unit is at 0 is seen after its activation.
        let title = row.activation.as_ref().map_or("zero outputs".into(), |next| format!("0 after {next}").into());
        let zeros = UnitStrip { title, values: &units.zeros, signed: false, share: true };
        let strips: Vec<UnitStrip<'_>> =
            figures.into_iter().chain([zeros]).filter(|strip| !strip.values.is_empty()).collect();
        let word = if image { "channel" } else { "unit" };
        let mut shown = Self { count: units.count, word, strips, selected: None };
        let known = shown.unit_count();
        shown.count = shown.count.max(known);
        shown.selected = selected.filter(|_| known > 0).map(|unit| unit.min(known - 1));
        shown
    }

    /// How many units there are figures of.
    pub fn unit_count(&self) -> usize {
        self.strips.iter().map(|strip| strip.values.len()).max().unwrap_or(0)
    }
}

/// At most `count` of the snapshots, evenly spread over the steps; the newest, which comes first, is always there.
fn thin_snapshots<'a>(snapshots: &[&'a LayerSnapshot], count: usize) -> Vec<&'a LayerSnapshot> {
    if snapshots.len() <= count.max(1) {
        return snapshots.to_vec();
    }
    let (newest, oldest) = (snapshots[0].step, snapshots[snapshots.len() - 1].step);
    let gap = (newest - oldest.min(newest)) as f64 / count.max(2).saturating_sub(1) as f64;
    let mut kept: Vec<&LayerSnapshot> = Vec::with_capacity(count);
    for snapshot in snapshots {
        let wanted = newest as f64 - gap * kept.len() as f64;
        if kept.len() < count.max(1) && snapshot.step as f64 <= wanted + 0.5 {
            kept.push(snapshot);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(minimum: f64, maximum: f64, bins: &[u32]) -> Distribution {
        Distribution { minimum, maximum, bins: bins.to_vec(), ..Distribution::default() }
    }

    #[test]
    fn bins_keep_their_place_and_their_number() {
        let values = distribution(0.0, 4.0, &[1, 2, 3, 4]);
        assert_eq!(spread_bins(&values, (0.0, 4.0), 4), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(spread_bins(&values, (0.0, 4.0), 2), [3.0, 7.0]);
        assert_eq!(spread_bins(&values, (-4.0, 4.0), 4), [0.0, 0.0, 3.0, 7.0]);
        assert_eq!(spread_bins(&values, (1.0, 3.0), 2), [2.0, 3.0], "what lies beyond is left out");
        assert_eq!(spread_bins(&distribution(2.0, 2.0, &[5]), (1.5, 2.5), 5), [0.0, 0.0, 5.0, 0.0, 0.0]);
    }

    #[test]
    fn any_bounds_are_survived() {
        for (low, high) in [(f64::NAN, 1.0), (f64::NEG_INFINITY, f64::INFINITY), (1.0, -1.0), (0.0, 1e-320)] {
            let values = distribution(low, high, &[1, 2]);
            for edges in [(0.0, 1.0), (low, high), (f64::MIN, f64::MAX)] {
                for count in [0, 1, 7] {
                    let columns = spread_bins(&values, edges, count);
                    assert!(columns.len() == count && columns.iter().all(|share| share.is_finite()));
                }
            }
        }
    }

    #[test]
    fn one_wild_moment_does_not_crowd_the_others() {
        let snapshot = |step, size: f64| LayerSnapshot {
            step,
            parameters: vec![(distribution(-size, size, &[1, 1]), None)],
            output: None,
        };
        let snapshots = [snapshot(4, 1.0), snapshot(3, 1.5), snapshot(2, 100.0)];
        let part = ValueHistogram::of("weight".into(), &snapshots.iter().collect::<Vec<_>>(), |snapshot| {
            Some(&snapshot.parameters[0].0)
        });
        assert_eq!((part.edges, part.past.len()), ((-1.5, 1.5), 3));
        assert_eq!((part.place_between_edges(0.0), part.place_between_edges(9.0)), (Some(0.5), None));
    }

    #[test]
    fn thinning_keeps_the_newest_and_spreads_the_rest() {
        let snapshots: Vec<LayerSnapshot> =
            (0..100).rev().map(|step| LayerSnapshot { step, parameters: Vec::new(), output: None }).collect();
        let all: Vec<&LayerSnapshot> = snapshots.iter().collect();
        let steps = |count| thin_snapshots(&all, count).iter().map(|snapshot| snapshot.step).collect::<Vec<_>>();
        assert_eq!(steps(4), [99, 66, 33, 0]);
        assert_eq!((steps(1), steps(0)), (vec![99], vec![99]));
        assert_eq!(steps(500).len(), 100);
    }
}
