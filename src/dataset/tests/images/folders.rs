//! Which files and folders are read, and what is said of the others.

use super::*;

#[test]
fn what_is_left_out_of_a_folder_is_counted_and_named() {
    let folder = TempDir::with_prefix("images").unwrap();
    fill(&folder, "train/");
    fill(&folder, "test/");
    fill(&folder, "val/");
    fill(&folder, "extra/");
    for number in 0..10 {
        write(&folder, &format!("train/cat/{number}.gif"), b"");
        write(&folder, &format!("train/dog/deeper/{number}.Tiff"), b"");
    }
    write(&folder, "train/cat/README", b"");
    write(&folder, "train/cat/.DS_Store", b"");
    write(&folder, "train/dog/.ipynb_checkpoints/1.png", b"");
    write(&folder, "train/loose.png", b"");
    write(&folder, "loose.heic", b"");
    write(&folder, "labels.txt", b"");
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (4, 4));
    let root = folder.path().file_name().unwrap().to_string_lossy();
    assert_eq!(
        notes(&data),
        [
            "val: 4 images left out; train and test are read",
            "extra: 4 images left out; train and test are read",
            &format!("{root}: 1 image left out (1 .heic): directly in it, not in the folder of a class"),
            "23 files left out (10 .gif, 10 .tiff, 2 .txt, 1 without extension); PNG, JPEG, WebP or BMP images are read: \
             12 in train/cat, 10 in train/dog, 1 in test/cat",
            "3 images left out: a name that begins with a dot is hidden, and so is __MACOSX: 1 in train/cat, 1 in train/dog, 1 in test/cat",
            "train: 1 image left out (1 .png): directly in it, not in the folder of a class",
        ]
    );
    // One place is named first, many are summed up.
    let folder = TempDir::with_prefix("images").unwrap();
    let png = colored(4, 2, [9; 3], ImageFormat::Png);
    for class in 0..9 {
        for number in 0..5 {
            write(&folder, &format!("{class}/{number}.png"), &png);
        }
    }
    write(&folder, "0/a.gif", b"");
    let texts = |folder: &TempDir| load_folder(folder.path(), Preprocessing::None).unwrap().notes;
    assert_eq!(texts(&folder)[0].text, "0: 1 file left out (1 .gif); PNG, JPEG, WebP or BMP images are read");
    for class in 1..9 {
        write(&folder, &format!("{class}/a.gif"), b"");
    }
    assert_eq!(
        texts(&folder)[0].text,
        "9 files left out (9 .gif); PNG, JPEG, WebP or BMP images are read: 1 in 0, 1 in 1, 1 in 2, 6 in 6 more folders"
    );
}

#[test]
fn hidden_folders_beside_the_classes_are_counted() {
    let folder = TempDir::with_prefix("images").unwrap();
    let png = colored(4, 2, [9; 3], ImageFormat::Png);
    for name in ["cat/1.png", "cat/2.png", "dog/1.jpe", "dog/2.JFIF", ".c/1.png", ".c/2.png", "__MACOSX/cat/._1.png"] {
        write(&folder, name, &png);
    }
    let spec = DataSpec { test_share: 0.5, ..of(&folder) };
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((data.classes.join(" "), data.train.len(), data.test.len()), ("cat dog".into(), 2, 2));
    let what = "left out: a name that begins with a dot is hidden, and so is __MACOSX: 2 in .c, 1 in __MACOSX";
    assert_eq!(notes(&data), [format!("3 images {what}")]);
    fill(&folder, "train/");
    write(&folder, "test/cat/1.png", &png);
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert!(notes(&data).contains(&format!("3 images {what}").as_str()), "{:?}", data.notes);
}

#[test]
fn errors_tell_what_was_left_out_before() {
    let folder = TempDir::with_prefix("images").unwrap();
    let png = colored(4, 2, [9; 3], ImageFormat::Png);
    for name in ["cat/1.png", "cat/2.gif", "cat/3.gif", "dog/1.png"] {
        write(&folder, name, &png);
    }
    let found = error(&folder);
    assert!(found.contains("has a single sample") && found.contains("; cat: 2 files left out (2 .gif);"), "{found}");
    write(&folder, "cat/2.png", &png);
    let found = error(&folder);
    assert!(found.contains("nothing to test on") && found.contains("; cat: 2 files left out (2 .gif);"), "{found}");
    fs::remove_dir_all(folder.path().join("dog")).unwrap();
    let found = error(&folder);
    assert!(found.contains("1 folder with images") && found.contains("; cat: 2 files left out (2 .gif);"), "{found}");
}

