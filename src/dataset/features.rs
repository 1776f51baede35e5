//! The samples' values as they are kept in memory, and what a stored byte becomes on its way into a minibatch.

use std::sync::Arc;

/// The samples' values, row by row.
#[derive(Clone, Debug)]
pub(super) enum Features {
    /// Bytes as they were stored, and what preprocessing makes of each.
    Bytes { values: Vec<u8>, transform: Transform },
    /// Numbers, already preprocessed.
    Floats(Vec<f32>),
}

impl Features {
    /// Adds the samples of another set that was made ready in the same way.
    pub fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Bytes { values, .. }, Self::Bytes { values: more, .. }) => values.extend(more),
            (Self::Floats(values), Self::Floats(more)) => values.extend(more),
            (to @ (Self::Bytes { .. } | Self::Floats(_)), from) => debug_assert!(false, "{to:?} is unlike {from:?}"),
        }
    }
}

/// What becomes of a stored byte, by its channel or its place.
#[derive(Clone, Debug)]
pub(super) enum Transform {
    /// The same for every channel: what each of the 256 bytes becomes.
    Same(Box<[f32; 256]>),
    /// A table for each channel.
    Channels(Box<[[f32; 256]]>),
    /// Minus the value at the same place of a sample.
    Minus(Arc<[f32]>),
}

impl Transform {
    /// Transforms a whole sample.
    pub fn apply<T: From<f32>>(&self, bytes: &[u8], out: &mut [T]) {
        match self {
            Self::Channels(tables) => {
                let side = out.len() / tables.len();
                for ((table, bytes), out) in tables.iter().zip(bytes.chunks_exact(side)).zip(out.chunks_exact_mut(side))
                {
                    look_up(table, bytes.iter().copied(), out);
                }
            }
            _ => self.apply_run(bytes.iter().copied(), 0, 0, out),
        }
    }

    /// Transforms a run of pixels of one channel whose first becomes the value `at` of the sample.
    pub fn apply_run<T: From<f32>>(&self, bytes: impl Iterator<Item = u8>, channel: usize, at: usize, out: &mut [T]) {
        match self {
            Self::Same(table) => look_up(table, bytes, out),
            Self::Channels(tables) => look_up(&tables[channel], bytes, out),
            Self::Minus(mean) => {
                for ((out, byte), mean) in out.iter_mut().zip(bytes).zip(&mean[at..]) {
                    *out = T::from(f32::from(byte) - mean);
                }
            }
        }
    }
}

fn look_up<T: From<f32>>(table: &[f32; 256], bytes: impl Iterator<Item = u8>, out: &mut [T]) {
    for (out, byte) in out.iter_mut().zip(bytes) {
        *out = T::from(table[byte as usize]);
    }
}
