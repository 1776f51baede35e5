//! CSV files.

use super::*;

fn csv(text: impl AsRef<[u8]>, change: impl FnOnce(&mut DataSpec)) -> Result<Dataset, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.csv");
    fs::write(&path, text).unwrap();
    let mut spec = DataSpec { preprocessing: Preprocessing::None, test_share: 0.5, ..of(&path) };
    change(&mut spec);
    // Only reading all of it tells more than that it is there.
    assert_eq!(describe(&spec).unwrap(), None);
    let loaded = load(&spec, &mut |_, _| ControlFlow::Continue(()));
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
    assert_eq!(
        csv_error("1,2,a\n3,4,b,9\n"),
        "…/x.csv, line 2: 4 fields, but the first row has 3; is there a separator too many?"
    );
    assert_eq!(
        csv_error("x,y,c\n1,2,a\n3,oops\u{7},b\n"),
        "…/x.csv, line 3: \"oops·\" in column 1 (y) is no number; write numbers, or leave the column out with --set \
         data.leave_out=y"
    );
    let advice = "fill it in or take the row out; --set data.leave_out=1 leaves the column out";
    assert_eq!(
        csv_error("1,2,a\n3,,b\n"),
        format!("…/x.csv, line 2: column 1 is empty; a number should be there: {advice}")
    );
    for missing in ["NaN", "NA", "?", "null", "nan", "#N/A"] {
        let expected = format!("…/x.csv, line 2: \"{missing}\" in column 1 is a missing number: {advice}");
        assert_eq!(csv_error(format!("1,2,a\n3,{missing},b\n")), expected);
    }
    for number in ["inf", "-infinity", "1e39", "1e400"] {
        let expected = format!("…/x.csv, line 2: \"{number}\" in column 0 is not finite as f32");
        assert_eq!(csv_error(format!("1,2,a\n{number},4,b\n")), expected);
    }
    assert_eq!(csv_error("x,y,c\n1,2,a\n3,4,a\n"), "…/x.csv: every label is \"a\"; there must be at least two classes");
    for empty in ["", "\n\n", "\u{feff}", " \n \n", "x,y,c\n"] {
        assert_eq!(csv_error(empty), "…/x.csv: there are no rows", "{empty:?}");
    }
    assert_eq!(
        csv_error("\n1\n2\n"),
        "…/x.csv, line 2: one column; a row needs at least a number and a label, with a comma between"
    );
    assert!(
        csv_error("1.0  2.0  a\n3.0 4.0 b\n").ends_with("; these look separated by blanks: put commas in their place")
    );
    let many: String = (0..2000).map(|i| [&i.to_string(), ",class ", &i.to_string(), "\n"].concat()).collect();
    assert!(csv_error(many).starts_with("…/x.csv: column 1 holds more than 256 different words"));
}

/// The notes of a table that is read.
fn notes(text: impl AsRef<[u8]>) -> Vec<String> {
    let shown = |note: DataNote| {
        let place = note.text.find("x.csv: ").map_or(0, |at| at + "x.csv: ".len());
        format!("{:?} {}", note.kind, &note.text[place..])
    };
    csv(text, |_| ()).unwrap().notes.into_iter().map(shown).collect()
}

fn joined(rows: impl Iterator<Item = String>) -> String {
    rows.collect::<Vec<_>>().concat()
}

/// `count` rows of two numbers and a label, each row ended by `end`.
fn two_numbers(count: usize, end: &str) -> String {
    joined((0..count).map(|i| format!("0.{:03},-0.{:03},{}{end}", i * 7 % 1000, i * 13 % 1000, i % 2)))
}

