//! What the Data screen says is named, and is of what it says.

use ratatui::buffer::Buffer;

use super::{
    THEME,
    fixture::{self, hear, press},
    inside::Network,
    looks_data::{answer, info, look, running},
    screen, text,
};
use crate::{
    app::{App, Code, Key, Message},
    protocol::{Answer, Event, Health, Query, RunState, inspection::SplitName, made_up},
    ui::theme::{Background, ColorDepth, Theme},
};

/// All sizes at which the screen looks different.
const SIZES: [(u16, u16); 5] = [(200, 60), (160, 45), (120, 36), (80, 24), (60, 18)];

const THEMES: [Theme; 4] = [
    THEME,
    Theme::new(ColorDepth::Basic, Background::Light, true),
    Theme::new(ColorDepth::None, Background::Dark, true),
    Theme::new(ColorDepth::None, Background::Dark, false),
];

/// The screen after these keys, with everything answered at that size.
fn looked_at(network: Network, keys: &str, size: (u16, u16)) -> App {
    let mut app = running(info(network));
    screen(&mut app, size, THEME);
    look(&mut app, keys);
    app
}

fn drawn(app: &mut App, size: (u16, u16), theme: Theme) -> Buffer {
    screen(app, size, theme)
}

fn shown(app: &mut App, size: (u16, u16), theme: Theme) -> String {
    text(&drawn(app, size, theme))
}

/// Whether the footer or the help offers a key, or the reason why not.
fn reason(app: &App, key: &str) -> Option<&'static str> {
    let sections = app.help_sections();
    let line = sections[0].lines.iter().find(|line| line.keys.split(' ').any(|k| k == key));
    line.unwrap_or_else(|| panic!("no key {key}")).unavailable
}

#[test]
fn every_key_acts_visibly_or_is_not_offered() {
    let (up, down) = (Key::plain(Code::Up), Key::plain(Code::Down));
    let (left, right) = (Key::plain(Code::Left), Key::plain(Code::Right));
    let (page_up, page_down) = (Key::plain(Code::PageUp), Key::plain(Code::PageDown));
    // With each its opposite: at an end of what can be chosen only one of both acts.
    let keys = [
        ("v", Key::char('v'), None),
        ("t", Key::char('t'), None),
        ("e", Key::char('e'), None),
        ("↑", up, Some(down)),
        ("↓", down, Some(up)),
        ("←", left, Some(right)),
        ("→", right, Some(left)),
        ("PgUp", page_up, Some(page_down)),
        ("PgDn", page_down, Some(page_up)),
        ("Enter", Key::plain(Code::Enter), None),
    ];
    for (network, subjects, first) in [(Network::Toy, 4, "<Up><Up>"), (Network::Mlp, 4, ""), (Network::Wine, 3, "")] {
        let run = running(info(network));
        for (subject, size) in (0..subjects).flat_map(|subject| SIZES[2..].iter().map(move |size| (subject, *size))) {
            let mut start = run.clone();
            screen(&mut start, size, THEME);
            // From the middle, so that there is something on every side.
            let middle = if subject == 0 && !first.is_empty() { first } else { "<Down><Down><Right><Right><Down>" };
            look(&mut start, &["4", &"v".repeat(subject), middle].concat());
            for (name, key, opposite) in keys {
                let mut app = start.clone();
                let before = drawn(&mut app, size, THEME);
                let offered = reason(&app, name);
                app.update(Message::Key(key));
                look(&mut app, "");
                let mut after = drawn(&mut app, size, THEME);
                if let Some(opposite) = opposite.filter(|_| after == before) {
                    app.update(Message::Key(opposite));
                    look(&mut app, "");
                    after = drawn(&mut app, size, THEME);
                }
                let what = format!("{name} on subject {subject} at {size:?}: {offered:?}\n{}", text(&after));
                assert!(before != after, "it acts or says why not: {what}");
                if let Some(offered) = offered {
                    let said = app.notices().latest().map(|notice| notice.text.clone());
                    assert_eq!(said.as_deref(), Some(offered), "{what}");
                }
            }
        }
    }
}

