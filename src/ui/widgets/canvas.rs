//! Dots finer than cells: two a cell across and four down, in braille, in layers of which the topmost shows.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

/// Dots of a cell across.
pub const DOTS_ACROSS: usize = 2;
/// Dots of a cell down.
pub const DOTS_DOWN: usize = 4;

/// Bit of each dot in a braille pattern, by column and row (Unicode chapter 21.1).
pub(super) const DOT_BITS: [[u8; DOTS_DOWN]; DOTS_ACROSS] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// The dot nearest to a place that is not negative; what `round` gives, without a call of the mathematical library.
pub fn nearest_dot(place: f64) -> usize {
    (place + 0.5) as usize
}

/// Dots over an area of cells.
pub struct Canvas {
    width: usize,
    height: usize,
    cells: Vec<CellDots>,
    layer: u8,
    /// Where lines have gaps.
    dashes: Option<Dashes>,
}

/// Lines with gaps: from `start` on, only the first `length` of every `period` columns of dots are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dashes {
    /// Columns of a dash.
    pub length: usize,
    /// Columns from one dash to the next.
    pub period: usize,
    /// Column in which a dash begins.
    pub start: usize,
}

impl Dashes {
    /// Whether a column has a gap.
    pub fn skip(self, x: usize) -> bool {
        let phase = x.checked_rem(self.period).zip(self.start.checked_rem(self.period));
        phase.is_some_and(|(x, start)| (x + self.period - start) % self.period >= self.length)
    }
}

#[derive(Clone, Copy, Default)]
struct CellDots {
    bits: u8,
    layer: u8,
}

/// How the dots of one layer look.
#[derive(Clone, Copy, Debug)]
pub struct LayerInk {
    /// Colour and weight.
    pub style: Style,
    /// What stands for dots where there is no braille.
    pub ascii: &'static str,
}

