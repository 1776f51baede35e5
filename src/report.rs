//! Charts for a report on paper or a page: panels side by side as one SVG, without any other file.
//!
//! Lines differ in colour and in dashes, so that a grey print still tells them apart; colours are those of Okabe and
//! Ito, which most people with a colour deficiency can tell apart too.

use std::fmt::Write as _;

mod axis;

use axis::PlotAxis;

use crate::text::cut;

/// Panels under one title.
#[derive(Clone, Debug)]
pub struct PlotFigure {
    /// What is shown.
    pub title: String,
    /// Under which circumstances, smaller below the title.
    pub subtitle: String,
    /// The panels from left to right.
    pub panels: Vec<PlotPanel>,
}

/// One pair of axes with lines.
#[derive(Clone, Debug)]
pub struct PlotPanel {
    /// What its lines show.
    pub title: String,
    /// Quantity and unit of the horizontal axis.
    pub x_label: String,
    /// What the values along it are.
    pub x_scale: PlotScale,
    /// Quantity and unit of the vertical axis.
    pub y_label: String,
    /// The lines.
    pub series: Vec<PlotSeries>,
    /// Where the vertical axis ends at the latest, so that a few values far above do not flatten all others; lines go
    /// on beyond the edge.
    pub y_most: Option<f64>,
    /// A remark inside the plot, such as where a line came from that begins beyond the edge.
    pub note: Option<String>,
    /// Where something happened, in the order of x.
    pub marks: Vec<PlotMark>,
}

/// What the values along an axis are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlotScale {
    /// Values themselves; the axis begins at 0.
    #[default]
    FromZero,
    /// Exponents of powers of ten, at which the axis has its ticks.
    PowersOfTen,
}

/// A place on the horizontal axis where something happened.
#[derive(Clone, Debug, PartialEq)]
pub struct PlotMark {
    /// Its place.
    pub x: f64,
    /// What happened.
    pub text: String,
}

/// A line with an optional band around it.
#[derive(Clone, Debug)]
pub struct PlotSeries {
    /// Its name in the legend.
    pub name: String,
    /// How it is drawn.
    pub stroke: PlotStroke,
    /// (x, y) in the order of x; a point that is not finite leaves a gap.
    pub points: Vec<(f64, f64)>,
    /// (x, least, most) in the order of x; a point that is not finite is left out.
    pub band: Vec<(f64, f64, f64)>,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlotStroke {
    /// A solid line in blue with a dot at every point.
    Solid,
    /// A dashed line in vermilion.
    Dashed,
}

impl PlotStroke {
    const fn color(self) -> &'static str {
        match self {
            Self::Solid => "#0072b2",
            Self::Dashed => "#d55e00",
        }
    }

    const fn dashes(self) -> &'static str {
        match self {
            Self::Solid => "",
            Self::Dashed => " stroke-dasharray=\"6 3\"",
        }
    }
}

/// Size of the area between the axes, in the picture's units.
const PLOT_SIZE: (f64, f64) = (360.0, 240.0);
/// Room to the left of a plot, for ticks and label.
const LEFT_MARGIN: f64 = 80.0;
/// Room to its right.
const RIGHT_MARGIN: f64 = 20.0;
/// Room above it, for the titles.
const TOP_MARGIN: f64 = 84.0;
/// Room below it, for ticks and label.
const BOTTOM_MARGIN: f64 = 52.0;
/// Least distance of two marks whose texts are both written.
const MARK_TEXT_DISTANCE: f64 = 12.0;
/// Longest text of a mark, in columns: along the height of the plot.
const MAX_MARK_COLUMNS: u16 = 38;

/// Where the values of a panel lie in the picture.
struct PlotFrame {
    left: f64,
    x: PlotAxis,
    y: PlotAxis,
}