#[test]
fn t_says_what_it_did_or_is_not_offered() {
    for size in SIZES {
        for (network, keys, offered) in [
            (Network::Toy, "", false),
            (Network::Toy, "v", true),
            (Network::Mlp, "4", true),
            (Network::Mlp, "4vvv", false),
        ] {
            let mut app = looked_at(network, keys, size);
            let before = app.wanted_queries();
            assert_eq!(reason(&app, "t").is_none(), offered, "{keys}");
            let item = app.footer_items().into_iter().find(|item| item.label == "train/test").unwrap();
            assert_eq!(item.available, offered, "{keys}");
            let words = |app: &mut App| shown(app, size, THEME).matches("training data").count();
            assert_eq!(words(&mut app), 0);
            press(&mut app, "t");
            if offered {
                let with_notice = shown(&mut app, size, THEME);
                assert!(with_notice.contains("training data from now on"), "{with_notice}");
                assert!(matches!(
                    app.wanted_queries()[0],
                    Query::Samples { split: SplitName::Train, .. } | Query::Confusion { split: SplitName::Train }
                ));
                // The panel says it by itself, also while there is no answer yet.
                assert_eq!(words(&mut app), 2, "{with_notice}");
            } else {
                assert_eq!(app.wanted_queries(), before);
            }
        }
    }
}

#[test]
fn points_that_are_classified_wrongly_have_a_shape_of_their_own() {
    for (size, theme) in SIZES.into_iter().flat_map(|size| THEMES.map(|theme| (size, theme))) {
        let mut app = looked_at(Network::Toy, "4", size);
        let count = |app: &mut App| {
            let shown = shown(app, size, theme);
            let legend = shown.lines().find(|line| line.contains("inner")).unwrap_or_default().to_owned();
            let marks = [0, 1].map(|class| theme.class_mark(class, false));
            let plane = shown.lines().filter(|line| !line.contains("inner")).flat_map(str::chars);
            let marked = plane.filter(|c| marks.iter().any(|mark| mark.starts_with(*c))).count();
            (marked, legend)
        };
        let (marked, legend) = count(&mut app);
        assert!(legend.contains("15 of 300") && legend.contains("wrong"), "{size:?}: {legend}");
        let query = app.wanted_queries()[1].clone();
        let Answer::Boundary(mut boundary) = answer(&query, &[2], 942) else { panic!() };
        boundary.wrong = Some(Vec::new());
        hear(&mut app, [fixture::inspection(943, query.clone(), Answer::Boundary(boundary.clone()))]);
        let (none, legend) = count(&mut app);
        // Text around the plane may have such letters, too. All that are wrong are drawn, but some share a cell.
        assert!((10..=15).contains(&(marked - none)), "{size:?}: {marked} {none}");
        assert!(legend.contains("0 of 300"), "{legend}");
        boundary.wrong = None;
        hear(&mut app, [fixture::inspection(944, query, Answer::Boundary(boundary))]);
        assert!(!count(&mut app).1.contains("wrong"), "a source that doesn't tell");
    }
}

#[test]
fn a_mistake_is_a_guess_an_arrow_and_the_truth() {
    for (size, theme) in SIZES.into_iter().flat_map(|size| THEMES.map(|theme| (size, theme))) {
        let mut app = looked_at(Network::Mlp, "4v", size);
        let text = shown(&mut app, size, theme);
        let arrow = theme.marks().arrow;
        // Sample 0 of class 0, T-shirt/top, was taken for class 3, Dress.
        let joined =
            text.lines().any(|line| line.contains(&format!("{} Dress", theme.marks().pointer)) && line.contains(arrow));
        assert!(joined, "{size:?}: {text}");
        let chosen = text.contains(&format!("Dress {arrow} T-shirt/top"));
        let table = text.contains(&format!("{arrow} truth"));
        assert!(chosen || table, "{size:?}: {text}");
        let mut app = looked_at(Network::Toy, "4vv", size);
        let text = shown(&mut app, size, theme);
        assert!(text.contains(&format!("{arrow} inner")) && !text.contains(&format!("{arrow} –")), "{size:?}: {text}");
    }
}

