//! What a circuit is called.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use crate::sync::unpoisoned;

/// A name that was given, or the path of the function, found when somebody asks.
#[derive(Debug)]
pub enum Name {
    /// `name = "payments"`
    Given(&'static str),
    /// See [`name_of`].
    Found(fn() -> &'static str, OnceLock<&'static str>),
}

impl Name {
    /// A name that is still to be found.
    #[must_use]
    pub const fn found(find: fn() -> &'static str) -> Self {
        Name::Found(find, OnceLock::new())
    }

    /// The name, if it needn't be found first.
    #[inline]
    pub(crate) fn known(&self) -> Option<&'static str> {
        match self {
            Name::Given(name) => Some(name),
            Name::Found(_, name) => name.get().copied(),
        }
    }

    #[inline]
    pub(crate) fn get(&self) -> &'static str {
        match self {
            Name::Given(name) => name,
            Name::Found(find, name) => name.get_or_init(find),
        }
    }
}

/// How many circuits have been named after a path.
static TAKEN: Mutex<Option<HashMap<&'static str, u32>>> = Mutex::new(None);

/// The path of the function that `_marker` was declared in, such as `shop::Client::charge`.
///
/// `type_name` of a function inside the static of the circuit tells the methods of two types
/// apart, which `module_path!` does not. Two functions of one name in two blocks of one function
/// have the same path all the same: the second to be called is `outer::twin#2`.
#[cold]
pub fn name_of<F>(_marker: F) -> &'static str {
    let path = cut(core::any::type_name::<F>());
    let mut taken = unpoisoned(TAKEN.lock());
    let count = taken.get_or_insert_default().entry(path).or_insert(0);
    *count += 1;
    if *count == 1 { path } else { format!("{path}#{count}").leak() }
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
