//! `top` for gradients: networks whose backpropagation is derived and written by hand, trained in the background,
//! shown and steered in a terminal. `ARCHITECTURE.md` describes the modules, what each may import, and how data flow.
//!
//! The engine runs on a thread of its own, takes requests and sends events; the dashboard is one of its consumers. This
//! one trains sixty minibatches on the built-in data and prints the losses:
//!
//! ```
//! use std::num::NonZeroUsize;
//!
//! use gradtop::{
//!     dataset::DataSpec,
//!     nn::NetworkSpec,
//!     optim::{OptimizerSpec, Schedule},
//!     protocol::Event,
//!     train::{BatchSize, Delivery, HealthSettings, RunSpec, TrainSpec, worker},
//! };
//!
//! let layers = vec!["linear 32".parse()?, "relu".parse()?, "linear classes".parse()?];
//! let train = TrainSpec {
//!     seed: 0,
//!     epochs: 1,
//!     steps: Some(60),
//!     stop_after: None,
//!     batch_size: BatchSize::AtMost(50),
//!     evaluate_every: Some(20),
//!     patience: None,
//!     probe_every: 10,
//!     threads: NonZeroUsize::MIN,
//!     network: NetworkSpec { layers, ..NetworkSpec::default() },
//!     optimizer: OptimizerSpec::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 },
//!     learning_rate: 1e-3,
//!     clip_norm: None,
//!     ema: None,
//!     schedule: Schedule::default(),
//!     health: HealthSettings::default(),
//! };
//! let run = RunSpec {
//!     name: "example".into(),
//!     data: DataSpec::default(),
//!     checked: None,
//!     train,
//!     throttle: None,
//!     timeline_bytes: 0,
//!     delivery: Delivery::Wait,
//!     stop_when_finished: true,
//! };
//! let mut engine = worker::spawn(run)?;
//! let mut evaluations = 0;
//! while let Some(events) = engine.events.blocking_recv() {
//!     for event in events {
//!         if let Event::Evaluation(evaluation) = event {
//!             println!("step {}: {:?}", evaluation.step, evaluation.values);
//!             evaluations += 1;
//!         }
//!     }
//! }
//! assert!(evaluations >= 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// A test that tells one story may be longer than a function should be.
#![cfg_attr(test, allow(clippy::too_many_lines))]

pub mod app;
pub mod config;
pub mod dataset;
pub mod exercise;
pub mod files;
pub mod headless;
pub mod memory;
pub mod nn;
pub mod optim;
pub mod predict;
pub mod protocol;
pub mod random;
pub mod range;
pub mod report;
pub mod runs;
pub mod tensors;
pub mod text;
pub mod threads;
pub mod train;
pub mod ui;
