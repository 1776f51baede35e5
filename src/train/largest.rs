//! Which elements of tensors are the largest in size.

/// Size by which elements are ranked; a NaN is larger than any number.
pub(super) fn rank_size(value: f32) -> f32 {
    if value.is_nan() { f32::INFINITY } else { value.abs() }
}

/// The places of the `most` elements of largest size in several tensors, largest first: tensor, then element.
pub(super) fn largest_elements<'a>(tensors: impl Iterator<Item = &'a [f32]>, most: usize) -> Vec<(usize, usize)> {
    let mut found: Vec<(f32, usize, usize)> = Vec::with_capacity(most + 1);
    let mut least = 0.0;
    for (tensor, values) in tensors.enumerate() {
        for (element, &value) in values.iter().enumerate() {
            let size = rank_size(value);
            if size > least || found.len() < most && size > 0.0 {
                let at = found.partition_point(|(other, ..)| *other >= size);
                found.insert(at, (size, tensor, element));
                found.truncate(most);
                least = if found.len() == most { found[most - 1].0 } else { 0.0 };
            }
        }
    }
    found.into_iter().map(|(_, tensor, element)| (tensor, element)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_are_found_across_tensors() {
        let (a, b) = ([1.0, -5.0, 0.0], [4.0, f32::NAN, 2.0]);
        assert_eq!(largest_elements([&a[..], &b[..]].into_iter(), 4), [(1, 1), (0, 1), (1, 0), (1, 2)]);
        assert_eq!(largest_elements([&[0.0; 3][..]].into_iter(), 4), []);
    }
}
