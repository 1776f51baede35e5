//! CIFAR as a folder and as an archive, and what an archive may not hold.

use super::*;
use crate::dataset::cifar::Cifar;

/// Records with these labels; every pixel of record `i` of the file is `first + i`, but for the first of each plane.
fn records(label_bytes: usize, labels: &[u8], first: u8) -> Vec<u8> {
    let mut file = Vec::new();
    for (index, &label) in (0..).zip(labels) {
        file.extend(std::iter::repeat_n(7, label_bytes - 1));
        file.push(label);
        for plane in 0..3 {
            file.push(100 + plane);
            file.extend([first + index; 1023]);
        }
    }
    file
}

/// The files of a small CIFAR-10 by name.
fn ten() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> =
        (1..=5).map(|i| (format!("data_batch_{i}.bin"), records(1, &[i - 1, 9 - i], 10 * i))).collect();
    files.push(("test_batch.bin".into(), records(1, &[3, 4, 5], 200)));
    files.push(("batches.meta.txt".into(), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n".into()));
    files
}

fn hundred() -> Vec<(String, Vec<u8>)> {
    vec![("train.bin".into(), records(2, &[0, 99, 42], 1)), ("test.bin".into(), records(2, &[17], 9))]
}

/// One entry of an archive.
fn entry(name: &str, kind: u8, contents: &[u8]) -> Vec<u8> {
    let mut header = header(name, kind, &format!("{:011o}", contents.len()));
    header.extend(contents);
    header.resize(header.len().next_multiple_of(512), 0);
    header
}

fn header(name: &str, kind: u8, size: &str) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..124 + size.len()].copy_from_slice(size.as_bytes());
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    with_sum(header)
}

