//! Token streams as text, invisible groups included.
//!
//! `macro_rules!` passes expressions, types and whole items on in groups without delimiters, which
//! have no spelling of their own. Here `__none(..)` is one.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

const NONE: &str = "__none";

/// `None` where the text has no tokens, as in `'` or `"unfinished`.
pub(crate) fn read(text: &str) -> Option<TokenStream> {
    text.parse().ok().map(hide)
}

/// `#[circuit_breaker(options)] item`
pub(crate) fn read_use(text: &str) -> Option<(TokenStream, TokenStream)> {
    let mut trees = read(text)?.into_iter();
    let (Some(TokenTree::Punct(_)), Some(TokenTree::Group(brackets))) =
        (trees.next(), trees.next())
    else {
        return None;
    };
    let options = match brackets.stream().into_iter().nth(1) {
        Some(TokenTree::Group(parens)) => parens.stream(),
        _ => TokenStream::new(),
    };
    Some((options, trees.collect()))
}

pub(crate) fn write(tokens: TokenStream) -> String {
    show(tokens).to_string()
}

fn hide(tokens: TokenStream) -> TokenStream {
    let mut hidden = Vec::new();
    for mut token in tokens {
        if let TokenTree::Group(group) = &mut token {
            let follows_none =
                matches!(hidden.last(), Some(TokenTree::Ident(word)) if *word == NONE);
            let delimiter = if follows_none && group.delimiter() == Delimiter::Parenthesis {
                hidden.pop();
                Delimiter::None
            } else {
                group.delimiter()
            };
            *group = Group::new(delimiter, hide(group.stream()));
        }
        hidden.push(token);
    }
    hidden.into_iter().collect()
}

fn show(tokens: TokenStream) -> TokenStream {
    let mut shown = Vec::new();
    for token in tokens {
        let TokenTree::Group(group) = token else {
            shown.push(token);
            continue;
        };
        let delimiter = match group.delimiter() {
            Delimiter::None => {
                shown.push(Ident::new(NONE, Span::call_site()).into());
                Delimiter::Parenthesis
            }
            delimiter => delimiter,
        };
        shown.push(Group::new(delimiter, show(group.stream())).into());
    }
    shown.into_iter().collect()
}

#[test]
fn an_invisible_group_can_be_written_and_read() {
    let text = "f (__none (1 + __none (2)) , __none)";
    let tokens = read(text).expect("tokens");
    let TokenTree::Group(parens) = tokens.clone().into_iter().nth(1).expect("two trees") else {
        panic!("parentheses");
    };
    let TokenTree::Group(hidden) = parens.stream().into_iter().next().expect("three trees") else {
        panic!("a group");
    };
    assert_eq!(Delimiter::None, hidden.delimiter());
    assert_eq!(text, write(tokens));
}
