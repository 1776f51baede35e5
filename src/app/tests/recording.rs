//! Saving, what becomes of a run when the dashboard is left, recorded runs, and calls for attention.

use super::*;
use crate::protocol::{RunSummary, SavedRun};

fn started(origin: RunOrigin, folder: Option<&str>) -> App {
    let mut app = App::new(Settings { run: "fashion".into(), origin, ..Settings::default() });
    let Event::Ready(mut info) = ready() else { unreachable!() };
    info.folder = folder.map(String::from);
    let steps = (1..=200).map(|at| step(at, 2.0 / at as f64));
    let opening = [hello(&ALL), Event::Ready(info), state(RunState::Running, 0), controls(1e-3, None)];
    tell(&mut app, opening.into_iter().chain(steps));
    app
}

fn unsaved() -> App {
    started(RunOrigin::Unsaved, Some("runs/.unsaved/2026-11-29T16-03-12-fashion"))
}

fn finished() -> Event {
    Event::Finished(RunSummary { step: 3_140, ..RunSummary::default() })
}

fn saved(step: u64, problem: Option<&str>) -> Event {
    Event::Saved(SavedRun { step, problem: problem.map(String::from) })
}

fn calls(effects: &[Effect]) -> Vec<&str> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Notify(text) = effect { Some(text.as_str()) } else { None })
        .collect()
}

fn left(effects: &[Effect]) -> Option<Exit> {
    effects.iter().find_map(|effect| if let Effect::Quit(exit) = effect { Some(*exit) } else { None })
}

#[test]
fn saving_is_asked_once_and_confirmed_with_its_step() {
    let mut app = running();
    let asked = type_keys(&mut app, "w");
    assert_eq!(sent(&asked), [Command::Save]);
    assert_eq!(app.header().requested, ["saving…"]);
    assert!(type_keys(&mut app, "w").is_empty());
    assert_eq!(notice(&app), "a save is on its way already");
    tell(&mut app, [saved(1204, None), Event::Applied { id: id(&asked), step: 1204 }]);
    assert_eq!(notice(&app), "saved at step 1,204");
    assert_eq!(app.live().record.saved_step, Some(1204));
    let asked = type_keys(&mut app, ":save\n");
    assert_eq!(sent(&asked), [Command::Save]);
    tell(&mut app, [saved(1300, Some("disk full")), Event::Rejected { id: id(&asked), reason: "disk full".into() }]);
    assert_eq!(error(&app), "save: refused, disk full");
    press(&mut app, Key::plain(Code::Esc));
    assert_eq!(app.header().record, Some(("not saved since step 1,204".into(), Health::Bad)));
    // One that was not asked for is no notice, but it counts.
    tell(&mut app, [saved(1400, None)]);
    assert_eq!(notice(&app), "saved at step 1,204");
    assert_eq!(app.header().record, Some(("saved @ 1,400".into(), Health::Good)));
    type_keys(&mut app, ":save twice\n");
    assert_eq!(error(&app), "“twice” is too much");
}

#[test]
fn a_run_that_is_not_recorded_cannot_be_saved() {
    let mut app = fresh();
    let capabilities: Vec<Capability> = ALL.into_iter().filter(|can| *can != Capability::Save).collect();
    tell(&mut app, [hello(&capabilities), ready(), state(RunState::Running, 0)]);
    assert!(type_keys(&mut app, "w").is_empty());
    assert_eq!(notice(&app), "this run is not recorded");
    assert!(app.footer_items().iter().any(|item| item.label == "save" && !item.available));
}

