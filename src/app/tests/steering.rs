//! Asking the source for something: never optimistic, checked where it is typed.

use super::*;
use crate::protocol::change::SCHEDULE;

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
