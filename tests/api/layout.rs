//! The shape of the crates: files that a reader can take in, and imports that lead downwards.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 2] = ["circuit-runtime/src", "circuit-macros/src"];
/// Where no file is longer than a reader can take in.
const SHORT: [&str; 5] = [
    "circuit-runtime/src",
    "circuit-macros/src",
    "circuit-fleet/src",
    "circuit-fleet/tests",
    "tests",
];
const MOST_LINES: usize = 400;

/// Modules of the runtime on a circle that goes through names that the crate's root re-exports: the
/// breaker tells the integrations, which show breakers. To be cut; no other module may join.
const ON_A_CIRCLE_THROUGH_THE_ROOT: [&str; 2] = ["breaker", "integrations"];

/// All sources below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A crate's modules by their paths, each with its code: without comments and unit tests.
fn modules(src: &Path) -> BTreeMap<String, String> {
    let code = |text: &str| {
        let text = text.split("\nmod tests {").next().unwrap_or_default();
        let without = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        without.collect::<Vec<_>>().join("\n")
    };
    let module = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source");
        let inside = path.strip_prefix(src).expect("below src").with_extension("");
        let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
        let name = parts.join("::");
        let name = name.strip_suffix("::mod").unwrap_or(&name);
        (if name == "lib" { String::new() } else { name.to_owned() }, code(&text))
    };
    sources(src).into_iter().map(module).collect()
}

/// The module that owns what a path names: that of its longest beginning that is a file.
fn owner(modules: &BTreeMap<String, String>, path: &[&str]) -> Option<String> {
    let beginnings = (1..=path.len()).rev().map(|length| path[..length].join("::"));
    beginnings.into_iter().find(|name| modules.contains_key(name))
}

/// What the crate's root re-exports: each name, and the module that owns it.
fn reexported(modules: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let root = modules[""].split(';').filter_map(|item| item.split("pub use ").nth(1));
    let paths = root.flat_map(paths);
    let named = paths.filter_map(|path| Some(((*path.last()?).to_owned(), owner(modules, &path)?)));
    named.collect()
}

/// What a path's text begins with: its segments, and of a group each first segment.
fn paths(text: &str) -> Vec<Vec<&str>> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let (prefix, rest) = text.split_at(end.unwrap_or(text.len()));
    let prefix: Vec<_> = prefix.split("::").filter(|part| !part.is_empty()).collect();
    let Some(group) = rest.strip_prefix('{') else { return vec![prefix] };
    let group = group.split('}').next().unwrap_or_default();
    let heads = group.split(',').map(|item| item.trim().split("::").next().unwrap_or_default());
    let with = |head| prefix.iter().copied().chain([head]).collect();
    heads.filter(|head| !head.is_empty()).map(with).collect()
}

/// The other modules that a module names by `crate::` and `super::`, and those whose names it takes
/// from the root that re-exports them, as far as `through` has them.
fn imports(
    modules: &BTreeMap<String, String>,
    through: &BTreeMap<String, String>,
    module: &str,
) -> BTreeSet<String> {
    let owner =
        |path: &[&str]| owner(modules, path).or_else(|| through.get(*path.first()?).cloned());
    let code = &modules[module];
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with('$')) {
        for path in paths(&code[at + "crate::".len()..]) {
            found.extend(owner(&path));
        }
    }
    for (at, _) in code.match_indices("super::").filter(|(at, _)| !code[..*at].ends_with("super::"))
    {
        let mut above: Vec<_> = module.split("::").collect();
        let mut rest = &code[at..];
        while let Some(further) = rest.strip_prefix("super::") {
            above.pop();
            rest = further;
        }
        for path in paths(rest) {
            found.extend(owner(&[above.clone(), path].concat()));
        }
    }
    found.remove(module);
    found
}

/// Those that are on a circle of imports, or between two of them, each with what it imports of them.
fn on_circles(
    modules: &BTreeMap<String, String>,
    through: &BTreeMap<String, String>,
) -> BTreeMap<String, BTreeSet<String>> {
    let imports = |name: &String| (name.clone(), imports(modules, through, name));
    let mut left: BTreeMap<_, _> = modules.keys().map(imports).collect();
    loop {
        // What imports nothing that is left is on no circle, and neither is what nothing imports.
        let imported: BTreeSet<_> = left.values().flatten().cloned().collect();
        let before = left.len();
        left.retain(|name, to| !to.is_empty() && imported.contains(name));
        if left.len() == before {
            return left;
        }
        let names: BTreeSet<_> = left.keys().cloned().collect();
        for to in left.values_mut() {
            to.retain(|name| names.contains(name));
        }
    }
}

