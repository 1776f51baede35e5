//! The places of the Layers screen.

use ratatui::layout::Rect;

use super::{Layout, first_row, take_bottom, take_top};
use crate::app::{App, Panel, Pointer, UnitStrips};
use crate::text::TextWidth;

/// Columns for a value at the right of a row, its gap included.
pub const VALUE_COLUMNS: u16 = 10;

/// Most rows of the screen that one layer takes.
const MAX_LAYER_ROWS: u16 = 3;

/// Divides `rest`.
pub(super) fn place_panels(app: &App, mut rest: Rect, layout: &mut Layout) {
    let count = u16::try_from(app.run().layers.rows().len()).unwrap_or(u16::MAX).max(1);
    let gap = u16::from(rest.height >= 24);
    let units = match rest.height {
        0..12 => 0,
        12..20 => 4,
        20..26 => 6,
        26..40 => 8,
        _ => 15,
    };
    layout.set_panel_area(Panel::Units, take_bottom(&mut rest, units));
    take_bottom(&mut rest, gap);
    // Title, axis and labels; the layers get up to half of what the histograms would have.
    let most = (rest.height / 2).max(4);
    let tall = ((most.saturating_sub(3)) / count).clamp(1, MAX_LAYER_ROWS);
    layout.set_panel_area(Panel::Map, take_top(&mut rest, (count.saturating_mul(tall)).saturating_add(3).min(most)));
    take_top(&mut rest, gap);
    layout.set_panel_area(Panel::Values, rest);
}

/// Where the parts of the heat map lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapFrame {
    /// Title and legend.
    pub title: Rect,
    /// Names of the layers, the pointer of the selected one before them.
    pub names: Rect,
    /// The cells.
    pub cells: Rect,
    /// The values at the right.
    pub values: Rect,
    /// The rule of the step axis.
    pub axis: Rect,
    /// Its labels.
    pub labels: Rect,
    /// First layer in sight.
    pub first: usize,
    /// Layers in sight.
    pub count: usize,
    /// Rows of the screen that one layer takes, at least 1.
    pub tall: u16,
}

impl MapFrame {
    /// Divides `area`.
    pub fn of(app: &App, area: Rect) -> Self {
        let rows = app.run().layers.rows();
        let widest = rows.iter().map(|row| row.name.width()).max().unwrap_or(0) as u16;
        let mut rest = area;
        let title = take_top(&mut rest, 1);
        let labels = take_bottom(&mut rest, u16::from(area.height >= 4));
        // Where it is tight, a layer is worth more than a rule.
        let tight = rows.len() > usize::from(rest.height.saturating_sub(1));
        let axis = take_bottom(&mut rest, u16::from(area.height >= 4 && !tight));
        let name = (widest + 3).clamp(9, (area.width / 3).max(9)).min(area.width);
        let value = VALUE_COLUMNS.min(area.width - name);
        let column = |rect: Rect, x: u16, width: u16| Rect { x: rect.x + x, width, ..rect };
        let cells = area.width - name - value;
        let count = u16::try_from(rows.len()).unwrap_or(u16::MAX).max(1);
        let tall = (rest.height / count).clamp(1, if app.view().expanded { 6 } else { MAX_LAYER_ROWS });
        let room = usize::from(rest.height / tall);
        Self {
            title,
            names: column(rest, 0, name),
            cells: column(rest, name, cells),
            values: column(rest, name + cells, value),
            axis: column(axis, name, cells),
            labels: column(labels, name, cells),
            first: first_row(app.view().layers.row, rows.len(), room),
            count: rows.len().min(room),
            tall,
        }
    }
}

/// Columns for the names of the units' figures, and for a number at the right.
const FIGURE_COLUMNS: u16 = 16;

/// Most columns that one unit takes.
const MAX_UNIT_COLUMNS: usize = 12;

/// Where the parts of the units' figures lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitsFrame {
    /// Title and what the numbers at the right are.
    pub title: Rect,
    /// Names of the figures.
    pub names: Rect,
    /// One column or more a unit, or several units a column.
    pub strips: Rect,
    /// Numbers at the right.
    pub values: Rect,
    /// Rows of the screen that one figure takes, at least 1.
    pub tall: u16,
    /// Units.
    units: usize,
}

impl UnitsFrame {
    /// Divides `area` for the figures that there are.
    pub fn of(area: Rect, units: &UnitStrips) -> Self {
        let mut rest = area;
        let title = take_top(&mut rest, 1);
        let names = FIGURE_COLUMNS.min(area.width);
        let values = VALUE_COLUMNS.min(area.width - names);
        let column = |x: u16, width: u16| Rect { x: rest.x + x, width, ..rest };
        let strips = area.width - names - values;
        let figures = u16::try_from(units.strips.len()).unwrap_or(u16::MAX).max(1);
        Self {
            title,
            names: column(0, names),
            strips: column(names, strips),
            values: column(names + strips, values),
            tall: (rest.height / figures).clamp(1, MAX_LAYER_ROWS + 1),
            units: units.unit_count(),
        }
    }

    /// Columns that one unit takes, at least 1.
    fn columns_per_unit(&self) -> usize {
        (usize::from(self.strips.width) / self.units.max(1)).clamp(1, MAX_UNIT_COLUMNS)
    }

    /// The units in column `column` of the strips.
    pub fn units_at(&self, column: usize) -> std::ops::Range<usize> {
        let width = usize::from(self.strips.width).max(1);
        if self.units <= width {
            let unit = column / self.columns_per_unit();
            return unit.min(self.units)..(unit + 1).min(self.units);
        }
        column * self.units / width..((column + 1) * self.units).div_ceil(width).min(self.units)
    }
}

/// Place of column `x` along the step axis of the heat map in `area`.
pub(super) fn step_fraction(app: &App, area: Rect, x: u16) -> f64 {
    let cells = MapFrame::of(app, area).cells;
    ((f64::from(x) - f64::from(cells.x) + 0.5) / f64::from(cells.width.max(1))).clamp(0.0, 1.0)
}

/// What a press inside a panel means beyond the panel itself.
pub(super) fn pointer_for_press(app: &App, panel: Panel, area: Rect, (x, y): (u16, u16)) -> Option<Pointer> {
    if panel == Panel::Units {
        let units = app.layers_screen().unit_strips().ok()?;
        let strips = UnitsFrame::of(area, &units);
        let inside = strips.strips.contains((x, y).into());
        let unit = strips.units_at(usize::from(x.saturating_sub(strips.strips.x))).next()?;
        return inside.then_some(Pointer::ClickRow { panel, row: unit });
    }
    if panel != Panel::Map {
        return None;
    }
    let frame = MapFrame::of(app, area);
    let place = usize::from(y.checked_sub(frame.cells.y)? / frame.tall);
    if place >= frame.count {
        return None;
    }
    let row = frame.first + place;
    Some(if frame.cells.contains((x, y).into()) {
        Pointer::ClickCell { panel, row, fraction: step_fraction(app, area, x) }
    } else {
        Pointer::ClickRow { panel, row }
    })
}
