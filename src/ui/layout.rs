//! Where everything lies: a pure function of the app and the size, shared by drawing and by the mouse.

pub mod bar;
pub mod data;
pub mod inspect;
pub mod layers;
pub mod overview;
pub mod runs;

use ratatui::layout::Rect;

use super::widgets::chart;
use crate::app::{App, MIN_WINDOW_CELLS, Panel, Pointer, Screen};

/// The places of a screen. What has no place in the window is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Name, state, progress, rates.
    pub header: Rect,
    /// The part of the header that shows the progress.
    pub progress: Rect,
    /// The bar of the screens.
    pub screens: Rect,
    /// How the run ended, or why it can't go on.
    pub banner: Rect,
    /// One row for what was requested, noticed or typed wrong.
    pub notice: Rect,
    /// The keys, or the line that is being typed.
    pub footer: Rect,
    /// The line between the charts of the Overview and its side panel.
    pub divider: Rect,
    /// What stays the same during the run, on the Overview.
    pub facts: Rect,
    /// The panels of the current screen that have a place.
    panels: Vec<(Panel, Rect)>,
}

impl Layout {
    /// Divides `area` for what `app` has to show; `None` if the window is too small.
    pub fn of(app: &App, area: Rect) -> Option<Self> {
        if area.width < MIN_WINDOW_CELLS.0 || area.height < MIN_WINDOW_CELLS.1 {
            return None;
        }
        let mut layout = Self::default();
        let margin = u16::from(area.width >= 100);
        let mut rest = Rect { x: area.x + margin, width: area.width - 2 * margin, ..area };
        layout.header = take_top(&mut rest, 3);
        layout.progress = Rect { y: layout.header.y + 1, height: 1, ..layout.header };
        layout.screens = if area.height >= 24 {
            take_top(&mut rest, 1)
        } else {
            // In a low window the bar shares a row with the progress.
            take_left(&mut layout.progress, bar::MAX_NARROW_BAR_COLUMNS)
        };
        layout.footer = take_bottom(&mut rest, 1);
        layout.notice = take_bottom(&mut rest, 1);
        let banner = app.banner().map_or(0, |banner| banner.lines(rest.width).len() as u16);
        layout.banner = take_top(&mut rest, banner);
        if area.height >= 30 {
            take_top(&mut rest, 1);
        }
        if app.view().expanded {
            layout.set_panel_area(app.view().focused_panel(), rest);
            return Some(layout);
        }
        match app.view().screen {
            Screen::Overview => overview::place_panels(app, rest, area, &mut layout),
            Screen::Layers => layers::place_panels(app, rest, &mut layout),
            Screen::Inspect => inspect::place_panels(app, rest, &mut layout),
            Screen::Data => layout.set_panel_area(Panel::Samples, rest),
            Screen::Runs => runs::place_panels(app, rest, &mut layout),
        }
        Some(layout)
    }

    /// Gives a panel its place.
    fn set_panel_area(&mut self, panel: Panel, area: Rect) {
        self.panels.push((panel, area));
    }

    /// Where a panel lies; empty if it has no place.
    pub fn panel(&self, panel: Panel) -> Rect {
        let found = self.panels.iter().find(|(candidate, _)| *candidate == panel);
        found.map_or(Rect::default(), |(_, area)| *area)
    }

    /// What a press on the cell `(x, y)` means.
    pub fn pointer_for_press(&self, app: &App, x: u16, y: u16) -> Option<Pointer> {
        if let Some(screen) = bar::screen_under(app.view().screen, self.screens, (x, y)) {
            return Some(Pointer::Screen { screen });
        }
        let (panel, area) = self.panel_under(x, y)?;
        match app.view().screen {
            Screen::Overview => overview::pointer_for_press(app, panel, area, (x, y)),
            Screen::Layers => layers::pointer_for_press(app, panel, area, (x, y)),
            Screen::Data => data::pointer_for_press(app, area, (x, y)),
            Screen::Inspect => inspect::pointer_for_press(app, panel, area, (x, y)),
            Screen::Runs => runs::pointer_for_press(app, panel, area, (x, y)),
        }
        .or(Some(Pointer::Click { panel }))
    }

    /// What the wheel on the cell `(x, y)` means.
    pub fn pointer_for_wheel(&self, app: &App, x: u16, y: u16, up: bool) -> Option<Pointer> {
        let (panel, area) = self.panel_under(x, y)?;
        let fraction = match panel {
            Panel::Map => layers::step_fraction(app, area, x),
            _ => chart::ChartFrame::of(area).step_fraction(x),
        };
        Some(Pointer::Wheel { panel, fraction, up })
    }

    fn panel_under(&self, x: u16, y: u16) -> Option<(Panel, Rect)> {
        self.panels.iter().find(|(_, area)| area.contains((x, y).into())).copied()
    }
}

/// Rows that a list has below its title.
pub fn list_rows(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1))
}

/// First row shown of a list of `count` in `room` rows, so that `selected` is in sight.
pub fn first_row(selected: usize, count: usize, room: usize) -> usize {
    if count <= room || room == 0 {
        return 0;
    }
    selected.saturating_sub(room / 2).min(count - room)
}

/// Takes rows from the top of `rest`, as many as it has.
pub fn take_top(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    let taken = Rect { height, ..*rest };
    rest.y += height;
    rest.height -= height;
    taken
}

/// Takes rows from the bottom of `rest`, as many as it has.
pub fn take_bottom(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    rest.height -= height;
    Rect { y: rest.bottom(), height, ..*rest }
}

/// Takes columns from the left of `rest`, as many as it has.
pub fn take_left(rest: &mut Rect, width: u16) -> Rect {
    let width = width.min(rest.width);
    let taken = Rect { width, ..*rest };
    rest.x += width;
    rest.width -= width;
    taken
}

/// Takes columns from the right of `rest`, as many as it has.
pub fn take_right(rest: &mut Rect, width: u16) -> Rect {
    let width = width.min(rest.width);
    rest.width -= width;
    Rect { x: rest.right(), width, ..*rest }
}
