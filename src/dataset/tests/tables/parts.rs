//! Training and test rows in tables of their own.

use super::*;

#[test]
fn a_folder_has_a_table_for_each_part() {
    let folder = TempDir::with_prefix("csv").unwrap();
    put(&folder, "train.csv", b"x,c\n1,b\n2,a\n3,b\n4,a\n");
    let data = load(&DataSpec { test_share: 0.5, ..of(&folder) }, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (2, 2));
    put(&folder, "test.csv", b"x,c\n9,a\n");
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!((data.train.labels.as_slice(), data.test.labels.as_slice()), (&[1, 0, 1, 0][..], &[0][..]));
    assert_interruptible(&of(&folder));
    let error = || load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err().to_string();
    put(&folder, "test.csv", b"x,c\n9,a\n8,z\n");
    let found = error();
    assert!(found.contains("test.csv, line 3: the label \"z\" is not among the training labels of "), "{found}");
    assert!(found.ends_with("train.csv: \"a\", \"b\""), "{found}");
}

#[test]
fn a_test_table_has_one_of_several_names_and_other_files_are_named() {
    let training = b"x,c\n1,b\n2,a\n3,b\n4,a\n";
    for name in ["Test.csv", "val.csv", "valid.csv", "VALIDATION.CSV", "test.tsv"] {
        let folder = TempDir::with_prefix("csv").unwrap();
        put(&folder, "Train.csv", training);
        put(&folder, name, b"x,c\n9,a\n8,b\n");
        let data = load_folder(folder.path(), Preprocessing::None).unwrap();
        assert_eq!((data.train.len(), data.test.len(), notes(&data)), (4, 2, vec![]), "{name}");
    }
    let folder = TempDir::with_prefix("csv").unwrap();
    put(&folder, "train.csv", training);
    put(&folder, "extra\x1b.csv", b"");
    let spec = DataSpec { test_share: 0.5, ..of(&folder) };
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(notes(&data), ["extra·.csv left out; train.csv is read, and a share of it is the test part"]);
    put(&folder, "valid.csv", b"x,c\n9,a\n8,b\n");
    put(&folder, "val.csv", b"x,c\n9,a\n8,b\n7,b\n");
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!(data.test.len(), 3);
    assert_eq!(notes(&data), ["extra·.csv and valid.csv left out; train.csv and val.csv are read"]);
}

#[test]
fn a_part_that_was_split_off_is_not_compared() {
    // A single row is far from the others, and with some seeds it is for testing.
    let text = joined((0..40).map(|i| format!("{}.0,{}\n", if i == 7 { 1_000_000 } else { i % 7 }, ["a", "b"][i % 2])));
    for seed in 0..8 {
        let data = csv(&text, |spec| (spec.test_share, spec.seed) = (0.5, seed)).unwrap();
        assert!(data.notes.is_empty(), "{:?}", data.notes);
    }
    let folder = TempDir::with_prefix("csv").unwrap();
    put(&folder, "train.csv", b"1,a\n2,b\n3,a\n4,b\n");
    put(&folder, "test.csv", b"1000,a\n2000,b\n");
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert!(notes(&data)[0].contains("another unit"), "{:?}", data.notes);
}

#[test]
fn the_columns_of_a_test_part_are_found_by_their_names() {
    let folder = TempDir::with_prefix("csv").unwrap();
    put(&folder, "train.csv", b"x,y,c\n1,10,b\n2,20,a\n3,30,b\n4,40,a\n");
    let read = |test: &str| {
        put(&folder, "test.csv", test.as_bytes());
        let data = load_folder(folder.path(), Preprocessing::None).map_err(|error| error.to_string())?;
        let mut row = [0.0; 2];
        data.test.gather(&[0], &mut row);
        let notes = data.notes.iter().map(|note| note.text.rsplit('/').next().unwrap().into());
        Ok::<_, String>((row, notes.collect::<Vec<String>>()))
    };
    assert_eq!(read("x,y,c\n9,90,a\n1,10,b\n"), Ok(([9.0, 90.0], vec![])));
    assert_eq!(read("c,y,x\na,90,9\nb,10,1\n"), Ok(([9.0, 90.0], vec![])));
    let (row, notes) = read("c,more,y,x\na,5,90,9\nb,5,10,1\n").unwrap();
    assert!(row == [9.0, 90.0] && notes[0].ends_with("train.csv does not have: \"more\""), "{notes:?}");
    let (row, notes) = read("9,90,a\n1,10,b\n").unwrap();
    assert!(row == [9.0, 90.0] && notes.len() == 1, "{notes:?}");
    let error = read("x,z,c\n9,90,a\n1,10,b\n").unwrap_err();
    assert!(
        error.contains("test.csv, line 1: no column is called \"y\", which ") && error.contains("train.csv"),
        "{error}"
    );
    let error = read("9,90,1,a\n").unwrap_err();
    assert!(error.contains("4 fields, but the rows of ") && error.ends_with("train.csv have 3"), "{error}");
    put(&folder, "train.csv", b"1,10,b\n2,20,a\n3,30,b\n4,40,a\n");
    let (row, notes) = read("9,90,a\n").unwrap();
    assert!(row == [9.0, 90.0] && notes == ["no test samples of the class b; nothing shows how well it is recognized"]);
    let unnamed = read("x,y,c\n9,90,a\n1,10,b\n").unwrap_err();
    assert!(unnamed.contains("test.csv, line 1: the first row holds names, but ") && unnamed.ends_with("has none"));
    // In another order, columns of one name can't be told apart.
    put(&folder, "train.csv", b"x,x,c\n1,10,b\n2,20,a\n3,30,b\n4,40,a\n");
    assert_eq!(read("x,x,c\n9,90,a\n").unwrap().0, [9.0, 90.0]);
    let error = read("c,x\na,9\n").unwrap_err();
    assert!(error.contains("2 columns are called \"x\""), "{error}");
    let error = read("c,x,x\na,9,90\n").unwrap_err();
    assert!(
        error.contains("test.csv, line 1: 2 columns are called \"x\"; the columns are not in the order of"),
        "{error}"
    );
}
