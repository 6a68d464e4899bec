//! Fallbacks: values and futures, and what coerces into the return type.
#![allow(
    clippy::borrow_deref_ref,
    clippy::cast_lossless,
    clippy::default_trait_access,
    clippy::never_loop,
    reason = "what stands in an option, which the attribute that does nothing doesn't show"
)]

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use super::super::{Error, block_on, call};
use super::{circuit_breaker, open};

/// Functions that give the same, whether the body or the fallback runs.
macro_rules! same {
    ($($kind:ident $name:ident ($($parameters:tt)*) ($($arguments:expr),*) -> $returned:ty,
        [$($options:tt)*] { $($body:tt)* })*) => {
        $(same! { @ $kind $name ($($parameters)*) $returned, [$($options)*] { $($body)* } })*

        fn of_each() {
            $(
                let circuit = concat!(module_path!(), "::", stringify!($name));
                call(stringify!($name), || {
                    format!("{:?}", same! { @call $kind $name($($arguments),*) })
                });
                open(circuit);
                call(stringify!($name), || {
                    format!("{:?}", same! { @call $kind $name($($arguments),*) })
                });
            )*
        }
    };
    (@ sync $name:ident ($($parameters:tt)*) $returned:ty, [$($options:tt)*] $body:tt) => {
        #[circuit_breaker(name = concat!(module_path!(), "::", stringify!($name)), $($options)*)]
        fn $name($($parameters)*) -> $returned $body
    };
    (@ later $name:ident ($($parameters:tt)*) $returned:ty, [$($options:tt)*] $body:tt) => {
        #[circuit_breaker(name = concat!(module_path!(), "::", stringify!($name)), $($options)*)]
        async fn $name($($parameters)*) -> $returned $body
    };
    (@call sync $($call:tt)*) => { $($call)* };
    (@call later $($call:tt)*) => { block_on($($call)*) };
}

type Number = Result<u8, Error>;
type Shown = Result<Box<dyn Debug + Send>, Error>;

fn cached(n: u8) -> Number {
    Ok(n)
}

async fn cached_later(n: u8) -> Number {
    Ok(n)
}

fn future(n: u8) -> impl Future<Output = Number> {
    async move { Ok(n) }
}

fn boxed(n: u8) -> Pin<Box<dyn Future<Output = Number> + Send>> {
    Box::pin(async move { Ok(n) })
}

fn widened(n: &[u8]) -> Result<usize, Error> {
    Ok(n.len())
}

fn made<T: Default>(_: u8) -> T {
    T::default()
}

fn shown(n: u8) -> Shown {
    Ok(Box::new(n))
}

const KEPT: Number = Ok(7);
static POINTER: fn(u8) -> Number = cached;

