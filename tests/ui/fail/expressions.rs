//! Closures and statements: the compiler's own errors come first.

use circuit_runtime::circuit_breaker;

fn main() {
    let _closure = #[circuit_breaker]
    || 1;
    #[circuit_breaker]
    let _statement = 1;
}
