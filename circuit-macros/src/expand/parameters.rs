//! The parameters: as the signature shows them, and as the body gets them.
//!
//! The body runs in a closure or an async block, and has its parameters there as a plain function
//! has them: in variables of its own that are dropped in the reverse order. What it captures drops
//! behind all its variables, in the order in which it is first named. So a leading run of parameters
//! can stay captured, named in reverse; from the first on that gets a variable of its own, all that
//! can show when they are dropped get one. The receiver is always captured: it is the first.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{FnArg, Pat, PatIdent, PatType, Token, Type};

use super::pattern::{binds_all, has_ref_mut, plain, without_mut};
use crate::model::names::Free;
use crate::model::{Form, Kind, Model, Parameter, is_shared_receiver};
use crate::validate::peel_type;

#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub(super) struct Parameters<'a> {
    pub(super) inputs: Punctuated<FnArg, Token![,]>,
    /// Those behind the receiver.
    pub(super) typed: Vec<Shown<'a>>,
    /// Statements in front of the body.
    pub(super) before_body: TokenStream,
    /// The body borrows the receiver, and is no `move` closure.
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

impl<'a> Parameters<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        let all = &model.parameters;
        let receiver = all.receiver.as_ref();
        let self_is_shared = receiver.is_some_and(|it| is_shared_receiver(&it.kind));
        let self_is_value = receiver.is_some_and(|it| {
            !self_is_shared && !matches!(it.kind, syn::ReceiverKind::Reference(..))
        });
        let droppable = all.typed.iter().filter(|it| may_have_drop(&it.input.ty));
        let values: usize = droppable.map(|it| it.bindings.len().max(1)).sum();
        let is_ordered = values + usize::from(self_is_value) >= 2;
        let rules = ShapeRules { model, is_ordered };
        let typed: Vec<Shown> = all
            .typed
            .iter()
            .enumerate()
            .map(|(index, of)| Shown { of, shape: rules.shape(of, index) })
            .collect();
        let body = Free::of_tokens(model.function.body.stream());
        let borrows = receiver.is_some_and(|it| {
            // What it writes to a captured receiver would be taken for a value that nobody reads.
            it.mutability.is_some() && self_is_value && !matches!(model.form, Form::Future(_))
        }) && body.has_self()
            && !model.judge_free.has_self();
        let mut parameters = Self {
            inputs: Punctuated::new(),
            typed,
            before_body: TokenStream::new(),
            borrows,
            self_token: receiver.map(|it| it.self_token),
            self_is_shared,
            is_ordered,
            loses_mut: !matches!(model.form, Form::Future(_)) || model.is_rewritten(),
        };
        let variables = BodyVariables { model, body: &body };
        let captures_self = self_is_value && body.has_self();
        parameters.before_body = variables.statements(&parameters, captures_self);
        parameters.inputs = parameters.signature(model, &variables);
        parameters
    }

    fn signature(&self, model: &Model, variables: &BodyVariables) -> Punctuated<FnArg, Token![,]> {
        let mut typed = self.typed.iter();
        let inputs = model.function.signature.inputs.pairs().map(|pair| {
            let (input, comma) = pair.into_tuple();
            let input = match input {
                FnArg::Receiver(_) => input.clone(),
                FnArg::Typed(_) => match typed.next() {
                    Some(shown) => FnArg::Typed(shown.in_signature(self, variables)),
                    None => input.clone(),
                },
            };
            syn::punctuated::Pair::new(input, comma.copied())
        });
        inputs.collect()
    }

    /// For a statement in which the user's own names stand.
    pub(super) fn allow_underscores(&self) -> TokenStream {
        let bindings = self.typed.iter().filter(|it| !matches!(it.shape, Shape::Whole(_)));
        let mut names = bindings.flat_map(|it| &it.of.bindings);
        if names.any(|name| is_unused(&name.ident)) {
            allow(&[UNDERSCORE])
        } else {
            TokenStream::new()
        }
    }
}

const UNDERSCORE: &str = "clippy::used_underscore_binding";
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
struct ShapeRules<'a> {
    model: &'a Model,
    is_ordered: bool,
}

impl ShapeRules<'_> {
    fn shape(&self, parameter: &Parameter, index: usize) -> Shape {
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
        let fallback = self.model.fallback.as_ref();
        if fallback.is_some_and(|it| it.kind != Kind::Expression) {
            return whole();
        }
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

/// The body's own variables.
struct BodyVariables<'a> {
    model: &'a Model,
    body: &'a Free,
}

