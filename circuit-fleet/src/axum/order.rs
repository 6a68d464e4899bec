//! What a request orders: by its path and its body.

use axum::http::StatusCode;
use axum::response::Response;
use circuit_runtime::{Mode, parse_duration};
use serde::Deserialize;
use serde_json::Value;

use super::response::{failure, refusal};
use crate::draft::{Action, OrderDraft};
use crate::error::FleetError;
use crate::options::OptionsError;

/// Why a request isn't obeyed.
pub(super) type Refused = Box<Response>;

/// The parameters of a path, by their names.
pub(super) type Parameters = [(String, String)];

type Read = fn(&Parameters) -> Result<Target, Refused>;

/// The routes that give orders, and how their parameters are read.
pub(super) const ROUTES: [(&str, Read); 4] = [
    ("/fleet/circuits/{name}/{action}", Target::circuit),
    ("/fleet/settings", |_| Ok(Target::Settings)),
    ("/fleet/orders/{version}/cancel", Target::cancel),
    ("/fleet/orders/restore", |_| Ok(Target::Restore)),
];

/// What the path says.
#[derive(Debug, PartialEq)]
pub(super) enum Target {
    /// A mode, a reset, or a cancellation: nothing of it is in the body.
    Action(Action),
    Settings,
    Restore,
}

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    by: String,
    #[serde(default)]
    reason: String,
    #[serde(default, rename = "for")]
    lasting: Option<String>,
    #[serde(default)]
    confirm: Option<usize>,
    #[serde(default)]
    canary: Option<usize>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    settings: Option<Value>,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Asked {
    Order { draft: OrderDraft, confirm: Option<usize>, canary: Option<usize>, dry_run: bool },
    Restore { by: String },
}

impl Target {
    fn circuit(parameters: &Parameters) -> Result<Self, Refused> {
        let circuit = parameter(parameters, "name");
        let mode = |mode| Target::Action(Action::mode(circuit, mode));
        Ok(match parameter(parameters, "action") {
            "force-open" => mode(Mode::ForcedOpen),
            "disable" => mode(Mode::Disabled),
            "shadow" => mode(Mode::Shadow),
            "resume" => mode(Mode::Normal),
            "reset" => Target::Action(Action::reset(circuit)),
            _ => {
                let message =
                    "no such action; there are force-open, disable, shadow, resume and reset";
                return Err(refusal(StatusCode::NOT_FOUND, message).into());
            }
        })
    }

    fn cancel(parameters: &Parameters) -> Result<Self, Refused> {
        let version = parameter(parameters, "version").parse();
        version.map(|version| Target::Action(Action::Cancel(version))).map_err(|_| {
            let message = "a version is a number; `GET /fleet` shows those of the orders";
            refusal(StatusCode::NOT_FOUND, message).into()
        })
    }
}

fn parameter<'a>(parameters: &'a Parameters, name: &str) -> &'a str {
    let found = parameters.iter().rev().find(|(parameter, _)| parameter == name);
    found.map_or("", |(_, value)| value)
}

impl Body {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refused> {
        serde_json::from_slice(bytes).map_err(|error| {
            let message = format!(
                "the body must be a JSON object, such as {{\"by\": \"alice\", \"for\": \"10m\"}}: {error}"
            );
            refusal(StatusCode::BAD_REQUEST, &message).into()
        })
    }

    /// What it asks for together with the path.
    pub(super) fn asked(self, target: Target) -> Result<Asked, Refused> {
        let Body { by, reason, lasting, confirm, canary, dry_run, settings } = self;
        if settings.is_some() != (target == Target::Settings) {
            return Err(
                wrong("settings", "belong to `POST /fleet/settings`, and must be there").into()
            );
        }
        let action = match target {
            Target::Action(action) => action,
            Target::Settings => Action::Settings(settings.unwrap_or_default()),
            Target::Restore => {
                let others = confirm.is_some() || canary.is_some() || dry_run;
                if others || lasting.is_some() || !reason.is_empty() {
                    return Err(
                        wrong("by", "is all that goes with `POST /fleet/orders/restore`").into()
                    );
                }
                return Ok(Asked::Restore { by });
            }
        };
        let lasts = !matches!(action, Action::Reset { .. } | Action::Cancel(_));
        let mut draft = OrderDraft::new(action, by).because(reason);
        if let Some(text) = lasting {
            if !lasts {
                return Err(
                    wrong("for", "goes with what lasts: not with `reset` and `cancel`").into()
                );
            }
            let lasting =
                parse_duration(&text).map_err(|error| wrong("for", &error.to_string()))?;
            draft = draft.lasting(lasting);
        }
        draft.validate().map_err(|error| match error {
            FleetError::Options(error) => refusal(StatusCode::BAD_REQUEST, &as_field(&error)),
            error => refusal(StatusCode::BAD_REQUEST, &error.to_string()),
        })?;
        Ok(Asked::Order { draft, confirm, canary, dry_run })
    }
}

