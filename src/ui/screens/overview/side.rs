//! Hyperparameters and findings: a panel beside the charts, or folded into a few rows.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    app::{App, ControlRow, FindingRow, Panel, RecordStatus},
    protocol::{Capability, Health},
    text::{TextWidth, binary_size, columns, cut_start, short, thousands},
    ui::{
        layout::{first_row, list_rows},
        paint::{Row, wrap},
        screens::{hidden_rows_text, title},
        theme::{Role, Theme},
    },
};

/// Why there will be no hyperparameters to change, if there won't.
fn no_controls_reason(app: &App) -> Option<&'static str> {
    if app.watched().is_recorded() {
        return Some("none that can be changed: the run is recorded");
    }
    let steered = app.run().capabilities.is_none() || app.run().can(Capability::Steer);
    (!steered).then_some("this source has none that can be changed")
}

/// What is said where nothing was found and nothing more will be.
fn no_findings_text(app: &App) -> Option<&'static str> {
    if app.watched().is_recorded() { Some("none were recorded") } else { (!app.run().is_under_way()).then_some("none") }
}

/// Draws the hyperparameters that can be changed now.
pub fn draw_controls(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let rows = app.control_rows();
    if area.height == 1 {
        draw_folded_controls(app, theme, buffer, area, &rows);
        return;
    }
    let optimizer = app.run().info.as_ref().and_then(|info| info.optimizer.clone());
    let room = list_rows(area);
    let mut heading = title(app, theme, buffer, area, Panel::Controls);
    if rows.len() > room {
        heading.put(&hidden_rows_text(rows.len() - room, theme), theme.style(Role::Muted)).skip(1);
    }
    if let Some(optimizer) = optimizer {
        heading.put_right(&optimizer, theme.style(Role::Muted));
    }
    if rows.is_empty() {
        let text = no_controls_reason(app).unwrap_or("none yet: listed once the source is ready");
        draw_indented_text(buffer, area, 1, text, theme.style(Role::Muted));
        return;
    }
    let focused = app.view().focused_panel() == Panel::Controls;
    let first = first_row(app.view().control, rows.len(), room);
    for (place, row) in (1..).zip(rows.iter().skip(first).take(room)) {
        draw_control(
            theme,
            &mut Row::new(buffer, area, place).with_ellipsis(theme.marks().ellipsis),
            row,
            focused,
            area.width,
        );
    }
}

fn draw_control(theme: Theme, row: &mut Row, control: &ControlRow, focused: bool, width: u16) {
    let marks = theme.marks();
    let selected = control.selected && focused;
    row.put_left_aligned(if selected { marks.pointer } else { " " }, 2, theme.style(Role::Focus));
    let value = short(control.value);
    if let Some(requested) = control.requested {
        let text = format!(" {} {} {}", marks.arrow, short(requested), marks.pending);
        row.put_right(&text, theme.style(Role::Change));
    } else if width >= 60 {
        row.put_right(&format!("   {}", control.range), theme.style(Role::Muted));
    }
    row.put_right(&value, theme.style(Role::Text));
    row.reserve_right(1);
    row.put(&control.key, theme.style(if selected { Role::Selected } else { Role::Muted }));
}

fn draw_folded_controls(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, rows: &[ControlRow]) {
    let focused = app.view().focused_panel() == Panel::Controls;
    let mut line = title(app, theme, buffer, area, Panel::Controls);
    if rows.is_empty() {
        line.put(no_controls_reason(app).unwrap_or("none yet"), theme.style(Role::Muted));
    }
    // Beginning at the selection keeps it in sight.
    let first = if focused { app.view().control } else { 0 };
    let mut hidden = first;
    for (place, row) in rows.iter().enumerate().skip(first) {
        let name = row.key.rsplit('.').next().unwrap_or_default();
        let value = match row.requested {
            Some(requested) => format!("{} {} {}", short(row.value), theme.marks().arrow, short(requested)),
            None => short(row.value),
        };
        let selected = focused && row.selected;
        let name_style = theme.style(if selected { Role::Selected } else { Role::Muted });
        let value_style = theme.style(if row.requested.is_some() { Role::Change } else { Role::Text });
        let width = name.width() + 1 + value.width();
        // Behind the last one nothing has to be said, but for those before the selection.
        let others = if place + 1 == rows.len() && first == 0 { 0 } else { MORE_COLUMNS };
        if hidden > first || width + others > usize::from(line.free()) {
            hidden += 1;
            continue;
        }
        line.put(name, name_style).skip(1).put(&value, value_style).skip(2);
    }
    if hidden > 0 {
        line.put(&hidden_rows_text(hidden, theme), theme.style(Role::Muted));
    }
}

/// Columns of [`more`] where there are not many.
const MORE_COLUMNS: usize = 10;

