//! Functions that return a stream.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;

use super::parameters::Parameters;
use super::{at, at_return_type, circuit, entry, judge};
use crate::model::{Circuit, Model, Stream, Timeout, Wrap};

/// What replaces the body of a function that returns a stream itself: the body makes the stream, which
/// asks for its permit when it is first polled.
pub(super) fn guarded(
    model: &Model,
    stream: &Stream,
    parameters: &Parameters,
    body: &TokenStream,
) -> TokenStream {
    let site = at_return_type(model);
    let breaker = circuit::breaker(model);
    let item = &stream.item;
    let scope = parameters.seen(&model.judge_free);
    let key = entry::own_key(model, parameters);
    let shared = if matches!(model.circuit, Circuit::Shared(_)) { "shared" } else { "" };
    let guard = match (&key, shared) {
        (None, "") => "guard_stream".to_owned(),
        (None, shared) => format!("guard_{shared}"),
        (Some(_), "") => "guard_keyed".to_owned(),
        (Some(_), shared) => format!("guard_keyed_{shared}"),
    };
    let guard = Ident::new(&guard, site);
    let given_key = key.as_ref().map(|_| quote_spanned!(site=> __circuit_key,));
    let made = made(model, stream, parameters, body);
    let items = items(model, stream, &quote_spanned!(site=> __circuit_returns), true);
    let limits = limits(model);
    let guarded = quote_spanned! {site=>
        __circuit::#guard(__circuit_breaker, #given_key __circuit_stream, #items, #limits)
    };
    let answer = wrapped(model, stream, &guarded);
    quote_spanned! {site=>
        #breaker
        let __circuit_returns = __circuit::Returns::<#item>::new();
        #scope
        #key
        #made
        return #answer;
    }
}

/// The statement in which the body makes the stream.
fn made(
    model: &Model,
    stream: &Stream,
    parameters: &Parameters,
    body: &TokenStream,
) -> TokenStream {
    let site = at_return_type(model);
    let allow = &parameters.allow_body;
    if stream.wrap == Wrap::Nothing {
        return quote_spanned! {site=>
            #allow let __circuit_stream = __circuit::stream_of(__circuit_returns, __circuit::stream_body(#body)());
        };
    }
    quote_spanned! {site=>
        let __circuit_made = __circuit::Returns::new();
        if false {
            return __circuit_made.never();
        }
        #allow let __circuit_stream = __circuit::body(__circuit_made, #body)();
    }
}

/// What follows the body of a function that returns a `Result` of a stream.
pub(super) fn answer(model: &Model, stream: &Stream, show: &TokenStream) -> TokenStream {
    let site = at_return_type(model);
    let item = &stream.item;
    let items = items(model, stream, &quote_spanned!(site=> __circuit_items), false);
    let limits = match &model.idle {
        None => quote_spanned!(site=> __circuit::Unlimited),
        Some(idle) => {
            let limit = circuit::limit(idle);
            let here = at(&idle.key);
            quote_spanned!(here=> __circuit::idle_limit(__circuit_items, #limit))
        }
    };
    let answer = quote_spanned! {site=>
        __circuit::answer_stream(
            __circuit_permit, __circuit_outcome, #show, __circuit_result, #items, #limits,
        )
    };
    let answer = if stream.wrap == Wrap::Nothing {
        answer
    } else {
        let boxed = wrapped(model, stream, &quote_spanned!(site=> __circuit_stream));
        quote_spanned! {site=>
            match #answer {
                __circuit::Admitted(__circuit_stream) => __circuit::Admitted(#boxed),
                __circuit::Rejected(__circuit_error) => __circuit::Rejected(__circuit_error),
            }
        }
    };
    quote_spanned! {site=>
        let __circuit_items = __circuit::Returns::<#item>::new();
        #answer
    }
}

/// The stream as the function returns it.
fn wrapped(model: &Model, stream: &Stream, guarded: &TokenStream) -> TokenStream {
    let site = at_return_type(model);
    match stream.wrap {
        Wrap::Nothing => guarded.clone(),
        Wrap::Pin => quote_spanned!(site=> __circuit::Box::pin(#guarded)),
        Wrap::Box => quote_spanned!(site=> __circuit::Box::new(#guarded)),
    }
}

/// What becomes of the items.
fn items(model: &Model, stream: &Stream, returns: &TokenStream, is_asked: bool) -> TokenStream {
    let site = at_return_type(model);
    let some = |function| {
        let function = Ident::new(function, site);
        quote_spanned!(site=> __circuit::Some(__circuit::#function(#returns)))
    };
    let none = || quote_spanned!(site=> __circuit::core::option::Option::None);
    let is_limited = model.idle.is_some() || (is_asked && model.timeout.is_some());
    let reject = if is_asked { some("rejected_item") } else { none() };
    let late = if is_limited { some("late_item") } else { none() };
    let outcome = judge::of_item(model, returns);
    let item = &stream.item;
    quote_spanned! {site=>
        __circuit::items(
            #returns,
            #reject,
            #late,
            move |__circuit_result| #outcome,
            |__circuit_result| {
                __circuit::Returns::<#item>::of(__circuit_result)
                    .__circuit_error_text()(__circuit_result)
            },
        )
    }
}

/// How long a stream may take that is asked for its permit itself.
fn limits(model: &Model) -> TokenStream {
    let site = at_return_type(model);
    let Some(first) = model.timeout.as_ref().or(model.idle.as_ref()) else {
        return quote_spanned!(site=> __circuit::Unlimited);
    };
    let option = |limit: Option<&Timeout>| {
        let some = limit.map(circuit::limit).map(|it| quote_spanned!(site=> __circuit::Some(#it)));
        some.unwrap_or_else(|| quote_spanned!(site=> __circuit::core::option::Option::None))
    };
    let (timeout, idle) = (option(model.timeout.as_ref()), option(model.idle.as_ref()));
    let here = at(&first.key);
    quote_spanned!(here=> __circuit::time_limits(__circuit_returns, #timeout, #idle))
}
