//! CIFAR-10 and CIFAR-100 in their binary form (Krizhevsky 2009): a folder, or the official archive as it is.
//!
//! A record is one label byte (CIFAR-100: a coarse and a fine one) and 3×32×32 bytes, planes red, green, blue.

use std::fs;
use std::io::BufRead;
use std::path::Path;

use super::DataError;
use super::contents::{self, Contents, MAX_BYTES, displayable_path};
use super::labels::{MAX_NAMES_FILE_BYTES, check_labels, names_too_long_error, parse_class_names, read_small_names};
use super::progress::Monitor;
use super::raw::{DatasetOutline, Part, RawDataset, Values};
use super::tar::{ArchiveEntry, TarArchive};
use crate::memory::check_memory;

/// Channels, rows and columns of an image.
const IMAGE_SHAPE: [usize; 3] = [3, 32, 32];

/// Bytes in an image.
const IMAGE_BYTES: usize = 3 * 32 * 32;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cifar {
    /// Ten classes.
    Ten,
    /// A hundred classes; the twenty coarse ones are left out.
    Hundred,
}

/// What a file of the set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CifarMember {
    /// Training images, the file's number from 0.
    Train(usize),
    Test,
    Names,
}

/// The classes of CIFAR-10.
const CIFAR10_CLASSES: &str = "airplane automobile bird cat deer dog frog horse ship truck";

/// The fine classes of CIFAR-100.
const CIFAR100_CLASSES: &str = "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus \
    butterfly \
    camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur \
    dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard \
    lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck \
    pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk \
    skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger \
    tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm";

impl Cifar {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Ten, Self::Hundred];

    /// The folder in which the official archive has its files.
    pub const fn archive_folder(self) -> &'static str {
        match self {
            Self::Ten => "cifar-10-batches-bin",
            Self::Hundred => "cifar-100-binary",
        }
    }

    /// The files with images, training before test.
    pub const fn image_files(self) -> &'static [&'static str] {
        match self {
            Self::Ten => &[
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin",
                "test_batch.bin",
            ],
            Self::Hundred => &["train.bin", "test.bin"],
        }
    }

    const fn names_file(self) -> &'static str {
        match self {
            Self::Ten => "batches.meta.txt",
            Self::Hundred => "fine_label_names.txt",
        }
    }

    /// The classes, should no file name them.
    fn classes(self) -> Vec<String> {
        let names = if self == Self::Ten { CIFAR10_CLASSES } else { CIFAR100_CLASSES };
        names.split(' ').map(String::from).collect()
    }

    /// Label bytes in a record; the last is the class.
    const fn label_bytes(self) -> usize {
        match self {
            Self::Ten => 1,
            Self::Hundred => 2,
        }
    }

    const fn record_bytes(self) -> usize {
        self.label_bytes() + IMAGE_BYTES
    }

    fn member_of_name(self, name: &str) -> Option<CifarMember> {
        let files = self.image_files();
        match files.iter().position(|file| *file == name) {
            Some(last) if last + 1 == files.len() => Some(CifarMember::Test),
            Some(number) => Some(CifarMember::Train(number)),
            None => (name == self.names_file()).then_some(CifarMember::Names),
        }
    }

    /// Number of records in a file of `bytes` bytes.
    fn record_count(self, file: &str, bytes: u64) -> Result<usize, DataError> {
        let record = self.record_bytes() as u64;
        if bytes == 0 || !bytes.is_multiple_of(record) || bytes > MAX_BYTES {
            return Err(DataError::Records { file: file.into(), bytes, record });
        }
        Ok((bytes / record) as usize)
    }

    /// Takes the labels out of the records and leaves the pixels, in place.
    fn separate_labels(self, file: &str, mut bytes: Vec<u8>) -> Result<(Vec<u8>, Vec<u8>), DataError> {
        let count = self.record_count(file, bytes.len() as u64)?;
        let labels: Vec<u8> =
            bytes.chunks_exact(self.record_bytes()).map(|record| record[self.label_bytes() - 1]).collect();
        check_labels(file, &labels, self.classes().len(), "")?;
        for index in 0..count {
            let from = index * self.record_bytes() + self.label_bytes();
            bytes.copy_within(from..from + IMAGE_BYTES, index * IMAGE_BYTES);
        }
        bytes.truncate(count * IMAGE_BYTES);
        Ok((bytes, labels))
    }

    fn parse_names(self, file: &str, bytes: Vec<u8>) -> Result<Vec<String>, DataError> {
        let names = parse_class_names(file, bytes)?;
        let expected = self.classes().len();
        if names.len() != expected {
            let problem = format!("{} names where there are {expected} classes", names.len());
            return Err(DataError::ClassNames { file: file.into(), problem });
        }
        Ok(names)
    }

    /// What the lengths of a folder's files tell.
    pub fn describe_folder(self, folder: &Path) -> Result<DatasetOutline, DataError> {
        let mut parts = FoundMembers::new(self);
        for (file, &name) in self.image_files().iter().enumerate() {
            let path = folder.join(name);
            if !path.exists() {
                return Err(parts.missing_file_error(&displayable_path(folder), file));
            }
            let length =
                fs::metadata(&path).map_err(|source| DataError::Io { file: displayable_path(&path), source })?.len();
            parts.counts[file] = Some(self.record_count(&displayable_path(&path), length)?);
        }
        parts.names = self.folder_names(folder)?;
        parts.describe(&displayable_path(folder))
    }

    /// Reads a folder.
    pub fn read_folder(self, folder: &Path, monitor: &mut Monitor) -> Result<RawDataset, DataError> {
        let mut parts = FoundMembers::new(self);
        parts.names = self.folder_names(folder)?;
        for (stage, &name) in self.image_files().iter().enumerate() {
            let path = folder.join(name);
            if !path.exists() {
                return Err(parts.missing_file_error(&displayable_path(folder), stage));
            }
            let (handle, length) = contents::open(&path)?;
            self.record_count(&displayable_path(&path), length)?;
            let mut bytes = Vec::new();
            let mut contents = Contents::of_plain(displayable_path(&path), handle);
            contents.read_onto(&mut bytes, length as usize, parts.begin_file_stage(stage, monitor))?;
            contents.expect_end(length)?;
            parts.images[stage] = Some(self.separate_labels(&displayable_path(&path), bytes)?);
        }
        parts.assemble_dataset(&displayable_path(folder), monitor)
    }

    fn folder_names(self, folder: &Path) -> Result<Option<Vec<String>>, DataError> {
        let path = folder.join(self.names_file());
        read_small_names(&path)?.map(|bytes| self.parse_names(&displayable_path(&path), bytes)).transpose()
    }
}

