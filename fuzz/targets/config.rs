#![no_main]

use gradtop::config::Config;

// A configuration as a file and as a `--set`; what is accepted must survive being written and read again.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(config) = Config::from_toml_str("fuzz.toml", text, &[]) {
        assert_eq!(Config::from_toml_str("again.toml", &config.to_toml(), &[]).ok(), Some(config));
    }
    let _ = Config::load(None, None, &[text.to_owned()]).map_err(|error| error.to_string());
});
