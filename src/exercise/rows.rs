//! The one table of the exercise's experiments and of their figures.
//!
//! "Published" is the single run of the original write-up. "Reference" is `PyTorch` 2.15 on CIFAR-10 images that were
//! decoded from JPEG copies, a few random seeds each. A row counts the best accuracy and the lowest loss of all its
//! evaluations on the 10,000 test images.

/// Accuracy in percent and loss in nats, on the test images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccuracyAndLoss {
    /// Best accuracy in percent.
    pub accuracy: f64,
    /// Lowest loss in nats.
    pub loss: f64,
}

/// An experiment of the exercise.
#[derive(Debug)]
pub struct ExerciseRow {
    /// The preset that runs it.
    pub preset: &'static str,
    /// The network as the write-up calls it.
    pub model: &'static str,
    /// How its weights begin.
    pub init: &'static str,
    /// The optimizer.
    pub optimizer: &'static str,
    /// The learning rate as it is written.
    pub learning_rate: &'static str,
    /// What the write-up states.
    pub published: AccuracyAndLoss,
    /// Best accuracies of the reference's seeds in percent.
    pub reference_accuracies: &'static [f64],
    /// Lowest losses of the reference's seeds.
    pub reference_losses: &'static [f64],
}

/// Spread of the reference's accuracies up to which it counts as small.
const MAX_SMALL_SPREAD: f64 = 0.3;

/// A loss above this one is large: it moves more from seed to seed.
const MIN_LARGE_LOSS: f64 = 3.0;

impl ExerciseRow {
    /// Means of the reference's seeds.
    pub fn reference(&self) -> AccuracyAndLoss {
        AccuracyAndLoss { accuracy: mean(self.reference_accuracies), loss: mean(self.reference_losses) }
    }

    /// The row called `name`.
    pub fn find(name: &str) -> Option<&'static Self> {
        EXERCISE_ROWS.iter().find(|row| row.preset == name)
    }

    /// Whether it is the convolutional network, which takes most of an hour where an MLP takes a minute.
    pub fn is_convolutional(&self) -> bool {
        self.reference_accuracies.len() == 1
    }

    /// How many points the mean accuracy may differ from the reference's mean.
    pub fn accuracy_tolerance(&self) -> f64 {
        let (least, most) = extremes(self.reference_accuracies);
        if self.is_convolutional() {
            1.5
        } else if most - least <= MAX_SMALL_SPREAD {
            0.5
        } else {
            1.0
        }
    }

    /// How much the mean loss may differ from the reference's mean; `None` where only the accuracy counts.
    pub fn loss_tolerance(&self) -> Option<f64> {
        match self.reference().loss {
            _ if self.is_convolutional() => None,
            loss if loss > MIN_LARGE_LOSS => Some(0.2),
            _ => Some(0.03),
        }
    }
}

/// Arithmetic mean.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The least and the largest.
pub(super) fn extremes(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &value| (least.min(value), most.max(value)))
}

const ARRAY_INITIALIZATION: &str = "normal, std 1e-4, zero bias";
const FRAMEWORK_INITIALIZATION: &str = "PyTorch's default";
const ADAM_WITH_L2: &str = "Adam, L2 1e-2";