/// What was found of a set so far.
struct FoundMembers {
    cifar: Cifar,
    names: Option<Vec<String>>,
    /// Pixels and labels of each file.
    images: Vec<Option<(Vec<u8>, Vec<u8>)>>,
    /// Records of each file, where only they are asked for.
    counts: Vec<Option<usize>>,
}

impl FoundMembers {
    fn new(cifar: Cifar) -> Self {
        let files = cifar.image_files().len();
        Self { cifar, names: None, images: vec![None; files], counts: vec![None; files] }
    }

    fn missing_file_error(&self, place: &str, file: usize) -> DataError {
        DataError::Missing { folder: place.into(), name: self.cifar.image_files()[file].into() }
    }

    /// The part of the progress that the file in this place is.
    fn begin_file_stage<'a, 'b>(&self, file: usize, monitor: &'a mut Monitor<'b>) -> &'a mut Monitor<'b> {
        let files = self.images.len() as f64;
        monitor.begin_stage(file as f64 / files, (file + 1) as f64 / files)
    }

    /// The moment before that part, for what takes no time.
    fn begin_empty_stage<'a, 'b>(&self, file: usize, monitor: &'a mut Monitor<'b>) -> &'a mut Monitor<'b> {
        let start = file as f64 / self.images.len() as f64;
        monitor.begin_stage(start, start)
    }

    fn describe(self, place: &str) -> Result<DatasetOutline, DataError> {
        let mut counts = Vec::new();
        for (file, count) in self.counts.iter().enumerate() {
            counts.push(count.ok_or_else(|| self.missing_file_error(place, file))?);
        }
        let test = counts.pop().unwrap_or_default();
        let classes = self.names.unwrap_or_else(|| self.cifar.classes());
        Ok(DatasetOutline {
            shape: IMAGE_SHAPE.to_vec(),
            classes,
            train: counts.iter().sum(),
            test,
            bytes_per_value: 1,
        })
    }

