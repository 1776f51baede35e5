//! The header of a safetensors file.

use std::{collections::BTreeMap, fmt};

use safetensors::Dtype;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

use super::Fault;
use crate::text::Safe;

/// Where a tensor is, and what it is made of.
#[derive(Debug)]
pub(super) struct TensorEntry {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Bytes of the data.
    pub begin: usize,
    pub end: usize,
}

/// Reads a header and makes sure that its tensors are exactly the `length` bytes after it.
pub(super) fn read_header(header: &[u8], length: usize) -> Result<BTreeMap<String, TensorEntry>, Fault> {
    if header.first() != Some(&b'{') {
        return Err(Fault::Header("it does not begin with a brace".into()));
    }
    let HeaderListing(mut list) =
        serde_json::from_slice(header).map_err(|error| Fault::Header(Safe(&error.to_string()).to_string()))?;
    for (name, entry) in &list {
        check_size(name, entry, length)?;
    }
    list.sort_by(|(a, x), (b, y)| (x.begin, x.end, a).cmp(&(y.begin, y.end, b)));
    check_cover(&list, length)?;
    let mut entries = BTreeMap::new();
    for (name, entry) in list {
        let shown = displayable_name(&name);
        if entries.insert(name, entry).is_some() {
            return Err(Fault::Duplicate(shown));
        }
    }
    Ok(entries)
}

/// Whether a tensor lies inside the data and has the bytes that its shape and type ask for.
fn check_size(name: &str, entry: &TensorEntry, length: usize) -> Result<(), Fault> {
    if entry.begin > entry.end || entry.end > length {
        return Err(Fault::Beyond(displayable_name(name)));
    }
    let bytes = entry.end - entry.begin;
    let values = entry.shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let bits = values.and_then(|values| values.checked_mul(entry.dtype.bitsize()));
    if bits.is_some_and(|bits| bits.is_multiple_of(8) && bits / 8 == bytes) {
        return Ok(());
    }
    let (shape, dtype) = (entry.shape.clone(), entry.dtype.to_string());
    Err(Fault::Size { name: displayable_name(name), shape, dtype, bytes })
}

/// Whether the tensors, in the order of their bytes, follow each other without a hole, an overlap or a rest.
fn check_cover(list: &[(String, TensorEntry)], length: usize) -> Result<(), Fault> {
    let mut before: Option<(&str, &TensorEntry)> = None;
    for (name, entry) in list {
        let end = before.map_or(0, |(_, before)| before.end);
        if let (Some((other, _)), true) = (before, entry.begin < end) {
            return Err(if other == name {
                Fault::Duplicate(displayable_name(name))
            } else {
                Fault::Overlap(displayable_name(other), displayable_name(name))
            });
        }
        if entry.begin > end {
            return Err(Fault::Hole { name: displayable_name(name), bytes: entry.begin - end });
        }
        before = Some((name, entry));
    }
    match length - before.map_or(0, |(_, before)| before.end) {
        0 => Ok(()),
        rest => Err(Fault::Trailing(rest)),
    }
}

fn displayable_name(name: &str) -> String {
    Safe(name).to_string()
}

/// All that a header lists, names that stand there twice included.
struct HeaderListing(Vec<(String, TensorEntry)>);

impl<'de> Deserialize<'de> for HeaderListing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListingVisitor;

        impl<'de> Visitor<'de> for ListingVisitor {
            type Value = HeaderListing;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HeaderListing, A::Error> {
                let mut list = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<BTreeMap<String, String>>()?;
                        continue;
                    }
                    let EntryFields { dtype, shape, data_offsets: (begin, end) } =
                        map.next_value().map_err(|error| A::Error::custom(format!("tensor {name}: {error}")))?;
                    list.push((name, TensorEntry { dtype, shape, begin, end }));
                }
                Ok(HeaderListing(list))
            }
        }

        deserializer.deserialize_map(ListingVisitor)
    }
}

/// A tensor as a header describes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryFields {
    dtype: Dtype,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}
