//! Names that mean something else to a block than to its author.
#![allow(dead_code)]

use circuit_runtime::circuit_breaker as cb;
use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

struct S;
struct G<T>(T);

#[circuit_breaker]
impl S {
    fn one(&self) -> Result<(), E> {
        Ok(())
    }
}

#[circuit_breaker]
impl S {
    fn two(&self) -> Result<(), E> {
        Ok(())
    }
}

#[circuit_breaker]
impl G<u8> {
    fn one(&self) -> Result<(), E> {
        Ok(())
    }
}

#[circuit_breaker]
impl G<u8> {
    fn two(&self) -> Result<(), E> {
        Ok(())
    }
}

mod renamed {
    use super::*;

    #[cb]
    impl S {
        #[cb]
        fn guarded(&self) -> Result<(), E> {
            Ok(())
        }
        #[cb(skip)]
        fn skipped(&self) -> Result<(), E> {
            Ok(())
        }
        #[cb]
        fn without_receiver() -> Result<(), E> {
            Ok(())
        }
        #[cfg_attr(all(), cb)]
        fn under_a_condition(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[async_trait::async_trait]
    trait Api {
        async fn fetch(&self) -> Result<(), E>;
    }

    #[cb]
    #[async_trait::async_trait]
    impl Api for S {
        #[cb]
        async fn fetch(&self) -> Result<(), E> {
            Ok(())
        }
    }
}

mod guarded_twice {
    use super::*;

    #[cb]
    #[circuit_breaker]
    impl S {
        fn five(&self) -> Result<(), E> {
            Ok(())
        }
        fn six(&self) -> Result<(), E> {
            Ok(())
        }
    }
}

mod no_such_crate_at_all {
    use super::*;

    #[circuit_breaker(crate = ::no_such_crate)]
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
