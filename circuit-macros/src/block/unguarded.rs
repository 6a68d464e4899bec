//! Methods that a block leaves alone.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Generics, ItemImpl, ReturnType, Type};

use crate::expand::at;
use crate::head::{Attribute, Function};
use crate::model::{inner_attributes, with_content};
use crate::validate::{IN_BLOCK, peel_type};

/// The method. Where it has an attribute that could be ours under another name, with a mark by which
/// that finds out that it stands in a block.
pub(super) fn seen(function: Function) -> Function {
    if function.attributes.iter().all(is_plain) {
        return function;
    }
    let (inner, body) = inner_attributes(&function.body);
    let content = body.stream();
    let mark = format_ident!("{IN_BLOCK}", span = Span::mixed_site());
    let mark = quote_spanned!(Span::mixed_site()=> const _: () = { let #mark = (); };);
    let body = with_content(&function.body, quote!(#inner #mark #content));
    Function { body, ..function }
}

/// Attributes that are no macros, the usual ones.
fn is_plain(attribute: &Attribute) -> bool {
    const PLAIN: [&str; 12] = [
        "allow",
        "cfg",
        "cold",
        "deny",
        "deprecated",
        "doc",
        "expect",
        "forbid",
        "inline",
        "must_use",
        "track_caller",
        "warn",
    ];
    attribute.name().is_some_and(|name| PLAIN.contains(&name.as_str()))
}

/// The method with a check that what it returns is no `Result` under another name, which the
/// compiler makes. In a `const fn`, which calls no service, none can stand.
pub(super) fn checked(function: Function, block: &ItemImpl, import: &TokenStream) -> Function {
    let function = seen(function);
    let ty = match &function.signature.output {
        ReturnType::Type(_, ty) if function.signature.constness.is_none() => peel_type(ty),
        _ => return function,
    };
    if !may_be_alias(ty, [&block.generics, &function.signature.generics]) {
        return function;
    }
    let site = at(ty);
    let (inner, block) = inner_attributes(&function.body);
    // The user's block as a match arm: its own braces, at the end of which its temporaries go.
    let content = quote_spanned! {site=>
        #inner
        if false {
            #import
            let __circuit_returns = __circuit::Returns::new();
            if false {
                return __circuit_returns.never();
            }
            __circuit::Unguarded::of(__circuit_returns).__circuit_unguarded();
        }
        match () { () => #block }
    };
    let body = with_content(&function.body, content);
    Function { body, ..function }
}

/// Whether the name of a type may be another one of `Result`, as far as its text says.
fn may_be_alias(ty: &Type, generics: [&Generics; 2]) -> bool {
    const KNOWN: [&str; 29] = [
        "Arc", "BTreeMap", "Box", "Cow", "Duration", "HashMap", "Instant", "Option", "Pin", "Rc",
        "Self", "String", "Vec", "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128",
        "isize", "u8", "u16", "u32", "u64", "u128", "usize",
    ];
    match ty {
        Type::Macro(_) => true,
        Type::Path(path) => {
            let is_parameter =
                |name: &Ident| generics.iter().any(|it| it.type_params().any(|p| p.ident == *name));
            let is_known = path.path.get_ident().is_some_and(is_parameter)
                || path.path.segments.last().is_some_and(|last| {
                    let name = last.ident.to_string();
                    path.qself.is_none() && KNOWN.contains(&name.as_str())
                });
            !is_known
        }
        _ => false,
    }
}
