//! The rooms of ARCHITECTURE.md and who may import whom, read from the `use` lines and paths of the source.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A room, the rooms of this crate it may name, and the other crates it may name (`std` is free to all).
struct Room {
    name: &'static str,
    rooms: &'static [&'static str],
    crates: &'static [&'static str],
}

const fn room(name: &'static str, rooms: &'static [&'static str], crates: &'static [&'static str]) -> Room {
    Room { name, rooms, crates }
}

/// Words and numbers: leaves that anyone may import and that import no room themselves.
const LEAVES: [&str; 3] = ["random", "range", "text"];

const ROOMS: &[Room] = &[
    room("protocol", &[], &["serde"]),
    room("random", &[], &["rand"]),
    room("range", &[], &["serde"]),
    room("text", &[], &["strsim", "unicode_segmentation", "unicode_width"]),
    room("nn", &[], &["ndarray", "rand", "rustix", "thiserror"]),
    room("optim", &["nn"], &["thiserror"]),
    room("dataset", &[], &["ndarray", "rand", "flate2", "thiserror", "csv", "image", "serde"]),
    room("train", &["nn", "optim", "dataset", "protocol"], &["tokio", "sha2", "thiserror"]),
    room("app", &["protocol"], &[]),
    room(
        "ui",
        &["app", "protocol"],
        &[
            "ratatui",
            "crossterm",
            "flate2",
            "base64",
            "tokio",
            "rustix",
            "thread_priority",
            "unicode_width",
            "unicode_segmentation",
        ],
    ),
    room("headless", &["protocol"], &["serde_json", "indicatif"]),
    room("config", &["nn", "optim", "dataset", "train"], &["toml", "unicode_width"]),
    room("exercise", &["config", "dataset", "train", "report"], &["thiserror"]),
    room("report", &[], &[]),
    room("tensors", &[], &["safetensors", "serde", "serde_json", "thiserror"]),
    room("lib", &[], &[]),
    room("main", &["cli"], &["gradtop", "clap"]),
    room("cli", &["gradtop"], &["gradtop", "clap", "anyhow", "tokio", "serde_json", "indicatif", "rustix"]),
];

/// Longest a file may be before its tests.
const LONGEST_FILE: usize = 420;

#[test]
fn rooms_import_only_what_they_may() {
    let dependencies = dependencies();
    let mut wrong = Vec::new();
    for (path, room, code) in sources() {
        let Some(rule) = ROOMS.iter().find(|rule| rule.name == room) else {
            wrong.push(format!("{}: {room} is no room of ARCHITECTURE.md", path.display()));
            continue;
        };
        for (root, next) in named_paths(&code, path.iter().count() - 1) {
            let allowed = match root.as_str() {
                "crate" => {
                    next == room
                        || LEAVES.contains(&next.as_str())
                        || rule.rooms.contains(&next.as_str())
                        || !ROOMS.iter().any(|other| other.name == next)
                }
                other => rule.crates.contains(&other) || !dependencies.contains(other),
            };
            if !allowed {
                wrong.push(format!("{}: {room} may not import {root}::{next}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn train_takes_only_channels_from_tokio() {
    for (path, room, code) in sources() {
        for (root, next) in named_paths(&code, path.iter().count() - 1) {
            assert!(room != "train" || root != "tokio" || next == "sync", "{}: tokio::{next}", path.display());
        }
    }
}

#[test]
fn the_mathematics_asks_the_system_for_memory_only() {
    for (path, room, code) in sources() {
        for (root, next) in named_paths(&code, path.iter().count() - 1) {
            assert!(room != "nn" || root != "rustix" || next == "mm", "{}: rustix::{next}", path.display());
        }
    }
}

#[test]
fn the_dashboard_knows_no_clock() {
    for (path, room, code) in sources() {
        let clock = ["Instant", "SystemTime", "thread::sleep"].into_iter().find(|word| code.contains(word));
        assert!(room != "app" || clock.is_none(), "{} knows {clock:?}", path.display());
    }
}

#[test]
fn unsafe_code_lives_in_the_kernels_only() {
    for (path, _, code) in sources() {
        let kernels = path.starts_with("src/nn/kernels");
        assert!(kernels || !code.contains("unsafe"), "{} has unsafe code", path.display());
    }
}

#[test]
fn files_stay_readable() {
    for (path, _, code) in sources() {
        let lines = code.lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines before its tests", path.display());
    }
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

/// Each source file with its room and its code without comments, strings and tests.
fn sources() -> Vec<(PathBuf, String, String)> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("src"), &mut files);
    files
        .into_iter()
        .filter(|path| path.iter().all(|part| part != "tests" && part != "tests.rs"))
        .map(|path| {
            let code = strip(&fs::read_to_string(&path).unwrap());
            let path = path.strip_prefix(root).unwrap().to_path_buf();
            let first = path.components().nth(1).unwrap().as_os_str().to_str().unwrap();
            (path.clone(), first.trim_end_matches(".rs").to_owned(), code)
        })
        .collect()
}

/// Blanks comments and the contents of strings, and ends at the tests.
fn strip(source: &str) -> String {
    let mut source = source;
    for (at, mark) in source.match_indices("#[cfg(test)]\nmod ") {
        // The tests themselves end a file; a mere `mod tests;` does not.
        if source[at + mark.len()..].split(['{', ';']).next().is_some_and(|name| name.ends_with(' ')) {
            source = &source[..at];
            break;
        }
    }
    let mut out = String::new();
    let mut rest = source.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|c| *c != '\n').is_some() {},
            '"' => {
                while let Some(c) = rest.next() {
                    match c {
                        '\\' => drop(rest.next()),
                        '"' => break,
                        '\n' => out.push('\n'),
                        _ => {}
                    }
                }
                out.push_str("\"\"");
            }
            '\'' => {
                // A character such as '"' must not open a string; a lifetime passes.
                let mut ahead = rest.clone();
                let first = ahead.next();
                if first == Some('\\') || ahead.next() == Some('\'') {
                    if first == Some('\\') {
                        rest.next();
                    }
                    rest.next();
                    while rest.next().is_some_and(|c| c != '\'') {}
                }
                out.push(' ');
            }
            _ => out.push(c),
        }
    }
    out
}

/// The crates that Cargo.toml names, as the source spells them.
fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let mut in_dependencies = false;
    let mut names = BTreeSet::from(["gradtop".to_owned()]);
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
        } else if let (true, Some((name, _))) = (in_dependencies, line.split_once(" = ")) {
            names.insert(name.replace('-', "_"));
        }
    }
    names
}

