//! Where code runs that isn't ours, and what happens when it panics.
//!
//! No lock of this crate is held while it runs, with one exception: a recorder runs under the locks
//! that order its reports, of which calls only try to take one (`observe::track`), and only who publishes takes the other
//! (`metrics::publish`). Code that is part of a **call** is judged: its
//! panic counts as `panicked` and goes on unwinding. The panic of code that only **observes** is
//! caught here: it changes neither the caller's answer nor the circuit. Code **beside** a call,
//! before the call is admitted or after it is recorded, panics at its caller, like any function.
//!
//! | code | where | its panic |
//! |---|---|---|
//! | a body, and what it drops at its end | `guard`, generated code | the call's |
//! | what a body drops when it is cancelled | `guard` | of a cancelled call, and goes on |
//! | guards in `failure` and `ignore`, `classify`; `Clone` of what `fallback_on = any` is given | `guard`, generated code | the call's |
//! | `poll_next` of a stream, what it drops at its end, and what judges its items | `stream` | the call's; the stream is dropped |
//! | what a stream drops at its limit | `stream` | of a call that has timed out, and goes on |
//! | what a stream or a body drops when its reader gives it up | `stream`, `integrations::tower` | of a call that ends as if it didn't panic, and goes on |
//! | tower: `poll_frame` and `is_end_stream` of a body, what it drops at its end, `BodyClassifier` and `EndClassifier` | `integrations::tower` | the call's; the body is dropped |
//! | tower: the inner service's `call`, its future, `Classify` and its `Clone` | `integrations::tower` | the call's |
//! | `Display` of the error that an annotated function returned, of the call that trips, and of a ping's | `observe::event::error_text` | contained |
//! | a `ping`, of a probe | `attribute::ping` | contained: the probe has failed |
//! | `Clone`, `Hash`, `Eq` and `Drop` of what `stale` keeps and of its key, after the call | `attribute::stale` | contained: nothing is kept, or given |
//! | listeners | `observe::event::deliver` | contained |
//! | `tracing`: the subscriber | `integrations`, its only door | contained |
//! | `metrics`: the recorder, at a transition and after a call | `integrations`, its only door | contained |
//! | wakers of tasks that wait for a circuit, or for a place of its bulkhead | `waiters`, `circuit::queue` | contained |
//! | `metrics::publish`: the recorder | by whoever publishes | beside |
//! | what a rejected stream drops; `size_hint` of a stream or a body | `stream`, `integrations::tower` | beside |
//! | a `key` and its `Display`; a `stale_key`; `From` of our errors; fallbacks | generated code | beside |
//! | tower: `poll_ready`, the key of a request, `Into<BoxError>` | `integrations::tower` | beside |
//! | OpenTelemetry: the provider that collects | by whoever collects | beside |
//! | axum: `with_actor` | the handler of a request | beside |
//! | serializers | by whoever serializes | beside |

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code whose panic must not reach us. Catches its panic, and the panic of dropping the
/// payload.
pub(crate) fn contained(foreign: impl FnOnce()) {
    let run = |code: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(code));
    let mut foreign = Some(foreign);
    let Err(payload) = run(&mut || foreign.take().into_iter().for_each(|foreign| foreign())) else {
        return;
    };
    let mut payload = Some(payload);
    if let Err(endless) = run(&mut || drop(payload.take())) {
        std::mem::forget(endless);
    }
}
