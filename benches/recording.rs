//! What recording costs: the default network trained with recording, paired with `--no-record`.
//!
//! ```text
//! cargo bench --bench recording            twenty pairs
//! cargo bench --bench recording -- 60      sixty
//! ```
//!
//! Each run is a process of its own that trains the default network for ten epochs, headless, at full speed, with the
//! default number of threads. It is timed from its start to its end, so that the record's beginning, every measurement,
//! the checkpoint at the end and all syncing are among it. A longer run saves every thirty seconds only. On Linux the
//! time of the processors is told too, which other programs disturb less. Of both the median of the ratios counts.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

const GRADTOP: &str = env!("CARGO_BIN_EXE_gradtop");

/// What one run took, in seconds.
struct RunCost {
    wall: f64,
    /// Of all processors, the system's share included; `None` where the system does not tell.
    processors: Option<f64>,
}

fn main() {
    let pairs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(20);
    let folder = std::env::temp_dir().join(format!("gradtop-recording-{}", std::process::id()));
    let (mut wall, mut processors) = (Vec::new(), Vec::new());
    // The first reads the data and the program into memory.
    train(None);
    for pair in 0..pairs {
        // Each goes first as often as the other.
        let (recorded, plain) = if pair % 2 == 0 {
            let recorded = train(Some(&folder));
            (recorded, train(None))
        } else {
            let plain = train(None);
            (train(Some(&folder)), plain)
        };
        println!("pair {}: recorded {:.2} s, not recorded {:.2} s", pair + 1, recorded.wall, plain.wall);
        wall.push(recorded.wall / plain.wall);
        processors.extend(recorded.processors.zip(plain.processors).map(|(recorded, plain)| recorded / plain));
    }
    print_ratios("time", wall);
    print_ratios("time of the processors", processors);
}

/// Trains for ten epochs and records that in this folder, which is removed, or nowhere.
fn train(folder: Option<&Path>) -> RunCost {
    let mut command = Command::new(GRADTOP);
    command.args(["train", "--headless", "--epochs", "10"]).stdout(Stdio::null());
    match folder {
        Some(folder) => command.arg("--set").arg(format!("run.directory={}", folder.display())),
        None => command.arg("--no-record"),
    };
    let (start, before) = (Instant::now(), children_seconds());
    assert!(command.status().unwrap().success());
    let cost = RunCost {
        wall: start.elapsed().as_secs_f64(),
        processors: children_seconds().zip(before).map(|(after, before)| after - before),
    };
    if let Some(folder) = folder {
        fs::remove_dir_all(folder).unwrap();
    }
    cost
}

/// Seconds that ended children have used of the processors.
fn children_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, is the second field and may have spaces in it.
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let ticks = fields.get(13)?.parse::<u64>().ok()? + fields.get(14)?.parse::<u64>().ok()?;
    // Linux tells it in hundredths of a second.
    Some(ticks as f64 / 100.0)
}

fn print_ratios(what: &str, mut ratios: Vec<f64>) {
    ratios.sort_by(f64::total_cmp);
    let at = |share: f64| ratios.get((share * ratios.len().saturating_sub(1) as f64).round() as usize);
    if let (Some(low), Some(median), Some(high)) = (at(0.25), at(0.5), at(0.75)) {
        println!("{what}: ratio median {median:.3}, quartiles {low:.3} to {high:.3}, {} pairs", ratios.len());
    }
}
