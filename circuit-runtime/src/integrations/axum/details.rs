//! The routes for single circuits and keys.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::super::serde::present;
use super::history::{self, ModeChange};
use super::response::{bad_path, json, refusal, unknown_circuit, unknown_key};
use crate::breaker::CircuitBreaker;
use crate::circuit::View;
use crate::config::option::ConfigOption;
use crate::config::{Choice, Config, OnCancel};
use crate::observe::registry;
use crate::observe::snapshot::Snapshot;
use crate::settings::force;

/// How many of a circuit's keys are shown by default.
const LIMIT: usize = 100;
/// The most keys in one answer.
const MOST: usize = 1_000;

/// `/circuits`: all circuits, or with `?name=` the details of one, whose name may be that of a
/// route.
pub(super) async fn list(RawQuery(query): RawQuery) -> Response {
    let query = match Query::of(query.as_deref()) {
        Ok(query) => query,
        Err(message) => return refusal(StatusCode::BAD_REQUEST, message),
    };
    let Some(name) = &query.name else {
        let circuits = registry::circuits();
        let snapshots: Vec<Snapshot> = circuits.into_iter().map(CircuitBreaker::snapshot).collect();
        return json(StatusCode::OK, &snapshots);
    };
    let details = registry::find(name).map(|breaker| Details::of(breaker, &query));
    json(StatusCode::OK, &details.as_slice())
}

pub(super) async fn show(
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Response {
    let Ok(Path(name)) = path else { return bad_path() };
    let Some(breaker) = registry::find(&name) else { return unknown_circuit() };
    match Query::of(query.as_deref()) {
        Ok(query) => json(StatusCode::OK, &Details::of(breaker, &query)),
        Err(message) => refusal(StatusCode::BAD_REQUEST, message),
    }
}

pub(super) async fn show_key(path: Result<Path<(String, String)>, PathRejection>) -> Response {
    let Ok(Path((name, key))) = path else { return bad_path() };
    let Some(breaker) = registry::find(&name) else { return unknown_circuit() };
    match breaker.snapshot_of(&key) {
        Some(snapshot) => json(StatusCode::OK, &snapshot),
        None => unknown_key(),
    }
}

/// The query: which circuits, and which of their keys.
struct Query {
    name: Option<String>,
    /// Only keys that contain this.
    filter: String,
    offset: usize,
    limit: usize,
}

impl Query {
    fn of(text: Option<&str>) -> Result<Self, &'static str> {
        let parsed = form_urlencoded::parse(text.unwrap_or_default().as_bytes());
        let mut given: HashMap<_, _> = parsed.into_owned().collect();
        let mut number = |name, default| match given.remove(name) {
            Some(text) => text.parse().map_err(|_| "`offset` and `limit` are whole numbers"),
            None => Ok(default),
        };
        Ok(Query {
            offset: number("offset", 0)?,
            limit: number("limit", LIMIT)?.min(MOST),
            name: given.remove("name"),
            filter: given.remove("filter").unwrap_or_default(),
        })
    }
}

/// A circuit with its configuration and its keys.
struct Details {
    snapshot: Snapshot,
    config: Config,
    sources: Sources,
    mode_changes: Vec<ModeChange>,
    keys: Option<Keys>,
}

/// Where each option comes from, and the mode, unless that is normal.
struct Sources(Vec<(&'static str, String)>);

/// Some of a circuit's keys, the worst first.
struct Keys {
    /// The number of keys, and how many of them match the filter.
    total: usize,
    matching: usize,
    offset: usize,
    shown: Vec<Snapshot>,
}

impl Details {
    fn of(breaker: &CircuitBreaker, query: &Query) -> Self {
        Details {
            snapshot: breaker.snapshot(),
            config: in_force(breaker.config()),
            sources: Sources(force::sources(breaker)),
            mode_changes: history::mode_changes(breaker),
            keys: breaker.has_keys().then(|| Keys::of(breaker, query)),
        }
    }
}

impl Keys {
    fn of(breaker: &CircuitBreaker, query: &Query) -> Self {
        let mut views = breaker.key_views();
        let total = views.len();
        views.retain(|view| view.key.as_ref().is_some_and(|key| key.contains(&query.filter)));
        let matching = views.len();
        views.sort_unstable_by(|a, b| worse(a).cmp(&worse(b)));
        let shown = views.into_iter().skip(query.offset).take(query.limit);
        let shown = shown.map(|view| Snapshot::of(breaker.name(), view, false)).collect();
        Keys { total, matching, offset: query.offset, shown }
    }
}

/// Worst first: open before half-open, then the longest run of failures, then by text.
fn worse(view: &View) -> impl Ord + use<'_> {
    (Reverse((view.state, view.failures_in_a_row)), &view.key)
}

/// A configuration with its defaults filled in.
fn in_force(config: Config) -> Config {
    let rules = config.rules();
    let time = |nanos| Choice::Given(Duration::from_nanos(nanos));
    let is_capped = rules.backoff > 1.0 || config.names(ConfigOption::MaxRecovery);
    Config {
        threshold: rules.threshold.into(),
        slow_rate: rules.slow_rate.into(),
        window: rules.window.into(),
        min_calls: rules.window.map(|_| rules.min_calls).into(),
        recovery: time(rules.recovery),
        backoff: Choice::Given(rules.backoff),
        max_recovery: if is_capped { time(rules.max_recovery) } else { Choice::Unset },
        jitter: Choice::Given(rules.jitter),
        success_threshold: Choice::Given(rules.success_threshold),
        probes: Choice::Given(rules.probes),
        probe_timeout: time(rules.probe_timeout),
        on_cancel: Choice::Given(config.on_cancel.given().unwrap_or(OnCancel::Ignore)),
        ..config
    }
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Details", 29)?;
        present(&self.snapshot, &mut out)?;
        out.serialize_field("recent_transitions", &self.snapshot.recent_transitions)?;
        out.serialize_field("config", &self.config)?;
        out.serialize_field("sources", &self.sources)?;
        out.serialize_field("mode_changes", &self.mode_changes)?;
        out.serialize_field("keys", &self.keys)?;
        out.end()
    }
}

impl Serialize for Sources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(option, source)| (option, source)))
    }
}

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Keys", 4)?;
        out.serialize_field("total", &self.total)?;
        out.serialize_field("matching", &self.matching)?;
        out.serialize_field("offset", &self.offset)?;
        out.serialize_field("shown", &self.shown)?;
        out.end()
    }
}