/// The first two segments of each path in a module `depth` below the crate that starts at a crate: every `use`, and
/// every `crate::…` in the code.
fn named_paths(code: &str, depth: usize) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for statement in code.split(';') {
        if let Some(at) = find_use(statement) {
            let path = statement[at..].trim_start();
            // As many `super` as there are modules lead to the crate.
            let to_crate = path.strip_prefix("super::".repeat(depth).as_str()).map(|rest| format!("crate::{rest}"));
            let path = to_crate.as_deref().unwrap_or(path);
            let (root, rest) = path.split_once("::").unwrap_or((path, ""));
            let root = root.trim();
            if ["self", "super"].contains(&root) || root.starts_with('{') {
                continue;
            }
            let rest = rest.trim();
            let nexts = match rest.strip_prefix('{') {
                Some(group) => top_level(group),
                None => vec![rest],
            };
            found.extend(nexts.into_iter().map(|next| (root.to_owned(), identifier(next))));
        }
    }
    for root in dependencies().into_iter().chain(["crate".to_owned()]) {
        let needle = format!("{root}::");
        for (at, _) in code.match_indices(&needle) {
            let before = code[..at].chars().next_back();
            let next = &code[at + needle.len()..];
            if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') && !next.starts_with('{') {
                found.push((root.clone(), identifier(next)));
            }
        }
    }
    found
}

/// Where the path of a `use` declaration in `statement` begins.
fn find_use(statement: &str) -> Option<usize> {
    statement.match_indices("use ").map(|(at, word)| (at, at + word.len())).find_map(|(at, end)| {
        let before = statement[..at].trim_end();
        let starts = before.is_empty() || before.ends_with(['}', '{', ')', ']']) || before.ends_with("pub");
        (starts && !statement[..at].ends_with(|c: char| c.is_alphanumeric())).then_some(end)
    })
}

fn identifier(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The items of a braced group, without what is nested in them.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                items.push(&group[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.retain(|item| !item.trim().is_empty());
    items
}
