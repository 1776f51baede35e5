//! What is offered when a training breaks.

use super::*;
use crate::protocol::{BranchId, Finding, Rewound, Trouble, TroubleKind};

/// A loss that explodes at step 504 after step 500, where the rate was raised from 0.001 to 10.
fn explosion(healthy_step: Option<u64>) -> Event {
    Event::Finding(Finding {
        step: 504,
        health: Health::Bad,
        layer: Some(3),
        what: "the loss explodes: 4e8, where 0.31 was usual before minibatch 502".into(),
        advice: "lower the learning rate".into(),
        trouble: Some(Box::new(Trouble {
            kind: TroubleKind::Exploding,
            healthy_step,
            minibatch: Some(502),
            samples: Vec::new(),
        })),
    })
}

/// A dashboard on a run whose loss explodes.
fn exploding(capabilities: &[Capability]) -> App {
    let mut app = fresh();
    tell(&mut app, [hello(capabilities), ready(), state(RunState::Running, 0), controls(1e-3, None), step(499, 0.3)]);
    tell(&mut app, [changed(500, LEARNING_RATE, 1e-3, 10.0), controls(10.0, None)]);
    tell(&mut app, [step(504, 4e8), explosion(Some(500)), state(RunState::Paused, 504)]);
    app
}

/// What is offered: each key with its text, and what is missing.
fn offered(app: &App) -> (Vec<String>, Vec<String>) {
    let offer = app.trouble_offer().expect("something is offered");
    (offer.remedies.iter().map(|(key, text)| format!("{key} {text}")).collect(), offer.missing)
}

/// Answers the only request among the effects, and gives what follows from it.
fn apply(app: &mut App, effects: &[Effect]) -> Vec<Effect> {
    let id = id(effects);
    tell(app, [Event::Applied { id, step: 500 }])
}

#[test]
fn a_trouble_is_offered_remedies_that_say_what_they_do() {
    let app = exploding(&ALL);
    let (remedies, missing) = offered(&app);
    let expected = [
        "H go back to step 500, train on with lr 5, half of 10",
        "B go back to step 500, before lr 0.001 → 10",
        "K go back to step 501, train on without minibatch 502, with lr 10",
        "I ignore exploding losses from now on (no warning, no pause)",
        "Esc leave everything as it is",
    ];
    assert_eq!((remedies, missing), (expected.map(String::from).to_vec(), Vec::new()));
}

#[test]
fn the_requests_of_a_remedy_are_sent_in_turn() {
    let rewind = |step| Command::Rewind { step, branch: Some(BranchId(0)) };
    let silence = Command::Silence { kind: TroubleKind::Exploding, layer: None };
    for (key, commands) in [
        ('H', vec![rewind(500), set_learning_rate(5.0), Command::Resume]),
        ('B', vec![rewind(500)]),
        ('K', vec![rewind(501), Command::SkipMinibatch, Command::Resume]),
        ('I', vec![silence]),
    ] {
        let mut app = exploding(&ALL);
        let mut effects = press(&mut app, Key::char(key));
        assert!(app.trouble_offer().is_none(), "{key}");
        let mut asked = sent(&effects);
        while !effects.is_empty() {
            // Another answer changes nothing.
            assert!(tell(&mut app, [Event::Applied { id: CommandId(999), step: 500 }]).is_empty());
            effects = apply(&mut app, &effects);
            asked.extend(sent(&effects));
        }
        assert_eq!(asked, commands, "{key}");
        assert!(app.watched().pending().is_empty());
    }
}

#[test]
fn a_refused_request_gives_up_the_rest_and_says_so() {
    let mut app = exploding(&ALL);
    let effects = press(&mut app, Key::char('H'));
    // Another trouble comes meanwhile; what was chosen goes first.
    tell(&mut app, [explosion(Some(500))]);
    assert!(press(&mut app, Key::char('H')).is_empty());
    assert!(notice(&app).contains("still under way"), "{}", notice(&app));
    press(&mut app, Key::plain(Code::Esc));
    let refused = Event::Rejected { id: id(&effects), reason: "no snapshot".into() };
    assert!(tell(&mut app, [refused]).is_empty());
    assert_eq!(notice(&app), "rewind: refused, no snapshot; the rest was cancelled");
    // Of the last request nothing follows.
    let mut app = exploding(&ALL);
    let effects = press(&mut app, Key::char('B'));
    tell(&mut app, [Event::Rejected { id: id(&effects), reason: "cancelled".into() }]);
    assert_eq!(notice(&app), "rewind: refused, cancelled");
}

#[test]
fn a_cancelled_remedy_makes_room_for_the_next_one() {
    let mut app = exploding(&ALL);
    let effects = press(&mut app, Key::char('H'));
    let cancel = press(&mut app, Key::plain(Code::Esc));
    assert_eq!(sent(&cancel), [Command::Cancel]);
    tell(&mut app, [Event::Rejected { id: id(&effects), reason: "cancelled".into() }]);
    assert!(tell(&mut app, [Event::Applied { id: id(&cancel), step: 504 }]).is_empty());
    assert_eq!(notice(&app), "cancelled: the run stays at step 504");
    tell(&mut app, [explosion(Some(500))]);
    let effects = press(&mut app, Key::char('B'));
    assert_eq!(sent(&effects), [Command::Rewind { step: 500, branch: Some(BranchId(0)) }]);
}

