//! One sample on its way through the network and back.

use crate::{
    nn::{LayerSpec, Mode, Parameter},
    optim::norm,
    protocol::{
        Answer, Phase, SampleChoice,
        inspection::{
            Entry, Extract, LayerTrace, Loss, Pass, Sample, Split, Trace, TracedLayer, TracedParameter, TracedUnit,
        },
    },
    train::{
        Trainer,
        inspect::figures::{corner, extract, largest, signal},
        predictions::argmax,
        progress::Held,
    },
};

/// Most values of what the network or a layer reads or gives that are shown.
const MOST_VALUES: usize = 4096;

/// Most classes whose Jacobian is shown.
const MOST_CLASSES: usize = 16;

/// How many of the largest gradients are shown.
const LARGEST: usize = 10;

/// A pass that lies in the network's buffers, and the row of it that is followed.
struct Followed {
    held: Held,
    pass: Pass,
    row: usize,
    split: Split,
    index: usize,
}

impl Trainer {
    /// Follows one sample.
    pub(super) fn trace(&mut self, choice: SampleChoice, layer: usize) -> Answer {
        if let SampleChoice::Dataset { split, index } = choice {
            return self.with_average(|trainer| {
                let followed = trainer.evaluate_alone(split, index);
                Answer::Trace(Box::new(trainer.describe_trace(&followed, layer)))
            });
        }
        let held = self.hold();
        let row = match self.choose(choice, &held) {
            Ok(row) => row,
            Err(reason) => return Answer::Nothing { reason },
        };
        let index = self.batches.indices(held.minibatch - 1)[row] as usize;
        let pass = Pass::Minibatch { number: held.minibatch };
        let followed = Followed { held, pass, row, split: Split::Train, index };
        Answer::Trace(Box::new(self.describe_trace(&followed, layer)))
    }

    /// Passes one sample alone through the network and back, as in an evaluation.
    fn evaluate_alone(&mut self, split: Split, index: usize) -> Followed {
        self.set_aside();
        let data = if split == Split::Train { &self.data.train } else { &self.data.test };
        data.labels(&[index as u32], &mut self.labels[..1]);
        let mut input = self.network.input_mut(1);
        data.gather(&[index as u32], input.as_slice_mut().unwrap_or_default());
        self.network.forward(Mode::Evaluate);
        self.network.loss(&self.labels[..1]);
        self.network.backward();
        let forward = self.network.layer_infos().len();
        let held = Held { minibatch: 0, phase: Phase::Between, forward, loss: true, backward: 0 };
        Followed { held, pass: Pass::Evaluation, row: 0, split, index }
    }

    /// The row of the minibatch in hand that was chosen, or why there is none.
    fn choose(&self, choice: SampleChoice, held: &Held) -> Result<usize, String> {
        let batch = self.network.batch();
        if let SampleChoice::Row { row } = choice {
            // The last minibatch of an epoch may be smaller.
            return Ok(row.min(batch - 1));
        }
        if !held.loss {
            return Err("the loss is not computed yet; a sample can be chosen by its row".into());
        }
        if let SampleChoice::NextMistake { after } = choice {
            let first = after.map_or(0, |row| row.min(batch - 1) + 1);
            return (first..batch).chain(0..first).find(|row| !self.is_right(*row)).ok_or_else(|| {
                format!("every one of the {batch} samples of minibatch {} is classified correctly", held.minibatch)
            });
        }
        let losses = self.losses();
        let rank = |row: &usize| if losses[*row].is_nan() { f32::INFINITY } else { losses[*row] };
        // The first of equal ones.
        Ok((0..batch).rev().max_by(|a, b| rank(a).total_cmp(&rank(b))).unwrap_or(0))
    }

    /// The class with the largest logit of a row; the first of equal ones.
    fn predicted(&self, row: usize) -> usize {
        argmax(self.network.logits().row(row).iter().copied())
    }

    /// Whether a row's largest logit is that of its class; one with a NaN has no largest logit.
    fn is_right(&self, row: usize) -> bool {
        self.predicted(row) == usize::from(self.labels[row]) && !self.loss_of(row).is_nan()
    }

    /// What the probabilities of a row should be.
    fn target(&self, row: usize) -> Vec<f64> {
        let (classes, smoothing) = (self.network.logits().ncols(), self.network.smoothing_in_hand());
        let everywhere = smoothing / classes as f64;
        let mut target = vec![everywhere; classes];
        target[usize::from(self.labels[row])] += 1.0 - smoothing;
        target
    }

    /// -Σ q log p of a row, in `f64` from its logits.
    fn loss_of(&self, row: usize) -> f64 {
        let logits = self.network.logits();
        let z = logits.row(row);
        let max = f64::from(z[self.predicted(row)]);
        let rest = z.iter().map(|&z| (f64::from(z) - max).exp()).sum::<f64>().ln();
        self.target(row).iter().zip(z).map(|(q, &z)| q * (rest - (f64::from(z) - max))).sum()
    }

    fn losses(&self) -> Vec<f32> {
        (0..self.network.batch()).map(|row| self.loss_of(row) as f32).collect()
    }

