//! Options of a block and of its methods.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Outcome, State, circuit_breaker};

use super::super::{Answer, Error, circuit, is_rejected, snapshot};
use crate::support::{poll_once, ready, secs};

const HERE: &str = module_path!();
const FEW: u32 = 1;

struct Client;

/// The options of the block that are about calls hold for each method that has none of its own.
#[circuit_breaker(threshold = FEW, ignore = Err(Error::NotFound))]
impl Client {
    fn get(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }

    #[circuit_breaker]
    fn get_joined(&self, answer: Answer) -> Answer {
        answer
    }

    #[circuit_breaker(failure = Ok(0))]
    fn count(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }

    #[circuit_breaker(classify = |_| Outcome::Ignored)]
    fn never_counts(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }

    #[circuit_breaker(fallback = Ok(7))]
    fn or_seven(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }

    #[circuit_breaker(fallback = None, failure = None)]
    fn find(&self, found: bool) -> Option<u32> {
        found.then_some(1)
    }

    #[circuit_breaker]
    fn connect(answer: Answer) -> Result<u32, Error> {
        answer
    }
}

#[test]
fn a_methods_own_options_take_the_place_of_the_blocks() {
    let (client, name) = (Client, format!("{HERE}::Client"));
    assert_eq!(Err(Error::NotFound), client.get(Err(Error::NotFound)));
    assert_eq!(Err(Error::NotFound), client.get_joined(Err(Error::NotFound)));
    assert_eq!(Err(Error::NotFound), client.or_seven(Err(Error::NotFound)));
    assert_eq!(Err(Error::NotFound), Client::connect(Err(Error::NotFound)));
    assert_eq!((4, 0), (snapshot(&name).ignored, snapshot(&name).failures));
    // What says what a failure is takes nothing of that from the block: not even its `ignore`.
    assert_eq!(Err(Error::NotFound), client.count(Err(Error::NotFound)));
    assert_eq!(Err(Error::Down), client.never_counts(Err(Error::Down)));
    assert_eq!((5, 0, 1), {
        let seen = snapshot(&name);
        (seen.ignored, seen.failures, seen.successes)
    });
    assert_eq!(Some(1), client.find(true));
    assert_eq!(Ok(0), client.count(Ok(0)));
    assert_eq!(State::Open, circuit(&name).state(), "the first failure, by `failure = Ok(0)`");
    assert!(is_rejected(client.get(Ok(1))) && is_rejected(Client::connect(Ok(1))));
    assert_eq!((Ok(7), None), (client.or_seven(Ok(1)), client.find(true)));
    assert_eq!((4, 2), (snapshot(&name).rejected, snapshot(&name).fallbacks));
}

struct Mixed;

#[circuit_breaker(name = "blocks: mixed", threshold = 1, ignore = Err(Error::NotFound))]
impl Mixed {
    fn of_the_block(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }

    #[circuit_breaker(threshold = 2)]
    fn of_its_own(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }

    #[circuit_breaker(name = "blocks: named", threshold = 1, fallback = Ok(7))]
    fn named(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }
}

#[test]
fn a_method_with_a_circuit_of_its_own_takes_nothing_from_the_block() {
    assert_eq!(Err(Error::Down), Mixed.of_the_block(Err(Error::Down)));
    assert!(is_rejected(Mixed.of_the_block(Ok(1))));
    assert_eq!(Err(Error::NotFound), Mixed.of_its_own(Err(Error::NotFound)));
    let own = snapshot(&format!("{HERE}::Mixed::of_its_own"));
    assert_eq!((1, 0), (own.failures, own.ignored));
    assert_eq!(Err(Error::NotFound), Mixed.named(Err(Error::NotFound)));
    assert_eq!(Ok(7), Mixed.named(Ok(1)));
    assert_eq!((1, 1), (snapshot("blocks: named").failures, snapshot("blocks: named").fallbacks));
    let block = snapshot("blocks: mixed");
    assert_eq!((1, 1, 0), (block.failures, block.rejected, block.ignored));
}

struct Limited;

const LONG: Duration = Duration::from_secs(40);

#[circuit_breaker(name = "blocks: limited", threshold = 1, recovery = "10s", timeout = "1s")]
impl Limited {
    async fn hangs(&self) -> Result<u32, Error> {
        pending().await
    }

    #[circuit_breaker(timeout = "20s")]
    async fn hangs_longer(&self) -> Result<u32, Error> {
        pending().await
    }

    #[circuit_breaker(timeout = LONG, fallback = Ok(7), fallback_on = any)]
    async fn hangs_longest(&self) -> Result<u32, Error> {
        pending().await
    }

    #[circuit_breaker]
    fn blocks(&self) -> Result<u32, Error> {
        Ok(1)
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_holds_for_the_async_methods() {
    let started = tokio::time::Instant::now();
    let name = "blocks: limited";
    assert!(matches!(Limited.hangs().await, Err(Error::TimedOut(_))));
    assert_eq!(secs(1), started.elapsed());
    assert_eq!((1, State::Open), (snapshot(name).timed_out, circuit(name).state()));
    circuit(name).reset();
    assert!(matches!(Limited.hangs_longer().await, Err(Error::TimedOut(_))));
    assert_eq!(secs(21), started.elapsed());
    circuit(name).reset();
    assert_eq!(Ok(1), Limited.blocks());
    assert_eq!(Ok(7), Limited.hangs_longest().await);
    assert_eq!(secs(61), started.elapsed());
    assert_eq!((3, 3), (snapshot(name).timed_out, snapshot(name).failures));
}

struct Probed;

#[circuit_breaker(name = "blocks: probed", threshold = 1, recovery = "10s", timeout = "1s")]
impl Probed {
    async fn fails(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }

    #[circuit_breaker(timeout = "20s")]
    async fn hangs(&self) -> Result<u32, Error> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_has_as_long_as_the_longest_timeout_of_the_block() {
    let time = freeze();
    assert_eq!(Err(Error::Down), Probed.fails(Err(Error::Down)).await);
    time.advance(secs(10));
    let mut probe = pin!(Probed.hangs());
    assert!(poll_once(probe.as_mut()).is_pending());
    // `recovery` alone would have another round begin after ten seconds.
    time.advance(secs(19));
    assert!(is_rejected(Probed.fails(Ok(1)).await));
    time.advance(secs(1));
    assert_eq!(Ok(1), Probed.fails(Ok(1)).await);
}

struct Cancelled;

#[circuit_breaker(name = "blocks: cancelled", threshold = 1, on_cancel = failure)]
impl Cancelled {
    async fn hangs(&self) -> Result<u32, Error> {
        pending().await
    }

    #[circuit_breaker]
    fn blocks(&self) -> Result<u32, Error> {
        Ok(1)
    }
}

#[test]
fn on_cancel_is_of_the_blocks_circuit() {
    assert_eq!(Ok(1), Cancelled.blocks());
    assert!(poll_once(pin!(Cancelled.hangs())).is_pending());
    assert!(is_rejected(ready(Cancelled.hangs())) && is_rejected(Cancelled.blocks()));
    assert_eq!(1, snapshot("blocks: cancelled").cancelled);
}
