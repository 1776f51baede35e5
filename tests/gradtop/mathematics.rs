//! The five places where the exercise's write-up is wrong, each told apart from what is right; and the page that says
//! so.

use std::{fs, num::NonZeroUsize, path::Path, process::Command, sync::Arc};

mod formulas;
mod page;

use gradtop::nn::{LAYER_FORMS, Mode, Network, NetworkSpec, Pool, Shape};
use ndarray::{Array1, Array2, array};

/// A linear layer from 2 to 3, a rectifier, a linear layer from 3 to 2.
fn network() -> Network<f64> {
    let layers = ["linear 3", "relu", "linear 2"].iter().map(|text| text.parse().unwrap()).collect();
    let spec = NetworkSpec { layers, ..NetworkSpec::default() };
    let mut network = Network::new(&spec, &Shape::new([2]), 2, 1, 0, Arc::new(Pool::new(NonZeroUsize::MIN))).unwrap();
    let values = [
        vec![1.0, -2.0, 0.5, 1.5, -1.0, 0.25],
        vec![0.5, -0.25, 2.0],
        vec![1.0, -0.5, 2.0, 0.75, 1.25, -1.0],
        vec![0.1, -0.2],
    ];
    network.parameters_mut().zip(values).for_each(|(parameter, value)| parameter.value = value);
    network
}

/// Loss of the sample (3, 0.5) of class 1 after a pass through the network.
fn loss(network: &mut Network<f64>) -> f64 {
    network.input_mut(1).assign(&array![[3.0, 0.5]]);
    network.forward(Mode::Evaluate);
    network.loss(&[1_u8]).loss
}

/// What a pass forward and backward gives: x̃, x, ∂L/∂x̃ and ∂L/∂x of the hidden layer.
struct Hidden {
    before: Array1<f64>,
    after: Array1<f64>,
    d_before: Array1<f64>,
    d_after: Array1<f64>,
}

fn pass(network: &mut Network<f64>) -> Hidden {
    loss(network);
    network.backward();
    let row = |values: ndarray::ArrayView2<'_, f64>| values.row(0).to_owned();
    Hidden {
        before: row(network.output(0)),
        after: row(network.output(1)),
        d_before: row(network.output_gradient(0)),
        d_after: row(network.output_gradient(1)),
    }
}

/// The derivative of the loss by one value of a parameter, from a central difference.
fn difference(index: usize, place: usize) -> f64 {
    let at = |step: f64| {
        let mut network = network();
        network.parameters_mut().nth(index).unwrap().value[place] += step;
        loss(&mut network)
    };
    (at(1e-5) - at(-1e-5)) / 2e-5
}

/// ∂L/∂x̃ of the hidden layer from central differences: b moves x̃ as one wants.
fn true_d_before() -> Array1<f64> {
    (0..3).map(|unit| difference(1, unit)).collect()
}

fn close(a: &Array1<f64>, b: &Array1<f64>) -> bool {
    (a - b).iter().all(|difference| difference.abs() < 1e-8)
}

#[test]
fn correction_1_the_derivative_of_the_rectifier_is_a_mask_and_not_x_times_its_input() {
    let Hidden { before, after, d_before, d_after } = pass(&mut network());
    let mask = before.mapv(|x| if x > 0.0 { 1.0 } else { 0.0 });
    assert!(mask.iter().any(|&on| on == 0.0) && mask.iter().any(|&on| on == 1.0), "both sides are seen: {before}");
    assert_eq!(d_before, &mask * &d_after);
    assert!(close(&d_before, &true_d_before()));
    // The write-up's x ⊙ x̃, as a factor.
    assert!(!close(&(&after * &before * &d_after), &true_d_before()));
    // In shape it is a matrix, d × d: unit j of x depends on unit j of x̃ alone.
    let jacobian = Array2::from_diag(&mask);
    assert_eq!(jacobian.dim(), (3, 3));
    assert_eq!(jacobian.t().dot(&d_after), d_before);
}

#[test]
fn correction_2_at_zero_the_mask_is_zero_where_the_quotient_is_undefined() {
    let mut network = network();
    // The last unit sees -3 + 0.125 + b.
    network.parameters_mut().nth(1).unwrap().value[2] = 2.875;
    let Hidden { before, after, d_before, d_after } = pass(&mut network);
    assert_eq!(before[2], 0.0);
    assert!(d_after[2] != 0.0 && d_before[2] == 0.0, "φ′(0) = 0, as PyTorch has it");
    // The write-up's x ⊘ x̃ is the mask everywhere else.
    let quotient = &after / &before;
    assert!(quotient[2].is_nan());
    for unit in 0..2 {
        assert_eq!(quotient[unit] * d_after[unit], d_before[unit]);
    }
}

