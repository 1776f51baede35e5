//! Keys, pages, help and the command line's comforts.

use super::*;

#[test]
fn pasted_text_only_goes_into_an_open_line() {
    let mut app = running();
    assert!(app.update(Message::Paste("q\u{1b}y \n:quit\n".into())).is_empty());
    assert!(matches!(app.mode(), KeyboardMode::Normal));
    type_keys(&mut app, ":");
    app.update(Message::Paste("lr \u{1b}[201~\u{202e}3e-4\nq".into()));
    assert_eq!(app.prompt().unwrap().line.editor.text(), "lr [201~3e-4");
    let huge = "x".repeat(10 << 20);
    let started = std::time::Instant::now();
    app.update(Message::Paste(huge));
    assert!(started.elapsed() < Duration::from_millis(200));
    assert_eq!(app.prompt().unwrap().line.editor.text().len(), MAX_LINE_BYTES);
}

#[test]
fn the_command_line_completes_and_remembers() {
    let mut app = running();
    let text = |app: &App| app.prompt().map(|prompt| prompt.line.editor.text().to_owned()).unwrap_or_default();
    let tab = Key::plain(Code::Tab);
    type_keys(&mut app, ":se");
    press(&mut app, tab);
    assert_eq!(text(&app), "set ");
    type_keys(&mut app, "o");
    press(&mut app, tab);
    assert_eq!(text(&app), "set optimizer.");
    assert_eq!(app.prompt().unwrap().line.candidates, ["optimizer.lr", "optimizer.momentum", "optimizer.weight_decay"]);
    type_keys(&mut app, "m");
    press(&mut app, tab);
    assert_eq!(text(&app), "set optimizer.momentum ");
    assert!(app.prompt().unwrap().hint.contains("KEY VALUE"));
    press(&mut app, Key::control('u'));
    type_keys(&mut app, "set\u{a0}opt");
    press(&mut app, tab);
    assert_eq!(text(&app), "set\u{a0}optimizer.", "any white space parts words");
    press(&mut app, Key::control('u'));
    type_keys(&mut app, "set optimizer.momentum 0.5\n:pause\n:th");
    press(&mut app, Key::plain(Code::Up));
    assert_eq!(text(&app), "pause");
    press(&mut app, Key::plain(Code::Up));
    press(&mut app, Key::plain(Code::Up));
    assert_eq!(text(&app), "set optimizer.momentum 0.5");
    press(&mut app, Key::plain(Code::Down));
    press(&mut app, Key::plain(Code::Down));
    assert_eq!(text(&app), "th", "what was being typed comes back");
}

#[test]
fn the_screen_is_saved_under_a_harmless_name() {
    let mut app = running();
    let Event::Hello(mut greeting) = hello(&ALL) else { unreachable!() };
    greeting.run = "../a b\u{1b}".into();
    tell(&mut app, [Event::Hello(greeting)]);
    assert_eq!(
        type_keys(&mut app, "p"),
        [Effect::SaveScreen { path: "gradtop----a-b--200.svg".into(), is_usual_name: true }]
    );
    assert_eq!(
        type_keys(&mut app, ":screenshot a b.svg\n"),
        [Effect::SaveScreen { path: "a b.svg".into(), is_usual_name: false }]
    );
}

#[test]
fn help_lists_every_key_of_the_screen_and_every_command() {
    let mut app = running();
    type_keys(&mut app, "?");
    let help = app.help_sections();
    let keys: Vec<String> = help[0].lines.iter().map(|line| line.keys.clone()).collect();
    for key in
        ["Space", "s", "S", "+ =", "-", "L", "[", "]", "}", "x", "f", "←", "z", "0", "l", "m", "e", "Ctrl-C", "Ctrl-Z"]
    {
        assert!(keys.iter().any(|keys| keys == key), "{key} is not in the help");
    }
    let commands = help.iter().find(|section| section.title == "Commands").unwrap();
    assert!(commands.lines.iter().any(|line| line.keys == ":throttle STEPS|off"));
    press(&mut app, Key::plain(Code::Down));
    assert!(matches!(app.mode(), KeyboardMode::Help { scroll: 1 }));
    assert!(type_keys(&mut app, "q").is_empty());
    assert!(matches!(app.mode(), KeyboardMode::Normal));
}