impl PlotFrame {
    fn new(left: f64, panel: &PlotPanel) -> Self {
        let all = |pick: fn(&(f64, f64, f64)) -> Vec<f64>| {
            let values = panel.series.iter().flat_map(move |series| {
                let points = series.points.iter().map(|&(x, y)| (x, y, y));
                points.chain(series.band.iter().copied()).flat_map(move |point| pick(&point)).collect::<Vec<_>>()
            });
            values.filter(|value| value.is_finite()).collect::<Vec<_>>()
        };
        let mut xs = all(|&(x, ..)| vec![x]);
        if panel.x_scale == PlotScale::FromZero {
            xs.push(0.0);
        }
        xs.extend(panel.marks.iter().map(|mark| mark.x).filter(|x| x.is_finite()));
        let mut ys = all(|&(_, least, most)| vec![least, most]);
        if let Some(y_most) = panel.y_most {
            for y in &mut ys {
                *y = y.min(y_most);
            }
        }
        let x = match panel.x_scale {
            PlotScale::FromZero => PlotAxis::new(&xs, 6),
            PlotScale::PowersOfTen => PlotAxis::of_powers(&xs),
        };
        Self { left, x, y: PlotAxis::new(&ys, 6) }
    }

    fn place_of_point(&self, x: f64, y: f64) -> (f64, f64) {
        (self.left + PLOT_SIZE.0 * self.x.share_along(x), TOP_MARGIN + PLOT_SIZE.1 * (1.0 - self.y.share_along(y)))
    }
}

impl PlotFigure {
    /// The figure as a whole SVG document. The same figure gives the same bytes.
    pub fn to_svg(&self) -> String {
        self.to_svg_in_page("plot")
    }

