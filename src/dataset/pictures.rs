//! Folders of PNG, JPEG, WebP and BMP images, a folder for each class: `cat/1.png`, …, or `train/cat/1.png`, … with a
//! `test` beside `train`. Folders in a class's folder belong to the class.
//!
//! Images are turned as their orientation tag says. All must then have the size of the first, unless
//! [`DataSpec::image_size`] says to which size they are brought. If any of them has colours, grey ones are taken as
//! coloured; transparency is left out. A file that ends early is an error.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::contents::{self, MAX_BYTES, displayable_path, read_small};
use super::origins::PartOrigins;
use super::progress::Monitor;
use super::raw::{DatasetOutline, Part, RawDataset, Values, train_and_test_rows};
use super::{DataError, DataNote, DataSpec};
use crate::memory::reserve_more;
use crate::text::thousands;

mod decoding;
mod endings;
mod listing;
mod parts;
mod samples;

#[cfg(test)]
pub(super) use decoding::decode_single;
pub(super) use decoding::decode_to;
use decoding::{DecodingTally, ImageForm, TargetForm, decode_image, open_image};
pub(super) use listing::{has_loose_images, is_image_folder, is_image_name};
use parts::ImageParts;
pub(super) use samples::{PictureSamples, read_samples};

/// Most bytes of one image file.
const MAX_FILE_BYTES: u64 = 1 << 26;

/// Bytes of a file in which its header is looked for first.
const HEADER_BYTES: u64 = 1 << 15;

/// Share of the work that looking at the headers is, for the progress.
const HEADERS_PROGRESS_SHARE: f64 = 0.02;

/// The image files of a part with their classes, in the order of their names.
type ImageListing = Vec<(PathBuf, u8)>;

/// An image set of which only the names have been read.
struct ImageSet {
    classes: Vec<String>,
    train: ImageListing,
    test: ImageListing,
    /// Whether the test images were split off.
    is_split: bool,
    notes: Vec<DataNote>,
}

impl ImageSet {
    fn open(folder: &Path, spec: &DataSpec) -> Result<Self, DataError> {
        let ImageParts { train: listing, test, notes } = ImageParts::find(folder)?;
        let (train, is_split) = (listing.match_classes(&listing)?, test.is_none());
        let (train, test) = if let Some(test) = test {
            (train, test.match_classes(&listing)?)
        } else {
            let labels: Vec<u8> = train.iter().map(|(_, label)| *label).collect();
            let (first, second) = train_and_test_rows(&displayable_path(folder), &labels, spec)
                .map_err(|error| error.with_left_out(&notes))?;
            let pick = |rows: Vec<u32>| rows.into_iter().map(|row| train[row as usize].clone()).collect();
            (pick(first), pick(second))
        };
        Ok(Self { classes: listing.class_names(), train, test, is_split, notes })
    }

    fn image_count(&self) -> usize {
        self.train.len() + self.test.len()
    }

    /// What all images become: in colour if any is, of the size that was asked for or else that of the first.
    fn target_form(&self, spec: &DataSpec, monitor: &mut Monitor) -> Result<TargetForm, DataError> {
        let (first, _) = &self.train[0];
        let mut form = read_form(first)?;
        let model = spec.image_size.is_none().then(|| displayable_path(first));
        form.size = spec.image_size.unwrap_or(form.size);
        let images = self.image_count();
        let mut rest = self.train.iter().chain(&self.test).enumerate().skip(1);
        while let (1, Some((number, (path, _)))) = (form.channels, rest.next()) {
            monitor.report(number as f64 / images as f64)?;
            form.channels = read_form(path)?.channels;
        }
        let bytes = form.shape().iter().map(|&side| side as u64).product::<u64>().saturating_mul(images as u64);
        if bytes > MAX_BYTES.min(usize::MAX as u64) {
            let problem = format!(
                "{} images of {}×{} are more than 4 GiB; make them smaller: --set data.image_size=64",
                thousands(images as u64),
                form.size.width,
                form.size.height
            );
            return Err(DataError::Image { file: displayable_path(first), problem });
        }
        Ok(TargetForm { form, model })
    }
}

