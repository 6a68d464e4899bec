//! Every public item of `circuit-runtime`, so that a change of them is seen in the review and not by
//! users. After a change that is meant: `UPDATE_EXPECT=1 cargo test --test api`.
//!
//! The listing is read from the sources, with all features at once, since a compiler's own would need
//! a nightly toolchain. The traits that hold without being written stand at the end; what is not
//! seen are implementations that a macro writes.

mod auto_traits;
mod layout;
mod listing;
mod shared;
mod sources;

use std::collections::BTreeSet;
use std::path::Path;

use expect_test::expect_file;

#[test]
fn the_public_api_is_the_one_that_was_reviewed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("circuit-runtime/src/lib.rs");
    let public = listing::Public::of(&sources::Module::read(&root));
    let listed: BTreeSet<String> = public.common_types().map(ToString::to_string).collect();
    let known = auto_traits::TABLE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, known, "tests/api/auto_traits.rs has another set of types");
    let text = format!("{}\n{}", public.text(), auto_traits::text());
    expect_file!["circuit-runtime.txt"].assert_eq(&text);
}
