//! What an operator can do to a circuit, and for whom it isn't done.

use axum::extract::Path;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;

use super::response::{json, refusal};
use super::routes::unknown_circuit;
use crate::breaker::CircuitBreaker;
use crate::registry;

pub(super) async fn steer(
    Path((name, action)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Err(message) = check(&uri, &headers) {
        return refusal(StatusCode::FORBIDDEN, message);
    }
    let act = match action.as_str() {
        "force-open" => CircuitBreaker::force_open,
        "disable" => CircuitBreaker::disable,
        "shadow" => CircuitBreaker::shadow,
        "resume" => CircuitBreaker::resume,
        "reset" => CircuitBreaker::reset,
        _ => {
            let message = "no such action; there are force-open, disable, shadow, resume and reset";
            return refusal(StatusCode::NOT_FOUND, message);
        }
    };
    match registry::find(&name) {
        Some(breaker) => {
            act(breaker);
            json(StatusCode::OK, &breaker.snapshot())
        }
        None => unknown_circuit(),
    }
}

/// Refuses what a page of another site may have made an operator's browser send, with the
/// operator's cookies.
fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), &'static str> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_own = match (
        text(header::HeaderName::from_static("sec-fetch-site")),
        text(header::ORIGIN),
    ) {
        // What a browser says of itself, and no page can change: it also holds behind a proxy that
        // changes `Host`.
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        // A browser that is older, or that doesn't trust plain HTTP enough to say it.
        (None, Some(origin)) => {
            let host = text(header::HOST).or(uri.authority().map(Authority::as_str));
            let origin = origin.split_once("://").map(|(_, authority)| authority);
            matches!((origin, host), (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host))
        }
        // No browser.
        (None, None) => true,
    };
    if !is_own {
        return Err("requests of another site are refused");
    }
    // A form can't send it, and a script of another site only if this server agreed, which it
    // doesn't.
    let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err("send the header `content-type: application/json`");
    }
    Ok(())
}