impl BodyVariables<'_> {
    fn statements(&self, parameters: &Parameters, captures_self: bool) -> TokenStream {
        let site = Span::mixed_site();
        let mut captured = Vec::new();
        let mut own = TokenStream::new();
        let mut rest = false;
        if let Some(token) = parameters.self_token {
            if parameters.borrows {
                own.extend(quote_spanned!(site=> __circuit::mention(&mut #token);));
            } else if captures_self && parameters.is_ordered {
                captured.push((token.to_token_stream(), false));
            }
        }
        if matches!(self.model.form, Form::Future(_)) {
            let whole = parameters.typed.iter().filter(|it| !it.of.in_body);
            for shown in whole {
                if let Shape::Whole(name) = &shown.shape {
                    own.extend(self.take_apart(shown, name));
                }
            }
            return own;
        }
        for shown in &parameters.typed {
            let is_seen = parameters.is_ordered && may_have_drop(&shown.of.input.ty);
            let gets_own = self.gets_own(parameters, shown) || (rest && is_seen);
            match &shown.shape {
                Shape::Whole(name) => {
                    if gets_own || parameters.borrows {
                        let mutability = shown.mutability();
                        own.extend(quote_spanned!(site=> let #mutability #name = #name;));
                    } else if is_seen {
                        captured.push((name.to_token_stream(), false));
                    }
                    own.extend(self.take_apart(shown, name));
                    rest |= is_seen;
                }
                Shape::Variable(_) | Shape::Kept if gets_own => {
                    own.extend(shown.of.bindings.iter().map(|name| self.rebind(shown, name)));
                    rest |= is_seen;
                }
                Shape::Variable(_) | Shape::Kept if is_seen => {
                    let names = shown.of.bindings.iter();
                    captured.extend(
                        names.map(|name| (name.ident.to_token_stream(), is_unused(&name.ident))),
                    );
                }
                Shape::Variable(_) | Shape::Kept => {}
            }
        }
        if captured.len() < 2 {
            captured.clear();
        }
        let mut statements = TokenStream::new();
        for (name, is_unused) in captured.into_iter().rev() {
            let allow = is_unused.then(|| allow(&[UNDERSCORE]));
            statements.extend(quote_spanned!(site=> #allow __circuit::mention(&#name);));
        }
        statements.extend(own);
        statements
    }

    /// Whether the variables of a parameter are the body's own for a reason that is not their order:
    /// they change, or they are to be reported as unused, as a captured name would not be.
    fn gets_own(&self, parameters: &Parameters, shown: &Shown) -> bool {
        if parameters.borrows {
            return true;
        }
        let is_seen = parameters.is_ordered && may_have_drop(&shown.of.input.ty);
        let mut names = shown.of.bindings.iter();
        match shown.shape {
            Shape::Whole(_) => false,
            Shape::Variable(_) | Shape::Kept => names.any(|name| {
                let changes = name.mutability.is_some() && name.by_ref.is_none();
                let is_named = is_unused(&name.ident) || self.body.has(&name.ident);
                changes || (is_seen && !is_named)
            }),
        }
    }

    /// `let mut n = n;`, with the attributes that were on the parameter.
    fn rebind(&self, shown: &Shown, binding: &PatIdent) -> TokenStream {
        let site = Span::mixed_site();
        let attributes = shown.lint_attributes();
        let name = &binding.ident;
        let mutability = binding.mutability.filter(|_| binding.by_ref.is_none());
        let allow = allow_name(name);
        let mention = self.mention(name, self.passes_all());
        quote_spanned! {site=>
            #(#attributes)* #allow let #mutability #name = #name;
            #mention
        }
    }

    /// `let PATTERN = __arg0;`. The right side is a place: what the pattern leaves out stays in it.
    fn take_apart(&self, shown: &Shown, name: &Ident) -> TokenStream {
        let pattern = &shown.of.pattern;
        if matches!(pattern, Pat::Wild(_)) {
            return TokenStream::new();
        }
        let site = Span::mixed_site();
        let attributes = shown.lint_attributes();
        let allow = shown.allow_names();
        let mentions = shown.of.bindings.iter().map(|binding| self.mention(&binding.ident, false));
        quote_spanned! {site=>
            #(#attributes)* #allow let #pattern = #name;
            #(#mentions)*
        }
    }

    /// The fallback is given every parameter.
    fn passes_all(&self) -> bool {
        self.model.fallback.as_ref().is_some_and(|it| it.kind != Kind::Expression)
    }

    /// A use of what only an option uses, which would be reported as unused.
    fn mention(&self, name: &Ident, is_passed: bool) -> TokenStream {
        let is_used = is_passed || self.model.uses().any(|free| free.has(name));
        if is_used && !is_unused(name) && !self.body.has(name) {
            let site = Span::mixed_site();
            quote_spanned!(site=> __circuit::mention(&#name);)
        } else {
            TokenStream::new()
        }
    }
}

impl Shown<'_> {
    /// For a statement that binds its names once more.
    fn allow_names(&self) -> TokenStream {
        match &self.of.pattern {
            Pat::Ident(name) => allow_name(&name.ident),
            _ => allow(&SHADOW),
        }
    }

    fn in_signature(&self, parameters: &Parameters, variables: &BodyVariables) -> PatType {
        let input = &self.of.input;
        if self.of.in_body {
            return input.clone();
        }
        let keeps_mut = matches!(variables.model.form, Form::Future(_));
        match &self.shape {
            Shape::Kept if !keeps_mut => {
                PatType { pat: Box::new(without_mut(&input.pat)), ..input.clone() }
            }
            Shape::Variable(_) if !keeps_mut && variables.gets_own(parameters, self) => PatType {
                attrs: Vec::new(),
                pat: Box::new(without_mut(&input.pat)),
                ..input.clone()
            },
            Shape::Variable(_) | Shape::Kept => input.clone(),
            Shape::Whole(name) => {
                let name = PatIdent { mutability: self.mutability(), ..plain(name.clone()) };
                PatType { attrs: Vec::new(), pat: Box::new(Pat::Ident(name)), ..input.clone() }
            }
        }
    }

    /// What is borrowed as `ref mut`, perhaps by a macro, has to be a `mut` variable.
    fn mutability(&self) -> Option<Token![mut]> {
        let borrows = has_ref_mut(&self.of.bindings) || !self.of.macro_words.is_empty();
        borrows.then(|| Token![mut](Span::mixed_site()))
    }

    /// Once expected is enough.
    fn lint_attributes(&self) -> impl Iterator<Item = &syn::Attribute> {
        let is_kept = matches!(self.shape, Shape::Kept);
        let attributes = self.of.input.attrs.iter();
        attributes.filter(move |it| !is_kept || !it.path().is_ident("expect"))
    }
}

/// `_name`, of which no lint asks that it be used.
fn is_unused(name: &Ident) -> bool {
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
