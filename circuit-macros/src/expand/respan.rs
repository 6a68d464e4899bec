//! The user's tokens as those of a macro: lints about a type that is printed twice fire once, and the compiler names the
//! macro in errors.
//!
//! Tokens of a macro are of the macro's edition, so what that one reads otherwise than an earlier one stays as it is.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};

use crate::model::with_content;

/// The same tokens, located where they were. `$crate` keeps its meaning.
pub(crate) fn respanned(tokens: TokenStream) -> TokenStream {
    let mut pointee = Pointee::No;
    let mut after_apostrophe = false;
    let tokens = tokens.into_iter().map(|mut token| {
        pointee = pointee.after(&token);
        let is_apostrophe = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
        let is_lifetime = std::mem::replace(&mut after_apostrophe, is_apostrophe) || is_apostrophe;
        if let TokenTree::Group(group) = &mut token {
            *group = with_content(group, respanned(group.stream()));
        }
        let keeps_meaning = matches!(&token, TokenTree::Ident(word) if *word == "$crate");
        if pointee.is_bare() || is_lifetime || keeps_meaning { token } else { of_macro(token) }
    });
    tokens.collect()
}

/// The word as a macro's, unless it is a keyword since the edition of 2024.
pub(super) fn respanned_word(word: &Ident, site: Span) -> Ident {
    let mut word = word.clone();
    if word != "gen" {
        word.set_span(site);
    }
    word
}

fn of_macro(token: TokenTree) -> TokenTree {
    let site = Span::mixed_site().located_at(token.span());
    match token {
        TokenTree::Ident(word) => respanned_word(&word, site).into(),
        mut token => {
            token.set_span(site);
            token
        }
    }
}

/// How far a pointer's type has been read. Until the edition of 2021 a trait object is written without `dyn`, too, and there
/// looks like any other path.
#[derive(Clone, Copy)]
enum Pointee {
    No,
    /// Behind `Box`, `Rc` or `Arc`.
    Pointer,
    /// Behind the `<`.
    Begins,
    /// Within a path, so many `<` deep.
    Bare {
        depth: u32,
        after_dash: bool,
    },
}

impl Pointee {
    fn after(self, token: &TokenTree) -> Self {
        match (self, token) {
            (Pointee::Bare { depth, after_dash }, TokenTree::Punct(punct)) => {
                let depth = match punct.as_char() {
                    '<' => depth + 1,
                    '>' if !after_dash => depth - 1,
                    _ => depth,
                };
                if depth == 0 {
                    return Pointee::No;
                }
                Pointee::Bare { depth, after_dash: punct.as_char() == '-' }
            }
            (Pointee::Bare { depth, .. }, _) => Pointee::Bare { depth, after_dash: false },
            (Pointee::Pointer, TokenTree::Punct(punct)) if punct.as_char() == '<' => {
                Pointee::Begins
            }
            (Pointee::Begins, TokenTree::Ident(word)) if word == "dyn" || word == "impl" => {
                Pointee::No
            }
            (Pointee::Begins, TokenTree::Group(_)) => Pointee::No,
            (Pointee::Begins, TokenTree::Punct(punct)) if punct.as_char() != ':' => Pointee::No,
            (Pointee::Begins, _) => Pointee::Bare { depth: 1, after_dash: false },
            (_, TokenTree::Ident(word)) if ["Box", "Rc", "Arc"].iter().any(|it| word == it) => {
                Pointee::Pointer
            }
            _ => Pointee::No,
        }
    }

    fn is_bare(self) -> bool {
        matches!(self, Pointee::Bare { .. })
    }
}
