//! Right gradients pass, wrong ones fail, and what can't be told apart is undecided.

mod random_networks;

use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use super::{suite::CheckCase, *};
use crate::nn::{
    Init, Parameter,
    layers::{Layer, PassContext},
};

fn spec(layers: &[&str], init: Init) -> NetworkSpec {
    NetworkSpec { layers: layers.iter().map(|text| text.parse().unwrap()).collect(), init, ..NetworkSpec::default() }
}

#[track_caller]
fn passes(spec: &NetworkSpec, input: usize, classes: usize, batch: usize, seed: u64) {
    let report = check_gradients(spec, &Shape::new([input]), classes, batch, seed).unwrap();
    let verdict = report.verdict(TOLERANCE);
    assert_eq!(verdict, Verdict::Passed, "{spec:?} input {input} batch {batch} seed {seed}:\n{report:#?}");
}

#[test]
fn every_layer_and_the_loss_pass() {
    for layer in ["relu", "leaky_relu 0.01", "leaky_relu 0.3", "tanh", "sigmoid", "dropout 0.4", "linear 7"] {
        for seed in 0..5 {
            passes(&spec(&["linear 9", layer, "linear 4"], Init::PyTorch), 6, 4, 5, seed);
            passes(&spec(&[layer, "linear 4"], Init::He), 6, 4, 3, seed);
        }
    }
    passes(&spec(&["linear 3"], Init::Xavier), 5, 3, 1, 0);
}

#[test]
fn every_layer_of_an_image_passes() {
    for layers in [
        &["conv 3 3x3 pad 1", "tanh", "linear 4"][..],
        &["conv 3 2x3 stride 2 pad 1", "relu", "conv 2 1x1", "linear 4"],
        &["conv 4 3x3 pad 1", "batchnorm", "relu", "maxpool 3 stride 2 pad 1", "linear 4"],
        &["batchnorm", "conv 4 3x3", "silu", "avgpool 2 stride 1 pad 1", "flatten", "linear 4"],
        &["conv 4 3x3", "gelu", "global_avgpool", "linear 4"],
        &["conv 4 3x3", "elu 0.5", "conv 4 2x2", "global_avgpool"],
        &["residual [conv 2 3x3 pad 1, batchnorm, relu, conv 2 3x3 pad 1, batchnorm]", "relu", "linear 4"],
        &["residual [conv 3 3x3 stride 2 pad 1, relu, dropout 0.2]", "maxpool 2", "linear 4"],
        &["flatten", "residual [linear 9, elu, linear 5]", "batchnorm", "leaky_relu", "linear 4"],
    ] {
        for seed in 0..3 {
            let report = check_gradients(&spec(layers, Init::PyTorch), &Shape::new([2, 6, 5]), 4, 4, seed).unwrap();
            assert_eq!(report.verdict(TOLERANCE), Verdict::Passed, "{layers:?} seed {seed}:\n{report:#?}");
        }
    }
}

#[test]
fn a_smoothed_loss_passes() {
    let smoothed = NetworkSpec { label_smoothing: 0.2, ..spec(&["linear 6", "tanh", "linear 4"], Init::He) };
    passes(&smoothed, 5, 4, 3, 1);
}

#[test]
fn the_networks_of_the_experiments_pass() {
    passes(&spec(&["linear 64", "relu", "linear 32", "relu", "linear 10"], Init::PyTorch), 100, 10, 16, 1);
    // Deviation 1e-4 makes logits of about 1e-5, whose loss differs from ln 10 in the last digits only.
    let tiny = Init::Normal { std: 1e-4 };
    passes(&spec(&["linear 80", "relu", "linear 50", "relu", "linear 10"], tiny), 300, 10, 4, 2);
}

