//! Which folders hold the training images and which the test images, and what is said of all that is left out.

use std::path::{Path, PathBuf};

use super::decoding::FORMAT_NAMES;
use super::listing::{ClassFolder, ExtensionTally, PartListing, counted, hidden_folders, subfolders};
use crate::dataset::contents::displayable_path;
use crate::dataset::part_files::{TEST_NAMES, TRAIN_NAMES, find_named};
use crate::dataset::{DataError, DataNote};
use crate::text::{harmless_name, thousands};

/// Names that a class may have, too; they mean a part only where there are folders of classes in them.
const DOUBTFUL_NAMES: [&str; 4] = ["valid", "dev", "eval", "holdout"];

/// Most folders that a note names.
const MAX_NAMED_FOLDERS: usize = 3;

/// The parts of an image set, and what was left out of them.
pub(super) struct ImageParts {
    pub train: PartListing,
    pub test: Option<PartListing>,
    pub notes: Vec<DataNote>,
}

impl ImageParts {
    /// Finds the parts in `folder`: the folders of classes in it, or in `train` and one of [`TEST_NAMES`] in it.
    pub fn find(folder: &Path) -> Result<Self, DataError> {
        let folders = subfolders(folder)?;
        let Some(train) = TRAIN_NAMES.iter().find_map(|name| find_named(&folders, name)) else {
            let train = PartListing::read(folder)?;
            check_no_parts(&train)?;
            check_training(folder, &train)?;
            let notes = listing_notes(folder, &[&train]);
            return Ok(Self { train, test: None, notes });
        };
        let train_listing = PartListing::read(train)?;
        check_training(folder, &train_listing)?;
        let mut test: Option<PartListing> = None;
        let mut without_classes = None;
        let mut ignored = Vec::new();
        for path in TEST_NAMES.iter().filter_map(|name| find_named(&folders, name)) {
            let part = PartListing::read(path)?;
            if test.is_none() && part.image_count() > 0 {
                test = Some(part);
            } else {
                without_classes = without_classes.or_else(|| (part.image_count() == 0).then(|| part.clone()));
                ignored.push(part);
            }
        }
        if let (None, Some(part)) = (&test, without_classes) {
            return Err(no_class_folder(&part));
        }
        let used =
            |path: &PathBuf| path == train || TEST_NAMES.iter().any(|name| find_named(&folders, name) == Some(path));
        for path in folders.iter().filter(|path| !used(path)) {
            ignored.push(PartListing::read(path)?);
        }
        let mut notes: Vec<DataNote> =
            ignored.iter().filter_map(|part| ignored_note(part, train, test.as_ref())).collect();
        notes.extend(loose_note(folder, folder, &PartListing::read_loose(folder)?));
        let parts: Vec<&PartListing> = std::iter::once(&train_listing).chain(&test).collect();
        notes.extend(hidden_note(folder, hidden_folders(folder)?));
        notes.extend(listing_notes(folder, &parts));
        Ok(Self { train: train_listing, test, notes })
    }
}

/// Makes sure that the folders of `listing` can be the classes of training images.
fn check_training(folder: &Path, listing: &PartListing) -> Result<(), DataError> {
    listing
        .check_class_count()
        .map_err(|error| error.with_left_out(&listing_notes(folder, &[listing])))
        .and_then(|()| listing.check_images())
}

/// Makes sure that no folder of `listing` that would be a class is named like a part of a set.
fn check_no_parts(listing: &PartListing) -> Result<(), DataError> {
    let looks_like_part = |class: &&ClassFolder| {
        let is_named = |names: &[&str]| names.iter().any(|name| class.name.eq_ignore_ascii_case(name));
        let in_folders = class.contents.images.iter().any(|image| image.parent() != Some(&class.path));
        if is_named(&DOUBTFUL_NAMES) { in_folders } else { is_named(&TEST_NAMES) }
    };
    let parts: Vec<String> =
        listing.classes.iter().filter(looks_like_part).map(|class| harmless_name(&class.name)).collect();
    if parts.is_empty() {
        return Ok(());
    }
    let problem = format!(
        "has folders that are named like parts of a data set ({}), but none named train beside them; put the folders \
         of the training images' classes into a folder named train, or rename what is a class",
        parts.join(", ")
    );
    Err(DataError::Image { file: displayable_path(&listing.root), problem })
}

fn no_class_folder(part: &PartListing) -> DataError {
    let problem = match part.loose.total() {
        0 => "has no folder with images in it, one for each class".into(),
        count => format!(
            "has no folder with images in it, one for each class; without a class, directly in it: {}",
            counted(count, "image")
        ),
    };
    DataError::Image { file: displayable_path(&part.root), problem }
}

/// What is said of a folder that is neither training nor test data.
fn ignored_note(part: &PartListing, train: &Path, test: Option<&PartListing>) -> Option<DataNote> {
    let name = |path: &Path| harmless_name(path.file_name().unwrap_or_default());
    let count = part.image_count() + part.loose.total();
    let used = match test {
        Some(test) => format!("{} and {} are read", name(train), name(&test.root)),
        None => format!("{} is read", name(train)),
    };
    (count > 0)
        .then(|| DataNote::left_out(format!("{}: {} left out; {used}", name(&part.root), counted(count, "image"))))
}

