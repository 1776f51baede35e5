//! From the app's state to the bytes of a frame.
//!
//! Own work rather than ratatui's `Terminal`, which asks the terminal where its cursor is whenever the screen is
//! cleared, and so waits for an answer that the thread that reads input would get.

use std::io;

use crossterm::{
    queue,
    terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate},
};
use ratatui::{
    backend::{Backend, CrosstermBackend},
    buffer::Buffer,
    layout::Rect,
};

use super::{
    graphics::{CellSize, Graphics, PictureProtocol},
    screens, svg,
    theme::Theme,
};
use crate::app::App;

/// What the terminal shows, and what it is to show next.
pub struct FrameRenderer {
    theme: Theme,
    shown: Buffer,
    next: Buffer,
    graphics: Graphics,
    /// Whether the terminal may show something else than `shown`.
    stale: bool,
    /// Frames drawn so far.
    count: u64,
    panic_at: Option<u64>,
}

impl FrameRenderer {
    /// A terminal about which nothing is known yet, with the way in which it gets pictures.
    pub fn new(theme: Theme, pictures: PictureProtocol) -> Self {
        Self {
            theme,
            shown: Buffer::default(),
            next: Buffer::default(),
            graphics: Graphics::new(pictures),
            stale: true,
            count: 0,
            panic_at: injected_panic(),
        }
    }

    /// Draws everything anew the next time.
    pub fn redraw_all(&mut self) {
        self.stale = true;
    }

    /// Takes note of the size of a cell in pixels; true if everything must be drawn anew for it.
    pub fn resize(&mut self, cell: Option<CellSize>) -> bool {
        let changed = self.graphics.resize(cell);
        self.stale |= changed;
        changed
    }

    /// The bytes that bring the terminal from what it shows to `app`; `None` if it shows that already.
    ///
    /// # Errors
    /// None in practice, since the bytes go to memory.
    ///
    /// # Panics
    /// Where a debug build is told to.
    pub fn draw(&mut self, app: &App) -> io::Result<Option<Vec<u8>>> {
        let (columns, rows) = app.size();
        let area = Rect::new(0, 0, columns, rows);
        if self.next.area != area {
            self.next.resize(area);
            self.stale = true;
        }
        self.next.reset();
        self.count += 1;
        assert!(self.panic_at != Some(self.count), "injected at frame {}", self.count);
        screens::draw(app, self.theme, &mut self.next);
        let mut bytes = Vec::new();
        queue!(bytes, BeginSynchronizedUpdate)?;
        if self.stale {
            self.shown = Buffer::empty(area);
            queue!(bytes, Clear(ClearType::All))?;
            self.graphics.delete_pictures(&mut bytes);
        }
        let pictures = if self.graphics.can_show_pictures() { screens::pictures(app, area) } else { Vec::new() };
        self.graphics.mark_uncovered_cells(&pictures, &mut self.shown);
        let changes = self.shown.diff(&self.next);
        let overlay = self.graphics.show(pictures, &changes, self.theme)?;
        if changes.is_empty() && overlay.is_empty() && !self.stale {
            return Ok(None);
        }
        CrosstermBackend::new(&mut bytes).draw(changes.into_iter())?;
        bytes.extend(overlay);
        queue!(bytes, EndSynchronizedUpdate)?;
        std::mem::swap(&mut self.shown, &mut self.next);
        self.stale = false;
        Ok(Some(bytes))
    }

    /// The screen of `app` as an SVG document.
    pub fn render_svg(&self, app: &App) -> String {
        let (columns, rows) = app.size();
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        screens::draw(app, self.theme, &mut buffer);
        svg::document(&buffer, self.theme)
    }
}

/// Frame at which a debug build is told to panic, so that a test can see what a person would see.
fn injected_panic() -> Option<u64> {
    if cfg!(debug_assertions) { std::env::var("GRADTOP_PANIC_AT_FRAME").ok()?.parse().ok() } else { None }
}