same! {
    sync path(n: u8) (1) -> Number, [fallback = cached] { Ok(n) }
    later path_later(n: u8) (1) -> Number, [fallback = cached] { Ok(n) }
    later path_to_async(n: u8) (1) -> Number, [fallback = cached_later] { Ok(n) }
    later path_to_future(n: u8) (1) -> Number, [fallback = future] { Ok(n) }
    later path_to_boxed(n: u8) (1) -> Number, [fallback = boxed] { Ok(n) }
    sync pointer(n: u8) (1) -> Number, [fallback = POINTER] { Ok(n) }
    later pointer_later(n: u8) (1) -> Number, [fallback = POINTER] { Ok(n) }
    sync wider(n: &Vec<u8>) (&vec![1]) -> Result<usize, Error>, [fallback = widened] { Ok(n.len()) }
    later wider_later(n: &Vec<u8>) (&vec![1]) -> Result<usize, Error>, [fallback = widened] { Ok(n.len()) }
    sync generic(_n: u8) (1) -> Option<u8>, [failure = None, fallback = made] { Some(0).filter(|n| *n > 0) }
    sync constant() () -> Number, [fallback = { KEPT }] { Ok(7) }
    later constant_later() () -> Number, [fallback = { KEPT }] { Ok(7) }
    sync in_parentheses() () -> Number, [fallback = (KEPT)] { Ok(7) }

    sync closure(n: u8) (1) -> Number, [fallback = |n| Ok(n)] { Ok(n) }
    sync closure_reason(n: u8) (1) -> Number, [fallback = |n, _| Ok(n)] { Ok(n) }
    sync closure_calls(n: u8) (1) -> Number, [fallback = |n| cached(n)] { Ok(n) }
    later closure_value(n: u8) (1) -> Number, [fallback = |n| Ok(n)] { Ok(n) }
    later closure_async(n: u8) (1) -> Number, [fallback = |n| async move { Ok(n) }] { Ok(n) }
    later closure_calls_sync(n: u8) (1) -> Number, [fallback = |n| cached(n)] { Ok(n) }
    later closure_calls_async(n: u8) (1) -> Number, [fallback = |n| cached_later(n)] { Ok(n) }
    later closure_reason_later(n: u8) (1) -> Number, [fallback = |n, _| cached_later(n)] { Ok(n) }
    sync closure_typed(n: String) ("a".to_owned()) -> Result<String, Error>, [fallback = |n: String| -> Result<String, Error> { Ok(n) }] { Ok(n) }
    later closure_typed_later(n: &str) ("a") -> Result<&str, Error>, [fallback = |n: &str| Ok(n)] { Ok(n) }
    sync closure_moves(n: String) ("a".to_owned()) -> Result<String, Error>, [fallback = move |n| Ok(n)] { Ok(n) }
    sync closure_asks(n: u8) (1) -> Number, [fallback = |n| { let n = cached(n)?; Ok(n) }] { Ok(n) }
    later closure_asks_later(n: u8) (1) -> Number, [fallback = |n| async move { let n = cached(n)?; Ok(n) }] { Ok(n) }
    later closure_returns(n: u8) (1) -> Number, [fallback = |n| { if n > 0 { return Ok(n); } Err(Error::Down) }] { Ok(n) }
    sync closure_uses(n: u8) (1) -> Number, [fallback = |_| Ok(n)] { Ok(n) }
    sync closure_uses_part((n, _): (u8, u8)) ((1, 2)) -> Number, [fallback = |_| Ok(n)] { Ok(n) }
    later closure_uses_part_later((n, mut m): (u8, u8)) ((1, 2)) -> Number, [fallback = |_| Ok(n + m)] { m += n; Ok(m) }
    sync closure_takes_part((n, _): (u8, u8)) ((1, 2)) -> Number, [fallback = |(n, _)| Ok(n)] { Ok(n) }
    later closure_takes_slice([n, ..]: [u8; 3]) ([1, 2, 3]) -> Number, [fallback = |all| Ok(all[0])] { Ok(n) }

    sync expression(n: u8) (1) -> Number, [fallback = Ok(n)] { Ok(n) }
    later expression_later(n: u8) (1) -> Number, [fallback = Ok(n)] { Ok(n) }
    later awaited(n: u8) (1) -> Number, [fallback = cached_later(n).await] { Ok(n) }
    later not_awaited(n: u8) (1) -> Number, [fallback = cached_later(n)] { Ok(n) }
    later not_awaited_box(n: u8) (1) -> Number, [fallback = boxed(n)] { Ok(n) }
    later block_of_async(n: u8) (1) -> Number, [fallback = async move { Ok(n) }] { Ok(n) }
    sync asks(n: u8) (1) -> Number, [fallback = { let n = cached(n)?; Ok(n) }] { Ok(n) }
    later asks_later(n: u8) (1) -> Number, [fallback = { let n = cached(n)?; Ok(n) }] { Ok(n) }
    later returns_early(n: u8) (1) -> Number, [fallback = { if n > 0 { return Ok(n); } cached_later(n) }] { Ok(n) }
    sync labelled(n: u8) (1) -> Number, [fallback = 'a: { if n > 0 { break 'a Ok(n); } Ok(0) }] { Ok(n) }
    later labelled_later(n: u8) (1) -> Number, [fallback = 'a: { if n > 0 { break 'a Ok(n); } Ok(0) }] { Ok(n) }
    sync broken(n: u8) (1) -> Number, [fallback = loop { break Ok(n); }] { Ok(n) }
    later broken_later(n: u8) (1) -> Number, [fallback = loop { break Ok(n); }] { Ok(n) }
    later into_text() () -> Result<String, Error>, [fallback = Ok("a".into())] { Ok("a".into()) }
    later parsed() () -> Number, [fallback = "1".parse().map_err(|_| Error::Down)] { Ok(1) }
    later by_default() () -> Option<u8>, [failure = None, fallback = Default::default()] { Some(0).filter(|n| *n > 0) }
    sync function_parameter(n: u8, f: fn(u8) -> Number) (1, cached) -> Number, [fallback = f(n)] { f(n) }
    later function_parameter_later(n: u8, f: fn(u8) -> Number) (1, cached) -> Number, [fallback = f(n)] { f(n) }
    sync parameter(kept: Number) (Ok(1)) -> Number, [fallback = kept] { kept }
    later parameter_later(kept: Number) (Ok(1)) -> Number, [fallback = kept] { kept }

    later branches(n: u8) (1) -> Shown, [fallback = if n > 1 { Ok(Box::new("x")) } else { Ok(Box::new(n)) }] { Ok(Box::new(n)) }
    sync branches_sync(n: u8) (1) -> Shown, [fallback = if n > 1 { Ok(Box::new("x")) } else { Ok(Box::new(n)) }] { Ok(Box::new(n)) }
    later arms(n: u8) (1) -> Shown, [fallback = match n { 1 => Ok(Box::new(n)), _ => Ok(Box::new("x")) }] { Ok(Box::new(n)) }
    later closure_branches(n: u8) (1) -> Shown, [fallback = |n| if n > 1 { Ok(Box::new("x")) } else { Ok(Box::new(n)) }] { Ok(Box::new(n)) }
    later closure_arms(n: u8) (1) -> Shown, [fallback = |n| match n { 1 => Ok(Box::new(n)), _ => Ok(Box::new("x")) }] { Ok(Box::new(n)) }
    later one_branch_returns(n: u8) (1) -> Shown, [fallback = if n > 1 { return Err(Error::Down) } else { Ok(Box::new(n)) }] { Ok(Box::new(n)) }
    later one_branch_waits(n: u8) (1) -> Number, [fallback = if n > 1 { return Err(Error::Down) } else { cached_later(n) }] { Ok(n) }
    later one_arm_panics(n: u8) (1) -> Number, [fallback = match n { 1 => cached_later(n), _ => panic!("no") }] { Ok(n) }
    later block_at_end(n: u8) (1) -> Shown, [fallback = { let m = n; Ok(Box::new(m)) }] { Ok(Box::new(n)) }
    later unsafe_block(n: u8) (1) -> Shown, [fallback = unsafe { Ok(Box::new(*std::ptr::addr_of!(n))) }] { Ok(Box::new(n)) }
    later path_coerced(n: u8) (1) -> Shown, [fallback = shown] { Ok(Box::new(n)) }
    later no_bytes(_v: &Vec<u8>) (&vec![1]) -> &[u8], [failure = [], fallback = &[]] { &[] }
    later no_bytes_closure(_v: &Vec<u8>) (&vec![1]) -> &[u8], [failure = [], fallback = |_| &[]] { &[] }
    sync no_bytes_sync(_v: &Vec<u8>) (&vec![1]) -> &[u8], [failure = [], fallback = |_| &[]] { &[] }
    later all_bytes(v: &Vec<u8>) (&vec![1]) -> &[u8], [failure = [], fallback = v] { v }
    later all_bytes_closure(v: &Vec<u8>) (&vec![1]) -> &[u8], [failure = [], fallback = |v| v] { v }
    later some_bytes(v: &Vec<u8>, n: bool) (&vec![1], true) -> &[u8], [failure = [], fallback = if n { &v[..] } else { &[] }] { v }
    later reborrowed(text: &String) (&"a".to_owned()) -> &str, [failure = &"", fallback = &*text] { text }
    later as_it_is(text: &String) (&"a".to_owned()) -> &str, [failure = &"", fallback = text] { text }
    sync as_it_is_sync(text: &String) (&"a".to_owned()) -> &str, [failure = &"", fallback = text] { text }
    later of_a_box(text: &Box<str>) (&"a".into()) -> &str, [failure = &"", fallback = &text] { text }
    later trimmed(text: &str) (" a ") -> &str, [failure = &"", fallback = text.trim()] { text.trim() }
    later cast(n: u8) (1) -> i32, [failure = 0, fallback = n as i32] { n as i32 }
    later added(n: i32) (1) -> i32, [failure = 0, fallback = n + 1] { n + 1 }
    later negated(n: bool) (true) -> bool, [failure = true, fallback = !n] { !n }
    later negative() () -> i64, [failure = 0, fallback = -1] { -1 }
    later literal() () -> u64, [failure = 0, fallback = 1] { 1 }
    later a_tuple(n: u8) (1) -> (u8, &'static str), [failure = (0, _), fallback = (n, "a")] { (n, "a") }
    later an_array(n: u8) (1) -> [u8; 2], [failure = [0, _], fallback = [n, 2]] { [n, 2] }
    later a_range(n: u8) (1) -> std::ops::Range<u8>, [failure = std::ops::Range { start: 3, .. }, fallback = 0..n] { 0..n }
}

