use proptest::prelude::*;

use super::*;

/// Gives bytes to a decoder, each piece after a pause.
struct Typist {
    decoder: InputDecoder,
    now: Instant,
}

impl Typist {
    fn new() -> Self {
        Self { decoder: InputDecoder::default(), now: Instant::now() }
    }

    /// What comes of `bytes` that are read `pause` after the last ones.
    fn send(&mut self, pause: Duration, bytes: &[u8]) -> Vec<Input> {
        self.now += pause;
        self.decoder.push(Chunk { bytes: bytes.to_vec(), at: self.now });
        std::iter::from_fn(|| self.decoder.pop()).collect()
    }

    /// What comes of waiting until nothing is unfinished.
    fn wait(&mut self) -> Vec<Input> {
        if self.decoder.deadline().is_some() {
            self.decoder.give_up();
        }
        std::iter::from_fn(|| self.decoder.pop()).collect()
    }
}

const AT_ONCE: Duration = Duration::ZERO;

/// What comes of bytes that are read together, and of waiting then.
fn decode(bytes: &[u8]) -> Vec<Input> {
    let mut typist = Typist::new();
    let mut inputs = typist.send(AT_ONCE, bytes);
    inputs.extend(typist.wait());
    inputs
}

fn press(c: char) -> Input {
    Input::Key(Key::char(c))
}

fn pasted(text: &str) -> Input {
    Input::Paste(text.into())
}

#[test]
fn keys_are_those_of_xterm_and_its_relatives() {
    let plain = |code| Key::plain(code);
    let alt = |code| Key { code, modifiers: Modifiers { alt: true, ..Modifiers::default() } };
    let control = |code| Key { code, modifiers: Modifiers { control: true, ..Modifiers::default() } };
    let cases: [(&[u8], Key); 44] = [
        (b"a", Key::char('a')),
        (b" ", Key::char(' ')),
        (b"~", Key::char('~')),
        (b"A", Key::shift(Code::Char('A'))),
        ("é".as_bytes(), Key::char('é')),
        ("長".as_bytes(), Key::char('長')),
        ("😀".as_bytes(), Key::char('😀')),
        (b"\r", plain(Code::Enter)),
        (b"\n", plain(Code::Enter)),
        (b"\t", plain(Code::Tab)),
        (b"\x7f", plain(Code::Backspace)),
        (b"\x00", Key::control(' ')),
        (b"\x03", Key::control('c')),
        (b"\x08", Key::control('h')),
        (b"\x1a", Key::control('z')),
        (b"\x1c", Key::control('4')),
        (b"\x1b", plain(Code::Esc)),
        (b"\x1ba", alt(Code::Char('a'))),
        ("\x1bé".as_bytes(), alt(Code::Char('é'))),
        (b"\x1b\r", alt(Code::Enter)),
        (b"\x1b\x7f", alt(Code::Backspace)),
        (b"\x1b[A", plain(Code::Up)),
        (b"\x1b[B", plain(Code::Down)),
        (b"\x1b[C", plain(Code::Right)),
        (b"\x1b[D", plain(Code::Left)),
        (b"\x1bOA", plain(Code::Up)),
        (b"\x1bOF", plain(Code::End)),
        (b"\x1b[H", plain(Code::Home)),
        (b"\x1b[F", plain(Code::End)),
        (b"\x1b[1~", plain(Code::Home)),
        (b"\x1b[7~", plain(Code::Home)),
        (b"\x1b[4~", plain(Code::End)),
        (b"\x1b[8~", plain(Code::End)),
        (b"\x1b[3~", plain(Code::Delete)),
        (b"\x1b[5~", plain(Code::PageUp)),
        (b"\x1b[6~", plain(Code::PageDown)),
        (b"\x1b[Z", Key::shift(Code::BackTab)),
        (b"\x1b[1;2A", Key::shift(Code::Up)),
        (b"\x1b[1;3D", alt(Code::Left)),
        (b"\x1b[5;5~", control(Code::PageUp)),
        (b"\x1b[99;5u", Key::control('c')),
        (b"\x1b[13;1u", plain(Code::Enter)),
        (b"\x1b[9;2u", Key::shift(Code::BackTab)),
        (b"\x1b[27u", plain(Code::Esc)),
    ];
    for (bytes, key) in cases {
        assert_eq!(decode(bytes), [Input::Key(key)], "{}", bytes.escape_ascii());
        // Nothing is left of one that could spoil the next.
        assert_eq!(
            decode(&[bytes, b"q"].concat()).last(),
            Some(&if bytes == b"\x1b" { Input::Key(alt(Code::Char('q'))) } else { press('q') })
        );
    }
    assert_eq!(decode(b"\x1b\x1b"), [Input::Key(plain(Code::Esc)), Input::Key(plain(Code::Esc))]);
}

