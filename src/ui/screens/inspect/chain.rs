//! The network as a chain: what the sample is after each layer, and what error comes back to it.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{numbers, symbols::displayable_equation};
use crate::{
    app::{App, ChainRow, CompletedPhase, Panel, SampleTrace},
    protocol::{
        Capability, Phase,
        inspection::{ActivationSummary, PassKind, SampleLoss},
    },
    text::{TextWidth, percent_number, short, thousands},
    ui::{
        layout::inspect::{ChainFrame, NUMBER_COLUMNS},
        paint::{Row, number},
        screens::title,
        theme::{Role, Theme},
    },
};

/// Draws title, headings and rows.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let screen = app.inspect_screen();
    if area.is_empty() {
        return;
    }
    let rows = screen.chain_rows();
    let tracing = screen.sample_trace().ok();
    let frame = ChainFrame::of(area, &rows);
    draw_heading(app, theme, buffer, &frame, tracing.as_ref());
    let shaped = rows.iter().any(|row| !row.shapes.1.is_empty());
    draw_column_headings(theme, buffer, &frame, shaped, tracing.as_ref().map(|tracing| tracing.trace.pass));
    for (y, row) in (0..).zip(rows.iter().skip(frame.first).take(frame.count)) {
        draw_row(theme, buffer, &frame, y, row, tracing.as_ref());
    }
}

fn draw_heading(app: &App, theme: Theme, buffer: &mut Buffer, frame: &ChainFrame, tracing: Option<&SampleTrace<'_>>) {
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let mut row = title(app, theme, buffer, frame.title, Panel::Chain);
    let Some(SampleTrace { trace, .. }) = tracing else { return };
    if let PassKind::Minibatch { .. } = trace.pass {
        if app.inspect_screen().is_live() {
            draw_live_hint(app, &mut row, theme);
        } else {
            draw_phases(&mut row, trace.phase, theme);
        }
    }
    let loss = trace.batch_loss.map_or_else(|| theme.marks().none.into(), short);
    match trace.pass {
        PassKind::Minibatch { number } => {
            row.put_all(&[("minibatch ", muted), (&thousands(number), text), ("  ", muted)]);
            // What the row of the loss says of this sample, here of all.
            row.put_all(&[("mean loss ", muted), (&loss, text), ("  ", muted)]);
            if let Some(accuracy) = trace.batch_accuracy {
                let right = format!("{} %", percent_number(accuracy, 0));
                row.put_all(&[(&right, text), (&format!(" of its {} right", thousands(trace.batch as u64)), muted)]);
            }
        }
        PassKind::Evaluation => {
            row.put_all(&[("this sample alone, as in evaluation", muted), ("  ", muted)]);
            row.put_all(&[("its loss ", muted), (&loss, text)]);
        }
        PassKind::Unknown => {
            row.put_all(&[("loss ", muted), (&loss, text)]);
        }
    }
}

/// Says that the minibatch is the current one of a training that goes on, and what a pause would offer.
fn draw_live_hint(app: &App, row: &mut Row, theme: Theme) {
    let live = format!("{} live", theme.marks().running);
    let hint = if app.live().can(Capability::Pause) && app.live().can(Capability::Phase) {
        ": Space pauses, then n goes phase by phase"
    } else {
        ""
    };
    if row.put_right(&format!("{live}{hint}"), theme.style(Role::Muted)) {
        row.right_text_row(&format!("{live}{hint}")).put(&live, theme.style(Role::Good));
    } else if !row.put_right(&live, theme.style(Role::Good)) {
        return;
    }
    row.reserve_right(2);
}

