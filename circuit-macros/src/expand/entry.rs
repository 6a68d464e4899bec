//! The request for a permit.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use super::circuit::counted_fallback;
use super::parameters::Parameters;
use super::{at, ping};
use crate::model::{Circuit, Model};

/// The expression that acquires a permit; the arm says what a rejected call does.
///
/// In an async function a block: a variable beside the body's future would leave a flag in the function's own
/// future, whether it has been moved.
pub(super) fn permit(
    model: &Model,
    parameters: &Parameters,
    site: Span,
    rejected: &TokenStream,
) -> TokenStream {
    let entry = entry(model, parameters);
    let permit = quote_spanned! {site=>
        match #entry {
            __circuit::Admitted(__circuit_permit) => __circuit_permit,
            #rejected,
        }
    };
    if !model.form.is_async() {
        return permit;
    }
    quote_spanned! {site=> {
        let __circuit_permit = #permit;
        __circuit_permit
    }}
}

/// The call that acquires a permit; a probe has run its ping by then.
pub(super) fn entry(model: &Model, parameters: &Parameters) -> TokenStream {
    ping::first(model, parameters, waited_for(model, asked(model, parameters)))
}

/// The question whether the call may run.
fn asked(model: &Model, parameters: &Parameters) -> TokenStream {
    let site = Span::mixed_site();
    let keyed = if model.key.is_some() { "_keyed" } else { "" };
    let shared = if matches!(model.circuit, Circuit::Shared(_)) { "_shared" } else { "" };
    let waiting = match (model.may_wait, model.form.is_async()) {
        (false, _) => "",
        (true, false) => "_waiting",
        (true, true) => "_waiting_async",
    };
    let enter = format!("enter{keyed}{shared}{waiting}");
    let fallback = counted_fallback(model);
    let Some(key) = &model.key else {
        let enter = Ident::new(&enter, site);
        return quote_spanned!(site=> __circuit::#enter(__circuit_breaker, #fallback));
    };
    let site = at(&key.value);
    let enter = Ident::new(&enter, site);
    if model.stale.as_ref().is_some_and(|stale| stale.is_of_key) {
        // It has been evaluated.
        return quote_spanned! {site=>
            __circuit::#enter(__circuit_breaker, __circuit::stale_text_of(&__circuit_stale), #fallback)
        };
    }
    let scope = parameters.seen(&key.free);
    let key = &key.value;
    // A separate statement, so that what the key borrows is free again after it.
    quote_spanned! {site=> {
        #scope
        let __circuit_entry = __circuit::Key::of(&(#key))
            .__circuit_with(|__circuit_key| {
                __circuit::#enter(__circuit_breaker, __circuit_key, #fallback)
            });
        __circuit_entry
    }}
}

/// The entry, whose place an async call waits for.
fn waited_for(model: &Model, entry: TokenStream) -> TokenStream {
    if !(model.may_wait && model.form.is_async()) {
        return entry;
    }
    let site = Span::mixed_site();
    quote_spanned! {site=>
        match #entry {
            __circuit::Entry::Now(__circuit_entered) => __circuit_entered,
            __circuit::Entry::Later(__circuit_later) => __circuit_later.await,
        }
    }
}

/// The statement that evaluates the key of a stream, which asks for its permit later.
pub(super) fn own_key(model: &Model, parameters: &Parameters) -> Option<TokenStream> {
    let key = model.key.as_ref()?;
    let scope = parameters.seen(&key.free);
    let key = &key.value;
    let site = at(key);
    Some(quote_spanned! {site=>
        let __circuit_key = {
            #scope
            let __circuit_key = __circuit::Key::of(&(#key)).__circuit_with(__circuit::own_key);
            __circuit_key
        };
    })
}
