#![no_main]

use gradtop::config::{Config, FlagValue, guess_key};
use gradtop::dataset::DatasetOutline;

// A configuration as a file, as a `--set` and as a flag; what is accepted must survive being written and read again,
// and be fit for data or told why not.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(config) = Config::from_toml_str("fuzz.toml", text, &[]) {
        check(&config);
    }
    if let Some((key, value)) = text.split_once('=') {
        if let Ok(config) = Config::load(None, None, &[text.to_owned()]).map_err(|error| error.to_string()) {
            check(&config);
        }
        if let Some(key) = guess_key(key) {
            let flag = FlagValue { flag: "--fuzz", key, value: value.into() };
            let _ = Config::load_with_flags(None, None, &[], &[flag]).map_err(|error| error.to_string());
        }
    } else {
        let _ = Config::default().to_toml_of(text).map_err(|error| error.to_string());
    }
});

fn check(config: &Config) {
    assert_eq!(Config::from_toml_str("again.toml", &config.to_toml(), &[]).ok().as_ref(), Some(config));
    for shape in [vec![5], vec![3, 16, 16]] {
        let classes = ["a", "b", "c"].map(String::from).to_vec();
        let outline = DatasetOutline { shape, classes, train: 100, test: 20, bytes_per_value: 4 };
        let _ = config.check(&outline).map_err(|error| error.to_string());
    }
}
