//! `failure` and `ignore`: the pattern of a match arm, with its guard.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{
    AngleBracketedGenericArguments, BinOp, Expr, ExprPath, Ident, Pat, PathArguments, Token,
};

use super::at_end;
use super::guard;
use super::inner;
use super::no_pattern::{self, is_upper};
use crate::shown::shown;

/// `Err(e) if e.is_server_error()`
#[derive(Clone)]
pub(crate) struct Arm {
    pub(crate) pattern: Pat,
    pub(crate) guard: Option<(Token![if], Expr)>,
}

impl ToTokens for Arm {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.pattern.to_tokens(tokens);
        if let Some((if_token, guard)) = &self.guard {
            if_token.to_tokens(tokens);
            guard.to_tokens(tokens);
        }
    }
}

/// Parses an arm; `no_pattern` answers what is written instead of one.
pub(super) fn parse(option: &str, input: ParseStream) -> syn::Result<Arm> {
    let start = input.fork();
    let starts_like_closure = start.peek(Token![|]) || start.peek(Token![move]);
    // `|e| e` is a closure, and an or-pattern with a leading vert.
    if !starts_like_closure || !is_pattern(&start) {
        if let Some((at, message)) = answer(option, input) {
            return Err(syn::Error::new_spanned(at, message));
        }
    }
    let mut pattern = Pat::parse_multi_with_leading_vert(input)?;
    let guard = if input.peek(Token![if]) {
        let if_token: Token![if] = input.parse()?;
        if at_end(input) {
            return Err(syn::Error::new_spanned(
                if_token,
                format!(
                    "expected a condition after `if`: `{option} = Err(e) if e.is_server_error()`"
                ),
            ));
        }
        Some((if_token, input.parse()?))
    } else {
        None
    };
    if input.peek(Token![=>]) {
        let arrow: Token![=>] = input.parse()?;
        return Err(syn::Error::new_spanned(
            arrow,
            format!("`{option}` takes only the pattern: remove `=>` and what follows it"),
        ));
    }
    if let Some(error) = guard.as_ref().and_then(|(_, guard)| guard::answer(guard)) {
        return Err(error);
    }
    if let Some(message) = trap(option, &pattern, guard.is_some()) {
        return Err(syn::Error::new_spanned(pattern, message));
    }
    must_exist(&mut pattern);
    Ok(Arm { pattern, guard })
}

/// What is said of a value that is no pattern, or has expressions in it, and where.
fn answer(option: &str, input: ParseStream) -> Option<(TokenStream, String)> {
    if input.peek(Token![if]) || input.peek(Token![let]) {
        return no_pattern::conditional(option, &input.fork());
    }
    let (expr, guard) = guarded(&input.fork())
        .or_else(|| inner::in_words(&input.fork()).map(|expr| (expr, None)))?;
    let (at, message) =
        no_pattern::of_expr(option, &expr).or_else(|| inner::of_pattern(option, &expr))?;
    Some((
        at,
        match guard {
            Some(guard) => with_guard(option, message, &guard),
            None => message,
        },
    ))
}

/// An expression to the end of the value, and the condition after it.
fn guarded(input: ParseStream) -> Option<(Expr, Option<Expr>)> {
    let expr = input.parse().ok()?;
    let if_token: Option<Token![if]> = input.parse().ok()?;
    let guard = if_token.map(|_| input.parse()).transpose().ok()?;
    at_end(input).then_some((expr, guard))
}

