//! Whether an image file is there to its end. Decoders of JPEG fill what is missing with invented pixels, and those of
//! other formats miss cuts after the last pixel.

use image::ImageFormat;

/// What the parts of an image file tell without its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileOutline {
    /// Whether the file has everything up to its end.
    pub is_whole: bool,
    /// Whether there is more than one frame in it.
    pub has_frames: bool,
}

impl FileOutline {
    /// Goes through the parts of a file in this format.
    pub fn of(format: ImageFormat, bytes: &[u8]) -> Self {
        match format {
            ImageFormat::Jpeg => Self { is_whole: has_jpeg_end(bytes), has_frames: false },
            ImageFormat::Png => scan_png(bytes),
            ImageFormat::WebP => scan_webp(bytes),
            // The decoder of BMP asks for every byte.
            _ => Self { is_whole: true, has_frames: false },
        }
    }
}

/// Whether the segments and scans of a JPEG file (ITU-T T.81, annex B) lead to its end-of-image marker.
fn has_jpeg_end(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        // Bytes of a scan up to the next marker, and fill bytes before it.
        let Some(skipped) = bytes.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == 0xff)) else {
            return false;
        };
        at += skipped;
        let Some(fill) = bytes[at..].iter().position(|&byte| byte != 0xff) else { return false };
        let marker = bytes[at + fill];
        at += fill + 1;
        match marker {
            0xd9 => return true,
            // A byte 0xff of a scan, and markers without a length.
            0x00 | 0x01 | 0xd0..=0xd8 => {}
            _ => {
                let Some(length) = bytes.get(at..at + 2) else { return false };
                at += usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
            }
        }
    }
}

/// Goes through the chunks of a PNG file, each its length, four letters, contents and a checksum, to the last, `IEND`.
fn scan_png(bytes: &[u8]) -> FileOutline {
    let mut outline = FileOutline { is_whole: false, has_frames: false };
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((start, after)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([start[0], start[1], start[2], start[3]]) as usize;
        let Some(next) = length.checked_add(4).and_then(|length| after.get(length..)) else { break };
        outline.has_frames |= &start[4..] == b"acTL";
        if &start[4..] == b"IEND" {
            outline.is_whole = true;
            break;
        }
        rest = next;
    }
    outline
}

/// A WebP file says in its header how long it is, and in its flags whether it is an animation.
fn scan_webp(bytes: &[u8]) -> FileOutline {
    let length =
        bytes.get(4..8).map_or(u32::MAX, |length| u32::from_le_bytes([length[0], length[1], length[2], length[3]]));
    let is_extended = bytes.get(12..16) == Some(b"VP8X");
    FileOutline {
        is_whole: bytes.len() as u64 >= u64::from(length) + 8,
        has_frames: is_extended && bytes.get(20).is_some_and(|flags| flags & 0x02 != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_in_the_parts_that_announce_them() {
        let chunk = |kind: &[u8], data: &[u8]| [&(data.len() as u32).to_be_bytes(), kind, data, &[0; 4]].concat();
        let png = |chunks: &[Vec<u8>]| [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat();
        let still = png(&[chunk(b"IHDR", &[0; 13]), chunk(b"IEND", b"")]);
        let moving = png(&[chunk(b"IHDR", &[0; 13]), chunk(b"acTL", &[0; 8]), chunk(b"IEND", b"")]);
        let outline = |is_whole, has_frames| FileOutline { is_whole, has_frames };
        assert_eq!(FileOutline::of(ImageFormat::Png, &still), outline(true, false));
        assert_eq!(FileOutline::of(ImageFormat::Png, &moving), outline(true, true));
        let endless = png(&[[&[0xff; 4], &b"IDAT"[..], &[0; 30]].concat()]);
        assert_eq!(FileOutline::of(ImageFormat::Png, &endless), outline(false, false));
        for (flags, has_frames) in [(0, false), (2, true)] {
            let file = [&b"RIFF"[..], &[14, 0, 0, 0], b"WEBPVP8X", &[10, 0, 0, 0, flags, 0]].concat();
            assert_eq!(FileOutline::of(ImageFormat::WebP, &file), outline(true, has_frames));
        }
    }

    #[test]
    fn nothing_in_a_scan_or_a_segment_is_taken_for_the_end() {
        let is_whole = |bytes: &[u8]| FileOutline::of(ImageFormat::Jpeg, bytes).is_whole;
        // A comment with an end marker in it, a scan with the byte 0xff, a restart and fill bytes.
        let start =
            [&[0xff, 0xd8, 0xff, 0xfe, 0, 4, 0xff, 0xd9][..], &[0xff, 0xda, 0, 2, 1, 0xff, 0, 0xff, 0xd0, 7, 0xff]]
                .concat();
        assert!(!is_whole(&start));
        assert!(is_whole(&[&start[..], &[0xff, 0xd9]].concat()));
        assert!(
            !is_whole(&[]) && !is_whole(&[0xff, 0xd8, 0xff, 0xfe, 0xff]) && !is_whole(&[0xff, 0xd8, 0xff, 0xfe, 0, 0])
        );
    }
}
