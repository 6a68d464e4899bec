//! The options that the docs list against ours.

use crate::options::TABLE;

/// The option names of the table in `text`: rows that start with a name in code.
fn documented(text: &str) -> Vec<String> {
    let header = |line: &str| line.starts_with('|') && line.to_lowercase().contains("option");
    text.lines()
        .skip_while(|line| !header(line))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
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

/// What an editor shows for the attribute.
#[test]
fn the_attributes_own_page_names_every_option() {
    let page: String =
        include_str!("../lib.rs").lines().filter(|line| line.starts_with("/// |")).collect();
    for spec in TABLE {
        assert!(page.contains(&format!("`{}`", spec.name)), "{}", spec.name);
    }
}

#[test]
fn a_table_is_read_by_its_first_column() {
    let text = "| a | b |\n|---|---|\n| `x` | y |\n\n| Option | value |\n|---|---|\n\
                | `threshold` | integer |\n| `key` | any |\n\ntext";
    assert_eq!(documented(text), ["threshold", "key"]);
}
