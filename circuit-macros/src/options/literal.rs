//! An expression read as a literal, for values of every kind.

use syn::{Expr, Lit, UnOp};

use super::{Spec, Takes, Value};

/// The value, or the message that says what is wrong with it.
pub(super) type Parsed = Result<Value, String>;

/// Whether it is negative, and the literal.
pub(super) type Literally = Option<(bool, Lit)>;

/// Takes off the groups that `macro_rules!` puts around `$e:expr`, and parentheses: they mean
/// nothing around a value, but a fallback in parentheses is no path.
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

/// A value that the option accepts, as one writes it.
pub(super) fn example(spec: &Spec) -> String {
    format!("`{} = {}`", spec.name, spec.example)
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
