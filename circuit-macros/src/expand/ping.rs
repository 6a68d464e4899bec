//! What a probe runs first, under its permit.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote_spanned};

use super::closure::{self, given_closure};
use super::parameters::{Parameters, Shown, moved_to};
use super::{at, circuit};
use crate::model::{MOST_PARAMETERS, Model, Ping, is_reference};

/// The entry, behind which a probe runs its ping.
pub(super) fn first(model: &Model, parameters: &Parameters, entry: TokenStream) -> TokenStream {
    let Some(ping) = &model.ping else {
        return entry;
    };
    let here = at(&ping.expr);
    let fallback = circuit::counted_fallback(model);
    let call = call(model, ping, parameters);
    let scope = parameters.seen(&ping.free);
    let allowed =
        if ping.is_path { parameters.allow_underscores() } else { parameters.allow_closure() };
    let entered = if model.form.is_async() {
        let (run, limit) = match &model.timeout {
            None => (quote_spanned!(here=> ping_async), None),
            Some(timeout) => {
                let limit = circuit::limit(timeout);
                (quote_spanned!(here=> ping_timed), Some(quote_spanned!(here=> #limit,)))
            }
        };
        quote_spanned! {here=>
            __circuit::#run(__circuit_permit, #fallback, #limit || {
                __circuit::Ping::of(#call).__circuit_ping()
            })
            .await
        }
    } else {
        quote_spanned! {here=>
            __circuit::ping(__circuit_permit, #fallback, || {
                __circuit::Ping::of(#call).__circuit_pinged()
            })
        }
    };
    quote_spanned! {here=>
        match #entry {
            __circuit::Admitted(__circuit_permit) if __circuit::is_probe(&__circuit_permit) => {
                #scope
                #allowed let __circuit_entered = #entered;
                __circuit_entered
            }
            __circuit_entered => __circuit_entered,
        }
    }
}

/// The call of the ping, which borrows what it is given.
fn call(model: &Model, ping: &Ping, parameters: &Parameters) -> TokenStream {
    let here = at(&ping.expr);
    let expr = &ping.expr;
    let mut arguments = Vec::new();
    if let (Some(token), true) = (parameters.self_token, ping.is_path) {
        let token = syn::Token![self](token.span.located_at(here));
        let is_reference = model.parameters.receiver.as_ref().map(|it| is_reference(&it.kind));
        arguments.push(if parameters.self_is_shared {
            token.to_token_stream()
        } else if is_reference == Some(true) {
            quote_spanned!(here=> &*#token)
        } else {
            quote_spanned!(here=> &#token)
        });
    }
    for (shown, name) in parameters.typed.iter().filter_map(|it| Some((it, Shown::name(it)?))) {
        let name = moved_to(name, here);
        arguments.push(if shown.of.is_shared() {
            name.to_token_stream()
        } else if shown.of.is_exclusive() {
            quote_spanned!(here=> &*#name)
        } else {
            quote_spanned!(here=> &#name)
        });
    }
    if ping.is_path {
        return closure::call(expr, &arguments, parameters);
    }
    if arguments.len() > MOST_PARAMETERS {
        return quote_spanned!(here=> (#expr)(#(#arguments),*));
    }
    let call = format_ident!("fallback_any_{}", arguments.len(), span = here);
    let expr = given_closure(expr);
    quote_spanned!(here=> __circuit::#call(#expr, #(#arguments),*))
}
