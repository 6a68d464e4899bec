//! Closures of the user's that are called in the generated code.

use syn::Expr;

use super::at;

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
