//! Functions of every shape, compiled twice: with the attribute, and with one that does nothing; and
//! once more with it on the `impl` blocks of methods, too, whose circuits the methods join then.
//!
//! Both have to compile without a warning, and to do the same: return the same, and drop everything
//! at the same moment. A fallback that does what the body does is a body in another place: it has to
//! do the same, too, while its circuit is open.
//!
//! Built with `circuit_lints`, only the guarded ones are there, for clippy to look at; with `circuit_plain`, too, they have the
//! attribute that does nothing. Clippy has to find the same (`.ci/steps/lint-shapes`).
//!
//! A crate that loads this has a `block`, the attribute for `impl` blocks: ours, or one that does nothing.
//!
//! A file of shapes has a function `run`, which calls each and writes down what happens.
#![allow(unreachable_pub, non_snake_case, reason = "shapes are what users write")]
#![cfg_attr(
    not(circuit_lints),
    allow(
        clippy::all,
        clippy::pedantic,
        reason = "shapes are odd on purpose, and each file is loaded twice"
    )
)]
#![cfg_attr(circuit_lints, warn(clippy::all, clippy::pedantic, clippy::nursery))]

use std::cell::RefCell;
use std::future::Future;

use circuit_runtime::{CallTimeoutError, CircuitOpenError};

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Writes down what happens.
pub fn log(what: impl Into<String>) {
    LOG.with(|log| log.borrow_mut().push(what.into()));
}

/// Shows when it is dropped.
#[derive(Debug, PartialEq)]
pub struct Loud(pub String);

pub fn loud(name: &str) -> Loud {
    Loud(name.to_owned())
}

impl Drop for Loud {
    fn drop(&mut self) {
        // Only the attribute makes clones.
        if !self.0.starts_with("clone of") {
            log(format!("drop {}", self.0));
        }
    }
}

impl Clone for Loud {
    fn clone(&self) -> Self {
        Loud(format!("clone of {}", self.0))
    }
}

/// A struct to take apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub left: Loud,
    pub right: Loud,
}

/// An extractor, as web frameworks have them.
#[derive(Debug, Clone, PartialEq)]
pub struct Path<T>(pub T);

#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    Down,
    Open,
    Late,
    Code(u16),
}

impl Error {
    /// A constant, which a pattern may name.
    pub const GONE: Error = Error::Code(410);
}

impl From<CircuitOpenError> for Error {
    fn from(_: CircuitOpenError) -> Self {
        Error::Open
    }
}

impl From<CallTimeoutError> for Error {
    fn from(_: CallTimeoutError) -> Self {
        Error::Late
    }
}

pub type Answer = Result<String, Error>;

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime of one thread")
        .block_on(future)
}

/// Calls a function and writes down what it returns.
pub fn call<T: std::fmt::Debug>(name: &str, function: impl FnOnce() -> T) {
    log(format!("call {name}"));
    let answer = format!("{:?}", function());
    log(format!("  returned {answer}"));
}

/// [`call`] where something else is dropped: a fallback that is given everything needs everything.
pub fn call_for_result<T: std::fmt::Debug>(name: &str, function: impl FnOnce() -> T) {
    let before = LOG.with(|log| log.borrow().len());
    let answer = format!("{:?}", function());
    LOG.with(|log| log.borrow_mut().truncate(before));
    log(format!("call {}, which returned {}", name, answer));
}

/// With the attribute.
mod guarded;
/// With an attribute that does nothing, so that nothing uses what only an option uses.
#[cfg(not(circuit_lints))]
#[allow(dead_code, unused_imports, unused_variables)]
mod plain;

/// What a file's functions write down.
fn of(run: fn()) -> Vec<String> {
    run();
    LOG.with(RefCell::take)
}

macro_rules! same {
    ($($file:ident)*) => {
        /// Circuits remember: each file runs once.
        mod with_circuits {
            use std::sync::LazyLock;

            $(
                #[allow(non_upper_case_globals, reason = "the file's name")]
                pub static $file: LazyLock<Vec<String>> =
                    LazyLock::new(|| super::of(super::guarded::$file::run));
            )*
        }

        $(
            #[test]
            fn $file() {
                let plain = of(plain::$file::run);
                assert!(!plain.is_empty());
                assert_eq!(*with_circuits::$file, plain);
            }
        )*

        #[test]
        fn there_are_at_least_400() {
            $(std::sync::LazyLock::force(&with_circuits::$file);)*
            let circuits = circuit_runtime::circuits().len();
            assert!(circuits >= 400, "there are {}", circuits);
        }
    };
}

#[cfg(not(circuit_lints))]
same! { attributes blocks conditions diverging fallbacks forms lent lints matrix names order pings stales streams transactions }
