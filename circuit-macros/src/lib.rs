//! The `#[circuit_breaker]` attribute; use it through `circuit-runtime`.
//!
//! The attribute on a function passes through these modules in order: `head` parses the function,
//! `options` parses the options, `validate` checks them against each other and the function,
//! `model` decides everything that is left open, and `expand` prints; `function` calls them. `block`
//! makes a circuit of the attribute on an `impl` block, and has each method pass through the same
//! modules, as a function that shares the circuit. `diag` collects errors on the way, and `shown`
//! writes the user's tokens into messages.

#![forbid(unsafe_code)]

mod block;
mod closest;
mod diag;
mod expand;
mod function;
mod head;
mod model;
mod options;
mod shown;
mod validate;
mod versions;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

/// Puts a circuit breaker around a function, sync or async, or one around the methods of an `impl` block.
///
/// ```text
/// #[circuit_breaker(threshold = 3, recovery = "30s", fallback = cached_price)]
/// async fn price(sku: &str) -> Result<Price, PriceError> { .. }
/// ```
///
/// On an `impl` block, async methods that return a `Result` share one circuit; in a block without any, the sync ones do. A method's own
/// `#[circuit_breaker]` has it join, with options about its calls that differ; `#[circuit_breaker(skip)]` leaves it out.
///
/// Every option is `name = value`, once, in any order; `#[circuit_breaker]` alone is valid.
///
/// | option | value | default | meaning |
/// |---|---|---|---|
/// | `threshold` | integer ≥ 1 | 5, unless `failure_rate`, `failure_count` or `throttle` is given | opens after this many failures in a row; slow-call rules don't switch it off |
/// | `failure_rate` | number in (0, 1], or `"50%"` | off | opens when failures / calls in the window reaches it |
/// | `failure_count` | integer ≥ 1 | off | opens when the window holds this many failures, whatever succeeded between them |
/// | `slow_call` | duration | off | a call that takes at least this long is slow, whatever it returns |
/// | `slow_rate` | as `failure_rate` | 0.5 when `slow_call` is given | opens when slow / calls in the window reaches it |
/// | `throttle` | number in (0, 1), or `"50%"` | off | against overload: while a larger share of the calls in the window fails, calls are rejected by chance, at most 9 of 10; the circuit stays closed |
/// | `window` | integer (calls) or duration | 100 calls; with `throttle` 10 seconds | the last N calls, or the last stretch of time, over which rates, `failure_count` and `throttle` are taken; with `throttle` a time |
/// | `min_calls` | integer ≥ 1 | 10, or a smaller count window | minimum calls before a rate or `throttle` applies |
/// | `merge_failures` | duration | off | failures within this time of the first are one for `threshold` and `failure_count`; a success ends the group; rates count all |
/// | `stall` | duration | off | a call that still runs after this long counts as a failure, as soon as somebody looks: the next call, the end of a call, `state()`, a scrape; longer than `slow_call`, shorter than `timeout`, at most a `window` of time |
/// | `recovery` | duration | `"60s"` | how long the circuit stays open before a probe may pass |
/// | `backoff` | number ≥ 1 | 1 | each opening in a row multiplies the wait by this |
/// | `max_recovery` | duration | 10 × `recovery` | cap of the wait; if given, it also caps what a service asks for (`Retry-After`) |
/// | `jitter` | number in [0, 1) | 0 | the wait, after the cap, is drawn from wait × (1 ± jitter) |
/// | `success_threshold` | integer, 1 to 1,000 | 1 | probes that must succeed for the circuit to close |
/// | `probes` | integer, `success_threshold` to 1,000 | `success_threshold` | calls that a half-open circuit admits in order to decide, and the most of them that may run at once |
/// | `probe_timeout` | duration | the longer of `recovery` and `timeout`; by hand and with `breaker`: `recovery` | how long a full round of probes lasts before more are admitted, doubled for each further round, up to ten times; not below `timeout`, with a `ping` better twice that |
/// | `ramp` | duration | off | after closing from half-open, and after `resume()` from forced open, the share of calls that pass grows from 10 % to 100 % in this time |
/// | `ping` | path or closure over the parameters, borrowed | none | what a probe runs first: on `Err`, a panic or after `timeout` the probe has failed, and the call is rejected without its body |
/// | `failure` | match-arm pattern, guard allowed | `Err(_)`; none with `classify` | results that match are failures: `failure = Err(e) if e.is_server_error()` |
/// | `ignore` | match-arm pattern, guard allowed | none | results that match count neither way; asked before `failure` |
/// | `classify` | path or closure `Fn(&Ret) -> Outcome` | none | decides results that neither `ignore` nor `failure` matches |
/// | `on_cancel` | `ignore`, `failure` or `slow` | `ignore` | what a dropped (cancelled) future counts as; `slow`: as a slow call if it had run for `slow_call`, else as nothing |
/// | `timeout` | duration | off | feature `tokio`: a call that takes longer is dropped and is a failure |
/// | `idle` | duration | off | feature `tokio`, on functions that return a stream: one that says nothing for this long between items fails |
/// | `max_concurrent` | integer ≥ 1 | off | bulkhead: calls beyond this many in flight are rejected, which doesn't count as a failure |
/// | `max_wait` | duration | off | how long a call waits for a place of the bulkhead, first come first served, before it is rejected; async: feature `tokio` |
/// | `fallback` | path, closure or any other expression | none | what runs instead of the body when the call is rejected |
/// | `fallback_on` | `open` or `any` | `open` | `open`: when the call is rejected, for any reason; `any`: also when it fails or times out |
/// | `stale` | duration | off | feature `stale`: keeps a clone of each success and gives it, up to this age, where `fallback_on` says; after it comes the `fallback` |
/// | `stale_key` | expression over the parameters, `Hash + Eq`; parameters and fields also `Clone` | none | all that the kept value depends on; needed if the function has a receiver or parameters, unless its only parameter is the `key`; `()`: one value for all, or with a `key` one for each |
/// | `max_stale` | integer ≥ 1 | 10,000 | bound on the values that are kept; the least recently used goes |
/// | `name` | string literal or constant | `module::Type::function` | the circuit's name in the registry, in errors and events; the default is unique, but its text may change between compilers |
/// | `key` | expression over the parameters | none | one circuit per distinct key |
/// | `max_keys` | integer ≥ 1 | 10,000 | bound on the circuits that `key` may create |
/// | `preset` | path of a `const` of type `Config` | none | its options are defaults: options of the attribute override them, and `threshold = off` and the like remove one |
/// | `breaker` | path | none | a `static CircuitBreaker`, or another `static` whose reference coerces to one, such as a `LazyLock`: functions share its circuit; with `key`, a `static KeyedBreaker` |
/// | `crate` | path | `::circuit_runtime` | where the runtime is, when re-exported or renamed |
///
/// A duration is a text such as `"250ms"`, `"30s"` or `"1h 30m"`. Numbers, durations and the name
/// may also be constants.
///
/// Examples of each: [the guide](https://docs.rs/circuit-runtime/latest/circuit_runtime/guide/).
#[proc_macro_attribute]
pub fn circuit_breaker(
    options: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    attribute(&options.into(), &item.into()).into()
}

/// Its own tokens. The attribute puts values that call functions into it, so that the compiler, which
/// names the macro that an error comes from, says what to do about a function that isn't `const`.
#[doc(hidden)]
#[proc_macro]
pub fn options_are_constants_use_reconfigure_at_run_time(
    value: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expand::respanned(value.into()).into()
}

fn attribute(options: &TokenStream, item: &TokenStream) -> TokenStream {
    if block::is_block(item) {
        block::attribute(options, item)
    } else {
        function::attribute(options, item)
    }
}
