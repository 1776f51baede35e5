//! What looking inside costs: training throughput with watched queries and without, in turn within one run; and how
//! long an answer takes while paused.
//!
//! ```text
//! cargo bench --bench inspection            twenty pairs of windows
//! cargo bench --bench inspection -- 60      sixty
//! ```
//!
//! What is watched is what the screens ask for: the layer and the trace on the default network, boundary and units on
//! the spirals, both at full speed; the exercise's CNN, on images of noise. On a machine that others use, neighbouring
//! windows are slowed alike, so that the median of their ratios counts, together with how far they spread; and the
//! shortest of many answers is what one takes when nothing is in its way.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod common;

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use gradtop::{
    config::{Config, Preset},
    protocol::{Command, Event, Query, SampleChoice},
};

use common::{Engine, write_images};

fn main() {
    let pairs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(20);
    let (hardest, layer) = (SampleChoice::Hardest, 2);
    let endless = |set: &str| [set.to_owned(), "run.evaluate_every=1000000000".into(), "run.epochs=1000000".into()];
    let default = Config::load(None, None, &endless("run.seed=0")).unwrap();
    let of_layer = |layer| [Query::Layer { layer }, Query::Trace { sample: hardest, layer }];
    cost("default network", &default, pairs, Duration::from_millis(500), &of_layer(layer));
    let spirals = Config::load(Some(Preset::find("spirals").unwrap()), None, &endless("run.seed=0")).unwrap();
    let plane = [Query::Boundary { columns: 60, rows: 40 }, Query::Units { layer: 3, columns: 16, rows: 8 }];
    cost("spirals", &spirals, pairs, Duration::from_millis(500), &plane);
    let folder = std::env::temp_dir().join(format!("gradtop-inspection-{}", std::process::id()));
    write_images(&folder);
    let [source, rest @ ..] = endless(&format!("data.source={}", folder.display()));
    let sets = [&[source, "run.steps=0".into()][..], &rest].concat();
    let cnn = Config::load(Some(Preset::find("cnn").unwrap()), None, &sets).unwrap();
    answers(&cnn);
    cost("CNN", &cnn, pairs / 3, Duration::from_secs(6), &of_layer(0));
    fs::remove_dir_all(&folder).unwrap();
}

/// Steps a second over a window in which these queries are watched.
fn rate(engine: &mut Engine, window: Duration, queries: &[Query]) -> f64 {
    let from = engine.ask(Command::Watch { queries: queries.to_vec() });
    let start = Instant::now();
    engine.step_after(window);
    let to = engine.ask(Command::Watch { queries: Vec::new() });
    (to - from) as f64 / start.elapsed().as_secs_f64()
}

fn cost(name: &str, config: &Config, pairs: usize, window: Duration, queries: &[Query]) {
    let mut engine = Engine::start(config, 0);
    rate(&mut engine, window, &[]);
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    engine.inspections = 0;
    for pair in 0..pairs.max(2) {
        // Each goes first as often as the other.
        let both = if pair % 2 == 0 {
            let plain = rate(&mut engine, window, &[]);
            (plain, rate(&mut engine, window, queries))
        } else {
            let watched = rate(&mut engine, window, queries);
            (rate(&mut engine, window, &[]), watched)
        };
        ratios.push(both.1 / both.0);
        rates.push(both.0);
    }
    let rounds = engine.inspections as f64 / queries.len() as f64 / (pairs.max(2) as f64 * window.as_secs_f64());
    engine.ask(Command::Pause);
    let mut shortest = vec![f64::INFINITY; queries.len()];
    for _ in 0..40 {
        for (shortest, query) in shortest.iter_mut().zip(queries) {
            let start = Instant::now();
            engine.ask(Command::Inspect { query: query.clone() });
            *shortest = shortest.min(start.elapsed().as_secs_f64());
        }
    }
    engine.stop();
    ratios.sort_by(f64::total_cmp);
    rates.sort_by(f64::total_cmp);
    let at = |sorted: &[f64], share: f64| sorted[(share * (sorted.len() - 1) as f64).round() as usize];
    println!(
        "{name}: {} pairs, plain median {:.1} steps/s from {:.1} to {:.1}; ratio median {:.3}, quartiles {:.3} to {:.3}",
        ratios.len(),
        at(&rates, 0.5),
        rates[0],
        rates[rates.len() - 1],
        at(&ratios, 0.5),
        at(&ratios, 0.25),
        at(&ratios, 0.75)
    );
    let round: f64 = shortest.iter().sum();
    println!(
        "{name}: {rounds:.2} rounds/s, shortest round of answers {:.2} ms: a share of {:.4}",
        round * 1e3,
        rounds * round
    );
}

/// How long answers take while paused.
fn answers(config: &Config) {
    let mut engine = Engine::start(config, 0);
    engine.until(|event| if let Event::Step(report) = event { (report.step >= 3).then_some(()) } else { None });
    engine.ask(Command::Pause);
    let row = |row| SampleChoice::Row { row };
    for round in 1..=3 {
        if round > 1 {
            // About as long as a person takes to press two keys.
            thread::sleep(Duration::from_millis(400));
        }
        for (name, query) in [
            ("first trace", Query::Trace { sample: row(0), layer: 0 }),
            ("trace of another row", Query::Trace { sample: row(7), layer: 0 }),
            ("trace of another layer", Query::Trace { sample: row(7), layer: 20 }),
            ("layer 0", Query::Layer { layer: 0 }),
        ] {
            let start = Instant::now();
            engine.ask(Command::Inspect { query });
            println!("CNN paused {round}: {name} {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
        }
        let start = Instant::now();
        engine.ask(Command::Advance { count: 1 });
        println!("CNN paused {round}: the step that follows {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    }
}
