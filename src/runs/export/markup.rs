//! The smallest parts of the page.

use std::fmt::Write as _;

use crate::{report::escape_xml, text::harmless};

/// A text from outside as it stands in the page.
pub fn escape(text: &str) -> String {
    escape_xml(&harmless(text))
}

/// The heading of a section.
pub fn push_heading(page: &mut String, text: &str) {
    // Writing to a string can't fail.
    let _ = writeln!(page, "<h2>{text}</h2>");
}
