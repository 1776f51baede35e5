//! What the Data screen asks for, and where its keys and the mouse lead.

use super::{
    THEME,
    fixture::{self, hear, press},
    inside::Network,
    looks_data::{info, look, running},
    screen, text,
};
use crate::{
    app::{Message, Panel, Pointer, Screen},
    protocol::{
        Answer, Command, Event, Query,
        inspection::{FilterPictures, SampleFilter, SplitName, TensorSlice},
        made_up,
    },
    ui::{
        layout::{Layout, data::DataFrame},
        svg,
    },
};

#[test]
fn only_what_is_in_sight_is_asked_for() {
    let mut app = running(info(Network::Toy));
    screen(&mut app, (120, 36), THEME);
    let wanted = app.wanted_queries();
    let [Query::Points, Query::Boundary { columns, rows }, Query::Units { layer: 3, .. }] = wanted.as_slice() else {
        panic!("{wanted:?}")
    };
    assert_eq!((*columns, *rows), (54, 54), "two answers a cell");
    press(&mut app, "<Up>");
    assert!(matches!(app.wanted_queries()[2], Query::Units { layer: 2, .. }), "{:?}", app.wanted_queries());
    press(&mut app, "e");
    assert_eq!(app.wanted_queries().len(), 2, "alone, the plane has no maps beside it");
    let mut app = running(info(Network::Mlp));
    screen(&mut app, (80, 24), THEME);
    look(&mut app, "4v<Down><Down><Down>");
    let Query::Samples { split: SplitName::Test, show: SampleFilter::Mistakes, first: 6, count: 6, .. } =
        app.wanted_queries()[0]
    else {
        panic!("{:?}", app.wanted_queries())
    };
    let effects = press(&mut app, "t");
    let [crate::app::Effect::Send(request)] = effects.as_slice() else { panic!("{effects:?}") };
    let Command::Watch { queries } = &request.command else { panic!("{request:?}") };
    assert!(matches!(queries[0], Query::Samples { split: SplitName::Train, first: 0, .. }), "{queries:?}");
}

#[test]
fn a_sample_opens_on_the_inspect_screen_and_a_unit_among_its_layer() {
    let mut app = running(info(Network::Mlp));
    look(&mut app, "4<Right>");
    press(&mut app, "<Enter>");
    assert_eq!(app.view().screen, Screen::Inspect);
    look(&mut app, "4vvv<Right><Right>");
    press(&mut app, "<Enter>");
    assert_eq!((app.view().screen, app.view().layers.unit), (Screen::Layers, Some(2)));
}

#[test]
fn the_mouse_finds_samples_and_cells() {
    let mut app = running(info(Network::Mlp));
    screen(&mut app, (120, 36), THEME);
    look(&mut app, "4");
    let buffer = screen(&mut app, (120, 36), THEME);
    let layout = Layout::of(&app, buffer.area).unwrap();
    let area = layout.panel(Panel::Samples);
    let Some(Pointer::ClickRow { panel: Panel::Samples, row }) =
        layout.pointer_for_press(&app, area.right() - 8, area.bottom() - 4)
    else {
        panic!("a press on an image is a press on a sample")
    };
    app.update(Message::Pointer(Pointer::ClickRow { panel: Panel::Samples, row }));
    assert_eq!((row, app.data_screen().selected_entry()), (14, 14), "the last of the page");
    look(&mut app, "vv");
    let Some(Pointer::ClickRow { row, .. }) = layout.pointer_for_press(&app, area.x + 16, area.y + 2) else {
        panic!("a cell")
    };
    assert_eq!(row, 0);
}

#[test]
fn the_data_become_a_picture() {
    for network in [Network::Mlp, Network::Cnn, Network::Toy] {
        let mut app = running(info(network));
        for keys in ["4", "v", "v", "v"] {
            look(&mut app, keys);
            let buffer = screen(&mut app, (120, 36), THEME);
            assert!(svg::document(&buffer, THEME).contains("mistakes"));
        }
    }
}

#[test]
fn a_page_ends_above_the_hint_under_a_banner_too() {
    for size in [(80, 24), (60, 18), (120, 36)] {
        let mut app = running(info(Network::Toy));
        let summary = made_up::summary(1000, 0.2, 0.9, &"ab".repeat(32), 20.0);
        hear(&mut app, [Event::Finished(summary)]);
        let buffer = screen(&mut app, size, THEME);
        let layout = Layout::of(&app, buffer.area).unwrap();
        let body = DataFrame::of(layout.panel(Panel::Samples)).body;
        assert!(layout.banner.height >= 2, "{size:?}");
        let plane = app.data_screen().plane_layout((body.width, body.height)).plane;
        let Query::Boundary { columns, rows } = app.wanted_queries()[1] else { panic!("{:?}", app.wanted_queries()) };
        assert_eq!((columns, rows), (plane.0.into(), 2 * usize::from(plane.1)), "{size:?}");
        look(&mut app, "v");
        assert_eq!(
            app.data_screen().tile_layout().entries_per_page(),
            usize::from(body.height) - 1,
            "{size:?}: a row names the columns"
        );
        let down = "<Down>".repeat(app.data_screen().tile_layout().entries_per_page() - 1);
        look(&mut app, &down);
        let shown = text(&screen(&mut app, size, THEME));
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[usize::from(body.bottom()) - 1].contains(THEME.marks().pointer), "the last of the page: {shown}");
    }
}

#[test]
fn what_is_selected_before_the_page_in_sight_is_not_shown_large() {
    let mut app = running(info(Network::Mlp));
    for (keys, large, first) in [("4", "its loss", "its loss"), ("vvv", "unit 9", "unit 0")] {
        screen(&mut app, (80, 24), THEME);
        look(&mut app, keys);
        look(&mut app, "<Down><Down><Down>");
        let before = text(&screen(&mut app, (80, 24), THEME));
        assert!(before.contains(large), "{before}");
        press(&mut app, "f<Up><Up><Up>");
        assert_eq!(app.data_screen().selected_entry(), 0);
        let shown = text(&screen(&mut app, (80, 24), THEME));
        assert!(!shown.contains(large) && !shown.contains(first), "{shown}");
        press(&mut app, "f");
    }
}

#[test]
fn weights_that_were_cut_are_drawn_as_far_as_they_go() {
    let mut app = running(info(Network::Mlp));
    screen(&mut app, (200, 60), THEME);
    look(&mut app, "4vvv");
    let query = app.wanted_queries().remove(0);
    let Query::Filters { layer, first, .. } = query else { panic!("{query:?}") };
    let filter = TensorSlice { shape: vec![1, 96, 96], kept: vec![1, 96, 96], values: vec![0.5; 96 * 96] };
    let filters = FilterPictures { layer, total: 4, first, shape: [1, 96, 96], filters: vec![filter; 4] };
    hear(&mut app, [fixture::inspection(942, query, Answer::Filters(filters))]);
    let buffer = screen(&mut app, (200, 60), THEME);
    let shown = text(&buffer);
    assert!(shown.contains("unit 0  1×96×96  too large: its first 42 rows"), "{shown}");
    assert_eq!(crate::ui::screens::pictures(&app, buffer.area).len(), 5, "all of them and the large one");
}
