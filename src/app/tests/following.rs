//! Which sample the Inspect screen follows, and what its keys ask for.

use super::*;
use crate::protocol::inspection::{LayerTrace, PassKind, SplitName, TensorSlice, Trace, TracedSample};
use crate::protocol::{self, Answer, Inspection, Query, SampleChoice};

/// A dashboard whose run pauses, on the Inspect screen.
fn paused() -> App {
    let mut app = running();
    tell(&mut app, [state(RunState::Paused, 200)]);
    type_keys(&mut app, "3");
    app
}

fn followed(app: &App) -> (SampleChoice, usize) {
    match app.wanted_queries().as_slice() {
        [Query::Trace { sample, layer }] => (*sample, *layer),
        other => panic!("one trace expected, found {other:?}"),
    }
}

fn nothing(app: &mut App, reason: &str) -> Vec<Effect> {
    let query = app.wanted_queries().remove(0);
    let answer = Answer::Nothing { reason: reason.into() };
    tell(app, [Event::Inspection(Box::new(Inspection { step: 200, query, answer }))])
}

/// An answer about a row of a minibatch of `batch` samples.
fn answered(app: &mut App, sample: SampleChoice, row: usize, batch: usize) -> Vec<Effect> {
    let empty = || TensorSlice { shape: vec![1], kept: vec![1], values: vec![0.0] };
    let trace = Trace {
        pass: PassKind::Minibatch { number: 201 },
        batch,
        phase: protocol::Phase::Between,
        batch_loss: None,
        batch_accuracy: None,
        sample: TracedSample {
            row,
            split: SplitName::Train,
            index: 0,
            origin: None,
            class: 0,
            input: empty(),
            picture: None,
        },
        loss: None,
        losses: Vec::new(),
        layers: Vec::new(),
        selected: LayerTrace {
            layer: 0,
            input: None,
            output: None,
            output_gradient: None,
            input_gradient: None,
            derivative: None,
            unit: None,
            update: None,
            parameters: Vec::new(),
            largest: Vec::new(),
        },
    };
    let (query, answer) = (Query::Trace { sample, layer: 0 }, Answer::Trace(Box::new(trace)));
    tell(app, [Event::Inspection(Box::new(Inspection { step: 200, query, answer }))])
}

#[test]
fn an_answer_that_comes_late_undoes_no_key() {
    let mut app = paused();
    for _ in 0..3 {
        press(&mut app, Key::plain(Code::Right));
    }
    answered(&mut app, SampleChoice::Row { row: 1 }, 1, 64);
    assert_eq!(followed(&app).0, SampleChoice::Row { row: 3 });
    press(&mut app, Key::plain(Code::Right));
    assert_eq!(followed(&app).0, SampleChoice::Row { row: 4 });
    type_keys(&mut app, "h");
    answered(&mut app, SampleChoice::Hardest, 40, 64);
    press(&mut app, Key::plain(Code::Right));
    assert_eq!(followed(&app).0, SampleChoice::Row { row: 41 }, "the row of the answer that was waited for");
}

#[test]
fn a_short_last_minibatch_is_walked_round_too() {
    let mut app = paused();
    type_keys(&mut app, "i40\n");
    answered(&mut app, SampleChoice::Row { row: 40 }, 31, 32);
    press(&mut app, Key::plain(Code::Right));
    assert_eq!(followed(&app).0, SampleChoice::Row { row: 0 });
    answered(&mut app, SampleChoice::Row { row: 0 }, 0, 32);
    press(&mut app, Key::plain(Code::Left));
    assert_eq!(followed(&app).0, SampleChoice::Row { row: 31 });
    type_keys(&mut app, "i40\n");
    assert!(error(&app).starts_with("the minibatch has no row 40; valid: a row of the minibatch, 0 to 31;"));
    press(&mut app, Key::plain(Code::Esc));
    tell(&mut app, [step(201, 0.1)]);
    type_keys(&mut app, "i40\n");
    assert_eq!(followed(&app).0, SampleChoice::Row { row: 40 }, "the next minibatch is not known to be short");
}

#[test]
fn samples_are_written_in_one_way_everywhere() {
    let dataset = |split, index| Some(SampleChoice::Dataset { split, index });
    for (text, choice) in [
        ("12", Some(SampleChoice::Row { row: 12 })),
        ("train:5", dataset(SplitName::Train, 5)),
        ("train 5", dataset(SplitName::Train, 5)),
        ("test:7", dataset(SplitName::Test, 7)),
        ("hardest", Some(SampleChoice::Hardest)),
        ("mistake", Some(SampleChoice::NextMistake { after: None })),
        ("", None),
        ("-1", None),
        ("train:", None),
        ("mistake:3", None),
    ] {
        assert_eq!(parse_sample_choice(text), choice, "{text:?}");
    }
}

