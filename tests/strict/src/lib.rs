//! Every group of lints, denied over annotated functions: what clippy says here, the attribute caused.
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
    variant_size_differences,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::implicit_return,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::pattern_type_mismatch,
    clippy::same_name_method,
    clippy::semicolon_inside_block,
    clippy::unused_trait_names,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm
)]
// What the functions here do themselves, or what two groups ask in opposite ways.
#![allow(
    clippy::implicit_return,
    clippy::missing_const_for_fn,
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps
)]

pub mod explicit;
pub mod further;

use std::fmt::Display;

use circuit_runtime::{CallError, CallTimeoutError, CircuitOpenError, Outcome, circuit_breaker};

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
        Self::Open(error)
    }
}

impl From<CallTimeoutError> for E {
    fn from(error: CallTimeoutError) -> Self {
        Self::Late(error)
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
        fallback = |(first, second), rest, why| {
            if matches!(why, CallError::Open(_)) { Ok(first + second) } else { Ok(rest.len()) }
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
///
/// # Panics
///
/// While open.
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

/// Names that start with an underscore, which the body drops in its order.
///
/// # Errors
///
/// Never.
#[circuit_breaker(fallback = |items, _, _| Ok(items.len()), fallback_on = any)]
pub fn dropped(mut list: Vec<u8>, _name: String, ref _guard: String) -> Result<usize, E> {
    list.push(1);
    Ok(list.len())
}

/// As the other.
///
/// # Errors
///
/// Never.
#[circuit_breaker(fallback = Ok(list.len()))]
pub async fn dropped_later(mut list: Vec<u8>, _guard: String, _: String) -> Result<usize, E> {
    list.push(std::future::ready(1).await);
    Ok(list.len())
}

/// Bodies on one line.
#[rustfmt::skip]
pub mod one_line {
    use super::E;
    use circuit_runtime::circuit_breaker;
    use std::{future::Future, pin::Pin};

    #[circuit_breaker(fallback = { Ok(DEFAULT) })]
    /// A function.
    ///
    /// # Errors
    ///
    /// Never.
    pub fn sync(n: u8) -> Result<u8, E> { Ok(n) }

    const DEFAULT: u8 = 1;

    /// A function.
    ///
    /// # Errors
    ///
    /// Never.
    pub async fn asynchronous(n: u8) -> Result<u8, E> { Ok(std::future::ready(n).await) }

    /// A function.
    ///
    /// # Errors
    ///
    /// Never.
    pub async fn rebound(mut n: u8) -> Result<u8, E> { n += 1; Ok(std::future::ready(n).await) }

    /// A function.
    ///
    /// # Errors
    ///
    /// Never.
    #[must_use]
    pub fn boxed(n: &u8) -> Pin<Box<dyn Future<Output = Result<u8, E>> + Send + '_>> { Box::pin(async move { Ok(*n) }) }
}

/// A unit as fallback.
#[circuit_breaker(classify = |&()| Outcome::Ignored, fallback = ())]
pub fn nothing() {}

/// Closures with the names of the parameters, which do no more than a function would.
///
/// # Errors
///
/// None but a rejection.
#[circuit_breaker(fallback = |n| Ok(n))]
pub fn same_name(n: u8) -> Result<u8, E> {
    Ok(n)
}

/// Its parts are used by the options and by the body.
///
/// # Errors
///
/// None but a rejection.
#[circuit_breaker(key = a, failure = Err(_) if b > 1, fallback = |_, n, _| Ok(n))]
pub async fn parts((a, b): (u8, u8), n: u8) -> Result<u8, E> {
    Ok(std::future::ready(a + b + n).await)
}

/// A guard that sees what the body has done.
///
/// # Errors
///
/// None but a rejection.
#[circuit_breaker(failure = Err(_) if list.len() > 1)]
pub async fn lent(list: &mut Vec<u8>) -> Result<usize, E> {
    std::future::ready(()).await;
    list.push(1);
    Ok(list.len())
}

/// Moved on one path, written on the other.
#[derive(Debug)]
pub struct Task {
    done: bool,
}

impl Task {
    /// Ends it, or hands it on.
    ///
    /// # Errors
    ///
    /// None but a rejection.
    #[circuit_breaker]
    pub fn end(mut self, to: Option<&mut Vec<Self>>) -> Result<bool, E> {
        if let Some(list) = to {
            list.push(self);
            return Ok(false);
        }
        self.done = true;
        Ok(self.done)
    }
}

/// A client, with one circuit for its methods.
#[derive(Debug)]
pub struct Shop<T> {
    host: String,
    timeout: Limit,
    with: T,
}

/// A number.
#[derive(Debug, Clone, Copy)]
pub struct Limit(pub u32);

/// How often a client may fail.
pub const FEW: u32 = 3;

#[circuit_breaker(threshold = FEW, failure = Err(E::Late(_)), key = self.host)]
impl<T: Display + Sync> Shop<T> {
    /// The most calls.
    pub const MOST: Limit = Limit(3);

    /// A client.
    ///
    /// # Errors
    ///
    /// Never.
    pub fn new(host: &str, with: T) -> Result<Self, E> {
        Ok(Self { host: host.to_owned(), timeout: Self::MOST, with })
    }

    /// Where it is.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// How long it may take.
    #[must_use]
    #[inline]
    pub const fn timeout(&self) -> Limit {
        self.timeout
    }

    /// How long it may take, changed.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Limit) -> Self {
        const LEAST: u32 = 1;
        self.timeout = Limit(timeout.0.max(LEAST));
        self
    }

    /// How long it takes.
    pub fn measured(&self) -> Limit {
        let long = self.with.to_string();
        if long.is_empty() {
            return self.timeout;
        }
        Limit(self.timeout.0 + 1)
    }

    /// Asks.
    ///
    /// # Errors
    ///
    /// If it isn't there.
    pub async fn get(&self, path: &str) -> Result<String, E> {
        std::future::ready(()).await;
        Ok(format!("{}{path}{}", self.host, self.with))
    }

    /// Tells.
    ///
    /// # Errors
    ///
    /// If it isn't there.
    #[circuit_breaker(fallback = Ok(0))]
    pub async fn put(&mut self, path: &str, mut text: String) -> Result<usize, E> {
        text.push_str(path);
        std::future::ready(()).await;
        self.host.push_str(&text);
        Ok(self.host.len())
    }

    /// Blocks.
    ///
    /// # Errors
    ///
    /// If it isn't there.
    #[circuit_breaker]
    pub fn lines(&self) -> Result<impl Iterator<Item = &str>, E> {
        Ok(self.host.lines())
    }
}
