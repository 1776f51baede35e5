//! Sums written out in numbers.

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

use super::super::symbols::displayable_equation;
use crate::{
    app::{SumTerm, TableColumns, WorkedSum},
    text::{short, thousands},
    ui::{
        layout::take_top,
        paint::{Row, cut},
        theme::{Role, Theme},
    },
};

/// Columns from which a row of numbers ends with the name of the input that it is about.
const MIN_COLUMNS_FOR_NAMES: u16 = 56;

/// Longest name of an input in columns; what is longer is cut.
const MAX_NAME_COLUMNS: u16 = 18;

/// Draws the sums from the top of `rest`, each in a row of numbers, below one of symbols if that leaves `kept` rows.
/// `columns` names the inputs of the layer.
pub fn draw(
    theme: Theme,
    buffer: &mut Buffer,
    rest: &mut Rect,
    sums: &[WorkedSum],
    columns: Option<&TableColumns>,
    kept: u16,
) {
    let both = usize::from(rest.height) >= 2 * sums.len() + usize::from(kept);
    let whats: Vec<_> = sums.iter().map(|sum| displayable_equation(&sum.what, theme)).collect();
    let widest = whats.iter().map(|what| what.width() as u16).max().unwrap_or(0);
    for (sum, what) in sums.iter().zip(&whats) {
        let name = sum.input.and_then(|input| Some((input, columns?.name(input)?)));
        let name =
            name.map(|(input, name)| format!("x[{input}] {}", cut(name, MAX_NAME_COLUMNS, theme.marks().ellipsis)));
        let line = take_top(rest, 1);
        let mut row = Row::new(buffer, line, 0).with_ellipsis(theme.marks().ellipsis);
        row.put_left_aligned(what, widest, theme.style(Role::Text)).skip(1);
        if both {
            row.put("= ", theme.style(Role::Muted))
                .put(&displayable_equation(&sum.symbols, theme), theme.style(Role::Muted))
                .skip(3);
            row.put_all(&[(name.as_deref().unwrap_or_default(), theme.style(Role::Text))]);
            let line = take_top(rest, 1);
            let mut row = Row::new(buffer, line, 0).with_ellipsis(theme.marks().ellipsis);
            row.skip(widest + 1);
            put_sum_in_numbers(&mut row, sum, theme);
        } else {
            if let Some(name) = name.filter(|_| line.width >= MIN_COLUMNS_FOR_NAMES) {
                row.put_right(&name, theme.style(Role::Muted));
                row.reserve_right(2);
            }
            put_sum_in_numbers(&mut row, sum, theme);
        }
    }
}

/// `= 0.12·0.84 + 0.03·0.5 + 782 more + 0.1 = 0.216`, with as many terms as have room.
fn put_sum_in_numbers(row: &mut Row, sum: &WorkedSum, theme: Theme) {
    let Some(result) = sum.result else {
        row.put("not computed yet", theme.style(Role::Faint));
        return;
    };
    let result = short(result);
    let bias = sum.bias.map_or(String::new(), |bias| join_with_sign(bias < 0.0, &short(bias.abs()), false));
    let more = |left: usize| match left {
        0 => String::new(),
        1 if sum.over_samples => " + 1 other sample".into(),
        left if sum.over_samples => format!(" + {} other samples", thousands(left as u64)),
        left => format!(" + {} more", thousands(left as u64)),
    };
    let room = usize::from(row.free()).saturating_sub(2 + bias.width() + 3 + result.width());
    let mut text = String::new();
    let mut taken = 0;
    for term in &sum.terms {
        let next = format_term(*term, taken == 0, theme);
        let left = sum.more + sum.terms.len() - taken - 1;
        if text.width() + next.width() + more(left).width() > room {
            break;
        }
        text.push_str(&next);
        taken += 1;
    }
    let rest = more(sum.more + sum.terms.len() - taken);
    let rest =
        if taken == 0 { rest.trim_start_matches(" + ").replace("more", "terms").replace("other ", "") } else { rest };
    row.put("= ", theme.style(Role::Muted)).put(&text, theme.style(Role::Text));
    row.put(&rest, theme.style(Role::Muted)).put(&bias, theme.style(Role::Text));
    row.put(" = ", theme.style(Role::Muted)).put(&result, theme.style(Role::Focus));
}

/// A term with the sign before it.
fn format_term(SumTerm(one, other): SumTerm, first: bool, theme: Theme) -> String {
    let dot = if theme.has_blocks() { "·" } else { "*" };
    let factor = |value: f64| if value < 0.0 { format!("({})", short(value)) } else { short(value) };
    let size = match other {
        Some(other) => format!("{}{dot}{}", short(one.abs()), factor(other)),
        None => short(one.abs()),
    };
    join_with_sign(one < 0.0, &size, first)
}

fn join_with_sign(negative: bool, size: &str, first: bool) -> String {
    match (first, negative) {
        (true, false) => size.into(),
        (true, true) => format!("-{size}"),
        (false, false) => format!(" + {size}"),
        (false, true) => format!(" - {size}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Background, ColorDepth};

    fn drawn(width: u16, sum: &WorkedSum) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buffer = Buffer::empty(area);
        draw(
            Theme::new(ColorDepth::True, Background::Dark, true),
            &mut buffer,
            &mut area.clone(),
            std::slice::from_ref(sum),
            None,
            0,
        );
        buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().into()
    }

    #[test]
    fn as_many_terms_as_have_room_are_written_out() {
        let sum = WorkedSum {
            what: "y[3]".into(),
            symbols: "Σ W[3,k] x[k] + b[3]".into(),
            terms: vec![SumTerm(0.5, Some(-2.0)), SumTerm(-0.25, Some(1.0)), SumTerm(0.1, Some(0.1))],
            more: 2,
            over_samples: false,
            bias: Some(-0.5),
            input: None,
            result: Some(-1.75),
        };
        assert_eq!(drawn(70, &sum), "y[3] = 0.5·(-2) - 0.25·1 + 0.1·0.1 + 2 more - 0.5 = -1.75");
        assert_eq!(drawn(44, &sum), "y[3] = 0.5·(-2) + 4 more - 0.5 = -1.75");
        assert_eq!(drawn(34, &sum), "y[3] = 5 terms - 0.5 = -1.75");
        let batch =
            WorkedSum { over_samples: true, terms: sum.terms[..1].to_vec(), more: 63, bias: None, ..sum.clone() };
        assert_eq!(drawn(70, &batch), "y[3] = 0.5·(-2) + 63 other samples = -1.75");
        assert_eq!(drawn(34, &batch), "y[3] = 64 samples = -1.75");
        assert_eq!(drawn(40, &WorkedSum { result: None, ..sum.clone() }), "y[3] not computed yet");
        let whole = WorkedSum { more: 0, bias: None, terms: vec![SumTerm(-0.5, None)], ..sum };
        assert_eq!(drawn(40, &whole), "y[3] = -0.5 = -1.75");
    }
}
