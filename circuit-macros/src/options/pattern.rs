//! `failure` and `ignore`: the left side of a match arm.

use proc_macro2::Span;
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{AngleBracketedGenericArguments, Expr, ExprPath, Ident, Pat, PathArguments, Token};

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
    let mut pattern = Pat::parse_multi_with_leading_vert(input)?;
    if input.peek(Token![&&]) {
        let and: Token![&&] = input.parse()?;
        return Err(syn::Error::new_spanned(
            and,
            format!(
                "`{option}` takes a pattern; a guard is written with `if`: {}",
                guarded(option)
            ),
        ));
    }
    let guard = if input.peek(Token![if]) {
        let if_token: Token![if] = input.parse()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new_spanned(
                if_token,
                format!("`{option}` needs a condition behind `if`: {}", guarded(option)),
            ));
        }
        Some((if_token, input.parse()?))
    } else {
        None
    };
    if let Some(message) = trap(option, &pattern, guard.is_some()) {
        return Err(syn::Error::new_spanned(pattern, message));
    }
    must_exist(&mut pattern);
    Ok(Arm { pattern, guard })
}

fn guarded(option: &str) -> String {
    format!("`{option} = Err(e) if e.is_server_error()`")
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

/// `NotFound` as `NotFound::<>`: as a path it has to be there. As it was written, a variant that
/// nobody has imported would be a variable, and match whatever there is.
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

fn is_upper(ident: &Ident) -> bool {
    ident.to_string().trim_start_matches("r#").starts_with(char::is_uppercase)
}

fn is_lower(ident: &Ident) -> bool {
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
