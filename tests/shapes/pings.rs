//! Pings, which borrow the parameters of functions of every form before the body has them.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use super::super::{Error, Loud, Pair, Path, block_on, call, loud};
use super::{circuit_breaker, half_open, pings};

thread_local! {
    static PINGS: Cell<u32> = const { Cell::new(0) };
}

fn well() -> Result<(), Error> {
    PINGS.with(|pings| pings.set(pings.get() + 1));
    Ok(())
}

/// Functions that are called closed, and as a probe.
macro_rules! same {
    ($($kind:ident $name:ident [$($generics:tt)*] ($($parameters:tt)*) ($($arguments:expr),*) -> $returned:ty,
        [$($options:tt)*] { $($body:tt)* })*) => {
        $(same! { @ $kind $name [$($generics)*] ($($parameters)*) $returned, [$($options)*] { $($body)* } })*

        fn of_each() {
            $(
                let once = || call(stringify!($name), || {
                    format!("{:?}", same! { @call $kind $name($($arguments),*) })
                });
                once();
                let _probes = half_open(concat!(module_path!(), "::", stringify!($name)));
                PINGS.with(Cell::take);
                once();
                pings(PINGS.with(Cell::take));
            )*
        }
    };
    (@ sync $name:ident [$($generics:tt)*] ($($parameters:tt)*) $returned:ty, [$($options:tt)*] $body:tt) => {
        #[circuit_breaker(name = concat!(module_path!(), "::", stringify!($name)), threshold = 1, recovery = "1s", $($options)*)]
        fn $name<$($generics)*>($($parameters)*) -> $returned $body
    };
    (@ later $name:ident [$($generics:tt)*] ($($parameters:tt)*) $returned:ty, [$($options:tt)*] $body:tt) => {
        #[circuit_breaker(name = concat!(module_path!(), "::", stringify!($name)), threshold = 1, recovery = "1s", $($options)*)]
        async fn $name<$($generics)*>($($parameters)*) -> $returned $body
    };
    (@call sync $($call:tt)*) => { $($call)* };
    (@call later $($call:tt)*) => { block_on($($call)*) };
}

type Number = Result<u8, Error>;

fn of_number(_: &u8) -> Result<(), Error> {
    well()
}

async fn of_number_later(_: &u8) -> Result<(), Error> {
    well()
}

fn boxed<'a>(_: &'a u8) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>> {
    Box::pin(async { well() })
}

fn of_text(_: &str) -> Result<(), Error> {
    well()
}

fn of_loud(_: &Loud, _: &Loud) -> Result<(), Error> {
    well()
}

fn of_any<T: ?Sized>(_: &T) -> Result<(), Error> {
    well()
}

fn nothing() -> Result<(), Error> {
    well()
}

same! {
    sync path[](n: u8) (1) -> Number, [ping = of_number] { Ok(n) }
    later path_later[](n: u8) (1) -> Number, [ping = of_number] { Ok(n) }
    later path_to_async[](n: u8) (1) -> Number, [ping = of_number_later] { Ok(n) }
    later path_to_boxed[](n: u8) (1) -> Number, [ping = boxed] { Ok(n) }
    sync no_parameters[]() () -> Number, [ping = nothing] { Ok(1) }
    later no_parameters_later[]() () -> Number, [ping = nothing] { Ok(1) }
    sync reference[](n: &str) ("a") -> Result<usize, Error>, [ping = of_text] { Ok(n.len()) }
    sync coerced[](n: String) ("a".to_owned()) -> Result<String, Error>, [ping = of_text] { Ok(n) }
    later coerced_later[](n: String) ("a".to_owned()) -> Result<String, Error>, [ping = of_text] { Ok(n) }
    sync exclusive[](n: &mut u8) (&mut 1) -> Number, [ping = of_number] { *n += 1; Ok(*n) }
    later exclusive_later[](n: &mut u8) (&mut 1) -> Number, [ping = of_number_later] { *n += 1; Ok(*n) }
    sync changed[](mut n: u8) (1) -> Number, [ping = of_number] { n += 1; Ok(n) }
    later changed_later[](mut n: u8) (1) -> Number, [ping = of_number_later] { n += 1; Ok(n) }
    sync unused[](_n: u8) (1) -> Number, [ping = of_number] { Ok(1) }
    sync no_name[](_: u8) (1) -> Number, [ping = of_number] { Ok(1) }
    later no_name_later[](_: u8) (1) -> Number, [ping = of_number_later] { Ok(1) }
    sync dropped[](a: Loud, b: Loud) (loud("a"), loud("b")) -> Result<usize, Error>, [ping = of_loud] { Ok(a.0.len() + b.0.len()) }
    later dropped_later[](a: Loud, b: Loud) (loud("a"), loud("b")) -> Result<usize, Error>, [ping = of_loud] { Ok(a.0.len() + b.0.len()) }
    sync generic[T: std::fmt::Debug](t: T) (1) -> Result<T, Error>, [ping = of_any] { Ok(t) }
    later generic_later[T: std::fmt::Debug](t: T) (1) -> Result<T, Error>, [ping = of_any] { Ok(t) }
    sync by_trait[](t: impl Fn() -> u8) (|| 1) -> Number, [ping = of_any] { Ok(t()) }

    sync closure[](n: u8) (1) -> Number, [ping = |n| of_number(n)] { Ok(n) }
    later closure_later[](n: u8) (1) -> Number, [ping = |n| of_number(n)] { Ok(n) }
    later closure_async[](n: u8) (1) -> Number, [ping = |n| of_number_later(n)] { Ok(n) }
    later closure_block[](n: u8) (1) -> Number, [ping = |n| async move { of_number_later(n).await }] { Ok(n) }
    sync closure_typed[](n: Vec<u8>) (vec![1]) -> Result<usize, Error>, [ping = |n: &Vec<u8>| { n.first().ok_or(Error::Down)?; well() }] { Ok(n.len()) }
    sync closure_uses[](n: u8, m: u8) (1, 2) -> Number, [ping = |_, _| of_number(&(n + m))] { Ok(n) }
    later closure_uses_part[]((n, m): (u8, u8)) ((1, 2)) -> Number, [ping = |_| of_number(&(n + m))] { Ok(n) }
    sync closure_takes_part[]((n, _): (u8, u8)) ((1, 2)) -> Number, [ping = |(n, _)| of_number(n)] { Ok(n) }
    sync apart[](Pair { left, right }: Pair) (Pair { left: loud("left"), right: loud("right") }) -> Result<usize, Error>, [ping = |_| of_loud(left, right)] { Ok(left.0.len() + right.0.len()) }
    later apart_later[](Path(inner): Path<Loud>, n: u8) (Path(loud("inner")), 1) -> Result<usize, Error>, [ping = |path, _| of_any(path)] { Ok(inner.0.len() + usize::from(n)) }
    later limited[](n: u8) (1) -> Number, [timeout = "10s", ping = of_number_later] { Ok(n) }
    sync guarded[](n: &mut u8) (&mut 1) -> Number, [failure = Err(_) if *n > 9, ping = of_number] { *n += 1; Ok(*n) }
    sync answered[](n: Loud) (loud("n")) -> Result<usize, Error>, [ping = of_any, fallback = |n| Ok(n.0.len())] { Ok(n.0.len()) }
    later answered_any[](n: String) ("n".to_owned()) -> Result<String, Error>, [ping = of_text, fallback = |n| Ok(n), fallback_on = any] { Ok(n) }
}

