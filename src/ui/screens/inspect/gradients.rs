//! The largest gradients of the selected layer, and the check of its gradients.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::symbols::displayable_equation;
use crate::{
    app::{
        App, ChainLayer, Panel, SampleTrace, ShownGradientCheck, TableColumns, element_input, parameter_letter,
        sample_gradient_share,
    },
    protocol::{
        LayerKind,
        inspection::{CheckVerdict, LayerTrace, ParameterElement, PassKind},
    },
    text::{TextWidth, short, thousands},
    ui::{
        layout::{take_bottom, take_top},
        paint::{Row, cut, draw_note, number},
        screens::title,
        theme::{Role, Theme},
        widgets::progress,
    },
};

/// Columns for a number, its gap included.
const NUMBER_COLUMNS: u16 = 10;

/// Longest name of a column of the data beside an element; what is longer is cut.
const MAX_NAME_COLUMNS: u16 = 14;

/// Rows of a check.
const CHECK_ROWS: u16 = 4;

/// Draws the table above the check.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, tracing: &SampleTrace<'_>) {
    let mut rest = area;
    let heading = take_top(&mut rest, 1);
    let checking = app.inspect_screen().gradient_check();
    let check = if checking.is_some() { CHECK_ROWS.min(rest.height / 2) } else { u16::from(rest.height >= 8) };
    let check = take_bottom(&mut rest, check);
    let muted = theme.style(Role::Muted);
    let mut row = title(app, theme, buffer, heading, Panel::Gradients);
    let alone = tracing.trace.pass == PassKind::Evaluation;
    let batch = thousands(tracing.trace.batch as u64);
    let headings = if alone {
        ["largest, of this sample alone".into(), "of this sample alone".into()]
    } else {
        [format!("largest, over the minibatch of {batch}"), format!("over all {batch} rows")]
    };
    let _ = headings.iter().any(|heading| row.put_all(&[(heading, muted)]));
    if let Some(layer) = tracing.layer {
        draw_table(app, theme, buffer, rest, layer, alone);
    }
    let inside = Rect { x: check.x + 2.min(check.width), width: check.width.saturating_sub(2), ..check };
    if let Some(checking) = &checking {
        draw_check(app, theme, buffer, inside, checking);
    } else {
        let mut row = Row::new(buffer, inside, 0).with_ellipsis(theme.marks().ellipsis);
        let key = ("g", theme.style(Role::Key));
        // The check is always one of the minibatch.
        let [long, short] = match (app.inspect_screen().is_live(), alone) {
            (true, _) => [" checks them while the training is paused", " checks them when paused"],
            (false, true) => [" checks those of the minibatch against central differences", " checks the minibatch's"],
            (false, false) => [" checks them against central differences", " checks them"],
        };
        if !row.put_all(&[key, (long, muted)]) {
            row.put_all(&[key, (short, muted)]);
        }
    }
}

/// An element of a parameter: `W[3,17]`.
pub fn element_symbol(kind: Option<&LayerKind>, parameter: &str, index: &[usize], theme: Theme) -> String {
    let index: Vec<String> = index.iter().map(ToString::to_string).collect();
    format!(
        "{}[{}]",
        displayable_equation(kind.map_or(parameter, |kind| parameter_letter(kind, parameter)), theme),
        index.join(",")
    )
}

/// The column of the data that an element of a parameter belongs to.
pub fn element_input_name<'a>(
    kind: Option<&LayerKind>,
    columns: Option<&'a TableColumns>,
    index: &[usize],
) -> Option<&'a str> {
    columns?.name(element_input(kind?, index)?)
}

