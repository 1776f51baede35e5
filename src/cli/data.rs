//! `gradtop data`: a data set in numbers and pictures.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;

use gradtop::{
    dataset::{self, ChannelSummary, DataSpec, Dataset, DatasetSummary, PartSummary, Preprocessing, Source},
    text::{Safe, short, thousands},
    ui::{ColorDepth, Theme},
};
use picture::{DrawnPicture, PictureInk};

use super::{DataArguments, start};

mod picture;
mod scatter;

/// Most columns of a table that are listed one by one.
const MAX_LISTED_CHANNELS: usize = 16;

/// Columns to draw on where the terminal does not say.
const DEFAULT_COLUMNS: usize = 80;

/// Loads, then describes on standard output.
pub fn run(arguments: &DataArguments) -> anyhow::Result<u8> {
    let mut config = start::load_configuration(&arguments.run)?;
    if let Some(source) = &arguments.source {
        config.data.source = Source::parse(source);
    }
    // The values as they are stored, whatever a run makes of them.
    let spec = DataSpec { preprocessing: Preprocessing::None, ..config.data };
    let data = load_data(&spec)?;
    let summary = dataset::summarize(&data);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let printed = if arguments.json {
        serde_json::to_writer(&mut out, &summary).map_err(io::Error::from).and_then(|()| writeln!(out))
    } else {
        print_summary(&mut out, &data, &summary, &TextScreen::detect(), arguments.images)
    };
    match printed.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(0),
    }
}

/// Loads with a line of progress on a terminal.
fn load_data(spec: &DataSpec) -> Result<Dataset, dataset::DataError> {
    let watched = io::stderr().is_terminal();
    let mut shown = None;
    let mut progress = |what: &str, fraction: Option<f64>| {
        let percent = (100.0 * fraction.unwrap_or(0.0)) as u32;
        if watched && shown != Some(percent) {
            shown = Some(percent);
            // Without it the work is the same.
            let _ = write!(io::stderr(), "\r{what}: {percent} % ");
        }
        ControlFlow::Continue(())
    };
    let loaded = dataset::load(spec, &mut progress);
    if shown.is_some() {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    loaded
}

/// What there is to draw on.
#[derive(Clone, Copy, Debug)]
struct TextScreen {
    columns: usize,
    ink: PictureInk,
    /// Whether colours may tell classes apart.
    colored: bool,
}

impl TextScreen {
    fn detect() -> Self {
        let theme = Theme::detect(None, |name| std::env::var(name).ok());
        let terminal = io::stdout().is_terminal();
        let ink = match theme.depth {
            ColorDepth::True if terminal && theme.unicode => PictureInk::True,
            ColorDepth::Indexed if terminal && theme.unicode => PictureInk::Indexed,
            _ => PictureInk::Ascii { light_ground: terminal && theme.background == gradtop::ui::Background::Light },
        };
        let colored = terminal && matches!(theme.depth, ColorDepth::True | ColorDepth::Indexed);
        Self { columns: terminal_columns().clamp(20, 400), ink, colored }
    }
}

#[cfg(unix)]
fn terminal_columns() -> usize {
    rustix::termios::tcgetwinsize(io::stdout())
        .map_or(DEFAULT_COLUMNS, |size| if size.ws_col == 0 { DEFAULT_COLUMNS } else { size.ws_col.into() })
}

#[cfg(not(unix))]
fn terminal_columns() -> usize {
    std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_COLUMNS)
}

fn print_summary(
    out: &mut impl Write,
    data: &Dataset,
    summary: &DatasetSummary,
    screen: &TextScreen,
    images: Option<usize>,
) -> io::Result<()> {
    let sides: Vec<String> = summary.shape.iter().map(ToString::to_string).collect();
    let axes = if summary.shape.len() == 3 { "channels × rows × columns" } else { "numbers" };
    writeln!(out, "{}", Safe(&summary.name))?;
    writeln!(out, "  sample    {} {axes}", sides.join("×"))?;
    writeln!(out, "  training  {} samples", thousands(summary.train.samples as u64))?;
    writeln!(out, "  test      {} samples", thousands(summary.test.samples as u64))?;
    writeln!(out)?;
    print_class_counts(out, summary)?;
    writeln!(out)?;
    print_value_ranges(out, &summary.train, &summary.shape)?;
    match data.shape[..] {
        [_, _, _] => print_pictures(out, data, &summary.train, screen, images),
        [2] => {
            writeln!(out)?;
            scatter::draw_scatter_plot(out, data, screen.columns.min(72), screen.colored)
        }
        _ => Ok(()),
    }
}

/// Samples of each class.
fn print_class_counts(out: &mut impl Write, summary: &DatasetSummary) -> io::Result<()> {
    writeln!(out, "  {:>5}  {:>9}  {:>9}  name", "class", "training", "test")?;
    let counts = summary.train.counts.iter().zip(&summary.test.counts);
    for (class, (name, (train, test))) in summary.classes.iter().zip(counts).enumerate() {
        let (train, test) = (thousands(*train as u64), thousands(*test as u64));
        writeln!(out, "  {class:>5}  {train:>9}  {test:>9}  {}", Safe(name))?;
    }
    Ok(())
}

