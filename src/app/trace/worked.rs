//! The equations of a layer with the numbers of the current minibatch: sums written out as far as their terms are
//! known.

use crate::protocol::LayerKind;
use crate::protocol::inspection::{LayerTrace, ParameterElement, SampleLoss, TensorSlice, TracedParameter, TracedUnit};

/// Most terms of a sum that are kept, the largest.
const MAX_SUM_TERMS: usize = 16;

/// A term of a sum: a number, or a product of two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SumTerm(pub f64, pub Option<f64>);

impl SumTerm {
    fn value(self) -> f64 {
        self.0 * self.1.unwrap_or(1.0)
    }
}

/// One number of the layer as the sum that it is.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkedSum {
    /// What it is: `y[3]`.
    pub what: String,
    /// How it comes about, in symbols: `Σ W[3,k] x[k] + b[3]`.
    pub symbols: String,
    /// The largest of its terms that are known.
    pub terms: Vec<SumTerm>,
    /// How many more it has.
    pub more: usize,
    /// Whether these are those of the other samples of the batch.
    pub over_samples: bool,
    /// What is added in the end.
    pub bias: Option<f64>,
    /// The value of the layer's input that it is about, if it is about one.
    pub input: Option<usize>,
    /// What it comes to; `None` while that is not computed.
    pub result: Option<f64>,
}

impl WorkedSum {
    fn new(what: String, symbols: String, mut terms: Vec<SumTerm>, count: usize) -> Self {
        let size = |term: &SumTerm| if term.value().is_nan() { f64::INFINITY } else { term.value().abs() };
        terms.sort_by(|one, other| size(other).total_cmp(&size(one)));
        terms.truncate(MAX_SUM_TERMS);
        let more = count.saturating_sub(terms.len());
        Self { what, symbols, terms, more, over_samples: false, bias: None, input: None, result: None }
    }

    /// A sum over a batch of `batch` samples, of which the term of at most one is known.
    fn over_samples(what: String, symbols: String, own: Option<SumTerm>, batch: usize) -> Self {
        Self { over_samples: true, ..Self::new(what, symbols, own.into_iter().collect(), batch) }
    }

    fn with_bias(self, bias: Option<f64>) -> Self {
        Self { bias, ..self }
    }

    fn with_input(self, input: usize) -> Self {
        Self { input: Some(input), ..self }
    }

    fn with_result(self, result: Option<f64>) -> Self {
        Self { result, ..self }
    }
}

/// The sums of a layer of this kind in a batch of `batch` samples; none where there is nothing to add up.
pub fn worked_sums(kind: &LayerKind, layer: &LayerTrace, batch: usize) -> Vec<WorkedSum> {
    match kind {
        LayerKind::Linear { .. } => linear_sums(layer, batch),
        LayerKind::Conv { stride, pad, .. } => convolution_sums((*stride, *pad), layer, batch).unwrap_or_default(),
        LayerKind::BatchNorm => batch_norm_sums(layer, batch).unwrap_or_default(),
        LayerKind::Other { .. } => Vec::new(),
    }
}

/// The mathematics' letter for a parameter of a layer of this kind; within a block the way to it.
pub fn parameter_letter<'a>(kind: &LayerKind, parameter: &'a str) -> &'a str {
    match (kind, parameter) {
        (LayerKind::BatchNorm, "weight") => "γ",
        (LayerKind::BatchNorm, "bias") => "β",
        (_, "weight") => "W",
        (_, "bias") => "b",
        _ => parameter,
    }
}

/// The loss of one sample. −log p comes from the logits as log Σ exp(z) − z: the probability itself may be too small
/// for an `f32`.
pub fn loss_sum(loss: &SampleLoss) -> WorkedSum {
    let largest = loss.logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let log_sum = loss.logits.iter().map(|z| f64::from(z - largest).exp()).sum::<f64>().ln() + f64::from(largest);
    let pairs = loss.target.iter().zip(&loss.logits);
    let terms = pairs.filter(|(q, _)| **q > 0.0).map(|(q, z)| SumTerm(f64::from(*q), Some(log_sum - f64::from(*z))));
    let terms: Vec<SumTerm> = terms.collect();
    let count = terms.len();
    WorkedSum::new("Lₛ".into(), "Σ q · (−log p)".into(), terms, count).with_result(Some(loss.loss))
}

