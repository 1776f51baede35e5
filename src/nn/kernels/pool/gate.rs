//! The gate to a piece of work: who may enter, and how many are inside.

use super::sync::atomic::{AtomicU64, Ordering};

/// Who may enter the work, and how many threads besides the caller are inside: all in one number, so that none can
/// enter while the caller closes it.
#[derive(Debug, Default)]
pub(super) struct WorkGate(AtomicU64);

/// The number in a [`WorkGate`]: the threads inside in the lowest bits, whether it is open, and a count of the pieces
/// of work above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GateState(u64);

const OPEN_BIT: u64 = 1 << 16;
const PIECE_UNIT: u64 = 1 << 17;

/// Most threads that a gate can count, the caller included.
pub(super) const MAX_GATE_THREADS: usize = OPEN_BIT as usize;

impl GateState {
    /// Threads inside besides the caller.
    pub(super) fn threads_inside(self) -> u64 {
        self.0 % OPEN_BIT
    }

    pub(super) fn is_open(self) -> bool {
        self.0 & OPEN_BIT != 0
    }

    /// The number of the piece of work.
    pub(super) fn piece_number(self) -> u64 {
        self.0 / PIECE_UNIT
    }
}

impl WorkGate {
    pub(super) fn state(&self) -> GateState {
        GateState(self.0.load(Ordering::SeqCst))
    }

    /// Opens it for the next piece of work. Only the caller does, with no thread inside.
    pub(super) fn open(&self) {
        let piece = self.state().piece_number() + 1;
        self.0.store(piece * PIECE_UNIT + OPEN_BIT, Ordering::SeqCst);
    }

    pub(super) fn close(&self) {
        self.0.fetch_and(!OPEN_BIT, Ordering::SeqCst);
    }

    /// Enters if its state is still this one.
    pub(super) fn enter(&self, seen: GateState) -> bool {
        self.0.compare_exchange(seen.0, seen.0 + 1, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Leaves; gives its state afterwards.
    pub(super) fn leave(&self) -> GateState {
        GateState(self.0.fetch_sub(1, Ordering::SeqCst) - 1)
    }
}
