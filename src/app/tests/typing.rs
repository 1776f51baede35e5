//! What is typed: commands and values, and how they are refused.

use super::*;

#[test]
fn values_are_refused_where_they_are_typed_with_the_valid_range() {
    for wrong in ["-1", "−1", "NaN", "inf", "1e38", "abc", "0", "", "1e-3x"] {
        let mut app = running();
        assert!(sent(&type_keys(&mut app, &format!("L{wrong}\n"))).is_empty(), "{wrong:?} was accepted");
        assert!(error(&app).contains("above 0 to 10"), "{wrong:?}: {}", error(&app));
        assert_eq!(app.prompt().map(|prompt| prompt.line.editor.text().to_owned()).as_deref(), Some(wrong));
        type_keys(&mut app, "1");
        assert_eq!(error(&app), "", "editing takes the error away");
        press(&mut app, Key::control('u'));
        assert_eq!(sent(&type_keys(&mut app, "3e-4\n")), [set_learning_rate(3e-4)]);
        assert!(matches!(app.mode(), KeyboardMode::Normal));
    }
}

#[test]
fn typed_commands_reach_the_source() {
    let cases = [
        (":lr 3e-4\n", set_learning_rate(3e-4)),
        (":set optimizer.momentum 0.8\n", Command::Set { key: "optimizer.momentum".into(), value: 0.8 }),
        (":schedule cosine 100..2000\n", Command::SetSchedule { schedule: "cosine 100..2000".into() }),
        (":throttle 50\n", Command::SetThrottle { steps_per_second: Some(50.0) }),
        (":extend 5\n", Command::Extend { epochs: 5 }),
        (":evaluate\n", Command::Evaluate),
        (":save\n", Command::Save),
        (":pause\n", Command::Pause),
        ("::resume\n", Command::Resume),
        (":res\n", Command::Resume),
        (":ext 2\n", Command::Extend { epochs: 2 }),
    ];
    for (typed, command) in cases {
        assert_eq!(sent(&type_keys(&mut running(), typed)), [command], "{typed:?}");
    }
}

#[test]
fn wrong_commands_say_what_would_be_right() {
    let cases = [
        (":lrr 1\n", "did you mean lr?"),
        (":xyzzy\n", "Tab on the empty line lists them"),
        (":s 1\n", "may be set or schedule or save or step or sample or screenshot"),
        (":lr\n", "needs a rate, for example :lr 3e-4"),
        (":extend\n", "for example :extend 5"),
        (":throttle\n", "for example :throttle 50"),
        (":set optimizer.momentum\n", "needs a value; valid: from 0"),
        (":set run.seed 4\n", "can't change while it trains; can be set: optimizer.lr, optimizer.momentum"),
        (
            ":set optimizer.kind sgd\n",
            "“optimizer.kind” can't change while it trains; can be set: optimizer.lr, optimizer.momentum, optimizer.weight_decay",
        ),
        (":set run.steps 900\n", ":extend EPOCHS makes the run longer"),
        (":set schedule.lr cosine\n", ":schedule replaces"),
        (":set momentum 0.5\n", "did you mean optimizer.momentum?"),
        (":set momentom 0.5\n", "did you mean optimizer.momentum?"),
        (":set optimiser.lr 0.5\n", "did you mean optimizer.lr?"),
        (":screenshot a/x.png\n", "a/x.png: the screen can't be written as .png; valid: .svg, such as a/x.svg"),
        (":screenshot x.pdf\n", "valid: .svg"),
        (":lr 1234567890123456789012345678901234567890x\n", "7890…”"),
        (":lr 1e38\n", "above 0 to 10"),
        (":set optimizer.momentom 0.5\n", "did you mean optimizer.momentum?"),
        (":set optimizer.momentum 1\n", "from 0"),
        (":set\n", "for example :set optimizer.lr 3e-4"),
        (":throttle 0\n", "or off"),
        (":throttle fast\n", "or off"),
        (":throttle NaN\n", "or off"),
        (":extend 0\n", "from 1 to"),
        (":extend 1.5\n", "whole number"),
        (":step -3\n", "whole number"),
        (":step 99999999999\n", "from 1 to"),
        (":pause now\n", "too much"),
        (":schedule\n", "constant"),
    ];
    for (typed, part) in cases {
        let mut app = running();
        assert!(type_keys(&mut app, typed).is_empty(), "{typed:?}");
        assert!(error(&app).contains(part), "{typed:?}: {:?}", error(&app));
    }
}