#[test]
fn a_quote_that_never_closes_is_an_error_on_its_line() {
    let row = |i: usize| format!("{i},{},{}a\n", i * i, if i == 20 { "\"" } else { "" });
    let open: String = std::iter::once("x,y,label\n".into()).chain((0..60).map(row)).collect();
    assert_eq!(csv_error(&open), "…/x.csv, line 22: the quote that opens here is never closed");
    let later = open.replace("40,1600,a", "40,1600,\"b\"");
    assert!(csv_error(later).starts_with("…/x.csv, line 22: text follows the quote that closes"));
    let closed = open.replace("30,900,a", "30,900,a\"");
    assert_eq!(csv_error(closed), "…/x.csv, line 22: the label has a line break in it; is a quote not closed?");
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    for (text, line) in [
        ("x,y,label\n1,2,a\n3,4,b\n5,oops,a\n", 4),
        ("x,y,label\r\n1,2,a\r\n3,4,b\r\n5,oops,a\r\n", 4),
        ("x,y,label\r1,2,a\r3,4,b\r5,oops,a\r", 4),
        ("x,y,label\n1,2,a\n\n\n5,oops,a\n", 5),
        ("\n\nx,y,label\n1,2,a\n5,\"oo\nps\",a\n", 5),
    ] {
        let error = csv_error(text);
        assert!(error.starts_with(&format!("…/x.csv, line {line}: \"oo")), "{error}");
    }
}

#[test]
fn labels_are_compared_by_their_characters() {
    let latin = b"x,y,label\n0.1,0.2,p\xe4r\n0.3,0.1,p\xf6r\n0.5,0.2,other\n";
    let error = csv_error(latin);
    assert!(error.starts_with("…/x.csv, line 2: column 2 (label) has the byte 0xe4, which is not UTF-8"), "{error}");
    assert!(error.ends_with("(in Latin-1 the field would be \"pär\")"), "{error}");
    assert!(
        csv_error(b"x,\xe4,label\n0.1,0.2,a\n0.3,0.1,b\n").contains("line 1: the name of column 1 has the byte 0xe4")
    );
    // Two texts that are shown alike are two classes, two ways to write a number are one.
    let data = csv("1,a\u{1b}\n2,a\u{1c}\n3,a\u{1b}\n4,a\u{1c}\n", |_| ()).unwrap();
    assert_eq!(data.classes, ["a·", "a·"]);
    let data = csv("1,1\n2,1.0\n3,0\n4,-0.0\n5,01\n6,0\n", |_| ()).unwrap();
    assert_eq!((data.classes, data.train.len()), (vec!["0".into(), "1".into()], 2));
}

#[test]
fn missing_labels_are_errors() {
    for word in ["NaN", "NA", "?", "null", "None", "N/A", "<NA>"] {
        assert_eq!(
            csv_error(format!("x,y,label\n1,2,a\n1,2,b\n3,4,{word}\n")),
            format!("…/x.csv, line 4: the label is missing ({word}); fill it in or take the row out")
        );
    }
    assert_eq!(csv_error("1,2,a\n3,4,\n"), "…/x.csv, line 2: the label is empty; fill it in or take the row out");
}

#[test]
fn a_first_row_that_counts_the_columns_names_them() {
    let header = "Assumed the first row was taken for the names of the columns, ";
    let counted =
        format!("{header}because it counts them: 0, 1, 2, … or 1, 2, 3, …; data.header = no reads it as a sample");
    for text in [
        ["0,1,2\n", &two_numbers(60, "\n")].concat(),
        (0..61)
            .map(|i| if i == 0 { "0,1,2,3\n".into() } else { format!("{},7,{},{}\n", i % 5, i * i % 50, i % 3) })
            .collect(),
    ] {
        assert_eq!(notes(&text), [counted.as_str()]);
        let data = csv(&text, |_| ()).unwrap();
        assert_eq!((data.train.len() + data.test.len(), data.columns[1].name.as_str()), (60, "1"));
        assert_eq!(csv(&text, |spec| spec.header = HeaderRow::No).unwrap().train.len() * 2, 61 + 1);
    }
    // A name among numbers is enough, a label's name too; rows that merely begin with small numbers stay rows.
    let mixed = ["0,1,label\n", &two_numbers(60, "\n")].concat();
    assert!(
        notes(&mixed)[0].starts_with(&format!("{header}because \"label\" in it is no number")),
        "{:?}",
        notes(&mixed)
    );
    let year = "a,2020,label\n1,2,x\n3,4,y\n1,2,x\n3,4,y\n";
    assert!(notes(year)[0].starts_with(&format!("{header}because \"a\" in it is no number")));
    let waves = "400,410,label\n1,2,x\n3,4,y\n1,2,x\n3,4,y\n";
    assert!(notes(waves)[0].starts_with(&format!("{header}because it names a column of labels")));
    for plain in ["0,1\n1,0\n1,1\n0,0\n", "1,2,3\n0,1,2\n1,2,3\n0,1,2\n", "1,2,x\n3,4,y\n1,2,x\n3,4,y\n"] {
        assert_eq!((notes(plain), csv(plain, |_| ()).unwrap().train.len()), (vec![], 2), "{plain}");
    }
}

