use std::num::NonZeroUsize;

use ndarray::{Array2, array};

use super::*;
use crate::nn::{
    LayerSpec,
    gradcheck::{TOLERANCE, Verdict, check_gradients},
};

fn pool() -> Arc<Pool> {
    Arc::new(Pool::new(NonZeroUsize::MIN))
}

fn build<T: Scalar>(layers: &[&str], input: &[usize], classes: usize) -> Result<Network<T>, BuildError> {
    let layers = layers.iter().map(|text| text.parse().unwrap()).collect();
    let spec = NetworkSpec { layers, ..NetworkSpec::default() };
    Network::new(&spec, &Shape::new(input), classes, 8, 5, pool())
}

/// Where a kernel or a window lies over more zeros on one side than on the other, and along one axis alone.
#[test]
fn gradients_of_every_padding_agree_with_central_differences() {
    for layers in [
        &["conv 3 4x3 pad same", "tanh", "conv 2 2x5 pad 1x2", "linear 3"][..],
        &["conv 2 1x2 pad same", "gelu", "conv 3 3x1 stride 2 pad 1x0", "linear 3"],
        &["conv 3 3x3 pad same", "maxpool 3 stride 2 pad 1x0", "avgpool 2 stride 1 pad 0x1", "linear 3"],
        &["residual [conv 2 2x2 pad same, silu]", "flatten", "linear 3"],
    ] {
        let layers = layers.iter().map(|text| text.parse().unwrap()).collect();
        let spec = NetworkSpec { layers, ..NetworkSpec::default() };
        let report = check_gradients(&spec, &Shape::new([2, 5, 6]), 3, 4, 1).unwrap();
        assert_eq!(
            report.verdict(TOLERANCE),
            Verdict::Passed,
            "{:?}: {:?}",
            spec.layers,
            report.worst_tensor(TOLERANCE)
        );
    }
}

