//! Answers to queries about the network, the minibatch in hand and the data. They change nothing of the training.

use crate::{
    protocol::{
        Answer, Query, SampleChoice,
        inspection::{MOST_CELLS, MOST_ENTRIES, Order, Show, Split},
    },
    text::thousands,
    train::Trainer,
};

mod check;
mod figures;
mod layer;
mod pictures;
mod plane;
#[cfg(test)]
mod tests;
mod trace;

pub use check::Check;

/// What a query needs before it can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing that takes long, or a pass of its own that sets the minibatch in hand aside.
    Nothing,
    /// What an evaluation of a part of the data left for each sample.
    Predictions(Split),
    /// The passes of the minibatch in hand, which go into the next step.
    Passes,
}

/// What `query` needs.
pub(super) fn needs(query: &Query) -> Needs {
    match *query {
        Query::Samples { split, .. } | Query::Confusion { split } => Needs::Predictions(split),
        Query::Layer { .. }
        | Query::Trace {
            sample: SampleChoice::Row { .. } | SampleChoice::NextMistake { .. } | SampleChoice::Hardest,
            ..
        } => Needs::Passes,
        Query::Trace { sample: SampleChoice::Dataset { .. }, .. }
        | Query::GradientCheck { .. }
        | Query::Filters { .. }
        | Query::Points
        | Query::Boundary { .. }
        | Query::Units { .. }
        | Query::Trace { .. }
        | Query::Unknown => Needs::Nothing,
    }
}

/// Why a query with words that this engine does not know is refused.
const UNKNOWN: &str = "this engine knows no such query, or not all of its words";

impl Trainer {
    /// Answers a query. What needs an evaluation is answered from the last one; for a gradient check see
    /// [`Self::gradient_check`].
    ///
    /// # Errors
    /// When there is no such layer, sample or grid, or the data are not of the kind that the query is about; the reason
    /// says what is valid.
    pub fn inspect(&mut self, query: &Query) -> Result<Answer, String> {
        self.check_query(query)?;
        match *query {
            Query::Layer { layer } => Ok(Answer::Layer(self.view_layer(layer))),
            Query::Trace { sample, layer } => Ok(self.trace(sample, layer)),
            Query::GradientCheck { .. } => Err("a gradient check takes time; it can't be watched".into()),
            Query::Samples { split, show, order, first, count } => {
                Ok(self.page(split, show, order, first..first + count))
            }
            Query::Confusion { split } => Ok(self.confusion(split)),
            Query::Filters { layer, first, count } => self.filters(layer, first, count).map(Answer::Filters),
            Query::Points => Ok(Answer::Points(self.points())),
            Query::Boundary { columns, rows } => Ok(Answer::Boundary(self.boundary(columns, rows))),
            Query::Units { layer, columns, rows } => Ok(Answer::Units(self.unit_maps(layer, columns, rows))),
            Query::Unknown => Err(UNKNOWN.into()),
        }
    }

    /// Whether a query can be answered, now or later.
    ///
    /// # Errors
    /// As [`Self::inspect`].
    pub fn check_query(&self, query: &Query) -> Result<(), String> {
        match *query {
            Query::Unknown
            | Query::Trace {
                sample: SampleChoice::Unknown | SampleChoice::Dataset { split: Split::Unknown, .. },
                ..
            }
            | Query::Samples { split: Split::Unknown, .. }
            | Query::Samples { show: Show::Unknown, .. }
            | Query::Samples { order: Order::Unknown, .. }
            | Query::Confusion { split: Split::Unknown } => Err(UNKNOWN.into()),
            Query::Layer { layer } => self.check_layer(layer),
            Query::Trace { sample, layer } => {
                self.check_layer(layer)?;
                let (what, place, count) = match sample {
                    SampleChoice::Row { row } => ("row", row, self.batches.batch_size()),
                    SampleChoice::Dataset { split: Split::Train, index } => ("sample", index, self.data.train.len()),
                    SampleChoice::Dataset { split: Split::Test, index } => ("sample", index, self.data.test.len()),
                    _ => return Ok(()),
                };
                if place < count {
                    return Ok(());
                }
                Err(format!("there is no {what} {place}; valid: 0 to {}", thousands(count.saturating_sub(1) as u64)))
            }
            Query::GradientCheck { layer } => self.check_layer_with_parameters(layer),
            Query::Samples { first, count, .. } => {
                if count > MOST_ENTRIES || first.checked_add(count).is_none() {
                    return Err(format!("a page can't have {count} samples; valid: 0 to {MOST_ENTRIES}"));
                }
                Ok(())
            }
            Query::Confusion { .. } => Ok(()),
            Query::Filters { layer, count, .. } => {
                if count > MOST_ENTRIES {
                    return Err(format!("{count} filters are too many at a time; valid: 0 to {MOST_ENTRIES}"));
                }
                self.check_layer(layer)?;
                self.filter_shape(layer).map(drop)
            }
            Query::Points => self.check_plane(),
            Query::Boundary { columns, rows } => self.check_plane().and_then(|()| check_grid(columns, rows)),
            Query::Units { layer, columns, rows } => {
                self.check_plane().and_then(|()| check_grid(columns, rows)).and_then(|()| self.check_layer(layer))
            }
        }
    }

    fn check_layer(&self, layer: usize) -> Result<(), String> {
        let count = self.network.layer_infos().len();
        if layer < count {
            Ok(())
        } else {
            Err(format!("there is no layer {layer}; valid: {}", self.layer_list(|_| true)))
        }
    }

    fn check_layer_with_parameters(&self, layer: usize) -> Result<(), String> {
        self.check_layer(layer)?;
        let info = &self.network.layer_infos()[layer];
        if info.parameters > 0 {
            return Ok(());
        }
        let valid = self.layer_list(|layer| self.network.layer_infos()[layer].parameters > 0);
        Err(format!("layer {layer}, `{}`, has no parameters; valid: {valid}", info.spec))
    }

    /// The layers that satisfy `which`, for people.
    fn layer_list(&self, which: impl Fn(usize) -> bool) -> String {
        let infos = self.network.layer_infos().iter().filter(|info| which(info.index));
        let names: Vec<String> = infos.map(|info| format!("{} ({})", info.index, info.spec)).collect();
        names.join(", ")
    }

    fn check_plane(&self) -> Result<(), String> {
        if self.data.shape == [2] {
            return Ok(());
        }
        Err(format!("samples of shape {:?} don't lie in a plane; only those of shape [2] do", self.data.shape))
    }
}

fn check_grid(columns: usize, rows: usize) -> Result<(), String> {
    if (1..=MOST_CELLS).contains(&columns.saturating_mul(rows)) {
        return Ok(());
    }
    let most = thousands(MOST_CELLS as u64);
    Err(format!("a grid can't have {columns} × {rows} cells; valid: at least 1 × 1, at most {most} cells in all"))
}
