//! Where everything lies: a pure function of the app and the size, shared by drawing and by the mouse.

use ratatui::layout::Rect;

use super::{screens::banner, widgets::chart};
use crate::app::{App, Panel, Pointer};

/// The smallest window in which the dashboard can be read, in columns and rows.
pub const SMALLEST: (u16, u16) = (60, 18);

/// Rows of what stays the same during a run, its title included.
const FACTS: u16 = 7;

/// From this width on there is a side panel.
const SIDE_FROM: u16 = 108;

/// The places of the Overview. What has no place in the window is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Name, state, progress, rates.
    pub header: Rect,
    /// How the run ended, or why it can't go on.
    pub banner: Rect,
    /// Chart of the loss.
    pub loss: Rect,
    /// Chart of the accuracy.
    pub accuracy: Rect,
    /// Table of the layers.
    pub layers: Rect,
    /// The line between the charts and the side panel.
    pub divider: Rect,
    /// The hyperparameters.
    pub controls: Rect,
    /// The findings.
    pub findings: Rect,
    /// What stays the same during the run.
    pub facts: Rect,
    /// One row for what was requested, noticed or typed wrong.
    pub notice: Rect,
    /// The keys, or the line that is being typed.
    pub footer: Rect,
}

impl Layout {
    /// Divides `area` for what `app` has to show; `None` if the window is too small.
    pub fn of(app: &App, area: Rect) -> Option<Self> {
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            return None;
        }
        let mut layout = Self::default();
        let margin = u16::from(area.width >= 100);
        let mut rest = Rect { x: area.x + margin, width: area.width - 2 * margin, ..area };
        layout.header = take_top(&mut rest, 3);
        layout.footer = take_bottom(&mut rest, 1);
        layout.notice = take_bottom(&mut rest, 1);
        let banner = banner::height(app, rest.width);
        layout.banner = take_top(&mut rest, banner);
        if area.height >= 24 {
            take_top(&mut rest, 1);
        }
        if app.view().expanded {
            *layout.place(app.view().focus()) = rest;
            return Some(layout);
        }
        if area.width >= SIDE_FROM {
            layout.side(app, &mut rest);
        } else {
            layout.fold(&mut rest, area.height);
        }
        layout.main(app, rest);
        Some(layout)
    }

    /// The side panel: hyperparameters above findings.
    fn side(&mut self, app: &App, rest: &mut Rect) {
        let mut side = take_right(rest, if rest.width >= 150 { 44 } else { 34 });
        self.divider = take_right(rest, 3);
        let rows = u16::try_from(app.controls().len()).unwrap_or(u16::MAX).saturating_add(2).max(4);
        let most = side.height / 2;
        self.controls = take_top(&mut side, rows.min(most));
        take_top(&mut side, 1);
        // Two findings come before the facts, and the facts are cut from their end.
        let facts = side.height.saturating_sub(9).min(FACTS);
        if facts >= 4 {
            self.facts = take_bottom(&mut side, facts);
            take_bottom(&mut side, 1);
        }
        self.findings = side;
    }

    /// Without a side panel: one row of hyperparameters and one or two of findings.
    fn fold(&mut self, rest: &mut Rect, height: u16) {
        self.findings = take_bottom(rest, if height >= 24 { 2 } else { 1 });
        self.controls = take_bottom(rest, 1);
    }

    fn main(&mut self, app: &App, mut rest: Rect) {
        let rows = u16::try_from(app.run().layers.rows().len()).unwrap_or(u16::MAX).max(1);
        // The table may have a third of the height, so that the charts stay large; in a small window a little more.
        let most = (rest.height / 3).max(rest.height.saturating_sub(7).min(5));
        let table = rows.saturating_add(1).min(most).max(2);
        self.layers = take_bottom(&mut rest, table);
        if rest.height >= 12 {
            take_bottom(&mut rest, 1);
        }
        if rest.height >= 26 {
            let half = rest.height / 2;
            self.loss = take_top(&mut rest, half);
            take_top(&mut rest, 1);
        } else {
            let half = rest.width / 2;
            self.loss = take_left(&mut rest, half);
            take_left(&mut rest, 1);
        }
        self.accuracy = rest;
    }

    fn place(&mut self, panel: Panel) -> &mut Rect {
        match panel {
            Panel::Loss => &mut self.loss,
            Panel::Accuracy => &mut self.accuracy,
            Panel::Layers => &mut self.layers,
            Panel::Controls => &mut self.controls,
            Panel::Findings => &mut self.findings,
        }
    }

    /// Where a panel lies.
    pub fn panel(&self, panel: Panel) -> Rect {
        Self::place(&mut self.clone(), panel).to_owned()
    }

    /// What a press on the cell `(x, y)` means.
    pub fn press(&self, app: &App, x: u16, y: u16) -> Option<Pointer> {
        let (panel, area) = self.under(app, x, y)?;
        if panel.metric().is_some() {
            let frame = chart::Frame::of(area);
            let fraction = frame.fraction(x);
            let inside = frame.plot.contains((x, y).into());
            return Some(if inside { Pointer::ClickAt { panel, fraction } } else { Pointer::Click { panel } });
        }
        let first = match panel {
            Panel::Layers => first_row(app.view().layer, app.run().layers.rows().len(), layer_rows(app, area)),
            Panel::Controls => first_row(app.view().control, app.controls().len(), list_rows(area)),
            _ => return Some(Pointer::Click { panel }),
        };
        let height = if panel == Panel::Layers { usize::from(layer_height(app, area)) } else { 1 };
        let row = usize::from(y - area.y).checked_sub(1).map(|row| row / height + first);
        Some(row.map_or(Pointer::Click { panel }, |row| Pointer::ClickRow { panel, row }))
    }

    /// What the wheel on the cell `(x, y)` means.
    pub fn wheel(&self, app: &App, x: u16, y: u16, up: bool) -> Option<Pointer> {
        let (panel, area) = self.under(app, x, y)?;
        Some(Pointer::Wheel { panel, fraction: chart::Frame::of(area).fraction(x), up })
    }

    fn under(&self, app: &App, x: u16, y: u16) -> Option<(Panel, Rect)> {
        let panels = app.view().screen.panels().iter().map(|panel| (*panel, self.panel(*panel)));
        panels.into_iter().find(|(_, area)| area.contains((x, y).into()))
    }
}

