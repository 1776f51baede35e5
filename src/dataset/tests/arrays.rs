//! Folders of npy files.

use super::*;

/// An npy file of version 1.
pub(super) fn npy(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let mut text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
    text.extend(std::iter::repeat_n(' ', (64 - (text.len() + 11) % 64) % 64));
    text.push('\n');
    [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), elements].concat()
}

pub(super) fn floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A folder with four training and two test samples of three numbers.
fn arrays() -> TempDir {
    let folder = TempDir::with_prefix("arrays").unwrap();
    let numbers: Vec<f32> = (0..12).map(|i| i as f32 / 4.0).collect();
    put(&folder, "train_x.npy", &npy("'<f4'", "(4, 3)", &floats(&numbers)));
    put(&folder, "train_y.npy", &npy("'|u1'", "(4,)", &[0, 1, 1, 0]));
    put(&folder, "test_x.npy", &npy("'<f4'", "(2, 3)", &floats(&[-1.0; 6])));
    put(&folder, "test_y.npy", &npy("'|b1'", "(2, 1)", &[1, 0]));
    folder
}

#[test]
fn arrays_are_read_in_every_type_and_order() {
    let folder = arrays();
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!((data.shape.as_slice(), data.train.len(), data.test.labels.as_slice()), (&[3][..], 4, &[1, 0][..]));
    assert_eq!(describe(&of(&folder)).unwrap(), Some(data.outline()));
    assert_interruptible(&of(&folder));
    let expected = rows(&data);
    let numbers: Vec<f64> = (0..12).map(|i| f64::from(i) / 4.0).collect();
    let big: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    put(&folder, "train_x.npy", &npy("'>f8'", "(4, 3)", &big));
    put(&folder, "train_y.npy", &npy("'<i8'", "(4,)", &[0_i64, 1, 1, 0].map(i64::to_le_bytes).concat()));
    assert_eq!(rows(&load_folder(folder.path(), Preprocessing::None).unwrap()), expected);
    put(&folder, "train_x.npy", &npy("'>i2'", "(4, 3)", &[-1_i16; 12].map(i16::to_be_bytes).concat()));
    put(&folder, "train_y.npy", &npy("'<u2'", "(4,)", &[0_u16, 1, 1, 0].map(u16::to_le_bytes).concat()));
    let whole = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert!(rows(&whole).iter().all(|(row, _)| row == &[-1.0; 3]));
    // Without a test part, a share is split off.
    fs::remove_file(folder.path().join("test_x.npy")).unwrap();
    fs::remove_file(folder.path().join("test_y.npy")).unwrap();
    let spec = DataSpec { test_share: 0.5, ..of(&folder) };
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((describe(&spec).unwrap(), data.test.len()), (Some(data.outline()), 2));
    // Its row is no longer its number; each row has a number of its own.
    put(
        &folder,
        "train_x.npy",
        &npy("'<f4'", "(4, 3)", &numbers[..12].iter().flat_map(|x| (*x as f32).to_le_bytes()).collect::<Vec<u8>>()),
    );
    let spec = DataSpec { preprocessing: Preprocessing::None, ..spec };
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    for part in [&data.train, &data.test] {
        let mut values = [0.0_f32; 6];
        part.gather(&[0, 1], &mut values);
        let rows = [values[0], values[3]].map(|first| (f64::from(first) * 4.0 / 3.0).round());
        assert_eq!([0, 1].map(|sample| part.origin(sample)), rows.map(|row| Some(format!("train_x.npy[{row}]"))));
    }
}

#[test]
fn labels_that_begin_at_1_are_said() {
    let folder = arrays();
    put(&folder, "train_y.npy", &npy("'|u1'", "(4,)", &[1, 2, 1, 2]));
    put(&folder, "test_y.npy", &npy("'|u1'", "(2,)", &[1, 2]));
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    let said: Vec<&str> = data.notes.iter().map(|note| note.text.as_str()).collect();
    assert!(said[0].starts_with("no training samples of the class 0; do the labels begin at 1"), "{said:?}");
}

