//! The three rows at the top: what runs, how far it is, how fast.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    app::{App, Header, RunPhase},
    protocol::Health,
    text::{TextWidth, duration, short, thousands},
    ui::{
        paint::Row,
        theme::{Role, Theme},
        widgets::progress,
    },
};

/// Draws the header, the progress into its part of the second row.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, progress: Rect) {
    let header = app.header();
    draw_first_row(&mut Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis), &header, theme);
    draw_progress(buffer, progress, &header, theme);
    let mut row = Row::new(buffer, area, 2).with_ellipsis(theme.marks().ellipsis);
    let at_rest = matches!(header.phase, RunPhase::Paused | RunPhase::Finished | RunPhase::Failed | RunPhase::Stopped);
    let trouble = header.record.as_ref().is_some_and(|(_, health)| *health == Health::Bad);
    if at_rest && trouble {
        draw_record(&mut row, &header, theme);
        draw_rates(&mut row, &header, theme);
    } else {
        draw_rates(&mut row, &header, theme);
        draw_record(&mut row, &header, theme);
    }
}

/// The mark and the meaning of a phase.
pub fn phase_mark(phase: RunPhase, theme: Theme) -> (&'static str, Role) {
    let marks = theme.marks();
    match phase {
        RunPhase::Running => (marks.running, Role::Good),
        RunPhase::Loading
        | RunPhase::Pausing
        | RunPhase::Resuming
        | RunPhase::Stepping
        | RunPhase::Rewinding
        | RunPhase::Stopping => (marks.pending, Role::Change),
        RunPhase::Paused => (marks.paused, Role::Watch),
        RunPhase::Finished => (marks.good, Role::Good),
        RunPhase::Failed => (marks.bad, Role::Bad),
        RunPhase::Stopped | RunPhase::Recorded => (marks.paused, Role::Muted),
    }
}

fn draw_first_row(row: &mut Row, header: &Header, theme: Theme) {
    let marks = theme.marks();
    let muted = theme.style(Role::Muted);
    let (mark, role) = phase_mark(header.phase, theme);
    let mut state = format!("{mark} {}", header.phase.label());
    if matches!(header.phase, RunPhase::Paused | RunPhase::Finished | RunPhase::Failed | RunPhase::Recorded) {
        state = format!("{state} @ {}", thousands(header.step));
    }
    let is_known = !matches!(header.phase, RunPhase::Loading | RunPhase::Rewinding);
    if let Some(branch) = header.branch.as_ref().filter(|_| is_known) {
        state = format!("{state} on {branch}");
    }
    if let Some(rewinding) = &header.rewinding {
        state = format!("{mark} {}", rewinding.sentence());
    }
    let step = match header.total_steps {
        Some(total) => format!("{} / {}", thousands(header.step), thousands(total)),
        None => thousands(header.step),
    };
    let epoch = header.epoch.map(|epoch| match header.total_epochs {
        Some(total) => format!("{epoch:.2} / {}", short(total)),
        None => format!("{epoch:.2}"),
    });
    if header.phase != RunPhase::Loading {
        put_right_with_gap(row, &[("step ", muted), (&step, theme.style(Role::Text))], 3);
        if let Some(epoch) = &epoch {
            put_right_with_gap(row, &[("epoch ", muted), (epoch, theme.style(Role::Text))], 3);
        }
    }
    row.put("gradtop", theme.style(Role::Strong)).skip(2);
    row.put_all(&[(&state, theme.style(role).add_modifier(ratatui::style::Modifier::BOLD)), ("   ", muted)]);
    if let Some(step) = header.frozen_step {
        let text = format!(" display frozen at {} {} f goes on ", thousands(step), marks.dot);
        row.put_all(&[(&text, theme.style(Role::Selected)), ("  ", muted)]);
    }
    row.put(&header.run, muted);
}

/// Writes pieces at the right end, with a gap to what stands left of them.
fn put_right_with_gap(row: &mut Row, pieces: &[(&str, Style)], gap: u16) {
    let text: String = pieces.iter().map(|(text, _)| *text).collect();
    if !row.put_right(&text, Style::new()) {
        return;
    }
    let mut place = row.right_text_row(&text);
    for (text, style) in pieces {
        place.put(text, *style);
    }
    row.reserve_right(gap);
}