#[test]
fn only_an_answered_no_discards_an_unsaved_run() {
    use RunFate::{Discarded, Kept, Undecided};
    let answers: [(&[Key], RunFate); 5] = [
        (&[Key::char('y')], Kept),
        (&[Key::plain(Code::Enter)], Kept),
        (&[Key::char('n')], Discarded),
        (&[Key::plain(Code::Down), Key::plain(Code::Enter)], Discarded),
        (&[Key::plain(Code::Up), Key::plain(Code::Up), Key::plain(Code::Enter)], Discarded),
    ];
    for (keys, fate) in answers {
        // While it trains, the dashboard leaves when the source has stopped.
        let mut app = unsaved();
        assert!(press(&mut app, Key::char('q')).is_empty());
        assert!(matches!(app.mode(), KeyboardMode::Keep(QuitChoice::Leave(Kept))));
        let effects: Vec<Effect> = keys.iter().flat_map(|key| press(&mut app, *key)).collect();
        assert_eq!((sent(&effects), left(&effects)), (vec![Command::Stop], None), "{keys:?}");
        assert_eq!(left(&tell(&mut app, [Event::Stopped { step: 201 }])), Some(Exit::Asked(fate)), "{keys:?}");
        // When it has finished, the question comes too.
        let mut app = unsaved();
        tell(&mut app, [finished()]);
        assert!(press(&mut app, Key::char('q')).is_empty());
        let effects: Vec<Effect> = keys.iter().flat_map(|key| press(&mut app, *key)).collect();
        assert_eq!(left(&effects), Some(Exit::Asked(fate)), "{keys:?}");
    }
    for keys in [[Key::control('c'), Key::control('c')], [Key::char('q'), Key::control('c')]] {
        let mut app = unsaved();
        let effects: Vec<Effect> = keys.iter().flat_map(|key| press(&mut app, *key)).collect();
        assert_eq!(left(&effects), Some(Exit::Asked(Undecided)));
    }
    for cancel in [Key::plain(Code::Esc), Key::char('q')] {
        let mut app = unsaved();
        press(&mut app, Key::char('q'));
        assert!(press(&mut app, cancel).is_empty());
        assert!(matches!(app.mode(), KeyboardMode::Normal));
    }
    let mut app = unsaved();
    press(&mut app, Key::char('q'));
    let effects = app.update(Message::Signal(Signal::HangUp));
    assert_eq!(left(&effects), Some(Exit::Signal(Signal::HangUp)));
}

#[test]
fn what_was_answered_holds_even_for_someone_in_a_hurry() {
    let mut app = unsaved();
    type_keys(&mut app, "qn");
    assert_eq!(left(&press(&mut app, Key::control('c'))), Some(Exit::Asked(RunFate::Discarded)));
    // After a failure the question is open again.
    let mut app = unsaved();
    type_keys(&mut app, "qn");
    let failure = Failure { step: 205, what: "index out of bounds".into(), advice: "report it".into() };
    tell(&mut app, [Event::Failed(failure)]);
    assert!(left(&tell(&mut app, [Event::Stopped { step: 205 }])).is_none());
    type_keys(&mut app, "q");
    assert!(matches!(app.mode(), KeyboardMode::Keep(_)));
}

#[test]
fn nobody_is_asked_about_a_record_that_there_is_not() {
    let mut app = started(RunOrigin::Unsaved, None);
    type_keys(&mut app, "q");
    assert!(matches!(app.mode(), KeyboardMode::Quit(QuitChoice::Cancel)));
    let mut app = App::new(Settings { origin: RunOrigin::Unsaved, ..Settings::default() });
    tell(&mut app, [hello(&ALL)]);
    assert_eq!(left(&type_keys(&mut app, "q")), Some(Exit::Asked(RunFate::Undecided)), "while data are read");
}