/// Under `any`: what a fallback is given is cloned first.
mod any {
    use super::{Error, Number, Shown, cached, cached_later, circuit_breaker};

    #[circuit_breaker(fallback_on = any, fallback = cached)]
    pub fn path(n: u8) -> Number {
        Ok(n)
    }

    #[circuit_breaker(fallback_on = any, fallback = cached_later)]
    pub async fn path_later(mut n: u8) -> Number {
        n += 1;
        Ok(n)
    }

    #[circuit_breaker(fallback_on = any, fallback = |text, _| Ok(text))]
    pub fn closure(text: String) -> Result<String, Error> {
        Ok(text)
    }

    #[circuit_breaker(fallback_on = any, fallback = if text.is_empty() { Ok(Box::new(1)) } else { Ok(Box::new(text)) })]
    pub async fn branches(mut text: String) -> Shown {
        text.push('!');
        Ok(Box::new(text))
    }

    #[circuit_breaker(fallback_on = any, failure = [], fallback = &[])]
    pub async fn no_bytes(bytes: &[u8]) -> &[u8] {
        bytes
    }

    #[circuit_breaker(fallback_on = any, fallback = Ok(text.len()))]
    pub fn by_ref(ref text: String) -> Result<usize, Error> {
        Ok(text.len())
    }