#[test]
fn recall_and_precision_are_called_so_and_say_of_what_they_are_shares() {
    for (size, theme) in SIZES.into_iter().flat_map(|size| THEMES.map(|theme| (size, theme))) {
        let mut app = looked_at(Network::Mlp, "4vv<Down><Down><Right>", size);
        let text = shown(&mut app, size, theme);
        let heading = text.lines().find(|line| line.contains("T-sh")).unwrap();
        assert!(heading.contains("recall"), "{size:?}: {text}");
        let row = text.lines().find(|line| line.contains("precision   "));
        assert!(row.is_some_and(|row| row.contains(" %")), "{size:?}: {text}");
        assert!(text.contains("recall of the true Pullover: 152 of 1,389, 11 %"), "{size:?}: {text}");
        assert!(text.contains("precision of the prediction Trouser: 151 of 163, 93 %"), "{size:?}: {text}");
    }
}

#[test]
fn the_small_charts_are_named_and_have_scales() {
    for (size, theme) in SIZES.into_iter().flat_map(|size| THEMES.map(|theme| (size, theme))) {
        let mut app = looked_at(Network::Toy, "4", size);
        let text = shown(&mut app, size, theme);
        assert!(text.contains("loss") && text.contains("test 0.46"), "{size:?}: {text}");
        let tick = if theme.has_blocks() { "┤" } else { "+" };
        for end in ["100 %", " 0 %", " 0"] {
            assert!(text.contains(&format!("{end}{tick}")), "{end}: {text}");
        }
        assert!(text.matches("3,140").count() >= 2, "the steps are said beside the header: {text}");
        assert!(text.contains("test 82 %") || text.contains("test 81.5 %"), "{text}");
        if size.0 >= 200 {
            assert!(text.contains("raw 0."), "{text}");
        }
        let legend = text.lines().find(|line| line.contains("layer 3 tanh")).unwrap();
        assert!(legend.contains(" -1 ") || legend.contains(" -0.99"), "the ends of the colours: {text}");
    }
}

#[test]
fn figures_that_have_got_old_say_since_when() {
    for size in SIZES {
        for keys in ["4", "4v", "4vv"] {
            let mut app = looked_at(Network::Mlp, keys, size);
            let text = shown(&mut app, size, THEME);
            assert!(text.contains("as of step 942, now at 1,000"), "{size:?}: {text}");
            assert!(text.contains("test data"), "{size:?}: {text}");
        }
    }
    let mut app = running(info(Network::Mlp));
    look(&mut app, "4");
    hear(&mut app, [fixture::state(RunState::Paused, 942, None)]);
    let query = app.wanted_queries().remove(0);
    let newer = answer(&query, &[1, 28, 28], 1000);
    hear(&mut app, [fixture::inspection(1000, query, newer)]);
    let text = shown(&mut app, (120, 36), THEME);
    assert!(text.contains("as of step 1,000") && !text.contains("now at"), "{text}");
}

#[test]
fn equal_values_are_equally_high_in_every_sparkline_whose_head_says_the_scale() {
    for size in SIZES {
        let mut app = fixture::ready();
        for step in 1..=200 {
            let mut report = fixture::report(step);
            let norm = |layer: usize| if layer == 0 { 1.0 } else { 1e-3 };
            // At the end all layers have what the first one had all the time.
            let at = |layer: usize| if step > 150 { 1.0 } else { norm(layer) };
            let probe = |layer| made_up::probe(layer, [Some(at(layer)), None, None], Health::Good);
            report.layers = [0, 2, 4].map(probe).to_vec();
            hear(&mut app, [Event::Step(report)]);
        }
        let text = shown(&mut app, size, THEME);
        let rows: Vec<&str> = text.lines().filter(|line| line.contains("linear") && line.contains('█')).collect();
        assert_eq!(rows.len(), 3, "{size:?}: {text}");
        let blocks = |row: &str| row.chars().filter(|c| ('▁'..='█').contains(c)).collect::<String>();
        assert!(blocks(rows[0]).chars().all(|c| c == '█'), "{text}");
        for row in &rows[1..] {
            assert!(blocks(row).starts_with('▁') && blocks(row).ends_with('█'), "{text}");
        }
        assert!(text.contains("log 0.001–1"), "{size:?}: {text}");
    }
}
