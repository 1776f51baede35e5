//! Reads the source: its files, their code without comments, strings and tests, and the paths that the code names.

use std::{
    collections::BTreeSet,
    fs, iter,
    path::{Path, PathBuf},
};

/// Each source file but those of tests, with its module and its code without comments, strings and tests.
pub fn sources() -> Vec<(PathBuf, String, String)> {
    files()
        .into_iter()
        .map(|(path, source)| {
            let first = path.components().nth(1).unwrap().as_os_str().to_str().unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            (path, module, strip(&source))
        })
        .collect()
}

/// Each source file but those of tests, as it is.
pub fn files() -> Vec<(PathBuf, String)> {
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
        .map(|path| (path.strip_prefix(root).unwrap().to_path_buf(), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// Blanks comments, strings and characters, and removes what is compiled for tests only.
pub fn strip(source: &str) -> String {
    blanked(source, |_| String::new())
}

/// The strings of a source outside of its comments and tests, without their quotes.
pub fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    // A number stands for each, so that the braces in it do not count.
    let code = blanked(source, |literal| {
        found.push(literal.trim_matches(['r', '#', '"']).to_owned());
        format!("{}", found.len() - 1)
    });
    let left = code.split('"').skip(1).step_by(2).filter_map(|number| found.get(number.parse::<usize>().ok()?));
    left.cloned().collect()
}

/// Blanks comments and characters, writes `instead` of each string, and removes what is compiled for tests only.
fn blanked(source: &str, mut instead: impl FnMut(&str) -> String) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let after_word = code.trim_end_matches('b').ends_with(is_word);
        if let Some(length) = blank_length(rest, after_word) {
            let (blank, after) = rest.split_at(length);
            if blank.starts_with(['/', '\'']) {
                code.push(' ');
            } else {
                code.extend(["\"", &instead(blank), "\""]);
            }
            // The lines are counted.
            code.extend(blank.chars().filter(|c| *c == '\n'));
            rest = after;
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    without_tests(&code)
}

/// Length of the comment, string or character with which `text` begins, if it begins with one.
fn blank_length(text: &str, after_word: bool) -> Option<usize> {
    let until = |end: &str, start: usize| text[start..].find(end).map_or(text.len(), |at| start + at + end.len());
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let hashes = text.strip_prefix('r').map_or(0, |text| text.chars().take_while(|c| *c == '#').count());
    if !after_word && text.starts_with('r') && text[1 + hashes..].starts_with('"') {
        return Some(until(&format!("\"{}", "#".repeat(hashes)), hashes + 2));
    }
    let mut ahead = text.char_indices().skip(1);
    match text.chars().next()? {
        '"' => loop {
            match ahead.next() {
                Some((_, '\\')) => drop(ahead.next()),
                Some((at, '"')) => return Some(at + 1),
                Some(_) => {}
                None => return Some(text.len()),
            }
        },
        // A character such as '"' must not open a string; a lifetime passes.
        '\'' => match (ahead.next(), ahead.next()) {
            (Some((_, '\\')), Some((at, escaped))) => Some(until("'", at + escaped.len_utf8())),
            (Some(_), Some((at, '\''))) => Some(at + 1),
            _ => None,
        },
        _ => None,
    }
}

/// The code without the items that have the attribute `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some((before, item)) = rest.split_once("#[cfg(test)]") {
        kept.push_str(before);
        rest = &item[item_length(item)..];
    }
    kept + rest
}

