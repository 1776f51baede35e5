//! From the bytes of an image file to planes of pixels: turned as its orientation tag says, brought to the wanted size.

use std::io::{self, Cursor};

use image::error::LimitErrorKind;
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Pixel, imageops};

use super::endings::FileOutline;
use crate::dataset::DataError;
use crate::dataset::image_size::{ImageSize, MAX_SIDE_PIXELS};
use crate::text::{Safe, thousands};

/// Most bytes that decoding one image may take.
const MAX_DECODER_BYTES: u64 = 1 << 28;

/// The formats that are read, for people.
pub(super) const FORMAT_NAMES: &str = "PNG, JPEG, WebP or BMP";

/// Channels and size of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ImageForm {
    pub channels: usize,
    pub size: ImageSize,
}

impl ImageForm {
    pub fn shape(self) -> [usize; 3] {
        [self.channels, self.size.height as usize, self.size.width as usize]
    }
}

/// How many images were changed in a way that deserves a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DecodingTally {
    pub images: usize,
    pub grey: usize,
    pub deep: usize,
    pub transparent: usize,
    pub animated: usize,
}

/// An image of which the header has been read.
pub(super) struct OpenedImage<D> {
    decoder: D,
    orientation: Orientation,
    /// Its form after it is turned.
    pub form: ImageForm,
}

/// What all images of a set become.
#[derive(Clone, Debug)]
pub(super) struct TargetForm {
    pub form: ImageForm,
    /// The image that has this size, whose size the others must have; `None` when images are resized.
    pub model: Option<String>,
}

fn problem(file: &str, problem: impl Into<String>) -> DataError {
    DataError::Image { file: file.into(), problem: problem.into() }
}

fn decoding_error(file: &str, bytes: &[u8], error: &ImageError) -> DataError {
    match error {
        ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => ends_early(file, bytes),
        _ if image::guess_format(bytes).is_ok_and(|format| !FileOutline::of(format, bytes).is_whole) => {
            ends_early(file, bytes)
        }
        ImageError::Limits(error) if error.kind() == LimitErrorKind::DimensionError => {
            problem(file, format!("more than {MAX_SIDE_PIXELS} pixels in one direction; make it smaller"))
        }
        ImageError::Limits(_) => problem(file, "decoding it would take more than 256 MiB; make it smaller"),
        _ => problem(file, Safe(&error.to_string()).to_string()),
    }
}

fn ends_early(file: &str, bytes: &[u8]) -> DataError {
    problem(file, format!("the image ends early: the file is cut after {} bytes", thousands(bytes.len() as u64)))
}

/// The format in which an image file begins.
fn recognize_format(file: &str, bytes: &[u8]) -> Result<ImageFormat, DataError> {
    match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Bmp)) => Ok(format),
        Ok(other) => Err(problem(file, format!("is a {other:?} image by its contents; valid: {FORMAT_NAMES}"))),
        Err(_) if bytes.is_empty() => Err(problem(file, "is empty, so no image")),
        Err(_) if bytes.len() < 12 => Err(ends_early(file, bytes)),
        Err(_) => Err(problem(file, format!("no {FORMAT_NAMES} image by its contents"))),
    }
}

/// Opens an image and looks at its header alone, for which the start of the file may be enough.
pub(super) fn open_image<'a>(
    file: &str,
    bytes: &'a [u8],
) -> Result<OpenedImage<impl ImageDecoder + use<'a>>, DataError> {
    let format = recognize_format(file, bytes)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE_PIXELS);
    limits.max_image_height = Some(MAX_SIDE_PIXELS);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| decoding_error(file, bytes, &error))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 || width > MAX_SIDE_PIXELS || height > MAX_SIDE_PIXELS {
        let valid = format!("valid: 1 to {MAX_SIDE_PIXELS} in each direction");
        return Err(problem(file, format!("{width}×{height} pixels; {valid}")));
    }
    let orientation = decoder.orientation().map_err(|error| decoding_error(file, bytes, &error))?;
    let size = match orientation {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            ImageSize { height: width, width: height }
        }
        _ => ImageSize { height, width },
    };
    let channels = if decoder.color_type().has_color() { 3 } else { 1 };
    Ok(OpenedImage { decoder, orientation, form: ImageForm { channels, size } })
}