#[test]
fn kinks_are_no_obstacle_wherever_they_are() {
    for layers in [
        // Zeros of a rectifier that the next one reads, behind layers with parameters.
        &["linear 8", "relu", "residual [relu, linear 8]", "linear 3"][..],
        &["linear 8", "relu", "residual [leaky_relu, linear 8]", "linear 3"],
        &["linear 8", "relu", "residual [elu 0.5, linear 6]", "linear 3"],
        &["linear 8", "relu", "relu", "batchnorm", "relu", "residual [relu, batchnorm, relu]", "linear 3"],
    ] {
        for seed in 0..3 {
            passes(&spec(layers, Init::PyTorch), 6, 3, 4, seed);
        }
    }
    for layers in [
        // Equal values in a window: zeros, and what a convolution makes of zeros.
        &["conv 2 3x3", "relu", "maxpool 2", "conv 3 3x3 pad 1", "maxpool 2 stride 1", "linear 3"][..],
        &["conv 8 3x3 pad 1", "batchnorm", "relu", "conv 9 3x3 pad 1", "batchnorm", "relu", "maxpool 2", "linear 3"],
        &["residual [relu, maxpool 2, conv 3 1x1]", "residual [maxpool 3 stride 1 pad 1, relu]", "linear 3"],
    ] {
        let report = check_gradients(&spec(layers, Init::PyTorch), &Shape::new([2, 8, 6]), 3, 6, 1).unwrap();
        assert_eq!(report.verdict(TOLERANCE), Verdict::Passed, "{layers:?}:\n{report:#?}");
    }
}

#[test]
fn where_rounding_hides_an_error_nothing_is_decided() {
    // A gradient that twelve sigmoids after small weights have made too small to be seen in the logits.
    let layers: Vec<&str> = std::iter::repeat_n(["linear 4", "sigmoid"], 12).flatten().chain(["linear 3"]).collect();
    let vanishing = spec(&layers, Init::Normal { std: 0.05 });
    let report = check_gradients(&vanishing, &Shape::new([5]), 3, 4, 1).unwrap();
    assert_eq!(report.verdict(TOLERANCE), Verdict::Undecided, "{report:#?}");
    let verdict = |layer| report.worst_tensor_of_layer(layer, TOLERANCE).unwrap().verdict(TOLERANCE);
    assert_eq!((verdict(0), verdict(24)), (Verdict::Undecided, Verdict::Passed), "{report:#?}");
    // The weights of a batch normalization that the next one undoes, but for the small number added to its variance.
    let undone = spec(&["linear 5", "batchnorm", "batchnorm", "batchnorm", "linear 3"], Init::PyTorch);
    let report = check_gradients(&undone, &Shape::new([5]), 3, 6, 1).unwrap();
    let undecided = report.entries.iter().filter(|entry| entry.verdict(TOLERANCE) != Verdict::Passed);
    let undecided: Vec<_> = undecided.map(|entry| (entry.layer, &*entry.tensor, entry.verdict(TOLERANCE))).collect();
    assert_eq!(undecided, [(1, "weight", Verdict::Undecided)], "{report:#?}");
    // With a tolerance that rounding is below, and one that it is not.
    let report = check_gradients(&spec(&["linear 3"], Init::He), &Shape::new([5]), 3, 4, 1).unwrap();
    assert_eq!((report.verdict(1e-9), report.verdict(1e-30)), (Verdict::Passed, Verdict::Undecided), "{report:#?}");
}

#[test]
fn errors_of_the_network_are_passed_on() {
    let error = check_gradients(&spec(&["linear 4"], Init::He), &Shape::new([2]), 3, 1, 0).unwrap_err();
    assert_eq!(error.layer, Some(0));
}

/// A layer that computes as `inner` does, but whose gradients are spoilt afterwards.
struct SpoiltLayer<F> {
    inner: Box<dyn Layer<f64>>,
    spoil: F,
}

impl<F> Layer<f64> for SpoiltLayer<F>
where
    F: Fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>, &mut ArrayViewMut2<'_, f64>, &mut dyn Layer<f64>) + Send,
{
    fn forward(&mut self, x: ArrayView2<'_, f64>, y: ArrayViewMut2<'_, f64>, pass: &mut PassContext<f64>) {
        self.inner.forward(x, y, pass);
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, f64>,
        y: ArrayView2<'_, f64>,
        dy: ArrayView2<'_, f64>,
        dx: Option<ArrayViewMut2<'_, f64>>,
        pass: &mut PassContext<f64>,
    ) {
        let mut dx = dx.unwrap();
        self.inner.backward(x, y, dy, Some(dx.view_mut()), pass);
        (self.spoil)(x, dy, &mut dx, &mut *self.inner);
    }

    fn parameters(&self) -> &[Parameter<f64>] {
        self.inner.parameters()
    }

    fn parameters_mut(&mut self) -> &mut [Parameter<f64>] {
        self.inner.parameters_mut()
    }

    fn children(&self) -> &[Box<dyn Layer<f64>>] {
        self.inner.children()
    }

    fn children_mut(&mut self) -> &mut [Box<dyn Layer<f64>>] {
        self.inner.children_mut()
    }

    fn hold_choices(&mut self, x: ArrayView2<'_, f64>) {
        self.inner.hold_choices(x);
    }
}