/// What the sample that is followed adds to a gradient of a linear layer, if its values are here.
pub fn sample_gradient_share(kind: &LayerKind, layer: &LayerTrace, entry: &ParameterElement) -> Option<f64> {
    let dy = layer.output_gradient.as_ref()?;
    match (kind, entry.index.as_slice()) {
        (LayerKind::Linear { .. }, &[unit, input]) => {
            Some(value_at(dy, unit)? * value_at(layer.input.as_ref()?, input)?)
        }
        (LayerKind::Linear { .. }, &[unit]) => value_at(dy, unit),
        _ => None,
    }
}

/// The value of the layer's input that an element of a parameter belongs to: a weight of a linear layer to one, γ and β
/// of a batch normalization to those of their channel.
pub fn element_input(kind: &LayerKind, index: &[usize]) -> Option<usize> {
    match (kind, index) {
        (LayerKind::Linear { .. }, &[_, input]) => Some(input),
        (LayerKind::BatchNorm, &[channel]) => Some(channel),
        _ => None,
    }
}

/// A linear layer at the unit with the largest output that the next layer lets pass.
fn linear_sums(layer: &LayerTrace, batch: usize) -> Vec<WorkedSum> {
    let (Some(traced), Some(weight)) = (&layer.unit, find_parameter(layer, "weight")) else { return Vec::new() };
    let &[units, inputs] = weight.value.shape.as_slice() else { return Vec::new() };
    let &TracedUnit { unit, input, .. } = traced;
    let values = |values: &Option<TensorSlice>, place: usize| value_at(values.as_ref()?, place);
    let products = |one: &[f32], other: Option<&TensorSlice>| -> Vec<SumTerm> {
        let other = other.map_or(&[][..], |other| &other.values);
        one.iter().zip(other).map(|(one, other)| SumTerm(f64::from(*one), Some(f64::from(*other)))).collect()
    };
    let slope = values(&layer.output_gradient, unit);
    let own = slope.zip(values(&layer.input, input)).map(|(dy, x)| SumTerm(dy, Some(x)));
    let forward = products(&traced.weights, layer.input.as_ref());
    let backward = products(&traced.column, layer.output_gradient.as_ref());
    let mut sums = vec![
        WorkedSum::new(format!("y[{unit}]"), format!("Σ W[{unit},k] x[k] + b[{unit}]"), forward, inputs)
            .with_bias(traced.bias)
            .with_result(values(&layer.output, unit)),
        WorkedSum::over_samples(format!("∂L/∂W[{unit},{input}]"), format!("Σₛ dy[s,{unit}] x[s,{input}]"), own, batch)
            .with_input(input)
            .with_result(traced.weight_gradient),
    ];
    if traced.bias.is_some() {
        let term = slope.map(|dy| SumTerm(dy, None));
        let sum = WorkedSum::over_samples(format!("∂L/∂b[{unit}]"), format!("Σₛ dy[s,{unit}]"), term, batch);
        sums.push(sum.with_result(traced.bias_gradient));
    }
    sums.push(
        WorkedSum::new(format!("∂L/∂x[{input}]"), format!("Σ W[j,{input}] dy[j]"), backward, units)
            .with_input(input)
            .with_result(values(&layer.input_gradient, input)),
    );
    sums
}

