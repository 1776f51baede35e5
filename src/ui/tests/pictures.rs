//! The pictures over the cells, where whole screens are concerned.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    THEME,
    fixture::press,
    inside::Network,
    looks_data::{info, look, running},
    screen,
};
use crate::{
    app::{App, Message},
    ui::{
        frame::FrameRenderer,
        graphics::{DELETE_ALL, PictureProtocol, PlacedPicture, tests::received},
        screens,
        widgets::picture,
    },
};

/// The pictures of `app` in a window of this size, after a check that its cells show the same ones, shrunk.
fn checked(app: &mut App, size: (u16, u16)) -> Vec<PlacedPicture> {
    let buffer = screen(app, size, THEME);
    let pictures = screens::pictures(app, buffer.area);
    for placed in &pictures {
        let mut alone = Buffer::empty(buffer.area);
        let shrunk = placed.picture().fit_into(placed.area.width, placed.area.height);
        picture::draw(&mut alone, placed.area, &shrunk, THEME);
        for position in placed.area.positions() {
            assert_eq!(buffer[position], alone[position], "{position} of {:?}", placed.area);
            assert!(["▀", "▄", " "].contains(&buffer[position].symbol()));
        }
        assert!(placed.area.bottom() < buffer.area.bottom(), "sixels in the last row would scroll");
    }
    for (i, one) in pictures.iter().enumerate() {
        assert!(pictures[..i].iter().all(|other| !one.area.intersects(other.area)));
    }
    pictures
}

/// The number of pictures at each of these sizes.
fn counts<const N: usize>(app: &mut App, keys: &str, sizes: [(u16, u16); N]) -> [usize; N] {
    look(app, keys);
    sizes.map(|size| {
        screen(app, size, THEME);
        look(app, "");
        checked(app, size).len()
    })
}

#[test]
fn the_cells_show_the_same_pictures() {
    let sizes = [(200, 60), (120, 36), (80, 24), (60, 18)];
    let mut app = running(info(Network::Mlp));
    assert_eq!(counts(&mut app, "4", sizes), [48, 15, 6, 3]);
    assert_eq!(counts(&mut app, "v<Right>", sizes), [48, 15, 6, 3]);
    assert_eq!(counts(&mut app, "v", sizes), [0; 4], "the confusion matrix");
    assert_eq!(counts(&mut app, "v", sizes), [16, 15, 6, 3], "there are sixteen units");
    let mut app = running(info(Network::Cnn));
    assert_eq!(counts(&mut app, "4", sizes), [35, 12, 7, 2], "in a low window the large one shrinks too");
    assert_eq!(counts(&mut app, "1", sizes), [0; 4]);
}

#[test]
fn the_followed_sample_is_sharp_too() {
    let mut app = Network::Mlp.inspected();
    assert_eq!([(200, 60), (120, 36), (80, 24)].map(|size| checked(&mut app, size).len()), [0, 0, 1]);
    let mut app = Network::Cnn.inspected();
    assert_eq!(checked(&mut app, (80, 24)).len(), 1);
    let mut app = Network::Toy.inspected();
    assert_eq!(checked(&mut app, (80, 24)).len(), 0);
}

#[test]
fn nothing_lies_over_a_question() {
    let size = (120, 36);
    let mut app = running(info(Network::Mlp));
    assert_eq!(counts(&mut app, "4", [size]), [15]);
    for (keys, count) in [("?", 0), ("<Esc>", 15), ("q", 0), ("<Esc>", 15), (":", 15), ("<Esc>", 15)] {
        press(&mut app, keys);
        assert_eq!(checked(&mut app, size).len(), count, "{keys}");
    }
    assert_eq!(screens::pictures(&app, Rect::new(0, 0, 59, 17)), []);
}

fn draw(frames: &mut FrameRenderer, app: &App) -> Option<Vec<u8>> {
    frames.draw(app).unwrap()
}

/// Pictures that were sent and pictures that were removed.
fn traffic(bytes: Option<Vec<u8>>) -> (usize, usize) {
    let all = received(&bytes.unwrap());
    let sent = all.iter().filter(|one| one.keys[&'a'] == "T").count();
    let removed = all.iter().filter(|one| one.keys.get(&'d').is_some_and(|what| what == "I")).count();
    assert!(sent + removed + 1 >= all.len());
    (sent, removed)
}

#[test]
fn the_terminal_gets_pictures_when_they_change() {
    let mut app = running(info(Network::Mlp));
    counts(&mut app, "4", [(120, 36)]);
    let mut frames = FrameRenderer::new(THEME, PictureProtocol::Kitty);
    let first = draw(&mut frames, &app);
    assert!(first.as_ref().is_some_and(|bytes| bytes.ends_with(b"\x1b[?2026l")), "within the synchronized update");
    assert_eq!(traffic(first), (15, 0));
    assert_eq!(draw(&mut frames, &app), None);
    press(&mut app, "<Right>");
    assert_eq!(traffic(draw(&mut frames, &app)), (0, 0), "another one is selected, the pictures are the same");
    press(&mut app, "?");
    assert_eq!(traffic(draw(&mut frames, &app)), (0, 15));
    press(&mut app, "<Esc>");
    assert_eq!(traffic(draw(&mut frames, &app)), (15, 0));
    press(&mut app, "1");
    assert_eq!(traffic(draw(&mut frames, &app)), (0, 15));
    press(&mut app, "4");
    assert_eq!(traffic(draw(&mut frames, &app)), (15, 0));
    frames.redraw_all();
    let again = draw(&mut frames, &app);
    assert!(again.as_ref().is_some_and(|bytes| bytes.windows(DELETE_ALL.len()).any(|part| part == DELETE_ALL)));
    assert_eq!(traffic(again), (15, 0));
    assert!(frames.resize(Some((10, 20))) && !frames.resize(Some((10, 20))));
    assert_eq!(traffic(draw(&mut frames, &app)), (15, 0), "with the pixels of the new cells");
    app.update(Message::Resize { columns: 80, rows: 24 });
    assert_eq!(traffic(draw(&mut frames, &app)).1, 0, "removed by the clearing");
}

#[test]
fn sixels_come_only_where_a_cell_has_a_size() {
    let mut app = running(info(Network::Mlp));
    counts(&mut app, "4", [(120, 36)]);
    let pictures = |bytes: &[u8]| bytes.windows(2).filter(|part| part == b"\x1bP").count();
    let mut blocks = FrameRenderer::new(THEME, PictureProtocol::Blocks);
    let plain = draw(&mut blocks, &app).unwrap();
    assert!(!blocks.resize(Some((8, 16))), "no cell is drawn differently");
    let mut frames = FrameRenderer::new(THEME, PictureProtocol::Sixel);
    assert_eq!(draw(&mut frames, &app).unwrap(), plain);
    assert!(frames.resize(Some((8, 16))));
    assert_eq!(pictures(&draw(&mut frames, &app).unwrap()), 15);
    assert_eq!(draw(&mut frames, &app), None);
    press(&mut app, "q");
    let (shown, without) = (draw(&mut frames, &app).unwrap(), draw(&mut blocks, &app).unwrap());
    assert!(pictures(&shown) == 0 && shown.len() > without.len(), "what they covered is written again");
    press(&mut app, "<Esc>");
    assert_eq!(pictures(&draw(&mut frames, &app).unwrap()), 15);
}
