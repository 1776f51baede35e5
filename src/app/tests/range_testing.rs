//! The learning-rate range test: asked for, shown over the screen, given up, taken over.

use super::*;
use crate::protocol::{RangeTest, RangeTestPlan, RangeTestPoint};

fn panel(app: &App) -> Option<&RangeTestPanel> {
    if let KeyboardMode::RangeTest(panel) = app.mode() { Some(panel) } else { None }
}

fn status(app: &App) -> Option<RangeTestStatus> {
    panel(app).map(|panel| panel.status(app.watched()))
}

/// A test of so many rates, from 1e-6 on, six in each power of ten.
fn measured(points: i32, done: bool, suggestion: Option<f64>) -> RangeTest {
    let point = |place: i32| {
        let loss = 2.3 - 0.05 * f64::from(place);
        RangeTestPoint { rate: 10_f64.powf(f64::from(place) / 6.0 - 6.0), loss, smoothed: loss }
    };
    RangeTest { step: 200, planned: 40, points: (0..points).map(point).collect(), done, suggestion }
}

#[test]
fn a_range_test_is_shown_and_its_rate_taken_over() {
    let mut app = running();
    let asked = type_keys(&mut app, ":lrfind\n");
    assert_eq!(sent(&asked), [Command::TestLearningRates(RangeTestPlan::default())]);
    assert_eq!(status(&app), Some(RangeTestStatus::Running));
    assert!(panel(&app).unwrap().plot(plot(100)).is_none());
    tell(&mut app, [Event::RangeTest(measured(12, false, None))]);
    assert_eq!(panel(&app).unwrap().progress(), (12, 40));
    assert_eq!(sent(&type_keys(&mut app, "\n")), [], "nothing is suggested yet");
    assert_eq!(
        (notice(&app).as_str(), status(&app)),
        ("no learning rate is suggested", Some(RangeTestStatus::Running))
    );
    let end = Event::RangeTest(measured(30, true, Some(3e-3)));
    tell(&mut app, [end, Event::Applied { id: id(&asked), step: 200 }]);
    assert_eq!((status(&app), panel(&app).unwrap().suggestion()), (Some(RangeTestStatus::Over), Some(3e-3)));
    assert_eq!(sent(&type_keys(&mut app, "\n")), [set_learning_rate(3e-3)]);
    assert!(panel(&app).is_none());
}

#[test]
fn escape_gives_it_up_and_then_closes_it() {
    let mut app = running();
    let asked = type_keys(&mut app, ":lrfind 1e-5..0.5 50\n");
    assert_eq!(
        sent(&asked),
        [Command::TestLearningRates(RangeTestPlan { from: Some(1e-5), to: Some(0.5), steps: Some(50) })]
    );
    let esc = Key::plain(Code::Esc);
    assert_eq!(sent(&press(&mut app, esc)), [Command::Cancel]);
    assert_eq!(status(&app), Some(RangeTestStatus::GivingUp));
    assert_eq!(sent(&press(&mut app, esc)), [], "once is enough");
    tell(&mut app, [Event::Rejected { id: id(&asked), reason: "given up after 7 of 50 minibatches".into() }]);
    assert!(panel(&app).is_none() && app.prompt().is_none(), "it closes, and no line opens again");
    assert_eq!(notice(&app), "", "a person who gave it up need not be told");

    type_keys(&mut app, ":lrfind\n");
    tell(&mut app, [Event::RangeTest(measured(30, true, None)), Event::Stopped { step: 200 }]);
    assert_eq!(sent(&press(&mut app, esc)), [], "what is over is only closed");
    assert!(panel(&app).is_none());
}

#[test]
fn one_that_is_refused_opens_the_line_again() {
    let mut app = running();
    let asked = type_keys(&mut app, ":lrfind 1e-3..1\n");
    tell(&mut app, [Event::Rejected { id: id(&asked), reason: "2 GiB of memory are needed".into() }]);
    assert!(panel(&app).is_none());
    assert_eq!(error(&app), "range test: refused, 2 GiB of memory are needed");
    assert_eq!(app.prompt().unwrap().line.editor.text(), "lrfind 1e-3..1");
}

