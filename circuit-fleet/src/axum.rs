//! `GET /fleet` for [`axum`](https://docs.rs/axum): the fleet as it stands in Redis, as JSON.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use serde_json::json;

use crate::error::FleetError;
use crate::fleet::{self, Fleet};

/// A route `GET /fleet` that shows the instances, their circuits, and the orders that stand: a
/// [`View`](crate::View) as JSON. 503 if Redis doesn't answer, or once the instance has left.
///
/// It shows how a service is doing, on which others it depends, and who ordered what. Mount it behind the authentication of
/// your service, as the routes of [`circuit_runtime`].
///
/// ```
/// # fn routes(fleet: &circuit_fleet::Fleet) -> axum::Router {
/// axum::Router::new().merge(circuit_fleet::axum::router(fleet))
/// # }
/// # let _ = routes;
/// ```
pub fn router<S: Clone + Send + Sync + 'static>(fleet: &Fleet) -> Router<S> {
    let requests = fleet.requests();
    let show = move || {
        // Weak, so that the routes keep no instance in its fleet.
        let requests = requests.upgrade();
        async move {
            let view = match requests {
                Some(requests) => fleet::view(&requests).await,
                None => Err(FleetError::Busy),
            };
            match view {
                Ok(view) => answer(StatusCode::OK, &view),
                Err(error) => {
                    let error = json!({ "error": error.to_string() });
                    answer(StatusCode::SERVICE_UNAVAILABLE, &error)
                }
            }
        }
    };
    Router::new().route("/fleet", get(show))
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    // Can't fail: strings, numbers and maps with text keys, all of which JSON has.
    (status, headers, serde_json::to_vec(body).unwrap_or_default()).into_response()
}
