//! The parameters: where their names are, in the signature and for the body.
//!
//! The body runs in a closure or an async block, and has its parameters there as a plain function
//! has them: in variables of its own that are dropped in the reverse order. What it captures drops
//! behind all its variables, in the order in which it is first named. So a leading run of parameters
//! can stay captured, named in reverse; from the first on that gets a variable of its own, all that
//! can show when they are dropped get one. The receiver is always captured: it is the first.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{FnArg, Pat, PatIdent, Token, Type};

use super::pattern::{binds_all, has_ref_mut};
use crate::model::{Form, Model, Parameter};
use crate::validate::peel_type;

#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub(super) struct Parameters<'a> {
    pub(super) inputs: Punctuated<FnArg, Token![,]>,
    /// Those behind the receiver.
    pub(super) typed: Vec<Shown<'a>>,
    /// Statements in front of the body.
    pub(super) before_body: TokenStream,
    /// Lints that the body would be blamed by for being a closure.
    pub(super) allow_body: Option<TokenStream>,
    /// The body borrows the receiver or what a guard uses, and is no `move` closure.
    pub(super) borrows: bool,
    pub(super) self_token: Option<Token![self]>,
    /// The receiver is as good after the body has run.
    pub(super) self_is_shared: bool,
    /// When parameters are dropped can be seen.
    pub(super) is_ordered: bool,
    /// Variables that the body changes are no `mut` ones outside of it.
    pub(super) loses_mut: bool,
}

/// A parameter with the place of its names.
pub(super) struct Shown<'a> {
    pub(super) of: &'a Parameter,
    pub(super) shape: Shape,
}

pub(super) enum Shape {
    Variable(Ident),
    /// The pattern is in the signature, and its names are in scope.
    Kept,
    /// The signature has this name. The pattern takes it apart where something uses what is in it.
    Whole(Ident),
}

impl Parameters<'_> {
    /// For a statement in which the user's own names stand.
    pub(super) fn allow_underscores(&self) -> TokenStream {
        if self.have_underscores() { allow(&[UNDERSCORE]) } else { TokenStream::new() }
    }

    /// For a closure that is called with them, and mostly has the same names for them.
    pub(super) fn allow_closure(&self) -> TokenStream {
        if self.have_underscores() {
            allow(&[SHADOW.as_slice(), &[UNDERSCORE]].concat())
        } else {
            allow(&SHADOW)
        }
    }

    fn have_underscores(&self) -> bool {
        let bindings = self.typed.iter().filter(|it| !matches!(it.shape, Shape::Whole(_)));
        bindings.flat_map(|it| &it.of.bindings).any(|name| is_unused(&name.ident))
    }
}

pub(super) const UNDERSCORE: &str = "clippy::used_underscore_binding";
const SHADOW: [&str; 3] =
    ["clippy::shadow_reuse", "clippy::shadow_same", "clippy::shadow_unrelated"];

/// For a `let` of ours that binds the user's name once more.
pub(super) fn allow_name(name: &Ident) -> TokenStream {
    if is_unused(name) {
        const NO_EFFECT: &str = "clippy::no_effect_underscore_binding";
        allow(&[SHADOW.as_slice(), &[UNDERSCORE, NO_EFFECT]].concat())
    } else {
        allow(&SHADOW)
    }
}

/// Decides where the names of a parameter are.
pub(super) struct ShapeRules<'a> {
    pub(super) model: &'a Model,
    /// When parameters are dropped can be seen.
    pub(super) is_ordered: bool,
}

