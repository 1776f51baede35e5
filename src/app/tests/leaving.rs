//! Leaving, and what stays when the source is gone.

use super::*;

#[test]
fn quit_can_be_shortened() {
    for typed in [":q\n", ":quit\n"] {
        let mut app = running();
        type_keys(&mut app, typed);
        assert!(matches!(app.mode(), KeyboardMode::Quit(_)), "{typed:?}");
    }
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