pub struct Client(Loud);

impl Client {
    fn health(&self, _: &u8) -> Result<(), Error> {
        assert!(!self.0.0.is_empty());
        well()
    }

    async fn health_later(&self, _: &u8) -> Result<(), Error> {
        self.health(&0)
    }

    #[circuit_breaker(name = "pings: shared", threshold = 1, recovery = "1s", ping = Self::health)]
    fn shared(&self, n: u8) -> Number {
        Ok(n + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "pings: shared later", threshold = 1, recovery = "1s", ping = Self::health_later)]
    async fn shared_later(&self, n: u8) -> Number {
        Ok(n + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "pings: exclusive", threshold = 1, recovery = "1s", ping = Self::health)]
    fn exclusive(&mut self, n: u8) -> Number {
        self.0.0.push('!');
        Ok(n + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "pings: exclusive later", threshold = 1, recovery = "1s", ping = Client::health_later)]
    async fn exclusive_later(&mut self, n: u8) -> Number {
        self.0.0.push('!');
        Ok(n + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "pings: value", threshold = 1, recovery = "1s", ping = Self::health)]
    fn value(self, n: u8) -> Number {
        Ok(n + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "pings: arc", threshold = 1, recovery = "1s", ping = |n| self.health_later(n))]
    async fn arc(self: Arc<Self>, n: u8) -> Number {
        Ok(n + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "pings: rc", threshold = 1, recovery = "1s", ping = Self::health)]
    fn rc(self: Rc<Self>, n: u8) -> Number {
        Ok(n + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "pings: boxed", threshold = 1, recovery = "1s", ping = Self::health_later)]
    fn boxed<'a>(&'a self, n: u8) -> Pin<Box<dyn Future<Output = Number> + Send + 'a>> {
        Box::pin(async move { Ok(n + self.0.0.len() as u8) })
    }
}

#[async_trait::async_trait]
pub trait Api {
    async fn below(&self, n: u8, pair: (u8, u8)) -> Number;
    async fn above(&mut self, n: u8, pair: (u8, u8)) -> Number;
}

async fn of_api(client: &Client, n: &u8, _: &(u8, u8)) -> Result<(), Error> {
    client.health(n)
}

#[async_trait::async_trait]
impl Api for Client {
    #[circuit_breaker(name = "pings: below", threshold = 1, recovery = "1s", ping = of_api)]
    async fn below(&self, n: u8, (a, b): (u8, u8)) -> Number {
        Ok(n + a + b + self.0.0.len() as u8)
    }

    #[circuit_breaker(name = "pings: above", threshold = 1, recovery = "1s", ping = |n, _| self.health_later(n))]
    async fn above(&mut self, mut n: u8, (a, b): (u8, u8)) -> Number {
        n += 1;
        self.0.0.push('!');
        Ok(n + a + b + self.0.0.len() as u8)
    }
}

fn twice(name: &str, mut function: impl FnMut() -> Number) {
    call(name, &mut function);
    let _probes = half_open(name);
    PINGS.with(Cell::take);
    call(name, function);
    pings(PINGS.with(Cell::take));
}

pub fn run() {
    of_each();
    let client = || Client(loud("client"));
    twice("pings: shared", || client().shared(1));
    twice("pings: shared later", || block_on(client().shared_later(1)));
    twice("pings: exclusive", || client().exclusive(1));
    twice("pings: exclusive later", || block_on(client().exclusive_later(1)));
    twice("pings: value", || client().value(1));
    twice("pings: arc", || block_on(Arc::new(client()).arc(1)));
    twice("pings: rc", || Rc::new(client()).rc(1));
    twice("pings: boxed", || block_on(client().boxed(1)));
    twice("pings: below", || block_on(client().below(1, (2, 3))));
    twice("pings: above", || block_on(client().above(1, (2, 3))));
}
