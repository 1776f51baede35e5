//! What the dashboard's memory of a long run costs: ten million minibatches, each with 32 metrics.
//!
//! ```text
//! cargo bench --bench series             ten million
//! cargo bench --bench series -- 1        this many million
//! ```
//!
//! Prints the points appended a second, the bytes that the dashboard holds at the end, all of them counted, and how
//! long a frame of 200×60 takes, from the state to the bytes for the terminal: on the Overview and on the heat map of
//! Layers, at every zoom and at many places of the run, each frame drawn after one more minibatch.
#![allow(clippy::print_stdout, clippy::unwrap_used, unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::black_box,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use gradtop::{
    app::{App, Code, Key, Message, Settings},
    protocol::{
        Evaluation, Event, Health, LayerInfo, LayerKind, LayerProbe, LayerRole, MetricId, MetricInfo, MetricValue,
        RunInfo, RunState, StateChange, StepReport,
    },
    ui::{Background, ColorDepth, PictureProtocol, Theme, frame::FrameRenderer},
};

/// Layers with parameters: three metrics each, and the loss and the accuracy make 32.
const LAYERS: usize = 10;

const METRICS: u64 = 3 * LAYERS as u64 + 2;

/// Minibatches between two evaluations.
const EPOCH: u64 = 1000;

/// Reports that arrive together.
const TOGETHER: u64 = 1000;

/// The system's allocator, which counts what is in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all work is the system allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let millions: u64 = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10);
    let steps = millions.max(1) * 1_000_000;
    let before = IN_USE.load(Ordering::Relaxed);
    let mut app = ready(steps);
    let mut spent = Duration::ZERO;
    for first in (1..=steps).step_by(TOGETHER as usize) {
        let events: Vec<Event> = (first..first + TOGETHER).flat_map(events).collect();
        let start = Instant::now();
        app.update(Message::Events(events));
        spent += start.elapsed();
    }
    let (points, held) = (steps * METRICS, IN_USE.load(Ordering::Relaxed) - before);
    println!("{points} points of {METRICS} metrics: {:.1} million a second", points as f64 / spent.as_secs_f64() / 1e6);
    println!("held {:.1} MiB", held as f64 / f64::from(1 << 20));
    for (screen, keys) in [("overview", "1"), ("layers", "2")] {
        press(&mut app, keys);
        frames(screen, &mut app, steps);
    }
}

/// Draws at every zoom, at several places of each.
fn frames(screen: &str, app: &mut App, steps: u64) {
    let mut frames = FrameRenderer::new(Theme::new(ColorDepth::True, Background::Dark, true), PictureProtocol::Blocks);
    let mut times = Vec::new();
    let mut step = steps;
    press(app, "0");
    for _zoom in 0..40 {
        for _place in 0..50 {
            for _cursor in 0..6 {
                app.update(Message::Key(Key::plain(Code::Left)));
            }
            step += 1;
            app.update(Message::Events(events(step).collect()));
            let start = Instant::now();
            black_box(frames.draw(app).unwrap());
            times.push(start.elapsed());
        }
        press(app, "z");
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{screen}: {} frames, median {:.2} ms, 99th percentile {:.2} ms, longest {:.2} ms",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

fn press(app: &mut App, keys: &str) {
    for key in keys.chars() {
        app.update(Message::Key(Key::char(key)));
    }
}

/// A dashboard of 200×60 that knows the network.
fn ready(steps: u64) -> App {
    let mut app = App::new(Settings::default());
    let layer = |index: usize| LayerInfo {
        path: index.to_string(),
        parent: None,
        kind: LayerKind::Linear { units: 256 },
        role: LayerRole::Weights,
        input: Some(vec![256]),
        output: Some(vec![256]),
        parameters: Some(256 * 257),
        text: "linear 256".into(),
        equations: None,
    };
    let metric = |(id, tag, title): (u32, &str, &str)| MetricInfo::new(id, tag, title);
    let metrics = [
        (0, "train/loss", "loss"),
        (1, "train/accuracy", "accuracy"),
        (2, "test/loss", "loss"),
        (3, "test/accuracy", "accuracy"),
    ];
    let quantities = [
        (0, "gradient_norm", "gradient norm"),
        (1, "update_ratio", "update / weight"),
        (2, "dead_units", "dead units"),
    ];
    let info = RunInfo {
        layers: (0..LAYERS).map(layer).collect(),
        metrics: metrics.map(metric).to_vec(),
        quantities: quantities.map(metric).to_vec(),
        batch_size: Some(64),
        steps_per_epoch: Some(EPOCH),
        evaluate_every: Some(EPOCH),
        ..RunInfo::default()
    };
    let running = StateChange { state: RunState::Running, step: 0, reason: None };
    app.update(Message::Resize { columns: 200, rows: 60 });
    app.update(Message::Events(vec![Event::Ready(Box::new(info)), Event::State(running)]));
    assert!(steps.is_multiple_of(TOGETHER));
    app
}

/// What the source reports of a minibatch, its probe included; after every epoch an evaluation.
fn events(step: u64) -> impl Iterator<Item = Event> {
    let mixed = step.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let noise = (mixed >> 11) as f64 / (1u64 << 53) as f64;
    let loss = 0.1 + 2.0 / (1.0 + step as f64 / 1e5) + 0.3 * noise;
    let value = |(id, value): (u32, f64)| MetricValue(MetricId(id), value);
    let layer = |layer: usize| {
        let norm = loss * (1.0 + noise) * 0.5_f64.powf(layer as f64);
        let values = [(0, norm), (1, 0.001 * (1.0 + noise)), (2, 0.1 * noise)].into_iter().map(value).collect();
        LayerProbe { layer, values, health: Some(Health::Good) }
    };
    let (epoch, accuracy) = (Some(step as f64 / EPOCH as f64), (1.0 - loss / 2.5).max(0.0));
    let report = StepReport {
        step,
        epoch,
        samples: Some(64),
        values: [(0, loss), (1, accuracy)].into_iter().map(value).collect(),
        means: None,
        samples_per_second: Some(1e5),
        layers: (0..LAYERS).map(layer).collect(),
    };
    let evaluation = step.is_multiple_of(EPOCH).then(|| {
        let values = [(2, loss), (3, accuracy)].into_iter().map(value).collect();
        Event::Evaluation(Evaluation { step, epoch, values, samples: Some(1_000), seconds: Some(0.01) })
    });
    [Event::Step(report)].into_iter().chain(evaluation)
}
