//! The settings in force: put there by `configure`, and for circuits that register later.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::environment::name_of;
use super::fault::{SettingsError, SettingsFault, shown};
use super::layers::{self, Layers};
#[cfg(feature = "axum")]
use super::orders;
use super::plan::Plan;
use super::report::Report;
use super::tables::Settings;
use crate::breaker::{CircuitBreaker, Unreported};
use crate::observe::registry::{self, OnRegister};
use crate::outcome::Mode;
use crate::primitives::sync::unpoisoned;

/// Locked while circuits change, so that of two concurrent configurations one is in force everywhere. No
/// user code runs under it.
static IN_FORCE: Mutex<Option<InForce>> = Mutex::new(None);

/// Who is said to have changed a mode.
const BY: &str = "settings";

#[derive(Default)]
struct InForce {
    settings: Settings,
    circuits: BTreeMap<&'static str, Circuit>,
    /// The circuits by their names in the environment.
    variables: BTreeMap<String, Vec<&'static CircuitBreaker>>,
}

/// What holds for a circuit.
struct Circuit {
    plan: Plan,
    has_changed: bool,
    /// What was set by hand didn't go with the settings.
    is_overruled: bool,
    /// Why it keeps what the code says.
    refused: Vec<SettingsFault>,
}

/// Puts settings in force, in the place of the ones from the last time.
///
/// Options merge one by one. The highest wins: the environment, the circuit's full name, longer patterns, shorter
/// ones (each with its preset below it), what the code says, `default`. A circuit that registers later gets
/// its settings before its first call.
///
/// What is no longer set goes back to what the code says. An option or a mode is only touched if its setting
/// has changed since the last time: what was set by hand since, such as
/// [`force_open`](CircuitBreaker::force_open), stays. State, deadline, counters, calls in flight and a window of the
/// same kind are kept, as by [`reconfigure`](CircuitBreaker::reconfigure).
///
/// # Errors
///
/// Everything that is wrong with the settings: of themselves, and for the circuits registered so far. Then
/// nothing has changed.
///
/// # Examples
///
/// ```
/// use circuit_runtime::{Mode, Settings, circuit_breaker, find};
///
/// #[circuit_breaker(name = "search", threshold = 3)]
/// fn search() -> std::io::Result<()> {
///     Ok(())
/// }
///
/// let settings: Settings =
///     serde_json::from_str(r#"{ "circuits": { "sea*": { "threshold": 10, "mode": "shadow" } } }"#)?;
/// let report = circuit_runtime::configure(settings)?;
/// assert_eq!(report.waiting, ["circuits.\"sea*\""], "registered at its first call");
///
/// search()?;
/// assert_eq!(find("search").unwrap().mode(), Mode::Shadow);
/// assert_eq!(circuit_runtime::settings_report().circuits, ["search"]);
///
/// let wrong: Settings = serde_json::from_str(r#"{ "circuits": { "search": { "threshold": 0 } } }"#)?;
/// let error = circuit_runtime::configure(wrong).unwrap_err();
/// assert_eq!(error.to_string(), "circuits.search.threshold: must be from 1 to 1,000,000, is 0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn configure(settings: Settings) -> Result<Report, SettingsError> {
    registry::on_register(OnRegister::Settings, registered);
    registry::notice_all_stalled();
    let mut in_force = unpoisoned(IN_FORCE.lock());
    let circuits = registry::circuits();
    let mut faults = settings.check();
    let mut next = InForce { settings, ..InForce::default() };
    for breaker in &circuits {
        next.variables.entry(name_of(breaker.name())).or_default().push(breaker);
    }
    let mut plans = Vec::new();
    for breaker in circuits {
        match next.plan(breaker) {
            Some(Ok(plan)) => plans.push((breaker, plan)),
            Some(Err(more)) => faults.extend(more),
            // What is doubtful has a fault already.
            None => {}
        }
    }
    SettingsError::check(faults)?;
    let mut before = in_force.take().unwrap_or_default().circuits;
    let apply = |(breaker, plan): (&'static CircuitBreaker, Plan)| {
        let before = before.remove(breaker.name()).map(|circuit| circuit.plan);
        next.apply(breaker, before, plan)
    };
    let unreported: Vec<Unreported> = plans.into_iter().filter_map(apply).collect();
    let report = next.report();
    *in_force = Some(next);
    drop(in_force);
    notify(unreported);
    Ok(report)
}

/// What has become of the settings in force, with the circuits that have registered since
/// [`configure`]. Without settings everything in it is empty.
#[must_use]
pub fn settings_report() -> Report {
    unpoisoned(IN_FORCE.lock()).as_ref().map(InForce::report).unwrap_or_default()
}

/// Where each option of a circuit comes from, and its mode: see [`Plan::sources_of`].
#[cfg(feature = "axum")]
pub(crate) fn sources(breaker: &CircuitBreaker) -> Vec<(&'static str, String)> {
    let in_force = unpoisoned(IN_FORCE.lock());
    let circuit = in_force.as_ref().and_then(|in_force| in_force.circuits.get(breaker.name()));
    let (present, mode) = (breaker.config(), breaker.mode());
    let mut sources = match circuit {
        Some(circuit) => circuit.plan.sources_of(&present, mode),
        None => Plan::empty(breaker).sources_of(&present, mode),
    };
    drop(in_force);
    for (name, source) in &mut sources {
        if let Some(by) = orders::author_of(breaker.name(), name) {
            *source = format!("order of {by}");
        }
    }
    sources
}

