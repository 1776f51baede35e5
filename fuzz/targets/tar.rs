#![no_main]

/// Bytes in a block.
const BLOCK: usize = 512;

// As they come, and with every block's sum of bytes put right, without which no header would ever be believed.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = gradtop::dataset::fuzz::tar(bytes);
    let _ = gradtop::dataset::fuzz::cifar(bytes);
    let mut repaired = bytes.to_vec();
    for block in repaired.chunks_exact_mut(BLOCK).filter(|block| block.iter().any(|&byte| byte != 0)) {
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    let _ = gradtop::dataset::fuzz::tar(&repaired);
    let _ = gradtop::dataset::fuzz::cifar(&repaired);
});
