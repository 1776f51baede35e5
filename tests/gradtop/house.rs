//! The modules of ARCHITECTURE.md and what each may import, read from the `use` lines and paths of the source; and how
//! long files may be.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use circles::ModuleTree;
use source::{dependencies, named_paths, sources, strip};

mod circles;
mod source;
mod texts;

/// A module, the modules of this crate it may name, and the other crates it may name (`std` is free to all).
struct TopModule {
    name: &'static str,
    modules: &'static [&'static str],
    crates: &'static [&'static str],
}

const fn module(name: &'static str, modules: &'static [&'static str], crates: &'static [&'static str]) -> TopModule {
    TopModule { name, modules, crates }
}

/// Files, memory, threads, words and numbers: leaves that all modules may import and that import none themselves.
const LEAVES: [&str; 6] = ["files", "memory", "random", "range", "text", "threads"];

const MODULES: &[TopModule] = &[
    module("protocol", &[], &["serde", "serde_json", "smallvec"]),
    module("files", &[], &["rustix"]),
    module("memory", &[], &["rustix"]),
    module("random", &[], &["rand"]),
    module("range", &[], &["serde"]),
    module("text", &[], &["strsim", "unicode_segmentation", "unicode_width"]),
    module("threads", &[], &[]),
    module("nn", &["tensors"], &["ndarray", "rand", "rustix", "shuttle", "thiserror"]),
    module("optim", &["nn", "tensors"], &["thiserror"]),
    module("dataset", &[], &["ndarray", "rand", "flate2", "thiserror", "csv_core", "image", "serde"]),
    module("train", &["nn", "optim", "dataset", "protocol", "tensors"], &["serde", "tokio", "sha2", "thiserror"]),
    module(
        "runs",
        &["dataset", "protocol", "report", "tensors", "train"],
        &["base64", "crc32c", "humantime", "image", "serde", "serde_json", "sha2", "thiserror", "toml"],
    ),
    module("predict", &["dataset", "nn", "tensors"], &["serde", "serde_json", "thiserror"]),
    module("app", &["protocol"], &[]),
    module(
        "ui",
        &["app", "protocol"],
        &[
            "ratatui",
            "crossterm",
            "flate2",
            "base64",
            "libc",
            "tokio",
            "rustix",
            "thread_priority",
            "unicode_segmentation",
        ],
    ),
    module("headless", &["protocol"], &["serde_json", "indicatif"]),
    module("config", &["nn", "optim", "dataset", "train"], &["toml"]),
    module("exercise", &["config", "dataset", "train", "report"], &["thiserror"]),
    module("report", &[], &[]),
    module("tensors", &[], &["safetensors", "serde", "serde_json", "thiserror"]),
    module("lib", &[], &[]),
    module("main", &["cli"], &["gradtop", "clap"]),
    module("cli", &["gradtop"], &["gradtop", "clap", "anyhow", "tokio", "serde", "serde_json", "indicatif", "rustix"]),
];

/// Lines of a file without its tests.
const MAX_FILE_LINES: usize = 400;

/// Files over which the methods of a type may be spread.
const MAX_METHOD_FILES: usize = 3;

#[test]
fn modules_import_only_what_they_may() {
    let dependencies = dependencies();
    let mut wrong = Vec::new();
    for (path, module, code) in sources() {
        let Some(rule) = MODULES.iter().find(|rule| rule.name == module) else {
            wrong.push(format!("{}: {module} is no module of ARCHITECTURE.md", path.display()));
            continue;
        };
        for (root, next) in named_paths(&code, path.iter().count() - 1) {
            let allowed = match root.as_str() {
                "crate" => {
                    next == module
                        || LEAVES.contains(&next.as_str())
                        || rule.modules.contains(&next.as_str())
                        || !MODULES.iter().any(|other| other.name == next)
                }
                other => rule.crates.contains(&other) || !dependencies.contains(other),
            };
            if !allowed {
                wrong.push(format!("{}: {module} may not import {root}::{next}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn train_takes_only_channels_from_tokio() {
    for (path, module, code) in sources() {
        for (root, next) in named_paths(&code, path.iter().count() - 1) {
            assert!(module != "train" || root != "tokio" || next == "sync", "{}: tokio::{next}", path.display());
        }
    }
}

#[test]
fn the_mathematics_asks_the_system_for_memory_only() {
    for (path, module, code) in sources() {
        for (root, next) in named_paths(&code, path.iter().count() - 1) {
            assert!(module != "nn" || root != "rustix" || next == "mm", "{}: rustix::{next}", path.display());
        }
    }
}

#[test]
fn the_dashboard_knows_no_clock() {
    for (path, module, code) in sources() {
        let clock = ["Instant", "SystemTime", "thread::sleep"].into_iter().find(|word| code.contains(word));
        assert!(module != "app" || clock.is_none(), "{} knows {clock:?}", path.display());
    }
}

#[test]
fn unsafe_code_lives_in_the_kernels_and_the_crash_handlers_only() {
    for (path, _, code) in sources() {
        let allowed = path.starts_with("src/nn/kernels") || path == Path::new("src/ui/terminal/crash.rs");
        assert!(allowed || !code.contains("unsafe"), "{} has unsafe code", path.display());
    }
}

#[test]
fn files_stay_readable() {
    for (path, _, code) in sources() {
        let lines = code.lines().count();
        assert!(lines <= MAX_FILE_LINES, "{} has {lines} lines before its tests", path.display());
    }
}

#[test]
fn the_methods_of_a_type_stand_together() {
    let mut files: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for (path, module, code) in sources() {
        for name in code.lines().filter_map(type_with_methods) {
            files.entry((module.clone(), name.to_owned())).or_default().insert(path.display().to_string());
        }
    }
    for ((module, name), files) in files {
        assert!(files.len() <= MAX_METHOD_FILES, "the methods of {module}'s {name} are in {files:?}");
    }
}

/// The name of the type of an `impl` block without a trait that begins at this line.
fn type_with_methods(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("impl")?;
    let rest = if rest.starts_with('<') { rest.split_once("> ")?.1 } else { rest.strip_prefix(' ')? };
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (!rest.contains(" for ")).then_some(name)
}

#[test]
fn sibling_modules_form_no_circles() {
    let mut tree = ModuleTree::default();
    for (path, _, code) in sources() {
        // The tree takes a module's name from its file's.
        assert!(!code.contains("#[path"), "{} gives a module another file", path.display());
        tree.add(&path, &code);
    }
    let circles: Vec<String> = tree.circles().iter().map(|circle| format!("circle of {circle}")).collect();
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_every_form() {
    let code = strip(
        "use crate::{nn::{Network, Mode}, optim};\nuse std::fmt;\nuse super::train;\nfn f() { crate::ui::run(ratatui::init()); }\n\
         // use crate::train::x;\nlet s = \"crate::dataset::y\";\n#[cfg(test)]\nmod tests { use crate::config::z; }",
    );
    let seen: BTreeSet<String> =
        named_paths(&code, 1).into_iter().map(|(root, next)| format!("{root}::{next}")).collect();
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        ["crate::nn", "crate::optim", "crate::train", "crate::ui", "ratatui::init", "std::fmt"]
    );
}

/// The circles among the modules of these files.
fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let mut tree = ModuleTree::default();
    for (file, code) in files {
        tree.add(Path::new(file), &strip(code));
    }
    tree.circles().iter().map(ToString::to_string).collect()
}

#[test]
fn circles_are_found_whatever_ties_them() {
    let parent = "pub use y::Deep as Renamed; mod x; mod y; mod z;";
    for (name, x, y) in [
        ("super::y", "use super::y;", "use super::x::Name;"),
        ("crate::a::y::Deep", "fn f() -> crate::a::y::Deep {}", "use super::x::Name;"),
        ("super::Renamed", "use super::{Renamed};", "use super::x::{self, Name as Other};"),
        ("a::y::Deep", "use crate::a; fn f(y: a::y::Deep) {}", "use super::x::Name;"),
        ("super::super::Renamed", "mod inline { use super::super::Renamed; }", "use super::x::Name;"),
    ] {
        let found = circles(&[("src/a.rs", parent), ("src/a/x.rs", x), ("src/a/y.rs", y), ("src/a/z.rs", x)]);
        assert_eq!(found.len(), 1, "{found:?}");
        let expected = format!("x, y:\n    src/a/x.rs → src/a/y.rs: {name}\n    src/a/y.rs → src/a/x.rs: super::x");
        assert!(found[0].starts_with(&expected), "{found:?}");
    }
    let long = [
        ("src/a.rs", ""),
        ("src/a/x.rs", ""),
        ("src/a/x/deep.rs", "use crate::a::y::Y;"),
        ("src/a/y.rs", "use super::z::Z;"),
        ("src/a/z.rs", ""),
        ("src/a/z/deep.rs", "use super::super::x::X;"),
    ];
    assert!(circles(&long)[0].starts_with("x, y, z:"), "{:?}", circles(&long));
}

#[test]
fn what_only_looks_like_a_circle_is_none() {
    let parent = "pub use x::Name; pub struct Own; mod x; mod y;";
    for x in [
        "use super::Own;",
        "pub struct Name; fn f() -> super::Name {}",
        "// use super::y::Y;\nconst TEXT: &str = \"super::y::Y\";",
        "#[cfg(test)]\nfn f() { super::y::f() }\n#[cfg(test)]\n#[allow(x)]\nmod tests { use super::super::y::Y; }",
        "use y::y;",
        "use rand::y; fn f() { y::g() }",
    ] {
        let found = circles(&[("src/a.rs", parent), ("src/a/x.rs", x), ("src/a/y.rs", "use super::Name;")]);
        assert_eq!(found, [""; 0], "{x}");
    }
}
