//! The fleet over HTTP, for [`axum`](https://docs.rs/axum): a page and JSON that show it, and, if you allow it, orders.
//!
//! | route | answer |
//! |---|---|
//! | `GET /fleet` | for a browser (`Accept: text/html`) a live page; otherwise a [`View`](crate::View) as JSON. 503 if Redis doesn't answer, or once the instance has left |
//! | `POST /fleet/circuits/{name}/{action}` | after [`with_control`](FleetRoutes::with_control): an order for a circuit or a pattern; `force-open`, `disable`, `shadow`, `resume` or `reset` |
//! | `POST /fleet/settings` | after `with_control`: an order that lays `settings` over the circuits' own |
//! | `POST /fleet/orders/{version}/cancel` | after `with_control`: lifts an order |
//! | `POST /fleet/orders/restore` | after `with_control`: puts back what instances obey and Redis has lost |
//!
//! An order's body is a JSON object. Only `by` is required:
//!
//! | field | what | unless given |
//! |---|---|---|
//! | `by` | who gives it, up to 500 bytes | an error |
//! | `reason` | why, up to 500 bytes | empty |
//! | `for` | how long it lasts: `"90s"`, `"10m"`, `"1h 30m"`; 24 hours at most, an hour if it is dangerous. Not with `reset` and `cancel` | `"15m"` |
//! | `confirm` | the number of instances that it is for; required for a [dangerous](crate::Action::is_dangerous) order | |
//! | `canary` | only for so many instances | all |
//! | `dry_run` | `true`: says how far it would reach, and does nothing | `false` |
//! | `settings` | of `POST /fleet/settings` alone: the tables `circuits` and `presets` | an error there |
//!
//! ```text
//! curl https://admin.example/fleet/circuits/payments/force-open \
//!   -H "authorization: Bearer $TOKEN" \
//!   -d '{"by": "alice", "reason": "the bank is being moved", "for": "10m"}'
//! ```
//!
//! The answer comes once all instances have said whether they obey, or after five seconds:
//!
//! ```json
//! {"version":17,"acknowledgement":{"instances":50,"in_force":50,"silent":[],"refused":[],"unknown":[]}}
//! ```
//!
//! `unknown` has the names and patterns that fit no circuit which an instance shows, such as
//! `{"circuit":"paymnets","did_you_mean":"payments"}`; `would_reach` of a dry run has the same.
//!
//! | status | meaning |
//! |---|---|
//! | 200 | all instances obey; or what a dry run has found |
//! | 202 | the order stands, but some instances are silent or refuse it, none is there, or none shows a circuit that it names |
//! | 400 | something in the body is wrong; nothing was ordered |
//! | 401 | the token is missing, or wrong |
//! | 404 | no such action, or no order of this version |
//! | 409 | a dangerous order that wasn't confirmed, or too many orders stand |
//! | 413 | the body is longer than 64 KiB |
//! | 503 | Redis doesn't answer or refuses, or the instance has left |
//!
//! Every error is a JSON object with the field `error`, which says what to do instead.

mod control;
mod order;
mod page;
mod response;

use std::fmt;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use tokio::sync::mpsc;

use crate::error::{FleetError, JoinError};
use crate::fleet::{self, Fleet};
use crate::member;
use control::Control;
use response::{failure, json};

/// Routes that show the fleet; the [module](self) lists them.
///
/// They show how a service is doing, on which others it depends, and who ordered what. Mount them behind the authentication of
/// your service, as the routes of [`circuit_runtime`].
///
/// ```
/// # fn routes(fleet: &circuit_fleet::Fleet) -> axum::Router {
/// axum::Router::new().merge(circuit_fleet::axum::router(fleet))
/// # }
/// # let _ = routes;
/// ```
pub fn router(fleet: &Fleet) -> FleetRoutes {
    // Weak, so that the routes keep no instance in its fleet.
    let member = Member(fleet.requests());
    FleetRoutes { member, namespace: fleet.namespace().to_owned(), control: None }
}

/// The routes of [`router`]: pass them to [`Router::merge`], or convert them into a [`Router`].
#[derive(Debug, Clone)]
#[must_use = "routes do nothing until they are merged into a router"]
pub struct FleetRoutes {
    member: Member,
    namespace: String,
    control: Option<Control>,
}

impl FleetRoutes {
    /// Adds the routes that give orders: `POST /fleet/…`. An order reaches every instance, so these routes have
    /// credentials of their own, two of them:
    ///
    /// - `address` is Redis, as a user who may give orders. The instance's own user needn't have that right, and shouldn't: the
    ///   [operations page](crate::operations) has the rights of both. Each order connects anew, so that nothing here keeps a
    ///   connection that may give orders.
    /// - `token` is what an operator sends as `authorization: Bearer TOKEN`: from 16 to 500 visible characters of ASCII. Take it
    ///   from your secrets. No browser sends such a header by itself, so a page of another site can give no orders.
    ///
    /// ```
    /// # fn routes(fleet: &circuit_fleet::Fleet) -> Result<axum::Router, Box<dyn std::error::Error>> {
    /// let operator = std::env::var("FLEET_OPERATOR_REDIS")?; // rediss://checkout-ops:…@redis.example
    /// let token = std::env::var("FLEET_TOKEN")?;
    /// let routes = circuit_fleet::axum::router(fleet).with_control(&operator, &token)?;
    /// # Ok(axum::Router::new().merge(routes))
    /// # }
    /// # let _ = routes;
    /// ```
    ///
    /// # Errors
    ///
    /// If the address is wrong, or the token is too short or has characters that no header takes. Nothing is asked of Redis yet.
    pub fn with_control(self, address: &str, token: &str) -> Result<Self, JoinError> {
        let control = Some(Control::new(address, &self.namespace, token)?);
        Ok(FleetRoutes { control, ..self })
    }
}

/// The parameters of a path, unless they aren't UTF-8.
type Parameters = Result<Path<Vec<(String, String)>>, PathRejection>;

/// The instance of which the routes are, as long as it is in its fleet.
#[derive(Clone)]
struct Member(mpsc::WeakSender<member::Request>);

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Member")
    }
}

impl Member {
    async fn show(&self, headers: &HeaderMap) -> Response {
        if page::is_wanted(headers) {
            return page::show();
        }
        let view = match self.0.upgrade() {
            Some(requests) => fleet::view(&requests).await,
            None => Err(FleetError::Busy),
        };
        match view {
            Ok(view) => json(StatusCode::OK, &view),
            Err(error) => failure(&error),
        }
    }

    /// An error once the instance has left its fleet.
    fn is_here(&self) -> Result<(), FleetError> {
        self.0.upgrade().map(drop).ok_or(FleetError::Busy)
    }
}

impl<S: Clone + Send + Sync + 'static> From<FleetRoutes> for Router<S> {
    fn from(FleetRoutes { member, control, .. }: FleetRoutes) -> Self {
        let shown = member.clone();
        let show = move |headers: HeaderMap| async move { shown.show(&headers).await };
        let mut router = Router::new().route("/fleet", get(show));
        if let Some(control) = control {
            for (path, read) in order::ROUTES {
                let (control, member) = (control.clone(), member.clone());
                let order = move |parameters: Parameters, request: Request| async move {
                    let target = || match parameters {
                        Ok(Path(parameters)) => read(&parameters),
                        Err(_) => Err(response::bad_path().into()),
                    };
                    match member.is_here() {
                        Ok(()) => control.answer(target, request).await,
                        Err(error) => failure(&error),
                    }
                };
                router = router.route(path, post(order));
            }
        }
        router.layer(map_response(response::secured))
    }
}
