//! One sample on its way through the network and back.

use std::ops::Range;

use crate::{
    dataset::{self, Dataset},
    nn::{LayerSpec, Mode, Network, Parameter, cross_entropy_of_sample, target_probability},
    optim::norm,
    protocol::{
        Phase, SampleChoice,
        inspection::{
            FeatureMaps, LayerTrace, ParameterElement, PassKind, SampleLoss, SplitName, TensorSlice, Trace,
            TracedLayer, TracedParameter, TracedSample, TracedUnit,
        },
    },
    train::{
        inspect::{
            figures::{leading_corner, leading_slice, summarize_values},
            maps, part_of,
            pictures::sample_picture,
        },
        largest::largest_elements,
        minibatch::{ComputedParts, Minibatch},
        predictions::argmax,
        traced_update::TracedUpdate,
    },
};

/// Values that are shown of a layer's input or output, at most.
const MAX_TRACED_VALUES: usize = 4096;

/// Classes whose Jacobian is shown, at most.
const MAX_JACOBIAN_CLASSES: usize = 16;

/// How many of the largest gradients are shown.
const LARGEST_GRADIENTS: usize = 10;

/// A sample that is traced: the row that it has in the pass, and its place in the data.
pub(super) struct FollowedSample {
    pub row: usize,
    pub split: SplitName,
    pub index: usize,
}

/// A pass in the network's buffers, as far as it is computed.
pub(super) struct TracedPass<'a> {
    network: &'a mut Network<f32>,
    labels: &'a [u8],
    pass: PassKind,
    parts: ComputedParts,
    /// Mean loss of the batch, if it is computed.
    batch_loss: Option<f64>,
    /// The update of these passes, if it is done and was traced.
    update: Option<&'a TracedUpdate>,
}

/// Passes one sample alone through the network and back, as in an evaluation. Gives its label.
pub(super) fn pass_alone(network: &mut Network<f32>, part: &dataset::DataSplit, index: usize) -> [u8; 1] {
    let mut label = [0];
    part.gather_labels(&[index as u32], &mut label);
    let mut input = network.input_mut(1);
    part.gather(&[index as u32], input.as_slice_mut().unwrap_or_default());
    network.forward(Mode::Evaluate);
    network.loss(&label);
    network.backward();
    label
}

impl<'a> TracedPass<'a> {
    /// The passes of the minibatch that was loaded last.
    pub fn of_minibatch(
        network: &'a mut Network<f32>,
        minibatch: &'a Minibatch,
        parts: ComputedParts,
        update: Option<&'a TracedUpdate>,
    ) -> Self {
        let batch_loss = minibatch.loss_report().filter(|_| parts.loss).map(|report| report.loss);
        let pass = PassKind::Minibatch { number: parts.minibatch };
        let update = update.filter(|_| parts.phase == Phase::Update);
        Self { network, labels: minibatch.labels(), pass, parts, batch_loss, update }
    }

    /// What [`pass_alone`] left.
    pub fn of_evaluation(network: &'a mut Network<f32>, label: &'a [u8; 1]) -> Self {
        let parts = ComputedParts::of_evaluation(network.layer_infos().len());
        let mut pass =
            Self { network, labels: label, pass: PassKind::Evaluation, parts, batch_loss: None, update: None };
        pass.batch_loss = Some(pass.row_loss(0));
        pass
    }

    /// The row of the batch that was chosen, or why there is none.
    pub fn choose(&self, choice: SampleChoice) -> Result<usize, String> {
        let batch = self.network.batch();
        if let SampleChoice::Row { row } = choice {
            // The last minibatch of an epoch may be smaller.
            return Ok(row.min(batch - 1));
        }
        if !self.parts.loss {
            return Err("the loss is not computed yet; a sample can be chosen by its row".into());
        }
        if let SampleChoice::NextMistake { after } = choice {
            let first = after.map_or(0, |row| row.min(batch - 1) + 1);
            return (first..batch).chain(0..first).find(|row| !self.is_correct(*row)).ok_or_else(|| {
                let number = self.parts.minibatch;
                format!("every one of the {batch} samples of minibatch {number} is classified correctly")
            });
        }
        let losses = self.row_losses();
        let rank = |row: &usize| if losses[*row].is_nan() { f32::INFINITY } else { losses[*row] };
        // The first of equal ones.
        Ok((0..batch).rev().max_by(|a, b| rank(a).total_cmp(&rank(b))).unwrap_or(0))
    }

