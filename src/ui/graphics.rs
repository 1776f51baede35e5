//! Sharper pictures over the cells, on terminals that can: what half blocks must shrink is shown with all its points.
//!
//! Half blocks are drawn all the same, so whatever reads the cells (snapshots, the SVG, a terminal that promised too
//! much) sees the picture. Which terminal it is says the environment alone: an answer to a query would look like key
//! presses, and waiting for one would delay the first frame.

mod kitty;
mod pixels;
mod sixel;
#[cfg(test)]
pub(super) mod tests;

use std::io;

use crossterm::{cursor::MoveTo, queue};
use ratatui::{
    buffer::{Buffer, Cell},
    layout::Rect,
    style::Modifier,
};

use self::pixels::Pixels;
use super::{
    theme::{ColorDepth, Theme},
    widgets::picture::CellPicture,
};

pub use self::kitty::DELETE_ALL;

/// How pictures reach the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureProtocol {
    /// In the cells only.
    Blocks,
    /// [kitty's graphics protocol](https://sw.kovidgoyal.net/kitty/graphics-protocol/).
    Kitty,
    /// Sixel graphics, as DEC's VT340 had them.
    Sixel,
}

impl PictureProtocol {
    /// What the environment says about the terminal; `variable` looks a variable up. `chosen`: what the person chose,
    /// if anything; `depth`: how many colours the cells have.
    ///
    /// A terminal with sixteen colours that claims graphics is more likely a wrong claim, so there the person must
    /// choose; one with 256 may have lost `COLORTERM` on the way through SSH. Pictures can't be chosen where no
    /// colours are wanted, or kitty's within a multiplexer, which would take them for the title of a window.
    pub fn detect(chosen: Option<Self>, depth: ColorDepth, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default().to_lowercase();
        let begins = |words: &[&str]| words.iter().any(|word| term.starts_with(word));
        let multiplexed = set("TMUX").or(set("STY")).is_some() || begins(&["tmux", "screen"]);
        let program = set("TERM_PROGRAM").unwrap_or_default().to_lowercase();
        let kitty = term.contains("kitty")
            || term.contains("ghostty")
            || ["ghostty", "wezterm"].contains(&program.as_str())
            || ["KITTY_WINDOW_ID", "KONSOLE_VERSION"].into_iter().any(|name| set(name).is_some());
        let sixel = begins(&["foot", "mlterm", "contour"]) || term.contains("sixel");
        match chosen {
            _ if depth == ColorDepth::None => Self::Blocks,
            Some(Self::Kitty) if multiplexed => Self::Blocks,
            Some(chosen) => chosen,
            None if multiplexed || depth == ColorDepth::Basic => Self::Blocks,
            None if kitty => Self::Kitty,
            None if sixel => Self::Sixel,
            None => Self::Blocks,
        }
    }
}

/// A picture that is sharper than the cells below it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedPicture {
    /// The cells that its shrunk form fills.
    pub area: Rect,
    /// Points of the shrunk form from top to bottom, two a cell; the last may leave half a cell free.
    halves: usize,
    /// All its points.
    picture: CellPicture,
}

impl PlacedPicture {
    /// The place of a picture that is drawn in `room`, if it must shrink there.
    pub fn shrunk_to_area(room: Rect, picture: CellPicture) -> Option<Self> {
        let empty = picture.size().0 == 0 || picture.size().1 == 0;
        if empty || picture.max_zoom(room.width, room.height) > 0 {
            return None;
        }
        let shrunk = picture.fit_into(room.width, room.height);
        let (width, height) = shrunk.cells(1);
        let area = Rect { width, height, ..room };
        (!area.is_empty()).then(|| Self { area, halves: shrunk.size().1, picture })
    }

    /// The picture with all its points.
    pub fn picture(&self) -> &CellPicture {
        &self.picture
    }
}

/// Columns and rows of pixels of a cell.
pub type CellSize = (u16, u16);

/// The size of a cell as the terminal's own description has it, without a query; `None` where that says nothing
/// credible.
pub fn cell_size() -> Option<CellSize> {
    let window = crossterm::terminal::window_size().ok()?;
    cell_size_from((window.width, window.height), (window.columns, window.rows))
}

