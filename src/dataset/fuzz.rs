//! Every reader over bytes in memory, for the fuzz targets in `fuzz/`. Not part of what this crate promises.
//!
//! What a reader accepts is made ready for training and must keep what [`Dataset`](super::Dataset) promises; what it
//! refuses must be told in words that are harmless to show.

use std::ops::{ControlFlow, Range};

use super::contents::Contents;
use super::csv_file::TableFile;
use super::idx::IdxReader;
use super::npy::NpyReader;
use super::progress::Monitor;
use super::raw::RawDataset;
use super::tar::TarArchive;
use super::{
    DataError, DataSpec, HeaderRow, ImageSize, LabelColumn, Preprocessing, cifar, csv_file, loading, mnist, npy,
    pictures, summarize,
};

/// Every failure is told in one line without control characters.
fn with_monitor<T>(work: impl FnOnce(&mut Monitor) -> Result<T, DataError>) -> Result<T, DataError> {
    let mut ignore = |_: &str, _| ControlFlow::Continue(());
    let result = work(&mut Monitor::new(&mut ignore, String::new()));
    if let Err(error) = &result {
        check_text(&error.to_string());
    }
    result
}

fn check_text(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

/// Makes data ready for training, and makes sure of what is promised of them; gives the number of samples.
fn check_dataset(raw: RawDataset, spec: &DataSpec) -> Result<usize, DataError> {
    let data = loading::prepare(raw, None, spec, spec.preprocessing)?;
    assert!((2..=256).contains(&data.classes.len()), "{} classes", data.classes.len());
    assert!(data.columns.is_empty() || data.columns.len() == data.features());
    assert!(data.columns.iter().all(|column| column.offset.is_finite() && column.scale > 0.0), "{:?}", data.columns);
    let summary = summarize(&data);
    let texts = summary.classes.iter().chain(&summary.columns).chain(summary.notes.iter().map(|note| &note.text));
    texts.for_each(|text| check_text(text));
    for part in [&summary.train, &summary.test] {
        assert!(part.samples > 0 && part.counts.iter().sum::<usize>() == part.samples);
        assert!(part.channels.iter().all(|values| values.mean.is_finite() && values.std.is_finite()), "{part:?}");
    }
    Ok(summary.train.samples + summary.test.samples)
}

/// `bytes`, divided before each occurrence of `mark` but one at the start.
fn split_before<'a>(bytes: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let starts = (1..bytes.len()).filter(|&at| bytes[at..].starts_with(mark));
    let ends: Vec<usize> = starts.chain([bytes.len()]).collect();
    ends.iter().scan(0, |start, &end| Some(&bytes[std::mem::replace(start, end)..end])).collect()
}

/// Reads IDX images or labels, plain or gzipped; four plain files in a row as a folder, too.
///
/// # Errors
/// When they are damaged.
pub fn idx(bytes: &[u8]) -> Result<usize, DataError> {
    if let [a, b, c, d] = split_before(bytes, b"\0\0\x08")[..] {
        let files = mnist::fuzz_files([a, b, c, d]);
        let _ = with_monitor(|monitor| check_dataset(files?.read(monitor)?, &DataSpec::default()));
    }
    let read = |dimensions| {
        with_monitor(|monitor| {
            IdxReader::new("fuzz".into(), bytes, bytes.len() as u64, dimensions)?.read_elements(monitor)
        })
    };
    read(3).or_else(|_| read(1)).map(|elements| elements.len())
}

/// Goes through a tar archive, plain or gzipped, and reads every entry.
///
/// # Errors
/// When it is damaged or holds what is refused.
pub fn tar(bytes: &[u8]) -> Result<usize, DataError> {
    with_monitor(|monitor| {
        let mut archive = TarArchive::new(Contents::new("fuzz".into(), bytes)?);
        let mut total = 0;
        while let Some(entry) = archive.next_file()? {
            total += archive.read(&entry, monitor)?.len();
        }
        archive.expect_end().map(|()| total)
    })
}

/// Reads an archive with CIFAR's files.
///
/// # Errors
/// When it is damaged or not what it should be.
pub fn cifar(bytes: &[u8]) -> Result<usize, DataError> {
    let _ = with_monitor(|_| cifar::fuzz_files(bytes));
    with_monitor(|monitor| {
        let contents = Contents::new("fuzz".into(), bytes)?;
        check_dataset(cifar::read_archive(contents, monitor)?, &DataSpec::default())
    })
}

