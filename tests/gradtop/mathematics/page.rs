//! What `docs/mathematics.md` says is there: the tests that it names, the updates as the screen shows them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use gradtop::{
    nn::LOSS_EQUATIONS,
    optim::{OptimizerSpec, UpdateFacts},
};

use super::page;

/// Sections that have no formula of their own to be checked.
const WITHOUT_FORMULAS: [&str; 1] = ["Notation"];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The names of all tests, of the library and of the program.
fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    for file in [root.join("src"), root.join("tests")].iter().flat_map(|folder| rust_files(folder)) {
        let text = fs::read_to_string(file).unwrap();
        for after in text.split("#[test]").skip(1) {
            let name = after.split_once("fn ").and_then(|(_, rest)| rest.split_once('(')).map(|(name, _)| name);
            names.extend(name.map(str::to_owned));
        }
    }
    names
}

/// What a text has between backticks that is spelt like the name of a test.
fn named_tests(text: &str) -> impl Iterator<Item = &str> {
    let is_test = |word: &&str| {
        word.matches('_').count() >= 2 && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    text.split('`').skip(1).step_by(2).filter(is_test)
}

#[test]
fn every_test_that_the_page_names_exists_and_every_section_names_one() {
    let (page, tests) = (page(), tests());
    assert!(tests.len() > 500 && named_tests(&page).count() > 20);
    for name in named_tests(&page) {
        assert!(tests.contains(name), "the page names `{name}`, which is no test");
    }
    for section in page.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap();
        let is_checked = named_tests(section).next().is_some();
        assert_ne!(is_checked, WITHOUT_FORMULAS.contains(&title), "the section {title}");
    }
}

/// The equations of the block under "Optimizers", each after the optimizer under whose name it stands.
fn updates(page: &str) -> BTreeSet<(&str, &str)> {
    let (_, section) = page.split_once("\n## Optimizers\n").unwrap();
    let block = section.split("\n\n").find(|paragraph| paragraph.starts_with("    ")).unwrap();
    let mut name = "";
    let mut equations = BTreeSet::new();
    for line in block.lines().map(|line| line.strip_prefix("    ").unwrap()) {
        let cells = line.split("  ").map(str::trim);
        if !line.starts_with(' ') {
            name = cells.clone().next().unwrap();
        }
        equations.extend(cells.filter(|cell| cell.contains(['←', '='])).map(|cell| (name, cell)));
    }
    equations
}

#[test]
fn the_loss_and_the_updates_of_the_page_are_those_that_the_screen_shows() {
    let unspaced = |text: &str| text.replace([' ', '\n'], "");
    let text = page();
    let (page, updates) = (unspaced(&text), updates(&text));
    for line in LOSS_EQUATIONS.forward.iter().chain(LOSS_EQUATIONS.backward) {
        assert!(page.contains(&unspaced(line)), "{line} is not on the page");
    }
    let (weight_decay, momentum, epsilon) = (0.1, 0.9, 1e-8);
    let sgd = |momentum, nesterov| OptimizerSpec::Sgd { momentum, nesterov, weight_decay };
    let rms_prop = |momentum| OptimizerSpec::RmsProp { alpha: 0.9, epsilon, momentum, weight_decay };
    let mut shown = BTreeSet::new();
    for spec in [
        sgd(0.0, false),
        sgd(momentum, false),
        sgd(momentum, true),
        rms_prop(0.0),
        rms_prop(momentum),
        OptimizerSpec::Adam { beta1: 0.9, beta2: 0.99, epsilon, weight_decay },
        OptimizerSpec::AdamW { beta1: 0.9, beta2: 0.99, epsilon, weight_decay },
        OptimizerSpec::AdamW { beta1: 0.9, beta2: 0.99, epsilon, weight_decay: 0.0 },
    ] {
        let name = spec.name();
        // AdamW is "as Adam" but for its last line.
        let names = ["All", name, if name == "AdamW" { "Adam" } else { name }];
        for momentum_begins in [false, true] {
            let facts = UpdateFacts { learning_rate: 0.1, clip_scale: Some(0.5), step: 2, momentum_begins };
            for line in spec.update_equations(&facts) {
                let places = names.map(|name| (name, line));
                let place = places.into_iter().find(|place| updates.contains(place));
                shown.insert(place.unwrap_or_else(|| panic!("{line} of {name} is not on the page")));
            }
            for (symbol, _) in spec.update_constants(&facts) {
                assert!(page.contains(&format!("|{symbol}|")), "{symbol} of {name} is not in the notation");
            }
        }
    }
    assert_eq!(shown, updates, "the page has no other");
}
