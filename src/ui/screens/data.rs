//! The samples, what the network makes of them, and what it has learned.

mod chosen;
mod confusion;
mod entry;
mod gallery;
mod list;
mod plane;
mod trends;
mod units;
mod weights;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    app::{App, DataSubject, Panel},
    protocol::{Capability, RunState},
    text::{TextWidth, thousands},
    ui::{
        layout::{Layout, data::DataFrame},
        paint::{Row, draw_note},
        theme::{Role, Theme},
        widgets::picture::CellPicture,
    },
};

/// Draws heading, subject and hint.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, layout: &Layout) {
    let screen = app.data_screen();
    let area = layout.panel(Panel::Samples);
    if area.is_empty() {
        return;
    }
    let frame = DataFrame::of(area);
    let left_over = draw_heading(app, theme, buffer, frame);
    let shown = match screen.subject() {
        DataSubject::Plane => plane::draw(app, theme, buffer, frame.body),
        DataSubject::Samples | DataSubject::Mistakes => draw_samples(app, theme, buffer, frame.body),
        DataSubject::Confusion => confusion::draw(app, theme, buffer, frame.body),
        DataSubject::Weights => weights::draw(app, theme, buffer, frame.body),
    };
    if !shown {
        draw_note(buffer, frame.body, &screen.why_empty(), theme.style(Role::Muted));
    }
    draw_hint(app, theme, buffer, frame.hint, frame.body, &left_over);
}

/// The pictures that [`draw`] draws, with the room that each has.
pub fn pictures(app: &App, layout: &Layout) -> Vec<(Rect, CellPicture)> {
    let screen = app.data_screen();
    let body = DataFrame::of(layout.panel(Panel::Samples)).body;
    match screen.subject() {
        DataSubject::Samples | DataSubject::Mistakes if screen.tile_layout().pictures => {
            screen.sample_page().map_or_else(Vec::new, |page| gallery::pictures(app, body, page.answer, page.first))
        }
        DataSubject::Weights => weights::pictures(app, body),
        _ => Vec::new(),
    }
}

/// Draws the page of samples; false if there is none.
fn draw_samples(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let screen = app.data_screen();
    let Some(page) = screen.sample_page() else { return false };
    if page.answer.entries.is_empty() {
        let text = match screen.subject() {
            DataSubject::Mistakes => {
                let part = app.data_screen().split_words().unwrap_or_default();
                format!("no mistakes: every sample of the {part} is classified correctly")
            }
            _ => "no samples".into(),
        };
        draw_note(buffer, area, &text, theme.style(Role::Muted));
    } else if screen.tile_layout().pictures {
        gallery::draw(app, theme, buffer, area, page.answer, page.first);
    } else {
        list::draw(app, theme, buffer, area, page.answer, page.first);
    }
    true
}

/// The subjects, and of what and when the current one is; gives the facts for which there is no room, for the hint.
fn draw_heading(app: &App, theme: Theme, buffer: &mut Buffer, frame: DataFrame) -> String {
    let screen = app.data_screen();
    let (marks, muted) = (theme.marks(), theme.style(Role::Muted));
    let mut row = Row::new(buffer, frame.heading, 0).with_ellipsis(marks.ellipsis);
    row.put(marks.pointer, theme.style(Role::Focus)).skip(1);
    for subject in screen.subjects() {
        let role = if subject == screen.subject() { Role::Selected } else { Role::Muted };
        row.put(&format!(" {} ", subject.title()), theme.style(role)).skip(1);
    }
    let known = heading_facts(app, frame.body);
    let joined = |facts: &[String]| facts.join(&format!(" {} ", marks.dot));
    // The last facts are the first to go.
    let count = (1..=known.len()).rev().find(|count| joined(&known[..*count]).width() <= usize::from(row.free()));
    let count = count.unwrap_or(0);
    row.put_right(&joined(&known[..count]), muted);
    joined(&known[count..])
}

