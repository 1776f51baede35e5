//! Whole screens, compared with their accepted pictures.

use ratatui::style::{Color, Modifier};

use super::{
    THEME, assert_fits_consoles,
    fixture::{self, hear, press},
    screen, text,
};
use crate::{
    app::{App, Effect},
    protocol::{Event, Failure, Health, LEARNING_RATE, RunState, made_up},
    text::TextWidth,
    ui::{
        layout::Layout,
        svg,
        theme::{Background, ColorDepth, GlyphSet, Theme},
    },
};

pub(super) const SIZES: [(u16, u16); 3] = [(200, 60), (120, 36), (80, 24)];

pub(super) fn compare(name: &str, app: &mut App, sizes: &[(u16, u16)]) {
    for (columns, rows) in sizes {
        let shown = text(&screen(app, (*columns, *rows), THEME));
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), shown);
    }
}

#[test]
fn loading() {
    compare("silent", &mut fixture::silent(), &SIZES[2..]);
    compare("loading", &mut fixture::loading(), &SIZES);
}

#[test]
fn reading_is_cancelled_without_a_question() {
    for key in ["q", "<C-c>"] {
        let mut app = fixture::loading();
        let effects = format!("{:?}", press(&mut app, key));
        assert!(effects.contains("Stop") && effects.contains("Quit(Asked(Undecided))"), "{key}: {effects}");
    }
}

#[test]
fn before_the_first_minibatch() {
    compare("ready", &mut fixture::ready(), &SIZES[1..]);
}

#[test]
fn running() {
    compare("running", &mut fixture::running(), &SIZES);
}

#[test]
fn paused_with_a_rate_requested() {
    let mut app = fixture::running();
    hear(&mut app, [fixture::state(RunState::Paused, 1000, None)]);
    compare("paused", &mut app, &SIZES[1..]);
    press(&mut app, "-");
    compare("rate_requested", &mut app, &SIZES[1..]);
}

#[test]
fn asked_to_pause() {
    let mut app = fixture::running();
    press(&mut app, " ");
    let shown = text(&screen(&mut app, (80, 24), THEME));
    assert!(shown.contains("◌ pausing…"), "{shown}");
}

#[test]
fn paused_by_itself_says_why() {
    let mut app = fixture::trained(300, |step| {
        let report = fixture::report(step);
        if (150..180).contains(&step) { fixture::with_loss(report, f64::NAN) } else { report }
    });
    hear(&mut app, [fixture::state(RunState::Paused, 300, Some("loss is NaN"))]);
    compare("nan_gap", &mut app, &SIZES[1..]);
}

#[test]
fn help() {
    let mut app = fixture::running();
    press(&mut app, "?");
    compare("help", &mut app, &SIZES);
    for _ in 0..500 {
        press(&mut app, "<Down>");
    }
    compare("help_end", &mut app, &SIZES[2..]);
}

#[test]
fn command_line() {
    let mut app = fixture::running();
    press(&mut app, ":lr abc");
    compare("command", &mut app, &SIZES[2..]);
    press(&mut app, "<Enter>");
    compare("command_refused", &mut app, &SIZES[1..]);
}

#[test]
fn quit_question() {
    let mut app = fixture::running();
    press(&mut app, "q");
    compare("quit", &mut app, &SIZES[1..]);
}

#[test]
fn finished() {
    let mut app = fixture::running();
    let summary = made_up::summary(1000, 0.391, 0.8635, "3f786850e387550fdab836ed7e6dc881de23001b", 78.5);
    hear(&mut app, [fixture::state(RunState::Finished, 1000, None), Event::Finished(summary)]);
    compare("finished", &mut app, &SIZES);
}

#[test]
fn failed() {
    let mut app = fixture::running();
    let failure = Failure {
        step: 1000,
        what: "loss is infinite".into(),
        advice: "the weights are those before this minibatch; start again with a lower learning rate".into(),
    };
    hear(&mut app, [Event::Failed(failure)]);
    compare("failed", &mut app, &SIZES);
}

