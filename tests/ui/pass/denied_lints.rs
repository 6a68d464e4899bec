//! A crate that denies all that rustc can warn of.
#![deny(
    warnings,
    future_incompatible,
    let_underscore,
    missing_debug_implementations,
    missing_docs,
    nonstandard_style,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unsafe_code,
    unused,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![allow(edition_2024_expr_fragment_specifier)]

use std::fmt::Display;

use circuit_runtime::{CallError, CallTimeoutError, CircuitOpenError, circuit_breaker};

/// An error.
#[derive(Debug)]
pub enum E {
    /// Rejected.
    Open(CircuitOpenError),
    /// Too late.
    Late(CallTimeoutError),
}

impl From<CircuitOpenError> for E {
    fn from(error: CircuitOpenError) -> Self {
        E::Open(error)
    }
}

impl From<CallTimeoutError> for E {
    fn from(error: CallTimeoutError) -> Self {
        E::Late(error)
    }
}

/// A client.
#[derive(Debug, Clone)]
pub struct Client {
    name: String,
}

impl Client {
    /// Plain.
    ///
    /// # Errors
    ///
    /// Never.
    #[circuit_breaker]
    pub fn plain(&self, _unused: u8, mut n: u8) -> Result<u8, E> {
        n += 1;
        Ok(n)
    }

    /// All at once.
    ///
    /// # Errors
    ///
    /// Never.
    #[circuit_breaker(
        threshold = 3,
        failure_rate = 0.5,
        slow_call = "2s",
        window = 100,
        key = self.name,
        timeout = "1s",
        failure = Err(E::Open(_)) if self.name.is_empty(),
        fallback = |(a, b), text, why| {
            if matches!(why, CallError::Open(_)) { Ok(a + b) } else { Ok(text.len()) }
        },
        fallback_on = any
    )]
    pub async fn all(&self, (mut a, _b): (usize, usize), text: String) -> Result<usize, E> {
        a += text.len();
        Ok(std::future::ready(a).await)
    }

    /// By value.
    ///
    /// # Errors
    ///
    /// Never.
    #[circuit_breaker(fallback = Self::cached)]
    pub async fn by_value(self, mut list: Vec<u8>, _guard: String) -> Result<usize, E> {
        list.push(1);
        Ok(list.len() + self.name.len())
    }

    fn cached(self, list: Vec<u8>, _guard: String) -> Result<usize, E> {
        Ok(list.len() + self.name.len())
    }
}

/// An expression as fallback, which names parameters.
///
/// # Errors
///
/// Never.
#[circuit_breaker(fallback = Ok(text.to_string().len() + usize::from(n)), fallback_on = any)]
pub fn named(text: impl Display + Clone, n: u8) -> Result<usize, E> {
    Ok(text.to_string().len() * usize::from(n))
}

/// Fallbacks that never return.
///
/// # Errors
///
/// Never.
#[circuit_breaker(fallback = panic!("open"))]
pub fn panics(n: u8) -> Result<u8, E> {
    Ok(n)
}

/// As the other.
///
/// # Errors
///
/// Never.
#[circuit_breaker(fallback = never)]
pub async fn panics_by_path(n: u8, _unused: u8) -> Result<u8, E> {
    Ok(n)
}

fn never(_: u8, _: u8) -> ! {
    panic!("open")
}

/// A closure of one line, and a name that starts with an underscore.
///
/// # Errors
///
/// Never.
#[circuit_breaker(fallback = |n, _| Ok(n.len()), fallback_on = any)]
pub fn underscore(_name: String, mut other: Vec<u8>) -> Result<usize, E> {
    other.push(1);
    Ok(other.len())
}

#[rustfmt::skip]
mod one_line {
    use super::E;
    use circuit_runtime::circuit_breaker;
    use std::{future::Future, pin::Pin};

    #[circuit_breaker(fallback = { Ok(DEFAULT) })]
    pub(super) fn sync(n: u8) -> Result<u8, E> { Ok(n) }

    const DEFAULT: u8 = 1;

    #[circuit_breaker]
    pub(super) async fn asynchronous(n: u8) -> Result<u8, E> { Ok(n) }

    #[circuit_breaker]
    pub(super) async fn rebound(mut n: u8) -> Result<u8, E> { n += 1; Ok(n) }

    #[circuit_breaker]
    pub(super) fn boxed(n: &u8) -> Pin<Box<dyn Future<Output = Result<u8, E>> + Send + '_>> { Box::pin(async move { Ok(*n) }) }
}

fn main() {
    let client = Client { name: String::new() };
    let _ = client.plain(1, 2);
    drop(client.all((1, 2), String::new()));
    drop(client.by_value(Vec::new(), String::new()));
    let _ = named("a", 1);
    let _ = one_line::sync(1);
    let _ = panics(1);
    drop(panics_by_path(1, 2));
    let _ = underscore(String::new(), Vec::new());
    drop((one_line::asynchronous(1), one_line::rebound(1), one_line::boxed(&1)));
}
