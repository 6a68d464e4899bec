//! Names in the user's scope, hygiene, and where the runtime is.

use super::{E, answer, block_on, counts, rejects};

mod hostile {
    //! Everything that generated code might name, taken.
    #![allow(dead_code, unused_macros, non_camel_case_types, non_upper_case_globals)]

    use super::E;

    mod core {}
    mod std {}
    mod circuit_runtime {}

    struct Option;
    struct Some;
    struct None;
    enum Result {}
    struct Ok;
    struct Err;
    struct From;
    fn drop() {}
    macro_rules! concat {
        () => {};
    }
    macro_rules! panic {
        () => {};
    }

    const permit: u8 = 1;
    const breaker: u8 = 1;
    const returns: u8 = 1;
    static open: u8 = 1;
    struct entry;

    trait Everything {
        fn run(&self) {}
        fn never(&self) {}
        fn split(&self) {}
        fn with(&self) {}
        fn window(&self) {}
    }

    impl<T: ?Sized> Everything for T {}

    use ::circuit_runtime::circuit_breaker as cb;

    #[cb(threshold = 1, name = "hostile")]
    pub(super) fn call(fail: bool) -> ::std::result::Result<u8, E> {
        let _ = Everything::run(&1);
        super::answer(fail, permit)
    }

    #[cb(threshold = 1, name = "hostile_async", key = "k".to_owned(), fallback = super::super::names::fall_back)]
    pub(super) async fn call_async(fail: bool) -> ::std::result::Result<u8, E> {
        super::answer(fail, permit)
    }

    #[cb(
        threshold = 1,
        name = "hostile_any",
        window = 5,
        failure_rate = 0.5,
        fallback = |_, why| { let _ = why; super::super::names::fall_back(false) },
        fallback_on = any
    )]
    pub(super) async fn call_any(fail: bool) -> ::std::result::Result<u8, E> {
        super::answer(fail, permit)
    }
}

fn fall_back(_: bool) -> Result<u8, E> {
    Ok(100)
}

#[test]
fn names_in_scope_are_not_used() {
    rejects("hostile", hostile::call);
    let _ = block_on(hostile::call_async(true));
    assert_eq!(block_on(hostile::call_async(false)), Ok(100));
    assert_eq!(block_on(hostile::call_any(true)), Ok(100));
}

mod facade {
    pub(crate) mod inner {
        pub(crate) use circuit_runtime as breakers;
    }
}

#[circuit_runtime::circuit_breaker(
    threshold = 1,
    name = "renamed",
    crate = facade::inner::breakers
)]
fn renamed(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

macro_rules! through_the_facade {
    ($name:ident) => {
        #[circuit_runtime::circuit_breaker(
                                            threshold = 1,
                                            name = "dollar_crate",
                                            crate = $crate::shapes::names::facade::inner::breakers
                                        )]
        fn $name(fail: bool) -> Result<u8, E> {
            answer(fail, 1)
        }
    };
}

through_the_facade!(dollar_crate);

#[cfg_attr(test, circuit_runtime::circuit_breaker(threshold = 1, name = "cfg_attr"))]
fn cfg_attribute(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[test]
fn the_runtime_may_be_elsewhere() {
    rejects("renamed", renamed);
    rejects("dollar_crate", dollar_crate);
    rejects("cfg_attr", cfg_attribute);
}

macro_rules! whole_function {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident($($arg:ident: $t:ty),*) -> $ret:ty $body:block
    ) => {
        $(#[$meta])*
        $vis fn $name($($arg: $t),*) -> $ret $body
    };
}

whole_function! {
    /// Its attributes come from outside.
    #[circuit_runtime::circuit_breaker(threshold = 1, name = "meta_from_outside")]
    pub(super) fn meta_from_outside(fail: bool) -> Result<u8, E> {
        let permit = 1;
        answer(fail, permit)
    }
}

macro_rules! makes_function {
    ($name:ident, $text:literal, $threshold:literal, $fallback:path, $arg:ident, $t:ty, $body:block) => {
        #[circuit_runtime::circuit_breaker(threshold = $threshold, name = $text, fallback = $fallback)]
        fn $name($arg: bool) -> Result<$t, E> $body
    };
    (item $item:item) => {
        $item
    };
}

makes_function!(made, "made", 1, fall_back, fail, u8, { answer(fail, 1) });

makes_function!(item
    #[circuit_runtime::circuit_breaker(threshold = 1, name = "made_item")]
    fn made_item(fail: bool) -> Result<u8, E> {
        answer(fail, 1)
    }
);

#[test]
fn functions_made_by_macros() {
    rejects("meta_from_outside", meta_from_outside);
    assert_eq!(made(true), Err(E::Down));
    assert_eq!(made(false), Ok(100));
    assert_eq!(counts("made"), (0, 1, 1));
    rejects("made_item", made_item);
}

mod circuits_of_types {
    use super::{E, answer};
    use circuit_runtime::circuit_breaker;

    pub(super) struct A;
    pub(super) struct B<T>(pub(super) T);

    pub(super) trait Call {
        fn call(&self) -> Result<u8, E>;
    }

    impl A {
        #[circuit_breaker]
        pub(super) fn get(&self) -> Result<u8, E> {
            answer(false, 1)
        }
    }

    impl<T> B<T> {
        #[circuit_breaker]
        pub(super) async fn get(&self) -> Result<u8, E> {
            answer(false, 1)
        }
    }

    impl Call for A {
        #[circuit_breaker]
        fn call(&self) -> Result<u8, E> {
            answer(false, 1)
        }
    }

    impl<T> Call for B<T> {
        #[circuit_breaker]
        fn call(&self) -> Result<u8, E> {
            answer(false, 1)
        }
    }
}

#[test]
fn the_default_name_tells_methods_of_two_types_apart() {
    use circuits_of_types::{A, B, Call};
    let _ = A.get();
    let _ = block_on(B(1_u8).get());
    let _ = block_on(B("").get());
    let _ = A.call();
    let _ = B(1).call();
    let mut names: Vec<_> = circuit_runtime::circuits()
        .iter()
        .filter_map(|circuit| {
            let (_, name) = circuit.name().split_once("names::circuits_of_types::")?;
            Some(name.to_owned())
        })
        .collect();
    names.sort();
    assert_eq!(names.len(), 4, "{:?}", names);
    assert!(names.contains(&"A::get".to_owned()), "{:?}", names);
    names.dedup();
    assert_eq!(names.len(), 4, "{:?}", names);
}