    /// Puts the files together.
    fn assemble_dataset(mut self, place: &str, monitor: &mut Monitor) -> Result<RawDataset, DataError> {
        if let Some(file) = self.images.iter().position(Option::is_none) {
            return Err(self.missing_file_error(place, file));
        }
        let mut images: Vec<(Vec<u8>, Vec<u8>)> = std::mem::take(&mut self.images).into_iter().flatten().collect();
        let part = |(values, labels)| Part::numbered(Values::Bytes(values), labels);
        let test = part(images.pop().unwrap_or_default());
        let mut train = (Vec::new(), Vec::new());
        let pixels = images.iter().map(|(pixels, _)| pixels.len()).sum();
        check_memory(pixels as u64).map_err(DataError::of_memory(place))?;
        train.0.reserve_exact(pixels);
        // Each file is freed as soon as it was copied.
        for (pixels, labels) in images {
            train.0.extend_from_slice(&pixels);
            train.1.extend_from_slice(&labels);
        }
        monitor.begin_stage(0.0, 1.0).report(1.0)?;
        let classes = self.names.unwrap_or_else(|| self.cifar.classes());
        let (shape, train) = (IMAGE_SHAPE.to_vec(), part(train));
        Ok(RawDataset { shape, classes, columns: Vec::new(), train, test, is_split: false, notes: Vec::new() })
    }
}

/// Reads an archive of either set, whatever the order of its entries.
pub(super) fn read_archive<R: BufRead>(contents: Contents<R>, monitor: &mut Monitor) -> Result<RawDataset, DataError> {
    let file = contents.file().to_owned();
    visit_members(contents, monitor)?.assemble_dataset(&file, monitor)
}

/// Goes through all entries; those that are no part of the set are passed over.
fn visit_members<R: BufRead>(contents: Contents<R>, monitor: &mut Monitor) -> Result<FoundMembers, DataError> {
    let mut archive = TarArchive::new(contents);
    let mut parts: Option<FoundMembers> = None;
    let mut images = 0;
    while let Some(entry) = archive.next_file()? {
        let Some((cifar, member)) = known_member(&entry) else { continue };
        let parts = parts.get_or_insert_with(|| FoundMembers::new(cifar));
        if parts.cifar != cifar {
            return Err(archive.error_about(Some(&entry), "belongs to another data set than the files before it"));
        }
        let place = match member {
            CifarMember::Names => {
                if entry.size > MAX_NAMES_FILE_BYTES {
                    return Err(names_too_long_error(&archive.displayable_name(&entry)));
                }
                let bytes = archive.read(&entry, parts.begin_empty_stage(images, monitor))?;
                parts.names = Some(cifar.parse_names(&archive.displayable_name(&entry), bytes)?);
                continue;
            }
            CifarMember::Train(number) => number,
            CifarMember::Test => parts.images.len() - 1,
        };
        if parts.images[place].is_some() {
            return Err(archive.error_about(Some(&entry), "is there twice"));
        }
        let file = archive.displayable_name(&entry);
        cifar.record_count(&file, entry.size)?;
        let bytes = archive.read(&entry, parts.begin_file_stage(images, monitor))?;
        parts.images[place] = Some(cifar.separate_labels(&file, bytes)?);
        images += 1;
    }
    let nothing = archive.error_about(None, "has none of the files of CIFAR-10 or CIFAR-100, such as data_batch_1.bin; unpack archives of other data and name the folder");
    archive.expect_end()?;
    parts.ok_or(nothing)
}

/// The set and the member that an entry's name stands for.
fn known_member(entry: &ArchiveEntry) -> Option<(Cifar, CifarMember)> {
    let name = entry.name.rsplit('/').next()?;
    Cifar::BOTH.into_iter().find_map(|cifar| Some((cifar, cifar.member_of_name(name)?)))
}

/// Takes `bytes` for a file of records and for a list of names of either set, for the fuzz target.
pub(super) fn fuzz_files(bytes: &[u8]) -> Result<(), DataError> {
    for cifar in Cifar::BOTH {
        cifar
            .separate_labels("fuzz", bytes.to_vec())
            .map(drop)
            .or_else(|_| cifar.parse_names("fuzz", bytes.to_vec()).map(drop))?;
    }
    Ok(())
}
