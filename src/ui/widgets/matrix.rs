//! A small matrix written out in numbers.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::text::TextWidth;
use crate::ui::{
    paint::{Row, number},
    theme::{Role, Theme},
};

/// Most columns that one number may take.
const MAX_NUMBER_COLUMNS: u16 = 9;

/// Columns for the sign that there are more.
const MORE_COLUMNS: u16 = 2;

/// A matrix and what to write beside it.
pub struct Matrix<'a> {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// The element in a row and a column.
    pub element: &'a dyn Fn(usize, usize) -> f64,
    /// Names of the rows, safe to show; none where there are none.
    pub row_names: &'a [String],
    /// Names of the columns, safe to show; none where there are none.
    pub column_names: &'a [String],
    /// The element that is lit, by row and column.
    pub lit: Option<(usize, usize)>,
}

/// Draws as many rows and columns as there is room for; where some are left out, the last one says so. Zeros are
/// written faintly, so that a diagonal stands out.
pub fn draw(buffer: &mut Buffer, area: Rect, matrix: &Matrix, theme: Theme) {
    let ellipsis = theme.marks().ellipsis;
    let heading = u16::from(!matrix.column_names.is_empty());
    let room = usize::from(area.height.saturating_sub(heading));
    let shown = if matrix.rows > room { room.saturating_sub(1) } else { matrix.rows };
    let names = matrix.row_names.iter().take(shown).map(|name| name.width()).max();
    let names = names.map_or(0, |width| (width as u16 + 1).min(area.width / 3));
    let text = |row: usize, column: usize| number((matrix.element)(row, column), MAX_NUMBER_COLUMNS - 1);
    // All columns are as wide as the widest number in sight, so that they line up and don't jump.
    let most = usize::from((area.width.saturating_sub(names)) / 3).min(matrix.columns);
    let widest = (0..shown).flat_map(|row| (0..most).map(move |column| (row, column)));
    let widest = widest.map(|(row, column)| text(row, column).width() as u16).max().unwrap_or(0);
    let widest = matrix.column_names.iter().take(most).map(|name| name.width() as u16).fold(widest, u16::max);
    let width = (widest + 1).clamp(2, MAX_NUMBER_COLUMNS);
    let room = area.width.saturating_sub(names);
    let fits = matrix.columns <= usize::from(room / width);
    let columns = if fits { matrix.columns } else { usize::from(room.saturating_sub(MORE_COLUMNS) / width) };
    let more = columns < matrix.columns;
    if heading > 0 {
        let mut line = Row::new(buffer, area, 0).with_ellipsis(ellipsis);
        line.skip(names);
        for name in matrix.column_names.iter().take(columns) {
            line.put_right_aligned(&crate::ui::paint::cut(name, width - 1, ellipsis), width, theme.style(Role::Muted));
        }
    }
    for row in 0..shown {
        let mut line = Row::new(buffer, area, heading + row as u16).with_ellipsis(ellipsis);
        if names > 0 {
            let name = matrix.row_names.get(row).map_or("", String::as_str);
            line.put_left_aligned(name, names - 1, theme.style(Role::Muted)).skip(1);
        }
        for column in 0..columns {
            let value = (matrix.element)(row, column);
            let role = match value {
                _ if matrix.lit == Some((row, column)) => Role::Selected,
                value if !value.is_finite() => Role::Bad,
                0.0 => Role::Faint,
                _ => Role::Text,
            };
            line.put_right_aligned(&text(row, column), width, theme.style(role));
        }
        if more {
            line.put_right_aligned(ellipsis, MORE_COLUMNS, theme.style(Role::Muted));
        }
    }
    if shown < matrix.rows {
        let text = format!("{ellipsis} {} more rows", matrix.rows - shown);
        Row::new(buffer, area, heading + shown as u16).with_ellipsis(ellipsis).put(&text, theme.style(Role::Muted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Background, ColorDepth};

    fn drawn((width, height): (u16, u16), matrix: &Matrix) -> Vec<String> {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let area = buffer.area;
        draw(&mut buffer, area, matrix, Theme::new(ColorDepth::True, Background::Dark, true));
        let text = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..height).map(text).collect()
    }

    fn matrix<'a>(size: usize, element: &'a dyn Fn(usize, usize) -> f64, names: &'a [String]) -> Matrix<'a> {
        Matrix { rows: size, columns: size, element, row_names: names, column_names: names, lit: Some((0, 0)) }
    }

    #[test]
    fn numbers_line_up_under_their_names() {
        let names: Vec<String> = ["a", "bb"].map(String::from).to_vec();
        let element = |row: usize, column: usize| if row == column { 0.25 } else { -0.125 };
        let shown = drawn((20, 3), &matrix(2, &element, &names));
        assert_eq!(shown, ["         a     bb", "a     0.25 -0.125", "bb  -0.125   0.25"]);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let shown = drawn((12, 3), &matrix(9, &|_, _| 0.5, &[]));
        assert_eq!(shown, [" 0.5 0.5 …", " 0.5 0.5 …", "… 7 more ro…"]);
    }

    #[test]
    fn any_numbers_at_any_size_are_drawn() {
        let values = [f64::NAN, f64::INFINITY, -1e-300, 1e300, 0.0];
        let names = vec!["長い名前".to_owned(); 40];
        for size in [(0, 0), (1, 1), (3, 2), (80, 24)] {
            for count in [0, 1, 40] {
                drawn(size, &matrix(count, &|row, column| values[(row + column) % 5], &names));
                drawn(size, &matrix(count, &|row, column| values[(row * column) % 5], &[]));
            }
        }
    }
}