/// A convolution at the place of the image where its output is largest.
fn convolution_sums(
    (stride, pad): ([usize; 2], [usize; 2]),
    layer: &LayerTrace,
    batch: usize,
) -> Option<Vec<WorkedSum>> {
    let (weight, bias) = (find_parameter(layer, "weight")?, find_parameter(layer, "bias"));
    let &[_, channels, ..] = weight.value.shape.as_slice() else { return None };
    let &[units, kept, height, width] = weight.value.kept.as_slice() else { return None };
    is_complete(&weight.value).then_some(())?;
    let ([down, across], [above, before]) = (stride, pad);
    let (x, y, dy) = (layer.input.as_ref()?, layer.output.as_ref(), layer.output_gradient.as_ref());
    let &[_, rows, columns] = x.shape.as_slice() else { return None };
    let place = y.and_then(|y| largest_pixel_place(y, units)).unwrap_or([0, 0, 0]);
    let [unit, i, j] = place;
    // What an element of the kernel sees from (i, j); beyond the edge the padding.
    let seen = |c: usize, (i, j): (usize, usize), (k, l): (usize, usize)| {
        let at = |place: usize, stride: usize, offset: usize, pad: usize| {
            place.checked_mul(stride)?.checked_add(offset)?.checked_sub(pad)
        };
        match (at(i, down, k, above), at(j, across, l, before)) {
            (Some(row), Some(column)) if row < rows && column < columns => pixel_value(x, [c, row, column]),
            _ => Some(0.0),
        }
    };
    let taps = || (0..height).flat_map(|k| (0..width).map(move |l| (k, l)));
    let element = |c: usize, (k, l): (usize, usize)| ((unit * kept + c) * height + k) * width + l;
    let forward = (0..kept)
        .flat_map(|c| taps().map(move |tap| (c, tap)))
        .filter_map(|(c, tap)| Some(SumTerm(value_at(&weight.value, element(c, tap))?, Some(seen(c, (i, j), tap)?))));
    let (row, column) = (
        shifted_index_text(i.saturating_mul(down), 'k', above),
        shifted_index_text(j.saturating_mul(across), 'l', before),
    );
    let count = channels.saturating_mul(height * width);
    let mut sums = vec![
        WorkedSum::new(
            format!("y[{unit},{i},{j}]"),
            format!("Σ W[{unit},c,k,l] x[c,{row},{column}] + b[{unit}]"),
            forward.collect(),
            count,
        )
        .with_bias(bias.and_then(|bias| value_at(&bias.value, unit)))
        .with_result(y.and_then(|y| pixel_value(y, place))),
    ];
    let (_, high, wide) = dy.and_then(image_shape).unwrap_or_default();
    let own = |other: &dyn Fn((usize, usize)) -> Option<Option<f64>>| -> Vec<SumTerm> {
        let places = (0..high).flat_map(|i| (0..wide).map(move |j| (i, j)));
        places.filter_map(|(i, j)| Some(SumTerm(pixel_value(dy?, [unit, i, j])?, other((i, j))?))).collect()
    };
    let middle = (height / 2, width / 2);
    let count = batch.saturating_mul(high * wide);
    let gradient = |parameter: &TracedParameter, place| value_at(parameter.gradient.as_ref()?, place);
    sums.push(
        WorkedSum::new(
            format!("∂L/∂W[{unit},0,{},{}]", middle.0, middle.1),
            format!("Σ dy[s,{unit},i,j] x[s,0,…]"),
            own(&|place| seen(0, place, middle).map(Some)),
            count,
        )
        .with_result(gradient(weight, element(0, middle))),
    );
    if let Some(bias) = bias {
        let sum = WorkedSum::new(format!("∂L/∂b[{unit}]"), format!("Σ dy[s,{unit},i,j]"), own(&|_| Some(None)), count);
        sums.push(sum.with_result(gradient(bias, unit)));
    }
    Some(sums)
}

/// A batch normalization at the place where its output is largest. x̂ is what γ and β were applied to.
fn batch_norm_sums(layer: &LayerTrace, batch: usize) -> Option<Vec<WorkedSum>> {
    let (gamma, beta) = (layer.parameters.first()?, layer.parameters.get(1)?);
    let (y, dy) = (layer.output.as_ref(), layer.output_gradient.as_ref());
    let known = gamma.value.values.len();
    let place = y.and_then(|y| largest_pixel_place(y, known));
    let channel = match place {
        Some([channel, ..]) => channel,
        None => y.and_then(|y| place_of_largest(0..known, |unit| value_at(y, unit))).unwrap_or(0),
    };
    let at = place.map_or_else(|| channel.to_string(), |[c, i, j]| format!("{c},{i},{j}"));
    let places = y.and_then(image_shape).map_or(1, |(_, height, width)| height * width);
    let of = |values: &TensorSlice| match place {
        Some(place) => pixel_value(values, place),
        None => value_at(values, channel),
    };
    let (scale, shift) = (value_at(&gamma.value, channel)?, value_at(&beta.value, channel)?);
    let (y, dy) = (y.and_then(of), dy.and_then(of));
    let normal = y.map(|y| (y - shift) / scale).filter(|normal| normal.is_finite());
    let count = batch.saturating_mul(places);
    let terms = |one: Option<f64>, other: Option<f64>| match (one, other) {
        (Some(one), Some(other)) => vec![SumTerm(one, Some(other))],
        _ => Vec::new(),
    };
    let gradient = |parameter: &TracedParameter| value_at(parameter.gradient.as_ref()?, channel);
    let over = if batch > 1 { "over the batch" } else { "over this sample" };
    Some(vec![
        WorkedSum::new(
            format!("y[{at}]"),
            format!("γ[{channel}] x̂[{at}] + β[{channel}]"),
            terms(Some(scale), normal),
            1,
        )
        .with_bias(Some(shift))
        .with_result(y),
        WorkedSum::new(format!("∂L/∂γ[{channel}]"), format!("Σ dy x̂ {over}"), terms(dy, normal), count)
            .with_result(gradient(gamma)),
        WorkedSum::new(
            format!("∂L/∂β[{channel}]"),
            format!("Σ dy {over}"),
            dy.map(|dy| SumTerm(dy, None)).into_iter().collect(),
            count,
        )
        .with_result(gradient(beta)),
    ])
}