/// A line that the source refuses opens again with the whole reason; what it asked for is still there to be edited.
#[test]
fn a_refused_line_opens_again_with_the_reason() {
    let mut app = running();
    let asked = type_keys(&mut app, ":schedule cosin\n");
    assert!(app.prompt().is_none());
    let reason = format!("`cosin` is no schedule; valid: {}", "constant, ".repeat(20));
    tell(&mut app, [Event::Rejected { id: id(&asked), reason: reason.clone() }]);
    assert_eq!(error(&app), format!("schedule: refused, {}", reason.trim_end()));
    let asked = type_keys(&mut app, "e\n");
    assert_eq!(sent(&asked), [Command::SetSchedule { schedule: "cosine".into() }]);
    // One that was done does not, and neither does a key.
    tell(&mut app, [Event::Applied { id: id(&asked), step: 200 }]);
    tell(&mut app, [Event::Rejected { id: id(&asked), reason: "late".into() }]);
    let asked = type_keys(&mut app, "w");
    tell(&mut app, [Event::Rejected { id: id(&asked), reason: "the disk is full".into() }]);
    assert_eq!((app.prompt().is_none(), notice(&app).as_str()), (true, "save: refused, the disk is full"));
    // What is typed meanwhile is not overwritten.
    let asked = type_keys(&mut app, ":lr 1\n:ext");
    tell(&mut app, [Event::Rejected { id: id(&asked), reason: "no".into() }]);
    assert_eq!(app.prompt().unwrap().line.editor.text(), "ext");
    assert!(notice(&app).ends_with("refused, no"));
}

#[test]
fn a_screen_that_could_not_be_saved_leaves_its_line_open() {
    let mut app = running();
    assert!(matches!(type_keys(&mut app, ":screenshot /no/x.svg\n").as_slice(), [Effect::SaveScreen { .. }]));
    app.update(Message::ScreenSaved(Err("/no/x.svg: no such folder".into())));
    assert_eq!(app.prompt().unwrap().line.editor.text(), "screenshot /no/x.svg");
    assert_eq!(error(&app), "screen not saved: /no/x.svg: no such folder");
    let mut app = running();
    type_keys(&mut app, "p");
    app.update(Message::ScreenSaved(Err("read-only".into())));
    assert_eq!((app.prompt().is_none(), notice(&app).as_str()), (true, "screen not saved: read-only"));
}

#[test]
fn enter_on_a_hyperparameter_asks_for_its_value() {
    let mut app = running();
    for _ in 0..3 {
        press(&mut app, Key::plain(Code::Tab));
    }
    assert_eq!(app.view().focused_panel(), Panel::Controls);
    for _ in 0..9 {
        press(&mut app, Key::plain(Code::Down));
    }
    press(&mut app, Key::plain(Code::Up));
    assert!(app.control_rows()[1].selected);
    press(&mut app, Key::plain(Code::Enter));
    let prompt = app.prompt().unwrap();
    assert_eq!(
        (prompt.label.as_str(), prompt.hint.as_str()),
        ("optimizer.momentum", "now 0.9; valid: from 0 to below 1")
    );
    let asked = type_keys(&mut app, "0.5\n");
    assert_eq!(sent(&asked), [Command::Set { key: "optimizer.momentum".into(), value: 0.5 }]);
    assert_eq!((app.control_rows()[1].value, app.control_rows()[1].requested), (0.9, Some(0.5)));
}
