//! Responses: that to a rejected call, and those of the routes.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::super::serde::millis;
use crate::error::CircuitOpenError;
use crate::settings::orders::Order;

/// 503 Service Unavailable, with `Retry-After` in whole seconds if the circuit knows how long it
/// will reject calls.
impl IntoResponse for CircuitOpenError {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::SERVICE_UNAVAILABLE, &Rejected(self));
        if let Some(wait) = self.retry_after() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        response
    }
}

/// Rounded up, and at least one, so that a client that waits this long doesn't come too early.
fn whole_seconds(wait: Duration) -> u64 {
    let more = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(more).max(1)
}

/// The body of a rejection.
struct Rejected(CircuitOpenError);

impl Serialize for Rejected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Rejected", 5)?;
        out.serialize_field("error", &format_args!("{}", self.0))?;
        out.serialize_field("circuit", self.0.circuit())?;
        out.serialize_field("key", &self.0.key().as_deref())?;
        out.serialize_field("reason", &self.0.reason())?;
        out.serialize_field("retry_after_ms", &self.0.retry_after().map(millis))?;
        out.end()
    }
}

/// The name isn't in the response, because it can be anything.
pub(super) fn unknown_circuit() -> Response {
    refusal(StatusCode::NOT_FOUND, "no circuit of this name has been used or registered yet")
}

pub(super) fn unknown_key() -> Response {
    refusal(StatusCode::NOT_FOUND, "this key has no circuit now")
}

/// A path that isn't UTF-8.
pub(super) fn bad_path() -> Response {
    refusal(StatusCode::BAD_REQUEST, "a name in the path must be percent-encoded UTF-8")
}

/// Adds security headers to every response of the routes: no content sniffing, readable only by
/// pages of this origin, not to be framed, and nothing in it may run or load anything. Headers that
/// are already set are left alone.
pub(super) async fn secured(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 7] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
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

/// A JSON response that must not be cached, because it is about this moment.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // Can't fail: strings, numbers and maps with text keys, all of which JSON has.
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut response = (status, Body::from(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// An operator's order stands over this circuit, so that a change on the spot would change nothing before its end.
pub(super) fn ordered(order: &Order) -> Response {
    struct Ordered<'a>(&'a Order);

    impl Serialize for Ordered<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let left = self.0.left().unwrap_or_default();
            let seconds = whole_seconds(left);
            let by = self.0.by();
            let error = format!("an order of {by} stands over this circuit, for {seconds} s more");
            let mut out = serializer.serialize_struct("Ordered", 4)?;
            out.serialize_field("error", &error)?;
            out.serialize_field("by", by)?;
            out.serialize_field("reason", &self.0.reason())?;
            out.serialize_field("expires_in_ms", &millis(left))?;
            out.end()
        }
    }

    json(StatusCode::CONFLICT, &Ordered(order))
}

/// A JSON response that says why a request was refused.
pub(super) fn refusal(status: StatusCode, message: &'static str) -> Response {
    struct Refusal(&'static str);

    impl Serialize for Refusal {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut out = serializer.serialize_struct("Refusal", 1)?;
            out.serialize_field("error", self.0)?;
            out.end()
        }
    }

    json(status, &Refusal(message))
}