/// The table; of a sample that is `alone` its share is all there is.
fn draw_table(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, layer: &LayerTrace, alone: bool) {
    if layer.largest.is_empty() {
        draw_note(buffer, area, "not computed yet", theme.style(Role::Muted));
        return;
    }
    let marks = theme.marks();
    let screen = app.inspect_screen();
    let selected = screen.selected_layer();
    let kind = selected.map(|layer| &layer.kind);
    let share = |entry: &ParameterElement| sample_gradient_share(kind?, layer, entry);
    let columns_of_data = selected.and_then(|layer| app.run().input_columns(layer.index));
    let symbol = |entry: &ParameterElement| element_symbol(kind, &entry.parameter, &entry.index, theme);
    let column = |entry: &ParameterElement| element_input_name(kind, columns_of_data, &entry.index);
    let symbols = layer.largest.iter().map(|entry| symbol(entry).width()).max().unwrap_or(0) as u16;
    // The column's name follows the symbol.
    let longest = layer.largest.iter().filter_map(column).map(|name| name.width() as u16 + 1).max().unwrap_or(0);
    let widest = symbols + longest.min(MAX_NAME_COLUMNS + 1);
    let own = !alone && layer.largest.iter().any(|entry| share(entry).is_some());
    // Which gradient it is matters more than what its weight is.
    let fits = |columns: u16, number: u16| widest + 2 + columns * number <= area.width;
    let (columns, wide) = match own {
        true if fits(3, NUMBER_COLUMNS) => (3, NUMBER_COLUMNS),
        _ if fits(2, NUMBER_COLUMNS) => (2, NUMBER_COLUMNS),
        _ if fits(2, NUMBER_COLUMNS - 1) => (2, NUMBER_COLUMNS - 1),
        _ => (1, NUMBER_COLUMNS - 1),
    };
    let names = (widest + 2).min(area.width.saturating_sub(columns * wide));
    let mut row = Row::new(buffer, area, 0).with_ellipsis(marks.ellipsis);
    row.skip(names);
    for heading in ["gradient", "value", "sample's"].into_iter().take(columns.into()) {
        row.put_right_aligned(heading, wide, theme.style(Role::Muted));
    }
    for (y, entry) in (1..area.height).zip(&layer.largest) {
        let mut row = Row::new(buffer, area, y).with_ellipsis(marks.ellipsis);
        let end = row.position() + names;
        row.skip(2).put_left_aligned(&symbol(entry), symbols.min(names.saturating_sub(2)), theme.style(Role::Text));
        if let Some(column) = column(entry) {
            row.skip(1);
            let left = end.saturating_sub(row.position());
            row.put_left_aligned(column, left, theme.style(Role::Muted));
        }
        row.skip_to(end);
        let mut put = |value: Option<f64>, role: Role| {
            let text = value.map_or_else(|| marks.none.into(), |value| number(value, wide - 1));
            let role = if value.is_some_and(|value| !value.is_finite()) { Role::Bad } else { role };
            row.put_right_aligned(&text, wide, theme.style(role));
        };
        put(Some(entry.gradient), Role::Strong);
        if columns >= 2 {
            put(Some(entry.value), Role::Text);
        }
        if columns == 3 {
            put(share(entry), Role::Muted);
        }
    }
}

/// How far the check is, or its verdict; then its largest error.
fn draw_check(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, checking: &ShownGradientCheck<'_>) {
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let marks = theme.marks();
    let check = checking.check;
    let done = thousands(check.done as u64);
    if let Some(verdict) = check.verdict {
        let (mark, word, role) = verdict_look(verdict, theme);
        let mut row = Row::new(buffer, area, 0).with_ellipsis(marks.ellipsis);
        row.put(&format!("{mark} check {word}"), theme.style(role).add_modifier(Modifier::BOLD)).skip(2);
        row.put_all(&[(&done, text), (&format!(" of {}", thousands(check.parameters as u64)), muted)]);
        row.put_all(&[(&format!(", {} samples", thousands(check.samples as u64)), muted)]);
    } else {
        let share = check.done as f64 / check.planned.max(1) as f64;
        let text = format!(" checking {done} of {} ", thousands(check.planned as u64));
        progress::draw(buffer, area, Some(share), &text, Role::Change, theme);
    }
    let mut next = 1;
    if check.skipped > 0 {
        let mut row = Row::new(buffer, area, next).with_ellipsis(marks.ellipsis);
        row.put(&format!("rounding could hide errors of {}", thousands(check.skipped as u64)), muted);
        next += 1;
    }
    let Some(worst) = &check.worst else { return };
    let within = worst.relative_error <= check.tolerance;
    let role = if within { Role::Good } else { Role::Bad };
    let mut row = Row::new(buffer, area, next).with_ellipsis(marks.ellipsis);
    if checking.stale {
        row.put_right(&format!("step {}", thousands(checking.step)), theme.style(Role::Watch));
        row.reserve_right(1);
    }
    let sign = displayable_equation(if within { " ≤ " } else { " > " }, theme);
    row.put("worst ", muted).put(&short(worst.relative_error), theme.style(role));
    row.put(&sign, muted).put(&short(check.tolerance), muted);
    let screen = app.inspect_screen();
    let selected = screen.selected_layer();
    let kind = selected.map(|layer| &layer.kind);
    let columns = selected.and_then(|layer| app.run().input_columns(layer.index));
    let mut row = Row::new(buffer, area, next + 1).with_ellipsis(marks.ellipsis);
    row.put("at ", muted).put(&element_symbol(kind, &worst.parameter, &worst.index, theme), text).skip(1);
    row.put(element_input_name(kind, columns, &worst.index).unwrap_or_default(), muted);
    let mut row = Row::new(buffer, area, next + 2).with_ellipsis(marks.ellipsis);
    row.put("by hand ", muted).put(&short(worst.by_hand), text);
    row.put(" numeric ", muted).put(&short(worst.numeric), text);
}

