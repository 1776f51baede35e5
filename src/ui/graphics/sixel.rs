//! Sixel graphics: rows of characters that are six pixels high, one colour over the other (DEC STD 070, chapter 9).
//!
//! Own work, since the crates for it bring colour spaces and clustering along for photographs. What is shown here has
//! few colours, each in sharp rectangles.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use super::pixels::Pixels;
use crate::ui::theme::Rgb;

/// Pixels that a character is high.
const BAND_PIXEL_ROWS: usize = 6;

/// Colours that terminals can be relied on to hold for a picture.
const MAX_COLORS: usize = 256;

/// Draws the pixels at the cursor; those of the background leave what is there.
pub fn draw_sixels(bytes: &mut Vec<u8>, pixels: &Pixels) -> io::Result<()> {
    if pixels.width == 0 {
        return Ok(());
    }
    let (palette, numbers) = build_palette(&pixels.points);
    let colors = pixels.spread_points(&numbers, None);
    let mut layers = vec![Vec::new(); palette.len()];
    write!(bytes, "\x1bP0;1;0q\"1;1;{};{}", pixels.width, pixels.height)?;
    for (i, (red, green, blue)) in palette.into_iter().enumerate() {
        let percent = |part: u8| (u32::from(part) * 100 + 127) / 255;
        write!(bytes, "#{i};2;{};{};{}", percent(red), percent(green), percent(blue))?;
    }
    for (i, band) in colors.chunks(BAND_PIXEL_ROWS * pixels.width).enumerate() {
        if i > 0 {
            // Not after the last one: that could scroll the screen.
            bytes.push(b'-');
        }
        split_band_by_color(band, pixels.width, &mut layers);
        for (color, sixels) in layers.iter_mut().enumerate().filter(|(_, sixels)| !sixels.is_empty()) {
            write!(bytes, "#{color}")?;
            write_run_lengths(bytes, sixels)?;
            sixels.clear();
            // Back to the left, for the next colour.
            bytes.push(b'$');
        }
    }
    bytes.extend_from_slice(b"\x1b\\");
    Ok(())
}

/// Gives each colour of a band the sixel of each column up to the last that has it.
fn split_band_by_color(band: &[Option<usize>], width: usize, layers: &mut [Vec<u8>]) {
    for (y, row) in band.chunks(width).enumerate() {
        for (x, color) in row.iter().enumerate() {
            let Some(sixels) = color.and_then(|color| layers.get_mut(color)) else { continue };
            if sixels.len() <= x {
                sixels.resize(x + 1, 0);
            }
            sixels[x] |= 1 << y;
        }
    }
}

/// Writes sixels, equal neighbours as a count.
fn write_run_lengths(bytes: &mut Vec<u8>, sixels: &[u8]) -> io::Result<()> {
    for run in sixels.chunk_by(|a, b| a == b) {
        let symbol = b'?' + run[0];
        if run.len() > 3 {
            write!(bytes, "!{}", run.len())?;
            bytes.push(symbol);
        } else {
            bytes.extend(run.iter().map(|_| symbol));
        }
    }
    Ok(())
}

/// The colours of a picture, and for each point the number of its own. Where there are too many, those that agree in
/// their first bits become their mean, with as many bits as possible.
fn build_palette(points: &[Option<Rgb>]) -> (Vec<Rgb>, Vec<Option<usize>>) {
    let first_bits = |bits: u32, (red, green, blue): Rgb| {
        let cut = |part: u8| part >> (8 - bits);
        (cut(red), cut(green), cut(blue))
    };
    // With two bits there are 64.
    let mut bits = 8;
    let groups = loop {
        let mut groups: BTreeMap<Rgb, ([u32; 3], u32)> = BTreeMap::new();
        for (red, green, blue) in points.iter().flatten().copied() {
            let (sum, count) = groups.entry(first_bits(bits, (red, green, blue))).or_default();
            *sum = [sum[0] + u32::from(red), sum[1] + u32::from(green), sum[2] + u32::from(blue)];
            *count += 1;
        }
        if groups.len() <= MAX_COLORS || bits == 2 {
            break groups;
        }
        bits -= 1;
    };
    let mean = |(sum, count): &([u32; 3], u32)| {
        let [red, green, blue] = sum.map(|sum| (sum / count) as u8);
        (red, green, blue)
    };
    let numbers: BTreeMap<Rgb, usize> = groups.keys().copied().zip(0..).collect();
    let number = |color: &Option<Rgb>| color.and_then(|color| numbers.get(&first_bits(bits, color)).copied());
    (groups.values().map(mean).collect(), points.iter().map(number).collect())
}