#[test]
fn the_offer_takes_no_key_that_means_something_else_and_no_pasted_text() {
    let mut app = exploding(&ALL);
    assert!(app.update(Message::Paste("HBKI".into())).is_empty());
    assert_eq!(sent(&type_keys(&mut app, " ")), [Command::Resume]);
    type_keys(&mut app, ":");
    // While a line is typed there is no offer, and its letters are letters.
    assert!(app.trouble_offer().is_none());
    assert!(type_keys(&mut app, "HBKI").is_empty());
    press(&mut app, Key::plain(Code::Esc));
    assert!(app.trouble_offer().is_some());
    press(&mut app, Key::plain(Code::Esc));
    assert!(app.trouble_offer().is_none());
    assert!(type_keys(&mut app, "HBKI").is_empty());
}

#[test]
fn a_source_that_cannot_go_back_offers_the_rest_with_the_reason() {
    let mut app = exploding(&ALL[..9]);
    let (remedies, missing) = offered(&app);
    assert_eq!(remedies, ["Esc leave everything as it is"]);
    let expected = [
        "half rate: this source can't go back",
        "back: this source can't go back",
        "skip: this source can't go back",
        "silence: this source can't silence warnings",
    ];
    assert_eq!(missing, expected);
    assert!(press(&mut app, Key::char('H')).is_empty());
    assert_eq!(notice(&app), "this source can't go back");
    // Where nothing was ever right, there is no step to go back to.
    let mut app = running();
    tell(&mut app, [explosion(None)]);
    let (_, missing) = offered(&app);
    assert!(missing[0].contains("no step is known at which nothing was wrong"), "{missing:?}");
    assert!(press(&mut app, Key::char('B')).is_empty());
    assert!(notice(&app).contains("no step is known"));
}

#[test]
fn a_minibatch_whose_update_was_left_out_is_none_to_skip() {
    let mut app = exploding(&ALL);
    let Event::Finding(finding) = explosion(Some(500)) else { unreachable!() };
    let trouble = Trouble { kind: TroubleKind::NotFinite, minibatch: Some(505), ..*finding.trouble.unwrap() };
    let broken = Finding { step: 505, trouble: Some(Box::new(trouble)), ..finding };
    tell(&mut app, [step(505, f64::NAN), Event::Finding(broken)]);
    let (remedies, missing) = offered(&app);
    assert!(remedies.iter().all(|remedy| !remedy.starts_with('K')), "{remedies:?}");
    assert_eq!(missing, ["skip: its update was left out already"]);
}

#[test]
fn what_was_found_before_is_offered_only_when_it_is_selected() {
    // Told while the run is opened.
    let mut app = fresh();
    tell(&mut app, [hello(&ALL), ready(), explosion(Some(500)), state(RunState::Running, 600), controls(1e-3, None)]);
    assert!(app.trouble_offer().is_none());
    while app.view().focused_panel() != Panel::Findings {
        press(&mut app, Key::plain(Code::Tab));
    }
    press(&mut app, Key::plain(Code::Enter));
    assert!(app.trouble_offer().is_some());
    // A run that stands somewhere else, goes on, or is over, needs no remedy.
    let rewound = Rewound { branch: BranchId(0), step: 500 };
    for event in [Event::Rewound(rewound), state(RunState::Running, 504), Event::Stopped { step: 504 }] {
        let mut app = exploding(&ALL);
        tell(&mut app, [event]);
        assert!(app.trouble_offer().is_none());
    }
    // A recorded run can do nothing about it.
    let mut app = App::new(Settings { origin: RunOrigin::Recorded, ..Settings::default() });
    tell(&mut app, [hello(&[]), ready(), state(RunState::Running, 0), explosion(Some(500))]);
    assert!(app.trouble_offer().is_none());
}

#[test]
fn a_minibatch_to_be_left_out_is_told() {
    let mut app = running();
    let to = Setting::Count(713);
    let change = Change { key: "run.skip".into(), from: None, to, by: Some(ChangedBy::Viewer) };
    tell(&mut app, [Event::Changed { step: 712, change }]);
    assert_eq!(notice(&app), "trains on without minibatch 713");
}

#[test]
fn an_offer_that_a_run_goes_on_without_is_withdrawn_after_a_while_and_comes_again_from_its_finding() {
    let mut app = exploding(&ALL);
    tick(&mut app, 100);
    assert!(app.trouble_offer().is_some(), "a paused run waits");
    tell(&mut app, [state(RunState::Running, 504), explosion(Some(500))]);
    tick(&mut app, 110);
    assert!(app.trouble_offer().is_some());
    tick(&mut app, 121);
    assert!(app.trouble_offer().is_none());
    assert!(app.run().findings.iter().next().is_some_and(|finding| finding.trouble.is_some()));
}

#[test]
fn a_minibatch_is_left_out_with_the_rate_that_the_run_then_has() {
    let skip = |app: &App| offered(app).0.into_iter().find(|text| text.starts_with("K ")).unwrap();
    let mut app = running();
    tell(&mut app, (201..=500).map(|at| step(at, 0.5)));
    // Of two changes the second is undone by going back to the step of it.
    tell(&mut app, [changed(500, LEARNING_RATE, 1.0, 5.0), step(501, 0.5), changed(501, LEARNING_RATE, 5.0, 10.0)]);
    tell(&mut app, [state(RunState::Paused, 504), explosion(Some(500))]);
    assert_eq!(skip(&app), "K go back to step 501, train on without minibatch 502");
}
