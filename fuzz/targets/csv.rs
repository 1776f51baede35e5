#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = gradtop::dataset::fuzz::csv(bytes);
});