/// What was left out in the folders of classes and beside them, and where links lead from one to another.
pub(super) fn listing_notes(folder: &Path, parts: &[&PartListing]) -> Vec<DataNote> {
    let places = |count: fn(&ClassFolder) -> usize| {
        let classes = parts.iter().flat_map(|part| &part.classes);
        let counted = classes.map(|class| (place_in(folder, &class.path), count(class)));
        counted.filter(|(_, count)| *count > 0).collect::<Vec<(String, usize)>>()
    };
    let mut notes = Vec::new();
    let others = places(|class| class.contents.others.total());
    if !others.is_empty() {
        let mut kinds = ExtensionTally::default();
        parts.iter().flat_map(|part| &part.classes).for_each(|class| kinds.merge(&class.contents.others));
        let what = format!("left out ({}); {FORMAT_NAMES} images are read", kinds.list());
        notes.push(DataNote::left_out(sentence(&others, "file", &what)));
    }
    let hidden = parts.iter().flat_map(|part| {
        let within = part.classes.iter().map(|class| (class.path.clone(), class.contents.hidden));
        within.chain(part.hidden.iter().cloned())
    });
    notes.extend(hidden_note(folder, hidden.filter(|(_, count)| *count > 0).collect()));
    let repeated = places(|class| class.contents.repeated);
    if !repeated.is_empty() {
        let what = "left out: links to a folder above or to one that is read already";
        notes.push(DataNote::left_out(sentence(&repeated, "folder", what)));
    }
    notes.extend(link_note(folder, parts));
    notes.extend(parts.iter().filter_map(|part| loose_note(folder, &part.root, &part.loose)));
    notes
}

/// What is said of hidden images in these folders.
fn hidden_note(folder: &Path, hidden: Vec<(PathBuf, usize)>) -> Option<DataNote> {
    let places: Vec<(String, usize)> =
        hidden.into_iter().map(|(path, count)| (place_in(folder, &path), count)).collect();
    let what = "left out: a name that begins with a dot is hidden, and so is __MACOSX";
    (!places.is_empty()).then(|| DataNote::left_out(sentence(&places, "image", what)))
}

/// What is said of links that lead into the folder of another class or of another part.
fn link_note(folder: &Path, parts: &[&PartListing]) -> Option<DataNote> {
    let classes: Vec<&ClassFolder> = parts.iter().flat_map(|part| &part.classes).collect();
    let mut places = Vec::new();
    for (number, class) in classes.iter().enumerate() {
        let others = || classes.iter().enumerate().filter(|(other, _)| *other != number);
        let crosses = |target: &&PathBuf| others().any(|(_, other)| target.starts_with(&other.real_path));
        // Of two folders that are the same one, the second is said.
        let is_same = others().any(|(other, twin)| other < number && twin.real_path == class.real_path);
        let count = if is_same { 1 } else { class.contents.link_targets.iter().filter(crosses).count() };
        if count > 0 {
            places.push((place_in(folder, &class.path), count));
        }
    }
    let what = "into the folder of another class or part, whose images are read twice";
    (!places.is_empty()).then(|| DataNote::suspicious(sentence(&places, "link", what)))
}

/// A path within `folder` as it is shown.
fn place_in(folder: &Path, path: &Path) -> String {
    displayable_path(path.strip_prefix(folder).unwrap_or(path))
}

/// What is said of images beside the folders of classes.
fn loose_note(folder: &Path, root: &Path, loose: &ExtensionTally) -> Option<DataNote> {
    let place = match root.strip_prefix(folder) {
        Ok(inner) if !inner.as_os_str().is_empty() => displayable_path(inner),
        _ => harmless_name(root.file_name().unwrap_or_default()),
    };
    let what = format!("left out ({}): directly in it, not in the folder of a class", loose.list());
    (loose.total() > 0).then(|| DataNote::left_out(sentence(&[(place, loose.total())], "image", &what)))
}

/// `cat: 3 files …` for one place, `5 files …: 3 in cat, 2 in dog` for several.
fn sentence(places: &[(String, usize)], noun: &str, what: &str) -> String {
    if let [(place, count)] = places {
        return format!("{place}: {} {what}", counted(*count, noun));
    }
    let mut named: Vec<String> = places
        .iter()
        .take(MAX_NAMED_FOLDERS)
        .map(|(place, count)| format!("{} in {place}", thousands(*count as u64)))
        .collect();
    let rest = &places[named.len()..];
    if !rest.is_empty() {
        let count: usize = rest.iter().map(|(_, count)| count).sum();
        named.push(format!("{} in {} more folders", thousands(count as u64), thousands(rest.len() as u64)));
    }
    let total = places.iter().map(|(_, count)| count).sum();
    format!("{} {what}: {}", counted(total, noun), named.join(", "))
}
