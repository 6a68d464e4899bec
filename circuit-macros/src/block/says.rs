//! What a method says of itself: its own `#[circuit_breaker]`, or none.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;

use crate::closest::closest;
use crate::diag::Problems;
use crate::head::{Attribute, peel};
use crate::model::names::flatten;
use crate::options::{self, Options};

pub(super) enum Says {
    Nothing,
    Skip,
    /// `#[circuit_breaker]`, perhaps with options.
    Guard(Options),
}

const NAME: &str = "circuit_breaker";

impl Says {
    /// Takes the attribute off, if there is one.
    pub(super) fn take(attributes: &mut Vec<Attribute>, problems: &mut Problems) -> Self {
        let mut says = Self::Nothing;
        attributes.retain(|attribute| {
            let name = attribute.name();
            if name.as_deref() == Some("cfg_attr") && names_it(attribute) {
                problems.add(
                    attribute,
                    "the block doesn't see a `#[circuit_breaker]` in a `cfg_attr`: write two versions \
                     of the method, each under its `#[cfg]`",
                );
                return false;
            }
            if name.as_deref() != Some(NAME) {
                return true;
            }
            if matches!(says, Self::Nothing) {
                says = Self::read(attribute, problems);
            } else {
                problems.add(
                    attribute,
                    "`#[circuit_breaker]` is on this method twice; remove one",
                );
            }
            false
        });
        says
    }

    fn read(attribute: &Attribute, problems: &mut Problems) -> Self {
        let arguments: Vec<TokenTree> = attribute.arguments().into_iter().collect();
        let arguments = match arguments.as_slice() {
            [] => TokenStream::new(),
            [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => {
                group.stream()
            }
            _ => {
                problems.add(attribute, "options stand in parentheses: `#[circuit_breaker(..)]`");
                return Self::Skip;
            }
        };
        if is_skip(&arguments) {
            return Self::Skip;
        }
        if let Some(word) = instead_of_skip(&arguments) {
            let what = if word == "ignore" { "needs a value" } else { "is no option" };
            let message = format!(
                "`{word}` {what}; to leave this method out, write `#[circuit_breaker(skip)]`"
            );
            problems.add(word, message);
            return Self::Skip;
        }
        Self::Guard(options::parse(arguments, problems))
    }
}

/// `skip` misspelt, and other words for it.
fn instead_of_skip(arguments: &TokenStream) -> Option<Ident> {
    const WORDS: [&str; 12] = [
        "skip",
        "no",
        "none",
        "off",
        "never",
        "ignore",
        "ignored",
        "exclude",
        "disable",
        "disabled",
        "unguarded",
        "unguard",
    ];
    let word: Ident = syn::parse2(peel(arguments.clone())).ok()?;
    // Half-typed, but for `ignore`, which is a word for it, too.
    let is_option = word != "ignore" && options::TABLE.iter().any(|spec| word == spec.name);
    closest(&word.to_string().to_lowercase(), WORDS.into_iter()).filter(|_| !is_option)?;
    Some(word)
}

fn is_skip(arguments: &TokenStream) -> bool {
    let mut words = peel(arguments.clone()).into_iter();
    let first = words.next();
    let rest: Vec<_> = words.collect();
    let ends = match rest.as_slice() {
        [] => true,
        [TokenTree::Punct(comma)] => comma.as_char() == ',',
        _ => false,
    };
    ends && matches!(first, Some(TokenTree::Ident(word)) if word == "skip")
}

fn names_it(attribute: &Attribute) -> bool {
    flatten(attribute.to_token_stream())
        .any(|token| matches!(token, TokenTree::Ident(word) if word == NAME))
}