#[test]
fn arrays_under_other_names_are_read_and_the_rest_is_said() {
    let sound = arrays();
    for (part, names) in [
        ("val", ["X_train.npy", "y_train.npy", "X_val.npy", "y_val.npy"]),
        ("test", ["x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"]),
        ("validation", ["Train_X.npy", "Train_Y.npy", "Validation_x.npy", "Validation_y.npy"]),
    ] {
        let folder = TempDir::new().unwrap();
        for (name, model) in names.iter().zip(["train_x.npy", "train_y.npy", "test_x.npy", "test_y.npy"]) {
            fs::copy(sound.path().join(model), folder.path().join(name)).unwrap();
        }
        let data = load_folder(folder.path(), Preprocessing::None).unwrap();
        assert_eq!((data.train.len(), data.test.labels.as_slice(), notes(&data)), (4, &[1, 0][..], vec![]), "{part}");
        assert_eq!(describe(&of(&folder)).unwrap(), Some(data.outline()));
    }
    for name in ["val_x.npy", "val_y.npy", "more.csv", "a.npy", "b.npy", "c.npy", "notes.txt"] {
        put(&sound, name, b"");
    }
    assert_eq!(
        notes(&load_folder(sound.path(), Preprocessing::None).unwrap()),
        ["a.npy, b.npy, c.npy, more.csv, val_x.npy and 1 more left out; train_x.npy, train_y.npy, test_x.npy and \
             test_y.npy are read"]
    );
    let folder = TempDir::new().unwrap();
    put(&folder, "X_train.npy", &npy("'<f4'", "(4, 3)", &[0; 48]));
    let text = load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err().to_string();
    assert!(text.ends_with("no y_train.npy, although other files of the data set are there"), "{text}");
}

#[test]
fn the_training_values_decide_what_pixels_are() {
    let encode = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let train: Vec<f32> = (0..72_u8).map(f32::from).collect();
    let read = |train: &[f32], test: &[f32]| {
        let folder = stored("'<f4'", "2, 3", &encode(train), &encode(test));
        let data = load_folder(folder.path(), Preprocessing::Scale).unwrap();
        let mut row = [0.0_f32; 6];
        data.train.gather(&[11], &mut row);
        // Pixels are divided by 255, numbers by the largest.
        (row[5] < 0.5, data.notes.into_iter().map(|note| note.text).collect::<Vec<_>>())
    };
    let assumed = "the images hold whole numbers, taken for pixels from 0 to 255";
    // Dark test images are pixels, too.
    assert_eq!(read(&train, &[1.0; 24]), (true, vec![assumed.into()]));
    let dark: Vec<f32> = (0..72_u8).map(|i| f32::from(i % 17)).collect();
    let (pixels, notes) = read(&dark, &dark[..24]);
    assert!(
        pixels && notes[1].starts_with("the largest training pixel is 16, but data.preprocessing = scale"),
        "{notes:?}"
    );
    let (pixels, notes) = read(&train, &[0.5; 24]);
    assert!(!pixels && notes[0].starts_with("the training images hold pixels from 0 to 255, but"), "{notes:?}");
    let masks: Vec<f32> = (0..72_u8).map(|i| f32::from(i % 2)).collect();
    assert!(!read(&masks, &train[..24]).0);
}

#[test]
fn images_in_arrays_get_their_channels_first() {
    let folder = TempDir::new().unwrap();
    put(&folder, "train_y.npy", &npy("'|u1'", "(2,)", &[0, 1]));
    put(&folder, "test_y.npy", &npy("'|u1'", "(2,)", &[0, 1]));
    let first = |shape: &str, bytes: &[u8]| {
        for name in ["train_x.npy", "test_x.npy"] {
            put(&folder, name, &npy("'|u1'", shape, bytes));
        }
        let data = load_folder(folder.path(), Preprocessing::None).unwrap();
        let mut row = vec![0.0_f32; data.features()];
        data.train.gather(&[1], &mut row);
        (data.shape, row.iter().map(|&value| value as u8).collect::<Vec<_>>())
    };
    let bytes: Vec<u8> = (0..60).collect();
    let (shape, row) = first("(2, 4, 4, 3)", &(0..96).collect::<Vec<u8>>());
    assert_eq!((shape, row[..3].to_vec()), (vec![3, 4, 4], vec![48, 51, 54]));
    assert_eq!(first("(2, 5, 6)", &bytes), (vec![1, 5, 6], (30..60).collect()));
    assert_eq!(first("(2, 3, 5, 2)", &bytes), (vec![3, 5, 2], (30..60).collect()));
    let (shape, row) = first("(2, 5, 2, 3)", &bytes);
    assert_eq!((shape, row[..11].to_vec()), (vec![3, 5, 2], vec![30, 33, 36, 39, 42, 45, 48, 51, 54, 57, 31]));
}