impl Canvas {
    /// An empty canvas over `width` × `height` cells.
    pub fn new(width: u16, height: u16) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        Self { width, height, cells: vec![CellDots::default(); width * height], layer: 0, dashes: None }
    }

    /// Dots across.
    pub fn width(&self) -> usize {
        self.width * DOTS_ACROSS
    }

    /// Rows of cells.
    pub fn rows(&self) -> u16 {
        self.height as u16
    }

    /// Dots down.
    pub fn height(&self) -> usize {
        self.height * DOTS_DOWN
    }

    /// Puts what follows above everything so far, hiding it in the cells that it touches.
    pub fn next_layer(&mut self) {
        self.layer += 1;
    }

    /// Draws lines with gaps from now on, or whole ones.
    pub fn set_dashes(&mut self, dashes: Option<Dashes>) {
        self.dashes = dashes;
    }

    /// Sets the dots of column `x` from row `from` to row `to`, in either order.
    pub fn draw_vertical(&mut self, x: usize, from: usize, to: usize) {
        let in_gap = self.dashes.is_some_and(|dashes| dashes.skip(x));
        if x >= self.width() || self.height == 0 || in_gap {
            return;
        }
        let (from, to) = (from.min(to), from.max(to).min(self.height() - 1));
        for row in from / DOTS_DOWN..=to / DOTS_DOWN {
            let dots = from.max(row * DOTS_DOWN) % DOTS_DOWN..=to.min(row * DOTS_DOWN + DOTS_DOWN - 1) % DOTS_DOWN;
            let bits = DOT_BITS[x % DOTS_ACROSS][dots].iter().fold(0, |bits, bit| bits | bit);
            self.add_cell_dots(row * self.width + x / DOTS_ACROSS, bits);
        }
    }

    /// Adds dots to cell number `cell`.
    fn add_cell_dots(&mut self, cell: usize, bits: u8) {
        let cell = &mut self.cells[cell];
        if cell.layer != self.layer {
            *cell = CellDots { bits: 0, layer: self.layer };
        }
        cell.bits |= bits;
    }

    /// A straight line between two dots, the same from either end.
    pub fn draw_line(&mut self, from: (usize, usize), to: (usize, usize)) {
        let (from, to) = (from.min(to), from.max(to));
        let (across, down) = ((to.0 - from.0) as f64, to.1 as f64 - from.1 as f64);
        let steps = across.max(down.abs()).max(1.0);
        let y = |step: f64| nearest_dot(from.1 as f64 + down * (step / steps));
        let mut start = 0.0;
        for column in 0..=to.0 - from.0 {
            // Those of a steep line's dots that are nearer to this column than to the next.
            let end = if across == 0.0 { steps } else { ((column as f64 + 0.5) * steps / across).ceil() - 1.0 };
            let end = end.min(steps);
            self.draw_vertical(from.0 + column, y(start), y(end));
            start = end + 1.0;
        }
    }

    /// A straight line between two columns, of which the rows need not be among those that there are; what is outside is
    /// left out.
    pub fn draw_line_clipped(&mut self, from: (usize, f64), to: (usize, f64)) {
        let (from, to) = if from.0 <= to.0 { (from, to) } else { (to, from) };
        let slope = (to.1 - from.1) / ((to.0 - from.0) as f64).max(1.0);
        let (least, most) = (from.1.min(to.1), from.1.max(to.1));
        // Of a steep line the rows on the way through half a column to either side.
        let reach = if slope.abs() > 1.0 { 0.5 } else { 0.0 };
        let last = self.height() as f64 - 1.0;
        for x in from.0..=to.0 {
            let row = |x: f64| (from.1 + slope * (x - from.0 as f64)).clamp(least, most);
            let (a, b) = (row(x as f64 - reach), row(x as f64 + reach));
            let (top, low) = (a.min(b), a.max(b));
            if low > -0.5 && top < last + 0.5 {
                self.draw_vertical(x, nearest_dot(top.max(0.0)), nearest_dot(low.min(last)));
            }
        }
    }

    /// Draws the cells that have dots; `inks` has one entry a layer.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, inks: &[LayerInk], braille: bool) {
        let visible = area.intersection(buffer.area);
        for (i, cell) in self.cells.iter().enumerate().filter(|(_, cell)| cell.bits != 0) {
            let (x, y) = (area.x + (i % self.width) as u16, area.y + (i / self.width) as u16);
            let Some(ink) = inks.get(usize::from(cell.layer)) else { continue };
            if !visible.contains((x, y).into()) {
                continue;
            }
            let target = &mut buffer[(x, y)];
            target.reset();
            target.set_style(ink.style);
            if braille {
                target.set_char(char::from_u32(0x2800 + u32::from(cell.bits)).unwrap_or(' '));
            } else {
                target.set_symbol(ink.ascii);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(canvas: &Canvas, braille: bool) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, canvas.width as u16, canvas.height as u16));
        let area = buffer.area;
        let inks = [".", "*"].map(|ascii| LayerInk { style: Style::new(), ascii });
        canvas.draw(&mut buffer, area, &inks, braille);
        buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn dots_become_braille_or_ascii() {
        let mut canvas = Canvas::new(2, 1);
        canvas.draw_vertical(0, 3, 0);
        canvas.draw_vertical(3, 3, 3);
        canvas.draw_vertical(99, 99, 99);
        assert_eq!(drawn(&canvas, true), "⡇⢀");
        assert_eq!(drawn(&canvas, false), "..");
    }

    #[test]
    fn a_layer_hides_those_below_in_its_cells_only() {
        let mut canvas = Canvas::new(2, 1);
        canvas.draw_line((0, 0), (3, 0));
        canvas.next_layer();
        canvas.draw_vertical(0, 3, 3);
        assert_eq!(drawn(&canvas, true), "⡀⠉");
        assert_eq!(drawn(&canvas, false), "*.");
    }

    /// A line is drawn a column at a time; dot by dot it is the same one.
    #[test]
    fn a_line_has_one_dot_a_step() {
        for (x0, y0, x1, y1) in (0..7 * 7 * 7 * 7).map(|i| (i % 7, i / 7 % 7, i / 49 % 7, i / 343)) {
            let (mut fast, mut back, mut slow) = (Canvas::new(4, 2), Canvas::new(4, 2), Canvas::new(4, 2));
            fast.draw_line((x0, y0), (x1, y1));
            back.draw_line((x1, y1), (x0, y0));
            assert_eq!(drawn(&fast, true), drawn(&back, true));
            let ((x0, y0), (x1, y1)) = ((x0, y0).min((x1, y1)), (x0, y0).max((x1, y1)));
            let steps = x0.abs_diff(x1).max(y0.abs_diff(y1)).max(1);
            for i in 0..=steps {
                let between = |from: usize, to: usize| {
                    nearest_dot(from as f64 + (to as f64 - from as f64) * (i as f64 / steps as f64))
                };
                let y = between(y0, y1);
                slow.draw_vertical(between(x0, x1), y, y);
            }
            assert_eq!(drawn(&fast, true), drawn(&slow, true), "from ({x0}, {y0}) to ({x1}, {y1})");
        }
    }

    #[test]
    fn no_area_no_dots() {
        let mut canvas = Canvas::new(0, 0);
        canvas.draw_line((0, 0), (5, 5));
        canvas.draw_vertical(0, 0, 9);
        assert_eq!(drawn(&canvas, true), "");
    }
}