#[test]
fn a_column_without_a_name_that_counts_the_rows_is_left_out() {
    let rows: String = joined((0..40).map(|i| format!("{i},0.{},0.{},{}\n", i * 7 % 10, i * 3 % 10, i / 20)));
    let left_out = "LeftOut column 0, which has no name and holds names or numbers of the rows";
    for header in [",x,y,label\n", "Unnamed: 0,x,y,label\n", "\"\",x,y,label\n", ",0,1,2\n"] {
        let text = [header, &rows].concat();
        assert!(notes(&text).contains(&left_out.into()), "{header} {:?}", notes(&text));
        assert_eq!(csv(&text, |_| ()).unwrap().shape, [2]);
    }
    // Shuffled or named by words they are no values either.
    let text = ",x,label\n17,1.5,a\n3,2.5,b\n9,0.5,a\n1,0.25,b\n";
    assert_eq!(notes(text), [left_out]);
    assert_eq!(notes(",x,label\nFiat,1.5,a\nVW,2.5,b\nKia,0.5,a\nOpel,0.25,b\n"), [left_out]);
    // With a name it stays, and is said.
    let named = ["id,x,y,label\n", &rows].concat();
    let note = "Suspicious column 0 (id) only grows or falls from row to row; if it numbers the rows and these are sorted by \
                class, it gives the class away, and --set data.leave_out=id leaves it out";
    assert_eq!((notes(&named), csv(&named, |_| ()).unwrap().shape), (vec![note.into()], vec![3]));
    for column in ["0", "id"] {
        let data = csv(&named, |spec| spec.leave_out = vec![column.into()]).unwrap();
        let names: Vec<_> = data.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!((names, data.notes.len()), (vec!["x", "y"], 1));
    }
    let wrong = |column: &str| csv(&named, |spec| spec.leave_out = vec![column.into()]).unwrap_err();
    assert!(wrong("iid").contains("data.leave_out: no column is called \"iid\"; did you mean \"id\"?"));
    assert!(wrong("label").contains("data.leave_out names column 3 (label), which is the label"));
    assert!(wrong("9").contains("data.leave_out is 9; valid: 0 to 3"));
}

#[test]
fn other_separators_are_recognized_and_said() {
    let expected = rows(&csv(["x,y,label\n", &two_numbers(20, "\n")].concat(), |_| ()).unwrap());
    for (separator, name) in [("\t", "tabs"), (";", "semicolons"), ("|", "vertical bars")] {
        let text = ["x,y,label\n", &two_numbers(20, "\n")].concat().replace(',', separator);
        assert_eq!(notes(&text), [format!("Assumed the fields are separated by {name}")]);
        assert_eq!(rows(&csv(&text, |_| ()).unwrap()), expected);
    }
    let german = ["x,y,label\n", &two_numbers(20, "\n")].concat().replace(',', ";").replace('.', ",");
    assert_eq!(notes(&german), ["Assumed the fields are separated by semicolons, and numbers with a decimal comma"]);
    assert_eq!(rows(&csv(&german, |_| ()).unwrap()), expected);
    assert_eq!(csv("0,1;b\n0,6;b\n0,5;a\n0,7;a\n", |_| ()).unwrap().classes, ["a", "b"]);
    // A separator of another kind within the labels does not mislead.
    assert_eq!(csv("1,2,a;b\n3,4,c;d\n1,2,a;b\n3,4,c;d\n", |_| ()).unwrap().shape, [2]);
    let trailing = ["x,y,label,\n", &two_numbers(20, ",\n")].concat();
    assert_eq!(notes(&trailing), ["LeftOut column 3, which is empty because each row ends with a separator"]);
    assert_eq!(rows(&csv(&trailing, |_| ()).unwrap()), expected);
    let late: String =
        joined((0..400).map(|i| if i == 300 { "1,2,0,x\n".into() } else { format!("{i}.5,2,{},\n", i % 2) }));
    assert_eq!(csv_error(late), "…/x.csv, line 301: \"x\" in column 3, which is empty in the first rows");
}

