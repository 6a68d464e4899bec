//! Kept values, in functions of every form: a call is what it is without, and one that is rejected has
//! the answer of the call before it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::super::{Error, Loud, Pair, Path, block_on, call, call_for_result, loud};
use super::{circuit_breaker, open};

/// Functions that are called twice, closed and open.
macro_rules! same {
    ($($kind:ident $name:ident [$($generics:tt)*] ($($parameters:tt)*) ($($arguments:expr),*) -> $returned:ty,
        [$($options:tt)*] { $($body:tt)* })*) => {
        $(same! { @ $kind $name [$($generics)*] ($($parameters)*) $returned, [$($options)*] { $($body)* } })*

        fn of_each() {
            $(
                let once = || format!("{:?}", same! { @call $kind $name($($arguments),*) });
                call(stringify!($name), once);
                open(concat!(module_path!(), "::", stringify!($name)));
                call_for_result(stringify!($name), once);
            )*
        }
    };
    (@ sync $name:ident [$($generics:tt)*] ($($parameters:tt)*) $returned:ty, [$($options:tt)*] $body:tt) => {
        #[circuit_breaker(name = concat!(module_path!(), "::", stringify!($name)), stale = "10m", $($options)*)]
        fn $name<$($generics)*>($($parameters)*) -> $returned $body
    };
    (@ later $name:ident [$($generics:tt)*] ($($parameters:tt)*) $returned:ty, [$($options:tt)*] $body:tt) => {
        #[circuit_breaker(name = concat!(module_path!(), "::", stringify!($name)), stale = "10m", $($options)*)]
        async fn $name<$($generics)*>($($parameters)*) -> $returned $body
    };
    (@call sync $($call:tt)*) => { $($call)* };
    (@call later $($call:tt)*) => { block_on($($call)*) };
}

type Number = Result<u8, Error>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Id(u8);

