//! The names of a parameter that the signature has as a whole, for an option that uses them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::{Pat, PatIdent};

use super::parameters::{Parameters, Shape, Shown, allow, allow_name, may_have_drop};
use super::pattern::{has_reference, plain, pruned, variable};
use crate::model::names::Free;

/// What a pattern of the user's may be blamed for when it is matched a second time.
const PARTS: [&str; 3] =
    ["clippy::shadow_reuse", "clippy::shadow_unrelated", "clippy::pattern_type_mismatch"];

impl Parameters<'_> {
    /// For an expression that takes nothing away: a variable that can be copied is one, any other
    /// is a reference to it.
    pub(super) fn seen(&self, free: &Free) -> TokenStream {
        let site = Span::mixed_site();
        let mut statements = TokenStream::new();
        for (shown, whole) in self.whole(free) {
            let parts = shown.parts(free);
            let allow = shown.allow_unused();
            if shown.is_copied() {
                statements.extend(quote_spanned!(site=> #allow let #parts = #whole;));
                continue;
            }
            let place = shown.borrowed(whole);
            statements.extend(quote_spanned!(site=> #allow let #parts = #place;));
            for name in shown.of.used_names(free) {
                let allow = allow_name(name);
                statements.extend(quote_spanned! {site=>
                    #allow let #name = __circuit::Seen::of(#name).__circuit_seen();
                });
            }
        }
        statements
    }

    /// For a closure, which is also given the whole: what it uses can be copied.
    pub(super) fn copied(&self, free: &Free) -> TokenStream {
        let site = Span::mixed_site();
        self.whole(free)
            .map(|(shown, whole)| {
                let (parts, allow) = (shown.parts(free), shown.allow_unused());
                quote_spanned!(site=> #allow let #parts = #whole;)
            })
            .collect()
    }

    /// For an expression that may take all, and stands in the body's place: what it leaves is dropped
    /// in the order in which a body would leave it.
    pub(super) fn taken(&self, free: &Free) -> TokenStream {
        let site = Span::mixed_site();
        let mut statements = TokenStream::new();
        let mut rest = false;
        for shown in &self.typed {
            let is_seen = self.is_ordered && may_have_drop(&shown.of.input.ty);
            match &shown.shape {
                Shape::Whole(name) => {
                    if rest && is_seen && !shown.of.in_body {
                        statements.extend(quote_spanned!(site=> let #name = #name;));
                    }
                    if shown.of.is_used(free) {
                        let (parts, allow) = (shown.variables(free), shown.allow_unused());
                        statements.extend(quote_spanned!(site=> #allow let #parts = #name;));
                        rest |= is_seen;
                    }
                }
                Shape::Variable(_) | Shape::Kept => {
                    for (index, binding) in shown.of.bindings.iter().enumerate() {
                        let name = &binding.ident;
                        let is_used = free.has(name);
                        let changes = is_used && self.loses_mut && binding.mutability.is_some();
                        if binding.by_ref.is_some() || !(changes || (rest && is_seen)) {
                            continue;
                        }
                        let own = if is_used {
                            variable(binding)
                        } else {
                            plain(format_ident!("__circuit_kept{index}", span = site))
                        };
                        let allow = allow_name(name);
                        statements.extend(quote_spanned!(site=> #allow let #own = #name;));
                        rest |= is_seen;
                    }
                }
            }
        }
        statements
    }

    /// Those of which `free` uses parts.
    fn whole<'a>(&'a self, free: &'a Free) -> impl Iterator<Item = (&'a Shown<'a>, &'a Ident)> {
        self.typed.iter().filter_map(|shown| match &shown.shape {
            Shape::Whole(name) if shown.of.is_used(free) => Some((shown, name)),
            _ => None,
        })
    }
}

impl Shown<'_> {
    /// The pattern with nothing in it but what `free` uses.
    fn parts(&self, free: &Free) -> Pat {
        let keep = |name: &PatIdent| free.has(&name.ident).then(|| plain(name.ident.clone()));
        pruned(&self.of.pattern, &keep, self.of.uses_macro(free))
    }

    /// [`parts`](Self::parts) as the function has them.
    fn variables(&self, free: &Free) -> Pat {
        let keep = |name: &PatIdent| free.has(&name.ident).then(|| variable(name));
        pruned(&self.of.pattern, &keep, self.of.uses_macro(free))
    }

    /// The pattern with nothing in it but `name`.
    pub(super) fn part(&self, name: &Ident) -> Pat {
        let keep = |it: &PatIdent| (it.ident == *name).then(|| plain(name.clone()));
        pruned(&self.of.pattern, &keep, self.of.macro_words.contains(name))
    }

    /// Its parts are copied when it is taken apart.
    pub(super) fn is_copied(&self) -> bool {
        self.of.is_shared() || has_reference(&self.of.pattern)
    }

    pub(super) fn borrowed(&self, whole: &Ident) -> TokenStream {
        let site = Span::mixed_site();
        if self.of.is_exclusive() {
            quote_spanned!(site=> &*#whole)
        } else {
            quote_spanned!(site=> &#whole)
        }
    }

    /// What a macro binds may have no use.
    pub(super) fn allow_unused(&self) -> TokenStream {
        if self.of.macro_words.is_empty() {
            allow(&PARTS)
        } else {
            allow(&[["unused_variables"].as_slice(), &PARTS].concat())
        }
    }
}
