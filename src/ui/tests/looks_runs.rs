//! The Runs screen: branches, what was done, and recorded runs.

use super::{
    THEME, assert_fits_consoles, assert_harmless, assert_leaves_no_marks,
    fixture::{self, hear, press},
    looks::{SIZES, compare, hostile},
    screen, text,
};
use crate::{
    app::{App, Effect, GhostRun, Message, Panel, Pointer, RecordedAnswer, RecordedRequest, RecordedRun},
    protocol::*,
    text::TextWidth,
    ui::{
        layout::Layout,
        theme::{Background, ColorDepth, Theme},
    },
};

fn branched(branch: u64, parent: u64, at: u64, to: f64) -> Event {
    let change = Change {
        key: LEARNING_RATE.into(),
        from: Some(Setting::of(1e-3)),
        to: Setting::of(to),
        by: Some(ChangedBy::Viewer),
    };
    Event::Branched(Branching { branch: BranchId(branch), parent: BranchId(parent), at, change: Some(change) })
}

/// Minibatches on the newest branch, with an evaluation now and then that is worse by `worse`.
fn train_on(app: &mut App, steps: std::ops::RangeInclusive<u64>, worse: f64) {
    let events = steps.flat_map(|step| {
        let evaluation = step.is_multiple_of(157).then(|| {
            let loss = 0.3 + worse + 80.0 / (step as f64 + 40.0);
            Event::Evaluation(made_up::evaluation(step, loss, 1.0 - loss / 2.5))
        });
        [Some(Event::Step(fixture::report(step))), evaluation].into_iter().flatten()
    });
    hear(app, events);
}

/// A run on its third branch, which leaves the second.
fn with_branches() -> App {
    let mut app = fixture::silent();
    hear(
        &mut app,
        [
            fixture::hello("784-256-128-10"),
            fixture::info(),
            fixture::controls(1e-3, None),
            fixture::state(RunState::Running, 0, None),
        ],
    );
    train_on(&mut app, 1..=2000, 0.1);
    hear(&mut app, [branched(1, 0, 1204, 5e-4)]);
    train_on(&mut app, 1205..=1900, 0.0);
    hear(&mut app, [branched(2, 1, 1500, 1e-4)]);
    hear(&mut app, [fixture::changed(1500, "optimizer.beta1", 0.9, 0.8)]);
    train_on(&mut app, 1501..=1600, 0.05);
    hear(&mut app, [fixture::changed(1600, "optimizer.weight_decay", 0.0, 1e-4)]);
    app
}

fn recorded(name: &str, accuracy: Option<f64>) -> RecordedRun {
    RecordedRun {
        folder: format!("runs/2026-11-29T16-03-12-{name}").into(),
        name: name.into(),
        began: "2026-11-29 16:03".into(),
        state: "finished",
        step: Some(3140),
        accuracy,
    }
}

fn list(app: &mut App, runs: Vec<RecordedRun>) {
    app.update(Message::Recorded(RecordedAnswer::List(runs)));
}

#[test]
fn branches_and_recorded_runs() {
    let mut app = with_branches();
    assert_eq!(press(&mut app, "5"), [Effect::Recorded(RecordedRequest::List)]);
    list(&mut app, vec![recorded("fashion-mnist", Some(0.8725)), recorded("wine", None)]);
    compare("runs_branches", &mut app, &SIZES);
    compare("runs_branches", &mut app, &[(60, 18)]);
}

#[test]
fn one_branch_and_no_run() {
    let mut app = fixture::silent();
    press(&mut app, "5");
    compare("runs_silent", &mut app, &SIZES[2..]);
    let mut app = fixture::running();
    press(&mut app, "5");
    list(&mut app, Vec::new());
    compare("runs_one_branch", &mut app, &SIZES);
}

