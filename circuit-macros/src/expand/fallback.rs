//! What runs instead of the body.
//!
//! In the output it follows the body, because by then the compiler knows a return type that only
//! the body determines. The permit is taken out of its `Result` in a separate statement: otherwise
//! a future would keep the rest of the `Result` across its awaits.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Expr;

use super::closure::{call, given_closure};
use super::parameters::{Parameters, Shown, allow, moved_to};
use super::{at, at_return_type, body, entry, stale};
use crate::model::{Fallback, Gives, Kind, MOST_PARAMETERS, Model, names};

/// Rejected and admitted are separate branches, so that both may move the parameters, and nothing
/// is cloned.
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
        let names = parameters.typed.iter().filter_map(Shown::name);
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
    let otherwise = quote_spanned!(site=> break '__circuit_rejected #value);
    let rejected = stale::rejected(model, &rejected, &otherwise);
    let run = body::run(model, parameters, &entry::permit(model, parameters, site, &rejected));
    quote_spanned! {site=>
        #binding '__circuit_rejected: {
            return #run;
        };
        #answer
    }
}

/// One call of the fallback: with clones after a failure, and with the parameters themselves after
/// a rejection.
pub(super) fn any(model: &Model, fallback: &Fallback, parameters: &Parameters) -> TokenStream {
    let site = at_return_type(model);
    let here = at(&fallback.expr);
    let run = body::run_any(model, parameters);
    let entry = entry::entry(model, parameters);
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
        (Vec::new(), given.iter().map(|given| given.renamed.clone()).collect())
    } else {
        let given = given.iter().map(|given| given.local.clone());
        let reason = reason.then(|| quote_spanned!(here=> __circuit_reason));
        (given.chain(reason).collect(), TokenStream::new())
    };
    let answer = answer(model, fallback, parameters, &arguments);
    let otherwise = quote_spanned! {site=> {
        #underscores
        break '__circuit_rejected (#(#originals,)* #rejected);
    }};
    let rejected = stale::rejected(model, &open, &otherwise);
    quote_spanned! {site=>
        let (#(#locals,)* #reason_name) = '__circuit_rejected: {
            let __circuit_permit = match #entry {
                __circuit::Admitted(__circuit_permit) => __circuit_permit,
                #rejected
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

/// Statements that return what the fallback gives.
fn answer(
    model: &Model,
    fallback: &Fallback,
    parameters: &Parameters,
    arguments: &[TokenStream],
) -> TokenStream {
    let expr = &fallback.expr;
    let here = at(expr);
    let is_async = model.form.is_async();
    let gives = if is_async { fallback.gives } else { Gives::Value };
    let value = value(fallback, gives, arguments, parameters);
    let scope = match fallback.kind {
        Kind::Expression if fallback.on_any => TokenStream::new(),
        Kind::Expression => parameters.taken(&fallback.free),
        Kind::Closure { .. } => parameters.copied(&fallback.free),
        Kind::Path => TokenStream::new(),
    };
    let allowed = match fallback.kind {
        Kind::Expression => TokenStream::new(),
        Kind::Closure { .. } => parameters.allow_closure(),
        Kind::Path => parameters.allow_underscores(),
    };
    match gives {
        // What ends the block may never return. A match arm ends its temporaries before what stands
        // in front of it is dropped, and the parentheses are ours, for lints on what is returned.
        // Nor can there be a `return`.
        Gives::Value => {
            let implicit = allow(&["clippy::implicit_return"]);
            quote_spanned!(here=> #scope match () { #allowed #implicit () => (#value) })
        }
        Gives::Future => quote_spanned!(here=> #scope #allowed return #value.await;),
        Gives::Either => {
            // A call may never return.
            let answer = if fallback.kind == Kind::Path || is_call(expr) {
                quote_spanned!(here=> __circuit::answer_of(__circuit_returns, move || #value))
            } else {
                quote_spanned!(here=> __circuit::answer(__circuit_returns, #value))
            };
            // So may one beside a `return`, which can't be in a closure.
            let returns = |token| matches!(token, TokenTree::Ident(word) if word == "return");
            let returns = names::flatten(expr.to_token_stream()).any(returns);
            let unreachable = (fallback.kind == Kind::Expression && returns)
                .then(|| allow(&["unreachable_code", "clippy::diverging_sub_expression"]));
            quote_spanned! {here=>
                #scope
                #allowed
                #unreachable
                let __circuit_answer = match #answer.__circuit_split() {
                    __circuit::Rejected(__circuit_answer) => return __circuit_answer,
                    __circuit::Admitted(__circuit_answer) => __circuit_answer,
                };
                return __circuit_answer.await;
            }
        }
    }
}

fn value(
    fallback: &Fallback,
    gives: Gives,
    arguments: &[TokenStream],
    parameters: &Parameters,
) -> TokenStream {
    let here = at(&fallback.expr);
    let expr = &fallback.expr;
    match fallback.kind {
        Kind::Path => call(expr, arguments, parameters),
        Kind::Closure { .. } if arguments.len() > MOST_PARAMETERS + 1 => {
            quote_spanned!(here=> (#expr)(#(#arguments),*))
        }
        Kind::Closure { .. } => {
            let n = arguments.len();
            let expr = given_closure(expr);
            if gives == Gives::Value {
                let call = format_ident!("fallback_value_{n}", span = here);
                quote_spanned!(here=> __circuit::#call(__circuit_returns, #expr, #(#arguments),*))
            } else {
                let call = format_ident!("fallback_any_{n}", span = here);
                quote_spanned!(here=> __circuit::#call(#expr, #(#arguments),*))
            }
        }
        Kind::Expression => without_braces(expr).to_token_stream(),
    }
}

/// `{ DEFAULT }` distinguishes a constant from a function.
fn without_braces(expr: &Expr) -> &Expr {
    match expr {
        Expr::Block(block) if block.label.is_none() && block.attrs.is_empty() => {
            match block.block.stmts.as_slice() {
                [syn::Stmt::Expr(only, None)] => only,
                _ => expr,
            }
        }
        expr => expr,
    }
}

/// Whether it is a plain call.
fn is_call(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(_)) && !leaves(expr)
}

/// Whether it may end what it stands in.
fn leaves(expr: &Expr) -> bool {
    let leaves = |token| match token {
        TokenTree::Ident(word) => word == "return" || word == "await" || word == "break",
        TokenTree::Punct(punct) => punct.as_char() == '?',
        _ => false,
    };
    names::flatten(expr.to_token_stream()).any(leaves)
}