/// The four phases at the right end, with the one that was completed last highlighted.
fn draw_phases(row: &mut Row, phase: Phase, theme: Theme) {
    const PHASE_NAMES: [&str; 4] = ["forward", "loss", "backward", "update"];
    let arrow = format!(" {} ", theme.marks().arrow);
    let line = PHASE_NAMES.join(&arrow);
    if !row.put_right(&line, theme.style(Role::Faint)) {
        return;
    }
    let (done, lit) = match phase {
        Phase::Between | Phase::Unknown => (3, None),
        Phase::Forward { .. } => (0, Some(0)),
        Phase::Loss => (1, Some(1)),
        Phase::Backward { .. } => (2, Some(2)),
        Phase::Update => (3, Some(3)),
    };
    let mut place = row.right_text_row(&line);
    for (i, name) in PHASE_NAMES.into_iter().enumerate() {
        if i > 0 {
            place.put(&arrow, theme.style(Role::Faint));
        }
        let role = match lit {
            Some(lit) if lit == i => Role::Selected,
            _ if i < done => Role::Text,
            _ => Role::Faint,
        };
        place.put(name, theme.style(role));
    }
    row.reserve_right(2);
}

/// The headings of what is known: of the shapes, and of what was traced.
fn draw_column_headings(theme: Theme, buffer: &mut Buffer, frame: &ChainFrame, shaped: bool, traced: Option<PassKind>) {
    let muted = theme.style(Role::Muted);
    let line = |rect: Rect| Rect { y: frame.headings.y, height: frame.headings.height, ..rect };
    let mut put = |rect: Rect, text: &str, right: bool| {
        let text = displayable_equation(text, theme);
        let mut row = Row::new(buffer, line(rect), 0).with_ellipsis(theme.marks().ellipsis);
        if right {
            row.put_right_aligned(&text, rect.width, muted);
        } else {
            row.put(&text, muted);
        }
    };
    put(Rect { x: frame.names.x + 4, width: frame.names.width.saturating_sub(4), ..frame.names }, "layer", false);
    if shaped {
        put(frame.shapes, if frame.roomy { "shape" } else { "out" }, false);
    }
    if let Some(pass) = traced {
        put(frame.forward.0, if frame.forward.0.width < 16 { "y" } else { "y of this sample" }, false);
        put(frame.forward.1, "|y|", true);
        put(
            frame.backward.0,
            match frame.backward.0.width {
                0..16 => "∂L/∂y",
                16..20 => "∂L/∂y of sample",
                _ => "∂L/∂y of this sample",
            },
            false,
        );
        put(frame.backward.1, "|∂L/∂y|", true);
        let gradient = match (frame.roomy, pass) {
            (true, PassKind::Minibatch { .. }) => "|∂L/∂θ|, batch",
            (true, PassKind::Evaluation) => "|∂L/∂θ|, alone",
            _ => "|∂L/∂θ|",
        };
        put(frame.gradients, gradient, true);
    }
}

fn draw_row(
    theme: Theme,
    buffer: &mut Buffer,
    frame: &ChainFrame,
    y: u16,
    row: &ChainRow<'_>,
    tracing: Option<&SampleTrace<'_>>,
) {
    let marks = theme.marks();
    let line = |rect: Rect| Rect { y: rect.y + y, height: 1, ..rect };
    let mut name =
        Row::new(buffer, line(Rect { height: frame.count as u16, ..frame.names }), 0).with_ellipsis(marks.ellipsis);
    let pointer = if row.selected { marks.pointer } else { " " };
    name.put(pointer, theme.style(Role::Focus)).skip(1);
    let mark = match row.completed {
        Some(CompletedPhase::Forward) => marks.arrow,
        Some(CompletedPhase::Backward) => {
            if theme.has_blocks() {
                "←"
            } else {
                "<"
            }
        }
        Some(CompletedPhase::Update) => marks.intervention,
        None => " ",
    };
    name.put(mark, theme.style(Role::Change)).skip(1);
    let role = match row.completed {
        Some(_) => Role::Change,
        None if row.selected => Role::Focus,
        None if row.trained || row.loss => Role::Text,
        None => Role::Muted,
    };
    name.put_left_aligned(&row.name, name.free().saturating_sub(1), theme.style(role));
    let (input, output) = &row.shapes;
    // What the source does not know has no place.
    let shape = match (input.is_empty() && output.is_empty(), frame.roomy) {
        (true, _) => String::new(),
        (false, true) => format!("{input} {} {output}", marks.arrow),
        (false, false) => output.clone(),
    };
    let mut cell = Row::new(buffer, line(frame.shapes), 0).with_ellipsis(marks.ellipsis);
    cell.put_left_aligned(&shape, frame.shapes.width.saturating_sub(1), theme.style(Role::Muted));
    let Some(SampleTrace { trace, .. }) = tracing else { return };
    if row.loss {
        draw_loss(theme, buffer, frame, line, trace.loss.as_ref());
        return;
    }
    let signals = row.traced.map(|traced| (traced.forward.as_ref(), traced.backward.as_ref()));
    let (forward, backward) = signals.unwrap_or_default();
    draw_signal(theme, buffer, frame.forward, line, forward);
    draw_signal(theme, buffer, frame.backward, line, backward);
    if row.trained {
        let norm = row.traced.and_then(|traced| traced.gradient_norm);
        draw_number(theme, buffer, line(frame.gradients), norm);
    }
}

