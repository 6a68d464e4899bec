//! The names of circuits.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use once_cell::race::OnceRef;

use crate::primitives::sync::unpoisoned;

/// The name of a circuit: the one that it asks for, until the registry has given it a unique one.
#[derive(Debug)]
pub struct Name {
    registered: AssertUnwindSafe<OnceRef<'static, &'static str>>,
    /// The wanted name, once the circuit has rejected a call before it was registered.
    interned: AssertUnwindSafe<OnceRef<'static, &'static str>>,
    wanted: Wanted,
}

/// A name in one word. An error has four words, and one of them needs spare values (a niche), so
/// that `Result` and the caller's own enum take no more room.
pub(crate) type NameRef = &'static &'static str;

#[derive(Debug)]
enum Wanted {
    /// `name = "payments"`
    Given(&'static str),
    /// The full path of an item inside the static of the circuit.
    Path(fn() -> &'static str),
}

impl Name {
    const fn new(wanted: Wanted) -> Self {
        // Each cell is set or not, whoever panics.
        Name {
            registered: AssertUnwindSafe(OnceRef::new()),
            interned: AssertUnwindSafe(OnceRef::new()),
            wanted,
        }
    }

    /// A name that was given.
    ///
    /// # Panics
    ///
    /// If it is empty: in the static of an annotated function with a constant for a name, that fails the
    /// build.
    #[must_use]
    pub const fn given(name: &'static str) -> Self {
        assert!(!name.is_empty(), "`name` must not be empty");
        Self::new(Wanted::Given(name))
    }

    /// The path of the function that `Here` was declared in, such as `shop::Client::charge`.
    ///
    /// `Here` is declared inside the circuit's static: its path distinguishes methods of two types,
    /// which `module_path!` doesn't. Two functions with one name in two blocks of one function
    /// still have the same path: the second to be registered is `outer::twin#2`.
    #[must_use]
    pub const fn found<Here>() -> Self {
        Self::new(Wanted::Path(core::any::type_name::<Here>))
    }

    /// The name that the registry gave.
    #[inline]
    pub(crate) fn registered(&self) -> Option<NameRef> {
        self.registered.get()
    }

    /// The name, if it needn't be computed first.
    #[inline]
    pub(crate) fn known(&self) -> Option<NameRef> {
        self.registered().or_else(|| self.interned.get())
    }

    #[inline]
    pub(crate) fn get(&self) -> &'static str {
        self.registered().copied().unwrap_or_else(|| self.wanted())
    }

    /// The name for an error. Allocates at most once for each circuit, before it is registered.
    pub(crate) fn get_ref(&self) -> NameRef {
        self.known().unwrap_or_else(|| self.interned.get_or_init(|| intern(self.wanted())))
    }

    /// The name that the circuit asks for, which another one may have.
    #[cold]
    pub(crate) fn wanted(&self) -> &'static str {
        match self.wanted {
            Wanted::Given(name) => name,
            Wanted::Path(path) => cut(path()),
        }
    }

    /// Whether the user chose the name: then it is a mistake that another circuit has it.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_given(&self) -> bool {
        matches!(self.wanted, Wanted::Given(_))
    }

    pub(crate) fn is_registered(&self) -> bool {
        self.registered().is_some()
    }

    /// Sets the registered name; only the first call counts.
    pub(crate) fn register(&self, name: &'static str) {
        let _ = self.registered.set(Box::leak(Box::new(name)));
    }
}

/// Gives the same reference for the same name, so that short-lived breakers don't leak memory.
fn intern(name: &'static str) -> NameRef {
    static NAMES: Mutex<BTreeMap<&str, NameRef>> = Mutex::new(BTreeMap::new());
    unpoisoned(NAMES.lock()).entry(name).or_insert_with(|| Box::leak(Box::new(name)))
}

/// Input: `shop::Client::charge::{{closure}}::__CIRCUIT_BREAKER::__CircuitHere`. The attribute names the last two.
fn cut(path: &'static str) -> &'static str {
    let mut name = path.strip_suffix("::__CIRCUIT_BREAKER::__CircuitHere").unwrap_or(path);
    while let Some(shorter) = name.strip_suffix("::{{closure}}") {
        name = shorter;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{Name, cut, intern};

    #[test]
    fn a_name_is_interned_once() {
        let name = |text: &str| Name::given(text.to_owned().leak());
        assert!(std::ptr::eq(name("twin").get_ref(), name("twin").get_ref()));
        assert!(!std::ptr::eq(intern("twin"), intern("other")));
    }

    #[test]
    fn what_the_attribute_added_is_cut_off() {
        for (path, name) in [
            ("shop::pay::__CIRCUIT_BREAKER::__CircuitHere", "shop::pay"),
            (
                "shop::S<T>::pay::{{closure}}::{{closure}}::__CIRCUIT_BREAKER::__CircuitHere",
                "shop::S<T>::pay",
            ),
            (
                "<shop::S as shop::Pay>::pay::__CIRCUIT_BREAKER::__CircuitHere",
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
                static __CIRCUIT_BREAKER: Name = {
                    enum __CircuitHere {}
                    Name::found::<__CircuitHere>()
                };
                __CIRCUIT_BREAKER.get()
            }
        }
        let name = Client::charge();
        assert!(name.starts_with("circuit_runtime::observe::name::tests::"), "{name}");
        assert!(name.ends_with("Client::charge"), "{name}");
    }
}
