//! A layer's gradients against central differences, while the run goes on.

use crate::{
    dataset::Dataset,
    nn::{
        LayerSpec, Mode, Network, NetworkSpec, PlacedLayer, Shape,
        gradcheck::{ElementComparison, LayerCheck, PASSES_PER_ELEMENT, TOLERANCE, Verdict},
    },
    protocol::inspection::{CheckVerdict, GradientCheck, GradientDifference},
    train::minibatch::Minibatch,
};

/// Elements with the largest gradients that are compared of each parameter, and as many by chance.
const MAX_ELEMENTS: usize = 8;

/// Fewest samples that a loss is taken of, if the minibatch has as many: batch normalization needs some.
const MIN_SAMPLES: usize = 4;

/// Multiplications of a forward pass that are not worth leaving out samples for: some ten milliseconds.
const CHEAP_PASS_MULTIPLICATIONS: usize = 200_000_000;

/// Multiplications of a whole check, at most: some seconds.
const MAX_CHECK_MULTIPLICATIONS: usize = 40_000_000_000;

/// A gradient check under way.
pub struct RunningCheck {
    elements: LayerCheck,
    worst_verdict: Verdict,
    report: GradientCheck,
}

impl RunningCheck {
    /// Begins to check the gradients of a layer with parameters, of the minibatch that the walk is in, on a copy of the
    /// network in `f64`.
    ///
    /// How many samples and elements are used depends on the layers alone.
    ///
    /// # Errors
    /// When the copy can't be built.
    pub(in crate::train) fn new(
        trained: &Network<f32>,
        spec: &NetworkSpec,
        minibatch: &mut Minibatch,
        data: &Dataset,
        layer: usize,
    ) -> Result<Self, String> {
        let infos = trained.layer_infos();
        let (pass, rest) = (count_multiplications(infos), count_multiplications(&infos[layer..]));
        // After the last phase of a walk the minibatch just trained is still the one that is shown.
        let number = minibatch.walked_number();
        let available = minibatch.indices(number).len();
        let samples = (CHEAP_PASS_MULTIPLICATIONS / pass.max(1)).max(MIN_SAMPLES).min(available);
        let most = MAX_CHECK_MULTIPLICATIONS / (PASSES_PER_ELEMENT * rest * samples).max(1);
        let tensors = trained.parameters().filter(|parameter| parameter.layer == layer).count();
        let most = (most / (2 * tensors)).clamp(1, MAX_ELEMENTS);

        let (shape, classes) = (Shape::new(data.shape.clone()), data.classes.len());
        // Dropout's masks follow from the seed.
        let (seed, pool) = (minibatch.seed(), trained.pool().clone());
        let mut network =
            Network::<f64>::new(spec, &shape, classes, samples, seed, pool).map_err(|error| error.to_string())?;
        network.copy_weights_from(trained);
        let mut labels = vec![0; samples];
        let mut input = network.input_mut(samples);
        minibatch.copy_samples(&data.train, input.as_slice_mut().unwrap_or_default(), &mut labels);
        let elements = LayerCheck::new(network, labels, Mode::Train { step: number - 1 }, layer, most);
        let report = GradientCheck {
            layer,
            done: 0,
            planned: elements.elements_left(),
            parameters: infos[layer].parameters,
            samples,
            skipped: 0,
            tolerance: TOLERANCE,
            worst: None,
            verdict: None,
        };
        Ok(Self { elements, worst_verdict: Verdict::Passed, report })
    }

    /// Compares one more element, and gives how far the check is; with the last, its verdict.
    pub fn advance(&mut self) -> &GradientCheck {
        if let Some(comparison) = self.elements.next() {
            self.take_comparison(comparison);
        }
        if self.elements.elements_left() == 0 {
            self.report.verdict = Some(match self.worst_verdict {
                Verdict::Passed => CheckVerdict::Passed,
                Verdict::Undecided => CheckVerdict::Undecided,
                Verdict::Failed => CheckVerdict::Failed,
            });
        }
        &self.report
    }

    /// Ends the check before its time.
    pub fn interrupt(&mut self) -> &GradientCheck {
        self.report.verdict.get_or_insert(CheckVerdict::Interrupted);
        &self.report
    }

    fn take_comparison(&mut self, found: ElementComparison) {
        self.report.done += 1;
        let verdict = found.verdict(TOLERANCE);
        self.worst_verdict = self.worst_verdict.max(verdict);
        if verdict == Verdict::Undecided {
            self.report.skipped += 1;
            return;
        }
        // A NaN is the largest error there is.
        let worse = self
            .report
            .worst
            .as_ref()
            .is_none_or(|worst| found.relative_error > worst.relative_error || found.relative_error.is_nan());
        if worse {
            self.report.worst = Some(GradientDifference {
                parameter: found.tensor,
                index: found.index,
                by_hand: found.analytic,
                numeric: found.numeric,
                relative_error: found.relative_error,
            });
        }
    }
}

/// Multiplications of a forward pass of one sample through some layers, roughly.
fn count_multiplications(infos: &[PlacedLayer]) -> usize {
    let of = |info: &PlacedLayer| {
        let places = match (&info.spec, info.output.dimensions()) {
            (LayerSpec::Conv { .. } | LayerSpec::Residual { .. }, &[_, height, width]) => height * width,
            _ => 1,
        };
        (info.parameters * places).max(info.output.features())
    };
    infos.iter().map(of).sum()
}
