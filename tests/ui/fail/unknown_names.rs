//! Names that are not there, or not there yet: the compiler's own errors, where the name is.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(threshold = LIMIT)]
fn unknown() -> Result<(), E> {
    Ok(())
}

fn limit() -> u32 {
    3
}

#[circuit_breaker(threshold = limit())]
fn run_time_value() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = limit() + 1)]
fn run_time_sum() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = { limit() })]
fn run_time_block() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = limit())]
fn run_time_window() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(name = "a".to_owned().leak())]
fn run_time_name() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = 1, max_keys = limit())]
fn run_time_keys() -> Result<(), E> {
    Ok(())
}

static CONFIG: std::sync::LazyLock<S> = std::sync::LazyLock::new(|| S { limit: 3 });

#[circuit_breaker(threshold = CONFIG.limit)]
fn run_time_field() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = N)]
fn const_generic<const N: u32>() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = cached)]
fn fallback() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(breaker = PAYMENTS)]
fn breaker() -> Result<(), E> {
    Ok(())
}

struct S {
    limit: u32,
}

impl S {
    const LIMIT: u32 = 3;

    #[circuit_breaker(threshold = Self::LIMIT)]
    fn self_constant() -> Result<(), E> {
        Ok(())
    }

    fn cached(&self) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(fallback = cached)]
    fn self_fallback(&self) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(fallback = cached, fallback_on = any)]
    async fn self_fallback_async(&self) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(ping = cached)]
    fn self_ping(&self) -> Result<(), E> {
        Ok(())
    }

    fn default_value() -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(fallback = default_value)]
    fn self_function() -> Result<(), E> {
        Ok(())
    }
}

trait Client {
    fn cached(&self) -> Result<(), E>;

    fn call(&self) -> Result<(), E>;

    #[circuit_breaker(fallback = cached)]
    fn self_fallback_of_trait(&self) -> Result<(), E> {
        Ok(())
    }
}

impl Client for S {
    fn cached(&self) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(fallback = cached)]
    fn call(&self) -> Result<(), E> {
        Ok(())
    }
}

#[circuit_breaker(preset = shared::SLOW)]
fn unknown_preset() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(crate = ::no_such_crate)]
fn wrong_crate() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker]
fn body() -> Result<(), E> {
    missing();
    Ok(())
}

#[circuit_breaker(fallback = |_| Ok(1))]
fn generated((a, mut b): (u8, u8)) -> Result<u8, E> {
    let _ = (__circuit_permit, __circuit_breaker, __arg0, __CIRCUIT_BREAKER);
    Ok(1)
}

#[circuit_breaker(failure = NotFound)]
fn variant_alone() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ignore = Err(NotFound | Status::Missing))]
fn variant_inside() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = GONE | 500, fallback = 0)]
fn constant_alone() -> u16 {
    200
}

#[circuit_breaker]
fn unknown_error() -> Result<(), Missing> {
    Ok(())
}

#[circuit_breaker]
async fn unknown_error_later() -> Result<(), missing::Error> {
    Ok(())
}

#[circuit_breaker(fallback = Ok(Vec::new()))]
fn unknown_error_of_a_future() -> std::pin::Pin<Box<dyn Future<Output = Result<Missing, E>>>> {
    Box::pin(async move { Err(E) })
}

fn main() {}
