//! The feature maps of the selected layer.

use super::InspectScreen;
use crate::protocol::inspection::FeatureMaps;
use crate::protocol::{Answer, Query};

/// Channels that are asked for at a time; more have room in no window.
const MAX_SHOWN_CHANNELS: usize = 128;

impl<'a> InspectScreen<'a> {
    /// Channels of the selected layer's output; `None` where that is no image.
    pub fn channel_count(&self) -> Option<usize> {
        match *self.selected_layer()?.output.as_slice() {
            [channels, _, _] => Some(channels),
            _ => None,
        }
    }

    /// Whether the selected layer is shown by its channels.
    pub fn shows_maps(&self) -> bool {
        self.selection.maps && self.channel_count().is_some()
    }

    /// The feature maps of the selected layer, if they are shown and known.
    pub fn feature_maps(&self) -> Option<&'a FeatureMaps> {
        let inspection = self.run.answers.answer_like(&self.maps_query()?)?;
        match &inspection.answer {
            Answer::FeatureMaps(maps) if Some(maps.layer) == self.selected_layer().map(|layer| layer.index) => {
                Some(maps)
            }
            _ => None,
        }
    }

    /// The query for them.
    pub(super) fn maps_query(&self) -> Option<Query> {
        let layer = self.selected_layer().filter(|_| self.shows_maps())?.index;
        let (sample, first) = (self.selection.choice, self.selection.first_channel);
        Some(Query::FeatureMaps { sample, layer, first, count: MAX_SHOWN_CHANNELS })
    }
}
