//! Opening files that are named by people: regular files only, and never with a wait.

use std::{
    fmt,
    fs::{self, File, FileType, Metadata},
    io,
    path::Path,
};

mod output;

pub use output::{OutputError, OutputFile};

/// Why a file could not be opened.
#[derive(Debug)]
pub enum OpenFileError {
    /// The path leads to something else than a regular file: what it is, such as `a folder`.
    NotAFile(&'static str),
    /// The operating system refused.
    Io(io::Error),
}

impl fmt::Display for OpenFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile(kind) => write!(f, "{kind}, not a regular file"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenFileError {}

/// Opens a regular file for reading and gives what the system knows of it.
///
/// What it is shows before it is opened, because opening a device can have effects; and once more on what was opened,
/// which may have taken its place in between. Opening a pipe never waits for a writer.
///
/// # Errors
/// When it is no regular file, or the system refuses.
pub fn open_regular(path: &Path) -> Result<(File, Metadata), OpenFileError> {
    check_kind(&fs::metadata(path).map_err(OpenFileError::Io)?)?;
    let file = open_at_once(path).map_err(OpenFileError::Io)?;
    let metadata = file.metadata().map_err(OpenFileError::Io)?;
    check_kind(&metadata)?;
    Ok((file, metadata))
}

fn check_kind(metadata: &Metadata) -> Result<(), OpenFileError> {
    irregular_kind(metadata.file_type()).map_or(Ok(()), |kind| Err(OpenFileError::NotAFile(kind)))
}

#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// What something is in place of a regular file, for people; `None` for a regular file.
pub fn irregular_kind(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        return None;
    }
    if kind.is_dir() {
        return Some("a folder");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Some("a pipe (FIFO)");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
        if kind.is_char_device() || kind.is_block_device() {
            return Some("a device");
        }
    }
    Some("something special")
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        use super::*;
        use std::os::unix::net::UnixListener;
        let folder = tempfile::tempdir().unwrap();
        let (pipe, socket, file) = (folder.path().join("p"), folder.path().join("s"), folder.path().join("f"));
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        let _listener = UnixListener::bind(&socket).unwrap();
        fs::write(&file, "abc").unwrap();
        let kind = |path: &Path| open_regular(path).unwrap_err().to_string();
        assert_eq!(kind(&pipe), "a pipe (FIFO), not a regular file");
        assert_eq!(kind(&socket), "a socket, not a regular file");
        assert_eq!(kind(folder.path()), "a folder, not a regular file");
        assert_eq!(kind(Path::new("/dev/zero")), "a device, not a regular file");
        // Even one that takes the place of a file after it was looked at.
        assert!(open_at_once(&pipe).is_ok());
        assert_eq!(open_regular(&file).unwrap().1.len(), 3);
    }
}
