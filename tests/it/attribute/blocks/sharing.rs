//! Several blocks, one circuit.

use circuit_runtime::{CircuitBreaker, Config, circuit_breaker};

use super::super::{Answer, Error, is_rejected};
use crate::support::ready;

static PAYMENTS: CircuitBreaker = CircuitBreaker::new("blocks: shared", Config::new().threshold(2));

struct Payments;

trait Refunds {
    async fn refund(&self, answer: Answer) -> Result<u32, Error>;
}

#[circuit_breaker(breaker = PAYMENTS)]
impl Payments {
    fn charge(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }
}

#[circuit_breaker(breaker = PAYMENTS, ignore = Err(Error::NotFound))]
impl Payments {
    fn find(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }
}

#[circuit_breaker(breaker = PAYMENTS)]
impl Refunds for Payments {
    async fn refund(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }
}

#[circuit_breaker(breaker = PAYMENTS)]
impl<T> Refunds for (Payments, T) {
    async fn refund(&self, answer: Answer) -> Result<u32, Error> {
        self.0.refund(answer).await
    }
}

#[circuit_breaker(breaker = PAYMENTS)]
fn ping(answer: Answer) -> Answer {
    answer
}

#[test]
fn blocks_and_functions_share_a_static() {
    assert_eq!(Err(Error::NotFound), Payments.find(Err(Error::NotFound)));
    assert_eq!(Err(Error::Down), Payments.charge(Err(Error::Down)));
    assert_eq!(Err(Error::Down), ready((Payments, 1).refund(Err(Error::Down))));
    assert!(is_rejected(Payments.find(Ok(1))) && is_rejected(Payments.charge(Ok(1))));
    assert!(is_rejected(ready(Payments.refund(Ok(1)))) && is_rejected(ping(Ok(1))));
    let seen = PAYMENTS.snapshot();
    assert_eq!((0, 2, 4, 1), (seen.successes, seen.failures, seen.rejected, seen.ignored));
    assert_eq!(PAYMENTS.name(), "blocks: shared");
}

struct Twice;

#[circuit_breaker(name = "blocks: first of two")]
impl Twice {
    fn one(&self) -> Result<u32, Error> {
        Ok(1)
    }
}

#[circuit_breaker]
impl Twice {
    fn two(&self) -> Result<u32, Error> {
        Ok(2)
    }
}

#[test]
fn two_blocks_of_a_type_have_two_circuits_by_two_names() {
    assert_eq!((Ok(1), Ok(2)), (Twice.one(), Twice.two()));
    let successes = |name: &str| super::snapshot(name).successes;
    assert_eq!(1, successes("blocks: first of two"));
    assert_eq!(1, successes(concat!(module_path!(), "::Twice")));
}
