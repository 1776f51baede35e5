//! The file system as far as recorded runs write to it: every write goes through here, so that a test can let each call
//! fail, cut it short, or forget what was not synced.

use std::{
    ffi::OsString,
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

use crate::files::open_regular;

/// Longest file that is read whole, in bytes.
const MAX_WHOLE_FILE_BYTES: u64 = 1 << 33;

/// What recorded runs need of a file system.
pub trait Storage: Send + Sync + fmt::Debug {
    /// Makes a folder that is not there yet, in one that is.
    ///
    /// # Errors
    /// When it is there ([`io::ErrorKind::AlreadyExists`]), or the system refuses, as for all others.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes a file that is not there yet.
    ///
    /// # Errors
    /// As [`Self::create_folder`].
    fn create_file(&self, path: &Path) -> io::Result<Box<dyn StoredFile>>;

    /// Opens a file to write after its first `length` bytes; the others are cut off.
    ///
    /// # Errors
    /// When it is not there, is shorter, or the system refuses.
    fn open_at(&self, path: &Path, length: u64) -> io::Result<Box<dyn StoredFile>>;

    /// Reads a whole regular file.
    ///
    /// # Errors
    /// When it is none, or the system refuses.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names in a folder, in no order.
    ///
    /// # Errors
    /// When it is none, or the system refuses.
    fn list(&self, path: &Path) -> io::Result<Vec<OsString>>;

    /// Gives a file or folder another name.
    ///
    /// # Errors
    /// When the system refuses.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// When it is not there, or the system refuses.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// When it is not there or not empty, or the system refuses.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder survive a loss of power.
    ///
    /// # Errors
    /// When the system refuses.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// A file that is written.
pub trait StoredFile: Write + Send + fmt::Debug {
    /// Makes what was written survive a loss of power.
    ///
    /// # Errors
    /// When the system refuses.
    fn sync(&mut self) -> io::Result<()>;
}

/// Writes a file that is not there yet, and syncs it.
///
/// # Errors
/// As [`Storage::create_file`].
pub fn write_new(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = storage.create_file(path)?;
    file.write_all(bytes)?;
    file.sync()
}

/// Makes a folder and those in which it lies, as far as they are not there, so that their names survive a loss of power.
///
/// # Errors
/// As [`Storage::create_folder`].
pub fn create_folders(storage: &dyn Storage, path: &Path) -> io::Result<()> {
    let parent = path.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    let mut created = storage.create_folder(path);
    if let (Err(error), Some(parent)) = (&created, parent)
        && error.kind() == io::ErrorKind::NotFound
        && parent != path
    {
        create_folders(storage, parent)?;
        // Once more and not again: there are folders in which nothing can be made, and that are there all the same.
        created = storage.create_folder(path);
    }
    match (created, parent) {
        (Err(error), _) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        (Ok(()), Some(parent)) => storage.sync_folder(parent),
        (created, _) => created,
    }
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskStorage;

impl Storage for DiskStorage {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn create_file(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        Ok(Box::new(File::create_new(path)?))
    }

    fn open_at(&self, path: &Path, length: u64) -> io::Result<Box<dyn StoredFile>> {
        let file = OpenOptions::new().append(true).open(path)?;
        if file.metadata()?.len() < length {
            return Err(io::Error::other("the file is shorter than what was written to it"));
        }
        file.set_len(length)?;
        Ok(Box::new(file))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let (file, found) = open_regular(path).map_err(io::Error::other)?;
        if found.len() > MAX_WHOLE_FILE_BYTES {
            return Err(io::Error::other(format!("{} bytes are more than fit", found.len())));
        }
        let mut bytes = Vec::new();
        file.take(MAX_WHOLE_FILE_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    #[cfg(unix)]
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    #[cfg(not(unix))]
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        // Folders can't be opened as files there, and names are journaled by the file system.
        Ok(())
    }
}

impl StoredFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_as_far_as_they_are_missing() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/b/c");
        create_folders(&DiskStorage, &path).unwrap();
        create_folders(&DiskStorage, &path).unwrap();
        assert!(path.is_dir());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_in_which_nothing_can_be_made_is_an_error() {
        // It is there, and says that what is to be made in it is not.
        let error = create_folders(&DiskStorage, Path::new("/proc/gradtop/runs")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
