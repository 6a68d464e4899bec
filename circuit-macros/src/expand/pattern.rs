//! Patterns of parameters, changed for another place.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::{Pat, PatIdent, PatWild, Token};

use crate::model::names::flatten;

/// A name that is no more than that.
pub(super) fn plain(ident: Ident) -> PatIdent {
    PatIdent { attrs: Vec::new(), by_ref: None, mutability: None, ident, subpat: None }
}

/// The variables can't change.
pub(super) fn without_mut(pattern: &Pat) -> Pat {
    changed(pattern, &mut |name| {
        let mutability = name.mutability.filter(|_| name.by_ref.is_some());
        Pat::Ident(PatIdent { mutability, ..name })
    })
}

/// Binds those of its names for which `keep` has a variable. The macros stay where `macros` says.
pub(super) fn pruned(
    pattern: &Pat,
    keep: &dyn Fn(&PatIdent) -> Option<PatIdent>,
    macros: bool,
) -> Pat {
    match pattern {
        Pat::Macro(_) if !macros => wild(),
        pattern => changed(pattern, &mut |mut name| {
            let subpat = name.subpat.take();
            match (keep(&name), subpat) {
                (Some(variable), subpat) => Pat::Ident(PatIdent { subpat, ..variable }),
                (None, Some((_, inside))) => *inside,
                (None, None) => wild(),
            }
        }),
    }
}

/// The same variable, for code of which no lint asks whether it changes that.
pub(super) fn variable(name: &PatIdent) -> PatIdent {
    let site = Span::mixed_site();
    PatIdent {
        attrs: Vec::new(),
        by_ref: name.by_ref,
        mutability: name.mutability.map(|_| Token![mut](site)),
        ..plain(name.ident.clone())
    }
}

fn wild() -> Pat {
    Pat::Wild(PatWild { attrs: Vec::new(), underscore_token: Token![_](Span::mixed_site()) })
}

/// `pattern` with another in the place of each name.
fn changed(pattern: &Pat, change: &mut dyn FnMut(PatIdent) -> Pat) -> Pat {
    let mut pattern = pattern.clone();
    match &mut pattern {
        Pat::Ident(name) => {
            if let Some((_, inside)) = &mut name.subpat {
                **inside = changed(inside, change);
            }
            return change(name.clone());
        }
        Pat::Or(or) => or.cases.iter_mut().for_each(|it| *it = changed(it, change)),
        Pat::Paren(paren) => *paren.pat = changed(&paren.pat, change),
        Pat::Reference(reference) => *reference.pat = changed(&reference.pat, change),
        Pat::Slice(slice) => slice.elems.iter_mut().for_each(|it| *it = changed(it, change)),
        Pat::Struct(fields) => {
            for field in &mut fields.fields {
                *field.pat = changed(&field.pat, change);
                // `S { n }` names the field and the variable at once.
                if !matches!(&*field.pat, Pat::Ident(name) if name.subpat.is_none()) {
                    field.colon_token.get_or_insert(Token![:](Span::mixed_site()));
                }
            }
        }
        Pat::Tuple(tuple) => tuple.elems.iter_mut().for_each(|it| *it = changed(it, change)),
        Pat::TupleStruct(tuple) => tuple.elems.iter_mut().for_each(|it| *it = changed(it, change)),
        _ => {}
    }
    pattern
}

/// Whether it leaves nothing of the value behind. Behind a struct that is `Drop` itself, of which
/// only copies can be taken, the whole of it stays: `structs` says whether they count.
pub(super) fn binds_all(pattern: &Pat, structs: bool) -> bool {
    match pattern {
        Pat::Ident(name) => {
            let is_lower = !name.ident.to_string().starts_with(char::is_uppercase);
            name.by_ref.is_none() && is_lower
        }
        Pat::Paren(paren) => binds_all(&paren.pat, structs),
        Pat::Slice(slice) => slice.elems.iter().all(|it| binds_all(it, structs)),
        Pat::Struct(fields) => {
            structs
                && fields.rest.is_none()
                && fields.fields.iter().all(|field| binds_all(&field.pat, structs))
        }
        Pat::Tuple(tuple) => tuple.elems.iter().all(|it| binds_all(it, structs)),
        Pat::TupleStruct(tuple) => structs && tuple.elems.iter().all(|it| binds_all(it, structs)),
        _ => false,
    }
}

/// Whether something is borrowed as `ref mut`.
pub(super) fn has_ref_mut(bindings: &[PatIdent]) -> bool {
    bindings.iter().any(|name| name.by_ref.is_some() && name.mutability.is_some())
}

/// Whether it looks through a reference.
pub(super) fn has_reference(pattern: &Pat) -> bool {
    flatten(pattern.to_token_stream())
        .any(|token| matches!(token, proc_macro2::TokenTree::Punct(it) if it.as_char() == '&'))
}
