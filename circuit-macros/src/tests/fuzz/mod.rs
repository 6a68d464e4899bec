//! Whatever is written in the parentheses and below them: the attribute never panics, its output is
//! tokens, and the item comes through.
//!
//! Failing cases shrink and are printed in the form of `corpus.txt`, which is where they belong
//! when they have been understood. `PROPTEST_CASES` says how many random ones there are.

mod generate;
mod notation;
mod vocabulary;

use std::cell::Cell;
use std::fmt;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use quote::ToTokens;
use syn::{FnArg, ImplItemFn};

use crate::head::{Function, peel};
use crate::model::Model;
use crate::model::names::flatten;

/// Stands in the bodies, to be found again.
const BODY: &str = "the_users_own_body";

/// Without `PROPTEST_CASES`: what a debug build does in about two seconds.
const CASES: u32 = 1_000;

/// One use of the attribute, both parts in the notation of [`notation`].
struct Case {
    options: String,
    item: String,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n#[circuit_breaker({})]\n{}\n", self.options, self.item)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    Guarded,
    Refused,
}

#[test]
fn every_use_of_the_attribute_gives_the_item_or_errors() {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
        config.rng_seed = RngSeed::Fixed(1);
    }
    let cases = config.cases;
    let guarded = Cell::new(0);
    let refused = Cell::new(0);
    let outcome = TestRunner::new(config).run(&generate::cases(), |case| {
        // Else the texts of all cases are kept, for the spans.
        proc_macro2::extra::invalidate_current_thread_spans();
        let (Some(options), Some(item)) =
            (notation::read(&case.options), notation::read(&case.item))
        else {
            return Err(TestCaseError::reject("no tokens"));
        };
        match check(options, &item).map_err(TestCaseError::fail)? {
            Answer::Guarded => guarded.set(guarded.get() + 1),
            Answer::Refused => refused.set(refused.get() + 1),
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // Else the cases would be too wild to get anywhere, or too tame.
    assert!(guarded.get() > cases / 20, "only {} of {cases} were guarded", guarded.get());
    assert!(refused.get() > cases / 20, "only {} of {cases} were refused", refused.get());
}

#[test]
fn the_corpus_gives_the_item_or_errors() {
    let mut cases = 0;
    for text in include_str!("corpus.txt").split("\n\n") {
        let tokens = notation::read(text).unwrap_or_else(|| panic!("no tokens:\n{text}"));
        let mut trees = tokens.into_iter();
        let (Some(_pound), Some(TokenTree::Group(brackets))) = (trees.next(), trees.next()) else {
            assert!(text.lines().all(|line| line.starts_with("//")), "no attribute:\n{text}");
            continue;
        };
        let options = match brackets.stream().into_iter().nth(1) {
            Some(TokenTree::Group(parens)) => parens.stream(),
            _ => TokenStream::new(),
        };
        if let Err(problem) = check(options, &trees.collect()) {
            panic!("{problem}\n{text}");
        }
        cases += 1;
    }
    assert!(cases > 20, "only {cases} cases were read");
}

/// Runs the attribute once and looks at what comes out.
fn check(options: TokenStream, item: &TokenStream) -> Result<Answer, String> {
    let model = Model::new(options.clone(), item);
    let output = crate::attribute(options, item);
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
