//! What a circuit is called.

use std::panic::AssertUnwindSafe;

use once_cell::race::OnceRef;

/// The name of a circuit: the one that it asks for, until the registry has given it one that no
/// other circuit has.
#[derive(Debug)]
pub struct Name {
    /// One word, which a rejection reads for the price of the name that was given.
    registered: AssertUnwindSafe<OnceRef<'static, &'static str>>,
    wanted: Wanted,
}

#[derive(Debug)]
enum Wanted {
    /// `name = "payments"`
    Given(&'static str),
    /// The full path of an item inside the static of the circuit.
    Path(fn() -> &'static str),
}

impl Name {
    const fn new(wanted: Wanted) -> Self {
        // It is there or not, whoever panics.
        Name { registered: AssertUnwindSafe(OnceRef::new()), wanted }
    }

    /// A name that was given.
    #[must_use]
    pub const fn given(name: &'static str) -> Self {
        Self::new(Wanted::Given(name))
    }

    /// The path of the function that `Here` was declared in, such as `shop::Client::charge`.
    ///
    /// `Here` is declared inside the static of the circuit: its path tells the methods of two types
    /// apart, which `module_path!` does not. Two functions of one name in two blocks of one function
    /// have the same path all the same: the second to be registered is `outer::twin#2`.
    #[must_use]
    pub const fn found<Here>() -> Self {
        Self::new(Wanted::Path(core::any::type_name::<Here>))
    }

    /// The name, if it needn't be found first.
    #[inline]
    pub(crate) fn known(&self) -> Option<&'static str> {
        match self.wanted {
            Wanted::Given(name) => Some(self.registered().unwrap_or(name)),
            Wanted::Path(_) => self.registered(),
        }
    }

    /// The name that the registry gave.
    #[inline]
    pub(crate) fn registered(&self) -> Option<&'static str> {
        self.registered.get().copied()
    }

    #[inline]
    pub(crate) fn get(&self) -> &'static str {
        self.known().unwrap_or_else(|| self.wanted())
    }

    /// The name that the circuit asks for, which another one may have.
    #[cold]
    pub(crate) fn wanted(&self) -> &'static str {
        match self.wanted {
            Wanted::Given(name) => name,
            Wanted::Path(path) => cut(path()),
        }
    }

    /// Somebody chose the name: that another circuit has it is a mistake.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_given(&self) -> bool {
        matches!(self.wanted, Wanted::Given(_))
    }

    pub(crate) fn is_registered(&self) -> bool {
        self.registered().is_some()
    }

    /// The name from now on; only the first counts.
    pub(crate) fn register(&self, name: &'static str) {
        let _ = self.registered.set(Box::leak(Box::new(name)));
    }
}

/// Input: `shop::Client::charge::{{closure}}::__CIRCUIT_BREAKER::Here`
fn cut(path: &'static str) -> &'static str {
    let mut name = path.split("::__CIRCUIT_BREAKER").next().unwrap_or(path);
    while let Some(shorter) = name.strip_suffix("::{{closure}}") {
        name = shorter;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{Name, cut};

    #[test]
    fn what_the_attribute_added_is_cut_off() {
        for (path, name) in [
            ("shop::pay::__CIRCUIT_BREAKER::Here", "shop::pay"),
            (
                "shop::S<T>::pay::{{closure}}::{{closure}}::__CIRCUIT_BREAKER::Here",
                "shop::S<T>::pay",
            ),
            ("<shop::S as shop::Pay>::pay::__CIRCUIT_BREAKER::Here", "<shop::S as shop::Pay>::pay"),
            ("elsewhere", "elsewhere"),
        ] {
            assert_eq!(cut(path), name);
        }
    }

    #[test]
    fn the_compiler_still_names_items_by_their_path() {
        struct Client;
        impl Client {
            fn charge() -> &'static str {
                static __CIRCUIT_BREAKER: Name = {
                    enum Here {}
                    Name::found::<Here>()
                };
                __CIRCUIT_BREAKER.get()
            }
        }
        let name = Client::charge();
        assert!(name.starts_with("circuit_runtime::observe::name::tests::"), "{name}");
        assert!(name.ends_with("Client::charge"), "{name}");
    }
}
