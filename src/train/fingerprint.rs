//! The fingerprints by which two runs, and the data of two runs, are compared.

use sha2::{Digest, Sha256};

use crate::{dataset::Dataset, nn::Network, text::hexadecimal};

/// SHA-256 of all weights and then all running statistics as little-endian f32 in the network's order, in hexadecimal.
pub(super) fn weights_sha256(network: &Network<f32>) -> String {
    let mut hash = Sha256::new();
    network.visit_weight_bytes(|bytes| hash.update(bytes));
    hexadecimal(&hash.finalize())
}

/// SHA-256 of the shape, the names of the classes, and the labels and values of both parts as they are in memory, in
/// hexadecimal.
pub fn data_sha256(data: &Dataset) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{:?} {:?} {} {}", data.shape, data.classes, data.train.len(), data.test.len()));
    for part in [&data.train, &data.test] {
        part.visit_bytes(|bytes| hash.update(bytes));
    }
    hexadecimal(&hash.finalize())
}
