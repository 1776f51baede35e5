//! What a trained network predicts for samples that are ready for it, and how that is written.

use std::{num::NonZeroUsize, ops::Range, sync::Arc};

use crate::{
    dataset::{DataSplit, SamplePreparation},
    nn::{BuildError, LossReport, Mode, Network, NetworkSpec, Pool, Shape},
    tensors::{TensorError, TensorState, Tensors},
};

mod writing;

pub use writing::{PredictionFormat, PredictionWriter, SamplePrediction};

/// Samples of a batch, at most, as in the evaluations of a training.
const MAX_BATCH_SAMPLES: usize = 256;

/// A trained network that predicts, in batches as an evaluation during its training.
pub struct Predictor {
    network: Network<f32>,
    classes: usize,
    batch: usize,
}

/// Why a network can't be made from what was stored.
#[derive(Debug, thiserror::Error)]
pub enum PredictorError {
    /// Its layers do not fit the samples.
    #[error(transparent)]
    Network(#[from] BuildError),
    /// Its weights do not fit the layers.
    #[error(transparent)]
    Weights(#[from] TensorError),
}

/// What a network predicts for a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The class with the largest logit; `None` if the probabilities are no numbers, as those of a network that diverged.
    pub class: Option<u8>,
    /// The probability of each class.
    pub probabilities: Vec<f32>,
}

/// How well a network predicts samples whose classes are known.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionScore {
    /// Number of samples.
    pub samples: usize,
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// Samples that were predicted correctly.
    pub correct: usize,
    /// For each true class the samples that were taken for each class; those without a prediction are in none.
    pub confusion: Vec<Vec<u64>>,
}

impl PredictionScore {
    /// Share of the samples that were predicted correctly.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.samples as f64
    }
}

impl Predictor {
    /// The network of a specification with these weights, for samples that are made ready in this way. Batches have as
    /// many samples as the buffers it was trained with hold, `buffer_samples`, so that an evaluation gives the same bits.
    ///
    /// # Errors
    /// When layers, samples and weights do not fit each other.
    pub fn new(
        spec: &NetworkSpec,
        preparation: &SamplePreparation,
        weights: &Tensors,
        buffer_samples: usize,
        threads: NonZeroUsize,
    ) -> Result<Self, PredictorError> {
        let classes = preparation.classes().len();
        let batch = buffer_samples.clamp(1, MAX_BATCH_SAMPLES);
        let pool = Arc::new(Pool::new(threads));
        let mut network = Network::new(spec, &Shape::new(preparation.shape()), classes, batch, 0, pool)?;
        network.load(weights)?;
        weights.reject_unknown_names(|name| network.tensor_names().any(|known| known == name))?;
        Ok(Self { network, classes, batch })
    }

    /// Predicts every sample, in order.
    pub fn predict(&mut self, samples: &DataSplit) -> Vec<Prediction> {
        let mut predictions = Vec::with_capacity(samples.len());
        self.for_each_batch(samples, |network, _, _| {
            let probabilities = network.probabilities();
            let samples = probabilities.rows().into_iter().map(|row| row.to_vec()).zip(predicted_classes(network));
            predictions.extend(samples.map(|(probabilities, class)| Prediction { class, probabilities }));
        });
        predictions
    }

    /// Compares the predictions with the labels of the samples, of which there is at least one.
    pub fn evaluate(&mut self, samples: &DataSplit) -> PredictionScore {
        let mut confusion = vec![vec![0; self.classes]; self.classes];
        let (mut loss, mut correct) = (0.0, 0);
        self.for_each_batch(samples, |network, labels, report| {
            loss += report.loss * labels.len() as f64;
            correct += report.correct;
            for (class, &label) in predicted_classes(network).zip(labels) {
                if let Some(class) = class {
                    confusion[usize::from(label)][usize::from(class)] += 1;
                }
            }
        });
        let samples = samples.len();
        PredictionScore { samples, loss: loss / samples as f64, correct, confusion }
    }

