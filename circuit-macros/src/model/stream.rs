//! Functions that return a stream, as far as the return type says it.

use proc_macro2::Ident;
use syn::{GenericArgument, Path, PathArguments, ReturnType, Type, TypeInfer, TypeParamBound};

use super::Form;
use crate::head::Function;
use crate::validate::peel_type;

/// A stream that a function returns.
#[derive(Clone)]
pub(crate) struct Stream {
    pub(crate) item: Type,
    pub(crate) wrap: Wrap,
    /// In a `Result`: what the body gives, with `_` for a stream whose type only the compiler knows.
    /// `None`: the function returns the stream itself.
    pub(crate) in_result: Option<Type>,
}

/// What the stream is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrap {
    /// `impl Stream`
    Nothing,
    /// `Pin<Box<dyn Stream>>`
    Pin,
    /// `Box<dyn Stream + Unpin>`
    Box,
}

/// What the text says of a stream.
struct Written {
    item: Option<Type>,
    wrap: Wrap,
}

impl Stream {
    /// A function's return type that is a stream.
    pub(super) fn itself(ty: &Type) -> syn::Result<Option<Self>> {
        written(peel_type(ty)).map(|stream| stream.known(ty, None)).transpose()
    }

    /// The stream in the `Result` that a function returns, or its future.
    pub(super) fn in_result(function: &Function, form: &Form) -> syn::Result<Option<Self>> {
        let ty = match (form, &function.signature.output) {
            (Form::Stream(_), _) => return Ok(None),
            // It isn't known what it returns; that has been reported.
            (Form::Async, _) if function.signature.asyncness.is_none() => return Ok(None),
            (Form::Future(body), _) => body.output.as_ref(),
            (Form::Sync | Form::Async, ReturnType::Type(_, ty)) => Some(&**ty),
            (_, ReturnType::Default) => None,
        };
        let Some(ty) = ty.map(peel_type) else {
            return Ok(None);
        };
        if written(ty).is_some() {
            return Err(syn::Error::new_spanned(
                ty,
                "`#[circuit_breaker]` on an async function that returns a stream needs a `Result` of it, \
                 whose `Err` a rejected call returns: `Result<impl Stream<Item = ..>, E>`; or remove \
                 `async`: the circuit is asked when the stream is first polled",
            ));
        }
        let Type::Path(path) = ty else {
            return Ok(None);
        };
        let Some((index, stream)) = first_type(&path.path) else {
            return Ok(None);
        };
        let Some(written) = written(peel_type(stream)) else {
            return Ok(None);
        };
        let mut body = path.clone();
        if written.wrap == Wrap::Nothing {
            let last = body.path.segments.last_mut().map(|last| &mut last.arguments);
            if let Some(PathArguments::AngleBracketed(arguments)) = last {
                arguments.args[index] = GenericArgument::Type(Type::Infer(TypeInfer {
                    attrs: Vec::new(),
                    underscore_token: syn::Token![_](proc_macro2::Span::mixed_site()),
                }));
            }
        }
        written.known(stream, Some(Type::Path(body))).map(Some)
    }
}

impl Written {
    fn known(self, ty: &Type, in_result: Option<Type>) -> syn::Result<Stream> {
        let Some(item) = self.item else {
            return Err(syn::Error::new_spanned(
                ty,
                "`#[circuit_breaker]` needs to know this stream's items: write \
                 `Stream<Item = Result<T, E>>`",
            ));
        };
        Ok(Stream { item, wrap: self.wrap, in_result })
    }
}

/// The first argument of a path that is a type, and its place.
fn first_type(path: &Path) -> Option<(usize, &Type)> {
    let PathArguments::AngleBracketed(arguments) = &path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().enumerate().find_map(|(index, argument)| match argument {
        GenericArgument::Type(ty) => Some((index, ty)),
        _ => None,
    })
}

fn written(ty: &Type) -> Option<Written> {
    match ty {
        Type::ImplTrait(ty) => bound(ty.bounds.iter(), Wrap::Nothing),
        Type::Path(path) => {
            let last: &Ident = &path.path.segments.last()?.ident;
            let (_, argument) = first_type(&path.path)?;
            match (last.to_string().as_str(), peel_type(argument)) {
                ("BoxStream" | "LocalBoxStream", item) => {
                    Some(Written { item: Some(item.clone()), wrap: Wrap::Pin })
                }
                ("Box", Type::TraitObject(object)) => bound(object.bounds.iter(), Wrap::Box),
                ("Pin", boxed) => written(boxed)
                    .filter(|it| it.wrap == Wrap::Box)
                    .map(|it| Written { wrap: Wrap::Pin, ..it }),
                _ => None,
            }
        }
        _ => None,
    }
}

fn bound<'a>(mut bounds: impl Iterator<Item = &'a TypeParamBound>, wrap: Wrap) -> Option<Written> {
    bounds.find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound.path.segments.last().filter(|last| last.ident == "Stream")?;
        let item = match &last.arguments {
            PathArguments::AngleBracketed(arguments) => {
                arguments.args.iter().find_map(|argument| match argument {
                    GenericArgument::AssocType(it) if it.ident == "Item" => Some(it.ty.clone()),
                    _ => None,
                })
            }
            _ => None,
        };
        Some(Written { item, wrap })
    })
}

/// What a function that returns a stream itself gives: its items, if they are written.
pub(super) fn given(ty: &Type) -> Option<super::Written> {
    written(peel_type(ty)).map(|stream| super::Written { is_async: true, output: stream.item })
}
