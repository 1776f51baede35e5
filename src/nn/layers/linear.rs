//! Linear (fully connected) layer.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::{Layer, PassContext};
use crate::nn::{
    Equations, Init, LayerCategory, LayerFacts, LayerPosition, Parameter, Scalar, Shape,
    init::InitialDraw,
    kernels::{
        matmul::{Start, Workspace, matmul},
        sums::sum_columns,
    },
    rows::values,
};

/// What others ask about this kind of layer.
pub(in crate::nn) const FACTS: LayerFacts = LayerFacts {
    name: "linear",
    form: "linear UNITS",
    category: LayerCategory::Weights,
    properties: &[],
    equations: Equations {
        forward: &["y = x Wᵀ + b"],
        backward: &["∂L/∂W = dyᵀ x", "∂L/∂b = Σₛ dyₛ", "∂L/∂x = dy W"],
        symbols: "s counts the samples",
    },
};

/// y = x Wᵀ + b with x (batch, in), W (out, in), b (out), y (batch, out).
///
/// One output is `y_i = Σ_k W_ik x_k + b_i`, so ∂yᵢ/∂Wⱼₖ = δᵢⱼ xₖ, ∂y/∂b is the identity and ∂y/∂x = W. Summed over
/// the batch, with dy = ∂L/∂y:
///
/// ```text
/// ∂L/∂W = dyᵀ x      (out, in)
/// ∂L/∂b = Σ_s dy_s   (out)
/// ∂L/∂x = dy W       (batch, in)
/// ```
///
/// Cached: nothing; x is given again.
pub struct Linear<T> {
    parameters: [Parameter<T>; 2],
    inputs: usize,
    units: usize,
}

impl<T: Scalar> Linear<T> {
    /// A layer from `inputs` to `units` whose initial values follow from `init`, `seed` and its place in the network.
    pub fn new(position: &LayerPosition, inputs: usize, units: usize, init: Init, seed: u64) -> Self {
        let mut draw = InitialDraw::new(init, seed, position.number, inputs, units);
        let weight =
            Parameter::new(position, "weight", Shape::new([units, inputs]), || T::from_f64(draw.draw_weight()));
        let bias = Parameter::new(position, "bias", Shape::new([units]), || T::from_f64(draw.draw_bias()));
        Self { parameters: [weight, bias], inputs, units }
    }

    /// Makes room for this layer's matrix products, so that no step has to.
    pub fn reserve(&self, max_batch: usize, workspace: &mut Workspace<T>) {
        for [m, k, n] in products(max_batch, self.inputs, self.units) {
            workspace.reserve(m, k, n);
        }
    }
}

/// The products of both passes, (m, k) by (k, n) each.
pub fn products(max_batch: usize, inputs: usize, units: usize) -> [[usize; 3]; 3] {
    [[max_batch, inputs, units], [units, max_batch, inputs], [max_batch, units, inputs]]
}

impl<T: Scalar> Layer<T> for Linear<T> {
    fn forward(&mut self, x: ArrayView2<'_, T>, y: ArrayViewMut2<'_, T>, pass: &mut PassContext<T>) {
        let [weight, bias] = &self.parameters;
        // y (batch, units) = x (batch, inputs) · Wᵀ (inputs, units) + b (units)
        matmul(&pass.pool, &mut pass.workspace, x, weight.as_matrix().reversed_axes(), Start::Row(&bias.value), y);
    }

    fn backward(
        &mut self,
        x: ArrayView2<'_, T>,
        _y: ArrayView2<'_, T>,
        dy: ArrayView2<'_, T>,
        dx: Option<ArrayViewMut2<'_, T>>,
        pass: &mut PassContext<T>,
    ) {
        let [weight, bias] = &mut self.parameters;
        // ∂L/∂W (units, inputs) = dyᵀ (units, batch) · x (batch, inputs)
        matmul(&pass.pool, &mut pass.workspace, dy.t(), x, Start::Zero, weight.gradient_matrix_mut());
        // ∂L/∂b (units) = Σ over the rows of dy (batch, units)
        sum_columns(values(dy), &mut bias.gradient);
        // ∂L/∂x (batch, inputs) = dy (batch, units) · W (units, inputs)
        if let Some(dx) = dx {
            matmul(&pass.pool, &mut pass.workspace, dy, weight.as_matrix(), Start::Zero, dx);
        }
    }

    fn parameters(&self) -> &[Parameter<T>] {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut self.parameters
    }
}