    /// Shows each batch with its labels and its loss.
    fn for_each_batch(&mut self, samples: &DataSplit, mut look: impl FnMut(&Network<f32>, &[u8], LossReport)) {
        let (mut indices, mut labels) = (Vec::new(), Vec::new());
        for from in (0..samples.len()).step_by(self.batch) {
            let batch: Range<usize> = from..(from + self.batch).min(samples.len());
            indices.clear();
            indices.extend(batch.map(|index| index as u32));
            labels.resize(indices.len(), 0);
            samples.gather_labels(&indices, &mut labels);
            self.network.fill_input(indices.len(), |rows, values| samples.gather(&indices[rows], values));
            self.network.forward(Mode::Evaluate);
            let report = self.network.loss(&labels);
            look(&self.network, &labels, report);
        }
    }
}

/// The class of each sample of the last loss, which its accuracy counts: that of the largest logit, the first of equal
/// ones; `None` if a probability is no number.
fn predicted_classes(network: &Network<f32>) -> impl Iterator<Item = Option<u8>> {
    let (logits, probabilities) = (network.logits(), network.probabilities());
    let classes = (0..logits.nrows()).map(|sample| {
        let is_number = probabilities.row(sample).iter().all(|probability| !probability.is_nan());
        is_number.then(|| first_largest(logits.row(sample).iter().copied()))
    });
    classes.collect::<Vec<_>>().into_iter()
}

/// Place of the largest value, the first of equal ones.
fn first_largest(values: impl Iterator<Item = f32>) -> u8 {
    let places = (0_u8..=u8::MAX).zip(values);
    places.reduce(|best, next| if next.1 > best.1 { next } else { best }).map_or(0, |(place, _)| place)
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::{
        dataset::{DataSpec, Dataset, Source, load},
        nn::LayerSpec,
        tensors::{Precision, Writer},
    };

    /// A network whose logits are the same for every sample of `data`.
    fn constant_network(data: &Dataset, logits: [f64; 2]) -> Predictor {
        let spec = NetworkSpec { layers: vec![LayerSpec::Linear { units: 2 }], ..NetworkSpec::default() };
        let mut weights = Writer::new(Precision::F32);
        weights.push("0.weight", &[2, 2], [0.0; 4]);
        weights.push("0.bias", &[2], logits);
        Predictor::new(&spec, &data.preparation, &weights.into_tensors().unwrap(), 64, NonZeroUsize::MIN).unwrap()
    }

    #[test]
    fn the_class_is_that_of_the_largest_logit_as_the_accuracy_counts_it() {
        let spec = DataSpec { source: Source::parse("moons"), ..DataSpec::default() };
        let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
        let mut labels = vec![0; data.test.len()];
        data.test.gather_labels(&(0..data.test.len() as u32).collect::<Vec<_>>(), &mut labels);
        // The first three pairs differ by less than their probabilities can.
        for (logits, class) in [
            ([1e-9, 2e-9], Some(1)),
            ([2e-9, 1e-9], Some(0)),
            ([0.0, 1e-30], Some(1)),
            ([3.0, 3.0], Some(0)),
            ([0.0, f64::NAN], None),
        ] {
            let mut predictor = constant_network(&data, logits);
            let predictions = predictor.predict(&data.test);
            assert_eq!(predictions.len(), data.test.len());
            assert!(predictions.iter().all(|prediction| prediction.class == class), "{logits:?}");
            if class.is_some() && logits[0] < 3.0 {
                assert_eq!(predictions[0].probabilities, [0.5, 0.5], "{logits:?}");
            }
            let score = predictor.evaluate(&data.test);
            let expected = labels.iter().filter(|&&label| Some(label) == class).count();
            let on_diagonal = (0..2).map(|class| score.confusion[class][class]).sum::<u64>();
            assert_eq!((score.correct, on_diagonal), (expected, expected as u64), "{logits:?}");
        }
    }
}
