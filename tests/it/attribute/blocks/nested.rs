//! Methods of a block that call each other.

use circuit_runtime::test_util::freeze;
use circuit_runtime::{State, circuit_breaker};

use super::super::{Answer, Error, circuit, snapshot};
use crate::support::{poll_once, ready, secs, wait_once};
use std::pin::pin;

struct Session {
    token: Answer,
}

#[circuit_breaker(name = "blocks: session", threshold = 1, recovery = "10s")]
impl Session {
    fn login(&self) -> Result<u32, Error> {
        self.token
    }

    fn fetch(&self, answer: Answer) -> Result<u32, Error> {
        self.login()?;
        answer
    }

    fn fetch_twice(&self, answer: Answer) -> Result<u32, Error> {
        Ok(self.fetch(answer)? + self.fetch(answer)?)
    }
}

#[test]
fn a_method_within_another_is_part_of_its_call() {
    let time = freeze();
    let name = "blocks: session";
    let down = Session { token: Err(Error::Down) };
    assert_eq!(Err(Error::Down), down.fetch_twice(Ok(1)));
    assert_eq!((1, State::Open), (snapshot(name).failures, circuit(name).state()));
    time.advance(secs(10));
    let up = Session { token: Ok(0) };
    assert_eq!(Ok(2), up.fetch_twice(Ok(1)), "one probe is enough");
    let seen = snapshot(name);
    assert_eq!(
        (State::Closed, 1, 1, 0),
        (seen.state, seen.successes, seen.failures, seen.rejected)
    );
}

struct Later;

#[circuit_breaker(name = "blocks: later", threshold = 1, recovery = "10s")]
impl Later {
    async fn login(&self, answer: Answer) -> Result<u32, Error> {
        wait_once().await;
        answer
    }

    async fn fetch(&self, answer: Answer) -> Result<u32, Error> {
        wait_once().await;
        self.login(answer).await
    }

    #[circuit_breaker(fallback = Ok(7), fallback_on = any)]
    async fn or_seven(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }

    async fn fetch_or_seven(&self, answer: Answer) -> Result<u32, Error> {
        self.or_seven(answer).await
    }
}

fn run(call: impl Future<Output = Answer>) -> Answer {
    let mut call = pin!(call);
    loop {
        if let std::task::Poll::Ready(answer) = poll_once(call.as_mut()) {
            return answer;
        }
    }
}

#[test]
fn so_is_an_async_one_in_each_poll() {
    let time = freeze();
    let name = "blocks: later";
    assert_eq!(Err(Error::Down), run(Later.fetch(Err(Error::Down))));
    time.advance(secs(10));
    assert_eq!(Ok(1), run(Later.fetch(Ok(1))));
    assert_eq!(Ok(7), ready(Later.fetch_or_seven(Err(Error::Down))), "the fallback still acts");
    let seen = snapshot(name);
    assert_eq!(
        (State::Closed, 2, 1, 0, 0),
        (seen.state, seen.successes, seen.failures, seen.rejected, seen.fallbacks)
    );
}

#[tokio::test]
async fn what_a_method_spawns_is_a_call_of_its_own() {
    struct Spawns;

    #[circuit_breaker(name = "blocks: spawns")]
    impl Spawns {
        async fn leaf(&self) -> Result<u32, Error> {
            Ok(1)
        }

        async fn spawns(&self) -> Result<u32, Error> {
            tokio::spawn(Spawns.leaf()).await.unwrap()
        }
    }

    assert_eq!(Ok(1), Spawns.spawns().await);
    assert_eq!(2, snapshot("blocks: spawns").successes);
}
