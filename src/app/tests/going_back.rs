//! Going back: what is asked, what is sent, and where the run stands then.

use super::*;
use crate::app::KeyboardMode;
use crate::protocol::{BranchId, BranchName, Branching, Rewinding, Rewound};

fn rewound(branch: u64, step: u64) -> Event {
    Event::Rewound(Rewound { branch: BranchId(branch), step })
}

fn branched(branch: u64, parent: u64, at: u64) -> Event {
    Event::Branched(Branching { branch: BranchId(branch), parent: BranchId(parent), at, change: None })
}

fn rewinding(from: u64, step: u64, to: u64) -> Event {
    Event::Rewinding(Rewinding { from, step, to })
}

fn go(branch: u64, step: u64) -> Command {
    Command::Rewind { step, branch: Some(BranchId(branch)) }
}

/// A run that went back from step 200 to step 120, paused.
fn back() -> App {
    let mut app = running();
    tell(&mut app, [rewound(0, 120), state(RunState::Paused, 120)]);
    app
}

fn put_cursor(app: &mut App, step: u64) {
    let steps = app.shown_steps();
    let fraction = (step - steps.first) as f64 / (steps.length() - 1) as f64;
    app.update(Message::Pointer(Pointer::ClickAt { panel: Panel::Chart(ChartSlot::First), fraction }));
    assert_eq!(app.view().charts.cursor, Some(step));
}

fn newest_loss(app: &App) -> Option<f64> {
    app.chart(ChartSlot::First, plot(80)).latest.train.and_then(|column| column.extent).map(|extent| extent.mean)
}

#[test]
fn what_is_shown_is_of_the_step_gone_back_to() {
    let mut app = running();
    let probed = |at: u64| {
        let Event::Step(report) = step(at, 0.5) else { unreachable!() };
        Event::Step(StepReport { layers: probes(&[(0, at as f64)]), ..report })
    };
    tell(&mut app, [probed(201), changed(201, LEARNING_RATE, 1e-3, 1e-2), probed(202), step(203, 0.5)]);
    tell(&mut app, [rewound(0, 201), state(RunState::Paused, 201)]);
    let run = app.run();
    assert_eq!((run.step, run.branches.is_before_tip(), app.header().epoch), (201, true, Some(201.0 / 157.0)));
    assert_eq!(newest_loss(&app), Some(0.5));
    let look = run.layers.rows()[0].last_probe.as_ref().unwrap();
    assert_eq!((look.at.step, look.values[0].1, look.health), (201, 201.0, None), "no verdict without a look");
    let chart = app.chart(ChartSlot::First, plot(80));
    assert!(chart.marks.is_empty(), "it stands before what was changed there");
    assert_eq!((chart.steps.last, chart.overlays.len()), (203, 1));
    assert_eq!(chart.overlays[0].marks.len(), 1, "the change is on the abandoned future");
    // The mean of the newest minibatches is of those before that step.
    let mut app = back();
    let mean = app.chart(ChartSlot::First, plot(80)).latest.mean.unwrap().value;
    let exact = (71..=120).map(|at| 2.0 / f64::from(at)).sum::<f64>() / 50.0;
    assert!((mean - exact).abs() < 1e-6, "{mean} {exact}");
    // The tip is where the branch goes on.
    tell(&mut app, [rewound(0, 200), state(RunState::Running, 200), step(201, 7.0)]);
    assert_eq!((app.run().step, newest_loss(&app)), (201, Some(7.0)));
    assert!(app.chart(ChartSlot::First, plot(80)).overlays.is_empty());
    assert_eq!(app.header().branch, None);
}

