//! Patterns and arguments.

use std::cell::RefCell;
use std::fmt::Display;

use circuit_runtime::circuit_breaker;

use super::{E, answer, block_on, guards, rejects};

struct Pair {
    a: u8,
    b: String,
}

#[circuit_breaker(threshold = 1, name = "destructured")]
fn destructured(
    (a, mut b): (u8, u8),
    Pair { a: c, b: _ }: Pair,
    [d, ..]: [u8; 3],
    fail: bool,
) -> Result<u8, E> {
    b += 1;
    answer(fail, a + b + c + d)
}

#[circuit_breaker(threshold = 1, name = "destructured_fallback", fallback = |pair, Pair { a, b }, _, _| {
    let (x, y): (u8, u8) = pair;
    Ok(x + y + a + b.as_bytes()[0] % 8)
})]
fn destructured_fallback(
    (a, _): (u8, u8),
    Pair { a: c, b: _ }: Pair,
    _: Vec<u8>,
    fail: bool,
) -> Result<u8, E> {
    answer(fail, a + c)
}

#[circuit_breaker(threshold = 1, name = "ref_mut", fallback = |_, _| Ok(0))]
fn ref_mut(ref mut v: Vec<u8>, fail: bool) -> Result<usize, E> {
    v.push(1);
    answer(fail, v.len())
}

#[circuit_breaker(threshold = 1, name = "ref_mut_async", fallback = |_, _| Ok(0))]
async fn ref_mut_async((ref mut v, _): (Vec<u8>, u8), fail: bool) -> Result<usize, E> {
    v.push(1);
    answer(fail, v.len())
}

#[circuit_breaker(threshold = 1, name = "unused", fallback = unused_fallback)]
fn unused(_: u8, _x: u8, fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

fn unused_fallback(a: u8, b: u8, _: bool) -> Result<u8, E> {
    Ok(a + b)
}

#[circuit_breaker(threshold = 1, name = "mutable")]
fn mutable(mut n: u8, (mut a, b): (u8, u8), fail: bool) -> Result<u8, E> {
    n += 1;
    a += b;
    answer(fail, n + a)
}

#[circuit_breaker(threshold = 1, name = "assigned")]
async fn assigned(mut s: &str, (mut t, _): (&str, u8), fail: bool) -> Result<usize, E> {
    let local = String::from("local");
    if s.is_empty() {
        s = &local;
        t = &local;
    }
    super::yield_now().await;
    answer(fail, s.len() + t.len())
}

#[circuit_breaker(threshold = 1, name = "tail_temporary", fallback = |_, _| Ok(0))]
fn tail_temporary((c, _): (RefCell<String>, u8), fail: bool) -> Result<usize, E> {
    answer(fail, c.borrow().len())
}

#[circuit_breaker(threshold = 1, name = "tail_temporary_async")]
async fn tail_temporary_async(mut c: RefCell<String>, fail: bool) -> Result<usize, E> {
    c.get_mut().push('x');
    answer(fail, c.borrow().len())
}

#[circuit_breaker(threshold = 1, name = "cfg")]
fn cfg(#[cfg(test)] n: u8, #[cfg(not(test))] n: u16, fail: bool) -> Result<u8, E> {
    answer(fail, n)
}

#[circuit_breaker(threshold = 1, name = "cfg_async")]
async fn cfg_async(
    #[cfg(test)] mut n: u8,
    #[cfg(not(test))] mut n: u16,
    fail: bool,
) -> Result<u8, E> {
    n += 1;
    answer(fail, n)
}

#[circuit_breaker(threshold = 1, name = "lint_on_parameter", fallback = |_, _, _| Ok(0))]
fn lint_on_parameter(
    #[allow(unused_variables)] n: u8,
    #[allow(unused_variables, unused_mut)] (mut a, b): (u8, u8),
    fail: bool,
) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "lint_on_parameter_async")]
async fn lint_on_parameter_async(
    #[allow(unused_variables, unused_mut)] mut n: u8,
    fail: bool,
) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "raw", fallback = |r#type, _| Ok(r#type))]
fn r#match(r#type: u8, fail: bool) -> Result<u8, E> {
    answer(fail, r#type + 1)
}

#[circuit_breaker(threshold = 1)]
fn r#loop(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "impl_trait", fallback = |text, _| Ok(text.to_string()))]
fn impl_trait(text: impl Display + Clone, fail: bool) -> Result<String, E> {
    answer(fail, format!("{}!", text.clone()))
}

#[allow(clippy::too_many_arguments)]
#[circuit_breaker(
    threshold = 1,
    name = "sixteen",
    fallback = |a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, _| Ok(a + b + c + d + e + f + g + h + i + j + k + l + m + n + o)
)]
fn sixteen(
    a: u8,
    b: u8,
    c: u8,
    d: u8,
    e: u8,
    f: u8,
    g: u8,
    h: u8,
    i: u8,
    j: u8,
    k: u8,
    l: u8,
    m: u8,
    n: u8,
    o: u8,
    fail: bool,
) -> Result<u8, E> {
    answer(fail, a + b + c + d + e + f + g + h + i + j + k + l + m + n + o)
}