/// The report on a network of which one layer's gradients are spoilt.
fn report_with_spoilt<F>(case: &CheckCase, classes: usize, layer: usize, spoil: F) -> GradientReport
where
    F: Fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>, &mut ArrayViewMut2<'_, f64>, &mut dyn Layer<f64>) + Send + 'static,
{
    report_with_replaced(case, classes, layer, |inner| Box::new(SpoiltLayer { inner, spoil }))
}

/// The report on a network of which one layer is replaced by another made of it.
fn report_with_replaced(
    case: &CheckCase,
    classes: usize,
    layer: usize,
    replace: impl FnOnce(Box<dyn Layer<f64>>) -> Box<dyn Layer<f64>>,
) -> GradientReport {
    let pool = Arc::new(Pool::new(NonZeroUsize::MIN));
    let mut network = Network::new(&case.spec, &case.input, classes, case.batch, case.seed, pool).unwrap();
    network.replace_layer(layer, replace);
    check_network(network, classes, case.seed)
}

/// Three layers of which the second will be spoilt.
fn small_case(second: &str) -> CheckCase {
    let spec = spec(&["linear 8", second, "linear 3"], Init::PyTorch);
    CheckCase { name: second.into(), spec, input: Shape::new([6]), batch: 5, seed: 4 }
}

#[test]
fn a_wrong_rectifier_is_found_where_it_is() {
    // The original write-up gives the derivative as x ⊙ x̃ (output times pre-activation).
    let report = report_with_spoilt(&small_case("relu"), 3, 1, |x, dy, dx, _| {
        dx.zip_mut_with(&x, |dx, x| *dx = x.max(0.0) * x);
        dx.zip_mut_with(&dy, |dx, dy| *dx *= dy);
    });
    assert_eq!(report.verdict(1e-2), Verdict::Failed);
    // Everything before the wrong layer is wrong with it, everything after it is right.
    for layer in 0..=1 {
        assert!(report.worst_tensor_of_layer(layer, TOLERANCE).unwrap().relative_error > 1e-2, "{report:#?}");
    }
    for layer in 2..=3 {
        let worst = report.worst_tensor_of_layer(layer, TOLERANCE).unwrap();
        assert_eq!(worst.verdict(TOLERANCE), Verdict::Passed, "{report:#?}");
    }
}

#[test]
fn an_error_of_a_millionth_is_found_where_it_is() {
    for (tensor, index) in [("weight", 0), ("bias", 1)] {
        let report = report_with_spoilt(&small_case("linear 8"), 3, 1, move |_, _, _, inner| {
            inner.parameters_mut()[index].gradient.iter_mut().for_each(|g| *g *= 1.0 + 1e-6);
        });
        let failed: Vec<_> =
            report.entries.iter().filter(|entry| entry.verdict(TOLERANCE) == Verdict::Failed).collect();
        assert!(failed.len() == 1 && failed[0].tensor == tensor && failed[0].layer == 1, "{report:#?}");
    }
}

/// A rectifier that is held as if every value were above its kink.
struct WronglyHeldLayer(Box<dyn Layer<f64>>);

impl Layer<f64> for WronglyHeldLayer {
    fn forward(&mut self, x: ArrayView2<'_, f64>, y: ArrayViewMut2<'_, f64>, pass: &mut PassContext<f64>) {
        self.0.forward(x, y, pass);
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, f64>,
        y: ArrayView2<'_, f64>,
        dy: ArrayView2<'_, f64>,
        dx: Option<ArrayViewMut2<'_, f64>>,
        pass: &mut PassContext<f64>,
    ) {
        self.0.backward(x, y, dy, dx, pass);
    }

    fn hold_choices(&mut self, x: ArrayView2<'_, f64>) {
        self.0.hold_choices(Array2::ones(x.dim()).view());
    }
}

#[test]
fn a_layer_that_is_held_on_choices_it_did_not_make_fails() {
    let report = report_with_replaced(&small_case("relu"), 3, 1, |relu| Box::new(WronglyHeldLayer(relu)));
    // It is another function, so that no derivative of it is one of the network's.
    assert!(report.entries.iter().all(|entry| entry.verdict(TOLERANCE) == Verdict::Failed), "{report:#?}");
    assert!(report.entries.iter().all(|entry| entry.numeric.is_nan()), "{report:#?}");
}
