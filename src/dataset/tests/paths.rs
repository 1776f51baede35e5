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

#[cfg(unix)]
#[test]
fn what_leads_nowhere_says_why() {
    let folder = TempDir::new().unwrap();
    std::os::unix::fs::symlink("round", folder.path().join("round")).unwrap();
    put(&folder, "x.csv", b"1,a\n");
    let error = |name: &str| describe(&of(folder.path().join(name))).unwrap_err().to_string();
    assert!(
        error("round/x.csv").contains("round/x.csv: Too many levels of symbolic links"),
        "{}",
        error("round/x.csv")
    );
    assert!(error("x.csv/y").contains("x.csv/y: Not a directory"), "{}", error("x.csv/y"));
}

/// What a thread finds that has no privileges, as a test that runs as root would have.
#[cfg(target_os = "linux")]
fn without_privileges<T: Send>(look: impl Fn() -> T + Send + Sync) -> T {
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            if rustix::process::geteuid().is_root() {
                // Of this thread alone.
                rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(65534)).unwrap();
            }
            look()
        });
        looking.join().unwrap()
    })
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_looked_into_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let allow = |name: &str, mode: u32| fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    fs::create_dir_all(at("locked/cat")).unwrap();
    fs::create_dir_all(at("classes/cat")).unwrap();
    put(&folder, "locked/x.csv", b"1,a\n");
    allow(".", 0o755);
    allow("classes", 0o755);
    // Neither names nor contents; names only; names, but one of the folders in it is closed.
    for (locked, mode, path, named) in [
        ("locked", 0o000, "locked", "locked: "),
        ("locked", 0o744, "locked", "locked: "),
        ("locked", 0o000, "locked/x.csv", "locked/x.csv: "),
        ("classes/cat", 0o000, "classes", "classes/cat: "),
    ] {
        allow(locked, mode);
        let found = without_privileges(|| describe(&of(at(path))).unwrap_err().to_string());
        assert!(found.contains(&format!("{named}Permission denied")), "{path}: {found}");
        allow(locked, 0o755);
    }
}
