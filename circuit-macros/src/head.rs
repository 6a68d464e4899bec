//! The function taken apart, without looking into its body.
//!
//! The body's braces come off the token stream before syn sees anything: it may
//! be half typed, and parsing it would cost more than all else here.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Signature, Token, Visibility};

use crate::diag::plainly;

/// `#[doc = ".."] pub async fn f(n: u8) -> Result<(), E> { .. }`
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

/// Kept as tokens: other attributes need not have a form that syn knows.
#[derive(Clone)]
pub(crate) struct Attribute {
    tokens: [TokenTree; 2],
}

impl Attribute {
    /// Of `#` and `[..]`.
    pub(crate) fn new(tokens: [TokenTree; 2]) -> Self {
        Self { tokens }
    }

    /// The last segment of the path: `circuit_breaker` of
    /// `#[circuit_runtime::circuit_breaker(..)]`.
    pub(crate) fn name(&self) -> Option<String> {
        self.content()
            .into_iter()
            .take_while(|token| match token {
                TokenTree::Ident(_) => true,
                TokenTree::Punct(punct) => punct.as_char() == ':',
                _ => false,
            })
            .filter_map(|token| match token {
                TokenTree::Ident(ident) => Some(ident.unraw().to_string()),
                _ => None,
            })
            .last()
    }

    /// What stands behind the path: `(threshold = 3)`.
    pub(crate) fn arguments(&self) -> TokenStream {
        let in_path = |token: &TokenTree| match token {
            TokenTree::Ident(_) => true,
            TokenTree::Punct(punct) => punct.as_char() == ':',
            _ => false,
        };
        self.content().into_iter().skip_while(in_path).collect()
    }

    fn content(&self) -> TokenStream {
        match &self.tokens[1] {
            TokenTree::Group(brackets) => brackets.stream(),
            _ => TokenStream::new(),
        }
    }
}

impl ToTokens for Attribute {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.tokens.iter().cloned());
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, visibility, defaultness, signature, body } = self;
        tokens.extend(quote::quote!(#(#attributes)* #visibility #defaultness #signature #body));
    }
}

impl Function {
    pub(crate) fn parse(item: TokenStream) -> syn::Result<Self> {
        let mut tokens: Vec<TokenTree> = peel(item).into_iter().collect();
        let attributes = take_attributes(&mut tokens);
        if let Some(error) = wrong_target(&tokens) {
            return Err(error);
        }
        let body = match tokens.pop() {
            Some(last) => body_of(&last).ok_or_else(|| {
                syn::Error::new_spanned(
                    last,
                    "`#[circuit_breaker]` needs a function with a body: put it on the method in \
                     the `impl` block, or give this trait method a default body",
                )
            })?,
            None => {
                return Err(syn::Error::new(
                    proc_macro2::Span::call_site(),
                    "`#[circuit_breaker]` goes on a function, a method or an `impl` block",
                ));
            }
        };
        let head = |input: ParseStream| {
            let Head { visibility, defaultness, signature } = input.call(Head::parse)?;
            Ok(Function { attributes, visibility, defaultness, signature, body })
        };
        head.parse2(tokens.into_iter().collect()).map_err(|error| {
            let message = error.to_string();
            match message.strip_prefix("unexpected end of input, expected ") {
                Some(wanted) => {
                    syn::Error::new(error.span(), format!("expected {}", plainly(wanted)))
                }
                None => error,
            }
        })
    }
}

/// What stands between a function's attributes and its body.
pub(crate) struct Head {
    pub(crate) visibility: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) signature: Signature,
}

impl Head {
    pub(crate) fn parse(input: ParseStream) -> syn::Result<Self> {
        Ok(Self {
            visibility: input.parse()?,
            defaultness: input.parse()?,
            signature: input.parse()?,
        })
    }
}

/// `macro_rules!` wraps what it passes on (`$item:item`, `$body:block`) in
/// groups without delimiters.
pub(crate) fn peel(tokens: TokenStream) -> TokenStream {
    let mut trees = tokens.clone().into_iter();
    match (trees.next(), trees.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            peel(group.stream())
        }
        _ => tokens,
    }
}

pub(crate) fn body_of(last: &TokenTree) -> Option<Group> {
    let mut peeled = peel(last.to_token_stream()).into_iter();
    match (peeled.next(), peeled.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Brace => {
            Some(group)
        }
        _ => None,
    }
}

pub(crate) fn take_attributes(tokens: &mut Vec<TokenTree>) -> Vec<Attribute> {
    let is_attribute = |pair: &&[TokenTree]| {
        matches!(pair, [TokenTree::Punct(pound), TokenTree::Group(group)]
            if pound.as_char() == '#' && group.delimiter() == Delimiter::Bracket)
    };
    let count = tokens.chunks(2).take_while(is_attribute).count();
    let rest = tokens.split_off(2 * count);
    let mut attributes = Vec::with_capacity(count);
    let mut taken = std::mem::replace(tokens, rest).into_iter();
    while let (Some(pound), Some(group)) = (taken.next(), taken.next()) {
        attributes.push(Attribute::new([pound, group]));
    }
    attributes
}

/// An error when the keywords in front say that this is not a function.
fn wrong_target(tokens: &[TokenTree]) -> Option<syn::Error> {
    let words: Vec<&Ident> = tokens
        .iter()
        .filter(|token| !matches!(token, TokenTree::Group(_) | TokenTree::Literal(_)))
        .map_while(|token| match token {
            TokenTree::Ident(ident) => Some(ident),
            _ => None,
        })
        .collect();
    if words.iter().any(|word| *word == "fn") {
        return None;
    }
    let kinds = [
        "struct",
        "enum",
        "union",
        "trait",
        "mod",
        "const",
        "static",
        "type",
        "use",
        "extern",
        "let",
        "macro_rules",
    ];
    let target = words.iter().find(|word| kinds.iter().any(|kind| *word == kind))?;
    let kind = target.to_string();
    let what = match kind.as_str() {
        "let" => "a `let`",
        "use" => "a `use`",
        "extern" => "an `extern` block",
        "macro_rules" => "a macro",
        "type" => "a type alias",
        "mod" => "a module",
        "const" => "a constant",
        "enum" => "an enum",
        kind => &format!("a {kind}"),
    };
    let remedy = match kind.as_str() {
        "trait" => {
            "; put it on the `impl` blocks of the trait, or on default methods that make the guarded \
             call"
        }
        _ => "",
    };
    Some(syn::Error::new(
        target.span(),
        format!(
            "`#[circuit_breaker]` goes on a function, a method or an `impl` block, not on \
             {what}{remedy}"
        ),
    ))
}
