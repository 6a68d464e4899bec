//! Nobody is given another's value.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use circuit_runtime::circuit_breaker;

use super::super::{Answer, Error, circuit, is_rejected};
use crate::support::ready;

#[test]
fn two_functions_never_see_each_others_values() {
    #[circuit_breaker(name = "stale: one", stale = "10m", stale_key = id)]
    fn one(id: u64) -> Answer {
        Ok(1)
    }
    #[circuit_breaker(name = "stale: other", stale = "10m", stale_key = id)]
    fn other(id: u64) -> Answer {
        Err(Error::Down)
    }
    assert_eq!(Ok(1), one(1));
    assert_eq!(Err(Error::Down), other(1));
    circuit("stale: one").force_open();
    circuit("stale: other").force_open();
    assert_eq!(Ok(1), one(1));
    assert!(is_rejected(other(1)));
}

#[test]
fn two_callers_with_other_arguments_never_do() {
    #[circuit_breaker(name = "stale: callers", stale = "10m", stale_key = (tenant, id))]
    async fn call(tenant: &str, id: u64, answer: Answer) -> Answer {
        answer
    }
    assert_eq!(Ok(1), ready(call("a", 1, Ok(1))));
    assert_eq!(Ok(2), ready(call("a", 2, Ok(2))));
    assert_eq!(Ok(3), ready(call("b", 1, Ok(3))));
    circuit("stale: callers").force_open();
    let call = |tenant, id| ready(call(tenant, id, Ok(9)));
    assert_eq!((Ok(1), Ok(2), Ok(3)), (call("a", 1), call("a", 2), call("b", 1)));
    for (tenant, id) in [("b", 2), ("", 1), ("a1", 1), ("a", 0)] {
        assert!(is_rejected(call(tenant, id)), "{tenant} {id}");
    }
}

#[test]
fn texts_that_are_one_when_joined_are_two_keys() {
    #[circuit_breaker(name = "stale: joined", stale = "10m", stale_key = (a, (b, c)))]
    fn call(a: &str, b: String, c: Cow<'_, str>) -> Answer {
        Ok(u32::try_from(a.len() + 10 * b.len() + 100 * c.len()).unwrap())
    }
    let texts =
        [("ab", "c", ""), ("a", "bc", ""), ("a", "b", "c"), ("abc", "", ""), ("", "", "abc")];
    let all = || texts.map(|(a, b, c)| call(a, b.to_owned(), c.into()));
    let called = all();
    circuit("stale: joined").force_open();
    assert_eq!(called, all());
}

struct Shop {
    id: u8,
    answer: Answer,
}

impl Shop {
    #[circuit_breaker(name = "stale: instances", stale = "10m", stale_key = (self.id, sku))]
    fn price(&self, sku: &str) -> Answer {
        self.answer
    }
}

#[test]
fn two_instances_never_do() {
    let shops = [1, 2].map(|id| Shop { id, answer: Ok(u32::from(id)) });
    assert_eq!([Ok(1), Ok(2)], [shops[0].price("mug"), shops[1].price("mug")]);
    circuit("stale: instances").force_open();
    assert_eq!([Ok(1), Ok(2)], [shops[0].price("mug"), shops[1].price("mug")]);
    assert!(is_rejected(Shop { id: 3, answer: Ok(3) }.price("mug")));
}

#[test]
fn two_keys_never_do() {
    #[circuit_breaker(name = "stale: keys", key = host, stale = "10m", stale_key = id)]
    fn call(host: &str, id: u8, answer: Answer) -> Answer {
        answer
    }
    assert_eq!((Ok(1), Ok(2)), (call("a", 1, Ok(1)), call("b", 1, Ok(2))));
    let circuit = circuit("stale: keys");
    circuit.force_open();
    assert_eq!((Ok(1), Ok(2)), (call("a", 1, Ok(9)), call("b", 1, Ok(9))));
    assert!(is_rejected(call("c", 1, Ok(9))));
    let stale = |key| circuit.snapshot_of(key).map(|seen| (seen.stale, seen.rejected));
    assert_eq!((Some((1, 1)), Some((1, 1))), (stale("a"), stale("b")));
    assert_eq!((2, 3), (circuit.snapshot().stale, circuit.snapshot().rejected));
}

#[test]
fn the_one_parameter_that_is_the_key_is_the_values_key_too() {
    #[circuit_breaker(name = "stale: the key", key = host, stale = "10m")]
    fn call(host: String) -> Answer {
        Ok(u32::try_from(host.len()).unwrap())
    }
    #[circuit_breaker(name = "stale: no parameter", stale = "10m")]
    fn none() -> Answer {
        Ok(1)
    }
    let call = |host: &str| call(host.to_owned());
    assert_eq!((Ok(1), Ok(2), Ok(1)), (call("a"), call("bb"), none()));
    circuit("stale: the key").force_open();
    circuit("stale: no parameter").force_open();
    assert_eq!((Ok(1), Ok(2), Ok(1)), (call("a"), call("bb"), none()));
    assert!(is_rejected(call("ccc")));
}

