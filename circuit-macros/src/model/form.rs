//! The form of a function: what its body stands for.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::{GenericArgument, PathArguments, ReturnType, Type, TypeParamBound};

use super::inner_attributes;
use super::stream::{self, Stream};
use crate::head::{Function, peel};
use crate::validate::peel_type;

pub(crate) enum Form {
    Sync,
    /// `async fn`
    Async,
    /// `fn .. -> impl Future { async move { .. } }`
    Future(Box<FutureBody>),
    /// `fn .. -> impl Stream`: what is protected is the stream that the body makes.
    Stream(Box<Stream>),
}

/// A body that is a single expression that makes a future.
pub(crate) struct FutureBody {
    /// `async move`
    pub(crate) keywords: TokenStream,
    /// `#![..]` from the start of the block.
    pub(crate) inner_attributes: TokenStream,
    pub(crate) block: Group,
    /// `Box::pin` and the parentheses around the block.
    pub(crate) boxed: Option<(TokenStream, Group)>,
    /// `.boxed()`
    pub(crate) after: TokenStream,
    /// The future's `Output`, if the return type says it.
    pub(crate) output: Option<Type>,
}

impl Form {
    pub(crate) fn of(function: &Function, body: &TokenStream) -> syn::Result<Self> {
        if function.signature.asyncness.is_some() {
            return Ok(Self::Async);
        }
        let ReturnType::Type(_, ty) = &function.signature.output else {
            return Ok(Self::Sync);
        };
        match (future_body(body.clone()), written(peel_type(ty))) {
            (Some(body), written) => {
                let (inner_attributes, block) = inner_attributes(&body.block);
                Ok(Self::Future(Box::new(FutureBody {
                    inner_attributes,
                    block,
                    output: written.and_then(|future| future.output),
                    ..body
                })))
            }
            (None, None) => match Stream::itself(ty)? {
                Some(stream) => Ok(Self::Stream(Box::new(stream))),
                None => Ok(Self::Sync),
            },
            (None, Some(_)) if is_async_block(body) => Err(syn::Error::new_spanned(
                body,
                "`#[circuit_breaker]` keeps this future until it has run, so it must own what it \
                 uses: write `async move { .. }`",
            )),
            (None, Some(_)) => Err(syn::Error::new_spanned(
                ty,
                "`#[circuit_breaker]` would only guard the creation of this future, not its \
                 execution: make the function an `async fn`, or make its body a single `async move \
                 { .. }` or `Box::pin(async move { .. })`",
            )),
        }
    }

    pub(crate) fn is_async(&self) -> bool {
        !matches!(self, Self::Sync)
    }

    /// The written `Output` of the future that the function returns, or the items of the stream.
    pub(crate) fn output(&self) -> Option<&Type> {
        match self {
            Self::Future(body) => body.output.as_ref(),
            Self::Stream(stream) => Some(&stream.item),
            Self::Sync | Self::Async => None,
        }
    }
}

/// What callers get of a function, as far as its text says it.
pub(crate) struct Written {
    /// A future of it, or a stream.
    pub(crate) is_async: bool,
    /// `None`: nothing, or a future that has another name.
    pub(crate) output: Option<Type>,
}

impl Written {
    pub(crate) fn of(function: &Function) -> Self {
        let ty = match &function.signature.output {
            ReturnType::Type(_, ty) => Some(peel_type(ty)),
            ReturnType::Default => None,
        };
        if function.signature.asyncness.is_some() {
            return Self { is_async: true, output: ty.cloned() };
        }
        let (_, body) = inner_attributes(&function.body);
        match ty.and_then(written) {
            Some(future) => Self { is_async: true, output: future.output },
            None if ty.is_some() && future_body(body.stream()).is_some() => {
                Self { is_async: true, output: None }
            }
            None => ty
                .and_then(stream::given)
                .unwrap_or_else(|| Self { is_async: false, output: ty.cloned() }),
        }
    }
}

/// A type that is written as a future.
struct WrittenFuture {
    output: Option<Type>,
}

