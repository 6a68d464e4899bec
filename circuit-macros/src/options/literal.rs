//! Literals, for values of every kind.

use quote::quote;
use syn::{Expr, Lit, UnOp};

use super::{Opt, Spec, Takes, Value};
use crate::shown::shown;

/// The value, or an error message.
pub(super) type Parsed = Result<Value, String>;

/// The literal, and whether it is negative.
pub(super) type Literally = Option<(bool, Lit)>;

/// Removes parentheses, and the groups that `macro_rules!` puts around `$e:expr`. Around a value
/// they mean nothing; but a fallback in parentheses isn't a path.
pub(super) fn peel(spec: &Spec, expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => peel(spec, *group.expr),
        Expr::Paren(paren) if spec.takes != Takes::Fallback => peel(spec, *paren.expr),
        expr => expr,
    }
}

pub(super) fn literal(expr: &Expr) -> Literally {
    match inside_parens(expr) {
        Expr::Lit(lit) => Some((false, lit.lit.clone())),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            let (negative, lit) = literal(&unary.expr)?;
            Some((!negative, lit))
        }
        _ => None,
    }
}

pub(crate) fn inside_parens(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => inside_parens(&paren.expr),
        Expr::Group(group) => inside_parens(&group.expr),
        expr => expr,
    }
}

/// An example of a value that the option accepts.
pub(super) fn example(spec: &Spec) -> String {
    format!("`{} = {}`", spec.name, spec.example)
}

/// Several values as one that `key` or `stale_key` takes: a circuit's key is a text.
pub(super) fn several(option: Opt, values: &[Expr]) -> String {
    let name = option.spec().name;
    if option != Opt::Key {
        return format!("`{name} = ({})`", shown(quote!(#(#values),*)));
    }
    let is_word =
        |value: &Expr| matches!(value, Expr::Path(path) if path.path.get_ident().is_some());
    if values.iter().all(is_word) {
        let words: Vec<String> = values.iter().map(|word| format!("{{{}}}", shown(word))).collect();
        return format!("`{name} = format_args!(\"{}\")`", words.join(":"));
    }
    let braces = vec!["{}"; values.len()].join(":");
    format!("`{name} = format_args!(\"{braces}\", {})`", shown(quote!(#(#values),*)))
}

/// Whether a number or a duration may be written like this.
pub(super) fn is_constant(expr: &Expr) -> bool {
    !matches!(expr, Expr::Closure(_) | Expr::Tuple(_) | Expr::Array(_) | Expr::Range(_))
}

/// `60 * 2`: whole numbers and nothing else.
pub(super) fn is_whole_number(expr: &Expr) -> bool {
    match inside_parens(expr) {
        Expr::Lit(literal) => matches!(&literal.lit, Lit::Int(int) if int.suffix().is_empty()),
        Expr::Unary(unary) => is_whole_number(&unary.expr),
        Expr::Binary(binary) => is_whole_number(&binary.left) && is_whole_number(&binary.right),
        _ => false,
    }
}
