//! A terse language for what happens to a circuit, replayed on the manual clock.
//!
//! | token | meaning |
//! |---|---|
//! | `S` `F` `X` `P` | a call is admitted and ends at once: success, failure, ignored, panic |
//! | `S(5s)` | the same, and it takes that long |
//! | `open(5s)` | an admitted call answers "not for that long" (`Outcome::OpenFor`) |
//! | `R` `A✗` | a call has to be rejected; `R(open)`, `R(full)`, `R(forced)`, `R(busy)` say why |
//! | `A✓` `rel` | a call has to be admitted and is kept; the last one kept is dropped |
//! | `begin(a)` `end(a,S)` | a call named `a` begins, and ends later |
//! | `+1s` `@5s` | time passes; time passes until five seconds after the start |
//! | `C` `O` `H` | the state has to be closed, open, half-open |
//! | `NORMAL` `FO` `DIS` `MO` | the mode has to be normal, forced open, disabled, shadow |
//! | `reset` `force` `disable` `shadow` `resume` | the method of that name |
//! | `set(threshold=2)` | reconfigures one option |
//! | `look` | asks for everything that can be asked |
//! | `calls=5` `rate=60%` `row=1` `#late=1` … | a figure has to have that value; `#` is a lifetime counter |
//! | `Fx4` `{ S F }x5` | repeated |

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitBreaker, Config, Mode, Outcome, Permit, Rejection, State};

use crate::support::{breaker, crash, crashes};

/// How a scripted call ends.
#[derive(Clone, Copy)]
enum End {
    Outcome(Outcome),
    Panic,
}

