//! The rules between the options, and between them and the function: one small
//! function each. A rule blames the option that was written later and names both.

mod both;
mod patterns;
mod streams;

use std::time::Duration;

use proc_macro2::{Span, TokenTree};
use syn::{ReturnType, Type};

use crate::diag::Problems;
use crate::head::Function;
use crate::options::{Given, Of, Opt, Options, Value, spec};

pub(crate) use both::{both, constants, returned};
pub(crate) use patterns::is_named;
pub(crate) use streams::streams;

/// The rules that need the options only. Those that `breaker` refuses are taken out: no other rule
/// has anything to say of them.
pub(crate) fn options(options: &mut Options, problems: &mut Problems) {
    breaker_has_its_own_circuit(options, problems);
    off_takes_something_back(options, problems);
    fits_the_window(options, Opt::MinCalls, spec::MIN_CALLS_ABOVE_WINDOW, problems);
    fits_the_window(options, Opt::FailureCount, spec::FAILURE_COUNT_ABOVE_WINDOW, problems);
    window_fits_a_key(options, problems);
    throttle_has_a_window_of_time(options, problems);
    probes_reach_the_success_threshold(options, problems);
    let recovery = Some(Duration::from_secs(spec::DEFAULT_RECOVERY));
    let error = spec::MAX_RECOVERY_BELOW_RECOVERY;
    reaches(options, [Opt::MaxRecovery, Opt::Recovery], recovery, error, problems);
    let error = spec::PROBE_TIMEOUT_BELOW_TIMEOUT;
    reaches(options, [Opt::ProbeTimeout, Opt::Timeout], None, error, problems);
    reaches(options, [Opt::Window, Opt::Stall], None, spec::STALL_ABOVE_WINDOW, problems);
    stall_fits_the_window_of_throttle(options, problems);
    exceeds(options, [Opt::Timeout, Opt::Stall], spec::STALL_NOT_BELOW_TIMEOUT, problems);
    exceeds(options, [Opt::Stall, Opt::SlowCall], spec::STALL_NOT_ABOVE_SLOW_CALL, problems);
    nothing_is_missing(options, problems);
    merged_failures_are_counted(options, problems);
}

/// The rules that need the function only.
pub(crate) fn function(function: &Function, problems: &mut Problems) {
    not_const(function, problems);
    not_variadic(function, problems);
    returns(function, problems);
    other_attributes(function, problems);
}

/// `timeout` and `on_cancel` are about futures.
pub(crate) fn only_async(
    options: &Options,
    function: &Function,
    is_async: bool,
    problems: &mut Problems,
) {
    if is_async {
        return;
    }
    // What `#[tokio::main]` leaves of an `async fn`.
    let blocks = || {
        crate::model::names::flatten(function.body.stream())
            .any(|token| matches!(token, TokenTree::Ident(word) if word == "block_on"))
    };
    for option in [Opt::Timeout, Opt::OnCancel] {
        if let Some(given) = options.get(option) {
            let name = option.spec().name;
            let why = if blocks() {
                "write `#[circuit_breaker]` above an attribute that makes the function sync, such \
                 as `#[tokio::main]`"
            } else {
                needs_async(option, options)
            };
            problems.add(&given.key, format!("`{name}` needs an async function: {why}"));
        }
    }
}

/// Why `timeout` and `on_cancel` need an async function.
pub(crate) fn needs_async(option: Opt, options: &Options) -> &'static str {
    match option {
        // A shared circuit's `recovery` is set where it is defined.
        Opt::Timeout if options.has(Opt::Breaker) => "a blocking call can't be stopped",
        Opt::Timeout => {
            "a blocking call can't be stopped; to set how long the circuit stays open, write `recovery`"
        }
        _ => "only a future can be cancelled",
    }
}

fn name(given: &Given) -> &'static str {
    given.option.spec().name
}

