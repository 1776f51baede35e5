//! The places of the Runs screen.

use ratatui::layout::Rect;

use super::{Layout, first_row, list_rows, take_bottom, take_left, take_top};
use crate::app::{App, Panel, Pointer};

/// Columns from which what was done and the recorded runs stand beside each other.
const SIDE_BY_SIDE_COLUMNS: u16 = 100;

/// Columns between them.
const PANEL_GAP_COLUMNS: u16 = 3;

/// Fewest rows in which there is more than the tree.
const MIN_SPLIT_ROWS: u16 = 12;

/// Rows of the tree above its branches: its title and the headings of its columns.
pub const TREE_HEAD_ROWS: u16 = 2;

/// Divides `rest`: the tree gets the rows that it needs, up to three fifths.
pub(super) fn place_panels(app: &App, mut rest: Rect, layout: &mut Layout) {
    if rest.height < MIN_SPLIT_ROWS {
        // What has the focus must be seen.
        layout.set_panel_area(app.view().focused_panel(), rest);
        return;
    }
    let needed = u16::try_from(app.run().branches.count()).unwrap_or(u16::MAX).saturating_add(TREE_HEAD_ROWS + 1);
    let tree = needed.clamp(5, (rest.height * 3 / 5).max(5));
    let tree = take_top(&mut rest, tree);
    layout.set_panel_area(Panel::Branches, tree);
    let Rect { width, height, .. } = rest;
    if width >= SIDE_BY_SIDE_COLUMNS {
        layout.set_panel_area(Panel::Ledger, take_left(&mut rest, (width - PANEL_GAP_COLUMNS) / 2));
        take_left(&mut rest, PANEL_GAP_COLUMNS);
        layout.set_panel_area(Panel::Recorded, rest);
    } else {
        layout.set_panel_area(Panel::Recorded, take_bottom(&mut rest, height / 2));
        layout.set_panel_area(Panel::Ledger, rest);
    }
}

/// Rows that the branches have in `area`.
pub fn tree_rows(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(TREE_HEAD_ROWS))
}

/// What a press inside a panel means beyond the panel itself.
pub(super) fn pointer_for_press(app: &App, panel: Panel, area: Rect, (_, y): (u16, u16)) -> Option<Pointer> {
    let screen = app.runs_screen();
    let (head, selected, count, room) = match panel {
        Panel::Branches => {
            let (branches, selected) = screen.branch_order();
            (TREE_HEAD_ROWS, selected, branches.len(), tree_rows(area))
        }
        Panel::Recorded => {
            let (runs, selected) = screen.recorded_runs();
            (1, selected, runs.len(), list_rows(area))
        }
        _ => return None,
    };
    let row = first_row(selected, count, room) + usize::from(y.checked_sub(area.y + head)?);
    (row < count).then_some(Pointer::ClickRow { panel, row })
}
