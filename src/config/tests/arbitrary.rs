//! Properties of the configuration over arbitrary texts.

use proptest::prelude::*;

use super::super::table::config_keys;
use super::*;

/// Pieces from which texts that nearly make sense are put together.
const PIECES: &[&str] = &[
    "[run]",
    "[[run]]",
    "[model]",
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\"",
    "'",
    "\"\"\"",
    "\n",
    "\r\n",
    "\t",
    " ",
    "#",
    "lr",
    "layers",
    "linear 5",
    "relu",
    "seed",
    "1",
    "-1",
    "1e400",
    "nan",
    "inf",
    "0x",
    "é",
    "\u{202e}",
    "\u{1b}",
    "\\u",
    "optimizer",
    "schedule.lr",
    "2024-01-01",
    "true",
    "\u{feff}",
    "長",
    "e\u{301}",
    "\u{0}",
];

fn nearly_toml() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("x.toml");
        fs::write(&file, bytes).unwrap();
        if let Err(error) = Config::load(None, Some(&file), &[]) {
            prop_assert!(is_harmless(&error.to_string()), "{:?}", error.to_string());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in nearly_toml(), set in nearly_toml()) {
        if let Err(error) = load(&text, &[&set]) {
            prop_assert!(is_harmless(&error.to_string()), "{:?}", error.to_string());
        }
    }

    #[test]
    fn no_damage_to_the_shipped_file_makes_it_panic(
        from in 0..SHIPPED.len(), length in 0_usize..30, inserted in nearly_toml(),
    ) {
        let boundary = |at: usize| (at..=SHIPPED.len()).find(|&at| SHIPPED.is_char_boundary(at)).unwrap();
        let (from, to) = (boundary(from), boundary((from + length).min(SHIPPED.len())));
        let text = [&SHIPPED[..from], &inserted, &SHIPPED[to..]].concat();
        match load(&text, &[]) {
            Ok(config) => prop_assert_eq!(load(&config.to_toml(), &[]).unwrap(), config),
            Err(error) => prop_assert!(is_harmless(&error.to_string()), "{:?}", error.to_string()),
        }
    }

    #[test]
    fn no_set_makes_it_panic(key in 0..config_keys().count(), value in nearly_toml()) {
        let set = format!("{}={value}", config_keys().nth(key).unwrap().path);
        match load("", &[&set]) {
            Ok(config) => prop_assert_eq!(load(&config.to_toml(), &[]).unwrap(), config),
            Err(error) => prop_assert!(is_harmless(&error.to_string()), "{:?}", error.to_string()),
        }
    }

    #[test]
    fn a_written_configuration_reads_back_the_same(
        seed in 0..=i64::MAX, lr in prop::num::f64::POSITIVE, name in "[a-z \"\\\\é#]{1,20}", source in "[a-z \"\\\\/é#]{1,20}",
    ) {
        let mut config = Config::default();
        config.run.seed = seed as u64;
        config.run.name = name;
        config.data.source = Source::parse(&format!("/{source}"));
        config.optimizer.learning_rate = lr.min(1e3);
        prop_assert_eq!(load(&config.to_toml(), &[]).unwrap(), config);
    }
}
