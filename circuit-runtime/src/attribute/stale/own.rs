//! A key, or a part of one, made its own.

#![allow(clippy::unused_self, reason = "look-up goes by the value")]

use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use std::borrow::Cow;

use crate::attribute::key::Text;

/// Makes a part of a key its own: text of every kind a text, what has references in it the same without them, and
/// what is behind a reference a clone; all else it is already. Method resolution of `__circuit_own` takes the first
/// that applies.
#[derive(Debug)]
pub struct OwnKey<T, P>(Lending<T, P>);

/// No text.
#[derive(Debug)]
pub struct Lending<T, P>(BehindTwo<T, P>);

/// Nothing with references in it.
#[derive(Debug)]
pub struct BehindTwo<T, P>(BehindOne<T, P>);

/// No reference to a reference.
#[derive(Debug)]
pub struct BehindOne<T, P>(Itself<T, P>);

/// No reference to what can be cloned.
#[derive(Debug)]
pub struct Itself<T, P>(Option<T>, PhantomData<P>);

/// A value that the key takes.
#[derive(Debug)]
pub enum Taken {}

/// A reference to a value that stays where it is.
#[derive(Debug)]
pub enum Borrowed {}

/// A reference to a parameter that is a reference itself, and lives no longer than the call.
#[derive(Debug)]
pub enum Lent {}

impl<T> OwnKey<T, Taken> {
    /// Takes the part.
    #[inline]
    pub fn taken(part: T) -> Self {
        Self::new(part)
    }
}

impl<T> OwnKey<T, Borrowed> {
    /// Borrows the part: `stale_key = request.tenant` must not move it.
    #[inline]
    pub fn borrowed(part: T) -> Self {
        Self::new(part)
    }
}

impl<T> OwnKey<T, Lent> {
    /// Borrows the parameter.
    #[inline]
    pub fn lent(part: T) -> Self {
        Self::new(part)
    }
}

impl<T, P> OwnKey<T, P> {
    #[inline]
    fn new(part: T) -> Self {
        OwnKey(Lending(BehindTwo(BehindOne(Itself(Some(part), PhantomData)))))
    }
}

impl<T: Text, P> OwnKey<T, P> {
    /// The text.
    #[inline]
    pub fn __circuit_own(&mut self) -> Box<str> {
        self.0.take().text().into()
    }
}

impl<T: Lends, P> Lending<T, P> {
    /// The same without references.
    #[inline]
    pub fn __circuit_own(&mut self) -> T::Owned {
        self.0.take().owned()
    }
}

impl<T: ToOwned + ?Sized, P> BehindTwo<&&T, P> {
    /// What is behind both.
    #[inline]
    pub fn __circuit_own(&mut self) -> T::Owned {
        T::to_owned(self.take())
    }
}

impl<T: ToOwned + ?Sized, P: Whole> BehindOne<&T, P> {
    /// What is behind it.
    #[inline]
    pub fn __circuit_own(&mut self) -> T::Owned {
        T::to_owned(self.take())
    }
}

impl<T> Itself<T, Taken> {
    /// The part itself.
    #[inline]
    pub fn __circuit_own(&mut self) -> T {
        self.take()
    }
}

impl<T: ?Sized> Itself<&T, Borrowed> {
    /// Never called. What it returns is a key: nothing else is to be an error.
    pub fn __circuit_own(&mut self)
    where
        T: CloneKey,
    {
        unreachable!("of what is `Clone` there is a copy")
    }
}

impl<T: ?Sized> Itself<&&T, Lent> {
    /// Never called, as that of a value.
    pub fn __circuit_own(&mut self)
    where
        T: CloneKey,
    {
        unreachable!("of what is `Clone` there is a copy")
    }
}

/// What may be a reference that is kept itself.
pub trait Whole {}

impl Whole for Taken {}
impl Whole for Borrowed {}

/// `Clone` with a message of its own.
#[diagnostic::on_unimplemented(
    message = "`stale_key` keeps a copy of the key, but `{Self}` doesn't implement `Clone`",
    label = "doesn't implement `Clone`",
    note = "derive `Clone`, or name what tells its values apart, such as an id: `stale_key = tenant.id`"
)]
pub trait CloneKey {}

impl<T: Clone> CloneKey for T {}

impl<T, P> Itself<T, P> {
    #[inline]
    fn take(&mut self) -> T {
        self.0.take().expect("`new` put it there")
    }
}

macro_rules! goes_on {
    ($($from:ident to $to:ident;)*) => {$(
        impl<T, P> Deref for $from<T, P> {
            type Target = $to<T, P>;

            #[inline]
            fn deref(&self) -> &$to<T, P> {
                &self.0
            }
        }

        impl<T, P> DerefMut for $from<T, P> {
            #[inline]
            fn deref_mut(&mut self) -> &mut $to<T, P> {
                &mut self.0
            }
        }
    )*};
}

goes_on! {
    OwnKey to Lending;
    Lending to BehindTwo;
    BehindTwo to BehindOne;
    BehindOne to Itself;
}

/// What has references in it, but for a plain reference to what can be cloned.
pub trait Lends {
    /// The same without references: alike keys stay alike, others don't become so.
    type Owned;

    /// That of this value.
    fn owned(&self) -> Self::Owned;
}

impl<T: Lends + ?Sized> Lends for &T {
    type Owned = T::Owned;

    #[inline]
    fn owned(&self) -> T::Owned {
        T::owned(self)
    }
}

impl<T: ToOwned + ?Sized> Lends for &mut T {
    type Owned = T::Owned;

    #[inline]
    fn owned(&self) -> T::Owned {
        T::to_owned(self)
    }
}

impl<T: ToOwned + ?Sized> Lends for Cow<'_, T> {
    type Owned = T::Owned;

    #[inline]
    fn owned(&self) -> T::Owned {
        T::to_owned(self)
    }
}

impl<T: ToOwned + ?Sized> Lends for Option<&T> {
    type Owned = Option<T::Owned>;

    #[inline]
    fn owned(&self) -> Option<T::Owned> {
        self.map(T::to_owned)
    }
}

impl<T: ToOwned + ?Sized> Lends for Option<Cow<'_, T>> {
    type Owned = Option<T::Owned>;

    #[inline]
    fn owned(&self) -> Option<T::Owned> {
        self.as_deref().map(T::to_owned)
    }
}

impl<T: ToOwned + ?Sized> Lends for [&T] {
    type Owned = Vec<T::Owned>;

    #[inline]
    fn owned(&self) -> Vec<T::Owned> {
        self.iter().map(|part| T::to_owned(part)).collect()
    }
}

impl<T: ToOwned + ?Sized> Lends for Vec<&T> {
    type Owned = Vec<T::Owned>;

    #[inline]
    fn owned(&self) -> Vec<T::Owned> {
        self.as_slice().owned()
    }
}

impl<T: ToOwned + ?Sized, const N: usize> Lends for [&T; N] {
    type Owned = [T::Owned; N];

    #[inline]
    fn owned(&self) -> [T::Owned; N] {
        self.map(T::to_owned)
    }
}
