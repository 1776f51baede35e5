//! Which queries can be answered, and what to say about the others.

use crate::{
    dataset::Dataset,
    nn::{Network, PlacedLayer},
    protocol::{
        Query, SampleChoice,
        inspection::{MAX_GRID_CELLS, MAX_PAGE_ENTRIES, SampleFilter, SampleOrder, SplitName},
    },
    text::thousands,
    train::inspect::{filters::filter_shape, maps::map_shape},
};

/// Why a query with words that this engine does not know is refused.
pub(super) const UNKNOWN_QUERY: &str = "this engine knows no such query, or not all of its words";

/// What queries may ask for.
pub struct QueryRules<'a> {
    layers: &'a [PlacedLayer],
    data: &'a Dataset,
    batch_size: usize,
}

impl<'a> QueryRules<'a> {
    /// The rules for queries about this network, these data and minibatches of that size.
    pub fn new(network: &'a Network<f32>, data: &'a Dataset, batch_size: usize) -> Self {
        Self { layers: network.layer_infos(), data, batch_size }
    }

    /// Whether a query can be answered, now or later.
    ///
    /// # Errors
    /// When there is no such layer, sample or grid, or the data are not of the kind that the query is about; the reason
    /// says what is valid.
    pub fn check(&self, query: &Query) -> Result<(), String> {
        match *query {
            Query::Unknown
            | Query::Trace {
                sample: SampleChoice::Unknown | SampleChoice::Dataset { split: SplitName::Unknown, .. },
                ..
            }
            | Query::FeatureMaps {
                sample: SampleChoice::Unknown | SampleChoice::Dataset { split: SplitName::Unknown, .. },
                ..
            }
            | Query::Samples { split: SplitName::Unknown, .. }
            | Query::Samples { show: SampleFilter::Unknown, .. }
            | Query::Samples { order: SampleOrder::Unknown, .. }
            | Query::Confusion { split: SplitName::Unknown } => Err(UNKNOWN_QUERY.into()),
            Query::Layer { layer } => self.check_layer(layer),
            Query::Trace { sample, layer } => self.check_layer(layer).and_then(|()| self.check_sample(sample)),
            Query::FeatureMaps { sample, layer, count, .. } => {
                if count > MAX_PAGE_ENTRIES {
                    return Err(format!("{count} channels are too many at a time; valid: 0 to {MAX_PAGE_ENTRIES}"));
                }
                self.check_layer(layer)?;
                self.check_sample(sample)?;
                map_shape(self.layers, layer).map(drop)
            }
            Query::GradientCheck { layer } => self.check_layer_with_parameters(layer),
            Query::Samples { first, count, .. } => {
                if count > MAX_PAGE_ENTRIES || first.checked_add(count).is_none() {
                    return Err(format!("a page can't have {count} samples; valid: 0 to {MAX_PAGE_ENTRIES}"));
                }
                Ok(())
            }
            Query::Confusion { .. } => Ok(()),
            Query::Filters { layer, count, .. } => {
                if count > MAX_PAGE_ENTRIES {
                    return Err(format!("{count} filters are too many at a time; valid: 0 to {MAX_PAGE_ENTRIES}"));
                }
                self.check_layer(layer)?;
                filter_shape(self.layers, &self.data.shape, layer).map(drop)
            }
            Query::Points => self.check_plane(),
            Query::Boundary { columns, rows } => self.check_plane().and_then(|()| check_grid(columns, rows)),
            Query::Units { layer, columns, rows } => {
                self.check_plane().and_then(|()| check_grid(columns, rows)).and_then(|()| self.check_layer(layer))
            }
        }
    }

    fn check_sample(&self, sample: SampleChoice) -> Result<(), String> {
        let (what, place, count) = match sample {
            SampleChoice::Row { row } => ("row", row, self.batch_size),
            SampleChoice::Dataset { split: SplitName::Train, index } => ("sample", index, self.data.train.len()),
            SampleChoice::Dataset { split: SplitName::Test, index } => ("sample", index, self.data.test.len()),
            _ => return Ok(()),
        };
        if place < count {
            return Ok(());
        }
        Err(format!("there is no {what} {place}; valid: 0 to {}", thousands(count.saturating_sub(1) as u64)))
    }

    fn check_layer(&self, layer: usize) -> Result<(), String> {
        let count = self.layers.len();
        if layer < count {
            Ok(())
        } else {
            Err(format!("there is no layer {layer}; valid: {}", self.layer_list(|_| true)))
        }
    }

    fn check_layer_with_parameters(&self, layer: usize) -> Result<(), String> {
        self.check_layer(layer)?;
        let info = &self.layers[layer];
        if info.parameters > 0 {
            return Ok(());
        }
        let valid = self.layer_list(|layer| self.layers[layer].parameters > 0);
        Err(format!("layer {layer}, `{}`, has no parameters; valid: {valid}", info.spec))
    }

    /// The layers that satisfy `which`, for people.
    fn layer_list(&self, which: impl Fn(usize) -> bool) -> String {
        let infos = self.layers.iter().filter(|info| which(info.index));
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
    if (1..=MAX_GRID_CELLS).contains(&columns.saturating_mul(rows)) {
        return Ok(());
    }
    let most = thousands(MAX_GRID_CELLS as u64);
    Err(format!("a grid can't have {columns} × {rows} cells; valid: at least 1 × 1, at most {most} cells in all"))
}