#[test]
fn what_means_nothing_is_read_to_its_end() {
    let long = format!("\x1b[{}A", "1".repeat(10 * MAX_SEQUENCE_BYTES));
    let cases =
        ["\x1b[I", "\x1b[O", "\x1b[15~", "\x1b[[A", "\x1bOP", "\x1b[?62;1;4c", "\x1b[?2026;2$y", "\x1b[24;80R", &long];
    for bytes in cases {
        assert_eq!(decode(format!("{bytes}q").as_bytes()), [press('q')], "{bytes:?}");
    }
    for bytes in [&b"\xff"[..], b"\x80", b"\xc3", b"\xe9\x95", b"\xf4\xff", b"\xed\xa0\x80"] {
        assert_eq!(decode(&[bytes, b"q"].concat()), [press('q')], "{}", bytes.escape_ascii());
    }
}

/// Sequences that can be cut anywhere.
const SEQUENCES: [&[u8]; 8] = [
    b"\x1b[1;5A",
    b"\x1bOA",
    b"\x1b[<0;10;20M",
    b"\x1b[M !!",
    b"\x1b[[A",
    b"\x1b[200~",
    b"\x1b[99;5u",
    "長".as_bytes(),
];

#[test]
fn after_an_unfinished_sequence_the_next_key_counts() {
    for sequence in SEQUENCES {
        for cut in 1..sequence.len() {
            let start = &sequence[..cut];
            let context = start.escape_ascii();
            // Ctrl-C at once, any key after a pause, whether or not the loop had time to wait in between.
            let last = |inputs: Vec<Input>| inputs.into_iter().next_back();
            let interrupt = Some(Input::Key(Key::control('c')));
            assert_eq!(last(decode(&[start, b"\x03"].concat())), interrupt, "{context}");
            for waits in [false, true] {
                let mut typist = Typist::new();
                typist.send(AT_ONCE, start);
                if waits {
                    typist.wait();
                }
                assert_eq!(last(typist.send(SEQUENCE_WAIT, b"1")), Some(press('1')), "{context}");
            }
        }
    }
    // What can be no part of such a report counts even at once.
    assert_eq!(decode(b"\x1b[<?"), [press('?')]);
    assert_eq!(decode(b"\x1b[<0;1q"), [press('q')]);
}

#[test]
fn a_slow_line_may_cut_a_sequence_in_pieces() {
    for sequence in SEQUENCES {
        let mut typist = Typist::new();
        let mut inputs = Vec::new();
        for byte in sequence {
            inputs.extend(typist.send(SEQUENCE_WAIT * 9 / 10, &[*byte]));
        }
        inputs.extend(typist.wait());
        assert_eq!(inputs, decode(sequence), "{}", sequence.escape_ascii());
    }
}

#[test]
fn the_mouse_is_where_it_says_or_nowhere() {
    assert_eq!(decode(b"\x1b[<0;1;1M"), [Input::Press { x: 0, y: 0 }]);
    assert_eq!(decode(b"\x1b[<16;300;65535M"), [Input::Press { x: 299, y: 65534 }]);
    assert_eq!(decode(b"\x1b[<64;5;6M"), [Input::Wheel { x: 4, y: 5, up: true }]);
    assert_eq!(decode(b"\x1b[<65;5;6M"), [Input::Wheel { x: 4, y: 5, up: false }]);
    assert_eq!(decode(b"\x1b[M !!"), [Input::Press { x: 0, y: 0 }]);
    assert_eq!(decode(b"\x1b[M`\xff\x22"), [Input::Wheel { x: 222, y: 1, up: true }]);
    let nowhere: [&[u8]; 11] = [
        b"\x1b[<0;0;0M",
        b"\x1b[<0;0;5M",
        b"\x1b[<0;5;0M",
        b"\x1b[M   ",
        b"\x1b[M !  ",
        b"\x1b[<0;65536;1M",
        b"\x1b[<;;M",
        b"\x1b[<M",
        b"\x1b[<0;1;1m",
        b"\x1b[<2;1;1M",
        b"\x1b[<32;1;1M",
    ];
    for bytes in nowhere {
        let inputs = decode(&[bytes, b"q"].concat());
        assert_eq!(inputs.last(), Some(&press('q')), "{}", bytes.escape_ascii());
        assert!(inputs.iter().all(|input| matches!(input, Input::Key(_))), "{inputs:?}");
    }
}

#[test]
fn a_paste_is_text_in_whatever_pieces_it_comes() {
    let bytes = "\x1b[200~a\x1b[A\x1b\x1b[20\u{3}長\x1b[201~".as_bytes();
    let text = "a\x1b[A\x1b\x1b[20\u{3}長";
    for size in 1..=bytes.len() {
        let mut typist = Typist::new();
        let inputs: Vec<Input> = bytes.chunks(size).flat_map(|piece| typist.send(AT_ONCE, piece)).collect();
        assert_eq!(inputs, [pasted(text)], "in pieces of {size}");
    }
}

