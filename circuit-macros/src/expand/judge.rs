//! How a result becomes an outcome, and what the return type must allow for that.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Expr;

use super::{at, at_return_type, declared, has_impl, made, respanned};
use crate::model::names::flatten;
use crate::model::{Form, Judge, Model};
use crate::options::Arm;

/// Conversions into the return type. All bounds of a function are in one call, so that one problem
/// is one error.
pub(super) fn evidence(model: &Model) -> TokenStream {
    let site = at_return_type(model);
    let judged = model.judge.is_given();
    let limited = model.timeout.is_some();
    match &model.fallback {
        None => {
            let bounds = match (judged, limited) {
                (false, false) => quote_spanned!(site=> bare),
                (false, true) => quote_spanned!(site=> bare_limited),
                (true, false) => quote_spanned!(site=> rejectable),
                (true, true) => quote_spanned!(site=> rejectable_limited),
            };
            let conversions = if limited {
                quote_spanned!(site=> (__circuit_reject, __circuit_late))
            } else {
                quote_spanned!(site=> __circuit_reject)
            };
            quote_spanned!(site=> let #conversions = __circuit::#bounds(__circuit_returns);)
        }
        Some(fallback) if limited && !fallback.on_any => {
            let bounds = if judged {
                quote_spanned!(site=> limited)
            } else {
                quote_spanned!(site=> judged_limited)
            };
            quote_spanned!(site=> let __circuit_late = __circuit::#bounds(__circuit_returns);)
        }
        Some(_) => TokenStream::new(),
    }
}

/// The outcome of `__circuit_result`, found in place: a closure would be compiled for each function
/// by itself.
pub(super) fn outcome(model: &Model) -> TokenStream {
    outcome_of(model, Judged::Result, &made(model))
}

/// The outcome of an item, to which `__circuit_result` refers; `returns` is of its type.
pub(super) fn of_item(model: &Model, returns: &TokenStream) -> TokenStream {
    outcome_of(model, Judged::Item, returns)
}

/// What is judged.
#[derive(Clone, Copy)]
enum Judged {
    Result,
    /// `__circuit_result` is a reference already.
    Item,
}

impl Judged {
    /// A reference to it.
    fn at(self, site: Span) -> TokenStream {
        match self {
            Judged::Result => quote_spanned!(site=> &__circuit_result),
            Judged::Item => quote_spanned!(site=> __circuit_result),
        }
    }
}

fn outcome_of(model: &Model, judged: Judged, returns: &TokenStream) -> TokenStream {
    let Judge { ignore, failure, classify } = &model.judge;
    let Some(first) = failure.as_ref().or(ignore.as_ref()) else {
        return match classify {
            Some(function) => judge(model, function, judged, returns),
            None => default(model, judged),
        };
    };
    let site = at(&first.pattern);
    let ignored = arm(ignore.as_ref(), "Ignored");
    let failed = arm(failure.as_ref(), "Failure");
    let rest = match (classify, failure) {
        (Some(function), _) => judge(model, function, judged, returns),
        (None, Some(_)) => quote_spanned!(site=> __circuit::Outcome::Success),
        (None, None) => default(model, judged),
    };
    let result = judged.at(at_return_type(model));
    let arms = quote_spanned!(site=> match #result { #ignored #failed _ => #rest, });
    // A guard is no part of the function: it can neither end it nor wait.
    let leaves = |token| match token {
        TokenTree::Ident(word) => word == "return" || word == "await",
        TokenTree::Punct(punct) => punct.as_char() == '?',
        _ => false,
    };
    let guards = [ignore, failure].into_iter().flatten().filter_map(|arm| arm.guard.as_ref());
    if guards.map(|(_, guard)| guard.to_token_stream()).flat_map(flatten).any(leaves) {
        return quote_spanned!(site=> (|| #arms)());
    }
    arms
}

/// What shows the error of `__circuit_result`; behind the body, as the outcome. The type is written down:
/// one that is found out later, as behind another attribute's closure, would be taken to implement
/// whatever is asked for.
pub(super) fn show(model: &Model) -> TokenStream {
    let site = at_return_type(model);
    match (declared(model), &model.form) {
        (Some(ty), _) if !has_impl(ty) => {
            if model.stream.is_none() {
                return quote_spanned!(site=> __circuit_returns.__circuit_error_text());
            }
            let ty = respanned(ty.to_token_stream());
            quote_spanned!(site=> __circuit::Returns::<#ty>::of(&__circuit_result).__circuit_error_text())
        }
        (Some(_), Form::Sync | Form::Async) => {
            quote_spanned!(site=> __circuit::Returns::of(&__circuit_result).__circuit_error_text())
        }
        _ => quote_spanned!(site=> __circuit::no_error_text),
    }
}

/// A function is called. All else is handed over, so that a closure needn't say what it is given; to hand over a
/// function whose bounds the return type doesn't meet would be two errors.
fn judge(model: &Model, function: &Expr, judged: Judged, returns: &TokenStream) -> TokenStream {
    if matches!(function, Expr::Path(_)) {
        let site = at(function);
        let result = judged.at(site);
        return quote_spanned!(site=> {
            let __circuit_outcome: __circuit::Outcome = #function(#result);
            __circuit_outcome
        });
    }
    let site = at_return_type(model);
    let result = judged.at(site);
    quote_spanned!(site=> __circuit::judge(#returns, #result, #function))
}

fn arm(arm: Option<&Arm>, outcome: &str) -> TokenStream {
    let Some(arm) = arm else {
        return TokenStream::new();
    };
    let site = at(&arm.pattern);
    let outcome = Ident::new(outcome, site);
    quote_spanned!(site=> #arm => __circuit::Outcome::#outcome,)
}

/// The same bound at the same place as in [`evidence`], which the compiler
/// reports once.
fn default(model: &Model, judged: Judged) -> TokenStream {
    let site = at_return_type(model);
    let result = judged.at(site);
    let judge = if matches!(judged, Judged::Item) {
        quote_spanned!(site=> judge_item)
    } else if model.fallback.is_some() {
        quote_spanned!(site=> judge_judged)
    } else {
        quote_spanned!(site=> judge_bare)
    };
    quote_spanned!(site=> __circuit::#judge(#result))
}
