//! Samples that are no images: one row each.

use ratatui::{buffer::Buffer, layout::Rect};

use super::entry::{is_correct, percent, predicted_name, verdict_mark};
use crate::{
    app::{App, TableColumns},
    protocol::inspection::{ClassifiedSample, SamplePage},
    text::{TextWidth, short, thousands},
    ui::{
        paint::{Row, cut, number},
        theme::{Role, Theme},
    },
};

/// Columns of a number, its gap included.
const NUMBER_COLUMNS: u16 = 9;

/// Columns of a value below the name of its column, the gap before it included: at least and at most.
const VALUE_COLUMNS: (u16, u16) = (8, 14);

/// Draws the page, of which the first entry has place `first`.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, page: &SamplePage, first: usize) {
    let names = page.entries.iter().flat_map(|entry| [entry.class, entry.predicted]);
    let widest = names.map(|class| app.run().class_name(class).width()).max().unwrap_or(0) as u16;
    let class = (widest + 4).clamp(12, 24);
    let muted = theme.style(Role::Muted);
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    row.skip(2).put_right_aligned("sample", NUMBER_COLUMNS - 2, muted).skip(2);
    row.put_left_aligned("prediction", class, muted).put_left_aligned("  truth", class, muted);
    row.put_right_aligned("confidence", NUMBER_COLUMNS + 2, muted)
        .put_right_aligned("loss", NUMBER_COLUMNS, muted)
        .skip(3);
    let widths = value_widths(&app.run().columns, page);
    if widths.is_empty() {
        row.put("values", muted);
    }
    let fitting = fitting_columns(&widths, row.free());
    for (place, width) in widths.iter().enumerate().take(fitting) {
        let name = app.run().columns.name_or_number(place);
        let name = cut(&name, width - 1, theme.marks().ellipsis);
        row.put_right_aligned(&name, *width, muted);
    }
    if fitting < widths.len() {
        row.skip(1).put(theme.marks().ellipsis, muted);
    }
    let widths = &widths[..fitting];
    for (place, entry) in page.entries.iter().enumerate().take(usize::from(area.height.saturating_sub(1))) {
        let row = Row::new(buffer, area, place as u16 + 1).with_ellipsis(theme.marks().ellipsis);
        let selected = first + place == app.data_screen().selected_entry();
        draw_entry_row(app, theme, row, entry, (class, widths), selected);
    }
}

/// How many columns of these widths have room, with the sign that there are more.
fn fitting_columns(widths: &[u16], room: u16) -> usize {
    let fits = |room: u16| {
        let ends = widths.iter().scan(0u16, |end, width| {
            *end = end.saturating_add(*width);
            Some(*end)
        });
        ends.take_while(|end| *end <= room).count()
    };
    let all = fits(room);
    if all == widths.len() { all } else { fits(room.saturating_sub(2)) }
}

/// Columns for each value of a sample of a table; none where the values have no names.
fn value_widths(table: &TableColumns, page: &SamplePage) -> Vec<u16> {
    let count = page.entries.iter().map(|entry| entry.values.len()).max().unwrap_or(0);
    let (least, most) = VALUE_COLUMNS;
    let width = |place: usize| {
        let texts = page
            .entries
            .iter()
            .filter_map(|entry| Some(table.value_in_file(place, (*entry.values.get(place)?).into())?.width()));
        let widest = texts.max().unwrap_or(0).max(table.name_or_number(place).width());
        (widest as u16 + 2).clamp(least, most)
    };
    if table.is_empty() { Vec::new() } else { (0..count).map(width).collect() }
}

fn draw_entry_row(
    app: &App,
    theme: Theme,
    mut row: Row,
    entry: &ClassifiedSample,
    (class, widths): (u16, &[u16]),
    selected: bool,
) {
    let (mark, role) = verdict_mark(entry, theme);
    let (text, marks) = (theme.style(Role::Text), theme.marks());
    row.put_left_aligned(if selected { marks.pointer } else { " " }, 2, theme.style(Role::Focus));
    let index = thousands(entry.index as u64);
    row.put_right_aligned(&index, NUMBER_COLUMNS - 2, theme.style(if selected { Role::Selected } else { Role::Text }))
        .skip(2);
    row.put_left_aligned(&format!("{mark} {}", predicted_name(app, entry)), class, theme.style(role));
    let arrow = if is_correct(entry) { " " } else { marks.arrow };
    row.put_left_aligned(arrow, 2, theme.style(Role::Muted));
    row.put_left_aligned(&app.run().class_name(entry.class), class - 2, text);
    row.put_right_aligned(&percent(entry.confidence), NUMBER_COLUMNS + 2, text);
    row.put_right_aligned(&number(entry.loss, NUMBER_COLUMNS - 1), NUMBER_COLUMNS, text).skip(3);
    if !app.run().columns.is_empty() {
        for (place, (value, width)) in entry.values.iter().zip(widths).enumerate() {
            let value = f64::from(*value);
            let shown = app.run().columns.value_in_file(place, value).unwrap_or_else(|| number(value, width - 1));
            row.put_right_aligned(&shown, *width, theme.style(Role::Muted));
        }
        return;
    }
    let values = entry.values.iter().map(|value| short(f64::from(*value))).collect::<Vec<_>>().join("  ");
    row.put(&values, theme.style(Role::Muted));
}