    /// The class with the largest logit of a row; the first of equal ones.
    fn predicted_class(&self, row: usize) -> usize {
        argmax(self.network.logits().row(row).iter().copied())
    }

    /// Whether a row's largest logit is that of its class; one with a NaN has no largest logit.
    fn is_correct(&self, row: usize) -> bool {
        self.predicted_class(row) == usize::from(self.labels[row]) && !self.row_loss(row).is_nan()
    }

    /// What the probabilities of a row should be.
    fn target_probabilities(&self, row: usize) -> Vec<f64> {
        let (classes, smoothing) = (self.network.logits().ncols(), self.network.label_smoothing());
        let label = usize::from(self.labels[row]);
        (0..classes).map(|class| target_probability(class == label, classes, smoothing)).collect()
    }

    fn row_loss(&self, row: usize) -> f64 {
        let logits = self.network.logits();
        let z = logits.row(row).into_iter().copied();
        cross_entropy_of_sample(z, self.labels[row].into(), self.network.label_smoothing())
    }

    fn row_losses(&self) -> Vec<f32> {
        (0..self.network.batch()).map(|row| self.row_loss(row) as f32).collect()
    }

    /// Traces a sample, with one layer in full.
    pub fn trace(&mut self, sample: &FollowedSample, layer: usize, data: &Dataset) -> Trace {
        let row = sample.row;
        let selected = self.trace_layer(row, layer);
        let (network, parts) = (&*self.network, &self.parts);
        let batch = network.batch();
        let correct = || (0..batch).filter(|row| self.is_correct(*row)).count();
        let computed = parts.loss;
        Trace {
            pass: self.pass,
            batch,
            phase: parts.phase,
            batch_loss: self.batch_loss,
            batch_accuracy: computed.then(|| correct() as f64 / batch as f64),
            sample: TracedSample {
                row,
                split: sample.split,
                index: sample.index,
                origin: part_of(data, sample.split).origin(sample.index),
                class: self.labels[row].into(),
                input: leading_slice(&network.input().row(row).to_vec(), &data.shape, MAX_TRACED_VALUES),
                picture: sample_picture(data, sample.split, sample.index),
            },
            loss: computed.then(|| self.trace_loss(row)),
            losses: if computed { self.row_losses() } else { Vec::new() },
            layers: (0..network.layer_infos().len()).map(|layer| self.summarize_layer(row, layer)).collect(),
            selected,
        }
    }

    /// What a layer makes of a sample, for some of its channels.
    pub fn feature_maps(
        &self,
        sample: &FollowedSample,
        layer: usize,
        range: Range<usize>,
    ) -> Result<FeatureMaps, String> {
        maps::feature_maps(self.network, (self.pass, &self.parts), sample.row, layer, range)
    }

    fn summarize_layer(&self, row: usize, layer: usize) -> TracedLayer {
        let (network, parts) = (&*self.network, &self.parts);
        let gradients = || network.parameters().filter(|parameter| parameter.layer == layer);
        let square = |parameter: &Parameter<f32>| norm(&parameter.gradient).powi(2);
        TracedLayer {
            layer,
            forward: (layer < parts.forward).then(|| summarize_values(&network.output(layer).row(row).to_vec())),
            backward: parts
                .has_output_gradient(layer)
                .then(|| summarize_values(&network.output_gradient(layer).row(row).to_vec())),
            gradient_norm: (network.layer_infos()[layer].parameters > 0 && parts.has_gradients(layer))
                .then(|| gradients().map(square).sum::<f64>().sqrt()),
        }
    }

    fn trace_loss(&self, row: usize) -> SampleLoss {
        let network = &*self.network;
        let last = network.layer_infos().len() - 1;
        let probabilities = network.probabilities().row(row).to_vec();
        let jacobian = if probabilities.len() <= MAX_JACOBIAN_CLASSES {
            let element = |i: usize, j: usize| probabilities[i] * (f32::from(u8::from(i == j)) - probabilities[j]);
            let classes = 0..probabilities.len();
            classes.clone().flat_map(|i| classes.clone().map(move |j| element(i, j))).collect()
        } else {
            Vec::new()
        };
        SampleLoss {
            logits: network.logits().row(row).to_vec(),
            target: self.target_probabilities(row).into_iter().map(|q| q as f32).collect(),
            gradient: network.output_gradient(last).row(row).to_vec(),
            predicted: self.predicted_class(row),
            loss: self.row_loss(row),
            jacobian,
            probabilities,
        }
    }

