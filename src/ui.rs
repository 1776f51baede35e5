//! How the dashboard looks: the terminal, the event loop, the theme, the screens and what they are made of.

pub mod terminal;
pub mod theme;
