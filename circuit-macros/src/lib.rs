//! The `#[circuit_breaker]` attribute; use it through `circuit-runtime`.
//!
//! One attribute passes through these files in order: `head` takes the
//! function apart, `options` reads what is in the parentheses, `validate`
//! holds the rules between the options and the function, `model` decides all
//! that is still open, `expand` prints. `diag` collects what went wrong on
//! the way.

#![forbid(unsafe_code)]

mod diag;
mod expand;
mod head;
mod model;
mod options;
mod validate;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;

/// Puts a circuit breaker around a function, sync or async.
///
/// ```text
/// #[circuit_breaker(threshold = 3, recovery = "30s", fallback = cached_price)]
/// async fn price(sku: &str) -> Result<Price, PriceError> { .. }
/// ```
///
/// Every option is `name = value`, once, in any order; `#[circuit_breaker]` alone is valid.
///
/// | about | options |
/// |---|---|
/// | when it opens | `threshold`, `failure_rate`, `slow_call`, `slow_rate`, `window`, `min_calls` |
/// | how it closes again | `recovery`, `backoff`, `max_recovery`, `jitter`, `success_threshold`, `probes`, `probe_timeout` |
/// | what a call counts as | `failure`, `ignore`, `classify`, `on_cancel`, `timeout` |
/// | calls in flight | `max_concurrent` |
/// | what runs instead | `fallback`, `fallback_on` |
/// | which circuit | `name`, `key`, `max_keys`, `breaker` |
/// | where the runtime is | `crate` |
///
/// Values, defaults and meanings: [all options](https://docs.rs/circuit-runtime/latest/circuit_runtime/#options).
/// Examples of each: [the guide](https://docs.rs/circuit-runtime/latest/circuit_runtime/guide/).
#[proc_macro_attribute]
pub fn circuit_breaker(
    options: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    attribute(options.into(), &item.into()).into()
}

/// Input: `threshold = 3`, and `fn f() -> Result<(), E> { .. }`.
///
/// Output: the function with its body guarded. When something is wrong, the
/// errors and the function as it was: its callers then stay free of errors, and
/// the editor goes on completing in its body.
fn attribute(options: TokenStream, item: &TokenStream) -> TokenStream {
    match model::Model::new(options, item) {
        Ok(model) => expand::function(&model),
        Err(problems) => {
            let problems = problems.to_compile_error();
            quote!(#item #problems)
        }
    }
}
