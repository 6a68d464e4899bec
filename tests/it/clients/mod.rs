//! Clients that people have, guarded by one attribute on their `impl` block. The outside is that of real
//! ones, as their documentation has it; what is inside answers from memory.
//!
//! Of 47 methods of the search service, 3 need a `skip`, and of 58 of the key-value store none. Of 85 of the
//! object store's bucket it is 15: 5 that make another bucket, which the attribute asks for, and 10 async
//! ones that ask nobody, and must not count as successes of the service.

#![allow(dead_code, unreachable_pub, reason = "a client has more than a test calls")]
#![allow(clippy::all, clippy::pedantic, reason = "they are as users write them")]

mod bucket;
mod key_value;
mod search;

use circuit_runtime::CircuitOpenError;

/// What their methods fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Open(#[from] CircuitOpenError),
    #[error("no answer")]
    NoAnswer,
    #[error("bad request")]
    BadRequest,
}

/// What the service answers with.
#[derive(Debug, Default)]
pub(crate) struct Reply;

impl Reply {
    fn from_service(up: bool) -> Result<Reply, Error> {
        if up { Ok(Reply) } else { Err(Error::NoAnswer) }
    }
}

#[test]
fn few_methods_need_a_skip() {
    let counts = |source: &str| {
        let block = source.split("#[circuit_breaker(name").nth(1).expect("a guarded block");
        let block = block.split("\n}\n").next().expect("its end");
        let is_method = |line: &&str| line.contains("fn ") && line.contains("self");
        (block.lines().filter(is_method).count(), block.matches("#[circuit_breaker(skip)]").count())
    };
    assert_eq!((47, 3), counts(include_str!("search.rs")));
    assert_eq!((58, 0), counts(include_str!("key_value.rs")));
    assert_eq!((85, 15), counts(include_str!("bucket.rs")));
}
