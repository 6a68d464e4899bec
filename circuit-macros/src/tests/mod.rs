//! The attribute as a whole: text in, errors or code out.

mod expansion;
mod expansion_async;
mod fuzz;
mod preset;
mod problems;
mod readme;

use proc_macro2::TokenStream;

/// `text` as tokens, and what the attribute makes of it.
fn attribute(options: &str, item: &str) -> TokenStream {
    let parse = |text: &str| text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    crate::attribute(&parse(options), &parse(item))
}
