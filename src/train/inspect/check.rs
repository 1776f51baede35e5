//! A layer's gradients against central differences, live.

use crate::{
    nn::{
        LayerInfo, LayerSpec, Mode, Network, Shape,
        gradcheck::{Comparison, LayerCheck, TOLERANCE},
    },
    protocol::inspection::{Difference, GradientCheck, Verdict},
    train::Trainer,
};

/// Elements with the largest gradients that are compared of each parameter, and as many by chance.
const MOST_ELEMENTS: usize = 8;

/// Fewest samples that a loss is taken of, if the minibatch has as many: batch normalization needs some.
const FEWEST_SAMPLES: usize = 4;

/// Multiplications of a forward pass that are not worth leaving out samples for: some ten milliseconds.
const CHEAP_PASS: usize = 200_000_000;

/// Multiplications of a whole check, at most: some seconds.
const WHOLE_CHECK: usize = 40_000_000_000;

/// Forward passes for one element.
const PASSES: usize = 19;

/// A check under way.
pub struct Check {
    elements: LayerCheck,
    report: GradientCheck,
}

impl Trainer {
    /// Begins to check a layer's gradients of the minibatch in hand on a copy of the network in `f64`.
    ///
    /// How many samples and elements are used depends on the layers alone.
    ///
    /// # Errors
    /// When there is no such layer, or it has no parameters; the reason says which have.
    pub fn gradient_check(&mut self, layer: usize) -> Result<Check, String> {
        self.check_layer_with_parameters(layer)?;
        // After the last phase of a walk the minibatch just trained is still the one in hand.
        let step = self.walked_minibatch() - 1;
        let infos = self.network.layer_infos();
        let (pass, rest) = (multiplications(infos), multiplications(&infos[layer..]));
        let epoch = step / self.batches.steps_per_epoch();
        let indices = self.batches.indices(step);
        let samples = (CHEAP_PASS / pass.max(1)).max(FEWEST_SAMPLES).min(indices.len());
        let most = WHOLE_CHECK / (PASSES * rest * samples).max(1);
        let tensors = self.network.parameters().filter(|parameter| parameter.layer == layer).count();
        let most = (most / (2 * tensors)).clamp(1, MOST_ELEMENTS);

        let (shape, classes) = (Shape::new(self.data.shape.clone()), self.data.classes.len());
        let pool = self.network.pool().clone();
        let mut network = Network::<f64>::new(&self.spec, &shape, classes, samples, self.seed, pool)
            .map_err(|error| error.to_string())?;
        network.copy_weights_from(&self.network);
        let indices = &indices[..samples];
        let mut labels = vec![0; samples];
        self.data.train.labels(indices, &mut labels);
        let mut input = network.input_mut(samples);
        self.data.train.gather_augmented(indices, self.seed, epoch, input.as_slice_mut().unwrap_or_default());
        let elements = LayerCheck::new(network, labels, Mode::Train { step }, layer, most);
        let report = GradientCheck {
            layer,
            done: 0,
            planned: elements.left(),
            parameters: self.network.layer_infos()[layer].parameters,
            samples,
            skipped: 0,
            tolerance: TOLERANCE,
            worst: None,
            verdict: None,
        };
        Ok(Check { elements, report })
    }
}

impl Check {
    /// Compares one more element, and gives how far the check is; with the last, its verdict.
    pub fn advance(&mut self) -> &GradientCheck {
        if let Some(comparison) = self.elements.next() {
            self.take(comparison);
        }
        if self.elements.left() == 0 {
            self.report.verdict = Some(match &self.report.worst {
                None => Verdict::Undecided,
                Some(worst) if worst.relative_error <= TOLERANCE => Verdict::Passed,
                Some(_) => Verdict::Failed,
            });
        }
        &self.report
    }

    /// Ends the check before its time.
    pub fn interrupt(&mut self) -> &GradientCheck {
        self.report.verdict.get_or_insert(Verdict::Interrupted);
        &self.report
    }

    fn take(&mut self, found: Comparison) {
        self.report.done += 1;
        let Some(numeric) = found.numeric else {
            self.report.skipped += 1;
            return;
        };
        // A NaN is the largest error there is.
        let worse = self
            .report
            .worst
            .as_ref()
            .is_none_or(|worst| found.relative_error > worst.relative_error || found.relative_error.is_nan());
        if worse {
            self.report.worst = Some(Difference {
                parameter: found.tensor,
                index: found.index,
                by_hand: found.analytic,
                numeric,
                relative_error: found.relative_error,
            });
        }
    }
}

/// Multiplications of a forward pass of one sample through some layers, roughly.
fn multiplications(infos: &[LayerInfo]) -> usize {
    let of = |info: &LayerInfo| {
        let places = match (&info.spec, info.output.dimensions()) {
            (LayerSpec::Conv { .. } | LayerSpec::Residual { .. }, &[_, height, width]) => height * width,
            _ => 1,
        };
        (info.parameters * places).max(info.output.features())
    };
    infos.iter().map(of).sum()
}