#[test]
fn correction_3_the_derivative_by_the_bias_is_the_identity_and_not_an_outer_product() {
    let mut network = network();
    let Hidden { before, d_before, .. } = pass(&mut network);
    let bias = Array1::from(network.parameters().nth(1).unwrap().value.clone());
    let gradient = Array1::from(network.parameters().nth(1).unwrap().gradient.clone());
    for unit in 0..3 {
        let mut moved = self::network();
        moved.parameters_mut().nth(1).unwrap().value[unit] += 0.5;
        let mut expected = before.clone();
        expected[unit] += 0.5;
        assert_eq!(pass(&mut moved).before, expected, "∂x̃/∂b is the identity");
    }
    assert_eq!(gradient, d_before);
    let outer = Array2::from_shape_fn((3, 3), |(i, j)| bias[i] * bias[j]);
    assert!(!close(&outer.t().dot(&d_before), &true_d_before()));
}

#[test]
fn correction_4_the_error_of_the_input_follows_from_that_of_the_output_and_not_from_itself() {
    let Hidden { before, d_before, d_after, .. } = pass(&mut network());
    let mask = before.mapv(|x| if x > 0.0 { 1.0 } else { 0.0 });
    let truth = true_d_before();
    assert!(close(&(&d_after * &mask), &truth));
    // ∂L/∂x̃ = ∂L/∂x̃ ⊙ φ′ holds for the right answer, but as well for none at all and for its double.
    for wrong in [Array1::zeros(3), &d_before * 2.0] {
        assert_eq!(&wrong * &mask, wrong);
        assert!(!close(&wrong, &truth));
    }
}

#[test]
fn correction_5_a_weight_moves_its_own_unit_and_no_other() {
    let mut network = network();
    let Hidden { before, d_before, .. } = pass(&mut network);
    let x = array![3.0, 0.5];
    for (unit, input) in [(0, 0), (1, 1), (2, 0)] {
        let mut moved = self::network();
        moved.parameters_mut().next().unwrap().value[2 * unit + input] += 0.25;
        let mut expected = before.clone();
        expected[unit] += 0.25 * x[input];
        assert_eq!(pass(&mut moved).before, expected, "slice i of ∂x̃/∂W is zero but for row i, which is xᵀ");
    }
    let found = network.parameters().next().unwrap().gradient.clone();
    let truth: Array1<f64> = (0..6).map(|place| difference(0, place)).collect();
    assert!(close(&Array1::from(found), &truth));
    // With xᵀ in every row of every slice, every unit would be blamed for the errors of all.
    let wrong: Array1<f64> = (0..6).map(|place| d_before.sum() * x[place % 2]).collect();
    assert!(!close(&wrong, &truth));
}

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mathematics.md")).unwrap()
}

#[test]
fn the_page_has_every_layer_and_names_the_five_tests() {
    let page = page();
    for (kind, _) in LAYER_FORMS {
        assert!(page.contains(&format!("`{kind}")), "{kind} is not on the page");
    }
    let source = include_str!("mathematics.rs");
    let tests: Vec<&str> = source
        .split("fn ")
        .filter_map(|rest| rest.split_once("()").map(|(name, _)| name))
        .filter(|name| name.starts_with("correction_") && !name.contains(char::is_whitespace))
        .collect();
    assert_eq!(tests.len(), 5);
    for test in tests {
        assert!(page.contains(&format!("`{test}`")), "{test} is not on the page");
    }
}

#[test]
fn the_table_of_the_page_is_that_of_the_command() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_gradtop")).args(["gradcheck", "--all", "--markdown"]).output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    // The figures depend on the processor; what was checked, and how many gradients of it, does not.
    let shape = |text: &str| -> Vec<String> {
        let rows = text.lines().skip_while(|line| !line.starts_with("| network |"));
        let rows = rows.take_while(|line| line.starts_with('|'));
        rows.map(|row| row.split('|').take(3).collect::<Vec<_>>().join("|")).collect()
    };
    assert_eq!(shape(&page()), shape(&printed), "put the output of `gradtop gradcheck --all --markdown` into the page");
    let errors = page();
    let rows = errors.lines().skip_while(|line| !line.starts_with("| network |")).skip(2);
    for row in rows.take_while(|line| line.starts_with('|')) {
        let error: f64 = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap().trim().parse().unwrap();
        assert!(error <= 1e-7, "{row}");
    }
}
