//! Where generated code finds what it names.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::ExprPath;

use super::at;

/// `use ::circuit_runtime::__private as __circuit;`
pub(crate) fn import(runtime: Option<&ExprPath>) -> TokenStream {
    import_as(&Ident::new("__circuit", Span::mixed_site()), runtime)
}

/// The same under another name. A wrong `crate = path` is one error: each place that needs the runtime
/// imports it, and for two imports the compiler says the same.
pub(super) fn import_as(name: &Ident, runtime: Option<&ExprPath>) -> TokenStream {
    match runtime {
        None => {
            let site = Span::mixed_site();
            quote_spanned!(site=> use ::circuit_runtime::__private as #name;)
        }
        Some(path) => {
            let site = at(path);
            quote_spanned!(site=> use #path::__private as #name;)
        }
    }
}
