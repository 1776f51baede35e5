//! Whatever comes, in whatever order: no panic, bounded memory, nothing harmful to show.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::app::KeyboardMode;
use crate::protocol::inspection::{Distribution, LayerView, ParameterView, UnitFigures};
use crate::protocol::{Answer, Inspection, Query};
use crate::protocol::{
    BranchId, BranchName, Branching, Evaluation, Finding, LayerEquations, LayerKind, LayerRole, Loading, LossInfo,
    MetricId, MetricInfo, MetricValue, MetricValues, NewMetrics, Rewinding, Rewound, RunSummary, TrainingMeans,
    Trouble, TroubleKind, Unit,
};

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::ANY,
        prop::sample::select(vec![
            0.0,
            -0.0,
            1.0,
            1e-3,
            f64::NAN,
            f64::INFINITY,
            f64::MIN,
            f64::MAX,
            f64::MIN_POSITIVE
        ]),
        0.0..10.0f64,
    ]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..500, prop::sample::select(vec![0, 1, u64::MAX, u64::MAX - 1, 1 << 53, 1 << 32])]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z. ]{0,12}",
        any::<String>(),
        prop::sample::select(vec![
            "\u{1b}]52;c;AA\u{7}\r\n".to_owned(),
            "\u{202e}\u{9b}31m".to_owned(),
            format!("z{}", "\u{301}".repeat(2000)),
            "👩‍👩‍👧‍👦長".repeat(100),
            "x".repeat(5000),
            LEARNING_RATE.to_owned(),
        ]),
    ]
}

fn run_state() -> impl Strategy<Value = RunState> {
    use RunState::{Failed, Finished, Loading, Paused, Running, Stopped};
    prop::sample::select(vec![Loading, Running, Paused, Finished, Failed, Stopped])
}

fn any_controls() -> impl Strategy<Value = Event> {
    let parameter =
        (text(), number(), number(), number(), any::<bool>()).prop_map(|(key, value, min, max, included)| {
            HyperParameter { key, value, range: Range { min, min_included: included, max, max_included: !included } }
        });
    let schedule = prop::option::of(text());
    (prop::collection::vec(parameter, 0..5), schedule, prop::option::of(number()), prop::option::of(count())).prop_map(
        |(hyperparameters, schedule, throttle, total_steps)| {
            Event::Controls(Controls { hyperparameters, schedule, throttle, total_steps })
        },
    )
}

fn any_metrics() -> impl Strategy<Value = Vec<MetricInfo>> {
    let unit = text().prop_map(Unit::from);
    let tag = prop_oneof![
        prop::sample::select(vec!["train/loss", "test/loss", "val/loss", "train/", "/", "loss"]).prop_map(String::from),
        text(),
    ];
    let bounds = (prop::option::of(number()), prop::option::of(number()));
    let id = prop_oneof![4 => 0u32..6, 1 => any::<u32>()];
    let info = (id, tag, text(), unit, bounds).prop_map(|(id, tag, title, unit, (floor, ceiling))| MetricInfo {
        floor,
        ceiling,
        short: Some(title.clone()),
        ..MetricInfo::new(id, &tag, &title).unit(unit)
    });
    prop::collection::vec(info, 0..5)
}

fn any_values() -> impl Strategy<Value = MetricValues> {
    let id = prop_oneof![8 => 0u32..6, 1 => any::<u32>()];
    prop::collection::vec((id, number()).prop_map(|(id, value)| MetricValue(MetricId(id), value)), 0..7)
        .prop_map(MetricValues::from_vec)
}

fn any_setting() -> impl Strategy<Value = Setting> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Setting::Switch),
        count().prop_map(Setting::Count),
        number().prop_map(Setting::Number),
        text().prop_map(Setting::Text),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Setting::List))
}

fn any_change() -> impl Strategy<Value = Change> {
    (text(), prop::option::of(any_setting()), any_setting()).prop_map(|(key, from, to)| Change {
        key,
        from,
        to,
        by: Some(ChangedBy::Viewer),
    })
}

fn any_trouble() -> impl Strategy<Value = Box<Trouble>> {
    let kind = prop::sample::select(vec![
        TroubleKind::NotFinite,
        TroubleKind::Exploding,
        TroubleKind::Spike,
        TroubleKind::Unknown,
    ]);
    (kind, prop::option::of(count()), prop::option::of(count())).prop_map(|(kind, healthy_step, minibatch)| {
        Box::new(Trouble { kind, healthy_step, minibatch, samples: Vec::new() })
    })
}

