//! The attribute on a function, from its tokens to those that take their place.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::diag::Problems;
use crate::head::Function;
use crate::options::{self, Options};
use crate::{expand, model, validate, versions};

/// Input: `threshold = 3`, and `fn f() -> Result<(), E> { .. }`.
///
/// Output: the function with its body guarded. When something is wrong, the
/// errors and the function as it was: its callers then stay free of errors, and
/// the editor goes on completing in its body.
pub(crate) fn attribute(options: &TokenStream, item: &TokenStream) -> TokenStream {
    let guarded = Function::parse(item.clone()).and_then(|function| {
        validate::not_in_a_block(&function)?;
        let mut problems = Problems::default();
        let mut options = options::parse(options.clone(), &mut problems);
        validate::options(&mut options, &mut problems);
        guarded(&options, &problems, function)
    });
    // The item stays as it came, to the last token.
    guarded.unwrap_or_else(|problems| with_problems(item, &problems))
}

/// The guarded function, in as many versions as its parameters have conditions for; `problems` are
/// those that its options have already.
pub(crate) fn guarded(
    options: &Options,
    problems: &Problems,
    function: Function,
) -> syn::Result<TokenStream> {
    let mut output = TokenStream::new();
    for version in versions::of(function)? {
        let condition = &version.condition;
        let function = version.function.to_token_stream();
        let expanded = match model::Model::new(options, problems.clone(), version.function) {
            Ok(model) => expand::function(&model),
            Err(problems) if condition.is_none() => return Err(problems),
            Err(problems) => {
                let problems = problems.into_iter().map(|problem| problem.to_compile_error());
                quote!(#function #(#condition #problems)*)
            }
        };
        output.extend(quote!(#condition #expanded));
    }
    Ok(output)
}

/// An item that stays as it is, with what is wrong.
pub(crate) fn with_problems(item: impl ToTokens, problems: &syn::Error) -> TokenStream {
    let problems = problems.to_compile_error();
    quote!(#item #problems)
}
