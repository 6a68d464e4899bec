//! Circuits over HTTP, for [`axum`](https://docs.rs/axum): the answer to a rejected call, and [`router`], which shows
//! the circuits of the process and, if wanted, steers them.
//!
//! # A rejected call
//!
//! [`CircuitOpenError`](crate::CircuitOpenError) is a response: status 503, the wait in
//! `Retry-After`, and a small JSON body. So a handler with this error needs nothing more:
//!
//! ```
//! use axum::response::IntoResponse;
//! use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config};
//!
//! static PRICES: CircuitBreaker = CircuitBreaker::new("prices", Config::new());
//!
//! async fn price() -> Result<&'static str, CircuitOpenError> {
//!     PRICES.call_with_async(|_| circuit_runtime::Outcome::Success, async { "4.20" }).await
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! assert_eq!(price().await.into_response().status(), 200);
//! PRICES.force_open();
//! assert_eq!(price().await.into_response().status(), 503);
//! # }
//! ```
//!
//! ```json
//! {"error":"circuit `prices` is open; retry after 29.8s","circuit":"prices","reason":"open","retry_after_ms":29813}
//! ```
//!
//! # The routes
//!
//! | route | |
//! |---|---|
//! | `GET /circuits` | the snapshots of all registered circuits, as JSON |
//! | `GET /circuits/{name}` | one of them |
//! | `GET /circuits/ui` | a page that shows them, live |
//! | `GET /circuits/events` | what the page lives on: server-sent events |
//! | `POST /circuits/{name}/{action}` | after [`with_control`](CircuitRoutes::with_control); `force-open`, `disable`, `shadow`, `resume` or `reset` |
//!
//! They show how a service is doing and on whom it depends, which isn't for everybody. Mount them
//! behind the authentication of your own service, or on a port of their own that is reachable from
//! inside only:
//!
//! ```
//! use axum::extract::Request;
//! use axum::http::StatusCode;
//! use axum::middleware::{self, Next};
//! use axum::response::Response;
//! use axum::{Router, routing::get};
//!
//! async fn operators_only(request: Request, next: Next) -> Result<Response, StatusCode> {
//!     let cookies = request.headers().get("cookie");
//!     if cookies.is_some_and(is_operator) {
//!         Ok(next.run(request).await)
//!     } else {
//!         Err(StatusCode::UNAUTHORIZED)
//!     }
//! }
//! # fn is_operator(_: &axum::http::HeaderValue) -> bool { false }
//!
//! let circuits = Router::from(circuit_runtime::axum::router().with_control())
//!     .layer(middleware::from_fn(operators_only));
//! let app: Router = Router::new()
//!     .route("/", get(|| async { "hello" }))
//!     .nest("/admin", circuits); // the page is at /admin/circuits/ui
//! # let _ = app;
//! ```

mod control;
mod events;
mod response;
mod routes;

pub use routes::{CircuitRoutes, router};
