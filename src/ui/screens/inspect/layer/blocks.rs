//! What the layer is and does in small matrices and pictures.

use ratatui::{buffer::Buffer, layout::Rect};

use super::super::{numbers, symbols::equation};
use crate::{
    app::{ChainLayer, letter},
    protocol::inspection::{LayerTrace, TensorSlice, TracedSample},
    text::thousands,
    ui::{
        layout::{take_left, take_top},
        paint::{Row, number},
        theme::{Role, Theme},
        widgets::{
            matrix::{self, Matrix},
            picture::CellPicture,
        },
    },
};

/// Columns from which matrix and pictures stand side by side.
const WIDE: u16 = 96;

/// Fewer rows than these show nothing of use.
const LEAST: u16 = 4;

/// Fewest rows of a picture, its heading included.
const PICTURE: u16 = 6;

/// Most values whose Jacobian is written out.
const MOST: usize = 8;

/// Columns of a number beside the Jacobian, its gap included.
const NUMBER: u16 = 9;

/// Draws what suits the kind of the layer, and says whether there was room for it.
pub fn draw(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    link: &ChainLayer,
    layer: &LayerTrace,
    sample: &TracedSample,
) -> bool {
    if area.height < LEAST {
        return false;
    }
    let mut rest = area;
    let pictures = pictures(link, layer, sample);
    let needed = rows(layer);
    let first = if needed == 0 {
        Rect::default()
    } else if pictures.is_empty() {
        rest
    } else if rest.width >= WIDE {
        let half = rest.width / 2;
        let first = take_left(&mut rest, half);
        take_left(&mut rest, 2);
        first
    } else {
        let left = rest.height.saturating_sub(needed + 1);
        let first = take_top(&mut rest, if left >= PICTURE { needed } else { area.height });
        take_top(&mut rest, 1);
        first
    };
    if let Some(slope) = &layer.derivative {
        jacobian(theme, buffer, first, slope, layer);
    } else if let Some(parameter) = layer.parameters.first() {
        match parameter.value.kept.len() {
            2 => matrices(theme, buffer, first, layer),
            4 => kernels(theme, buffer, first, layer),
            _ => channels(theme, buffer, first, link, layer),
        }
    }
    if first != rest && !pictures.is_empty() {
        draw_pictures(theme, buffer, rest, &pictures);
    }
    true
}

/// Rows that the numbers of the layer take; 0 if it has none.
fn rows(layer: &LayerTrace) -> u16 {
    let Some(parameter) = layer.parameters.first() else {
        return if layer.derivative.is_some() { MOST as u16 + 2 } else { 0 };
    };
    match *parameter.value.kept.as_slice() {
        [rows, _] => rows.min(MOST) as u16 + 2,
        [_, _, height, _] => 2 * (height.min(MOST) as u16 + 1) + 1,
        _ => parameter.value.values.len().min(MOST) as u16 + 1,
    }
}

/// The values that make a picture: of an image the first channel.
fn pictures(link: &ChainLayer, layer: &LayerTrace, sample: &TracedSample) -> Vec<(&'static str, CellPicture)> {
    // What a linear layer reads of an image is an image too.
    let read = |values: &TensorSlice| {
        let stored = sample.picture.as_ref().filter(|_| link.index == 0)?;
        let whole = stored.width.checked_mul(stored.height)? == values.values.len();
        let as_image = TensorSlice { kept: vec![1, stored.height, stored.width], ..values.clone() };
        numbers::plane(&as_image, 0).filter(|_| whole)
    };
    let all = [
        ("x", &layer.input, true),
        ("y", &layer.output, false),
        ("∂L/∂y", &layer.output_gradient, false),
        ("∂L/∂x", &layer.input_gradient, true),
    ];
    let shown = all.into_iter().filter_map(|(name, values, input)| {
        let values = values.as_ref()?;
        let picture = numbers::plane(values, 0).or_else(|| read(values).filter(|_| input))?;
        Some((name, picture))
    });
    shown.collect()
}

