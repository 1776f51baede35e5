//! How a run ended, why it paused by itself or can't go on, and what to do next.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{App, Phase},
    text::{duration, short, thousands},
    ui::{
        paint::Row,
        theme::{Role, Theme},
    },
};

/// Draws the banner, which has two rows, one, or none.
pub fn draw(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let run = app.live();
    let marks = theme.marks();
    let dot = format!("  {}  ", marks.dot);
    let (role, first, second) = match (app.phase(), &run.summary, &run.failure) {
        (Phase::Finished, Some(summary), _) => {
            let figures = [
                format!("{} finished at step {}", marks.good, thousands(summary.step)),
                format!("test accuracy {:.2} %", summary.test_accuracy * 100.0),
                format!("test loss {}", short(summary.test_loss)),
                format!("trained for {}", duration(summary.seconds)),
            ];
            let hash: String = summary.weights_sha256.chars().take(16).collect();
            let next = format!("x trains further{dot}p saves a picture{dot}q leaves{dot}weights sha256 {hash}");
            (Role::Good, figures.join(&dot), next)
        }
        (Phase::Finished, None, _) => (Role::Good, format!("{} finished", marks.good), "q leaves".into()),
        (Phase::Failed, _, Some(failure)) => {
            let what = format!("{} failed at step {}: {}", marks.bad, thousands(failure.step), failure.what);
            (Role::Bad, what, failure.advice.clone())
        }
        (Phase::Failed, _, None) => (Role::Bad, format!("{} failed", marks.bad), "q leaves".into()),
        (_, _, _) => {
            let reason = run.reason.clone().unwrap_or_default();
            (Role::Watch, format!("{} {reason}", marks.watch), String::new())
        }
    };
    Row::new(buffer, area, 0).ending(marks.ellipsis).put(&first, theme.style(role));
    Row::new(buffer, area, 1).ending(marks.ellipsis).skip(2).put(&second, theme.style(Role::Text));
}
