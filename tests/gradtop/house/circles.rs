//! Finds circles among sibling modules: siblings each of which needs the next, by the names in their files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use super::source::{NamedPaths, inline_modules};

/// Where a module is in its crate: `["nn", "layers", "relu"]`; the crate itself is `[]`.
type ModulePath = Vec<String>;

/// All modules of a crate, in which a name can be followed to where it is defined.
#[derive(Default)]
pub struct ModuleTree {
    modules: BTreeMap<ModulePath, (PathBuf, NamedPaths)>,
}

/// A name that leads from one module into another, neither of which is inside the other.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct NameArrow {
    from: ModulePath,
    to: ModulePath,
    name: String,
}

/// Siblings that need each other.
#[derive(Debug, PartialEq, Eq)]
pub struct SiblingCircle {
    /// Their names, in the order of the alphabet.
    pub siblings: Vec<String>,
    /// What ties them together, one `file → file: names` for each two files.
    pub arrows: Vec<String>,
}

impl fmt::Display for SiblingCircle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.siblings.join(", "))?;
        self.arrows.iter().try_for_each(|arrow| write!(f, "\n    {arrow}"))
    }
}

impl ModuleTree {
    /// Adds a file with its code, of which comments, strings and tests were removed.
    pub fn add(&mut self, file: &Path, code: &str) {
        for (inline, code) in inline_modules(code) {
            let path = module_path(file).into_iter().chain(inline).collect();
            self.modules.insert(path, (file.to_owned(), NamedPaths::of(&code)));
        }
    }

    /// The circles of siblings.
    pub fn circles(&self) -> Vec<SiblingCircle> {
        let mut families: BTreeMap<ModulePath, Vec<NameArrow>> = BTreeMap::new();
        for arrow in self.arrows() {
            families.entry(arrow.parent().to_vec()).or_default().push(arrow);
        }
        families.values().flat_map(|arrows| self.circles_of(arrows)).collect()
    }

    /// Each name that leads from one module into another beside it or beside one that it is in.
    fn arrows(&self) -> BTreeSet<NameArrow> {
        let mut arrows = BTreeSet::new();
        for (from, (_, named)) in &self.modules {
            for path in named.all() {
                let mut reached = self.reached(from, path);
                reached.retain(|to| !from.starts_with(to) && !to.starts_with(from));
                let arrow = |to| NameArrow { from: from.clone(), to, name: path.join("::") };
                arrows.extend(reached.into_iter().map(arrow));
            }
        }
        arrows
    }

    /// The module to which a path leads that is written in the module `from`, and each whose re-export is on the way.
    fn reached(&self, from: &[String], path: &[String]) -> BTreeSet<ModulePath> {
        let mut seen = BTreeSet::new();
        let mut reached = BTreeSet::new();
        let mut waiting = vec![(from.to_vec(), path.to_vec())];
        while let Some((from, path)) = waiting.pop() {
            let (at, rest) = self.walk(&from, &path);
            if let [name, rest @ ..] = rest {
                let imports = self.modules.get(&at).map_or(&[][..], |(_, named)| &named.imports);
                // `use csv::csv` names another crate, not itself.
                let imports = imports.iter().filter(|import| import.name == *name && import.path.first() != Some(name));
                let targets = imports.map(|import| (at.clone(), [&import.path, rest].concat()));
                waiting.extend(targets.filter(|target| seen.insert(target.clone())));
            }
            reached.insert(at);
        }
        reached
    }

    /// Follows a path from module to module; gives the last one and the rest of the path, which begins with an item.
    fn walk<'a>(&self, from: &[String], path: &'a [String]) -> (ModulePath, &'a [String]) {
        let mut at = from.to_vec();
        for (position, segment) in path.iter().enumerate() {
            match segment.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                name => {
                    at.push(name.to_owned());
                    if !self.modules.contains_key(&at) {
                        at.pop();
                        return (at, &path[position..]);
                    }
                }
            }
        }
        (at, &[])
    }

    /// The circles among the children of one module, between which there are these arrows.
    fn circles_of(&self, arrows: &[NameArrow]) -> Vec<SiblingCircle> {
        let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (from, to) in arrows.iter().map(NameArrow::siblings) {
            needs.entry(from).or_default().insert(to);
        }
        let mut circles = Vec::new();
        let mut known = BTreeSet::new();
        for &sibling in needs.keys() {
            let circle: BTreeSet<&str> = reachable(&needs, sibling)
                .into_iter()
                .filter(|other| reachable(&needs, other).contains(sibling))
                .collect();
            if circle.is_empty() || !known.insert(circle.clone()) {
                continue;
            }
            let arrows: Vec<&NameArrow> = arrows.iter().filter(|arrow| arrow.is_within(&circle)).collect();
            circles.push(SiblingCircle {
                siblings: circle.iter().map(ToString::to_string).collect(),
                arrows: arrows
                    .chunk_by(|a, b| (&a.from, &a.to) == (&b.from, &b.to))
                    .map(|all| self.describe(all))
                    .collect(),
            });
        }
        circles
    }

    /// Arrows with the same two ends, as `file → file: names`.
    fn describe(&self, arrows: &[&NameArrow]) -> String {
        let [from, to] = [&arrows[0].from, &arrows[0].to].map(|module| self.modules[module].0.display());
        let names: Vec<&str> = arrows.iter().map(|arrow| arrow.name.as_str()).collect();
        format!("{from} → {to}: {}", names.join(", "))
    }
}

impl NameArrow {
    /// The module in which both are.
    fn parent(&self) -> &[String] {
        let shared = self.from.iter().zip(&self.to).take_while(|(from, to)| from == to).count();
        &self.from[..shared]
    }

    /// The two children of that module between which the arrow goes.
    fn siblings(&self) -> (&str, &str) {
        let shared = self.parent().len();
        (&self.from[shared], &self.to[shared])
    }

    fn is_within(&self, siblings: &BTreeSet<&str>) -> bool {
        let (from, to) = self.siblings();
        siblings.contains(from) && siblings.contains(to)
    }
}

/// All that `start` needs, directly or by way of others; itself only if it is on a circle.
fn reachable<'a>(needs: &BTreeMap<&'a str, BTreeSet<&'a str>>, start: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(next) = waiting.pop() {
        waiting.extend(needs.get(next).into_iter().flatten().filter(|need| reached.insert(**need)));
    }
    reached
}

/// `src/nn/layers.rs` is `["nn", "layers"]`, `src/lib.rs` the crate itself.
fn module_path(file: &Path) -> ModulePath {
    let path = file.with_extension("");
    let segments = path.iter().skip(1).map(|segment| segment.to_string_lossy().into_owned());
    segments.filter(|segment| segment != "lib").collect()
}
