//! The guide's page of promises names tests: they have to be there.

use std::fs;
use std::path::Path;

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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("circuit-runtime/docs/promises.md")).unwrap();
    let evidence = evidence(&page);
    assert!(evidence.len() > 20, "the page is not read as it is written");
    for (file, tests) in evidence {
        let text = fs::read_to_string(root.join(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("circuit-runtime/docs/promises.md")).unwrap();
    for section in page.split("\n# ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let promises_nothing =
            ["What is not promised", "Broken on purpose", "What mutation testing leaves alive"];
        if !promises_nothing.contains(&title) {
            assert!(!evidence(section).is_empty(), "nothing stands behind \"{title}\"");
        }
    }
}
