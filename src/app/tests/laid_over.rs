//! Other runs over the charts: where their curves lie, and what is refused.

use super::*;
use crate::app::{Alignment, Chart, ChartSlot, Extent, GhostRun, PlotSize, RecordedAnswer, RecordedRequest, StepRange};
use crate::protocol::{BranchId, Branching};

/// What a run tells of data of which an epoch has so many minibatches.
fn info_with_epochs(steps_per_epoch: u64, batch_size: usize) -> Event {
    let data = DataInfo { train: Some(steps_per_epoch as usize * batch_size), ..DataInfo::default() };
    Event::Ready(Box::new(RunInfo {
        batch_size: Some(batch_size),
        steps_per_epoch: Some(steps_per_epoch),
        data: Some(data),
        ..made_up::measured()
    }))
}

/// A loss that depends on the epoch only.
fn report_at(step: u64, steps_per_epoch: u64) -> Event {
    let epoch = step as f64 / steps_per_epoch as f64;
    Event::Step(made_up::report(step, 2.0 / (1.0 + epoch), 0.5, 1e-3))
}

fn ghost(name: &str, steps_per_epoch: u64, batch_size: usize, epochs: u64) -> Box<GhostRun> {
    let mut ghost = GhostRun::new(name);
    ghost.take_event(info_with_epochs(steps_per_epoch, batch_size));
    (1..=epochs * steps_per_epoch).for_each(|step| ghost.take_event(report_at(step, steps_per_epoch)));
    Box::new(ghost)
}

fn chart_of(app: &App) -> Chart {
    app.chart(ChartSlot::First, PlotSize { columns: 200, rows: 12 })
}

/// A run of four epochs of a hundred minibatches, and over it one of as many epochs of 25, by what was asked.
fn with_ghost(alignment: Alignment) -> App {
    let mut app = App::new(Settings { ghosts: vec!["runs/other".into()], alignment, ..Settings::default() });
    app.update(Message::Events(vec![info_with_epochs(100, 10)]));
    app.update(Message::Events((1..=400).map(|step| report_at(step, 100)).collect()));
    let answer = RecordedAnswer::Ghost { folder: "runs/other".into(), ghost: Ok(ghost("other", 25, 40, 4)) };
    app.update(Message::Recorded(answer));
    app
}

fn press(app: &mut App, keys: &str) {
    for key in keys.chars() {
        app.update(Message::Key(Key::char(key)));
    }
}

fn align(app: &mut App, by: &str) {
    press(app, ":");
    app.update(Message::Paste(format!("align {by}")));
    app.update(Message::Key(Key::plain(Code::Enter)));
}

fn largest_distance(chart: &Chart) -> f64 {
    let [overlay] = chart.overlays.as_slice() else { panic!("{:?}", chart.overlays) };
    let value = |extent: Option<Extent>| extent.map(|extent| extent.mean);
    let both = overlay.values.iter().zip(&chart.train);
    let both = both.filter_map(|(ghost, own)| Some(value(ghost.extent)? - value(own.extent)?));
    both.map(f64::abs).fold(0.0, f64::max)
}

#[test]
fn at_the_same_place_is_the_same_share_of_the_data() {
    for alignment in [Alignment::Epoch, Alignment::Samples] {
        let mut app = with_ghost(alignment);
        press(&mut app, "mm");
        let chart = chart_of(&app);
        assert_eq!(chart.steps, StepRange { first: 1, last: 400 });
        assert_eq!(chart.overlays[0].values.iter().filter(|column| column.extent.is_some()).count(), 100);
        let distance = largest_distance(&chart);
        assert!(distance < 0.02, "{alignment:?}: {distance}");
    }
    // By steps its epochs go by four times as fast.
    let mut app = with_ghost(Alignment::Step);
    press(&mut app, "mm");
    assert!(largest_distance(&chart_of(&app)) > 0.2);
    align(&mut app, "epoch");
    assert!(largest_distance(&chart_of(&app)) < 0.02);
}