#[test]
fn no_file_is_longer_than_a_reader_can_take_in() {
    for path in SHORT.iter().flat_map(|folder| sources(&root().join(folder))) {
        let lines = fs::read_to_string(&path).expect("a source").lines().count();
        assert!(lines <= MOST_LINES, "{}: {lines} lines", path.display());
    }
}

#[test]
fn no_file_imports_from_one_that_imports_from_it() {
    for src in CRATES {
        let modules = modules(&root().join(src));
        assert!(modules.len() > 20, "{src} is not read as it is laid out");
        let left = on_circles(&modules, &BTreeMap::new());
        assert!(left.is_empty(), "{src}: on a circle: {left:#?}");
    }
}

/// What a module calls in its own children isn't seen.
#[test]
fn no_further_file_is_on_a_circle_through_the_crates_root() {
    let modules = modules(&root().join(CRATES[0]));
    let through = reexported(&modules);
    assert_eq!(through.get("CircuitBreaker").map(String::as_str), Some("breaker"));
    let mut left = on_circles(&modules, &through);
    left.retain(|name, _| !ON_A_CIRCLE_THROUGH_THE_ROOT.contains(&name.as_str()));
    assert!(left.is_empty(), "on a circle: {left:#?}");
}

#[test]
fn the_primitives_know_nothing_of_circuits() {
    let modules = modules(&root().join(CRATES[0]));
    let primitives: Vec<_> =
        modules.keys().filter(|name| name.starts_with("primitives::")).collect();
    assert!(!primitives.is_empty());
    for module in primitives {
        let outside: Vec<_> = imports(&modules, &BTreeMap::new(), module)
            .into_iter()
            .filter(|name| !name.starts_with("primitives"))
            .collect();
        assert!(outside.is_empty(), "{module} imports from {outside:?}");
    }
}

/// `CONTRIBUTING.md` has a line for each file and folder right below `circuit-runtime/src`.
#[test]
fn the_map_names_every_module() {
    let map = fs::read_to_string(root().join("CONTRIBUTING.md")).expect("the map");
    let modules = fs::read_dir(root().join(CRATES[0])).expect("the sources");
    for module in modules.map(|module| module.expect("a file").path()) {
        let name = module.file_name().expect("a name").to_string_lossy().into_owned();
        let name = if module.is_dir() { format!("{name}/") } else { name };
        assert!(map.contains(&format!("`{name}`")), "CONTRIBUTING.md has no `{name}`");
    }
}

fn life_of_a_call() -> String {
    fs::read_to_string(root().join("docs/internals/life-of-a-call.md")).expect("the page")
}

/// Each line of the tree names functions, and the files that they are in.
#[test]
fn the_life_of_a_call_names_functions_where_they_are() {
    let page = life_of_a_call();
    let tree =
        page.split("```text").nth(1).and_then(|rest| rest.split("```").next()).expect("a tree");
    let mut named = 0;
    for line in tree.lines() {
        let line = line.trim_start_matches([' ', '│', '├', '└']);
        let Some((functions, files)) = line.split_once("  ") else { continue };
        let sources = files.trim().split(", ").map(|file| {
            fs::read_to_string(root().join(CRATES[0]).join(file)).expect("a file of the tree")
        });
        let source: String = sources.collect();
        for function in functions.split(", ").map(|path| path.rsplit("::").next().expect("a name"))
        {
            named += 1;
            let is_there = [format!("fn {function}("), format!("fn {function}<")];
            assert!(
                is_there.iter().any(|written| source.contains(written)),
                "there is no `{function}` in {files}"
            );
        }
    }
    assert!(named > 20, "only {named} functions are named");
}

/// What the generated code calls, one after another, is on the page.
#[test]
fn the_life_of_a_call_has_each_step_of_the_generated_code() {
    let page = life_of_a_call();
    let attribute = root().join("circuit-macros/src/expand/body.rs");
    let attribute = fs::read_to_string(attribute).expect("the attribute's output");
    for step in ["enter", "judge_bare", "finish", "notify_with_error"] {
        assert!(page.contains(&format!("\n{step} ")), "the tree has no `{step}`");
    }
    assert!(attribute.contains("__circuit::notify_with_error"));
}

#[test]
fn the_life_of_a_call_names_files_that_exist() {
    let page = life_of_a_call();
    let is_source = |word: &&str| Path::new(word).extension().is_some_and(|end| end == "rs");
    let files: Vec<_> = page.split('`').filter(is_source).collect();
    assert!(files.len() >= 13, "{files:?}");
    for file in files {
        let is_there = [root(), &root().join(CRATES[0])].iter().any(|at| at.join(file).is_file());
        assert!(is_there, "there is no `{file}`");
    }
}
