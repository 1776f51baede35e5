//! `gradtop data`: a data set in numbers and pictures.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;

use gradtop::{
    dataset::{self, ChannelSummary, DataNote, DataSpec, Dataset, DatasetSummary, PartSummary, Source},
    protocol,
    text::{Safe, columns, cut, resolved, short, thousands, wrap_whole},
    ui::{ColorDepth, Theme},
};
use picture::{DrawnPicture, PictureInk};

use super::{DataArguments, screen, start};

mod picture;
mod scatter;

/// Most columns of a table that are listed one by one.
const MAX_LISTED_CHANNELS: usize = 32;

/// Longest name of a column in the table of values; what is longer is cut.
const MAX_NAME_COLUMNS: u16 = 24;

/// Fewest columns of a number in the table of values.
const MIN_NUMBER_COLUMNS: usize = 9;

/// Loads, then describes on standard output.
pub fn run(arguments: &DataArguments) -> anyhow::Result<u8> {
    let mut config = start::load_configuration(&arguments.run)?;
    if let Some(source) = &arguments.source {
        config.data.source = Source::from_argument(source);
    }
    let (data, summary) = load_summary(&config.data)?;
    let mut out = screen::stdout_for_people();
    let printed = if arguments.json {
        serde_json::to_writer(&mut out, &summary).map_err(io::Error::from).and_then(|()| writeln!(out))
    } else {
        print_summary(&mut out, &data, &summary, &TextScreen::detect(), arguments.images)
    };
    printed.and_then(|()| out.flush())?;
    Ok(0)
}

/// Loads the values as they are stored with their summary, and shows a line of progress on a terminal.
fn load_summary(spec: &DataSpec) -> Result<(Dataset, DatasetSummary), dataset::DataError> {
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
    let loaded = dataset::load_summarized(spec, &mut progress);
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
        let theme = Theme::detect(None, None, |name| std::env::var(name).ok());
        let terminal = io::stdout().is_terminal();
        let ink = match theme.depth {
            ColorDepth::True if terminal && theme.has_blocks() => PictureInk::True,
            ColorDepth::Indexed if terminal && theme.has_blocks() => PictureInk::Indexed,
            _ => PictureInk::Ascii { light_ground: terminal && theme.background == gradtop::ui::Background::Light },
        };
        let colored = terminal && matches!(theme.depth, ColorDepth::True | ColorDepth::Indexed);
        Self { columns: screen::output_columns().min(400), ink, colored }
    }
}

fn print_summary(
    out: &mut impl Write,
    data: &Dataset,
    summary: &DatasetSummary,
    screen: &TextScreen,
    images: Option<usize>,
) -> io::Result<()> {
    let sides: Vec<String> = summary.shape.iter().map(ToString::to_string).collect();
    let axes = match summary.shape[..] {
        [_, _, _] => "channels × rows × columns",
        [1] => "number",
        _ => "numbers",
    };
    writeln!(out, "{}", Safe(&summary.name))?;
    writeln!(out, "  sample    {} {axes}", sides.join("×"))?;
    writeln!(out, "  training  {} samples", thousands(summary.train.samples as u64))?;
    writeln!(out, "  test      {} samples", thousands(summary.test.samples as u64))?;
    print_notes(out, &summary.notes, screen.columns)?;
    writeln!(out)?;
    print_class_counts(out, summary)?;
    writeln!(out)?;
    print_value_ranges(out, summary)?;
    match data.shape[..] {
        [_, _, _] => print_pictures(out, data, &summary.train, screen, images),
        [2] => {
            writeln!(out)?;
            scatter::draw_scatter_plot(out, data, screen.columns.min(72), screen.colored)
        }
        _ => Ok(()),
    }
}

