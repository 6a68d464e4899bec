//! The errors of one use of the attribute, collected and reported together.

use std::fmt::Display;

use quote::ToTokens;

/// Errors in the order in which they were found.
#[derive(Default, Clone)]
pub(crate) struct Problems(Option<syn::Error>);

impl Problems {
    /// Adds a message that points at the user's tokens `at`.
    pub(crate) fn add(&mut self, at: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(at, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// `Err` if anything was added.
    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// What a parser expected, in plain words: syn lists every token that may come next.
pub(crate) fn plainly(expected: &str) -> &str {
    match expected {
        list if list.contains("`ref`") => "a pattern",
        list if list.contains("`dyn`") => "a type",
        "identifier or integer" => "a field or a method",
        "identifier" => "a name",
        "delimiter" => "`(..)`",
        other => other,
    }
}
