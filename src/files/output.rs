//! Writing a file that somebody asked for: whole or not at all, and over nothing that was not meant.

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process,
};

use super::irregular_kind;
use crate::text::harmless_name;

/// Most names that are tried for a file that only needs a new one.
const MAX_NUMBERED_NAMES: usize = 10_000;

/// Why a file is not written.
#[derive(Debug)]
pub enum OutputError {
    /// It is there already.
    Exists(String),
    /// The path leads to something else than a regular file: the path and what it is.
    NotAFile(String, &'static str),
    /// It is one of the files that are read, or in a folder that is read.
    Input(String),
    /// The operating system refused.
    Io(String, io::Error),
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(path) => write!(f, "{path} exists; --force replaces it"),
            Self::NotAFile(path, kind) => write!(f, "{path} is {kind}, not a regular file; nothing is written there"),
            Self::Input(path) => write!(f, "{path} is what is read; give another file"),
            Self::Io(path, error) => write!(f, "can't write {path}: {error}"),
        }
    }
}

impl std::error::Error for OutputError {}

/// A file that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Its path, with links followed if it is there.
    path: PathBuf,
    /// The path as it was given, safe to show.
    shown: String,
    /// Whether one that is there is replaced.
    replaces: bool,
}

impl OutputFile {
    /// Checks that a file may be written, before the work for it is done; one that is there is replaced only by `force`,
    /// and never if it is one of the `inputs`, by whatever link, or in one of them.
    ///
    /// # Errors
    /// When it is there and not to be replaced, is no regular file, or its folder is not there.
    pub fn check(path: &Path, force: bool, inputs: &[PathBuf]) -> Result<Self, OutputError> {
        let shown = harmless_name(path.as_os_str());
        let refused = |error| OutputError::Io(shown.clone(), error);
        match fs::symlink_metadata(path) {
            Ok(_) => {
                // A link that leads nowhere is there too, and nobody said what should become of it.
                let found = fs::metadata(path).map_err(refused)?;
                if let Some(kind) = irregular_kind(found.file_type()) {
                    return Err(OutputError::NotAFile(shown, kind));
                }
                let path = fs::canonicalize(path).map_err(refused)?;
                let is_read = |input: &PathBuf| {
                    fs::canonicalize(input).is_ok_and(|input| path.starts_with(input)) || is_same_file(input, &found)
                };
                if inputs.iter().any(is_read) {
                    return Err(OutputError::Input(shown));
                }
                if !force {
                    return Err(OutputError::Exists(shown));
                }
                Ok(Self { path, shown, replaces: true })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let name = path.file_name().ok_or_else(|| refused(io::ErrorKind::InvalidFilename.into()))?;
                let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let folder = fs::canonicalize(folder).map_err(refused)?;
                Ok(Self { path: folder.join(name), shown, replaces: force })
            }
            Err(error) => Err(refused(error)),
        }
    }

    /// Its path, absolute and with links followed: two outputs are the same file if their paths are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file under the name that is given or, where something has that, under the first free one with `-2`, `-3`
    /// and so on before the ending; gives its path.
    ///
    /// # Errors
    /// As [`OutputFile::check`] and [`OutputFile::write`], and when thousands of such names are taken.
    pub fn write_numbered(path: &Path, contents: &[u8]) -> Result<PathBuf, OutputError> {
        let stem = path.file_stem().unwrap_or_default();
        let mut candidate = path.to_path_buf();
        for number in 2..=MAX_NUMBERED_NAMES {
            // What is in the way need not be a file.
            if fs::symlink_metadata(&candidate).is_err() {
                let written = Self::check(&candidate, false, &[])?.write(|out| out.write_all(contents));
                if !matches!(written, Err(OutputError::Exists(_))) {
                    return written.map(|()| candidate);
                }
            }
            let mut name = stem.to_os_string();
            name.push(format!("-{number}"));
            if let Some(ending) = path.extension() {
                name.push(".");
                name.push(ending);
            }
            candidate = path.with_file_name(name);
        }
        Err(OutputError::Exists(harmless_name(path.as_os_str())))
    }

    /// Writes the file beside its place, syncs it, and gives it its name.
    ///
    /// # Errors
    /// When the system refuses, or the file has come to be there meanwhile; whatever was there is whole, and nothing is
    /// left beside it.
    pub fn write(&self, contents: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), OutputError> {
        let refused = |error| OutputError::Io(self.shown.clone(), error);
        let mut name = std::ffi::OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(format!(".{}.partial", process::id()));
        let beside = self.path.with_file_name(name);
        let mut out = BufWriter::new(File::create_new(&beside).map_err(refused)?);
        let written = contents(&mut out).and_then(|()| out.flush()).and_then(|()| out.get_ref().sync_all());
        drop(out);
        let placed = written.map_err(refused).and_then(|()| {
            if !self.replaces && fs::symlink_metadata(&self.path).is_ok() {
                return Err(OutputError::Exists(self.shown.clone()));
            }
            fs::rename(&beside, &self.path).map_err(refused)
        });
        if placed.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(&beside);
        }
        placed
    }
}

