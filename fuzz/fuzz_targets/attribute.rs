//! One use of the attribute as text, in the form of `circuit-macros/src/tests/fuzz/corpus.txt`.
//!
//! A crate of procedural macros exports nothing else, so its files are read in here.

#![no_main]
#![allow(
    dead_code,
    unused_imports,
    reason = "parts of the attribute's crate are for its own tests"
)]

#[path = "../../circuit-macros/src/tests/fuzz/check.rs"]
mod check;
#[path = "../../circuit-macros/src/diag.rs"]
mod diag;
#[path = "../../circuit-macros/src/expand/mod.rs"]
mod expand;
#[path = "../../circuit-macros/src/head.rs"]
mod head;
#[path = "../../circuit-macros/src/model/mod.rs"]
mod model;
#[path = "../../circuit-macros/src/tests/fuzz/notation.rs"]
mod notation;
#[path = "../../circuit-macros/src/options/mod.rs"]
mod options;
#[path = "../../circuit-macros/src/validate.rs"]
mod validate;

use libfuzzer_sys::{Corpus, fuzz_target};
use proc_macro2::TokenStream;
use quote::quote;

/// As in the attribute's `lib.rs`.
fn attribute(options: TokenStream, item: &TokenStream) -> TokenStream {
    match model::Model::new(options, item) {
        Ok(model) => expand::function(&model),
        Err(problems) => {
            let problems = problems.to_compile_error();
            quote!(#item #problems)
        }
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
