//! The values in a chart's title: the newest ones, or those at the cursor.

use crate::{
    app::{Chart, Column, MeanSpan},
    protocol::Unit,
    text::{TextWidth, percent_number, short, thousands},
    ui::{
        paint::Row,
        theme::{Role, Theme},
    },
};

/// Room from which on the newest raw value is written beside the mean; at the cursor it always is.
const MIN_COLUMNS_WITH_RAW: u16 = 52;

/// How the values are written.
#[derive(Clone, Copy)]
struct ReadoutFormat {
    gap: &'static str,
    /// Two digits instead of three.
    rough: bool,
    words: ValueWords,
}

#[derive(Clone, Copy, PartialEq)]
enum ValueWords {
    All,
    /// All but that of the training curve, of which what its mean is over remains.
    Span,
    /// Only that; marks and brackets stand for the others.
    SpanOnly,
    None,
    /// Not even one for the step.
    Bare,
}

/// From the richest to the poorest: digits and words go before values.
const READOUT_FORMATS: [ReadoutFormat; 7] = [
    ReadoutFormat { gap: "  ", rough: false, words: ValueWords::All },
    ReadoutFormat { gap: " ", rough: false, words: ValueWords::All },
    ReadoutFormat { gap: " ", rough: false, words: ValueWords::Span },
    ReadoutFormat { gap: " ", rough: true, words: ValueWords::Span },
    ReadoutFormat { gap: " ", rough: true, words: ValueWords::SpanOnly },
    ReadoutFormat { gap: " ", rough: true, words: ValueWords::None },
    ReadoutFormat { gap: " ", rough: true, words: ValueWords::Bare },
];

/// A part of the title, and the columns that are counted for it when the format is chosen.
struct TitlePiece {
    text: String,
    role: Role,
    width: usize,
}

/// Writes the values that have room.
pub(super) fn draw(row: &mut Row, chart: &Chart, theme: Theme) {
    let free = usize::from(row.free());
    let with_raw = chart.cursor.is_some() || row.free() >= MIN_COLUMNS_WITH_RAW && chart.first_test.is_none();
    let raws: &[bool] = if with_raw { &[true, false] } else { &[false] };
    let candidates = raws.iter().flat_map(|raw| READOUT_FORMATS.iter().map(|format| (*format, *raw)));
    let mut poorest = Vec::new();
    for (format, with_raw) in candidates {
        let pieces = title_pieces(chart, format, with_raw, theme);
        let fits = pieces.iter().map(|piece| piece.width).sum::<usize>() <= free;
        poorest = pieces;
        if fits {
            break;
        }
    }
    for piece in poorest {
        row.put(&piece.text, theme.style(piece.role));
    }
}

fn title_pieces(chart: &Chart, format: ReadoutFormat, with_raw: bool, theme: Theme) -> Vec<TitlePiece> {
    let marks = theme.marks();
    let values = chart.cursor.as_ref().map_or(&chart.latest, |cursor| &cursor.values);
    let worded = matches!(format.words, ValueWords::All | ValueWords::Span);
    let [train_word, test_word] = chart.words;
    let mut pieces: Vec<TitlePiece> = Vec::new();
    let mut put = |text: String, role: Role| pieces.push(TitlePiece { width: text.width(), text, role });
    if let Some(cursor) = &chart.cursor {
        let step = thousands(cursor.step);
        let bare = format.words == ValueWords::Bare;
        put(if bare { format!("{step}: ") } else { format!("step {step}{}", format.gap) }, Role::Focus);
    }
    let raw = values.train.map(|column| format_extent(&chart.unit, column, format.rough, marks.none));
    let mean = values.mean.map(|mean| format_value(&chart.unit, mean.value, format.rough));
    let word = match values.mean {
        Some(mean) if format.words == ValueWords::All => {
            format!("{train_word} {}: ", mean_span_text(mean.span, theme))
        }
        Some(mean) => format!("{}: ", mean_span_text(mean.span, theme)),
        // A single minibatch.
        None if chart.smoothing.is_some() => format!("{train_word} raw "),
        None => format!("{train_word} "),
    };
    let raw = raw.filter(|_| with_raw || mean.is_none());
    let (train, raw) = if mean.is_some() { (mean, raw) } else { (raw, None) };
    if let Some(train) = train {
        let word = Some(word).filter(|_| worded || format.words == ValueWords::SpanOnly);
        let word = word.filter(|_| !train_word.is_empty()).map(|word| put(word, Role::Train)).is_some();
        put(train, if word { Role::Text } else { Role::Train });
        put(earlier_step_text(values.earlier[0].filter(|_| values.mean.is_none()), worded), Role::Muted);
        if let Some(raw) = raw.as_ref().filter(|_| !worded) {
            put(format!(" ({raw})"), Role::Muted);
        }
    }
    let word = if worded { format!("{test_word} ") } else { String::new() };
    if let Some(test) = values.test {
        put(format!("{}{} {word}", format.gap, marks.point), Role::Test);
        put(format_value(&chart.unit, test, format.rough), Role::Text);
        put(earlier_step_text(values.earlier[1], worded), Role::Muted);
    } else if let Some(step) = chart.first_test {
        let when = match format {
            ReadoutFormat { gap: "  ", .. } => format!("  no evaluation yet: first at step {}", thousands(step)),
            _ if worded => format!(" {} {test_word} at step {}", marks.point, thousands(step)),
            _ => format!(" {} at {}", marks.point, thousands(step)),
        };
        put(when, Role::Muted);
    }
    if let Some(raw) = raw.filter(|_| worded) {
        put(format!("{}raw {raw}", format.gap), Role::Muted);
    }
    // Values are counted as if they were long, so that the format does not change with every digit.
    let least = if format.rough { 4 } else { 5 };
    for piece in &mut pieces {
        if matches!(piece.role, Role::Text) {
            piece.width = piece.width.max(least);
        }
    }
    pieces
}