fn breaker_has_its_own_circuit(options: &mut Options, problems: &mut Problems) {
    // With a `key`, the breaker is a `KeyedBreaker`.
    let is_refused =
        |given: &Given| given.option.spec().of != Of::Function && given.option != Opt::Key;
    for given in options.iter().filter(|given| is_refused(given)) {
        if let Some([first, later]) = options.both(given.option, Opt::Breaker) {
            problems.add(
                &later.key,
                format!(
                    "`{}` can't be combined with `{}`: a shared circuit is configured where it is \
                     defined",
                    name(later),
                    name(first),
                ),
            );
        }
    }
    if options.has(Opt::Breaker) {
        options.retain(|given| !is_refused(given));
    }
}

/// `off` beside a preset, which may give what it takes back, and not beside what would go along.
fn off_takes_something_back(options: &Options, problems: &mut Problems) {
    let may_be_given = options.may_have(Opt::Preset);
    let off = options.iter().filter(|given| matches!(given.value, Value::Off));
    for given in off.filter(|given| !may_be_given && given.option != Opt::Threshold) {
        problems.add(
            &given.tokens,
            format!("`{}` is off already: `off` takes back what a `preset` gives", name(given)),
        );
    }
    for (dependent, on, error) in [
        (Opt::SlowRate, Opt::SlowCall, spec::SLOW_RATE_ALONE),
        (Opt::MaxRecovery, Opt::Backoff, spec::MAX_RECOVERY_WITHOUT_BACKOFF),
        (Opt::MaxWait, Opt::MaxConcurrent, spec::MAX_WAIT_ALONE),
    ] {
        if let Some([_, later]) = options.both(dependent, on).filter(|_| may_be_given) {
            if !options.sets(on) {
                problems.add(&later.key, error);
            }
        }
    }
}

fn nothing_is_missing(options: &Options, problems: &mut Problems) {
    // What a preset gives, only the compiler knows.
    let lacks = |option| !options.may_have(option) && !options.has(Opt::Preset);
    let no_rate = [Opt::FailureRate, Opt::SlowCall, Opt::Throttle].into_iter().all(lacks);
    let no_rule = no_rate && lacks(Opt::FailureCount);
    // A value that is wrong has its own error already.
    for given in options.iter().filter(|given| !matches!(given.value, Value::Wrong)) {
        let missing = match given.option {
            Opt::Threshold if !options.sets(Opt::Threshold) && no_rule => spec::NO_TRIP_RULE,
            Opt::SlowRate if lacks(Opt::SlowCall) => spec::SLOW_RATE_ALONE,
            // Of two options that need the same, one says so: here and below.
            Opt::OnCancel
                if matches!(given.value, Value::Word("slow"))
                    && lacks(Opt::SlowCall)
                    && lacks(Opt::SlowRate) =>
            {
                spec::ON_CANCEL_SLOW_ALONE
            }
            Opt::Window if no_rule && lacks(Opt::SlowRate) && lacks(Opt::MinCalls) => {
                spec::WINDOW_ALONE
            }
            Opt::MinCalls if no_rate && lacks(Opt::SlowRate) => spec::MIN_CALLS_ALONE,
            Opt::MaxWait if lacks(Opt::MaxConcurrent) => spec::MAX_WAIT_ALONE,
            Opt::MaxKeys if !options.may_have(Opt::Key) => "`max_keys` needs `key`: `key = host`",
            Opt::FallbackOn
                if ![Opt::Fallback, Opt::Stale].iter().any(|it| options.may_have(*it)) =>
            {
                "`fallback_on` needs `fallback` or `stale`: `fallback = cached_price`"
            }
            Opt::StaleKey if !options.may_have(Opt::Stale) => {
                "`stale_key` needs `stale`, which says how old a value may be: `stale = \"10m\"`"
            }
            Opt::MaxStale if !options.may_have(Opt::Stale) && !options.has(Opt::StaleKey) => {
                "`max_stale` needs `stale`, which says how old a value may be: `stale = \"10m\"`"
            }
            _ => continue,
        };
        problems.add(&given.key, missing);
    }
}

