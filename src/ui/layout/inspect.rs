//! The places of the Inspect screen.

use ratatui::layout::Rect;

use super::{Layout, first_row, take_bottom, take_left, take_right, take_top};
use crate::app::{App, ChainLayer, ChainRow, Panel, Pointer};
use crate::text::TextWidth;

/// Columns for a number of the chain, its gap included.
pub const NUMBER_COLUMNS: u16 = 10;

/// Columns for the norm of a layer's gradient where there is room to say of what.
const GRADIENT_COLUMNS: u16 = 16;

/// Columns between two panels.
pub const PANEL_GAP_COLUMNS: u16 = 2;

/// Rows of the layer's panel above the gradients, which lie in its corner: title, equations, sums; in a high window the
/// sums are in symbols too.
const LAYER_HEAD_ROWS: u16 = 7;
const HIGH_LAYER_HEAD_ROWS: u16 = 16;

/// Rows of the layer's panel from which its head has symbols too.
const MIN_HIGH_LAYER_ROWS: u16 = 30;

/// Divides `rest`.
pub(super) fn place_panels(app: &App, mut rest: Rect, layout: &mut Layout) {
    let count = u16::try_from(app.run().layers.chain().len()).unwrap_or(u16::MAX);
    // Title and headings above the layers, the loss below them.
    let most = (rest.height * 4 / 9).max(7);
    layout.set_panel_area(Panel::Chain, take_top(&mut rest, count.saturating_add(3).min(most)));
    if rest.height >= 15 {
        take_top(&mut rest, 1);
    }
    let sample = match rest.width {
        // Less than 54 columns for the layer hold no sum with a term.
        0..78 => 0,
        78..110 => 22,
        110..150 => 32,
        _ => 58,
    };
    layout.set_panel_area(Panel::Sample, take_left(&mut rest, sample));
    take_left(&mut rest, if sample > 0 { PANEL_GAP_COLUMNS } else { 0 });
    let screen = app.inspect_screen();
    let updated = screen.sample_trace().is_ok_and(|tracing| tracing.layer.is_some_and(|layer| layer.update.is_some()));
    // Feature maps take all the room, and what an update shows has the gradients in it.
    let trained = screen.selected_layer().is_some_and(ChainLayer::is_trained) && !updated && !screen.shows_maps();
    let width = layout.panel(Panel::Chain).width;
    if trained && width >= 110 {
        // In the corner, so that the sums above have the whole width. What comes first is found first by the mouse.
        let mut below = rest;
        take_top(&mut below, if rest.height >= MIN_HIGH_LAYER_ROWS { HIGH_LAYER_HEAD_ROWS } else { LAYER_HEAD_ROWS });
        layout.set_panel_area(Panel::Gradients, take_right(&mut below, if width >= 150 { 50 } else { 34 }));
    } else if trained && app.view().focused_panel() == Panel::Gradients {
        // In a narrow window both have the same place; the focused one is seen.
        layout.set_panel_area(Panel::Gradients, rest);
        return;
    }
    layout.set_panel_area(Panel::Layer, rest);
}

/// Where the parts of the chain lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainFrame {
    /// Title, minibatch, phase.
    pub title: Rect,
    /// Headings of the columns.
    pub headings: Rect,
    /// Names, the pointer of the selected row before them.
    pub names: Rect,
    /// Shapes.
    pub shapes: Rect,
    /// Whether the shapes are those before and after the layer, and not only the one after.
    pub roomy: bool,
    /// The values as a strip, and their norm.
    pub forward: (Rect, Rect),
    /// The errors as a strip, and their norm.
    pub backward: (Rect, Rect),
    /// Norm of the gradient of the parameters.
    pub gradients: Rect,
    /// First row in sight.
    pub first: usize,
    /// Rows in sight.
    pub count: usize,
}

impl ChainFrame {
    /// Divides `area` for these rows.
    pub fn of(area: Rect, rows: &[ChainRow<'_>]) -> Self {
        let widest = |text: &dyn Fn(&ChainRow<'_>) -> usize, most: u16| {
            rows.iter().map(text).max().unwrap_or(0).min(usize::from(most)) as u16
        };
        let mut rest = area;
        let title = take_top(&mut rest, 1);
        let headings = take_top(&mut rest, u16::from(area.height >= 5));
        let mut left = rest;
        let roomy = area.width >= 100;
        let name = widest(&|row| row.name.width(), if roomy { 34 } else { 22 }) + 5;
        let names = take_left(&mut left, name);
        let shape = |row: &ChainRow<'_>| {
            let (input, output) = &row.shapes;
            if roomy { input.width() + output.width() + 3 } else { output.width() }
        };
        let shapes = take_left(&mut left, widest(&shape, if roomy { 26 } else { 10 }) + 1);
        let gradients = take_right(&mut left, if roomy { GRADIENT_COLUMNS } else { NUMBER_COLUMNS });
        let half = left.width / 2;
        let mut part = |width: u16| {
            let mut part = take_left(&mut left, width);
            let number = take_right(&mut part, NUMBER_COLUMNS);
            take_left(&mut part, 1);
            (part, number)
        };
        let (forward, backward) = (part(half), part(half));
        let room = usize::from(rest.height);
        let selected = rows.iter().position(|row| row.selected).unwrap_or(0);
        Self {
            title,
            headings,
            names,
            shapes,
            roomy,
            forward,
            backward,
            gradients,
            first: first_row(selected, rows.len(), room),
            count: rows.len().min(room),
        }
    }
}

/// What a press inside a panel means beyond the panel itself.
pub(super) fn pointer_for_press(app: &App, panel: Panel, area: Rect, (_, y): (u16, u16)) -> Option<Pointer> {
    if panel != Panel::Chain {
        return None;
    }
    let frame = ChainFrame::of(area, &app.inspect_screen().chain_rows());
    let place = usize::from(y.checked_sub(frame.names.y)?);
    (place < frame.count).then_some(Pointer::ClickRow { panel, row: frame.first + place })
}

/// Where the parts of the sample lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleFrame {
    /// Title and number.
    pub title: Rect,
    /// Truth, prediction, loss.
    pub facts: Rect,
    /// Image or point.
    pub picture: Rect,
    /// The losses of the minibatch.
    pub losses: Rect,
}

impl SampleFrame {
    /// Divides `area`.
    pub fn of(area: Rect) -> Self {
        let mut rest = area;
        let title = take_top(&mut rest, 1);
        // The loss is in the chain as well.
        let facts = take_top(&mut rest, if area.height < 12 { 2 } else { 3 });
        // An image of 28 rows of pixels keeps its 14 rows.
        let (losses, gap) = match rest.height {
            0..16 => (0, 0),
            16..20 => (2, 0),
            _ => (3, 1),
        };
        let losses = take_bottom(&mut rest, losses);
        take_bottom(&mut rest, gap);
        Self { title, facts, picture: rest, losses }
    }
}
