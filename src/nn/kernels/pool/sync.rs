//! What the pool synchronizes with: the standard library's, or in the model (see `model`) those of `shuttle`,
//! which decides at each use which thread goes on.

#[cfg(not(all(test, feature = "pool-model")))]
pub(super) use std::{
    sync::{Condvar, Mutex, MutexGuard, atomic},
    thread,
};

#[cfg(all(test, feature = "pool-model"))]
pub(super) use shuttle::{
    sync::{Condvar, Mutex, MutexGuard, atomic},
    thread,
};
