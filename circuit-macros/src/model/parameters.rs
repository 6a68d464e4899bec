//! The parameters, and the names that each of them binds.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::{FnArg, Pat, PatIdent, PatType, Receiver, ReceiverKind, Type};

use super::Form;
use super::names::{self, Free};
use crate::head::Function;
use crate::validate::peel_type;

pub(crate) struct Parameters {
    pub(crate) receiver: Option<Receiver>,
    /// Those after the receiver.
    pub(crate) typed: Vec<Parameter>,
}

pub(crate) struct Parameter {
    /// The parameter in the signature.
    pub(crate) input: PatType,
    /// The pattern that binds the names: in the signature or, after `#[async_trait]`, in a `let` in
    /// the body.
    pub(crate) pattern: Pat,
    /// `pattern` is in the body, and the signature has a name that `#[async_trait]` made.
    pub(crate) in_body: bool,
    /// `pattern` is of a `let` in the body.
    pub(crate) is_moved: bool,
    pub(crate) bindings: Vec<PatIdent>,
    /// The words in the macros of `pattern`.
    pub(crate) macro_words: Vec<Ident>,
}

impl Parameters {
    pub(crate) fn new(function: &Function, form: &Form) -> Self {
        let mut parameters = Self { receiver: None, typed: Vec::new() };
        let mut lets = match form {
            Form::Future(body) => taken_apart(body.block.stream()),
            Form::Sync | Form::Async | Form::Stream(_) => Vec::new(),
        };
        for input in &function.signature.inputs {
            match input {
                FnArg::Receiver(receiver) => parameters.receiver = Some(receiver.clone()),
                FnArg::Typed(typed) => {
                    let index = lets.iter().position(|(name, _)| {
                        matches!(&*typed.pat, Pat::Ident(shown) if shown.ident == *name)
                    });
                    let moved = index.map(|index| lets.swap_remove(index));
                    // `let mut n = n;` leaves the name where it is.
                    let is_moved = moved.is_some();
                    let in_body = moved.as_ref().is_some_and(|(name, pattern)| {
                        !matches!(pattern, Pat::Ident(same) if same.ident == *name)
                    });
                    let pattern = moved.map_or_else(|| (*typed.pat).clone(), |(_, moved)| moved);
                    parameters.typed.push(Parameter {
                        input: typed.clone(),
                        in_body,
                        is_moved,
                        bindings: names::bindings(&pattern),
                        macro_words: names::macro_words(&pattern),
                        pattern,
                    });
                }
            }
        }
        parameters
    }
}

impl Parameter {
    /// The name of a parameter that is just a name.
    pub(crate) fn simple(&self) -> Option<&PatIdent> {
        match &self.pattern {
            Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => Some(name),
            _ => None,
        }
    }

    /// The variables that it binds and `free` uses.
    pub(crate) fn used<'a>(&'a self, free: &'a Free) -> impl Iterator<Item = &'a PatIdent> {
        self.bindings.iter().filter(|name| free.has(&name.ident))
    }

    /// The names of `used`, and those that macros bind.
    pub(crate) fn used_names<'a>(&'a self, free: &'a Free) -> impl Iterator<Item = &'a Ident> {
        let macros = self.macro_words.iter().filter(|word| free.has(word));
        self.used(free).map(|name| &name.ident).chain(macros)
    }

    /// Whether `free` may use a name that only a macro in the pattern knows.
    pub(crate) fn uses_macro(&self, free: &Free) -> bool {
        self.macro_words.iter().any(|word| free.has(word))
    }

    pub(crate) fn is_used(&self, free: &Free) -> bool {
        self.used(free).next().is_some() || self.uses_macro(free)
    }

    /// `&mut` as it is written.
    pub(crate) fn is_exclusive(&self) -> bool {
        matches!(peel_type(&self.input.ty), Type::Reference(it) if it.mutability.is_some())
    }

    pub(crate) fn is_shared(&self) -> bool {
        is_shared_reference(&self.input.ty)
    }

    /// A shared reference, as it is written, to what nobody can keep.
    pub(crate) fn is_short_reference(&self) -> bool {
        matches!(peel_type(&self.input.ty), Type::Reference(it) if it.mutability.is_none()
            && it.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static"))
    }
}

/// `let (a, b) = __arg1;`, perhaps in a block, or `let mut n = n;`, which `#[async_trait]` puts
/// before a body.
fn taken_apart(body: TokenStream) -> Vec<(Ident, Pat)> {
    let mut found = Vec::new();
    let mut statement = Vec::new();
    for token in body {
        match token {
            TokenTree::Punct(end) if end.as_char() == ';' => {
                found.extend(argument(&std::mem::take(&mut statement)));
            }
            // After a block another statement may begin.
            TokenTree::Ident(word) if word == "let" => statement = vec![TokenTree::Ident(word)],
            token => statement.push(token),
        }
    }
    found
}

fn argument(statement: &[TokenTree]) -> Option<(Ident, Pat)> {
    match statement {
        [TokenTree::Ident(word), pattern @ .., TokenTree::Punct(equals), value]
            if word == "let" && equals.as_char() == '=' =>
        {
            let value = match value {
                TokenTree::Group(block) => block.stream().into_iter().last()?,
                value => value.clone(),
            };
            let TokenTree::Ident(name) = value else {
                return None;
            };
            let pattern = pattern.iter().cloned().collect();
            let pattern = Pat::parse_single.parse2(pattern).ok()?;
            let is_same = matches!(&pattern, Pat::Ident(same) if same.ident == name);
            let is_generated = name.to_string().starts_with("__arg");
            Some((name, pattern)).filter(|_| is_same || is_generated)
        }
        _ => None,
    }
}

/// How a parameter can be used a second time, after the body has run.
pub(crate) fn is_shared_reference(ty: &Type) -> bool {
    matches!(peel_type(ty), Type::Reference(r) if r.mutability.is_none())
}

/// `&self`, `&mut self` or `self: &mut Self`.
pub(crate) fn is_reference(kind: &ReceiverKind) -> bool {
    match kind {
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) => matches!(peel_type(ty), Type::Reference(_)),
        _ => false,
    }
}

pub(crate) fn is_shared_receiver(kind: &ReceiverKind) -> bool {
    match kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
        ReceiverKind::Typed(_, ty) => is_shared_reference(ty),
        _ => false,
    }
}
