//! Asking the source for something: never optimistic, checked where it is typed.

use super::*;
use crate::protocol::change::SCHEDULE;

fn set_learning_rate(value: f64) -> Command {
    Command::Set { key: LEARNING_RATE.into(), value }
}

#[test]
fn pause_is_pending_until_it_is_applied() {
    let mut app = running();
    let asked = type_keys(&mut app, " ");
    assert_eq!(sent(&asked), [Command::Pause]);
    assert_eq!((app.watched().phase(), app.live().state), (RunPhase::Pausing, RunState::Running));
    assert_eq!(app.header().requested, ["pausing…"]);
    tell(&mut app, [Event::Applied { id: id(&asked), step: 201 }, state(RunState::Paused, 201)]);
    assert_eq!((app.watched().phase(), app.watched().pending().is_empty()), (RunPhase::Paused, true));
    assert_eq!(app.header().remaining, None, "no time of arrival while paused");
    let asked = type_keys(&mut app, " ");
    assert_eq!((sent(&asked), app.watched().phase()), (vec![Command::Resume], RunPhase::Resuming));
    let footer = |app: &App| app.footer_items().iter().find(|item| item.keys == "Space").map(|item| item.label);
    assert_eq!(footer(&app), Some("pause"), "a second press takes the resuming back");
    tell(&mut app, [Event::Rejected { id: id(&asked), reason: "not now".into() }]);
    assert_eq!((app.watched().phase(), footer(&app)), (RunPhase::Paused, Some("resume")));
    assert_eq!(notice(&app), "resume: refused, not now");
}

#[test]
fn single_steps_and_epochs_are_asked_for() {
    let mut app = running();
    assert_eq!(sent(&type_keys(&mut app, "s")), [Command::Advance { count: 1 }]);
    assert_eq!(app.watched().phase(), RunPhase::Stepping);
    assert_eq!(sent(&type_keys(&mut app, "S")), [Command::AdvanceEpoch]);
    assert_eq!(sent(&type_keys(&mut app, ":step 10\n")), [Command::Advance { count: 10 }]);
    assert_eq!(sent(&type_keys(&mut app, ":epoch\n")), [Command::AdvanceEpoch]);
}

#[test]
fn the_rate_is_requested_then_effective() {
    let mut app = running();
    let first = type_keys(&mut app, "+");
    let second = type_keys(&mut app, "=");
    assert_eq!(sent(&first), [set_learning_rate(1.25e-3)]);
    assert_eq!(sent(&second), [set_learning_rate(1.5625e-3)], "the second press starts from what was asked for");
    let learning_rates = app.header().learning_rate;
    assert_eq!(
        (learning_rates.base, learning_rates.effective, learning_rates.requested),
        (Some(1e-3), Some(8e-4), Some(1.5625e-3))
    );
    assert_eq!(app.header().requested, ["lr 0.001 → 0.00156 requested"]);
    tell(&mut app, [Event::Applied { id: id(&first), step: 201 }, controls(1.25e-3, None)]);
    assert_eq!(app.header().learning_rate.requested, Some(1.5625e-3));
    let change = changed(202, LEARNING_RATE, 1.25e-3, 1.5625e-3);
    tell(&mut app, [change, Event::Applied { id: id(&second), step: 202 }, controls(1.5625e-3, None)]);
    let learning_rates = app.header().learning_rate;
    assert_eq!((learning_rates.base, learning_rates.requested), (Some(1.5625e-3), None));
    assert_eq!(notice(&app), "lr 0.00125 → 0.00156 from step 203 on");
    assert_eq!(sent(&type_keys(&mut app, "-")), [set_learning_rate(1.25e-3)]);
}

