//! CSV files and npy folders.

use super::*;

fn csv(text: impl AsRef<[u8]>, change: impl FnOnce(&mut DataSpec)) -> Result<Dataset, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.csv");
    fs::write(&path, text).unwrap();
    let mut spec = DataSpec { preprocessing: Preprocessing::None, test_share: 0.5, ..of(&path) };
    change(&mut spec);
    let loaded = load(&spec, &mut |_, _| ControlFlow::Continue(()));
    match (&loaded, describe(&spec)) {
        (Ok(data), described) => assert_eq!(described.unwrap(), description(data)),
        (Err(error), described) => assert_eq!(described.unwrap_err().to_string(), error.to_string()),
    }
    loaded.map_err(|error| error.to_string().replace(&*folder.path().to_string_lossy(), "…").replace('\\', "/"))
}

fn csv_error(text: impl AsRef<[u8]>) -> String {
    csv(text, |_| ()).map(|_| ()).unwrap_err()
}

/// All rows, training before test.
fn rows(data: &Dataset) -> Vec<(Vec<f64>, u8)> {
    let mut all = Vec::new();
    for split in [&data.train, &data.test] {
        for index in 0..split.len() as u32 {
            let mut row = vec![0.0; data.features()];
            split.gather(&[index], &mut row);
            all.push((row, split.labels[index as usize]));
        }
    }
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all
}

#[test]
fn a_label_is_found_by_place_and_by_name() {
    let expected = [(vec![1.0, 2.0], 1), (vec![3.0, 4.0], 0), (vec![5.0, 6.5], 1), (vec![7.0, -8e3], 0)];
    let last = "a,b,kind\n1,2,dog\n3,4,cat\n5,6.5,dog\n7,-8e3,cat\n";
    let data = csv(last, |_| ()).unwrap();
    assert_eq!(
        (rows(&data), data.classes.join(" "), data.shape.clone()),
        (expected.to_vec(), "cat dog".into(), vec![2])
    );
    assert_eq!((data.train.len(), data.test.len()), (2, 2));
    assert_eq!(rows(&csv(last, |spec| spec.label_column = LabelColumn::Name("kind".into())).unwrap()), expected);
    assert_eq!(rows(&csv(last, |spec| spec.label_column = LabelColumn::Index(2)).unwrap()), expected);
    // Without a header, quoted, with blanks, carriage returns and the mark of UTF-8.
    let first = "\u{feff}dog, 1 ,2\r\n\"cat\",3,4\r\ndog,\"5\",6.5\r\ncat,7,-8e3";
    assert_eq!(rows(&csv(first, |spec| spec.label_column = LabelColumn::Index(0)).unwrap()), expected);
    // The first row is data where it has a number, and where it is said to be.
    let numbers = "1,2,0\n3,4,1\n1,2,0\n3,4,1\n";
    assert_eq!(rows(&csv(numbers, |_| ()).unwrap()).len(), 4);
    assert_eq!(csv(numbers, |spec| spec.header = HeaderRow::Yes).unwrap().train.len() + 2, 3 + 1);
}

#[test]
fn classes_are_in_the_order_of_numbers_or_of_the_alphabet() {
    let classes = |words: [&str; 3]| {
        let text: String = (0..6).map(|i| [&i.to_string(), ",", words[i % 3], "\n"].concat()).collect();
        csv(text, |_| ()).unwrap().classes.join(" ")
    };
    assert_eq!(classes(["10", "9", "-1"]), "-1 9 10");
    assert_eq!(classes(["b", "10", "a"]), "10 a b");
    assert_eq!(classes(["\u{1b}[31m", "b", "a"]), "·[31m a b");
}

#[test]
fn what_is_wrong_with_a_table_is_named_with_its_row() {
    assert_eq!(csv_error("1,2,a\n3,4,b\n5,6\n"), "…/x.csv, line 3: 2 fields, but the first row has 3");
    assert_eq!(csv_error("1,2,a\n3,4,b,9\n"), "…/x.csv, line 2: 4 fields, but the first row has 3");
    assert_eq!(csv_error("x,y,c\n1,2,a\n3,oops\u{7},b\n"), "…/x.csv, line 3: \"oops·\" in column 1 is no number");
    assert_eq!(csv_error("1,2,a\n3,,b\n"), "…/x.csv, line 2: column 1 is empty; a number should be there");
    assert_eq!(csv_error("1,2,a\n3,4,\n"), "…/x.csv, line 2: the label is empty");
    for number in ["nan", "inf", "-infinity", "1e39"] {
        let expected = format!("…/x.csv, line 2: \"{number}\" in column 0 is not finite as f32");
        assert_eq!(csv_error(format!("1,2,a\n{number},4,b\n")), expected);
    }
    assert_eq!(csv_error("x,y,c\n1,2,a\n3,4,a\n"), "…/x.csv: every label is \"a\"; there must be at least two classes");
    assert_eq!(csv_error(""), "…/x.csv: there are no rows");
    assert_eq!(csv_error("\n\n"), "…/x.csv: there are no rows");
    assert_eq!(csv_error("x,y,c\n"), "…/x.csv: there are no rows");
    assert!(csv_error("1\n2\n").starts_with("…/x.csv, line 1: one column; "));
    assert_eq!(csv_error(b"\xff,1,a\n\xfe,2,b"), "…/x.csv, line 1: \"\u{fffd}\" in column 0 is no number");
    // A quote that is never closed takes the rest of the file with it.
    assert_eq!(csv_error("1,2,a\n3,\"4,b\n5,6,a\n"), "…/x.csv, line 2: 2 fields, but the first row has 3");
    let many: String = (0..300).map(|i| [&i.to_string(), ",class ", &i.to_string(), "\n"].concat()).collect();
    assert_eq!(csv_error(many), "…/x.csv, line 257: the label \"class 256\" is one more than 256 classes");
    assert_eq!(
        csv("1,a\n2,b\n", |spec| spec.test_share = 0.1).map(|_| ()).unwrap_err(),
        "…/x.csv: a share of 0.1 of 2 samples leaves nothing to test on; valid: a larger data.test_share"
    );
}

