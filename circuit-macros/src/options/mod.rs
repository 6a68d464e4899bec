//! The options: what is written in the parentheses.
//!
//! One table lists them. Parsing, the check for duplicates, the list of options in an error, "did
//! you mean", the conflict with `breaker`, and the test that compares the README all read that
//! table.

mod duration;
mod guard;
mod inner;
mod literal;
mod no_option;
mod no_pattern;
mod number;
mod parse;
mod pattern;
pub(crate) mod spec;
mod synonyms;
mod unknown;
mod unquoted;
mod value;

use std::time::Duration;

use proc_macro2::{Ident, Literal, TokenStream};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Expr, ExprPath, LitStr, Token};

pub(crate) use literal::inside_parens;
pub(crate) use parse::parse;
pub(crate) use pattern::Arm;
pub(crate) use spec::Range;

/// The kind of value that an option takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A value in this range.
    In(Range),
    Pattern,
    /// A path or a closure.
    Function,
    /// A path or a closure, over the parameters.
    Ping,
    /// Any expression.
    Code,
    Fallback,
    Text,
    Path,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// What an option configures: with `breaker`, the circuit is configured elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The circuit's `Config`, by the method with the same name.
    Config,
    /// The circuit, but not its `Config`.
    Circuit,
    /// The annotated function.
    Function,
}

pub(crate) struct Spec {
    pub(crate) option: Opt,
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    pub(crate) of: Of,
    /// An example of a value, for errors.
    pub(crate) example: &'static str,
    /// What is said of a value that is out of range.
    pub(crate) range_error: &'static str,
    /// What is said of `off`; `None` where that is allowed.
    pub(crate) off_error: Option<&'static str>,
}

impl Spec {
    /// An option with a range.
    const fn ranged(option: Opt, of: Of, spec: &spec::Spec, example: &'static str) -> Self {
        let spec::Spec { name, range, range_error, off_error } = *spec;
        let takes = match range {
            Range::OnCancel => Takes::Word(&["ignore", "failure", "slow"]),
            range => Takes::In(range),
        };
        Spec { option, name, takes, of, example, range_error, off_error }
    }

    const fn other(
        option: Opt,
        of: Of,
        name: &'static str,
        takes: Takes,
        example: &'static str,
    ) -> Self {
        Spec { option, name, takes, of, example, range_error: "", off_error: None }
    }
}

macro_rules! table {
    ($($option:ident, $of:ident: $make:ident($($arguments:expr),*);)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Opt { $($option),* }

        /// All options, in the order in which errors and the docs list them.
        pub(crate) const TABLE: &[Spec] =
            &[$(Spec::$make(Opt::$option, Of::$of, $($arguments),*),)*];
    };
}

table! {
    Threshold, Config: ranged(&spec::THRESHOLD, "3");
    FailureRate, Config: ranged(&spec::FAILURE_RATE, "0.5");
    FailureCount, Config: ranged(&spec::FAILURE_COUNT, "5");
    SlowCall, Config: ranged(&spec::SLOW_CALL, "\"2s\"");
    SlowRate, Config: ranged(&spec::SLOW_RATE, "0.5");
    Throttle, Config: ranged(&spec::THROTTLE, "\"50%\"");
    Window, Config: ranged(&spec::WINDOW, "100");
    MinCalls, Config: ranged(&spec::MIN_CALLS, "10");
    MergeFailures, Config: ranged(&spec::MERGE_FAILURES, "\"100ms\"");
    Stall, Config: ranged(&spec::STALL, "\"3s\"");
    Recovery, Config: ranged(&spec::RECOVERY, "\"30s\"");
    Backoff, Config: ranged(&spec::BACKOFF, "2.0");
    MaxRecovery, Config: ranged(&spec::MAX_RECOVERY, "\"10m\"");
    Jitter, Config: ranged(&spec::JITTER, "0.1");
    SuccessThreshold, Config: ranged(&spec::SUCCESS_THRESHOLD, "2");
    Probes, Config: ranged(&spec::PROBES, "3");
    ProbeTimeout, Config: ranged(&spec::PROBE_TIMEOUT, "\"30s\"");
    Ramp, Config: ranged(&spec::RAMP, "\"30s\"");
    Ping, Function: other("ping", Takes::Ping, "Self::health");
    Failure, Function: other("failure", Takes::Pattern, "Err(_)");
    Ignore, Function: other("ignore", Takes::Pattern, "Err(Error::NotFound)");
    Classify, Function: other("classify", Takes::Function, "path::to::function");
    OnCancel, Config: ranged(&spec::ON_CANCEL, "failure");
    Timeout, Function: ranged(&spec::TIMEOUT, "\"2s\"");
    Idle, Function: ranged(&spec::IDLE, "\"2s\"");
    MaxConcurrent, Config: ranged(&spec::MAX_CONCURRENT, "10");
    MaxWait, Config: ranged(&spec::MAX_WAIT, "\"1s\"");
    Fallback, Function: other("fallback", Takes::Fallback, "cached_price");
    FallbackOn, Function: other("fallback_on", Takes::Word(&["open", "any"]), "any");
    Stale, Function: ranged(&spec::STALE, "\"10m\"");
    StaleKey, Function: other("stale_key", Takes::Code, "(tenant, id)");
    MaxStale, Function: ranged(&spec::MAX_STALE, "1000");
    Name, Circuit: other("name", Takes::Text, "\"payments\"");
    Key, Circuit: other("key", Takes::Code, "host");
    MaxKeys, Circuit: ranged(&spec::MAX_KEYS, "1000");
    Preset, Circuit: other("preset", Takes::Path, "presets::SLOW");
    Breaker, Function: other("breaker", Takes::Path, "PAYMENTS");
    Crate, Function: other("crate", Takes::Path, "::my_facade::circuit_runtime");
}

