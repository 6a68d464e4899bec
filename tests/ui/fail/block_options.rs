//! Options that a block, or a method of one, would ignore.
#![allow(dead_code)]

use circuit_runtime::{CallTimeoutError, CircuitBreaker, CircuitOpenError, Config, circuit_breaker};
use std::time::Duration;

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

impl From<CallTimeoutError> for E {
    fn from(_: CallTimeoutError) -> E {
        E
    }
}

struct S {
    host: String,
}

struct G<T>(T);

struct H<const N: u32>;

trait Waits {
    const WAIT: Duration;
}

static SHARED: CircuitBreaker = CircuitBreaker::new("shared", Config::new());

fn cached(_: &S) -> Result<(), E> {
    Ok(())
}

mod of_methods {
    use super::*;

    #[circuit_breaker(fallback = cached, fallback_on = any)]
    impl S {
        fn f0(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(fallback_on = any)]
    impl S {
        fn f1(&self) -> Result<(), E> {
            Ok(())
        }
    }
}

mod of_nobody {
    use super::*;

    #[circuit_breaker(timeout = "1s", on_cancel = failure)]
    impl S {
        fn f2(&self) -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker(name = "apart")]
        async fn f3() -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(timeout = "1s", ignore = Ok(_), failure = Err(_))]
    impl S {
        #[circuit_breaker(timeout = "2s", classify = |_| circuit_runtime::Outcome::Success)]
        async fn f4(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(max_keys = 3)]
    impl S {
        fn f5(&self) -> Result<(), E> {
            Ok(())
        }
    }
}

mod with_breaker {
    use super::*;

    #[circuit_breaker(breaker = SHARED, threshold = 3)]
    impl S {
        fn f6(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(breaker = SHARED)]
    impl S {
        #[circuit_breaker(key = host)]
        fn f7(&self, host: &str) -> Result<(), E> {
            Ok(())
        }
    }
}

mod keys {
    use super::*;

    #[circuit_breaker(key = host)]
    impl S {
        fn f8(&self, host: &str) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(key = self.host)]
    impl S {
        fn f9(&self) -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker]
        fn f10(host: &str) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker]
    impl S {
        #[circuit_breaker(key = host)]
        fn f11(&self, host: &str) -> Result<(), E> {
            Ok(())
        }
    }
}

mod limits {
    use super::*;

    impl S {
        const LIMIT: u32 = 3;
        const WAIT: Duration = Duration::from_secs(1);
    }

    #[circuit_breaker(threshold = Self::LIMIT, recovery = Self::WAIT * 2, timeout = Self::WAIT)]
    impl S {
        #[circuit_breaker(timeout = Self::WAIT)]
        async fn f12(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(preset = Self::SLOW)]
    impl S {
        const SLOW: Config = Config::new().threshold(3);

        fn f21(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(threshold = Self::LIMIT)]
    impl<T> G<T> {
        fn f13(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(threshold = N)]
    impl<const N: u32> H<N> {
        fn f22(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(recovery = T::WAIT)]
    impl<T: Waits> G<T> {
        fn f23(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(threshold = self.limit)]
    impl S {
        fn f14(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(probe_timeout = "1s", timeout = "500ms")]
    impl S {
        #[circuit_breaker(timeout = "2s")]
        async fn f15(&self) -> Result<(), E> {
            Ok(())
        }
        async fn f16(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(stall = "3s")]
    impl S {
        #[circuit_breaker(timeout = "3s")]
        async fn stalled(&self) -> Result<(), E> {
            Ok(())
        }
        #[circuit_breaker(timeout = "4s")]
        async fn stalls(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker(threshold = 0, recovry = "1s", timeout = "1x")]
    impl S {
        #[circuit_breaker(fallback_on = any)]
        async fn f17(&self) -> Result<(), E> {
            Ok(())
        }
    }
}

mod names {
    use super::*;

    trait Api {
        fn f18(&self) -> Result<(), E>;
    }

    #[circuit_breaker]
    impl Api for (S, S) {
        fn f18(&self) -> Result<(), E> {
            Ok(())
        }
    }

    #[circuit_breaker]
    impl dyn Api {
        fn f19(&self) -> Result<(), E> {
            Ok(())
        }
    }

    trait Blanket {
        fn f20(&self) -> Result<(), E>;
    }

    #[circuit_breaker]
    impl<T> Blanket for T {
        fn f20(&self) -> Result<(), E> {
            Ok(())
        }
    }
}

fn main() {}
