//! What the update did to the selected layer: the optimizer's equations and the weights that changed the most.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    gradients::{element_input_name, element_symbol},
    symbols::{displayable_equation, draw_packed_lines},
};
use crate::{
    app::{ChainLayer, TableColumns},
    protocol::inspection::{LayerUpdate, UpdatedElement},
    text::{TextWidth, resolved, short},
    ui::{
        layout::take_top,
        paint::{Row, number},
        theme::{Role, Theme},
    },
};

/// Columns of a number, its gap included, and of a weight, whose digits show the change.
const NUMBER_COLUMNS: u16 = 10;
const WEIGHT_COLUMNS: u16 = 13;

/// Most columns of an element's symbol and of the name of its input.
const MAX_SYMBOL_COLUMNS: u16 = 22;
const MAX_NAME_COLUMNS: u16 = 14;

/// A figure of an updated element, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UpdateFigure {
    Gradient,
    FirstBefore,
    First,
    SecondBefore,
    Second,
    StepSize,
    Change,
    Before,
    After,
}

impl UpdateFigure {
    /// All of them, from the left to the right.
    const ALL: [Self; 9] = [
        Self::Gradient,
        Self::FirstBefore,
        Self::First,
        Self::SecondBefore,
        Self::Second,
        Self::StepSize,
        Self::Change,
        Self::Before,
        Self::After,
    ];

    /// The order in which they find a place where not all have room.
    const BY_WORTH: [Self; 9] = [
        Self::Change,
        Self::After,
        Self::Before,
        Self::Gradient,
        Self::First,
        Self::Second,
        Self::StepSize,
        Self::FirstBefore,
        Self::SecondBefore,
    ];

    const fn heading(self) -> &'static str {
        match self {
            Self::Gradient => "∂L/∂θ",
            Self::FirstBefore => "m before",
            Self::First => "m",
            Self::SecondBefore => "v before",
            Self::Second => "v",
            Self::StepSize => "step size",
            Self::Change => "Δθ",
            Self::Before => "θ before",
            Self::After => "θ after",
        }
    }

    const fn width(self) -> u16 {
        if matches!(self, Self::Before | Self::After) { WEIGHT_COLUMNS } else { NUMBER_COLUMNS }
    }

    fn value(self, entry: &UpdatedElement) -> Option<f64> {
        match self {
            Self::Gradient => Some(entry.gradient),
            Self::FirstBefore => entry.first_before,
            Self::First => entry.first,
            Self::SecondBefore => entry.second_before,
            Self::Second => entry.second,
            Self::StepSize => Some(entry.step_size),
            Self::Change => Some(entry.change),
            Self::Before => Some(entry.before),
            Self::After => Some(entry.after),
        }
    }

    /// The figures that are known of `update` and have room in `columns`, from the left to the right.
    fn fitting(update: &LayerUpdate, mut columns: u16) -> Vec<Self> {
        let known = |figure: &Self| update.largest.iter().any(|entry| figure.value(entry).is_some());
        let mut chosen = Vec::new();
        for figure in Self::BY_WORTH.into_iter().filter(known) {
            match columns.checked_sub(figure.width()) {
                Some(left) => columns = left,
                None => break,
            }
            chosen.push(figure);
        }
        Self::ALL.into_iter().filter(|figure| chosen.contains(figure)).collect()
    }
}

/// Draws equations, constants and the table.
pub fn draw(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    (link, update): (&ChainLayer, &LayerUpdate),
    columns: Option<&TableColumns>,
) {
    let mut rest = area;
    let heading = format!("{}:", update.optimizer);
    let lines: Vec<String> = [&heading].into_iter().chain(&update.equations).cloned().collect();
    draw_packed_lines(theme, buffer, &mut rest, &lines, theme.style(Role::Strong));
    let constants: Vec<String> =
        update.constants.iter().map(|constant| format!("{} = {}", constant.symbol, short(constant.value))).collect();
    draw_packed_lines(theme, buffer, &mut rest, &constants, theme.style(Role::Text));
    let gap = u16::from(rest.height > update.largest.len() as u16 + 2);
    take_top(&mut rest, gap);
    let line = take_top(&mut rest, 1);
    let mut row = Row::new(buffer, line, 0).with_ellipsis(theme.marks().ellipsis);
    let what = if update.largest.is_empty() {
        "no weight of this layer changed"
    } else {
        "the weights of this layer that changed the most"
    };
    row.put(what, theme.style(Role::Muted));
    draw_table(theme, buffer, rest, (link, update), columns);
}

