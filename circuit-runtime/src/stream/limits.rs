//! How long a stream may be silent.

use std::task::{Context, Poll};
use std::time::Duration;

use crate::permit::{Handle, RawPermit};

/// How long a stream may take to its first item, and between items.
pub(crate) trait Limits {
    /// Whether it may end the stream.
    const MAY_END: bool;

    /// The call has been admitted.
    fn begin<H: Handle>(&mut self, permit: RawPermit<H>) -> RawPermit<H>;

    /// An item has come; the first that isn't ignored ends what measures up to the first one.
    fn item(&mut self, counts: bool);

    /// The stream is silent; ready with the limit that is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Duration>;
}

/// For as long as it likes.
pub(crate) struct Unlimited;

impl Limits for Unlimited {
    const MAY_END: bool = false;

    fn begin<H: Handle>(&mut self, permit: RawPermit<H>) -> RawPermit<H> {
        permit
    }

    fn item(&mut self, _: bool) {}

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<Duration> {
        Poll::Pending
    }
}
