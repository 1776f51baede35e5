//! The graphics protocol of kitty, which Ghostty, Konsole and `WezTerm` speak as well.
//!
//! Everything is sent with `q=2`: an answer would be read as key presses.

use std::io::{self, Write};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, write::ZlibEncoder};

use super::pixels::Pixels;

/// Removes all pictures of the screen, and frees them.
pub const DELETE_ALL: &[u8] = b"\x1b_Ga=d,d=A,q=2\x1b\\";

/// Number of the picture in the first slot: high enough not to collide with another program's.
const FIRST_PICTURE_NUMBER: usize = 0x6772_0000;

/// Most characters of base64 in one sequence.
const MAX_CHUNK_CHARACTERS: usize = 4096;

/// Removes the picture of a slot, and frees it.
pub fn delete_picture(bytes: &mut Vec<u8>, slot: usize) -> io::Result<()> {
    write!(bytes, "\x1b_Ga=d,d=I,i={},q=2\x1b\\", FIRST_PICTURE_NUMBER + slot)
}

/// Sends the picture of a slot and shows it at the cursor, over `columns` × `rows` cells.
pub fn place_picture(bytes: &mut Vec<u8>, slot: usize, (columns, rows): (u16, u16), pixels: &Pixels) -> io::Result<()> {
    let point = |color: &Option<_>| color.map_or([0; 4], |(red, green, blue)| [red, green, blue, 255]);
    let points: Vec<[u8; 4]> = pixels.points.iter().map(point).collect();
    let colors = pixels.spread_points(&points, [0; 4]);
    let (format, raw): (_, Vec<u8>) = if colors.iter().all(|color| color[3] == 255) {
        (24, colors.iter().flat_map(|color| &color[..3]).copied().collect())
    } else {
        (32, colors.into_flattened())
    };
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&raw)?;
    let text = BASE64_STANDARD.encode(packed.finish()?);
    let (width, height, id) = (pixels.width, pixels.height, FIRST_PICTURE_NUMBER + slot);
    let count = text.len().div_ceil(MAX_CHUNK_CHARACTERS);
    for (i, chunk) in text.as_bytes().chunks(MAX_CHUNK_CHARACTERS).enumerate() {
        bytes.extend_from_slice(b"\x1b_G");
        if i == 0 {
            write!(bytes, "a=T,f={format},o=z,s={width},v={height},i={id},p=1,c={columns},r={rows},C=1,")?;
        }
        write!(bytes, "q=2,m={};", u8::from(i + 1 < count))?;
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\x1b\\");
    }
    Ok(())
}