/// Failures are merged for rules that count them one by one.
fn merged_failures_are_counted(options: &Options, problems: &mut Problems) {
    // What a preset gives, only the compiler knows.
    let known = [Opt::FailureCount, Opt::Preset];
    let Some(given) = options.get(Opt::MergeFailures) else {
        return;
    };
    if known.into_iter().any(|option| options.may_have(option)) {
        return;
    }
    let without = match options.value(Opt::Threshold) {
        Some(Value::Off) => Some(Opt::Threshold),
        Some(_) => None,
        None => [Opt::FailureRate, Opt::Throttle].into_iter().find(|rule| options.sets(*rule)),
    };
    if let Some(without) = without {
        problems.add(&blame(options, without, given).key, spec::MERGE_FAILURES_ALONE);
    }
}

/// At the later of two options of which `option` may have been left out.
fn blame<'a>(options: &'a Options, option: Opt, given: &'a Given) -> &'a Given {
    options.both(option, given.option).map_or(given, |[_, later]| later)
}

/// What is said beside `option`: its default, `(60s by default)`, is no matter if it is given.
fn beside(options: &Options, option: Opt, error: &str) -> String {
    let without = error.split_once(" (").and_then(|(before, rest)| {
        let (default, after) = rest.split_once(')')?;
        default.contains("by default").then(|| format!("{before}{after}"))
    });
    without.filter(|_| options.has(option)).unwrap_or_else(|| error.to_owned())
}

/// No count of calls is above a window of calls.
fn fits_the_window(options: &Options, count: Opt, error: &str, problems: &mut Problems) {
    let Some(given) = options.get(count) else {
        return;
    };
    let window = match options.value(Opt::Window) {
        Some(Value::Whole(calls)) => *calls,
        None if !options.may_have(Opt::Preset) && !options.sets(Opt::Throttle) => {
            spec::DEFAULT_WINDOW
        }
        _ => return,
    };
    if matches!(given.value, Value::Whole(calls) if calls > window) {
        let error = beside(options, Opt::Window, error);
        problems.add(&blame(options, Opt::Window, given).tokens, error);
    }
}

fn window_fits_a_key(options: &Options, problems: &mut Problems) {
    if let (Some([_, later]), Some(Value::Whole(calls))) =
        (options.both(Opt::Window, Opt::Key), options.value(Opt::Window))
    {
        if *calls > spec::MAX_KEYED_WINDOW {
            problems.add(&later.tokens, spec::KEYED_WINDOW_TOO_LARGE);
        }
    }
}

fn throttle_has_a_window_of_time(options: &Options, problems: &mut Problems) {
    if let (Some([_, later]), Some(Value::Whole(_))) =
        (options.both(Opt::Throttle, Opt::Window), options.value(Opt::Window))
    {
        if options.sets(Opt::Throttle) {
            problems.add(&later.tokens, spec::THROTTLE_OVER_CALLS);
        }
    }
}

fn probes_reach_the_success_threshold(options: &Options, problems: &mut Problems) {
    let Some(probes) = options.get(Opt::Probes) else {
        return;
    };
    let needed = match options.value(Opt::SuccessThreshold) {
        Some(Value::Whole(needed)) => *needed,
        _ => return,
    };
    if matches!(probes.value, Value::Whole(count) if count < needed) {
        problems.add(
            &blame(options, Opt::SuccessThreshold, probes).tokens,
            spec::PROBES_BELOW_SUCCESS_THRESHOLD,
        );
    }
}

/// One time is at least as long as another, which may be `by_default` where it isn't given.
fn reaches(
    options: &Options,
    [longer, shorter]: [Opt; 2],
    by_default: Option<Duration>,
    error: &str,
    problems: &mut Problems,
) {
    let Some(given) = options.get(longer) else {
        return;
    };
    let least = match (options.value(shorter), by_default) {
        (Some(Value::Time(least)), _) => *least,
        (None, Some(least)) if !options.may_have(Opt::Preset) => least,
        _ => return,
    };
    if matches!(given.value, Value::Time(most) if most < least) {
        let error = beside(options, shorter, error);
        problems.add(&blame(options, shorter, given).tokens, error);
    }
}