/// Decodes an image and adds its planes to `out`.
pub(super) fn decode_image(
    file: &str,
    bytes: &[u8],
    target: &TargetForm,
    tally: &mut DecodingTally,
    out: &mut Vec<u8>,
) -> Result<(), DataError> {
    let outline = FileOutline::of(recognize_format(file, bytes)?, bytes);
    if !outline.is_whole {
        return Err(ends_early(file, bytes));
    }
    let OpenedImage { decoder, orientation, form } = open_image(file, bytes)?;
    let wanted = target.form;
    if let (Some(model), true) = (&target.model, form.size != wanted.size) {
        let (ImageSize { height, width }, expected) = (form.size, wanted.size);
        return Err(problem(
            file,
            format!(
                "{width}×{height} pixels, but {model} has {}×{}; all must have one size, or be brought to one: \
                 --set data.image_size=64",
                expected.width, expected.height
            ),
        ));
    }
    if form.channels > wanted.channels {
        return Err(problem(file, "has colours, but no image had any when the headers were read; did it change?"));
    }
    let color = decoder.original_color_type();
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| decoding_error(file, bytes, &error))?;
    image.apply_orientation(orientation);
    tally.images += 1;
    tally.grey += usize::from(form.channels < wanted.channels);
    tally.deep += usize::from(bits_per_channel(color) > 8);
    tally.transparent += usize::from(is_transparent(&image));
    tally.animated += usize::from(outline.has_frames);
    if wanted.channels == 1 {
        out.extend_from_slice(fit(image.into_luma8(), wanted.size).as_raw());
    } else {
        let pixels = fit(image.into_rgb8(), wanted.size);
        for channel in 0..3 {
            out.extend(pixels.as_raw().iter().skip(channel).step_by(3));
        }
    }
    Ok(())
}

fn bits_per_channel(color: image::ExtendedColorType) -> u16 {
    color.bits_per_pixel() / u16::from(color.channel_count().max(1))
}

fn is_transparent(image: &DynamicImage) -> bool {
    image.color().has_alpha() && image.to_rgba8().pixels().any(|pixel| pixel.0[3] < 255)
}

/// The centre of an image, as much as has the wanted proportions, in the wanted size.
///
/// That is what is left of the image if it is resized to cover the size and then cropped, without making pixels that
/// are cut off again.
fn fit<P>(image: ImageBuffer<P, Vec<u8>>, size: ImageSize) -> ImageBuffer<P, Vec<u8>>
where
    P: Pixel<Subpixel = u8> + 'static,
{
    let (width, height) = image.dimensions();
    if (width, height) == (size.width, size.height) {
        return image;
    }
    // `round(side × numerator / denominator)`, at least 1.
    let scaled =
        |side: u32, numerator: u32, denominator: u32| ((2 * side * numerator + denominator) / (2 * denominator)).max(1);
    let (width_left, height_left) = if width * size.height > height * size.width {
        (scaled(height, size.width, size.height).min(width), height)
    } else {
        (width, scaled(width, size.height, size.width).min(height))
    };
    let (left, top) = ((width - width_left) / 2, (height - height_left) / 2);
    let centre = imageops::crop_imm(&image, left, top, width_left, height_left);
    if (width_left, height_left) == (size.width, size.height) {
        return centre.to_image();
    }
    imageops::resize(&*centre, size.width, size.height, imageops::FilterType::Triangle)
}

/// Decodes one image from memory, whatever its form.
#[cfg(test)]
pub(in crate::dataset) fn decode_single(file: &str, bytes: &[u8]) -> Result<([usize; 3], Vec<u8>), DataError> {
    decode_to(file, bytes, None)
}

/// Decodes one image from memory; brought to a `size`, also to colours.
pub(in crate::dataset) fn decode_to(
    file: &str,
    bytes: &[u8],
    size: Option<ImageSize>,
) -> Result<([usize; 3], Vec<u8>), DataError> {
    let own = open_image(file, bytes)?.form;
    let form = size.map_or(own, |size| ImageForm { channels: 3, size });
    let mut out = Vec::new();
    decode_image(file, bytes, &TargetForm { form, model: None }, &mut DecodingTally::default(), &mut out)?;
    Ok((form.shape(), out))
}
