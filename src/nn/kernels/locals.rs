//! Memory of its own for each thread that computes.

use std::sync::{Mutex, PoisonError, TryLockError};

use super::pool::{self, Pool};
use crate::nn::Scalar;

/// Makes a buffer this long if it is shorter, and no longer than that.
pub fn grow_buffer<T: Clone + Default>(buffer: &mut Vec<T>, length: usize) {
    if buffer.len() < length {
        buffer.reserve_exact(length - buffer.len());
        buffer.resize(length, T::default());
    }
}

/// A piece of memory for each thread of a pool, to be overwritten at each use.
#[derive(Debug, Default)]
pub struct ThreadBuffers<T> {
    slots: Vec<Mutex<Vec<T>>>,
}

impl<T: Scalar> ThreadBuffers<T> {
    /// Makes room for `length` values for each thread of the pool.
    pub fn reserve(&mut self, pool: &Pool, length: usize) {
        self.slots.resize_with(self.slots.len().max(pool.threads()), Mutex::default);
        for slot in &mut self.slots {
            let slot = slot.get_mut().unwrap_or_else(PoisonError::into_inner);
            grow_buffer(slot, length);
        }
    }

    /// Calls `f` with a memory that no other thread is using: the one this thread used last time, which is in its
    /// cache, unless another thread has it.
    pub fn with_buffer<R>(&self, f: impl FnOnce(&mut [T]) -> R) -> R {
        let own = pool::current_thread_number().min(self.slots.len());
        let (before, after) = self.slots.split_at(own);
        loop {
            for slot in after.iter().chain(before) {
                match slot.try_lock() {
                    Ok(mut slot) => return f(&mut slot),
                    // What a panic left is overwritten like everything else.
                    Err(TryLockError::Poisoned(slot)) => return f(&mut slot.into_inner()),
                    Err(TryLockError::WouldBlock) => {}
                }
            }
            // As many slots as threads: another one is about to be free.
            std::hint::spin_loop();
        }
    }
}
