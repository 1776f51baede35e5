//! Points in the plane as text: a letter for each class, which colours repeat.

use std::io::{self, Write};

use gradtop::{
    dataset::Dataset,
    text::{Safe, short},
};

/// Lines of the drawing, half as many as its columns would be if characters were square.
const PLOT_LINES: usize = 24;

/// Colours of the classes in xterm's 256, after Okabe and Ito; they repeat.
const CLASS_COLORS: [u8; 7] = [214, 74, 36, 227, 33, 208, 175];

/// Draws the training points of a data set with two numbers in a sample.
pub fn draw_scatter_plot(out: &mut impl Write, data: &Dataset, columns: usize, colored: bool) -> io::Result<()> {
    let indices: Vec<u32> = (0..data.train.len() as u32).collect();
    let (mut values, mut labels) = (vec![0.0_f64; 2 * indices.len()], vec![0; indices.len()]);
    data.train.gather(&indices, &mut values);
    data.train.gather_labels(&indices, &mut labels);
    // In the units of the file.
    for point in values.chunks_exact_mut(2) {
        for (value, column) in point.iter_mut().zip(&data.columns) {
            *value = column.offset + column.scale * *value;
        }
    }
    let ends = [0, 1].map(|axis| {
        let along = values.iter().skip(axis).step_by(2).copied();
        (along.clone().fold(f64::INFINITY, f64::min), along.fold(f64::NEG_INFINITY, f64::max))
    });
    // The corner's number and a rule stand to the left.
    let width = columns.saturating_sub(12).max(8);
    let cells = count_points(&values, &labels, ends, width);
    for (line, row) in cells.chunks(width).enumerate() {
        let at = match line {
            0 => short(ends[1].1),
            line if line + 1 == PLOT_LINES => short(ends[1].0),
            _ => String::new(),
        };
        let marks: String =
            row.iter().map(|cell| class_mark(cell.as_ref().map(most_frequent_class), colored)).collect();
        writeln!(out, "  {at:>8} |{}", marks.trim_end())?;
    }
    writeln!(out, "  {:8} +{}", "", "-".repeat(width))?;
    let (left, right) = (short(ends[0].0), short(ends[0].1));
    writeln!(out, "  {:8}  {left}{right:>rest$}", "", rest = width.saturating_sub(left.len()))?;
    if let [across, up] = &data.columns[..]
        && (across.name.as_str(), up.name.as_str()) != ("x", "y")
    {
        writeln!(out, "  {:8}  across {}, up {}", "", Safe(&across.name), Safe(&up.name))?;
    }
    writeln!(out)?;
    for (class, name) in (0..).zip(&data.classes) {
        writeln!(out, "  {} {}", class_mark(Some(class), colored), Safe(name))?;
    }
    Ok(())
}

/// Points of each class in a cell.
type Cell = Vec<(u8, u32)>;

/// Counts the points in each cell, from the top left.
fn count_points(values: &[f64], labels: &[u8], ends: [(f64, f64); 2], width: usize) -> Vec<Option<Cell>> {
    let mut cells: Vec<Option<Cell>> = vec![None; width * PLOT_LINES];
    let place = |value: f64, (least, most): (f64, f64), count: usize| {
        let share = if most > least { (value - least) / (most - least) } else { 0.5 };
        ((share * count as f64) as usize).min(count - 1)
    };
    for (point, &label) in values.chunks_exact(2).zip(labels) {
        let (x, y) = (place(point[0], ends[0], width), place(point[1], ends[1], PLOT_LINES));
        let cell = cells[(PLOT_LINES - 1 - y) * width + x].get_or_insert_with(Vec::new);
        match cell.iter_mut().find(|(class, _)| *class == label) {
            Some((_, count)) => *count += 1,
            None => cell.push((label, 1)),
        }
    }
    cells
}

/// The class with the most points in a cell; the first of several.
fn most_frequent_class(cell: &Cell) -> u8 {
    let most = cell.iter().max_by_key(|(class, count)| (*count, std::cmp::Reverse(*class)));
    most.map_or(0, |(class, _)| *class)
}

fn class_mark(class: Option<u8>, colored: bool) -> String {
    let Some(class) = class else { return " ".into() };
    let letters = 'A'..='Z';
    let letter = letters.clone().chain('a'..='z').nth(class as usize % 52).unwrap_or('?');
    if colored {
        format!("\u{1b}[38;5;{}m{letter}\u{1b}[0m", CLASS_COLORS[class as usize % CLASS_COLORS.len()])
    } else {
        letter.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_fall_into_their_cells_and_the_larger_class_wins() {
        let values = [0.0, 0.0, 0.0, 0.0, 0.01, 0.0, 1.0, 1.0];
        let cells = count_points(&values, &[1, 0, 1, 2], [(0.0, 1.0), (0.0, 1.0)], 10);
        assert_eq!(cells.iter().flatten().count(), 2);
        assert_eq!(cells[(PLOT_LINES - 1) * 10].as_ref().map(most_frequent_class), Some(1));
        assert_eq!(cells[9].as_ref().map(most_frequent_class), Some(2));
        assert_eq!(most_frequent_class(&vec![(3, 2), (1, 2)]), 1);
        // All in one place: nothing is divided by 0.
        assert_eq!(count_points(&[5.0; 4], &[0, 0], [(5.0, 5.0); 2], 10).iter().flatten().count(), 1);
    }

    #[test]
    fn marks_are_letters_with_or_without_color() {
        assert_eq!([class_mark(Some(0), false), class_mark(Some(26), false), class_mark(None, true)], ["A", "a", " "]);
        assert_eq!(class_mark(Some(1), true), "\u{1b}[38;5;74mB\u{1b}[0m");
    }
}
