//! What runs instead of the body.
//!
//! It stands behind the body in the output: by then the compiler knows a return
//! type that only the body settles. The permit is taken out of its `Result` in a
//! statement of its own: a future would keep the rest of that across its awaits.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Expr;

use super::given::Given;
use super::parameters::{Parameters, allow, moved_to};
use super::{at, at_return_type, body, circuit};
use crate::model::{Fallback, Gives, Kind, MOST_PARAMETERS, Model};

/// Rejected and admitted are branches of their own: both may move the parameters,
/// and nothing is cloned.
pub(super) fn on_rejection(
    model: &Model,
    fallback: &Fallback,
    parameters: &Parameters,
) -> TokenStream {
    let site = at_return_type(model);
    let here = at(&fallback.expr);
    let mut arguments = Vec::new();
    if let (Some(token), Kind::Path) = (parameters.self_token, fallback.kind) {
        arguments.push(syn::Token![self](token.span.located_at(here)).to_token_stream());
    }
    if fallback.kind != Kind::Expression {
        let names = parameters.typed.iter().filter_map(|p| p.name.as_ref());
        arguments.extend(names.map(|name| moved_to(name, here).to_token_stream()));
    }
    let reason = matches!(fallback.kind, Kind::Closure { wants_reason: true });
    if reason {
        arguments.push(quote_spanned!(here=> __circuit_open));
    }
    let answer = answer(model, fallback, parameters, &arguments);
    let (binding, rejected, value) = if reason {
        let allow = allow(&["clippy::diverging_sub_expression"]);
        (
            quote_spanned!(site=> #allow let __circuit_open =),
            quote_spanned!(site=> __circuit_open),
            quote_spanned!(site=> __circuit_open),
        )
    } else {
        (TokenStream::new(), quote_spanned!(site=> _), TokenStream::new())
    };
    let rejected = quote_spanned! {site=>
        __circuit::Rejected(#rejected) => break '__circuit_rejected #value
    };
    let run = body::run(model, parameters, &circuit::permit(model, site, &rejected));
    quote_spanned! {site=>
        #binding '__circuit_rejected: {
            return #run;
        };
        #answer
    }
}

/// One call of the fallback, with clones after a failure and with the parameters
/// themselves after a rejection.
pub(super) fn any(model: &Model, fallback: &Fallback, parameters: &Parameters) -> TokenStream {
    let site = at_return_type(model);
    let here = at(&fallback.expr);
    let run = body::run_any(model, parameters);
    let entry = circuit::entry(model);
    let given = parameters.given(fallback, here);
    let used_up = || given.iter().filter(|given| given.clone.is_some());
    let clones = used_up().map(|given| &given.clone);
    let originals = used_up().map(|given| &given.original);
    let locals: Vec<_> = used_up().map(|given| &given.local).collect();
    let underscores = parameters.allow_underscores();
    let reason = matches!(fallback.kind, Kind::Closure { wants_reason: true });
    let (reason_name, failed, rejected, ended, open) = if reason {
        let function = if model.judge.is_given() {
            quote_spanned!(site=> whole_reason)
        } else {
            quote_spanned!(site=> reason)
        };
        (
            Some(quote_spanned!(site=> __circuit_reason,)),
            Some(quote_spanned!(site=> __circuit::#function(__circuit_returns, __circuit_ended),)),
            Some(quote_spanned!(site=> __circuit::CallError::Open(__circuit_open),)),
            quote_spanned!(site=> __circuit_ended),
            quote_spanned!(site=> __circuit_open),
        )
    } else {
        (None, None, None, quote!(_), quote!(_))
    };
    let (arguments, renamed) = if fallback.kind == Kind::Expression {
        (Vec::new(), renamed(&given))
    } else {
        let given = given.iter().map(|given| given.local.clone());
        let reason = reason.then(|| quote_spanned!(here=> __circuit_reason));
        (given.chain(reason).collect(), TokenStream::new())
    };
    let answer = answer(model, fallback, parameters, &arguments);
    quote_spanned! {site=>
        let (#(#locals,)* #reason_name) = '__circuit_rejected: {
            let __circuit_permit = match #entry {
                __circuit::Admitted(__circuit_permit) => __circuit_permit,
                __circuit::Rejected(#open) => {
                    #underscores
                    break '__circuit_rejected (#(#originals,)* #rejected);
                }
            };
            #(
                #underscores
                let #locals = #clones;
            )*
            match #run {
                __circuit::Ended::Value(__circuit_value) => return __circuit_value,
                #ended => (#(#locals,)* #failed),
            }
        };
        #renamed
        #answer
    }
}

