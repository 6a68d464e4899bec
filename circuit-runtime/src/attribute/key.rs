//! `key = host`: text types without allocating, other types by `Display`.

use core::fmt::{self, Display, Write};
use core::ops::Deref;
use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

/// A key that may be text. If it isn't, method resolution of `Key::__circuit_with` goes on to what
/// this derefs to. No trait needs to be in the user's scope for that, and none has a method of this
/// name.
#[derive(Debug)]
pub struct Key<'a, T: ?Sized>(Formatted<'a, T>);

/// A key that is not text.
#[derive(Debug)]
pub struct Formatted<'a, T: ?Sized>(&'a T);

impl<'a, T: ?Sized> Key<'a, T> {
    /// Borrows the key: `key = request.host` must not move it.
    #[inline]
    pub fn of(key: &'a T) -> Self {
        Key(Formatted(key))
    }
}

impl<T: Text + ?Sized> Key<'_, T> {
    /// Calls `f` with the text.
    #[inline]
    pub fn __circuit_with<O>(&self, f: impl FnOnce(&str) -> O) -> O {
        f(self.0.0.text())
    }
}

impl<'a, T: ?Sized> Deref for Key<'a, T> {
    type Target = Formatted<'a, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T: ?Sized> Formatted<'_, T> {
    /// Calls `f` with the key as `Display` prints it.
    pub fn __circuit_with<O>(&self, f: impl FnOnce(&str) -> O) -> O
    where
        T: Displayed,
    {
        let mut text = Short::default();
        // An error of `Display` leaves what was written so far: a key must not panic for that, as
        // `to_string` does.
        let _ = self.0.print(&mut text);
        f(text.as_str())
    }
}

/// Types that are text already.
pub trait Text {
    /// The text; what `Display` prints, too.
    fn text(&self) -> &str;
}

impl Text for str {
    #[inline]
    fn text(&self) -> &str {
        self
    }
}

impl Text for String {
    #[inline]
    fn text(&self) -> &str {
        self
    }
}

impl Text for Cow<'_, str> {
    #[inline]
    fn text(&self) -> &str {
        self
    }
}

macro_rules! pointers_to_text {
    ($($pointer:ty),*) => {$(
        impl<T: Text + ?Sized> Text for $pointer {
            #[inline]
            fn text(&self) -> &str {
                (**self).text()
            }
        }
    )*};
}

pointers_to_text!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

/// `Display` with a message of its own.
#[diagnostic::on_unimplemented(
    message = "`key` takes a value that implements `Display`, but `{Self}` doesn't",
    label = "doesn't implement `Display`",
    note = "for a key of several values, write `key = format_args!(\"{{host}}:{{port}}\")`; for an `Option`, the value inside: `key = host.unwrap_or(\"none\")`"
)]
pub trait Displayed {
    /// Prints as `Display` does.
    fn print(&self, to: &mut dyn Write) -> fmt::Result;
}

impl<T: Display + ?Sized> Displayed for T {
    fn print(&self, to: &mut dyn Write) -> fmt::Result {
        write!(to, "{self}")
    }
}

const SHORT: usize = 64;

/// Text that is on the stack while it is short.
struct Short {
    bytes: [u8; SHORT],
    length: usize,
    spilled: String,
}

impl Default for Short {
    fn default() -> Self {
        Short { bytes: [0; SHORT], length: 0, spilled: String::new() }
    }
}

impl Short {
    fn as_str(&self) -> &str {
        if self.spilled.is_empty() {
            // Whole `str`s were copied in, so this is never the default.
            core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
        } else {
            &self.spilled
        }
    }
}

impl Write for Short {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let end = self.length + part.len();
        if self.spilled.is_empty() && end <= SHORT {
            self.bytes[self.length..end].copy_from_slice(part.as_bytes());
            self.length = end;
        } else {
            if self.spilled.is_empty() {
                self.spilled = self.as_str().to_owned();
            }
            self.spilled.push_str(part);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::rc::Rc;
    use std::sync::Arc;

    use super::Key;

    #[test]
    fn text_of_every_kind_is_itself() {
        let owned = String::from("a");
        assert_eq!(Key::of("a").__circuit_with(str::to_owned), "a");
        assert_eq!(Key::of(&"a").__circuit_with(str::to_owned), "a");
        assert_eq!(Key::of(&owned).__circuit_with(str::as_ptr), owned.as_ptr());
        assert_eq!(Key::of(&&owned).__circuit_with(str::as_ptr), owned.as_ptr());
        assert_eq!(Key::of(&Arc::<str>::from("a")).__circuit_with(str::to_owned), "a");
        assert_eq!(Key::of(&Rc::new(owned)).__circuit_with(str::to_owned), "a");
        assert_eq!(Key::of(&Box::<str>::from("a")).__circuit_with(str::to_owned), "a");
        assert_eq!(Key::of(&Cow::from("a")).__circuit_with(str::to_owned), "a");
    }

    #[test]
    fn all_else_is_what_display_prints() {
        assert_eq!(Key::of(&7_u64).__circuit_with(str::to_owned), "7");
        let long = "x".repeat(63);
        for pieces in [(63, 1), (63, 2), (64, 64), (0, 0)] {
            let (n, m) = pieces;
            let whole =
                Key::of(&format_args!("{:x<n$}{:y<m$}", "", "")).__circuit_with(str::to_owned);
            assert_eq!(whole, format!("{:x<n$}{:y<m$}", "", ""));
        }
        assert_eq!(
            Key::of(&format_args!("{long}é")).__circuit_with(str::to_owned),
            format!("{long}é")
        );
    }

    #[test]
    fn a_generic_key_needs_display_only() {
        fn of<T: core::fmt::Display>(key: T) -> String {
            Key::of(&key).__circuit_with(str::to_owned)
        }
        assert_eq!(of("a"), "a");
        assert_eq!(of(1), "1");
    }
}
