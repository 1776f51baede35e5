//! Gradient check.