#[circuit_breaker(threshold = 1, name = "partly_moved")]
fn partly_moved(pair: Pair, other: Pair, fail: bool) -> Result<usize, E> {
    drop(pair.b);
    answer(fail, usize::from(pair.a) + other.b.len())
}

fn pair() -> Pair {
    Pair { a: 3, b: String::from("four") }
}

#[test]
fn patterns() {
    rejects("destructured", |fail| destructured((1, 2), pair(), [4; 3], fail));
    assert_eq!(destructured((1, 2), pair(), [4; 3], false), Err(E::Open));
    assert_eq!(
        guards("destructured_fallback", |fail| {
            destructured_fallback((1, 2), pair(), Vec::new(), fail)
        }),
        Ok(12)
    );
    assert_eq!(guards("ref_mut", |fail| ref_mut(Vec::new(), fail)), Ok(0));
    assert_eq!(
        guards("ref_mut_async", |fail| block_on(ref_mut_async((Vec::new(), 1), fail))),
        Ok(0)
    );
    assert_eq!(guards("unused", |fail| unused(1, 2, fail)), Ok(3));
    rejects("mutable", |fail| mutable(1, (2, 3), fail));
    rejects("assigned", |fail| block_on(assigned("", ("", 1), fail)));
    assert_eq!(
        guards("tail_temporary", |fail| tail_temporary((RefCell::new("a".into()), 1), fail)),
        Ok(0)
    );
    rejects("tail_temporary_async", |fail| {
        block_on(tail_temporary_async(RefCell::new("a".into()), fail))
    });
}

#[test]
fn attributes_on_parameters() {
    rejects("cfg", |fail| cfg(1, fail));
    rejects("cfg_async", |fail| block_on(cfg_async(1, fail)));
    assert_eq!(guards("lint_on_parameter", |fail| lint_on_parameter(1, (2, 3), fail)), Ok(0));
    rejects("lint_on_parameter_async", |fail| block_on(lint_on_parameter_async(1, fail)));
}

#[test]
fn names_types_and_numbers_of_parameters() {
    assert_eq!(guards("raw", |fail| r#match(1, fail)), Ok(1));
    assert_eq!(guards("impl_trait", |fail| impl_trait("a", fail)), Ok("a".into()));
    assert_eq!(
        guards("sixteen", |fail| sixteen(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, fail)),
        Ok(15)
    );
    rejects("partly_moved", |fail| partly_moved(pair(), pair(), fail));
}

#[test]
fn a_raw_name_is_the_name_without_its_mark() {
    assert!(r#loop(false).is_ok());
    assert!(circuit_runtime::circuits().iter().any(|circuit| {
        circuit.name().ends_with("shapes::parameters::loop")
            || circuit.name().ends_with("shapes::parameters::r#loop")
    }));
}

mod drop_order {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    type Log = Rc<RefCell<Vec<&'static str>>>;

    struct Noisy(&'static str, Log);

    impl Drop for Noisy {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0);
        }
    }

    fn plain(a: Noisy, b: Noisy, _c: Noisy) -> Result<usize, E> {
        let _local = Noisy("local", b.1.clone());
        Ok(a.0.len() + b.0.len())
    }

    #[circuit_breaker(name = "drop_order_sync")]
    fn guarded(a: Noisy, b: Noisy, _c: Noisy) -> Result<usize, E> {
        let _local = Noisy("local", b.1.clone());
        Ok(a.0.len() + b.0.len())
    }

    #[circuit_breaker(name = "drop_order_async")]
    async fn guarded_async(a: Noisy, b: Noisy, _c: Noisy) -> Result<usize, E> {
        let _local = Noisy("local", b.1.clone());
        super::super::yield_now().await;
        Ok(a.0.len() + b.0.len())
    }

    #[circuit_breaker(name = "drop_order_fallback", fallback = |_, _, _| Ok(0))]
    fn with_fallback(a: Noisy, (b, _): (Noisy, u8), _c: Noisy) -> Result<usize, E> {
        let _local = Noisy("local", b.1.clone());
        Ok(a.0.len() + b.0.len())
    }

    fn order(call: impl FnOnce(Noisy, Noisy, Noisy)) -> Vec<&'static str> {
        let log = Log::default();
        let noisy = |name| Noisy(name, log.clone());
        call(noisy("a"), noisy("b"), noisy("c"));
        log.take()
    }

    #[test]
    fn parameters_drop_in_the_order_of_a_plain_function() {
        let expected = order(|a, b, c| drop(plain(a, b, c)));
        assert_eq!(expected, ["local", "c", "b", "a"]);
        assert_eq!(order(|a, b, c| drop(guarded(a, b, c))), expected);
        assert_eq!(order(|a, b, c| drop(block_on(guarded_async(a, b, c)))), expected);
        assert_eq!(order(|a, b, c| drop(with_fallback(a, (b, 1), c))).len(), 4);
    }
}