fn find_parameter<'a>(layer: &'a LayerTrace, name: &str) -> Option<&'a TracedParameter> {
    layer.parameters.iter().find(|parameter| parameter.name == name)
}

/// `14+k−1`.
fn shifted_index_text(place: usize, offset: char, pad: usize) -> String {
    if pad == 0 { format!("{place}+{offset}") } else { format!("{place}+{offset}−{pad}") }
}

fn value_at(values: &TensorSlice, place: usize) -> Option<f64> {
    values.values.get(place).map(|value| f64::from(*value))
}

/// Whether the values are as many as the shape of what is here says, and any at all.
fn is_complete(values: &TensorSlice) -> bool {
    let count = values.kept.iter().try_fold(1usize, |count, length| count.checked_mul(*length));
    !values.values.is_empty() && count == Some(values.values.len())
}

/// Channels, rows and columns of the part of an image that is here.
fn image_shape(values: &TensorSlice) -> Option<(usize, usize, usize)> {
    let &[channels, height, width] = values.kept.as_slice() else { return None };
    is_complete(values).then_some((channels, height, width))
}

/// The value of an image in a channel, a row and a column, if it is here.
fn pixel_value(values: &TensorSlice, [c, i, j]: [usize; 3]) -> Option<f64> {
    let (channels, height, width) = image_shape(values)?;
    (c < channels && i < height && j < width).then(|| value_at(values, (c * height + i) * width + j)).flatten()
}

/// Where an image is largest, among its first `channels`.
fn largest_pixel_place(values: &TensorSlice, channels: usize) -> Option<[usize; 3]> {
    let (kept, height, width) = image_shape(values)?;
    let area = height * width;
    let best = place_of_largest(0..kept.min(channels) * area, |place| value_at(values, place))?;
    Some([best / area, best % area / width, best % width])
}