fn with_sum(mut header: Vec<u8>) -> Vec<u8> {
    header[148..156].fill(b' ');
    let sum: u64 = header.iter().map(|&byte| u64::from(byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

/// An archive of these files in `folder`, with its end.
fn archive(folder: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut all = entry(&format!("{folder}/"), b'5', b"");
    for (name, contents) in files {
        all.extend(entry(&format!("{folder}/{name}"), b'0', contents));
    }
    all.resize(all.len() + 1024, 0);
    all
}

fn write(files: &[(String, Vec<u8>)], inner: &str) -> TempDir {
    let folder = TempDir::with_prefix("cifar").unwrap();
    fs::create_dir_all(folder.path().join(inner)).unwrap();
    for (name, contents) in files {
        fs::write(folder.path().join(inner).join(name), contents).unwrap();
    }
    folder
}

fn load_archive(bytes: &[u8]) -> Result<Dataset, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.tar.gz");
    fs::write(&path, bytes).unwrap();
    let shown = |error: DataError| error.to_string().replace(&*folder.path().to_string_lossy(), "…").replace('\\', "/");
    let plain = DataSpec { preprocessing: Preprocessing::None, ..of(&path) };
    let loaded = load(&plain, &mut |_, _| ControlFlow::Continue(()));
    // Only unpacking all of it tells more than that it is there.
    assert_eq!(describe(&plain).unwrap(), None);
    loaded.map_err(shown)
}

fn assert_is_ten(data: &Dataset) {
    assert_eq!((data.shape.as_slice(), data.train.len(), data.test.len()), (&[3, 32, 32][..], 10, 3));
    assert_eq!(data.classes.concat(), "abcdefghij");
    // In the order of the batches, whatever the order in an archive.
    assert_eq!(data.train.labels, [0, 8, 1, 7, 2, 6, 3, 5, 4, 4]);
    assert_eq!(data.test.labels, [3, 4, 5]);
    let mut row = vec![0.0_f32; 3072];
    data.train.gather(&[3], &mut row);
    assert_eq!([row[0], row[1], row[1023], row[1024], row[2048], row[3071]], [100.0, 21.0, 21.0, 101.0, 102.0, 21.0]);
}

#[test]
fn a_folder_and_archives_in_any_order_give_the_same() {
    for inner in ["", "cifar-10-batches-bin"] {
        let folder = write(&ten(), inner);
        let data = load_folder(folder.path(), Preprocessing::None).unwrap();
        assert_is_ten(&data);
        assert_eq!(describe(&of(&folder)).unwrap(), Some(data.outline()));
    }
    let mut files = ten();
    files.push(("readme.html".into(), vec![b'x'; 700]));
    for _ in 0..files.len() {
        files.rotate_left(1);
        let bytes = archive("cifar-10-batches-bin", &files);
        assert_is_ten(&load_archive(&bytes).unwrap());
        assert_is_ten(&load_archive(&gzip(&bytes)).unwrap());
    }
}

#[test]
fn a_hundred_classes_are_the_fine_ones() {
    let folder = write(&hundred(), "");
    let data = load_folder(folder.path(), Preprocessing::None).unwrap();
    assert_eq!((data.train.labels.as_slice(), data.test.labels.as_slice()), (&[0, 99, 42][..], &[17][..]));
    let names = [0, 99, 42, 17].map(|class| data.classes[class].as_str());
    assert_eq!((names, data.classes.len()), (["apple", "worm", "leopard", "castle"], 100));
    let mut row = vec![0.0_f32; 3072];
    data.train.gather(&[1], &mut row);
    assert_eq!([row[0], row[1], row[1024]], [100.0, 2.0, 101.0]);
    let archived = load_archive(&gzip(&archive("cifar-100-binary", &hundred()))).unwrap();
    assert_eq!(archived.train.labels, data.train.labels);
}

#[test]
fn built_in_names_are_in_the_order_of_the_labels() {
    let files: Vec<_> = ten().into_iter().filter(|(name, _)| !name.ends_with("txt")).collect();
    let data = load_archive(&archive("cifar-10-batches-bin", &files)).unwrap();
    assert_eq!((data.classes[0].as_str(), data.classes[9].as_str(), data.classes.len()), ("airplane", "truck", 10));
}

#[test]
fn labels_lengths_and_missing_files_are_named() {
    let wrong = |name: &str, contents: &[u8]| {
        let mut files = ten();
        files.iter_mut().find(|(other, _)| other == name).unwrap().1 = contents.to_vec();
        let folder = write(&files, "");
        let error = load_folder(folder.path(), Preprocessing::None).map(|_| ()).unwrap_err().to_string();
        let archived = load_archive(&archive("d", &files)).map(|_| ()).unwrap_err();
        let end = |text: &str| text.split_once(&format!("{name}: ")).unwrap().1.to_owned();
        assert_eq!(end(&error), end(&archived));
        end(&error)
    };
    assert_eq!(
        wrong("data_batch_3.bin", &records(1, &[1, 10], 0)),
        "label 10 of item 1 is out of range; there are 10 classes, 0 to 9"
    );
    let length = "bytes; expected a multiple of 3,073, the length of a record";
    assert_eq!(wrong("data_batch_3.bin", &records(1, &[1], 0)[1..]), format!("3,072 {length}"));
    assert_eq!(wrong("test_batch.bin", &[]), format!("0 {length}"));
    assert!(wrong("batches.meta.txt", b"a\nb").starts_with("2 names where there are 10 classes"));
    let folder = write(&ten()[1..], "");
    for error in [load_folder(folder.path(), Preprocessing::None).map(|_| ()), describe(&of(&folder)).map(|_| ())] {
        let text = error.unwrap_err().to_string();
        assert!(text.ends_with("no data_batch_1.bin, although other files of the data set are there"), "{text}");
    }
    let text = load_archive(&archive("d", &ten()[1..])).map(|_| ()).unwrap_err();
    assert_eq!(text, "…/x.tar.gz: no data_batch_1.bin, although other files of the data set are there");
}

/// A name as [`load_archive`] shows it.
fn slashed(name: &str) -> String {
    name.replace('\\', "/")
}

/// The error of an archive in which `bytes` come before the sound entries.
fn refused(bytes: &[u8]) -> String {
    let text = load_archive(&[bytes, &archive("d", &ten())].concat()).map(|_| ()).unwrap_err();
    text.strip_prefix("…/x.tar.gz: ").unwrap().to_owned()
}

#[test]
fn names_that_lead_out_are_refused_even_where_they_are_not_needed() {
    for name in ["../evil", "d/../../evil", "..", "d\\..\\evil"] {
        let expected = format!("{}: leads out of the archive by `..`", slashed(name));
        assert_eq!(refused(&entry(name, b'0', b"x")), expected);
        assert_eq!(refused(&entry(name, b'5', b"")), expected);
    }
    for name in ["/etc/passwd", "\\evil", "C:\\evil", "c:evil"] {
        assert_eq!(refused(&entry(name, b'0', b"x")), format!("{}: has an absolute path", slashed(name)));
    }
    let mut long = header("evil", b'0', "00000000000");
    long[345..347].copy_from_slice(b"..");
    assert_eq!(refused(&with_sum(long)), "../evil: leads out of the archive by `..`");
    assert_eq!(refused(&entry("\u{1b}[31m/../x", b'0', b"")), "·[31m/../x: leads out of the archive by `..`");
}

#[test]
fn links_devices_and_sparse_files_are_refused() {
    for (kind, what) in [
        (b'1', "is a hard link"),
        (b'2', "is a symbolic link"),
        (b'3', "is a device"),
        (b'6', "is a pipe"),
        (b'S', "is a sparse file"),
        (b'L', "has a name of more than 100 bytes"),
        (b'?', "is neither a file nor a folder"),
    ] {
        assert_eq!(refused(&entry("d/data_batch_1.bin", kind, b"")), format!("d/data_batch_1.bin: {what}"));
    }
}

#[test]
fn sizes_that_lie_are_refused_and_allocate_nothing() {
    let number = "has a size that is no number from 0 to 1 GiB";
    for size in ["77777777777", "-0000000001", "0x000000010", "99999999999", "99999999"] {
        assert_eq!(refused(&header("x", b'0', size)), format!("x: {number}"), "{size}");
    }
    for bytes in [
        [0xff; 12],
        [0x80, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0x80, 0, 0, 0, 0x7f, 255, 255, 255, 255, 255, 255, 255],
    ] {
        let mut binary = header("x", b'0', "");
        binary[124..136].copy_from_slice(&bytes);
        assert_eq!(refused(&with_sum(binary)), format!("x: {number}"));
    }
    // A size that leads past the end, and one that is not what the extended header says.
    let whole = 3073 * 1000;
    let cut = load_archive(&header("data_batch_1.bin", b'0', &format!("{whole:011o}"))).map(|_| ()).unwrap_err();
    assert_eq!(cut, "…/x.tar.gz: data_batch_1.bin: is cut short");
    for record in ["17 path=../evil1\n", "12 size=999\n", "16 linkpath=abc\n", "23 GNU.sparse.major=11\n"] {
        let text = refused(&entry("pax", b'x', record.as_bytes()));
        assert_eq!(text, "pax: is an extended header that changes a name or a size", "{record}");
    }
    for record in ["99 mtime=1\n", "x", "11 mtime=1", "0 a=1\n", "18446744073709551616 a=1\n", "-3 a=1\n"] {
        assert_eq!(refused(&entry("pax", b'x', record.as_bytes())), "pax: is a damaged extended header", "{record}");
    }
    assert_eq!(refused(&entry("pax", b'x', &vec![b'1'; 70_000])), "pax: is an extended header of more than 64 KiB");
    assert_eq!(refused(&entry("d/", b'5', b"contents")), "d/: is a folder with contents of its own");
    let long = refused(&entry("\u{1b}/batches.meta.txt", b'0', &vec![b'x'; 70_000]));
    assert_eq!(long, "·/batches.meta.txt: longer than 65536 bytes; expected 2 to 256 names in UTF-8, one a line");
    // One that only has the time of day in it is let through.
    let timed = [entry("pax", b'x', b"11 mtime=1\n"), archive("d", &ten())].concat();
    assert_is_ten(&load_archive(&timed).unwrap());
}

#[test]
fn archives_that_are_damaged_are_named() {
    let sound = archive("d", &ten());
    let error = |bytes: &[u8]| load_archive(bytes).map(|_| ()).unwrap_err();
    assert_eq!(error(b"\x89PNG"), "…/x.tar.gz: ends without the empty blocks that end an archive");
    assert_eq!(error(&[b'x'; 2048]), "…/x.tar.gz: does not begin as a tar archive does");
    assert_eq!(
        error(&[0; 1024]),
        "…/x.tar.gz: has none of the files of CIFAR-10 or CIFAR-100, such as data_batch_1.bin; unpack archives of other \
         data and name the folder"
    );
    let mut flipped = sound.clone();
    flipped[512 + 3] ^= 1;
    assert_eq!(error(&flipped), "…/x.tar.gz: has a damaged header in the middle");
    assert_eq!(error(&[&sound[..], b"junk"].concat()), "…/x.tar.gz: goes on after its end");
    assert_eq!(error(&[&gzip(&sound)[..], b"junk"].concat()), format!("…/x.tar.gz: {AFTER}"));
    let twice = [ten(), ten()].concat();
    assert_eq!(error(&archive("d", &twice)), "…/x.tar.gz: d/data_batch_1.bin: is there twice");
    assert_eq!(
        error(&archive("d", &[ten(), hundred()].concat())),
        "…/x.tar.gz: d/train.bin: belongs to another data set than the files before it"
    );
    for length in (0..sound.len() - 1024).step_by(509) {
        error(&sound[..length]);
    }
    let packed = gzip(&sound);
    for length in (0..packed.len()).step_by(7) {
        error(&packed[..length]);
    }
}

const AFTER: &str = "something follows the end of the gzip data; expected another gzip member, zeros or nothing";

#[test]
fn a_bomb_is_stopped_before_it_is_unpacked() {
    // 2 GiB of an entry that is not needed: its header is enough.
    let mut bomb = header("d/x", b'0', &format!("{:011o}", 2_u64 << 30));
    bomb.resize(4 << 20, 0);
    let error = load_archive(&gzip(&bomb)).map(|_| ()).unwrap_err();
    assert_eq!(error, "…/x.tar.gz: d/x: has a size that is no number from 0 to 1 GiB");
    // Small entries without an end, each within its limits.
    let many = entry("d/x", b'0', &vec![0; 200 << 20]);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    (0..6).for_each(|_| encoder.write_all(&many).unwrap());
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 10 << 20);
    let error = load_archive(&bomb).map(|_| ()).unwrap_err();
    assert_eq!(error, "…/x.tar.gz: d/x: is larger than a whole archive may be, 1 GiB");
    // Zeros after the end.
    let mut zeros = archive("d", &ten());
    zeros.resize(zeros.len() + (8 << 20), 0);
    assert_eq!(load_archive(&gzip(&zeros)).map(|_| ()).unwrap_err(), "…/x.tar.gz: goes on after its end");
}

#[test]
fn an_archive_can_be_interrupted_at_any_report() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.tar");
    fs::write(&path, archive("d", &ten())).unwrap();
    assert_interruptible(&of(&path));
    assert_interruptible(&of(write(&ten(), "").path()));
}

#[test]
fn the_real_archive_has_what_its_makers_say() {
    // Where CIFAR-10 lies; the test is about files that are not part of the crate.
    let Some(path) = std::env::var_os("GRADTOP_CIFAR10") else { return };
    let data = load(&of(Path::new(&path)), &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((data.train.len(), data.test.len(), data.classes[9].as_str()), (50_000, 10_000, "truck"));
    assert_eq!(Cifar::Ten.archive_folder(), "cifar-10-batches-bin");
}