/// Puts the settings in force for a circuit that has been registered.
fn registered(breaker: &'static CircuitBreaker) {
    let mut guard = unpoisoned(IN_FORCE.lock());
    let Some(in_force) = guard.as_mut() else { return };
    if in_force.circuits.contains_key(breaker.name()) {
        return;
    }
    let with_one_name = in_force.variables.entry(name_of(breaker.name())).or_default();
    with_one_name.push(breaker);
    let mut to_apply = vec![breaker];
    if let [other, _] = with_one_name[..] {
        // It has been alone so far; now variables are for neither.
        to_apply.push(other);
    }
    let (mut unreported, mut refused) = (Vec::new(), Vec::new());
    for breaker in to_apply {
        let (more, faults) = in_force.apply_late(breaker);
        unreported.extend(more);
        refused.push((breaker, faults));
    }
    drop(guard);
    notify(unreported);
    for (breaker, faults) in refused {
        warn(breaker, &faults);
    }
}

/// One event for a circuit that doesn't go with its settings.
#[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "nobody is told"))]
fn warn(breaker: &CircuitBreaker, faults: &[SettingsFault]) {
    #[cfg(feature = "tracing")]
    if let Err(error) = SettingsError::check(faults.to_vec()) {
        crate::integrations::settings_refused(breaker.name(), &error.to_string());
    }
}

fn notify(unreported: Vec<Unreported>) {
    let by = Arc::from(BY);
    for changes in unreported {
        changes.notify(&by);
    }
}

impl InForce {
    /// What the settings make of a circuit; `None` if something in them is doubtful.
    fn plan(&self, breaker: &CircuitBreaker) -> Option<Result<Plan, Vec<SettingsFault>>> {
        let of_name = self.variables.get(&name_of(breaker.name()));
        let is_alone = of_name.is_none_or(|circuits| circuits.len() == 1);
        let layers = Layers::of(&self.settings, breaker.name(), is_alone);
        (!layers.are_doubtful()).then(|| Plan::of(breaker, layers))
    }

    /// Puts a plan in force, in the place of the one before; `None`: nothing changes.
    fn apply(
        &mut self,
        breaker: &'static CircuitBreaker,
        before: Option<Plan>,
        plan: Plan,
    ) -> Option<Unreported> {
        let before = before.unwrap_or_else(|| Plan::empty(breaker));
        let changes = plan.changes(&before);
        let limit = plan.said.timeout;
        let mode = (plan.mode != before.mode).then(|| plan.mode.unwrap_or(Mode::Normal));
        let has_changed = !changes.is_empty() || limit != before.said.timeout || mode.is_some();
        let done = has_changed.then(|| breaker.put_in_force(plan.target, &changes, limit, mode));
        let is_overruled = done.as_ref().is_some_and(|(_, has_kept_all)| !has_kept_all);
        let circuit = Circuit { plan, has_changed, is_overruled, refused: Vec::new() };
        self.circuits.insert(breaker.name(), circuit);
        done.map(|(unreported, _)| unreported)
    }

    /// Puts in force what holds for a circuit that has registered since `configure`, or whose name another
    /// such one has in the environment. If it doesn't go with its settings, it keeps what the code says,
    /// and the faults are returned.
    fn apply_late(
        &mut self,
        breaker: &'static CircuitBreaker,
    ) -> (Option<Unreported>, Vec<SettingsFault>) {
        let before = self.circuits.remove(breaker.name()).map(|circuit| circuit.plan);
        let (plan, refused) = match self.plan(breaker) {
            Some(Ok(plan)) => (plan, Vec::new()),
            Some(Err(faults)) => (Plan::empty(breaker), faults),
            // Can't happen: doubtful settings are never put in force.
            None => (Plan::empty(breaker), Vec::new()),
        };
        let unreported = self.apply(breaker, before, plan);
        if let Some(circuit) = self.circuits.get_mut(breaker.name()) {
            circuit.refused.clone_from(&refused);
        }
        (unreported, refused)
    }

    fn report(&self) -> Report {
        let mut report = Report::default();
        for (name, circuit) in &self.circuits {
            let lists = [
                (circuit.plan.has_settings(), &mut report.circuits),
                (circuit.has_changed, &mut report.changed),
                (circuit.is_overruled, &mut report.overruled),
            ];
            lists.into_iter().filter(|(is_in, _)| *is_in).for_each(|(_, list)| list.push(name));
            report.left_out.extend(circuit.plan.left_out.iter().cloned());
            report.refused.extend(circuit.refused.iter().cloned());
        }
        report.ambiguous = self.ambiguous();
        report.waiting = self.waiting();
        report
    }

    /// The variables that are for several circuits.
    fn ambiguous(&self) -> Vec<SettingsFault> {
        let variables = self.settings.environments.iter().flat_map(|environment| {
            environment.circuits.keys().map(move |name| (name, environment.path(name)))
        });
        let several = variables.filter_map(|(name, path)| {
            let circuits = self.variables.get(name).filter(|circuits| circuits.len() > 1)?;
            let names: Vec<_> = circuits.iter().map(|breaker| breaker.name()).collect();
            let message = format!("could be any of `{}`: applied to none", names.join("`, `"));
            Some(SettingsFault::new(path, message))
        });
        several.collect()
    }

    /// The names and patterns that match no circuit.
    fn waiting(&self) -> Vec<String> {
        let names = self.settings.circuits.keys();
        let matched =
            |name: &str| self.circuits.keys().any(|circuit| layers::matches(name, circuit));
        let names =
            names.filter(|name| !matched(name)).map(|name| format!("circuits.{}", shown(name)));
        let variables = self.settings.environments.iter().flat_map(|environment| {
            let unknown = environment.circuits.keys();
            let unknown = unknown.filter(|name| !self.variables.contains_key(*name));
            unknown.map(|name| environment.path(name))
        });
        variables.chain(names).collect()
    }
}
