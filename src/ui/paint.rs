//! Text on a row of cells, cut to the room there is. Nothing here can write outside its area.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

pub use crate::text::{cut, number_within as number, wrap};

use crate::text::{columns, is_plain};

/// One row that is filled from the left and from the right until both meet.
pub struct Row<'a> {
    buffer: &'a mut Buffer,
    y: u16,
    left: u16,
    right: u16,
    ellipsis: &'static str,
}

impl<'a> Row<'a> {
    /// Row number `index` of `area`; a row of no width where there is none.
    pub fn new(buffer: &'a mut Buffer, area: Rect, index: u16) -> Self {
        let inside = area.intersection(buffer.area);
        let y = area.y.saturating_add(index);
        let exists = y >= inside.y && y < inside.bottom();
        let (left, right) = if exists { (inside.x, inside.right()) } else { (inside.x, inside.x) };
        Self { buffer, y, left, right, ellipsis: "…" }
    }

    /// Ends cut text with something else than `…`.
    #[must_use]
    pub fn with_ellipsis(mut self, ellipsis: &'static str) -> Self {
        self.ellipsis = ellipsis;
        self
    }

    /// Columns that are still free.
    pub fn free(&self) -> u16 {
        self.right - self.left
    }

    /// Column where the next text from the left begins.
    pub fn position(&self) -> u16 {
        self.left
    }

    /// Leaves `columns` free.
    pub fn skip(&mut self, columns: u16) -> &mut Self {
        self.left = self.left.saturating_add(columns).min(self.right);
        self
    }

    /// Leaves columns free up to `column`, counted from the start of the buffer.
    pub fn skip_to(&mut self, column: u16) -> &mut Self {
        self.left = column.clamp(self.left, self.right);
        self
    }

    /// Leaves `columns` free at the right.
    pub fn reserve_right(&mut self, columns: u16) -> &mut Self {
        self.right = self.right.saturating_sub(columns).max(self.left);
        self
    }

    /// Writes from the left; what doesn't fit is cut.
    pub fn put(&mut self, text: &str, style: impl Into<Style>) -> &mut Self {
        let text = cut(text, self.free(), self.ellipsis);
        if self.free() > 0 {
            self.left = write(self.buffer, (self.left, self.y), &text, self.free(), style.into()).min(self.right);
        }
        self
    }

    /// Writes several pieces from the left if all of them fit together.
    pub fn put_all(&mut self, pieces: &[(&str, Style)]) -> bool {
        let width: usize = pieces.iter().map(|(text, _)| columns(text)).sum();
        let fits = width <= usize::from(self.free());
        if fits {
            for (text, style) in pieces {
                self.put(text, *style);
            }
        }
        fits
    }

    /// Writes `text` at the right end of `width` columns, as numbers are.
    pub fn put_right_aligned(&mut self, text: &str, width: u16, style: impl Into<Style>) -> &mut Self {
        let free = width.saturating_sub(columns(text).min(usize::from(u16::MAX)) as u16);
        let end = self.left.saturating_add(width).min(self.right);
        self.skip(free);
        let keep = self.right;
        self.right = end.max(self.left);
        self.put(text, style);
        self.left = end;
        self.right = keep;
        self
    }

    /// Writes `text` at the left end of `width` columns and cuts it there.
    pub fn put_left_aligned(&mut self, text: &str, width: u16, style: impl Into<Style>) -> &mut Self {
        let end = self.left.saturating_add(width).min(self.right);
        let keep = self.right;
        self.right = end;
        self.put(text, style);
        self.left = end;
        self.right = keep;
        self
    }

    /// Writes at the right end if all of it fits, and says whether it did.
    pub fn put_right(&mut self, text: &str, style: impl Into<Style>) -> bool {
        let width = columns(text);
        let fits = width <= usize::from(self.free());
        if fits && width > 0 {
            self.right -= width as u16;
            write(self.buffer, (self.right, self.y), text, width as u16, style.into());
        }
        fits
    }

    /// The cells that [`Row::put_right`] filled last with `text`, to be written again in several styles.
    pub fn right_text_row(&mut self, text: &str) -> Row<'_> {
        let (left, y, ellipsis) = (self.right, self.y, self.ellipsis);
        Row { buffer: self.buffer, y, left, right: left + columns(text) as u16, ellipsis }
    }

    /// Fills what is free with a symbol one column wide.
    pub fn fill(&mut self, symbol: &str, style: impl Into<Style>) {
        let style = style.into();
        for x in self.left..self.right {
            self.buffer[(x, self.y)].set_symbol(symbol).set_style(style);
        }
        self.left = self.right;
    }
}

/// Writes at most `width` columns of `text` and returns the column after them.
fn write(buffer: &mut Buffer, (x, y): (u16, u16), text: &str, width: u16, style: Style) -> u16 {
    if !is_plain(text) {
        return buffer.set_stringn(x, y, text, width.into(), style).0;
    }
    let places = x..buffer.area.right().min(x.saturating_add(width));
    let mut end = x;
    for (x, char) in places.zip(text.chars()) {
        buffer[(x, y)].set_char(char).set_style(style);
        end = x + 1;
    }
    end
}

/// Columns of the widest note: longer lines are hard to read.
const MAX_NOTE_COLUMNS: u16 = 64;

/// Says in the middle of an empty place what will fill it, or why nothing will.
pub fn draw_note(buffer: &mut Buffer, area: Rect, text: &str, style: Style) {
    let lines = wrap(text, area.width.min(MAX_NOTE_COLUMNS));
    let first = area.height.saturating_sub(lines.len() as u16) / 2;
    for (y, line) in (first..).zip(&lines) {
        let mut row = Row::new(buffer, area, y);
        let free = row.free().saturating_sub(columns(line) as u16);
        row.skip(free / 2).put(line, style);
    }
}

/// The rectangle of at most `width` × `height` in the middle of `area`.
pub fn centered(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(buffer: &Buffer) -> String {
        buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn left_and_right_meet_without_overlap() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        let mut row = Row::new(&mut buffer, Rect::new(0, 0, 12, 1), 0);
        assert!(row.put_right("right", Style::new()));
        row.put("a long text", Style::new());
        assert_eq!(text(&buffer), "a long…right");
    }

    #[test]
    fn rows_outside_are_harmless() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 2));
        for (area, index) in [(Rect::new(0, 0, 9, 9), 5), (Rect::new(7, 0, 3, 1), 0), (Rect::new(0, 0, 0, 0), 0)] {
            let mut row = Row::new(&mut buffer, area, index);
            row.put("text", Style::new()).put_right_aligned("12", 5, Style::new()).fill("x", Style::new());
        }
        assert_eq!(text(&buffer), "      ");
    }

    #[test]
    fn numbers_stand_flush() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 1));
        let area = buffer.area;
        Row::new(&mut buffer, area, 0).put_right_aligned("1.5", 5, Style::new()).put("|", Style::new());
        assert_eq!(text(&buffer), "  1.5|    ");
    }
}
