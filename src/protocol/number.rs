//! `#[serde(with = "number")]`: an f64 that survives JSON even when it is not finite; `number::option` for one that may
//! be missing, and `number::list` for a list of f32.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Writes finite numbers as numbers and the others as `"nan"`, `"inf"` or `"-inf"`.
///
/// # Errors
/// Only those of the serializer.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(*value)
    } else if value.is_nan() {
        serializer.serialize_str("nan")
    } else {
        serializer.serialize_str(if *value > 0.0 { "inf" } else { "-inf" })
    }
}

/// Reads what [`serialize`] wrote.
///
/// # Errors
/// When the text is none of the three.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Number(f64),
        Text(String),
    }
    match Form::deserialize(deserializer)? {
        Form::Number(value) => Ok(value),
        Form::Text(text) => match text.as_str() {
            "nan" => Ok(f64::NAN),
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            _ => {
                Err(D::Error::custom(format!("{text:?} is not a number; valid: a number, \"nan\", \"inf\", \"-inf\"")))
            }
        },
    }
}

/// `#[serde(with = "number::option")]`: a number that may be missing.
pub mod option {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes `null` or as [`super::serialize`].
    ///
    /// # Errors
    /// Only those of the serializer.
    #[allow(clippy::ref_option)] // As serde calls it.
    pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads what [`serialize`] wrote.
    ///
    /// # Errors
    /// As [`super::deserialize`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        #[derive(Deserialize)]
        struct Number(#[serde(with = "super")] f64);
        Option::<Number>::deserialize(deserializer).map(|value| value.map(|Number(value)| value))
    }
}

/// `#[serde(with = "number::list")]`: a list of f32.
pub mod list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes each element as [`super::serialize`], finite ones with the digits of an f32.
    ///
    /// # Errors
    /// Only those of the serializer.
    pub fn serialize<S: Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
        struct Number(f32);
        impl Serialize for Number {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if self.0.is_finite() {
                    serializer.serialize_f32(self.0)
                } else {
                    super::serialize(&f64::from(self.0), serializer)
                }
            }
        }
        serializer.collect_seq(values.iter().map(|&value| Number(value)))
    }

    /// Reads what [`serialize`] wrote.
    ///
    /// # Errors
    /// As [`super::deserialize`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
        #[derive(Deserialize)]
        struct Number(#[serde(with = "super")] f64);
        let numbers = Vec::<Number>::deserialize(deserializer)?;
        Ok(numbers.into_iter().map(|Number(value)| value as f32).collect())
    }
}