/// Channels and size of an image, from the start of its file if that is enough.
fn read_form(path: &Path) -> Result<ImageForm, DataError> {
    let file = displayable_path(path);
    let (handle, length) = contents::open(path)?;
    let mut start = Vec::new();
    handle.take(HEADER_BYTES).read_to_end(&mut start).map_err(|source| DataError::Io { file: file.clone(), source })?;
    match open_image(&file, &start) {
        Ok(image) => Ok(image.form),
        Err(_) if length > HEADER_BYTES => open_image(&file, &read_image_bytes(path)?).map(|image| image.form),
        Err(error) => Err(error),
    }
}

fn read_image_bytes(path: &Path) -> Result<Vec<u8>, DataError> {
    let too_long = || DataError::Image { file: displayable_path(path), problem: "a file of more than 64 MiB".into() };
    read_small(path, MAX_FILE_BYTES)?.ok_or_else(too_long)
}

/// What names and headers tell.
pub(super) fn describe(folder: &Path, spec: &DataSpec) -> Result<DatasetOutline, DataError> {
    let mut ignore = |_: &str, _| std::ops::ControlFlow::Continue(());
    let set = ImageSet::open(folder, spec)?;
    let shape = set.target_form(spec, &mut Monitor::new(&mut ignore, String::new()))?.form.shape().to_vec();
    let (train, test) = (set.train.len(), set.test.len());
    Ok(DatasetOutline { shape, classes: set.classes, train, test, bytes_per_value: 1 })
}

/// Reads all images.
pub(super) fn read(folder: &Path, spec: &DataSpec, monitor: &mut Monitor) -> Result<RawDataset, DataError> {
    let set = ImageSet::open(folder, spec)?;
    let target = set.target_form(spec, monitor.begin_stage(0.0, HEADERS_PROGRESS_SHARE))?;
    let total = set.image_count() as f64;
    let monitor = monitor.begin_stage(HEADERS_PROGRESS_SHARE, 1.0);
    let mut tally = DecodingTally::default();
    let mut part = |listing: ImageListing| {
        let (mut values, mut labels) = (Vec::new(), Vec::with_capacity(listing.len()));
        let origins = PartOrigins::Files(listing.iter().map(|(path, _)| name_in_class(path)).collect());
        let images = listing.len();
        for (path, label) in listing {
            monitor.report(tally.images as f64 / total)?;
            let features: usize = target.form.shape().iter().product();
            let most = features * (images - labels.len());
            reserve_more(&mut values, features, most).map_err(DataError::of_memory(&displayable_path(&path)))?;
            decode_image(&displayable_path(&path), &read_image_bytes(&path)?, &target, &mut tally, &mut values)?;
            labels.push(label);
        }
        Ok(Part { values: Values::Bytes(values), labels, origins })
    };
    let (train, test) = (part(set.train)?, part(set.test)?);
    monitor.report(1.0)?;
    let (shape, classes, is_split) = (target.form.shape().to_vec(), set.classes, set.is_split);
    let mut notes = set.notes;
    notes.extend(tally_notes(tally));
    Ok(RawDataset { shape, classes, columns: Vec::new(), train, test, is_split, notes })
}

/// The name of an image in the folder of its class: `cats/017.png`.
fn name_in_class(path: &Path) -> String {
    let names: PathBuf = path.components().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
    displayable_path(&names)
}

/// What was done to the pixels of some images.
fn tally_notes(tally: DecodingTally) -> Vec<DataNote> {
    let DecodingTally { images, grey, deep, transparent, animated } = tally;
    let sentence = |count: usize, what: &str| {
        (count > 0).then(|| format!("{} of {} images {what}", thousands(count as u64), thousands(images as u64)))
    };
    let grey = sentence(grey, "are grey among coloured ones; their three channels are made equal");
    let lost = [
        sentence(deep, "have more than 8 bits a channel; the lower bits are left out"),
        sentence(transparent, "are transparent in places; that is left out, the colours there are kept"),
        sentence(animated, "have several frames; only the first is read"),
    ];
    grey.map(DataNote::assumed).into_iter().chain(lost.into_iter().flatten().map(DataNote::left_out)).collect()
}
