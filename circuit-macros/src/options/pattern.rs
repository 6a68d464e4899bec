//! `failure` and `ignore`: the left side of a match arm.

use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Expr, Pat, Token};

/// `Err(e) if e.is_server_error()`
#[derive(Clone)]
pub(crate) struct Arm {
    pub(crate) pattern: Pat,
    pub(crate) guard: Option<(Token![if], Expr)>,
}

impl ToTokens for Arm {
    fn to_tokens(&self, tokens: &mut proc_macro2::TokenStream) {
        self.pattern.to_tokens(tokens);
        if let Some((if_token, guard)) = &self.guard {
            if_token.to_tokens(tokens);
            guard.to_tokens(tokens);
        }
    }
}

/// Parses an arm. Two things that users try compile and mean something absurd,
/// or give an error that leads nowhere: they are answered here.
pub(super) fn parse(option: &str, input: ParseStream) -> syn::Result<Arm> {
    let start = input.fork();
    let starts_like_closure = start.peek(Token![|]) || start.peek(Token![move]);
    let use_classify = || {
        // `|e| e` is an or-pattern, `|e| e.is_err()` one with something behind.
        let closure = input.parse::<Expr>()?;
        Err(syn::Error::new_spanned(
            closure,
            format!(
                "`{option}` takes a pattern: `{option} = Err(_)`; for a function of the result, \
                 write `classify = |result| ..`"
            ),
        ))
    };
    if starts_like_closure && !is_pattern(&start) {
        return use_classify();
    }
    let pattern = Pat::parse_multi_with_leading_vert(input)?;
    let guard = if input.peek(Token![if]) { Some((input.parse()?, input.parse()?)) } else { None };
    if let Some(message) = trap(option, &pattern, guard.is_some()) {
        return Err(syn::Error::new_spanned(pattern, message));
    }
    Ok(Arm { pattern, guard })
}

/// Whether a leading vert starts a pattern that distinguishes anything.
fn is_pattern(start: ParseStream) -> bool {
    let Ok(pattern) = Pat::parse_multi_with_leading_vert(start) else {
        return false;
    };
    let ends = start.is_empty() || start.peek(Token![,]) || start.peek(Token![if]);
    let distinguishes = match &pattern {
        Pat::Or(or) => !or.cases.iter().any(is_binding),
        pattern => !is_binding(pattern),
    };
    ends && distinguishes
}

/// A lower-case name alone, which matches whatever there is.
fn is_binding(pattern: &Pat) -> bool {
    match pattern {
        Pat::Ident(name) => name.subpat.is_none() && is_lower(&name.ident),
        _ => false,
    }
}

fn is_lower(ident: &syn::Ident) -> bool {
    ident.to_string().trim_start_matches("r#").starts_with(|c: char| c.is_lowercase() || c == '_')
}

fn trap(option: &str, pattern: &Pat, guarded: bool) -> Option<String> {
    let name = pattern.to_token_stream().to_string().replace(' ', "");
    match pattern {
        pattern if is_binding(pattern) && !guarded => Some(format!(
            "`{name}` alone matches every result; for a function, write `classify = {name}`"
        )),
        Pat::Path(path) if path.path.segments.last().is_some_and(|s| is_lower(&s.ident)) => {
            Some(format!("`{option}` takes a pattern; for a function, write `classify = {name}`"))
        }
        Pat::Lit(literal) if matches!(literal.lit, syn::Lit::Str(_)) => {
            Some(format!("`{option}` takes a pattern, without quotes: `{option} = Err(_)`"))
        }
        _ => None,
    }
}