fn written(ty: &Type) -> Option<WrittenFuture> {
    match ty {
        Type::ImplTrait(ty) => ty.bounds.iter().find_map(written_bound),
        Type::TraitObject(ty) => ty.bounds.iter().find_map(written_bound),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return None;
            };
            let argument = arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(peel_type(ty)),
                _ => None,
            })?;
            match last.ident.to_string().as_str() {
                "Pin" | "Box" => written(argument),
                "BoxFuture" | "LocalBoxFuture" => {
                    Some(WrittenFuture { output: Some(argument.clone()) })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn written_bound(bound: &TypeParamBound) -> Option<WrittenFuture> {
    let TypeParamBound::Trait(bound) = bound else {
        return None;
    };
    let last = bound.path.segments.last()?;
    if last.ident != "Future" {
        return None;
    }
    let output = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::AssocType(it) if it.ident == "Output" => Some(it.ty.clone()),
                _ => None,
            })
        }
        _ => None,
    };
    Some(WrittenFuture { output })
}

/// Reads `async move { .. }`, alone, in `Box::pin(..)`, or with `.boxed()`.
///
/// A dozen tokens hold the longest form, `::std::boxed::Box::pin(..)`. A longer body is something
/// else, and isn't read to its end.
fn future_body(body: TokenStream) -> Option<FutureBody> {
    const LONGEST: usize = 16;
    let tokens: Vec<TokenTree> = peel(body).into_iter().take(LONGEST + 1).collect();
    if tokens.len() > LONGEST {
        return None;
    }
    match tokens.as_slice() {
        [path @ .., TokenTree::Group(parens)]
            if parens.delimiter() == Delimiter::Parenthesis && is_box_pin(path) =>
        {
            let inside: Vec<TokenTree> = parens.stream().into_iter().collect();
            let inside = match inside.as_slice() {
                [inside @ .., TokenTree::Punct(comma)] if comma.as_char() == ',' => inside,
                inside => inside,
            };
            let (keywords, block, []) = async_block(inside)? else {
                return None;
            };
            Some(FutureBody {
                keywords,
                inner_attributes: TokenStream::new(),
                block,
                boxed: Some((path.iter().cloned().collect(), parens.clone())),
                after: TokenStream::new(),
                output: None,
            })
        }
        tokens => {
            let (keywords, block, after) = async_block(tokens)?;
            let is_boxing = match after {
                [] => true,
                [TokenTree::Punct(dot), TokenTree::Ident(method), TokenTree::Group(none)] => {
                    dot.as_char() == '.'
                        && (method == "boxed" || method == "boxed_local")
                        && none.stream().is_empty()
                }
                _ => false,
            };
            is_boxing.then(|| FutureBody {
                keywords,
                inner_attributes: TokenStream::new(),
                block,
                boxed: None,
                after: after.iter().cloned().collect(),
                output: None,
            })
        }
    }
}

/// `async { .. }`, without `move`.
fn is_async_block(body: &TokenStream) -> bool {
    let mut tokens = peel(body.clone()).into_iter();
    matches!(
        (tokens.next(), tokens.next(), tokens.next()),
        (Some(TokenTree::Ident(word)), Some(TokenTree::Group(_)), None) if word == "async"
    )
}

fn async_block(tokens: &[TokenTree]) -> Option<(TokenStream, Group, &[TokenTree])> {
    match tokens {
        [
            TokenTree::Ident(async_word),
            TokenTree::Ident(move_word),
            TokenTree::Group(block),
            after @ ..,
        ] if async_word == "async"
            && move_word == "move"
            && block.delimiter() == Delimiter::Brace =>
        {
            let keywords = tokens[..2].iter().cloned().collect();
            Some((keywords, block.clone(), after))
        }
        _ => None,
    }
}

/// `Box::pin`, with any path before it.
fn is_box_pin(path: &[TokenTree]) -> bool {
    let mut words = Vec::new();
    for token in path {
        match token {
            TokenTree::Ident(word) => words.push(word),
            TokenTree::Punct(colon) if colon.as_char() == ':' => {}
            _ => return false,
        }
    }
    matches!(words.as_slice(), [.., boxed, pin] if *boxed == "Box" && *pin == "pin")
}
