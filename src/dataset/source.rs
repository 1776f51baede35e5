//! Where data comes from, as one writes it down.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;

use super::Toy;
use crate::text::harmless_name;

/// Where data comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The balanced part of Fashion-MNIST inside the program: 10,000 training and 2,000 test images.
    #[default]
    FashionMnist,
    /// A toy problem in two dimensions.
    Toy(Toy),
    /// A file or folder in one of the formats that are known; which one shows when it is opened.
    Path(PathBuf),
}

impl Source {
    /// The word for the built-in data.
    pub const FASHION_MNIST: &'static str = "fashion-mnist";

    /// Every word that is not a path.
    pub fn built_in_words() -> impl Iterator<Item = &'static str> {
        std::iter::once(Self::FASHION_MNIST).chain(Toy::ALL.into_iter().map(Toy::name))
    }

    /// The source that `text` means: one of the [`words`](Self::built_in_words), or else a path.
    pub fn parse(text: &str) -> Self {
        if text == Self::FASHION_MNIST {
            return Self::FashionMnist;
        }
        match Toy::ALL.into_iter().find(|toy| toy.name() == text) {
            Some(toy) => Self::Toy(toy),
            None => Self::Path(text.into()),
        }
    }

    /// The source that an argument means, as [`parse`](Self::parse) has it; a path need not be UTF-8.
    pub fn from_argument(argument: &OsStr) -> Self {
        argument.to_str().map_or_else(|| Self::Path(argument.into()), Self::parse)
    }

    /// Name of its data, harmless to show: the word, or the file's or folder's own name.
    pub fn name(&self) -> String {
        match self {
            Self::FashionMnist => Self::FASHION_MNIST.into(),
            Self::Toy(toy) => toy.name().into(),
            Self::Path(path) => harmless_name(path.file_name().unwrap_or(path.as_os_str())),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FashionMnist => f.write_str(Self::FASHION_MNIST),
            Self::Toy(toy) => f.write_str(toy.name()),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_words_or_paths() {
        assert_eq!(Source::parse("fashion-mnist"), Source::FashionMnist);
        assert_eq!(Source::parse("./fashion-mnist"), Source::Path("./fashion-mnist".into()));
        assert_eq!(Source::parse("moons"), Source::Toy(Toy::Moons));
        for text in Source::built_in_words().chain(["/data/full", "Moons"]) {
            assert_eq!(Source::parse(text).to_string(), text);
        }
    }
}
