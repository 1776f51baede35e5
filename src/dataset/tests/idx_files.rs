//! IDX files: what is no such file, lies about its size, or does not fit the other.

use super::*;

#[test]
fn a_file_that_is_not_idx_is_named() {
    assert_eq!(
        error("train-images-idx3-ubyte", b"\x89PNG\r\n\x1a\n"),
        "…/train-images-idx3-ubyte: not an IDX file: it starts with [89, 50, 4e, 47], expected [00, 00, 08, 03]"
    );
    assert_eq!(
        error("train-images-idx3-ubyte", &[0, 0, 0x0d, 3, 0, 0, 0, 1]),
        "…/train-images-idx3-ubyte: IDX element type 0x0d, expected 0x08 (unsigned bytes)"
    );
    assert_eq!(
        error("t10k-labels-idx1-ubyte", &idx(&[2, 2, 3], &[0; 12])),
        "…/t10k-labels-idx1-ubyte: 3 dimensions, expected 1; are the image and label files swapped?"
    );
}

#[test]
fn dimensions_that_lie_allocate_nothing() {
    // The file is 16 bytes; were the header believed, this would be 2⁹⁶ or 2³² bytes.
    assert_eq!(
        error("train-images-idx3-ubyte", &idx(&[u32::MAX, u32::MAX, u32::MAX], &[])),
        "…/train-images-idx3-ubyte: 4294967295×4294967295×4294967295 is more than the 4,294,967,296 bytes that are read at most"
    );
    assert_eq!(
        error("train-images-idx3-ubyte", &idx(&[1 << 16, 1 << 10, 1 << 6], &[])),
        "…/train-images-idx3-ubyte: ends after 16 bytes, expected 4,294,967,312 by its header"
    );
    assert_eq!(
        error("train-images-idx3-ubyte", &idx(&[4, 0, 3], &[])),
        "…/train-images-idx3-ubyte: 4×0×3, so there is nothing in it"
    );
    // Gzipped, the length is not known beforehand: only what arrives is allocated.
    let folder = folder();
    for (name, items) in [("train-images-idx3-ubyte", 4), ("t10k-images-idx3-ubyte", 2)] {
        put(&folder, name, &gzip(&idx(&[items, 1 << 15, 1 << 15], &[0; 9])));
    }
    let text = load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err().to_string();
    assert!(
        text.ends_with("train-images-idx3-ubyte: ends after 25 bytes, expected 4,294,967,312 by its header"),
        "{text}"
    );
}

#[test]
fn a_file_cut_anywhere_is_an_error_and_so_is_one_byte_more() {
    let whole = idx(&[4, 2, 3], &(0..24).collect::<Vec<_>>());
    for length in 0..whole.len() {
        let text = error("train-images-idx3-ubyte", &whole[..length]);
        let expected = if length < 16 { 16 } else { 40 };
        assert_eq!(
            text,
            format!("…/train-images-idx3-ubyte: ends after {length} bytes, expected {expected} by its header")
        );
    }
    let mut longer = whole.clone();
    longer.push(0);
    assert_eq!(
        error("train-images-idx3-ubyte", &longer),
        "…/train-images-idx3-ubyte: goes on after the 40 bytes that its header promises"
    );

    let packed = gzip(&whole);
    for length in 2..packed.len() {
        let text = error("train-images-idx3-ubyte.gz", &packed[..length]);
        assert!(text.starts_with("…/train-images-idx3-ubyte.gz: damaged gzip data after "), "{length}: {text}");
    }
}

#[test]
fn labels_out_of_range_are_named_by_item() {
    assert_eq!(
        error("train-labels-idx1-ubyte", &idx(&[4], &[0, 1, 200, 0])),
        "…/train-labels-idx1-ubyte: label 200 of item 2 is out of range; there are 3 classes, 0 to 2; without a classes.txt that names them, classes are \
         counted from 0 without a gap"
    );
    assert_eq!(
        error("t10k-labels-idx1-ubyte", &idx(&[2], &[1, 2])),
        "…/t10k-labels-idx1-ubyte: label 2 of item 1 is out of range; there are 2 classes, 0 to 1; without a classes.txt that names them, classes are \
         counted from 0 without a gap"
    );
    assert_eq!(
        error("train-labels-idx1-ubyte", &idx(&[4], &[1; 4])),
        "…/train-labels-idx1-ubyte: every label is 1; there must be at least two classes"
    );
}

#[test]
fn labels_that_begin_at_1_and_files_that_are_there_twice_are_said() {
    let folder = folder();
    put(&folder, "train-labels-idx1-ubyte", &idx(&[4], &[1, 2, 3, 1]));
    put(&folder, "train-labels-idx1-ubyte.gz", b"never opened");
    put(&folder, "t10k-labels-idx1-ubyte", &idx(&[2], &[1, 2]));
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!(
        notes(&data),
        [
            "train-labels-idx1-ubyte.gz is left out; train-labels-idx1-ubyte is read",
            "no training samples of the class 0; do the labels begin at 1 or skip numbers, or are there too many names?",
            "no test samples of the classes 0, 3; nothing shows how well they are recognized"
        ]
    );
}

#[test]
fn counts_and_sizes_must_agree() {
    assert_eq!(
        error("train-labels-idx1-ubyte", &idx(&[3], &[0, 1, 1])),
        "…/train-images-idx3-ubyte: 4 samples, but …/train-labels-idx1-ubyte has 3 labels"
    );
    assert_eq!(
        error("t10k-images-idx3-ubyte", &idx(&[2, 3, 2], &[0; 12])),
        "…/t10k-images-idx3-ubyte: samples of 3×2, but the training samples are 2×3"
    );
}