#[test]
fn impossible_networks_are_refused_by_layer_and_shape() {
    let error = |layers: &[&str], classes| {
        let error = build::<f32>(layers, &[784], classes).err().unwrap();
        (error.layer, error.to_string())
    };
    for (layers, layer, message) in [
        (
            &["linear 256", "relu", "linear 12"][..],
            Some(2),
            "layer 2: `linear 12` is the last layer and gives [12], but the data has 10 classes and needs [10]; a last \
             layer of `linear classes` follows the data",
        ),
        (
            &["relu"],
            Some(0),
            "layer 0: `relu` is the last layer and gives [784], but the data has 10 classes and needs [10]; a last layer \
             of `linear classes` follows the data",
        ),
        (&["linear 0", "linear 10"], Some(0), "layer 0: `linear 0` has no units; a layer needs at least 1"),
        (
            &["linear 10", "dropout 1"],
            Some(1),
            "layer 1: `dropout 1` has a probability of 1; it must be from 0 to below 1",
        ),
        (
            &["linear 10", "leaky_relu -1"],
            Some(1),
            "layer 1: `leaky_relu -1` has a slope of -1; it must be from 0 to 1",
        ),
        (
            &["linear 99999999999999", "linear 10"],
            Some(0),
            "layer 0: `linear 99999999999999` on an input of shape [784] in batches of 8 is too large to compute",
        ),
        (
            &["conv 4 3x3", "linear 10"],
            Some(0),
            "layer 0: `conv 4 3x3` needs an image of shape [channels, height, width], but its input is [784]",
        ),
        (
            &["linear 10", "maxpool 2"],
            Some(1),
            "layer 1: `maxpool 2` needs an image of shape [channels, height, width], but its input is [10]",
        ),
        (&["elu -1", "linear 10"], Some(0), "layer 0: `elu -1` has an alpha of -1; it must be from 0 to 100"),
        (&[], None, "a network needs at least one layer; `linear classes` gives the logits"),
    ] {
        assert_eq!(error(layers, 10), (layer, message.to_owned()));
    }
    let on_image = |layers: &[&str]| build::<f32>(layers, &[2, 5, 6], 3).err().unwrap().to_string();
    for (layer, message) in [
        ("conv 0 3x3", "has no channels; a layer needs at least 1"),
        ("conv 4 0x3", "covers nothing; height and width must be at least 1"),
        ("conv 4 3x3 stride 0", "has a stride of 0; it must be at least 1"),
        (
            "conv 4 3x3 pad 3",
            "has a padding of 3; it must be smaller than the window, as `pad 2` is in height and width",
        ),
        (
            "conv 4 1x3 pad 1",
            "has a padding of 1; it must be smaller than the window, as `pad 0x1` is in height and width",
        ),
        (
            "conv 4 3x1 pad 1x2",
            "has a padding of 1x2; it must be smaller than the window, as `pad 1x0` is in height and width",
        ),
        (
            "conv 4 3x3 stride 2 pad same",
            "has a stride of 2, with which no padding keeps height and width: `pad same` needs a stride of 1; write its numbers, `pad 1`",
        ),
        (
            "conv 4 5x2 stride 3 pad same",
            "has a stride of 3, with which no padding keeps height and width: `pad same` needs a stride of 1; write its numbers, `pad 2x0`",
        ),
        ("conv 4 9x9 pad 1", "covers more than its input of shape [2, 5, 6] has with a padding of 1"),
        ("maxpool 3 pad 0x2", "has a padding of 0x2; it must be at most half the size"),
        ("conv 4 6x3", "covers more than its input of shape [2, 5, 6] has with a padding of 0"),
        ("maxpool 3 stride 1 pad 2", "has a padding of 2; it must be at most half the size"),
        ("conv 9999999999 3x3", "on an input of shape [2, 5, 6] in batches of 8 is too large to compute"),
        (
            "residual [relu, conv 4 9x9]",
            "is impossible: its layer 1, `conv 4 9x9`, covers more than its input of shape \
            [2, 5, 6] has with a padding of 0",
        ),
        (
            "residual [relu, conv 3 1x1, conv 4 2x2, tanh]",
            "turns [2, 5, 6] into [4, 4, 5], to which its input can't be added: a 1x1 convolution as its shortcut can give \
             [4, 5, 6] or [4, 3, 3] with stride 2; make its layers give one of these (`pad same` keeps height and width), \
             or put what changes them, from its layer 2, `conv 4 2x2`, on, outside of the block",
        ),
        (
            "residual [conv 4 1x5 pad 0x2, maxpool 1, conv 4 4x1]",
            "turns [2, 5, 6] into [4, 2, 6], to which its input can't be added: a 1x1 convolution as its shortcut can give \
             [4, 5, 6] or [4, 3, 3] with stride 2 or [4, 2, 2] with stride 3; make its layers give one of these (`pad same` \
             keeps height and width), or put what changes them, from its layer 2, `conv 4 4x1`, on, outside of the block",
        ),
        (
            "residual [conv 4 2x2, linear 4]",
            "turns [2, 5, 6] into [4], to which its input can't be added: its layer 1, `linear 4`, makes a vector of the \
             image, and a 1x1 convolution as its shortcut gives images only; put that layer after it",
        ),
        (
            "residual [relu, conv 4 2x2, flatten]",
            "turns [2, 5, 6] into [80], to which its input can't be added: its layer 2, `flatten`, makes a vector of the \
             image, and a 1x1 convolution as its shortcut gives images only; put that layer after it",
        ),
        (
            "residual [relu, linear 4]",
            "turns [2, 5, 6] into [4], to which its input can't be added: its layer 1, `linear 4`, makes a vector of the \
             image, and a 1x1 convolution as its shortcut gives images only; put `flatten` before the block, for a linear shortcut, or that layer after it",
        ),
    ] {
        assert_eq!(on_image(&[layer, "linear 3"]), format!("layer 0: `{layer}` {message}"));
    }
    let smoothed = NetworkSpec { layers: vec![LayerSpec::Flatten], label_smoothing: 1.0, ..NetworkSpec::default() };
    let error = Network::<f32>::new(&smoothed, &Shape::new([3]), 3, 8, 5, pool()).err().unwrap();
    assert_eq!(error.to_string(), "a label smoothing of 1 is impossible; it must be from 0 to below 1");
    assert!(build::<f32>(&["linear 3"], &[3, 0], 3).is_err());
    assert!(build::<f32>(&["linear 3"], &[usize::MAX, 2], 3).is_err());
}

