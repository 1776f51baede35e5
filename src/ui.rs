//! How the dashboard looks: the terminal, the event loop, the theme, the screens and what they are made of.
//!
//! Drawing is a pure function of [`crate::app::App`]; nothing here changes the run or the view but through messages.

pub mod attention;
pub mod events;
pub mod frame;
pub mod graphics;
pub mod layout;
pub mod paint;
mod recorded_runs;
pub mod run;
pub mod screens;
pub mod svg;
pub mod terminal;
pub mod theme;
pub mod widgets;

pub use self::{
    attention::AttentionSignal,
    graphics::PictureProtocol,
    recorded_runs::RecordedRuns,
    run::{LeftDashboard, UiSettings, run},
    terminal::{restore_screen, wait_for_foreground},
    theme::{Background, ColorDepth, GlyphSet, Theme},
};

#[cfg(test)]
mod tests;