/// The place with the largest value; the first of equal ones.
fn place_of_largest(places: std::ops::Range<usize>, value: impl Fn(usize) -> Option<f64>) -> Option<usize> {
    let known = places.filter_map(|place| Some((place, value(place)?)));
    known.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINEAR: LayerKind = LayerKind::Linear { units: 2 };

    fn convolution_sums(stride: [usize; 2], pad: [usize; 2]) -> LayerKind {
        LayerKind::Conv { channels: 1, kernel: [3; 2], stride, pad }
    }

    fn extract(shape: &[usize], kept: &[usize], values: &[f32]) -> TensorSlice {
        TensorSlice { shape: shape.to_vec(), kept: kept.to_vec(), values: values.to_vec() }
    }

    fn weight(value: TensorSlice, gradient: Option<TensorSlice>) -> TracedParameter {
        TracedParameter { name: "weight".into(), value, gradient, norm: 1.0, gradient_norm: None }
    }

    fn layer(input: TensorSlice, output: TensorSlice, parameters: Vec<TracedParameter>) -> LayerTrace {
        LayerTrace {
            layer: 0,
            input: Some(input),
            output: Some(output),
            output_gradient: None,
            input_gradient: None,
            derivative: None,
            unit: None,
            update: None,
            parameters,
            largest: Vec::new(),
        }
    }

    /// What the known terms and the bias add up to.
    fn total(sum: &WorkedSum) -> f64 {
        sum.terms.iter().map(|term| term.value()).sum::<f64>() + sum.bias.unwrap_or(0.0)
    }

    #[test]
    fn a_linear_layer_adds_up() {
        // y = x Wᵀ with x = (1, -2), W = ((0.5, 0.25), (-1, 2)).
        let weights = extract(&[2, 2], &[2, 2], &[0.5, 0.25, -1.0, 2.0]);
        let gradient = extract(&[2, 2], &[2, 2], &[0.1, 0.2, 0.3, 0.4]);
        let mut traced = layer(
            extract(&[2], &[2], &[1.0, -2.0]),
            extract(&[2], &[2], &[0.0, -5.0]),
            vec![weight(weights, Some(gradient))],
        );
        traced.output_gradient = Some(extract(&[2], &[2], &[0.5, -0.5]));
        traced.input_gradient = Some(extract(&[2], &[2], &[0.75, -0.875]));
        traced.unit = Some(TracedUnit {
            unit: 0,
            input: 1,
            weights: vec![0.5, 0.25],
            column: vec![0.25, 2.0],
            weight_gradient: Some(0.2),
            bias: None,
            bias_gradient: None,
        });
        let found = worked_sums(&LINEAR, &traced, 4);
        assert_eq!((found[0].what.as_str(), total(&found[0]), found[0].result), ("y[0]", 0.0, Some(0.0)));
        assert_eq!((found[1].what.as_str(), found[1].result, found[1].more), ("∂L/∂W[0,1]", Some(0.2), 3));
        assert_eq!(found[1].terms, [SumTerm(0.5, Some(-2.0))]);
        assert_eq!((found[2].what.as_str(), total(&found[2]), found[2].result), ("∂L/∂x[1]", -0.875, Some(-0.875)));
        let entry = ParameterElement { parameter: "weight".into(), index: vec![1, 0], value: -1.0, gradient: 0.3 };
        assert_eq!(sample_gradient_share(&LINEAR, &traced, &entry), Some(-0.5));
        assert_eq!(sample_gradient_share(&convolution_sums([1; 2], [0; 2]), &traced, &entry), None);
    }

    #[test]
    fn a_convolution_adds_up_at_its_edge_too() {
        // A kernel of ones and a padding of 1 on 2 × 2 values: everywhere the sum of all.
        let kernel = extract(&[1, 1, 3, 3], &[1, 1, 3, 3], &[1.0; 9]);
        let image = extract(&[1, 2, 2], &[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
        let traced = layer(image, extract(&[1, 2, 2], &[1, 2, 2], &[10.0; 4]), vec![weight(kernel, None)]);
        let found = worked_sums(&convolution_sums([1; 2], [1; 2]), &traced, 1);
        assert_eq!((found[0].what.as_str(), total(&found[0]), found[0].more), ("y[0,0,0]", 10.0, 0));
        assert_eq!(found[0].symbols, "Σ W[0,c,k,l] x[c,0+k−1,0+l−1] + b[0]");
        assert_eq!(found[1].result, None);
    }

    #[test]
    fn shapes_that_do_not_fit_give_nothing() {
        let huge = extract(&[usize::MAX; 4], &[usize::MAX; 4], &[1.0; 9]);
        let flat = extract(&[usize::MAX; 2], &[usize::MAX, 0], &[]);
        let relu = LayerKind::from_word("relu", std::collections::BTreeMap::new());
        for parameter in [huge.clone(), flat] {
            let traced = layer(huge.clone(), huge.clone(), vec![weight(parameter, None)]);
            assert_eq!(worked_sums(&convolution_sums([usize::MAX, 0], [99_999_999; 2]), &traced, usize::MAX), []);
            assert_eq!(worked_sums(&LINEAR, &traced, usize::MAX), []);
            assert_eq!(worked_sums(&relu, &traced, 1), []);
        }
    }

    #[test]
    fn a_loss_adds_up_where_its_probability_is_too_small_for_an_f32() {
        let loss = SampleLoss {
            logits: vec![110.0, 0.0],
            probabilities: vec![1.0, 0.0],
            target: vec![0.0, 1.0],
            gradient: vec![1.0, -1.0],
            jacobian: vec![0.0; 4],
            predicted: 0,
            loss: 110.0,
        };
        let found = loss_sum(&loss);
        assert_eq!((found.terms.as_slice(), total(&found)), (&[SumTerm(1.0, Some(110.0))][..], 110.0));
        let even =
            SampleLoss { logits: vec![-3.0, -3.0], probabilities: vec![0.5; 2], target: vec![0.25, 0.75], ..loss };
        assert!((total(&loss_sum(&even)) - 2f64.ln()).abs() < 1e-12);
    }
}