#[test]
fn a_huge_paste_is_capped_between_two_characters() {
    for (before, character) in
        [("", "長"), ("a", "長"), ("a", "😀"), ("aaa", "😀"), ("aa", "😀"), ("", "a"), ("", "\x1b[201")]
    {
        let text = before.to_owned() + &character.repeat(4 * MAX_PASTE_BYTES / character.len());
        let mut inputs = decode(format!("\x1b[200~{text}\x1b[201~").as_bytes());
        let Some(Input::Paste(kept)) = inputs.pop() else { panic!("{inputs:?}") };
        assert!(
            text.starts_with(&kept) && kept.len() > MAX_PASTE_BYTES - 4,
            "{before:?} {character:?}: {}",
            kept.len()
        );
        assert!(kept.len() <= MAX_PASTE_BYTES && kept.capacity() <= MAX_PASTE_BYTES);
    }
    // Bytes that are no text become longer.
    let junk = [&b"\x1b[200~"[..], &vec![0xff; 2 * MAX_PASTE_BYTES], PASTE_END].concat();
    let inputs = decode(&junk);
    assert!(matches!(&inputs[..], [Input::Paste(kept)] if kept.len() <= MAX_PASTE_BYTES && kept.contains('\u{fffd}')));
}

#[test]
fn what_spills_out_of_a_paste_is_no_key() {
    let mut typist = Typist::new();
    assert_eq!(typist.send(AT_ONCE, b"q"), [press('q')]);
    assert_eq!(typist.send(AT_ONCE, b"\x1b[200~a\x1b[201~qy"), [pasted("a")]);
    for i in 1..50 {
        assert_eq!(typist.send(PASTE_TAIL / 2, b"qy\x03"), [], "piece {i} of the tail");
    }
    // A key that is held down does not prolong the tail, and Ctrl-C of its own is none of it.
    assert_eq!(typist.send(PASTE_TAIL / 2, b"q"), []);
    assert_eq!(typist.send(PASTE_TAIL / 2, b"q"), [press('q')]);
    assert_eq!(typist.send(AT_ONCE, b"\x1b[200~a\x1b[201~"), [pasted("a")]);
    assert_eq!(typist.send(TYPING_PAUSE, b"\x03"), [Input::Key(Key::control('c'))]);
}

#[test]
fn a_paste_that_stalls_goes_on_and_one_that_lost_its_end_holds_nothing_up() {
    let stalled = |pause, rest: &[u8]| {
        let mut typist = Typist::new();
        assert_eq!(typist.send(AT_ONCE, b"\x1b[200~one "), []);
        typist.send(pause, rest)
    };
    // A paste goes on with a piece that is more than a key.
    let short = PASTE_WAIT * 9 / 10;
    assert_eq!(stalled(short, b"qy\x1b[201~"), [pasted("one qy")]);
    assert_eq!(stalled(short, b"q\x1b[201~"), [pasted("one q")]);
    assert_eq!(stalled(short, b"\x1b[201~"), [pasted("one ")]);
    assert_eq!(stalled(PASTE_PAUSE / 2, b"\x03\x1b[201~"), [pasted("one \u{3}")]);
    // A key of its own ends it, and is no part of its tail.
    assert_eq!(stalled(PASTE_PAUSE, b"\x03"), [pasted("one "), Input::Key(Key::control('c'))]);
    assert_eq!(stalled(PASTE_PAUSE, b"\x1b[A"), [pasted("one "), Input::Key(Key::plain(Code::Up))]);
    assert_eq!(stalled(PASTE_PAUSE, b"\x1b[<0;1;1M"), [pasted("one "), Input::Press { x: 0, y: 0 }]);
    // So does a long pause.
    assert_eq!(stalled(PASTE_WAIT, b"ss"), [pasted("one "), press('s'), press('s')]);
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_leave_nothing_that_holds_a_key_up(
        parts in prop::collection::vec(prop_oneof![
            4 => prop::collection::vec(any::<u8>(), 0..20),
            4 => prop::sample::select(SEQUENCES.to_vec()).prop_map(<[u8]>::to_vec),
            1 => Just(PASTE_END.to_vec()),
            2 => (prop::sample::select(SEQUENCES.to_vec()), 1usize..5)
                .prop_map(|(sequence, cut)| sequence[..cut.min(sequence.len())].to_vec()),
        ], 0..60),
        sizes in prop::collection::vec(1usize..40, 1..20),
    ) {
        let bytes = parts.concat();
        let mut typist = Typist::new();
        let mut inputs = Vec::new();
        let mut rest = &bytes[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            inputs.extend(typist.send(AT_ONCE, piece));
            prop_assert!(typist.decoder.pending.len() <= MAX_SEQUENCE_BYTES);
            rest = after;
        }
        prop_assert!(inputs.len() <= bytes.len());
        let mut whole = Typist::new();
        prop_assert_eq!(&inputs, &whole.send(AT_ONCE, &bytes), "the pieces make no difference");
        let mut later = typist.send(PASTE_TAIL, b"\x03");
        prop_assert_eq!(later.pop(), Some(Input::Key(Key::control('c'))));
    }
}
