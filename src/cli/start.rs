//! From the command line to a run: configuration, specification, and how errors are told.

use std::{
    fmt,
    io::{self, Write},
    num::NonZeroUsize,
    ops::ControlFlow,
    path::{Path, PathBuf},
    thread,
};

use anyhow::Context;
use gradtop::{
    config::{AttentionChoice, Config, ConfigError, GlyphChoice, Location, PictureChoice, Preset, ThemeChoice},
    dataset::{self, DataError, DatasetOutline, Source},
    nn::Shape,
    protocol::Failure,
    runs::{OpenRunError, folder::RunFolderError, sweep::SweepError},
    tensors::TensorError,
    text::harmless,
    train::{Delivery, MemoryCause, RunSpec, SetupError, TrainSpec, UnusableInput},
    ui::{AttentionSignal, Background, GlyphSet, PictureProtocol, Theme, UiSettings},
};
use tokio::runtime::{Builder, Runtime};

use super::RunArguments;

/// File descriptors that the event loop, the signals and a dashboard open, with a few for the files of a run.
#[cfg(unix)]
const NEEDED_DESCRIPTORS: usize = 18;

/// Wrong use of the command line, or a wrong file that it names.
#[derive(Debug)]
pub struct WrongUse(pub String);

impl fmt::Display for WrongUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUse {}

/// Wrong use or wrong input, as opposed to work that failed.
pub fn is_wrong_input(error: &anyhow::Error) -> bool {
    error.is::<ConfigError>()
        || error.is::<WrongUse>()
        || error.is::<DataError>()
        || error.is::<TensorError>()
        || error.is::<RunFolderError>()
        || error.is::<OpenRunError>()
        || error.is::<SweepError>()
}

/// Builds the event loop, for this thread alone.
///
/// # Errors
/// When the system gives too few file descriptors.
pub fn build_event_loop() -> anyhow::Result<Runtime> {
    // Before any is opened: what opens them does not say which limit it was, and some of it panics.
    #[cfg(unix)]
    find_descriptors().context("can't start the event loop")?;
    Builder::new_current_thread().enable_all().build().context("can't start the event loop")
}

#[cfg(unix)]
fn find_descriptors() -> io::Result<()> {
    use std::os::fd::AsFd;
    let input = io::stdin();
    let found = (0..NEEDED_DESCRIPTORS).map(|_| input.as_fd().try_clone_to_owned()).collect::<io::Result<Vec<_>>>();
    found.map(drop).map_err(|error| {
        let text = format!("{error}: it takes {NEEDED_DESCRIPTORS} more; allow that with `ulimit -n 64`, for example");
        io::Error::new(error.kind(), text)
    })
}

/// Tells an error on standard error.
pub fn print_error(error: &anyhow::Error) {
    print_complaint(&format!("gradtop: {}", describe_chain(error)));
}

/// An error with its causes, each told once: the text of some errors ends with that of their cause.
fn describe_chain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Tells on standard error why a run could not go on.
pub fn print_failure(failure: &Failure) {
    let (what, advice) = (harmless(&failure.what), harmless(&failure.advice));
    print_complaint(&format!("gradtop: failed at step {}: {what}\n  {advice}", failure.step));
}

/// Tells something on standard error that is harmless already.
pub fn print_complaint(text: &str) {
    // There is nowhere left to complain to.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Reads the configuration that the arguments name. Its data is the one that the preset is made for, if that comes from
/// nowhere else: see [`needs_data`].
pub fn load_configuration(arguments: &RunArguments) -> Result<Config, ConfigError> {
    let preset = find_preset(arguments)?;
    let file = arguments.config.as_deref();
    let mut config = Config::load_with_flags(preset, file, &arguments.set, &arguments.flag_values())?;
    let in_file = config.locate("data.source").is_some_and(Location::is_in_file);
    if let (Source::Path(path), true) = (&mut config.data.source, in_file) {
        *path = resolve_beside_file(file, path);
    }
    Ok(config)
}

/// The preset that the arguments name.
fn find_preset(arguments: &RunArguments) -> Result<Option<&'static Preset>, ConfigError> {
    arguments.preset.as_deref().map(Preset::find).transpose()
}

/// The preset whose data have not been named yet.
fn preset_without_data(arguments: &RunArguments, config: &Config) -> Result<Option<&'static Preset>, ConfigError> {
    Ok(find_preset(arguments)?.filter(|_| config.locate("data.source").is_none()))
}

/// Shape and number of classes of the data that is to be computed with: those of the preset, if no data is named. Whether
/// the minibatches of a training fit them does not matter here.
pub fn shape_and_classes(arguments: &RunArguments, config: &Config) -> Result<(Shape, usize), ConfigError> {
    match preset_without_data(arguments, config)? {
        Some(Preset { data, .. }) => Ok((Shape::new(data.shape()), data.classes())),
        None => describe_or_load_data(config).map(|outline| (Shape::new(outline.shape), outline.classes.len())),
    }
}

/// A relative path in a configuration file is meant from the folder of that file.
fn resolve_beside_file(file: Option<&Path>, path: &Path) -> PathBuf {
    file.and_then(Path::parent).map_or_else(|| path.to_path_buf(), |folder| folder.join(path))
}

/// Shape and number of classes of the configured data, after a check that network and batches fit them.
pub fn check_against_data(config: &Config) -> Result<(Shape, usize), ConfigError> {
    let outline = describe_or_load_data(config)?;
    config.check(&outline)?;
    Ok((Shape::new(outline.shape), outline.classes.len()))
}

