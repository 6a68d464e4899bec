//! What the declared return type must allow, and the error if it doesn't.

use core::marker::PhantomData;

use crate::{CallTimeoutError, CircuitOpenError};

/// Stands for the declared return type, so that generated code needn't write it.
#[derive(Debug)]
pub struct Returns<R>(PhantomData<fn() -> R>);

impl<R> Clone for Returns<R> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Returns<R> {}

impl<R> Default for Returns<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> Returns<R> {
    /// For a type that is inferred.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Returns(PhantomData)
    }

    /// The type of this result.
    #[inline]
    #[must_use]
    pub const fn of(_: &R) -> Self {
        Self::new()
    }

    /// `if false { return returns.never(); }` makes the compiler take `R` for the declared type.
    #[allow(clippy::must_use_candidate, reason = "it is never called")]
    pub fn never(self) -> R {
        unreachable!("only stands in a branch that is not taken")
    }
}

/// `Result`, also through an alias.
pub trait Fallible {
    /// The type in `Err`.
    type Error;

    /// This type, of which a pattern may say what it is.
    type Whole;

    /// Itself.
    fn whole(&self) -> &Self::Whole;

    /// Whether it is an `Err`.
    fn is_failure(&self) -> bool;

    /// The error in it.
    fn into_error(self) -> Option<Self::Error>;

    /// A `Result` with this error.
    fn from_error(error: Self::Error) -> Self;
}

impl<T, E> Fallible for Result<T, E> {
    type Error = E;
    type Whole = Self;

    #[inline]
    fn whole(&self) -> &Self {
        self
    }

    #[inline]
    fn is_failure(&self) -> bool {
        self.is_err()
    }

    #[inline]
    fn into_error(self) -> Option<E> {
        self.err()
    }

    #[inline]
    fn from_error(error: E) -> Self {
        Err(error)
    }
}

/// A function with neither `failure` or `classify` nor `fallback`.
#[diagnostic::on_unimplemented(
    message = "`#[circuit_breaker]` on a function that returns `{Self}`, not a `Result`, needs `failure` or `classify`, and `fallback`",
    label = "not a `Result`",
    note = "return a `Result`, or say which values are failures (`failure = PATTERN` or `classify = FUNCTION`) and what to return while the circuit is open (`fallback = VALUE`)",
    note = "in an `impl` block with the attribute, `#[circuit_breaker(skip)]` leaves a method out"
)]
pub trait Bare: Fallible {}
impl<T, E> Bare for Result<T, E> {}

/// A function with a `fallback` only.
#[diagnostic::on_unimplemented(
    message = "`#[circuit_breaker]` on a function that returns `{Self}`, not a `Result`, needs `failure` or `classify`",
    label = "not a `Result`",
    note = "return a `Result`, or say which values are failures: `failure = PATTERN` or `classify = FUNCTION`"
)]
pub trait Judged: Fallible {}
impl<T, E> Judged for Result<T, E> {}

/// A function with `failure` or `classify` only.
#[diagnostic::on_unimplemented(
    message = "`#[circuit_breaker]` on a function that returns `{Self}`, not a `Result`, needs `fallback`",
    label = "not a `Result`",
    note = "return a `Result`, or say what to return while the circuit is open: `fallback = VALUE`"
)]
pub trait Rejectable: Fallible {}
impl<T, E> Rejectable for Result<T, E> {}

/// A function with both and a `timeout`.
#[diagnostic::on_unimplemented(
    message = "`timeout` on a function that returns `{Self}`, not a `Result`, needs `fallback_on = any`",
    label = "not a `Result`",
    note = "a call that exceeds its timeout has no value to return; with `fallback_on = any`, the fallback supplies one"
)]
pub trait Limited: Fallible {}
impl<T, E> Limited for Result<T, E> {}

/// A function that returns `impl Trait`, and is missing an option for what isn't a `Result`.
#[diagnostic::on_unimplemented(
    message = "`#[circuit_breaker]` on a function that returns `impl Trait`, and no `Result` in its place: return `Result<impl Trait, E>`",
    label = "not a `Result`",
    note = "otherwise say which values are failures (`failure = PATTERN` or `classify = FUNCTION`) and what to return while the circuit is open (`fallback = VALUE`)",
    note = "in an `impl` block with the attribute, `#[circuit_breaker(skip)]` leaves a method out"
)]
pub trait Opaque: Fallible {}
#[diagnostic::do_not_recommend]
impl<T, E> Opaque for Result<T, E> {}

