//! Blocks and methods of them that the attribute can't make sense of.
#![allow(dead_code)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};
use std::pin::Pin;

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

struct S;
type Answer = Result<(), E>;

mod undecided {
    use super::*;

    #[circuit_breaker]
    impl S {
        async fn fetch(&self) -> Result<(), E> {
            Ok(())
        }
        fn blocks(&self) -> Result<(), E> {
            Ok(())
        }
        fn blocks_too(&self) -> std::io::Result<()> {
            Ok(())
        }
        async fn counts(&self) -> u8 {
            1
        }
        async fn under_another_name(&self) -> Answer {
            Ok(())
        }
        async fn nothing(&mut self) {}
        fn counts_later(&self) -> Pin<Box<dyn Future<Output = u8>>> {
            Box::pin(async move { 1 })
        }
    }
}

mod constant {
    use super::*;

    #[circuit_breaker]
    impl S {
        fn fetch_one(&self) -> Result<(), E> {
            Ok(())
        }
        const fn known(&self) -> Result<(), E> {
            Ok(())
        }
    }
}

mod joined {
    use super::*;

    #[circuit_breaker]
    impl S {
        #[circuit_breaker]
        fn a(&self) -> u8 {
            1
        }
        #[circuit_breaker]
        async fn b(&self) {}
        #[circuit_breaker]
        fn c(&self) -> Pin<Box<dyn Future<Output = Result<(), E>> + '_>> {
            Box::pin(self.d())
        }
        async fn d(&self) -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker(timeout = "1s")]
        fn e(&self) -> Result<(), E> {
            Ok(())
        }
    }
}

mod attributes {
    use super::*;

    macro_rules! getters {
        () => {
            fn getter(&self) -> u8 {
                1
            }
        };
    }

    #[circuit_breaker]
    impl S {
        fn f0(&self) -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker]
        #[circuit_breaker(skip)]
        fn f1(&self) -> Result<(), E> {
            Ok(())
        }
        #[cfg_attr(all(), circuit_breaker(skip))]
        fn f2(&self) -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker[skip]]
        fn f3(&self) -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker(skip, threshold = 3)]
        fn f4(&self) -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker(skip = true)]
        fn f5(&self) -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker(treshold = 3)]
        fn f6(&self) -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker]
        const LIMIT: u8 = 3;
        getters! {}
    }

    struct T;

    #[circuit_breaker]
    impl T {
        #[circuit_breaker(threshold = 3)]
        getters! {}
        fn f(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker]
    #[circuit_breaker(threshold = 3)]
    impl T {
        fn twice(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(skip)]
    impl T {
        fn skipped(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(skip)]
    fn function() -> Result<(), E> {
        Ok(())
    }
}

mod nothing_to_guard {
    use super::*;

    struct T;

    #[circuit_breaker]
    impl T {}

    #[circuit_breaker(threshold = 3)]
    impl S {
        fn another_getter(&self) -> u8 {
            1
        }
        fn without_receiver() -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker(skip)]
        fn skipped(&self) -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker(name = "of its own")]
        fn apart(&self) -> Result<(), E> {
            Ok(())
        }
    }
}

fn main() {}
