//! `gradtop grads` against `PyTorch` and against numbers worked out by hand, and what it refuses.
//!
//! The files in tests/golden were made by the script beside them with `PyTorch` 2.15.0.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use gradtop::tensors::{Precision, Tensors, Writer};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
const LAYERS: &str = "model.layers=[\"conv 3 3x3 pad 1\", \"batchnorm\", \"relu\", \"maxpool 2\", \
                      \"residual [conv 4 3x3 pad 1, batchnorm, relu]\", \"flatten\", \"linear 3\"]";

fn grads(layers: &str, weights: &Path, batch: &Path, out: &Path, more: &[&str]) -> Output {
    let files = [weights, batch, out].map(|path| path.to_str().unwrap());
    Command::new(env!("CARGO_BIN_EXE_gradtop"))
        .args(["grads", "--set", layers, "--weights", files[0], "--batch", files[1], "--out", files[2]])
        .args(more)
        .output()
        .unwrap()
}

#[track_caller]
fn assert_done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
}

/// Largest difference of two files of the same tensors, relative to the largest value of each tensor.
fn difference(found: &Path, expected: &Path) -> f64 {
    let (found, expected) = (Tensors::open(found).unwrap(), Tensors::open(expected).unwrap());
    assert_eq!(found.names().collect::<Vec<_>>(), expected.names().collect::<Vec<_>>());
    let mut worst = 0.0_f64;
    for name in expected.names() {
        let shape = expected.shape(name).unwrap();
        let (a, b) = (found.floats(name, shape).unwrap(), expected.floats(name, shape).unwrap());
        // A bias in front of a batch normalization has the gradient 0, of which rounding leaves something.
        let size = b.iter().map(|value| value.abs()).fold(1e-3, f64::max);
        worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs() / size).fold(worst, f64::max);
    }
    worst
}

#[test]
fn everything_is_as_pytorch_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("g.safetensors");
    let golden = |name: &str| PathBuf::from(GOLDEN).join(format!("{name}.safetensors"));
    for (mode, flags) in [("train", &[][..]), ("evaluate", &["--evaluate"])] {
        for (precision, tolerance) in [("f64", 1e-10), ("f32", 1e-4)] {
            let flags = [flags, &["--precision", precision, "--force"]].concat();
            assert_done(&grads(LAYERS, &golden("weights"), &golden("batch"), &out, &flags));
            let difference = difference(&out, &golden(mode));
            assert!(difference < tolerance, "{mode} {precision}: {difference:e}");
            // Rounding to 32 bits must show, or 64 bits were computed with.
            assert_eq!(difference > 1e-9, precision == "f32", "{mode} {precision}: {difference:e}");
        }
    }
}

/// A folder with the files of a linear layer of two inputs and two classes.
struct Small {
    folder: tempfile::TempDir,
}

impl Small {
    fn new(weights: &[u8], batch: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("w.safetensors"), weights).unwrap();
        fs::write(folder.path().join("b.safetensors"), batch).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.safetensors"))
    }

    fn run(&self, layers: &str, more: &[&str]) -> Output {
        grads(layers, &self.path("w"), &self.path("b"), &self.path("g"), more)
    }

    /// What is said when this is refused.
    fn complaint(&self, layers: &str, more: &[&str]) -> String {
        let output = self.run(layers, more);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(!self.path("g").exists(), "{said}");
        said
    }
}

const LINEAR: &str = "model.layers=[\"linear 2\"]";

fn weights() -> Writer {
    let mut writer = Writer::new(Precision::F64);
    writer.push("0.weight", &[2, 2], [1.0, 2.0, 3.0, 4.0]);
    writer.push("0.bias", &[2], [0.0, 3_f64.ln()]);
    writer
}

/// A safetensors file of x and y, as text and data.
pub fn batch(x: &[usize], values: &[f32], labels: &[u8]) -> Vec<u8> {
    let (middle, end) = (4 * values.len(), 4 * values.len() + labels.len());
    let header = format!(
        "{{\"x\":{{\"dtype\":\"F32\",\"shape\":{x:?},\"data_offsets\":[0,{middle}]}},\
         \"y\":{{\"dtype\":\"U8\",\"shape\":[{}],\"data_offsets\":[{middle},{end}]}}}}",
        labels.len()
    );
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.into_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes.extend(labels);
    bytes
}