fn draw_pictures(theme: Theme, buffer: &mut Buffer, mut area: Rect, pictures: &[(&'static str, CellPicture)]) {
    let width = area.width.saturating_sub(2 * (pictures.len() as u16 - 1)) / pictures.len() as u16;
    for (name, picture) in pictures {
        let mut place = take_left(&mut area, width);
        take_left(&mut area, 2);
        let heading = take_top(&mut place, 1);
        Row::new(buffer, heading, 0).put(&equation(name, theme), theme.style(Role::Muted));
        numbers::draw_picture(buffer, place, picture, theme);
    }
}

/// The corner of the gradient of the weights, and that of the weights where both have room or no gradient is there.
fn matrices(theme: Theme, buffer: &mut Buffer, area: Rect, layer: &LayerTrace) {
    let mut shown = weights(layer);
    shown.truncate(if area.width >= WIDE { 2 } else { 1 });
    let mut rest = area;
    let width = area.width.saturating_sub(2 * (shown.len() as u16).saturating_sub(1)) / (shown.len() as u16).max(1);
    for (name, values) in shown {
        let place = take_left(&mut rest, width);
        take_left(&mut rest, 2);
        let &[rows, columns] = values.kept.as_slice() else { continue };
        let shape: Vec<String> = values.shape.iter().map(ToString::to_string).collect();
        let mut row = Row::new(buffer, place, 0).ending(theme.marks().ellipsis);
        row.put(&equation(name, theme), theme.style(Role::Text)).skip(1);
        row.put(&format!("{}, its corner", shape.join(theme.marks().times)), theme.style(Role::Muted));
        let below = Rect { y: place.y + 1, height: place.height.saturating_sub(1), ..place };
        square(theme, buffer, below, values, (rows, columns), true);
    }
}

/// The first kernel of the first unit in the gradient and in the weights, one above the other.
fn kernels(theme: Theme, buffer: &mut Buffer, area: Rect, layer: &LayerTrace) {
    let mut rest = area;
    for (name, values) in weights(layer) {
        let &[_, _, height, width] = values.kept.as_slice() else { continue };
        let rows = height.min(MOST) as u16;
        if rest.height <= rows {
            return;
        }
        let shape: Vec<String> = values.shape.iter().map(ToString::to_string).collect();
        let heading = take_top(&mut rest, 1);
        let mut row = Row::new(buffer, heading, 0).ending(theme.marks().ellipsis);
        row.put(&format!("{}[0,0]", equation(name, theme)), theme.style(Role::Text)).skip(1);
        row.put(&format!("of {}", shape.join(theme.marks().times)), theme.style(Role::Muted));
        let place = take_top(&mut rest, rows);
        square(theme, buffer, place, values, (height, width), false);
        take_top(&mut rest, 1);
    }
}

/// The gradient of the weights, if it is there, and the weights.
fn weights(layer: &LayerTrace) -> Vec<(&'static str, &TensorSlice)> {
    let Some(parameter) = layer.parameters.first() else { return Vec::new() };
    let gradient = parameter.gradient.as_ref().map(|gradient| ("∂L/∂W", gradient));
    gradient.into_iter().chain([("W", &parameter.value)]).collect()
}

/// The first rows and columns of some values, with their numbers or without.
fn square(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    values: &TensorSlice,
    (rows, columns): (usize, usize),
    numbered: bool,
) {
    let count = values.values.len();
    let (rows, columns) = (rows.min(count), columns.min(count));
    let element = |row: usize, column: usize| {
        values.values.get(row * columns + column).map_or(f64::NAN, |value| f64::from(*value))
    };
    let names = |count: usize| (0..count).filter(|_| numbered).map(|i| i.to_string()).collect::<Vec<_>>();
    let (row_names, column_names) = (names(rows), names(columns));
    let shown =
        Matrix { rows, columns, element: &element, row_names: &row_names, column_names: &column_names, lit: None };
    matrix::draw(buffer, area, &shown, theme);
}

/// Vectors of parameters side by side: γ and β of a batch normalization with their gradients.
fn channels(theme: Theme, buffer: &mut Buffer, area: Rect, link: &ChainLayer, layer: &LayerTrace) {
    let lists: Vec<(String, &TensorSlice)> = layer
        .parameters
        .iter()
        .take(2)
        .flat_map(|parameter| {
            let symbol = letter(&link.kind, &parameter.name);
            let gradient = parameter.gradient.as_ref();
            let gradient = gradient.map(|gradient| (equation(&format!("∂L/∂{symbol}"), theme).into_owned(), gradient));
            [Some((equation(symbol, theme).into_owned(), &parameter.value)), gradient]
        })
        .flatten()
        .collect();
    let rows = lists.iter().map(|(_, values)| values.values.len()).max().unwrap_or(0);
    let element = |row: usize, column: usize| {
        lists.get(column).and_then(|(_, values)| values.values.get(row)).map_or(f64::NAN, |value| f64::from(*value))
    };
    let row_names: Vec<String> = (0..rows).map(|i| i.to_string()).collect();
    let column_names: Vec<String> = lists.iter().map(|(name, _)| name.clone()).collect();
    let matrix = Matrix {
        rows,
        columns: lists.len(),
        element: &element,
        row_names: &row_names,
        column_names: &column_names,
        lit: None,
    };
    matrix::draw(buffer, area, &matrix, theme);
}

/// The first corner of the diagonal matrix ∂y/∂x between x and dy, and what they make of each other.
fn jacobian(theme: Theme, buffer: &mut Buffer, area: Rect, slope: &TensorSlice, layer: &LayerTrace) {
    let marks = theme.marks();
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let mask = slope.values.iter().all(|value| *value == 0.0 || *value == 1.0);
    let mut area = area;
    if area.height >= MOST as u16 + 4 {
        let line = take_top(&mut area, 1);
        let mut row = Row::new(buffer, line, 0);
        row.put_cell(&equation("φ′(x)", theme), NUMBER, muted);
        let strip = Rect { x: row.position(), width: row.free(), ..line };
        numbers::strip(buffer, strip, &slope.values, theme);
        take_top(&mut area, 1);
    }
    let cell = if mask { 2 } else { 7 };
    let room = usize::from(area.width.saturating_sub(3 * NUMBER + 4) / cell);
    let rows = usize::from(area.height.saturating_sub(2));
    let count = MOST.min(slope.values.len()).min(room).min(rows);
    let mut row = Row::new(buffer, area, 0).ending(marks.ellipsis);
    let known = slope.values.len();
    let passing = slope.values.iter().filter(|value| **value != 0.0).count();
    let whole = slope.shape.iter().copied().fold(1, usize::saturating_mul);
    let of = format!("{}{}", if whole > known { "the first " } else { "" }, thousands(known as u64));
    row.put_all(&[
        (&format!("{} ", thousands(passing as u64)), text),
        (&format!("of {of} values pass; the first {count} of ∂L/∂x = ∂y/∂x dy").replace("∂", partial(theme)), muted),
    ]);
    let matrix = cell * count as u16;
    let mut row = Row::new(buffer, area, 1).ending(marks.ellipsis);
    row.put_flush("x", NUMBER, muted).skip(2);
    row.put_cell(&equation("∂y/∂x", theme), matrix.max(6), muted);
    row.put_flush("dy", NUMBER, muted).skip(2).put_flush(&equation("∂L/∂x", theme), NUMBER, muted);
    let at = |values: &Option<TensorSlice>, place: usize| {
        values.as_ref().and_then(|values| values.values.get(place)).map(|value| f64::from(*value))
    };
    let written = |value: Option<f64>| value.map_or_else(|| marks.none.into(), |value| number(value, NUMBER - 1));
    for i in 0..count {
        let mut row = Row::new(buffer, area, i as u16 + 2).ending(marks.ellipsis);
        row.put_flush(&written(at(&layer.input, i)), NUMBER, text).skip(1).put(marks.bar, theme.style(Role::Faint));
        for j in 0..count {
            let value = if i == j { f64::from(slope.values[i]) } else { 0.0 };
            let role = if i == j { Role::Focus } else { Role::Faint };
            row.put_flush(&number(value, cell - 1), cell, theme.style(role));
        }
        row.put(marks.bar, theme.style(Role::Faint)).skip(6u16.saturating_sub(matrix + 1));
        row.put_flush(&written(at(&layer.output_gradient, i)), NUMBER, text).put(" =", muted);
        row.put_flush(&written(at(&layer.input_gradient, i)), NUMBER, text);
    }
}

fn partial(theme: Theme) -> &'static str {
    if theme.unicode { "∂" } else { "d" }
}
