//! A round trip, every way a file can be unsound, and properties over damaged files.

use proptest::prelude::*;
use safetensors::SafeTensors;

use super::*;

/// A file of this header and this many bytes of data.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend((0..data).map(|byte| byte as u8));
    bytes
}

fn fault(header: &str, data: usize) -> Fault {
    Tensors::parse("w", &file(header, data)).unwrap_err().fault
}

/// A header's line for a tensor of floats.
fn tensor(name: &str, values: usize, begin: usize, end: usize) -> String {
    format!("\"{name}\":{{\"dtype\":\"F32\",\"shape\":[{values}],\"data_offsets\":[{begin},{end}]}}")
}

fn sound() -> Vec<u8> {
    let mut writer = Writer::new(Precision::F32);
    writer.push("0.weight", &[2, 3], [1.0, -2.0, 0.5, 0.0, 1e-3, 7.0]);
    writer.push("0.bias", &[2], [0.25, -0.75]);
    writer.push("loss", &[], [2.5]);
    writer.finish("{}").unwrap()
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_at_once() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(Tensors::open(&pipe).unwrap_err().fault));
    let fault = receiver.recv_timeout(std::time::Duration::from_secs(10)).expect("it waits for a writer");
    assert_eq!(fault, Fault::Io("a pipe (FIFO), not a regular file".into()));
}

#[test]
fn what_is_written_reads_back_and_the_format_s_own_crate_agrees() {
    let bytes = sound();
    let tensors = Tensors::parse("w", &bytes).unwrap();
    assert_eq!(tensors.names().collect::<Vec<_>>(), ["0.bias", "0.weight", "loss"]);
    assert_eq!(tensors.floats("0.weight", &[2, 3]).unwrap(), [1.0, -2.0, 0.5, 0.0, f64::from(1e-3_f32), 7.0]);
    assert_eq!(tensors.floats("loss", &[]).unwrap(), [2.5]);
    let theirs = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(theirs.tensor("0.weight").unwrap().shape(), [2, 3]);
    assert_eq!(theirs.tensor("0.bias").unwrap().data(), [0.25_f32, -0.75].map(f32::to_le_bytes).concat());
    let mut wide = Writer::new(Precision::F64);
    wide.push("x", &[1], [0.1]);
    let wide = Tensors::parse("w", &wide.finish("").unwrap()).unwrap();
    assert_eq!(wide.floats("x", &[1]).unwrap(), [0.1]);
}

#[test]
fn the_same_tensors_give_the_same_bytes_in_whatever_order_they_came() {
    let mut writer = Writer::new(Precision::F32);
    writer.push("loss", &[], [2.5]);
    writer.push("0.bias", &[2], [0.25, -0.75]);
    writer.push("0.weight", &[2, 3], [1.0, -2.0, 0.5, 0.0, 1e-3, 7.0]);
    assert_eq!(writer.finish("{}").unwrap(), sound());
    assert_eq!(sound()[8..41], *b"{\"__metadata__\":{\"gradtop\":\"{}\"},");
}

#[test]
fn every_unsound_header_is_refused_and_the_tensor_named() {
    let name = String::from;
    let both = |a: &str, b: &str| format!("{{{a},{b}}}");
    let (a, b) = (tensor("a", 2, 0, 8), tensor("b", 1, 8, 12));
    assert!(Tensors::parse("w", &file(&both(&a, &b), 12)).is_ok());
    for (header, data, expected) in [
        (both(&a, &tensor("b", 2, 4, 12)), 12, Fault::Overlap(name("a"), name("b"))),
        (both(&a, &tensor("b", 2, 0, 8)), 8, Fault::Overlap(name("a"), name("b"))),
        (both(&a, &tensor("b", 1, 12, 16)), 16, Fault::Hole { name: name("b"), bytes: 4 }),
        (format!("{{{}}}", tensor("a", 2, 4, 12)), 12, Fault::Hole { name: name("a"), bytes: 4 }),
        (both(&a, &b), 13, Fault::Trailing(1)),
        ("{}".into(), 3, Fault::Trailing(3)),
        (both(&a, &b), 11, Fault::Beyond(name("b"))),
        (format!("{{{}}}", tensor("a", 2, 8, 0)), 8, Fault::Beyond(name("a"))),
        (both(&a, &tensor("a", 1, 8, 12)), 12, Fault::Duplicate(name("a"))),
        (both(&a, &a), 8, Fault::Duplicate(name("a"))),
        (both(&tensor("a", 0, 0, 0), &tensor("a", 0, 0, 0)), 0, Fault::Duplicate(name("a"))),
        (
            format!("{{{}}}", tensor("a", 3, 0, 8)),
            8,
            Fault::Size { name: name("a"), shape: vec![3], dtype: name("F32"), bytes: 8 },
        ),
        (
            format!("{{{}}}", tensor("a", usize::MAX, 0, 8)),
            8,
            Fault::Size { name: name("a"), shape: vec![usize::MAX], dtype: name("F32"), bytes: 8 },
        ),
    ] {
        assert_eq!(fault(&header, data), expected, "{header}");
    }
}

