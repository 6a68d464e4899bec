//! The files that stand in both crates. After a change of the runtime's: `UPDATE_EXPECT=1 cargo test --test api`.

use expect_test::expect_file;

#[test]
fn both_crates_have_one_text_of_the_options() {
    expect_file!["../../circuit-macros/src/options/spec.rs"]
        .assert_eq(include_str!("../../circuit-runtime/src/config/spec.rs"));
}

#[test]
fn both_crates_read_durations_alike() {
    expect_file!["../../circuit-macros/src/options/duration.rs"]
        .assert_eq(include_str!("../../circuit-runtime/src/config/duration.rs"));
}

#[test]
fn all_crates_know_what_was_meant() {
    let original = include_str!("../../circuit-runtime/src/primitives/closest.rs");
    expect_file!["../../circuit-macros/src/closest.rs"].assert_eq(original);
    expect_file!["../../circuit-fleet/src/closest.rs"].assert_eq(original);
}

/// They answer that it is in the code only, and never suggest another option for it.
#[test]
fn settings_know_each_option_of_the_attribute_that_they_do_not_take() {
    let options = include_str!("../../circuit-macros/src/options/mod.rs");
    let settings = include_str!("../../circuit-runtime/src/settings/table.rs");
    let between = |text: &'static str, begin: &str, end: &str| {
        let (_, text) = text.split_once(begin).expect("it begins there");
        text.split_once(end).expect("it ends there").0
    };
    let rows = between(options, "\ntable! {\n", "\n}\n").lines();
    let names = rows.filter(|row| !row.contains(", Config: ")).map(|row| {
        let (_, name) = row.split_once(": ").expect("a row");
        let named = name.strip_prefix("ranged(&spec::").and_then(|name| name.split_once(','));
        match named {
            Some((name, _)) => name.to_lowercase(),
            None => between(row, "other(\"", "\"").to_owned(),
        }
    });
    // These they take, though no `Config` has them.
    let names: Vec<_> = names.filter(|name| !["timeout", "preset"].contains(&&**name)).collect();
    let in_code = between(settings, "const IN_CODE: &[&str] = &[", "];");
    let in_code: Vec<_> = in_code.split('"').skip(1).step_by(2).collect();
    assert_eq!(in_code, names, "`IN_CODE` in settings/table.rs");
}

/// It reads the attribute's files in, as nothing can be imported from a crate of procedural macros, and only
/// who fuzzes builds it.
#[test]
fn the_fuzz_target_has_every_module_of_the_attribute() {
    let attribute = include_str!("../../circuit-macros/src/lib.rs");
    let target = include_str!("../../fuzz/fuzz_targets/attribute.rs");
    let modules = attribute.lines().filter(|line| line.starts_with("mod ") && line.ends_with(';'));
    let missing: Vec<_> = modules
        .filter(|module| *module != "mod tests;" && !target.lines().any(|line| line == *module))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