/// What the heading says of the current subject, the most important first.
fn heading_facts(app: &App, body: Rect) -> Vec<String> {
    let screen = app.data_screen();
    let mut facts: Vec<String> = screen.split_words().into_iter().map(String::from).collect();
    match screen.subject() {
        DataSubject::Plane => {
            facts.extend(screen.decision_boundary().map(|shown| format!("as of step {}", thousands(shown.step))));
            let room = screen.plane_layout((body.width, body.height));
            let unlabelled = trends::unlabelled_last_step(app, room.charts).filter(|_| room.side > 0);
            facts.extend(unlabelled.map(|last| format!("charts to {}", thousands(last))));
        }
        DataSubject::Samples | DataSubject::Mistakes => {
            if let Some(page) = screen.sample_page().map(|shown| shown.answer) {
                let (mistakes, samples) = (thousands(page.mistakes as u64), thousands(page.samples as u64));
                facts.extend([format!("{mistakes} of {samples} wrong"), age_text(app, page.evaluated)]);
            }
        }
        DataSubject::Confusion => {
            if let Some(confusion) = screen.confusion_matrix().map(|shown| shown.answer) {
                let samples: u64 = confusion.counts.iter().map(|count| u64::from(*count)).sum();
                facts.extend([format!("{} samples", thousands(samples)), age_text(app, confusion.evaluated)]);
            }
        }
        DataSubject::Weights => {
            if let Some((shown, link)) = screen.filter_pictures().zip(screen.pictured_layer()) {
                let (at, total) = (screen.selected_entry() + 1, thousands(shown.answer.total as u64));
                let place = format!("{} of {total}", thousands(at as u64));
                facts.extend([age_text(app, shown.step), format!("layer {}", link.title()), place]);
            }
        }
    }
    facts
}

/// Of which step figures are, and where the training is by now if that is another.
fn age_text(app: &App, step: u64) -> String {
    let now = app.run().step;
    let as_of = format!("as of step {}", thousands(step));
    if step == now { as_of } else { format!("{as_of}, now at {}", thousands(now)) }
}

/// One line: facts for which the heading has no room, what is seen, and what to press next.
fn draw_hint(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, body: Rect, left_over: &str) {
    let screen = app.data_screen();
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    if app.live().capabilities.is_some() && !app.live().can(Capability::Inspect) {
        return;
    }
    if screen.subject() == DataSubject::Plane {
        plane::draw_class_legend(app, theme, &mut row);
        // From where the maps begin, if the legend leaves that much.
        let room = screen.plane_layout((body.width, body.height));
        row.skip_to(if room.side > 0 { body.x + room.plane.0 + 3 } else { body.x });
    } else {
        row.skip(2);
    }
    if !left_over.is_empty() && row.put_all(&[(left_over, theme.style(Role::Muted))]) {
        row.skip(2);
    }
    let (seen, next) = caption_and_hint(app);
    let whole = format!("{seen} {next}");
    if whole.width() <= usize::from(row.free()) {
        row.put_all(&[(seen, theme.style(Role::Text)), (" ", Style::new()), (next, theme.style(Role::Muted))]);
    } else {
        // The keys that matter at the boundary are in the footer, those elsewhere may not be.
        let text = if screen.subject() == DataSubject::Plane { seen } else { next };
        row.put_all(&[(text, theme.style(Role::Muted))]);
    }
}

/// What is seen, and what to press next.
fn caption_and_hint(app: &App) -> (&'static str, &'static str) {
    let live = app.live();
    match app.data_screen().subject() {
        DataSubject::Plane if live.summary.is_some() => {
            let next =
                if live.can(Capability::Extend) { "v shows mistakes, x trains on." } else { "v shows mistakes." };
            ("This is what the network has learned.", next)
        }
        DataSubject::Plane if live.step == 0 => ("A network that knows nothing yet.", "Watch the boundary bend."),
        DataSubject::Plane => {
            let next = match (live.state, live.can(Capability::Pause)) {
                (_, false) => "v: samples.",
                (RunState::Paused, true) => "s: one step, Space goes on.",
                (_, true) => "Space pauses, v: samples.",
            };
            ("Background: the network's answer.", next)
        }
        DataSubject::Samples if app.run().columns.is_converted() => (
            "What the network answers for each sample; values in the units of the file.",
            "Enter follows one through the network.",
        ),
        DataSubject::Samples => ("What the network answers for each sample.", "Enter follows one through the network."),
        DataSubject::Mistakes => (
            "The largest losses first: what was predicted, and after the arrow the truth.",
            "Enter follows one through the network.",
        ),
        DataSubject::Confusion => {
            ("Percentages in the rows are shares of the true class.", "Arrows choose a pair; Enter shows mistakes.")
        }
        DataSubject::Weights => (
            "What each unit looks for; each picture is scaled to its own largest weight.",
            "Enter shows the unit among those of its layer.",
        ),
    }
}
