//! What a fallback is given under `any`, when the body may have used the parameters.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::{PatIdent, Token};

use super::at;
use super::parameters::{Parameters, Shape, Shown, allow_name, moved_to};
use super::pattern::{plain, variable};
use crate::model::{Fallback, Kind};

/// What stands for one parameter, or for one name of it.
pub(super) struct Given {
    /// The parameter itself.
    pub(super) original: TokenStream,
    /// The clone that is made before the body runs; `None` where the parameter is as
    /// good afterwards.
    pub(super) clone: Option<TokenStream>,
    /// What holds either of them when the fallback runs.
    pub(super) local: TokenStream,
    /// What gives it to an expression, under the name of the parameter.
    pub(super) renamed: TokenStream,
}

impl Parameters<'_> {
    /// What the fallback needs, located at it.
    pub(super) fn given(&self, fallback: &Fallback, here: Span) -> Vec<Given> {
        if fallback.kind == Kind::Expression {
            return self.mentioned(fallback, here);
        }
        let mut given = Vec::new();
        if let (Some(token), Kind::Path) = (self.self_token, fallback.kind) {
            let moved = Token![self](token.span.located_at(here));
            given.push(Given::new(&moved, self.self_is_shared, at(&token), here, 0));
        }
        for (shown, name) in self.typed.iter().filter_map(|it| Some((it, it.name()?))) {
            let name = moved_to(name, here);
            let place = count(&given);
            let site = at(&shown.of.input.ty);
            given.push(Given::new(&name, shown.of.is_shared(), site, here, place));
        }
        given
    }

    /// An expression needs what it uses, and finds it under that name.
    fn mentioned(&self, fallback: &Fallback, here: Span) -> Vec<Given> {
        let mut given: Vec<Given> = Vec::new();
        for shown in &self.typed {
            if matches!(shown.shape, Shape::Variable(_)) && shown.of.is_shared() {
                continue;
            }
            for binding in &shown.of.bindings {
                if fallback.free.has(&binding.ident) {
                    given.push(Given::part(shown, binding, here, given.len()));
                }
            }
            for name in shown.of.macro_words.iter().filter(|word| fallback.free.has(word)) {
                given.push(Given::part(shown, &plain(name.clone()), here, given.len()));
            }
        }
        given
    }
}

fn count(given: &[Given]) -> usize {
    given.iter().filter(|given| given.clone.is_some()).count()
}

impl Given {
    /// A missing `Clone` is reported at `ty`.
    fn new(name: &impl ToTokens, shared: bool, ty: Span, here: Span, place: usize) -> Self {
        let original = name.to_token_stream();
        if shared {
            return Self {
                local: original.clone(),
                clone: None,
                original,
                renamed: TokenStream::new(),
            };
        }
        Self {
            clone: Some(quote_spanned!(ty=> __circuit::clone_argument(&#name))),
            local: local(here, place),
            original,
            renamed: TokenStream::new(),
        }
    }

    fn part(shown: &Shown, binding: &PatIdent, here: Span, place: usize) -> Self {
        let name = &binding.ident;
        let ty = at(&shown.of.input.ty);
        let site = Span::mixed_site();
        let local = local(here, place);
        let Shape::Whole(whole) = &shown.shape else {
            let renamed = rename(binding, &local);
            return Self { renamed, ..Self::new(name, false, ty, here, place) };
        };
        let pattern = shown.part(name);
        let allow = shown.allow_unused();
        let clone = if shown.is_copied() {
            quote_spanned!(ty=> { #allow let #pattern = #whole; __circuit::clone_argument(&#name) })
        } else {
            let borrowed = shown.borrowed(whole);
            quote_spanned!(ty=> { #allow let #pattern = #borrowed; __circuit::clone_argument(#name) })
        };
        let value = match (binding.by_ref, binding.mutability) {
            (None, _) => local.clone(),
            (Some(_), mutability) => quote_spanned!(site=> &#mutability { #local }),
        };
        Self {
            original: quote_spanned!(site=> { #allow let #pattern = #whole; #name }),
            clone: Some(clone),
            renamed: rename(binding, &value),
            local,
        }
    }
}

/// With a use: of two variables of one name, one by the user and one by a macro, the expression
/// uses one.
fn rename(binding: &PatIdent, value: &TokenStream) -> TokenStream {
    let site = Span::mixed_site();
    let name = &binding.ident;
    let own = PatIdent {
        by_ref: None,
        mutability: variable(binding).mutability.filter(|_| binding.by_ref.is_none()),
        ..plain(name.clone())
    };
    let allow = allow_name(name);
    let mention = (!name.to_string().starts_with('_'))
        .then(|| quote_spanned!(site=> __circuit::mention(&#name);));
    quote_spanned!(site=> #allow let #own = #value; #mention)
}

fn local(here: Span, place: usize) -> TokenStream {
    format_ident!("__circuit_clone{place}", span = here).to_token_stream()
}

impl Shown<'_> {
    /// What the whole of it is called.
    pub(super) fn name(&self) -> Option<&Ident> {
        match &self.shape {
            Shape::Variable(name) | Shape::Whole(name) => Some(name),
            Shape::Kept => None,
        }
    }
}
