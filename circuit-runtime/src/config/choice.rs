//! What a configuration says of one option.

/// Whether an option was given. Its default stands where it is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Choice<T> {
    /// Nothing was said: another configuration may say it, else the default holds.
    Unset,
    /// Taken back: the circuit is without it, whatever another configuration says.
    Off,
    Given(T),
}

impl<T: Copy> Choice<T> {
    /// This, or where it says nothing, `base`.
    pub(super) const fn or(self, base: Self) -> Self {
        match self {
            Choice::Unset => base,
            said => said,
        }
    }

    /// The value, if there is one.
    pub(crate) const fn given(self) -> Option<T> {
        match self {
            Choice::Given(value) => Some(value),
            Choice::Unset | Choice::Off => None,
        }
    }

    pub(super) const fn given_or(self, default: T) -> T {
        match self {
            Choice::Given(value) => value,
            Choice::Unset | Choice::Off => default,
        }
    }

    pub(crate) const fn is_given(&self) -> bool {
        matches!(self, Choice::Given(_))
    }

    pub(super) const fn is_off(&self) -> bool {
        matches!(self, Choice::Off)
    }

    pub(super) const fn is_unset(&self) -> bool {
        matches!(self, Choice::Unset)
    }
}

#[cfg(feature = "axum")]
impl<T> From<Option<T>> for Choice<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Choice::Unset, Choice::Given)
    }
}
