//! What has to hold of any output. Also used by the target under `fuzz`.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{FnArg, ImplItemFn};

use crate::block::is_block;
use crate::head::{Function, peel};
use crate::model::names::flatten;

/// Stands in the bodies, to be found again.
pub(crate) const BODY: &str = "the_users_own_body";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    Guarded,
    Refused,
}

/// Runs the attribute once and looks at what comes out.
#[expect(clippy::needless_pass_by_value, reason = "the target under `fuzz` makes them")]
pub(crate) fn check(options: TokenStream, item: &TokenStream) -> Result<Answer, String> {
    if is_block(item) {
        return check_block(&options, item);
    }
    let versions = Function::parse(item.clone()).and_then(crate::versions::of);
    if let Some(versions) = versions.ok().filter(|versions| versions.len() > 1) {
        let mut answers = versions.into_iter().map(|it| {
            let (condition, function) = (it.condition, it.function.to_token_stream());
            check(options.clone(), &quote::quote!(#condition #function))
        });
        return answers.try_fold(Answer::Guarded, |all, answer| {
            Ok(if answer? == Answer::Refused { Answer::Refused } else { all })
        });
    }
    let function = Function::parse(item.clone());
    let model = function.and_then(|function| crate::tests::model(options.clone(), function));
    let output = crate::attribute(&options, item);
    let text = output.to_string();
    if text.parse::<TokenStream>().is_err() {
        return Err(format!("the output is no tokens: {text}"));
    }
    match model {
        Ok(_) => is_guarded(item, &output).map(|()| Answer::Guarded),
        Err(_) => is_refused(item, &output).map(|()| Answer::Refused),
    }
    .map_err(|problem| format!("{problem}; the output: {text}"))
}

/// The bodies are in what comes out as often as in what went in, and what was Rust still is.
fn check_block(options: &TokenStream, item: &TokenStream) -> Result<Answer, String> {
    let output = crate::attribute(options, item);
    let text = output.to_string();
    if mentions(output.clone()) != mentions(item.clone()) {
        return Err(format!("bodies were lost or doubled; the output: {text}"));
    }
    if syn::parse2::<syn::ItemImpl>(peel(item.clone())).is_ok() {
        syn::parse2::<syn::File>(output.clone()).map_err(|error| {
            format!("what was Rust is none any more: {error}; the output: {text}")
        })?;
    }
    let is_error = |token| matches!(token, TokenTree::Ident(word) if word == "compile_error");
    Ok(if flatten(output).any(is_error) { Answer::Refused } else { Answer::Guarded })
}

/// The item as it was, and behind it nothing but errors.
fn is_refused(item: &TokenStream, output: &TokenStream) -> Result<(), String> {
    let count = item.clone().into_iter().count();
    let kept: TokenStream = output.clone().into_iter().take(count).collect();
    if kept.to_string() != item.to_string() {
        return Err("a refused item is not kept".into());
    }
    let errors: Vec<TokenTree> = output.clone().into_iter().skip(count).collect();
    // `::core::compile_error!{ ".." }`
    let is_error = |eight: &[TokenTree]| match eight {
        [.., TokenTree::Ident(name), TokenTree::Punct(bang), TokenTree::Group(braces)] => {
            name == "compile_error"
                && bang.as_char() == '!'
                && braces.delimiter() == Delimiter::Brace
                && matches!(braces.stream().into_iter().next(), Some(TokenTree::Literal(_)))
        }
        _ => false,
    };
    if errors.is_empty() || !errors.chunks(8).all(is_error) {
        return Err("behind a refused item stands something else than errors".into());
    }
    Ok(())
}

/// A function with the same face, and the body in it once.
fn is_guarded(item: &TokenStream, output: &TokenStream) -> Result<(), String> {
    let before = Function::parse(item.clone()).map_err(|error| error.to_string())?;
    let after = Function::parse(output.clone())
        .map_err(|error| format!("a guarded function is no function: {error}"))?;
    let attributes = |function: &Function| function.attributes.iter().map(text).collect::<Vec<_>>();
    if attributes(&before) != attributes(&after) {
        return Err("the attributes differ".into());
    }
    let face = |function: &Function| {
        let signature = &function.signature;
        let types: Vec<String> = signature
            .inputs
            .iter()
            .map(|input| match input {
                FnArg::Receiver(receiver) => text(receiver),
                FnArg::Typed(typed) => text(&typed.ty),
            })
            .collect();
        let mut bare = signature.clone();
        bare.inputs.clear();
        (text(&function.visibility), text(&function.defaultness), text(&bare), types)
    };
    if face(&before) != face(&after) {
        return Err(format!("the signatures differ: {:?}, {:?}", face(&before), face(&after)));
    }
    let bodies = mentions(before.body.stream());
    if bodies == mentions(item.clone()) && bodies != mentions(output.clone()) {
        return Err(format!("{bodies} bodies went in, {} came out", mentions(output.clone())));
    }
    let is_rust = |tokens: &TokenStream| syn::parse2::<ImplItemFn>(peel(tokens.clone()));
    if is_rust(item).is_ok() {
        is_rust(output).map_err(|error| format!("what was Rust is none any more: {error}"))?;
    }
    Ok(())
}

fn mentions(tokens: TokenStream) -> usize {
    flatten(tokens).filter(|t| matches!(t, TokenTree::Ident(word) if word == BODY)).count()
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}
