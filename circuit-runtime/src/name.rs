//! What a circuit is called.

use std::sync::OnceLock;

/// The name of a circuit: the one that it asks for, until the registry has given it one that no
/// other circuit has.
#[derive(Debug)]
pub struct Name {
    registered: OnceLock<&'static str>,
    wanted: Wanted,
}

#[derive(Debug)]
enum Wanted {
    /// `name = "payments"`
    Given(&'static str),
    /// See [`name_of`].
    Path(fn() -> &'static str),
}

impl Name {
    /// A name that was given.
    #[must_use]
    pub const fn given(name: &'static str) -> Self {
        Name { registered: OnceLock::new(), wanted: Wanted::Given(name) }
    }

    /// The path of the function, found when somebody asks.
    #[must_use]
    pub const fn found(find: fn() -> &'static str) -> Self {
        Name { registered: OnceLock::new(), wanted: Wanted::Path(find) }
    }

    /// The name, if it needn't be found first.
    #[inline]
    pub(crate) fn known(&self) -> Option<&'static str> {
        match (self.registered.get(), &self.wanted) {
            (Some(name), _) | (None, Wanted::Given(name)) => Some(name),
            (None, Wanted::Path(_)) => None,
        }
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
            Wanted::Path(find) => find(),
        }
    }

    /// Somebody chose the name: that another circuit has it is a mistake.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_given(&self) -> bool {
        matches!(self.wanted, Wanted::Given(_))
    }

    pub(crate) fn is_registered(&self) -> bool {
        self.registered.get().is_some()
    }

    /// The name from now on; only the first counts.
    pub(crate) fn register(&self, name: &'static str) {
        let _ = self.registered.set(name);
    }
}

/// The path of the function that `_marker` was declared in, such as `shop::Client::charge`.
///
/// `type_name` of a function inside the static of the circuit tells the methods of two types
/// apart, which `module_path!` does not. Two functions of one name in two blocks of one function
/// have the same path all the same: the second to be registered is `outer::twin#2`.
#[cold]
pub fn name_of<F>(_marker: F) -> &'static str {
    cut(core::any::type_name::<F>())
}

/// Input: `shop::Client::charge::{{closure}}::__CIRCUIT_BREAKER::{{closure}}::here`
fn cut(path: &'static str) -> &'static str {
    let mut name = path.split("::__CIRCUIT_BREAKER").next().unwrap_or(path);
    while let Some(shorter) = name.strip_suffix("::{{closure}}") {
        name = shorter;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{cut, name_of};

    #[test]
    fn what_the_attribute_added_is_cut_off() {
        for (path, name) in [
            ("shop::pay::__CIRCUIT_BREAKER::{{closure}}::here", "shop::pay"),
            (
                "shop::S<T>::pay::{{closure}}::{{closure}}::__CIRCUIT_BREAKER::{{closure}}::here",
                "shop::S<T>::pay",
            ),
            (
                "<shop::S as shop::Pay>::pay::__CIRCUIT_BREAKER::{{closure}}::here",
                "<shop::S as shop::Pay>::pay",
            ),
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
                static __CIRCUIT_BREAKER: fn() -> &'static str = || {
                    fn here() {}
                    name_of(here)
                };
                __CIRCUIT_BREAKER()
            }
        }
        let name = Client::charge();
        assert!(name.starts_with("circuit_runtime::name::tests::"), "{name}");
        assert!(name.ends_with("Client::charge"), "{name}");
    }
}
