//! No meaning is read out of a text: what a layer is and what a change changed are data, and their texts are for
//! people.

use gradtop::nn::LAYER_FORMS;

use super::source::{files, literals, strip};

/// Where layers and changes are shown and looked into.
const PLACES: [&str; 4] = ["src/app", "src/ui", "src/train/inspect", "src/headless"];

/// Fields and methods that give the text of a layer, of a kind or of a change.
const TEXTS: [&str; 6] = [".text", ".title()", ".word()", "change.subject()", "change.to_string()", "kind.as_str()"];

/// What would take a text apart, or decide by it.
const DECISIONS: [&str; 11] = [
    "==",
    "!=",
    ".starts_with",
    ".ends_with",
    ".contains(",
    ".split",
    ".strip_",
    ".find(",
    ".eq(",
    ".parse",
    ".matches(",
];

/// Files whose `text` is what a person typed, or a line that is being drawn.
const OTHER_TEXTS: [&str; 4] = ["editor.rs", "prompt.rs", "notices.rs", "svg.rs"];

/// What reads a meaning out of a text: the decisions, and the words of kinds that stand in strings.
fn violations(source: &str) -> Vec<String> {
    let mut code = String::new();
    for line in strip(source).lines() {
        // An expression that is broken before its dots is one line.
        let goes_on = line.trim_start().starts_with('.');
        code.push_str(if goes_on { "" } else { "\n" });
        code.push_str(if goes_on { line.trim_start() } else { line });
    }
    let mut found = Vec::new();
    for line in code.lines() {
        for text in TEXTS {
            for (at, _) in line.match_indices(text) {
                let after = line[at + text.len()..].trim_start();
                let before =
                    line[..at].trim_end_matches(|c: char| c.is_alphanumeric() || "_.&()".contains(c)).trim_end();
                let whole = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                let decided = DECISIONS.iter().any(|decision| after.starts_with(decision))
                    || before.ends_with("==")
                    || before.ends_with("!=")
                    || before.ends_with("match");
                if whole && decided {
                    found.push(line.trim().to_owned());
                }
            }
        }
    }
    let kind = |literal: &str| {
        let word = literal.split([' ', '[']).next().unwrap_or_default();
        LAYER_FORMS.iter().any(|(kind, _)| *kind == word)
    };
    found.extend(literals(source).into_iter().filter(|literal| kind(literal) || literal == " → "));
    found
}

#[test]
fn no_meaning_is_read_out_of_the_text_of_a_layer_or_a_change() {
    let read: Vec<String> = files()
        .into_iter()
        .filter(|(path, _)| {
            PLACES.iter().any(|place| path.starts_with(place) || path.with_extension("").ends_with(place))
        })
        .filter(|(path, _)| !OTHER_TEXTS.iter().any(|name| path.ends_with(name)))
        .flat_map(|(path, source)| {
            let lines = violations(&source).into_iter();
            lines.map(move |line| format!("{}: {line}", path.display())).collect::<Vec<_>>()
        })
        .collect();
    assert!(read.is_empty(), "\n{}", read.join("\n"));
}

#[test]
fn a_text_that_is_taken_apart_is_found() {
    for bad in [
        "if layer.text == other {}",
        "if wanted != layer.text {}",
        "match layer.kind.word() { _ => {} }",
        "let parts = mark.text.split(' ');",
        "layer.text.starts_with(prefix)",
        "    layer\n        .text\n        .starts_with(prefix)",
        "let is_relu = name(\"relu\");",
        "const KIND: &str = \"conv 3 3x3\";",
        "what.split_once(\" → \")",
    ] {
        assert!(!violations(bad).is_empty(), "{bad}");
    }
    for good in [
        "row.put(&layer.text, style); if a == b {}",
        "// if layer.text == \"relu\" {}",
        "#[cfg(test)]\nmod tests { fn f() { layer.text == \"relu\"; } }",
        "let text = \"a linear layer\";",
        "match layer.kind { LayerKind::BatchNorm => {} }",
        "self.textual == other",
    ] {
        assert_eq!(violations(good), Vec::<String>::new(), "{good}");
    }
}