fn cell_size_from(pixels: (u16, u16), cells: (u16, u16)) -> Option<CellSize> {
    let cell = (pixels.0.checked_div(cells.0)?, pixels.1.checked_div(cells.1)?);
    let credible = (3..=100).contains(&cell.0) && (5..=200).contains(&cell.1);
    credible.then_some(cell)
}

/// The pictures that lie over the terminal's cells.
pub struct Graphics {
    protocol: PictureProtocol,
    cell: Option<CellSize>,
    /// In the order of their slots; a slot keeps its number in the terminal.
    shown: Vec<PlacedPicture>,
}

impl Graphics {
    /// A terminal without pictures.
    pub fn new(protocol: PictureProtocol) -> Self {
        Self { protocol, cell: None, shown: Vec::new() }
    }

    /// Takes note of the size of a cell; true if pictures were made for another one.
    pub fn resize(&mut self, cell: Option<CellSize>) -> bool {
        let changed = self.protocol != PictureProtocol::Blocks && self.cell != cell;
        self.cell = cell;
        changed
    }

    /// Whether pictures can lie over the cells.
    pub fn can_show_pictures(&self) -> bool {
        // Sixels have the size that they have: one that is guessed would cover text.
        !matches!((self.protocol, self.cell), (PictureProtocol::Blocks, _) | (PictureProtocol::Sixel, None))
    }

    /// Removes all pictures with what the terminal was cleared of.
    pub fn delete_pictures(&mut self, bytes: &mut Vec<u8>) {
        self.shown.clear();
        if self.protocol == PictureProtocol::Kitty {
            bytes.extend_from_slice(DELETE_ALL);
        }
    }

    /// Makes the cells in `cells` that a picture hides and that are to be seen differ from anything that is drawn.
    ///
    /// Sixels take the place of what they cover, so these cells must be written again.
    pub fn mark_uncovered_cells(&self, wanted: &[PlacedPicture], cells: &mut Buffer) {
        if self.protocol != PictureProtocol::Sixel {
            return;
        }
        for (slot, placed) in self.shown.iter().enumerate() {
            if wanted.get(slot) != Some(placed) {
                for position in placed.area.intersection(cells.area).positions() {
                    // No cell is drawn with all of these at once.
                    cells[position].modifier = Modifier::all();
                }
            }
        }
    }

    /// The bytes that bring the terminal from the pictures that it shows to the `wanted` ones, after these cells are
    /// written; nothing if it shows them already.
    ///
    /// # Errors
    /// None in practice, since the bytes go to memory.
    pub fn show(
        &mut self,
        wanted: Vec<PlacedPicture>,
        written: &[(u16, u16, &Cell)],
        theme: Theme,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for slot in 0..self.shown.len().max(wanted.len()) {
            let (before, after) = (self.shown.get(slot), wanted.get(slot));
            // Some terminals, WezTerm among them, take a picture away where a cell below it is written.
            let stays = before == after
                && !after.is_some_and(|placed| written.iter().any(|(x, y, _)| placed.area.contains((*x, *y).into())));
            if stays {
                continue;
            }
            if before.is_some() && self.protocol == PictureProtocol::Kitty {
                kitty::delete_picture(&mut bytes, slot)?;
            }
            if let Some(placed) = after {
                queue!(bytes, MoveTo(placed.area.x, placed.area.y))?;
                match self.protocol {
                    PictureProtocol::Blocks => {}
                    PictureProtocol::Kitty => {
                        let size = (placed.area.width, placed.area.height);
                        kitty::place_picture(
                            &mut bytes,
                            slot,
                            size,
                            &Pixels::scaled_by_terminal(placed, theme, self.cell),
                        )?;
                    }
                    PictureProtocol::Sixel => {
                        sixel::draw_sixels(
                            &mut bytes,
                            &Pixels::scaled_to_cells(placed, theme, self.cell.unwrap_or_default()),
                        )?;
                    }
                }
            }
        }
        self.shown = wanted;
        Ok(bytes)
    }
}
