//! What training never needs of a network: read for inspections and checks, or computed anew from what the passes left.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use super::{Mode, Network};
use crate::nn::{LayerProperty, LayerSpec, Scalar, chain::channel_count};

impl<T: Scalar> Network<T> {
    /// The diagonal of ∂y/∂x of a layer that works element by element, for one row of the current batch; `None` for any
    /// other layer. Needs the layer's forward pass.
    ///
    /// It is the layer's own backward pass of a gradient of ones.
    pub fn activation_derivative(&mut self, layer: usize, row: usize) -> Option<Vec<T>> {
        let rows = match self.placed[layer].spec {
            // The mask has a row for each sample, so all are asked.
            LayerSpec::Dropout { .. } => 0..self.batch,
            LayerSpec::Activation(_) => row..row + 1,
            _ => return None,
        };
        let at = row - rows.start;
        let rows = s![rows, ..];
        let [x, y] = [layer, layer + 1].map(|at| self.values[at].slice(rows));
        let ones = Array2::ones(x.dim());
        let mut dx = Array2::zeros(x.dim());
        self.layers[layer].backward(x, y, ones.view(), Some(dx.view_mut()), &mut self.pass);
        Some(dx.row(at).to_vec())
    }

    /// Computes ∂L/∂input too from now on.
    pub fn keep_input_gradient(&mut self) {
        self.input_gradient = Some(Array2::zeros(self.values[0].dim()));
    }

    /// ∂L/∂input for the current batch, (batch, features); `None` unless it is kept.
    pub fn input_gradient(&self) -> Option<ArrayView2<'_, T>> {
        self.layer_input_gradient(0)
    }

    /// ∂L/∂input for one row of the current batch, which training leaves out. Needs the whole backward pass, with
    /// the weights as they were then; its last step is done once more, with the same result.
    pub fn input_gradient_row(&mut self, row: usize) -> Vec<T> {
        let kept = self.input_gradient.is_some();
        if !kept {
            self.keep_input_gradient();
            self.backward_layers(0..1);
        }
        let gradient = self.input_gradient().map(|gradient| gradient.row(row).to_vec()).unwrap_or_default();
        if !kept {
            self.input_gradient = None;
        }
        gradient
    }

    /// Share of the units of a rectifier, which are the channels of an image, whose output was 0 for the whole current
    /// batch; `None` for any other layer. A leaky rectifier counts among the others: it passes a gradient everywhere,
    /// so its units cannot die.
    pub fn dead_unit_share(&self, layer: usize) -> Option<f64> {
        if !self.placed[layer].spec.facts().has_property(LayerProperty::Rectifies) {
            return None;
        }
        let y = self.output(layer);
        let units = channel_count(&self.placed[layer].output);
        let plane = y.ncols() / units;
        let dead = |unit: &usize| y.slice(s![.., unit * plane..(unit + 1) * plane]).iter().all(|&y| y <= T::zero());
        Some((0..units).filter(dead).count() as f64 / units as f64)
    }

    /// Share of the channels of a batch normalization whose values were all the same in the whole current batch: there
    /// x̂ is 0, so that y = β whatever x is, and ∂L/∂x = 0. `None` for any other layer.
    pub fn constant_channel_share(&self, layer: usize) -> Option<f64> {
        if self.placed[layer].spec != LayerSpec::BatchNorm {
            return None;
        }
        let x = self.values[layer].slice(s![..self.batch, ..]);
        let channels = channel_count(&self.placed[layer].input);
        let plane = x.ncols() / channels;
        let is_constant = |channel: &usize| {
            let values = x.slice(s![.., channel * plane..(channel + 1) * plane]);
            values.iter().all(|&x| x == values[[0, 0]])
        };
        Some((0..channels).filter(is_constant).count() as f64 / channels as f64)
    }

    /// The mode of the last forward pass.
    pub fn mode(&self) -> Mode {
        self.pass.mode
    }

    /// Takes over the parameters and buffers of a network of the same layers, of either precision.
    ///
    /// # Panics
    /// If the layers are not the same.
    pub fn copy_weights_from<U: Scalar>(&mut self, other: &Network<U>) {
        let put = |to: &mut [T], from: &[U]| {
            assert_eq!(to.len(), from.len(), "networks of the same layers");
            to.iter_mut().zip(from).for_each(|(to, from)| *to = T::from_f64(from.as_f64()));
        };
        self.parameters_mut().zip(other.parameters()).for_each(|(to, from)| put(&mut to.value, &from.value));
        self.buffers_mut().zip(other.buffers()).for_each(|(to, from)| put(&mut to.value, &from.value));
    }

    /// What a layer reads, (batch, features of its input); for the number after the last layer, what the loss reads.
    pub(in crate::nn) fn layer_input_mut(&mut self, layer: usize) -> ArrayViewMut2<'_, T> {
        self.values[layer].slice_mut(s![..self.batch, ..])
    }

    /// The gradient of what a layer reads; `None` for the network's own input unless it is kept.
    pub(in crate::nn) fn layer_input_gradient(&self, layer: usize) -> Option<ArrayView2<'_, T>> {
        let gradient = if layer == 0 { self.input_gradient.as_ref()? } else { &self.gradients[layer - 1] };
        Some(gradient.slice(s![..self.batch, ..]))
    }

    /// Holds all layers on the choices that they made in the last forward pass, see
    /// [`Layer::hold_choices`](crate::nn::layers::Layer::hold_choices).
    pub(in crate::nn) fn hold_choices(&mut self) {
        for (layer, x) in self.layers.iter_mut().zip(&self.values) {
            layer.hold_choices(x.slice(s![..self.batch, ..]));
        }
    }

    /// Puts another layer of the same shapes in the place of one, made of it.
    #[cfg(test)]
    pub(in crate::nn) fn replace_layer(
        &mut self,
        layer: usize,
        with: impl FnOnce(Box<dyn crate::nn::layers::Layer<T>>) -> Box<dyn crate::nn::layers::Layer<T>>,
    ) {
        let replaced = std::mem::replace(&mut self.layers[layer], Box::new(crate::nn::layers::Flatten));
        self.layers[layer] = with(replaced);
    }
}
