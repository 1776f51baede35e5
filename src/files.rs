//! Opening files that are named by people: regular files only, and never with a wait.

use std::{
    fmt,
    fs::{self, File, FileType, Metadata},
    io,
    path::Path,
};

use crate::text::{Safe, harmless_name};

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

/// Why `what` can't be written to a file of this name: its ending, as `png` in `x.png`, means another format than
/// `endings`, of which the first is the usual one. A name without an ending means none, nor does an ending without a
/// letter, as in `run-0.5`.
pub fn wrong_ending(path: &Path, what: &str, endings: &[&str]) -> Option<String> {
    let ending = path.extension()?.to_str()?;
    if !ending.chars().any(char::is_alphabetic) || endings.iter().any(|valid| valid.eq_ignore_ascii_case(ending)) {
        return None;
    }
    let shown = |path: &Path| harmless_name(path.as_os_str());
    let valid = endings.iter().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(" or ");
    let better = endings.first().map(|ending| path.with_extension(ending)).unwrap_or_default();
    let (path, better) = (shown(path), shown(&better));
    Some(format!("{path}: {what} can't be written as .{}; valid: {valid}, such as {better}", Safe(ending)))
}

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
    use super::*;

    #[test]
    fn an_ending_that_means_another_format_is_refused() {
        let wrong = |path: &str| wrong_ending(Path::new(path), "the screen", &["svg"]);
        for path in ["x.svg", "x.SVG", "x", "run-0.5", ".hidden", "a.b/x", "/dev/stdout", ""] {
            assert_eq!(wrong(path), None, "{path}");
        }
        assert_eq!(
            wrong("a/x.png").unwrap(),
            "a/x.png: the screen can't be written as .png; valid: .svg, such as a/x.svg"
        );
        for ending in ["jpg", "PDF", "html", "txt", "svgz", "mp4"] {
            assert!(wrong(&format!("x.{ending}")).unwrap().contains(&format!("as .{ending}; valid: .svg")));
        }
        assert!(!wrong("x.p\u{1b}[2Jng").unwrap().contains('\u{1b}'));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
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
