//! Files that are compressed, damaged, changed meanwhile or no files at all.

use super::*;

/// What `work` gives, which must be there within ten seconds: opening a pipe would wait for ever.
#[cfg(unix)]
fn at_once<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(std::time::Duration::from_secs(10)).expect("it waits for a writer")
}

#[cfg(unix)]
#[test]
fn pipes_are_refused_at_once() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    for name in ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "classes.txt"] {
        let folder = folder();
        let path = folder.path().join(name);
        let _ = fs::remove_file(&path);
        mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
        let spec = of(&folder);
        let text = at_once(move || describe(&spec).map(|_| ()).unwrap_err().to_string());
        assert!(text.ends_with(&format!("{name}: a pipe (FIFO), not a regular file")), "{text}");
    }
    for (name, is_whole_set) in [
        ("data_batch_1.bin", false),
        ("x.csv", true),
        ("x.tar.gz", true),
        ("train.csv", false),
        ("train_x.npy", false),
        ("train/cat/1.png", false),
    ] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(name);
        for image in ["train/cat/2.png", "train/dog/1.png", "test/dog/1.png"] {
            fs::create_dir_all(folder.path().join(image).parent().unwrap()).unwrap();
            put(&folder, image, b"");
        }
        mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
        let spec = of(if is_whole_set { &path } else { folder.path() });
        let text =
            at_once(move || load(&spec, &mut |_, _| ControlFlow::Continue(())).map(|_| ()).unwrap_err().to_string());
        assert!(text.ends_with(&format!("{name}: a pipe (FIFO), not a regular file")), "{name}: {text}");
    }
}

#[test]
fn a_gzip_bomb_is_stopped_at_the_expected_size() {
    let mut contents = idx(&[4, 2, 3], &[0; 24]);
    contents.resize(64 << 20, 0);
    let bomb = gzip(&contents);
    assert!(bomb.len() * 200 < contents.len());
    assert_eq!(
        error("train-images-idx3-ubyte.gz", &bomb),
        "…/train-images-idx3-ubyte.gz: goes on after the 40 bytes that its header promises"
    );
}

#[test]
fn nothing_may_follow_the_gzip_data() {
    let member = gzip(&idx(&[4], &[0, 1, 1, 0]));
    let message = "…/train-labels-idx1-ubyte.gz: something follows the end of the gzip data; \
                   expected another gzip member, zeros or nothing";
    for junk in [&b"junk"[..], b"\0\0junk", b"\x1e", &[&[0][..], &member].concat()] {
        assert_eq!(error("train-labels-idx1-ubyte.gz", &[&member[..], junk].concat()), message);
    }
    assert_eq!(
        error("train-labels-idx1-ubyte.gz", &[member.clone(), member.clone()].concat()),
        "…/train-labels-idx1-ubyte.gz: goes on after the 12 bytes that its header promises"
    );
    let mut flipped = member;
    let checksum = flipped.len() - 6;
    flipped[checksum] ^= 1;
    let text = error("train-labels-idx1-ubyte.gz", &flipped);
    assert!(text.starts_with("…/train-labels-idx1-ubyte.gz: damaged gzip data after 12 bytes of contents"), "{text}");
}

#[test]
fn several_gzip_members_are_read_to_the_end() {
    let whole = idx(&[4, 2, 3], &(0..24).collect::<Vec<_>>());
    for cuts in [vec![1], vec![17], vec![16, 16, 39], (0..=40).collect()] {
        let mut from = 0;
        let mut packed = Vec::new();
        for cut in cuts.into_iter().chain([40]) {
            packed.extend(gzip(&whole[from..cut]));
            from = cut;
        }
        let folder = folder();
        let expected = load_folder(folder.path(), Preprocessing::None).unwrap();
        fs::remove_file(folder.path().join("train-images-idx3-ubyte")).unwrap();
        // Zeros after the last member are padding.
        for padding in [0, 1, 200_000] {
            put(&folder, "train-images-idx3-ubyte.gz", &[&packed[..], &vec![0; padding]].concat());
            let data = load_folder(folder.path(), Preprocessing::None).unwrap();
            let mut rows = [[0.0_f32; 24]; 2];
            expected.train.gather(&[0, 1, 2, 3], &mut rows[0]);
            data.train.gather(&[0, 1, 2, 3], &mut rows[1]);
            assert_eq!(rows[0], rows[1]);
        }
        // A later member that is damaged or too long is noticed.
        put(&folder, "train-images-idx3-ubyte.gz", &packed[..packed.len() - 1]);
        assert!(matches!(load_folder(folder.path(), Preprocessing::None), Err(DataError::Gzip { .. })));
        put(&folder, "train-images-idx3-ubyte.gz", &[&packed[..], &gzip(&vec![0; 1 << 20])].concat());
        assert!(matches!(load_folder(folder.path(), Preprocessing::None), Err(DataError::Long { expected: 40, .. })));
    }
}

