//! Hyperparameters and findings: a panel beside the charts, or folded into a few rows.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::overview::title;
use crate::{
    app::{App, ControlRow, FindingRow, Panel},
    text::{short, thousands},
    ui::{
        layout::{first_row, list_rows},
        paint::{Row, wrap},
        theme::{Role, Theme},
    },
};

/// Draws the hyperparameters that can be changed now.
pub fn controls(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let rows = app.controls();
    if area.height == 1 {
        folded_controls(app, theme, buffer, area, &rows);
        return;
    }
    let optimizer = app.run().info.as_ref().map(|info| info.optimizer.clone());
    let mut heading = title(app, theme, buffer, area, Panel::Controls);
    if let Some(optimizer) = optimizer {
        heading.put_right(&optimizer, theme.style(Role::Muted));
    }
    if rows.is_empty() {
        let text = "none yet: the source tells them when it is ready";
        sentence(buffer, area, 1, text, theme.style(Role::Muted));
        return;
    }
    let focused = app.view().focus() == Panel::Controls;
    let room = list_rows(area);
    let first = first_row(app.view().control, rows.len(), room);
    for (place, row) in (1..).zip(rows.iter().skip(first).take(room)) {
        control(theme, &mut Row::new(buffer, area, place).ending(theme.marks().ellipsis), row, focused, area.width);
    }
}

fn control(theme: Theme, row: &mut Row, control: &ControlRow, focused: bool, width: u16) {
    let marks = theme.marks();
    let selected = control.selected && focused;
    row.put_cell(if selected { marks.pointer } else { " " }, 2, theme.style(Role::Focus));
    let value = short(control.value);
    if let Some(requested) = control.requested {
        let text = format!(" {} {} {}", marks.arrow, short(requested), marks.pending);
        row.put_right(&text, theme.style(Role::Change));
    } else if width >= 60 {
        row.put_right(&format!("   {}", control.range), theme.style(Role::Muted));
    }
    row.put_right(&value, theme.style(Role::Text));
    row.skip_right(1);
    row.put(&control.key, theme.style(if selected { Role::Selected } else { Role::Muted }));
}

fn folded_controls(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, rows: &[ControlRow]) {
    let focused = app.view().focus() == Panel::Controls;
    let mut line = title(app, theme, buffer, area, Panel::Controls);
    if rows.is_empty() {
        line.put("none yet", theme.style(Role::Muted));
    }
    // Beginning at the selection keeps it in sight.
    let first = if focused { app.view().control } else { 0 };
    for row in rows.iter().skip(first) {
        let name = row.key.rsplit('.').next().unwrap_or_default();
        let value = match row.requested {
            Some(requested) => format!("{} {} {}", short(row.value), theme.marks().arrow, short(requested)),
            None => short(row.value),
        };
        let selected = focused && row.selected;
        let name_style = theme.style(if selected { Role::Selected } else { Role::Muted });
        let value_style = theme.style(if row.requested.is_some() { Role::Change } else { Role::Text });
        let gap = Style::new();
        line.put_all(&[(name, name_style), (" ", gap), (&value, value_style), ("   ", gap)]);
    }
}

/// Draws the newest findings.
pub fn findings(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let findings = &app.run().findings;
    if area.height <= 2 {
        folded_findings(app, theme, buffer, area);
        return;
    }
    let mut heading = title(app, theme, buffer, area, Panel::Findings);
    if findings.len() > 1 {
        heading.put_right(&thousands(findings.len() as u64), theme.style(Role::Muted));
    }
    if findings.is_empty() {
        let text = "none yet: dead units, exploding or vanishing gradients and other troubles will be named here";
        sentence(buffer, area, 1, text, theme.style(Role::Muted));
        return;
    }
    let mut y = 1;
    for finding in findings.iter().skip(app.view().finding) {
        if y >= area.height {
            return;
        }
        y += one_finding(theme, buffer, area, y, finding) + 1;
    }
}

/// Draws a finding from row `y` on and gives the number of rows it took.
fn one_finding(theme: Theme, buffer: &mut Buffer, area: Rect, y: u16, finding: &FindingRow) -> u16 {
    let marks = theme.marks();
    let health = theme.style(Theme::health(finding.health));
    let mut head = Row::new(buffer, area, y).ending(marks.ellipsis);
    head.put(theme.health_mark(finding.health), health).skip(1);
    head.put("step ", theme.style(Role::Muted)).put(&thousands(finding.step), theme.style(Role::Muted));
    if finding.times > 1 {
        let times = format!("  {}{}", thousands(finding.times), marks.times);
        head.put(&times, theme.style(Role::Muted));
    }
    let what = sentence(buffer, area, y + 1, &finding.what, theme.style(Role::Text));
    let advice = sentence(buffer, area, y + 1 + what, &finding.advice, theme.style(Role::Muted));
    1 + what + advice
}

fn folded_findings(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let mut line = title(app, theme, buffer, area, Panel::Findings);
    let Some(finding) = app.run().findings.iter().nth(app.view().finding) else {
        line.put("none yet: troubles with gradients and units will be named here", theme.style(Role::Muted));
        return;
    };
    let health = theme.style(Theme::health(finding.health));
    line.put(theme.health_mark(finding.health), health).skip(1);
    line.put(&format!("step {}: ", thousands(finding.step)), theme.style(Role::Muted));
    line.put(&finding.what, theme.style(Role::Text));
    let mut below = Row::new(buffer, area, 1).ending(theme.marks().ellipsis);
    below.skip(2).put(&finding.advice, theme.style(Role::Muted));
}

/// Draws what stays the same during the run.
pub fn facts(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let run = app.run();
    let Some(info) = &run.info else { return };
    let (samples, tests) = (thousands(info.data.train as u64), thousands(info.data.test as u64));
    let facts = [
        ("data", info.data.name.clone()),
        ("samples", format!("{samples} train, {tests} test")),
        ("weights", thousands(info.parameters)),
        ("minibatch", format!("{}, {} an epoch", info.batch_size, thousands(info.steps_per_epoch))),
        ("seed", info.seed.to_string()),
        ("threads", info.threads.to_string()),
    ];
    Row::new(buffer, area, 0).skip(2).put("run", theme.style(Role::Strong));
    for (y, (label, value)) in (1..).zip(facts) {
        let mut row = Row::new(buffer, area, y).ending(theme.marks().ellipsis);
        row.skip(2).put_cell(label, 11, theme.style(Role::Muted)).put(&value, theme.style(Role::Text));
    }
}

/// Writes a sentence from row `y` on, indented by two, and gives the number of rows it took.
fn sentence(buffer: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) -> u16 {
    let lines = wrap(text, area.width.saturating_sub(2));
    for (y, line) in (y..).zip(&lines) {
        Row::new(buffer, area, y).skip(2).put(line, style);
    }
    u16::try_from(lines.len()).unwrap_or(u16::MAX)
}
