//! What is written in the parentheses.
//!
//! One table says which options there are. Parsing, the check for duplicates,
//! the list of the options in an error, did-you-mean, the conflict with
//! `breaker` and the test that compares the README with it all read that table.

mod duration;
mod literal;
mod no_option;
mod no_pattern;
mod number;
mod parse;
mod pattern;
mod synonyms;
mod value;

use std::time::Duration;

use proc_macro2::{Ident, Literal, TokenStream};
use syn::{Expr, ExprPath, LitStr};

pub(crate) use literal::inside_parens;
pub(crate) use number::{range, thousands};
pub(crate) use parse::parse;
pub(crate) use pattern::Arm;

/// The kind of value that an option takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// An integer from 1 to this.
    Whole(u32),
    /// A number above 0 and at most 1, or a percentage.
    Rate,
    /// A number of at least 1.
    Factor,
    /// A number from 0 to below 1.
    Part,
    Time,
    /// An integer or a duration.
    Window,
    Pattern,
    /// A path or a closure.
    Function,
    /// Any expression.
    Code,
    Fallback,
    Text,
    Path,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// What an option describes: with `breaker` the circuit is described elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The circuit's `Config`, by the method of the same name.
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
    /// A value to show in an error.
    pub(crate) example: &'static str,
}

macro_rules! table {
    ($($option:ident: $name:literal, $takes:expr, $of:ident, $example:literal;)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Opt { $($option),* }

        /// All options, in the order in which errors and the docs list them.
        pub(crate) const TABLE: &[Spec] = &[$(
            Spec {
                option: Opt::$option,
                name: $name,
                takes: $takes,
                of: Of::$of,
                example: $example,
            },
        )*];
    };
}

const MILLION: u32 = 1_000_000;

table! {
    Threshold: "threshold", Takes::Whole(MILLION), Config, "3";
    FailureRate: "failure_rate", Takes::Rate, Config, "0.5";
    FailureCount: "failure_count", Takes::Whole(MILLION), Config, "5";
    SlowCall: "slow_call", Takes::Time, Config, "\"2s\"";
    SlowRate: "slow_rate", Takes::Rate, Config, "0.5";
    Window: "window", Takes::Window, Config, "100";
    MinCalls: "min_calls", Takes::Whole(MILLION), Config, "10";
    Recovery: "recovery", Takes::Time, Config, "\"30s\"";
    Backoff: "backoff", Takes::Factor, Config, "2.0";
    MaxRecovery: "max_recovery", Takes::Time, Config, "\"10m\"";
    Jitter: "jitter", Takes::Part, Config, "0.1";
    SuccessThreshold: "success_threshold", Takes::Whole(1_000), Config, "2";
    Probes: "probes", Takes::Whole(1_000), Config, "3";
    ProbeTimeout: "probe_timeout", Takes::Time, Config, "\"30s\"";
    Failure: "failure", Takes::Pattern, Function, "Err(_)";
    Ignore: "ignore", Takes::Pattern, Function, "Err(Error::NotFound)";
    Classify: "classify", Takes::Function, Function, "path::to::function";
    OnCancel: "on_cancel", Takes::Word(&["ignore", "failure"]), Config, "failure";
    Timeout: "timeout", Takes::Time, Function, "\"2s\"";
    MaxConcurrent: "max_concurrent", Takes::Whole(MILLION), Config, "10";
    Fallback: "fallback", Takes::Fallback, Function, "cached_price";
    FallbackOn: "fallback_on", Takes::Word(&["open", "any"]), Function, "any";
    Name: "name", Takes::Text, Circuit, "\"payments\"";
    Key: "key", Takes::Code, Circuit, "host";
    MaxKeys: "max_keys", Takes::Whole(MILLION), Circuit, "1000";
    Breaker: "breaker", Takes::Path, Function, "PAYMENTS";
    Crate: "crate", Takes::Path, Function, "::my_facade::circuit_runtime";
}

impl Opt {
    pub(crate) fn spec(self) -> &'static Spec {
        &TABLE[self as usize]
    }
}

/// What an option was given.
#[derive(Clone)]
pub(crate) enum Value {
    Whole(u32),
    /// With the literal to print, since a float does not print as it was written.
    Number(Literal),
    Time(Duration),
    /// An expression that only the compiler can evaluate.
    Constant(Expr),
    Text(LitStr),
    Code(Expr),
    Path(ExprPath),
    Pattern(Box<Arm>),
    Word(&'static str),
    /// Given, but wrong, which has been said.
    Wrong,
}

/// One `name = value` as the user wrote it.
pub(crate) struct Given {
    pub(crate) option: Opt,
    pub(crate) key: Ident,
    pub(crate) value: Value,
    /// The value's tokens, to blame.
    pub(crate) tokens: TokenStream,
}

/// All that was given, in the order of writing.
#[derive(Default)]
pub(crate) struct Options {
    given: Vec<Given>,
    /// Some name was not understood: an option that seems to be missing may
    /// have been meant by it.
    pub(crate) has_unknown: bool,
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

    pub(crate) fn value(&self, option: Opt) -> Option<&Value> {
        self.get(option).map(|given| &given.value)
    }

    /// Both options, the one written first in front, when both are given.
    pub(crate) fn both(&self, a: Opt, b: Opt) -> Option<[&Given; 2]> {
        let place = |option| self.iter().position(|given| given.option == option);
        let (a, b) = (place(a)?, place(b)?);
        Some([&self.given[a.min(b)], &self.given[a.max(b)]])
    }

    fn push(&mut self, given: Given) {
        self.given.push(given);
    }
}
