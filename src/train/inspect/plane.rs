//! What the network does everywhere in the plane, where samples are two numbers.

use std::ops::Range;

use crate::{
    dataset::Split,
    nn::Mode,
    protocol::inspection::{Boundary, MOST_UNIT_VALUES, Plane, Points, UnitMap, UnitMaps},
    train::{Trainer, predictions::argmax},
};

/// Most points that are shown.
const MOST_POINTS: usize = 600;

/// Most units that are shown.
const MOST_UNITS: usize = 64;

/// Margin around the data, as a share of their extent.
const MARGIN: f64 = 0.08;

impl Trainer {
    /// The edges of the part of the plane that is shown.
    fn extent(&self) -> [[f64; 2]; 2] {
        *self.extent.get_or_init(|| measure(&self.data.train))
    }

    fn plane(&self, columns: usize, rows: usize) -> Plane {
        let [x, y] = self.extent();
        Plane { x, y, columns, rows }
    }

    /// Points of the training data, evenly over their order.
    pub(super) fn points(&self) -> Points {
        let [x, y] = self.extent();
        let total = self.data.train.len();
        let shown = total.min(MOST_POINTS);
        let indices: Vec<u32> = (0..shown).map(|place| (place * total / shown) as u32).collect();
        let (mut values, mut classes) = (vec![0.0; 2 * shown], vec![0; shown]);
        self.data.train.gather(&indices, &mut values);
        self.data.train.labels(&indices, &mut classes);
        let points = values.chunks_exact(2).map(|point| [point[0], point[1]]).collect();
        Points { x, y, points, classes, total }
    }

    /// The predicted class of each cell.
    pub(super) fn boundary(&mut self, columns: usize, rows: usize) -> Boundary {
        let plane = self.plane(columns, rows);
        let (mut classes, mut confidence) = (Vec::new(), Vec::new());
        self.over_plane(plane, usize::MAX, |_, logits| {
            let best = argmax(logits.iter().copied());
            let sum: f32 = logits.iter().map(|z| (z - logits[best]).exp()).sum();
            classes.push(best as u8);
            confidence.push((255.0 / sum).round() as u8);
        });
        Boundary { plane, classes, confidence }
    }

    /// What the first units of a layer give in each cell.
    pub(super) fn unit_maps(&mut self, layer: usize, columns: usize, rows: usize) -> UnitMaps {
        let plane = self.plane(columns, rows);
        let total = self.network.layer_infos()[layer].output.features();
        let shown = total.min(MOST_UNITS).min((MOST_UNIT_VALUES / (columns * rows)).max(1));
        let mut units = vec![UnitMap { values: vec![0.0; columns * rows] }; shown];
        self.over_plane(plane, layer, |cell, output| {
            for (unit, value) in units.iter_mut().zip(output) {
                unit.values[cell] = *value;
            }
        });
        UnitMaps { layer, total, plane, units }
    }

    /// Shows `take` each cell and what a layer, or the last one before it, gives for its middle, with the weights that
    /// are evaluated.
    fn over_plane(&mut self, plane: Plane, layer: usize, take: impl FnMut(usize, &[f32])) {
        self.with_average(|trainer| trainer.pass_plane(plane, layer, take));
    }

    fn pass_plane(&mut self, plane: Plane, layer: usize, mut take: impl FnMut(usize, &[f32])) {
        let last = layer.min(self.network.layer_infos().len() - 1);
        let cells = plane.columns * plane.rows;
        for from in (0..cells).step_by(self.rows) {
            let batch: Range<usize> = from..cells.min(from + self.rows);
            let mut input = self.network.input_mut(batch.len());
            for (mut row, cell) in input.rows_mut().into_iter().zip(batch.clone()) {
                let [x, y] = plane.center(cell % plane.columns, cell / plane.columns);
                (row[0], row[1]) = (x as f32, y as f32);
            }
            self.network.forward_layers(0..last + 1, Mode::Evaluate);
            let output = self.network.activation(last);
            let width = output.ncols();
            for (row, cell) in output.to_slice().unwrap_or_default().chunks(width).zip(batch) {
                take(cell, row);
            }
        }
    }
}

/// Least and largest of both numbers, with a margin.
fn measure(split: &Split) -> [[f64; 2]; 2] {
    let mut edges = [[f64::INFINITY, f64::NEG_INFINITY]; 2];
    let mut point = [0.0_f64; 2];
    for index in 0..split.len() as u32 {
        split.gather(&[index], &mut point);
        for (edges, value) in edges.iter_mut().zip(point).filter(|(_, value)| value.is_finite()) {
            *edges = [edges[0].min(value), edges[1].max(value)];
        }
    }
    edges.map(|[low, high]| {
        if low > high {
            return [-1.0, 1.0];
        }
        let margin = if high > low { MARGIN * (high - low) } else { 1.0 };
        [low - margin, high + margin]
    })
}
