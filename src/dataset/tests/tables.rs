//! CSV files.

use super::*;

mod columns;
mod labels;
mod parts;

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
fn csv_notes(text: impl AsRef<[u8]>) -> Vec<String> {
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

/// Half of the samples are for testing; each value is the line on which it stands.
#[test]
fn a_sample_is_told_by_its_line() {
    let data = csv("x,kind\n2,a\n3,b\n\n5,a\n6,\"b\"\n\n\n9,a\n10,b\n", |_| ()).unwrap();
    for part in [&data.train, &data.test] {
        let mut values = vec![0.0_f32; part.len()];
        part.gather(&(0..part.len() as u32).collect::<Vec<_>>(), &mut values);
        let origins: Vec<Option<String>> = (0..part.len()).map(|sample| part.origin(sample)).collect();
        assert_eq!(origins, values.iter().map(|line| Some(format!("x.csv:{line}"))).collect::<Vec<_>>());
    }
    assert_eq!(data.train.origin(99), None);
}

#[test]
fn other_separators_are_recognized_and_said() {
    let expected = rows(&csv(["x,y,label\n", &two_numbers(20, "\n")].concat(), |_| ()).unwrap());
    for (separator, name) in [("\t", "tabs"), (";", "semicolons"), ("|", "vertical bars")] {
        let text = ["x,y,label\n", &two_numbers(20, "\n")].concat().replace(',', separator);
        assert_eq!(csv_notes(&text), [format!("Assumed the fields are separated by {name}")]);
        assert_eq!(rows(&csv(&text, |_| ()).unwrap()), expected);
    }
    let german = ["x,y,label\n", &two_numbers(20, "\n")].concat().replace(',', ";").replace('.', ",");
    assert_eq!(
        csv_notes(&german),
        ["Assumed the fields are separated by semicolons, and numbers with a decimal comma"]
    );
    assert_eq!(rows(&csv(&german, |_| ()).unwrap()), expected);
    assert_eq!(csv("0,1;b\n0,6;b\n0,5;a\n0,7;a\n", |_| ()).unwrap().classes, ["a", "b"]);
    // A separator of another kind within the labels does not mislead.
    assert_eq!(csv("1,2,a;b\n3,4,c;d\n1,2,a;b\n3,4,c;d\n", |_| ()).unwrap().shape, [2]);
    let trailing = ["x,y,label,\n", &two_numbers(20, ",\n")].concat();
    assert_eq!(csv_notes(&trailing), ["LeftOut column 3, which is empty because each row ends with a separator"]);
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