/// Draws the newest findings.
pub fn draw_findings(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let findings = &app.run().findings;
    if area.height <= 2 {
        draw_folded_findings(app, theme, buffer, area);
        return;
    }
    title(app, theme, buffer, area, Panel::Findings);
    if findings.is_empty() {
        let text = no_findings_text(app)
            .unwrap_or("none yet: dead units, exploding or vanishing gradients and other troubles will be named here");
        draw_indented_text(buffer, area, 1, text, theme.style(Role::Muted));
        return;
    }
    let mut y = 1;
    let mut shown = 0;
    for finding in findings.iter().skip(app.view().finding) {
        if y >= area.height {
            break;
        }
        y += draw_finding(app, theme, buffer, area, y, finding) + 1;
        shown += 1;
    }
    if shown < findings.len() {
        let text = hidden_rows_text(findings.len() - shown, theme);
        title(app, theme, buffer, area, Panel::Findings).put_right(&text, theme.style(Role::Muted));
    }
}

/// Draws a finding from row `y` on and gives the number of rows it took.
fn draw_finding(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, y: u16, finding: &FindingRow) -> u16 {
    let marks = theme.marks();
    let (health, text) = finding_roles(app, finding);
    let health = theme.style(health);
    let mut head = Row::new(buffer, area, y).with_ellipsis(marks.ellipsis);
    head.put(finding_mark(finding, theme), health).skip(1);
    head.put(&finding_subject(finding), theme.style(Role::Muted));
    if finding.times > 1 {
        let times = format!("  {}{}", thousands(finding.times), marks.times);
        head.put(&times, theme.style(Role::Muted));
    }
    if let Some(layer) = finding.layer.and_then(|layer| app.run().layers.chain().get(layer)) {
        head.put(&format!("  layer {}", layer.path), theme.style(Role::Muted));
    }
    if text == Role::Muted {
        head.put(ABANDONED, theme.style(Role::Muted));
    }
    let what = draw_indented_text(buffer, area, y + 1, &finding.what, theme.style(text));
    if finding.advice.is_empty() {
        return 1 + what;
    }
    let advice = if app.view().expanded { format!("What to do: {}.", finding.advice) } else { finding.advice.clone() };
    let advice = draw_indented_text(buffer, area, y + 1 + what, &advice, theme.style(Role::Muted));
    1 + what + advice
}

/// What is said of a finding on a branch that was left before it.
const ABANDONED: &str = "  abandoned";

/// How mark and sentence of a finding are drawn: muted where it is no history of the current branch.
fn finding_roles(app: &App, finding: &FindingRow) -> (Role, Role) {
    if finding.note.is_some() {
        let mark = if finding.health == Health::Good { Role::Muted } else { Theme::health_role(finding.health) };
        (mark, Role::Text)
    } else if app.run().lineage().contains(finding.at) {
        (Theme::health_role(finding.health), Role::Text)
    } else {
        (Role::Muted, Role::Muted)
    }
}

/// The symbol of a finding: a quiet one for a note that is no warning.
fn finding_mark(finding: &FindingRow, theme: Theme) -> &'static str {
    let quiet = finding.note.is_some() && finding.health == Health::Good;
    if quiet { theme.marks().dot } else { theme.health_mark(finding.health) }
}

/// Where a finding was noticed, or what kind of note on the data it is.
fn finding_subject(finding: &FindingRow) -> String {
    match finding.note {
        Some(kind) => format!("data, {}", kind.words()),
        None => format!("step {}", thousands(finding.at.step)),
    }
}

fn draw_folded_findings(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let count = app.run().findings.len();
    let mut line = title(app, theme, buffer, area, Panel::Findings);
    if count > 1 {
        line.put_right(&hidden_rows_text(count - 1, theme), theme.style(Role::Muted));
        line.reserve_right(2);
    }
    let Some(finding) = app.run().findings.iter().nth(app.view().finding) else {
        let text = no_findings_text(app).unwrap_or("none yet: troubles with gradients and units will be named here");
        line.put(text, theme.style(Role::Muted));
        return;
    };
    let (health, text) = finding_roles(app, finding);
    line.put(finding_mark(finding, theme), theme.style(health)).skip(1);
    let abandoned = if text == Role::Muted { ABANDONED } else { "" };
    line.put(&format!("{}{abandoned}: ", finding_subject(finding)), theme.style(Role::Muted));
    if !finding.advice.is_empty() || area.height < 2 {
        line.put(&finding.what, theme.style(text));
        let mut below = Row::new(buffer, area, 1).with_ellipsis(theme.marks().ellipsis);
        below.skip(2).put(&finding.advice, theme.style(Role::Muted));
        return;
    }
    // Without advice the sentence has both rows.
    let (first, rest) = first_line(&finding.what, line.free());
    line.put(first, theme.style(text));
    let mut below = Row::new(buffer, area, 1).with_ellipsis(theme.marks().ellipsis);
    below.skip(2).put(rest, theme.style(text));
}

