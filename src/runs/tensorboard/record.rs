//! The framing of records.

/// Bytes before the contents of a record: their length and its checksum.
pub const HEADER_BYTES: usize = 12;

/// Bytes after the contents of a record: their checksum.
pub const FOOTER_BYTES: usize = 4;

/// Longest record that is read, in bytes; ours are a few thousand.
pub const MAX_RECORD_BYTES: u64 = 64 << 20;

/// The checksum that stands in the file: rotated and shifted, so that a checksum of checksums means something.
pub fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Appends a record with these contents.
pub fn push_record(out: &mut Vec<u8>, contents: &[u8]) {
    let length = (contents.len() as u64).to_le_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&masked_crc(&length).to_le_bytes());
    out.extend_from_slice(contents);
    out.extend_from_slice(&masked_crc(contents).to_le_bytes());
}
