//! Keys after floods of input, resizes and sequences without an end: each counts at its first press.

use std::{thread, time::Duration};

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng, seq::IndexedRandom};

use super::terminal::Session;

/// A run without an end that leaves nothing behind.
pub const ARGUMENTS: [&str; 6] = ["train", "--preset", "spirals", "--no-record", "--set", "run.epochs=1000000"];

/// A run that only keys change.
fn paused() -> Session {
    let mut session = Session::start(&ARGUMENTS, &[]);
    session.wait_for("running");
    session.press(" ");
    session.wait_for("paused @ ");
    session
}

/// Input of `length` bytes or a little more that changes nothing that is looked at, in pieces of any size.
fn harmless_input(length: usize, random: &mut ChaCha8Rng) -> Vec<Vec<u8>> {
    let inputs = [
        "~",
        "#",
        "é",
        "長",
        "\u{1b}[15~",
        "\u{1b}[<35;10;20M",
        "\u{1b}[<0;0;0M",
        "\u{1b}[M   ",
        "\u{1b}[I",
        "\u{1b}[1;",
    ];
    let mut bytes = Vec::new();
    while bytes.len() < length {
        bytes.extend_from_slice(inputs.choose(random).unwrap().as_bytes());
    }
    // Bytes that belong to no character, too; the last input is whole.
    bytes.extend_from_slice(b"\xff\x80~");
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let most = *[1, 30, 1000, 5000].choose(random).unwrap();
        let rest = bytes.split_off(random.random_range(1..=most).min(bytes.len()));
        pieces.push(std::mem::replace(&mut bytes, rest));
    }
    pieces
}

/// Presses `?` or Ctrl-C once, and Esc once; each has to be answered.
pub fn assert_answers(session: &mut Session, interrupt: bool) {
    let (key, answer) = if interrupt { ("\u{3}", "stop and quit") } else { ("?", "arrows scroll") };
    session.press(key);
    session.wait_for(answer);
    session.press("\u{1b}");
    session.wait("the answer to close", |screen| !screen.contains(answer));
}

fn flood_and_press(rounds: usize) {
    let mut session = paused();
    for round in 0..rounds {
        let mut random = ChaCha8Rng::seed_from_u64(round as u64);
        let length = [500, 2_500, 20_000, 100_000][round % 4];
        let mut pieces = harmless_input(length, &mut random);
        if round / 4 % 2 == 1 {
            let rest = pieces.split_off(pieces.len() / 2);
            session.flood(pieces);
            let columns = 100 + (round % 20) as u16;
            session.resize(columns, 36);
            session.press("~");
            pieces = rest;
        }
        session.flood(pieces);
        assert_answers(&mut session, round % 2 == 1);
    }
    session.press("\u{3}\u{3}");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn the_first_key_after_a_flood_counts() {
    flood_and_press(8);
}

/// Run it with `cargo test --test gradtop -- --ignored keys::`.
#[test]
#[ignore = "takes half a minute"]
fn the_first_key_after_each_of_fifty_floods_counts() {
    flood_and_press(50);
}

#[test]
fn a_key_right_after_a_resize_counts() {
    let mut session = paused();
    // Without a mend, about every eighth one was stuck.
    for round in 0..20 {
        session.resize(100 + round, 36);
        assert_answers(&mut session, false);
    }
}

#[test]
fn the_first_key_after_an_unfinished_sequence_counts() {
    let mut session = paused();
    let starts = [
        "\u{1b}[200~abc",
        "\u{1b}[200~",
        "\u{1b}[<",
        "\u{1b}[<0;1",
        "\u{1b}[",
        "\u{1b}[1;",
        "\u{1b}O",
        "\u{1b}[M",
        "\u{1b}[<0;0;0M",
    ];
    for (i, start) in starts.into_iter().enumerate() {
        // The help shows that what was sent together with its key was read.
        session.press(&format!("?{start}"));
        session.wait_for("arrows scroll");
        thread::sleep(Duration::from_millis(150));
        session.press("q");
        session.wait(&format!("the help to close after {start:?}"), |screen| !screen.contains("arrows scroll"));
        assert_answers(&mut session, i % 2 == 0);
    }
}

#[test]
fn a_flood_is_not_kept_in_memory() {
    let mut session = paused();
    #[cfg(target_os = "linux")]
    let before = session.peak_memory();
    // Of a paste, its beginning is kept.
    let mut pieces = vec![b"\x1b[200~".to_vec()];
    pieces.extend(std::iter::repeat_n(vec![b'a'; 4096], 1000));
    pieces.push(b"\x1b[201~".to_vec());
    pieces.extend(std::iter::repeat_n(vec![b'~'; 4096], 100));
    session.flood(pieces);
    thread::sleep(Duration::from_millis(200));
    assert_answers(&mut session, true);
    #[cfg(target_os = "linux")]
    assert!(session.peak_memory() < before + (2 << 20), "{} bytes more", session.peak_memory() - before);
}

#[test]
fn a_flood_without_an_end_does_not_stop_the_drawing() {
    let mut session = paused();
    session.press("?");
    session.flood_until_shown(&[b'~'; 4096], "arrows scroll");
}
