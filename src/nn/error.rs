//! What can be wrong with the description of a network.

use std::fmt;

/// Why a network could not be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    /// The layer at fault, from 0; `None` when it is none of them, as for a network without layers.
    pub layer: Option<usize>,
    message: String,
    remedy: Option<String>,
}

impl BuildError {
    pub(super) fn new(layer: Option<usize>, message: impl Into<String>) -> Self {
        Self { layer, message: message.into(), remedy: None }
    }

    pub(super) fn with_remedy(self, remedy: String) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    /// What to add to the command line to mend it, where that is known.
    pub fn remedy(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// What is wrong, without the layer's number.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Some(layer) => write!(f, "layer {layer}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for BuildError {}

/// Why a layer or an initialisation could not be read from text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(pub(super) String);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseError {}
