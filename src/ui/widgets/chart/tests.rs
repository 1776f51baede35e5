//! Pictures of charts, read as a person would read them, against the values that they show.

use proptest::prelude::*;
use ratatui::{buffer::Buffer, layout::Rect, style::Color};

use super::*;
use crate::{
    app::{App, ChartSlot, Extent, Key, Message, Overlay, StepRange},
    protocol::{BranchId, Branching, Event, StepReport, metric},
    ui::{
        tests::fixture,
        theme::{Background, ColorDepth},
        widgets::canvas::DOT_BITS,
    },
};

const THEME: Theme = Theme::new(ColorDepth::True, Background::Dark, true);

/// A run of minibatches with these losses, of which some are followed by an evaluation.
fn run(losses: &[f64], evaluations: &[(u64, f64)]) -> App {
    let mut app = fixture::ready();
    let mut events = Vec::new();
    for (step, loss) in (1u64..).zip(losses) {
        let report = fixture::with_loss(fixture::report(step), *loss);
        events.push(Event::Step(StepReport { layers: Vec::new(), ..report }));
        for (_, value) in evaluations.iter().filter(|(at, _)| *at == step) {
            let values = crate::protocol::made_up::values(&[(metric::TEST_LOSS, *value)]);
            events.push(Event::Evaluation(crate::protocol::Evaluation { step, values, ..Default::default() }));
        }
    }
    fixture::hear(&mut app, events);
    app
}

/// A chart, and what is drawn of it.
struct Picture {
    chart: Chart,
    frame: ChartFrame,
    buffer: Buffer,
    /// The last step that each abandoned future has in common with the run, by its short name.
    forks: Vec<(String, u64)>,
}

impl Picture {
    fn of(app: &App, (width, height): (u16, u16)) -> Self {
        let area = Rect::new(0, 0, width, height);
        let frame = ChartFrame::of(area);
        let chart = app.chart(ChartSlot::First, frame.plot_size());
        let mut buffer = Buffer::empty(area);
        draw(&mut buffer, area, &chart, &ChartHeading { focused: false, settings: "" }, THEME);
        let futures = app.run().branches.abandoned_futures();
        let forks = futures.iter().map(|future| (format!("b{}", future.branch.0), future.fork)).collect();
        Self { chart, frame, buffer, forks }
    }

    fn symbol(&self, x: u16, y: u16) -> &str {
        self.buffer[(x, y)].symbol()
    }

    /// Rows of dots from the top of the plot to a value, not rounded.
    fn exact_row(&self, value: f64) -> f64 {
        let dots = f64::from(self.frame.plot.height) * DOTS_DOWN as f64 - 1.0;
        (1.0 - self.chart.axis.height_beyond(value).unwrap()) * dots
    }

    /// The dots of a column that have the colour of one of the roles, from the top.
    fn dots(&self, column: usize, roles: &[Role]) -> Vec<usize> {
        self.dots_of_colors(column, &roles.iter().map(|role| THEME.color(*role)).collect::<Vec<_>>())
    }

    fn dots_of_colors(&self, column: usize, colors: &[Color]) -> Vec<usize> {
        let plot = self.frame.plot;
        let mut dots = Vec::new();
        for y in 0..plot.height {
            let cell = &self.buffer[(plot.x + (column / DOTS_ACROSS) as u16, plot.y + y)];
            let pattern = cell.symbol().chars().next().map_or(0, |c| u32::from(c).wrapping_sub(0x2800));
            if pattern > 0xff || !colors.contains(&cell.fg) {
                continue;
            }
            let lit = (0..DOTS_DOWN).filter(|row| pattern & u32::from(DOT_BITS[column % DOTS_ACROSS][*row]) != 0);
            dots.extend(lit.map(|row| usize::from(y) * DOTS_DOWN + row));
        }
        dots
    }

    /// Whether something above the curves, or a curve above another, has the cell of a dot.
    fn is_covered(&self, column: usize, row: f64, role: Role) -> bool {
        self.is_covered_in(column, row, THEME.color(role))
    }

