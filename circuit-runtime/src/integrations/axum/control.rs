//! What an operator can do to a circuit.

use std::fmt;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::hosts::Hosts;
use super::response::{bad_path, json, ordered, refusal, unknown_circuit, unknown_key};
use crate::breaker::CircuitBreaker;
use crate::circuit::CircuitRef;
use crate::observe::registry;
use crate::observe::snapshot::Snapshot;
use crate::outcome::Mode;
use crate::settings::orders::order_for;

/// Who may control circuits, and how an operator's name is found.
#[derive(Clone)]
pub(super) struct Control {
    pub(super) hosts: Hosts,
    pub(super) actor: Option<Actor>,
}

/// Gives the name of the operator who sent a request.
#[derive(Clone)]
pub(super) struct Actor(pub(super) Arc<NameOf>);

type NameOf = dyn Fn(&Parts) -> Option<String> + Send + Sync;

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor").finish_non_exhaustive()
    }
}

/// The longest operator name, in characters: names come from outside, and go into logs and memory.
const LONGEST_NAME: usize = 128;

impl Control {
    /// What the request asks for, or why it isn't obeyed.
    fn order(&self, path: Target, request: Request) -> Result<Order, Refused> {
        let (request, _) = request.into_parts();
        if let Err(message) = self.hosts.check(&request.uri, &request.headers) {
            return Err(refusal(StatusCode::FORBIDDEN, message).into());
        }
        let Ok(Path((name, action))) = path else { return Err(bad_path().into()) };
        let Some(action) = Action::of(&action) else {
            let message = "no such action; there are force-open, disable, shadow, resume and reset";
            return Err(refusal(StatusCode::NOT_FOUND, message).into());
        };
        let Some(breaker) = registry::find(&name) else { return Err(unknown_circuit().into()) };
        if let Some(order) = order_for(breaker.name()) {
            return Err(ordered(&order).into());
        }
        Ok(Order { breaker, action, request })
    }

    fn name_of(&self, request: &Parts) -> Option<Arc<str>> {
        let Actor(name_of) = self.actor.as_ref()?;
        let name = name_of(request)?;
        let visible = name.chars().map(|c| if c.is_control() { ' ' } else { c });
        let name: String = visible.take(LONGEST_NAME).collect();
        Some(name.trim().into()).filter(|name: &Arc<str>| !name.is_empty())
    }
}

/// What a request that may be obeyed asks for.
struct Order {
    breaker: &'static CircuitBreaker,
    action: Action,
    request: Parts,
}

/// An action on a circuit, or on that of one key.
#[derive(Clone, Copy)]
enum Action {
    Mode(Mode),
    Reset,
}

impl Action {
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "force-open" => Action::Mode(Mode::ForcedOpen),
            "disable" => Action::Mode(Mode::Disabled),
            "shadow" => Action::Mode(Mode::Shadow),
            "resume" => Action::Mode(Mode::Normal),
            "reset" => Action::Reset,
            _ => return None,
        })
    }

    fn apply(self, breaker: &CircuitBreaker, by: Option<&Arc<str>>) {
        match self {
            Action::Mode(mode) => breaker.set_mode(mode, by),
            Action::Reset => breaker.reset_by_maybe(by),
        }
    }

    /// Applies it to the circuit of one key. `None`: it has none.
    fn apply_to_key(
        self,
        breaker: &CircuitBreaker,
        key: &str,
        by: Option<&Arc<str>>,
    ) -> Option<Snapshot> {
        let look = |circuit: CircuitRef<'_>| circuit.view();
        let view = match self {
            Action::Mode(mode) => breaker.set_key_mode(key, mode, by, look),
            Action::Reset => breaker.reset_key(key, by, look),
        }?;
        Some(Snapshot::of(breaker.name(), view, false))
    }
}

/// Why a request isn't obeyed.
type Refused = Box<Response>;

/// The circuit's name and the action, from the path.
pub(super) type Target = Result<Path<(String, String)>, PathRejection>;

pub(super) fn steer(control: &Control, path: Target, request: Request) -> Response {
    answer(control.order(path, request).map(|Order { breaker, action, request }| {
        action.apply(breaker, control.name_of(&request).as_ref());
        json(StatusCode::OK, &breaker.snapshot())
    }))
}

/// The key is in the query, because not every text can be in a path: a client takes `..` as a step
/// up, and would steer all keys.
pub(super) fn steer_key(control: &Control, path: Target, request: Request) -> Response {
    answer(control.order(path, request).and_then(|Order { breaker, action, request }| {
        let key = key_of(&request.uri)?;
        let by = control.name_of(&request);
        let snapshot = action.apply_to_key(breaker, &key, by.as_ref());
        Ok(snapshot.map_or_else(unknown_key, |snapshot| json(StatusCode::OK, &snapshot)))
    }))
}

fn answer(answer: Result<Response, Refused>) -> Response {
    answer.unwrap_or_else(|refused| *refused)
}

/// The one `key` of the query.
fn key_of(uri: &Uri) -> Result<String, Refused> {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut keys = query.filter_map(|(name, value)| (name == "key").then_some(value));
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(key.into_owned()),
        _ => Err(refusal(StatusCode::BAD_REQUEST, "give the key once: `?key=`").into()),
    }
}