    #[circuit_breaker(fallback_on = any, fallback = { text.push('?'); Ok(text.len()) })]
    pub fn by_ref_mut(ref mut text: String) -> Result<usize, Error> {
        text.push('!');
        Ok(text.len())
    }

    #[circuit_breaker(fallback_on = any, fallback = Ok(text.len() + more.len()))]
    pub async fn parts(
        (text, _): (String, u8),
        (mut more, _): (String, u8),
    ) -> Result<usize, Error> {
        more.push_str(&text);
        Ok(more.len())
    }

    #[circuit_breaker(fallback_on = any, fallback = Ok(all.0 + part))]
    pub fn whole_and_part(all @ (part, _): (u8, u8)) -> Number {
        Ok(all.1 - part)
    }

    pub struct NoClone(pub u8);

    #[circuit_breaker(fallback_on = any, fallback = Ok(u8::from(matches!(some, Some(n) if n > 1))))]
    pub fn bound_in_matches(some: Option<u8>, n: NoClone) -> Number {
        Ok(some.unwrap_or(n.0))
    }
}

pub fn run() {
    of_each();
    call("any path", || any::path(1));
    call("any path later", || block_on(any::path_later(1)));
    call("any closure", || any::closure("a".to_owned()));
    call("any branches", || block_on(any::branches("a".to_owned())));
    call("any bytes", || block_on(any::no_bytes(&[1])).to_vec());
    call("any ref", || any::by_ref("a".to_owned()));
    call("any ref mut", || any::by_ref_mut("a".to_owned()));
    let pair = || ("a".to_owned(), 1);
    call("any parts", || block_on(any::parts(pair(), pair())));
    call("any whole", || any::whole_and_part((1, 2)));
    call("any matches", || any::bound_in_matches(Some(1), any::NoClone(2)));
}