#[test]
fn arrays_that_cannot_be_are_named() {
    let error = |name: &str, contents: &[u8]| {
        let folder = arrays();
        put(&folder, name, contents);
        let error = load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err().to_string();
        error.replace(&*folder.path().to_string_lossy(), "…").replace('\\', "/")
    };
    let x = |descr: &str, shape: &str| error("train_x.npy", &npy(descr, shape, &[0; 48]));
    assert_eq!(x("'|O'", "(4, 3)"), "…/train_x.npy: holds Python objects, which could run code; save numbers");
    assert_eq!(x("'<f4'", "(-4, 3)"), "…/train_x.npy: has a negative side in its shape");
    assert_eq!(
        x("'<f4'", "(4, 9223372036854775807)"),
        format!("…/train_x.npy: shape [4, {}] is more than the 4 GiB that are read at most", i64::MAX)
    );
    assert_eq!(
        x("'<f8'", "(4294967296, 4294967296)"),
        "…/train_x.npy: shape [4294967296, 4294967296] is more than the 4 GiB that are read at most"
    );
    assert_eq!(
        x("'<f4'", "(1073741824, 1)"),
        "…/train_x.npy: ends after 176 bytes, expected 4,294,967,424 by its header"
    );
    assert_eq!(x("'<f4'", "(4, 2)"), "…/train_x.npy: goes on after the 160 bytes that its header promises");
    assert_eq!(x("'<f4'", "(4, 0)"), "…/train_x.npy: shape [4, 0], so there is nothing in it");
    assert_eq!(x("'<f4'", "(12,)"), "…/train_x.npy: 1 axes; valid: 2 to 4, the first of which counts the samples");
    assert_eq!(x("'<f4'", "(3, 4)"), "…/train_x.npy: 3 samples, but …/train_y.npy has 4 labels");
    assert_eq!(
        error(
            "train_x.npy",
            &npy("'<f4'", "(4, 3)", &floats(&[0.0, 0.0, 0.0, 0.0, f32::NAN, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
        ),
        "…/train_x.npy: value 1 of sample 1 is NaN as f32; it must be finite"
    );
    let y = |descr: &str, shape: &str, bytes: &[u8]| error("train_y.npy", &npy(descr, shape, bytes));
    assert_eq!(
        y("'<f4'", "(4,)", &[0; 16]),
        "…/train_y.npy: labels are whole numbers, but these are stored as float32; save y.astype(numpy.int64), or for classes that are told by a column each y.argmax(1)"
    );
    let half = y("'<f2'", "(4,)", &[0; 8]);
    assert!(half.contains("'<f2'") && half.ends_with("or of labels y.astype(numpy.int64)"), "{half}");
    assert_eq!(
        y("'|i1'", "(4,)", &[0, 1, 255, 0]),
        "…/train_y.npy: label -1 of item 2 is out of range; valid: whole numbers from 0 to 255, one for each of at most 256 classes"
    );
    assert_eq!(
        y("'<u8'", "(4,)", &[255; 32]),
        "…/train_y.npy: label 9223372036854775807 of item 0 is out of range; valid: whole numbers from 0 to 255, one for each of at most 256 classes"
    );
    assert_eq!(y("'|u1'", "(4,)", &[3; 4]), "…/train_y.npy: every label is 3; there must be at least two classes");
    assert_eq!(y("'|u1'", "(2, 2)", &[0, 1, 0, 1]), "…/train_x.npy: 4 samples, but …/train_y.npy has 2 labels");
    assert_eq!(
        y("'|u1'", "(4, 2)", &[0; 8]),
        "…/train_y.npy: labels of shape [4, 2]; valid: one axis, with a label for each sample; save y.argmax(1) if each \
         column stands for a class"
    );
    assert_eq!(
        error("test_y.npy", &npy("'|u1'", "(2,)", &[0, 2])),
        "…/test_y.npy: label 2 of item 1 is out of range; there are 2 classes, 0 to 1; without a classes.txt that names them, classes are \
         counted from 0 without a gap"
    );
    assert_eq!(
        error("test_x.npy", &npy("'<f4'", "(2, 4)", &[0; 32])),
        "…/test_x.npy: samples of 4, but the training samples are 3"
    );
    assert_eq!(error("train_x.npy", b"\x80\x04\x95 pickle"), "…/train_x.npy: does not begin as an npy file does");
    assert_eq!(
        error("train_x.npy", b"\x93NUMPY\x09\x00\x10\x00"),
        "…/train_x.npy: has a version that is not known; valid: 1 to 3"
    );
    assert_eq!(
        error("train_x.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff"),
        "…/train_x.npy: has a header of more than 64 KiB"
    );
    let sound = npy("'<f4'", "(4, 3)", &[0; 48]);
    for length in 0..sound.len() {
        assert!(error("train_x.npy", &sound[..length]).starts_with("…/train_x.npy: "), "{length}");
    }
    let folder = arrays();
    fs::remove_file(folder.path().join("test_y.npy")).unwrap();
    let text = load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err().to_string();
    assert!(text.ends_with("no test_y.npy, although other files of the data set are there"), "{text}");
}

/// A folder with twelve training and four test samples of `shape`, whose values are `numbers` in the type `descr`.
fn stored(descr: &str, shape: &str, train: &[u8], test: &[u8]) -> TempDir {
    let folder = TempDir::new().unwrap();
    put(&folder, "train_x.npy", &npy(descr, &format!("(12, {shape})"), train));
    put(&folder, "test_x.npy", &npy(descr, &format!("(4, {shape})"), test));
    put(&folder, "train_y.npy", &npy("'|u1'", "(12,)", &[0, 1].repeat(6)));
    put(&folder, "test_y.npy", &npy("'|u1'", "(4,)", &[0, 1].repeat(2)));
    folder
}

#[test]
fn the_type_of_storage_decides_nothing() {
    let bytes: Vec<u8> = (0..16 * 6_u32).map(|i| (i * i * 7 % 256) as u8).collect();
    let masks: Vec<u8> = bytes.iter().map(|byte| byte % 2).collect();
    for (shape, values) in [("6", &bytes), ("2, 3", &bytes), ("3, 2, 1", &bytes), ("2, 3", &masks), ("6", &masks)] {
        let each = |descr: &str, encode: &dyn Fn(u8) -> Vec<u8>| {
            let encoded = |values: &[u8]| values.iter().flat_map(|&value| encode(value)).collect::<Vec<u8>>();
            let folder = stored(descr, shape, &encoded(&values[..72]), &encoded(&values[72..]));
            Preprocessing::ALL.map(|kind| {
                let data = load_folder(folder.path(), kind).unwrap();
                (rows(&data), data.train.pixels(3))
            })
        };
        let expected = each("'|u1'", &|value| vec![value]);
        assert_eq!(each("'<i8'", &|value| i64::from(value).to_le_bytes().to_vec()), expected, "{shape}");
        assert_eq!(each("'<f8'", &|value| f64::from(value).to_le_bytes().to_vec()), expected, "{shape}");
        assert_eq!(each("'>f4'", &|value| f32::from(value).to_be_bytes().to_vec()), expected, "{shape}");
        if shape == "6" {
            let line = |values: &[u8], label: usize| {
                let values: Vec<String> = values.iter().map(u8::to_string).collect();
                format!("{},{}\n", values.join(","), label % 2)
            };
            let table =
                |values: &[u8]| (0..).zip(values.chunks(6)).map(|(row, values)| line(values, row)).collect::<String>();
            let folder = TempDir::new().unwrap();
            put(&folder, "train.csv", table(&values[..72]).as_bytes());
            put(&folder, "test.csv", table(&values[72..]).as_bytes());
            let text = Preprocessing::ALL.map(|kind| {
                let data = load_folder(folder.path(), kind).unwrap();
                (rows(&data), data.train.pixels(3))
            });
            assert_eq!(text, expected);
        }
    }
}
