//! The answers of the routes.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::error::FleetError;

/// An answer that must not be cached, because it is about this moment.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    // Can't fail: strings, numbers and maps with text keys, all of which JSON has.
    (status, headers, serde_json::to_vec(body).unwrap_or_default()).into_response()
}

pub(super) fn refusal(status: StatusCode, message: &str) -> Response {
    json(status, &json!({ "error": message }))
}

/// A path that isn't UTF-8.
pub(super) fn bad_path() -> Response {
    refusal(StatusCode::BAD_REQUEST, "a name in the path must be percent-encoded UTF-8")
}

pub(super) fn failure(error: &FleetError) -> Response {
    refusal(status_of(error), &message_of(error))
}

fn status_of(error: &FleetError) -> StatusCode {
    match error {
        FleetError::Options(_) => StatusCode::BAD_REQUEST,
        FleetError::Unconfirmed { .. } => StatusCode::CONFLICT,
        FleetError::Redis(error) => match error.code() {
            Some("UNKNOWN") => StatusCode::NOT_FOUND,
            Some("FULL") => StatusCode::CONFLICT,
            Some("SIZE" | "LASTING") => StatusCode::BAD_REQUEST,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        },
        FleetError::Form(_) | FleetError::Busy => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn message_of(error: &FleetError) -> String {
    match error {
        FleetError::Unconfirmed { instances, reach } => {
            format!("this is for {reach}; if that is meant, send `\"confirm\": {instances}`")
        }
        FleetError::Redis(it) if it.code() == Some("NOPERM") => format!(
            "{error}; the address of `with_control` must be that of a user who may give orders"
        ),
        error => error.to_string(),
    }
}

/// Headers of every answer: no content sniffing, readable only by pages of this origin, not to be framed, and nothing in
/// it may run or load anything. Those that are set already are left alone.
pub(super) async fn secured(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 8] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        // `GET /fleet` is a page or JSON.
        (header::VARY, "accept"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