#[test]
fn its_value_at_the_cursor_is_that_of_its_last_step_there_as_long_as_it_goes_on() {
    let at = |app: &mut App, step: u64| {
        let fraction = (step - 1) as f64 / 399.0;
        app.update(Message::Pointer(Pointer::ClickAt { panel: Panel::Chart(ChartSlot::First), fraction }));
        assert_eq!(app.view().charts.cursor, Some(step));
        chart_of(app).overlays[0].at_cursor
    };
    let loss = |step: u64| Some(2.0 / (1.0 + step as f64 / 25.0)).map(|loss| (loss * 1e5).round());
    let rounded = |value: Option<f64>| value.map(|value| (value * 1e5).round());
    let mut app = with_ghost(Alignment::Epoch);
    // No smoothing.
    press(&mut app, "mm");
    for (step, theirs) in [(4, 1), (7, 1), (8, 2), (399, 99), (400, 100)] {
        assert_eq!(rounded(at(&mut app, step)), loss(theirs), "{step}");
    }
    assert_eq!(at(&mut app, 3), None, "before its first");
    let mut app = with_ghost(Alignment::Step);
    press(&mut app, "mm");
    assert_eq!(rounded(at(&mut app, 100)), loss(100));
    assert_eq!(at(&mut app, 101), None, "after its end");
}

#[test]
fn a_longer_run_is_shown_to_its_end() {
    let mut app = with_ghost(Alignment::Epoch);
    let answer = RecordedAnswer::Ghost { folder: "runs/other".into(), ghost: Ok(ghost("other", 25, 40, 10)) };
    app.update(Message::Recorded(answer));
    assert_eq!(chart_of(&app).steps, StepRange { first: 1, last: 1000 });
    press(&mut app, "zz");
    let steps = chart_of(&app).steps;
    assert!(steps.contains(400) && steps.length() == 250, "a zoom stays where the run stands: {steps:?}");
}

#[test]
fn what_can_not_be_laid_over_each_other_is_said() {
    let mut app = with_ghost(Alignment::Step);
    let text = |app: &App| app.notices().latest().map(|notice| notice.text.clone()).unwrap_or_default();
    align(&mut app, "time");
    assert!(text(&app).contains("can't align by time: the times of this run's steps are not known"), "{}", text(&app));
    app.update(Message::Recorded(RecordedAnswer::OwnTimes((1..=400).map(|step| (step, step as f64)).collect())));
    align(&mut app, "time");
    // Of the other one it is not known.
    assert!(chart_of(&app).overlays.is_empty());
    assert_eq!(text(&app), "other is not drawn: can't align by time: the times of its steps are not known");
    align(&mut app, "epoch");
    assert_eq!(text(&app), "runs are now aligned by epoch");
    align(&mut app, "nonsense");
    let error = app.prompt().and_then(|prompt| prompt.line.error.clone());
    assert_eq!(error.as_deref(), Some("“nonsense” is none of step, epoch, samples, time"));
}

#[test]
fn an_alignment_that_can_not_be_had_is_said_when_it_is_known() {
    let text = |app: &App| app.notices().latest().map(|notice| notice.text.clone()).unwrap_or_default();
    let reason = "can't align by time: the times of this run's steps are not known";
    let app = with_ghost(Alignment::Time);
    assert_eq!(text(&app), format!("other is not drawn: {reason}"));
    let ghosts = &app.view().charts.ghosts;
    assert_eq!(ghosts.iter().next().and_then(|ghost| ghosts.unaligned_reason(ghost)).as_deref(), Some(reason));
    // The other one may be read before the run has told of its data.
    let settings = Settings { ghosts: vec!["runs/other".into()], alignment: Alignment::Epoch, ..Settings::default() };
    let mut app = App::new(settings);
    let answer = RecordedAnswer::Ghost { folder: "runs/other".into(), ghost: Ok(ghost("other", 25, 40, 4)) };
    app.update(Message::Recorded(answer));
    assert_eq!(text(&app), "");
    app.update(Message::Events(vec![Event::Ready(Box::new(made_up::measured()))]));
    let reason = "can't align by epoch: the epochs of this run's steps are not known";
    assert_eq!(text(&app), format!("other is not drawn: {reason}"));
}