impl ShapeRules<'_> {
    pub(super) fn shape(&self, parameter: &Parameter, index: usize) -> Shape {
        if let (true, Pat::Ident(shown)) = (parameter.in_body, &*parameter.input.pat) {
            return Shape::Whole(shown.ident.clone());
        }
        let is_seen_dropped = self.is_ordered
            && may_have_drop(&parameter.input.ty)
            && !matches!(self.model.form, Form::Future(_));
        let whole = || Shape::Whole(format_ident!("__arg{index}", span = Span::mixed_site()));
        if let Some(name) = parameter.simple() {
            // A unit struct, perhaps, of which each use would make another.
            let is_upper = name.ident.to_string().starts_with(char::is_uppercase);
            return if is_seen_dropped && is_upper && !self.is_used(parameter) {
                whole()
            } else {
                Shape::Variable(name.ident.clone())
            };
        }
        if self.model.passes_all() {
            return whole();
        }
        let fallback = self.model.fallback.as_ref();
        let is_async_fn = matches!(self.model.form, Form::Async);
        let clones_ref_mut = fallback.is_some_and(|it| {
            let is_ref_mut = |name: &PatIdent| name.by_ref.is_some() && name.mutability.is_some();
            it.on_any && parameter.used(&it.free).any(is_ref_mut)
        });
        let stays_behind = is_seen_dropped
            && (!binds_all(&parameter.pattern, true)
                || (!binds_all(&parameter.pattern, false) && !self.is_used(parameter)));
        if stays_behind || clones_ref_mut || (is_async_fn && !parameter.macro_words.is_empty()) {
            whole()
        } else {
            Shape::Kept
        }
    }

    fn is_used(&self, parameter: &Parameter) -> bool {
        self.model.uses().any(|free| parameter.is_used(free))
    }
}

impl Shown<'_> {
    /// For a statement that binds its names once more.
    pub(super) fn allow_names(&self) -> TokenStream {
        match &self.of.pattern {
            Pat::Ident(name) => allow_name(&name.ident),
            _ => allow(&SHADOW),
        }
    }

    /// What is borrowed as `ref mut`, perhaps by a macro, has to be a `mut` variable.
    pub(super) fn mutability(&self) -> Option<Token![mut]> {
        let borrows = has_ref_mut(&self.of.bindings) || !self.of.macro_words.is_empty();
        borrows.then(|| Token![mut](Span::mixed_site()))
    }

    /// Once expected is enough.
    pub(super) fn lint_attributes(&self) -> impl Iterator<Item = &syn::Attribute> {
        let is_kept = matches!(self.shape, Shape::Kept);
        let attributes = self.of.input.attrs.iter();
        attributes.filter(move |it| !is_kept || !it.path().is_ident("expect"))
    }
}

/// `_name`, of which no lint asks that it be used.
pub(super) fn is_unused(name: &Ident) -> bool {
    name.to_string().starts_with('_')
}

/// Whether the user can see when a value of this type is dropped, as far as it is written.
pub(super) fn may_have_drop(ty: &Type) -> bool {
    const PLAIN: [&str; 16] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
        "u32", "u64", "u128", "usize",
    ];
    match peel_type(ty) {
        Type::Reference(_) | Type::Ptr(_) => false,
        Type::Tuple(tuple) => tuple.elems.iter().any(may_have_drop),
        Type::Array(array) => may_have_drop(&array.elem),
        Type::Path(path) => !PLAIN.iter().any(|plain| path.path.is_ident(plain)),
        _ => true,
    }
}

/// `#[allow(..)]` for the one statement of ours in which the user's own names
/// stand, since lints take those for the user's code.
pub(super) fn allow(lints: &[&str]) -> TokenStream {
    let site = Span::mixed_site();
    let lints = lints.iter().map(|lint| {
        let segments = lint.split("::").map(|word| Ident::new(word, site));
        quote_spanned!(site=> #(#segments)::*)
    });
    quote_spanned!(site=> #[allow(#(#lints),*)])
}

/// A name where the fallback is: errors about the argument are shown there, and
/// suggestions do not edit the signature.
pub(super) fn moved_to(name: &Ident, site: Span) -> Ident {
    let mut name = name.clone();
    name.set_span(name.span().located_at(site));
    name
}
