//! Types of elements, and the numbers in their bytes.

/// Types of elements that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NpyElement {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl NpyElement {
    /// Bytes of one.
    pub const fn size_in_bytes(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// The whole number in `word`, little-endian in its first bytes; what is above an `i64` is its largest.
    pub fn decode_integer(self, word: [u8; 8]) -> i64 {
        let [a, b, c, d, ..] = word;
        match self {
            Self::I8 => i64::from(i8::from_le_bytes([a])),
            Self::I16 => i64::from(i16::from_le_bytes([a, b])),
            Self::I32 => i64::from(i32::from_le_bytes([a, b, c, d])),
            Self::I64 => i64::from_le_bytes(word),
            // The bytes above the number are 0.
            _ => i64::try_from(u64::from_le_bytes(word)).unwrap_or(i64::MAX),
        }
    }

    pub fn decode_number(self, word: [u8; 8]) -> f64 {
        let [a, b, c, d, ..] = word;
        match self {
            Self::F32 => f32::from_le_bytes([a, b, c, d]).into(),
            Self::F64 => f64::from_le_bytes(word),
            Self::U64 => u64::from_le_bytes(word) as f64,
            _ => self.decode_integer(word) as f64,
        }
    }
}