#[test]
fn frozen_and_expanded() {
    let mut app = fixture::running();
    press(&mut app, "f<Left><Left>");
    hear(&mut app, (1001..1200).map(|step| Event::Step(fixture::report(step))));
    compare("frozen", &mut app, &SIZES[1..]);
    press(&mut app, "<Tab><Tab>e");
    compare("expanded_layers", &mut app, &SIZES[1..]);
    press(&mut app, "<Tab>");
    compare("expanded_controls", &mut app, &SIZES[2..]);
    press(&mut app, "<Tab>");
    compare("expanded_findings", &mut app, &SIZES[2..]);
}

#[test]
fn the_smallest_window() {
    let mut app = fixture::running();
    hear(&mut app, [fixture::finding(990, "the test loss rises while the training loss falls")]);
    compare("running", &mut app, &[(60, 18)]);
    press(&mut app, "<Left>");
    compare("cursor", &mut app, &[(60, 18), (80, 24)]);
    let shown = text(&screen(&mut app, (60, 18), THEME));
    for part in ["4 linear", "! ", "… 1 more"] {
        assert!(shown.contains(part), "{part} is missing: {shown}");
    }
}

#[test]
fn numbers_of_the_layers_never_touch() {
    let mut app = fixture::trained(100, |step| {
        let mut report = fixture::report(step);
        for layer in &mut report.layers {
            *layer = made_up::probe(layer.layer, [Some(0.481_23), Some(8.034e-10), None], Health::Good);
        }
        report
    });
    for (size, numbers) in
        [((120, 36), "  0.481 8.03e-10 "), ((80, 24), "  0.481 8.03e-10 "), ((60, 18), "  0.481  8e-10 ")]
    {
        let shown = text(&screen(&mut app, size, THEME));
        assert_eq!(shown.matches(numbers).count(), 3, "{shown}");
    }
}

#[test]
fn what_was_seen_before_a_broken_step_is_marked_as_old() {
    let mut app = fixture::running();
    let broken = fixture::with_loss(fixture::report(1001), f64::NAN);
    hear(&mut app, [Event::Step(broken), fixture::state(RunState::Paused, 1001, Some("loss is NaN"))]);
    compare("stale", &mut app, &SIZES[1..2]);
    let shown = text(&screen(&mut app, (200, 60), THEME));
    assert_eq!(shown.matches("– old").count(), 3, "{shown}");
}

#[test]
fn the_newest_mark_is_always_labelled() {
    let mut app = fixture::running();
    let changes = [(0.0005, 0.000_625), (0.000_625, 0.000_781), (0.000_781, 0.000_977)];
    let marks = (607..).step_by(2).zip(changes);
    hear(&mut app, marks.map(|(step, (from, to))| fixture::changed(step, LEARNING_RATE, from, to)));
    for size in SIZES {
        let shown = text(&screen(&mut app, size, THEME));
        assert!(shown.contains("lr 5e-4 → 9.77"), "{shown}");
        assert!(size.0 < 200 || shown.contains("lr 5e-4 → 9.77e-4"), "{shown}");
    }
}

#[test]
fn logarithmic_and_zoomed() {
    let mut app = fixture::running();
    press(&mut app, "lzzm");
    compare("log_zoomed", &mut app, &SIZES[1..]);
}

#[test]
fn too_small() {
    let mut app = fixture::running();
    compare("too_small", &mut app, &[(59, 18), (60, 17), (12, 3)]);
}

#[test]
fn without_unicode_everything_is_ascii() {
    let theme = Theme::new(ColorDepth::None, Background::Dark, false);
    let mut app = fixture::running();
    press(&mut app, "-");
    for size in SIZES {
        let shown = text(&screen(&mut app, size, theme));
        assert!(shown.is_ascii(), "{shown}");
        assert!(!shown.contains('?') || shown.matches('?').count() == 1, "only the key of the help: {shown}");
    }
    insta::assert_snapshot!("ascii_80x24", text(&screen(&mut app, (80, 24), theme)));
}