#[test]
fn no_key_is_bound_twice_where_both_are_valid() {
    let line = || KeyboardMode::Line(TypedLine::new(LinePurpose::Command, LineEditor::with_text("")));
    for mode in [
        KeyboardMode::Normal,
        KeyboardMode::Help { scroll: 0 },
        line(),
        KeyboardMode::Quit(QuitChoice::Cancel),
        KeyboardMode::Keep(QuitChoice::Cancel),
    ] {
        for screen in Screen::ALL {
            let valid = bindings().filter(|binding| binding.scope.covers(&mode, screen));
            let mut keys: Vec<Key> = Vec::new();
            for key in valid.flat_map(|binding| binding.keys) {
                assert!(!keys.contains(key), "{key} is bound twice on {screen:?}");
                keys.push(*key);
            }
            // Only Esc, which closes whatever is open, means something else while remedies for a trouble are offered.
            let of_trouble = bindings().filter(|binding| binding.scope == BindingScope::Trouble);
            for key in of_trouble.flat_map(|binding| binding.keys) {
                assert!(!keys.contains(key) || *key == Key::plain(Code::Esc), "{key} is bound twice on {screen:?}");
            }
        }
    }
}

#[test]
fn number_keys_turn_the_page_and_every_page_has_keys_of_its_own_panels() {
    let mut app = running();
    for screen in Screen::ALL {
        press(&mut app, Key::char(screen.key()));
        assert_eq!((app.view().screen, app.view().focused_panel()), (screen, screen.panels()[0]));
        type_keys(&mut app, "e");
        // A list has the screen for itself already.
        assert_eq!(app.view().expanded, screen != Screen::Data);
        press(&mut app, Key::plain(Code::Esc));
        for panel in screen.panels().iter().skip(1).chain(screen.panels().first()) {
            press(&mut app, Key::plain(Code::Tab));
            assert_eq!(app.view().focused_panel(), *panel);
        }
    }
    type_keys(&mut app, "1");
    press(&mut app, Key::plain(Code::Tab));
    type_keys(&mut app, "4e1");
    assert_eq!(
        (app.view().focused_panel(), app.view().expanded),
        (Panel::Chart(ChartSlot::Second), false),
        "each page keeps its focus"
    );
}

#[test]
fn data_in_a_plane_are_shown_first_unless_another_screen_was_chosen() {
    let plane = || {
        let Event::Ready(mut info) = ready() else { unreachable!() };
        info.data.as_mut().unwrap().shape = Some(vec![2]);
        Event::Ready(info)
    };
    let mut app = fresh();
    tell(&mut app, [hello(&ALL), plane()]);
    assert_eq!(app.view().screen, Screen::Data);
    let mut app = fresh();
    type_keys(&mut app, "1");
    tell(&mut app, [hello(&ALL), plane()]);
    assert_eq!(app.view().screen, Screen::Overview);
    let mut app = running();
    type_keys(&mut app, "2");
    assert_eq!(app.view().screen, Screen::Layers);
}

#[test]
fn suspending_works_everywhere() {
    let mut app = running();
    for key in ["", ":", "\u{0}", "?"] {
        type_keys(&mut app, key);
        assert_eq!(press(&mut app, Key::control('z')), [Effect::Suspend]);
        press(&mut app, Key::plain(Code::Esc));
    }
}

#[test]
fn only_screens_with_several_panels_offer_to_change_them() {
    let mut app = running();
    for screen in Screen::ALL {
        press(&mut app, Key::char(screen.key()));
        let several = screen.panels().len() > 1;
        assert_eq!(app.footer_items().iter().any(|item| item.label == "panel"), several, "{screen:?}");
        assert_eq!(app.help_sections()[0].lines.iter().any(|line| line.keys == "Tab"), several, "{screen:?}");
    }
    assert_eq!(Screen::Data.panels().len(), 1);
}
