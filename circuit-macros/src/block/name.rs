//! What the circuit of a block is called, and the static that holds it.

use std::hash::{DefaultHasher, Hash, Hasher};

use proc_macro2::{Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::{ItemImpl, PathSegment, Type};

use crate::expand::at;
use crate::model::with_content;
use crate::shown::shown;
use crate::validate::peel_type;

/// `Payments` or `Payments::Api`: what the block is for, in its module. `None`: its type has no name
/// that tells it from others.
pub(super) fn of_block(head: &ItemImpl) -> Option<String> {
    let of = of_type(&head.self_ty, head)?;
    Some(match head.trait_.as_ref().and_then(|(path, _)| path.segments.last()) {
        Some(last) => format!("{of}::{}", of_segment(last)),
        None => of,
    })
}

/// What the block's type is called.
pub(super) fn of_type_alone(head: &ItemImpl) -> Option<String> {
    of_type(&head.self_ty, head)
}

fn of_type(ty: &Type, head: &ItemImpl) -> Option<String> {
    match peel_type(ty) {
        Type::Path(path) if path.qself.is_none() => {
            let is_parameter =
                |name: &Ident| head.generics.type_params().any(|it| it.ident == *name);
            if path.path.get_ident().is_some_and(is_parameter) {
                return None;
            }
            path.path.segments.last().map(of_segment)
        }
        Type::Reference(reference) => {
            let mutability = if reference.mutability.is_some() { "mut " } else { "" };
            Some(format!("&{mutability}{}", of_type(&reference.elem, head)?))
        }
        _ => None,
    }
}

fn of_segment(segment: &PathSegment) -> String {
    shown(without_lifetimes(segment.to_token_stream()))
}

/// Input: `Client<'a, &'a str>` Output: `Client<&str>`
fn without_lifetimes(tokens: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    let is = |token: Option<&TokenTree>, mark| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(quote)
                if quote.as_char() == '\'' && quote.spacing() == Spacing::Joint =>
            {
                tokens.next();
                if is(tokens.peek(), ',') {
                    tokens.next();
                } else if is(kept.last(), '+') {
                    kept.pop();
                }
            }
            TokenTree::Punct(end) if end.as_char() == '>' && is(kept.last(), '<') => {
                kept.pop();
            }
            TokenTree::Group(group) => {
                let content = without_lifetimes(group.stream());
                kept.push(TokenTree::Group(with_content(&group, content)));
            }
            token => kept.push(token),
        }
    }
    kept.into_iter().collect()
}

/// The static's name, which no other block has.
pub(super) fn of_static(head: &ItemImpl, item: &TokenStream) -> Ident {
    let hash = hash(&item.to_string());
    format_ident!("__CIRCUIT_BREAKER_{}", format!("{hash:016X}"), span = at(&head.self_ty))
}

/// An item that two blocks of one type without a trait can't both have where neither has a name: its
/// name is what the compiler says of it.
pub(super) fn once(head: &ItemImpl, name: &str) -> TokenStream {
    let mut word: String =
        name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    if word != name {
        word = format!("{word}_{:04x}", hash(&name) & 0xffff);
    }
    let site: Span = at(&head.self_ty);
    let once = format_ident!(
        "two_blocks_of_{}_without_a_name__share_a_circuit_by_breaker_or_give_each_a_name",
        word,
        span = site
    );
    quote_spanned!(site=> const #once: () = ();)
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{of_block, of_static, once};

    fn head(text: &str) -> syn::ItemImpl {
        syn::parse_str(text).unwrap()
    }

    #[test]
    fn it_is_the_type_and_the_trait_without_lifetimes() {
        for (block, name) in [
            ("impl Payments {}", "Payments"),
            ("impl shop::Payments {}", "Payments"),
            ("unsafe impl Api for Payments {}", "Payments::Api"),
            ("impl<'a, T> shop::Api<'a, T> for Client<'a, T> {}", "Client<T>::Api<T>"),
            ("impl<'a> Client<'a> {}", "Client"),
            ("impl Client<'_, u8, { N }> {}", "Client<u8, { N }>"),
            ("impl<'a> Api for &'a mut Client<&'a str> {}", "&mut Client<&str>::Api"),
            ("impl Client<Box<dyn Api + 'static>> {}", "Client<Box<dyn Api>>"),
            ("impl (Payments) {}", "Payments"),
        ] {
            assert_eq!(of_block(&head(block)).as_deref(), Some(name), "{block}");
        }
        for block in [
            "impl<T> Api for T {}",
            "impl<T> Api for &T {}",
            "impl Api for (A, B) {}",
            "impl Api for [A] {}",
            "impl dyn Api {}",
            "impl Api for <A as B>::C {}",
            "impl Api for fn() {}",
        ] {
            assert_eq!(of_block(&head(block)), None, "{block}");
        }
    }

    #[test]
    fn two_types_have_two_names() {
        let once = |name| once(&head("impl A {}"), name).to_string();
        assert_eq!(once("A"), once("A"));
        assert_ne!(once("A<u8>"), once("A_u8_"));
        assert_ne!(once("A<u8>"), once("A(u8)"));
        let of_static = |block: &str| of_static(&head(block), &block.parse().unwrap()).to_string();
        assert_eq!(of_static("impl A {}"), of_static("impl A { }"));
        assert_ne!(of_static("impl A {}"), of_static("impl A { fn f() {} }"));
    }
}
