//! What the page, the list and the large picture show alike of a sample: its image, right or wrong, how sure.

use crate::{
    app::App,
    protocol::inspection::ClassifiedSample,
    text::{TextWidth, percent_number},
    ui::{
        paint::{Row, cut},
        theme::{Role, Theme},
        widgets::picture::{CellPicture, PicturePoint},
    },
};

/// Whether the class of a sample was predicted; where the logits are not numbers nothing was.
pub fn is_correct(entry: &ClassifiedSample) -> bool {
    entry.predicted == entry.class && !entry.loss.is_nan()
}

/// The mark and the meaning of a right or a wrong prediction.
pub fn verdict_mark(entry: &ClassifiedSample, theme: Theme) -> (&'static str, Role) {
    let marks = theme.marks();
    if is_correct(entry) { (marks.good, Role::Good) } else { (marks.bad, Role::Bad) }
}

/// The predicted class, where the sample's logits are numbers.
pub fn predicted_name(app: &App, entry: &ClassifiedSample) -> String {
    if entry.loss.is_nan() { "no prediction".into() } else { app.run().class_name(entry.predicted) }
}

/// What was predicted, and after an arrow the true class where that is another: `Dress → T-shirt/top`. Where both do not
/// fit into `columns`, each gets half of them, or what the other leaves.
pub fn put_guess(row: &mut Row, app: &App, entry: &ClassifiedSample, theme: Theme, columns: u16, guess: Role) {
    let predicted = predicted_name(app, entry);
    if is_correct(entry) {
        row.put(&cut(&predicted, columns, theme.marks().ellipsis), theme.style(guess));
        return;
    }
    let (arrow, truth) = (theme.marks().arrow, app.run().class_name(entry.class));
    // Blanks around the arrow give way before the names do.
    let widths = [&predicted, &truth].map(|name| u16::try_from(name.width()).unwrap_or(u16::MAX));
    let gap = u16::from(widths[0].saturating_add(widths[1]).saturating_add(3) <= columns || columns >= 20);
    let room = columns.saturating_sub(1 + 2 * gap);
    let half = room / 2;
    let first = widths[0].min(half.max(room.saturating_sub(widths[1])));
    row.put(&cut(&predicted, first, theme.marks().ellipsis), theme.style(guess)).skip(gap);
    row.put(arrow, theme.style(Role::Muted)).skip(gap);
    row.put(&cut(&truth, room - first, theme.marks().ellipsis), theme.style(Role::Strong));
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{} %", percent_number(share, 0)) } else { "NaN".into() }
}

/// The image of a sample; empty where there is none.
pub fn image_of(entry: &ClassifiedSample) -> CellPicture {
    entry.picture.as_ref().map_or_else(|| CellPicture::new(0, 0, |_, _| PicturePoint::Clear), CellPicture::of_stored)
}