#[test]
fn text_in_another_encoding_is_named() {
    let text = "x,y,label\n0.5,1,a\n0.25,2,b\n";
    for (mark, bytes) in [
        (vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
        (vec![0xfe, 0xff], text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ] {
        for mark in [mark, Vec::new()] {
            assert_eq!(
                csv_error([mark, bytes.clone()].concat()),
                "…/x.csv: is text in UTF-16; save it as CSV in UTF-8"
            );
        }
    }
    assert!(csv_error(b"PK\x03\x04zip").contains("a zip file, as Excel's tables are"));
    assert!(csv_error(gzip(text.as_bytes())).contains("is compressed with gzip: unpack it"));
    assert!(csv_error(b"1,2,a\n3,\0,b\n").starts_with("…/x.csv, line 2: has a byte 0"));
}

#[test]
fn a_label_that_stands_first_is_suggested() {
    let digits = |last: fn(usize) -> usize| -> String {
        joined((0..60).map(|i| format!("{},0,{},{},{}\n", i % 10, i * 37 % 256, i * 91 % 256, last(i))))
    };
    let advice = "column 0 holds 0 to 9: if it is the label, as in MNIST's tables, write --set data.label_column=0";
    let error = csv_error(digits(|_| 0));
    assert_eq!(error, format!("…/x.csv: every label is \"0\"; there must be at least two classes; {advice}"));
    assert_eq!(notes(digits(|i| i % 3 * 50)), [format!("Suspicious 3 different labels; {advice}")]);
    let named = ["label,a,b,c,d\n", &digits(|_| 0)].concat();
    assert_eq!(
        notes(&named),
        ["Assumed column 0 (label) was taken for the label; data.label_column = last takes the last one"]
    );
    assert_eq!(csv(&named, |_| ()).unwrap().classes.len(), 10);
}

#[test]
fn a_column_of_measured_numbers_is_no_label() {
    let measured: String = joined((0..60).map(|i| format!("{i}.5,1,{}\n", f64::from(i).sin())));
    let error = csv_error(format!("x,y,target\n{measured}"));
    assert!(
        error.starts_with("…/x.csv: the label, column 2 (target) holds 60 different numbers in 60 rows"),
        "{error}"
    );
    assert!(error.contains("a quantity to be predicted (regression)"), "{error}");
    let whole: String = joined((0..700).map(|i| format!("{i}.5,1,{}\n", i % 300)));
    assert!(csv_error(whole).contains("300 different numbers in 700 rows: it looks like a quantity"));
    // Numbers without gaps from 0 or 1 may be classes with few samples; others are hardly.
    let table = |rows: u32, label: fn(u32) -> u32| joined((0..rows).map(|i| format!("{i}.5,1,{}\n", label(i % 30))));
    let people = table(90, |i| i);
    assert_eq!(csv(&people, |_| ()).unwrap().classes.len(), 30);
    let patients = table(90, |i| 25 + 3 * i);
    assert!(csv_error(patients).contains("30 different numbers in 90 rows: it looks like a quantity"));
    let codes = table(180, |i| 25 + 3 * i);
    assert_eq!(csv(codes, |_| ()).unwrap().classes.len(), 30);
    // Fractions are measured, however many rows there are; hundreds of whole numbers need many rows each.
    let fractions = joined((0..1200).map(|i| format!("{i}.5,1,{}.125\n", i % 200)));
    assert!(csv_error(fractions).contains("200 different numbers in 1,200 rows: it looks like a quantity"));
    let scores = joined((0..1200).map(|i| format!("{i}.5,1,{}\n", i % 200)));
    assert!(csv_error(scores).contains("200 different numbers in 1,200 rows: it looks like a quantity"));
    let german = joined((0..60).map(|i| format!("{i},5;1;{},25\n", i % 30)));
    assert!(csv_error(german).contains("30 different numbers in 60 rows: it looks like a quantity"));
    let endless: String = joined((0..3000).map(|i| format!("{i}.5,1,{i}.25\n")));
    assert!(
        csv_error(endless).contains("more than 256 different numbers, the most classes there can be: it looks like")
    );
    // A single sample of each class can't be divided, whatever the share.
    assert_eq!(
        csv_error("x,y,label\n1,2,a\n2,3,b\n"),
        "…/x.csv: each of the 2 classes has a single sample, so none can be kept for testing; more samples are needed, or a \
         test part of its own"
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
    assert_eq!(
        error("kin", HeaderRow::Auto),
        "…/x.csv, line 1: data.label_column: no column is called \"kin\"; did you mean \"kind\"?"
    );
    assert_eq!(
        error("zzzzzzzz", HeaderRow::Auto),
        "…/x.csv, line 1: data.label_column: no column is called \"zzzzzzzz\"; the last is \"kind\""
    );
    assert!(error("kind", HeaderRow::No).contains("there are no names of columns: data.header says so"));
    assert!(error("last", HeaderRow::No).starts_with("…/x.csv, line 1: \"size\" in column 0 is no number"));
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
        assert_eq!((data.train.len(), data.test.len(), super::notes(&data)), (4, 2, vec![]), "{name}");
    }
    let folder = TempDir::with_prefix("csv").unwrap();
    put(&folder, "train.csv", training);
    put(&folder, "extra\x1b.csv", b"");
    let spec = DataSpec { test_share: 0.5, ..of(&folder) };
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(super::notes(&data), ["extra·.csv left out; train.csv is read, and a share of it is the test part"]);
    put(&folder, "valid.csv", b"x,c\n9,a\n8,b\n");
    put(&folder, "val.csv", b"x,c\n9,a\n8,b\n7,b\n");
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!(data.test.len(), 3);
    assert_eq!(super::notes(&data), ["extra·.csv and valid.csv left out; train.csv and val.csv are read"]);
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
    assert!(super::notes(&data)[0].contains("another unit"), "{:?}", data.notes);
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

#[test]
fn columns_of_a_kind_are_noted_in_bounded_numbers() {
    // Twenty columns without a name that count rows, twenty that have one.
    let names = joined((0..20).map(|column| format!(",,n{column}")));
    let row = |row: usize| [row.to_string(), format!(",{row}").repeat(40), format!(",{}", row % 2)].concat();
    let rows: String = (0..10).map(|number| row(number) + "\n").collect();
    let found = notes(["x", &names, ",label\n", &rows].concat());
    assert_eq!(found.len(), 2 * (8 + 1), "{found:#?}");
    assert!(found[8].ends_with("12 more columns without names, which hold names or numbers of the rows"), "{found:#?}");
    assert!(found[17].ends_with("13 more columns that only grow or fall from row to row"), "{found:#?}");
    // Columns that only the test part has.
    let folder = TempDir::with_prefix("csv").unwrap();
    put(&folder, "train.csv", b"x,c\n1,b\n2,a\n3,b\n4,a\n");
    let (more, numbers): (String, String) = (0..20).map(|column| (format!("m{column},"), "1,".to_owned())).unzip();
    put(&folder, "test.csv", format!("{more}x,c\n{numbers}9,a\n").as_bytes());
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert!(data.notes[0].text.ends_with("\"m7\", and 12 more"), "{:?}", data.notes);
}

#[test]
fn a_first_row_is_judged_by_what_stands_below_it() {
    let animals = "x,y,cat\n3.5,4,dog\n5.5,6,cat\n7.5,8,dog\n2.5,1,cat\n".replace("x,y", "9.5,7");
    assert_eq!(csv(&animals, |_| ()).unwrap().columns[0].name, "0");
    // A missing value is no name, and so an error like any other.
    for (row, line) in [("NA,cat", 1), (",cat", 1)] {
        let text = format!("{row}\n1.5,dog\n2.5,cat\n3.5,dog\n");
        assert!(csv_error(text).starts_with(&format!("…/x.csv, line {line}: ")), "{row}");
    }
    // A number where all other labels are words is a column's name, as are 1, 2, 3 above fractions.
    for header in ["1,2,3", "7,8,9"] {
        let text = format!("{header}\n3.5,4,dog\n5.5,6,cat\n7.5,8,dog\n2.5,1,cat\n");
        assert!(notes(text)[0].contains("the label in it is a number where all others are words"), "{header}");
    }
    let fractions = joined((0..20).map(|i| if i == 0 { "1,2,3\n".into() } else { format!("{i}.5,0.{i},{}\n", i % 2) }));
    assert!(notes(&fractions)[0].contains("it counts them"), "{:?}", notes(&fractions));
}

#[test]
fn advice_names_the_column_that_it_means() {
    // Names win over numbers, so a column called 2 is meant by its name.
    let text = "1,2,3,label\n5.5,x,7,a\n6.5,y,8,b\n7.5,z,9,a\n8.5,w,1,b\n";
    let error = csv_error(text);
    assert!(
        error.contains("\"x\" in column 1 (2) is no number") && error.ends_with("--set data.leave_out=2"),
        "{error}"
    );
    let data = csv(text, |spec| spec.leave_out = vec!["2".into()]).unwrap();
    assert_eq!(data.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["1", "3"]);
    // Few words that repeat may be the label.
    let flowers = joined((0..12).map(|i| format!("{},{i}.5,{}.5\n", ["rose", "lily"][i % 2], i * i)));
    let error = csv_error(["species,a,b\n", &flowers].concat());
    assert!(error.contains("if it is the label, write --set data.label_column=species"), "{error}");
    for (field, advice) in [
        ("12%", "signs of per cent"),
        ("True", "write 1 and 0"),
        ("\"1,234\"", "without separators of thousands"),
        ("\u{2212}1", "the minus sign as -"),
        ("2024-05-01", "dates and times as one number"),
        ("1 234", "without blanks in them"),
    ] {
        let error = csv_error(format!("x,y,c\n1,2,a\n3,4,b\n{field},5,a\n"));
        assert!(error.contains(advice), "{field}: {error}");
    }
    let unit = "x,y,c\nmm,kg,\n1,2,a\n3,4,b\n";
    assert!(csv_error(unit).contains("if this line has the names of the columns, delete those above it"));
    assert!(csv_error("My table\nx,y,c\n1,2,a\n").contains("line 1: one column; a row needs at least a number and a label, with a comma between; the lines below have more: if this one is a title, delete it"));
    let excel = ["sep=;\r\nx;y;c\r\n", &two_numbers(20, "\r\n").replace(',', ";")].concat();
    assert!(notes(&excel)[0].starts_with("LeftOut the first line, in which Excel names the separator"));
    assert!(csv_error(excel.replace("-0.013", "oops")).starts_with("…/x.csv, line 4: \"oops\""));
    assert!(csv_error("# made by hand\nx,y,c\n1,2,a\n").contains("looks like a comment"));
    assert!(csv_error("x,y,c\n1,1,2,a\n2,3,4,b\n").contains("row.names = FALSE"));
}

#[test]
fn a_line_break_in_a_column_that_is_left_out_is_noted() {
    let row = |i: usize| format!("{i}.5,{}note {i},{}\n", if i == 4 || i == 7 { "\"" } else { "" }, i % 2);
    let text = ["x,note,c\n", &joined((0..12).map(row))].concat().replace("note 7", "\",0\n7.5,note 7");
    let data = csv(&text, |spec| spec.leave_out = vec!["note".into()]);
    match data {
        Ok(data) => assert!(
            data.notes.iter().any(|note| note.text.contains("line 6 has a line break in it")),
            "{:?}",
            data.notes
        ),
        Err(error) => assert!(error.contains("line 6: "), "{error}"),
    }
}
