//! Equations, also where there is no UTF-8.

use std::borrow::Cow;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::text::TextWidth;
use crate::ui::{layout::take_top, paint::Row, theme::Theme};

/// Columns between two equations in a row.
pub const EQUATION_GAP_COLUMNS: u16 = 4;

/// An equation as the terminal can show it.
pub fn displayable_equation(text: &str, theme: Theme) -> Cow<'_, str> {
    if theme.has_symbols() { text.into() } else { spell_out_symbols(text).into() }
}

/// Draws equations from the top of `rest`, as many in a row as have room.
pub fn draw_packed_lines(theme: Theme, buffer: &mut Buffer, rest: &mut Rect, lines: &[String], style: Style) {
    let mut place = Rect::default();
    for line in lines {
        let text = displayable_equation(line, theme);
        let width = text.width() as u16;
        if place.width < width {
            place = take_top(rest, 1);
        }
        Row::new(buffer, place, 0).with_ellipsis(theme.marks().ellipsis).put(&text, style);
        let used = (width + EQUATION_GAP_COLUMNS).min(place.width);
        place.x += used;
        place.width -= used;
    }
}

fn spell_out_symbols(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c {
            '∂' => plain.push('d'),
            'ᵀ' => plain.push_str("^T"),
            'Σ' => plain.push_str("sum"),
            'ₛ' => plain.push_str("_s"),
            '⊙' | '·' => plain.push('*'),
            '−' | '–' => plain.push('-'),
            'γ' => plain.push_str("gamma"),
            'β' => plain.push_str("beta"),
            'μ' => plain.push_str("mu"),
            'ρ' => plain.push_str("rho"),
            'σ' => plain.push_str("sigma"),
            'α' => plain.push_str("alpha"),
            'φ' | 'ϕ' => plain.push_str("phi"),
            'Φ' => plain.push_str("Phi"),
            'θ' => plain.push_str("theta"),
            '\u{302}' => plain.push('^'),
            '′' => plain.push('\''),
            '²' => plain.push_str("^2"),
            'ˣ' => plain.push_str("^x"),
            '⁻' => plain.push_str("^-"),
            '≤' => plain.push_str("<="),
            '→' => plain.push('>'),
            '←' => plain.push_str("<-"),
            'η' => plain.push_str("eta"),
            'λ' => plain.push_str("lambda"),
            'ε' => plain.push_str("eps"),
            '₁' => plain.push('1'),
            '₂' => plain.push('2'),
            'ᵗ' => plain.push_str("^t"),
            'Δ' => plain.push_str("change of "),
            '…' => plain.push('~'),
            '√' => plain.push_str("sqrt "),
            c => plain.push(c),
        }
    }
    plain.replace("^-^x", "^-x")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nn::{LAYER_FORMS, LOSS_EQUATIONS},
        protocol::made_up,
    };

    #[test]
    fn every_equation_can_be_spelled_in_ascii() {
        let settings = [("UNITS", "3"), ("CHANNELS", "3"), ("HEIGHTxWIDTH", "3x3"), ("SIZE", "2")];
        let settings = settings.into_iter().chain([("SLOPE", "0.1"), ("ALPHA", "1"), ("PROBABILITY", "0.5")]);
        let text = |form: &str| {
            let form = form.split(" [stride").next().unwrap_or_default().replace("LAYER, …", "relu");
            settings.clone().fold(form, |form, (word, value)| form.replace(word, value))
        };
        let told = LAYER_FORMS.iter().filter_map(|(_, form)| made_up::layer(0, &text(form), &[1], &[1], 0).equations);
        let lines: Vec<String> = told
            .flat_map(|equations| equations.forward.into_iter().chain(equations.backward).chain([equations.symbols]))
            .chain(LOSS_EQUATIONS.forward.iter().chain(LOSS_EQUATIONS.backward).map(|line| (*line).to_owned()))
            .collect();
        assert!(lines.len() > 60, "{}", lines.len());
        for line in lines {
            assert!(spell_out_symbols(&line).is_ascii(), "{line} becomes {}", spell_out_symbols(&line));
        }
        assert_eq!(spell_out_symbols("∂L/∂W = dyᵀ x"), "dL/dW = dy^T x");
        assert_eq!(spell_out_symbols("y = 1/(1 + e⁻ˣ)"), "y = 1/(1 + e^-x)");
        assert_eq!(spell_out_symbols("∂L/∂b = Σₛ dyₛ"), "dL/db = sum_s dy_s");
        assert_eq!(spell_out_symbols("∂L/∂β = Σ dy"), "dL/dbeta = sum dy");
    }
}
