//! The user's closures and functions that are called in the generated code.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::Expr;

use super::at;
use super::parameters::Parameters;
use super::respan::respanned_word;

/// A closure that begins with a token of ours. What it is called with isn't what a function is
/// called with that a lint would put in its place.
pub(super) fn given_closure(expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    if let Expr::Closure(closure) = &mut expr {
        let bar = at(&closure.inputs_begin);
        closure.inputs_begin.spans = [bar];
        if let Some(token) = &mut closure.capture {
            token.span = at(&token);
        }
        if let Some(token) = &mut closure.asyncness {
            token.span = at(&token);
        }
    }
    expr
}

/// A path called in place, so that the arguments coerce. For the unknown name of a method the compiler would
/// propose `self.name`, which is no path. It doesn't where the name stands in parentheses and doesn't
/// know `self`.
pub(super) fn call(path: &Expr, arguments: &[TokenStream], parameters: &Parameters) -> TokenStream {
    let here = at(path);
    let name = match path {
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    };
    match name {
        Some(name) if parameters.self_token.is_some() => {
            let name = respanned_word(name, here);
            quote_spanned!(here=> (#name)(#(#arguments),*))
        }
        _ => quote_spanned!(here=> #path(#(#arguments),*)),
    }
}