/// Mark, word and meaning of a verdict.
fn verdict_look(verdict: CheckVerdict, theme: Theme) -> (&'static str, &'static str, Role) {
    let marks = theme.marks();
    match verdict {
        CheckVerdict::Passed => (marks.good, "passed", Role::Good),
        CheckVerdict::Failed => (marks.bad, "failed", Role::Bad),
        CheckVerdict::Interrupted => (marks.watch, "interrupted", Role::Watch),
        CheckVerdict::Undecided => (marks.watch, "undecided", Role::Watch),
        CheckVerdict::Unknown => (marks.none, "unknown", Role::Muted),
    }
}

/// The largest gradients one after the other, where they have no place of their own.
pub fn line(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    link: &ChainLayer,
    layer: &LayerTrace,
    columns: Option<&TableColumns>,
) {
    let kind = Some(&link.kind);
    let mut rest = area;
    take_top(&mut rest, u16::from(area.height >= 3));
    let mut entries = layer.largest.iter().peekable();
    let mut first = true;
    while entries.peek().is_some() && rest.height > 0 {
        let line = take_top(&mut rest, 1);
        let mut row = Row::new(buffer, line, 0).with_ellipsis(theme.marks().ellipsis);
        row.put_left_aligned(if first { "largest" } else { "" }, 9, theme.style(Role::Muted));
        first = false;
        while let Some(entry) = entries.peek() {
            let symbol = element_symbol(kind, &entry.parameter, &entry.index, theme);
            let column = element_input_name(kind, columns, &entry.index);
            let column = column.map(|name| format!(" {}", cut(name, MAX_NAME_COLUMNS, theme.marks().ellipsis)));
            let value = short(entry.gradient);
            let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
            let column = column.as_deref().unwrap_or_default();
            if !row.put_all(&[(&symbol, muted), (column, muted), (" ", muted), (&value, text)]) {
                break;
            }
            row.skip(3);
            entries.next();
        }
        if row.position() <= line.x + 9 {
            return;
        }
    }
}

/// The check in one line, where it has no place of its own.
pub fn draw_check_line(theme: Theme, row: &mut Row, checking: &ShownGradientCheck<'_>) {
    let check = checking.check;
    let marks = theme.marks();
    let worst = check.worst.as_ref().map_or(String::new(), |worst| format!(", worst {}", short(worst.relative_error)));
    let (text, role) = match check.verdict {
        None => {
            let percent = 100.0 * check.done as f64 / check.planned.max(1) as f64;
            (format!("{} checking {percent:.0} %{worst}", marks.pending), Role::Change)
        }
        Some(verdict) => {
            let (mark, word, role) = verdict_look(verdict, theme);
            let reason = if verdict == CheckVerdict::Undecided { ": rounding".into() } else { worst };
            (format!("{mark} check {word}{reason}"), role)
        }
    };
    let text = if checking.stale { format!("{text}, step {}", thousands(checking.step)) } else { text };
    row.put_right(&text, theme.style(role));
}