/// An expression finds the clones under the names of the parameters.
fn renamed(given: &[Given]) -> TokenStream {
    if given.is_empty() {
        return TokenStream::new();
    }
    let site = Span::mixed_site();
    let names = given.iter().map(|given| &given.original);
    let locals = given.iter().map(|given| &given.local);
    let allow = allow(&[
        "unused_variables",
        "clippy::shadow_reuse",
        "clippy::shadow_same",
        "clippy::shadow_unrelated",
        "clippy::used_underscore_binding",
    ]);
    quote_spanned!(site=> #allow let (#(#names,)*) = (#(#locals,)*);)
}

/// Statements that return what the fallback gives.
fn answer(
    model: &Model,
    fallback: &Fallback,
    parameters: &Parameters,
    arguments: &[TokenStream],
) -> TokenStream {
    let here = at(&fallback.expr);
    let expr = &fallback.expr;
    let is_async = model.form.is_async();
    let gives = if is_async { fallback.gives } else { Gives::Value };
    let value = match fallback.kind {
        // Called in place, so that the arguments coerce.
        Kind::Path => quote_spanned!(here=> #expr(#(#arguments),*)),
        Kind::Closure { .. } if arguments.len() > MOST_PARAMETERS + 1 => {
            quote_spanned!(here=> (#expr)(#(#arguments),*))
        }
        Kind::Closure { .. } => {
            let n = arguments.len();
            if gives == Gives::Value {
                let call = format_ident!("fallback_value_{n}", span = here);
                quote_spanned!(here=> __circuit::#call(__circuit_returns, #expr, #(#arguments),*))
            } else {
                let call = format_ident!("fallback_any_{n}", span = here);
                quote_spanned!(here=> __circuit::#call(#expr, #(#arguments),*))
            }
        }
        Kind::Expression => expr.to_token_stream(),
    };
    let allow = match fallback.kind {
        Kind::Expression => allow_in_value(expr),
        // A path may never return.
        Kind::Path => {
            let allow = allow(&["unreachable_code", "clippy::diverging_sub_expression"]);
            let underscores = parameters.allow_underscores();
            quote!(#allow #underscores)
        }
        Kind::Closure { .. } => parameters.allow_underscores(),
    };
    match (gives, is_async) {
        (Gives::Value, _) | (_, false) => quote_spanned!(here=> #allow return #value;),
        (Gives::Future, true) => quote_spanned!(here=> #allow return #value.await;),
        (Gives::Either, true) => quote_spanned! {here=>
            #allow
            let __circuit_answer = match __circuit::answer(__circuit_returns, #value).split() {
                __circuit::Rejected(__circuit_answer) => return __circuit_answer,
                __circuit::Admitted(__circuit_answer) => __circuit_answer,
            };
            return __circuit_answer.await;
        },
    }
}

/// What is there for us, and not for the value itself.
fn allow_in_value(expr: &Expr) -> TokenStream {
    match expr {
        // `{ DEFAULT }` is how a constant is told from a function.
        Expr::Block(_) => allow(&["unused_braces"]),
        Expr::Tuple(tuple) if tuple.elems.is_empty() => allow(&["clippy::unused_unit"]),
        // `panic!(..)`
        Expr::Macro(_) => allow(&["unreachable_code", "clippy::diverging_sub_expression"]),
        _ => TokenStream::new(),
    }
}