#[test]
fn what_could_not_be_read_is_said() {
    let mut app = with_ghost(Alignment::Step);
    app.update(Message::Recorded(RecordedAnswer::Problem("the times can't be read:\u{1b}[31m gone".into())));
    let notice = app.notices().latest().map(|notice| notice.text.clone()).unwrap_or_default();
    assert!(notice.starts_with("the times can't be read") && !notice.contains('\u{1b}'), "{notice:?}");
}

#[test]
fn no_other_run_looks_like_a_branch() {
    let mut app =
        App::new(Settings { ghosts: (0..8).map(|run| format!("runs/{run}").into()).collect(), ..Settings::default() });
    app.update(Message::Events(vec![info_with_epochs(100, 10)]));
    for branch in 1..=8 {
        let (parent, branch) = (BranchId(branch - 1), BranchId(branch));
        app.update(Message::Events((1..=9).map(|step| report_at(step, 100)).collect()));
        let begins = Event::Branched(Branching { branch, parent, at: 5, change: None });
        app.update(Message::Events(vec![begins, report_at(6, 100)]));
    }
    for run in 0..8 {
        let answer =
            RecordedAnswer::Ghost { folder: format!("runs/{run}").into(), ghost: Ok(ghost("other", 100, 10, 1)) };
        app.update(Message::Recorded(answer));
    }
    let mut looks: Vec<usize> = chart_of(&app).overlays.iter().map(|overlay| overlay.look).collect();
    looks.sort_unstable();
    assert_eq!(looks, (0..16).collect::<Vec<_>>());
}

#[test]
fn a_run_keeps_its_look_when_another_is_taken_away() {
    let mut app =
        App::new(Settings { ghosts: (0..3).map(|run| format!("runs/{run}").into()).collect(), ..Settings::default() });
    let looks = |app: &App| app.view().charts.ghosts.iter().map(|ghost| ghost.look).collect::<Vec<_>>();
    let before = looks(&app);
    let failed = |folder: &str| RecordedAnswer::Ghost { folder: folder.into(), ghost: Err("gone".into()) };
    app.update(Message::Recorded(failed("runs/1")));
    assert_eq!(looks(&app), [before[0], before[2]]);
}

#[test]
fn runs_of_one_name_are_told_apart() {
    let mut app =
        App::new(Settings { ghosts: (0..3).map(|run| format!("runs/{run}").into()).collect(), ..Settings::default() });
    app.update(Message::Events(vec![info_with_epochs(100, 10), report_at(1, 100)]));
    for run in 0..3 {
        let name = if run == 1 { "moons" } else { "fashion-mnist" };
        let answer = RecordedAnswer::Ghost { folder: format!("runs/{run}").into(), ghost: Ok(ghost(name, 100, 10, 1)) };
        app.update(Message::Recorded(answer));
    }
    let names: Vec<(String, String)> =
        chart_of(&app).overlays.into_iter().map(|overlay| (overlay.name, overlay.short)).collect();
    let expected = [("fashion-mnist", "fashio"), ("moons", "moons"), ("fashion-mnist 2", "fash 2")];
    assert_eq!(names, expected.map(|(name, short)| (name.to_owned(), short.to_owned())));
}

#[test]
fn no_more_runs_than_can_be_told_apart_lie_over_a_chart() {
    let ghosts = (0..20).map(|run| format!("runs/{run}").into()).collect();
    let app = App::new(Settings { ghosts, ..Settings::default() });
    assert_eq!(app.view().charts.ghosts.iter().len(), MAX_GHOSTS);
}

