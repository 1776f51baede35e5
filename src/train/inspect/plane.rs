//! What the network does everywhere in the plane, where samples are two numbers.

use crate::{
    dataset::DataSplit,
    nn::{Mode, Network, cross_entropy_of_sample},
    protocol::inspection::{DecisionBoundary, MAX_UNIT_VALUES, PlaneGrid, PlanePoints, UnitMap, UnitMaps},
    train::predictions::argmax,
};

/// Points that are shown, at most.
const MAX_POINTS: usize = 600;

/// Units that are shown, at most.
const MAX_MAPPED_UNITS: usize = 64;

/// Margin around the data, as a share of their extent.
const MARGIN_SHARE: f64 = 0.08;

/// The part of the plane that is shown: its left and right edge, its lower and upper edge.
#[derive(Clone, Copy, Debug)]
pub struct PlaneExtent {
    x: [f64; 2],
    y: [f64; 2],
}

impl PlaneExtent {
    /// Least and largest of both numbers of the samples, with a margin.
    pub fn around(split: &DataSplit) -> Self {
        let mut edges = [[f64::INFINITY, f64::NEG_INFINITY]; 2];
        let mut point = [0.0_f64; 2];
        for index in 0..split.len() as u32 {
            split.gather(&[index], &mut point);
            for (edges, value) in edges.iter_mut().zip(point).filter(|(_, value)| value.is_finite()) {
                *edges = [edges[0].min(value), edges[1].max(value)];
            }
        }
        let [x, y] = edges.map(|[low, high]| {
            if low > high {
                return [-1.0, 1.0];
            }
            let margin = if high > low { MARGIN_SHARE * (high - low) } else { 1.0 };
            [low - margin, high + margin]
        });
        Self { x, y }
    }
}

/// Points of the training data, evenly over their order.
pub(super) fn points(train: &DataSplit, PlaneExtent { x, y }: PlaneExtent) -> PlanePoints {
    let (points, classes) = shown_points(train);
    PlanePoints { x, y, points, classes, total: train.len() }
}

/// The points that are shown, and the class of each.
fn shown_points(train: &DataSplit) -> (Vec<[f32; 2]>, Vec<u8>) {
    let total = train.len();
    let shown = total.min(MAX_POINTS);
    let indices: Vec<u32> = (0..shown).map(|place| (place * total / shown) as u32).collect();
    let (mut values, mut classes) = (vec![0.0; 2 * shown], vec![0; shown]);
    train.gather(&indices, &mut values);
    train.gather_labels(&indices, &mut classes);
    (values.chunks_exact(2).map(|point| [point[0], point[1]]).collect(), classes)
}

/// The plane in cells, which pass through the network in batches.
pub(super) struct PlaneView {
    plane: PlaneGrid,
    max_batch: usize,
}

impl PlaneView {
    pub fn new(PlaneExtent { x, y }: PlaneExtent, columns: usize, rows: usize, max_batch: usize) -> Self {
        Self { plane: PlaneGrid { x, y, columns, rows }, max_batch }
    }

    fn cell_count(&self) -> usize {
        self.plane.columns * self.plane.rows
    }

    /// The predicted class of each cell, and which of the shown points are classified wrongly.
    pub fn boundary(&self, network: &mut Network<f32>, train: &DataSplit) -> DecisionBoundary {
        let (mut classes, mut confidence, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        self.for_each_cell(network, usize::MAX, |_, logits| {
            let best = argmax(logits.iter().copied());
            let sum: f32 = logits.iter().map(|z| (z - logits[best]).exp()).sum();
            classes.push(best as u8);
            confidence.push((255.0 / sum).round() as u8);
        });
        let (points, labels) = shown_points(train);
        self.for_each_point(
            network,
            usize::MAX,
            points.len(),
            |place| points[place],
            |place, logits| {
                let label = labels[place];
                let loss = cross_entropy_of_sample(logits.iter().copied(), label.into(), 0.0);
                // As in an evaluation, a point whose logits are not numbers is classified wrongly.
                if argmax(logits.iter().copied()) != usize::from(label) || loss.is_nan() {
                    wrong.push(place);
                }
            },
        );
        DecisionBoundary { plane: self.plane, classes, confidence, wrong: Some(wrong) }
    }

    /// The outputs of the first units of a layer in each cell.
    pub fn unit_maps(&self, network: &mut Network<f32>, layer: usize) -> UnitMaps {
        let (plane, cells) = (self.plane, self.cell_count());
        let total = network.layer_infos()[layer].output.features();
        let shown = total.min(MAX_MAPPED_UNITS).min((MAX_UNIT_VALUES / cells).max(1));
        let mut units = vec![UnitMap { values: vec![0.0; cells] }; shown];
        self.for_each_cell(network, layer, |cell, output| {
            for (unit, value) in units.iter_mut().zip(output) {
                unit.values[cell] = *value;
            }
        });
        UnitMaps { layer, total, plane, units }
    }

    /// Calls `take` with each cell and the output of a layer, or the last one before it, for the middle of the cell.
    fn for_each_cell(&self, network: &mut Network<f32>, layer: usize, take: impl FnMut(usize, &[f32])) {
        let plane = &self.plane;
        let center = |cell: usize| plane.cell_center(cell % plane.columns, cell / plane.columns).map(|x| x as f32);
        self.for_each_point(network, layer, self.cell_count(), center, take);
    }

    /// Calls `take` with the place of each of `count` points and the output of a layer, or the last one before it.
    fn for_each_point(
        &self,
        network: &mut Network<f32>,
        layer: usize,
        count: usize,
        point: impl Fn(usize) -> [f32; 2],
        mut take: impl FnMut(usize, &[f32]),
    ) {
        let last = layer.min(network.layer_infos().len() - 1);
        for from in (0..count).step_by(self.max_batch) {
            let batch = from..count.min(from + self.max_batch);
            let mut input = network.input_mut(batch.len());
            for (mut row, place) in input.rows_mut().into_iter().zip(batch.clone()) {
                let [x, y] = point(place);
                (row[0], row[1]) = (x, y);
            }
            network.forward_layers(0..last + 1, Mode::Evaluate);
            let output = network.output(last);
            let width = output.ncols();
            for (row, place) in output.to_slice().unwrap_or_default().chunks(width).zip(batch) {
                take(place, row);
            }
        }
    }
}
