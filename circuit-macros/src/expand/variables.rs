//! What becomes of the parameters: the signature, and the variables that the body has for itself, which
//! are set up in front of it.

use std::cell::OnceCell;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{FnArg, Pat, PatIdent, PatType, Token};

use super::parameters::{
    Parameters, Shape, ShapeRules, Shown, UNDERSCORE, allow, allow_name, is_unused, may_have_drop,
};
use super::pattern::{plain, without_mut};
use crate::model::names::{Free, flatten};
use crate::model::{Form, Model, is_reference, is_shared_receiver};

impl<'a> Parameters<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        let all = &model.parameters;
        let receiver = all.receiver.as_ref();
        let self_is_shared = receiver.is_some_and(|it| is_shared_receiver(&it.kind));
        let self_is_value = receiver.is_some_and(|it| !is_reference(&it.kind));
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
        // Read only for who asks: mostly nobody does, and a body may be long.
        let body = Names { body: &model.function.body, found: OnceCell::new() };
        let borrows_self = receiver.is_some_and(|it| {
            // What it writes to a captured receiver would be taken for a value that nobody reads.
            it.mutability.is_some() && self_is_value && !matches!(model.form, Form::Future(_))
        }) && body.get().has_self()
            && !model.judge_free.has_self();
        let borrows = borrows_self || !model.lent.is_empty();
        let mut parameters = Self {
            inputs: Punctuated::new(),
            typed,
            before_body: TokenStream::new(),
            allow_body: (borrows_self && may_give_away_self(&model.function.body.stream()))
                .then(|| allow(&["unused_assignments"])),
            borrows,
            self_token: receiver.map(|it| it.self_token),
            self_is_shared,
            is_ordered,
            loses_mut: !matches!(model.form, Form::Future(_)) || model.is_rewritten(),
        };
        let variables = BodyVariables { model, body: &body, borrows_self };
        let captures_self = self_is_value && body.get().has_self();
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
}

/// Whether `self` may be written in one place and moved in another: then it is captured for good, and
/// what is written would be taken for a value that nobody reads.
fn may_give_away_self(body: &TokenStream) -> bool {
    let is_self = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "self");
    flatten(body.clone()).filter(is_self).count() > 1
}

impl Shown<'_> {
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
}

/// The names that a body uses.
struct Names<'a> {
    body: &'a Group,
    found: OnceCell<Free>,
}

impl Names<'_> {
    fn get(&self) -> &Free {
        self.found.get_or_init(|| Free::of_tokens(self.body.stream()))
    }
}

/// The body's own variables.
struct BodyVariables<'a> {
    model: &'a Model,
    body: &'a Names<'a>,
    /// What the body does to its receiver shows nowhere else.
    borrows_self: bool,
}

impl BodyVariables<'_> {
    fn statements(&self, parameters: &Parameters, captures_self: bool) -> TokenStream {
        let site = Span::mixed_site();
        let mut captured = Vec::new();
        let mut own = TokenStream::new();
        let mut rest = false;
        if parameters.borrows {
            own.extend(self.taken(parameters, captures_self));
        } else if let Some(token) = parameters.self_token {
            if captures_self && parameters.is_ordered {
                captured.push((token.to_token_stream(), false));
            }
        }
        if matches!(self.model.form, Form::Future(_)) {
            let whole = parameters.typed.iter().filter(|it| !it.of.in_body);
            for shown in whole {
                if let Shape::Whole(name) = &shown.shape {
                    own.extend(self.take_apart(shown, name));
                }
                let names = shown.of.bindings.iter();
                let lent = names.filter(|name| self.model.lent.has(&name.ident));
                own.extend(lent.map(|name| self.rebind(shown, name)));
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

    /// What a body that is no `move` closure takes all the same, in the order in which it names that:
    /// a branch that is never taken moves it.
    fn taken(&self, parameters: &Parameters, captures_self: bool) -> TokenStream {
        let site = Span::mixed_site();
        let mut taken: Vec<(usize, TokenStream)> = Vec::new();
        let mut borrowed = None;
        if let Some(token) = parameters.self_token {
            if self.borrows_self {
                borrowed = Some(quote_spanned!(site=> __circuit::mention(&mut #token);));
            } else if captures_self {
                taken.extend(
                    self.body.get().place("self").map(|place| (place, token.to_token_stream())),
                );
            }
        }
        if matches!(self.model.form, Form::Future(_)) {
            let names = parameters.typed.iter().flat_map(|it| &it.of.bindings);
            let names = names.map(|name| &name.ident).filter(|name| !self.model.lent.has(name));
            taken.extend(names.filter_map(|name| {
                Some((self.body.get().place(&name.unraw().to_string())?, name.to_token_stream()))
            }));
        }
        if taken.is_empty() {
            return borrowed.into_token_stream();
        }
        taken.sort_by_key(|(place, _)| *place);
        let names = taken.iter().map(|(_, name)| name);
        quote_spanned! {site=>
            #borrowed
            if false {
                #(__circuit::mention(#names);)*
                return __circuit_returns.never();
            }
        }
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
                let is_named = || is_unused(&name.ident) || self.body.get().has(&name.ident);
                changes || (is_seen && !is_named())
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
        let mention = self.mention(name, self.model.passes_all());
        let again = self.model.lent.has(name).then(|| quote_spanned!(site=> &mut *));
        quote_spanned! {site=>
            #(#attributes)* #allow let #mutability #name = #again #name;
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

    /// A use of what only an option uses, which would be reported as unused.
    fn mention(&self, name: &Ident, is_passed: bool) -> TokenStream {
        let is_used = is_passed || self.model.uses().any(|free| free.has(name));
        if is_used && !is_unused(name) && !self.body.get().has(name) {
            let site = Span::mixed_site();
            quote_spanned!(site=> __circuit::mention(&#name);)
        } else {
            TokenStream::new()
        }
    }
}