#[cfg(unix)]
#[test]
fn links_end_and_those_into_other_classes_are_told() {
    use std::os::unix::fs::symlink;
    let folder = TempDir::with_prefix("images").unwrap();
    let png = colored(4, 2, [9; 3], ImageFormat::Png);
    for class in ["cat", "dog"] {
        write(&folder, &format!("{class}/1.png"), &png);
        write(&folder, &format!("{class}/deep/2.png"), &png);
        // Two such links would nest 2³² times.
        for name in ["up", "up2", "deep/top"] {
            symlink(folder.path(), folder.path().join(class).join(name)).unwrap();
        }
        symlink(".", folder.path().join(class).join("deep/same")).unwrap();
    }
    let spec = DataSpec { test_share: 0.5, ..of(&folder) };
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(data.train.len() + data.test.len(), 4);
    let above = "8 folders left out: links to a folder above or to one that is read already: 4 in cat, 4 in dog";
    assert_eq!(notes(&data), [above]);
    symlink("../cat", folder.path().join("dog/more")).unwrap();
    symlink("../cat/1.png", folder.path().join("dog/cat.png")).unwrap();
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert!(
        notes(&data).contains(&"dog: 2 links into the folder of another class or part, whose images are read twice"),
        "{:?}",
        data.notes
    );
    symlink("cat", folder.path().join("cow")).unwrap();
    let data = load(&spec, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert!(notes(&data).iter().any(|note| note.ends_with(": 1 in cow, 2 in dog")), "{:?}", data.notes);
}

#[test]
fn folders_that_are_parts_or_have_no_image_are_told() {
    let folder = TempDir::with_prefix("images").unwrap();
    let png = colored(4, 2, [9; 3], ImageFormat::Png);
    fill(&folder, "");
    write(&folder, "test/unknown.png", &png);
    let advice = "put the folders of the training images' classes into a folder named train, or rename what is a class";
    let expected = |names: &str| {
        format!(
            "…/: has folders that are named like parts of a data set ({names}), but none named train beside them; {advice}"
        )
        .replace("…/", "…")
    };
    assert_eq!(error(&folder), expected("test"));
    fs::remove_dir_all(folder.path().join("test")).unwrap();
    fill(&folder, "Valid/");
    assert_eq!(error(&folder), expected("Valid"));
    // A class may be valid, too.
    fs::remove_dir_all(folder.path().join("Valid")).unwrap();
    write(&folder, "valid/1.png", &png);
    let spec = DataSpec { test_share: 0.5, ..of(&folder) };
    assert_eq!(describe(&spec).unwrap().unwrap().classes, ["cat", "dog", "valid"]);

    let folder = TempDir::with_prefix("images").unwrap();
    write(&folder, "cat/1.gif", b"");
    write(&folder, "cat/2.gif", b"");
    write(&folder, "cat/3.txt", b"");
    write(&folder, "cat/.1.png", b"");
    write(&folder, "dog/1.gif", b"");
    assert_eq!(
        error(&folder),
        "…/cat: has no PNG, JPEG, WebP or BMP image in it; in it: 3 other files (2 .gif, 1 .txt); left out: 1 hidden image, \
         with a name that begins with a dot"
    );
    // A test part without classes is passed over for one with them.
    let folder = TempDir::with_prefix("images").unwrap();
    fill(&folder, "train/");
    write(&folder, "test/1.png", &png);
    assert_eq!(
        error(&folder),
        "…/test: has no folder with images in it, one for each class; without a class, directly in it: 1 image"
    );
    write(&folder, "val/dog/1.png", &png);
    fs::create_dir_all(folder.path().join("val/cat")).unwrap();
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!((data.train.len(), data.test.labels.as_slice()), (4, &[1][..]));
    assert_eq!(notes(&data)[0], "test: 1 image left out; train and val are read");
    let last = notes(&data).pop();
    assert_eq!(last, Some("no test samples of the class cat; nothing shows how well it is recognized"));

    // Images without folders are no classes.
    let folder = TempDir::with_prefix("images").unwrap();
    write(&folder, "1.png", &png);
    assert!(
        error(&folder).starts_with("…: a folder of images, but without a folder for each class"),
        "{}",
        error(&folder)
    );
    // One folder too many around it.
    fill(&folder, "inner/train/");
    assert!(error(&folder).contains("inner has the training images, name that folder"), "{}", error(&folder));
}

#[cfg(target_os = "linux")]
#[test]
fn classes_and_files_are_told_apart_by_the_bytes_of_their_names() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = TempDir::with_prefix("images").unwrap();
    for (part, count) in [("train", 3), ("test", 2)] {
        for class in [b"caf\xe8", b"caf\xe9"] {
            let path = folder.path().join(part).join(OsStr::from_bytes(class));
            fs::create_dir_all(&path).unwrap();
            for number in 0..count {
                let name = [b"\xff", &[b'0' + number][..], b".png"].concat();
                fs::write(path.join(OsStr::from_bytes(&name)), grey(2, 2, class[3])).unwrap();
            }
        }
    }
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!(data.classes, ["caf\\xe8", "caf\\xe9"]);
    assert_eq!(
        (data.train.labels.as_slice(), data.test.labels.as_slice()),
        (&[0, 0, 0, 1, 1, 1][..], &[0, 0, 1, 1][..])
    );
    let mut rows = [0.0_f32; 4];
    data.train.gather(&[3], &mut rows);
    assert_eq!(rows, [f32::from(0xe9_u8); 4]);
    // The path of the set itself, too.
    let inner = folder.path().join(OsStr::from_bytes(b"s\xe9t"));
    fs::create_dir(&inner).unwrap();
    for part in ["train", "test"] {
        fs::rename(folder.path().join(part), inner.join(part)).unwrap();
    }
    let data = load_folder(&inner, Preprocessing::None).unwrap();
    assert_eq!((data.name.as_str(), data.train.len()), ("s\\xe9t", 6));
    fs::write(inner.join("train").join(OsStr::from_bytes(b"caf\xe9/\xfe.png")), b"").unwrap();
    let text = load_folder(&inner, Preprocessing::None).map(|_| ()).unwrap_err().to_string();
    assert!(text.ends_with("s\\xe9t/train/caf\\xe9/\\xfe.png: is empty, so no image"), "{text}");
}
