//! The selected layer: its equations and gradients in symbols, then in the numbers of the current minibatch.

mod blocks;
mod worked;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    gradients, loss, maps,
    symbols::{EQUATION_GAP_COLUMNS, displayable_equation, draw_packed_lines},
    update,
};
use crate::{
    app::{App, ChainLayer, Panel, SampleTrace, TableColumns, loss_sum, worked_sums},
    protocol::{LayerEquations, Phase, inspection::PassKind},
    text::{TextWidth, thousands},
    ui::{
        layout::{inspect::PANEL_GAP_COLUMNS, take_top},
        paint::{Row, draw_note},
        screens::title,
        theme::{Role, Theme},
    },
};

/// Rows that are left below equations and sums before they take more than they need.
const MIN_KEPT_ROWS: u16 = 9;

/// Draws the panel; the gradients have a place beside it, in its corner, or none.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, tracing: &SampleTrace<'_>, gradients: Rect) {
    let screen = app.inspect_screen();
    let mut rest = area;
    let heading = take_top(&mut rest, 1);
    draw_heading(app, theme, buffer, heading, tracing, gradients);
    rest.x += 2.min(rest.width);
    rest.width = rest.width.saturating_sub(2);
    let Some(link) = screen.selected_layer() else {
        draw_loss(app, theme, buffer, rest, tracing);
        return;
    };
    let columns = app.run().input_columns(link.index);
    if screen.shows_maps() {
        maps::draw(app, theme, buffer, rest);
    } else if let Some(update) = tracing.layer.and_then(|layer| layer.update.as_ref()) {
        update::draw(theme, buffer, rest, (link, update), columns);
    } else {
        draw_layer(theme, buffer, rest, (link, tracing), columns, gradients);
    }
}

/// The layer's name, and of what its numbers are.
fn draw_heading(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, tracing: &SampleTrace<'_>, gradients: Rect) {
    let screen = app.inspect_screen();
    let mut row = title(app, theme, buffer, area, Panel::Layer);
    let link = screen.selected_layer();
    if let Some(checking) = screen.gradient_check().filter(|_| gradients.is_empty()) {
        gradients::draw_check_line(theme, &mut row, &checking);
        row.reserve_right(2);
    }
    let loss = app.run().layers.loss();
    let name = link.map(ChainLayer::title).or(loss.map(|loss| loss.text.clone())).unwrap_or_default();
    row.put(&name, theme.style(Role::Text)).skip(2);
    let updated = tracing.layer.is_some_and(|layer| layer.update.is_some());
    let note = match tracing.trace.pass {
        _ if screen.shows_maps() => match screen.feature_maps() {
            Some(maps) => format!("feature maps of {}", which_sample(maps.pass, maps.row)),
            None => "feature maps".into(),
        },
        pass if link.is_none() => format!("of {}", which_sample(pass, tracing.trace.sample.row)),
        PassKind::Minibatch { number } if updated => format!("the update by minibatch {}", thousands(number)),
        _ => String::new(),
    };
    row.put_all(&[(&note, theme.style(Role::Muted))]);
}

/// The loss of the sample, where it is selected instead of a layer.
fn draw_loss(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, tracing: &SampleTrace<'_>) {
    let mut rest = area;
    // All classes together with a heading of two rows say the most.
    let kept = u16::try_from(tracing.trace.loss.as_ref().map_or(0, |loss| loss.logits.len())).unwrap_or(0) + 3;
    let equations = app.run().layers.loss().and_then(|loss| loss.equations.as_ref());
    draw_equations(theme, buffer, &mut rest, equations, kept);
    if let Some(loss) = &tracing.trace.loss {
        worked::draw(theme, buffer, &mut rest, &[loss_sum(loss)], None, kept);
        take_top(&mut rest, u16::from(area.height >= 13));
        loss::draw(app, theme, buffer, rest, loss, tracing.trace.sample.class);
    } else {
        draw_note(buffer, rest, "the loss is not computed yet; n goes on", theme.style(Role::Muted));
    }
}

/// A layer in symbols and numbers.
fn draw_layer(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    (link, tracing): (&ChainLayer, &SampleTrace<'_>),
    columns: Option<&TableColumns>,
    gradients: Rect,
) {
    let (mut rest, mut below) = (area, area);
    let corner = !area.intersection(gradients).is_empty();
    if corner {
        rest.height = gradients.y.saturating_sub(rest.y);
        take_top(&mut below, rest.height);
        below.width = gradients.x.saturating_sub(below.x + PANEL_GAP_COLUMNS);
    }
    let sums = tracing.layer.map_or_else(Vec::new, |layer| worked_sums(&link.kind, layer, tracing.trace.batch));
    // In the corner beside the gradients there are rows of their own for what comes below.
    let (kept, after_sums) = if corner { (2 * sums.len() as u16, 0) } else { (MIN_KEPT_ROWS, MIN_KEPT_ROWS) };
    draw_equations(theme, buffer, &mut rest, link.equations.as_ref(), kept);
    let Some(layer) = tracing.layer else { return };
    if tracing.trace.phase == Phase::Update && link.is_trained() {
        let row = take_top(&mut rest, 1);
        let text = "the weights are those after the update, the passes those before it";
        Row::new(buffer, row, 0).with_ellipsis(theme.marks().ellipsis).put(text, theme.style(Role::Muted));
    } else {
        worked::draw(theme, buffer, &mut rest, &sums, columns, after_sums);
    }
    if !corner {
        take_top(&mut rest, u16::from(area.height >= 13));
        below = rest;
    }
    let sample = &tracing.trace.sample;
    if !blocks::draw(theme, buffer, below, (link, layer), sample, columns) && gradients.is_empty() {
        gradients::line(theme, buffer, below, link, layer, columns);
    }
}

/// Which sample is meant.
fn which_sample(pass: PassKind, row: usize) -> String {
    match pass {
        PassKind::Minibatch { number } => format!("row {row} of minibatch {}", thousands(number)),
        PassKind::Evaluation | PassKind::Unknown => "this sample alone".into(),
    }
}

/// Forward and backward in symbols, as many in a row as have room; what they mean where more than `kept` rows are left.
fn draw_equations(theme: Theme, buffer: &mut Buffer, rest: &mut Rect, equations: Option<&LayerEquations>, kept: u16) {
    let Some(LayerEquations { forward, backward, symbols }) = equations else { return };
    let roomy = rest.height >= kept + 7;
    let all: Vec<String> = forward.iter().chain(backward).cloned().collect();
    let width: usize =
        all.iter().map(|line| displayable_equation(line, theme).width() + usize::from(EQUATION_GAP_COLUMNS)).sum();
    if width <= usize::from(rest.width + EQUATION_GAP_COLUMNS) {
        draw_packed_lines(theme, buffer, rest, &all, theme.style(Role::Strong));
    } else {
        draw_packed_lines(theme, buffer, rest, forward, theme.style(Role::Strong));
        draw_packed_lines(theme, buffer, rest, backward, theme.style(Role::Strong));
    }
    if roomy && !symbols.is_empty() {
        let row = take_top(rest, 1);
        let text = displayable_equation(symbols, theme);
        Row::new(buffer, row, 0).with_ellipsis(theme.marks().ellipsis).put(&text, theme.style(Role::Muted));
    }
    take_top(rest, u16::from(roomy));
}