fn any_ready() -> impl Strategy<Value = Event> {
    let shape = || prop::option::of(prop::collection::vec(any::<usize>(), 0..9));
    let layer = (text(), prop::option::of(text()), shape(), shape(), count()).prop_map(
        |(text, kind, input, output, parameters)| LayerInfo {
            path: text.clone(),
            parent: kind.clone(),
            kind: LayerKind::Other { kind: kind.unwrap_or_default(), settings: BTreeMap::new() },
            role: LayerRole::Other,
            input,
            output,
            parameters: Some(parameters),
            equations: Some(LayerEquations { forward: vec![text.clone(); 9], backward: vec![], symbols: text.clone() }),
            text,
        },
    );
    let numbers = (prop::option::of(any::<usize>()), prop::option::of(count()), prop::option::of(count()));
    let measured = (any_metrics(), any_metrics());
    (prop::collection::vec(layer, 0..12), prop::option::of(text()), numbers, measured).prop_map(
        |(layers, name, (batch_size, steps_per_epoch, evaluate_every), (metrics, quantities))| {
            Event::Ready(Box::new(RunInfo {
                data: name.clone().map(|name| DataInfo {
                    name: name.clone(),
                    shape: Some(vec![0; 20]),
                    classes: vec![name],
                    ..DataInfo::default()
                }),
                loss: name.clone().map(|text| LossInfo { text, equations: None }),
                layers,
                metrics,
                quantities,
                batch_size,
                steps_per_epoch,
                evaluate_every,
                optimizer: name,
                ..RunInfo::default()
            }))
        },
    )
}

fn any_step() -> impl Strategy<Value = Event> {
    let layer = (0usize..9, any_values()).prop_map(|(layer, values)| LayerProbe { layer, values, health: None });
    let known = (prop::option::of(number()), prop::option::of(number()));
    (count(), known, any_values(), prop::collection::vec(layer, 0..4)).prop_map(
        |(step, (epoch, samples_per_second), values, layers)| {
            let means = TrainingMeans { recent: values.clone(), minibatches: step, epoch: values.clone() };
            let means = Some(Box::new(means)).filter(|_| step % 3 > 0);
            Event::Step(StepReport { step, epoch, samples: Some(step), values, means, samples_per_second, layers })
        },
    )
}