/// `throttle` brings a window of time, which need not be written.
fn stall_fits_the_window_of_throttle(options: &Options, problems: &mut Problems) {
    let may_be_given = options.may_have(Opt::Window) || options.has(Opt::Preset);
    let Some([_, later]) = options.both(Opt::Stall, Opt::Throttle).filter(|_| !may_be_given) else {
        return;
    };
    let window = Duration::from_secs(spec::DEFAULT_WINDOW_OF_THROTTLE);
    if matches!(options.value(Opt::Stall), Some(Value::Time(stall)) if *stall > window) {
        problems.add(&later.tokens, spec::STALL_ABOVE_WINDOW);
    }
}

/// One time is longer than another, where both are given.
fn exceeds(options: &Options, [longer, shorter]: [Opt; 2], error: &str, problems: &mut Problems) {
    let Some([_, later]) = options.both(longer, shorter) else {
        return;
    };
    if let (Some(Value::Time(longer)), Some(Value::Time(shorter))) =
        (options.value(longer), options.value(shorter))
    {
        if longer <= shorter {
            problems.add(&later.tokens, error);
        }
    }
}

fn not_const(function: &Function, problems: &mut Problems) {
    if let Some(constness) = &function.signature.constness {
        problems.add(
            constness,
            "`#[circuit_breaker]` can't be used on a `const fn`: the state of a circuit is only \
             known at run time",
        );
    }
}

fn not_variadic(function: &Function, problems: &mut Problems) {
    if let Some(variadic) = &function.signature.variadic {
        problems.add(variadic, "`#[circuit_breaker]` can't be used on a variadic function");
    }
}

fn returns(function: &Function, problems: &mut Problems) {
    if let ReturnType::Type(_, ty) = &function.signature.output {
        if let Type::Never(never) = peel_type(ty) {
            problems.add(
                never,
                "`#[circuit_breaker]` needs a function that returns, but this one never does: remove \
                 the attribute",
            );
        }
    }
}

fn other_attributes(function: &Function, problems: &mut Problems) {
    for attribute in &function.attributes {
        match attribute.name().as_deref() {
            Some("circuit_breaker") => problems
                .add(attribute, "`#[circuit_breaker]` is on this function twice; remove one"),
            Some("track_caller") => problems.add(
                attribute,
                "`#[track_caller]` has no effect under `#[circuit_breaker]`, because the body \
                 runs in a closure; remove it",
            ),
            _ => {}
        }
    }
}

/// An error where the attribute on an `impl` block has been at the function before.
pub(crate) fn not_in_a_block(function: &Function) -> syn::Result<()> {
    /// What it writes stands first, behind what `#[async_trait]` and the like put there; a long body
    /// isn't read to its end.
    const FIRST: usize = 1_000;
    let mut before = [false; 2];
    let mut first = crate::model::names::flatten(function.body.stream()).take(FIRST);
    let is_seen = first.any(|token| {
        let TokenTree::Ident(word) = &token else {
            return false;
        };
        let is_import = before[1] && word == "__circuit";
        before = [word == "__private", before[0] && word == "as"];
        is_import || word == IN_BLOCK
    });
    if is_seen {
        return Err(syn::Error::new(
            Span::call_site(),
            "inside an `impl` block with `#[circuit_breaker]` the attribute is written \
             `circuit_breaker` or as a path that ends so, and not in a `cfg_attr`: the block sees \
             no other",
        ));
    }
    Ok(())
}

/// In the body of a function that a block has seen and left alone.
pub(crate) const IN_BLOCK: &str = "__circuit_in_block";

/// The type inside parentheses and the groups of `macro_rules!`.
pub(crate) fn peel_type(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => peel_type(&inner.elem),
        Type::Group(inner) => peel_type(&inner.elem),
        ty => ty,
    }
}
