//! What the page, the list and the large picture show alike of a sample: its image, right or wrong, how sure.

use crate::{
    protocol::inspection::ClassifiedSample,
    ui::{
        theme::{Role, Theme},
        widgets::picture::{CellPicture, PicturePoint},
    },
};

/// The mark and the meaning of a right or a wrong prediction.
pub fn verdict_mark(entry: &ClassifiedSample, theme: Theme) -> (&'static str, Role) {
    let marks = theme.marks();
    // Where the logits are not numbers nothing was predicted.
    let right = entry.predicted == entry.class && !entry.loss.is_nan();
    if right { (marks.good, Role::Good) } else { (marks.bad, Role::Bad) }
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.0} %", share * 100.0) } else { "NaN".into() }
}

/// The image of a sample; empty where there is none.
pub fn image_of(entry: &ClassifiedSample) -> CellPicture {
    entry.picture.as_ref().map_or_else(|| CellPicture::new(0, 0, |_, _| PicturePoint::Clear), CellPicture::of_stored)
}