    fn is_covered_in(&self, column: usize, row: f64, color: Color) -> bool {
        let plot = self.frame.plot;
        let y = nearest_dot(row) / DOTS_DOWN;
        let cell = &self.buffer[(plot.x + (column / DOTS_ACROSS) as u16, plot.y + y as u16)];
        let braille = cell.symbol().chars().next().is_some_and(|c| ('\u{2800}'..='\u{28ff}').contains(&c));
        cell.symbol() != " " && (!braille || color != cell.fg)
    }

    /// Labels of the value axis with their rows.
    fn value_labels(&self) -> Vec<(u16, String)> {
        let plot = self.frame.plot;
        let text = |y: u16| (0..plot.x - 1).map(|x| self.symbol(x, y)).collect::<String>().trim().to_owned();
        (0..plot.height).map(|y| (y, text(plot.y + y))).filter(|(_, text)| !text.is_empty()).collect()
    }
}

/// Checks every tick, mark and dot of a picture.
fn check(picture: &Picture, losses: &[f64]) -> Result<(), TestCaseError> {
    check_value_labels(picture)?;
    check_step_labels(picture)?;
    check_marks(picture)?;
    check_samples(picture, losses)?;
    picture.chart.overlays.iter().try_for_each(|overlay| check_overlay(picture, overlay))?;
    // Without it the samples have its colour.
    if picture.chart.smoothed.iter().any(Option::is_some) {
        check_joined(picture, &picture.chart.smoothed, picture.chart.smoothed_ends, Role::Train)?;
    }
    let test: Vec<Option<f64>> = picture.chart.test.iter().map(|column| column.extent.map(|e| e.mean)).collect();
    check_joined(picture, &test, picture.chart.test_ends, Role::Test)
}

/// Labels are distinct, evenly spaced, and within half a cell of their values.
fn check_value_labels(picture: &Picture) -> Result<(), TestCaseError> {
    let labels = picture.value_labels();
    prop_assert!(!labels.is_empty());
    for pair in labels.windows(2) {
        prop_assert!(pair[0].1 != pair[1].1, "{labels:?}");
        prop_assert_eq!(pair[1].0 - pair[0].0, labels[1].0 - labels[0].0, "{:?}", labels);
    }
    for (y, label) in &labels {
        let middle = f64::from(*y) * 4.0 + 1.5;
        let exact = picture.exact_row(label.parse().unwrap());
        prop_assert!((exact - middle).abs() <= 2.0, "{label} in row {middle}, its value is in row {exact}");
    }
    Ok(())
}

/// A tick of the step axis stands in the cell in which its step is drawn.
fn check_step_labels(picture: &Picture) -> Result<(), TestCaseError> {
    let columns = picture.frame.axis.width;
    for tick in picture.chart.steps.ticks(6, columns) {
        let step: u64 = tick.label.replace(',', "").parse().unwrap();
        let dot = picture.chart.steps.column_of(step, usize::from(columns) * DOTS_ACROSS).unwrap();
        prop_assert_eq!(usize::from(tick.cell), dot / DOTS_ACROSS);
    }
    Ok(())
}

/// Each mark is around the dot of an evaluation, and the newest one in sight has a mark.
fn check_marks(picture: &Picture) -> Result<(), TestCaseError> {
    let plot = picture.frame.plot;
    let exact = |column: usize| picture.chart.test[column].extent.map(|extent| picture.exact_row(extent.mean));
    let places = mark_places(&picture.chart, plot.height);
    let newest = (0..picture.chart.test.len()).rev().find(|column| exact(*column).is_some());
    prop_assert_eq!(places.first().map(|place| place.0), newest);
    for (column, y) in places {
        let row = exact(column).unwrap();
        prop_assert!((y as f64 - row).abs() <= 0.5 + 1e-3, "a mark at {y}, its value at {row}");
        let drawn = picture.dots(column, &[Role::Test]).contains(&y);
        prop_assert!(drawn || picture.is_covered(column, y as f64, Role::Test), "no mark at {y} in column {column}");
    }
    Ok(())
}

