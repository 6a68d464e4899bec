//! The attribute as a whole: text in, errors or code out.

mod expansion;
mod expansion_async;
mod expansion_options;
mod fuzz;
mod preset;
mod problems;
mod readme;

use proc_macro2::TokenStream;

use crate::diag::Problems;
use crate::head::Function;
use crate::model::Model;
use crate::{options, validate};

/// `text` as tokens, and what the attribute makes of it.
fn attribute(options: &str, item: &str) -> TokenStream {
    let parse = |text: &str| text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    crate::attribute(&parse(options), &parse(item))
}

/// One version of a function with its options.
fn model(options: TokenStream, function: Function) -> syn::Result<Model> {
    let mut problems = Problems::default();
    let mut options = options::parse(options, &mut problems);
    validate::options(&mut options, &mut problems);
    Model::new(&options, problems, function)
}
