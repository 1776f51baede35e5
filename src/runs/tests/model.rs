//! A file system in memory of which each call can fail, and which forgets what was not synced.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use crate::runs::storage::{Storage, StoredFile};

/// What becomes of the chosen call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails and has done nothing.
    Fail,
    /// It fails; a write has written half of its bytes.
    Cut,
    /// The power fails: it and every later call do nothing.
    PowerLoss,
}

/// A file or a folder, as it is and as a loss of power would leave it.
#[derive(Clone, Debug, Default)]
struct Files {
    folders: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Arc<Mutex<File>>>,
}

#[derive(Clone, Debug, Default)]
struct File {
    bytes: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    /// As programs see it.
    now: Files,
    /// The names that survive a loss of power.
    durable: Files,
    /// Calls so far.
    calls: u64,
    /// The call that fails, whether all later ones do too, and how.
    fault: Option<(u64, bool, Fault)>,
}

/// The file system; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct ModelStorage(Arc<Mutex<State>>);

impl ModelStorage {
    /// Lets the `number`th call from now on, counted from 1, go wrong; `for_ever` all later ones too.
    pub fn inject(&self, number: u64, for_ever: bool, fault: Fault) {
        let mut state = self.0.lock().unwrap();
        let call = state.calls + number;
        state.fault = Some((call, for_ever || fault == Fault::PowerLoss, fault));
    }

    /// Lets every call succeed.
    pub fn heal(&self) {
        self.0.lock().unwrap().fault = None;
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.0.lock().unwrap().calls
    }

    /// What a loss of power leaves: the names in folders that were synced, and the bytes of files that were.
    pub fn lose_power(&self) {
        let mut state = self.0.lock().unwrap();
        for file in state.durable.files.values() {
            let mut file = file.lock().unwrap();
            file.bytes = file.synced.clone();
        }
        state.now = state.durable.clone();
        state.fault = None;
    }

    /// Cuts or changes a file as nothing that writes would.
    pub fn damage(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let state = self.0.lock().unwrap();
        change(&mut state.now.files[path].lock().unwrap().bytes);
    }

    /// All files.
    pub fn files(&self) -> Vec<PathBuf> {
        self.0.lock().unwrap().now.files.keys().cloned().collect()
    }

    /// Counts a call; an error if it is to fail, with `true` if it is to do half of its work first.
    fn call(&self) -> Result<(), (io::Error, bool)> {
        let mut state = self.0.lock().unwrap();
        state.calls += 1;
        let calls = state.calls;
        match state.fault {
            Some((at, for_ever, fault)) if calls == at || for_ever && calls > at => {
                Err((io::Error::from(io::ErrorKind::StorageFull), fault == Fault::Cut))
            }
            _ => Ok(()),
        }
    }

    fn whole(&self) -> io::Result<()> {
        self.call().map_err(|(error, _)| error)
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Files {
    fn has(&self, path: &Path) -> bool {
        path == Path::new("/") || self.folders.iter().any(|folder| folder == path) || self.files.contains_key(path)
    }

    fn move_all(&mut self, from: &Path, to: &Path) {
        let moved = |path: &Path| path.strip_prefix(from).map(|rest| to.join(rest)).ok();
        let strip = |path: PathBuf| {
            if path.as_os_str().to_string_lossy().ends_with('/') { path.components().collect() } else { path }
        };
        for folder in &mut self.folders {
            if let Some(path) = moved(folder) {
                *folder = strip(path);
            }
        }
        let files = std::mem::take(&mut self.files);
        self.files = files.into_iter().map(|(path, file)| (moved(&path).map_or(path, strip), file)).collect();
    }
}

impl Storage for ModelStorage {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.whole()?;
        let mut state = self.0.lock().unwrap();
        if state.now.has(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !state.now.has(path.parent().unwrap()) {
            return Err(missing());
        }
        state.now.folders.push(path.into());
        Ok(())
    }

    fn create_file(&self, path: &Path) -> io::Result<Box<dyn StoredFile>> {
        self.whole()?;
        let mut state = self.0.lock().unwrap();
        if state.now.has(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = Arc::new(Mutex::new(File::default()));
        state.now.files.insert(path.into(), Arc::clone(&file));
        Ok(Box::new(OpenFile { storage: self.clone(), file }))
    }

    fn open_at(&self, path: &Path, length: u64) -> io::Result<Box<dyn StoredFile>> {
        self.whole()?;
        let state = self.0.lock().unwrap();
        let file = Arc::clone(state.now.files.get(path).ok_or_else(missing)?);
        if (file.lock().unwrap().bytes.len() as u64) < length {
            return Err(io::Error::other("shorter"));
        }
        file.lock().unwrap().bytes.truncate(length as usize);
        Ok(Box::new(OpenFile { storage: self.clone(), file }))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.whole()?;
        let state = self.0.lock().unwrap();
        let bytes = state.now.files.get(path).ok_or_else(missing)?.lock().unwrap().bytes.clone();
        Ok(bytes)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.whole()?;
        let state = self.0.lock().unwrap();
        if !state.now.has(path) {
            return Err(missing());
        }
        let all = state.now.folders.iter().chain(state.now.files.keys());
        let inside = all.filter(|inner| inner.parent() == Some(path));
        Ok(inside.map(|inner| inner.file_name().unwrap().to_owned()).collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.whole()?;
        let mut state = self.0.lock().unwrap();
        if !state.now.has(from) {
            return Err(missing());
        }
        state.now.move_all(from, to);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.whole()?;
        self.0.lock().unwrap().now.files.remove(path).map(drop).ok_or_else(missing)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.whole()?;
        let mut state = self.0.lock().unwrap();
        let inside = state.now.folders.iter().chain(state.now.files.keys()).any(|inner| inner.parent() == Some(path));
        if inside {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        if !state.now.has(path) {
            return Err(missing());
        }
        state.now.folders.retain(|folder| folder != path);
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.whole()?;
        let mut state = self.0.lock().unwrap();
        if !state.now.has(path) {
            return Err(missing());
        }
        // The names in this folder, as they are now, with what is durable below each: a renamed folder brings along what
        // was synced under its old name, which is the same file here.
        let State { now, durable, .. } = &mut *state;
        let inside = |inner: &Path| inner.starts_with(path) && inner != path;
        durable.folders.retain(|inner| !inside(inner));
        durable.folders.extend(now.folders.iter().filter(|inner| inside(inner)).cloned());
        durable.files.retain(|inner, _| !inside(inner));
        let files = now.files.iter().filter(|(inner, _)| inside(inner));
        durable.files.extend(files.map(|(path, file)| (path.clone(), Arc::clone(file))));
        Ok(())
    }
}

/// An open file.
#[derive(Debug)]
struct OpenFile {
    storage: ModelStorage,
    file: Arc<Mutex<File>>,
}

impl Write for OpenFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.storage.call() {
            Ok(()) => {
                self.file.lock().unwrap().bytes.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Err((error, half)) => {
                if half {
                    self.file.lock().unwrap().bytes.extend_from_slice(&bytes[..bytes.len() / 2]);
                }
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StoredFile for OpenFile {
    fn sync(&mut self) -> io::Result<()> {
        self.storage.whole()?;
        let mut file = self.file.lock().unwrap();
        file.synced = file.bytes.clone();
        Ok(())
    }
}