impl Opt {
    pub(crate) fn spec(self) -> &'static Spec {
        &TABLE[self as usize]
    }

    /// Whether it is about each call, whichever circuit that goes through.
    pub(crate) fn is_per_call(self) -> bool {
        match self {
            Opt::Key => true,
            Opt::Breaker => false,
            option => option.spec().of == Of::Function,
        }
    }
}

/// The value of an option.
#[derive(Clone)]
pub(crate) enum Value {
    Whole(u32),
    /// With the literal to print, because a float doesn't print as it was written.
    Number(Literal),
    Time(Duration),
    /// An expression that only the compiler can evaluate.
    Constant(Expr),
    Text(LitStr),
    Code(Expr),
    Path(ExprPath),
    Pattern(Box<Arm>),
    Word(&'static str),
    /// Takes back what the preset gives.
    Off,
    /// Given, but wrong; the error has been reported.
    Wrong,
}

/// One `name = value` as the user wrote it.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) option: Opt,
    pub(crate) key: Ident,
    pub(crate) value: Value,
    /// The value's tokens, for errors to point at.
    pub(crate) tokens: TokenStream,
}

/// The options that were given, in the order of writing.
#[derive(Default)]
pub(crate) struct Options {
    given: Vec<Given>,
    /// A name wasn't understood: it may have been meant for an option that seems to be missing.
    pub(crate) has_unknown: bool,
    /// A method of a block whose circuit has no `max_wait`.
    pub(crate) never_waits: bool,
}

impl Options {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Given> {
        self.given.iter()
    }

    pub(crate) fn get(&self, option: Opt) -> Option<&Given> {
        self.iter().find(|given| given.option == option)
    }

    pub(crate) fn has(&self, option: Opt) -> bool {
        self.get(option).is_some()
    }

    /// Given, or perhaps meant by a name that wasn't understood. What needs an option, or goes by its
    /// default, asks this: it must not report as missing what is only misspelt.
    pub(crate) fn may_have(&self, option: Opt) -> bool {
        self.has_unknown || self.has(option)
    }

    /// Whether calls of the circuit may wait for a place: as written, as a preset says, or as a
    /// shared circuit does.
    pub(crate) fn may_wait(&self) -> bool {
        let elsewhere = self.has(Opt::Preset) || self.has(Opt::Breaker);
        let is_off = |option| matches!(self.value(option), Some(Value::Off));
        let never = self.never_waits || is_off(Opt::MaxWait) || is_off(Opt::MaxConcurrent);
        !never && (self.sets(Opt::MaxWait) || elsewhere)
    }

    /// Given, and not taken back.
    pub(crate) fn sets(&self, option: Opt) -> bool {
        self.get(option).is_some_and(|given| !matches!(given.value, Value::Off))
    }

    pub(crate) fn value(&self, option: Opt) -> Option<&Value> {
        self.get(option).map(|given| &given.value)
    }

    /// Both options in the order of writing, if both are given.
    pub(crate) fn both(&self, a: Opt, b: Opt) -> Option<[&Given; 2]> {
        let place = |option| self.iter().position(|given| given.option == option);
        let (a, b) = (place(a)?, place(b)?);
        Some([&self.given[a.min(b)], &self.given[a.max(b)]])
    }

    /// Leaves those that are no use for good, so that no more is said of them.
    pub(crate) fn retain(&mut self, is_kept: impl FnMut(&Given) -> bool) {
        self.given.retain(is_kept);
    }

    fn push(&mut self, given: Given) {
        self.given.push(given);
    }
}

impl FromIterator<Given> for Options {
    fn from_iter<I: IntoIterator<Item = Given>>(given: I) -> Self {
        Self { given: given.into_iter().collect(), has_unknown: false, never_waits: false }
    }
}

/// At the end of a value, or of an option that lacks one.
fn at_end(input: ParseStream) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// `name =` or the bare name of an option.
fn at_next_option(input: ParseStream) -> bool {
    let ahead = input.fork();
    let Ok(name) = ahead.call(Ident::parse_any) else {
        return false;
    };
    let assigned = ahead.peek(Token![=]) && !ahead.peek(Token![==]) && !ahead.peek(Token![=>]);
    assigned || TABLE.iter().any(|spec| name == spec.name)
}
