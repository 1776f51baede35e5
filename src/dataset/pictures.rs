//! Folders of PNG and JPEG images, a folder for each class: `cat/1.png`, …, or `train/cat/1.png`, … with a `test`
//! beside `train`.
//!
//! All images must have the size of the first. The first also decides whether they are grey or coloured; grey ones
//! among coloured ones are taken as they are, and transparency is left out.

use std::fs;
use std::io::{BufRead, Cursor, Seek};
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::contents::{MAX_BYTES, displayable_path, read_small};
use super::labels::MAX_CLASSES;
use super::progress::Monitor;
use super::raw::{DatasetOutline, Part, RawDataset, Values, train_and_test_rows};
use super::{DataError, DataSpec};
use crate::text::Safe;

/// Largest side of an image in pixels.
const MAX_SIDE_PIXELS: u32 = 4096;

/// Most bytes of one image file.
const MAX_FILE_BYTES: u64 = 1 << 26;

/// Most bytes that decoding one image may take.
const MAX_DECODER_BYTES: u64 = 1 << 28;

/// What all images of a set have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ImageForm {
    channels: usize,
    height: u32,
    width: u32,
}

impl ImageForm {
    fn shape(self) -> [usize; 3] {
        [self.channels, self.height as usize, self.width as usize]
    }
}

/// The image files of a part with their classes, in the order of their names.
type ImageListing = Vec<(PathBuf, u8)>;

/// An image set of which only the names have been read.
struct ImageSet {
    classes: Vec<String>,
    train: ImageListing,
    test: ImageListing,
}

/// Opens an image and looks at its header alone.
fn read_image_header(file: &str, bytes: &[u8]) -> Result<(impl ImageDecoder, ImageForm), DataError> {
    limited_decoder(file, Cursor::new(bytes))
}

fn limited_decoder<'a>(
    file: &str,
    source: impl BufRead + Seek + 'a,
) -> Result<(impl ImageDecoder + 'a, ImageForm), DataError> {
    let problem = |problem: String| DataError::Image { file: file.into(), problem };
    let damaged = |error: image::ImageError| problem(Safe(&error.to_string()).to_string());
    let mut reader =
        ImageReader::new(source).with_guessed_format().map_err(|source| DataError::Io { file: file.into(), source })?;
    if reader.format().is_none() {
        return Err(problem("neither a PNG nor a JPEG image".into()));
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE_PIXELS);
    limits.max_image_height = Some(MAX_SIDE_PIXELS);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 || width > MAX_SIDE_PIXELS || height > MAX_SIDE_PIXELS {
        return Err(problem(format!("{width}×{height} pixels; valid: 1 to {MAX_SIDE_PIXELS} in each direction")));
    }
    let channels = if decoder.color_type().has_color() { 3 } else { 1 };
    Ok((decoder, ImageForm { channels, height, width }))
}

/// Decodes an image and adds its planes to `out`; `form` is what it must have.
fn decode_image(file: &str, bytes: &[u8], form: ImageForm, out: &mut Vec<u8>) -> Result<(), DataError> {
    let problem = |problem: String| DataError::Image { file: file.into(), problem };
    let (decoder, found) = read_image_header(file, bytes)?;
    if (found.height, found.width) != (form.height, form.width) {
        let expected = format!("the first has {}×{}; all must have one size", form.width, form.height);
        return Err(problem(format!("{}×{} pixels, but {expected}", found.width, found.height)));
    }
    if found.channels > form.channels {
        return Err(problem("has colours, but the first image is grey; all must be of one kind".into()));
    }
    let image = DynamicImage::from_decoder(decoder).map_err(|error| problem(Safe(&error.to_string()).to_string()))?;
    if form.channels == 1 {
        out.extend_from_slice(image.to_luma8().as_raw());
    } else {
        let pixels = image.to_rgb8();
        for channel in 0..3 {
            out.extend(pixels.as_raw().iter().skip(channel).step_by(3));
        }
    }
    Ok(())
}

/// Decodes one image from memory, whatever its form.
pub(super) fn decode_single(file: &str, bytes: &[u8]) -> Result<([usize; 3], Vec<u8>), DataError> {
    let (_, form) = read_image_header(file, bytes)?;
    let mut out = Vec::new();
    decode_image(file, bytes, form, &mut out)?;
    Ok((form.shape(), out))
}

/// Whether a folder has folders with images in it, directly or under `train`.
pub(super) fn is_image_folder(folder: &Path) -> bool {
    let root = if folder.join("train").is_dir() { folder.join("train") } else { folder.to_path_buf() };
    subfolders(&root).is_ok_and(|classes| classes.iter().any(|(_, class)| contains_image(class)))
}

fn contains_image(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_image(&entry.path())))
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && ["png", "jpg", "jpeg"].contains(&extension.to_ascii_lowercase().as_str())
}

