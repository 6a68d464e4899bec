//! The options that the docs list against ours.

use crate::options::TABLE;

/// The rows of the table of options in `text`.
fn rows(text: &str) -> impl Iterator<Item = &str> {
    let header = |line: &str| line.starts_with('|') && line.to_lowercase().contains("option");
    text.lines()
        .skip_while(move |line| !header(line))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
}

/// The option names of the table in `text`: rows that start with a name in code.
fn documented(text: &str) -> Vec<String> {
    rows(text)
        .filter_map(|line| {
            let cell = line.trim_start_matches('|').split('|').next()?;
            let name = cell.trim().strip_prefix('`')?.split('`').next()?;
            Some(name.to_owned())
        })
        .collect()
}

#[test]
fn the_readme_lists_every_option_in_our_order() {
    // A crate taken from the registry has no workspace around it.
    let Ok(readme) = std::fs::read_to_string("../README.md") else {
        return;
    };
    let names: Vec<&str> = TABLE.iter().map(|spec| spec.name).collect();
    assert_eq!(documented(&readme), names);
}

/// What an editor shows for the attribute: row by row what the README says.
#[test]
fn the_attributes_own_page_has_the_same_table() {
    let comments = include_str!("../lib.rs").lines().filter_map(|line| line.strip_prefix("/// "));
    let page = comments.collect::<Vec<_>>().join("\n");
    let names: Vec<&str> = TABLE.iter().map(|spec| spec.name).collect();
    assert_eq!(documented(&page), names);
    if let Ok(readme) = std::fs::read_to_string("../README.md") {
        assert_eq!(rows(&page).collect::<Vec<_>>(), rows(&readme).collect::<Vec<_>>());
    }
}

#[test]
fn a_table_is_read_by_its_first_column() {
    let text = "| a | b |\n|---|---|\n| `x` | y |\n\n| Option | value |\n|---|---|\n\
                | `threshold` | integer |\n| `key` | any |\n\ntext";
    assert_eq!(documented(text), ["threshold", "key"]);
}
