//! What a terminal would make of the bytes.

use std::{collections::BTreeMap, io::Read};

use flate2::read::ZlibDecoder;

use super::*;
use crate::ui::{
    theme::{Background, Rgb},
    widgets::picture::PicturePoint,
};

const THEME: Theme = Theme::new(ColorDepth::True, Background::Dark, true);

/// A picture as a terminal understands it.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The first sequence's keys.
    pub keys: BTreeMap<char, String>,
    /// Bytes of pixels.
    pub raw: Vec<u8>,
}

impl Received {
    fn colors(&self) -> Vec<Option<Rgb>> {
        match self.keys[&'f'].as_str() {
            "24" => self.raw.chunks(3).map(|part| Some((part[0], part[1], part[2]))).collect(),
            "32" => self.raw.chunks(4).map(|part| (part[3] > 0).then_some((part[0], part[1], part[2]))).collect(),
            other => panic!("format {other}"),
        }
    }
}

/// The sequences of kitty's protocol in some bytes: pictures with their pixels, and everything else without.
pub fn received(bytes: &[u8]) -> Vec<Received> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut all = Vec::new();
    let mut under_way: Option<(BTreeMap<char, String>, String)> = None;
    for part in text.split("\x1b_G").skip(1) {
        let (keys, payload) = part.split("\x1b\\").next().unwrap().split_once(';').unwrap_or_else(|| {
            assert!(part.contains("\x1b\\"), "a sequence without an end");
            (part.split("\x1b\\").next().unwrap(), "")
        });
        let keys: BTreeMap<char, String> =
            keys.split(',').map(|key| (key.chars().next().unwrap(), key[2..].to_owned())).collect();
        assert_eq!(keys[&'q'], "2", "an answer would be read as key presses: {keys:?}");
        if keys.get(&'a').is_some_and(|action| action == "d") {
            all.push(Received { keys, raw: Vec::new() });
            continue;
        }
        assert!(payload.len() <= 4096, "{} bytes in a chunk", payload.len());
        let last = keys[&'m'] == "0";
        assert!(last || payload.len() % 4 == 0);
        under_way.get_or_insert_with(|| (keys, String::new())).1.push_str(payload);
        if last {
            let (keys, payload) = under_way.take().unwrap();
            let mut raw = Vec::new();
            ZlibDecoder::new(from_base64(&payload).as_slice()).read_to_end(&mut raw).unwrap();
            let count = |key| keys[&key].parse::<usize>().unwrap();
            assert_eq!(raw.len(), count('s') * count('v') * count('f') / 8);
            all.push(Received { keys, raw });
        }
    }
    assert_eq!(under_way, None, "a picture without an end");
    all
}

fn from_base64(text: &str) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let sextets: Vec<u8> = text.bytes().filter(|c| *c != b'=').map(value).collect();
    let bits = |part: &[u8]| (0..4).fold(0u32, |bits, i| bits << 6 | u32::from(part.get(i).copied().unwrap_or(0)));
    sextets.chunks(4).flat_map(|part| bits(part).to_be_bytes()[1..part.len()].to_vec()).collect()
}

/// A picture without two equal points.
fn picture(width: usize, height: usize) -> CellPicture {
    CellPicture::new(width, height, |x, y| PicturePoint::Color((x as u8, y as u8, (7 * x + 3 * y) as u8)))
}

fn placed(room: Rect, picture: CellPicture) -> PlacedPicture {
    PlacedPicture::shrunk_to_area(room, picture).unwrap()
}

fn kitty() -> Graphics {
    Graphics { cell: Some((4, 8)), ..Graphics::new(PictureProtocol::Kitty) }
}