#[test]
fn keys_go_from_sample_to_sample_and_from_layer_to_layer() {
    let mut app = paused();
    assert_eq!(followed(&app), (SampleChoice::Row { row: 0 }, 0));
    press(&mut app, Key::plain(Code::Left));
    assert_eq!(followed(&app), (SampleChoice::Row { row: 63 }, 0), "around the minibatch");
    press(&mut app, Key::plain(Code::Right));
    press(&mut app, Key::plain(Code::Right));
    for _ in 0..3 {
        press(&mut app, Key::plain(Code::Down));
    }
    assert_eq!(followed(&app), (SampleChoice::Row { row: 1 }, 3));
    press(&mut app, Key::plain(Code::Down));
    assert_eq!(
        (followed(&app).1, app.inspect_screen().selected_layer().is_none()),
        (3, true),
        "the loss asks for the last layer"
    );
    type_keys(&mut app, "m");
    assert_eq!(followed(&app).0, SampleChoice::NextMistake { after: Some(1) });
    type_keys(&mut app, "h");
    assert_eq!(followed(&app).0, SampleChoice::Hardest);
}

#[test]
fn a_sample_is_followed_while_the_training_goes_on_and_what_takes_a_pause_says_so() {
    let mut app = running();
    type_keys(&mut app, "3");
    assert_eq!(app.wanted_queries(), [Query::Trace { sample: SampleChoice::Row { row: 0 }, layer: 0 }]);
    assert!(app.inspect_screen().sample_trace().unwrap_err().contains("looking at the current minibatch"));
    assert!(app.inspect_screen().is_live());
    type_keys(&mut app, "n");
    assert_eq!(notice(&app), "the training goes on; Space pauses it");
    type_keys(&mut app, "g");
    assert_eq!(notice(&app), "the training goes on; Space pauses it");
}

#[test]
fn a_number_is_checked_where_it_is_typed() {
    let mut app = paused();
    type_keys(&mut app, "i64\n");
    assert!(error(&app).starts_with("the minibatch has no row 64; valid:"), "{}", error(&app));
    press(&mut app, Key::plain(Code::Esc));
    for (text, choice) in [
        ("i12\n", SampleChoice::Row { row: 12 }),
        (":sample test 7\n", SampleChoice::Dataset { split: SplitName::Test, index: 7 }),
        (":sample train:9999\n", SampleChoice::Dataset { split: SplitName::Train, index: 9_999 }),
        (":sample hardest\n", SampleChoice::Hardest),
        (":sample mistake\n", SampleChoice::NextMistake { after: Some(12) }),
    ] {
        type_keys(&mut app, text);
        assert_eq!((error(&app).as_str(), followed(&app).0), ("", choice), "{text}");
    }
    type_keys(&mut app, ":sample test:2000\n");
    assert_eq!(error(&app), "there is no sample 2000; valid: 0 to 1,999");
    press(&mut app, Key::plain(Code::Esc));
    type_keys(&mut app, ":sample -1\n");
    assert!(error(&app).starts_with("valid: a row of the minibatch, 0 to 63"), "{}", error(&app));
}

#[test]
fn where_there_is_no_mistake_the_sample_stays_and_the_reason_is_told() {
    let mut app = paused();
    type_keys(&mut app, "i5\n");
    type_keys(&mut app, "m");
    let effects = nothing(&mut app, "every one of the 64 samples is classified correctly");
    assert_eq!(notice(&app), "every one of the 64 samples is classified correctly");
    let row = Query::Trace { sample: SampleChoice::Row { row: 5 }, layer: 0 };
    assert_eq!(sent(&effects), [Command::Watch { queries: vec![row] }]);
    assert!(nothing(&mut app, "no").is_empty(), "a row is not given up");
}

#[test]
fn a_walk_keeps_the_sample_that_is_shown() {
    let mut app = paused();
    type_keys(&mut app, "i5\nh");
    let row = Query::Trace { sample: SampleChoice::Row { row: 5 }, layer: 0 };
    let sent = sent(&type_keys(&mut app, "n"));
    assert_eq!(sent, [Command::AdvancePhase, Command::Watch { queries: vec![row] }]);
}

#[test]
fn the_selection_goes_with_a_walk() {
    let mut app = paused();
    let layers = app.inspect_screen().chain_rows().len() - 1;
    for (phase, place) in [
        (protocol::Phase::Forward { layer: 1 }, 1),
        (protocol::Phase::Loss, layers),
        (protocol::Phase::Backward { layer: 2 }, 2),
        (protocol::Phase::Update, 2),
        (protocol::Phase::Between, 2),
    ] {
        app.update(Message::Events(vec![Event::Phase(protocol::Walk { step: 3, minibatch: 4, phase })]));
        let selected = app.inspect_screen().chain_rows().iter().position(|row| row.selected);
        assert_eq!(selected, Some(place), "{phase:?}");
    }
}

#[test]
fn only_what_has_parameters_is_checked() {
    let mut app = paused();
    let query = Query::GradientCheck { layer: 0 };
    assert_eq!(sent(&type_keys(&mut app, "g")), [Command::Inspect { query }]);
    press(&mut app, Key::plain(Code::Down));
    assert!(type_keys(&mut app, "g").is_empty());
    assert_eq!(notice(&app), "layer 1, relu, has no parameters to check");
    for _ in 0..9 {
        press(&mut app, Key::plain(Code::Down));
    }
    assert!(type_keys(&mut app, "g").is_empty());
    assert!(notice(&app).starts_with("the loss has no parameters"));
}