fn draw_table(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    (link, update): (&ChainLayer, &LayerUpdate),
    columns: Option<&TableColumns>,
) {
    let ellipsis = theme.marks().ellipsis;
    let symbol = |entry: &UpdatedElement| element_symbol(Some(&link.kind), &entry.parameter, &entry.index, theme);
    let name = |entry: &UpdatedElement| element_input_name(Some(&link.kind), columns, &entry.index);
    let widest = |text: &dyn Fn(&UpdatedElement) -> usize, most: u16| {
        update.largest.iter().map(text).max().unwrap_or(0).min(usize::from(most)) as u16
    };
    let symbols = widest(&|entry| symbol(entry).width(), MAX_SYMBOL_COLUMNS);
    let names = widest(&|entry| name(entry).map_or(0, |name| name.width() + 1), MAX_NAME_COLUMNS);
    let figures = UpdateFigure::fitting(update, area.width.saturating_sub(symbols));
    let taken: u16 = figures.iter().map(|figure| figure.width()).sum();
    // Names only where no figure has to go for them.
    let names = if symbols + names + taken <= area.width { names } else { 0 };
    let mut row = Row::new(buffer, area, 0).with_ellipsis(ellipsis);
    row.skip(symbols + names);
    for figure in &figures {
        row.put_right_aligned(&displayable_heading(*figure, theme), figure.width(), theme.style(Role::Muted));
    }
    for (y, entry) in (1..area.height).zip(&update.largest) {
        let mut row = Row::new(buffer, area, y).with_ellipsis(ellipsis);
        row.put_left_aligned(&symbol(entry), symbols, theme.style(Role::Text));
        row.skip(names.min(1));
        row.put_left_aligned(name(entry).unwrap_or_default(), names.saturating_sub(1), theme.style(Role::Muted));
        for figure in &figures {
            put_figure(theme, &mut row, *figure, entry);
        }
    }
}

fn displayable_heading(figure: UpdateFigure, theme: Theme) -> String {
    match figure {
        UpdateFigure::Change if !theme.has_blocks() => "change".into(),
        _ => displayable_equation(figure.heading(), theme).into_owned(),
    }
}

fn put_figure(theme: Theme, row: &mut Row, figure: UpdateFigure, entry: &UpdatedElement) {
    let room = figure.width() - 1;
    let Some(value) = figure.value(entry) else {
        row.put_right_aligned(theme.marks().none, figure.width(), theme.style(Role::Faint));
        return;
    };
    let text = match figure {
        UpdateFigure::Before | UpdateFigure::After => {
            let precise = resolved(value, entry.change.abs());
            if precise.width() <= usize::from(room) { precise } else { number(value, room) }
        }
        _ => number(value, room),
    };
    let role = match figure {
        _ if !value.is_finite() => Role::Bad,
        UpdateFigure::Change => Role::Strong,
        UpdateFigure::After => Role::Focus,
        _ => Role::Text,
    };
    row.put_right_aligned(&text, figure.width(), theme.style(role));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_change_is_the_last_figure_to_go() {
        let entry = UpdatedElement {
            parameter: "weight".into(),
            index: vec![0],
            gradient: 0.1,
            first_before: Some(0.0),
            first: Some(0.01),
            second_before: None,
            second: None,
            step_size: 0.1,
            change: -0.001,
            before: 1.0,
            after: 0.999,
        };
        let update =
            LayerUpdate { optimizer: "SGD".into(), equations: vec![], constants: vec![], largest: vec![entry] };
        assert_eq!(UpdateFigure::fitting(&update, 9), []);
        assert_eq!(UpdateFigure::fitting(&update, 10), [UpdateFigure::Change]);
        let mut before = 0;
        for columns in 0..200 {
            let shown = UpdateFigure::fitting(&update, columns);
            assert!(shown.len() >= before && !shown.contains(&UpdateFigure::Second), "{shown:?}");
            before = shown.len();
        }
        assert_eq!(before, 7);
    }
}