#[test]
fn one_value_for_all_is_said_so() {
    #[circuit_breaker(name = "stale: one for all", stale = "10m", stale_key = ())]
    fn call(_: &str, answer: Answer) -> Answer {
        answer
    }
    assert_eq!(Ok(1), call("a", Ok(1)));
    circuit("stale: one for all").force_open();
    assert_eq!(Ok(1), call("b", Ok(9)));
}

struct Tenant(&'static str);

#[circuit_breaker(name = "stale: block of tenants", key = self.0)]
impl Tenant {
    #[circuit_breaker(stale = "10m", stale_key = ())]
    fn secret(&self, answer: Answer) -> Answer {
        answer
    }
}

#[test]
fn one_tenants_value_never_reaches_another_whatever_stale_key_says() {
    thread_local!(static TENANT: Cell<&'static str> = const { Cell::new("a") });
    #[circuit_breaker(name = "stale: tenants", key = tenant, stale = "10m", stale_key = ())]
    fn call(tenant: &str, answer: Answer) -> Answer {
        answer
    }
    #[circuit_breaker(name = "stale: tenant outside", key = TENANT.get(), stale = "10m")]
    fn outside() -> Answer {
        Ok(1)
    }
    let methods = |tenant, answer| Tenant(tenant).secret(answer);
    let calls = |tenant, answer| (call(tenant, answer), methods(tenant, answer), outside());
    assert_eq!((Ok(1), Ok(1), Ok(1)), calls("a", Ok(1)));
    for name in ["stale: tenants", "stale: block of tenants", "stale: tenant outside"] {
        circuit(name).force_open();
    }
    assert_eq!((Ok(1), Ok(1), Ok(1)), calls("a", Ok(9)), "one value for each key");
    TENANT.set("b");
    let (function, method, outside) = calls("b", Ok(9));
    assert!(is_rejected(function) && is_rejected(method) && is_rejected(outside));
}

trait Named {
    const NAME: &'static str;

    #[circuit_breaker(name = "stale: default", stale = "10m", stale_key = ())]
    fn call(&self) -> Result<String, Error> {
        Ok(Self::NAME.to_owned())
    }
}

struct First;
struct Second<T>(T);

impl Named for First {
    const NAME: &'static str = "first";
}
impl Named for Second<u8> {
    const NAME: &'static str = "second of u8";
}
impl Named for Second<u16> {
    const NAME: &'static str = "second of u16";
}

#[test]
fn the_instances_of_generic_code_never_do() {
    #[circuit_breaker(name = "stale: generic", stale = "10m", stale_key = ())]
    fn call<T: Default + fmt::Debug>() -> Result<String, Error> {
        Ok(format!("{:?}", T::default()))
    }
    #[circuit_breaker(name = "stale: generic value", stale = "10m", stale_key = ())]
    fn value<T: Default + Clone + Send + Sync + 'static>() -> Result<T, Error> {
        Ok(T::default())
    }
    let all = || {
        let texts = [call::<u8>(), call::<bool>(), call::<&str>(), call::<Option<&'_ str>>()];
        let defaults = [First.call(), Second(1_u8).call(), Second(1_u16).call()];
        (texts, defaults, value::<u8>(), value::<String>())
    };
    let called = all();
    for name in ["stale: generic", "stale: generic value", "stale: default"] {
        circuit(name).force_open();
    }
    assert_eq!(called, all());
    assert!(matches!(call::<u32>(), Err(Error::Open(_))));
    assert!(matches!(value::<u32>(), Err(Error::Open(_))));
}

trait Numbered {
    const NUMBER: u32;
}

impl<T: Numbered> Numbered for &T {
    const NUMBER: u32 = T::NUMBER;
}

#[test]
fn two_types_of_one_name_never_do() {
    #[circuit_breaker(name = "stale: one name", stale = "10m")]
    fn call<T: Numbered>() -> Answer {
        Ok(T::NUMBER)
    }
    #[circuit_breaker(name = "stale: one name, async", stale = "10m")]
    async fn later<T: Numbered>() -> Answer {
        Ok(T::NUMBER)
    }
    fn both<T: Numbered>() -> [Answer; 2] {
        [call::<T>(), ready(later::<&T>())]
    }
    {
        struct Local;
        impl Numbered for Local {
            const NUMBER: u32 = 1;
        }
        assert_eq!([Ok(1); 2], both::<Local>());
        for name in ["stale: one name", "stale: one name, async"] {
            circuit(name).force_open();
        }
        assert_eq!([Ok(1); 2], both::<Local>());
    }
    {
        struct Local;
        impl Numbered for Local {
            const NUMBER: u32 = 2;
        }
        let given = both::<Local>();
        assert!(given.into_iter().all(is_rejected), "{given:?}");
    }
}

/// A key whose hash says nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Alike(u8);

impl Hash for Alike {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[test]
fn keys_with_one_hash_are_told_apart() {
    #[circuit_breaker(name = "stale: alike", stale = "10m", stale_key = key)]
    fn call(key: Alike) -> Answer {
        Ok(u32::from(key.0))
    }
    assert_eq!((Ok(1), Ok(2)), (call(Alike(1)), call(Alike(2))));
    circuit("stale: alike").force_open();
    assert!(is_rejected(call(Alike(1))) && is_rejected(call(Alike(3))));
    assert_eq!(Ok(2), call(Alike(2)));
}

#[test]
#[expect(clippy::ref_option_ref, reason = "a parameter may be one")]
fn a_key_may_be_of_many_kinds() {
    #[derive(Debug, PartialEq, Eq, Hash)]
    struct Moved(u8);
    struct Url(Option<&'static str>);
    impl Url {
        fn host(&self) -> Option<&str> {
            self.0
        }
        fn path(&self) -> &str {
            self.0.map_or("/", |_| "/path")
        }
    }
    macro_rules! each {
        ($($name:ident($($parameters:tt)*) by $key:expr => [$($some:expr),*], [$($other:expr),*];)*) => {$({
            #[circuit_breaker(name = concat!("stale: kind ", stringify!($name)), stale = "10m", stale_key = $key)]
            fn $name($($parameters)*) -> Answer {
                Ok(1)
            }
            assert_eq!(Ok(1), $name($($some),*));
            circuit(concat!("stale: kind ", stringify!($name))).force_open();
            assert_eq!(Ok(1), $name($($some),*), stringify!($name));
            assert!(is_rejected($name($($other),*)), stringify!($name));
        })*};
    }
    each! {
        text(a: &str) by a => ["a"], ["b"];
        owned(a: String) by a => ["a".to_owned()], ["b".to_owned()];
        twice(a: &&str) by a => [&"a"], [&"b"];
        shared(a: Arc<str>) by a => ["a".into()], ["b".into()];
        number(a: u64) by a => [1], [2];
        lent(a: &u64) by a => [&1], [&2];
        slice(a: &[u8]) by a => [&[1, 2]], [&[1]];
        list(a: &Vec<String>) by a => [&vec![String::new()]], [&vec![]];
        option(a: Option<u8>) by a => [None], [Some(0)];
        language(a: &str, b: Option<&str>) by (a, b) => ["a", None], ["a", Some("")];
        lent_option(a: &Option<&str>) by a => [&Some("a")], [&None];
        option_of(a: Option<&Moved>) by a.map(|it| it.0) => [Some(&Moved(1))], [None];
        option_cow(a: Option<Cow<'_, str>>) by a => [Some("a".into())], [Some("b".into())];
        option_list(a: Option<&[u8]>) by a => [Some(&[])], [None];
        asked(a: &Url) by (a.host(), a.path()) => [&Url(None)], [&Url(Some("a"))];
        bytes(a: Cow<'_, [u8]>) by a => [vec![1].into()], [vec![2].into()];
        texts(a: &[&str]) by a => [&["a", "b"]], [&["ab"]];
        list_of_texts(a: Vec<&str>) by a => [vec![]], [vec![""]];
        two_texts(a: &str, b: &str) by [a, b] => ["a", ""], ["", "a"];
        array(a: [&str; 2]) by a => [["a", ""]], [["", "a"]];
        changed(a: &str, b: &mut u8) by (a, b) => ["a", &mut 1], ["a", &mut 2];
        for_ever(a: &'static Moved) by a => [&Moved(1)], [&Moved(2)];
        part((a, _): (u8, u8)) by a => [(1, 2)], [(2, 2)];
        field(a: (String, u8)) by a.0 => [("a".to_owned(), 1)], [("b".to_owned(), 1)];
        index(a: &[u8]) by a[0] => [&[1]], [&[2]];
        made(a: &str) by a.len() => ["a"], ["bc"];
        moved(a: u8) by Moved(a) => [1], [2];
        formatted(a: u8) by format!("{a}") => [1], [2];
        pair(a: u8, b: &mut u8) by (a, *b) => [1, &mut 2], [1, &mut 3];
        lower(a: &str) by a.to_lowercase() => ["A"], ["b"];
    }
}
