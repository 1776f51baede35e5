//! Images for a network that is trained: single files, a folder of them, or folders of classes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::decoding::{DecodingTally, FORMAT_NAMES, ImageForm, TargetForm, decode_image, open_image};
use super::listing::{ExtensionTally, PartListing, counted, loose_images, loose_others, subfolders};
use super::parts::listing_notes;
use super::{read_image_bytes, tally_notes};
use crate::dataset::contents::{MAX_BYTES, displayable_path};
use crate::dataset::image_size::ImageSize;
use crate::dataset::part_files::{TEST_NAMES, TRAIN_NAMES, find_named, note_part_read};
use crate::dataset::progress::Monitor;
use crate::dataset::{DataError, DataNote};
use crate::text::{harmless_name, thousands};

/// Most classes that an error names.
const MAX_NAMED_CLASSES: usize = 8;

/// Images in the order of their names.
pub(in crate::dataset) struct PictureSamples {
    /// The files' names as they may be shown.
    pub files: Vec<String>,
    /// Their pixels, channel by channel, row by row.
    pub pixels: Vec<u8>,
    /// Their classes, where a folder of a class has them.
    pub labels: Vec<Option<u8>>,
}

/// Reads an image or the images of a folder: those directly in it, and those in its folders, which are named like
/// `classes`. If it has a folder for the test part, it is that one's.
///
/// All must have the `shape` of those that were trained on, unless they are brought to that size.
pub(in crate::dataset) fn read_samples(
    path: &Path,
    shape: [usize; 3],
    resize: bool,
    classes: &[String],
    monitor: &mut Monitor,
    notes: &mut Vec<DataNote>,
) -> Result<PictureSamples, DataError> {
    let listing = if path.is_dir() { list_folder(path, classes, notes)? } else { vec![(path.into(), None)] };
    let [channels, height, width] = shape;
    let size = ImageSize { height: height as u32, width: width as u32 };
    let target = TargetForm { form: ImageForm { channels, size }, model: None };
    let mut tally = DecodingTally::default();
    let mut samples = PictureSamples { files: Vec::new(), pixels: Vec::new(), labels: Vec::new() };
    let total = listing.len() as f64;
    check_total(path, listing.len(), shape)?;
    for (path, label) in listing {
        monitor.report(samples.files.len() as f64 / total)?;
        let (file, bytes) = (displayable_path(&path), read_image_bytes(&path)?);
        check_form(&file, &bytes, target.form, resize)?;
        decode_image(&file, &bytes, &target, &mut tally, &mut samples.pixels)?;
        samples.files.push(file);
        samples.labels.push(label);
    }
    monitor.report(1.0)?;
    notes.extend(tally_notes(tally));
    Ok(samples)
}

/// Makes sure that the pixels of all images are no more than those of a training may be.
fn check_total(path: &Path, images: usize, shape: [usize; 3]) -> Result<(), DataError> {
    let bytes = shape.iter().map(|&side| side as u64).product::<u64>().saturating_mul(images as u64);
    if bytes <= MAX_BYTES.min(usize::MAX as u64) {
        return Ok(());
    }
    let [_, height, width] = shape;
    let images = thousands(images as u64);
    let problem = format!("{images} images of {width}×{height} are more than 4 GiB; predict them in several parts");
    Err(DataError::Image { file: displayable_path(path), problem })
}

/// Makes sure that an image can become one like those that were trained on.
fn check_form(file: &str, bytes: &[u8], wanted: ImageForm, resize: bool) -> Result<(), DataError> {
    let found = open_image(file, bytes)?.form;
    let problem = if found.channels > wanted.channels {
        "has colours, but the network was trained on grey images; convert it to grey".into()
    } else if wanted.channels != 1 && wanted.channels != 3 {
        format!("an image, but the network was trained on samples of {} channels", wanted.channels)
    } else if found.size != wanted.size && !resize {
        let (ImageSize { height, width }, trained) = (found.size, wanted.size);
        format!(
            "{width}×{height} pixels, but the network was trained on {}×{}; bring it to that size, or train with \
             data.image_size",
            trained.width, trained.height
        )
    } else {
        return Ok(());
    };
    Err(DataError::Image { file: file.into(), problem })
}

/// The images of a folder with their classes.
fn list_folder(
    folder: &Path,
    classes: &[String],
    notes: &mut Vec<DataNote>,
) -> Result<Vec<(PathBuf, Option<u8>)>, DataError> {
    let folders = subfolders(folder)?;
    let part = |names: &[&str]| names.iter().find_map(|name| find_named(&folders, name)).cloned();
    // A class may be named like a part.
    let is_class = |path: &PathBuf| classes.contains(&harmless_name(path.file_name().unwrap_or_default()));
    let test = part(&TEST_NAMES).filter(|path| !is_class(path));
    let root = test.or_else(|| part(&TRAIN_NAMES).filter(|path| !is_class(path))).unwrap_or_else(|| folder.into());
    if root != folder {
        notes.push(note_part_read(folder, &root));
    }
    let mut images: Vec<(PathBuf, Option<u8>)> = loose_images(&root)?.into_iter().map(|path| (path, None)).collect();
    let listing = PartListing { loose: ExtensionTally::default(), ..PartListing::read(&root)? };
    notes.extend(listing_notes(&root, &[&listing]));
    notes.extend(note_loose_others(&root)?);
    for class in listing.classes {
        if class.contents.images.is_empty() {
            continue;
        }
        let label = find_class(&class.path, &class.name, classes)?;
        images.extend(class.contents.images.into_iter().map(|path| (path, Some(label))));
    }
    if images.is_empty() {
        let problem = format!("has no {FORMAT_NAMES} images in it");
        return Err(DataError::Image { file: displayable_path(&root), problem });
    }
    Ok(images)
}

/// What is said of the files directly in a folder that are no images of a format that is read, or are hidden.
fn note_loose_others(root: &Path) -> Result<Option<DataNote>, DataError> {
    let others = loose_others(root)?;
    let what = format!("left out ({}); {FORMAT_NAMES} images are read whose names begin with no dot", others.list());
    let note = || DataNote::left_out(format!("{}: {} {what}", displayable_path(root), counted(others.total(), "file")));
    Ok((others.total() > 0).then(note))
}

/// The class that a folder is named like.
fn find_class(path: &Path, name: &OsString, classes: &[String]) -> Result<u8, DataError> {
    let shown = harmless_name(name);
    if let Some(class) = classes.iter().position(|class| *class == shown) {
        return Ok(class as u8);
    }
    let mut known: Vec<&str> = classes.iter().take(MAX_NAMED_CLASSES).map(String::as_str).collect();
    if classes.len() > MAX_NAMED_CLASSES {
        known.push("…");
    }
    let problem = format!(
        "a folder of images that is named like no class of the network; its classes: {}. To predict images without \
         classes, name the folder that they are directly in",
        known.join(", ")
    );
    Err(DataError::Image { file: displayable_path(path), problem })
}