    fn describe_trace(&mut self, followed: &Followed, layer: usize) -> Trace {
        let &Followed { held, pass, row, split, index } = followed;
        let selected = self.trace_layer(&held, row, layer);
        let network = &self.network;
        let batch = network.batch();
        let layers = network.layer_infos().iter().map(|info| {
            let layer = info.index;
            let gradients = || network.parameters().filter(|parameter| parameter.layer == layer);
            let square = |parameter: &Parameter<f32>| norm(&parameter.gradient).powi(2);
            TracedLayer {
                layer,
                forward: (layer < held.forward).then(|| signal(&network.activation(layer).row(row).to_vec())),
                backward: held.has_error(layer).then(|| signal(&network.activation_gradient(layer).row(row).to_vec())),
                gradient_norm: (info.parameters > 0 && layer >= held.backward)
                    .then(|| gradients().map(square).sum::<f64>().sqrt()),
            }
        });
        let losses = if held.loss { self.losses() } else { Vec::new() };
        Trace {
            pass,
            batch,
            phase: held.phase,
            batch_loss: held.loss.then(|| match pass {
                Pass::Minibatch { .. } => self.report().map_or(f64::NAN, |report| report.loss),
                Pass::Evaluation | Pass::Unknown => self.loss_of(0),
            }),
            batch_accuracy: held
                .loss
                .then(|| (0..batch).filter(|row| self.is_right(*row)).count() as f64 / batch as f64),
            sample: Sample {
                row,
                split,
                index,
                class: self.labels[row].into(),
                input: extract(&network.input().row(row).to_vec(), &self.data.shape, MOST_VALUES),
                picture: self.picture(split, index),
            },
            loss: held.loss.then(|| self.trace_loss(row)),
            losses,
            layers: layers.collect(),
            selected,
        }
    }

    fn trace_loss(&self, row: usize) -> Loss {
        let network = &self.network;
        let last = network.layer_infos().len() - 1;
        let probabilities = network.probabilities().row(row).to_vec();
        let jacobian = if probabilities.len() <= MOST_CLASSES {
            let element = |i: usize, j: usize| probabilities[i] * (f32::from(u8::from(i == j)) - probabilities[j]);
            let classes = 0..probabilities.len();
            classes.clone().flat_map(|i| classes.clone().map(move |j| element(i, j))).collect()
        } else {
            Vec::new()
        };
        Loss {
            logits: network.logits().row(row).to_vec(),
            target: self.target(row).into_iter().map(|q| q as f32).collect(),
            gradient: network.activation_gradient(last).row(row).to_vec(),
            predicted: self.predicted(row),
            loss: self.loss_of(row),
            jacobian,
            probabilities,
        }
    }

    /// One layer in full.
    fn trace_layer(&mut self, held: &Held, row: usize, layer: usize) -> LayerTrace {
        let has_gradients = layer >= held.backward;
        // After the update the weights are no more those that the passes were computed with.
        let updated = held.phase == Phase::Update;
        let input_gradient = match layer {
            _ if !has_gradients => None,
            0 if updated => None,
            0 => Some(self.network.row_of_input_gradient(row)),
            _ => Some(self.network.activation_gradient(layer - 1).row(row).to_vec()),
        };
        let derivative = if layer < held.forward { self.network.derivative(layer, row) } else { None };
        let network = &self.network;
        let info = &network.layer_infos()[layer];
        let (inputs, outputs) = (info.input.dimensions(), info.output.dimensions());
        let input = match layer {
            0 => Some(network.input()),
            _ => (layer <= held.forward).then(|| network.activation(layer - 1)),
        };
        let show = |values: &[f32], shape: &[usize]| extract(values, shape, MOST_VALUES);
        let parameters: Vec<&Parameter<f32>> =
            network.parameters().filter(|parameter| parameter.layer == layer).collect();
        let input = input.map(|x| show(&x.row(row).to_vec(), inputs));
        let output = (layer < held.forward).then(|| show(&network.activation(layer).row(row).to_vec(), outputs));
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
            output_gradient: held
                .has_error(layer)
                .then(|| show(&network.activation_gradient(layer).row(row).to_vec(), outputs)),
            input_gradient: input_gradient.map(|dx| show(&dx, inputs)),
            derivative: derivative.map(|derivative| show(&derivative, outputs)),
            unit,
            largest: if has_gradients { largest_gradients(&parameters) } else { Vec::new() },
            parameters: parameters
                .into_iter()
                .map(|parameter| TracedParameter {
                    name: parameter.name.clone(),
                    value: corner(&parameter.value, parameter.shape.dimensions()),
                    gradient: has_gradients.then(|| corner(&parameter.gradient, parameter.shape.dimensions())),
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
    [x, y]: [&Option<Extract>; 2],
    has_gradients: bool,
) -> TracedUnit {
    let first_largest = |values: &Option<Extract>, rank: fn(f32) -> f32| {
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
        weights: weights[..inputs.min(MOST_VALUES)].to_vec(),
        column: column.take(MOST_VALUES).copied().collect(),
        weight_gradient: gradient(weight, unit * inputs + input),
        bias: bias.map(|bias| f64::from(bias.value[unit])),
        bias_gradient: bias.and_then(|bias| gradient(bias, unit)),
    }
}

/// The elements with the largest gradients.
fn largest_gradients(parameters: &[&Parameter<f32>]) -> Vec<Entry> {
    let entry = |(tensor, element): (usize, usize)| {
        let parameter: &Parameter<f32> = parameters[tensor];
        Entry {
            parameter: parameter.name.clone(),
            index: parameter.shape.index(element),
            value: parameter.value[element].into(),
            gradient: parameter.gradient[element].into(),
        }
    };
    let gradients = parameters.iter().map(|parameter| parameter.gradient.as_slice());
    largest(gradients, LARGEST).into_iter().map(entry).collect()
}
