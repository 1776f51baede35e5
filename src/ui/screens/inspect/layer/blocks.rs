//! What the layer is and does in small matrices and pictures.

use ratatui::{buffer::Buffer, layout::Rect};

use super::super::{numbers, symbols::displayable_equation};
use crate::{
    app::{ChainLayer, TableColumns, parameter_letter},
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
const MIN_SIDE_BY_SIDE_COLUMNS: u16 = 96;

/// Fewer rows than these show nothing of use.
const MIN_USEFUL_ROWS: u16 = 4;

/// Fewest rows of a picture, its heading included.
const MIN_PICTURE_ROWS: u16 = 6;

/// Most rows or columns of a matrix that have names: more have room in no window.
const MAX_NAMED: usize = 256;

/// Most values whose Jacobian is written out.
const MAX_JACOBIAN_VALUES: usize = 8;

/// Columns of a number beside the Jacobian, its gap included.
const JACOBIAN_NUMBER_COLUMNS: u16 = 9;

/// Draws what suits the kind of the layer, whose inputs `columns` names, and says whether there was room for it.
pub fn draw(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    (link, layer): (&ChainLayer, &LayerTrace),
    sample: &TracedSample,
    columns: Option<&TableColumns>,
) -> bool {
    if area.height < MIN_USEFUL_ROWS {
        return false;
    }
    let mut rest = area;
    let pictures = layer_pictures(link, layer, sample);
    let needed = needed_rows(layer);
    let first = if needed == 0 {
        Rect::default()
    } else if pictures.is_empty() {
        rest
    } else if rest.width >= MIN_SIDE_BY_SIDE_COLUMNS {
        let half = rest.width / 2;
        let first = take_left(&mut rest, half);
        take_left(&mut rest, 2);
        first
    } else {
        let left = rest.height.saturating_sub(needed + 1);
        let first = take_top(&mut rest, if left >= MIN_PICTURE_ROWS { needed } else { area.height });
        take_top(&mut rest, 1);
        first
    };
    if let Some(slope) = &layer.derivative {
        draw_jacobian(theme, buffer, first, slope, layer);
    } else if let Some(parameter) = layer.parameters.first() {
        match parameter.value.kept.len() {
            2 => draw_matrices(theme, buffer, first, layer, columns),
            4 => draw_kernels(theme, buffer, first, layer),
            _ => draw_channel_vectors(theme, buffer, first, link, layer, columns),
        }
    }
    if first != rest && !pictures.is_empty() {
        draw_pictures(theme, buffer, rest, &pictures);
    }
    true
}

/// Rows that the numbers of the layer take; 0 if it has none.
fn needed_rows(layer: &LayerTrace) -> u16 {
    let Some(parameter) = layer.parameters.first() else {
        return if layer.derivative.is_some() { MAX_JACOBIAN_VALUES as u16 + 2 } else { 0 };
    };
    match *parameter.value.kept.as_slice() {
        [rows, _] => rows.min(MAX_JACOBIAN_VALUES) as u16 + 2,
        [_, _, height, _] => 2 * (height.min(MAX_JACOBIAN_VALUES) as u16 + 1) + 1,
        _ => parameter.value.values.len().min(MAX_JACOBIAN_VALUES) as u16 + 1,
    }
}

/// The values that make a picture: of an image the first channel.
fn layer_pictures(link: &ChainLayer, layer: &LayerTrace, sample: &TracedSample) -> Vec<(&'static str, CellPicture)> {
    // What a linear layer reads of an image is an image too.
    let read = |values: &TensorSlice| {
        let stored = sample.picture.as_ref().filter(|_| link.index == 0)?;
        let whole = stored.width.checked_mul(stored.height)? == values.values.len();
        let as_image = TensorSlice { kept: vec![1, stored.height, stored.width], ..values.clone() };
        numbers::channel_picture(&as_image, 0).filter(|_| whole)
    };
    let all = [
        ("x", &layer.input, true),
        ("y", &layer.output, false),
        ("∂L/∂y", &layer.output_gradient, false),
        ("∂L/∂x", &layer.input_gradient, true),
    ];
    let shown = all.into_iter().filter_map(|(name, values, input)| {
        let values = values.as_ref()?;
        let picture = numbers::channel_picture(values, 0).or_else(|| read(values).filter(|_| input))?;
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
        Row::new(buffer, heading, 0).put(&displayable_equation(name, theme), theme.style(Role::Muted));
        numbers::draw_picture(buffer, place, picture, theme);
    }
}

/// The corner of the gradient of the weights, and that of the weights where both have room or no gradient is there.
fn draw_matrices(theme: Theme, buffer: &mut Buffer, area: Rect, layer: &LayerTrace, inputs: Option<&TableColumns>) {
    let mut shown = weight_slices(layer);
    shown.truncate(if area.width >= MIN_SIDE_BY_SIDE_COLUMNS { 2 } else { 1 });
    let mut rest = area;
    let width = area.width.saturating_sub(2 * (shown.len() as u16).saturating_sub(1)) / (shown.len() as u16).max(1);
    for (name, values) in shown {
        let place = take_left(&mut rest, width);
        take_left(&mut rest, 2);
        let &[rows, columns] = values.kept.as_slice() else { continue };
        let shape: Vec<String> = values.shape.iter().map(ToString::to_string).collect();
        let mut row = Row::new(buffer, place, 0).with_ellipsis(theme.marks().ellipsis);
        row.put(&displayable_equation(name, theme), theme.style(Role::Text)).skip(1);
        row.put(&format!("{}, its corner", shape.join(theme.marks().times)), theme.style(Role::Muted));
        let below = Rect { y: place.y + 1, height: place.height.saturating_sub(1), ..place };
        let row_names = numbers_from_zero(rows);
        let column_names = match inputs {
            Some(inputs) => (0..columns.min(values.values.len())).map(|i| inputs.name_or_number(i)).collect(),
            None => numbers_from_zero(columns),
        };
        draw_corner(theme, buffer, below, values, (rows, columns), [&row_names, &column_names]);
    }
}

/// The first kernel of the first unit in the gradient and in the weights, one above the other.
fn draw_kernels(theme: Theme, buffer: &mut Buffer, area: Rect, layer: &LayerTrace) {
    let mut rest = area;
    for (name, values) in weight_slices(layer) {
        let &[_, _, height, width] = values.kept.as_slice() else { continue };
        let rows = height.min(MAX_JACOBIAN_VALUES) as u16;
        if rest.height <= rows {
            return;
        }
        let shape: Vec<String> = values.shape.iter().map(ToString::to_string).collect();
        let heading = take_top(&mut rest, 1);
        let mut row = Row::new(buffer, heading, 0).with_ellipsis(theme.marks().ellipsis);
        row.put(&format!("{}[0,0]", displayable_equation(name, theme)), theme.style(Role::Text)).skip(1);
        row.put(&format!("of {}", shape.join(theme.marks().times)), theme.style(Role::Muted));
        let place = take_top(&mut rest, rows);
        draw_corner(theme, buffer, place, values, (height, width), [&[], &[]]);
        take_top(&mut rest, 1);
    }
}

/// The gradient of the weights, if it is there, and the weights.
fn weight_slices(layer: &LayerTrace) -> Vec<(&'static str, &TensorSlice)> {
    let Some(parameter) = layer.parameters.first() else { return Vec::new() };
    let gradient = parameter.gradient.as_ref().map(|gradient| ("∂L/∂W", gradient));
    gradient.into_iter().chain([("W", &parameter.value)]).collect()
}

/// Names of as many rows or columns as could be shown.
fn numbers_from_zero(count: usize) -> Vec<String> {
    (0..count.min(MAX_NAMED)).map(|i| i.to_string()).collect()
}

/// The first rows and columns of some values, with names or without.
fn draw_corner(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    values: &TensorSlice,
    (rows, columns): (usize, usize),
    [row_names, column_names]: [&[String]; 2],
) {
    let count = values.values.len();
    let (rows, columns) = (rows.min(count), columns.min(count));
    let element = |row: usize, column: usize| {
        values.values.get(row * columns + column).map_or(f64::NAN, |value| f64::from(*value))
    };
    let row_names = &row_names[..rows.min(row_names.len())];
    let column_names = &column_names[..columns.min(column_names.len())];
    let shown = Matrix { rows, columns, element: &element, row_names, column_names, lit: None };
    matrix::draw(buffer, area, &shown, theme);
}

/// Vectors of parameters side by side: γ and β of a batch normalization with their gradients.
fn draw_channel_vectors(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    link: &ChainLayer,
    layer: &LayerTrace,
    inputs: Option<&TableColumns>,
) {
    let lists: Vec<(String, &TensorSlice)> = layer
        .parameters
        .iter()
        .take(2)
        .flat_map(|parameter| {
            let symbol = parameter_letter(&link.kind, &parameter.name);
            let gradient = parameter.gradient.as_ref();
            let gradient =
                gradient.map(|gradient| (displayable_equation(&format!("∂L/∂{symbol}"), theme).into_owned(), gradient));
            [Some((displayable_equation(symbol, theme).into_owned(), &parameter.value)), gradient]
        })
        .flatten()
        .collect();
    let rows = lists.iter().map(|(_, values)| values.values.len()).max().unwrap_or(0);
    let element = |row: usize, column: usize| {
        lists.get(column).and_then(|(_, values)| values.values.get(row)).map_or(f64::NAN, |value| f64::from(*value))
    };
    let name = |i: usize| inputs.map_or_else(|| i.to_string(), |inputs| inputs.name_or_number(i));
    let row_names: Vec<String> = (0..rows).map(name).collect();
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
fn draw_jacobian(theme: Theme, buffer: &mut Buffer, area: Rect, slope: &TensorSlice, layer: &LayerTrace) {
    let marks = theme.marks();
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let mask = slope.values.iter().all(|value| *value == 0.0 || *value == 1.0);
    let mut area = area;
    if area.height >= MAX_JACOBIAN_VALUES as u16 + 4 {
        let line = take_top(&mut area, 1);
        let mut row = Row::new(buffer, line, 0);
        row.put_left_aligned(&displayable_equation("φ′(x)", theme), JACOBIAN_NUMBER_COLUMNS, muted);
        let strip = Rect { x: row.position(), width: row.free(), ..line };
        numbers::draw_strip(buffer, strip, &slope.values, theme);
        take_top(&mut area, 1);
    }
    let cell = if mask { 2 } else { 7 };
    let room = usize::from(area.width.saturating_sub(3 * JACOBIAN_NUMBER_COLUMNS + 4) / cell);
    let rows = usize::from(area.height.saturating_sub(2));
    let count = MAX_JACOBIAN_VALUES.min(slope.values.len()).min(room).min(rows);
    let mut row = Row::new(buffer, area, 0).with_ellipsis(marks.ellipsis);
    let known = slope.values.len();
    let passing = slope.values.iter().filter(|value| **value != 0.0).count();
    let whole = slope.shape.iter().copied().fold(1, usize::saturating_mul);
    let of = format!("{}{}", if whole > known { "the first " } else { "" }, thousands(known as u64));
    row.put_all(&[
        (&format!("{} ", thousands(passing as u64)), text),
        (
            &format!("of {of} values pass; the first {count} of ∂L/∂x = ∂y/∂x dy").replace("∂", partial_symbol(theme)),
            muted,
        ),
    ]);
    let matrix = cell * count as u16;
    let mut row = Row::new(buffer, area, 1).with_ellipsis(marks.ellipsis);
    row.put_right_aligned("x", JACOBIAN_NUMBER_COLUMNS, muted).skip(2);
    row.put_left_aligned(&displayable_equation("∂y/∂x", theme), matrix.max(6), muted);
    row.put_right_aligned("dy", JACOBIAN_NUMBER_COLUMNS, muted).skip(2).put_right_aligned(
        &displayable_equation("∂L/∂x", theme),
        JACOBIAN_NUMBER_COLUMNS,
        muted,
    );
    let at = |values: &Option<TensorSlice>, place: usize| {
        values.as_ref().and_then(|values| values.values.get(place)).map(|value| f64::from(*value))
    };
    let written = |value: Option<f64>| {
        value.map_or_else(|| marks.none.into(), |value| number(value, JACOBIAN_NUMBER_COLUMNS - 1))
    };
    for i in 0..count {
        let mut row = Row::new(buffer, area, i as u16 + 2).with_ellipsis(marks.ellipsis);
        row.put_right_aligned(&written(at(&layer.input, i)), JACOBIAN_NUMBER_COLUMNS, text)
            .skip(1)
            .put(marks.bar, theme.style(Role::Faint));
        for j in 0..count {
            let value = if i == j { f64::from(slope.values[i]) } else { 0.0 };
            let role = if i == j { Role::Focus } else { Role::Faint };
            row.put_right_aligned(&number(value, cell - 1), cell, theme.style(role));
        }
        row.put(marks.bar, theme.style(Role::Faint)).skip(6u16.saturating_sub(matrix + 1));
        row.put_right_aligned(&written(at(&layer.output_gradient, i)), JACOBIAN_NUMBER_COLUMNS, text).put(" =", muted);
        row.put_right_aligned(&written(at(&layer.input_gradient, i)), JACOBIAN_NUMBER_COLUMNS, text);
    }
}

fn partial_symbol(theme: Theme) -> &'static str {
    if theme.has_symbols() { "∂" } else { "d" }
}