#[test]
fn training_on_begins_a_branch_and_keeps_the_future() {
    let mut app = back();
    assert_eq!(notice(&app), "at step 120 of branch 0; training on begins a branch");
    assert_eq!(app.shown_steps(), StepRange { first: 1, last: 200 }, "what was abandoned stays in sight");
    tell(&mut app, [branched(1, 0, 120), step(121, 5.0), step(122, 6.0)]);
    assert_eq!(notice(&app), "branch 1 begins at step 120");
    let chart = app.chart(ChartSlot::First, plot(200));
    let names: Vec<(&str, &str)> =
        chart.overlays.iter().map(|overlay| (overlay.name.as_str(), overlay.short.as_str())).collect();
    assert_eq!(names, [("branch 0", "b0")]);
    assert_eq!(app.header().branch.as_deref(), Some("branch 1"));
    let value = |step: usize| chart.overlays[0].values[step - 1].extent.map(|extent| extent.mean);
    assert_eq!(value(119), None);
    assert_eq!(value(120), chart.smoothed[119], "it begins on the curve of the run");
    assert!(value(121).is_some() && value(200).is_some());
    // At the cursor both are read, the other one only where it is drawn.
    assert_eq!(chart.overlays[0].at_cursor, None);
    let at_cursor = |app: &mut App, step: u64| {
        put_cursor(app, step);
        let overlay = app.chart(ChartSlot::First, plot(200)).overlays.remove(0);
        (overlay.at_cursor, overlay.values[step as usize - 1].extent.map(|extent| extent.mean))
    };
    let (read, drawn) = at_cursor(&mut app, 122);
    assert!(read.is_some() && read == drawn, "{read:?} {drawn:?}");
    assert_eq!(at_cursor(&mut app, 119).0, None);
    press(&mut app, Key::plain(Code::Char('0')));
    // And back to where the first branch ended.
    tell(&mut app, [rewound(0, 200), state(RunState::Paused, 200)]);
    assert_eq!(notice(&app), "at step 200, the newest of branch 0");
    tell(&mut app, [step(201, 1.0)]);
    let chart = app.chart(ChartSlot::First, plot(200));
    assert_eq!((app.run().step, chart.overlays[0].short.as_str()), (201, "b1"));
    tell(&mut app, [Event::BranchRenamed(BranchName { branch: BranchId(1), name: "half\u{1b} the rate".into() })]);
    let name = app.chart(ChartSlot::First, plot(200)).overlays[0].name.clone();
    assert!(name.contains("the rate") && !name.contains('\u{1b}'), "{name:?}");
    tell(&mut app, [Event::BranchDeleted { branch: BranchId(1) }]);
    assert!(app.chart(ChartSlot::First, plot(200)).overlays.is_empty());
    assert_eq!(app.run().branches.count(), 1);
}

#[test]
fn plus_and_minus_are_refused_while_the_run_goes_back() {
    let mut app = running();
    tell(&mut app, [changed(150, LEARNING_RATE, 1e-3, 1e-2), controls(1e-2, None)]);
    put_cursor(&mut app, 120);
    assert_eq!(sent(&type_keys(&mut app, "r\n")), [go(0, 120)]);
    assert!(type_keys(&mut app, "+").is_empty());
    assert_eq!(notice(&app), "the rate at that step is known when the run is there; L types one");
    // What it is here says nothing of there.
    assert_eq!(sent(&type_keys(&mut app, ":lr 0.01\n")), [Command::Set { key: LEARNING_RATE.into(), value: 1e-2 }]);
}

#[test]
fn the_key_asks_and_only_then_goes_back() {
    let mut app = running();
    put_cursor(&mut app, 120);
    assert!(type_keys(&mut app, "r").is_empty());
    let KeyboardMode::Rewind(target) = app.mode() else { panic!("{:?}", app.mode()) };
    assert_eq!((target.question().as_str(), target.newest), ("Go back to step 120 of branch 0?", false));
    app.update(Message::Paste("y\ny".into()));
    assert!(matches!(app.mode(), KeyboardMode::Rewind(_)), "pasted text answers nothing");
    press(&mut app, Key::plain(Code::Esc));
    assert!(matches!(app.mode(), KeyboardMode::Normal));
    for answer in [Key::plain(Code::Enter), Key::char('y')] {
        let mut app = app.clone();
        type_keys(&mut app, "r");
        assert_eq!(sent(&press(&mut app, answer)), [go(0, 120)]);
    }
    // The cursor may stand on what was abandoned.
    let mut app = back();
    put_cursor(&mut app, 150);
    let loss = app.chart(ChartSlot::First, plot(80)).cursor.unwrap().values.train.unwrap().extent.unwrap().mean;
    assert!((loss - 2.0 / 150.0).abs() < 1e-6, "{loss}");
    assert_eq!(sent(&type_keys(&mut app, "r\n")), [go(0, 150)]);
    let mut app = back();
    put_cursor(&mut app, 200);
    type_keys(&mut app, "r");
    let KeyboardMode::Rewind(target) = app.mode() else { panic!("{:?}", app.mode()) };
    assert_eq!(target.question(), "Go to step 200, the newest of branch 0?");
}

#[test]
fn a_step_belongs_to_the_branch_that_took_it() {
    let mut app = back();
    tell(&mut app, [branched(1, 0, 120)]);
    tell(&mut app, (121..=300).map(|at| step(at, 0.1)));
    for (at, branch) in [(300, None), (299, Some(1)), (121, Some(1)), (120, Some(0)), (7, Some(0))] {
        let mut app = app.clone();
        put_cursor(&mut app, at);
        let effects = type_keys(&mut app, "r\n");
        assert_eq!(sent(&effects), branch.map(|branch| go(branch, at)).into_iter().collect::<Vec<_>>());
        if branch.is_none() {
            assert_eq!(notice(&app), "the run is at step 300 already");
        }
    }
}

