//! Prints the guarded function.
//!
//! Each token of ours has the location of what the user wrote it for, so that errors are shown
//! there. It resolves as in a macro, so that lints leave it alone. Locals have a prefix
//! nevertheless: a constant of the same name in scope would turn a binding into a comparison.
//! `__circuit` is the only import; it is a module, which no variable can hide. The static has a
//! block of its own. The user's body is printed once, in the user's braces, which carry its edition
//! and its lints.

mod body;
mod circuit;
mod closure;
mod entry;
mod fallback;
mod given;
mod import;
mod judge;
mod parameters;
mod pattern;
mod ping;
mod respan;
mod scope;
mod stale;
mod stream;
mod variables;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ReturnType, Signature, Type};

use crate::model::{Form, FutureBody, Model, Stream, Wrap, with_content};
use parameters::Parameters;

pub(crate) use circuit::of_block as circuit_of_block;
pub(crate) use import::import;
pub(crate) use respan::respanned;

/// A span that resolves as in a macro, and is shown at `tokens`.
pub(crate) fn at(tokens: &impl ToTokens) -> Span {
    Span::mixed_site().located_at(tokens.span())
}

pub(crate) fn function(model: &Model) -> TokenStream {
    let function = &model.function;
    let parameters = Parameters::new(model);
    let attributes = &function.attributes;
    let visibility = &function.visibility;
    let defaultness = &function.defaultness;
    let signature = Signature { inputs: parameters.inputs.clone(), ..function.signature.clone() };
    let inner_attributes = &model.inner_attributes;
    let import = import(model.runtime.as_ref());
    let guarded = guarded(model, &parameters);
    let content = match &model.form {
        Form::Future(body) => future_body(body, &guarded),
        Form::Sync | Form::Async | Form::Stream(_) => guarded,
    };
    let braces = with_content(&function.body, quote!(#inner_attributes #import #content));
    quote!(#(#attributes)* #visibility #defaultness #signature #braces)
}

/// The expression that made the future, around another block.
fn future_body(body: &FutureBody, guarded: &TokenStream) -> TokenStream {
    let keywords = &body.keywords;
    let inner_attributes = &body.inner_attributes;
    let block = with_content(&body.block, quote!(#inner_attributes #guarded));
    let after = &body.after;
    let future = quote!(#keywords #block #after);
    match &body.boxed {
        Some((path, parens)) => {
            let parens = with_content(parens, future);
            quote!(#path #parens)
        }
        None => future,
    }
}

/// The statements that replace the body.
fn guarded(model: &Model, parameters: &Parameters) -> TokenStream {
    if let Form::Stream(stream) = &model.form {
        return stream::guarded(model, stream, parameters, &body::body(model, parameters));
    }
    let breaker = circuit::breaker(model);
    let returns = returns(model);
    let evidence = judge::evidence(model);
    let call = match &model.fallback {
        Some(fallback) if fallback.on_any => fallback::any(model, fallback, parameters),
        Some(fallback) => fallback::on_rejection(model, fallback, parameters),
        None => without_fallback(model, parameters),
    };
    let scope = parameters.seen(&model.judge_free);
    let stale = stale::stale(model, parameters);
    quote!(#breaker #returns #evidence #stale #scope #call)
}

/// Equates `R` of `Returns<R>` with the declared type before the body is checked.
fn returns(model: &Model) -> TokenStream {
    let site = at_return_type(model);
    let ty = match declared(model) {
        Some(output) if !has_impl(output) => {
            let ty = quote_spanned!(site=> ::<#output>);
            if matches!(model.form, Form::Sync | Form::Async) && model.stream.is_none() {
                // The signature says it, too.
                return quote_spanned!(site=> let __circuit_returns = __circuit::Returns #ty::new(););
            }
            ty
        }
        _ => TokenStream::new(),
    };
    let made = model.stream.as_ref().map(|stream| let_made(stream, site));
    quote_spanned! {site=>
        let __circuit_returns = __circuit::Returns #ty::new();
        if false {
            return __circuit_returns.never();
        }
        #made
    }
}

/// The type that the body gives, where it is written down.
fn declared(model: &Model) -> Option<&Type> {
    match (&model.form, &model.function.signature.output) {
        (Form::Future(_) | Form::Stream(_), _) => model.form.output(),
        (Form::Sync | Form::Async, ReturnType::Type(_, ty)) => Some(ty),
        (_, ReturnType::Default) => None,
    }
}

/// The type of the body, where the function's stream is guarded behind it.
fn let_made(stream: &Stream, site: Span) -> TokenStream {
    match &stream.in_result {
        Some(ty) if stream.wrap == Wrap::Nothing => {
            quote_spanned!(site=> let __circuit_made = __circuit::Returns::<#ty>::new();)
        }
        _ => quote_spanned!(site=> let __circuit_made = __circuit_returns;),
    }
}

/// What stands for the type of the body: mostly that of the function.
fn made(model: &Model) -> TokenStream {
    let site = at_return_type(model);
    let made = Ident::new(made_name(model), site);
    quote_spanned!(site=> #made)
}

fn made_name(model: &Model) -> &'static str {
    if model.stream.is_some() { "__circuit_made" } else { "__circuit_returns" }
}

fn without_fallback(model: &Model, parameters: &Parameters) -> TokenStream {
    let site = at_return_type(model);
    let open = quote_spanned!(site=> __circuit_open);
    let otherwise = quote_spanned!(site=> return __circuit_reject(__circuit_open));
    let rejected = stale::rejected(model, &open, &otherwise);
    let run = body::run(model, parameters, &entry::permit(model, parameters, site, &rejected));
    quote_spanned!(site=> return #run;)
}

/// Errors about the return type are shown there; at the name where there is none.
pub(crate) fn at_return_type(model: &Model) -> Span {
    let signature = &model.function.signature;
    match (model.form.output(), &signature.output) {
        (Some(output), _) => at(output),
        (None, ReturnType::Type(_, ty)) => at(ty),
        (None, ReturnType::Default) => at(&signature.ident),
    }
}

fn has_impl(ty: &Type) -> bool {
    crate::model::names::flatten(ty.to_token_stream())
        .any(|token| matches!(token, proc_macro2::TokenTree::Ident(word) if word == "impl"))
}
