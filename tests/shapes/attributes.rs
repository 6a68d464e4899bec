//! Other attributes beside ours, in either order.

use super::super::{Error, block_on, call};
use super::circuit_breaker;

type Number = Result<u8, Error>;

#[async_recursion::async_recursion]
#[circuit_breaker]
async fn recursive(n: u8) -> Number {
    if n == 0 { Ok(0) } else { Ok(recursive(n - 1).await? + 1) }
}

#[circuit_breaker(key = text, fallback = |_, n| Ok(n))]
#[async_recursion::async_recursion]
async fn recursive_below(text: &str, mut n: u8) -> Number {
    n = n.saturating_sub(1);
    if n == 0 { Ok(0) } else { Ok(recursive_below(text, n).await? + 1) }
}

#[tracing::instrument(skip(b), fields(a))]
#[circuit_breaker(key = a, fallback = Ok(a))]
async fn instrumented((a, mut b): (u8, u8)) -> Number {
    b += a;
    Ok(b)
}

#[circuit_breaker(key = a, fallback = Ok(a))]
#[tracing::instrument(skip_all)]
async fn instrumented_below((a, mut b): (u8, u8)) -> Number {
    b += a;
    Ok(b)
}

/** In a block. */
#[circuit_breaker]
#[must_use]
/// And in a line.
#[inline]
fn documented() -> Number {
    //! And inside.
    #![allow(unused_mut)]
    let mut n = 1;
    Ok(n)
}

pub fn run() {
    call("recursive", || block_on(recursive(3)));
    call("recursive below", || block_on(recursive_below("a", 3)));
    call("instrumented", || block_on(instrumented((1, 2))));
    call("instrumented below", || block_on(instrumented_below((1, 2))));
    call("documented", documented);
}