    /// The same for a page with several figures: `id` begins the names within each, which must differ on a page.
    pub fn to_svg_in_page(&self, id: &str) -> String {
        let width = self.panels.len() as f64 * (LEFT_MARGIN + PLOT_SIZE.0 + RIGHT_MARGIN);
        let height = TOP_MARGIN + PLOT_SIZE.1 + BOTTOM_MARGIN;
        let (title, subtitle) = (escape_xml(&self.title), escape_xml(&self.subtitle));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" \
             fill=\"#222\">\n<title>{title}: {subtitle}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text x=\"{center}\" y=\"24\" font-size=\"16\" font-weight=\"bold\" text-anchor=\"middle\">{title}</text>\n\
             <text x=\"{center}\" y=\"42\" fill=\"#555\" text-anchor=\"middle\">{subtitle}</text>\n",
            center = width / 2.0,
        );
        for (position, panel) in self.panels.iter().enumerate() {
            let left = LEFT_MARGIN + position as f64 * (LEFT_MARGIN + PLOT_SIZE.0 + RIGHT_MARGIN);
            panel.draw(&mut svg, &PlotFrame::new(left, panel), id);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

impl PlotPanel {
    fn draw(&self, svg: &mut String, frame: &PlotFrame, id: &str) {
        let (left, right, bottom) = (frame.left, frame.left + PLOT_SIZE.0, TOP_MARGIN + PLOT_SIZE.1);
        self.draw_axes(svg, frame);
        self.draw_marks(svg, frame);
        // Numbered by its place: names within a document must differ.
        let _ = writeln!(
            svg,
            "<clipPath id=\"{id}{left}\"><rect x=\"{}\" y=\"{TOP_MARGIN}\" width=\"{}\" height=\"{}\"/></clipPath>\n\
             <g clip-path=\"url(#{id}{left})\">",
            left - 4.0,
            PLOT_SIZE.0 + 8.0,
            PLOT_SIZE.1 + 4.0,
        );
        for series in &self.series {
            series.draw(svg, frame);
        }
        svg.push_str("</g>\n");
        if let Some(note) = &self.note {
            let (x, y) = (left + 14.0, TOP_MARGIN + 14.0);
            // The halo keeps it legible where a line runs through.
            let _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"{y}\" font-size=\"11\" fill=\"#555\" stroke=\"#fff\" stroke-width=\"4\" \
                 paint-order=\"stroke\">{}</text>",
                escape_xml(note)
            );
        }
        // Over the lines, so that the frame is whole.
        let _ = writeln!(svg, "<path d=\"M{left} {TOP_MARGIN}V{bottom}H{right}\" fill=\"none\" stroke=\"#222\"/>");
        self.draw_legend(svg, frame);
    }

    /// Titles, rules and ticks.
    fn draw_axes(&self, svg: &mut String, frame: &PlotFrame) {
        let (left, right, bottom) = (frame.left, frame.left + PLOT_SIZE.0, TOP_MARGIN + PLOT_SIZE.1);
        let (center, middle) = (left + PLOT_SIZE.0 / 2.0, TOP_MARGIN + PLOT_SIZE.1 / 2.0);
        let (title, x_label, y_label) = (escape_xml(&self.title), escape_xml(&self.x_label), escape_xml(&self.y_label));
        // Left of the longest text of a tick, such as 0.00096.
        let label = left - 64.0;
        let _ = writeln!(
            svg,
            "<text x=\"{center}\" y=\"{}\" font-size=\"13\" font-weight=\"bold\" text-anchor=\"middle\">{title}</text>\n\
             <text x=\"{center}\" y=\"{}\" text-anchor=\"middle\">{x_label}</text>\n\
             <text x=\"{label}\" y=\"{middle}\" text-anchor=\"middle\" transform=\"rotate(-90 {label} {middle})\">\
             {y_label}</text>",
            TOP_MARGIN - 12.0,
            bottom + 40.0,
        );
        for (value, text) in frame.x.ticks() {
            let (x, _) = frame.place_of_point(value, 0.0);
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} {TOP_MARGIN}V{bottom}\" stroke=\"#e4e4e4\"/>\
                 <path d=\"M{x:.1} {bottom}v5\" stroke=\"#222\"/>\
                 <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{text}</text>",
                bottom + 19.0,
            );
        }
        for (value, text) in frame.y.ticks() {
            let (_, y) = frame.place_of_point(0.0, value);
            let _ = writeln!(
                svg,
                "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#e4e4e4\"/><path d=\"M{left} {y:.1}h-5\" stroke=\"#222\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                left - 9.0,
                y + 4.0,
            );
        }
    }

    /// A dotted line at each mark, with its text where there is room.
    fn draw_marks(&self, svg: &mut String, frame: &PlotFrame) {
        let bottom = TOP_MARGIN + PLOT_SIZE.1;
        let mut written = f64::NEG_INFINITY;
        for mark in self.marks.iter().filter(|mark| mark.x.is_finite()) {
            let (x, _) = frame.place_of_point(mark.x, 0.0);
            let whole = escape_xml(&mark.text);
            let _ = writeln!(
                svg,
                "<g><title>{whole}</title><path d=\"M{x:.1} {TOP_MARGIN}V{bottom}\" stroke=\"#888\" \
                 stroke-dasharray=\"1 3\"/><path d=\"M{x:.1} {bottom}l-4 -4l4 -4l4 4z\" fill=\"#444\"/></g>",
            );
            if x - written < MARK_TEXT_DISTANCE {
                continue;
            }
            written = x;
            // Left of the line, but for the first of all, which would stand on the axis.
            let (x, y) = (if x - frame.left < MARK_TEXT_DISTANCE { x + 11.0 } else { x - 4.0 }, bottom - 10.0);
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y}\" font-size=\"10\" fill=\"#555\" \
                 transform=\"rotate(-90 {x:.1} {y})\">{}</text>",
                escape_xml(&cut(&mark.text, MAX_MARK_COLUMNS, "…")),
            );
        }
    }

    /// The legend, in whichever right-hand corner is emptier.
    fn draw_legend(&self, svg: &mut String, frame: &PlotFrame) {
        let longest = self.series.iter().map(|series| series.name.chars().count()).max().unwrap_or(0);
        let (width, height) = (44.0 + 6.2 * longest as f64, 8.0 + 18.0 * self.series.len() as f64);
        let left = frame.left + PLOT_SIZE.0 - width - 8.0;
        let nearest = |y: f64| {
            let points = self.series.iter().flat_map(|series| &series.points).map(|&(x, y)| frame.place_of_point(x, y));
            points.filter(|&(x, _)| x >= left).map(|(_, at)| (at - y).abs()).fold(f64::INFINITY, f64::min)
        };
        let (top, low) = (TOP_MARGIN + 8.0, TOP_MARGIN + PLOT_SIZE.1 - height - 8.0);
        let top = if nearest(top + height / 2.0) >= nearest(low + height / 2.0) { top } else { low };
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"#fff\" fill-opacity=\"0.85\" \
             stroke=\"#ccc\"/>",
        );
        for (position, series) in self.series.iter().enumerate() {
            let y = top + 13.0 + 18.0 * position as f64;
            let (color, dashes, name) = (series.stroke.color(), series.stroke.dashes(), escape_xml(&series.name));
            let _ = writeln!(
                svg,
                "<path d=\"M{} {y}h24\" stroke=\"{color}\" stroke-width=\"2\"{dashes}/><text x=\"{}\" y=\"{}\">{name}</text>",
                left + 8.0,
                left + 38.0,
                y + 4.0,
            );
        }
    }
}

