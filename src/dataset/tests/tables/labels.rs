//! Which column is the label, and what its words say.

use super::*;

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
fn a_label_that_stands_first_is_suggested() {
    let digits = |last: fn(usize) -> usize| -> String {
        joined((0..60).map(|i| format!("{},0,{},{},{}\n", i % 10, i * 37 % 256, i * 91 % 256, last(i))))
    };
    let advice = "column 0 holds 0 to 9: if it is the label, as in MNIST's tables, write --set data.label_column=0";
    let error = csv_error(digits(|_| 0));
    assert_eq!(error, format!("…/x.csv: every label is \"0\"; there must be at least two classes; {advice}"));
    assert_eq!(csv_notes(digits(|i| i % 3 * 50)), [format!("Suspicious 3 different labels; {advice}")]);
    let named = ["label,a,b,c,d\n", &digits(|_| 0)].concat();
    assert_eq!(
        csv_notes(&named),
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
    assert!(
        csv_error(whole)
            .contains("300 different numbers in 700 rows, more than the 256 classes that there can be: it looks")
    );
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
