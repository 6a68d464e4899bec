use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config, KeyedBreaker, circuit_breaker};

static HOSTS: KeyedBreaker = KeyedBreaker::new("hosts", Config::new(), 1_000);
static MAIL: CircuitBreaker = CircuitBreaker::new("mail", Config::new());

#[circuit_breaker(breaker = HOSTS)]
fn without_key(host: &str) -> Result<(), CircuitOpenError> {
    drop(host);
    Ok(())
}

#[circuit_breaker(breaker = MAIL, key = host)]
fn without_keys(host: &str) -> Result<(), CircuitOpenError> {
    drop(host);
    Ok(())
}

#[circuit_breaker(breaker = HOSTS, key = host, max_keys = 10)]
fn configured_where_it_is_defined(host: &str) -> Result<(), CircuitOpenError> {
    drop(host);
    Ok(())
}

static TOO_MANY: KeyedBreaker = KeyedBreaker::new("too many", Config::new(), 0);

fn main() {}
