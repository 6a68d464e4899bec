//! A part of a parameter, for an expression that must not move it.

use core::ops::Deref;

/// A part that may be `Copy`. If it isn't, method resolution of `__circuit_seen` goes on to what
/// this derefs to. No trait needs to be in the user's scope for that, and none has a method of this
/// name.
#[derive(Debug)]
pub struct Seen<'a, T: ?Sized>(Borrowed<'a, T>);

/// A part that is not.
#[derive(Debug)]
pub struct Borrowed<'a, T: ?Sized>(&'a T);

impl<'a, T: ?Sized> Seen<'a, T> {
    /// Borrows the part.
    #[inline]
    pub fn of(part: &'a T) -> Self {
        Seen(Borrowed(part))
    }
}

impl<T: Copy> Seen<'_, T> {
    /// The part, as a variable of the function has it.
    #[inline]
    #[must_use]
    pub fn __circuit_seen(&self) -> T {
        *self.0.0
    }
}

impl<'a, T: ?Sized> Deref for Seen<'a, T> {
    type Target = Borrowed<'a, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a, T: ?Sized> Borrowed<'a, T> {
    /// A reference to the part.
    #[inline]
    #[must_use]
    pub fn __circuit_seen(&self) -> &'a T {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn what_can_be_copied_is() {
        let whole = (7_u8, String::from("a"), "b");
        let (number, text, reference) = &whole;
        let number: u8 = Seen::of(number).__circuit_seen();
        let text: &String = Seen::of(text).__circuit_seen();
        let reference: &str = Seen::of(reference).__circuit_seen();
        assert_eq!((number, text.as_str(), reference), (7, "a", "b"));
    }
}
