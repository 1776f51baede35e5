//! Columns, numbers and classes of other rows are those of the training.

use super::*;

#[test]
fn columns_are_found_by_name_and_the_label_may_be_missing() {
    let kinds = kinds();
    let (folder, spec) = &kinds[0];
    let data = whole(spec);
    let path = folder.path().join("x.csv");
    let read_text = |text: &str| {
        fs::write(&path, text).unwrap();
        read(&[&path], &data.preparation)
    };
    let named = read_text("b,more,a,kind\n1700000001.75,9,0.3,cat\n1700000005.5,9,1e3,dog\n").unwrap();
    assert_same(&named, &data.test, true);
    assert!(named.notes[0].text.ends_with("does not have: \"more\""), "{:?}", named.notes);
    assert!(named.name(0).ends_with("x.csv:2") && named.name(1).ends_with("x.csv:3"));
    for text in [
        "a,b\n0.3,1700000001.75\n1e3,1700000005.5\n",
        "b;a\n1700000001,75;0,3\n1700000005,5;1000,0\n",
        // Without names the order is that of the training.
        "0.3,1700000001.75\n1e3,1700000005.5\n",
    ] {
        assert_same(&read_text(text).unwrap(), &data.test, false);
    }
    assert_same(&read_text("0.3,cat,1700000001.75\n1e3,dog,1700000005.5\n").unwrap(), &data.test, true);
    let refused = |text: &str| {
        let error = read_text(text).map(|_| ()).unwrap_err().to_string();
        error[error.find("x.csv").unwrap()..].to_owned()
    };
    let error = refused("a,kind,c\n1,cat,2\n");
    assert!(
        error.starts_with("x.csv, line 1: no column is called \"b\", which ")
            && error.contains("; there are \"a\", \"kind\", \"c\""),
        "{error}"
    );
    let error = refused("a,b,kind\n1,2,cat\n1,2,cow\n");
    assert!(
        error.starts_with("x.csv, line 3: the label \"cow\" is not among the training labels of ")
            && error.ends_with(": \"cat\", \"dog\""),
        "{error}"
    );
    assert_eq!(
        refused("a,b\n1,2\n3,\n"),
        "x.csv, line 3: column 1 (b) is empty; a number should be there: fill it in or take the row out"
    );
    assert_eq!(refused("a,b\n1,2\n3\n"), "x.csv, line 3: 1 fields, but the first row has 2");
    assert_eq!(refused("a,b\n"), "x.csv: there are no rows");
    let error = refused("1,2,3,4\n");
    assert!(error.ends_with(" have 3, or 2 without the label"), "{error}");
}

#[test]
fn a_single_column_and_no_names_are_enough() {
    let folder = TempDir::with_prefix("narrow").unwrap();
    put(&folder, "train.csv", b"5,1\n6,2\n7,1\n");
    put(&folder, "test.csv", b"6.5,2\n");
    let data = whole(&of(&folder));
    for (text, truth) in [("6.5\n", None), ("6.5,2\n", Some(1)), ("6.5,2.0\n", Some(1))] {
        put(&folder, "x.csv", text.as_bytes());
        let samples = read(&[&folder.path().join("x.csv")], &data.preparation).unwrap();
        assert_eq!((bits(&samples.samples), samples.truth), (bits(&data.test), vec![truth]));
    }
    // Arrays and toy problems are numbers, too, whose columns can come from a table.
    let kinds = kinds();
    let array = whole(&kinds[1].1);
    put(&folder, "y.csv", b"0.8999999762,-7.69999980926,1\n1.10000002384,1e6,0\n");
    let samples = read(&[&folder.path().join("y.csv")], &array.preparation).unwrap();
    assert_eq!((bits(&samples.samples), samples.truth), (bits(&array.test), vec![Some(1), Some(0)]));
    let toy = whole(&DataSpec { source: Source::parse("moons"), ..DataSpec::default() });
    put(&folder, "z.csv", b"y,x\n0.5,1\n");
    let turned = read(&[&folder.path().join("z.csv")], &toy.preparation).unwrap();
    put(&folder, "z.csv", b"x,y\n1,0.5\n");
    assert_eq!(bits(&turned.samples), bits(&read(&[&folder.path().join("z.csv")], &toy.preparation).unwrap().samples));
}

/// Numbers of which an `f32` holds neither all digits nor, without an offset, enough of them.
fn pressures(rows: usize) -> Vec<[f64; 2]> {
    let noise = |row: usize, salt: usize| ((row * 7919 + salt * 104_729) % 1009) as f64 / 1009.0;
    (0..rows).map(|row| [1013.0 + 10.0 * noise(row, 1), noise(row, 2) / 3.0]).collect()
}