#[test]
fn what_is_no_header_is_refused() {
    for (header, words) in [
        ("", "brace"),
        ("[]", "brace"),
        (" {}", "brace"),
        ("{\"a\":1}", "tensor a: invalid type"),
        ("{\"a\":{\"dtype\":\"F33\",\"shape\":[],\"data_offsets\":[0,0]}}", "tensor a: unknown variant `F33`"),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,0]}}", "tensor a: invalid value"),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[0]}}", "tensor a: missing field `data_offsets`"),
        ("{\"__metadata__\":{\"a\":1}}", "invalid type"),
        ("{} x", "trailing"),
    ] {
        let Fault::Header(message) = fault(header, 0) else { panic!("{header}: {:?}", fault(header, 0)) };
        assert!(message.contains(words), "{header}: {message}");
    }
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    assert!(matches!(fault(&deep, 0), Fault::Header(_)));
    let hostile = fault("{\"a\u{202e}\u{7f}\":1}", 0).to_string();
    assert!(!hostile.contains(['\u{202e}', '\u{7f}']), "{hostile:?}");
}

#[test]
fn a_header_longer_than_the_file_or_than_101_megabytes_is_refused_without_reading_it() {
    for (length, expected) in [
        (3, Fault::Short),
        (u64::MAX, Fault::LongHeader(u64::MAX)),
        (101_000_000, Fault::LongHeader(101_000_000)),
        (100_000_000, Fault::Short),
    ] {
        let mut bytes = u64::to_le_bytes(length).to_vec();
        bytes.extend(b"{}");
        assert_eq!(Tensors::parse("w", &bytes).unwrap_err().fault, expected);
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), &bytes).unwrap();
        assert_eq!(Tensors::open(path.path()).unwrap_err().fault, expected);
    }
    assert_eq!(Tensors::parse("w", &[0; 7]).unwrap_err().fault, Fault::Short);
}

#[test]
fn files_are_read_as_bytes_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    std::fs::write(&path, sound()).unwrap();
    assert_eq!(Tensors::open(&path).unwrap().floats("0.bias", &[2]).unwrap(), [0.25, -0.75]);
    assert!(matches!(Tensors::open(folder.path()).unwrap_err().fault, Fault::Io(_)));
    let missing = Tensors::open(&folder.path().join("none\u{1b}")).unwrap_err().to_string();
    assert!(missing.contains("none·") && !missing.contains('\u{1b}'), "{missing}");
}

#[test]
fn tensors_of_another_name_shape_or_type_are_refused() {
    let header = "{\"h\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]},\
                  \"y\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[2,18]}}";
    let mut bytes = file(header, 2);
    bytes.extend([3_i64, -1].map(i64::to_le_bytes).concat());
    let tensors = Tensors::parse("w", &bytes).unwrap();
    let said = |error: TensorError| error.to_string();
    assert_eq!(said(tensors.floats("x", &[1]).unwrap_err()), "w: no tensor x");
    assert_eq!(said(tensors.floats("h", &[2]).unwrap_err()), "w: tensor h has the shape [1]; expected [2]");
    assert_eq!(said(tensors.floats("h", &[1]).unwrap_err()), "w: tensor h has the type F16; expected F32 or F64");
    assert_eq!(
        said(tensors.labels("h", &[1], 9).unwrap_err()),
        "w: tensor h has the type F16; expected U8, I32 or I64"
    );
    let label = "w: tensor y: element 1 is -1; with 10 classes it must be from 0 to 9";
    assert_eq!(said(tensors.labels("y", &[2], 10).unwrap_err()), label);
    assert!(said(tensors.labels("y", &[2], 3).unwrap_err()).contains("element 0 is 3"));
    assert!(
        tensors.reject_unknown_names(|name| name == "y").is_err() && tensors.reject_unknown_names(|_| true).is_ok()
    );
}

/// A network may have more outputs than a byte counts.
#[test]
fn labels_are_valid_as_far_as_is_said() {
    let mut bytes = file("{\"y\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]}}", 0);
    bytes.extend([299_i64, 256].map(i64::to_le_bytes).concat());
    let tensors = Tensors::parse("w", &bytes).unwrap();
    assert_eq!(tensors.labels("y", &[2], 300).unwrap(), [299, 256]);
    let label = "w: tensor y: element 0 is 299; with 299 classes it must be from 0 to 298";
    assert_eq!(tensors.labels("y", &[2], 299).unwrap_err().to_string(), label);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Tensors::parse("w", &bytes);
    }

    #[test]
    fn what_is_accepted_is_what_the_format_s_own_crate_accepts_too(
        at in 0_usize..300, bit in 0_u32..8, cut in 0_usize..400,
    ) {
        let mut bytes = sound();
        let length = bytes.len();
        bytes[at % length] ^= 1_u8 << bit;
        bytes.truncate(cut.max(8));
        if Tensors::parse("w", &bytes).is_ok() {
            prop_assert!(SafeTensors::deserialize(&bytes).is_ok());
        }
    }
}