#[test]
fn text_consoles_have_every_character() {
    let mut app = fixture::running();
    press(&mut app, "-");
    for size in SIZES {
        assert_fits_consoles(&mut app, size, 1);
    }
    let blocks = THEME.with_glyphs(GlyphSet::Blocks);
    insta::assert_snapshot!("blocks_120x36", text(&screen(&mut app, (120, 36), blocks)));
    hear(&mut app, [fixture::state(RunState::Paused, 1000, Some("a reason – with “marks”…"))]);
    assert_fits_consoles(&mut app, SIZES[1], 1);
    press(&mut app, ":lr abc<Enter>");
    assert_fits_consoles(&mut app, SIZES[2], 0);
    press(&mut app, "<Esc>q");
    assert_fits_consoles(&mut app, SIZES[2], 1);
    // The help is more than one page.
    press(&mut app, "<Esc>?");
    for _ in 0..8 {
        let shown = text(&screen(&mut app, (120, 36), blocks));
        let missing: String = shown.chars().filter(|c| *c != '\n' && !GlyphSet::Blocks.has(*c)).collect();
        assert_eq!(missing, "", "{shown}");
        press(&mut app, "<Down><Down><Down><Down><Down><Down><Down><Down><Down><Down>");
    }
}

#[test]
fn no_color_means_no_colour_but_a_visible_selection() {
    let theme = Theme::new(ColorDepth::None, Background::Dark, true);
    let mut app = fixture::running();
    press(&mut app, "<Tab><Tab>");
    for script in ["", "q", "<Esc>?"] {
        press(&mut app, script);
        let buffer = screen(&mut app, (120, 36), theme);
        assert!(buffer.content().iter().all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)));
        let reversed = buffer.content().iter().any(|cell| cell.modifier.contains(Modifier::REVERSED));
        assert!(reversed, "after {script:?} nothing is seen to be selected");
    }
}

/// Escape sequences, a clipboard write, C1 controls, a carriage return, marks that reorder, marks that pile up, and
/// letters two columns wide.
pub(super) fn hostile() -> String {
    format!("\u{1b}]52;c;AAAA\u{7}\u{9b}31m\r\n\u{202e}abc\u{2066}z{}👩‍👩‍👧長い\u{1b}[2J", "\u{301}".repeat(10_000))
}

#[test]
fn hostile_names_are_harmless() {
    let mut app = fixture::silent();
    let hostile = hostile();
    let name = hostile.as_str();
    let Event::Ready(mut info) = fixture::info() else { panic!() };
    info.layers[0].text = name.into();
    info.layers[2].path = name.into();
    info.metrics[0].title = name.into();
    info.quantities[0].short = Some(name.into());
    info.data.as_mut().unwrap().name = name.into();
    info.optimizer = Some(name.into());
    let Event::Controls(mut controls) = fixture::controls(1e-3, None) else { panic!() };
    controls.hyperparameters[1].key = name.chars().take(40).collect();
    controls.schedule = Some(name.into());
    hear(&mut app, [fixture::hello(name), Event::Ready(info), Event::Controls(controls)]);
    hear(&mut app, [fixture::state(RunState::Running, 0, Some(name))]);
    hear(&mut app, (1..400).map(|step| Event::Step(fixture::report(step))));
    hear(&mut app, [fixture::finding(3, name), fixture::changed(30, name, 1.0, 2.0)]);
    for script in ["", "?", "<Esc>:", &hostile.replace('<', "(")] {
        press(&mut app, script);
        for size in SIZES {
            let buffer = screen(&mut app, size, THEME);
            for cell in buffer.content() {
                let symbol = cell.symbol();
                assert!(!symbol.chars().any(char::is_control), "{symbol:?}");
                assert!(!symbol.contains(['\u{202e}', '\u{2066}', '\u{200d}']), "{symbol:?}");
                assert!(symbol.chars().count() <= 3, "{symbol:?}");
            }
            for line in text(&buffer).lines() {
                assert!(line.width() <= usize::from(size.0), "{line:?}");
            }
        }
    }
    press(&mut app, "<Esc>");
    compare("hostile", &mut app, &SIZES[1..]);
}

