//! A network's weights and running statistics as named tensors, as `PyTorch`'s `nn.Sequential` names them.

use super::{Buffer, Network, Parameter, Scalar};
use crate::tensors::{TensorError, TensorState, Tensors, Writer};

impl<T: Scalar> TensorState for Network<T> {
    fn save(&self, tensors: &mut Writer) {
        let as_f64 = |values: &[T]| values.iter().map(|value| value.as_f64()).collect::<Vec<_>>();
        for parameter in self.parameters() {
            tensors.push(parameter.full_name(), parameter.shape.dimensions(), as_f64(&parameter.value));
        }
        for buffer in self.buffers() {
            tensors.push(buffer.full_name(), buffer.shape.dimensions(), as_f64(&buffer.value));
        }
    }

    fn load(&mut self, tensors: &Tensors) -> Result<(), TensorError> {
        for parameter in self.parameters_mut() {
            let values = tensors.floats(&parameter.full_name(), parameter.shape.dimensions())?;
            copy_from_f64(&mut parameter.value, &values);
        }
        for buffer in self.buffers_mut() {
            let values = tensors.floats(&buffer.full_name(), buffer.shape.dimensions())?;
            copy_from_f64(&mut buffer.value, &values);
        }
        Ok(())
    }
}

/// Copies numbers into as many of another width.
pub fn copy_from_f64<T: Scalar>(to: &mut [T], values: &[f64]) {
    to.iter_mut().zip(values).for_each(|(to, &value)| *to = T::from_f64(value));
}

impl<T: Scalar> Network<T> {
    /// Names of the counters that `PyTorch` keeps of the batches that each batch normalization has seen. With a fixed
    /// momentum nothing depends on them.
    pub fn batch_counter_names(&self) -> impl Iterator<Item = String> {
        let means = self.buffers().map(Buffer::full_name);
        means.filter_map(|name| name.strip_suffix("running_mean").map(|layer| format!("{layer}num_batches_tracked")))
    }

    /// Names of all tensors that a file of its weights may have.
    pub fn tensor_names(&self) -> impl Iterator<Item = String> {
        let parameters = self.parameters().map(Parameter::full_name);
        parameters.chain(self.buffers().map(Buffer::full_name)).chain(self.batch_counter_names())
    }
}