impl PlotSeries {
    fn draw(&self, svg: &mut String, frame: &PlotFrame) {
        let color = self.stroke.color();
        let whole: Vec<_> =
            self.band.iter().filter(|(x, a, b)| x.is_finite() && a.is_finite() && b.is_finite()).collect();
        if whole.len() > 1 {
            let above = whole.iter().map(|&&(x, _, most)| frame.place_of_point(x, most));
            let below = whole.iter().rev().map(|&&(x, least, _)| frame.place_of_point(x, least));
            let corners: Vec<String> = above.chain(below).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = writeln!(svg, "<polygon points=\"{}\" fill=\"{color}\" fill-opacity=\"0.18\"/>", corners.join(" "));
        }
        let mut path = String::new();
        let mut pen_down = false;
        for &(x, y) in &self.points {
            if !(x.is_finite() && y.is_finite()) {
                pen_down = false;
                continue;
            }
            let (x, y) = frame.place_of_point(x, y);
            let _ = write!(path, "{}{x:.1} {y:.1}", if pen_down { 'L' } else { 'M' });
            pen_down = true;
        }
        let dashes = self.stroke.dashes();
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-linejoin=\"round\"{dashes}/>"
        );
        if self.stroke == PlotStroke::Solid {
            for &(x, y) in self.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()) {
                let (x, y) = frame.place_of_point(x, y);
                let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{color}\"/>");
            }
        }
    }
}