/// The largest and the smallest value of each column have dots of their own within half a dot, and every dot lies
/// between them or on the way to a neighbour.
fn check_samples(picture: &Picture, losses: &[f64]) -> Result<(), TestCaseError> {
    let chart = &picture.chart;
    let raw = if chart.smoothed.iter().all(Option::is_none) { Role::Train } else { Role::TrainRaw };
    for column in 0..chart.train.len() {
        let inside =
            (1u64..).zip(losses).filter(|(step, _)| chart.steps.column_of(*step, chart.train.len()) == Some(column));
        let rows: Vec<f64> = inside.map(|(_, loss)| picture.exact_row(*loss)).collect();
        let dots = picture.dots(column, &[raw]);
        for row in &rows {
            let drawn = dots.iter().any(|dot| (*dot as f64 - row).abs() <= 0.5 + 1e-3);
            prop_assert!(
                drawn || picture.is_covered(column, *row, raw),
                "column {column}: {row} is not among {dots:?}"
            );
        }
    }
    let means: Vec<Option<f64>> = chart.train.iter().map(|column| column.extent.map(|extent| extent.mean)).collect();
    if chart.train.iter().filter_map(|column| column.extent).all(|extent| extent.min == extent.max) {
        check_joined(picture, &means, chart.train_ends, raw)?;
    }
    Ok(())
}

/// Every dot of a curve lies on the straight lines between its points, within half a dot of where these come to lie, and
/// every point has a dot.
fn check_joined(picture: &Picture, values: &[Option<f64>], ends: CurveEnds, role: Role) -> Result<(), TestCaseError> {
    let color = THEME.color(role);
    let lines = Lines::of(picture, values, ends);
    // The dots around those of marks.
    let marks: Vec<(usize, usize)> =
        if role == Role::Test { mark_places(&picture.chart, picture.frame.plot.height) } else { Vec::new() };
    let around = |column: usize, dot: usize| marks.iter().any(|(x, y)| x.abs_diff(column) + y.abs_diff(dot) == 1);
    for column in 0..values.len() {
        let dots = picture.dots_of_colors(column, &[color]).into_iter().filter(|dot| !around(column, *dot));
        lines.check_dots(column, dots)?;
    }
    let gaps = Some(TEST_DASHES).filter(|_| role == Role::Test);
    check_points(picture, values, gaps, color)
}

/// The same of a curve that is laid over the chart, as far as the axis shows it; and it begins on the chart's own curve.
fn check_overlay(picture: &Picture, overlay: &Overlay) -> Result<(), TestCaseError> {
    let color = THEME.overlay_style(overlay.look).fg.unwrap();
    let values: Vec<Option<f64>> = overlay.values.iter().map(|column| column.extent.map(Extent::drawn_value)).collect();
    let lines = Lines::of(picture, &values, overlay.ends);
    for column in 0..values.len() {
        lines.check_dots(column, picture.dots_of_colors(column, &[color]).into_iter())?;
    }
    check_points(picture, &values, Some(overlays::dashes(overlay)), color)?;
    let chart = &picture.chart;
    let fork = picture.forks.iter().find(|(name, _)| *name == overlay.short).map_or(0, |(_, fork)| *fork);
    let Some(column) = chart.steps.column_of(fork, values.len()) else { return Ok(()) };
    let own = |column: usize| match chart.train[column].extent.map(Extent::drawn_value) {
        train if chart.smoothed.iter().all(Option::is_none) => train,
        _ => chart.smoothed[column],
    };
    // Where the first step that differs is in the column of the last common one, the curves part before.
    let is_mixed = chart.steps.column_of(fork + 1, values.len()) == Some(column);
    let first = if is_mixed { (0..column).rev().find(|column| own(*column).is_some()) } else { Some(column) };
    prop_assert!(values[..first.unwrap_or(column)].iter().all(Option::is_none));
    if let Some(first) = first {
        prop_assert!(values[first] == own(first), "it begins at {:?}, the run is at {:?}", values[first], own(first));
        prop_assert!(
            overlay.ends.left.is_none() && values[(first + 1).min(column)..column].iter().all(Option::is_none)
        );
    }
    Ok(())
}

