//! What a guard can't do: it is no part of the function.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Expr;
use syn::visit::{self, Visit};

/// An error where a guard waits or returns. What stands in a closure of its own, or in an `async` block,
/// is left to the compiler.
pub(super) fn answer(guard: &Expr) -> Option<syn::Error> {
    let mut found = Found(None);
    found.visit_expr(guard);
    let (at, message) = found.0?;
    Some(syn::Error::new_spanned(at, message))
}

struct Found(Option<(TokenStream, &'static str)>);

impl<'ast> Visit<'ast> for Found {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Closure(_) | Expr::Async(_) => return,
            _ => visit::visit_expr(self, expr),
        }
        let found = match expr {
            Expr::Await(it) => (
                it.await_token.to_token_stream(),
                "a guard can't await anything: find it out in the body, and judge by the result",
            ),
            Expr::Try(it) => (
                it.question_token.to_token_stream(),
                "a guard is `true` or `false`, and can't return from the function: instead of `?`, write \
                 `.is_ok_and(|it| ..)` or `.is_some_and(|it| ..)`",
            ),
            Expr::Return(it) => (
                it.return_token.to_token_stream(),
                "a guard is `true` or `false`, and can't return from the function: write it without `return`",
            ),
            _ => return,
        };
        self.0.get_or_insert(found);
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}
