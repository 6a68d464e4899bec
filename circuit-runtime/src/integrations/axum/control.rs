//! What an operator can do to a circuit.

use std::fmt;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::hosts::Hosts;
use super::response::{bad_path, json, refusal, unknown_circuit};
use crate::breaker::CircuitBreaker;
use crate::observe::registry;
use crate::outcome::Mode;

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
    fn name_of(&self, request: &Parts) -> Option<Arc<str>> {
        let Actor(name_of) = self.actor.as_ref()?;
        let name = name_of(request)?;
        let visible = name.chars().map(|c| if c.is_control() { ' ' } else { c });
        let name: String = visible.take(LONGEST_NAME).collect();
        Some(name.trim().into()).filter(|name: &Arc<str>| !name.is_empty())
    }
}

/// An action on a circuit.
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
            Action::Reset => breaker.reset_by(by),
        }
    }
}

pub(super) fn steer(
    control: &Control,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let (request, _) = request.into_parts();
    if let Err(message) = control.hosts.check(&request.uri, &request.headers) {
        return refusal(StatusCode::FORBIDDEN, message);
    }
    let Ok(Path((name, action))) = path else { return bad_path() };
    let Some(action) = Action::of(&action) else {
        let message = "no such action; there are force-open, disable, shadow, resume and reset";
        return refusal(StatusCode::NOT_FOUND, message);
    };
    let Some(breaker) = registry::find(&name) else { return unknown_circuit() };
    action.apply(breaker, control.name_of(&request).as_ref());
    json(StatusCode::OK, &breaker.snapshot())
}
