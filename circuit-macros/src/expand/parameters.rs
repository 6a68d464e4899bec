//! The parameters: as the signature shows them, as the body gets them, and as a
//! fallback is given them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, Pat, PatIdent, PatType, Token, Type};

use crate::model::names::{bindings, mentions, mentions_self};
use crate::model::{Form, Kind, Model, is_shared_receiver};
use crate::validate::peel_type;

pub(super) struct Parameters {
    pub(super) inputs: Punctuated<FnArg, Token![,]>,
    /// Those behind the receiver, by the names that they have outside of the body.
    pub(super) typed: Vec<Parameter>,
    /// Statements in front of the body.
    pub(super) before_body: TokenStream,
    pub(super) self_token: Option<Token![self]>,
    /// The receiver is as good after the body has run.
    pub(super) self_is_shared: bool,
}

pub(super) struct Parameter {
    /// `None` for a pattern that has kept its place.
    pub(super) name: Option<Ident>,
    /// The variables that it binds.
    pub(super) bindings: Vec<Ident>,
    pub(super) ty: Type,
}

impl Parameters {
    pub(super) fn new(model: &Model) -> Self {
        let body = &model.function.body.stream();
        let mut parameters = Self {
            inputs: Punctuated::new(),
            typed: Vec::new(),
            before_body: TokenStream::new(),
            self_token: None,
            self_is_shared: false,
        };
        let mut captured = Vec::new();
        for pair in model.function.signature.inputs.pairs() {
            let (input, comma) = pair.into_tuple();
            let input = match input {
                FnArg::Receiver(receiver) => {
                    parameters.self_token = Some(receiver.self_token);
                    parameters.self_is_shared = is_shared_receiver(&receiver.kind);
                    let is_value = !matches!(receiver.kind, syn::ReceiverKind::Reference(..));
                    if is_value && !parameters.self_is_shared && mentions_self(body) {
                        captured.push(receiver.self_token.to_token_stream());
                    }
                    input.clone()
                }
                FnArg::Typed(typed) => {
                    let (shown, parameter) = parameters.treat(model, typed);
                    parameters.typed.push(parameter);
                    FnArg::Typed(shown)
                }
            };
            parameters.inputs.push_value(input);
            if let Some(comma) = comma {
                parameters.inputs.push_punct(*comma);
            }
        }
        let rebound = std::mem::take(&mut parameters.before_body);
        let droppable = parameters.typed.iter().filter(|typed| may_have_drop(&typed.ty));
        let bindings: usize = droppable.clone().map(|typed| typed.bindings.len()).sum();
        if captured.len() + bindings >= 2 {
            captured.extend(droppable.flat_map(|parameter| captures(parameter, body)));
        }
        let mention = mention(&captured, &parameters.allow_underscores());
        parameters.before_body = quote!(#mention #rebound);
        parameters
    }

    /// As the signature shows it, and what is behind that.
    fn treat(&mut self, model: &Model, typed: &PatType) -> (PatType, Parameter) {
        let keep = |name: Option<Ident>| Parameter {
            name,
            bindings: bindings(&typed.pat),
            ty: (*typed.ty).clone(),
        };
        let is_async_fn = matches!(model.form, Form::Async);
        let passes_all =
            model.fallback.as_ref().is_some_and(|fallback| fallback.kind != Kind::Expression);
        match simple(&typed.pat) {
            // A captured variable has one lifetime, a local may be assigned a shorter borrow.
            Some(name) if is_async_fn && name.mutability.is_some() => {
                let ident = name.ident.clone();
                self.rebind(typed, &ident);
                let shown = Pat::Ident(PatIdent { mutability: None, ..name.clone() });
                (shown_as(typed, shown), keep(Some(ident)))
            }
            Some(name) => (typed.clone(), keep(Some(name.ident.clone()))),
            None if passes_all || (is_async_fn && binds_mut(&typed.pat)) => {
                let site = Span::mixed_site();
                let name = format_ident!("__arg{}", self.typed.len(), span = site);
                let mutability = binds_ref_mut(&typed.pat).then(|| Token![mut](site));
                if !matches!(&*typed.pat, Pat::Wild(_)) {
                    self.rebind(typed, &name);
                }
                let shown = Pat::Ident(PatIdent {
                    attrs: Vec::new(),
                    by_ref: None,
                    mutability,
                    ident: name.clone(),
                    subpat: None,
                });
                let parameter = Parameter { bindings: vec![name.clone()], ..keep(Some(name)) };
                (shown_as(typed, shown), parameter)
            }
            None => (typed.clone(), keep(None)),
        }
    }

    /// For a statement in which the user's own names stand.
    pub(super) fn allow_underscores(&self) -> TokenStream {
        let mut names = self.typed.iter().flat_map(|parameter| &parameter.bindings);
        if names.any(|name| is_users(name) && name.to_string().starts_with('_')) {
            allow(&["clippy::used_underscore_binding"])
        } else {
            TokenStream::new()
        }
    }

    /// `let PATTERN = name;`, with the attributes that were on the parameter. The
    /// right side is a place: what the pattern leaves out stays in it.
    fn rebind(&mut self, typed: &PatType, name: &Ident) {
        let site = Span::mixed_site();
        let attributes = &typed.attrs;
        let pattern = &typed.pat;
        let allow =
            allow(&["clippy::shadow_reuse", "clippy::shadow_same", "clippy::shadow_unrelated"]);
        self.before_body
            .extend(quote_spanned!(site=> #(#attributes)* #allow let #pattern = #name;));
    }
}

/// Attributes that decide whether there is a parameter stay with it.
fn shown_as(typed: &PatType, pattern: Pat) -> PatType {
    let is_cfg = |attribute: &&Attribute| {
        let path = attribute.path();
        path.is_ident("cfg") || path.is_ident("cfg_attr")
    };
    PatType {
        attrs: typed.attrs.iter().filter(is_cfg).cloned().collect(),
        pat: Box::new(pattern),
        ..typed.clone()
    }
}

fn simple(pattern: &Pat) -> Option<&PatIdent> {
    match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => Some(name),
        _ => None,
    }
}

fn binds_mut(pattern: &Pat) -> bool {
    let words = crate::model::names::flatten(pattern.to_token_stream());
    words
        .into_iter()
        .any(|token| matches!(token, proc_macro2::TokenTree::Ident(word) if word == "mut"))
}

fn binds_ref_mut(pattern: &Pat) -> bool {
    let mut after_ref = false;
    crate::model::names::flatten(pattern.to_token_stream()).any(|token| {
        let is = |name: &str| matches!(&token, proc_macro2::TokenTree::Ident(word) if word == name);
        let found = after_ref && is("mut");
        after_ref = is("ref");
        found
    })
}

/// Whether the user can see when a value of this type is dropped, as far as it is written.
fn may_have_drop(ty: &Type) -> bool {
    const PLAIN: [&str; 16] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
        "u32", "u64", "u128", "usize",
    ];
    match peel_type(ty) {
        Type::Reference(_) => false,
        Type::Path(path) => !PLAIN.iter().any(|plain| path.path.is_ident(plain)),
        _ => true,
    }
}

/// The variables of this parameter that the body takes with it. Without a use in the body they
/// stay outside, and the lint on unused variables goes on working.
fn captures(parameter: &Parameter, body: &TokenStream) -> Vec<TokenStream> {
    let generated = !parameter.bindings.iter().all(is_users);
    parameter
        .bindings
        .iter()
        .filter(|name| generated || name.to_string().starts_with('_') || mentions(body, name))
        .map(ToTokens::to_token_stream)
        .collect()
}

/// Whether the user wrote the name.
fn is_users(name: &Ident) -> bool {
    !name.to_string().starts_with("__arg")
}

/// Captures drop in the order in which they are first named, parameters in the
/// reverse of theirs. Naming them in reverse moves nothing.
fn mention(captured: &[TokenStream], underscores: &TokenStream) -> TokenStream {
    if captured.len() < 2 {
        return TokenStream::new();
    }
    let site = Span::mixed_site();
    let names = captured.iter().rev();
    quote_spanned!(site=> #underscores __circuit::mention((#(&#names),*));)
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
