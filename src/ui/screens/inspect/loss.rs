//! Softmax and cross entropy: what the network gave for each class, and the Jacobian of softmax.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::symbols::displayable_equation;
use crate::{
    app::App,
    protocol::inspection::SampleLoss,
    text::{TextWidth, thousands},
    ui::{
        paint::{Row, cut, number},
        theme::{Ramp, Role, Theme},
        widgets::heat,
    },
};

/// Columns of a number and of an element of the Jacobian, their gaps included, the most readable first.
const NUMBER_AND_ELEMENT_COLUMNS: [(u16, u16); 5] = [(10, 5), (9, 4), (9, 3), (8, 3), (9, 0)];

/// Columns before the Jacobian.
const JACOBIAN_GAP_COLUMNS: u16 = 2;

/// Most columns of a class's name.
const MAX_NAME_COLUMNS: u16 = 14;

/// Draws a row for each class: logit, probability, target, gradient, and the class's row of ∂p/∂z where it has room.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect, loss: &SampleLoss, truth: usize) {
    let classes = loss.probabilities.len();
    let above = if usize::from(area.height) >= classes + 2 { 2 } else { 1 };
    let rows = usize::from(area.height.saturating_sub(above));
    let order = class_order(loss, rows, truth);
    let widest = order.iter().map(|class| app.run().class_name(*class).width()).max().unwrap_or(0) as u16;
    let names = (widest + 2).min(MAX_NAME_COLUMNS + 2).min(area.width / 3);
    let square = classes.checked_mul(classes) == Some(loss.jacobian.len()) && order.len() == classes;
    let fits = |(figure, cell): &(u16, u16)| {
        let jacobian = if *cell > 0 { JACOBIAN_GAP_COLUMNS + cell * classes as u16 } else { 0 };
        (square || *cell == 0) && 2 + names + 4 * figure + jacobian <= area.width
    };
    let (figure, cell) = NUMBER_AND_ELEMENT_COLUMNS.into_iter().find(fits).unwrap_or((9, 0));
    draw_heading(theme, buffer, Rect { height: above.min(area.height), ..area }, names, (figure, cell), classes);
    let largest = heat::size_of_largest(&loss.jacobian);
    for (y, class) in (above..).zip(&order) {
        let mut row = Row::new(buffer, area, y).with_ellipsis(theme.marks().ellipsis);
        let role = if *class == truth { Role::Strong } else { Role::Text };
        let mark = match (*class == truth, *class == loss.predicted) {
            (true, true) => (theme.marks().good, Role::Good),
            (true, false) => (theme.marks().pointer, Role::Text),
            (false, true) => (theme.marks().bad, Role::Bad),
            (false, false) => (" ", Role::Text),
        };
        row.put(mark.0, theme.style(mark.1)).skip(1);
        row.put_left_aligned(&app.run().class_name(*class), names.saturating_sub(1), theme.style(role)).skip(1);
        for values in [&loss.logits, &loss.probabilities, &loss.target, &loss.gradient] {
            let value = values.get(*class).map_or(f64::NAN, |value| f64::from(*value));
            let role = if value.is_finite() { role } else { Role::Bad };
            row.put_right_aligned(&number(value, figure - 1), figure, theme.style(role));
        }
        if cell == 0 {
            continue;
        }
        row.skip(JACOBIAN_GAP_COLUMNS);
        for column in 0..classes {
            let value = loss.jacobian.get(class * classes + column).copied().unwrap_or(f32::NAN);
            put_jacobian_element(&mut row, theme, value, largest, cell);
        }
    }
    let hidden = classes - order.len();
    if hidden > 0 {
        let text = format!("{} {} more classes", theme.marks().ellipsis, thousands(hidden as u64));
        Row::new(buffer, area, order.len() as u16 + above).skip(2).put(&text, theme.style(Role::Muted));
    }
}

/// Writes headings into the last row of `area`, and above those of the Jacobian its name if there is another row.
fn draw_heading(theme: Theme, buffer: &mut Buffer, area: Rect, names: u16, (figure, cell): (u16, u16), classes: usize) {
    let muted = theme.style(Role::Muted);
    let mut row = Row::new(buffer, area, area.height.saturating_sub(1)).with_ellipsis(theme.marks().ellipsis);
    row.skip(names + 2);
    for name in ["z", "p", "q", "∂L/∂z"] {
        row.put_right_aligned(&displayable_equation(name, theme), figure, muted);
    }
    if cell == 0 {
        return;
    }
    row.skip(JACOBIAN_GAP_COLUMNS);
    let start = row.position();
    for class in 0..classes {
        row.put_right_aligned(&class.to_string(), cell, muted);
    }
    if area.height > 1 {
        let mut row = Row::new(buffer, area, 0).with_ellipsis(theme.marks().ellipsis);
        row.skip_to(start + cell - 1).put(&displayable_equation("∂p/∂z in %", theme), muted);
    }
}

/// An element of ∂p/∂z in percent; what rounds to nothing is a dot.
fn put_jacobian_element(row: &mut Row, theme: Theme, value: f32, largest: f32, cell: u16) {
    let share = f64::from(value / largest.max(f32::MIN_POSITIVE)) / 2.0 + 0.5;
    let percent = f64::from(value) * 100.0;
    let small = percent.abs() < 0.5;
    let text = if small {
        (if theme.has_blocks() { "·" } else { "." }).to_owned()
    } else if percent.abs() < 100.0 {
        format!("{percent:.0}")
    } else {
        number(percent, cell - 1)
    };
    let style = match theme.ramp_color(Ramp::Signed, share) {
        Some(color) => {
            let ink = if small { theme.color(Role::Faint) } else { theme.ramp_text_color(Ramp::Signed, share) };
            Style::new().bg(color).fg(ink)
        }
        None => theme.style(if small { Role::Faint } else { Role::Text }),
    };
    let text = cut(&text, cell, theme.marks().ellipsis);
    let blank = usize::from(cell).saturating_sub(text.width());
    row.put(&format!("{}{text}", " ".repeat(blank)), style);
}

/// All classes in their order if they have room, else the most probable ones and the truth.
fn class_order(loss: &SampleLoss, rows: usize, truth: usize) -> Vec<usize> {
    let classes = loss.probabilities.len();
    if classes <= rows {
        return (0..classes).collect();
    }
    let shown = rows.saturating_sub(1);
    let mut order: Vec<usize> = (0..classes).collect();
    order.sort_by(|one, other| loss.probabilities[*other].total_cmp(&loss.probabilities[*one]));
    if let Some(place) = order.iter().position(|class| *class == truth).filter(|place| *place >= shown && shown > 0) {
        order.swap(place, shown - 1);
    }
    order.truncate(shown);
    order
}