#[test]
fn the_rate_stops_at_the_ends_of_its_range() {
    let mut app = running();
    tell(&mut app, [controls(9.0, None)]);
    let asked = type_keys(&mut app, "+");
    assert_eq!(sent(&asked), [set_learning_rate(10.0)]);
    tell(&mut app, [Event::Applied { id: id(&asked), step: 201 }, controls(10.0, None)]);
    assert!(type_keys(&mut app, "+").is_empty());
    assert!(notice(&app).contains("above 0 to 10"), "{}", notice(&app));
}

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
fn what_took_effect_is_confirmed_in_words() {
    let cases = [
        (":throttle 50\n", "50 steps/s from step 168 on"),
        ("}", "full speed from step 168 on"),
        (":extend 1\n", "1 more epoch, to step 3,140"),
        (":evaluate\n", "evaluated at step 167"),
    ];
    for (typed, text) in cases {
        let mut app = running();
        tell(&mut app, [controls(1e-3, Some(40.0))]);
        let asked = type_keys(&mut app, typed);
        tell(&mut app, [Event::Applied { id: id(&asked), step: 167 }]);
        assert_eq!(notice(&app), text);
    }
    // What changed the course of the run is told by the source, no matter who asked for it.
    let mut app = running();
    tell(&mut app, [changed(167, "optimizer.momentum", 0.9, 0.8)]);
    assert_eq!(notice(&app), "momentum 0.9 → 0.8 from step 168 on");
    let (from, to) = (Setting::Text("constant".into()), Setting::Text("cosine 100..2000".into()));
    let change = Change { key: SCHEDULE.into(), from: Some(from), to, by: Some(ChangedBy::Viewer) };
    tell(&mut app, [Event::Changed { step: 167, change }]);
    assert_eq!(notice(&app), "schedule constant → cosine 100..2000 from step 168 on");
}

