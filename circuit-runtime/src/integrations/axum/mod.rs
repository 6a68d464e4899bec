//! Circuits over HTTP, for [`axum`](https://docs.rs/axum): the response to a rejected call, and
//! [`router`], which shows the circuits of the process and, if you allow it, controls them.
//!
//! # A rejected call
//!
//! [`CircuitOpenError`](crate::CircuitOpenError) is a response: status 503, the wait in
//! `Retry-After`, and a small JSON body. A handler with this error needs nothing more:
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
//! {"error":"circuit `prices` is open; retry after 29.8s","circuit":"prices","key":null,"reason":"open","retry_after_ms":29813}
//! ```
//!
//! # The routes
//!
//! | route | answer |
//! |---|---|
//! | `GET /circuits` | the snapshots of all registered circuits, as JSON |
//! | `GET /circuits/{name}` | one circuit, with the configuration in force, where each option of it comes from, the last changes of its mode, and its keys |
//! | `GET /circuits?name={name}` | the same in a list; works also for a circuit that is called `ui` or `events` |
//! | `GET /circuits/{name}/keys/{key}` | the snapshot of one key |
//! | `GET /circuits/ui` | a live page of all circuits |
//! | `GET /circuits/events` | the server-sent events that the page reads |
//! | `POST /circuits/{name}/{action}` | after [`with_control`](CircuitRoutes::with_control); `force-open`, `disable`, `shadow`, `resume` or `reset` |
//! | `POST /circuits/{name}/keys/{action}?key={key}` | the same for one key |
//!
//! A circuit's keys are listed worst first, 100 of them. `?limit=` changes the number (at most
//! 1,000), `?offset=` skips some, and `?filter=` keeps only keys that contain a text.
//!
//! The data of an event is an object with three fields: `process` identifies the server process, so
//! that a client notices a restart or, behind a load balancer, another process; `now` is the
//! server's clock in milliseconds; `circuits` has the circuits that have changed. A stream ends
//! after ten seconds. The next one continues from there, if it sends the last event's id in
//! `Last-Event-ID`, as browsers do. Once the routes are made, the states of each circuit in the
//! last five minutes are kept for the page.
//!
//! # Clients that don't read, and shutdown
//!
//! At most 64 streams are open at once in a process; further ones get a 503. For a client that
//! doesn't read, at most 16 KiB and one circuit wait in a stream, besides what the operating system
//! buffers. Over HTTP/1.1 its connection is closed when nothing has gone out for five seconds. So a
//! graceful shutdown waits for these routes for at most 15 seconds. Over HTTP/2 a stream can't tell
//! that its client has stopped reading: let your server's keep-alive find such connections, and
//! give the shutdown a time limit, as the example `axum_service` does.
//!
//! # Access
//!
//! The routes show how a service is doing and which services it depends on. Mount them behind the
//! authentication of your service, or on a separate port that is reachable only from inside:
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
//! let circuits = Router::from(circuit_runtime::axum::router().with_control(&["admin.example"]))
//!     .layer(middleware::from_fn(operators_only));
//! let app: Router = Router::new()
//!     .route("/", get(|| async { "hello" }))
//!     .nest("/admin", circuits); // the page is at /admin/circuits/ui
//! # let _ = app;
//! ```

mod control;
mod details;
mod events;
mod history;
mod hosts;
mod overview;
mod page;
mod response;
mod routes;

pub use routes::{CircuitRoutes, router};

pub(crate) use history::{mode_changed, transition};