/// As many whole words of a sentence as have room in `width` columns, and the rest of it.
fn first_line(sentence: &str, width: u16) -> (&str, &str) {
    if columns(sentence) <= usize::from(width) {
        return (sentence, "");
    }
    let breaks = sentence.match_indices(' ').map(|(at, _)| at);
    let last = breaks.take_while(|at| columns(&sentence[..*at]) <= usize::from(width)).last();
    last.map_or((sentence, ""), |at| (&sentence[..at], &sentence[at + 1..]))
}

/// Columns of the labels of the facts.
const FACT_LABEL_COLUMNS: u16 = 11;

/// Draws what stays the same during the run, and how it is recorded.
pub fn draw_facts(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let facts = fact_rows(app, theme, area.width);
    if facts.is_empty() {
        return;
    }
    Row::new(buffer, area, 0).skip(2).put("run", theme.style(Role::Strong));
    for (y, (label, value, role)) in (1..).zip(facts) {
        let mut row = Row::new(buffer, area, y).with_ellipsis(theme.marks().ellipsis);
        let label = row.skip(2).put_left_aligned(label, FACT_LABEL_COLUMNS, theme.style(Role::Muted));
        label.put(&value, theme.style(role));
    }
}

/// Label, value and look of each fact. What the source does not know has no row.
fn fact_rows(app: &App, theme: Theme, width: u16) -> Vec<(&'static str, String, Role)> {
    let run = app.run();
    let Some(info) = &run.info else { return Vec::new() };
    let count = |count: usize| thousands(count as u64);
    let data = info.data.as_ref();
    let samples = match data.map(|data| (data.train, data.test)) {
        Some((Some(train), Some(test))) => Some(format!("{} + {} test", count(train), count(test))),
        Some((Some(train), None)) => Some(count(train)),
        Some((None, Some(test))) => Some(format!("{} test", count(test))),
        _ => None,
    };
    let notes = match run.findings.note_count() {
        0 => None,
        1 => Some("1, see findings".to_owned()),
        count => Some(format!("{count}, see findings")),
    };
    let minibatch = match (info.batch_size, info.steps_per_epoch) {
        (Some(size), Some(steps)) => Some(format!("{size}, {} an epoch", thousands(steps))),
        (Some(size), None) => Some(size.to_string()),
        (None, Some(steps)) => Some(format!("{} an epoch", thousands(steps))),
        (None, None) => None,
    };
    let first = [
        ("data", data.map(|data| data.name.clone())),
        ("samples", samples),
        ("notes", notes),
        ("minibatch", minibatch),
        ("weights", info.parameters.map(thousands)),
    ];
    let last = [
        ("memory", info.memory.map(|memory| binary_size(memory.total))),
        ("seed", info.seed.map(|seed| seed.to_string())),
        ("threads", info.threads.map(|threads| threads.to_string())),
    ];
    let known = |(label, value): (&'static str, Option<String>)| Some((label, value?, Role::Text));
    let (mut rows, last): (Vec<_>, Vec<_>) =
        (first.into_iter().filter_map(known).collect(), last.into_iter().filter_map(known).collect());
    // Of a source that tells nothing else it is not known either.
    if run.record.folder.is_some() || !rows.is_empty() || !last.is_empty() {
        rows.extend(record_rows(&run.record, theme, width));
    }
    rows.extend(last);
    rows
}

/// Where the run is recorded, the end of the path in sight, and how far.
fn record_rows(record: &RecordStatus, theme: Theme, width: u16) -> Vec<(&'static str, String, Role)> {
    let room = width.saturating_sub(2 + FACT_LABEL_COLUMNS);
    let folder = record.folder.as_ref().map(|folder| cut_start(folder, room, theme.marks().ellipsis).into_owned());
    let mut rows = vec![("recorded", folder.unwrap_or_else(|| "no".into()), Role::Text)];
    match (record.saved_step.map(thousands), record.problem.is_some()) {
        _ if record.folder.is_none() => {}
        (None, false) => {}
        (Some(step), false) => rows.push(("saved", format!("at step {step}"), Role::Text)),
        (Some(step), true) => rows.push(("saved", format!("not since step {step}"), Role::Bad)),
        (None, true) => rows.push(("saved", "no".into(), Role::Bad)),
    }
    rows
}

/// Writes a sentence from row `y` on, indented by two, and gives the number of rows it took.
fn draw_indented_text(buffer: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) -> u16 {
    let lines = wrap(text, area.width.saturating_sub(2));
    for (y, line) in (y..).zip(&lines) {
        Row::new(buffer, area, y).skip(2).put(line, style);
    }
    u16::try_from(lines.len()).unwrap_or(u16::MAX)
}
