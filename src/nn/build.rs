//! From the description of a layer to the layer.

use super::{
    Init, LayerPosition, LayerSpec, Scalar, Shape,
    chain::{channels, check_row, projection},
    layers::{AvgPool, BatchNorm, Conv, Dropout, Flatten, GlobalAvgPool, Layer, Linear, MaxPool, Pass, Residual},
    window::Window,
};

/// What all layers of a network are built with.
pub struct Setup<'a, T> {
    /// How weights begin.
    pub init: Init,
    /// Seed of the network.
    pub seed: u64,
    /// Most samples of a batch.
    pub max_batch: usize,
    /// Its passes, in whose buffers a layer makes room.
    pub pass: &'a mut Pass<T>,
}

/// Builds one layer; what is wrong with it as the end of a sentence, though a checked chain has nothing wrong.
pub fn build<T: Scalar>(
    spec: &LayerSpec,
    input: &Shape,
    place: &LayerPosition,
    setup: &mut Setup<'_, T>,
) -> Result<Box<dyn Layer<T>>, String> {
    let features = input.features();
    Ok(match *spec {
        LayerSpec::Linear { units } => {
            let linear = Linear::new(place, features, units, setup.init, setup.seed);
            linear.reserve(setup.max_batch, &mut setup.pass.workspace);
            Box::new(linear)
        }
        LayerSpec::Conv { channels, kernel, stride, pad } => {
            let window = Window::new(input, kernel, stride, pad)?;
            let conv = Conv::new(place, window, channels, setup.max_batch, setup.init, setup.seed);
            conv.reserve(setup.pass);
            Box::new(conv)
        }
        LayerSpec::BatchNorm => {
            let channels = channels(input);
            Box::new(BatchNorm::new(place, channels, features / channels))
        }
        LayerSpec::MaxPool { size, stride, pad } => Box::new(MaxPool::new(Window::pooling(input, size, stride, pad)?)),
        LayerSpec::AvgPool { size, stride, pad } => Box::new(AvgPool::new(Window::pooling(input, size, stride, pad)?)),
        LayerSpec::GlobalAvgPool => Box::new(GlobalAvgPool::new(features / channels(input))),
        LayerSpec::Flatten => Box::new(Flatten),
        LayerSpec::Activation(activation) => activation.build(),
        LayerSpec::Dropout { probability } => {
            Box::new(Dropout::new(place.number, probability, setup.max_batch, features, setup.seed))
        }
        LayerSpec::Residual { ref layers } => Box::new(residual(layers, input, place, setup)?),
    })
}

fn residual<T: Scalar>(
    specs: &[LayerSpec],
    input: &Shape,
    place: &LayerPosition,
    setup: &mut Setup<'_, T>,
) -> Result<Residual<T>, String> {
    let infos = check_row(specs, input, setup.max_batch).map_err(|(_, message)| message)?;
    let mut layers = Vec::with_capacity(infos.len() + 1);
    for info in &infos {
        let place = place.inside(info.index, &format!("body.{}", info.index));
        layers.push(build(&info.spec, &info.input, &place, setup)?);
    }
    let outputs: Vec<usize> = infos.iter().map(|info| info.output.features()).collect();
    let output = infos.last().map_or(input, |info| &info.output);
    let projection = projection(input, output)?;
    if let Some(projection) = &projection {
        layers.push(build(projection, input, &place.inside(infos.len(), "shortcut"), setup)?);
    }
    Ok(Residual::new(layers, projection.is_some(), setup.max_batch, input.features(), &outputs))
}
