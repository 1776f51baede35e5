//! What a recorded network made of the test data, as parts of the page: the confusion matrix and the worst mistakes.

use std::{fmt::Write as _, io::Cursor};

use base64::{Engine, engine::general_purpose::STANDARD};
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};

use super::markup::{escape, push_heading};
use crate::{
    protocol::inspection::{ClassifiedSample, ConfusionMatrix, SamplePicture},
    text::{percent_number, short, thousands},
    train::TestPredictions,
};

/// Most classes whose confusion matrix is written out.
const MAX_MATRIX_CLASSES: usize = 40;

/// Smallest width of a picture on the page, in its pixels.
const MIN_PICTURE_WIDTH: usize = 84;

/// Writes both, with the names of the classes as far as they are known.
pub fn push_test_predictions(page: &mut String, predictions: &TestPredictions, classes: &[String]) {
    let name = |class: usize| classes.get(class).map_or_else(|| class.to_string(), |name| escape(name));
    push_heading(page, "Confusion");
    push_confusion(page, &predictions.confusion, &name);
    push_heading(page, "Worst mistakes");
    let (mistakes, samples) = (predictions.worst.mistakes, predictions.worst.samples);
    let which = if mistakes > 0 { "; those with the largest loss, prediction → truth:" } else { "." };
    let _ = writeln!(
        page,
        "<p>{} of {} test samples were taken for another class{which}</p>",
        thousands(mistakes as u64),
        thousands(samples as u64)
    );
    page.push_str("<div class=\"samples\">\n");
    for sample in &predictions.worst.entries {
        push_sample(page, sample, &name);
    }
    page.push_str("</div>\n");
}

fn push_confusion(page: &mut String, confusion: &ConfusionMatrix, name: &impl Fn(usize) -> String) {
    let classes = confusion.classes;
    let step = thousands(confusion.evaluated);
    if classes > MAX_MATRIX_CLASSES || confusion.counts.len() != classes * classes {
        let _ = writeln!(page, "<p>The matrix of {classes} classes is too large for this page.</p>");
        return;
    }
    let _ = writeln!(
        page,
        "<p>How many test samples of each class (a row) were taken for each class (a column), after {step} \
         minibatches.</p>"
    );
    page.push_str("<table class=\"confusion\">\n<tr><th></th>");
    for class in 0..classes {
        let _ = write!(page, "<th class=\"number\">{}</th>", name(class));
    }
    page.push_str("<th class=\"number\">recall</th></tr>\n");
    for (class, row) in confusion.counts.chunks(classes.max(1)).enumerate() {
        let of_class: u64 = row.iter().copied().map(u64::from).sum();
        let _ = write!(page, "<tr><th>{}</th>", name(class));
        for (taken, &count) in row.iter().enumerate() {
            let share = f64::from(count) / (of_class.max(1) as f64);
            let hue = if taken == class { "40,110,200" } else { "200,60,40" };
            let _ = write!(
                page,
                "<td class=\"number\" style=\"background:rgba({hue},{:.2})\">{}</td>",
                0.6 * share,
                thousands(count.into())
            );
        }
        let recall =
            (of_class > 0).then(|| format!("{} %", percent_number(f64::from(row[class]) / of_class as f64, 1)));
        let _ = writeln!(page, "<td class=\"number\">{}</td></tr>", recall.as_deref().unwrap_or("–"));
    }
    page.push_str("</table>\n");
}

fn push_sample(page: &mut String, sample: &ClassifiedSample, name: &impl Fn(usize) -> String) {
    page.push_str("<figure>");
    if let Some((picture, png)) = sample.picture.as_ref().and_then(|picture| Some((picture, png(picture)?))) {
        let zoom = MIN_PICTURE_WIDTH.div_ceil(picture.width.max(1));
        let (width, height) = (picture.width * zoom, picture.height * zoom);
        let _ = write!(
            page,
            "<img alt=\"test sample {}\" width=\"{width}\" height=\"{height}\" src=\"data:image/png;base64,{}\">",
            sample.index,
            STANDARD.encode(png)
        );
    } else {
        let values: Vec<String> = sample.values.iter().map(|&value| short(f64::from(value))).collect();
        let _ = write!(page, "<p>{}</p>", values.join(", "));
    }
    let _ = writeln!(
        page,
        "<figcaption>{} → {}<br>{:.0} % sure, loss {}<br>test sample {}</figcaption></figure>",
        name(sample.predicted),
        name(sample.class),
        100.0 * sample.confidence,
        short(sample.loss),
        sample.index
    );
}

/// An image as a PNG file; `None` if it is none.
fn png(picture: &SamplePicture) -> Option<Vec<u8>> {
    let plane = picture.width.checked_mul(picture.height)?;
    let (width, height) = (u32::try_from(picture.width).ok()?, u32::try_from(picture.height).ok()?);
    let image = match picture.channels {
        1 => DynamicImage::from(GrayImage::from_raw(width, height, picture.pixels.clone())?),
        3 if plane.checked_mul(3) == Some(picture.pixels.len()) => {
            let pixels = (0..plane).flat_map(|at| (0..3).map(move |channel| picture.pixels[channel * plane + at]));
            DynamicImage::from(RgbImage::from_raw(width, height, pixels.collect())?)
        }
        _ => return None,
    };
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).ok()?;
    Some(bytes.into_inner())
}