/// What is wrong, by the name that the body has for it.
fn as_field(error: &OptionsError) -> String {
    let told = error.to_string();
    match error.option() {
        "lasting" => told.replacen("lasting", "for", 1),
        "why" => told.replacen("why", "reason", 1),
        _ => told,
    }
}

fn wrong(field: &'static str, message: &str) -> Response {
    failure(&OptionsError::new(field, message.to_owned()).into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::to_bytes;
    use serde_json::json;

    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// What is said instead, with its status.
    fn said(refused: Response) -> (StatusCode, String) {
        let status = refused.status();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let body = runtime.block_on(to_bytes(refused.into_body(), 10_000)).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        (status, body["error"].as_str().unwrap().to_owned())
    }

    fn asked(target: Target, body: &Value) -> Result<Asked, String> {
        let asked = Body::read(body.to_string().as_bytes()).and_then(|body| body.asked(target));
        asked.map_err(|refused| {
            let (status, error) = said(*refused);
            assert_eq!(status, StatusCode::BAD_REQUEST, "{error}");
            error
        })
    }

    fn shadow() -> Target {
        Target::Action(Action::mode("payments", Mode::Shadow))
    }

    #[test]
    fn the_path_has_the_circuit_and_the_action() {
        let read = |action| Target::circuit(&parameters(&[("name", "pay*"), ("action", action)]));
        for (action, mode) in [
            ("force-open", Mode::ForcedOpen),
            ("disable", Mode::Disabled),
            ("shadow", Mode::Shadow),
            ("resume", Mode::Normal),
        ] {
            assert_eq!(read(action).unwrap(), Target::Action(Action::mode("pay*", mode)));
        }
        assert_eq!(read("reset").unwrap(), Target::Action(Action::reset("pay*")));
        let (status, error) = said(*read("open").unwrap_err());
        assert!(status == StatusCode::NOT_FOUND && error.contains("force-open"), "{error}");
        let cancel = |version| Target::cancel(&parameters(&[("version", version)]));
        assert_eq!(cancel("17").unwrap(), Target::Action(Action::Cancel(17)));
        assert_eq!(said(*cancel("x").unwrap_err()).0, StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_body_has_the_rest_as_circuitctl_has_it() {
        let body = json!({
            "by": "alice", "reason": "moved", "for": "1h 30m", "confirm": 50, "canary": 3, "dry_run": true,
        });
        let draft = OrderDraft::new(Action::mode("payments", Mode::Shadow), "alice")
            .because("moved")
            .lasting(Duration::from_secs(5_400));
        let order = Asked::Order { draft, confirm: Some(50), canary: Some(3), dry_run: true };
        assert_eq!(asked(shadow(), &body), Ok(order));
        let restore = Asked::Restore { by: "bob".to_owned() };
        assert_eq!(asked(Target::Restore, &json!({ "by": "bob" })), Ok(restore));
    }

    #[test]
    fn what_is_wrong_is_told_with_what_to_send_instead() {
        let cancel = || Target::Action(Action::Cancel(3));
        let typo = json!({ "circuits": { "a": { "treshold": 3 } } });
        for (target, body, part) in [
            (shadow(), json!({}), "missing field `by`"),
            (shadow(), json!({ "by": "" }), "by: must have from 1 to 500"),
            (shadow(), json!({ "by": "a", "why": "x" }), "unknown field `why`, expected one of"),
            (shadow(), json!({ "by": "a", "for": "10" }), "for: `10` has no unit; write"),
            (
                shadow(),
                json!({ "by": "a", "for": "25h" }),
                "for: must be from 1ms to 24h, is 90000s",
            ),
            (shadow(), json!({ "by": "a", "settings": {} }), "settings: belong to"),
            (cancel(), json!({ "by": "a", "for": "10m" }), "not with `reset` and `cancel`"),
            (Target::Settings, json!({ "by": "a" }), "settings: belong to"),
            (Target::Settings, json!({ "by": "a", "settings": typo }), "did you mean `threshold`?"),
            (Target::Restore, json!({ "by": "a", "reason": "x" }), "by: is all that goes with"),
        ] {
            let error = asked(target, &body).unwrap_err();
            assert!(error.contains(part), "{body}: {error}");
        }
    }
}
