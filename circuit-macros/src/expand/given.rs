//! What a fallback is given under `any`, when the body may have used the parameters.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::Token;

use super::at;
use super::parameters::{Parameter, Parameters, moved_to};
use crate::model::names::mentions;
use crate::model::{Fallback, Kind, is_shared_reference};

/// What stands for one parameter.
pub(super) struct Given {
    /// The parameter itself.
    pub(super) original: TokenStream,
    /// The clone that is made before the body runs; `None` where the parameter is as
    /// good afterwards.
    pub(super) clone: Option<TokenStream>,
    /// What holds either of them when the fallback runs.
    pub(super) local: TokenStream,
}

impl Parameters {
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
        for parameter in &self.typed {
            if let Some(name) = &parameter.name {
                let name = moved_to(name, here);
                let shared = is_shared_reference(&parameter.ty);
                let place = count(&given);
                given.push(Given::new(&name, shared, at(&parameter.ty), here, place));
            }
        }
        given
    }

    /// An expression needs what it names, and finds it under that name.
    fn mentioned(&self, fallback: &Fallback, here: Span) -> Vec<Given> {
        let tokens = fallback.expr.to_token_stream();
        let used_up = |parameter: &&Parameter| {
            parameter.name.is_none() || !is_shared_reference(&parameter.ty)
        };
        let mut given = Vec::new();
        for parameter in self.typed.iter().filter(used_up) {
            let named = parameter.bindings.iter();
            for name in named.filter(|name| mentions(&tokens, name)) {
                let place = given.len();
                given.push(Given::new(name, false, at(&parameter.ty), here, place));
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
            return Self { local: original.clone(), clone: None, original };
        }
        Self {
            clone: Some(quote_spanned!(ty=> __circuit::clone_argument(&#name))),
            local: format_ident!("__circuit_clone{place}", span = here).to_token_stream(),
            original,
        }
    }
}