#[test]
fn without_a_cursor_the_step_is_typed_and_checked() {
    let mut app = running();
    type_keys(&mut app, "r");
    assert_eq!(app.prompt().map(|prompt| prompt.hint), Some("valid: whole numbers from 0 to 200".into()));
    for (typed, wrong) in [
        ("", "needs a step; valid: whole numbers from 0 to 200"),
        ("soon", "“soon” is not a step; valid: whole numbers from 0 to 200"),
        ("1.5", "“1.5” is not a step; valid: whole numbers from 0 to 200"),
        ("-3", "“-3” is not a step; valid: whole numbers from 0 to 200"),
        ("1,204", "step 1,204 is beyond the newest, 200"),
        ("200", "the run is at step 200 already"),
    ] {
        let mut app = app.clone();
        assert!(type_keys(&mut app, &format!("{typed}\n")).is_empty());
        assert_eq!(error(&app), wrong);
    }
    assert_eq!(sent(&type_keys(&mut app, "0\n")), [go(0, 0)]);
    let mut app = running();
    tell(&mut app, (201..=1300).map(|at| step(at, 0.1)));
    for text in [":rewind 1,204\n", ":rew 1204\n", ":rewind 1_204\n"] {
        assert_eq!(sent(&type_keys(&mut app.clone(), text)), [go(0, 1204)], "{text}");
    }
    // Tab lists the steps at which something was changed.
    tell(&mut app, [changed(1300, LEARNING_RATE, 1.0, 2.0)]);
    type_keys(&mut app, ":rewind ");
    press(&mut app, Key::plain(Code::Tab));
    assert_eq!(app.prompt().unwrap().line.editor.text(), "rewind 1300 ");
}

#[test]
fn a_refused_line_opens_again() {
    let mut app = running();
    let effects = type_keys(&mut app, ":rewind 100\n");
    tell(&mut app, [Event::Rejected { id: id(&effects), reason: "no snapshot".into() }]);
    assert_eq!(error(&app), "rewind: refused, no snapshot");
    assert!(app.header().rewinding.is_none());
}

#[test]
fn the_way_back_is_shown_and_can_be_given_up() {
    let mut app = running();
    put_cursor(&mut app, 120);
    let effects = type_keys(&mut app, "r\n");
    let sentence = |app: &App| app.header().rewinding.map(|progress| progress.sentence());
    assert_eq!(sentence(&app).as_deref(), Some("going back to step 120…"));
    assert_eq!(app.header().phase, RunPhase::Rewinding);
    tell(&mut app, [rewinding(100, 112, 120)]);
    assert_eq!(sentence(&app).as_deref(), Some("going back to step 120… 60 %"));
    put_cursor(&mut app, 50);
    type_keys(&mut app, "r");
    assert_eq!(notice(&app), "the run is on its way already; Esc cancels that");
    let cancel = press(&mut app, Key::plain(Code::Esc));
    assert_eq!(sent(&cancel), [Command::Cancel]);
    assert!(press(&mut app, Key::plain(Code::Esc)).is_empty(), "once is enough");
    let refused = Event::Rejected { id: id(&effects), reason: "cancelled".into() };
    let given_up = Event::Applied { id: id(&cancel), step: 200 };
    // Whichever answer comes first.
    for answers in [[refused.clone(), given_up.clone()], [given_up, refused]] {
        let mut app = app.clone();
        tell(&mut app, answers);
        assert_eq!((sentence(&app), app.live().step), (None, 200));
        assert_eq!(notice(&app), "cancelled: the run stays at step 200");
    }
    tell(&mut app, [Event::Rejected { id: id(&effects), reason: "cancelled".into() }]);
    tell(&mut app, [Event::Applied { id: id(&cancel), step: 200 }]);
    // Esc is what it was again.
    assert!(press(&mut app, Key::plain(Code::Esc)).is_empty());
    assert_eq!(app.view().charts.cursor, None);
    // To the end.
    put_cursor(&mut app, 120);
    let effects = type_keys(&mut app, "r\n");
    tell(&mut app, [rewinding(100, 100, 120), rewound(0, 120), state(RunState::Paused, 120)]);
    tell(&mut app, [Event::Applied { id: id(&effects), step: 120 }]);
    assert_eq!((sentence(&app), app.header().phase), (None, RunPhase::Paused));
    assert_eq!(app.view().charts.cursor, None, "what it was put there for is done");
}

