//! The plain description of an optimizer.

use super::{SettingError, range::check_hyperparameter};

/// An optimizer with its hyperparameters, all but the learning rate, which is given at each step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptimizerSpec {
    /// Stochastic gradient descent.
    Sgd {
        /// Share of the last update that goes on, from 0 to below 1.
        momentum: f64,
        /// Whether the gradient is applied as if the momentum had been already (Nesterov 1983).
        nesterov: bool,
        /// Multiple of the weights that is added to the gradient.
        weight_decay: f64,
    },
    /// Adam (Kingma and Ba 2015), weight decay added to the gradient.
    Adam {
        /// Decay of the mean of gradients.
        beta1: f64,
        /// Decay of the mean of their squares.
        beta2: f64,
        /// Added to the square root of that mean.
        epsilon: f64,
        /// Multiple of the weights that is added to the gradient.
        weight_decay: f64,
    },
    /// `RMSprop` (Hinton 2012), weight decay added to the gradient.
    RmsProp {
        /// Decay of the mean of squared gradients.
        alpha: f64,
        /// Added to the square root of that mean.
        epsilon: f64,
        /// Share of the last update that goes on, from 0 to below 1.
        momentum: f64,
        /// Multiple of the weights that is added to the gradient.
        weight_decay: f64,
    },
    /// Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019).
    AdamW {
        /// Decay of the mean of gradients.
        beta1: f64,
        /// Decay of the mean of their squares.
        beta2: f64,
        /// Added to the square root of that mean.
        epsilon: f64,
        /// Share of the weights, times the learning rate, that each step takes away.
        weight_decay: f64,
    },
}

impl OptimizerSpec {
    /// Stochastic gradient descent and nothing else.
    pub const SGD: Self = Self::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };

    /// Adam with the usual hyperparameters.
    pub const ADAM: Self = Self::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };

    /// `RMSprop` with the usual hyperparameters.
    pub const RMS_PROP: Self = Self::RmsProp { alpha: 0.99, epsilon: 1e-8, momentum: 0.0, weight_decay: 0.0 };

    /// `AdamW` with the usual hyperparameters.
    pub const ADAM_W: Self = Self::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 };

    /// Its name, for people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgd { .. } => "SGD",
            Self::Adam { .. } => "Adam",
            Self::RmsProp { .. } => "RMSprop",
            Self::AdamW { .. } => "AdamW",
        }
    }

    /// The hyperparameters that are numbers, by name.
    pub fn hyperparameters(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Self::Sgd { momentum, weight_decay, .. } => vec![("momentum", momentum), ("weight_decay", weight_decay)],
            Self::RmsProp { alpha, epsilon, momentum, weight_decay } => {
                vec![("alpha", alpha), ("epsilon", epsilon), ("momentum", momentum), ("weight_decay", weight_decay)]
            }
            Self::Adam { beta1, beta2, epsilon, weight_decay }
            | Self::AdamW { beta1, beta2, epsilon, weight_decay } => {
                vec![("beta1", beta1), ("beta2", beta2), ("epsilon", epsilon), ("weight_decay", weight_decay)]
            }
        }
    }

    /// Whether it keeps a mean of the squared gradients of each weight.
    pub fn averages_squares(&self) -> bool {
        match self {
            Self::Sgd { .. } => false,
            Self::RmsProp { .. } | Self::Adam { .. } | Self::AdamW { .. } => true,
        }
    }

    /// Sets a hyperparameter by name.
    ///
    /// # Errors
    ///
    /// If there is none of that name, or the value lies outside of its range; then nothing changes.
    pub fn set_hyperparameter(&mut self, key: &str, value: f64) -> Result<(), SettingError> {
        let valid: Vec<&'static str> = self.hyperparameters().iter().map(|(name, _)| *name).collect();
        let Some(&name) = valid.iter().find(|name| **name == key) else {
            return Err(SettingError::Unknown { key: key.into(), valid });
        };
        check_hyperparameter(name, value)?;
        match self {
            Self::Sgd { momentum, .. } | Self::RmsProp { momentum, .. } if key == "momentum" => *momentum = value,
            Self::RmsProp { alpha, .. } if key == "alpha" => *alpha = value,
            Self::Adam { beta1, .. } | Self::AdamW { beta1, .. } if key == "beta1" => *beta1 = value,
            Self::Adam { beta2, .. } | Self::AdamW { beta2, .. } if key == "beta2" => *beta2 = value,
            Self::RmsProp { epsilon, .. } | Self::Adam { epsilon, .. } | Self::AdamW { epsilon, .. }
                if key == "epsilon" =>
            {
                *epsilon = value;
            }
            Self::Sgd { weight_decay, .. }
            | Self::RmsProp { weight_decay, .. }
            | Self::Adam { weight_decay, .. }
            | Self::AdamW { weight_decay, .. }
                if key == "weight_decay" =>
            {
                *weight_decay = value;
            }
            _ => return Err(SettingError::Unknown { key: key.into(), valid }),
        }
        Ok(())
    }

    /// Checks all hyperparameters.
    ///
    /// # Errors
    ///
    /// Names the first that lies outside of its range. Nesterov's method needs momentum to begin with.
    pub fn validate(&self) -> Result<(), SettingError> {
        self.hyperparameters().into_iter().try_for_each(|(key, value)| check_hyperparameter(key, value))?;
        match self {
            Self::Sgd { momentum: 0.0, nesterov: true, .. } => Err(SettingError::NesterovWithoutMomentum),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hyperparameter_can_be_set_and_has_a_range() {
        for spec in [OptimizerSpec::SGD, OptimizerSpec::RMS_PROP, OptimizerSpec::ADAM, OptimizerSpec::ADAM_W] {
            assert_eq!(spec.validate(), Ok(()));
            for (key, value) in spec.hyperparameters() {
                assert!(super::super::hyperparameter_range(key).unwrap().contains(value), "{key}");
                let mut changed = spec;
                changed.set_hyperparameter(key, 0.25).unwrap();
                let expected: Vec<_> =
                    spec.hyperparameters().into_iter().map(|(k, v)| (k, if k == key { 0.25 } else { v })).collect();
                assert_eq!(changed.hyperparameters(), expected);
            }
        }
    }

    #[test]
    fn what_is_refused_changes_nothing_and_says_what_is_valid() {
        let mut spec = OptimizerSpec::SGD;
        let error = spec.set_hyperparameter("momentom", 0.9).unwrap_err().to_string();
        assert_eq!(error, "this optimizer has no `momentom`; did you mean `momentum`? valid: momentum, weight_decay");
        assert_eq!(
            spec.set_hyperparameter("momentum", 1.0).unwrap_err().to_string(),
            "`momentum` is 1, but must be from 0 to below 1"
        );
        assert!(spec.set_hyperparameter("weight_decay", f64::NAN).is_err());
        assert_eq!(spec, OptimizerSpec::SGD);
        let nesterov = OptimizerSpec::Sgd { momentum: 0.0, nesterov: true, weight_decay: 0.0 };
        assert_eq!(nesterov.validate(), Err(SettingError::NesterovWithoutMomentum));
    }
}