#[test]
fn the_selected_branch_is_gone_over_to_renamed_and_deleted() {
    let mut app = with_branches();
    press(&mut app, "5");
    assert!(press(&mut app, "<Enter>").is_empty(), "the run is there already");
    // What it asks for, and the answer.
    let keys = |app: &mut App, keys: &str| match press(app, keys).as_slice() {
        [Effect::Send(request)] => {
            hear(app, [Event::Applied { id: request.id, step: 1600 }]);
            request.command.clone()
        }
        other => panic!("{other:?}"),
    };
    press(&mut app, "<Up><Up>");
    let command = keys(&mut app, "<Enter>");
    assert_eq!(command, Command::Rewind { step: 2000, branch: Some(BranchId(0)) });
    let command = keys(&mut app, "nhigh rate<Enter>");
    assert_eq!(command, Command::RenameBranch(BranchName { branch: BranchId(0), name: "high rate".into() }));
    // Its curve is hidden, and shown again.
    let drawn = |app: &App| app.runs_screen().branches().0.rows[0].look.is_some();
    assert_eq!([(); 3].map(|()| (drawn(&app), press(&mut app, "o")).0), [true, false, true]);
    // The run comes from it.
    assert!(press(&mut app, "d").is_empty());
    assert!(text(&screen(&mut app, SIZES[1], THEME)).contains("so that it can't be deleted"));
    hear(&mut app, [branched(3, 0, 100, 2e-3)]);
    press(&mut app, "<Down><Down>d");
    compare("runs_delete", &mut app, &SIZES[1..2]);
    assert!(press(&mut app, "<Esc>d<Enter>").is_empty(), "the answer that is chosen first deletes nothing");
    let command = keys(&mut app, "dy");
    assert_eq!(command, Command::DeleteBranch { branch: BranchId(1) });
}

#[test]
fn a_source_that_cannot_go_back_says_so() {
    let mut app = fixture::running();
    hear(&mut app, [fixture::hello_with("784-256-128-10", &[Capability::Pause])]);
    hear(&mut app, [fixture::state(RunState::Running, 1000, None)]);
    press(&mut app, "5");
    for key in ["<Enter>", "n", "d"] {
        assert!(press(&mut app, key).is_empty());
        let shown = text(&screen(&mut app, SIZES[1], THEME));
        assert!(shown.contains("this source can't go back"), "{key}: {shown}");
    }
}

/// A recorded run as it is read.
fn ghost(name: &str, steps: u64) -> Box<GhostRun> {
    let mut ghost = GhostRun::new(name);
    ghost.take_event(fixture::info());
    (1..=steps).for_each(|step| ghost.take_event(Event::Step(fixture::report(step))));
    Box::new(ghost)
}