#[test]
fn a_source_that_can_not_go_back_says_so() {
    let others: Vec<Capability> = ALL.into_iter().filter(|can| *can != Capability::Rewind).collect();
    let mut app = running_with(&others);
    put_cursor(&mut app, 120);
    assert!(type_keys(&mut app, "r").is_empty());
    assert_eq!(notice(&app), "this source can't go back");
    assert!(type_keys(&mut app, ":rewind 5\n").is_empty());
    assert_eq!(error(&app), "this source can't go back");
    let mut app = running();
    tell(&mut app, [Event::Failed(Failure { step: 200, what: "broken".into(), advice: String::new() })]);
    put_cursor(&mut app, 120);
    type_keys(&mut app, "r");
    assert_eq!(notice(&app), "the run has failed");
    // It tells of a way back by itself: Esc can't stop that.
    let mut app = running_with(&others);
    tell(&mut app, [rewinding(0, 5, 10)]);
    assert!(press(&mut app, Key::plain(Code::Esc)).is_empty());
}

#[test]
fn a_finished_run_goes_back_and_is_not_finished_then() {
    let mut app = running();
    tell(&mut app, (201..=3140).map(|at| step(at, 0.1)));
    tell(&mut app, [finished()]);
    put_cursor(&mut app, 120);
    assert_eq!(sent(&type_keys(&mut app, "r\n")), [go(0, 120)]);
    assert_eq!(app.header().phase, RunPhase::Rewinding);
    tell(&mut app, [rewound(0, 120), state(RunState::Paused, 120)]);
    assert_eq!((app.run().state, app.run().summary.is_none(), app.run().step), (RunState::Paused, true, 120));
    assert_eq!(sent(&type_keys(&mut app, "s")), [Command::Advance { count: 1 }]);
}

#[test]
fn a_frozen_display_asks_about_what_it_shows_and_catches_up() {
    let mut app = running();
    type_keys(&mut app, "f");
    tell(&mut app, (201..=400).map(|at| step(at, 0.1)));
    assert_eq!(app.shown_steps().last, 200);
    put_cursor(&mut app, 200);
    type_keys(&mut app, "r");
    let KeyboardMode::Rewind(target) = app.mode() else { panic!("{:?}", app.mode()) };
    assert_eq!(target.question(), "Go back to step 200 of branch 0?", "that is not the newest any more");
    assert!(target.consequence().contains("begins a new branch"), "{}", target.consequence());
    assert_eq!(sent(&type_keys(&mut app, "\n")), [go(0, 200)]);
    assert_eq!((app.watched().frozen_step(), app.run().step), (None, 400));
}

#[test]
fn going_over_to_a_branch_leads_to_where_it_ends_by_now_and_once_only() {
    let mut app = running();
    type_keys(&mut app, "f5");
    tell(&mut app, (201..=400).map(|at| step(at, 0.1)));
    assert!(type_keys(&mut app, "\n").is_empty());
    assert_eq!(notice(&app), "the run is at the newest step of branch 0 already");
    tell(&mut app, [rewound(0, 300), state(RunState::Paused, 300)]);
    assert_eq!(sent(&type_keys(&mut app, "\n")), [go(0, 400)]);
    assert!(type_keys(&mut app, "\n").is_empty());
    assert_eq!(notice(&app), "the run is on its way already; Esc cancels that");
}

/// Selects a row of a panel on the Runs screen.
fn select(app: &mut App, panel: Panel, row: usize) {
    app.update(Message::Pointer(Pointer::ClickRow { panel, row }));
}

#[test]
fn a_name_that_nobody_gave_is_not_proposed() {
    let mut app = back();
    tell(&mut app, [branched(1, 0, 120)]);
    type_keys(&mut app, "5n");
    assert_eq!(app.prompt().unwrap().line.editor.text(), "");
    press(&mut app, Key::plain(Code::Esc));
    tell(&mut app, [Event::BranchRenamed(BranchName { branch: BranchId(1), name: "half the rate".into() })]);
    type_keys(&mut app, "n");
    assert_eq!(app.prompt().unwrap().line.editor.text(), "half the rate");
}

#[test]
fn branches_are_named_and_deleted_among_the_branches_only() {
    let mut app = back();
    tell(&mut app, [branched(1, 0, 120), step(121, 1.0), rewound(0, 200)]);
    type_keys(&mut app, "5");
    select(&mut app, Panel::Branches, 1);
    for _ in 0..2 {
        press(&mut app, Key::plain(Code::Tab));
        for (key, says) in [("n", "n names a branch"), ("d", "d deletes a branch")] {
            assert!(type_keys(&mut app, key).is_empty());
            assert!(matches!(app.mode(), KeyboardMode::Normal), "{:?}", app.mode());
            assert!(notice(&app).contains(says), "{}", notice(&app));
        }
    }
    press(&mut app, Key::plain(Code::Tab));
    assert_eq!(sent(&type_keys(&mut app, "dy")), [Command::DeleteBranch { branch: BranchId(1) }]);
}