/// Where the training values lie.
fn print_value_ranges(out: &mut impl Write, part: &PartSummary, shape: &[usize]) -> io::Result<()> {
    let named: &[&str] = match shape {
        [1, _, _] => &["grey"],
        [3, _, _] => &["red", "green", "blue"],
        _ => &[],
    };
    let what = if shape.len() == 3 { "channel" } else { "column" };
    writeln!(out, "  {what:>7}  {:>9}  {:>9}  {:>9}  {:>9}", "mean", "std", "min", "max")?;
    for (index, ChannelSummary { mean, std, min, max }) in part.channels.iter().enumerate().take(MAX_LISTED_CHANNELS) {
        let name = named.get(index).map_or_else(|| index.to_string(), ToString::to_string);
        let [mean, std, min, max] = [*mean, *std, *min, *max].map(short);
        writeln!(out, "  {name:>7}  {mean:>9}  {std:>9}  {min:>9}  {max:>9}")?;
    }
    if part.channels.len() > MAX_LISTED_CHANNELS {
        writeln!(out, "  … and {} more", thousands((part.channels.len() - MAX_LISTED_CHANNELS) as u64))?;
    }
    Ok(())
}

/// The first training image of one class after the other.
fn print_pictures(
    out: &mut impl Write,
    data: &Dataset,
    part: &PartSummary,
    screen: &TextScreen,
    wanted: Option<usize>,
) -> io::Result<()> {
    let width = picture::picture_columns(data.shape[2], screen.columns - 2);
    let per_row = ((screen.columns - 2 + 2) / (width + 2)).max(1);
    // About a screenful, unless more is asked for.
    let wanted = wanted.unwrap_or(if per_row < 4 { 2 * per_row } else { per_row });
    let mut labels = vec![0; data.train.len()];
    let all: Vec<u32> = (0..data.train.len() as u32).collect();
    data.train.gather_labels(&all, &mut labels);
    let range = picture::value_range(&part.channels);
    for row in choose_samples(&labels, data.classes.len(), wanted).chunks(per_row) {
        let pictures: Vec<DrawnPicture> =
            row.iter().map(|&sample| DrawnPicture::new(data, sample, range, screen.columns - 2)).collect();
        writeln!(out)?;
        let titles =
            row.iter().map(|&sample| picture::picture_title(&data.classes[labels[sample as usize] as usize], width));
        writeln!(out, "  {}", titles.collect::<Vec<_>>().join("  ").trim_end())?;
        for line in 0..pictures.first().map_or(0, DrawnPicture::line_count) {
            let lines: Vec<String> = pictures.iter().map(|picture| picture.format_line(line, screen.ink)).collect();
            writeln!(out, "  {}", lines.join("  ").trim_end())?;
        }
    }
    Ok(())
}

/// Up to `wanted` samples: the first of every class, then the second of every class, and so on.
fn choose_samples(labels: &[u8], classes: usize, wanted: usize) -> Vec<u32> {
    let mut seen = vec![0_u32; classes];
    let mut ranked: Vec<(u32, u8, u32)> = Vec::new();
    for (sample, &label) in (0..).zip(labels) {
        let rank = &mut seen[label as usize];
        if (*rank as usize) < wanted.div_ceil(classes) {
            ranked.push((*rank, label, sample));
        }
        *rank += 1;
    }
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, _, sample)| sample).take(wanted).collect()
}

#[cfg(test)]
mod tests {
    use gradtop::dataset::Toy;

    use super::*;

    fn described(spec: &DataSpec, ink: PictureInk, images: Option<usize>) -> String {
        let data = load_data(spec).unwrap();
        let mut out = Vec::new();
        let screen = TextScreen { columns: 80, ink, colored: ink != (PictureInk::Ascii { light_ground: false }) };
        print_summary(&mut out, &data, &dataset::summarize(&data), &screen, images).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn images_are_described_and_drawn() {
        let spec = DataSpec { preprocessing: Preprocessing::None, ..DataSpec::default() };
        let text = described(&spec, PictureInk::Ascii { light_ground: false }, None);
        assert!(
            text.starts_with(
                "fashion-mnist\n  sample    1×28×28 channels × rows × columns\n  training  10,000 samples\n"
            )
        );
        assert!(text.contains("      9      1,000        200  Ankle boot\n"), "{text}");
        assert!(text.lines().any(|line| line.split_whitespace().eq(["grey", "73.1", "90.3", "0", "255"])), "{text}");
        // Two rows of two pictures: the class, then 14 lines each.
        assert_eq!(text.lines().count(), 19 + 2 * 16, "{text}");
        assert!(text.replace('×', "x").is_ascii());
        assert!(!text.contains('\u{1b}') && text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let colored = described(&spec, PictureInk::True, Some(3));
        assert_eq!(colored.lines().filter(|line| line.contains('▀')).count(), 28);
        assert!(colored.lines().all(|line| !line.contains('\u{1b}') || line.ends_with("\u{1b}[0m")));
    }

    #[test]
    fn points_are_drawn_with_a_letter_for_each_class() {
        let spec = DataSpec {
            source: Source::Toy(Toy::Moons),
            preprocessing: Preprocessing::None,
            noise: 0.0,
            ..DataSpec::default()
        };
        let text = described(&spec, PictureInk::Ascii { light_ground: false }, None);
        assert!(text.contains("A upper") && text.contains("B lower") && !text.contains('\u{1b}'), "{text}");
        assert!(text.contains("2 numbers") && text.contains("800"), "{text}");
    }

    #[test]
    fn every_class_comes_before_a_second_of_any() {
        let labels = [2, 2, 0, 2, 1, 0];
        assert_eq!(choose_samples(&labels, 3, 2), [2, 4]);
        assert_eq!(choose_samples(&labels, 3, 5), [2, 4, 0, 5, 1]);
        assert_eq!(choose_samples(&labels, 3, 0), [0_u32; 0]);
        assert_eq!(choose_samples(&labels, 3, 100).len(), 6);
    }
}
