//! The user's body, as a closure or an async block under the permit.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ReturnType;

use super::parameters::Parameters;
use super::{at, at_return_type, circuit, judge, made, made_name, stale, stream};
use crate::model::{Circuit, Form, Model, Timeout, with_content};

/// The expression that runs the body under a permit, and has the function's return type.
pub(super) fn run(model: &Model, parameters: &Parameters, permit: &TokenStream) -> TokenStream {
    let site = at_return_type(model);
    let show = judge::show(model);
    if let Some(stream) = &model.stream {
        let answer = stream::answer(model, stream, &show);
        let late = quote_spanned!(site=> __circuit::time_out(__circuit_permit, __circuit_limit, __circuit_late));
        let result = quote_spanned!(site=> __circuit_result);
        return ended(model, parameters, permit, &result, &answer, &late);
    }
    let answer = quote_spanned! {site=>
        if let __circuit::Some(__circuit_pending) =
            __circuit::finish(__circuit_permit, __circuit_outcome)
        {
            __circuit_result = __circuit::notify_with_error(__circuit_pending, #show, __circuit_result);
        }
        __circuit_result
    };
    let late = quote_spanned!(site=> __circuit::time_out(__circuit_permit, __circuit_limit, __circuit_late));
    let result = quote_spanned!(site=> mut __circuit_result);
    let Some(stale) = &model.stale else {
        return ended(model, parameters, permit, &result, &answer, &late);
    };
    let [finish, time_out] = stale::ends(stale, false, site);
    let kept = stale.on_any.then(|| quote_spanned!(site=> , &__circuit_stale));
    let late =
        quote_spanned!(site=> #time_out(__circuit_permit, __circuit_limit, __circuit_late #kept));
    let answer = finish_and_keep(&finish, &show, site);
    let result = quote_spanned!(site=> __circuit_result);
    ended(model, parameters, permit, &result, &answer, &late)
}

/// The end of a call whose value may be kept.
fn finish_and_keep(finish: &TokenStream, show: &TokenStream, site: Span) -> TokenStream {
    quote_spanned! {site=>
        #finish(__circuit_permit, __circuit_outcome, #show, __circuit_result, __circuit_stale)
    }
}

/// [`run`] for a fallback that also runs for failures: the type is `Ended`.
pub(super) fn run_any(model: &Model, parameters: &Parameters) -> TokenStream {
    let site = at_return_type(model);
    let permit = quote_spanned!(site=> __circuit_permit);
    let show = judge::show(model);
    let answer = quote_spanned! {site=>
        __circuit::finish_any(__circuit_permit, __circuit_outcome, #show, __circuit_result)
    };
    let late = quote_spanned!(site=> __circuit::time_out_any(__circuit_permit, __circuit_limit));
    let result = quote_spanned!(site=> __circuit_result);
    let Some(stale) = &model.stale else {
        return ended(model, parameters, &permit, &result, &answer, &late);
    };
    let [finish, time_out] = stale::ends(stale, true, site);
    let late =
        quote_spanned!(site=> #time_out(__circuit_permit, __circuit_limit, &__circuit_stale));
    let answer = finish_and_keep(&finish, &show, site);
    ended(model, parameters, &permit, &result, &answer, &late)
}

/// Runs the body, which is gone behind it, and judges it: then comes `answer`, for which there are
/// `__circuit_permit`, `result`, which binds `__circuit_result`, and `__circuit_outcome`, or
/// `late`, for which there is `__circuit_limit`.
fn ended(
    model: &Model,
    parameters: &Parameters,
    permit: &TokenStream,
    result: &TokenStream,
    answer: &TokenStream,
    late: &TokenStream,
) -> TokenStream {
    let site = at_return_type(model);
    let (made, body) = (made(model), body(model, parameters));
    let outcome = judge::outcome(model);
    let (begin, end) = frame(model);
    let allow = &parameters.allow_body;
    let answer = quote_spanned! {site=>
        let __circuit_outcome = #outcome;
        #end
        #answer
    };
    match (&model.form, &model.timeout) {
        (Form::Sync, _) => {
            quote_spanned! {site=> {
                let __circuit_permit = #permit;
                #begin
                #allow let #result = __circuit::body(#made, #body)();
                #answer
            }}
        }
        (_, None) => quote_spanned! {site=> {
            #allow let (#result, __circuit_permit) =
                __circuit::run_async(#made, #permit, #body).await;
            #begin
            #answer
        }},
        (_, Some(timeout)) => {
            let limit = circuit::limit(timeout);
            let (run, returns) = timed(model, timeout);
            quote_spanned! {site=> {
                #allow let (__circuit_timed, __circuit_permit) =
                    #run(#returns, #permit, #limit, #body).await;
                match __circuit_timed {
                    __circuit::Admitted(#result) => {
                        #begin
                        #answer
                    }
                    __circuit::Rejected(__circuit_limit) => #late,
                }
            }}
        }
    }
}

/// What a call of a shared circuit keeps while its own code runs.
fn frame(model: &Model) -> (Option<TokenStream>, Option<TokenStream>) {
    let site = at_return_type(model);
    let is_shared = matches!(model.circuit, Circuit::Shared(_));
    let begin =
        || quote_spanned!(site=> let __circuit_frame = __circuit::frame(&__circuit_permit););
    let end = || quote_spanned!(site=> __circuit::core::mem::drop(__circuit_frame););
    (is_shared.then(begin), is_shared.then(end))
}

/// The function that keeps the limit, and the argument that its bound is about: the compiler
/// reports a missing feature at one of them, so both are located at the option.
fn timed(model: &Model, timeout: &Timeout) -> (TokenStream, TokenStream) {
    let site = at(&timeout.key);
    let returns = Ident::new(made_name(model), site);
    (quote_spanned!(site=> __circuit::run_timed), quote_spanned!(site=> #returns))
}

/// The user's body.
pub(super) fn body(model: &Model, parameters: &Parameters) -> TokenStream {
    let block = match &model.form {
        Form::Future(body) => &body.block,
        Form::Sync | Form::Async | Form::Stream(_) => &model.function.body,
    };
    let lent = (!model.lent.is_empty())
        .then(|| with_content(block, model.lent.with_reborrowed_self(block.stream())));
    let block = lent.as_ref().unwrap_or(block);
    let site = Span::mixed_site();
    let before = &parameters.before_body;
    match &model.form {
        Form::Sync | Form::Stream(_) => {
            // A body without a tail is reported right behind the return type.
            let closure = at_end_of_return_type(model);
            let keyword = (!parameters.borrows).then(|| quote_spanned!(closure=> move));
            let bars = quote_spanned!(closure=> #keyword ||);
            if before.is_empty() {
                return quote!(#bars #block);
            }
            // A match arm drops its temporaries, as a function's body does, before what is declared
            // ahead of it is dropped.
            quote_spanned!(site=> #bars { #before match () { () => #block } })
        }
        Form::Async | Form::Future(_) => {
            let returns = at_return_type(model);
            let made = made(model);
            let keyword = (!parameters.borrows).then(|| quote_spanned!(returns=> move));
            quote_spanned! {returns=>
                async #keyword {
                    if false {
                        return #made.never();
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