#[test]
fn layers_know_their_shapes_and_parameters_their_names() {
    let network = build::<f32>(&["relu", "linear 4", "tanh", "linear 2"], &[3, 2, 2], 2).unwrap();
    let infos: Vec<String> = network
        .layer_infos()
        .iter()
        .map(|info| format!("{} {} {}→{} {}", info.index, info.spec, info.input, info.output, info.parameters))
        .collect();
    assert_eq!(
        infos,
        ["0 relu [3, 2, 2]→[3, 2, 2] 0", "1 linear 4 [3, 2, 2]→[4] 52", "2 tanh [4]→[4] 0", "3 linear 2 [4]→[2] 10"]
    );
    let names: Vec<String> = network.parameters().map(|p| format!("{} {}", p.full_name(), p.shape)).collect();
    assert_eq!(names, ["1.weight [4, 12]", "1.bias [4]", "3.weight [2, 4]", "3.bias [2]"]);
    let mut bytes = Vec::new();
    network.visit_weight_bytes(|piece| bytes.extend_from_slice(piece));
    let expected: Vec<u8> = network.parameters().flat_map(|p| &p.value).flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(bytes, expected);
}

#[test]
fn images_have_shapes_and_blocks_the_names_of_pytorch() {
    let layers = ["conv 4 3x3 pad 1", "batchnorm", "residual [conv 6 3x3 stride 2 pad 1, batchnorm]", "relu"];
    let layers = [&layers[..], &["maxpool 2", "global_avgpool", "linear 3"]].concat();
    let mut network = build::<f32>(&layers, &[2, 9, 7], 3).unwrap();
    let infos = network.layer_infos();
    let outputs: Vec<String> = infos.iter().map(|info| format!("{} {}", info.output, info.parameters)).collect();
    let shapes = ["[4, 9, 7] 76", "[4, 9, 7] 8", "[6, 5, 4] 264", "[6, 5, 4] 0", "[6, 2, 2] 0", "[6] 0", "[3] 21"];
    assert_eq!(outputs, shapes);
    assert_eq!(
        infos.iter().map(|i| i.parameters).sum::<usize>(),
        network.parameters().map(|p| p.value.len()).sum::<usize>()
    );
    let names: Vec<String> = network.parameters().map(|p| format!("{} {}", p.full_name(), p.shape)).collect();
    let block = ["2.body.0.weight [6, 4, 3, 3]", "2.body.0.bias [6]", "2.body.1.weight [6]", "2.body.1.bias [6]"];
    assert_eq!(names[..4], ["0.weight [4, 2, 3, 3]", "0.bias [4]", "1.weight [4]", "1.bias [4]"]);
    assert_eq!(names[4..8], block);
    assert_eq!(names[8..], ["2.shortcut.weight [6, 4, 1, 1]", "2.shortcut.bias [6]", "6.weight [3, 6]", "6.bias [3]"]);
    let buffers: Vec<String> = network.buffers().map(Buffer::full_name).collect();
    let running = ["1.running_mean", "1.running_var", "2.body.1.running_mean", "2.body.1.running_var"];
    assert_eq!(buffers, running);
    // The bytes of a network with running statistics end in them.
    let bytes = |network: &Network<f32>| {
        let mut bytes = Vec::new();
        network.visit_weight_bytes(|piece| bytes.extend_from_slice(piece));
        bytes
    };
    let before = bytes(&network);
    network.buffers_mut().last().unwrap().value[5] = 7.0;
    let after = bytes(&network);
    assert_eq!(before[..before.len() - 4], after[..before.len() - 4]);
    assert_eq!(after[after.len() - 4..], 7_f32.to_le_bytes());
    // Both convolutions of the block have weights of their own.
    let values: Vec<&[f32]> = network.parameters().map(|p| &p.value[..3]).collect();
    assert!(values[4] != values[8] && values[0] != values[4]);
}

#[test]
fn a_channel_is_dead_when_it_is_so_everywhere() {
    let mut network = build::<f32>(&["relu", "linear 2"], &[2, 2, 2], 2).unwrap();
    network.input_mut(1).assign(&array![[-1.0, 0.0, 0.0, 1.0, -1.0, -2.0, 0.0, -3.0]]);
    network.forward(Mode::Evaluate);
    assert_eq!(network.dead_unit_share(0), Some(0.5));
}

#[test]
fn both_precisions_begin_alike_and_seeds_differ() {
    let (single, double) =
        (build::<f32>(&["linear 4"], &[9], 4).unwrap(), build::<f64>(&["linear 4"], &[9], 4).unwrap());
    for (single, double) in single.parameters().zip(double.parameters()) {
        assert_eq!(single.value, double.value.iter().map(|&x| x as f32).collect::<Vec<_>>());
    }
    let spec = NetworkSpec { layers: vec![LayerSpec::Linear { units: 4 }], ..NetworkSpec::default() };
    let other = Network::<f64>::new(&spec, &Shape::new([9]), 4, 8, 6, pool()).unwrap();
    assert_ne!(other.parameters().next().unwrap().value, double.parameters().next().unwrap().value);
}

