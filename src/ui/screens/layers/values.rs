//! How a parameter, its gradient and the output of the selected layer are distributed, and were before.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, LayerValues, Panel, ValueHistogram},
    protocol::inspection::Distribution,
    text::{TextWidth, short, thousands},
    ui::{
        layout::{take_bottom, take_left, take_top},
        paint::{Row, draw_note},
        screens::title,
        theme::{Ramp, Role, Theme},
        widgets::{
            histogram,
            picture::{self, CellPicture, PicturePoint},
        },
    },
};

/// Columns between two parts.
const PART_GAP_COLUMNS: u16 = 3;

/// Where the parts of one kind of values lie.
struct ValuesFrame {
    head: Rect,
    figures: Rect,
    histogram: Rect,
    labels: Rect,
    past: Rect,
}

impl ValuesFrame {
    fn of(mut area: Rect) -> Self {
        let tall = area.height >= 7;
        let head = take_top(&mut area, 1);
        let figures = take_top(&mut area, u16::from(tall));
        let past = if area.height >= 4 { area.height * 2 / 5 } else { 0 };
        let past = take_bottom(&mut area, past);
        let labels = u16::from(area.height >= 2);
        let labels = take_bottom(&mut area, labels);
        Self { head, figures, histogram: area, labels, past }
    }
}

/// Draws title and histograms.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let mut rest = area;
    let heading = take_top(&mut rest, 1);
    let rows = usize::from(ValuesFrame::of(rest).past.height);
    let values = match app.layers_screen().layer_values(rows * 2) {
        Ok(values) => values,
        Err(reason) => {
            title(app, theme, buffer, heading, Panel::Values);
            draw_note(buffer, rest, &reason, theme.style(Role::Muted));
            return;
        }
    };
    draw_heading(app, theme, buffer, heading, &values, rows > 0);
    take_left(&mut rest, 2);
    let width = rest.width.saturating_sub(2 * PART_GAP_COLUMNS) / 3;
    for part in &values.parts {
        let place = take_left(&mut rest, width);
        take_left(&mut rest, PART_GAP_COLUMNS);
        draw_part(app, theme, buffer, &ValuesFrame::of(place), part);
    }
}

fn draw_heading(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, values: &LayerValues, past: bool) {
    let muted = theme.style(Role::Muted);
    let mut row = title(app, theme, buffer, area, Panel::Values);
    row.put(&values.row.name, theme.style(Role::Text)).skip(2);
    let step = thousands(values.step);
    row.put_all(&[("step ", muted), (&step, theme.style(Role::Text)), ("  ", muted)]);
    let minibatch = thousands(values.minibatch);
    let of_what = ["gradient and output of minibatch ", "gradient of minibatch "];
    of_what.into_iter().any(|words| row.put_all(&[(words, muted), (&minibatch, muted), ("  ", muted)]));
    if app.view().layers.log_counts {
        row.put_all(&[("log counts", muted), ("  ", muted)]);
    }
    let oldest = values.parts.iter().filter_map(|part| part.past.last()).map(|(step, _)| *step).min();
    if let Some(oldest) = oldest.filter(|oldest| past && *oldest < values.step) {
        row.put_right(&format!("below: the past, back to step {}", thousands(oldest)), muted);
    }
}

fn draw_part(app: &App, theme: Theme, buffer: &mut Buffer, frame: &ValuesFrame, part: &ValueHistogram) {
    let muted = theme.style(Role::Muted);
    let mut row = Row::new(buffer, frame.head, 0).with_ellipsis(theme.marks().ellipsis);
    let (name, shape) = part.title.split_once(' ').unwrap_or((&part.title, ""));
    row.put(name, theme.style(Role::Strong)).skip(1).put(shape, muted).skip(1);
    let Some(now) = part.now else {
        let below = Rect { y: frame.figures.y, height: frame.past.bottom() - frame.figures.y, ..frame.head };
        draw_note(buffer, below, "not computed yet", muted);
        return;
    };
    put_counts_outside_bins(&mut row, now, theme);
    draw_figures(buffer, frame.figures, now, theme);
    let shown: Vec<f64> = part.bin_shares(now, usize::from(frame.histogram.width));
    let scaled: Vec<f64> =
        if app.view().layers.log_counts { shown.iter().map(|count| count.ln_1p()).collect() } else { shown };
    histogram::draw(buffer, frame.histogram, &scaled, Role::Train, theme);
    draw_value_axis(buffer, frame.labels, part, theme);
    draw_past_histograms(app, buffer, frame.past, part, theme);
}

/// What is not in the bins.
fn put_counts_outside_bins(row: &mut Row, now: &Distribution, theme: Theme) {
    if now.not_finite > 0 {
        row.put(&format!("{} not finite", thousands(now.not_finite as u64)), theme.style(Role::Bad));
        return;
    }
    let share = now.zeros as f64 / now.count.max(1) as f64 * 100.0;
    if now.zeros > 0 {
        let share = if share < 1.0 { "< 1".into() } else { format!("{share:.0}") };
        row.put_right(&format!("{share} % are 0"), theme.style(Role::Muted));
    }
}

fn draw_figures(buffer: &mut Buffer, area: Rect, now: &Distribution, theme: Theme) {
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    for (label, value) in [("mean ", now.mean), ("sd ", now.deviation), ("norm ", now.norm)] {
        row.put_all(&[(label, muted), (&short(value), text), ("  ", muted)]);
    }
}

/// The values at the edges, and 0 between them where it has room.
fn draw_value_axis(buffer: &mut Buffer, area: Rect, part: &ValueHistogram, theme: Theme) {
    let muted = theme.style(Role::Muted);
    let (low, high) = (short(part.edges.0), short(part.edges.1));
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    let both = low.width() + high.width() < usize::from(area.width);
    row.put(&low, muted);
    if both {
        row.put_right(&high, muted);
    }
    if let Some(place) = part.place_between_edges(0.0) {
        let column = area.x + (place * f64::from(area.width.saturating_sub(1))).round() as u16;
        let start = row.position();
        if both && column > start && row.free() > column - start + 1 {
            row.skip_to(column).put("0", theme.style(Role::Text));
        }
    }
}

/// The past, newest on top: how many values lie in each column tells its shade.
fn draw_past_histograms(app: &App, buffer: &mut Buffer, area: Rect, part: &ValueHistogram, theme: Theme) {
    if area.is_empty() {
        return;
    }
    let width = usize::from(area.width);
    let rows: Vec<Vec<f64>> = part
        .past
        .iter()
        .map(|(_, values)| {
            let columns = part.bin_shares(values, width);
            let largest = columns.iter().copied().fold(0.0, f64::max);
            let level = |count: &f64| match app.view().layers.log_counts {
                _ if *count <= 0.0 => f64::NAN,
                true => count.ln_1p() / largest.ln_1p(),
                // The root lets the tails show.
                false => (count / largest).sqrt(),
            };
            columns.iter().map(level).collect()
        })
        .collect();
    let shown = rows.len().min(usize::from(area.height) * 2);
    let picture = CellPicture::new(width, shown, |x, y| PicturePoint::Level(Ramp::Heat, rows[y][x]));
    picture::draw(buffer, area, &picture, theme);
}