    /// One layer in full.
    fn trace_layer(&mut self, row: usize, layer: usize) -> LayerTrace {
        let parts = self.parts;
        let has_gradients = parts.has_gradients(layer);
        // After the update the weights are no more those that the passes were computed with.
        let updated = parts.phase == Phase::Update;
        let input_gradient = match layer {
            _ if !has_gradients => None,
            0 if updated => None,
            0 => Some(self.network.input_gradient_row(row)),
            _ => Some(self.network.output_gradient(layer - 1).row(row).to_vec()),
        };
        let derivative = if layer < parts.forward { self.network.activation_derivative(layer, row) } else { None };
        let network = &*self.network;
        let info = &network.layer_infos()[layer];
        let (inputs, outputs) = (info.input.dimensions(), info.output.dimensions());
        let input = match layer {
            0 => Some(network.input()),
            _ => (layer <= parts.forward).then(|| network.output(layer - 1)),
        };
        let show = |values: &[f32], shape: &[usize]| leading_slice(values, shape, MAX_TRACED_VALUES);
        let parameters: Vec<&Parameter<f32>> =
            network.parameters().filter(|parameter| parameter.layer == layer).collect();
        let input = input.map(|x| show(&x.row(row).to_vec(), inputs));
        let output = (layer < parts.forward).then(|| show(&network.output(layer).row(row).to_vec(), outputs));
        let unit = match (&info.spec, parameters.as_slice()) {
            (LayerSpec::Linear { .. }, [weight, bias @ ..]) if !updated => {
                Some(trace_unit(weight, bias.first().copied(), [&input, &output], has_gradients))
            }
            _ => None,
        };
        LayerTrace {
            layer,
            input,
            output,
            output_gradient: parts
                .has_output_gradient(layer)
                .then(|| show(&network.output_gradient(layer).row(row).to_vec(), outputs)),
            input_gradient: input_gradient.map(|dx| show(&dx, inputs)),
            derivative: derivative.map(|derivative| show(&derivative, outputs)),
            unit,
            update: self.update.and_then(|update| update.layer(layer)).cloned(),
            largest: if has_gradients { largest_gradients(&parameters) } else { Vec::new() },
            parameters: parameters
                .into_iter()
                .map(|parameter| TracedParameter {
                    name: parameter.name.clone(),
                    value: leading_corner(&parameter.value, parameter.shape.dimensions()),
                    gradient: has_gradients.then(|| leading_corner(&parameter.gradient, parameter.shape.dimensions())),
                    norm: norm(&parameter.value),
                    gradient_norm: has_gradients.then(|| norm(&parameter.gradient)),
                })
                .collect(),
        }
    }
}

/// The unit of a linear layer with the largest output, at the input of largest size.
fn trace_unit(
    weight: &Parameter<f32>,
    bias: Option<&Parameter<f32>>,
    [x, y]: [&Option<TensorSlice>; 2],
    has_gradients: bool,
) -> TracedUnit {
    let first_largest = |values: &Option<TensorSlice>, rank: fn(f32) -> f32| {
        argmax(values.iter().flat_map(|values| values.values.iter().map(|value| rank(*value))))
    };
    let (unit, input) = (first_largest(y, |value| value), first_largest(x, f32::abs));
    let inputs = weight.shape.dimensions()[1];
    let weights = &weight.value[unit * inputs..(unit + 1) * inputs];
    let column = weight.value[input..].iter().step_by(inputs);
    let gradient = |parameter: &Parameter<f32>, at: usize| has_gradients.then(|| f64::from(parameter.gradient[at]));
    TracedUnit {
        unit,
        input,
        weights: weights[..inputs.min(MAX_TRACED_VALUES)].to_vec(),
        column: column.take(MAX_TRACED_VALUES).copied().collect(),
        weight_gradient: gradient(weight, unit * inputs + input),
        bias: bias.map(|bias| f64::from(bias.value[unit])),
        bias_gradient: bias.and_then(|bias| gradient(bias, unit)),
    }
}

/// The elements with the largest gradients.
fn largest_gradients(parameters: &[&Parameter<f32>]) -> Vec<ParameterElement> {
    let entry = |(tensor, element): (usize, usize)| {
        let parameter: &Parameter<f32> = parameters[tensor];
        ParameterElement {
            parameter: parameter.name.clone(),
            index: parameter.shape.index_of_value(element),
            value: parameter.value[element].into(),
            gradient: parameter.gradient[element].into(),
        }
    };
    let gradients = parameters.iter().map(|parameter| parameter.gradient.as_slice());
    largest_elements(gradients, LARGEST_GRADIENTS).into_iter().map(entry).collect()
}