#[test]
fn a_wrong_plan_says_what_is_valid() {
    let mut app = running();
    for (typed, complaint) in [
        ("1e-3..x", "“x” is not a number; for example :lrfind 1e-6..1 200"),
        ("1..0.1", "the first rate must be smaller than the last, as in :lrfind 1e-6..1 200"),
        ("0..1", "“0” is out of range; valid rates: from 1e-12 to 1e6"),
        ("1e-6..1 5", "“5” is out of range; valid: whole numbers from 10 to 10,000, as in :lrfind 1e-6..1 200"),
        ("soon", "“soon” is not a whole number; valid: whole numbers from 10 to 10,000, as in :lrfind 1e-6..1 200"),
        ("1e-6..1 50 now", "“now” is too much"),
    ] {
        assert_eq!(sent(&type_keys(&mut app, &format!(":lrfind {typed}\n"))), []);
        assert_eq!(error(&app), complaint);
        press(&mut app, Key::plain(Code::Esc));
    }
    assert_eq!(
        sent(&type_keys(&mut app, ":lrfind 2,000\n")),
        [Command::TestLearningRates(RangeTestPlan { steps: Some(2000), ..RangeTestPlan::default() })]
    );
    let mut unable = running_with(&ALL[..12]);
    assert_eq!(sent(&type_keys(&mut unable, ":lrfind\n")), []);
    assert_eq!(error(&unable), "this source can't test learning rates");
}

#[test]
fn the_plot_spans_the_planned_rates_and_leaves_out_what_diverges() {
    let mut app = running();
    type_keys(&mut app, ":lrfind\n");
    let mut test = measured(20, false, None);
    let last = RangeTestPoint { rate: 10_f64.powf(20.0 / 6.0 - 6.0), loss: 1e9, smoothed: 40.0 };
    test.points.push(last);
    tell(&mut app, [Event::RangeTest(test.clone())]);
    let running = panel(&app).unwrap().plot(plot(140)).unwrap();
    assert_eq!(running.losses.first().unwrap().0, 0);
    assert_eq!(running.losses.last().unwrap().0, (139.0 * 20.0 / 39.0_f64).round() as usize);
    let labels: Vec<&str> = running.rates.iter().map(|tick| tick.label.as_str()).collect();
    assert_eq!(labels, ["1e-6", "1e-5", "1e-4", "0.001", "0.01", "0.1", "1"].map(|label| label)[..labels.len()]);
    assert_eq!(running.axis.height(1e9), Some(1.0), "a loss out of all bounds lies at the edge");
    assert!(running.axis.height(1.4).unwrap() < 0.5, "and leaves the others their room");

    (test.done, test.suggestion) = (true, Some(1e-4));
    tell(&mut app, [Event::RangeTest(test)]);
    let over = panel(&app).unwrap().plot(plot(140)).unwrap();
    assert_eq!(over.losses.last().unwrap().0, 139, "what is over fills the plot");
    assert_eq!(over.suggestion, Some((139.0 * 12.0 / 20.0_f64).round() as usize));
}

#[test]
fn nothing_a_source_says_breaks_the_plot() {
    let mut app = running();
    type_keys(&mut app, ":lrfind\n");
    let odd = [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e-300, 1e300, 1e-3];
    for rate in odd {
        for loss in odd {
            let point = RangeTestPoint { rate, loss, smoothed: rate };
            let points = vec![point, RangeTestPoint { rate: 1.0, ..point }, point];
            let test = RangeTest { step: 0, planned: u64::MAX, points, done: false, suggestion: Some(rate) };
            tell(&mut app, [Event::RangeTest(test)]);
            for columns in [0, 1, 7, 500] {
                panel(&app).unwrap().plot(plot(columns));
            }
        }
    }
}
