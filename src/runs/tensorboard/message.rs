//! The few messages of `TensorBoard`'s `event.proto` and `summary.proto` that are used, in the encoding of protocol
//! buffers.

/// Numbers of the fields, by message and name.
pub mod field {
    pub const EVENT_WALL_TIME: u32 = 1;
    pub const EVENT_STEP: u32 = 2;
    pub const EVENT_FILE_VERSION: u32 = 3;
    pub const EVENT_SUMMARY: u32 = 5;
    pub const SUMMARY_VALUE: u32 = 1;
    pub const VALUE_TAG: u32 = 1;
    pub const VALUE_SIMPLE: u32 = 2;
    pub const VALUE_HISTOGRAM: u32 = 5;
    pub const VALUE_TENSOR: u32 = 8;
    pub const VALUE_METADATA: u32 = 9;
    pub const METADATA_PLUGIN: u32 = 1;
    pub const PLUGIN_NAME: u32 = 1;
    pub const TENSOR_TYPE: u32 = 1;
    pub const TENSOR_SHAPE: u32 = 2;
    pub const TENSOR_STRING: u32 = 8;
    pub const HISTOGRAM_MIN: u32 = 1;
    pub const HISTOGRAM_MAX: u32 = 2;
    pub const HISTOGRAM_COUNT: u32 = 3;
    pub const HISTOGRAM_SUM: u32 = 4;
    pub const HISTOGRAM_SUM_SQUARES: u32 = 5;
    pub const HISTOGRAM_LIMITS: u32 = 6;
    pub const HISTOGRAM_BUCKETS: u32 = 7;
}

/// The type of tensors of strings in TensorFlow's `types.proto`.
pub const STRING_TENSOR: u64 = 7;

/// Appends an unsigned number, seven bits a byte, the lowest first.
fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a whole number.
pub fn push_uint(out: &mut Vec<u8>, field: u32, value: u64) {
    push_varint(out, u64::from(field << 3));
    push_varint(out, value);
}

/// Appends a number of 64 bits.
pub fn push_double(out: &mut Vec<u8>, field: u32, value: f64) {
    push_varint(out, u64::from(field << 3 | 1));
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a number of 32 bits.
pub fn push_float(out: &mut Vec<u8>, field: u32, value: f32) {
    push_varint(out, u64::from(field << 3 | 5));
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends bytes, a text or a message.
pub fn push_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    push_varint(out, u64::from(field << 3 | 2));
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a list of numbers of 64 bits.
pub fn push_doubles(out: &mut Vec<u8>, field: u32, values: &[f64]) {
    push_varint(out, u64::from(field << 3 | 2));
    push_varint(out, 8 * values.len() as u64);
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'a> {
    /// A whole number.
    Uint(u64),
    /// A number of 64 bits.
    Double(f64),
    /// A number of 32 bits.
    Float(f32),
    /// Bytes, a text or a message.
    Bytes(&'a [u8]),
}

/// Reads the fields of a message, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let &[byte] = self.take(1)?.first_chunk()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// The next field with its number; `Err` where the message is malformed.
    pub fn next_field(&mut self) -> Result<Option<(u32, Field<'a>)>, ()> {
        if self.0.is_empty() {
            return Ok(None);
        }
        self.read().map(Some).ok_or(())
    }

    fn read(&mut self) -> Option<(u32, Field<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Field::Uint(self.varint()?),
            1 => Field::Double(f64::from_le_bytes(*self.take(8)?.first_chunk()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Float(f32::from_le_bytes(*self.take(4)?.first_chunk()?)),
            _ => return None,
        };
        Some((u32::try_from(key >> 3).ok()?, value))
    }
}
