//! What a source is, by its name.

use super::*;

#[test]
fn what_a_path_is_not_is_said_with_what_was_looked_for() {
    let folder = TempDir::new().unwrap();
    let error = |name: &str| describe(&of(folder.path().join(name))).unwrap_err().to_string();
    let looked_for = "looked for IDX files (train-images-idx3-ubyte, …), CIFAR's binary files (data_batch_1.bin, … or \
                      train.bin) or a .tar.gz with them, a .csv or .tsv file or train.csv, train_x.npy, and a folder of PNG, \
                      JPEG, WebP or BMP images for each class; words: fashion-mnist, circles, xor, gaussians, spirals, moons";
    assert!(error("").ends_with(&format!(": a folder of no kind that is known; {looked_for}")), "{}", error(""));
    assert!(error("nowhere").contains("nowhere: not there; looked for"));
    put(&folder, "x.parquet", b"PAR1");
    assert!(error("x.parquet").contains("x.parquet: a file of no kind that is known;"));
    for (name, words) in [
        ("train_x.npy", "one file of several; name the folder that it is in; looked for"),
        ("data_batch_1.bin", "one file of several"),
        ("train-images-idx3-ubyte", "one file of several"),
        ("iris.data", "if it is a table, let its name end in .csv"),
        ("iris.xlsx", "a spreadsheet; save the table as CSV"),
        ("iris.csv.gz", "a compressed file; unpack it and name what was in it"),
        ("arrays.npz", "several arrays in one file; save train_x.npy and train_y.npy in a folder"),
        ("cat.JPG", "a single image; name the folder"),
    ] {
        put(&folder, name, b"");
        assert!(error(name).contains(words), "{name}: {}", error(name));
    }
    put(&folder, "iris.TSV", b"");
    assert_eq!(describe(&of(folder.path().join("iris.TSV"))).unwrap(), None);
    let word = describe(&of("fashion-mnits")).unwrap_err().to_string();
    assert!(word.starts_with("fashion-mnits: not there (did you mean fashion-mnist?); looked for"), "{word}");
    assert!(!describe(&of("\u{1b}[31m")).unwrap_err().to_string().contains('\u{1b}'));
}

#[test]
fn a_toy_problem_is_described_as_it_is_drawn() {
    for toy in Toy::ALL {
        let spec = DataSpec { source: Source::Toy(toy), samples: 101, ..DataSpec::default() };
        let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
        assert_eq!(describe(&spec).unwrap(), Some(data.outline()));
        assert_eq!((data.name.as_str(), data.train.len() + data.test.len()), (toy.name(), 101));
    }
}