/// The entries of a folder in the order of their names, which the operating system gives in any order.
fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let io = |source| DataError::Io { file: displayable_path(folder), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        paths.push(entry.map_err(io)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// The folders in a folder with their names, hidden ones left out.
fn subfolders(root: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let named = sorted_entries(root)?.into_iter().filter(|path| path.is_dir()).map(|path| (name(&path), path));
    Ok(named.filter(|(name, _)| !name.starts_with('.')).collect())
}

/// Lists the images under `root`; with `known` classes there may be no other.
fn list_images(root: &Path, known: Option<&[String]>) -> Result<(Vec<String>, ImageListing), DataError> {
    let folders = subfolders(root)?;
    let problem = |path: &Path, problem: String| DataError::Image { file: displayable_path(path), problem };
    let names: Vec<String> = folders.iter().map(|(name, _)| name.clone()).collect();
    let classes = known.map_or(names, <[String]>::to_vec);
    if !(2..=MAX_CLASSES).contains(&classes.len()) {
        let count = classes.len();
        return Err(problem(
            root,
            format!("{count} folders with images; valid: 2 to {MAX_CLASSES}, one for each class"),
        ));
    }
    let mut listing = Vec::new();
    for (name, folder) in &folders {
        let Some(class) = classes.iter().position(|class| class == name) else {
            return Err(problem(folder, "is no class of the training images".into()));
        };
        let before = listing.len();
        listing
            .extend(sorted_entries(folder)?.into_iter().filter(|path| is_image(path)).map(|path| (path, class as u8)));
        if listing.len() == before {
            return Err(problem(folder, "has no PNG or JPEG image in it".into()));
        }
    }
    if listing.is_empty() {
        return Err(problem(root, "has no folder with images in it".into()));
    }
    Ok((classes, listing))
}

impl ImageSet {
    fn open(folder: &Path, spec: &DataSpec) -> Result<Self, DataError> {
        let train_root = folder.join("train");
        let root = if train_root.is_dir() { &train_root } else { folder };
        let (names, train) = list_images(root, None)?;
        let test_root = ["test", "val"].into_iter().map(|name| folder.join(name)).find(|path| path.is_dir());
        let (train, test) = if let Some(root) = test_root.filter(|_| train_root.is_dir()) {
            (train, list_images(&root, Some(&names))?.1)
        } else {
            let labels: Vec<u8> = train.iter().map(|(_, label)| *label).collect();
            let (first, second) = train_and_test_rows(&displayable_path(folder), &labels, spec)?;
            let pick = |rows: Vec<u32>| rows.into_iter().map(|row| train[row as usize].clone()).collect();
            (pick(first), pick(second))
        };
        Ok(Self { classes: names.iter().map(|name| Safe(name).to_string()).collect(), train, test })
    }

    /// The form of the first image, which decides for all.
    fn first_image_form(&self) -> Result<ImageForm, DataError> {
        let (path, _) = &self.train[0];
        let (_, form) = read_image_header(&displayable_path(path), &read_file(path)?)?;
        let images = (self.train.len() + self.test.len()) as u64;
        let bytes = form.shape().iter().map(|&side| side as u64).product::<u64>().saturating_mul(images);
        if bytes > MAX_BYTES.min(usize::MAX as u64) {
            let problem = format!("{images} images of {}×{} are more than 4 GiB", form.width, form.height);
            return Err(DataError::Image { file: displayable_path(path), problem });
        }
        Ok(form)
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, DataError> {
    let too_long = || DataError::Image { file: displayable_path(path), problem: "a file of more than 64 MiB".into() };
    read_small(path, MAX_FILE_BYTES)?.ok_or_else(too_long)
}

/// What names and the first image tell.
pub(super) fn describe(folder: &Path, spec: &DataSpec) -> Result<DatasetOutline, DataError> {
    let set = ImageSet::open(folder, spec)?;
    let shape = set.first_image_form()?.shape().to_vec();
    Ok(DatasetOutline { shape, train: set.train.len(), test: set.test.len(), classes: set.classes })
}

/// Reads all images.
pub(super) fn read(folder: &Path, spec: &DataSpec, monitor: &mut Monitor) -> Result<RawDataset, DataError> {
    let set = ImageSet::open(folder, spec)?;
    let form = set.first_image_form()?;
    let total = (set.train.len() + set.test.len()) as f64;
    let mut done = 0;
    let mut part = |listing: ImageListing| {
        let (mut values, mut labels) = (Vec::new(), Vec::with_capacity(listing.len()));
        for (path, label) in listing {
            monitor.report(f64::from(done) / total)?;
            decode_image(&displayable_path(&path), &read_file(&path)?, form, &mut values)?;
            labels.push(label);
            done += 1;
        }
        Ok(Part { values: Values::Bytes(values), labels })
    };
    let (train, test) = (part(set.train)?, part(set.test)?);
    monitor.report(1.0)?;
    Ok(RawDataset { shape: form.shape().to_vec(), classes: set.classes, train, test })
}