/// Replays `text` against a new circuit; the error says at which token it went wrong, and how.
pub(super) fn replay(config: Config, text: &str) -> Result<(), String> {
    let breaker = breaker(config);
    let events = Arc::new(AtomicU32::new(0));
    breaker.on_transition({
        let events = Arc::clone(&events);
        move |_| {
            events.fetch_add(1, Ordering::Relaxed);
        }
    });
    let time = freeze();
    let elapsed = Cell::new(Duration::ZERO);
    let pass = |span: Duration| {
        time.advance(span);
        elapsed.set(elapsed.get() + span);
    };
    let mut ran = 0;
    let mut kept: Vec<(&str, Permit<'_>)> = Vec::new();

    for (at, token) in unfold(text).into_iter().enumerate() {
        let wrong = |what: String| format!("token {at} `{token}` in `{text}`: {what}");
        let (word, argument) = split(token);
        if let Some(span) = word.strip_prefix('+') {
            pass(duration(span));
            continue;
        }
        if let Some(moment) = word.strip_prefix('@') {
            pass(duration(moment) - elapsed.get());
            continue;
        }
        let step = match word {
            _ if operate(&breaker, word) => Ok(()),
            "S" | "F" | "X" | "P" | "open" => {
                ran += 1;
                run(&breaker, ending(word, argument), || {
                    if word != "open" {
                        pass(argument.map_or(Duration::ZERO, duration));
                    }
                })
            }
            "R" | "A✗" => rejected(&breaker, argument),
            "A✓" | "begin" => breaker
                .try_acquire()
                .map(|permit| kept.push((argument.unwrap_or(""), permit)))
                .map_err(|error| format!("refused: {error}")),
            "rel" => kept.pop().map(drop).ok_or("nothing to release".into()),
            "end" => {
                let (name, outcome) = argument.unwrap().split_once(',').unwrap();
                let place = kept.iter().position(|(kept, _)| *kept == name).unwrap();
                let (_, permit) = kept.remove(place);
                match ending(outcome, None) {
                    End::Outcome(outcome) => permit.record(outcome),
                    End::Panic => unreachable!("a kept permit has no body that could panic"),
                }
                Ok(())
            }
            "set" => breaker
                .reconfigure(changed(breaker.config(), argument.unwrap()))
                .map_err(|error| error.to_string()),
            "C" | "O" | "H" => {
                let states = [State::Closed, State::Open, State::HalfOpen];
                let (seen, asked) = (breaker.state(), breaker.snapshot().state);
                equal(states["COH".find(word).unwrap()], seen).and(equal(seen, asked))
            }
            "NORMAL" => equal(Mode::Normal, breaker.mode()),
            "FO" => equal(Mode::ForcedOpen, breaker.mode()),
            "DIS" => equal(Mode::Disabled, breaker.mode()),
            "MO" => equal(Mode::Shadow, breaker.mode()),
            _ => {
                let (name, expected) = word.split_once('=').expect(token);
                let seen = match name {
                    "ran" => Some(f64::from(ran)),
                    "events" => Some(f64::from(events.load(Ordering::Relaxed))),
                    _ => figure(&breaker, name),
                };
                same_figure(expected, seen)
            }
        };
        step.map_err(wrong)?;
    }
    Ok(())
}

/// Whether the word is one of an operator, and done.
fn operate(breaker: &CircuitBreaker, word: &str) -> bool {
    match word {
        "reset" => breaker.reset(),
        "force" => breaker.force_open(),
        "disable" => breaker.disable(),
        "shadow" => breaker.shadow(),
        "resume" => breaker.resume(),
        "look" => drop((breaker.state(), breaker.mode(), breaker.snapshot())),
        _ => return false,
    }
    true
}

fn run(breaker: &CircuitBreaker, end: End, takes: impl FnOnce()) -> Result<(), String> {
    let body = || {
        takes();
        match end {
            End::Outcome(outcome) => outcome,
            End::Panic => crash(),
        }
    };
    let mut rejection = None;
    let crashed = crashes(|| rejection = breaker.call_with(|outcome| *outcome, body).err());
    match rejection {
        Some(error) => Err(format!("rejected: {error}")),
        None => equal(matches!(end, End::Panic), crashed),
    }
}

fn rejected(breaker: &CircuitBreaker, why: Option<&str>) -> Result<(), String> {
    let mut body_ran = false;
    let answer = breaker.call_with(|()| Outcome::Success, || body_ran = true);
    equal(false, body_ran)?;
    let reason = answer.expect_err("the body did not run").reason();
    match why {
        None => Ok(()),
        Some("open") => equal(Rejection::Open, reason),
        Some("full") => equal(Rejection::HalfOpenFull, reason),
        Some("forced") => equal(Rejection::ForcedOpen, reason),
        Some("busy") => equal(Rejection::TooManyCalls, reason),
        Some(other) => Err(format!("unknown reason `{other}`")),
    }
}

fn ending(word: &str, argument: Option<&str>) -> End {
    End::Outcome(match word {
        "S" => Outcome::Success,
        "F" => Outcome::Failure,
        "X" => Outcome::Ignored,
        "open" => Outcome::OpenFor(duration(argument.unwrap())),
        "P" => return End::Panic,
        _ => panic!("unknown outcome `{word}`"),
    })
}

fn changed(config: Config, setting: &str) -> Config {
    let (option, value) = setting.split_once('=').unwrap();
    match option {
        "threshold" => config.threshold(value.parse().unwrap()),
        "probes" => config.probes(value.parse().unwrap()),
        "recovery" => config.recovery(duration(value)),
        _ => panic!("unknown option `{option}`"),
    }
}

#[allow(clippy::cast_precision_loss)] // no script counts to 2^52
fn figure(breaker: &CircuitBreaker, name: &str) -> Option<f64> {
    let seen = breaker.snapshot();
    let counted = |window: u64| Some(window as f64);
    match name {
        "calls" => counted(seen.window?.calls.into()),
        "failures" => counted(seen.window?.failures.into()),
        "slow" => counted(seen.window?.slow.into()),
        "rate" => seen.window?.failure_rate,
        "slow_rate" => seen.window?.slow_rate,
        "row" => counted(seen.failures_in_a_row.into()),
        "retry" => seen.retry_after.map(|left| left.as_secs_f64()),
        "#successes" => counted(seen.successes),
        "#failures" => counted(seen.failures),
        "#ignored" => counted(seen.ignored),
        "#slow" => counted(seen.slow),
        "#rejected" => counted(seen.rejected),
        "#cancelled" => counted(seen.cancelled),
        "#panicked" => counted(seen.panicked),
        "#late" => counted(seen.late),
        "#transitions" => counted(seen.transitions),
        _ => panic!("unknown figure `{name}`"),
    }
}

/// A percentage is compared to two decimals, everything else exactly.
fn same_figure(expected: &str, seen: Option<f64>) -> Result<(), String> {
    let (number, scale, tolerance) = match expected.strip_suffix('%') {
        Some(percent) => (percent, 100.0, 0.005),
        None => (expected, 1.0, 0.0),
    };
    let wanted: f64 = number.parse().unwrap();
    match seen {
        Some(seen) if (seen * scale - wanted).abs() <= tolerance => Ok(()),
        _ => Err(format!("is {seen:?}")),
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(expected: T, seen: T) -> Result<(), String> {
    if expected == seen { Ok(()) } else { Err(format!("expected {expected:?}, is {seen:?}")) }
}

/// Writes `Fx4` and `{ S F }x5` out.
fn unfold(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut group = None;
    for token in text.split_whitespace() {
        let (token, times) = match token.rsplit_once('x') {
            Some((token, times)) if times.parse::<usize>().is_ok() => {
                (token, times.parse().unwrap())
            }
            _ => (token, 1),
        };
        match token {
            "{" => group = Some(tokens.len()),
            "}" => {
                let start = group.take().expect("`}` without `{`");
                let body = tokens[start..].to_vec();
                tokens.truncate(start);
                tokens.extend(body.repeat(times));
            }
            _ => tokens.extend(std::iter::repeat_n(token, times)),
        }
    }
    tokens
}

/// `end(a,S)` is the word `end` with the argument `a,S`.
fn split(token: &str) -> (&str, Option<&str>) {
    match token.split_once('(') {
        Some((word, rest)) => (word, Some(rest.strip_suffix(')').expect(token))),
        None => (token, None),
    }
}

/// Exact to the nanosecond, which `from_secs_f64` is not.
fn duration(text: &str) -> Duration {
    let unit = text.find(|c: char| c.is_alphabetic()).expect(text);
    let nanos: u64 = match &text[unit..] {
        "ns" => 1,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        other => panic!("unknown unit `{other}`"),
    };
    let (whole, fraction) = text[..unit].split_once('.').unwrap_or((&text[..unit], ""));
    let whole: u64 = whole.parse().expect(text);
    let billionths: u64 = format!("{fraction:0<9}").parse().expect(text);
    Duration::from_nanos(whole * nanos + billionths * nanos / 1_000_000_000)
}