/// Whether a path leads to the same file, through links of either kind.
#[cfg(unix)]
fn is_same_file(path: &Path, file: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).is_ok_and(|other| (other.dev(), other.ino()) == (file.dev(), file.ino()))
}

/// Elsewhere the system does not say which file is behind a hard link.
#[cfg(not(unix))]
fn is_same_file(_: &Path, _: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn write(path: &Path, force: bool, text: &str) -> Result<(), OutputError> {
        OutputFile::check(path, force, &[])?.write(|out| out.write_all(text.as_bytes()))
    }

    #[test]
    fn what_is_there_is_replaced_only_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write(&path, false, "old").unwrap();
        let error = write(&path, false, "new").unwrap_err().to_string();
        assert!(error.ends_with("a.csv exists; --force replaces it"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        write(&path, true, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn what_is_read_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, "old").unwrap();
        for input in [path.clone(), folder.path().join("./a.csv"), folder.path().into()] {
            let error = OutputFile::check(&path, true, &[input]).unwrap_err().to_string();
            assert!(error.ends_with("a.csv is what is read; give another file"), "{error}");
        }
        OutputFile::check(&folder.path().join("b.csv"), false, &[path]).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_is_read_is_known_by_any_link() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.csv"), "old").unwrap();
        fs::hard_link(at("a.csv"), at("hard.csv")).unwrap();
        std::os::unix::fs::symlink(at("hard.csv"), at("soft.csv")).unwrap();
        for (out, input) in [("hard.csv", "a.csv"), ("a.csv", "soft.csv"), ("soft.csv", "a.csv")] {
            let refused = OutputFile::check(&at(out), true, &[at(input)]);
            assert!(matches!(refused, Err(OutputError::Input(_))), "{out} over {input}: {refused:?}");
        }
        fs::write(at("b.csv"), "old").unwrap();
        OutputFile::check(&at("b.csv"), true, &[at("a.csv")]).unwrap();
    }

    #[test]
    fn a_file_that_needs_a_new_name_gets_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("x-2.svg")).unwrap();
        for (content, name) in [("first", "x.svg"), ("second", "x-3.svg"), ("third", "x-4.svg")] {
            assert_eq!(OutputFile::write_numbered(&at("x.svg"), content.as_bytes()).unwrap(), at(name));
            assert_eq!(fs::read_to_string(at(name)).unwrap(), content);
        }
        let error = OutputFile::write_numbered(&at("none/x.svg"), b"").unwrap_err().to_string();
        assert!(error.starts_with("can't write ") && error.contains("none/x.svg"), "{error}");
    }

    #[test]
    fn a_file_that_fails_half_way_is_not_there_and_the_old_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, "old").unwrap();
        let output = OutputFile::check(&path, true, &[]).unwrap();
        let half = |out: &mut BufWriter<File>| {
            out.write_all(b"half")?;
            out.flush()?;
            Err(io::ErrorKind::StorageFull.into())
        };
        let error = output.write(half).unwrap_err();
        assert!(matches!(&error, OutputError::Io(path, _) if path.ends_with("a.csv")), "{error}");
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(folder.path()).len()), ("old", 1));
    }

    #[test]
    fn a_file_that_comes_to_be_there_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let output = OutputFile::check(&path, false, &[]).unwrap();
        fs::write(&path, "theirs").unwrap();
        assert!(matches!(output.write(|_| Ok(())), Err(OutputError::Exists(_))));
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(folder.path()).len()), ("theirs", 1));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_even_by_force_and_links_stay_links() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), rustix::fs::Mode::RUSR).unwrap();
        for path in [at("pipe"), folder.path().to_path_buf(), "/dev/null".into()] {
            assert!(
                matches!(OutputFile::check(&path, true, &[]), Err(OutputError::NotAFile(..))),
                "{}",
                path.display()
            );
        }
        symlink(at("nowhere"), at("dangling")).unwrap();
        assert!(matches!(OutputFile::check(&at("dangling"), true, &[]), Err(OutputError::Io(..))));
        fs::write(at("real"), "old").unwrap();
        symlink(at("real"), at("link")).unwrap();
        assert!(matches!(OutputFile::check(&at("link"), false, &[]), Err(OutputError::Exists(_))));
        write(&at("link"), true, "new").unwrap();
        assert_eq!(fs::read_to_string(at("real")).unwrap(), "new");
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        let error = OutputFile::check(&at("none/a.csv"), false, &[]).unwrap_err().to_string();
        assert!(error.starts_with("can't write ") && error.contains("none/a.csv: "), "{error}");
    }
}