#[test]
fn a_label_column_that_is_not_there_is_said() {
    let error = |column: &str, header| {
        let changed = csv("size,weight,kind\n1,2,a\n3,4,b\n", |spec| {
            (spec.label_column, spec.header) = (LabelColumn::parse(column), header);
        });
        changed.map(|_| ()).unwrap_err()
    };
    assert_eq!(error("3", HeaderRow::Auto), "…/x.csv, line 1: data.label_column is 3; valid: 0 to 2");
    assert_eq!(error("kin", HeaderRow::Auto), "…/x.csv, line 1: no column is called \"kin\"; did you mean \"kind\"?");
    assert_eq!(
        error("zzzzzzzz", HeaderRow::Auto),
        "…/x.csv, line 1: no column is called \"zzzzzzzz\"; the last is \"kind\""
    );
    assert!(error("kind", HeaderRow::No).contains("data.header says that there are no names"));
    assert_eq!(error("last", HeaderRow::No), "…/x.csv, line 1: \"size\" in column 0 is no number");
}

#[test]
fn a_folder_has_a_table_for_each_part() {
    let folder = TempDir::with_prefix("csv").unwrap();
    put(&folder, "train.csv", b"x,c\n1,b\n2,a\n3,b\n4,a\n");
    let data = load(&DataSpec { test_share: 0.5, ..of(&folder) }, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (2, 2));
    put(&folder, "test.csv", b"x,c\n9,a\n");
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!((data.train.labels.as_slice(), data.test.labels.as_slice()), (&[1, 0, 1, 0][..], &[0][..]));
    assert_eq!(describe(&of(&folder)).unwrap(), description(&data));
    assert_interruptible(&of(&folder));
    let error = || load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err().to_string();
    put(&folder, "test.csv", b"x,c\n9,a\n8,z\n");
    assert!(error().ends_with("test.csv, line 3: the label \"z\" is not among the training labels"), "{}", error());
    put(&folder, "test.csv", b"x,y,c\n9,9,a\n");
    assert!(error().contains("2 values in a row, but the training rows have 1"), "{}", error());
}

/// An npy file of version 1.
fn npy(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let mut text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
    text.extend(std::iter::repeat_n(' ', (64 - (text.len() + 11) % 64) % 64));
    text.push('\n');
    [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), elements].concat()
}

fn floats(numbers: &[f32]) -> Vec<u8> {
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
    assert_eq!(describe(&of(&folder)).unwrap(), description(&data));
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
    assert_eq!((describe(&spec).unwrap(), data.test.len()), (description(&data), 2));
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
    assert_eq!(y("'<f4'", "(4,)", &[0; 16]), "…/train_y.npy: labels are whole numbers, but these have a fraction");
    assert_eq!(
        y("'|i1'", "(4,)", &[0, 1, 255, 0]),
        "…/train_y.npy: label -1 of item 2 is out of range; there are 256 classes, 0 to 255"
    );
    assert_eq!(
        y("'<u8'", "(4,)", &[255; 32]),
        "…/train_y.npy: label 9223372036854775807 of item 0 is out of range; there are 256 classes, 0 to 255"
    );
    assert_eq!(y("'|u1'", "(4,)", &[3; 4]), "…/train_y.npy: every label is 3; there must be at least two classes");
    assert_eq!(y("'|u1'", "(2, 2)", &[0, 1, 0, 1]), "…/train_x.npy: 4 samples, but …/train_y.npy has 2 labels");
    assert_eq!(
        y("'|u1'", "(4, 2)", &[0; 8]),
        "…/train_y.npy: labels of shape [4, 2]; valid: one axis, with a label for each sample"
    );
    assert_eq!(
        error("test_y.npy", &npy("'|u1'", "(2,)", &[0, 2])),
        "…/test_y.npy: label 2 of item 1 is out of range; there are 2 classes, 0 to 1"
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
