//! The user's body, as a closure or an async block under the permit.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ReturnType;

use super::parameters::Parameters;
use super::{at, at_return_type, circuit, judge};
use crate::model::{Circuit, Form, Model, Timeout};

/// The expression that runs the body under a permit and has the type that the function returns.
pub(super) fn run(model: &Model, parameters: &Parameters, permit: &TokenStream) -> TokenStream {
    let site = at_return_type(model);
    let body = body(model, parameters);
    match (&model.form, &model.timeout) {
        (Form::Sync, _) => {
            let ended = ended(model, &body);
            quote_spanned! {site=> {
                let __circuit_permit = #permit;
                #ended
                __circuit::finish(__circuit_permit, __circuit_outcome);
                __circuit_result
            }}
        }
        (_, None) => {
            let judge = judge::closure(model);
            quote_spanned! {site=>
                __circuit::run_async(__circuit_returns, #permit, #body, #judge).await
            }
        }
        (_, Some(timeout)) => {
            let judge = judge::closure(model);
            let limit = circuit::limit(&timeout.limit);
            let (run, returns) = timed(timeout, "run_timed");
            quote_spanned! {site=>
                __circuit::in_time(
                    #run(#returns, #permit, #limit, #body, #judge).await,
                    __circuit_late,
                )
            }
        }
    }
}

/// [`run`] for a fallback that runs for failures too: the type is `Ended`.
pub(super) fn run_any(model: &Model, parameters: &Parameters) -> TokenStream {
    let site = at_return_type(model);
    let body = body(model, parameters);
    match (&model.form, &model.timeout) {
        (Form::Sync, _) => {
            let ended = ended(model, &body);
            quote_spanned! {site=> {
                #ended
                __circuit::finish_any(__circuit_permit, __circuit_outcome, __circuit_result)
            }}
        }
        (_, None) => {
            let judge = judge::closure(model);
            quote_spanned! {site=>
                __circuit::run_async_any(__circuit_returns, __circuit_permit, #body, #judge).await
            }
        }
        (_, Some(timeout)) => {
            let judge = judge::closure(model);
            let limit = circuit::limit(&timeout.limit);
            let (run, returns) = timed(timeout, "run_timed_any");
            quote_spanned! {site=>
                #run(#returns, __circuit_permit, #limit, #body, #judge).await
            }
        }
    }
}

/// Runs a body that blocks: `__circuit_result`, and `__circuit_outcome`, what it was judged to be.
fn ended(model: &Model, body: &TokenStream) -> TokenStream {
    let site = at_return_type(model);
    let outcome = judge::outcome(model);
    let shared = matches!(model.circuit, Circuit::Shared(_));
    let begin = shared
        .then(|| quote_spanned!(site=> let __circuit_frame = __circuit::frame(&__circuit_permit);));
    let end = shared.then(|| quote_spanned!(site=> __circuit::core::mem::drop(__circuit_frame);));
    quote_spanned! {site=>
        #begin
        let __circuit_result = __circuit::body(__circuit_returns, #body)();
        let __circuit_outcome = #outcome;
        #end
    }
}

/// The function that keeps the limit, and the argument that its bound is about: the compiler reports
/// a missing feature at one of them, so both are located at the option.
fn timed(timeout: &Timeout, function: &str) -> (TokenStream, TokenStream) {
    let site = at(&timeout.key);
    let function = Ident::new(function, site);
    (quote_spanned!(site=> __circuit::#function), quote_spanned!(site=> __circuit_returns))
}

fn body(model: &Model, parameters: &Parameters) -> TokenStream {
    let block = match &model.form {
        Form::Future(body) => &body.block,
        Form::Sync | Form::Async => &model.function.body,
    };
    let site = Span::mixed_site();
    let before = &parameters.before_body;
    match &model.form {
        Form::Sync => {
            // A body without a tail is reported right behind the return type.
            let closure = at_end_of_return_type(model);
            let keyword = (!parameters.borrows).then(|| quote_spanned!(closure=> move));
            let bars = quote_spanned!(closure=> #keyword ||);
            if before.is_empty() {
                return quote!(#bars #block);
            }
            // A match arm ends its temporaries, as a function's body does, before
            // what stands in front of it is dropped.
            quote_spanned!(site=> #bars { #before match () { () => #block } })
        }
        Form::Async | Form::Future(_) => {
            let returns = at_return_type(model);
            let keyword = (!parameters.borrows).then(|| quote_spanned!(returns=> move));
            quote_spanned! {returns=>
                async #keyword {
                    if false {
                        return __circuit_returns.never();
                    }
                    #before
                    match () { () => #block }
                }
            }
        }
    }
}

fn at_end_of_return_type(model: &Model) -> Span {
    let ReturnType::Type(_, ty) = &model.function.signature.output else {
        return at_return_type(model);
    };
    let last = ty.to_token_stream().into_iter().last();
    let span = match last {
        Some(TokenTree::Group(group)) => group.span_close(),
        Some(token) => token.span(),
        None => return at_return_type(model),
    };
    Span::mixed_site().located_at(span)
}