#[test]
fn a_recorded_run_is_left_at_once_and_refuses_with_the_way_on() {
    let opened = || {
        let mut app = App::new(Settings { origin: RunOrigin::Recorded, ..Settings::default() });
        tell(&mut app, [hello(&[]), ready(), step(1, 2.0), step(2, 1.0)]);
        app
    };
    let mut app = opened();
    assert_eq!(left(&type_keys(&mut app, "q")), Some(Exit::Asked(RunFate::Undecided)), "while it is read");
    let mut app = opened();
    tell(&mut app, [state(RunState::Stopped, 2)]);
    assert_eq!(app.watched().phase(), RunPhase::Recorded);
    for key in [" ", "s", "x", "+", "["] {
        assert!(type_keys(&mut app, key).is_empty());
        assert!(notice(&app).starts_with("a recorded run") && notice(&app).contains("gradtop resume"), "{key}");
    }
    type_keys(&mut app, "w");
    assert_eq!(notice(&app), "this run is recorded already");
    assert_eq!(left(&type_keys(&mut app, "q")), Some(Exit::Asked(RunFate::Undecided)));
    // A record that breaks off is not taken for training that stopped.
    let mut app = opened();
    assert!(calls(&app.update(Message::SourceGone)).is_empty());
    assert_eq!(app.live().failure.as_ref().unwrap().what, "the record could not be read to its end");
    let mut app = opened();
    tell(&mut app, [finished()]);
    app.update(Message::SourceGone);
    assert_eq!((app.watched().phase(), app.live().failure.is_none()), (RunPhase::Finished, true));
}

#[test]
fn attention_is_called_once_to_what_nobody_asked_for() {
    let paused = |reason: Option<&str>| {
        Event::State(StateChange { state: RunState::Paused, step: 200, reason: reason.map(String::from) })
    };
    let failure =
        || Event::Failed(Failure { step: 205, what: "index out of bounds".into(), advice: "report it".into() });
    let mut app = running();
    let effects = tell(&mut app, [paused(Some("loss is NaN"))]);
    assert_eq!(calls(&effects), ["gradtop: fashion paused at step 200: loss is NaN"]);
    assert!(calls(&tell(&mut app, [paused(Some("loss is NaN"))])).is_empty());
    let mut app = running();
    assert_eq!(calls(&tell(&mut app, [finished()])), ["gradtop: fashion finished at step 3,140"]);
    assert!(calls(&tell(&mut app, [Event::Stopped { step: 3_140 }])).is_empty());
    assert_eq!(calls(&tell(&mut running(), [Event::Stopped { step: 201 }])), ["gradtop: fashion stopped at step 201"]);
    let expected = ["gradtop: fashion failed at step 205: index out of bounds"];
    assert_eq!(calls(&tell(&mut running(), [failure()])), expected);
    let effects = running().update(Message::SourceGone);
    assert_eq!(calls(&effects), ["gradtop: fashion failed at step 200: the training stopped unexpectedly"]);
    // What was asked for, or follows from it.
    for keys in [" ", "s", "S"] {
        let mut app = running();
        type_keys(&mut app, keys);
        assert!(calls(&tell(&mut app, [paused(Some("asked"))])).is_empty(), "{keys}");
    }
    let mut app = running();
    assert!(calls(&tell(&mut app, [paused(None)])).is_empty());
    type_keys(&mut app, "s");
    assert!(calls(&tell(&mut app, [finished()])).is_empty());
    let mut app = running();
    type_keys(&mut app, "qy");
    assert!(calls(&tell(&mut app, [finished(), Event::Stopped { step: 201 }])).is_empty());
    let mut app = running();
    type_keys(&mut app, "qy");
    assert_eq!(calls(&tell(&mut app, [failure()])), expected, "a failure is news to someone who leaves");
}

#[test]
fn a_window_too_small_for_the_question_deletes_nothing() {
    let mut app = unsaved();
    app.update(Message::Resize { columns: 50, rows: 15 });
    assert_eq!(left(&type_keys(&mut app, "q")), Some(Exit::Asked(RunFate::Undecided)));
    // Nor does an answer to a question that was seen before.
    let mut app = unsaved();
    type_keys(&mut app, "q");
    app.update(Message::Resize { columns: 50, rows: 15 });
    assert_eq!(sent(&type_keys(&mut app, "n")), [Command::Stop]);
    let effects = tell(&mut app, [Event::Stopped { step: 1000 }]);
    assert_eq!(left(&effects), Some(Exit::Asked(RunFate::Undecided)), "{effects:?}");
}
