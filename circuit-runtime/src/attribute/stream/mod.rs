//! Functions that return a stream.

#[cfg(feature = "stream")]
mod guard;
mod items;
#[cfg(not(feature = "stream"))]
mod without;

#[cfg(feature = "stream")]
pub use guard::{
    Unlimited, answer_stream, guard_keyed, guard_keyed_shared, guard_shared, guard_stream,
    idle_limit, stream_of, time_limits,
};
pub use items::{Item, ItemsOf, items, judge_item, late_item, own_key, rejected_item, stream_body};
#[cfg(not(feature = "stream"))]
pub use without::{
    Unlimited, answer_stream, guard_keyed, guard_keyed_shared, guard_shared, guard_stream,
    idle_limit, stream_of, time_limits,
};
