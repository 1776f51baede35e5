//! What the way back costs while a run trains, and how long it takes.
//!
//! ```text
//! cargo bench --bench rewinding            ten pairs of windows
//! cargo bench --bench rewinding -- 40      forty
//! ```
//!
//! Two engines take turns, one with snapshots within 256 MiB and one without, so that a machine that others use slows both
//! alike: the median of the ratios counts. Then the one with snapshots goes back.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod common;

use std::{
    fs,
    time::{Duration, Instant},
};

use gradtop::{
    config::{Config, Preset},
    protocol::{BranchId, Command},
};

use common::{Engine, write_images};

/// The default of `timeline.memory`.
const TIMELINE_BYTES: usize = 256 << 20;

fn main() {
    let pairs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10);
    let endless = |set: &str| [set.to_owned(), "run.epochs=1000000".into()];
    let default = Config::load(None, None, &endless("run.seed=0")).unwrap();
    cost("default network", &default, pairs, Duration::from_secs(1));
    go_back("default network", &default, 12_000, 10_000);
    hundred_branches(&default);
    let folder = std::env::temp_dir().join(format!("gradtop-rewinding-{}", std::process::id()));
    write_images(&folder);
    let [source, rest] = endless(&format!("data.source={}", folder.display()));
    let cnn = Config::load(Some(Preset::find("cnn").unwrap()), None, &[source, "run.steps=0".into(), rest]).unwrap();
    cost("CNN", &cnn, pairs / 3, Duration::from_secs(6));
    go_back("CNN", &cnn, 300, 200);
    fs::remove_dir_all(&folder).unwrap();
}

/// Steps a second over a window; the run pauses afterwards.
fn rate(engine: &mut Engine, window: Duration) -> f64 {
    let from = engine.ask(Command::Resume);
    let start = Instant::now();
    engine.step_after(window);
    let to = engine.ask(Command::Pause);
    (to - from) as f64 / start.elapsed().as_secs_f64()
}

fn cost(name: &str, config: &Config, pairs: usize, window: Duration) {
    let mut engines = [0, TIMELINE_BYTES].map(|bytes| {
        let mut engine = Engine::start(config, bytes);
        engine.ask(Command::Pause);
        engine
    });
    for engine in &mut engines {
        rate(engine, window);
    }
    let mut ratios: Vec<f64> = (0..pairs.max(2))
        .map(|pair| {
            let [plain, kept] = &mut engines;
            if pair % 2 == 0 {
                let plain = rate(plain, window);
                rate(kept, window) / plain
            } else {
                let kept = rate(kept, window);
                kept / rate(plain, window)
            }
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let at = |share: f64| ratios[(share * (ratios.len() - 1) as f64).round() as usize];
    let count = ratios.len();
    println!(
        "{name}: {count} pairs, speed with snapshots / without: median {:.3}, quartiles {:.3} to {:.3}",
        at(0.5),
        at(0.25),
        at(0.75)
    );
    engines.into_iter().for_each(Engine::stop);
}

/// Trains so many steps, and goes back so many.
fn go_back(name: &str, config: &Config, steps: u64, back: u64) {
    let mut engine = Engine::start(config, TIMELINE_BYTES);
    let paused = engine.ask(Command::Pause);
    let start = Instant::now();
    engine.ask(Command::Advance { count: steps - paused });
    let trained = start.elapsed().as_secs_f64();
    // Steps that are not those of a snapshot, but by chance.
    let mut seconds: Vec<f64> = (0..5)
        .map(|offset| {
            let start = Instant::now();
            engine.ask(Command::Rewind { step: steps - back + 17 * offset, branch: None });
            let went = start.elapsed().as_secs_f64();
            engine.ask(Command::Rewind { step: steps, branch: None });
            went
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    println!(
        "{name}: {steps} steps in {trained:.1} s; {back} steps back in {:.3} s (five places: {:.3} to {:.3})",
        seconds[2], seconds[0], seconds[4]
    );
    engine.stop();
}

/// Begins a hundred branches, and goes over to each of them.
fn hundred_branches(config: &Config) {
    let mut engine = Engine::start(config, TIMELINE_BYTES);
    let paused = engine.ask(Command::Pause);
    engine.ask(Command::Advance { count: 400 - paused.min(399) });
    for branch in 1..=100 {
        engine.ask(Command::Rewind { step: 3 * branch, branch: Some(BranchId(0)) });
        engine.ask(Command::Advance { count: 20 });
    }
    let start = Instant::now();
    for branch in 1..=100 {
        engine.ask(Command::Rewind { step: 3 * branch + 20, branch: Some(BranchId(branch)) });
    }
    println!("default network: over to each of 100 branches in {:.3} s", start.elapsed().as_secs_f64() / 100.0);
    engine.stop();
}