same! {
    sync plain[]() () -> Number, [] { Ok(1) }
    later plain_later[]() () -> Number, [] { Ok(1) }
    sync number[](n: u8) (1) -> Number, [stale_key = n] { Ok(n) }
    later number_later[](n: u8) (1) -> Number, [stale_key = n] { Ok(n) }
    sync changed[](mut n: u8) (1) -> Number, [stale_key = n] { n += 1; Ok(n) }
    later changed_later[](mut n: u8) (1) -> Number, [stale_key = n] { n += 1; Ok(n) }
    sync only_in_the_key[](n: u8) (1) -> Number, [stale_key = n] { Ok(1) }
    sync moved[](n: String) ("a".to_owned()) -> Result<String, Error>, [stale_key = n] { Ok(n) }
    later moved_later[](n: String) ("a".to_owned()) -> Result<String, Error>, [stale_key = n] { Ok(n) }
    sync text[](n: &str) ("a") -> Result<String, Error>, [stale_key = n] { Ok(n.to_owned()) }
    later text_later[](n: &str, m: &str) ("a", "b") -> Result<String, Error>, [stale_key = (n, m)] { Ok(format!("{n}{m}")) }
    sync exclusive[](n: &mut u8) (&mut 1) -> Number, [stale_key = *n] { *n += 1; Ok(*n) }
    later exclusive_later[](n: &mut u8) (&mut 1) -> Number, [stale_key = *n] { *n += 1; Ok(*n) }
    sync id[](n: Id) (Id(1)) -> Result<Id, Error>, [stale_key = n] { Ok(n) }
    sync part[]((n, m): (Id, u8)) ((Id(1), 2)) -> Number, [stale_key = (n, m)] { Ok(n.0 + m) }
    later part_later[]((n, m): (Id, u8)) ((Id(1), 2)) -> Number, [stale_key = (n, m)] { Ok(n.0 + m) }
    sync apart[](Pair { left, right }: Pair) (Pair { left: loud("left"), right: loud("right") }) -> Result<usize, Error>, [stale_key = left.0] { Ok(left.0.len() + right.0.len()) }
    later apart_later[](Path(inner): Path<Loud>, n: u8) (Path(loud("inner")), 1) -> Result<usize, Error>, [stale_key = (&inner.0, n)] { Ok(inner.0.len() + usize::from(n)) }
    sync dropped[](a: Loud, b: Loud) (loud("a"), loud("b")) -> Result<usize, Error>, [stale_key = (&a.0, b.0.len())] { Ok(a.0.len() + b.0.len()) }
    later dropped_later[](a: Loud, b: Loud) (loud("a"), loud("b")) -> Result<usize, Error>, [stale_key = (&a.0, b.0.len())] { Ok(a.0.len() + b.0.len()) }
    sync generic[T: Clone + Send + Sync + std::fmt::Debug + std::hash::Hash + Eq + 'static](t: T) (1_u8) -> Result<T, Error>, [stale_key = t] { Ok(t) }
    later generic_later[T: Clone + Send + Sync + std::fmt::Debug + 'static](t: T) (1) -> Result<T, Error>, [stale_key = ()] { Ok(t) }
    sync many[const N: usize](all: [u8; N]) ([1, 2]) -> Number, [stale_key = all] { Ok(all.iter().sum()) }
    sync by_trait[](t: impl Fn() -> u8) (|| 1) -> Number, [stale_key = ()] { Ok(t()) }
    sync shared[](n: Arc<str>) ("a".into()) -> Result<Arc<str>, Error>, [stale_key = n] { Ok(n) }
    sync keyed[](host: &str) ("a") -> Result<usize, Error>, [key = host] { Ok(host.len()) }
    later keyed_later[](host: String, n: u8) ("a".to_owned(), 1) -> Result<usize, Error>, [key = host, stale_key = n] { Ok(host.len()) }
    later limited[](n: u8) (1) -> Number, [timeout = "10s", stale_key = n] { Ok(n) }
    later limited_any[](n: u8) (1) -> Number, [timeout = "10s", stale_key = n, fallback_on = any] { Ok(n) }
    sync judged[](n: u8) (1) -> Number, [failure = Err(_) if n > 9, stale_key = n] { Ok(n) }
    sync answered[](n: u8) (1) -> Number, [stale_key = n, fallback = |_| Ok(7)] { Ok(n) }
    later answered_later[](n: u8) (1) -> Number, [stale_key = n, fallback = |_| async { Ok(7) }] { Ok(n) }
    sync answered_any[](n: String) ("n".to_owned()) -> Result<String, Error>, [stale_key = n, fallback = |_, _| Ok("m".to_owned()), fallback_on = any] { Ok(n) }
    later answered_any_later[](n: String) ("n".to_owned()) -> Result<String, Error>, [stale_key = n, fallback = Ok("m".to_owned()), fallback_on = any] { Ok(n) }
    sync pinged[](n: u8) (1) -> Number, [stale_key = n, ping = |_| Ok::<(), Error>(())] { Ok(n) }
    sync early[](n: u8) (1) -> Number, [stale_key = n] { if n > 0 { return Ok(n); } Err(Error::Down) }
    later asks[](n: u8) (1) -> Number, [stale_key = n] { let n = Ok::<_, Error>(n)?; Ok(n) }
}

pub struct Client(Loud);

impl Client {
    #[circuit_breaker(name = "stales: shared", stale = "10m", stale_key = (&self.0.0, n))]
    fn shared(&self, n: u8) -> Number {
        Ok(n + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "stales: exclusive", stale = "10m", stale_key = (&self.0.0, n))]
    async fn exclusive(&mut self, n: u8) -> Number {
        self.0.0.push('!');
        Ok(n + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "stales: value", stale = "10m", stale_key = self.0.0)]
    fn value(self) -> Number {
        Ok(self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "stales: arc", stale = "10m", stale_key = (self.0.0.len(), n))]
    async fn arc(self: Arc<Self>, n: u8) -> Number {
        Ok(n + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "stales: boxed", stale = "10m", stale_key = self.0.0)]
    fn boxed<'a>(&'a self) -> Pin<Box<dyn Future<Output = Number> + Send + 'a>> {
        Box::pin(async move { Ok(self.0.0.len() as u8) })
    }
}

#[async_trait::async_trait]
pub trait Api {
    async fn below(&self, n: u8, pair: (u8, u8)) -> Number;
    async fn above(&mut self, n: u8, pair: (u8, u8)) -> Number;
}

#[async_trait::async_trait]
impl Api for Client {
    #[circuit_breaker(name = "stales: below", stale = "10m", stale_key = (&self.0.0, n, a))]
    async fn below(&self, n: u8, (a, b): (u8, u8)) -> Number {
        Ok(n + a + b + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "stales: above", stale = "10m", stale_key = (&self.0.0, n, b))]
    async fn above(&mut self, mut n: u8, (a, b): (u8, u8)) -> Number {
        n += 1;
        self.0.0.push('!');
        Ok(n + a + b + self.0.0.len() as u8)
    }
}

fn twice(name: &str, mut function: impl FnMut() -> Number) {
    call(name, &mut function);
    open(name);
    call_for_result(name, function);
}

pub fn run() {
    of_each();
    let client = || Client(loud("client"));
    twice("stales: shared", || client().shared(1));
    twice("stales: exclusive", || block_on(client().exclusive(1)));
    twice("stales: value", || client().value());
    twice("stales: arc", || block_on(Arc::new(client()).arc(1)));
    twice("stales: boxed", || block_on(client().boxed()));
    twice("stales: below", || block_on(client().below(1, (2, 3))));
    twice("stales: above", || block_on(client().above(1, (2, 3))));
}