#[test]
fn a_hidden_branch_makes_room_for_an_older_one() {
    let mut app = running();
    for branch in 1..=10 {
        tell(&mut app, [rewound(0, 100), branched(branch, 0, 100), step(101, branch as f64), step(102, 0.0)]);
    }
    let drawn = |app: &App| {
        let chart = app.chart(ChartSlot::First, plot(400));
        (chart.overlays.iter().map(|overlay| overlay.short.clone()).collect::<Vec<_>>().join(" "), chart.undrawn)
    };
    type_keys(&mut app, "5");
    let row = |branch: u64| 1 + branch as usize - 1;
    assert_eq!(drawn(&app), ("b9 b8 b7 b6 b5 b4 b3 b2".into(), 2));
    select(&mut app, Panel::Branches, row(1));
    type_keys(&mut app, "o");
    assert!(notice(&app).starts_with("only 8 other branches are drawn"), "{}", notice(&app));
    select(&mut app, Panel::Branches, row(7));
    type_keys(&mut app, "o");
    assert_eq!(drawn(&app), ("b9 b8 b6 b5 b4 b3 b2 b1".into(), 1));
    // A frozen display follows, and so does the run when it catches up.
    type_keys(&mut app, "fo");
    assert_eq!(drawn(&app), ("b9 b8 b7 b6 b5 b4 b3 b2".into(), 2));
    type_keys(&mut app, "of");
    assert_eq!(drawn(&app), ("b9 b8 b6 b5 b4 b3 b2 b1".into(), 1));
    tell(&mut app, [branched(11, 10, 102), rewound(0, 200)]);
    select(&mut app, Panel::Branches, row(11));
    type_keys(&mut app, "o");
    assert_eq!(notice(&app), "branch 11 has no steps of its own");
    select(&mut app, Panel::Branches, 0);
    type_keys(&mut app, "o");
    assert_eq!(notice(&app), "branch 0 is the run's own curve");
}

#[test]
fn of_a_hundred_branches_the_newest_are_drawn_and_the_others_counted() {
    let mut app = running();
    for branch in 1..=100 {
        tell(&mut app, [rewound(0, 100 + branch % 7), branched(branch, 0, 100 + branch % 7)]);
        tell(&mut app, (1..=20).map(|more| step(100 + branch % 7 + more, branch as f64)));
    }
    let chart = app.chart(ChartSlot::First, plot(400));
    assert_eq!((chart.overlays.len(), chart.undrawn), (8, 100 - 8));
    let shorts: Vec<&str> = chart.overlays.iter().map(|overlay| overlay.short.as_str()).collect();
    assert_eq!(shorts, ["b99", "b98", "b97", "b96", "b95", "b94", "b93", "b92"]);
    let mut looks: Vec<usize> = chart.overlays.iter().map(|overlay| overlay.look).collect();
    looks.sort_unstable();
    assert_eq!(looks, [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn places_that_make_no_sense_are_survived() {
    let mut app = running();
    tell(&mut app, [rewound(7, 50), step(51, 1.0)]);
    assert_eq!((app.run().step, app.run().branches.current_branch()), (51, BranchId(7)));
    assert!(app.run().findings.iter().any(|row| row.what.contains("branch 7, which is not known here")));
    tell(&mut app, [rewound(0, u64::MAX), rewound(7, 0), rewound(0, 3), step(2, 1.0), step(90, 1.0)]);
    assert_eq!(app.run().step, 90, "a source that begins no branch trains the same steps again");
    tell(&mut app, [branched(1, 0, u64::MAX), branched(2, 1, 5), rewound(1, 2)]);
    assert_eq!(app.run().branches.current_branch(), BranchId(0), "there it has not left the first branch yet");
    let unknown = BranchId(99);
    tell(&mut app, [Event::BranchDeleted { branch: unknown }, Event::BranchDeleted { branch: BranchId(0) }]);
    tell(&mut app, [Event::BranchRenamed(BranchName { branch: unknown, name: "x".repeat(9999) })]);
    tell(&mut app, [Event::BranchRenamed(BranchName { branch: BranchId(0), name: "長".repeat(9999) })]);
    assert!(app.run().branches.current().title().chars().count() <= 61);
    app.chart(ChartSlot::First, plot(80));
}
