//! Names from outside take as many columns as they are laid out for: in the buffer, and on a terminal.

use proptest::prelude::*;
use ratatui::style::Style;

use super::*;
use crate::text::{Safe, columns};

/// Characters that terminals, libraries and tables of Unicode count differently.
const ODD_CHARACTERS: &str = "a1 長ｱﾊﾞﾟ゛👍🏽👩\u{200d}👧🇩🇪❤☺\u{fe0e}\u{fe0f}\u{20e3}\u{301}\u{34f}\u{5d0}\u{627}\u{644}\u{600}\u{915}\u{94d}\u{937}\
    \u{93f}\u{e33}\u{1100}\u{115f}\u{1160}\u{11a8}\u{3164}\u{ffa0}\u{2800}\u{a4f8}\u{a4fc}\u{1a15}\u{1a17}\u{10c03}\u{17d2}\u{17d8}\u{1780}\u{16d67}\u{16d68}\
    \u{1b}\u{7}\u{9b}\u{ad}\u{202e}\u{e0041}\u{3000}";

fn odd_name() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(ODD_CHARACTERS.chars().collect::<Vec<_>>());
    prop_oneof![
        4 => prop::collection::vec(odd, 0..30).prop_map(String::from_iter),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn a_name_takes_the_columns_that_it_is_laid_out_for(name in odd_name()) {
        let shown = Safe(&name).to_string();
        let laid_out = columns(&shown) as u16;
        let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 1));
        let (end, _) = buffer.set_stringn(0, 0, &shown, 200, Style::new());
        prop_assert_eq!(end, laid_out, "{:?}", &shown);
        #[cfg(unix)]
        {
            let mut terminal = vt100::Parser::new(1, 200, 0);
            // The emulator leaves out the replacement character alone.
            terminal.process(shown.replace('\u{fffd}', "?").as_bytes());
            prop_assert_eq!(terminal.screen().cursor_position().1, laid_out, "{:?}", &shown);
        }
    }
}