/// Every point of a curve that the axis shows has a dot, unless it lies in a gap or something else covers it.
fn check_points(
    picture: &Picture,
    values: &[Option<f64>],
    gaps: Option<Dashes>,
    color: Color,
) -> Result<(), TestCaseError> {
    for (column, value) in values.iter().enumerate() {
        let inside = |value: &f64| (0.0..=1.0).contains(&picture.chart.axis.height_beyond(*value).unwrap());
        if let Some(value) = value.filter(inside)
            && !gaps.is_some_and(|gaps| gaps.skip(column))
        {
            let row = picture.exact_row(value);
            let dots = picture.dots_of_colors(column, &[color]);
            let drawn = dots.iter().any(|dot| (*dot as f64 - row).abs() <= 0.5 + 1e-3);
            prop_assert!(
                drawn || picture.is_covered_in(column, row, color),
                "column {column}: nothing at {row}, but {dots:?}"
            );
        }
    }
    Ok(())
}

/// The lines between the points of a curve, in columns and rows of dots.
struct Lines {
    points: Vec<(f64, f64)>,
}

impl Lines {
    fn of(picture: &Picture, values: &[Option<f64>], ends: CurveEnds) -> Self {
        let last = values.len().saturating_sub(1);
        let inside = values.iter().enumerate().filter_map(|(column, value)| Some((column, (*value)?)));
        let (left, right) = (ends.left.map(|value| (0, value)), ends.right.map(|value| (last, value)));
        let points = left.into_iter().chain(inside).chain(right);
        Self { points: points.map(|(column, value)| (column as f64, picture.exact_row(value))).collect() }
    }

    /// The rows that the lines pass on the way through a column.
    fn rows_in(&self, column: usize) -> (f64, f64) {
        let (from, to) = (column as f64 - 0.5, column as f64 + 0.5);
        let mut bounds = (f64::INFINITY, f64::NEG_INFINITY);
        let mut pass = |row: f64| bounds = (bounds.0.min(row), bounds.1.max(row));
        self.points.iter().filter(|(x, _)| (from..=to).contains(x)).for_each(|(_, row)| pass(*row));
        for pair in self.points.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            for x in [from, to] {
                if x1 > x0 && (x0..=x1).contains(&x) {
                    pass(y0 + (y1 - y0) * (x - x0) / (x1 - x0));
                }
            }
        }
        bounds
    }

    fn check_dots(&self, column: usize, dots: impl Iterator<Item = usize>) -> Result<(), TestCaseError> {
        let bounds = self.rows_in(column);
        for dot in dots {
            let dot = dot as f64;
            // Both ends of a line are moved to a dot, by half a one at most, and what is between them once more.
            let within = (bounds.0 - 1.01..=bounds.1 + 1.01).contains(&dot);
            prop_assert!(within, "column {column}: a dot at {dot}, the curve at {bounds:?}");
        }
        Ok(())
    }
}

fn any_loss() -> impl Strategy<Value = f64> {
    prop_oneof![8 => 0.001..4.0f64, 2 => 0.4..0.5f64, 1 => (-6.0..6.0f64).prop_map(|power| 10f64.powf(power))]
        .prop_map(|value| f64::from(value as f32))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn whatever_is_drawn_lies_at_its_value(
        losses in prop::collection::vec(any_loss(), 1..90),
        evaluated in prop::collection::vec((1u64..90, any_loss()), 0..12),
        size in (24u16..110, 8u16..40),
        keys in prop::sample::select(vec!["", "l", "m", "ml", "mm", "mml", "z", "zz", "lz", "mmzz"]),
        cursor in 0usize..40,
    ) {
        let mut app = run(&losses, &evaluated);
        for _ in 0..cursor * usize::from(keys.contains('z')) {
            app.update(Message::Key(Key::plain(crate::app::Code::Left)));
        }
        fixture::press(&mut app, keys);
        app.update(Message::Key(Key::plain(crate::app::Code::Esc)));
        check(&Picture::of(&app, size), &losses)?;
    }
}