#[test]
fn rows_that_are_taken_out_of_a_table_become_the_same_to_the_bit() {
    let folder = TempDir::with_prefix("taken").unwrap();
    let rows = pressures(10_000);
    let label = |row: usize| ["low", "high"][row % 2];
    let line = |row: usize| format!("{},{},{}\n", rows[row][0], rows[row][1], label(row));
    let write_rows = |name: &str, picks: &mut dyn Iterator<Item = usize>| {
        put(&folder, name, format!("p,q,label\n{}", picks.map(line).collect::<String>()).as_bytes());
        folder.path().join(name)
    };
    let spec = DataSpec { source: Source::Path(write_rows("all.csv", &mut (0..rows.len()))), ..DataSpec::default() };
    // Classes are in the order of the alphabet.
    let labels: Vec<u8> = (0..rows.len()).map(|row| 1 - (row % 2) as u8).collect();
    let (_, test) = raw::train_and_test_rows("all.csv", &labels, &spec).unwrap();
    let picks = || test.iter().map(|&row| row as usize);
    let taken = write_rows("taken.csv", &mut picks());
    let single = write_rows("single.csv", &mut picks().skip(777).take(1));
    for preprocessing in Preprocessing::ALL {
        let data = whole(&DataSpec { preprocessing, ..spec.clone() });
        assert_same(&read(&[&taken], &data.preparation).unwrap(), &data.test, true);
        let alone = bits(&read(&[&single], &data.preparation).unwrap().samples);
        assert_eq!(alone, bits(&data.test)[2 * 777..][..2], "{preprocessing}");
    }
}

#[test]
fn numbers_that_are_taken_out_of_an_array_become_the_same_to_the_bit() {
    let folder = TempDir::with_prefix("taken").unwrap();
    let rows = pressures(5000);
    let save = |name: &str, picks: &[usize]| {
        let bytes: Vec<u8> = picks.iter().flat_map(|&row| rows[row]).flat_map(f64::to_le_bytes).collect();
        put(&folder, name, &npy("'<f8'", &format!("({}, 2)", picks.len()), &bytes));
    };
    let labels: Vec<u8> = (0..rows.len()).map(|row| (row % 2) as u8).collect();
    save("train_x.npy", &(0..rows.len()).collect::<Vec<_>>());
    put(&folder, "train_y.npy", &npy("'|u1'", "(5000,)", &labels));
    let data = whole(&of(&folder));
    let (_, test) = raw::train_and_test_rows("", &labels, &of(&folder)).unwrap();
    save("taken.npy", &test.iter().map(|&row| row as usize).collect::<Vec<_>>());
    assert_same(&read(&[&folder.path().join("taken.npy")], &data.preparation).unwrap(), &data.test, false);
}

#[test]
fn classes_are_matched_by_name_where_they_have_names_and_else_by_number() {
    let folder = TempDir::with_prefix("classes").unwrap();
    let path = |name: &str| folder.path().join(name);
    let trained = |labels: [&str; 2]| {
        put(&folder, "t.csv", format!("a,label\n1,{0}\n2,{1}\n3,{0}\n4,{1}\n", labels[0], labels[1]).as_bytes());
        let spec = DataSpec { source: Source::Path(path("t.csv")), test_share: 0.5, ..DataSpec::default() };
        whole(&spec).preparation
    };
    let truth = |preparation: &SamplePreparation, label: &str| {
        put(&folder, "x.csv", format!("a,label\n1,{label}\n").as_bytes());
        read(&[&path("x.csv")], preparation).map(|samples| samples.truth[0]).ok().flatten()
    };
    let (numbers, mixed) = (trained(["1", "3"]), trained(["1", "x"]));
    assert_eq!(
        ["1", "1.0", "03", "0", "2"].map(|label| truth(&numbers, label)),
        [Some(0), Some(0), Some(1), None, None]
    );
    // Beside a word, a number is a word too.
    assert_eq!(["1", "x", "1.0", "0"].map(|label| truth(&mixed, label)), [Some(0), Some(1), None, None]);
    // Labels of arrays are numbers.
    put(&folder, "test_x.npy", &npy("'<f4'", "(2, 1)", &floats(&[1.0, 2.0])));
    put(&folder, "test_y.npy", &npy("'|u1'", "(2,)", &[3, 1]));
    put(&folder, "train_x.npy", &npy("'<f4'", "(2, 1)", &floats(&[1.0, 2.0])));
    let arrays = |preparation: &SamplePreparation| {
        fs::remove_file(path("t.csv")).unwrap();
        read(&[folder.path()], preparation).map(|samples| samples.truth).map_err(|error| error.to_string())
    };
    fs::remove_file(path("x.csv")).unwrap();
    assert_eq!(arrays(&numbers).unwrap(), [Some(1), Some(0)]);
    let error = arrays(&trained(["no", "yes"])).unwrap_err();
    assert!(
        error.contains("the class \"3\" of item 0 is no class of the network; its classes: no, yes; put their names"),
        "{error}"
    );
    put(&folder, "classes.txt", b"maybe\nno\nnever\nyes\n");
    assert_eq!(arrays(&trained(["no", "yes"])).unwrap(), [Some(1), Some(0)]);
    // Names are no numbers, even those that look like them.
    put(&folder, "classes.txt", b"4\n1.0\n2\n3\n");
    let error = arrays(&trained(["1", "3"])).unwrap_err();
    assert!(error.contains("the class \"1.0\" of item 1 is no class of the network; its classes: 1, 3"), "{error}");
}
