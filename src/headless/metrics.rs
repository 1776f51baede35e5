//! How a source described its metrics, kept within bounds and found by id.

use std::collections::HashMap;

use crate::{
    protocol::{DataPart, MetricId, MetricInfo, metric::EFFECTIVE_LEARNING_RATE},
    text::Safe,
};

/// Most metrics that are kept.
const MAX_METRICS: usize = 4096;

/// Longest tag in bytes; a metric with a longer one is not kept.
const MAX_TAG_BYTES: usize = 256;

/// The metrics of a run in the order in which they were described; their names are safe to print.
#[derive(Debug, Default)]
pub(super) struct KnownMetrics {
    infos: Vec<MetricInfo>,
    /// Place of each id among them.
    places: HashMap<MetricId, usize>,
    /// The metric of the learning rate that updates use.
    learning_rate: Option<MetricId>,
}

impl KnownMetrics {
    /// Takes in metrics that are new, and gives the number of those that can't be kept.
    pub fn add_metric_infos(&mut self, infos: &[MetricInfo]) -> usize {
        let mut refused = 0;
        for info in infos {
            if self.places.contains_key(&info.id) {
                continue;
            }
            if self.infos.len() >= MAX_METRICS || info.tag.len() > MAX_TAG_BYTES {
                refused += 1;
                continue;
            }
            if info.tag == EFFECTIVE_LEARNING_RATE {
                self.learning_rate = Some(info.id);
            }
            let title = Safe(if info.title.is_empty() { &info.tag } else { &info.title }).to_string();
            let short = info.short.as_ref().map(|short| Safe(short).to_string());
            self.places.insert(info.id, self.infos.len());
            self.infos.push(MetricInfo { title, short, ..info.clone() });
        }
        refused
    }

    /// The description of a metric.
    pub fn info(&self, id: MetricId) -> Option<&MetricInfo> {
        self.infos.get(*self.places.get(&id)?)
    }

    /// The metric of the learning rate that updates use.
    pub fn learning_rate_metric(&self) -> Option<MetricId> {
        self.learning_rate
    }

    /// The first metrics of evaluations, at most `most` of them, and what measures the same of the minibatches.
    pub fn choose_column_metrics(&self, most: usize) -> (Vec<MetricId>, Vec<MetricId>) {
        let (mut train, mut held_out) = (Vec::new(), Vec::new());
        let held =
            self.infos.iter().filter(|info| matches!(info.data_part_and_name().0, DataPart::HeldOut(_))).take(most);
        for info in held {
            held_out.push(info.id);
            let same = self
                .infos
                .iter()
                .find(|other| other.data_part_and_name() == (DataPart::Train, info.data_part_and_name().1));
            // Several parts that are held out have the same partner.
            train.extend(same.map(|same| same.id).filter(|id| !train.contains(id)));
        }
        (train, held_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_source_tells_is_bounded() {
        let mut known = KnownMetrics::default();
        let many: Vec<MetricInfo> = (0..10_000).map(|id| MetricInfo::new(id, "train/loss", "loss")).collect();
        assert_eq!(known.add_metric_infos(&many), 10_000 - MAX_METRICS);
        assert_eq!((known.infos.len(), known.places.len()), (MAX_METRICS, MAX_METRICS));
        assert_eq!(known.add_metric_infos(&many[..9]), 0, "what is known is not reported as left out");
        let long = MetricInfo::new(u32::MAX, &"x".repeat(MAX_TAG_BYTES + 1), "long");
        assert_eq!(KnownMetrics::default().add_metric_infos(&[long]), 1);
    }

    #[test]
    fn names_are_safe_and_found_by_any_id() {
        let mut known = KnownMetrics::default();
        known.add_metric_infos(&[MetricInfo::new(u32::MAX, "learning_rate", "\u{1b}[2J"), MetricInfo::new(7, "x", "")]);
        assert_eq!(known.info(MetricId(u32::MAX)).unwrap().title, "·[2J");
        assert_eq!(known.info(MetricId(7)).unwrap().title, "x");
        assert_eq!((known.info(MetricId(0)), known.learning_rate_metric()), (None, Some(MetricId(u32::MAX))));
    }

    #[test]
    fn parts_that_are_held_out_share_the_column_of_the_minibatches() {
        let mut known = KnownMetrics::default();
        let metrics = ["train/loss", "val/loss", "test/loss", "test/accuracy"];
        let metrics: Vec<MetricInfo> = (0..).zip(metrics).map(|(id, tag)| MetricInfo::new(id, tag, "")).collect();
        known.add_metric_infos(&metrics);
        assert_eq!(known.choose_column_metrics(2), (vec![MetricId(0)], vec![MetricId(1), MetricId(2)]));
    }
}
