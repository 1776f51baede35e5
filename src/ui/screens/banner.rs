//! How a run ended, why it paused by itself or can't go on, and what to do next.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, Phase},
    protocol::Summary,
    text::{duration, short, thousands},
    ui::{
        paint::{Row, wrap},
        theme::{Role, Theme},
    },
};

/// Most rows of a banner.
const MOST: usize = 4;

/// What there is to say, and what to do about it.
struct Banner {
    role: Role,
    mark: &'static str,
    what: String,
    next: String,
}

/// Rows that the banner needs in a window of this width; none while everything goes on.
pub fn height(app: &App, width: u16) -> u16 {
    // Marks have the same width everywhere.
    let theme = Theme::new(crate::ui::Depth::None, crate::ui::Background::Dark, true);
    banner(app, theme).map_or(0, |banner| lines(&banner, width).len() as u16)
}

/// Draws the banner into as many rows.
pub fn draw(app: &App, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let Some(banner) = banner(app, theme) else { return };
    Row::new(buffer, area, 0).put(banner.mark, theme.style(banner.role));
    for (y, (line, strong)) in (0..).zip(lines(&banner, area.width)) {
        let role = if strong { banner.role } else { Role::Text };
        Row::new(buffer, area, y).ending(theme.marks().ellipsis).skip(2).put(&line, theme.style(role));
    }
}

/// The lines, and which of them say what happened.
fn lines(banner: &Banner, width: u16) -> Vec<(String, bool)> {
    let wrapped = |text: &str, strong| wrap(text, width.saturating_sub(2)).into_iter().map(move |line| (line, strong));
    wrapped(&banner.what, true).take(2).chain(wrapped(&banner.next, false)).take(MOST).collect()
}

fn banner(app: &App, theme: Theme) -> Option<Banner> {
    let run = app.live();
    let marks = theme.marks();
    let dot = format!(" {} ", marks.dot);
    let leave = || "q leaves".to_owned();
    Some(match (app.phase(), &run.summary, &run.failure) {
        (Phase::Finished, Some(summary), _) => {
            let mut hash: String = summary.weights_sha256.chars().take(16).collect();
            if hash.len() < summary.weights_sha256.len() {
                hash.push_str(marks.ellipsis);
            }
            let next = format!("x trains further{dot}p saves a picture{dot}q leaves{dot}sha256 {hash}");
            Banner { role: Role::Good, mark: marks.good, what: figures(summary).join(&dot), next }
        }
        (Phase::Finished, None, _) => {
            Banner { role: Role::Good, mark: marks.good, what: "finished".into(), next: leave() }
        }
        (Phase::Failed, _, Some(failure)) => {
            let what = format!("failed at step {}: {}", thousands(failure.step), failure.what);
            Banner { role: Role::Bad, mark: marks.bad, what, next: failure.advice.clone() }
        }
        (Phase::Failed, _, None) => Banner { role: Role::Bad, mark: marks.bad, what: "failed".into(), next: leave() },
        (Phase::Paused, _, _) => {
            let what = run.reason.clone()?;
            Banner { role: Role::Watch, mark: marks.watch, what, next: String::new() }
        }
        _ => return None,
    })
}

fn figures(summary: &Summary) -> [String; 5] {
    [
        format!("finished at step {}", thousands(summary.step)),
        format!("test accuracy {:.2} %", summary.test_accuracy * 100.0),
        format!("test loss {}", short(summary.test_loss)),
        format!("{:.1} steps/s", summary.steps_per_second()),
        format!("in {}", duration(summary.seconds)),
    ]
}