/// What headers and labels tell of the configured data or, where they do not tell enough, the data themselves.
fn describe_or_load_data(config: &Config) -> Result<DatasetOutline, ConfigError> {
    let described = dataset::describe(&config.data).and_then(|outline| match outline {
        Some(outline) => Ok(outline),
        None => dataset::load(&config.data, &mut |_, _| ControlFlow::Continue(())).map(|data| data.outline()),
    });
    described.map_err(|error| data_error(config, &error))
}

/// What headers and labels tell of the configured data, after the same check; `None` where they do not tell enough.
fn describe_fitting_data(config: &Config) -> Result<Option<DatasetOutline>, ConfigError> {
    let outline = dataset::describe(&config.data).map_err(|error| data_error(config, &error))?;
    outline.as_ref().map_or(Ok(()), |outline| config.check(outline))?;
    Ok(outline)
}

/// An error about the data, shown where the data were named.
fn data_error(config: &Config, error: &DataError) -> ConfigError {
    let key = if matches!(error, DataError::Augment { .. }) { "data.augment" } else { "data.source" };
    config.error_at_key(key, error.to_string())
}

/// Input that the worker refused, shown where it was written.
pub fn refused_input_error(config: &Config, refused: UnusableInput) -> ConfigError {
    match refused {
        UnusableInput::Data(problem) => config.error_at_key("data.source", problem),
        UnusableInput::Augmentations(problem) => config.error_at_key("data.augment", problem),
        UnusableInput::Setup(error) => setup_error(config, error),
    }
}

/// Why a trainer could not be set up, shown where that was written.
pub fn setup_error(config: &Config, error: SetupError) -> ConfigError {
    match error {
        SetupError::Network(error) => config.error_of_network(&error),
        SetupError::Batches(error) => config.error_at_key("run.batch_size", error.to_string()),
        SetupError::Memory(error) => match error.cause {
            MemoryCause::Layer(layer) => config.error_at_layer(Some(layer), error.to_string()),
            MemoryCause::BatchSize => config.error_at_key("run.batch_size", error.to_string()),
            MemoryCause::Data => config.error_at_key("data.source", error.to_string()),
        },
    }
}

/// Makes sure that there is memory for a run, as far as the data's headers show it; with `saves` also for its checkpoints.
pub fn check_memory(config: &Config, spec: &RunSpec, saves: bool) -> Result<(), ConfigError> {
    let Some(outline) = &spec.checked else { return Ok(()) };
    spec.train.check_memory(outline, 0, saves).map_err(|error| setup_error(config, SetupError::Memory(error)))
}

/// The run that arguments and configuration describe, checked against the data's headers.
pub fn run_spec(arguments: &RunArguments, config: &Config) -> Result<RunSpec, ConfigError> {
    if let Some(Preset { name, data, .. }) = preset_without_data(arguments, config)? {
        let message = format!("the preset {name} is made for {}: {}", data.name(), data.how_to_get());
        return Err(config.error_at_key("data.source", message));
    }
    let checked = describe_fitting_data(config)?;
    let spec = RunSpec {
        name: config.run_name(),
        data: config.data.clone(),
        checked,
        train: train_spec(config, thread_count(arguments.threads, config)),
        throttle: None,
        timeline_bytes: usize::try_from(config.timeline.memory << 20).unwrap_or(usize::MAX),
        delivery: Delivery::Thin,
        stop_when_finished: true,
    };
    check_memory(config, &spec, false)?;
    Ok(spec)
}

/// What the configuration says of the training.
pub fn train_spec(config: &Config, threads: NonZeroUsize) -> TrainSpec {
    let run = &config.run;
    TrainSpec {
        seed: run.seed,
        epochs: run.epochs,
        steps: run.steps,
        stop_after: None,
        batch_size: config.batch_size(),
        evaluate_every: run.evaluate_every,
        patience: run.patience,
        probe_every: run.probe_every,
        threads,
        network: config.model.clone(),
        optimizer: config.optimizer.optimizer_spec(),
        learning_rate: config.optimizer.learning_rate,
        clip_norm: config.optimizer.clip_norm,
        ema: config.optimizer.ema,
        schedule: config.schedule,
        health: config.health.clone(),
    }
}

/// Threads to compute with: the argument, else the configuration, else all cores.
pub fn thread_count(argument: Option<u16>, config: &Config) -> NonZeroUsize {
    argument
        .and_then(|threads| NonZeroUsize::new(threads.into()))
        .or(config.run.threads)
        .or_else(|| thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

/// How the dashboard is to look in this terminal.
pub fn ui_settings(config: &Config) -> UiSettings {
    let background = match config.ui.theme {
        ThemeChoice::Auto => None,
        ThemeChoice::Dark => Some(Background::Dark),
        ThemeChoice::Light => Some(Background::Light),
    };
    let variable = |name: &str| std::env::var(name).ok();
    let glyphs = match config.ui.glyphs {
        GlyphChoice::Auto => None,
        GlyphChoice::Braille => Some(GlyphSet::Braille),
        GlyphChoice::Blocks => Some(GlyphSet::Blocks),
        GlyphChoice::Ascii => Some(GlyphSet::Ascii),
    };
    let theme = Theme::detect(background, glyphs, variable);
    let chosen = match config.ui.pictures {
        PictureChoice::Auto => None,
        PictureChoice::Blocks => Some(PictureProtocol::Blocks),
        PictureChoice::Kitty => Some(PictureProtocol::Kitty),
        PictureChoice::Sixel => Some(PictureProtocol::Sixel),
    };
    let attention = match config.ui.notify {
        AttentionChoice::Off => AttentionSignal::Off,
        AttentionChoice::Bell => AttentionSignal::Bell,
        AttentionChoice::Osc9 => AttentionSignal::Osc9,
    };
    let pictures = PictureProtocol::detect(chosen, theme.depth, variable);
    UiSettings { fps: config.ui.fps, theme, pictures, attention }
}