/// Linear, rectifier, linear, with numbers that a person can follow.
fn small() -> Network<f64> {
    let mut network = build::<f64>(&["linear 2", "relu", "linear 2"], &[2], 2).unwrap();
    let values = [vec![1.0, 2.0, -1.0, 1.0], vec![0.5, -0.5], vec![1.0, 0.0, 0.0, 1.0], vec![0.0, 0.0]];
    network.parameters_mut().zip(values).for_each(|(parameter, value)| parameter.value = value);
    network
}

#[test]
fn hand_worked_step() {
    let mut network = small();
    network.input_mut(2).assign(&array![[1.0, 1.0], [3.0, 1.0]]);
    network.forward(Mode::Train { step: 0 });
    assert_eq!(network.output(0), array![[3.5, -0.5], [5.5, -2.5]]);
    assert_eq!(network.output(1), array![[3.5, 0.0], [5.5, 0.0]]);
    assert_eq!(network.logits(), array![[3.5, 0.0], [5.5, 0.0]]);
    assert_eq!(network.dead_unit_share(1), Some(0.5));
    assert_eq!(network.dead_unit_share(0), None);
    let report = network.loss(&[0_u8, 1]);
    assert_eq!(report.correct, 1);
    let (p, q) = (1.0 / (1.0 + (-3.5_f64).exp()), 1.0 / (1.0 + (-5.5_f64).exp()));
    assert!((report.loss - (-p.ln() - (1.0 - q).ln()) / 2.0).abs() < 1e-12);
    network.backward();
    // Of both samples only the first unit is alive, so all that flows back does so through it.
    let (a, b) = ((p - 1.0) / 2.0, q / 2.0);
    let close = |found: &[f64], expected: &[f64]| found.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-12);
    let gradients: Vec<Vec<f64>> = network.parameters().map(|parameter| parameter.gradient.clone()).collect();
    assert!(close(&gradients[0], &[a + 3.0 * b, a + b, 0.0, 0.0]), "{gradients:?}");
    assert!(close(&gradients[1], &[a + b, 0.0]), "{gradients:?}");
    assert!(close(&gradients[2], &[3.5 * a + 5.5 * b, 0.0, -3.5 * a - 5.5 * b, 0.0]), "{gradients:?}");
    assert!(close(&gradients[3], &[a + b, -a - b]), "{gradients:?}");
    assert!(network.probabilities().rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-15));
}

#[test]
fn a_smaller_batch_leaves_no_trace_of_the_larger() {
    let run = |network: &mut Network<f64>, samples: &Array2<f64>| {
        network.input_mut(samples.nrows()).assign(samples);
        network.forward(Mode::Evaluate);
        let report = network.loss(&vec![1_u8; samples.nrows()]);
        network.backward();
        (report, network.parameters().map(|parameter| parameter.gradient.clone()).collect::<Vec<_>>())
    };
    let few = array![[0.3, -0.2], [1.0, 4.0]];
    let fresh = run(&mut small(), &few);
    let mut used = small();
    run(&mut used, &Array2::from_elem((8, 2), 7.0));
    assert_eq!(run(&mut used, &few), fresh);
}

#[test]
fn bits_are_the_same_on_any_number_of_threads() {
    let layers = ["conv 20 3x3 pad 1", "batchnorm", "relu", "maxpool 2", "residual [conv 24 3x3 pad 1, tanh]"];
    let layers = [&layers[..], &["dropout 0.2", "flatten", "linear 300", "gelu", "linear 10"]].concat();
    let layers = layers.iter().map(|text| text.parse().unwrap()).collect();
    let spec = NetworkSpec { layers, ..NetworkSpec::default() };
    let step = |threads| {
        let pool = Arc::new(Pool::new(NonZeroUsize::new(threads).unwrap()));
        let mut network = Network::<f32>::new(&spec, &Shape::new([16, 8, 8]), 10, 8, 5, pool).unwrap();
        let pixel = |index: usize| (index % 23) as f32 / 11.0 - 1.0;
        network.fill_input(8, |rows, values| {
            values.iter_mut().enumerate().for_each(|(at, value)| *value = pixel(rows.start * 1024 + at));
        });
        network.forward(Mode::Train { step: 3 });
        let report = network.loss(&[0_u8, 1, 2, 3, 4, 5, 6, 7]);
        network.backward();
        (report, network.parameters().map(|parameter| parameter.gradient.clone()).collect::<Vec<_>>())
    };
    let alone = step(1);
    for threads in [2, 3, 7, 16] {
        assert!(step(threads) == alone, "{threads} threads");
    }
}

