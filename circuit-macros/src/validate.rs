//! The rules between the options, and between them and the function: one small
//! function each. A rule blames the option that was written later and names both.

mod both;

use std::time::Duration;

use proc_macro2::TokenTree;
use syn::{ReturnType, Type};

use crate::diag::Problems;
use crate::head::Function;
use crate::options::{Given, Of, Opt, Options, Value};

pub(crate) use both::both;

/// The rules that need the options only.
pub(crate) fn options(options: &Options, problems: &mut Problems) {
    breaker_has_its_own_circuit(options, problems);
    fits_the_window(options, Opt::MinCalls, "no rate would ever be judged", problems);
    fits_the_window(options, Opt::FailureCount, "it could never be reached", problems);
    window_fits_a_key(options, problems);
    probes_reach_the_success_threshold(options, problems);
    reaches(options, Opt::MaxRecovery, Opt::Recovery, Some(Duration::from_secs(60)), problems);
    reaches(options, Opt::ProbeTimeout, Opt::Timeout, None, problems);
    if !options.has_unknown {
        nothing_is_missing(options, problems);
    }
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
    let blocks = crate::model::names::flatten(function.body.stream())
        .any(|token| matches!(token, TokenTree::Ident(word) if word == "block_on"));
    for option in [Opt::Timeout, Opt::OnCancel] {
        if let Some(given) = options.get(option) {
            let name = option.spec().name;
            let why = if blocks {
                "write `#[circuit_breaker]` above an attribute that makes the function sync, such \
                 as `#[tokio::main]`"
            } else if option == Opt::Timeout {
                "a blocking call can't be stopped; to set how long the circuit stays open, write \
                 `recovery`"
            } else {
                "only a future can be cancelled"
            };
            problems.add(&given.key, format!("`{name}` needs an async function: {why}"));
        }
    }
}

fn name(given: &Given) -> &'static str {
    given.option.spec().name
}

fn breaker_has_its_own_circuit(options: &Options, problems: &mut Problems) {
    for given in options.iter() {
        if given.option.spec().of == Of::Function {
            continue;
        }
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
}

fn nothing_is_missing(options: &Options, problems: &mut Problems) {
    let has_rate = options.has(Opt::FailureRate) || options.has(Opt::SlowCall);
    let has_count = options.has(Opt::FailureCount);
    for given in options.iter() {
        let missing = match given.option {
            Opt::SlowRate if !options.has(Opt::SlowCall) => {
                "needs `slow_call`, which says when a call is slow: `slow_call = \"2s\"`"
            }
            // Without `slow_call` a `slow_rate` has its own error already.
            Opt::Window if !has_rate && !has_count && !options.has(Opt::SlowRate) => {
                "needs a rule to judge by: `failure_rate = 0.5`, `failure_count = 5` or \
                 `slow_call = \"2s\"`"
            }
            Opt::MinCalls if !has_rate && !options.has(Opt::SlowRate) => {
                "needs a rate to judge: `failure_rate = 0.5` or `slow_call = \"2s\"`"
            }
            Opt::MaxKeys if !options.has(Opt::Key) => "needs `key`: `key = host`",
            Opt::FallbackOn if !options.has(Opt::Fallback) => {
                "needs `fallback`: `fallback = cached_price`"
            }
            _ => continue,
        };
        problems.add(&given.key, format!("`{}` {missing}", name(given)));
    }
}

/// At the later of two options of which `option` may have been left out.
fn blame<'a>(options: &'a Options, option: Opt, given: &'a Given) -> &'a Given {
    options.both(option, given.option).map_or(given, |[_, later]| later)
}

/// No count of calls is above a window of calls.
fn fits_the_window(options: &Options, count: Opt, otherwise: &str, problems: &mut Problems) {
    let Some(given) = options.get(count) else {
        return;
    };
    let (window, by_default) = match options.value(Opt::Window) {
        Some(Value::Whole(calls)) => (*calls, ""),
        None => (100, " by default"),
        Some(_) => return,
    };
    if matches!(given.value, Value::Whole(calls) if calls > window) {
        problems.add(
            &blame(options, Opt::Window, given).tokens,
            format!(
                "`{}` must be at most `window`, which is {window} calls{by_default}: {otherwise}",
                name(given),
            ),
        );
    }
}

fn window_fits_a_key(options: &Options, problems: &mut Problems) {
    if let (Some([_, later]), Some(Value::Whole(10_001..))) =
        (options.both(Opt::Window, Opt::Key), options.value(Opt::Window))
    {
        problems.add(
            &later.tokens,
            "with `key`, a `window` of calls must be at most 10,000: each key has its own",
        );
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
            format!(
                "`probes` must be at least `success_threshold`, which is {needed}: the circuit \
                 could never close"
            ),
        );
    }
}

/// One time is at least as long as another, which may be `by_default` where it isn't given.
fn reaches(
    options: &Options,
    longer: Opt,
    shorter: Opt,
    by_default: Option<Duration>,
    problems: &mut Problems,
) {
    let Some(given) = options.get(longer) else {
        return;
    };
    let (least, is) = match (options.value(shorter), by_default) {
        (Some(Value::Time(least)), _) => (*least, String::new()),
        (None, Some(least)) => (least, format!(", which is {}s by default", least.as_secs())),
        _ => return,
    };
    if matches!(given.value, Value::Time(most) if most < least) {
        problems.add(
            &blame(options, shorter, given).tokens,
            format!("`{}` must be at least `{}`{is}", name(given), shorter.spec().name),
        );
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

/// The type inside parentheses and the groups of `macro_rules!`.
pub(crate) fn peel_type(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => peel_type(&inner.elem),
        Type::Group(inner) => peel_type(&inner.elem),
        ty => ty,
    }
}