/// The step of a value that is older than the cursor's, where there are words for it.
fn earlier_step_text(step: Option<u64>, worded: bool) -> String {
    step.filter(|_| worded).map(|step| format!(" @ {}", thousands(step))).unwrap_or_default()
}

/// What a mean is taken over, as it stands after the word of its curve: `last 50` minibatches, or those `±49` around.
fn mean_span_text(span: MeanSpan, theme: Theme) -> String {
    match span {
        MeanSpan::Newest(count) => format!("last {count}"),
        MeanSpan::Around(reach) => format!("{}{reach}", theme.marks().plus_minus),
    }
}

fn format_extent(unit: &Unit, column: Column, rough: bool, none: &str) -> String {
    let text = |value: f64| format_value(unit, value, rough);
    match column.extent {
        Some(extent) if extent.min < extent.max => format!("{}–{}", text(extent.min), text(extent.max)),
        Some(extent) => text(extent.mean),
        None if column.broken => "NaN".into(),
        None => none.into(),
    }
}

fn format_value(unit: &Unit, value: f64, rough: bool) -> String {
    match unit {
        _ if !rough || !value.is_finite() => unit.format_value(value),
        Unit::Share if value.abs() <= 10.0 => format!("{}%", percent_number(value, 0)),
        _ => short(format!("{value:.1e}").parse().unwrap_or(value)),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect};

    use super::*;
    use crate::{
        app::{ChartSlot, Code, Key, Message, PlotSize},
        ui::{
            tests::fixture,
            theme::{Background, ColorDepth},
        },
    };

    fn shown(width: u16, cursor: bool, steps: u64) -> String {
        let mut app = fixture::trained(steps, fixture::report);
        if cursor {
            app.update(Message::Key(Key::plain(Code::Left)));
        }
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        let area = buffer.area;
        let theme = Theme::new(ColorDepth::True, Background::Dark, true);
        draw(
            &mut Row::new(&mut buffer, area, 0),
            &app.chart(ChartSlot::Second, PlotSize { columns: 80, rows: 12 }),
            theme,
        );
        let text: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned()
    }

    #[test]
    fn digits_and_words_go_before_values() {
        assert_eq!(shown(68, true, 1000), "step 1,000  train ±49: 83.2 %  ◆ test 81.5 % @ 942  raw 81.8 %");
        assert_eq!(shown(56, true, 1000), "step 1,000 ±49: 83.2 % ◆ test 81.5 % @ 942 raw 81.8 %");
        assert_eq!(shown(50, true, 1000), "step 1,000 ±49: 83% ◆ test 82% @ 942 raw 82%");
        assert_eq!(shown(50, true, 942), "step 942 ±49: 83.3 % ◆ test 81.5 % raw 86.7 %");
        assert_eq!(shown(37, true, 1000), "step 1,000 ±49: 83% (82%) ◆ 82%");
        assert_eq!(shown(28, true, 1000), "step 1,000 83% (82%) ◆ 82%");
        assert_eq!(shown(17, true, 1000), "1,000: 83% ◆ 82%");
        assert_eq!(shown(38, false, 1000), "train last 50: 83.2 %  ◆ test 81.5 %");
        assert_eq!(shown(30, false, 1000), "last 50: 83.2 % ◆ test 81.5 %");
        assert_eq!(shown(20, false, 1000), "last 50: 83% ◆ 82%");
        assert_eq!(shown(16, false, 1000), "83% ◆ 82%");
    }

    #[test]
    fn the_first_evaluation_is_announced_on_one_line() {
        assert_eq!(shown(64, false, 100), "train last 50: 53.3 %  no evaluation yet: first at step 157");
        assert_eq!(shown(42, false, 100), "train last 50: 53.3 % ◆ test at step 157");
        assert_eq!(shown(34, false, 100), "last 50: 53.3 % ◆ test at step 157");
        assert_eq!(shown(24, false, 100), "last 50: 53% ◆ at 157");
    }
}