/// The rows in the order of the write-up.
pub const EXERCISE_ROWS: &[ExerciseRow] = &[
    ExerciseRow {
        preset: "mlp-100",
        model: "array MLP 100",
        init: ARRAY_INITIALIZATION,
        optimizer: "SGD",
        learning_rate: "2e-3",
        published: AccuracyAndLoss { accuracy: 46.86, loss: 1.51 },
        reference_accuracies: &[47.83, 48.44, 47.34],
        reference_losses: &[1.517, 1.471, 1.497],
    },
    ExerciseRow {
        preset: "mlp-10",
        model: "array MLP 10",
        init: ARRAY_INITIALIZATION,
        optimizer: "SGD",
        learning_rate: "2e-3",
        published: AccuracyAndLoss { accuracy: 39.38, loss: 1.68 },
        reference_accuracies: &[40.82, 39.86, 40.08],
        reference_losses: &[1.686, 1.672, 1.669],
    },
    ExerciseRow {
        preset: "mlp-200",
        model: "array MLP 200",
        init: ARRAY_INITIALIZATION,
        optimizer: "SGD",
        learning_rate: "1e-3",
        published: AccuracyAndLoss { accuracy: 50.37, loss: 1.42 },
        reference_accuracies: &[49.93, 50.00, 49.24],
        reference_losses: &[1.429, 1.428, 1.433],
    },
    ExerciseRow {
        preset: "mlp-80-50",
        model: "array MLP 80,50",
        init: ARRAY_INITIALIZATION,
        optimizer: "SGD",
        learning_rate: "1e-5",
        published: AccuracyAndLoss { accuracy: 11.17, loss: 2.30 },
        reference_accuracies: &[12.63, 11.65, 10.49],
        reference_losses: &[2.303, 2.303, 2.303],
    },
    ExerciseRow {
        preset: "torch-mlp-100",
        model: "framework MLP 100",
        init: FRAMEWORK_INITIALIZATION,
        optimizer: "SGD",
        learning_rate: "2e-3",
        published: AccuracyAndLoss { accuracy: 45.58, loss: 1.61 },
        reference_accuracies: &[44.01, 43.55, 43.75],
        reference_losses: &[1.617, 1.609, 1.626],
    },
    ExerciseRow {
        preset: "torch-mlp-10",
        model: "framework MLP 10",
        init: FRAMEWORK_INITIALIZATION,
        optimizer: "SGD",
        learning_rate: "2e-3",
        published: AccuracyAndLoss { accuracy: 39.52, loss: 1.70 },
        reference_accuracies: &[39.47, 38.67, 38.85],
        reference_losses: &[1.695, 1.704, 1.694],
    },
    ExerciseRow {
        preset: "torch-mlp-200",
        model: "framework MLP 200",
        init: FRAMEWORK_INITIALIZATION,
        optimizer: "SGD",
        learning_rate: "1e-3",
        published: AccuracyAndLoss { accuracy: 49.11, loss: 1.52 },
        reference_accuracies: &[46.45, 46.83, 46.62],
        reference_losses: &[1.571, 1.539, 1.558],
    },
    ExerciseRow {
        preset: "torch-mlp-80-50",
        model: "framework MLP 80,50",
        init: FRAMEWORK_INITIALIZATION,
        optimizer: "SGD",
        learning_rate: "1e-5",
        published: AccuracyAndLoss { accuracy: 31.08, loss: 2.26 },
        reference_accuracies: &[23.16, 21.90, 24.13],
        reference_losses: &[3.168, 3.225, 3.174],
    },
    ExerciseRow {
        preset: "torch-mlp-500-300",
        model: "framework MLP 500,300",
        init: FRAMEWORK_INITIALIZATION,
        optimizer: "SGD",
        learning_rate: "1e-3",
        published: AccuracyAndLoss { accuracy: 48.72, loss: 1.58 },
        reference_accuracies: &[46.85, 45.91, 46.92],
        reference_losses: &[1.584, 1.600, 1.597],
    },
    ExerciseRow {
        preset: "torch-mlp-300",
        model: "framework MLP 300",
        init: FRAMEWORK_INITIALIZATION,
        optimizer: "SGD",
        learning_rate: "1e-5",
        published: AccuracyAndLoss { accuracy: 33.27, loss: 4.25 },
        reference_accuracies: &[29.09, 30.04, 28.96],
        reference_losses: &[5.890, 5.897, 6.102],
    },
    ExerciseRow {
        preset: "torch-mlp-300-adam",
        model: "framework MLP 300",
        init: FRAMEWORK_INITIALIZATION,
        optimizer: ADAM_WITH_L2,
        learning_rate: "1e-3",
        published: AccuracyAndLoss { accuracy: 48.46, loss: 1.63 },
        reference_accuracies: &[46.77, 47.21, 47.06],
        reference_losses: &[1.636, 1.628, 1.627],
    },
    ExerciseRow {
        preset: "torch-mlp-500-300-adam",
        model: "framework MLP 500,300",
        init: FRAMEWORK_INITIALIZATION,
        optimizer: ADAM_WITH_L2,
        learning_rate: "1e-3",
        published: AccuracyAndLoss { accuracy: 47.66, loss: 1.49 },
        reference_accuracies: &[46.84, 47.18, 46.90],
        reference_losses: &[1.497, 1.510, 1.513],
    },
    ExerciseRow {
        preset: "torch-mlp-600-300-100-adam",
        model: "framework MLP 600,300,100",
        init: FRAMEWORK_INITIALIZATION,
        optimizer: ADAM_WITH_L2,
        learning_rate: "1e-4",
        published: AccuracyAndLoss { accuracy: 53.55, loss: 1.43 },
        reference_accuracies: &[51.00, 50.92, 51.12],
        reference_losses: &[1.429, 1.436, 1.431],
    },
    ExerciseRow {
        preset: "cnn",
        model: "CNN",
        init: FRAMEWORK_INITIALIZATION,
        optimizer: "Adam",
        learning_rate: "1e-4",
        published: AccuracyAndLoss { accuracy: 77.08, loss: 0.66 },
        reference_accuracies: &[75.19],
        reference_losses: &[0.722],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, PRESETS, Preset};

    #[test]
    fn each_row_is_a_preset_that_says_the_same() {
        for row in EXERCISE_ROWS {
            let preset = Preset::find(row.preset).unwrap();
            let config = Config::load(Some(preset), None, &[]).unwrap();
            assert_eq!(
                config.optimizer.learning_rate.to_string(),
                row.learning_rate.parse::<f64>().unwrap().to_string()
            );
            let kind = row.optimizer.split(',').next().unwrap().to_lowercase();
            assert_eq!(config.optimizer.kind.name(), kind, "{}", row.preset);
            assert_eq!(config.optimizer.weight_decay, if row.optimizer == ADAM_WITH_L2 { 1e-2 } else { 0.0 });
            assert_eq!(
                config.model.init.to_string(),
                if row.init == ARRAY_INITIALIZATION { "normal 1e-4" } else { "pytorch" }
            );
            let (batch, steps, every) = if row.is_convolutional() { (32, 5000, 500) } else { (200, 1500, 100) };
            assert_eq!(
                (config.run.batch_size, config.run.steps, config.run.evaluate_every),
                (batch, Some(steps), Some(every))
            );
            assert_eq!(config.data.preprocessing.to_string(), "mean_image");
            assert_eq!(config.schedule.to_string(), "constant", "{}", row.preset);
            assert!(config.data.augment.is_empty() && config.model.label_smoothing == 0.0);
            assert_eq!((config.optimizer.clip_norm, config.optimizer.ema), (None, None));
            if kind == "sgd" {
                assert_eq!(config.optimizer.momentum, 0.0, "{}", row.preset);
            }
        }
        assert!(PRESETS.len() > EXERCISE_ROWS.len());
    }

    #[test]
    fn the_hidden_layers_of_each_row_are_those_of_its_name() {
        for row in EXERCISE_ROWS.iter().filter(|row| !row.is_convolutional()) {
            let config = Config::load(Some(Preset::find(row.preset).unwrap()), None, &[]).unwrap();
            let hidden = row.model.rsplit(' ').next().unwrap();
            let layers: Vec<String> = hidden.split(',').map(|units| format!("linear {units}, relu, ")).collect();
            let written: Vec<String> = config.model.layers.iter().map(ToString::to_string).collect();
            assert_eq!(written.join(", "), format!("{}linear 10", layers.concat()));
        }
    }

    #[test]
    fn tolerances_follow_the_reference() {
        let of = |name| {
            let row = ExerciseRow::find(name).unwrap();
            (row.accuracy_tolerance(), row.loss_tolerance())
        };
        assert_eq!(of("mlp-100"), (1.0, Some(0.03)));
        assert_eq!(of("torch-mlp-600-300-100-adam"), (0.5, Some(0.03)));
        assert_eq!(of("torch-mlp-300"), (1.0, Some(0.2)));
        assert_eq!(of("torch-mlp-80-50"), (1.0, Some(0.2)));
        assert_eq!(of("cnn"), (1.5, None));
    }
}
