//! Samples that are no images: one row each.

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

use super::entry::{percent, verdict_mark};
use crate::{
    app::App,
    protocol::inspection::{ClassifiedSample, SamplePage},
    text::{short, thousands},
    ui::{
        paint::{Row, number},
        theme::{Role, Theme},
    },
};

/// Columns of a number, its gap included.
const NUMBER_COLUMNS: u16 = 9;

/// Draws the page, of which the first entry has place `first`.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, page: &SamplePage, first: usize) {
    let names = page.entries.iter().flat_map(|entry| [entry.class, entry.predicted]);
    let widest = names.map(|class| app.run().class_name(class).width()).max().unwrap_or(0) as u16;
    let class = (widest + 4).clamp(12, 24);
    let muted = theme.style(Role::Muted);
    let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
    row.skip(2).put_right_aligned("sample", NUMBER_COLUMNS - 2, muted).skip(2);
    row.put_left_aligned("truth", class, muted).put_left_aligned("prediction", class, muted);
    row.put_right_aligned("confidence", NUMBER_COLUMNS + 2, muted)
        .put_right_aligned("loss", NUMBER_COLUMNS, muted)
        .skip(3);
    row.put("values", muted);
    for (place, entry) in page.entries.iter().enumerate().take(usize::from(area.height.saturating_sub(1))) {
        let row = Row::new(buffer, area, place as u16 + 1).with_ellipsis(theme.marks().ellipsis);
        draw_entry_row(app, theme, row, entry, class, first + place == app.data_screen().selected_entry());
    }
}

fn draw_entry_row(app: &App, theme: Theme, mut row: Row, entry: &ClassifiedSample, class: u16, selected: bool) {
    let (mark, role) = verdict_mark(entry, theme);
    let (text, marks) = (theme.style(Role::Text), theme.marks());
    row.put_left_aligned(if selected { marks.pointer } else { " " }, 2, theme.style(Role::Focus));
    let index = thousands(entry.index as u64);
    row.put_right_aligned(&index, NUMBER_COLUMNS - 2, theme.style(if selected { Role::Selected } else { Role::Text }))
        .skip(2);
    row.put_left_aligned(&app.run().class_name(entry.class), class, text);
    row.put_left_aligned(&format!("{mark} {}", app.run().class_name(entry.predicted)), class, theme.style(role));
    row.put_right_aligned(&percent(entry.confidence), NUMBER_COLUMNS + 2, text);
    row.put_right_aligned(&number(entry.loss, NUMBER_COLUMNS - 1), NUMBER_COLUMNS, text).skip(3);
    let values = entry.values.iter().map(|value| short(f64::from(*value))).collect::<Vec<_>>().join("  ");
    row.put(&values, theme.style(Role::Muted));
}
