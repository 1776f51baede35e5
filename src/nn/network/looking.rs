//! What is looked at in a network that training never needs: computed anew from what the passes left, changing nothing.

use ndarray::{Array2, s};

use super::{Mode, Network};
use crate::nn::{LayerSpec, Scalar, layers::Pass};

impl<T: Scalar> Network<T> {
    /// The diagonal of ∂y/∂x of a layer that works element by element, for one row of the batch in hand; `None` for any
    /// other layer. Needs the layer's forward pass.
    ///
    /// It is the layer's own backward pass of a gradient of ones.
    pub fn derivative(&mut self, layer: usize, row: usize) -> Option<Vec<T>> {
        let rows = match self.infos[layer].spec {
            // The mask has a row for each sample, so all are asked.
            LayerSpec::Dropout { .. } => 0..self.batch,
            LayerSpec::Activation(_) => row..row + 1,
            _ => return None,
        };
        let at = row - rows.start;
        let slice = s![rows, ..];
        let x = if layer == 0 { &self.input } else { &self.activations[layer - 1] }.slice(slice);
        let y = self.activations[layer].slice(slice);
        let ones = Array2::ones(x.dim());
        let mut dx = Array2::zeros(x.dim());
        let mut pass =
            Pass { mode: self.mode, pool: &self.pool, workspace: &mut self.workspace, scratch: &mut self.scratch };
        self.layers[layer].backward(x, y, ones.view(), Some(dx.view_mut()), &mut pass);
        Some(dx.row(at).to_vec())
    }

    /// ∂L/∂input for one row of the batch in hand, which training leaves out. Needs the whole backward pass, with
    /// the weights as they were then; its last step is done once more, with the same result.
    pub fn row_of_input_gradient(&mut self, row: usize) -> Vec<T> {
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

    /// Label smoothing of the loss in the mode of the last forward pass.
    pub fn smoothing_in_hand(&self) -> f64 {
        self.smoothing()
    }

    /// The mode of the last forward pass.
    pub fn mode(&self) -> Mode {
        self.mode
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
}