#[test]
fn the_whole_screen_becomes_a_picture() {
    let mut app = fixture::running();
    let buffer = screen(&mut app, (120, 36), THEME);
    let svg = svg::document(&buffer, THEME);
    for word in ["gradtop", "accuracy", "hyperparameters", "findings", "784 → 256"] {
        assert!(svg.contains(word), "{word} is missing");
    }
    assert!(svg.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn the_mouse_finds_what_is_drawn() {
    use crate::app::{ChartSlot, Panel, Pointer};
    let mut app = fixture::running();
    let buffer = screen(&mut app, (120, 36), THEME);
    let layout = Layout::of(&app, buffer.area).unwrap();
    let find = |word: &str| {
        let lines: Vec<String> = text(&buffer).lines().map(String::from).collect();
        let y = lines.iter().position(|line| line.contains(word)).unwrap();
        let x = lines[y][..lines[y].find(word).unwrap()].width();
        (x as u16, y as u16)
    };
    let (x, y) = find("2 linear");
    assert_eq!(layout.pointer_for_press(&app, x, y), Some(Pointer::ClickRow { panel: Panel::Layers, row: 1 }));
    press(&mut app, "<Tab><Tab>e");
    let expanded = Layout::of(&app, buffer.area).unwrap();
    let height = crate::ui::layout::overview::layer_height(&app, expanded.panel(Panel::Layers));
    assert!(height > 3, "{height}");
    let second = expanded.panel(Panel::Layers).y + 1 + height + 2;
    assert_eq!(expanded.pointer_for_press(&app, 30, second), Some(Pointer::ClickRow { panel: Panel::Layers, row: 1 }));
    press(&mut app, "e");
    let (x, y) = find("optimizer.beta1");
    assert_eq!(layout.pointer_for_press(&app, x, y), Some(Pointer::ClickRow { panel: Panel::Controls, row: 1 }));
    let (x, y) = find("accuracy");
    assert_eq!(layout.pointer_for_press(&app, x, y), Some(Pointer::Click { panel: Panel::Chart(ChartSlot::Second) }));
    let Some(Pointer::ClickAt { panel: Panel::Chart(ChartSlot::First), fraction }) =
        layout.pointer_for_press(&app, layout.panel(Panel::Chart(ChartSlot::First)).right() - 1, 10)
    else {
        panic!("a press on the plot is a press on a step")
    };
    assert!(fraction > 0.95);
    assert!(matches!(
        layout.pointer_for_wheel(&app, 20, 10, true),
        Some(Pointer::Wheel { panel: Panel::Chart(ChartSlot::First), up: true, .. })
    ));
    assert_eq!(layout.pointer_for_press(&app, 5, 0), None);
}

/// Every word of the reason, below the line as it was typed.
#[test]
fn a_refused_line_shows_the_whole_reason() {
    let reason = (1..=40).map(|word| format!("reason{word}")).collect::<Vec<_>>().join(" ");
    for (columns, rows) in [(80, 24), (60, 18), (200, 60)] {
        let mut app = fixture::running();
        let asked = press(&mut app, ":schedule cosin<Enter>");
        let [Effect::Send(request)] = asked.as_slice() else { panic!("{asked:?}") };
        hear(&mut app, [Event::Rejected { id: request.id, reason: reason.clone() }]);
        let shown = text(&screen(&mut app, (columns, rows), THEME));
        assert!(shown.contains(":schedule cosin"), "{shown}");
        for word in reason.split_whitespace() {
            assert!(shown.split_whitespace().any(|other| other == word), "{columns}x{rows}: {word} in\n{shown}");
        }
        // A key has no line; its refusal is as long, and the keys stay in sight.
        press(&mut app, "<Esc>");
        let asked = press(&mut app, "w");
        let [Effect::Send(request)] = asked.as_slice() else { panic!("{asked:?}") };
        hear(&mut app, [Event::Rejected { id: request.id, reason: reason.clone() }]);
        let shown = text(&screen(&mut app, (columns, rows), THEME));
        assert!(reason.split_whitespace().all(|word| shown.split_whitespace().any(|other| other == word)), "{shown}");
        assert!(shown.lines().last().is_some_and(|line| line.contains("pause")), "{shown}");
    }
}
