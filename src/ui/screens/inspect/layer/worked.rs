//! Sums written out in numbers.

use ratatui::{buffer::Buffer, layout::Rect};

use super::super::symbols::displayable_equation;
use crate::{
    app::{SumTerm, TableColumns, WorkedSum},
    text::{TextWidth, short, thousands},
    ui::{
        layout::take_top,
        paint::{Row, cut, number},
        theme::{Role, Theme},
    },
};

/// Columns from which a row of numbers ends with the name of the input that it is about.
const MIN_COLUMNS_FOR_NAMES: u16 = 56;

/// Longest name of an input in columns; what is longer is cut.
const MAX_NAME_COLUMNS: u16 = 18;

/// Columns of a number of a term where its three digits have no room.
const SHORT_NUMBER_COLUMNS: u16 = 6;

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
            put_sum_in_numbers(&mut row, sum, None, theme);
        } else {
            let name = name.filter(|_| line.width >= MIN_COLUMNS_FOR_NAMES);
            put_sum_in_numbers(&mut row, sum, name.as_deref(), theme);
        }
    }
}

/// `= 0.12·0.84 + 0.03·0.5 + 782 more + 0.1 = 0.216`, with as many terms as have room. At the right end stands `name`,
/// unless a term would have to go for it.
fn put_sum_in_numbers(row: &mut Row, sum: &WorkedSum, name: Option<&str>, theme: Theme) {
    let Some(result) = sum.result.map(short) else {
        row.put("not computed yet", theme.style(Role::Faint));
        return;
    };
    let room = usize::from(row.free()).saturating_sub(2 + 3 + result.width());
    let written = WrittenSum::of(sum, room, theme);
    let beside = name.filter(|name| WrittenSum::of(sum, room.saturating_sub(name.width() + 2), theme) == written);
    if let Some(name) = beside {
        row.put_right(name, theme.style(Role::Muted));
    }
    row.put("= ", theme.style(Role::Muted)).put(&written.terms, theme.style(Role::Text));
    row.put(&written.rest, theme.style(Role::Muted)).put(&written.bias, theme.style(Role::Text));
    row.put(" = ", theme.style(Role::Muted)).put(&result, theme.style(Role::Focus));
}

/// How a sum is written, the forms that say the most first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SumForm {
    /// `+ 63 other samples - 0.5`
    Named,
    /// `+ 63 more - 0.5`
    Counted,
    /// `+ …`, for the other terms and the bias together.
    Open,
    /// The same with fewer digits.
    Rounded,
}

/// A sum in numbers without its result.
#[derive(Debug, PartialEq, Eq)]
struct WrittenSum {
    /// The terms that have room.
    terms: String,
    /// What stands for the others.
    rest: String,
    /// What is added in the end.
    bias: String,
}

impl WrittenSum {
    /// The first form in which at least one term has room, if any is known; `room` is what all of it may take.
    fn of(sum: &WorkedSum, room: usize, theme: Theme) -> Self {
        let all = [SumForm::Named, SumForm::Counted, SumForm::Open, SumForm::Rounded];
        let fitting = all.into_iter().find_map(|form| Self::in_form(sum, form, room, theme));
        fitting.unwrap_or_else(|| {
            let (count, what) = (sum.more + sum.terms.len(), if sum.over_samples { "sample" } else { "term" });
            let plural = if count == 1 { "" } else { "s" };
            let rest = format!("{} {what}{plural}", thousands(count as u64));
            Self { terms: String::new(), rest, bias: bias_text(sum) }
        })
    }

    /// As many terms as have room in this form; `None` if that is none.
    fn in_form(sum: &WorkedSum, form: SumForm, room: usize, theme: Theme) -> Option<Self> {
        let counted = matches!(form, SumForm::Named | SumForm::Counted);
        let bias = if counted { bias_text(sum) } else { String::new() };
        let rest = |left: usize| match left {
            0 if counted || sum.bias.is_none() => String::new(),
            _ if !counted => format!(" + {}", theme.marks().ellipsis),
            1 if sum.over_samples && form == SumForm::Named => " + 1 other sample".into(),
            _ if sum.over_samples && form == SumForm::Named => format!(" + {} other samples", thousands(left as u64)),
            _ => format!(" + {} more", thousands(left as u64)),
        };
        // The forms that tell less serve only to show any term at all.
        let most = if counted { sum.terms.len() } else { 1 };
        let mut found = None;
        let mut terms = String::new();
        for (taken, term) in (1..).zip(sum.terms.iter().take(most)) {
            terms.push_str(&format_term(*term, taken == 1, form == SumForm::Rounded, theme));
            let rest = rest(sum.more + sum.terms.len() - taken);
            if terms.width() + rest.width() + bias.width() > room {
                // A longer sum may still fit: the last term leaves nothing that stands for others.
                continue;
            }
            found = Some(Self { terms: terms.clone(), rest, bias: bias.clone() });
        }
        found
    }
}

