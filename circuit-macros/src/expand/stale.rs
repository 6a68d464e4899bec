//! The last good value: what is kept by which key, and what gives it.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, ExprPath, UnOp};

use super::circuit::printed;
use super::parameters::Parameters;
use super::{at, at_return_type};
use crate::model::names::flatten;
use crate::model::{Model, Stale};
use crate::options::Value;

/// `let __circuit_stale = ..;`: what this call may keep, or be given.
pub(super) fn stale(model: &Model, parameters: &Parameters) -> TokenStream {
    let Some(stale) = &model.stale else {
        return TokenStream::new();
    };
    let site = at_return_type(model);
    let key = key(model, stale, parameters);
    let age = constant(&stale.age, "stale_age", "Duration");
    let most = stale.most.as_ref().map(|most| constant(most, "max_stale", "StaleCount"));
    let most = most.unwrap_or_else(|| quote_spanned!(site=> 10_000));
    // The compiler reports a missing feature at the one or at the other.
    let option = at(&stale.option);
    let check = quote_spanned!(option=> __circuit::stale_feature(__circuit_returns));
    quote_spanned! {site=>
        let __circuit_stale = {
            static __CIRCUIT_STALE: __circuit::Store = __circuit::Store::new();
            #check;
            let __circuit_keeps = __circuit::Keeping::of(__circuit_returns).__circuit_keeps();
            __circuit::stale(__circuit_keeps, || {}, &__CIRCUIT_STALE, (#age, #most), #key)
        };
    }
}

/// A constant, which is checked also where the function is never called; one that names `Self`, as no item
/// in a function can, where it is.
fn constant(value: &Value, check: &str, ty: &str) -> TokenStream {
    let Value::Constant(expr) = value else {
        return printed(value);
    };
    let site = at(expr);
    let check = Ident::new(check, site);
    let is_self = |token| matches!(token, TokenTree::Ident(word) if word == "Self");
    if flatten(expr.to_token_stream()).any(is_self) {
        return quote_spanned!(site=> const { __circuit::#check(#expr) });
    }
    let ty = Ident::new(ty, site);
    quote_spanned! {site=> {
        const __CIRCUIT_STALE: __circuit::#ty = __circuit::#check(#expr);
        __CIRCUIT_STALE
    }}
}

/// The key, as a value that owns all it has.
fn key(model: &Model, stale: &Stale, parameters: &Parameters) -> TokenStream {
    let text = model.key.as_ref().filter(|_| stale.is_of_key).map(|key| {
        let site = at(&key.value);
        let scope = parameters.seen(&key.free);
        let key = &key.value;
        let text = quote_spanned! {site=> {
            #scope
            let __circuit_text = __circuit::Key::of(&(#key)).__circuit_with(__circuit::stale_text);
            __circuit_text
        }};
        (site, text)
    });
    let own = stale.key.as_ref().map(|expr| (at(expr), owned(expr, parameters)));
    let (site, own) = match (text, own) {
        (None, None) => {
            return quote!(());
        }
        (Some(only), None) | (None, Some(only)) => only,
        (Some((of_key, text)), Some((site, own))) => (site, quote_spanned!(of_key=> (#text, #own))),
    };
    let scope = parameters.seen(&stale.free);
    quote_spanned! {site=> {
        #scope
        __circuit::stale_key(__circuit::KeyOf::new(#own).__circuit_key())
    }}
}

/// A tuple's parts are owned each by itself: a text among them is a text.
fn owned(expr: &Expr, parameters: &Parameters) -> TokenStream {
    let site = at(expr);
    match expr {
        Expr::Tuple(tuple) => {
            let parts = tuple.elems.iter().map(|part| owned(part, parameters));
            quote_spanned!(site=> (#(#parts,)*))
        }
        Expr::Paren(inner) => owned(&inner.expr, parameters),
        Expr::Group(inner) => owned(&inner.expr, parameters),
        // What has a place of its own stays there.
        Expr::Path(path) if is_short_reference(path, parameters) => {
            quote_spanned!(site=> __circuit::OwnKey::lent(&(#expr)).__circuit_own())
        }
        Expr::Path(_) | Expr::Field(_) | Expr::Index(_) => borrowed(expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => borrowed(expr),
        expr => quote_spanned!(site=> __circuit::OwnKey::taken(#expr).__circuit_own()),
    }
}

fn borrowed(expr: &Expr) -> TokenStream {
    let site = at(expr);
    quote_spanned!(site=> __circuit::OwnKey::borrowed(&(#expr)).__circuit_own())
}

/// Whether it names a parameter that is a reference, which nobody can keep.
fn is_short_reference(path: &ExprPath, parameters: &Parameters) -> bool {
    parameters.typed.iter().any(|shown| {
        let name = shown.of.simple();
        shown.of.is_short_reference() && name.is_some_and(|it| path.path.is_ident(&it.ident))
    })
}

/// The arm for a rejected call, which is given the value that is kept for it, if there is one; else
/// comes `otherwise`, for which `open` binds the rejection.
pub(super) fn rejected(model: &Model, open: &TokenStream, otherwise: &TokenStream) -> TokenStream {
    let site = at_return_type(model);
    if model.stale.is_none() {
        return quote_spanned!(site=> __circuit::Rejected(#open) => #otherwise);
    }
    let fallback = Ident::new(if model.fallback.is_some() { "Runs" } else { "None" }, site);
    quote_spanned! {site=>
        __circuit::Rejected(__circuit_open) => match __circuit::stale_instead(
            &__circuit_stale,
            __circuit_breaker,
            __circuit_open,
            __circuit::Fallback::#fallback,
        ) {
            __circuit::Admitted(__circuit_value) => return __circuit_value,
            __circuit::Rejected(#open) => #otherwise,
        }
    }
}

/// The functions that end a call and keep its value, or give another's: of a result, and of a
/// timeout. `of_any`: for `Ended`.
pub(super) fn ends(stale: &Stale, of_any: bool, site: Span) -> [TokenStream; 2] {
    let (finish, late) = match (of_any, stale.on_any) {
        (true, _) => ("finish_any_stale", "time_out_any_stale"),
        (false, true) => ("finish_stale", "time_out_stale"),
        (false, false) => ("finish_kept", "time_out"),
    };
    [finish, late].map(|name| {
        let name = Ident::new(name, site);
        quote_spanned!(site=> __circuit::#name)
    })
}
