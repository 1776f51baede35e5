//! The largest gradients of the selected layer, and the check of its gradients.

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

use super::symbols::equation;
use crate::{
    app::{App, Checking, Panel, Tracing, own_share},
    protocol::inspection::{Entry, LayerTrace, Verdict},
    text::{short, thousands},
    ui::{
        layout::{take_bottom, take_top},
        paint::{Row, note, number, wrap},
        screens::title,
        theme::{Role, Theme},
        widgets::progress,
    },
};

/// Columns for a number, its gap included.
const NUMBER: u16 = 10;

/// Rows of the check.
const CHECK: u16 = 6;

/// Draws the table above the check.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, tracing: &Tracing<'_>) {
    let mut rest = area;
    let heading = take_top(&mut rest, 1);
    let checking = app.checking();
    let check = if rest.height >= CHECK + 6 || checking.is_some() { CHECK.min(rest.height / 2) } else { 0 };
    let check = take_bottom(&mut rest, check);
    let mut row = title(app, theme, buffer, heading, Panel::Gradients);
    row.put_all(&[("the ten largest, over the minibatch", theme.style(Role::Muted))]);
    if let Some(layer) = tracing.layer {
        table(app, theme, buffer, rest, layer);
    }
    draw_check(theme, buffer, check, checking.as_ref());
}

fn table(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, layer: &LayerTrace) {
    if layer.largest.is_empty() {
        note(buffer, area, "not computed yet", theme.style(Role::Muted));
        return;
    }
    let marks = theme.marks();
    let kind = app.link().map_or("", |link| link.kind.as_str());
    let name = |entry: &Entry| {
        let index: Vec<String> = entry.index.iter().map(ToString::to_string).collect();
        format!("{}[{}]", entry.parameter, index.join(","))
    };
    let widest = layer.largest.iter().map(|entry| name(entry).width()).max().unwrap_or(0) as u16;
    let own = layer.largest.iter().any(|entry| own_share(kind, layer, entry).is_some());
    // Which gradient it is matters more than what its weight is.
    let fits = |columns: u16, number: u16| widest + 2 + columns * number <= area.width;
    let (columns, wide) = match own {
        true if fits(3, NUMBER) => (3, NUMBER),
        _ if fits(2, NUMBER) => (2, NUMBER),
        _ if fits(2, NUMBER - 1) => (2, NUMBER - 1),
        _ => (1, NUMBER - 1),
    };
    let names = (widest + 2).min(area.width.saturating_sub(columns * wide));
    let mut row = Row::new(buffer, area, 0).ending(marks.ellipsis);
    row.skip(names);
    for heading in ["gradient", "value", "its share"].into_iter().take(columns.into()) {
        row.put_flush(heading, wide, theme.style(Role::Muted));
    }
    for (y, entry) in (1..area.height).zip(&layer.largest) {
        let mut row = Row::new(buffer, area, y).ending(marks.ellipsis);
        row.skip(2).put_cell(&name(entry), names.saturating_sub(2), theme.style(Role::Text));
        let mut put = |value: Option<f64>, role: Role| {
            let text = value.map_or_else(|| marks.none.into(), |value| number(value, wide - 1));
            let role = if value.is_some_and(|value| !value.is_finite()) { Role::Bad } else { role };
            row.put_flush(&text, wide, theme.style(role));
        };
        put(Some(entry.gradient), Role::Strong);
        if columns >= 2 {
            put(Some(entry.value), Role::Text);
        }
        if columns == 3 {
            put(own_share(kind, layer, entry), Role::Muted);
        }
    }
}

/// How far the check is, or its verdict.
fn draw_check(theme: Theme, buffer: &mut Buffer, area: Rect, checking: Option<&Checking<'_>>) {
    if area.is_empty() {
        return;
    }
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let marks = theme.marks();
    let mut row = Row::new(buffer, area, 0).ending(marks.ellipsis);
    row.skip(2).put("check", theme.style(Role::Strong)).skip(2);
    let inside = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(2), ..area };
    let Some(Checking { step, stale, check }) = checking else {
        row.put_all(&[("against central differences", muted)]);
        Row::new(buffer, inside, 1).put("g begins it", muted);
        return;
    };
    if *stale {
        row.put_all(&[(&format!("as of step {}", thousands(*step)), theme.style(Role::Watch))]);
    } else {
        row.put_all(&[("against central differences", muted)]);
    }
    let line = Rect { y: area.y + 1, height: 1.min(area.height.saturating_sub(1)), ..inside };
    match check.verdict {
        None => {
            let share = check.done as f64 / check.planned.max(1) as f64;
            let progress = format!(" {} of {} ", thousands(check.done as u64), thousands(check.planned as u64));
            progress::draw(buffer, line, Some(share), &progress, Role::Change, theme);
        }
        Some(verdict) => {
            let (mark, word, role) = match verdict {
                Verdict::Passed => (marks.good, "passed", Role::Good),
                Verdict::Failed => (marks.bad, "failed", Role::Bad),
                Verdict::Interrupted => (marks.watch, "interrupted", Role::Watch),
            };
            let mut row = Row::new(buffer, line, 0).ending(marks.ellipsis);
            row.put(&format!("{mark} {word}"), theme.style(role)).skip(2);
            let done = thousands(check.done as u64);
            row.put_all(&[(&done, text), (&format!(" of {}", thousands(check.parameters as u64)), muted)]);
        }
    }
    let Some(worst) = &check.worst else { return };
    let index: Vec<String> = worst.index.iter().map(ToString::to_string).collect();
    let role = if worst.relative_error <= check.tolerance { Role::Good } else { Role::Bad };
    let mut row = Row::new(buffer, inside, 2).ending(marks.ellipsis);
    row.put("worst ", muted).put(&short(worst.relative_error), theme.style(role));
    let allowed = equation(" ≤ ", theme).into_owned() + &short(check.tolerance);
    row.put_all(&[(if role == Role::Good { &allowed } else { "" }, muted)]);
    if role == Role::Bad {
        row.put_all(&[(&format!(" > {}", short(check.tolerance)), muted)]);
    }
    let mut row = Row::new(buffer, inside, 3).ending(marks.ellipsis);
    row.put("at ", muted).put(&format!("{}[{}]", worst.parameter, index.join(",")), text);
    let numbers = format!("by hand {}, numeric {}", short(worst.by_hand), short(worst.numeric));
    for (y, line) in (4..).zip(wrap(&numbers, inside.width)) {
        Row::new(buffer, inside, y).ending(marks.ellipsis).put(&line, muted);
    }
}

/// The check in one line, where it has no place of its own.
pub fn check_line(theme: Theme, row: &mut Row, checking: &Checking<'_>) {
    let check = checking.check;
    let marks = theme.marks();
    let worst = check.worst.as_ref().map_or(String::new(), |worst| format!(", worst {}", short(worst.relative_error)));
    let (text, role) = match check.verdict {
        None => {
            let percent = 100.0 * check.done as f64 / check.planned.max(1) as f64;
            (format!("{} checking {percent:.0} %{worst}", marks.pending), Role::Change)
        }
        Some(Verdict::Passed) => (format!("{} check passed{worst}", marks.good), Role::Good),
        Some(Verdict::Failed) => (format!("{} check failed{worst}", marks.bad), Role::Bad),
        Some(Verdict::Interrupted) => (format!("{} check interrupted", marks.watch), Role::Watch),
    };
    let text = if checking.stale { format!("{text}, step {}", thousands(checking.step)) } else { text };
    row.put_right(&text, theme.style(role));
}