fn bias_text(sum: &WorkedSum) -> String {
    sum.bias.map_or(String::new(), |bias| join_with_sign(bias < 0.0, &short(bias.abs()), false))
}

/// A term with the sign before it.
fn format_term(SumTerm(one, other): SumTerm, first: bool, rounded: bool, theme: Theme) -> String {
    let dot = if theme.has_blocks() { "·" } else { "*" };
    let digits = |value: f64| if rounded { number(value, SHORT_NUMBER_COLUMNS) } else { short(value) };
    let factor = |value: f64| if value < 0.0 { format!("({})", digits(value)) } else { digits(value) };
    let size = match other {
        Some(other) => format!("{}{dot}{}", digits(one.abs()), factor(other)),
        None => digits(one.abs()),
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
        assert_eq!(drawn(34, &sum), "y[3] = 0.5·(-2) + … = -1.75");
        assert_eq!(drawn(24, &sum), "y[3] = 5 terms - 0.5 = …");
        let batch =
            WorkedSum { over_samples: true, terms: sum.terms[..1].to_vec(), more: 63, bias: None, ..sum.clone() };
        assert_eq!(drawn(70, &batch), "y[3] = 0.5·(-2) + 63 other samples = -1.75");
        assert_eq!(drawn(34, &batch), "y[3] = 0.5·(-2) + 63 more = -1.75");
        assert_eq!(drawn(27, &batch), "y[3] = 0.5·(-2) + … = -1.75");
        assert_eq!(drawn(26, &batch), "y[3] = 64 samples = -1.75");
        let tiny = WorkedSum { terms: vec![SumTerm(-1.23e-10, Some(-4.56e-10))], ..batch.clone() };
        assert_eq!(drawn(38, &tiny), "y[3] = -1e-10·(-5e-10) + … = -1.75");
        assert_eq!(drawn(40, &WorkedSum { result: None, ..sum.clone() }), "y[3] not computed yet");
        let whole = WorkedSum { more: 0, bias: None, terms: vec![SumTerm(-0.5, None)], ..sum };
        assert_eq!(drawn(40, &whole), "y[3] = -0.5 = -1.75");
    }

    /// A sum of pseudorandom numbers of many sizes.
    fn made_up(seed: u64) -> WorkedSum {
        let noise = |i: u64| (((i + 1) * (seed + 3) * 2_654_435_761) % 10_007) as f64 / 10_007.0 - 0.5;
        let value = |i: u64| noise(i) * 10f64.powi((((i + seed) * 7) % 9) as i32 - 6);
        let over_samples = seed.is_multiple_of(3);
        let count = if over_samples { 1 } else { 1 + seed % 16 };
        WorkedSum {
            what: format!("∂L/∂W[{},{}]", seed % 1000, seed * 37 % 1000),
            symbols: String::new(),
            terms: (0..count).map(|i| SumTerm(value(i), Some(value(i + 40)))).collect(),
            more: (seed * 13 % 900) as usize,
            over_samples,
            bias: seed.is_multiple_of(2).then(|| value(90)),
            input: None,
            result: Some(value(91)),
        }
    }

    #[test]
    fn a_wider_row_shows_no_fewer_terms_and_every_row_as_many_as_it_holds() {
        let theme = Theme::new(ColorDepth::True, Background::Dark, true);
        for seed in 0..200 {
            let sum = made_up(seed);
            let mut before = 0;
            for width in 52..=250 {
                let shown = drawn(width, &sum);
                let count = shown.matches('·').count();
                assert!(count >= before.max(1), "{width}: {count} after {before}: {shown}");
                assert!(shown.ends_with(&format!("= {}", short(sum.result.unwrap()))), "{width}: {shown}");
                before = count;
                if count == 1 {
                    continue;
                }
                // With one term more, and what stands for the others, the row would be too long.
                let left = sum.more + sum.terms.len() - count;
                if let Some(next) = sum.terms.get(count) {
                    let next = format_term(*next, false, false, theme).width();
                    let digits = |left: usize| match left {
                        0 => 0,
                        left => format!(" + {} more", thousands(left as u64)).width(),
                    };
                    let longer = shown.width() + next + digits(left - 1) - digits(left);
                    assert!(longer > usize::from(width), "{width}: {shown}");
                }
            }
            assert_eq!(before, sum.terms.len().min(before.max(4)), "{sum:?}");
        }
    }
}
