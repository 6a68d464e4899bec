//! What the attribute says where the feature is missing that an option needs.

#[path = "../ui/messages.rs"]
mod messages;

#[test]
fn missing_features_are_named() {
    if messages::are_those_of_this_compiler() {
        trybuild::TestCases::new().compile_fail("cases/*.rs");
    }
}
