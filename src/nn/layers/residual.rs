//! Residual block (He et al. 2016).

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use super::{Layer, PassContext};
use crate::nn::{
    Equations, LayerCategory, LayerFacts, Scalar,
    kernels::{
        elementwise::{ElementCost, for_each_chunk},
        pointwise::map_arrays_in_parallel,
    },
    rows::{values, values_mut},
};

/// Values of a chunk for the threads.
const CHUNK_VALUES: usize = 1 << 15;

/// What others ask about this kind of layer.
pub(in crate::nn) const FACTS: LayerFacts = LayerFacts {
    name: "residual",
    form: "residual [LAYER, …]",
    category: LayerCategory::Block,
    properties: &[],
    equations: Equations {
        forward: &["y = F(x) + S(x)"],
        backward: &["∂L/∂x = (∂F/∂x)ᵀ dy + (∂S/∂x)ᵀ dy"],
        symbols: "F are the layers of the block, S is its shortcut",
    },
};

/// y = F(x) + S(x) with the layers F of the block and the shortcut S: the identity where F keeps the shape, else a
/// learned projection, for images a 1×1 convolution with the stride that fits, for vectors a linear layer.
///
/// ∂y/∂x = ∂F/∂x + ∂S/∂x, so both are given the same dy and
///
/// ```text
/// ∂L/∂x = (∂F/∂x)ᵀ dy + (∂S/∂x)ᵀ dy,   the second term being dy itself for the identity
/// ```
///
/// The parameters of F are called `body.0.weight` and so on, those of S `shortcut.weight` and `shortcut.bias`.
///
/// Cached: the outputs of all layers within, and the gradients there.
pub struct Residual<T> {
    /// The layers of F and, if there is one, the projection.
    layers: Vec<Box<dyn Layer<T>>>,
    /// Output of each layer of F, (`max_batch`, its features).
    outputs: Vec<Array2<T>>,
    /// ∂L/∂output of each layer of F but the last, whose gradient is dy.
    gradients: Vec<Array2<T>>,
    projection: Option<ShortcutProjection<T>>,
}

/// What the projection of a shortcut, the last of the layers, needs.
struct ShortcutProjection<T> {
    /// S(x), (`max_batch`, features of y).
    output: Array2<T>,
    /// (∂S/∂x)ᵀ dy, (`max_batch`, features of x).
    input_gradient: Array2<T>,
}

impl<T: Scalar> Residual<T> {
    /// A block of these layers, the last of which is the shortcut's if it is `projected`; `inputs` features are read,
    /// and the layers of F give `outputs`.
    pub fn new(
        layers: Vec<Box<dyn Layer<T>>>,
        projected: bool,
        max_batch: usize,
        inputs: usize,
        outputs: &[usize],
    ) -> Self {
        let buffer = |&features: &usize| Array2::zeros((max_batch, features));
        let projection = outputs.last().filter(|_| projected).map(|features| ShortcutProjection {
            output: buffer(features),
            input_gradient: Array2::zeros((max_batch, inputs)),
        });
        let inner = &outputs[..outputs.len().saturating_sub(1)];
        Self {
            layers,
            outputs: outputs.iter().map(buffer).collect(),
            gradients: inner.iter().map(buffer).collect(),
            projection,
        }
    }
}

impl<T: Scalar> Layer<T> for Residual<T> {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut PassContext<T>) {
        let rows = s![..x.nrows(), ..];
        for layer in 0..self.outputs.len() {
            let (before, after) = self.outputs.split_at_mut(layer);
            let x = before.last().map_or(x, |output| output.slice(rows));
            self.layers[layer].forward(x, after[0].slice_mut(rows), pass);
        }
        let last = self.outputs.len() - 1;
        let body = self.outputs[last].slice(rows);
        let shortcut = match &mut self.projection {
            Some(projection) => {
                self.layers[last + 1].forward(x, projection.output.slice_mut(rows), pass);
                projection.output.slice(rows)
            }
            None => x,
        };
        map_arrays_in_parallel(&pass.pool, ElementCost::Cheap, [body, shortcut], y, |[f, s]| f + s);
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        mut dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut PassContext<T>,
    ) {
        let rows = s![..x.nrows(), ..];
        for layer in (0..self.outputs.len()).rev() {
            let (before, after) = self.gradients.split_at_mut(layer);
            let dy = after.first().map_or(dy, |gradient| gradient.slice(rows));
            let y = self.outputs[layer].slice(rows);
            let (x, dx) = match before.last_mut() {
                Some(gradient) => (self.outputs[layer - 1].slice(rows), Some(gradient.slice_mut(rows))),
                None => (x, dx.as_mut().map(|dx| dx.view_mut())),
            };
            self.layers[layer].backward(x, y, dy, dx, pass);
        }
        let shortcut = match &mut self.projection {
            Some(ShortcutProjection { output, input_gradient }) => {
                let wanted = dx.is_some().then(|| input_gradient.slice_mut(rows));
                self.layers[self.outputs.len()].backward(x, output.slice(rows), dy, wanted, pass);
                values(input_gradient.slice(rows))
            }
            None => values(dy),
        };
        if let Some(dx) = dx {
            for_each_chunk(&pass.pool, CHUNK_VALUES, [values_mut(dx)], |range, [dx]| {
                dx.iter_mut().zip(&shortcut[range]).for_each(|(dx, &shortcut)| *dx += shortcut);
            });
        }
    }

    fn children(&self) -> &[Box<dyn Layer<T>>] {
        &self.layers
    }

    fn children_mut(&mut self) -> &mut [Box<dyn Layer<T>>] {
        &mut self.layers
    }

    fn hold_choices(&mut self, x: ArrayView2<'_, T>) {
        let rows = s![..x.nrows(), ..];
        let outputs = self.outputs.iter().map(|output| output.slice(rows));
        // The projection, which is the last layer, makes no choices.
        let inputs = std::iter::once(x).chain(outputs).take(self.outputs.len());
        self.layers.iter_mut().zip(inputs).for_each(|(layer, x)| layer.hold_choices(x));
    }
}
