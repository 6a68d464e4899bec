//! `POST /fleet/…`: who may give orders, and how one is given.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::order::{Asked, Body, Refused, Target};
use super::response::{failure, json, refusal};
use crate::error::{FleetError, JoinError};
use crate::operator::Operator;
use crate::options::OptionsError;
use crate::reach::Reach;

/// The shortest and the longest token, in characters.
const TOKEN: (usize, usize) = (16, 500);
/// The longest body, in bytes. The longest order has half of it.
const LONGEST_BODY: usize = 64 * 1024;
/// How long instances have to say that they obey: they ask once a second.
const PATIENCE: Duration = Duration::from_secs(5);

/// What it takes to give orders.
#[derive(Clone)]
pub(super) struct Control(Arc<Credentials>);

struct Credentials {
    address: String,
    namespace: String,
    token: String,
}

/// Without what is secret.
impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

impl Control {
    pub(super) fn new(address: &str, namespace: &str, token: &str) -> Result<Self, JoinError> {
        check_token(token)?;
        // Whether the address is one.
        Operator::new(address, namespace)?;
        Ok(Control(Arc::new(Credentials {
            address: address.to_owned(),
            namespace: namespace.to_owned(),
            token: token.to_owned(),
        })))
    }

    /// Carries out what a request asks for; `target` reads its path.
    pub(super) async fn answer(
        &self,
        target: impl FnOnce() -> Result<Target, Refused>,
        request: Request,
    ) -> Response {
        self.order(target, request).await.unwrap_or_else(|refused| *refused)
    }

    async fn order(
        &self,
        target: impl FnOnce() -> Result<Target, Refused>,
        request: Request,
    ) -> Result<Response, Refused> {
        if !self.is_operator(request.headers()) {
            return Err(unauthorized().into());
        }
        let target = target()?;
        let body = to_bytes(request.into_body(), LONGEST_BODY).await.map_err(|_| {
            refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body must have at most 64 KiB, and be whole",
            )
        })?;
        let asked = Body::read(&body)?.asked(target)?;
        let mut operator = Operator::new(&self.0.address, &self.0.namespace)
            .map_err(|error| refusal(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()))?;
        carry_out(&mut operator, asked).await.map_err(|error| failure(&error).into())
    }

    fn is_operator(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        let Some((scheme, token)) = sent.and_then(|sent| sent.split_at_checked("bearer ".len()))
        else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(token.ct_eq(self.0.token.as_bytes()))
    }
}

async fn carry_out(operator: &mut Operator, asked: Asked) -> Result<Response, FleetError> {
    let (mut draft, confirm, canary, dry_run) = match asked {
        Asked::Restore { by } => {
            let restored = operator.restore(&by).await?;
            return Ok(json(StatusCode::OK, &json!({ "restored": restored })));
        }
        Asked::Order { draft, confirm, canary, dry_run } => (draft, confirm, canary, dry_run),
    };
    let view = operator.view().await?;
    if let Some(canary) = canary {
        draft = draft.canary(canary, &view)?;
    }
    let reach = Reach::of(&draft, &view);
    if dry_run {
        return Ok(json(StatusCode::OK, &json!({ "would_reach": reach })));
    }
    reach.confirm(&draft, confirm)?;
    let version = operator.order(&draft).await?;
    let acknowledgement = operator.wait(version, PATIENCE).await?;
    let status = if acknowledgement.is_complete() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(json(status, &json!({ "version": version, "acknowledgement": acknowledgement })))
}

fn unauthorized() -> Response {
    let message = "send the token of `with_control` as the header `authorization: Bearer TOKEN`";
    let mut response = refusal(StatusCode::UNAUTHORIZED, message);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn check_token(token: &str) -> Result<(), OptionsError> {
    let (shortest, longest) = TOKEN;
    let is_visible = token.bytes().all(|byte| byte.is_ascii_graphic());
    if is_visible && (shortest..=longest).contains(&token.len()) {
        Ok(())
    } else {
        let message = format!("must have from {shortest} to {longest} visible characters of ASCII");
        Err(OptionsError::new("token", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a-token-of-some-length";

    fn control(token: &str) -> Result<Control, JoinError> {
        Control::new("redis://127.0.0.1", "test", token)
    }

    #[test]
    fn a_token_that_can_be_guessed_or_sent_by_no_header_is_refused() {
        let long = "x".repeat(501);
        for wrong in ["", "short", "has a space in the middle", "has-an-é-in-it-somewhere", &long]
        {
            let error = control(wrong).unwrap_err().to_string();
            let expected = "token: must have from 16 to 500 visible characters of ASCII";
            assert_eq!(error, expected, "{wrong}");
        }
        assert!(control(SECRET).is_ok());
        assert!(matches!(
            Control::new("http://example", "test", SECRET),
            Err(JoinError::Address(_))
        ));
    }

    #[test]
    fn only_the_whole_token_is_taken() {
        let control = control(SECRET).unwrap();
        for (sent, is_operator) in [
            (format!("Bearer {SECRET}"), true),
            (format!("bearer {SECRET}"), true),
            (format!("Bearer {SECRET}x"), false),
            (format!("Bearer {}", &SECRET[1..]), false),
            (format!("Bearer  {SECRET}"), false),
            (format!("Basic {SECRET}"), false),
            ("Bearer ".to_owned(), false),
            (SECRET.to_owned(), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, sent.parse().unwrap());
            assert_eq!(control.is_operator(&headers), is_operator, "{sent}");
        }
        assert!(!control.is_operator(&HeaderMap::new()));
    }

    #[test]
    fn it_is_shown_without_its_secrets() {
        assert_eq!(format!("{:?}", control(SECRET).unwrap()), "Control { .. }");
    }
}
