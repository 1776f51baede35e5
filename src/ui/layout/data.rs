//! The places of the Data screen.

use ratatui::layout::Rect;

use super::{take_bottom, take_left, take_top};
use crate::app::{App, DataSubject, Panel, Pointer, TileLayout};

/// Columns for the names of the classes in the confusion matrix, with the mark of the selected one: at least those of
/// the word for the last row.
const NAME_COLUMNS: (u16, u16) = (12, 14);

/// Columns for the share of a true class that was found, the gap before it included.
pub const RECALL_COLUMNS: u16 = 7;

/// Rows below the cells: the precision of each prediction, and a line for each figure of the selected cell.
const ROWS_BELOW: u16 = 4;

/// Where the parts of the screen lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataFrame {
    /// The subjects.
    pub heading: Rect,
    /// What is shown.
    pub body: Rect,
    /// One line on what is seen and what to press.
    pub hint: Rect,
}

impl DataFrame {
    /// Divides `area`.
    pub fn of(area: Rect) -> Self {
        let mut body = area;
        let heading = take_top(&mut body, 1);
        let hint = u16::from(body.height >= 4);
        let hint = take_bottom(&mut body, hint);
        Self { heading, body, hint }
    }
}

/// Where pictures and the large one beside them lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GalleryFrame {
    /// The selected one.
    pub side: Rect,
    /// The others.
    pub tiles: Rect,
    across: usize,
    down: usize,
}

impl GalleryFrame {
    /// Divides `area`.
    pub fn of(tiles: TileLayout, mut area: Rect) -> Self {
        let side = take_left(&mut area, tiles.side);
        Self { side, tiles: area, across: tiles.across, down: tiles.down }
    }

    /// Columns and rows from one picture to the next, the gap after it and the text below included.
    fn tile_step(&self) -> (u16, u16) {
        let part = |length: u16, count: usize| length / u16::try_from(count).unwrap_or(u16::MAX).max(1);
        (part(self.tiles.width, self.across), part(self.tiles.height, self.down))
    }

    /// The place of entry `place` of the page, the text below its picture included.
    pub fn tile_area(&self, place: usize) -> Rect {
        let (width, height) = self.tile_step();
        let at = |place: usize, step: u16| u16::try_from(place).unwrap_or(u16::MAX).saturating_mul(step);
        let (x, y) = (at(place % self.across, width), at(place / self.across, height));
        if place / self.across >= self.down {
            return Rect::default();
        }
        Rect { x: self.tiles.x + x, y: self.tiles.y + y, width: width.saturating_sub(2), height }
    }

    /// The part of a tile that its picture may fill.
    pub fn image_area(&self, place: usize) -> Rect {
        let tile = self.tile_area(place);
        Rect { height: tile.height.saturating_sub(1), ..tile }
    }
}

/// Where the parts of the confusion matrix lie, and which of its classes are in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixFrame {
    /// Names of what was predicted.
    pub heading: Rect,
    /// Names of the true classes.
    pub names: Rect,
    /// The cells.
    pub cells: Rect,
    /// Which share of each true class was found.
    pub recall: Rect,
    /// Which share of each prediction was right, and what the selected cell says.
    pub below: Rect,
    /// The worst confusions; empty where there is no room.
    pub worst: Rect,
    /// First true class and first prediction in sight.
    pub first: (usize, usize),
    /// True classes and predictions in sight.
    pub count: (usize, usize),
    /// Columns and rows of a cell.
    pub cell: (u16, u16),
}

impl MatrixFrame {
    /// Divides `area` for `classes` classes, with the selected true class and prediction in sight.
    pub fn of(area: Rect, classes: usize, (truth, predicted): (usize, usize), names: u16) -> Self {
        let mut rest = area;
        let worst = if area.width >= 100 { 38 } else { 0 };
        let worst = super::take_right(&mut rest, worst);
        let heading = take_top(&mut rest, 1);
        let below = take_bottom(&mut rest, ROWS_BELOW);
        let names = take_left(&mut rest, (names + 2).clamp(NAME_COLUMNS.0, NAME_COLUMNS.1));
        let recall = super::take_right(&mut rest, RECALL_COLUMNS);
        let many = u16::try_from(classes).unwrap_or(u16::MAX).max(1);
        let wide = (rest.width / many).clamp(6, 11);
        let tall = (rest.height / many).clamp(1, 2);
        let room = (usize::from(rest.height / tall), usize::from(rest.width / wide));
        let count = (classes.min(room.0), classes.min(room.1));
        let columns = u16::try_from(count.1).unwrap_or(u16::MAX).saturating_mul(wide);
        let cells = Rect { width: columns.min(rest.width), ..rest };
        let recall = Rect { x: cells.right(), ..recall };
        Self {
            heading: Rect { x: cells.x, width: cells.width, ..heading },
            names,
            cells,
            recall,
            below,
            worst: Rect { x: worst.x + 3.min(worst.width), width: worst.width.saturating_sub(3), ..worst },
            first: (super::first_row(truth, classes, room.0), super::first_row(predicted, classes, room.1)),
            count,
            cell: (wide, tall),
        }
    }
}

/// What a press inside the panel means beyond the panel itself.
pub(super) fn pointer_for_press(app: &App, area: Rect, (x, y): (u16, u16)) -> Option<Pointer> {
    let screen = app.data_screen();
    let (panel, body) = (Panel::Samples, DataFrame::of(area).body);
    match screen.subject() {
        DataSubject::Plane => None,
        DataSubject::Confusion => {
            let classes = screen.confusion_matrix()?.answer.classes.max(1);
            let at = screen.selected_entry();
            let frame = MatrixFrame::of(body, classes, (at / classes, at % classes), class_name_columns(app, classes));
            let inside = frame.cells.contains((x, y).into());
            let row = frame.first.0 + usize::from(y.checked_sub(frame.cells.y)? / frame.cell.1);
            let column = frame.first.1 + usize::from(x.checked_sub(frame.cells.x)? / frame.cell.0);
            (inside && row < classes && column < classes)
                .then_some(Pointer::ClickRow { panel, row: row * classes + column })
        }
        DataSubject::Samples | DataSubject::Mistakes | DataSubject::Weights => {
            let tiles = screen.tile_layout();
            let first = if screen.subject() == DataSubject::Weights {
                screen.filter_pictures()?.first
            } else {
                screen.sample_page()?.first
            };
            let place = if tiles.pictures {
                let gallery = GalleryFrame::of(tiles, body);
                (0..tiles.entries_per_page()).find(|place| gallery.tile_area(*place).contains((x, y).into()))?
            } else {
                // The first row names the columns.
                usize::from(y.checked_sub(body.y + 1)?)
            };
            Some(Pointer::ClickRow { panel, row: first + place })
        }
    }
}

/// Columns of the widest name of a class.
pub fn class_name_columns(app: &App, classes: usize) -> u16 {
    use crate::text::TextWidth;
    (0..classes).map(|class| app.run().class_name(class).width()).max().unwrap_or(0) as u16
}
