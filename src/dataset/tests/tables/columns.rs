//! Which row has the names, and which columns are left out.

use super::*;

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
        assert_eq!(csv_notes(&text), [counted.as_str()]);
        let data = csv(&text, |_| ()).unwrap();
        assert_eq!((data.train.len() + data.test.len(), data.columns[1].name.as_str()), (60, "1"));
        assert_eq!(csv(&text, |spec| spec.header = HeaderRow::No).unwrap().train.len() * 2, 61 + 1);
    }
    // A name among numbers is enough, a label's name too; rows that merely begin with small numbers stay rows.
    let mixed = ["0,1,label\n", &two_numbers(60, "\n")].concat();
    assert!(
        csv_notes(&mixed)[0].starts_with(&format!("{header}because \"label\" in it is no number")),
        "{:?}",
        csv_notes(&mixed)
    );
    let year = "a,2020,label\n1,2,x\n3,4,y\n1,2,x\n3,4,y\n";
    assert!(csv_notes(year)[0].starts_with(&format!("{header}because \"a\" in it is no number")));
    let waves = "400,410,label\n1,2,x\n3,4,y\n1,2,x\n3,4,y\n";
    assert!(csv_notes(waves)[0].starts_with(&format!("{header}because it names a column of labels")));
    for plain in ["0,1\n1,0\n1,1\n0,0\n", "1,2,3\n0,1,2\n1,2,3\n0,1,2\n", "1,2,x\n3,4,y\n1,2,x\n3,4,y\n"] {
        assert_eq!((csv_notes(plain), csv(plain, |_| ()).unwrap().train.len()), (vec![], 2), "{plain}");
    }
}

#[test]
fn a_column_without_a_name_that_counts_the_rows_is_left_out() {
    let rows: String = joined((0..40).map(|i| format!("{i},0.{},0.{},{}\n", i * 7 % 10, i * 3 % 10, i / 20)));
    let left_out = "LeftOut column 0, which has no name and holds names or numbers of the rows";
    for header in [",x,y,label\n", "Unnamed: 0,x,y,label\n", "\"\",x,y,label\n", ",0,1,2\n"] {
        let text = [header, &rows].concat();
        assert!(csv_notes(&text).contains(&left_out.into()), "{header} {:?}", csv_notes(&text));
        assert_eq!(csv(&text, |_| ()).unwrap().shape, [2]);
    }
    // Shuffled or named by words they are no values either.
    let text = ",x,label\n17,1.5,a\n3,2.5,b\n9,0.5,a\n1,0.25,b\n";
    assert_eq!(csv_notes(text), [left_out]);
    assert_eq!(csv_notes(",x,label\nFiat,1.5,a\nVW,2.5,b\nKia,0.5,a\nOpel,0.25,b\n"), [left_out]);
    // With a name it stays, and is said.
    let named = ["id,x,y,label\n", &rows].concat();
    let note = "Suspicious column 0 (id) only grows or falls from row to row; if it numbers the rows and these are sorted by \
                class, it gives the class away, and --set data.leave_out=id leaves it out";
    assert_eq!((csv_notes(&named), csv(&named, |_| ()).unwrap().shape), (vec![note.into()], vec![3]));
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
fn columns_of_a_kind_are_noted_in_bounded_numbers() {
    // Twenty columns without a name that count rows, twenty that have one.
    let names = joined((0..20).map(|column| format!(",,n{column}")));
    let row = |row: usize| [row.to_string(), format!(",{row}").repeat(40), format!(",{}", row % 2)].concat();
    let rows: String = (0..10).map(|number| row(number) + "\n").collect();
    let found = csv_notes(["x", &names, ",label\n", &rows].concat());
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
        assert!(csv_notes(text)[0].contains("the label in it is a number where all others are words"), "{header}");
    }
    let fractions = joined((0..20).map(|i| if i == 0 { "1,2,3\n".into() } else { format!("{i}.5,0.{i},{}\n", i % 2) }));
    assert!(csv_notes(&fractions)[0].contains("it counts them"), "{:?}", csv_notes(&fractions));
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
    assert!(csv_notes(&excel)[0].starts_with("LeftOut the first line, in which Excel names the separator"));
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
