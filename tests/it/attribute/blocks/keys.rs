//! A block with a circuit for each key.

use circuit_runtime::test_util::freeze;
use circuit_runtime::{State, circuit_breaker};

use super::super::{Answer, Error, circuit, is_rejected, snapshot};
use crate::support::{ready, secs, wait_once};

struct Client {
    host: &'static str,
}

#[circuit_breaker(name = "blocks: keyed", threshold = 1, recovery = "10s", key = self.host)]
impl Client {
    fn get(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }

    fn get_twice(&self, answer: Answer) -> Result<u32, Error> {
        Ok(self.get(answer)? + self.get(answer)?)
    }

    fn get_from(&self, other: &Client, answer: Answer) -> Result<u32, Error> {
        other.get(answer)
    }

    #[circuit_breaker(key = host)]
    fn get_by(&self, host: &str, answer: Answer) -> Result<u32, Error> {
        let _ = host;
        answer
    }

    #[circuit_breaker(key = host, fallback = Ok(7))]
    fn connect(host: &str, answer: Answer) -> Result<u32, Error> {
        let _ = host;
        answer
    }
}

#[test]
fn each_key_has_a_circuit_for_all_methods() {
    let (a, b) = (Client { host: "a" }, Client { host: "b" });
    assert_eq!(Err(Error::Down), a.get(Err(Error::Down)));
    assert!(is_rejected(a.get_twice(Ok(1))) && is_rejected(b.get_by("a", Ok(1))));
    assert_eq!(Ok(7), Client::connect("a", Ok(1)));
    assert_eq!((Ok(1), Ok(1)), (b.get(Ok(1)), a.get_by("b", Ok(1))));
    let circuit = circuit("blocks: keyed");
    let [a, b] = ["a", "b"].map(|key| circuit.snapshot_of(key).unwrap());
    assert_eq!((State::Open, 3, 1), (a.state, a.rejected, a.fallbacks));
    assert_eq!((State::Closed, 2), (b.state, b.successes));
}

#[test]
fn a_call_within_a_call_of_the_same_key_passes_through() {
    let time = freeze();
    let (c, d) = (Client { host: "c" }, Client { host: "d" });
    assert_eq!(Err(Error::Down), c.get_twice(Err(Error::Down)));
    time.advance(secs(10));
    assert_eq!(Ok(2), c.get_twice(Ok(1)), "the probe is the outer call alone");
    assert_eq!(Ok(1), c.get_from(&d, Ok(1)), "another key's is a call of its own");
    let circuit = circuit("blocks: keyed");
    let [c, d] = ["c", "d"].map(|key| circuit.snapshot_of(key).unwrap());
    assert_eq!((State::Closed, 1, 2, 0), (c.state, c.failures, c.successes, c.rejected));
    assert_eq!((1, 0), (d.successes, d.failures));
}

#[test]
fn so_it_does_in_a_poll_and_without_a_key_of_its_own() {
    struct Later(String);

    #[circuit_breaker(name = "blocks: keyed, later", threshold = 1, key = self.0)]
    impl Later {
        async fn leaf(&self) -> Result<u32, Error> {
            Ok(1)
        }

        async fn both(&self, other: &Later) -> Result<u32, Error> {
            wait_once().await;
            Ok(self.leaf().await? + other.leaf().await?)
        }
    }

    let (long, other) = (Later("l".repeat(400)), Later("b".into()));
    let mut call = std::pin::pin!(long.both(&other));
    assert!(crate::support::poll_once(call.as_mut()).is_pending());
    assert_eq!(Ok(2), ready(call));
    assert_eq!(2, snapshot("blocks: keyed, later").successes);
}

struct Few(&'static str);

#[circuit_breaker(name = "blocks: few keys", threshold = 1, max_keys = 1, key = self.0)]
impl Few {
    fn get(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }

    /// While it runs, the one circuit there may be goes to another key, and its calls are made.
    fn lends(&self, other: &Few, answer: Answer) -> Result<u32, Error> {
        assert!(circuit("blocks: few keys").forget(self.0));
        other.get(Ok(1))?;
        other.get(answer)
    }
}

#[test]
fn a_circuit_that_has_gone_to_another_key_is_another() {
    assert_eq!(Err(Error::Down), Few("a").lends(&Few("b"), Err(Error::Down)));
    let seen = circuit("blocks: few keys").snapshot_of("b").unwrap();
    assert_eq!((State::Open, 1, 1), (seen.state, seen.successes, seen.failures));
    assert!(is_rejected(Few("b").get(Ok(1))));
    // The outer call came late, since its key has lost its circuit.
    assert_eq!((1, 1), {
        let sum = snapshot("blocks: few keys");
        (sum.failures, sum.late)
    });
}