/// A text as it stands in XML and HTML, between tags or in double quotes.
pub fn escape_xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no way to write these.
            c if c.is_control() => out.push('·'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(points: &[(f64, f64)]) -> PlotFigure {
        let series = |name: &str, stroke, points: &[(f64, f64)]| PlotSeries {
            name: name.into(),
            stroke,
            points: points.to_vec(),
            band: Vec::new(),
        };
        PlotFigure {
            title: "A & B".into(),
            subtitle: "x < y".into(),
            panels: vec![PlotPanel {
                title: "Loss".into(),
                x_label: "minibatches".into(),
                x_scale: PlotScale::FromZero,
                y_label: "nats".into(),
                series: vec![
                    series("train", PlotStroke::Dashed, points),
                    series("test", PlotStroke::Solid, &[(0.0, 2.0), (100.0, 0.0)]),
                ],
                y_most: None,
                note: None,
                marks: Vec::new(),
            }],
        }
    }

    #[test]
    fn points_land_where_the_axes_say() {
        let svg = figure(&[(50.0, 1.0)]).to_svg();
        // From (0, 2), the upper left corner, to (100, 0), the lower right one.
        assert!(svg.contains("d=\"M80.0 84.0L440.0 324.0\""), "{svg}");
        assert!(svg.contains("d=\"M260.0 204.0\""), "{svg}");
    }

    #[test]
    fn an_axis_of_powers_of_ten_spans_the_values_and_no_more() {
        let mut figure = figure(&[(-7.0, 1.0), (-3.0, 0.0)]);
        figure.panels[0].series.truncate(1);
        figure.panels[0].x_scale = PlotScale::PowersOfTen;
        let svg = figure.to_svg();
        assert!(svg.contains("d=\"M80.0 84.0L440.0 324.0\""), "{svg}");
        for tick in [">1e-7<", ">1e-6<", ">0.001<"] {
            assert!(svg.contains(tick), "{tick} in {svg}");
        }
    }

    #[test]
    fn an_axis_that_ends_early_cuts_lines_at_its_edge() {
        let mut figure = figure(&[(0.0, 50.0), (100.0, 0.0)]);
        (figure.panels[0].y_most, figure.panels[0].note) = (Some(2.0), Some("from 50".into()));
        let svg = figure.to_svg();
        assert!(svg.contains("d=\"M80.0 84.0L440.0 324.0\""), "{svg}");
        assert!(svg.contains("d=\"M80.0 -5676.0L440.0 324.0\"") && svg.contains("clip-path=\"url(#plot80)\""), "{svg}");
        assert!(svg.contains(">from 50<"));
    }

    #[test]
    fn marks_stand_where_they_belong_and_their_texts_do_not_overlap() {
        let mut figure = figure(&[(50.0, 1.0)]);
        let mark = |x, text: &str| PlotMark { x, text: text.into() };
        figure.panels[0].marks = vec![mark(25.0, "lr <1>"), mark(26.0, "lr 2"), mark(f64::NAN, "lr 3")];
        let svg = figure.to_svg();
        assert!(svg.contains("d=\"M170.0 84V324\""), "{svg}");
        assert_eq!(svg.matches("lr &lt;1&gt;").count(), 2, "{svg}");
        assert_eq!((svg.matches("lr 2").count(), svg.matches("lr 3").count()), (1, 0), "{svg}");
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn figures_on_one_page_have_names_of_their_own() {
        let figure = figure(&[(50.0, 1.0)]);
        assert!(figure.to_svg().contains("\"plot80\""));
        let svg = figure.to_svg_in_page("rates");
        assert!(svg.contains("id=\"rates80\"") && svg.contains("url(#rates80)") && !svg.contains("plot80"), "{svg}");
    }

    #[test]
    fn texts_are_escaped_and_all_there() {
        let svg = figure(&[(50.0, 1.0)]).to_svg();
        for text in ["A &amp; B", "x &lt; y", ">Loss<", ">minibatches<", ">nats<", ">train<", ">test<"] {
            assert!(svg.contains(text), "{text} in {svg}");
        }
    }

    #[test]
    fn numbers_that_are_not_finite_leave_a_gap_and_never_get_into_the_picture() {
        let svg = figure(&[(0.0, 1.0), (10.0, f64::NAN), (20.0, 1.0), (30.0, f64::INFINITY)]).to_svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert_eq!(svg.lines().find(|line| line.contains("6 3")).unwrap().matches('M').count(), 2, "{svg}");
    }

    #[test]
    fn empty_and_constant_series_have_axes() {
        for points in [&[][..], &[(5.0, 5.0)], &[(0.0, 0.0)], &[(1.0, 1e300), (2.0, -1e300)]] {
            let svg = figure(points).to_svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{points:?}: {svg}");
        }
        let nothing = PlotFigure { title: String::new(), subtitle: String::new(), panels: Vec::new() };
        assert!(nothing.to_svg().ends_with("</svg>\n"));
    }

    #[test]
    fn every_element_is_closed() {
        let mut open = Vec::new();
        let svg = figure(&[(50.0, 1.0)]).to_svg();
        for tag in svg.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None if tag.ends_with('/') => {}
                None => open.push(tag.split(' ').next().unwrap()),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}
