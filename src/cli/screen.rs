//! What standard output has room for: its columns, and lines broken between words where they are longer.

use std::io::{self, IsTerminal, Stdout, Write};

use gradtop::text::columns;

/// Columns where the terminal does not say, or where the output goes elsewhere.
const DEFAULT_COLUMNS: usize = 80;

/// Whether the output could not be written because its reader has left.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}

/// The same output as a success if only its reader has left, for a command that has more to do than to print, or whose
/// exit status says something.
pub fn without_closed_pipe(printed: io::Result<()>) -> io::Result<()> {
    printed.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Columns that lines are laid out for.
pub fn output_columns() -> usize {
    terminal_columns().unwrap_or(DEFAULT_COLUMNS).max(20)
}

#[cfg(unix)]
fn terminal_columns() -> Option<usize> {
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn terminal_columns() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

/// Standard output for lines for people: on a terminal, those that are longer than it is wide go on below, under the
/// text that they began with.
pub fn stdout_for_people() -> FittedLines<Stdout> {
    let width = if io::stdout().is_terminal() { output_columns() } else { usize::MAX };
    FittedLines { out: io::stdout(), width, line: Vec::new() }
}

/// Lines that are broken between words where they would be longer than a width.
pub struct FittedLines<W: Write> {
    out: W,
    width: usize,
    /// What was written of a line that has not ended yet.
    line: Vec<u8>,
}

impl<W: Write> Write for FittedLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.line.push(*byte);
            if *byte == b'\n' {
                self.write_line()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.line.is_empty() {
            self.write_line()?;
        }
        self.out.flush()
    }
}

impl<W: Write> FittedLines<W> {
    fn write_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        match std::str::from_utf8(&line) {
            // What has escape sequences is a picture, and was made to fit.
            Ok(text) if columns(text.trim_end()) > self.width && !text.contains('\u{1b}') => {
                let end = if text.ends_with('\n') { "\n" } else { "" };
                self.out.write_all(break_line(text.trim_end(), self.width).join("\n").as_bytes())?;
                self.out.write_all(end.as_bytes())
            }
            _ => self.out.write_all(&line),
        }
    }
}

/// Breaks a line between words; it goes on where the text after its first word, or its first gap, begins. A word that
/// is longer than a line stays whole, so that it can be copied, and so do the settings of a configuration; its comments
/// stay comments.
fn break_line(line: &str, width: usize) -> Vec<String> {
    if !line.starts_with('#') && line.contains(" = ") {
        return vec![line.to_owned()];
    }
    let indent = continuation_column(line).min(width / 3);
    let mut lines = Vec::new();
    let mut now = String::new();
    // Gaps inside of a line are kept: they make its columns.
    for word in line.split_inclusive(' ') {
        if columns(&now) + columns(word.trim_end()) > width && now.trim() != "" {
            lines.push(now.trim_end().to_owned());
            now = if line.starts_with("# ") { "# ".into() } else { " ".repeat(indent) };
            now.push_str(word.trim_start());
        } else {
            now.push_str(word);
        }
    }
    lines.push(now.trim_end().to_owned());
    lines
}

/// Column at which a line that was broken goes on.
fn continuation_column(line: &str) -> usize {
    let start = columns(line) - columns(line.trim_start());
    let text = line.trim_start();
    match text.find("  ") {
        Some(gap) => columns(line) - columns(text[gap..].trim_start()),
        None if text.starts_with(['*', '!']) => start + 2,
        None => start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(text: &str, width: usize) -> String {
        let mut out = FittedLines { out: Vec::new(), width, line: Vec::new() };
        out.write_all(text.as_bytes()).unwrap();
        out.flush().unwrap();
        String::from_utf8(out.out).unwrap()
    }

    #[test]
    fn long_lines_go_on_under_their_text() {
        assert_eq!(fitted("network    linear 128 · relu\n", 24), "network    linear 128 ·\n        relu\n");
        assert_eq!(fitted("network    linear 128 · relu\n", 36), "network    linear 128 · relu\n");
        assert_eq!(fitted("! step 12: it is broken; stop it\n", 16), "! step 12: it is\n  broken; stop\n  it\n");
        assert_eq!(fitted("short\n\nand the end of it", 80), "short\n\nand the end of it");
    }

    #[test]
    fn columns_inside_of_a_line_and_long_words_stay() {
        assert_eq!(fitted("a    1    2\n", 80), "a    1    2\n");
        let hash = "ab".repeat(32);
        assert_eq!(
            fitted(&format!("weights    sha256 {hash}\n"), 80),
            format!("weights    sha256\n           {hash}\n")
        );
        assert_eq!(fitted(&format!("{hash}\n"), 20), format!("{hash}\n"));
    }

    #[test]
    fn no_line_is_longer_than_the_width_unless_one_word_is() {
        let words: Vec<String> = (0..60).map(|i| "x".repeat(i * 7 % 17)).collect();
        for width in 20..90 {
            let text = fitted(&format!("label      {}\n", words.join(" ")), width);
            assert!(text.lines().all(|line| columns(line) <= width.max(24)), "{width}:\n{text}");
            assert_eq!(text.split_whitespace().count(), words.iter().filter(|word| !word.is_empty()).count() + 1);
        }
    }

    #[test]
    fn a_configuration_stays_one() {
        let text = "# Seed of the run. Valid: a number.\nlayers = \"linear 64, relu, linear 10\"\n";
        let broken = "# Seed of the run.\n# Valid: a number.\nlayers = \"linear 64, relu, linear 10\"\n";
        assert_eq!(fitted(text, 20), broken);
    }

    #[test]
    fn pictures_are_left_alone() {
        let picture = format!("\u{1b}[38;5;1m{}\u{1b}[0m\n", "▀ ".repeat(50));
        assert_eq!(fitted(&picture, 20), picture);
    }
}
