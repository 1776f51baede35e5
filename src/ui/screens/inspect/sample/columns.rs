//! The values of a sample of a table: by the names of the columns, as the network reads them and as the file has them.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::TableColumns,
    protocol::inspection::TensorSlice,
    text::{columns, thousands},
    ui::{
        paint::{Row, number},
        theme::{Role, Theme},
    },
};

/// Columns of the terminal below which a value is shown once, as the file has it.
const MIN_COLUMNS_FOR_BOTH: u16 = 28;

/// Columns of a number, its gap included: at least, and at most for one in the units of the file.
const NUMBER_COLUMNS: (u16, u16) = (7, 14);

/// Longest name in columns.
const MAX_NAME_COLUMNS: u16 = 24;

/// A value with its names.
struct NamedValue {
    symbol: String,
    name: String,
    in_file: Option<String>,
    read: String,
}

/// Draws one row for each value, as many as have room.
pub fn draw(table: &TableColumns, theme: Theme, buffer: &mut Buffer, area: Rect, input: &TensorSlice) {
    let count = input.shape.iter().copied().fold(1, usize::saturating_mul).max(input.values.len());
    let rows = usize::from(area.height.saturating_sub(1));
    let shown = if count > rows { rows.saturating_sub(1) } else { rows }.min(input.values.len());
    let values: Vec<NamedValue> = (0..shown)
        .map(|i| NamedValue {
            symbol: format!("x[{i}]"),
            name: table.name(i).unwrap_or_default().into(),
            in_file: table.value_in_file(i, f64::from(input.values[i])),
            read: number(f64::from(input.values[i]), NUMBER_COLUMNS.0 - 1),
        })
        .collect();
    let widest = |text: &dyn Fn(&NamedValue) -> usize| values.iter().map(text).max().unwrap_or(0) as u16;
    let in_file = widest(&|value| value.in_file.as_deref().map_or(0, columns));
    // Where the file has what the network reads, once is enough.
    let told = in_file > 0 && table.is_converted();
    let roomy = area.width >= MIN_COLUMNS_FOR_BOTH;
    let in_file = if told { (in_file + 1).clamp(NUMBER_COLUMNS.0 + 1, NUMBER_COLUMNS.1) } else { 0 };
    let read = if roomy || !told { widest(&|value| columns(&value.read)).max(NUMBER_COLUMNS.0 - 1) + 1 } else { 0 };
    let symbol = if roomy || !told { widest(&|value| columns(&value.symbol)) + 1 } else { 0 };
    let room = area.width.saturating_sub(symbol + in_file + read);
    let name = if roomy { room.min(widest(&|value| columns(&value.name)).min(MAX_NAME_COLUMNS)) } else { room };
    let (muted, ellipsis) = (theme.style(Role::Muted), theme.marks().ellipsis);
    let mut row = Row::new(buffer, area, 0).with_ellipsis(ellipsis);
    row.put_left_aligned("", symbol + name, muted);
    row.put_right_aligned("file", in_file, muted).put_right_aligned("x", read, muted);
    for (y, value) in (1..).zip(&values) {
        let mut row = Row::new(buffer, area, y).with_ellipsis(ellipsis);
        row.put_left_aligned(&value.symbol, symbol.saturating_sub(1), muted).skip(symbol.min(1));
        row.put_left_aligned(&value.name, name, theme.style(Role::Text));
        let none = theme.marks().none;
        row.put_right_aligned(value.in_file.as_deref().unwrap_or(none), in_file, theme.style(Role::Strong));
        row.put_right_aligned(&value.read, read, theme.style(Role::Text));
    }
    if count > shown {
        let text = format!("{ellipsis} {} more", thousands((count - shown) as u64));
        Row::new(buffer, area, shown as u16 + 1).with_ellipsis(ellipsis).put(&text, muted);
    }
}