/// A strip of values and their norm.
fn draw_signal(
    theme: Theme,
    buffer: &mut Buffer,
    (strip, norm): (Rect, Rect),
    line: impl Fn(Rect) -> Rect,
    signal: Option<&ActivationSummary>,
) {
    match signal {
        Some(signal) => numbers::draw_strip(buffer, line(strip), &signal.thumbnail, theme),
        None => draw_not_yet_computed(theme, buffer, line(strip)),
    }
    draw_number(theme, buffer, line(norm), signal.map(|signal| signal.norm));
}

/// Of the loss: the probabilities forward, (p − q)/B backward.
fn draw_loss(
    theme: Theme,
    buffer: &mut Buffer,
    frame: &ChainFrame,
    line: impl Fn(Rect) -> Rect,
    loss: Option<&SampleLoss>,
) {
    match loss {
        Some(loss) => {
            numbers::draw_strip(buffer, line(frame.forward.0), &loss.probabilities, theme);
            numbers::draw_strip(buffer, line(frame.backward.0), &loss.gradient, theme);
            let place = line(frame.forward.1);
            let symbol = displayable_equation("Lₛ", theme);
            let text = format!("{symbol} {}", number(loss.loss, NUMBER_COLUMNS - 1 - symbol.width() as u16));
            let role = if loss.loss.is_finite() { Role::Text } else { Role::Bad };
            Row::new(buffer, place, 0).with_ellipsis(theme.marks().ellipsis).put_right_aligned(
                &text,
                NUMBER_COLUMNS,
                theme.style(role),
            );
            let square: f64 = loss.gradient.iter().map(|value| f64::from(*value).powi(2)).sum();
            draw_number(theme, buffer, line(frame.backward.1), Some(square.sqrt()));
        }
        None => {
            for (strip, value) in [frame.forward, frame.backward] {
                draw_not_yet_computed(theme, buffer, line(strip));
                draw_number(theme, buffer, line(value), None);
            }
        }
    }
}

fn draw_not_yet_computed(theme: Theme, buffer: &mut Buffer, area: Rect) {
    let text = if area.width >= 16 { "not computed yet" } else { "not yet" };
    Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis).put(text, theme.style(Role::Faint));
}

fn draw_number(theme: Theme, buffer: &mut Buffer, area: Rect, value: Option<f64>) {
    let text = value.map_or_else(|| theme.marks().none.into(), |value| number(value, NUMBER_COLUMNS - 1));
    let role = match value {
        None => Role::Faint,
        Some(value) if !value.is_finite() => Role::Bad,
        Some(_) => Role::Text,
    };
    Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis).put_right_aligned(
        &text,
        area.width,
        theme.style(role),
    );
}