/// Reads a table after a first byte, which chooses the settings; with a byte 0 in it, training and test rows.
///
/// # Errors
/// When it is not what it should be.
pub fn csv(bytes: &[u8]) -> Result<usize, DataError> {
    let (&choice, text) = bytes.split_first().unwrap_or((&0, bytes));
    let bit = |place: u8| choice >> place & 1 == 1;
    let leave_out = [(bit(4), "0"), (bit(5), "x")].into_iter().filter(|(chosen, _)| *chosen).map(|(_, column)| column);
    let label = |name: &str| LabelColumn::Name(name.into());
    let spec = DataSpec {
        label_column: [LabelColumn::Last, LabelColumn::Index(0), label("y"), label("label")][usize::from(choice & 3)]
            .clone(),
        header: [HeaderRow::Auto, HeaderRow::Auto, HeaderRow::Yes, HeaderRow::No][usize::from(choice >> 2 & 3)],
        leave_out: leave_out.map(ToString::to_string).collect(),
        preprocessing: if bit(6) { Preprocessing::Scale } else { Preprocessing::Standardize },
        ..DataSpec::default()
    };
    let file = |range: Range<usize>| {
        let source = &text[range];
        TableFile { name: "fuzz".into(), source, length: source.len() as u64 }
    };
    with_monitor(|monitor| {
        let end = text.iter().position(|&byte| byte == 0).filter(|_| !bit(7));
        let test = end.map(|end| file(end + 1..text.len()));
        let train = file(0..end.unwrap_or(text.len()));
        check_dataset(csv_file::read(train, test, &spec, monitor)?.0, &spec)
    })
}

/// Reads an npy file as samples and as labels; several in a row as the files of a folder.
///
/// # Errors
/// When they are damaged or not what they should be.
pub fn npy(bytes: &[u8]) -> Result<usize, DataError> {
    let files = split_before(bytes, b"\x93NUMPY");
    let spec = DataSpec::default();
    if files.len() > 1 {
        return with_monitor(|monitor| check_dataset(npy::fuzz_folder(&files)?.read(&spec, monitor)?, &spec));
    }
    let open = || NpyReader::new("fuzz".into(), bytes, bytes.len() as u64);
    let labels = with_monitor(|monitor| open()?.read_labels(monitor));
    with_monitor(|monitor| open()?.read_values(&[], monitor)).map(|_| 1).or(labels.map(|labels| labels.len()))
}

/// Decodes a PNG, JPEG, WebP or BMP image after a first byte, which chooses the size that it is brought to.
///
/// # Errors
/// When it is damaged or too large.
pub fn image(bytes: &[u8]) -> Result<usize, DataError> {
    let (&choice, bytes) = bytes.split_first().unwrap_or((&0, bytes));
    // A side of 0 leaves the image as it is.
    let size = ImageSize { height: u32::from(choice & 15), width: u32::from(choice >> 4) };
    let size = Some(size).filter(|size| size.height > 0 && size.width > 0);
    with_monitor(|_| pictures::decode_to("fuzz", bytes, size)).map(|(shape, pixels)| {
        assert_eq!(pixels.len(), shape.iter().product::<usize>());
        pixels.len()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A target that refuses everything finds nothing.
    #[test]
    fn sound_data_reach_the_end_of_every_target() {
        let rows = "x,y,label\n1,2,a\n3,4,b\n5,6,a\n7,8,b\n2,1,a\n4,3,b\n";
        for choice in [0, 3, 8, 32, 64] {
            assert_eq!(csv(&[&[choice], rows.as_bytes()].concat()).unwrap(), 6, "{choice}");
            assert_eq!(csv(&[&[choice], rows.as_bytes(), &[0], rows.as_bytes()].concat()).unwrap(), 12, "{choice}");
        }
        let image = |sides: &[u8]| {
            let sides: Vec<u8> = sides.iter().flat_map(|&side| [0, 0, 0, side]).collect();
            [&[0, 0, 8, (sides.len() / 4) as u8], &sides[..]].concat()
        };
        let images = [image(&[4, 1, 2]), vec![9; 8]].concat();
        let labels = [image(&[4]), vec![0, 1, 1, 0]].concat();
        assert_eq!(idx(&images).unwrap(), 8);
        let files = [&images[..], &labels, &images, &labels];
        assert_eq!(split_before(&files.concat(), b"\0\0\x08"), files);
        assert_eq!(idx(&[images.clone(), labels].concat()).map_err(|error| error.to_string().is_empty()), Err(false));
        let array = |shape: &str, bytes: &[u8]| {
            let text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}");
            [&b"\x93NUMPY\x01\0"[..], &[text.len() as u8, 0], text.as_bytes(), bytes].concat()
        };
        let (values, labels) = (array("(4, 1, 2)", &[9; 8]), array("(4,)", &[0, 1, 1, 0]));
        let pair = [values, labels].concat();
        let split = npy(&[&array("(6, 1)", &[9; 6])[..], &array("(6,)", &[0, 1, 1, 0, 0, 1])].concat());
        assert_eq!((npy(&[&pair[..], &pair].concat()).unwrap(), split.unwrap()), (8, 6));
        let bmp =
            [&b"BM"[..], &[58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0]];
        let bmp = [&bmp.concat()[..], &[0; 24], &[1, 2, 3, 0]].concat();
        for (choice, pixels) in [(0, 3), (0x23, 18), (0x30, 3)] {
            assert_eq!(super::image(&[&[choice], &bmp[..]].concat()).unwrap(), pixels);
        }
    }
}
