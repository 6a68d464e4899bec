//! An `impl` block taken apart, without looking into the bodies of its methods.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{ItemImpl, LitStr, Path, Token, Visibility};

use crate::head::{Attribute, Function, Head, body_of, peel, take_attributes};
use crate::model::{inner_attributes, with_content};
use crate::validate::not_in_a_block;

/// `#[async_trait] unsafe impl<T> Api for Client<T> { .. }`
pub(super) struct Block {
    pub(super) attributes: Vec<Attribute>,
    /// From `impl` to the braces.
    tokens: TokenStream,
    /// The same as syn reads it, with nothing between the braces.
    pub(super) head: ItemImpl,
    braces: Group,
    /// `#![..]` from the start of the braces.
    inner_attributes: TokenStream,
}

pub(super) enum Item {
    Method(Box<Function>),
    /// `routes! { .. }`
    Macro {
        attributes: Vec<Attribute>,
        path: Path,
        tokens: TokenStream,
    },
    /// A constant, a type, a function without a body.
    Other {
        attributes: Vec<Attribute>,
        tokens: TokenStream,
    },
}

/// Whether the keywords say that this is a block.
pub(crate) fn is_block(item: &TokenStream) -> bool {
    let mut tokens: Vec<TokenTree> = peel(item.clone()).into_iter().collect();
    take_attributes(&mut tokens);
    let mut words = tokens.iter().map_while(|token| match token {
        TokenTree::Ident(word) => Some(word),
        _ => None,
    });
    let word = words.find(|word| !["default", "unsafe", "const"].iter().any(|it| *word == it));
    word.is_some_and(|word| word == "impl")
}

impl Block {
    pub(super) fn parse(item: TokenStream) -> syn::Result<(Self, Vec<Item>)> {
        let mut tokens: Vec<TokenTree> = peel(item).into_iter().collect();
        let attributes = take_attributes(&mut tokens);
        let Some(braces) = tokens.last().and_then(body_of) else {
            let last = tokens.pop().into_token_stream();
            return Err(syn::Error::new_spanned(last, "expected the block's items in braces"));
        };
        tokens.pop();
        let tokens: TokenStream = tokens.into_iter().collect();
        let head = syn::parse2(quote!(#tokens {}))?;
        let (inner_attributes, content) = inner_attributes(&braces);
        let items = items_of.parse2(content.stream())?;
        for item in &items {
            if let Item::Method(method) = item {
                not_in_a_block(method)?;
            }
        }
        Ok((Self { attributes, tokens, head, braces, inner_attributes }, items))
    }

    /// The block with these items.
    pub(super) fn with(&self, items: &TokenStream) -> TokenStream {
        let Self { attributes, tokens, inner_attributes, .. } = self;
        let braces = with_content(&self.braces, quote!(#inner_attributes #items));
        quote!(#(#attributes)* #tokens #braces)
    }
}

fn items_of(input: ParseStream) -> syn::Result<Vec<Item>> {
    let mut items = Vec::new();
    while !input.is_empty() {
        let ahead = input.fork();
        match ahead.parse()? {
            // `$method:item` of a `macro_rules!`
            TokenTree::Group(group) if is_whole(&group) => {
                input.advance_to(&ahead);
                items.extend(items_of.parse2(group.stream())?);
            }
            _ => items.push(item_of(input)?),
        }
    }
    Ok(items)
}

/// Whether an invisible group ends where an item does.
fn is_whole(group: &Group) -> bool {
    group.delimiter() == Delimiter::None
        && match group.stream().into_iter().last() {
            Some(TokenTree::Punct(end)) => end.as_char() == ';',
            Some(TokenTree::Group(last)) => last.delimiter() == Delimiter::Brace || is_whole(&last),
            _ => false,
        }
}

fn item_of(input: ParseStream) -> syn::Result<Item> {
    let mut attributes = Vec::new();
    while input.peek(Token![#]) {
        // Not as token trees: the first one could be an invisible group with all that follows.
        let pound: Token![#] = input.parse()?;
        let brackets: Group = input.parse()?;
        if brackets.delimiter() != Delimiter::Bracket {
            return Err(syn::Error::new(brackets.span_open(), "expected `[`"));
        }
        let mut punct = Punct::new('#', Spacing::Alone);
        punct.set_span(pound.span);
        attributes.push(Attribute::new([punct.into(), brackets.into()]));
    }
    if is_function(input) {
        let ahead = input.fork();
        let Head { visibility, defaultness, signature } = input.call(Head::parse)?;
        if !input.peek(Token![;]) {
            let last: TokenTree = input.parse()?;
            let body = body_of(&last)
                .ok_or_else(|| syn::Error::new_spanned(last, "expected a body in braces"))?;
            return Ok(Item::Method(Box::new(Function {
                attributes,
                visibility,
                defaultness,
                signature,
                body,
            })));
        }
        input.advance_to(&ahead);
    }
    let ahead = input.fork();
    if let (Ok(path), Ok(_)) = (ahead.call(Path::parse_mod_style), ahead.parse::<Token![!]>()) {
        let mut tokens = TokenStream::new();
        let mut ends = false;
        while !ends && !input.is_empty() {
            let token: TokenTree = input.parse()?;
            ends =
                matches!(&token, TokenTree::Group(group) if group.delimiter() != Delimiter::None);
            tokens.extend([token]);
        }
        tokens.extend(input.parse::<Option<Token![;]>>()?.map(ToTokens::into_token_stream));
        return Ok(Item::Macro { attributes, path, tokens });
    }
    let mut tokens = TokenStream::new();
    while !input.is_empty() {
        let token: TokenTree = input.parse()?;
        let ends = match &token {
            TokenTree::Punct(end) => end.as_char() == ';',
            TokenTree::Group(group) => is_whole(group),
            _ => false,
        };
        tokens.extend([token]);
        if ends {
            break;
        }
    }
    Ok(Item::Other { attributes, tokens })
}

/// Whether the words in front of the name have `fn` among them.
fn is_function(input: ParseStream) -> bool {
    let ahead = input.fork();
    if ahead.parse::<Visibility>().is_err() {
        return false;
    }
    loop {
        // `extern "C"`
        if ahead.peek(LitStr) && ahead.parse::<LitStr>().is_ok() {
            continue;
        }
        let words = ["default", "const", "async", "unsafe", "safe", "extern"];
        match ahead.call(Ident::parse_any) {
            Ok(word) if word == "fn" => return true,
            Ok(word) if words.iter().any(|it| word == it) => {}
            _ => return false,
        }
    }
}
