//! Runs that are recorded: where, how far, what becomes of them; and runs that were recorded before.

use super::{
    THEME,
    fixture::{self, hear, press},
    looks::{SIZES, compare},
    screen, text,
};
use crate::{
    app::{App, RunOrigin, Settings},
    protocol::*,
};

const FOLDER: &str = "runs/2026-11-29T16-03-12-fashion-mnist";

fn info_in(folder: &str) -> Event {
    let Event::Ready(mut info) = fixture::info() else { unreachable!() };
    info.folder = Some(folder.into());
    Event::Ready(info)
}

/// A dashboard on a run that is recorded into `folder`, 1,000 minibatches on.
fn recorded_in(folder: &str, origin: RunOrigin) -> App {
    let mut app = App::new(Settings { run: "fashion-mnist".into(), mouse: true, origin, ..Settings::default() });
    let opening = [fixture::hello("784-256-128-10"), info_in(folder), fixture::controls(1e-3, None)];
    hear(&mut app, opening);
    hear(&mut app, [fixture::state(RunState::Running, 0, None)]);
    fixture::train(&mut app, 1000, fixture::report);
    app
}

fn saved(step: u64, problem: Option<&str>) -> Event {
    Event::Saved(SavedRun { step, problem: problem.map(String::from) })
}

/// A run that `gradtop open` shows, before its end is told.
fn opened() -> App {
    let mut app = App::new(Settings { run: "wine".into(), origin: RunOrigin::Recorded, ..Settings::default() });
    let hello = Hello {
        protocol: PROTOCOL_VERSION,
        source: "gradtop 0.1.0, recorded".into(),
        run: "784-256-128-10".into(),
        capabilities: Vec::new(),
    };
    hear(&mut app, [Event::Hello(hello), info_in(FOLDER)]);
    let bare = |step| StepReport { samples_per_second: None, ..fixture::report(step) };
    fixture::train(&mut app, 1000, bare);
    app
}

/// The same at its end, which is not that of the plan.
fn opened_to_the_end() -> App {
    let mut app = opened();
    let controls = Controls { schedule: Some("cosine".into()), total_steps: Some(3140), ..Controls::default() };
    let reason = "recorded; gradtop resume goes on from step 1000";
    hear(&mut app, [Event::Controls(controls), fixture::state(RunState::Stopped, 1000, Some(reason))]);
    app
}

#[test]
fn a_run_says_where_and_how_far_it_is_recorded() {
    let mut app = recorded_in(FOLDER, RunOrigin::Trained);
    hear(&mut app, [saved(940, None)]);
    compare("recorded_run", &mut app, &SIZES);
    let shown = text(&screen(&mut app, SIZES[0], THEME));
    assert!(["recorded ", "saved ", "seed ", "threads "].iter().all(|fact| shown.contains(fact)), "{shown}");
    press(&mut app, "w");
    let shown = text(&screen(&mut app, (120, 36), THEME));
    assert!(shown.contains("◌ saving…"), "{shown}");
}

#[test]
fn the_questions_before_leaving_tell_what_becomes_of_the_run() {
    let mut app = recorded_in(FOLDER, RunOrigin::Trained);
    press(&mut app, "q");
    compare("quit_recorded", &mut app, &SIZES[1..]);
    let mut app = recorded_in("runs/.unsaved/2026-11-29T16-03-12-a-very-long-name", RunOrigin::Unsaved);
    press(&mut app, "q");
    compare("quit_unsaved", &mut app, &SIZES[1..]);
    press(&mut app, "<Esc>");
    hear(&mut app, [Event::Finished(RunSummary { step: 3140, ..RunSummary::default() })]);
    press(&mut app, "q<Down>");
    compare("quit_unsaved_finished", &mut app, &SIZES[2..]);
    // What can't be saved is not said to be.
    let mut app = recorded_in(FOLDER, RunOrigin::Trained);
    hear(&mut app, [saved(940, None), saved(1000, Some("No space left on device"))]);
    press(&mut app, "q");
    let shown = text(&screen(&mut app, (80, 24), THEME));
    assert!(shown.contains("Saving fails: it is kept up to step 940 only."), "{shown}");
}

#[test]
fn a_save_that_failed_stays_in_sight() {
    let mut app = recorded_in(FOLDER, RunOrigin::Trained);
    let problem = "checkpoints/000001000: No space left on device (os error 28)";
    hear(&mut app, [saved(940, None), saved(1000, Some(problem))]);
    compare("save_failed", &mut app, &SIZES[1..]);
    hear(&mut app, [Event::Finished(RunSummary { step: 1000, ..RunSummary::default() })]);
    for size in [(120, 36), (80, 24)] {
        let shown = text(&screen(&mut app, size, THEME));
        assert!(shown.contains("✗ not saved since step 940"), "{shown}");
    }
    hear(&mut app, [saved(1000, None)]);
    let shown = text(&screen(&mut app, (120, 36), THEME));
    assert!(!shown.contains("not saved") && shown.contains("saved @ 1,000"), "{shown}");
}

#[test]
fn a_run_without_a_record_says_so() {
    let shown = text(&screen(&mut fixture::running(), (120, 36), THEME));
    assert!(shown.contains("recorded   no"), "{shown}");
}

#[test]
fn an_opened_run() {
    compare("opened", &mut opened_to_the_end(), &SIZES);
    for (keys, name) in [("2", "layers"), ("3", "inspect"), ("4", "data")] {
        let mut app = opened_to_the_end();
        press(&mut app, keys);
        compare(&format!("opened_{name}"), &mut app, &SIZES[1..]);
        let shown = text(&screen(&mut app, (120, 36), THEME));
        assert!(shown.contains("a recorded run can't be asked"), "{name}:\n{shown}");
    }
    let mut app = opened_to_the_end();
    hear(&mut app, [Event::Finished(RunSummary { step: 1000, ..RunSummary::default() })]);
    compare("opened_finished", &mut app, &SIZES[2..]);
}

#[test]
fn no_screen_of_an_opened_run_speaks_of_training_that_goes_on() {
    for mut app in [opened(), opened_to_the_end()] {
        for keys in ["1", "2", "3", "4"] {
            press(&mut app, keys);
            for size in SIZES {
                let shown = text(&screen(&mut app, size, THEME));
                for words in
                    ["unexpectedly", "training goes on", "still loading", "pauses it", "paced", "will be named"]
                {
                    assert!(!shown.contains(words), "{words} on {keys}:\n{shown}");
                }
            }
        }
    }
}

#[test]
fn the_cursor_goes_back_in_time() {
    let mut app = opened_to_the_end();
    for _ in 0..30 {
        press(&mut app, "<Left>");
    }
    compare("opened_cursor", &mut app, &SIZES[1..]);
    let shown = text(&screen(&mut app, (120, 36), THEME));
    assert!(!shown.contains("0.399"), "the gradient norm is that at the cursor, not the newest:\n{shown}");
    press(&mut app, "<Esc>");
    assert!(text(&screen(&mut app, (120, 36), THEME)).contains("0.399"));
}
