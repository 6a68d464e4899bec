//! What the attribute says to wrong uses, and uses that must compile without a warning.

#[path = "ui/messages.rs"]
mod messages;

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    if messages::are_those_of_this_compiler() {
        cases.compile_fail("tests/ui/fail/*.rs");
    }
}
