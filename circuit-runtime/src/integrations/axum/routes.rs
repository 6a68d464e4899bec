//! The routes.

use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::middleware::map_response;
use axum::routing::{get, post};

use super::control::{self, Actor, Control, Target};
use super::hosts::Hosts;
use super::{details, events, history, page, response};

/// Routes that show the circuits of this process; the [module](self::super) lists them.
///
/// ```
/// use axum::Router;
///
/// let app: Router = Router::new().merge(circuit_runtime::axum::router());
/// # let _ = app;
/// ```
pub fn router() -> CircuitRoutes {
    CircuitRoutes { control: None, actor: None }
}

/// The routes of [`router`]: pass them to [`Router::merge`], or convert them into a [`Router`].
#[derive(Debug, Clone)]
#[must_use = "routes do nothing until they are merged into a router"]
pub struct CircuitRoutes {
    control: Option<Hosts>,
    actor: Option<Actor>,
}

impl CircuitRoutes {
    /// Adds `POST /circuits/{name}/{action}`, the same for single keys, and buttons to the page.
    ///
    /// Anybody who reaches these routes can reject all calls of a service, or switch its protection
    /// off: mount them only behind authentication.
    ///
    /// `hosts` are the names under which operators reach the routes, as in the browser's address
    /// bar: `admin.example` for `https://admin.example` on any port, `admin.example:8443` for this
    /// port only, and `http://10.0.0.7:3000` for plain HTTP, which must be given explicitly. The
    /// names of the local machine (`localhost`, `127.0.0.1`, `[::1]`) are always allowed, so that
    /// none need be given during development. A text that isn't a host, such as an empty one,
    /// allows nobody:
    ///
    /// ```
    /// # use circuit_runtime::axum::router;
    /// # let _: axum::Router =
    /// router().with_control(&["admin.example"])
    /// # .into();
    /// # let _: axum::Router =
    /// router().with_control(&[])
    /// # .into();
    /// ```
    ///
    /// Requests that another site may have caused in an operator's browser are refused. `Host` and,
    /// if the browser sends it, `Origin` with its scheme must be one of these hosts; this prevents
    /// DNS rebinding. `Sec-Fetch-Site` must be `same-origin`, or else `Origin` must equal `Host`.
    /// And the content type must be `application/json`, which no form can send:
    ///
    /// ```text
    /// curl -X POST -H 'content-type: application/json' https://admin.example/circuits/payments/force-open
    /// ```
    ///
    /// The response is the circuit's snapshot.
    ///
    /// `POST /circuits/{name}/keys/{action}?key={key}` does the same to one key that has a circuit, and
    /// answers with the snapshot of that; the other keys aren't touched. A key without a circuit gets
    /// none: 404. A key is any text, so it has to be encoded as in a form:
    ///
    /// ```text
    /// curl -X POST -G --data-urlencode 'key=gone.example' -H 'content-type: application/json' https://admin.example/circuits/hosts/keys/force-open
    /// ```
    ///
    /// The mode of a key lasts until one is set for all keys, or the key is forgotten; see
    /// [`KeyedCircuit`](crate::KeyedCircuit).
    pub fn with_control(self, hosts: &[&str]) -> Self {
        CircuitRoutes { control: Some(Hosts::new(hosts)), ..self }
    }

    /// Tells the operator's name from a request, for example that of the user whom your
    /// authentication has found. `None`: unknown.
    ///
    /// The name is in the reason of a `reset` ([`Reason::ByOperator`](crate::Reason::ByOperator)),
    /// in the event of a change of mode (feature `tracing`), in the JSON and on the page. Control
    /// characters become spaces, and only the first 128 characters are kept.
    ///
    /// ```
    /// use axum::http::request::Parts;
    ///
    /// #[derive(Clone)]
    /// struct User(String); // put there by your authentication
    ///
    /// let routes = circuit_runtime::axum::router()
    ///     .with_control(&["admin.example"])
    ///     .with_actor(|request: &Parts| Some(request.extensions.get::<User>()?.0.clone()));
    /// # let _: axum::Router = routes.into();
    /// ```
    pub fn with_actor(
        self,
        name_of: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        CircuitRoutes { actor: Some(Actor(Arc::new(name_of))), ..self }
    }
}

impl<S: Clone + Send + Sync + 'static> From<CircuitRoutes> for Router<S> {
    fn from(CircuitRoutes { control, actor }: CircuitRoutes) -> Self {
        history::start();
        let page = page::with_control(control.is_some());
        let mut router = Router::new()
            .route("/circuits", get(details::list))
            .route("/circuits/ui", get(move || ready(page::show(page.clone()))))
            .route("/circuits/events", get(events::stream))
            .route("/circuits/{name}", get(details::show))
            .route("/circuits/{name}/keys/{key}", get(details::show_key));
        if let Some(hosts) = control {
            let control = Arc::new(Control { hosts, actor });
            let of_key = Arc::clone(&control);
            let steer = move |path: Target, request: Request| {
                ready(control::steer(&control, path, request))
            };
            let steer_key = move |path: Target, request: Request| {
                ready(control::steer_key(&of_key, path, request))
            };
            router = router
                .route("/circuits/{name}/{action}", post(steer))
                .route("/circuits/{name}/keys/{key}", post(steer_key));
        }
        router.layer(map_response(response::secured))
    }
}