/// Length of an item with its attributes: to the brace that ends its body, or to a semicolon before any.
fn item_length(item: &str) -> usize {
    let mut depth = 0;
    for (at, c) in item.char_indices() {
        match c {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(c, '}' | ';') {
            return at + 1;
        }
    }
    item.len()
}

/// The code of a file outside of its inline modules, and that of each of these with its path below the file's module.
pub fn inline_modules(code: &str) -> Vec<(Vec<String>, String)> {
    let mut outside = String::new();
    let mut inside = Vec::new();
    let mut rest = code;
    while let Some((before, after)) = rest.split_once("mod ") {
        outside.push_str(before);
        outside.push_str("mod ");
        let name: String = after.chars().take_while(|c| is_word(*c)).collect();
        rest = after;
        if !before.ends_with(is_word) && after[name.len()..].trim_start().starts_with('{') {
            let (item, following) = after.split_at(item_length(after));
            let body = item.split_once('{').map_or("", |(_, body)| body);
            for (mut path, code) in inline_modules(body) {
                path.insert(0, name.clone());
                inside.push((path, code));
            }
            rest = following;
        }
    }
    inside.insert(0, (Vec::new(), outside + rest));
    inside
}

/// A name that a `use` declaration brings into scope.
#[derive(Debug, PartialEq, Eq)]
pub struct ImportedName {
    /// The name, `*` for all that the path's module has.
    pub name: String,
    pub path: Vec<String>,
}

/// What a file's code names.
#[derive(Default)]
pub struct NamedPaths {
    pub imports: Vec<ImportedName>,
    /// The paths of at least two segments that are written outside of `use` declarations.
    pub written: Vec<Vec<String>>,
}

impl NamedPaths {
    /// Reads every `use` declaration and every path in `code`.
    pub fn of(code: &str) -> Self {
        let tokens = tokens(code);
        let mut found = Self::default();
        let mut at = 0;
        while at < tokens.len() {
            let before = at.checked_sub(1).map_or(";", |before| tokens[before]);
            let mut end = at + 1;
            if tokens[at] == "use" && [";", "{", "}", ")", "]", "pub"].contains(&before) {
                end = found.read_use(&tokens, at + 1, &[]);
            } else if tokens[at].starts_with(is_word) && before != "::" {
                while tokens.get(end) == Some(&"::")
                    && tokens.get(end + 1).is_some_and(|next| next.starts_with(is_word))
                {
                    end += 2;
                }
                if end > at + 1 {
                    found.written.push(tokens[at..end].iter().step_by(2).map(ToString::to_string).collect());
                }
            }
            at = end;
        }
        found
    }

    /// Every path, those of the imports first.
    pub fn all(&self) -> impl Iterator<Item = &[String]> {
        self.imports.iter().map(|import| &import.path).chain(&self.written).map(Vec::as_slice)
    }

    /// Reads one tree of a `use` declaration from the token `at`; gives the token that follows it.
    fn read_use(&mut self, tokens: &[&str], mut at: usize, prefix: &[String]) -> usize {
        let mut path = prefix.to_vec();
        let mut renamed = None;
        while let Some(&token) = tokens.get(at) {
            match token {
                "{" => {
                    at += 1;
                    while !matches!(tokens.get(at), None | Some(&"}")) {
                        at = self.read_use(tokens, at, &path);
                        at += usize::from(tokens.get(at) == Some(&","));
                    }
                    return at + 1;
                }
                "::" => {}
                "*" => renamed = Some("*"),
                "as" => {
                    renamed = tokens.get(at + 1).copied();
                    at += 1;
                }
                "self" if !path.is_empty() => {}
                word if word.starts_with(is_word) => path.push(word.to_owned()),
                _ => break,
            }
            at += 1;
        }
        let name = renamed.map(str::to_owned).or_else(|| path.last().cloned()).unwrap_or_default();
        self.imports.push(ImportedName { name, path });
        at
    }
}

/// Words, `::`, and every other sign by itself.
fn tokens(code: &str) -> Vec<&str> {
    let mut rest = code.trim_start();
    iter::from_fn(|| {
        let first = rest.chars().next()?;
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        rest = after.trim_start();
        Some(token)
    })
    .collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The crates that Cargo.toml names, as the source spells them.
pub fn dependencies() -> BTreeSet<String> {
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

/// The first two segments of each path in a module `depth` below the crate that leads out of that module.
pub fn named_paths(code: &str, depth: usize) -> Vec<(String, String)> {
    let named = NamedPaths::of(code);
    let start = |path: &[String]| {
        // As many `super` as there are modules lead to the crate.
        let to_crate = path.iter().take_while(|segment| *segment == "super").count() == depth;
        let path = if to_crate { [&["crate".to_owned()], &path[depth..]].concat() } else { path.to_vec() };
        let root = path.first().filter(|root| !["self", "super"].contains(&root.as_str()))?;
        Some((root.clone(), path.get(1).cloned().unwrap_or_default()))
    };
    named.all().filter_map(start).collect()
}
