//! `&mut` parameters that a guard uses: the body only borrows them, and gives them back before its
//! result is judged.

use std::collections::HashSet;

use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{Lifetime, Pat, PatIdent, Receiver, ReceiverKind, Type, TypeReference};

use super::names::{self, Free};
use super::{Judge, Parameter, Parameters, is_reference};
use crate::diag::Problems;
use crate::validate::peel_type;

/// Variables of `&mut` parameters, and `self`, that both a guard and the body use.
#[derive(Default)]
pub(crate) struct Lent(Vec<String>);

/// A variable that is `&mut`, as far as that is written.
struct Exclusive {
    name: String,
    lifetime: Option<Lifetime>,
    /// It comes out of a pattern.
    is_part: bool,
}

impl Lent {
    /// `output` is the type of what is judged.
    pub(super) fn new(
        parameters: &Parameters,
        judge: &Judge,
        body: &TokenStream,
        output: Option<&Type>,
        problems: &mut Problems,
    ) -> Self {
        let free = judge.free();
        let mut found = Vec::new();
        let receiver = parameters.receiver.as_ref();
        found.extend(receiver.and_then(exclusive_receiver));
        found.extend(parameters.typed.iter().flat_map(exclusive));
        found.retain(|it| free.has_word(&it.name));
        if found.is_empty() {
            return Self::default();
        }
        let body = Free::of_tokens(body.clone());
        found.retain(|it| body.has_word(&it.name));
        let borrowed = output.map(Borrowed::by).unwrap_or_default();
        let of_self = receiver.is_some_and(|it| is_reference(&it.kind));
        for Exclusive { name, lifetime, is_part } in &found {
            let elided = borrowed.elided && (name == "self") == of_self;
            if *is_part {
                problems.add(
                    judge.word(name),
                    format!(
                        "a guard can't use `{name}`, a `&mut` that the signature takes out of a \
                         pattern: give the parameter a plain name, and take it apart in the body"
                    ),
                );
            } else if !judge.uses_fields_only(name)
                && (elided || lifetime.as_ref().is_some_and(|it| borrowed.named.contains(it)))
            {
                problems.add(
                    judge.word(name),
                    format!(
                        "a guard can't use `{name}` here, since what the function returns may \
                         still borrow it: judge by the result alone, or return a value of its own"
                    ),
                );
            }
        }
        Self(found.into_iter().map(|it| it.name).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The items of a stream are judged when the body is over, and gives nothing back.
    pub(super) fn is_empty_for_streams(&self, judge: &Judge, problems: &mut Problems) {
        for name in &self.0 {
            problems.add(
                judge.word(name),
                format!(
                    "a guard can't use `{name}`, a `&mut`, in a function that returns a stream, whose \
                     items are judged later: judge by the item alone"
                ),
            );
        }
    }

    pub(crate) fn has(&self, name: &Ident) -> bool {
        let name = name.unraw();
        self.0.iter().any(|lent| name == lent)
    }

    /// `let this = self;` as `let this = &mut *self;`, anywhere in a body: `#[async_trait]` begins so. The other names
    /// are the body's own; `self` can't be.
    pub(crate) fn with_reborrowed_self(&self, body: TokenStream) -> TokenStream {
        if !self.0.iter().any(|name| name == "self") {
            return body;
        }
        reborrowed_self(body)
    }
}

fn reborrowed_self(body: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = Vec::new();
    // Of `let`, perhaps `mut`, a name and `=`.
    let mut length = 0;
    // Whether `self` is another one: that of an item within the body.
    let mut in_item = false;
    for token in body {
        let is_next = match (&token, length) {
            (TokenTree::Ident(word), 0) => word == "let",
            (TokenTree::Ident(word), 1) => {
                if word == "mut" {
                    tokens.push(token);
                    continue;
                }
                true
            }
            (TokenTree::Punct(equals), 2) => {
                equals.as_char() == '=' && equals.spacing() == Spacing::Alone
            }
            (TokenTree::Ident(name), 3) => name == "self",
            (TokenTree::Punct(end), 4) if end.as_char() == ';' => {
                if let Some(name) = tokens.pop() {
                    let site = Span::mixed_site().located_at(name.span());
                    tokens.extend(quote_spanned!(site=> &mut *#name));
                }
                false
            }
            _ => false,
        };
        length = if is_next { length + 1 } else { 0 };
        match &token {
            TokenTree::Ident(word) => {
                in_item |= ["impl", "trait", "macro_rules"].iter().any(|item| word == item);
            }
            TokenTree::Punct(end) if end.as_char() == ';' => in_item = false,
            _ => {}
        }
        tokens.push(match token {
            TokenTree::Group(group) if in_item => {
                in_item = group.delimiter() != Delimiter::Brace;
                group.into()
            }
            TokenTree::Group(group) => {
                let content = reborrowed_self(group.stream());
                super::with_content(&group, content).into()
            }
            token => token,
        });
    }
    tokens.into_iter().collect()
}

impl Judge {
    /// What it evaluates.
    fn code(&self) -> TokenStream {
        let arms = [&self.ignore, &self.failure].into_iter().flatten();
        let guards = arms.filter_map(|arm| arm.guard.as_ref()).map(|(_, guard)| guard);
        guards.chain(&self.classify).map(ToTokens::to_token_stream).collect()
    }

    /// Of which the body may leave some alone: the borrow checker knows them apart.
    fn uses_fields_only(&self, name: &str) -> bool {
        let mut tokens = names::flatten(self.code()).peekable();
        while let Some(token) = tokens.next() {
            if matches!(&token, TokenTree::Ident(word) if word == name) {
                let is_dot = |token: &TokenTree| match token {
                    TokenTree::Punct(dot) => dot.as_char() == '.',
                    _ => false,
                };
                let field = tokens.next_if(is_dot).and_then(|_| tokens.next());
                let is_method = match tokens.peek() {
                    Some(TokenTree::Group(it)) => it.delimiter() == Delimiter::Parenthesis,
                    Some(TokenTree::Punct(colon)) => colon.as_char() == ':',
                    _ => false,
                };
                if field.is_none() || is_method {
                    return false;
                }
            }
        }
        true
    }

    /// Where the user wrote this variable.
    fn word(&self, name: &str) -> TokenTree {
        let code = self.code();
        let is_name = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == name);
        names::flatten(code.clone())
            .find(is_name)
            .unwrap_or_else(|| TokenTree::Group(Group::new(Delimiter::None, code)))
    }
}

fn exclusive_receiver(receiver: &Receiver) -> Option<Exclusive> {
    let lifetime = match &receiver.kind {
        ReceiverKind::Reference(_, lifetime, Some(_)) => lifetime.clone(),
        ReceiverKind::Typed(_, ty) => exclusive_type(ty)?.lifetime.clone(),
        _ => return None,
    };
    Some(Exclusive { name: "self".to_owned(), lifetime, is_part: false })
}

/// `&mut T`
fn exclusive_type(ty: &Type) -> Option<&TypeReference> {
    match peel_type(ty) {
        Type::Reference(it) if it.mutability.is_some() => Some(it),
        _ => None,
    }
}

/// The variables of a parameter that are `&mut`.
fn exclusive(parameter: &Parameter) -> Vec<Exclusive> {
    let all = |is_part, whole: &TypeReference| {
        let names = parameter.bindings.iter().filter(|name| name.by_ref.is_none());
        let of = |name: &PatIdent| Exclusive {
            name: name.ident.unraw().to_string(),
            lifetime: whole.lifetime.clone(),
            is_part,
        };
        names.map(of).collect()
    };
    match (exclusive_type(&parameter.input.ty), &parameter.pattern) {
        (Some(whole), Pat::Ident(_)) => all(false, whole),
        (Some(whole), _) => all(true, whole),
        (None, pattern) => {
            let mut found = Vec::new();
            parts(pattern, &parameter.input.ty, &mut found);
            found
        }
    }
}

/// Adds the variables of a tuple's pattern that are `&mut`.
fn parts(pattern: &Pat, ty: &Type, found: &mut Vec<Exclusive>) {
    match (pattern, peel_type(ty)) {
        (Pat::Paren(pattern), ty) => parts(&pattern.pat, ty, found),
        (Pat::Ident(name), ty) => {
            let name = name.ident.unraw().to_string();
            let part = |it: &TypeReference| Exclusive {
                name,
                lifetime: it.lifetime.clone(),
                is_part: true,
            };
            found.extend(exclusive_type(ty).map(part));
        }
        (Pat::Tuple(patterns), Type::Tuple(types)) if patterns.elems.len() == types.elems.len() => {
            for (pattern, ty) in patterns.elems.iter().zip(&types.elems) {
                parts(pattern, ty, found);
            }
        }
        _ => {}
    }
}

/// What a type may borrow.
#[derive(Default)]
pub(super) struct Borrowed {
    named: HashSet<Lifetime>,
    /// There is a lifetime that isn't written.
    elided: bool,
}

impl Borrowed {
    pub(super) fn by(ty: &Type) -> Self {
        let mut borrowed = Self::default();
        borrowed.visit_type(ty);
        borrowed
    }

    /// Whether it borrows for less than `'static`, as far as that is written.
    pub(super) fn is_short(&self) -> bool {
        self.elided || self.named.iter().any(|lifetime| lifetime.ident != "static")
    }
}

impl<'ast> Visit<'ast> for Borrowed {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        self.elided |= reference.lifetime.is_none();
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident == "_" {
            self.elided = true;
        } else {
            self.named.insert(lifetime.clone());
        }
    }

    // Lifetimes of their own.
    fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(
        &mut self,
        _: &'ast syn::ParenthesizedGenericArguments,
    ) {
    }
}