/// The condition at the end of the remedy, with which the message ends.
fn with_guard(option: &str, message: String, guard: &Expr) -> String {
    let (says, arm) = match message.rsplit_once(&format!("`{option} = ")) {
        Some((says, arm)) if arm.ends_with('`') => (says, arm.trim_end_matches('`')),
        _ => return message,
    };
    let guard = match guard {
        Expr::Binary(or) if matches!(or.op, BinOp::Or(_)) => shown(quote!((#or))),
        guard => shown(guard),
    };
    let joint = if arm.contains(" if ") { "&&" } else { "if" };
    format!("{says}`{option} = {arm} {joint} {guard}`")
}

/// Whether a leading vert starts a pattern that distinguishes anything.
fn is_pattern(start: ParseStream) -> bool {
    let Ok(pattern) = Pat::parse_multi_with_leading_vert(start) else {
        return false;
    };
    let ends = at_end(start) || start.peek(Token![if]);
    let distinguishes = match &pattern {
        Pat::Or(or) => !or.cases.iter().any(is_binding),
        pattern => !is_binding(pattern),
    };
    ends && distinguishes
}

/// A lower-case name alone, which matches everything.
fn is_binding(pattern: &Pat) -> bool {
    match pattern {
        Pat::Ident(name) => name.subpat.is_none() && is_lower(&name.ident),
        _ => false,
    }
}

/// `NotFound` as `NotFound::<>`: a path, which must exist. As it was written, a variant that isn't
/// imported would be a variable, and match everything.
fn must_exist(pattern: &mut Pat) {
    match pattern {
        Pat::Ident(name) => match &mut name.subpat {
            Some((_, inside)) => must_exist(inside),
            None if name.by_ref.is_none() && name.mutability.is_none() && is_upper(&name.ident) => {
                let attrs = std::mem::take(&mut name.attrs);
                let path = path(name.ident.clone());
                *pattern = Pat::Path(ExprPath { attrs, qself: None, path });
            }
            None => {}
        },
        Pat::Or(or) => or.cases.iter_mut().for_each(must_exist),
        Pat::Paren(paren) => must_exist(&mut paren.pat),
        Pat::Reference(reference) => must_exist(&mut reference.pat),
        Pat::Slice(slice) => slice.elems.iter_mut().for_each(must_exist),
        Pat::Struct(fields) => fields
            .fields
            .iter_mut()
            .filter(|field| field.colon_token.is_some())
            .for_each(|field| must_exist(&mut field.pat)),
        Pat::Tuple(tuple) => tuple.elems.iter_mut().for_each(must_exist),
        Pat::TupleStruct(tuple) => tuple.elems.iter_mut().for_each(must_exist),
        _ => {}
    }
}

fn path(name: Ident) -> syn::Path {
    let site = Span::mixed_site().located_at(name.span());
    let mut path = syn::Path::from(name);
    path.segments[0].arguments = PathArguments::AngleBracketed(AngleBracketedGenericArguments {
        colon2_token: Some(Token![::](site)),
        lt_token: Token![<](site),
        args: Punctuated::new(),
        gt_token: Token![>](site),
    });
    path
}

fn is_lower(ident: &Ident) -> bool {
    ident.to_string().trim_start_matches("r#").starts_with(|c: char| c.is_lowercase() || c == '_')
}

fn trap(option: &str, pattern: &Pat, guarded: bool) -> Option<String> {
    let function = match pattern {
        Pat::Ident(name) if is_binding(pattern) && !guarded => {
            // An error's usual name isn't a function's.
            let is_error = ["e", "err", "error", "_e", "_err"].iter().any(|e| name.ident == e);
            if is_error || name.by_ref.is_some() || name.mutability.is_some() {
                let name = &name.ident;
                return Some(format!("`{name}` matches every result: write `{option} = Err(_)`"));
            }
            let message = format!("`{}` alone matches every result", name.ident);
            (message, shown(pattern))
        }
        Pat::Path(path) if path.path.segments.last().is_some_and(|s| is_lower(&s.ident)) => {
            (format!("`{option}` takes a pattern"), shown(pattern))
        }
        _ => return None,
    };
    let (message, function) = function;
    Some(format!(
        "{message}; for a function of the result, write `classify = {function}`, and for one of \
         the error, `{option} = Err(e) if {function}(e)`"
    ))
}