fn draw_progress(buffer: &mut Buffer, area: Rect, header: &Header, theme: Theme) {
    let (_, role) = phase_mark(header.phase, theme);
    if let Some(loading) = &header.loading {
        let text = format!(" {}{} ", loading.what, theme.marks().ellipsis);
        progress::draw(buffer, area, loading.fraction, &text, Role::Change, theme);
        return;
    }
    if let Some(rewinding) = &header.rewinding {
        progress::draw(buffer, area, rewinding.done, " Esc gives up ", Role::Change, theme);
        return;
    }
    let percent = header.progress.map(|share| format!("{:.0} %", (share * 100.0).floor()));
    let eta = header.remaining.map(|seconds| format!("ETA {}", duration(seconds)));
    let dot = format!("  {}  ", theme.marks().dot);
    let text = [percent, eta].into_iter().flatten().collect::<Vec<_>>().join(&dot);
    let text = if text.is_empty() { String::new() } else { format!(" {text} ") };
    let role = if role == Role::Good { Role::Train } else { role };
    progress::draw(buffer, area, header.progress, &text, role, theme);
}

/// How far the record goes, at the right end. It gives way to all else, unless it is the only place that tells of
/// trouble: while nothing is trained, the banner may be about something else.
fn draw_record(row: &mut Row, header: &Header, theme: Theme) {
    match &header.record {
        Some((text, Health::Bad)) => {
            let bad = theme.style(Role::Bad);
            put_right_with_gap(row, &[(theme.marks().bad, bad), (" ", bad), (text, bad)], 3);
        }
        Some((text, _)) => put_right_with_gap(row, &[(text, theme.style(Role::Muted))], 3),
        None => {}
    }
}

fn draw_rates(row: &mut Row, header: &Header, theme: Theme) {
    let marks = theme.marks();
    let style = |role| theme.style(role);
    if header.thinned > 0 {
        let text = format!("{} reports thinned", thousands(header.thinned));
        put_right_with_gap(row, &[(&text, style(Role::Watch))], 3);
    }
    if let Some(base) = header.learning_rate.base {
        row.put("lr ", style(Role::Muted)).put(&short(base), style(Role::Text));
        if let Some(requested) = header.learning_rate.requested {
            let text = format!(" {} {} requested {}", marks.arrow, short(requested), marks.pending);
            row.put(&text, style(Role::Change));
        }
    }
    if let Some(effective) = header.learning_rate.effective {
        let label = if header.learning_rate.base.is_some() { "  effective " } else { "effective lr " };
        row.put(label, style(Role::Muted)).put(&short(effective), style(Role::Text));
    }
    if header.learning_rate.base.or(header.learning_rate.effective).is_some() {
        row.skip(3);
    }
    // How to lift a limit matters more than what stands before it: the room for it is kept.
    let throttle = header.throttle.as_ref().map_or(0, |throttle| throttle.width() as u16 + 2);
    let fits = |row: &Row, pieces: &[(&str, Style)]| {
        let width: usize = pieces.iter().map(|(text, _)| text.width()).sum();
        width + usize::from(throttle) <= usize::from(row.free())
    };
    if let Some(schedule) = &header.schedule {
        let pieces =
            [("schedule ", style(Role::Muted)), (schedule.as_str(), style(Role::Text)), ("   ", style(Role::Muted))];
        if fits(row, &pieces) {
            row.put_all(&pieces);
        } else if fits(row, &pieces[1..]) {
            row.put_all(&pieces[1..]);
        }
        if let Some(requested) = &header.schedule_requested {
            let text = format!("{} {requested} requested   ", marks.arrow);
            row.put_all(&[(&text, style(Role::Change))]);
        }
    }
    if let Some(speed) = header.samples_per_second {
        let speed = thousands(speed.round() as u64);
        let pieces = [(speed.as_str(), style(Role::Text)), (" samples/s   ", style(Role::Muted))];
        if fits(row, &pieces) {
            row.put_all(&pieces);
        }
    }
    if let Some(throttle) = &header.throttle {
        row.put_all(&[(marks.pending, style(Role::Watch)), (" ", Style::new()), (throttle, style(Role::Watch))]);
        row.skip(3);
    }
}
