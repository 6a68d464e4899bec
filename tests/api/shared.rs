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
fn both_crates_know_what_was_meant() {
    expect_file!["../../circuit-macros/src/closest.rs"]
        .assert_eq(include_str!("../../circuit-runtime/src/primitives/closest.rs"));
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
