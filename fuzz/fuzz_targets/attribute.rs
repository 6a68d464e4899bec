//! One use of the attribute as text, in the form of `circuit-macros/src/tests/fuzz/corpus.txt`.
//!
//! A crate of procedural macros exports nothing else, so its files are read in here.

#![no_main]
#![allow(
    dead_code,
    unused_imports,
    reason = "parts of the attribute's crate are for its own tests"
)]

#[path = "../../circuit-macros/src/block/mod.rs"]
mod block;
#[path = "../../circuit-macros/src/tests/fuzz/check.rs"]
mod check;
#[path = "../../circuit-macros/src/closest.rs"]
mod closest;
#[path = "../../circuit-macros/src/diag.rs"]
mod diag;
#[path = "../../circuit-macros/src/expand/mod.rs"]
mod expand;
#[path = "../../circuit-macros/src/function.rs"]
mod function;
#[path = "../../circuit-macros/src/head.rs"]
mod head;
#[path = "../../circuit-macros/src/model/mod.rs"]
mod model;
#[path = "../../circuit-macros/src/tests/fuzz/notation.rs"]
mod notation;
#[path = "../../circuit-macros/src/options/mod.rs"]
mod options;
#[path = "../../circuit-macros/src/shown.rs"]
mod shown;
#[path = "../../circuit-macros/src/validate/mod.rs"]
mod validate;
#[path = "../../circuit-macros/src/versions.rs"]
mod versions;

use libfuzzer_sys::{Corpus, fuzz_target};
use proc_macro2::TokenStream;

/// As in the attribute's own tests.
mod tests {
    pub(crate) fn model(
        options: proc_macro2::TokenStream,
        function: crate::head::Function,
    ) -> syn::Result<crate::model::Model> {
        let mut problems = crate::diag::Problems::default();
        let options = crate::options::parse(options, &mut problems);
        crate::validate::options(&options, &mut problems);
        crate::model::Model::new(&options, problems, function)
    }
}

/// As in the attribute's `lib.rs`.
fn attribute(options: &TokenStream, item: &TokenStream) -> TokenStream {
    if block::is_block(item) {
        block::attribute(options, item)
    } else {
        function::attribute(options, item)
    }
}

/// Deeper nesting overflows the stack of the compiler's own parser first.
const DEEPEST: usize = 64;

fuzz_target!(|text: &str| -> Corpus {
    proc_macro2::extra::invalidate_current_thread_spans();
    let depth = text.matches(['(', '[', '{', '<', '&', '-', '!', '*', '|']).count();
    if depth > DEEPEST {
        return Corpus::Reject;
    }
    let Some((options, item)) = notation::read_use(text) else {
        return Corpus::Reject;
    };
    if let Err(problem) = check::check(options, &item) {
        panic!("{problem}");
    }
    Corpus::Keep
});