fn any_inspection() -> impl Strategy<Value = Event> {
    let distribution = || {
        (number(), number(), prop::collection::vec(any::<u32>(), 0..9)).prop_map(|(minimum, maximum, bins)| {
            Distribution { minimum, maximum, bins, mean: maximum, zeros: 7, ..Distribution::default() }
        })
    };
    let parameter = (text(), distribution(), prop::option::of(distribution()))
        .prop_map(|(name, values, gradients)| ParameterView { name, shape: vec![usize::MAX; 3], values, gradients });
    let list = || prop::collection::vec(any::<f32>(), 0..9);
    let units = (any::<usize>(), list(), list(), list(), list()).prop_map(|(count, norms, means, gamma, beta)| {
        UnitFigures { count, weight_norms: norms, means, gamma, beta, ..UnitFigures::default() }
    });
    let parameters = prop::collection::vec(parameter, 0..4);
    let view = (0usize..9, parameters, prop::option::of(distribution()), units).prop_map(
        |(layer, parameters, activations, units)| LayerView {
            layer,
            minibatch: 0,
            parameters,
            activations,
            errors: None,
            units,
        },
    );
    let answer = prop_oneof![
        3 => view.prop_map(Answer::Layer),
        1 => text().prop_map(|reason| Answer::Nothing { reason }),
    ];
    (count(), 0usize..9, answer).prop_map(|(step, layer, answer)| {
        Event::Inspection(Box::new(Inspection { step, query: Query::Layer { layer }, answer }))
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => any_step(),
        1 => any_ready(),
        1 => any_controls(),
        1 => text().prop_map(|run| Event::Hello(Hello { protocol: 9, source: run.clone(), run, capabilities: ALL.into_iter().chain([Capability::Rewind]).collect() })),
        1 => (text(), prop::option::of(number())).prop_map(|(what, fraction)| Event::Loading(Loading { what, fraction })),
        2 => (run_state(), count(), prop::option::of(text()))
            .prop_map(|(state, step, reason)| Event::State(StateChange { state, step, reason })),
        1 => (count(), any_values())
            .prop_map(|(step, values)| Event::Evaluation(Evaluation { step, values, ..Evaluation::default() })),
        1 => (any_metrics(), any_metrics())
            .prop_map(|(metrics, quantities)| Event::Metrics(NewMetrics { metrics, quantities })),
        1 => (0u64..6, 0u64..6, count(), prop::option::of(any_change())).prop_map(|(branch, parent, at, change)| {
            Event::Branched(Branching { branch: BranchId(branch), parent: BranchId(parent), at, change })
        }),
        2 => (0u64..6, count()).prop_map(|(branch, step)| Event::Rewound(Rewound { branch: BranchId(branch), step })),
        1 => (count(), count(), count()).prop_map(|(from, step, to)| Event::Rewinding(Rewinding { from, step, to })),
        1 => (0u64..6, text()).prop_map(|(branch, name)| Event::BranchRenamed(BranchName { branch: BranchId(branch), name })),
        1 => (0u64..6).prop_map(|branch| Event::BranchDeleted { branch: BranchId(branch) }),
        1 => Just(Event::Unknown),
        1 => (1u64..20, count()).prop_map(|(id, step)| Event::Applied { id: CommandId(id), step }),
        1 => (1u64..20, text()).prop_map(|(id, reason)| Event::Rejected { id: CommandId(id), reason }),
        1 => (count(), any_change()).prop_map(|(step, change)| Event::Changed { step, change }),
        1 => (count(), text(), prop::option::of(any_trouble())).prop_map(|(step, what, trouble)| Event::Finding(Finding {
            step, health: Health::Bad, layer: None, advice: what.clone(), what, trouble })),
        1 => count().prop_map(|total| Event::Thinned { total }),
        1 => (count(), any_values(), prop::option::of((number(), text()))).prop_map(|(step, values, known)| {
            let (seconds, weights_sha256) = known.unzip();
            Event::Finished(RunSummary { step, values, means: None, weights_sha256, seconds })
        }),
        1 => (count(), text()).prop_map(|(step, what)| Event::Failed(Failure { step, advice: what.clone(), what })),
        1 => count().prop_map(|step| Event::Stopped { step }),
        2 => any_inspection(),
    ]
}

fn any_key() -> impl Strategy<Value = Key> {
    let code = prop_oneof![
        6 => prop::sample::select(" sS+-=L[]}xf0zZlme:?pMqyn1234vb.rrHBKI".chars().collect::<Vec<_>>()).prop_map(Code::Char),
        1 => any::<char>().prop_map(Code::Char),
        4 => prop::sample::select(vec![
            Code::Enter, Code::Esc, Code::Tab, Code::BackTab, Code::Backspace, Code::Delete, Code::Left, Code::Right,
            Code::Up, Code::Down, Code::Home, Code::End, Code::PageUp, Code::PageDown,
        ]),
    ];
    (code, prop::bool::weighted(0.1), prop::bool::weighted(0.05), prop::bool::weighted(0.1))
        .prop_map(|(code, control, alt, shift)| Key { code, modifiers: Modifiers { control, alt, shift } })
}

fn any_message() -> impl Strategy<Value = Message> {
    let panel =
        || prop::sample::select(Screen::ALL.iter().flat_map(|screen| screen.panels().to_vec()).collect::<Vec<_>>());
    prop_oneof![
        6 => any_key().prop_map(Message::Key),
        4 => prop::collection::vec(any_event(), 0..6).prop_map(Message::Events),
        1 => text().prop_map(Message::Paste),
        1 => (0u16..300, 0u16..100).prop_map(|(columns, rows)| Message::Resize { columns, rows }),
        1 => Just(Message::Resize { columns: 1, rows: 1 }),
        1 => count().prop_map(|seconds| Message::Tick { now: Duration::from_secs(seconds) }),
        1 => (panel(), number()).prop_map(|(panel, fraction)| Message::Pointer(Pointer::ClickAt { panel, fraction })),
        1 => (panel(), any::<usize>()).prop_map(|(panel, row)| Message::Pointer(Pointer::ClickRow { panel, row })),
        1 => (panel(), any::<usize>(), number())
            .prop_map(|(panel, row, fraction)| Message::Pointer(Pointer::ClickCell { panel, row, fraction })),
        1 => prop::sample::select(Screen::ALL.to_vec()).prop_map(|screen| Message::Pointer(Pointer::Screen { screen })),
        1 => (panel(), number(), any::<bool>())
            .prop_map(|(panel, fraction, up)| Message::Pointer(Pointer::Wheel { panel, fraction, up })),
        1 => text().prop_map(|reason| Message::ScreenSaved(Err(reason))),
        1 => Just(Message::SourceGone),
    ]
}

/// Reads everything that a drawing would read, and checks it.
fn look(app: &App) {
    let mut shown = vec![app.live().name.clone()];
    for slot in ChartSlot::ALL {
        for columns in [0, 1, 57] {
            let chart = app.chart(slot, plot(columns));
            assert_eq!([chart.train.len(), chart.smoothed.len(), chart.test.len()], [columns; 3]);
            assert!(chart.steps.first <= chart.steps.last);
            assert!(chart.marks.iter().all(|mark| mark.column < columns));
            for overlay in chart.overlays {
                assert!(overlay.values.len() == columns && overlay.marks.iter().all(|mark| *mark < columns));
                shown.extend([overlay.name, overlay.short]);
            }
            assert!(chart.cursor.iter().all(|cursor| cursor.column < columns));
            for tick in chart.axis.ticks(&chart.unit).into_iter().chain(chart.steps.ticks(5, 40)) {
                assert!(tick.cell < 40, "{tick:?}");
                shown.push(tick.label);
            }
            shown.extend(chart.marks.into_iter().map(|mark| mark.text).chain(chart.note).chain([chart.title]));
        }
    }
    for (row, line) in app.run().layers.rows().iter().zip(app.layers_screen().sparklines(9).1) {
        assert_eq!(line.len(), 9);
        shown.extend([row.name.clone(), row.shape.clone()]);
    }
    let map = app.layers_screen().heat_map(9);
    assert!(map.rows.iter().all(|row| row.cells.len() == 9) && map.cursor.is_none_or(|(column, _)| column < 9));
    match app.layers_screen().layer_values(7) {
        Ok(values) => {
            for part in values.parts {
                assert!(part.edges.0 < part.edges.1 && part.past.len() <= 7, "{:?}", part.edges);
                assert!(part.now.is_none_or(|now| part.bin_shares(now, 5).iter().all(|share| share.is_finite())));
                shown.push(part.title);
            }
        }
        Err(reason) => shown.push(reason),
    }
    shown.extend(
        app.layers_screen()
            .unit_strips()
            .err()
            .into_iter()
            .chain(app.watched().inspection_unavailable().map(String::from)),
    );
    let header = app.header();
    assert!(header.progress.is_none_or(|progress| (0.0..=1.0).contains(&progress)));
    assert!(header.remaining.is_none_or(f64::is_finite));
    shown.extend(
        [Some(header.run), header.branch, header.reason, header.schedule, header.schedule_requested, header.throttle]
            .into_iter()
            .flatten(),
    );
    shown.extend(header.rewinding.map(|progress| progress.sentence()));
    if let KeyboardMode::Rewind(target) = app.mode() {
        shown.push(target.question());
    }
    shown.extend(header.requested.into_iter().chain(header.loading.map(|loading| loading.what)));
    shown.extend(app.control_rows().into_iter().map(|row| row.key));
    shown.extend(app.run().findings.iter().flat_map(|row| [row.what.clone(), row.advice.clone()]));
    shown.extend(app.notices().iter().map(|notice| notice.text.clone()));
    shown.extend(app.live().failure.iter().flat_map(|failure| [failure.what.clone(), failure.advice.clone()]));
    if let Some(prompt) = app.prompt() {
        shown.extend([prompt.label, prompt.hint].into_iter().chain(prompt.line.error.clone()));
        shown.extend(prompt.line.candidates.iter().cloned());
        shown.push(prompt.line.editor.text().into());
    }
    for text in shown {
        let harmful =
            |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}' | '\u{2066}'..='\u{2069}');
        assert!(text.len() <= 20_000 && !text.contains(harmful), "{text:?}");
    }
    assert!(app.footer_items().len() + app.help_sections().len() > 3);
}

proptest! {
    #[test]
    fn any_sequence_of_messages_is_survived(messages in prop::collection::vec(any_message(), 0..120)) {
        let mut app = if messages.len() % 2 == 0 { running() } else { fresh() };
        for (at, message) in messages.into_iter().enumerate() {
            app.update(message);
            if at % 8 == 0 {
                look(&app);
            }
        }
        look(&app);
    }
}