#[test]
fn every_row_of_the_input_is_filled_with_its_sample() {
    let mut network = build::<f32>(&["linear 5"], &[700], 5).unwrap();
    let samples: Vec<f32> = (0..9 * 700).map(|value| value as f32).collect();
    let order = [8, 0, 3, 3, 7];
    network.fill_input(5, |rows, values| {
        for (&sample, values) in order[rows].iter().zip(values.chunks_exact_mut(700)) {
            values.copy_from_slice(&samples[sample * 700..][..700]);
        }
    });
    for (row, &sample) in network.input().rows().into_iter().zip(&order) {
        assert_eq!(row.as_slice().unwrap(), &samples[sample * 700..][..700]);
    }
}

#[test]
fn dropout_follows_from_seed_layer_and_step() {
    let mut network = build::<f64>(&["dropout 0.25", "dropout 0.25"], &[500], 500).unwrap();
    let mut outputs = |mode| {
        network.input_mut(8).fill(3.0);
        network.forward(mode);
        (network.output(0).to_owned(), network.output(1).to_owned())
    };
    let (first, second) = outputs(Mode::Train { step: 1 });
    let kept = |y: &Array2<f64>, value: f64| y.iter().filter(|&&y| (y - value).abs() < 1e-12).count();
    let zeros = first.iter().filter(|&&y| y == 0.0).count();
    assert_eq!(zeros + kept(&first, 4.0), 4000, "each value is dropped or scaled up");
    assert!((900..1100).contains(&zeros), "{zeros} of 4000 dropped");
    // Two independent masks keep 9/16.
    let both = kept(&second, 16.0 / 3.0);
    assert!((2100..2400).contains(&both), "{both} of 4000 kept by both");
    assert_ne!(outputs(Mode::Train { step: 2 }).0, first);
    assert_eq!(outputs(Mode::Train { step: 1 }).0, first);
    assert!(outputs(Mode::Evaluate).1.iter().all(|&y| y == 3.0));
}

#[test]
fn a_nan_in_the_weights_shows_in_the_loss() {
    for activation in ["relu", "leaky_relu 0.1", "tanh", "sigmoid", "dropout 0.5"] {
        let mut network = build::<f32>(&["linear 3", activation, "linear 2"], &[4], 2).unwrap();
        network.parameters_mut().next().unwrap().value.fill(f32::NAN);
        network.input_mut(2).fill(1.0);
        network.forward(Mode::Evaluate);
        assert!(network.loss(&[0_u8, 1]).loss.is_nan(), "{activation}");
    }
}

#[test]
#[should_panic(expected = "batch of 9, of at most 8")]
fn a_batch_beyond_the_buffers_is_a_bug() {
    small().input_mut(9);
}

#[test]
fn a_last_layer_of_classes_follows_the_data_and_only_the_last_can() {
    let logits = |classes| build::<f32>(&["linear 5", "relu", "linear classes"], &[4], classes).unwrap();
    assert_eq!([2, 7].map(|classes| logits(classes).logits().ncols()), [2, 7]);
    assert_eq!(logits(7).layer_infos()[2].spec.to_string(), "linear 7");
    let error = |layers: &[&str]| build::<f32>(layers, &[4], 3).err().unwrap();
    let only_last = "`linear classes` takes its units from the classes, which only the last layer can; write `linear \
                     UNITS` here, such as `linear 64`";
    assert_eq!(error(&["linear", "relu", "linear 3"]).to_string(), format!("layer 0: {only_last}"));
    assert!(error(&["residual [linear 4, linear classes]", "linear classes"]).to_string().contains("its layer 1"));
    for (layers, pasted) in [
        (&["linear 5", "relu", "linear 4"][..], "linear 5, relu, linear classes"),
        (&["linear 5", "relu"], "linear 5, relu, linear classes"),
        (&["residual [linear 4, relu]"], "residual [linear 4, relu], linear classes"),
    ] {
        assert_eq!(error(layers).remedy(), Some(format!("--set 'model.layers={pasted}'").as_str()));
    }
}
