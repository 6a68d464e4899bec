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
