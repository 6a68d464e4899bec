//! Circuits over HTTP, for [`axum`](https://docs.rs/axum): the answer to a rejected call, and [`router`], which shows
//! the circuits of the process and, if wanted, steers them.
//!
//! # A rejected call
//!
//! [`CircuitOpenError`] is a response: status 503, the wait in `Retry-After`, and a small JSON body. So a handler whose
//! error can be made of it needs nothing more:
//!
//! ```
//! use axum::response::IntoResponse;
//! use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config};
//!
//! static PRICES: CircuitBreaker = CircuitBreaker::new("prices", Config::new());
//!
//! async fn price() -> Result<String, CircuitOpenError> {
//!     let permit = PRICES.try_acquire()?;
//!     permit.success();
//!     Ok("4.20".to_owned())
//! }
//!
//! PRICES.force_open();
//! let response = PRICES.try_acquire().unwrap_err().into_response();
//! assert_eq!(response.status(), 503);
//! # let _ = price;
//! ```
//!
//! ```json
//! {"error":"circuit `prices` is open; retry after 29.8s","circuit":"prices","reason":"open","retry_after_ms":29813}
//! ```

mod response;
