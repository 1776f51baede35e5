#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(tensors) = gradtop::tensors::Tensors::parse("fuzz", bytes) {
        for name in tensors.names() {
            let shape = tensors.shape(name).unwrap_or_default();
            let _ = tensors.floats(name, shape);
            let _ = tensors.labels(name, shape, 10);
        }
    }
});