/// Rows that a list has below its title.
pub fn list_rows(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1))
}

/// Rows of the screen that one layer takes: more than one where the table has the page for itself.
pub fn layer_height(app: &App, area: Rect) -> u16 {
    if !app.view().expanded {
        return 1;
    }
    let layers = u16::try_from(app.run().layers.rows().len()).unwrap_or(u16::MAX).max(1);
    // A heading, the chart and a gap; where the chart would have no row of its own, as many layers as there are rows.
    match (area.height.saturating_sub(1) / layers).min(12) {
        0..=2 => 1,
        height => height,
    }
}

/// How many layers have room below the title.
pub fn layer_rows(app: &App, area: Rect) -> usize {
    list_rows(area) / usize::from(layer_height(app, area))
}

/// First row shown of a list of `count` in `room` rows, so that `selected` is in sight.
pub fn first_row(selected: usize, count: usize, room: usize) -> usize {
    if count <= room || room == 0 {
        return 0;
    }
    selected.saturating_sub(room / 2).min(count - room)
}

fn take_top(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    let taken = Rect { height, ..*rest };
    rest.y += height;
    rest.height -= height;
    taken
}

fn take_bottom(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    rest.height -= height;
    Rect { y: rest.bottom(), height, ..*rest }
}

fn take_left(rest: &mut Rect, width: u16) -> Rect {
    let width = width.min(rest.width);
    let taken = Rect { width, ..*rest };
    rest.x += width;
    rest.width -= width;
    taken
}

fn take_right(rest: &mut Rect, width: u16) -> Rect {
    let width = width.min(rest.width);
    rest.width -= width;
    Rect { x: rest.right(), width, ..*rest }
}