#[test]
fn the_environment_decides() {
    use PictureProtocol::{Blocks, Kitty, Sixel};
    let detect = |chosen, depth, pairs: &[(&str, &str)]| {
        PictureProtocol::detect(chosen, depth, |name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())
        })
    };
    let kitty = ("TERM", "xterm-kitty");
    for (pairs, protocol) in [
        (&[kitty][..], Kitty),
        (&[("TERM", "xterm-ghostty")], Kitty),
        (&[("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1")], Kitty),
        (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "ghostty")], Kitty),
        (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm")], Kitty),
        (&[("TERM", "xterm-256color"), ("KONSOLE_VERSION", "230804")], Kitty),
        (&[("TERM", "foot")], Sixel),
        (&[("TERM", "foot-extra")], Sixel),
        (&[("TERM", "mlterm-256color")], Sixel),
        (&[("TERM", "contour")], Sixel),
        (&[("TERM", "xterm+sixel")], Sixel),
        (&[], Blocks),
        (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "Apple_Terminal"), ("KITTY_WINDOW_ID", "")], Blocks),
        (&[kitty, ("TMUX", "socket,1,0")], Blocks),
        (&[("TERM", "foot"), ("STY", "1.pts-0")], Blocks),
        (&[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1")], Blocks),
        (&[("TERM", "screen.xterm-256color"), ("TERM_PROGRAM", "WezTerm")], Blocks),
    ] {
        assert_eq!(detect(None, ColorDepth::True, pairs), protocol, "{pairs:?}");
        assert_eq!(detect(None, ColorDepth::Indexed, pairs), protocol, "{pairs:?}");
        assert_eq!(detect(None, ColorDepth::Basic, pairs), Blocks, "{pairs:?}");
        for chosen in [None, Some(Kitty), Some(Sixel), Some(Blocks)] {
            assert_eq!(detect(chosen, ColorDepth::None, pairs), Blocks, "{pairs:?}");
        }
        assert_eq!(detect(Some(Blocks), ColorDepth::True, pairs), Blocks, "{pairs:?}");
    }
    for chosen in [Kitty, Sixel] {
        assert_eq!(detect(Some(chosen), ColorDepth::Basic, &[("TERM", "xterm")]), chosen);
    }
    assert_eq!(detect(Some(Kitty), ColorDepth::True, &[("TMUX", "1")]), Blocks);
    assert_eq!(detect(Some(Sixel), ColorDepth::True, &[("TMUX", "1")]), Sixel, "newer ones pass sixels on");
}

#[test]
fn only_a_credible_size_of_a_cell_is_taken() {
    assert_eq!(cell_size_from((1680, 1008), (210, 63)), Some((8, 16)));
    for (pixels, cells) in [((0, 0), (80, 24)), ((640, 480), (0, 0)), ((65535, 65535), (80, 24)), ((80, 24), (80, 24))]
    {
        assert_eq!(cell_size_from(pixels, cells), None);
    }
}

#[test]
fn only_what_must_shrink_is_placed() {
    let room = Rect::new(1, 2, 14, 9);
    assert_eq!(PlacedPicture::shrunk_to_area(room, picture(14, 18)), None);
    for nothing in [(0, 0), (0, 50), (50, 0)] {
        assert_eq!(PlacedPicture::shrunk_to_area(room, picture(nothing.0, nothing.1)), None);
    }
    assert_eq!(PlacedPicture::shrunk_to_area(Rect { height: 0, ..room }, picture(28, 28)), None);
    assert_eq!(placed(room, picture(28, 28)).area, Rect::new(1, 2, 14, 7));
    assert_eq!(placed(room, picture(28, 26)).area, Rect::new(1, 2, 14, 7));
    for (width, height) in [(1, 19), (300, 1), (200, 300)] {
        let placed = placed(room, picture(width, height));
        for cell in [(1, 1), (3, 5), (100, 200)] {
            let pixels = Pixels::scaled_to_cells(&placed, THEME, cell);
            assert_eq!(pixels.spread_points(&pixels.points, None).len(), pixels.width * pixels.height);
        }
    }
}

#[test]
fn a_picture_arrives_as_it_is() {
    let mut graphics = kitty();
    let bytes = graphics.show(vec![placed(Rect::new(3, 2, 2, 1), picture(4, 4))], &[], THEME).unwrap();
    let head = b"\x1b[3;4H\x1b_Ga=T,f=24,o=z,s=8,v=8,i=1735524352,p=1,c=2,r=1,C=1,q=2,m=0;";
    assert!(bytes.starts_with(head) && bytes.ends_with(b"\x1b\\"), "{:?}", String::from_utf8_lossy(&bytes));
    let [received] = received(&bytes).try_into().unwrap();
    let points: Vec<Option<Rgb>> =
        (0..64u8).map(|i| (i % 8 / 2, i / 8 / 2)).map(|(x, y)| Some((x, y, 7 * x + 3 * y))).collect();
    assert_eq!(received.colors(), points);
}

