//! The places of the Overview.

use ratatui::layout::Rect;

use super::{Layout, first_row, list_rows, take_bottom, take_left, take_right, take_top};
use crate::{
    app::{App, ChartSlot, Panel, Pointer},
    ui::widgets::chart,
};

/// Rows of what stays the same during a run and of where it is recorded, with the title, without notes on the data, the
/// memory, and how far the record goes.
const FACTS_ROWS: u16 = 8;

/// From this width on there is a side panel.
const MIN_COLUMNS_FOR_SIDE: u16 = 108;

/// Divides `rest` of a window as large as `window`.
pub(super) fn place_panels(app: &App, mut rest: Rect, window: Rect, layout: &mut Layout) {
    if window.width >= MIN_COLUMNS_FOR_SIDE {
        place_side_panels(app, &mut rest, layout);
    } else {
        place_folded_panels(&mut rest, window.height, layout);
    }
    place_main_panels(app, rest, layout);
}

/// The side panel: hyperparameters above findings.
fn place_side_panels(app: &App, rest: &mut Rect, layout: &mut Layout) {
    let mut side = take_right(rest, if rest.width >= 150 { 44 } else { 34 });
    layout.divider = take_right(rest, 3);
    let rows = u16::try_from(app.control_rows().len()).unwrap_or(u16::MAX).saturating_add(2).max(4);
    let most = side.height / 2;
    layout.set_panel_area(Panel::Controls, take_top(&mut side, rows.min(most)));
    take_top(&mut side, 1);
    let run = app.run();
    let saved = run.record.folder.is_some() && run.record.progress_text().is_some();
    let has_memory = run.info.as_ref().is_some_and(|info| info.memory.is_some());
    let facts = FACTS_ROWS + [run.findings.note_count() > 0, has_memory, saved].map(u16::from).iter().sum::<u16>();
    // Two findings come before the facts, and the facts are cut from their end.
    let facts = side.height.saturating_sub(9).min(facts);
    if facts >= 4 {
        layout.facts = take_bottom(&mut side, facts);
        take_bottom(&mut side, 1);
    }
    layout.set_panel_area(Panel::Findings, side);
}

/// Without a side panel: one row of hyperparameters and one or two of findings.
fn place_folded_panels(rest: &mut Rect, height: u16, layout: &mut Layout) {
    layout.set_panel_area(Panel::Findings, take_bottom(rest, if height >= 24 { 2 } else { 1 }));
    layout.set_panel_area(Panel::Controls, take_bottom(rest, 1));
}

fn place_main_panels(app: &App, mut rest: Rect, layout: &mut Layout) {
    let rows = u16::try_from(app.run().layers.rows().len()).unwrap_or(u16::MAX).max(1);
    // The table may have a third of the height, so that the charts stay large; in a small window a little more.
    let most = (rest.height / 3).max(rest.height.saturating_sub(7).min(5));
    let table = rows.saturating_add(1).min(most).max(2);
    layout.set_panel_area(Panel::Layers, take_bottom(&mut rest, table));
    if rest.height >= 12 {
        take_bottom(&mut rest, 1);
    }
    let (first, second) = (Panel::Chart(ChartSlot::First), Panel::Chart(ChartSlot::Second));
    if app.has_chart(ChartSlot::Second) {
        if rest.height >= 26 {
            let half = rest.height / 2;
            layout.set_panel_area(first, take_top(&mut rest, half));
            take_top(&mut rest, 1);
        } else {
            let half = rest.width / 2;
            layout.set_panel_area(first, take_left(&mut rest, half));
            take_left(&mut rest, 1);
        }
        layout.set_panel_area(second, rest);
    } else {
        layout.set_panel_area(first, rest);
    }
}

/// What a press inside a panel means beyond the panel itself.
pub(super) fn pointer_for_press(app: &App, panel: Panel, area: Rect, (x, y): (u16, u16)) -> Option<Pointer> {
    let frame = chart::ChartFrame::of(area);
    let (first, height) = match panel {
        Panel::Chart(_) if frame.plot.contains((x, y).into()) => {
            return Some(Pointer::ClickAt { panel, fraction: frame.step_fraction(x) });
        }
        Panel::Layers => {
            let count = app.run().layers.rows().len();
            (first_row(app.view().layers.row, count, fitting_layer_count(app, area)), layer_height(app, area))
        }
        Panel::Controls => (first_row(app.view().control, app.control_rows().len(), list_rows(area)), 1),
        _ => return None,
    };
    let row = usize::from(y - area.y).checked_sub(1)? / usize::from(height) + first;
    Some(Pointer::ClickRow { panel, row })
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
pub fn fitting_layer_count(app: &App, area: Rect) -> usize {
    list_rows(area) / usize::from(layer_height(app, area))
}