#[test]
fn a_layer_by_hand() {
    // x = 0 in both places: the logits are the bias, (0, log 3), the probabilities 1/4 and 3/4, and the class is 0.
    let small = Small::new(&weights().finish("").unwrap(), &batch(&[1, 2], &[0.0, 0.0], &[0]));
    assert_done(&small.run(LINEAR, &["--precision", "f64"]));
    let out = Tensors::open(&small.path("g")).unwrap();
    let near = |name, shape: &[usize], expected: &[f64]| {
        let found = out.floats(name, shape).unwrap();
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{name}: {found:?}");
    };
    near("loss", &[], &[4_f64.ln()]);
    near("activation.0", &[1, 2], &[0.0, 3_f64.ln()]);
    near("gradient.activation.0", &[1, 2], &[-0.75, 0.75]);
    near("gradient.0.bias", &[2], &[-0.75, 0.75]);
    near("gradient.0.weight", &[2, 2], &[0.0; 4]);
    near("gradient.input", &[1, 2], &[0.75 * 2.0, 0.75 * 2.0]);
    assert_eq!(out.names().count(), 6);
    // As many classes as the weights have: the file says which network it was.
    let written = fs::read(small.path("g")).unwrap();
    assert_done(&small.run("model.layers=linear classes", &["--precision", "f64", "--force"]));
    assert_eq!(fs::read(small.path("g")).unwrap(), written);
}

#[test]
fn the_same_input_gives_the_same_file() {
    let small = Small::new(&weights().finish("").unwrap(), &batch(&[2, 2], &[1.0, 2.0, -1.0, 0.5], &[0, 1]));
    let bytes = |threads| {
        assert_done(&small.run(LINEAR, &["--threads", threads, "--force"]));
        fs::read(small.path("g")).unwrap()
    };
    assert_eq!(bytes("1"), bytes("3"));
}

#[test]
fn neither_what_is_there_nor_what_is_read_is_overwritten() {
    let small = Small::new(&weights().finish("").unwrap(), &batch(&[2, 2], &[1.0, 2.0, -1.0, 0.5], &[0, 1]));
    let [w, b] = ["w", "b"].map(|name| small.path(name));
    let before = fs::read(&b).unwrap();
    let complaint = |out: &Path, more: &[&str]| {
        let output = grads(LINEAR, &w, &b, out, more);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    for more in [&[][..], &["--force"]] {
        assert!(complaint(&b, more).contains("is what is read; give another file"));
    }
    assert_eq!(fs::read(&b).unwrap(), before);
    assert_done(&small.run(LINEAR, &[]));
    assert!(complaint(&small.path("g"), &[]).contains("exists; --force replaces it"));
}

#[test]
fn what_does_not_fit_is_refused_and_the_tensor_named() {
    let good = weights().finish("").unwrap();
    let good_batch = batch(&[1, 2], &[0.0, 0.0], &[0]);
    let refused = |weights: &[u8], batch: &[u8]| Small::new(weights, batch).complaint(LINEAR, &[]);
    let mut missing = Writer::new(Precision::F32);
    missing.push("0.weight", &[2, 2], [0.0; 4]);
    assert!(refused(&missing.finish("").unwrap(), &good_batch).contains("w.safetensors: no tensor 0.bias"));
    let mut stray = weights();
    stray.push("1.weight", &[2], [0.0; 2]);
    assert!(refused(&stray.finish("").unwrap(), &good_batch).contains("tensor 1.weight belongs to nothing"));
    let mut turned = weights();
    turned.push("0.weight", &[4, 1], [0.0; 4]);
    assert!(
        refused(&turned.finish("").unwrap(), &good_batch).contains("0.weight has the shape [4, 1]; expected [2, 2]")
    );
    assert!(refused(&good, &batch(&[1, 2], &[0.0, 0.0], &[2])).contains("tensor y: element 0 is 2"));
    assert!(refused(&good, &batch(&[1, 2], &[0.0, 0.0], &[0, 1])).contains("tensor y has the shape [2]; expected [1]"));
    assert!(
        refused(&good, &batch(&[2], &[0.0, 0.0], &[0])).contains("tensor x has the shape [2]; expected [batch, …]")
    );
    assert!(refused(&good, &batch(&[0, 2], &[], &[])).contains("tensor x has the shape [0, 2]"));
    assert!(refused(&good, &good).contains("b.safetensors: no tensor x"));
    assert!(refused(&good[..good.len() - 1], &good_batch).contains("lies beyond the end of the file"));
    assert!(refused(b"PK\x03\x04 and so on", &good_batch).contains("not a safetensors file"));
    let small = Small::new(&good, &good_batch);
    assert!(small.complaint("model.layers=[\"conv 2 1x1\"]", &[]).contains("needs an image"));
    let dropout = "model.layers=[\"dropout 0.5\", \"linear 2\"]";
    assert!(small.complaint(dropout, &[]).contains("layer 0, `dropout 0.5`"));
}