#[test]
fn what_is_clear_shows_the_background() {
    let wild = CellPicture::new(6, 5, |x, y| match (x, y) {
        (0, 0) => PicturePoint::Clear,
        (1, 0) => PicturePoint::Level(crate::ui::theme::Ramp::Grey, 1.0),
        _ => PicturePoint::Color((1, 2, 3)),
    });
    let placed = placed(Rect::new(0, 0, 3, 2), wild);
    assert_eq!((placed.area, placed.halves), (Rect::new(0, 0, 3, 2), 3), "half a cell stays free");
    let bytes = kitty().show(vec![placed], &[], THEME).unwrap();
    let [received] = received(&bytes).try_into().unwrap();
    let colors = received.colors();
    assert_eq!((&*received.keys[&'f'], &*received.keys[&'s'], &*received.keys[&'v']), ("32", "12", "16"));
    assert_eq!(colors[..5], [None, None, Some((255, 255, 255)), Some((255, 255, 255)), Some((1, 2, 3))]);
    assert!(colors[..12 * 12].iter().filter(|color| color.is_none()).count() == 6);
    assert!(colors[12 * 12..].iter().all(Option::is_none));
}

#[test]
fn a_large_picture_comes_in_pieces() {
    let noise = |x: usize, y: usize| (x * 7919 + y * 104_729).wrapping_mul(2_654_435_761) as u32;
    let picture = CellPicture::new(200, 200, |x, y| {
        let [red, green, blue, _] = noise(x, y).to_be_bytes();
        PicturePoint::Color((red, green, blue))
    });
    let bytes = kitty().show(vec![placed(Rect::new(0, 0, 60, 60), picture)], &[], THEME).unwrap();
    assert!(bytes.windows(3).filter(|part| part == b"\x1b_G").count() > 10);
    assert_eq!(received(&bytes).len(), 1);
}

#[test]
fn only_what_changed_is_sent() {
    let mut graphics = kitty();
    let room = |slot: u16| Rect::new(20 * slot, 1, 14, 7);
    let two = || vec![placed(room(0), picture(28, 28)), placed(room(1), picture(28, 27))];
    let actions = |bytes: &[u8]| -> Vec<(String, String)> {
        let ours = received(bytes).into_iter();
        ours.map(|mut one| (one.keys.remove(&'a').unwrap(), one.keys.remove(&'i').unwrap_or_default())).collect()
    };
    let (first, second) = ("1735524352".to_owned(), "1735524353".to_owned());
    let (send, delete) = (|id: &String| ("T".to_owned(), id.clone()), |id: &String| ("d".to_owned(), id.clone()));
    assert_eq!(actions(&graphics.show(two(), &[], THEME).unwrap()), [send(&first), send(&second)]);
    assert_eq!(graphics.show(two(), &[], THEME).unwrap(), b"");
    let cell = Cell::default();
    assert_eq!(graphics.show(two(), &[(14, 1, &cell), (0, 8, &cell)], THEME).unwrap(), b"", "beside and below");
    let bytes = graphics.show(two(), &[(33, 7, &cell)], THEME).unwrap();
    assert_eq!(actions(&bytes), [delete(&second), send(&second)], "a cell below it was written");
    let changed = vec![placed(room(0), picture(29, 29)), placed(room(1), picture(28, 27))];
    assert_eq!(actions(&graphics.show(changed, &[], THEME).unwrap()), [delete(&first), send(&first)]);
    let bytes = graphics.show(vec![placed(room(0), picture(29, 29))], &[], THEME).unwrap();
    assert_eq!(bytes, b"\x1b_Ga=d,d=I,i=1735524353,q=2\x1b\\");
    graphics.delete_pictures(&mut Vec::new());
    assert_eq!(actions(&graphics.show(two(), &[], THEME).unwrap()), [send(&first), send(&second)]);
}

/// Takes a number and the semicolon behind it from the front of a text.
fn number(rest: &mut &str) -> usize {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, behind) = rest.split_at(end);
    *rest = behind.strip_prefix(';').unwrap_or(behind);
    digits.parse().unwrap()
}

/// Takes a character from the front of a text.
fn first(rest: &mut &str) -> char {
    let first = rest.chars().next().unwrap();
    *rest = &rest[first.len_utf8()..];
    first
}

