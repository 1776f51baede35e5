//! From the description of a layer to the layer.

use super::{
    Init, LayerPosition, LayerSpec, Scalar, Shape,
    chain::{ONLY_LAST, ShortcutSpec, channel_count, check_layers, find_shortcut},
    layers::{
        AvgPool, BatchNorm, Conv, Dropout, Flatten, GlobalAvgPool, Layer, Linear, MaxPool, PassContext, Residual,
    },
    window::Window,
};

/// What all layers of a network are built with.
pub struct LayerSetup<'a, T> {
    /// How weights begin.
    pub init: Init,
    /// Seed of the network.
    pub seed: u64,
    /// Most samples of a batch.
    pub max_batch: usize,
    /// Its passes, in whose buffers a layer makes room.
    pub pass: &'a mut PassContext<T>,
}

/// Builds one layer; what is wrong with it as the end of a sentence, though a checked chain has nothing wrong.
pub fn build_layer<T: Scalar>(
    spec: &LayerSpec,
    input: &Shape,
    position: &LayerPosition,
    setup: &mut LayerSetup<'_, T>,
) -> Result<Box<dyn Layer<T>>, String> {
    let features = input.features();
    Ok(match *spec {
        LayerSpec::Linear { units } => {
            let linear = Linear::new(position, features, units, setup.init, setup.seed);
            linear.reserve(setup.max_batch, &mut setup.pass.workspace);
            Box::new(linear)
        }
        // A checked chain has none: `NetworkSpec::for_classes` has given it its units.
        LayerSpec::LinearClasses => return Err(ONLY_LAST.into()),
        LayerSpec::Conv { channels, kernel, stride, pad } => {
            let window = Window::new(input, kernel, stride, pad)?;
            let conv = Conv::new(position, window, channels, setup.max_batch, setup.init, setup.seed);
            conv.reserve(setup.pass);
            Box::new(conv)
        }
        LayerSpec::BatchNorm => {
            let channels = channel_count(input);
            Box::new(BatchNorm::new(position, channels, features / channels))
        }
        LayerSpec::MaxPool { size, stride, pad } => {
            Box::new(MaxPool::new(Window::new_pooling(input, size, stride, pad)?))
        }
        LayerSpec::AvgPool { size, stride, pad } => {
            Box::new(AvgPool::new(Window::new_pooling(input, size, stride, pad)?))
        }
        LayerSpec::GlobalAvgPool => Box::new(GlobalAvgPool::new(features / channel_count(input))),
        LayerSpec::Flatten => Box::new(Flatten),
        LayerSpec::Activation(activation) => activation.build(),
        LayerSpec::Dropout { probability } => {
            Box::new(Dropout::new(position.number, probability, setup.max_batch, features, setup.seed))
        }
        LayerSpec::Residual { ref layers } => Box::new(build_residual(layers, input, position, setup)?),
    })
}

fn build_residual<T: Scalar>(
    specs: &[LayerSpec],
    input: &Shape,
    position: &LayerPosition,
    setup: &mut LayerSetup<'_, T>,
) -> Result<Residual<T>, String> {
    let infos = check_layers(specs, input, setup.max_batch).map_err(|(_, message)| message)?;
    let mut layers = Vec::with_capacity(infos.len() + 1);
    for info in &infos {
        let position = position.inside_block(info.index, &format!("body.{}", info.index));
        layers.push(build_layer(&info.spec, &info.input, &position, setup)?);
    }
    let outputs: Vec<usize> = infos.iter().map(|info| info.output.features()).collect();
    let output = infos.last().map_or(input, |info| &info.output);
    let shortcut = find_shortcut(input, output);
    if let Some(ShortcutSpec::Projection(projection)) = &shortcut {
        layers.push(build_layer(projection, input, &position.inside_block(infos.len(), "shortcut"), setup)?);
    }
    let is_projected = matches!(shortcut, Some(ShortcutSpec::Projection(_)));
    Ok(Residual::new(layers, is_projected, setup.max_batch, input.features(), &outputs))
}
