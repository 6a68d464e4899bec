//! The guide's page of promises and the maintainers' page of proofs name tests: they have to be there.

use std::fs;
use std::path::{Path, PathBuf};

const PROMISES: &str = "circuit-runtime/docs/promises.md";
const PROOFS: &str = "docs/internals/proofs.md";

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// Every `- ` item of the page that begins with a file, and the tests that it names.
fn evidence(page: &str) -> Vec<(String, Vec<String>)> {
    let mut items: Vec<String> = Vec::new();
    let mut in_item = false;
    for line in page.lines() {
        in_item = line.starts_with("- ") || (in_item && line.starts_with("  "));
        match items.last_mut() {
            Some(item) if in_item && !line.starts_with("- ") => item.push_str(line),
            _ if in_item => items.push(line.to_owned()),
            _ => {}
        }
    }
    let spans = |item: &String| {
        item.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<String>>()
    };
    items
        .iter()
        .filter(|item| item.starts_with("- `"))
        .map(|item| {
            let mut spans = spans(item);
            (spans.remove(0), spans)
        })
        .collect()
}

#[test]
fn every_test_that_the_page_of_promises_names_exists() {
    let evidence = evidence(&read(PROMISES));
    assert!(evidence.len() > 20, "the page is not read as it is written");
    for (file, tests) in evidence {
        let text = read(&file);
        assert!(!tests.is_empty(), "{file}: no test is named");
        for test in tests {
            let (before, _) = text
                .split_once(&format!("fn {test}("))
                .unwrap_or_else(|| panic!("{file} has no `{test}`"));
            let attributes = before.rsplit("\n}\n").next().unwrap_or_default();
            assert!(attributes.contains("test"), "{file}: `{test}` is no test");
        }
    }
}

#[test]
fn every_section_that_promises_something_names_a_test() {
    for section in read(PROMISES).split("\n# ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        if title != "What is not promised" {
            assert!(!evidence(section).is_empty(), "nothing stands behind \"{title}\"");
        }
    }
}

#[test]
fn every_model_that_the_page_of_proofs_names_exists() {
    let models: String = ["circuit-runtime/src/models", "circuit-runtime/src/primitives"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(path(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let page = read(PROOFS);
    let rows: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("| ")).skip(1).collect();
    assert!(rows.len() > 20, "the page is not read as it is written");
    for row in rows {
        let (fault, caught_by) = row.split_once(" | ").unwrap();
        let named: Vec<_> = caught_by.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty() || caught_by == "15 models |", "nothing catches \"{fault}\"");
        for model in named {
            assert!(models.contains(&format!("fn {model}(")), "no model `{model}`");
        }
    }
}