/// A run of these losses that went back and trained on in other ways: a share of the way in thousandths, and the losses
/// from there on.
fn run_with_branches(losses: &[f64], branches: &[(u64, Vec<f64>)]) -> (App, Vec<f64>) {
    let mut app = run(losses, &[]);
    let mut history = losses.to_vec();
    for (branch, (share, losses)) in (1u64..).zip(branches) {
        let at = history.len() as u64 * share / 1000;
        history.truncate(at as usize);
        history.extend(losses);
        let (branch, parent) = (BranchId(branch), BranchId(branch - 1));
        let begun = Event::Branched(Branching { branch, parent, at, change: None });
        let report = |(step, loss): (u64, &f64)| {
            Event::Step(StepReport { layers: Vec::new(), ..fixture::with_loss(fixture::report(step), *loss) })
        };
        let steps = (at + 1..).zip(losses).map(report);
        fixture::hear(&mut app, [fixture::rewound(branch.0 - 1, at), begun].into_iter().chain(steps));
    }
    (app, history)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_other_branches_did_lies_at_its_value_and_begins_on_the_curve(
        losses in prop::collection::vec(any_loss(), 1..90),
        branches in prop::collection::vec((0u64..=1000, prop::collection::vec(any_loss(), 1..60)), 1..6),
        size in (24u16..110, 8u16..40),
        keys in prop::sample::select(vec!["", "l", "m", "ml", "mmm", "mmml", "z", "zz", "lz", "mmmzz"]),
        cursor in 0usize..40,
        back in prop::option::of(0u64..=1000),
    ) {
        let (mut app, mut history) = run_with_branches(&losses, &branches);
        if let Some(share) = back {
            let step = history.len() as u64 * share / 1000;
            history.truncate(step as usize);
            fixture::hear(&mut app, [fixture::rewound(branches.len() as u64, step)]);
        }
        for _ in 0..cursor * usize::from(keys.contains('z')) {
            app.update(Message::Key(Key::plain(crate::app::Code::Left)));
        }
        fixture::press(&mut app, keys);
        app.update(Message::Key(Key::plain(crate::app::Code::Esc)));
        check(&Picture::of(&app, size), &history)?;
    }
}

#[test]
fn a_test_curve_shows_where_the_training_curve_coincides_with_it() {
    let losses = [0.5; 80];
    let evaluations: Vec<(u64, f64)> = (1..=80).map(|step| (step, 0.5)).collect();
    let app = run(&losses, &evaluations);
    let picture = Picture::of(&app, (60, 12));
    let columns = 0..picture.chart.train.len() * 8 / 10;
    let with = |role: Role| columns.clone().filter(|column| !picture.dots(*column, &[role]).is_empty()).count();
    assert!(with(Role::Test) > 20 && with(Role::Train) > 20, "{} and {}", with(Role::Test), with(Role::Train));
}

#[test]
fn lines_from_outside_enter_a_zoomed_window() {
    let losses = [0.5; 200];
    let app = {
        let mut app = run(&losses, &[(20, 1.0), (190, 2.0)]);
        fixture::press(&mut app, "<Left>zzz");
        for _ in 0..60 {
            app.update(Message::Key(Key::plain(crate::app::Code::Left)));
        }
        app
    };
    let picture = Picture::of(&app, (60, 12));
    let StepRange { first, last } = picture.chart.steps;
    assert!(first > 20 && last < 190, "{:?}", picture.chart.steps);
    assert!(picture.chart.test.iter().all(|column| column.extent.is_none()));
    let share = |step: u64| 1.0 + (step - 20) as f64 / 170.0;
    let ends = picture.chart.test_ends;
    assert!((ends.left.unwrap() - share(first)).abs() < 0.01 && (ends.right.unwrap() - share(last)).abs() < 0.01);
    let drawn = (0..picture.chart.test.len()).filter(|column| !picture.dots(*column, &[Role::Test]).is_empty()).count();
    assert!(drawn * 2 >= picture.chart.test.len(), "half of it are gaps: {drawn}");
}
