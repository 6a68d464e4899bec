//! What can be asked, and the page that asks it.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::control;
use super::events;
use super::response::{json, refusal};
use crate::breaker::CircuitBreaker;
use crate::registry;
use crate::snapshot::Snapshot;

/// The page is one file: it needs no build step, and nothing from elsewhere.
const PAGE: &str = include_str!("page.html");

/// What the page may do: run what stands in it, and ask the server it comes from. It can't be
/// framed, so nobody can be tricked into pressing its buttons.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Routes that show the circuits of this process; see the [module](self::super) for all of them.
///
/// ```
/// use axum::Router;
///
/// let app: Router = Router::new().merge(circuit_runtime::axum::router());
/// # let _ = app;
/// ```
pub fn router() -> CircuitRoutes {
    CircuitRoutes { control: false }
}

/// The routes of [`router`], as something that [`Router::merge`] takes and that a [`Router`] can be
/// made of.
#[derive(Debug, Clone, Copy)]
#[must_use = "routes do nothing until they are merged into a router"]
pub struct CircuitRoutes {
    control: bool,
}

impl CircuitRoutes {
    /// Adds `POST /circuits/{name}/{action}`, and buttons to the page.
    ///
    /// Whoever reaches these routes can reject all calls of a service or switch its protection off:
    /// only mount them behind authentication. They refuse requests that another site has caused
    /// in an operator's browser: the header `Sec-Fetch-Site` or else `Origin` must be of this
    /// server, and the content type `application/json`, which no form can send:
    ///
    /// ```text
    /// curl -X POST -H 'content-type: application/json' https://…/circuits/payments/force-open
    /// ```
    ///
    /// The answer is the circuit's snapshot.
    pub fn with_control(self) -> Self {
        CircuitRoutes { control: true }
    }
}

impl<S: Clone + Send + Sync + 'static> From<CircuitRoutes> for Router<S> {
    fn from(CircuitRoutes { control }: CircuitRoutes) -> Self {
        let page = if control {
            Bytes::from(PAGE.replacen("data-control=\"off\"", "data-control=\"on\"", 1))
        } else {
            Bytes::from_static(PAGE.as_bytes())
        };
        let router = Router::new()
            .route("/circuits", get(list))
            .route("/circuits/ui", get(move || std::future::ready(ui(page.clone()))))
            .route("/circuits/events", get(events::stream))
            .route("/circuits/{name}", get(show));
        if control {
            router.route("/circuits/{name}/{action}", post(control::steer))
        } else {
            router
        }
    }
}

async fn list() -> Response {
    let snapshots: Vec<Snapshot> =
        registry::circuits().into_iter().map(CircuitBreaker::snapshot).collect();
    json(StatusCode::OK, &snapshots)
}

async fn show(Path(name): Path<String>) -> Response {
    match registry::find(&name) {
        Some(breaker) => json(StatusCode::OK, &breaker.snapshot()),
        None => unknown_circuit(),
    }
}

/// The name stays out of the answer: it can be anything.
pub(super) fn unknown_circuit() -> Response {
    refusal(StatusCode::NOT_FOUND, "no circuit of this name has been used or registered yet")
}

fn ui(page: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, page).into_response()
}