#[test]
fn a_recorded_run_is_laid_over_and_taken_away() {
    let mut app = with_branches();
    press(&mut app, "5<Tab><Tab>");
    let runs = vec![recorded("fashion-mnist", Some(0.8725)), recorded("wine", None)];
    let folder = runs[1].folder.clone();
    list(&mut app, runs);
    press(&mut app, "<Down>");
    assert_eq!(press(&mut app, "o"), [Effect::Recorded(RecordedRequest::Load(folder.clone()))]);
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("◌ wine"), "{shown}");
    app.update(Message::Recorded(RecordedAnswer::Ghost { folder: folder.clone(), ghost: Ok(ghost("wine", 500)) }));
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("─ wine"), "{shown}");
    assert!(press(&mut app, "o").is_empty());
    // What comes after it was taken away is not wanted.
    app.update(Message::Recorded(RecordedAnswer::Ghost { folder: folder.clone(), ghost: Ok(ghost("wine", 500)) }));
    assert_eq!(app.view().charts.ghosts.iter().len(), 0);
    press(&mut app, "o");
    app.update(Message::Recorded(RecordedAnswer::Ghost {
        folder,
        ghost: Err("ready.json: it is \u{1b}[31mgone".into()),
    }));
    let shown = text(&screen(&mut app, SIZES[1], THEME));
    assert!(shown.contains("wine can't be laid over the charts") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn a_run_that_is_not_drawn_says_why() {
    let mut app = fixture::running();
    let folder = std::path::PathBuf::from("elsewhere/a-run-with-a-rather-long-name-for-a-narrow-window");
    press(&mut app, "5<Tab><Tab>");
    list(&mut app, vec![RecordedRun { folder: folder.clone(), ..recorded("wine", None) }]);
    press(&mut app, "o");
    app.update(Message::Recorded(RecordedAnswer::OwnTimes(vec![(1, 1.0), (1000, 50.0)])));
    press(&mut app, ":align time<Enter>");
    app.update(Message::Recorded(RecordedAnswer::Ghost { folder, ghost: Ok(ghost("wine", 500)) }));
    for size in SIZES {
        let shown = text(&screen(&mut app, size, THEME));
        assert!(shown.contains("! wine"), "{shown}");
        let row = shown.lines().find(|line| line.contains("! wine")).unwrap_or_default();
        assert!(row.contains("can't align by time: the times of"), "{shown}");
    }
}

#[test]
fn many_branches_scroll() {
    let mut app = with_branches();
    for branch in 3..60 {
        hear(&mut app, [branched(branch, branch - 1, 1600 + branch, 1e-3)]);
        train_on(&mut app, 1601 + branch..=1602 + branch, 0.0);
    }
    press(&mut app, "5");
    for size in SIZES {
        let shown = text(&screen(&mut app, size, THEME));
        assert!(shown.contains("branch 59") && shown.contains(" more"), "{shown}");
    }
    compare("runs_many", &mut app, &SIZES[2..]);
    for _ in 0..100 {
        press(&mut app, "<Up>");
    }
    assert!(text(&screen(&mut app, SIZES[2], THEME)).contains("branch 0"));
}

#[test]
fn hostile_names_are_harmless() {
    let name = hostile();
    let mut app = with_branches();
    hear(&mut app, [Event::BranchRenamed(BranchName { branch: BranchId(1), name: name.clone() })]);
    let mut change = Change { key: name.clone(), from: None, to: Setting::Text(name.clone()), by: None };
    change.by = Some(ChangedBy::Viewer);
    hear(
        &mut app,
        [Event::Branched(Branching { branch: BranchId(7), parent: BranchId(2), at: 1600, change: Some(change) })],
    );
    press(&mut app, "5<Tab><Tab>");
    list(&mut app, vec![RecordedRun { began: name.clone(), ..recorded(&name, Some(f64::NAN)) }]);
    press(&mut app, "o");
    for size in SIZES {
        assert_harmless(&mut app, size);
    }
    compare("runs_hostile", &mut app, &SIZES);
}

#[test]
fn without_colours_and_without_unicode_everything_is_still_told() {
    let mut app = with_branches();
    press(&mut app, "5");
    list(&mut app, vec![recorded("wine", Some(0.9725))]);
    let plain = Theme::new(ColorDepth::None, Background::Dark, true);
    assert_leaves_no_marks(&screen(&mut app, (120, 36), plain));
    assert_fits_consoles(&mut app, (120, 36), 1);
    let shown = text(&screen(&mut app, (80, 24), Theme::new(ColorDepth::None, Background::Dark, false)));
    assert!(shown.is_ascii() && shown.matches('?').count() == 1, "only the key of the help: {shown}");
    insta::assert_snapshot!("runs_ascii_80x24", shown);
}

#[test]
fn the_mouse_finds_branches_and_runs() {
    let mut app = with_branches();
    press(&mut app, "5");
    list(&mut app, vec![recorded("fashion-mnist", Some(0.8725)), recorded("wine", None)]);
    let buffer = screen(&mut app, (120, 36), THEME);
    let layout = Layout::of(&app, buffer.area).unwrap();
    let lines: Vec<String> = text(&buffer).lines().map(String::from).collect();
    for (word, panel, row) in [("branch 1 ", Panel::Branches, 1), ("wine", Panel::Recorded, 1)] {
        let y = lines.iter().position(|line| line.contains(word)).unwrap();
        let x = lines[y][..lines[y].find(word).unwrap()].width() as u16;
        assert_eq!(layout.pointer_for_press(&app, x, y as u16), Some(Pointer::ClickRow { panel, row }), "{word}");
    }
}
