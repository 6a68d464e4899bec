//! The user's tokens as those of a macro, which the compiler names in errors.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};

/// The same tokens, located where they were. `$crate` keeps its meaning.
pub(crate) fn respanned(tokens: TokenStream) -> TokenStream {
    let tokens = tokens.into_iter().map(|mut token| {
        let site = Span::mixed_site().located_at(token.span());
        match &mut token {
            TokenTree::Group(group) => {
                *group = Group::new(group.delimiter(), respanned(group.stream()));
                group.set_span(site);
            }
            TokenTree::Ident(word) if *word == "$crate" => {}
            TokenTree::Ident(word) => *word = respanned_word(word, site),
            token => token.set_span(site),
        }
        token
    });
    tokens.collect()
}

/// The word as a macro's. Tokens of a macro are of the macro's edition, and `gen` is a keyword since that of 2024.
pub(super) fn respanned_word(word: &Ident, site: Span) -> Ident {
    let mut word = word.clone();
    if word != "gen" {
        word.set_span(site);
    }
    word
}