#[test]
fn hostile_runs_are_harmless() {
    let mut app = with_ghost(Alignment::Epoch);
    let mut wild = GhostRun::new("\u{1b}]52;c;AAAA\u{7}\u{202e}");
    wild.take_event(info_with_epochs(1, 1));
    let steps = [1, 2, 3, u64::MAX / 2, u64::MAX - 1, u64::MAX];
    for (step, loss) in steps.into_iter().zip([f64::NAN, 1e300, -1e300, f64::INFINITY, 0.0, 1.0]) {
        wild.take_event(Event::Step(made_up::report(step, loss, loss, loss)));
        wild.take_event(Event::Branched(Branching {
            branch: BranchId(step),
            parent: BranchId(9),
            at: step,
            change: None,
        }));
    }
    wild.set_times(vec![(u64::MAX, f64::NAN), (1, f64::MAX), (2, f64::INFINITY)]);
    app.update(Message::Recorded(RecordedAnswer::Ghost { folder: "runs/other".into(), ghost: Ok(Box::new(wild)) }));
    for by in Alignment::ALL {
        align(&mut app, by.word());
        for overlay in chart_of(&app).overlays {
            assert!(!overlay.name.chars().any(char::is_control), "{:?}", overlay.name);
        }
    }
    let folder = "runs/gone".into();
    app.update(Message::Recorded(RecordedAnswer::Ghost { folder, ghost: Err("never asked for".into()) }));
    assert_eq!(app.view().charts.ghosts.iter().len(), 1);
}

#[test]
fn the_recorded_runs_are_listed_each_time_that_the_screen_is_turned_to() {
    let list = Effect::Recorded(RecordedRequest::List);
    let mut app = with_ghost(Alignment::Step);
    let mut asks = |key: char| app.update(Message::Key(Key::char(key))).contains(&list);
    assert_eq!(['5', '5', '1', '5'].map(&mut asks), [true, false, false, true]);
}

/// Where the minibatches of two runs are no multiples of each other, the means of one over the other are of as many of its
/// own minibatches as in itself.
#[test]
fn means_of_another_run_are_of_its_own_minibatches() {
    for (ours, theirs) in [(131, 157), (61, 34), (100, 25), (1, 86), (100, 101)] {
        let mut other = GhostRun::new("other");
        other.take_event(info_with_epochs(theirs, 10));
        let value = |step: u64| (step * step % 97) as f64;
        for step in 1..=3 * theirs {
            other.take_event(Event::Step(made_up::report(step, value(step), 0.5, 1e-3)));
            if step == theirs {
                other.take_event(changed(step, LEARNING_RATE, 1.0, 2.0));
            }
        }
        let settings =
            Settings { ghosts: vec!["runs/other".into()], alignment: Alignment::Epoch, ..Settings::default() };
        let mut app = App::new(settings);
        app.update(Message::Events(vec![info_with_epochs(ours, 10)]));
        app.update(Message::Events((1..=3 * ours).map(|step| report_at(step, ours)).collect()));
        app.update(Message::Recorded(RecordedAnswer::Ghost {
            folder: "runs/other".into(),
            ghost: Ok(Box::new(other)),
        }));
        let mut checked = 0;
        for step in 1..=3 * ours {
            let fraction = (step - 1) as f64 / (3 * ours - 1) as f64;
            app.update(Message::Pointer(Pointer::ClickAt { panel: Panel::Chart(ChartSlot::First), fraction }));
            let step = app.view().charts.cursor.unwrap();
            let Some(told) = chart_of(&app).overlays[0].at_cursor else { continue };
            // Its last step up to the end of ours, or all of its steps there.
            let last = ((step + 1) * theirs).div_ceil(ours) - 1;
            let first = (step * theirs).div_ceil(ours).min(last).max(1);
            let (low, high) = if last <= theirs { (1, theirs) } else { (theirs + 1, 3 * theirs) };
            if first < low {
                continue;
            }
            let reach = 49.min(first - low);
            let reach = if last <= theirs { reach.min(high - last) } else { reach };
            let around = (first - reach..=(last + reach).min(high)).map(value);
            let exact = around.clone().sum::<f64>() / around.count() as f64;
            // What is older is not kept singly.
            if first - reach + 250 < 3 * theirs {
                continue;
            }
            checked += 1;
            assert!((told - exact).abs() < 1e-3, "{theirs} over {ours} at {step}: {told} {exact}");
        }
        assert!(checked > 0, "{theirs} over {ours}");
    }
}