/// The pixels of sixel graphics, after a check that nothing else is there.
fn from_sixel(bytes: &[u8]) -> (usize, usize, Vec<Option<Rgb>>) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let text = text.split_once("\x1bP0;1;0q\"1;1;").unwrap().1.strip_suffix("\x1b\\").unwrap();
    let mut rest = text;
    let (width, height) = (number(&mut rest), number(&mut rest));
    let mut colors = vec![None; width * height];
    let mut palette = BTreeMap::new();
    let (mut x, mut y, mut color) = (0, 0, 0);
    while !rest.is_empty() {
        match first(&mut rest) {
            '#' => {
                color = number(&mut rest);
                if rest.starts_with("2;") {
                    number(&mut rest);
                    let parts = [number(&mut rest), number(&mut rest), number(&mut rest)];
                    palette.insert(color, parts.map(|percent| (percent * 255 / 100) as u8));
                }
            }
            '$' => x = 0,
            '-' => (x, y) = (0, y + 6),
            c => {
                let count = if c == '!' { number(&mut rest) } else { 1 };
                let symbol = if c == '!' { first(&mut rest) } else { c };
                let bits = u32::from(symbol) - u32::from('?');
                assert!(bits < 64, "{symbol:?}");
                for _ in 0..count {
                    for row in (0..6).filter(|row| bits >> row & 1 == 1) {
                        let [red, green, blue] = palette[&color];
                        let pixel = &mut colors[(y + row) * width + x];
                        assert_eq!(pixel.replace((red, green, blue)), None, "two colours for one pixel");
                    }
                    x += 1;
                }
            }
        }
    }
    assert!(palette.len() <= 256);
    (width, height, colors)
}

#[test]
fn sixels_show_the_same_pixels() {
    let few = CellPicture::new(28, 27, |x, y| match (x + y) % 5 {
        0 => PicturePoint::Clear,
        i => PicturePoint::Color((10 * i as u8, x as u8 / 4, 255)),
    });
    for (picture, tolerance) in [(few, 3), (picture(60, 60), 24)] {
        let placed = placed(Rect::new(2, 3, 14, 7), picture);
        let mut graphics = Graphics { cell: Some((9, 17)), ..Graphics::new(PictureProtocol::Sixel) };
        let bytes = graphics.show(vec![placed.clone()], &[], THEME).unwrap();
        assert!(bytes.starts_with(b"\x1b[4;3H\x1bP0;1;0q\"1;1;126;119#0;2;"));
        let ((width, height, sent), meant) = (from_sixel(&bytes), Pixels::scaled_to_cells(&placed, THEME, (9, 17)));
        assert_eq!((width, height), (meant.width, meant.height));
        for (sent, meant) in sent.iter().zip(&meant.spread_points(&meant.points, None)) {
            let near = |a: u8, b: u8| a.abs_diff(b) <= tolerance;
            let same = match (sent, meant) {
                (Some(a), Some(b)) => near(a.0, b.0) && near(a.1, b.1) && near(a.2, b.2),
                _ => sent == meant,
            };
            assert!(same, "{sent:?} instead of {meant:?}");
        }
        assert_eq!(graphics.show(vec![placed], &[], THEME).unwrap(), b"");
    }
}

#[test]
fn cells_below_sixels_are_written_again() {
    let area = Rect::new(0, 0, 40, 10);
    let (one, other) =
        (placed(Rect::new(1, 1, 14, 7), picture(28, 28)), placed(Rect::new(20, 1, 14, 7), picture(28, 28)));
    let both = vec![one.clone(), other.clone()];
    let mut graphics = Graphics { cell: Some((8, 16)), ..Graphics::new(PictureProtocol::Sixel) };
    graphics.show(both.clone(), &[], THEME).unwrap();
    let (mut cells, next) = (Buffer::empty(area), Buffer::empty(area));
    graphics.mark_uncovered_cells(&both, &mut cells);
    assert!(cells.diff(&next).is_empty());
    graphics.mark_uncovered_cells(&[one], &mut cells);
    let written = cells.diff(&next);
    assert!(written.len() == 14 * 7 && written.iter().all(|(x, y, _)| other.area.contains((*x, *y).into())));
    let mut kitty = kitty();
    kitty.show(both, &[], THEME).unwrap();
    let mut cells = Buffer::empty(area);
    kitty.mark_uncovered_cells(&[], &mut cells);
    assert!(cells.diff(&next).is_empty(), "kitty's pictures lie over the cells");
}
