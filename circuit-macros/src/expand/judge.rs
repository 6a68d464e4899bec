//! How a result becomes an outcome, and what the return type must allow for that.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::{Expr, Pat, Type};

use super::{at, at_return_type, declared, has_impl, made};
use crate::model::names::flatten;
use crate::model::{Form, Judge, Model};
use crate::options::Arm;
use crate::validate::peel_type;

/// Conversions into the return type. All bounds of a function are in one call, so that one problem
/// is one error.
pub(super) fn evidence(model: &Model) -> TokenStream {
    let site = at_return_type(model);
    let judged = model.judge.is_given();
    let limited = model.timeout.is_some();
    match &model.fallback {
        None => {
            let limits = if limited { "_limited" } else { "" };
            let bounds = format_ident!("{}{limits}", rejected(model), span = site);
            let conversions = if limited {
                quote_spanned!(site=> (__circuit_reject, __circuit_late))
            } else {
                quote_spanned!(site=> __circuit_reject)
            };
            quote_spanned!(site=> let #conversions = __circuit::#bounds(__circuit_returns);)
        }
        Some(fallback) if limited && !fallback.on_any => {
            let bounds = match (judged, is_opaque(model)) {
                (true, _) => quote_spanned!(site=> limited),
                (false, false) => quote_spanned!(site=> judged_limited),
                (false, true) => quote_spanned!(site=> opaque_late),
            };
            quote_spanned!(site=> let __circuit_late = __circuit::#bounds(__circuit_returns);)
        }
        Some(_) => TokenStream::new(),
    }
}

/// What a function without `fallback` needs of its return type.
fn rejected(model: &Model) -> &'static str {
    match (is_opaque(model), model.judge.is_given()) {
        (true, _) => "opaque",
        (false, false) => "bare",
        (false, true) => "rejectable",
    }
}

/// Whether the return type is an `impl Trait`, of which only the compiler knows what is in it.
fn is_opaque(model: &Model) -> bool {
    declared(model).is_some_and(|ty| matches!(peel_type(ty), Type::ImplTrait(_)))
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
    let ignored = arm(ignore.as_ref(), "Ignored", judged);
    let failed = arm(failure.as_ref(), "Failure", judged);
    let rest = match (classify, failure) {
        (Some(function), _) => judge(model, function, judged, returns),
        (None, Some(_)) => quote_spanned!(site=> __circuit::Outcome::Success),
        (None, None) => default(model, judged),
    };
    let result = whole_result(model, judged);
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

/// What the patterns are matched against. Where one is of a `Result`, and perhaps the type isn't, it is asked for its
/// `Result`: otherwise the pattern would be a second error beside that of [`evidence`].
fn whole_result(model: &Model, judged: Judged) -> TokenStream {
    let site = at_return_type(model);
    let result = judged.at(site);
    let Judge { ignore, failure, .. } = &model.judge;
    let patterns = [ignore, failure].into_iter().flatten().map(|arm| &arm.pattern);
    let is_sure = declared(model).is_some_and(is_named_result);
    if matches!(judged, Judged::Item)
        || model.fallback.is_some()
        || is_sure
        || !patterns.into_iter().any(is_of_a_result)
    {
        return result;
    }
    let whole = format_ident!("{}_whole", rejected(model), span = site);
    quote_spanned!(site=> __circuit::#whole(#result))
}

/// `Result<..>`, or an alias that is named after it.
fn is_named_result(ty: &Type) -> bool {
    let Type::Path(path) = peel_type(ty) else {
        return false;
    };
    path.path.segments.last().is_some_and(|last| last.ident.to_string().ends_with("Result"))
}

/// `Err(_)`, `Ok(_)`
fn is_of_a_result(pattern: &Pat) -> bool {
    let mut cases = Vec::new();
    alternatives(pattern, &mut cases);
    cases.into_iter().any(|case| match case {
        Pat::TupleStruct(tuple) => {
            let last = tuple.path.segments.last();
            last.is_some_and(|last| last.ident == "Ok" || last.ident == "Err")
        }
        Pat::Reference(reference) => is_of_a_result(&reference.pat),
        _ => false,
    })
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

/// A match arm. A constant is compared where it is of the result's own type, too: a pattern sees through the
/// reference to the result in all else, a literal or a variant.
fn arm(arm: Option<&Arm>, outcome: &str, judged: Judged) -> TokenStream {
    let Some(Arm { pattern, guard }) = arm else {
        return TokenStream::new();
    };
    let site = at(pattern);
    let outcome = Ident::new(outcome, site);
    let mut cases = Vec::new();
    alternatives(pattern, &mut cases);
    let (constants, rest): (Vec<&Pat>, Vec<&Pat>) =
        cases.into_iter().partition(|it| is_constant(it));
    if constants.is_empty() {
        let arm = arm.to_token_stream();
        return quote_spanned!(site=> #arm => __circuit::Outcome::#outcome,);
    }
    let constants = constants.into_iter().map(|constant| {
        let site = at(constant);
        let result = judged.at(site);
        quote_spanned!(site=> match __circuit::against(&#result) { &#constant => true, _ => false })
    });
    let rest = (!rest.is_empty()).then(|| {
        let result = judged.at(site);
        quote_spanned!(site=> match #result { #(#rest)|* => true, _ => false })
    });
    let is_one = constants.chain(rest).map(|it| quote_spanned!(site=> (#it)));
    let guard = guard.as_ref().map(|(_, guard)| quote_spanned!(site=> && (#guard)));
    quote_spanned!(site=> _ if (#(#is_one)||*) #guard => __circuit::Outcome::#outcome,)
}

fn alternatives<'a>(pattern: &'a Pat, cases: &mut Vec<&'a Pat>) {
    match pattern {
        Pat::Or(or) => or.cases.iter().for_each(|it| alternatives(it, cases)),
        Pat::Paren(paren) => alternatives(&paren.pat, cases),
        pattern => cases.push(pattern),
    }
}

/// A path in capitals. It may be a variant nevertheless.
fn is_constant(pattern: &Pat) -> bool {
    let Pat::Path(path) = pattern else {
        return false;
    };
    let name = path.path.segments.last().map(|last| last.ident.to_string());
    name.is_some_and(|name| !name.contains(char::is_lowercase))
}

/// The same bound at the same place as in [`evidence`], which the compiler
/// reports once.
fn default(model: &Model, judged: Judged) -> TokenStream {
    let site = at_return_type(model);
    let result = judged.at(site);
    let judge = if matches!(judged, Judged::Item) {
        quote_spanned!(site=> judge_item)
    } else if is_opaque(model) {
        quote_spanned!(site=> judge_opaque)
    } else if model.fallback.is_some() {
        quote_spanned!(site=> judge_judged)
    } else {
        quote_spanned!(site=> judge_bare)
    };
    quote_spanned!(site=> __circuit::#judge(#result))
}