/// `From<CircuitOpenError>` with a message of its own.
#[diagnostic::on_unimplemented(
    message = "`#[circuit_breaker]` without `fallback` needs `{Self}: From<CircuitOpenError>`",
    label = "the error type can't be made from a `CircuitOpenError`",
    note = "a rejected call returns `Err(CircuitOpenError.into())`: add a `fallback`, or return an error type of your own that implements `From<CircuitOpenError>`"
)]
pub trait FromOpen {
    /// The conversion.
    fn from_open(error: CircuitOpenError) -> Self;
}

impl<E: From<CircuitOpenError>> FromOpen for E {
    fn from_open(error: CircuitOpenError) -> Self {
        error.into()
    }
}

/// `From<CallTimeoutError>` with a message of its own.
#[diagnostic::on_unimplemented(
    message = "`timeout` needs `{Self}: From<CallTimeoutError>`",
    label = "the error type can't be made from a `CallTimeoutError`",
    note = "a call that exceeds its timeout returns `Err(CallTimeoutError.into())`: add a `fallback` with `fallback_on = any`, or return an error type of your own that implements `From<CallTimeoutError>`"
)]
pub trait FromTimeout {
    /// The conversion.
    fn from_timeout(error: CallTimeoutError) -> Self;
}

impl<E: From<CallTimeoutError>> FromTimeout for E {
    fn from_timeout(error: CallTimeoutError) -> Self {
        error.into()
    }
}

/// Makes the result of a rejected call. A function pointer as evidence: its callers need no bound,
/// so that a missing one is reported once.
type Reject<R> = fn(CircuitOpenError) -> R;

/// Makes the result of a call that took too long.
pub(super) type Late<R> = fn(CallTimeoutError) -> R;

#[cold]
fn rejected<R: Fallible<Error: FromOpen>>(error: CircuitOpenError) -> R {
    R::from_error(FromOpen::from_open(error))
}

#[cold]
fn late<R: Fallible<Error: FromTimeout>>(error: CallTimeoutError) -> R {
    R::from_error(FromTimeout::from_timeout(error))
}

/// What the return type must allow in a function without options for it.
#[inline]
#[must_use]
pub fn bare<R: Bare>(_: Returns<R>) -> Reject<R>
where
    R::Error: FromOpen,
{
    rejected
}

/// `bare`, with a `timeout`.
#[inline]
#[must_use]
pub fn bare_limited<R: Bare>(_: Returns<R>) -> (Reject<R>, Late<R>)
where
    R::Error: FromOpen + FromTimeout,
{
    (rejected, late)
}

/// What the return type must allow in a function with `failure` or `classify`.
#[inline]
#[must_use]
pub fn rejectable<R: Rejectable>(_: Returns<R>) -> Reject<R>
where
    R::Error: FromOpen,
{
    rejected
}

/// `rejectable`, with a `timeout`.
#[inline]
#[must_use]
pub fn rejectable_limited<R: Rejectable>(_: Returns<R>) -> (Reject<R>, Late<R>)
where
    R::Error: FromOpen + FromTimeout,
{
    (rejected, late)
}

/// What a `timeout` requires in a function with a `fallback`.
#[inline]
#[must_use]
pub fn judged_limited<R: Judged>(_: Returns<R>) -> Late<R>
where
    R::Error: FromTimeout,
{
    late
}

/// What a `timeout` requires in a function with `failure` or `classify`, and a `fallback`.
#[inline]
#[must_use]
pub fn limited<R: Limited>(_: Returns<R>) -> Late<R>
where
    R::Error: FromTimeout,
{
    late
}

/// What the return type must allow in a function that returns `impl Trait`.
#[inline]
#[must_use]
pub fn opaque<R: Opaque>(_: Returns<R>) -> Reject<R>
where
    R::Error: FromOpen,
{
    rejected
}

/// `opaque`, with a `timeout`.
#[inline]
#[must_use]
pub fn opaque_limited<R: Opaque>(_: Returns<R>) -> (Reject<R>, Late<R>)
where
    R::Error: FromOpen + FromTimeout,
{
    (rejected, late)
}

/// What a `timeout` requires in a function with a `fallback` that returns `impl Trait`.
#[inline]
#[must_use]
pub fn opaque_late<R: Opaque>(_: Returns<R>) -> Late<R>
where
    R::Error: FromTimeout,
{
    late
}

/// The result, for a pattern of a `Result`.
#[inline]
pub fn bare_whole<R: Bare>(result: &R) -> &R::Whole {
    result.whole()
}

/// The result, for a pattern of a `Result`.
#[inline]
pub fn rejectable_whole<R: Rejectable>(result: &R) -> &R::Whole {
    result.whole()
}

/// The result, for a pattern of a `Result`.
#[inline]
pub fn opaque_whole<R: Opaque>(result: &R) -> &R::Whole {
    result.whole()
}
