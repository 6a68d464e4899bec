//! What a block can't see and the compiler finds.
#![allow(dead_code)]

use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config, circuit_breaker};
use std::future::Ready;

struct E;
struct Plain;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

struct S {
    host: String,
}

type Answer = Result<(), E>;
type Later = Ready<u8>;

static SHARED: CircuitBreaker = CircuitBreaker::new("shared", Config::new());

trait Api {
    type Out;
    fn out(&self) -> Self::Out;
    fn fetch(&self) -> Result<(), E>;
}

#[circuit_breaker]
impl S {
    fn fetch(&self) -> Result<(), E> {
        Ok(())
    }
    fn under_another_name(&self) -> Answer {
        Ok(())
    }
    fn later(&self) -> Later {
        std::future::ready(1)
    }
    fn ends_so(&self) -> QueryResult {
        QueryResult
    }
    fn cannot_be_rejected(&self) -> Result<(), Plain> {
        Ok(())
    }
    fn body(&self) -> Result<u8, E> {
        Ok("text")
    }
}

struct QueryResult;

#[circuit_breaker]
impl Api for S {
    type Out = Result<u8, E>;
    fn out(&self) -> Self::Out {
        Ok(1)
    }
    fn fetch(&self) -> Result<(), E> {
        Ok(())
    }
}

mod options {
    use super::*;

    #[circuit_breaker(breaker = SHARED, failure = Err(e) if e.is_down())]
    impl S {
        fn one(&self) -> Result<(), E> {
            Ok(())
        }
        fn two(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(key = self.port)]
    impl S {
        fn three(&self) -> Result<(), E> {
            Ok(())
        }
        fn four(&self) -> Result<(), E> {
            Ok(())
        }
    }
}

fn main() {}
