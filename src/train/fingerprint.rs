//! The fingerprint by which two runs are compared.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::nn::Network;

/// SHA-256 of all weights and then all running statistics as little-endian f32 in the network's order, in hexadecimal.
pub(super) fn weights_sha256(network: &Network<f32>) -> String {
    let mut hash = Sha256::new();
    network.visit_weight_bytes(|bytes| hash.update(bytes));
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