/// What was left out or assumed, and what looks wrong, in lines of at most `width` columns.
fn print_notes(out: &mut impl Write, notes: &[DataNote], width: usize) -> io::Result<()> {
    const INDENT_COLUMNS: usize = 16;
    if !notes.is_empty() {
        writeln!(out)?;
    }
    let room = u16::try_from(width.saturating_sub(INDENT_COLUMNS)).unwrap_or(u16::MAX).max(20);
    for note in notes {
        let words = protocol::DataNoteKind::from(note.kind).words();
        for (line, text) in wrap_whole(&note.text, room).iter().enumerate() {
            writeln!(out, "  {:<14}{text}", if line == 0 { words } else { "" })?;
        }
    }
    Ok(())
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
fn print_value_ranges(out: &mut impl Write, summary: &DatasetSummary) -> io::Result<()> {
    let channels = &summary.train.channels;
    let colors: &[&str] = match summary.shape[..] {
        [1, _, _] => &["grey"],
        [3, _, _] => &["red", "green", "blue"],
        _ => &[],
    };
    let name = |index: usize| match (colors.get(index), summary.columns.get(index)) {
        (Some(color), _) => (*color).to_owned(),
        (None, Some(name)) if !name.is_empty() => cut(&Safe(name).to_string(), MAX_NAME_COLUMNS, "…").into_owned(),
        _ => index.to_string(),
    };
    let what = if summary.shape.len() == 3 { "channel" } else { "column" };
    let heading = [what, "mean", "std", "min", "max"].map(String::from);
    let figures = channels.iter().enumerate().take(MAX_LISTED_CHANNELS).map(|(index, channel)| {
        let ChannelSummary { mean, std, min, max } = *channel;
        [name(index), resolved(mean, std), short(std), resolved(min, std), resolved(max, std)]
    });
    let rows: Vec<[String; 5]> = [heading].into_iter().chain(figures).collect();
    let widest = |column: usize| rows.iter().map(|row| columns(&row[column])).max().unwrap_or(0);
    let numbers = (1..5).map(widest).fold(MIN_NUMBER_COLUMNS, usize::max);
    let names = widest(0).max(7);
    for [name, figures @ ..] in &rows {
        // Names of columns begin at the left, as text does.
        let (left, right) =
            if summary.shape.len() == 3 { (names - columns(name), 0) } else { (0, names - columns(name)) };
        let figures: Vec<String> = figures.iter().map(|figure| format!("  {figure:>numbers$}")).collect();
        writeln!(out, "  {:left$}{name}{:right$}{}", "", "", figures.concat())?;
    }
    if channels.len() > MAX_LISTED_CHANNELS {
        writeln!(out, "  … and {} more", thousands((channels.len() - MAX_LISTED_CHANNELS) as u64))?;
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
    use gradtop::dataset::{Preprocessing, Toy};

    use super::*;

    fn described(spec: &DataSpec, ink: PictureInk, images: Option<usize>) -> String {
        let (data, summary) = load_summary(spec).unwrap();
        let mut out = Vec::new();
        let screen = TextScreen { columns: 80, ink, colored: ink != (PictureInk::Ascii { light_ground: false }) };
        print_summary(&mut out, &data, &summary, &screen, images).unwrap();
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
    fn notes_and_names_of_columns_are_told() {
        let spec = DataSpec { source: Source::Toy(Toy::Moons), ..DataSpec::default() };
        let (data, mut summary) = load_summary(&spec).unwrap();
        summary.columns = vec!["年収 of the household in thousands".into(), "malic_acid\u{1b}[2J".into()];
        let long = format!("/home/{}/a.csv: the first row is taken for names", "x".repeat(90));
        summary.notes = vec![DataNote::left_out("column 1 counts the rows"), DataNote::assumed(long)];
        let mut out = Vec::new();
        let screen = TextScreen { columns: 80, ink: PictureInk::Ascii { light_ground: false }, colored: false };
        print_summary(&mut out, &data, &summary, &screen, None).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\n  left out      column 1 counts the rows\n  assumed       /home/xxx"), "{text}");
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words.join(" ").contains("taken for names") && text.lines().all(|line| columns(line) <= 80), "{text}");
        let table: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("  column")).take(3).collect();
        assert!(
            table[1].starts_with("  年収 of the household i…") && table[2].starts_with("  malic_acid·[2J"),
            "{table:?}"
        );
        assert_eq!(table.iter().map(|line| columns(line)).max(), table.iter().map(|line| columns(line)).min());
    }

    #[test]
    fn a_common_offset_costs_no_digit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("times.csv");
        let rows: Vec<String> = (0..100).map(|i| format!("{},{}", 1_700_000_000 + i, i % 2)).collect();
        std::fs::write(&path, rows.join("\n")).unwrap();
        let spec = DataSpec { source: Source::parse(path.to_str().unwrap()), ..DataSpec::default() };
        let (_, summary) = load_summary(&spec).unwrap();
        let channel = &summary.train.channels[0];
        assert!((channel.std - 28.9).abs() < 1.5, "{channel:?}");
        assert!(channel.min >= 1.7e9 && channel.max <= 1_700_000_099.5, "{channel:?}");
        assert_eq!(resolved(channel.max, channel.std).len(), "1700000099".len(), "{channel:?}");
        assert!(channel.min.fract() == 0.0 && channel.max.fract() == 0.0, "{channel:?}");
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