/// What a reader says of a file that `change` changes after it was opened and partly read.
fn error_of_changed_file(change: impl FnOnce(&Path)) -> Result<Vec<u8>, String> {
    let folder = TempDir::new().unwrap();
    // More than is read ahead.
    put(&folder, "file", &vec![7; 200_000]);
    let path = folder.path().join("file");
    let mut contents = contents::Contents::new("file".into(), contents::open(&path).unwrap().0).unwrap();
    let mut bytes = vec![0; 300_000];
    assert_eq!(contents.read(&mut bytes[..10]).unwrap(), 10);
    change(&path);
    let count = contents.read(&mut bytes[10..]).map_err(|error| error.to_string())?;
    bytes.truncate(10 + count);
    Ok(bytes)
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_error() {
    let write_options = || fs::OpenOptions::new().append(true).to_owned();
    assert_eq!(error_of_changed_file(|_| ()).unwrap(), vec![7; 200_000]);
    // Renamed over, what was opened is whole.
    assert!(error_of_changed_file(|path| fs::rename(path, path.with_extension("old")).unwrap()).is_ok());
    let cut =
        |length| move |path: &Path| fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
    let start = "file: changed while it was read: 200,000 bytes when it was opened,";
    let end = "now; start again when nothing writes to it";
    assert_eq!(error_of_changed_file(cut(100)).unwrap_err(), format!("{start} 100 {end}"));
    assert_eq!(error_of_changed_file(cut(199_999)).unwrap_err(), format!("{start} 199,999 {end}"));
    let grow = |path: &Path| write_options().open(path).unwrap().write_all(b"more").unwrap();
    assert_eq!(error_of_changed_file(grow).unwrap_err(), format!("{start} 200,004 {end}"));
    // Other bytes of the same length, written after a tick of the file system's clock.
    let overwrite = |path: &Path| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        fs::write(path, vec![8; 200_000]).unwrap();
    };
    assert_eq!(error_of_changed_file(overwrite).unwrap_err(), format!("{start} 200,000 {end}"));
}

#[test]
fn missing_files_and_folders_are_named() {
    let folder = folder();
    fs::remove_file(folder.path().join("t10k-images-idx3-ubyte")).unwrap();
    let text = load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err().to_string();
    let expected = "pictures: no t10k-images-idx3-ubyte (nor the same name with .gz or with a dot before idx)";
    assert!(text.ends_with(&expected["pictures".len()..]), "{text}");
    let text = load_folder(&folder.path().join("nowhere\u{1b}[31m"), Preprocessing::None).map(|_| ()).unwrap_err();
    assert!(matches!(text, DataError::Unrecognized { ref path, .. } if path.ends_with("nowhere·[31m")), "{text}");
    fs::create_dir(folder.path().join("t10k-images-idx3-ubyte")).unwrap();
    let text = load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err();
    assert!(matches!(text, DataError::NotAFile { kind: "a folder", .. }), "{text}");
}

#[cfg(unix)]
#[test]
fn an_endless_device_is_refused() {
    let folder = folder();
    fs::remove_file(folder.path().join("train-images-idx3-ubyte")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("train-images-idx3-ubyte")).unwrap();
    let error = load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err();
    assert!(matches!(error, DataError::NotAFile { kind: "a device", .. }), "{error}");
}