#[test]
fn quit_can_be_shortened() {
    for typed in [":q\n", ":quit\n"] {
        let mut app = running();
        type_keys(&mut app, typed);
        assert!(matches!(app.mode(), KeyboardMode::Quit(_)), "{typed:?}");
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
fn the_remaining_time_follows_the_throttle_and_the_end_at_once() {
    // 3,140 steps are planned and 200 done, at ten a second.
    let mut app = running();
    assert_eq!(app.header().remaining, Some(294.0));
    tell(&mut app, [controls(1e-3, Some(5.0))]);
    assert_eq!((app.header().remaining, app.header().samples_per_second), (Some(588.0), None));
    tell(&mut app, [controls(1e-3, Some(2.0))]);
    assert_eq!(app.header().remaining, Some(1470.0));
    tell(&mut app, [controls(1e-3, None)]);
    assert_eq!(app.header().remaining, Some(294.0), "as fast as it was without a limit");
    let Event::Controls(mut longer) = controls(1e-3, None) else { unreachable!() };
    longer.total_steps = Some(6_200);
    tell(&mut app, [Event::Controls(longer)]);
    assert_eq!(app.header().remaining, Some(600.0));
}

#[test]
fn only_a_limit_that_can_be_lifted_says_how() {
    let mut app = running();
    tell(&mut app, [controls(1e-3, Some(40.0))]);
    assert_eq!(app.header().throttle.as_deref(), Some("paced: 40 steps/s, } lifts it"));
    let unable: Vec<Capability> = ALL.into_iter().filter(|other| *other != Capability::Throttle).collect();
    let mut app = fresh();
    tell(&mut app, [hello(&unable), ready(), state(RunState::Running, 0), controls(1e-3, Some(40.0))]);
    assert_eq!(app.header().throttle.as_deref(), Some("paced: 40 steps/s"));
}

#[test]
fn the_throttle_climbs_its_ladder_and_full_speed_is_its_end() {
    let limit = |steps_per_second| vec![Command::SetThrottle { steps_per_second }];
    let mut app = running();
    tell(&mut app, [controls(1e-3, Some(640.0))]);
    assert_eq!(app.header().throttle.as_deref(), Some("paced: 640 steps/s, } lifts it"));
    assert_eq!(sent(&type_keys(&mut app, "]")), limit(Some(1280.0)));
    assert_eq!(sent(&type_keys(&mut app, "]")), limit(None));
    assert_eq!(app.header().throttle.as_deref(), Some("paced: 640 steps/s, } lifts it"), "not before it is applied");
    assert!(type_keys(&mut app, "}").is_empty(), "asked for already");
    // 640 samples a second in batches of 64 are ten steps a second: the first rung that is felt is five.
    assert_eq!(sent(&type_keys(&mut app, "[")), limit(Some(5.0)));
    assert_eq!(sent(&type_keys(&mut app, "[[")), [limit(Some(2.0)), limit(Some(1.0))].concat());
    assert!(type_keys(&mut app, "[").is_empty());
    assert_eq!(notice(&app), "this is the slowest; Space pauses");
    tell(&mut app, [controls(1e-3, Some(50.0))]);
}

#[test]
fn extending_asks_how_much_while_training_and_when_finished() {
    let mut app = running();
    assert!(type_keys(&mut app, "x").is_empty());
    assert_eq!(app.prompt().map(|prompt| prompt.label).as_deref(), Some("epochs to add"));
    assert_eq!(sent(&type_keys(&mut app, "\n")), [Command::Extend { epochs: 5 }]);
    let mut app = running();
    tell(&mut app, [finished()]);
    assert_eq!((app.watched().phase(), app.live().summary.is_some()), (RunPhase::Finished, true));
    assert!(type_keys(&mut app, " ").is_empty());
    assert_eq!(notice(&app), "the run has finished; x trains further");
    assert!(type_keys(&mut app, "x").is_empty(), "it asks here as well");
    assert_eq!(app.prompt().map(|prompt| prompt.line.editor.text().to_owned()).as_deref(), Some("5"));
    let asked = type_keys(&mut app, "\n");
    assert_eq!(sent(&asked), [Command::Extend { epochs: 5 }]);
    let Event::Controls(mut longer) = controls(1e-3, None) else { unreachable!() };
    longer.total_steps = Some(3_925);
    tell(&mut app, [Event::Controls(longer), Event::Applied { id: id(&asked), step: 3140 }]);
    assert_eq!(notice(&app), "5 more epochs, to step 3,925");
    tell(&mut app, [state(RunState::Running, 3140)]);
    assert!(app.live().summary.is_none());
}

fn finished() -> Event {
    Event::Finished(made_up::summary(3140, 0.4, 0.86, &"ab".repeat(32), 20.0))
}

#[test]
fn keys_that_a_source_can_not_do_are_unavailable_with_the_reason() {
    let mut app = fresh();
    assert!(type_keys(&mut app, " ").is_empty());
    assert_eq!(notice(&app), "the source has not answered yet");
    tell(&mut app, [hello(&[Capability::Pause])]);
    assert!(type_keys(&mut app, " ").is_empty());
    assert_eq!(notice(&app), "still loading");
    tell(&mut app, [ready(), state(RunState::Running, 0), controls(1e-3, None)]);
    assert_eq!(sent(&type_keys(&mut app, " ")), [Command::Pause]);
    assert!(type_keys(&mut app, "+").is_empty());
    assert_eq!(notice(&app), "this source's hyperparameters can't be changed");
    assert!(type_keys(&mut app, ":lr 1\n").is_empty());
    assert_eq!(error(&app), "this source's hyperparameters can't be changed");
    press(&mut app, Key::plain(Code::Esc));
    let footer = app.footer_items();
    let available = |label| footer.iter().find(|item| item.label == label).map(|item| item.available);
    assert_eq!((available("rate"), available("quit")), (Some(false), Some(true)));
    let keys = &app.help_sections()[0];
    let rate = keys.lines.iter().find(|line| line.text.starts_with("Learning rate times"));
    assert!(rate.is_some_and(|line| line.keys == "+ =" && line.unavailable.is_some()));
}

#[test]
fn requests_without_answers_do_not_pile_up() {
    let mut app = running();
    let asked = type_keys(&mut app, &"s".repeat(1000));
    assert!(asked.len() < 100);
    assert!(notice(&app).contains("too many requests"));
    press(&mut app, Key::char('q'));
    assert_eq!(sent(&press(&mut app, Key::char('y'))), [Command::Stop], "stopping is always possible");
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

#[test]
fn leaving_asks_while_training_and_waits_for_the_source() {
    let mut app = running();
    assert!(press(&mut app, Key::char('q')).is_empty());
    assert!(matches!(app.mode(), KeyboardMode::Quit(QuitChoice::Cancel)));
    press(&mut app, Key::plain(Code::Enter));
    assert!(matches!(app.mode(), KeyboardMode::Normal), "the answer chosen beforehand does no harm");
    type_keys(&mut app, "q");
    press(&mut app, Key::plain(Code::Left));
    assert_eq!(sent(&press(&mut app, Key::plain(Code::Enter))), [Command::Stop]);
    assert_eq!(app.watched().phase(), RunPhase::Stopping);
    assert_eq!(tell(&mut app, [Event::Stopped { step: 201 }]), [Effect::Quit(Exit::Asked(RunFate::Undecided))]);
}

#[test]
fn leaving_twice_is_leaving_now() {
    let mut app = running();
    assert!(press(&mut app, Key::control('c')).is_empty());
    let now = press(&mut app, Key::control('c'));
    assert_eq!((sent(&now), now.last()), (vec![Command::Stop], Some(&Effect::Quit(Exit::Asked(RunFate::Undecided)))));
    // A line that is open does not swallow it, and a source that does not stop does not hold anybody.
    let mut app = running();
    type_keys(&mut app, ":lr");
    assert!(press(&mut app, Key::control('c')).is_empty());
    press(&mut app, Key::char('y'));
    assert_eq!(press(&mut app, Key::control('c')), [Effect::Quit(Exit::Asked(RunFate::Undecided))]);
}

#[test]
fn what_is_over_is_left_at_once() {
    let failure = || Event::Failed(Failure { step: 9, what: "panic".into(), advice: "report it".into() });
    for end in [finished(), failure()] {
        let mut app = running();
        tell(&mut app, [end]);
        let now = press(&mut app, Key::char('q'));
        assert_eq!(
            (sent(&now), now.last()),
            (vec![Command::Stop], Some(&Effect::Quit(Exit::Asked(RunFate::Undecided))))
        );
    }
    let mut app = running();
    tell(&mut app, [Event::Stopped { step: 200 }]);
    assert_eq!(app.watched().phase(), RunPhase::Stopped);
    assert_eq!(
        press(&mut app, Key::char('q')),
        [Effect::Quit(Exit::Asked(RunFate::Undecided))],
        "there is nothing to stop"
    );
    assert_eq!(
        running().update(Message::Signal(Signal::Terminate)).last(),
        Some(&Effect::Quit(Exit::Signal(Signal::Terminate)))
    );
}

#[test]
fn a_failure_stays_on_the_screen_even_when_leaving() {
    let mut app = running();
    type_keys(&mut app, "qy");
    tell(
        &mut app,
        [Event::Failed(Failure { step: 205, what: "index out of bounds".into(), advice: "report it".into() })],
    );
    assert!(tell(&mut app, [Event::Stopped { step: 205 }]).is_empty());
    assert_eq!((app.watched().phase(), app.live().step), (RunPhase::Failed, 205));
    assert_eq!(app.live().failure.as_ref().map(|failure| failure.what.as_str()), Some("index out of bounds"));
}

#[test]
fn a_source_that_vanishes_is_a_failure_with_advice() {
    let mut app = running();
    type_keys(&mut app, " ");
    assert!(sent(&app.update(Message::SourceGone)).is_empty());
    assert_eq!((app.watched().phase(), app.watched().pending().is_empty()), (RunPhase::Failed, true));
    let failure = app.live().failure.clone().unwrap();
    assert_eq!(failure.step, 200);
    assert!(!failure.what.is_empty() && !failure.advice.is_empty());
    // After a proper end it is nothing new.
    let mut app = running();
    tell(&mut app, [finished()]);
    app.update(Message::SourceGone);
    assert_eq!((app.watched().phase(), app.live().failure.is_none()), (RunPhase::Finished, true));
    assert!(type_keys(&mut app, "x").is_empty());
    assert_eq!(notice(&app), "the run has ended");
}
