//! What people write instead of a pattern for `failure` and `ignore`, and the pattern that they
//! mean.
//!
//! Most of it would parse as a pattern up to some token, where the error would be of no help; some
//! of it is a pattern that matches every result.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{BinOp, Block, Expr, ExprBinary, ExprCall, ExprMacro, Pat, Stmt, Token, UnOp};

use crate::shown::shown;

/// `if let Err(e) = result`, `if e.is_fatal()`
pub(super) fn conditional(option: &str, input: ParseStream) -> Option<(TokenStream, String)> {
    let keywords = input.parse::<Option<Token![if]>>().ok()?.into_token_stream();
    if let Some(let_token) = input.parse::<Option<Token![let]>>().ok()? {
        let pattern = Pat::parse_multi_with_leading_vert(input).ok()?.to_token_stream();
        let name = subject(input).as_ref().and_then(variable_alone);
        let pattern = match name {
            Some(name) => around(&name, &pattern),
            None => shown(pattern),
        };
        let arm = match condition(input) {
            Some(condition) => format!("{pattern} if {}", shown(condition)),
            None => pattern,
        };
        return Some((quote!(#keywords #let_token), takes(option, &arm)));
    }
    let condition = Expr::parse_without_eager_brace(input).ok()?;
    Some((keywords, guarded(option, &condition)))
}

/// The value that an `if let` looks at.
fn subject(input: ParseStream) -> Option<Expr> {
    input.parse::<Token![=]>().ok()?;
    Expr::parse_without_eager_brace(input).ok()
}

/// The condition of an `if let`, where it is all that the block has: `{ e.is_fatal() } else { false }`
fn condition(input: ParseStream) -> Option<Expr> {
    let block: Block = input.parse().ok()?;
    let otherwise = input.parse::<Option<Token![else]>>().ok()?;
    if otherwise.is_some() {
        let block: Block = input.parse().ok()?;
        only(block).filter(|expr| expr.to_token_stream().to_string() == "false")?;
    }
    only(block).filter(|expr| !matches!(expr, Expr::Lit(_)))
}

fn only(block: Block) -> Option<Expr> {
    match <[Stmt; 1]>::try_from(block.stmts) {
        Ok([Stmt::Expr(expr, None)]) => Some(expr),
        _ => None,
    }
}

pub(super) fn of_expr(option: &str, expr: &Expr) -> Option<(TokenStream, String)> {
    let at = expr.to_token_stream();
    let message = match expr {
        Expr::Paren(paren) => return of_expr(option, &paren.expr),
        Expr::Binary(binary) => return of_binary(option, expr, binary),
        Expr::Closure(_) => closure(option),
        Expr::Unary(not) if matches!(not.op, UnOp::Not(_)) => match opposite(&not.expr) {
            Some(pattern) => takes(option, pattern),
            None if is_pattern(&not.expr) => {
                format!("`{option}` takes a pattern, which can't be negated: `{option} = Err(_)`")
            }
            None => guarded(option, expr),
        },
        Expr::MethodCall(_) => match tested(expr) {
            Some((pattern, _)) => takes(option, pattern),
            None => guarded(option, expr),
        },
        Expr::Call(call) if is_called(call, &["not"]) && call.args.len() == 1 => {
            let inside = &call.args[0];
            syn::parse2(quote!(!#inside)).ok().and_then(|not| of_expr(option, &not))?.1
        }
        Expr::Call(call)
            if is_called(call, &["any", "any_of", "one_of", "or"])
                && !call.args.is_empty()
                && call.args.iter().all(is_pattern) =>
        {
            let cases: Vec<TokenStream> = call.args.iter().map(alternatives).collect();
            format!("alternatives are joined with `|`: `{option} = {}`", any_of(&cases))
        }
        Expr::Macro(call) if call.mac.path.is_ident("matches") => matched(option, call),
        Expr::Call(call) if !is_pattern(&call.func) => guarded(option, expr),
        Expr::Field(_) | Expr::Await(_) | Expr::Index(_) => guarded(option, expr),
        Expr::Lit(literal) => match &literal.lit {
            syn::Lit::Str(text) => quoted(option, &text.value(), &at),
            _ => return None,
        },
        Expr::Block(_) | Expr::Match(_) | Expr::Async(_) | Expr::Unsafe(_) => {
            takes(option, "Err(_)")
        }
        _ => return None,
    };
    Some((at, message))
}

/// A function of a list of conditions, as other languages have it.
fn is_called(call: &ExprCall, names: &[&str]) -> bool {
    matches!(&*call.func, Expr::Path(path)
        if path.path.get_ident().is_some_and(|name| names.iter().any(|known| name == known)))
}

/// Alternatives as one pattern of the whole result.
pub(super) fn any_of(cases: &[TokenStream]) -> String {
    let joined = |cases: &[TokenStream]| shown(quote!(#(#cases)|*));
    let lacks_variant = |case: &TokenStream| {
        syn::parse2(case.clone()).is_ok_and(|expr| match &expr {
            Expr::Path(path) => path.path.segments.len() > 1,
            Expr::Call(call) => {
                matches!(&*call.func, Expr::Path(path) if path.path.segments.len() > 1)
            }
            _ => false,
        })
    };
    if cases.iter().all(lacks_variant) { format!("Err({})", joined(cases)) } else { joined(cases) }
}

/// `takes a pattern: ..`
pub(super) fn takes(option: &str, pattern: &str) -> String {
    format!("`{option}` takes a pattern: `{option} = {pattern}`")
}

fn closure(option: &str) -> String {
    format!(
        "`{option}` takes a pattern: `{option} = Err(_)`; for a function of the result, write \
         `classify = |result| ..`"
    )
}

fn quoted(option: &str, text: &str, literal: &TokenStream) -> String {
    let is_pattern = text.starts_with(char::is_uppercase)
        && Pat::parse_multi_with_leading_vert.parse_str(text).is_ok();
    if is_pattern {
        format!("`{option}` takes a pattern, without quotes: `{option} = {text}`")
    } else {
        format!(
            "`{option}` takes a pattern, such as `Err(_)`; to match a `&str` that the function \
             returns, write `{option} = &{literal}`"
        )
    }
}

fn of_binary(option: &str, expr: &Expr, binary: &ExprBinary) -> Option<(TokenStream, String)> {
    let (left, right) = (&binary.left, &binary.right);
    let op = binary.op.to_token_stream();
    match &binary.op {
        BinOp::BitOr(_) => None,
        BinOp::Or(_) if is_pattern(left) && is_pattern(right) => {
            let pattern = shown(alternatives(expr));
            Some((op, format!("alternatives are joined with `|`: `{option} = {pattern}`")))
        }
        BinOp::And(_) if is_pattern(left) && is_pattern(right) => {
            let pattern = shown(quote!(#left | #right));
            let message = format!(
                "no result matches both; alternatives are joined with `|`: `{option} = {pattern}`"
            );
            Some((op, message))
        }
        BinOp::And(_) if is_pattern(left) => {
            let arm = shown(quote!(#left if #right));
            Some((op, format!("a condition follows `if`: `{option} = {arm}`")))
        }
        BinOp::Eq(_) => {
            let pattern = match (variable_alone(left), variable_alone(right)) {
                (Some(name), None) if is_pattern(right) => around(&name, &quote!(#right)),
                (None, Some(name)) if is_pattern(left) => around(&name, &quote!(#left)),
                _ => return Some((quote!(#expr), guarded(option, expr))),
            };
            Some((quote!(#expr), takes(option, &pattern)))
        }
        BinOp::Ne(_)
        | BinOp::Lt(_)
        | BinOp::Le(_)
        | BinOp::Gt(_)
        | BinOp::Ge(_)
        | BinOp::And(_)
        | BinOp::Or(_) => Some((quote!(#expr), guarded(option, expr))),
        _ => Some((quote!(#expr), takes(option, "Err(_)"))),
    }
}

/// `A || B || C` as `A | B | C`
pub(super) fn alternatives(expr: &Expr) -> TokenStream {
    match expr {
        Expr::Binary(binary) if matches!(binary.op, BinOp::Or(_)) => {
            let left = alternatives(&binary.left);
            let right = alternatives(&binary.right);
            quote!(#left | #right)
        }
        expr => expr.to_token_stream(),
    }
}

/// Whether an expression is written as a pattern that distinguishes something.
pub(super) fn is_pattern(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => path.path.segments.last().is_some_and(|s| is_upper(&s.ident)),
        Expr::Call(call) => is_pattern(&call.func),
        Expr::Struct(_) | Expr::Lit(_) => true,
        Expr::Paren(paren) => is_pattern(&paren.expr),
        Expr::Reference(reference) => is_pattern(&reference.expr),
        Expr::Binary(binary) if matches!(binary.op, BinOp::BitOr(_) | BinOp::Or(_)) => {
            is_pattern(&binary.left) && is_pattern(&binary.right)
        }
        _ => false,
    }
}

/// What `result.is_err()` tests, and the rest.
fn tested(expr: &Expr) -> Option<(&'static str, &'static str)> {
    let Expr::MethodCall(call) = expr else {
        return None;
    };
    match call.method.to_string().as_str() {
        "is_err" => Some(("Err(_)", "Ok(_)")),
        "is_ok" => Some(("Ok(_)", "Err(_)")),
        "is_none" => Some(("None", "Some(_)")),
        "is_some" => Some(("Some(_)", "None")),
        _ => None,
    }
}

/// The pattern for the rest of an expression.
fn opposite(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::Paren(paren) => opposite(&paren.expr),
        Expr::Call(call) if call.args.iter().all(|arg| matches!(arg, Expr::Infer(_))) => {
            match call.func.to_token_stream().to_string().as_str() {
                "Ok" => Some("Err(_)"),
                "Err" => Some("Ok(_)"),
                "Some" => Some("None"),
                _ => None,
            }
        }
        Expr::Path(path) if path.path.is_ident("None") => Some("Some(_)"),
        expr => tested(expr).map(|(_, rest)| rest),
    }
}

/// `matches!(e, E::Down if ..)`
fn matched(option: &str, call: &ExprMacro) -> String {
    let whole = Expr::Macro(call.clone());
    let parts = |input: ParseStream| {
        let subject: Expr = input.parse()?;
        input.parse::<Token![,]>()?;
        let pattern = Pat::parse_multi_with_leading_vert(input)?;
        let guard: TokenStream = input.parse()?;
        Ok((subject, pattern, guard))
    };
    let Ok((subject, pattern, guard)) = parts.parse2(call.mac.tokens.clone()) else {
        return takes(option, "Err(_)");
    };
    let Some(name) = variable_alone(&subject) else {
        return guarded(option, &whole);
    };
    let pattern = around(&name, &pattern.to_token_stream());
    let guard = shown(guard);
    let guard = guard.trim_end_matches(',').trim_end();
    takes(option, format!("{pattern} {guard}").trim_end())
}

/// `E::Down`, which is compared with `e`, as a pattern of the whole result.
fn around(name: &str, pattern: &TokenStream) -> String {
    let first = pattern.clone().into_iter().next().map(|token| token.to_string());
    let is_whole = matches!(first.as_deref(), Some("Ok" | "Err" | "Some" | "None"));
    let pattern = shown(pattern.clone());
    if is_whole || is_result(name) { pattern } else { format!("Err({pattern})") }
}

/// The condition as a guard, after a pattern that binds what the condition uses.
fn guarded(option: &str, condition: &Expr) -> String {
    let name = variable(condition.to_token_stream());
    // `if is_down`: a function of the error.
    if let Some(function) = variable_alone(condition).filter(|name| name.starts_with("is_")) {
        return format!(
            "`{option}` takes a pattern, and a condition after `if`: `{option} = Err(e) if \
             {function}(e)`"
        );
    }
    let pattern = match &name {
        Some(name) if is_result(name) => name.clone(),
        Some(name) => format!("Err({name})"),
        None => "Err(_)".to_owned(),
    };
    let condition = match &name {
        Some(name) => compared(condition, name),
        None => condition.to_token_stream(),
    };
    let condition = shown(condition);
    format!(
        "`{option}` takes a pattern, and a condition after `if`: `{option} = {pattern} if \
         {condition}`"
    )
}

/// `e != E::Down` as `*e != E::Down`, because a pattern binds a reference.
pub(super) fn compared(condition: &Expr, name: &str) -> TokenStream {
    match condition {
        Expr::Binary(binary) => {
            let is_comparison = !matches!(binary.op, BinOp::And(_) | BinOp::Or(_));
            let side = |side: &Expr| match variable_alone(side) {
                Some(found) if is_comparison && found == name => quote!(*#side),
                _ => compared(side, name),
            };
            let (left, op, right) = (side(&binary.left), &binary.op, side(&binary.right));
            quote!(#left #op #right)
        }
        condition => condition.to_token_stream(),
    }
}

/// Names that people give to the whole result, not to the error in it.
fn is_result(name: &str) -> bool {
    const RESULTS: [&str; 14] = [
        "result", "res", "r", "ret", "response", "resp", "reply", "answer", "value", "v", "output",
        "out", "status", "it",
    ];
    RESULTS.contains(&name)
}

pub(super) fn variable_alone(expr: &Expr) -> Option<String> {
    let expr = match expr {
        Expr::Reference(reference) => &reference.expr,
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => &unary.expr,
        expr => expr,
    };
    match expr {
        Expr::Path(path) => path.path.get_ident().filter(|name| !is_upper(name) && *name != "self"),
        _ => None,
    }
    .map(ToString::to_string)
}

/// The first variable in an expression: a lower-case word that isn't a method, field, function,
/// macro or part of a path.
pub(super) fn variable(tokens: TokenStream) -> Option<String> {
    let mut tokens = tokens.into_iter().peekable();
    let mut before = ' ';
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                if let Some(name) = variable(group.stream()) {
                    return Some(name);
                }
                before = ' ';
            }
            TokenTree::Punct(punct) => before = punct.as_char(),
            TokenTree::Literal(_) => before = ' ',
            TokenTree::Ident(name) => {
                let is_called = match tokens.peek() {
                    Some(TokenTree::Group(_)) => true,
                    Some(TokenTree::Punct(next)) => {
                        next.as_char() == ':' || (next.as_char() == '!' && !is_not_equal(&tokens))
                    }
                    _ => false,
                };
                let is_word = ["self", "true", "false", "as"].iter().any(|word| name == word);
                if !is_called && !is_word && before != '.' && before != ':' && !is_upper(&name) {
                    return Some(name.to_string());
                }
                before = ' ';
            }
        }
    }
    None
}

/// Whether `!=` comes next, and not the `!` of a macro.
fn is_not_equal(tokens: &std::iter::Peekable<proc_macro2::token_stream::IntoIter>) -> bool {
    let mut ahead = tokens.clone();
    ahead.next();
    matches!(ahead.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=')
}

pub(super) fn is_upper(ident: &Ident) -> bool {
    ident.to_string().trim_start_matches("r#").starts_with(char::is_uppercase)
}
