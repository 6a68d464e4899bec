//! `&mut` parameters that a guard uses once the body is done with them.

use std::future::Future;
use std::pin::Pin;

use super::super::{Answer, Error, Loud, Pair, block_on, call, log, loud};
use super::circuit_breaker;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

struct Client {
    retries: u8,
    tries: Vec<u8>,
    name: Loud,
}

fn client() -> Client {
    Client { retries: 0, tries: Vec::new(), name: loud("client") }
}

impl Client {
    fn step(&mut self, n: u8) {
        self.retries += n;
        self.tries.push(n);
    }

    #[circuit_breaker(failure = Err(_) if self.retries < 3)]
    fn field(&mut self, n: u8) -> Answer {
        self.retries += n;
        Err(Error::Down)
    }

    #[circuit_breaker(failure = Err(e) if *e == Error::Down && self.tries.len() < 3)]
    fn returns_early(&mut self, list: &[u8], mut n: u8, kept: Loud) -> Answer {
        for step in list {
            n += step;
            if n > 2 {
                return Ok(format!("{} {}", n, kept.0));
            }
            self.step(n);
        }
        Err(Error::Down)
    }

    #[circuit_breaker(ignore = Err(_) if self.retries > 3, failure = Err(_) if self.retries > 1)]
    async fn later(&mut self, n: u8, kept: Loud) -> Answer {
        self.step(n);
        std::future::ready(()).await;
        self.tries.push(n);
        Ok(format!("{} {:?} {}", self.retries, self.tries, kept.0))
    }

    #[circuit_breaker(failure = Err(_) if self.retries > 1, timeout = "1s", key = n)]
    async fn in_time(&mut self, n: u8, Pair { left, .. }: Pair) -> Answer {
        self.step(n);
        Ok(format!("{}{}", self.retries, left.0))
    }

    #[circuit_breaker(
        failure = Err(_) if self.retries > 9,
        timeout = "1s",
        fallback = Ok("no".to_owned()),
        fallback_on = any
    )]
    async fn in_time_or(&mut self, n: u8, kept: Loud) -> Answer {
        self.step(n);
        drop(kept);
        Err(Error::Code(self.retries.into()))
    }

    #[circuit_breaker(failure = Err(_) if self.retries > 1)]
    fn moves(&mut self, n: u8) -> Answer {
        let this = self;
        this.step(n);
        if n > 9 {
            let mut again = this;
            again = &mut *again;
            again.step(1);
        }
        Ok(this_name("moved"))
    }

    #[circuit_breaker(failure = Err(_) if self.retries > 1)]
    fn typed(self: &mut Self, other: &mut Vec<u8>, kept: Loud) -> Answer {
        let mut given = move |n| other.push(n);
        given(self.retries);
        self.step(1);
        Ok(kept.0.clone())
    }

    #[circuit_breaker(failure = Err(_) if self.retries > 1, fallback = Client::cached)]
    fn boxed<'a>(&'a mut self, a: Loud, b: Loud) -> Boxed<'a, Answer> {
        Box::pin(async move {
            log(b.0.clone());
            self.step(2);
            Ok(a.0.clone())
        })
    }

    fn cached<'a>(&'a mut self, _: Loud, _: Loud) -> Boxed<'a, Answer> {
        Box::pin(async { Err(Error::Open) })
    }
}

fn this_name(name: &str) -> String {
    name.to_owned()
}

impl Drop for Client {
    fn drop(&mut self) {
        log(format!("client after {} {:?} {}", self.retries, self.tries, self.name.0));
    }
}

#[async_trait::async_trait]
trait Remote {
    async fn fetch(&mut self, n: u8, kept: Loud) -> Answer;
    async fn swap(&mut self, other: &mut Client, mut more: Vec<u8>) -> Answer;

    #[circuit_breaker(failure = Err(_) if more.is_empty())]
    async fn by_default(&mut self, more: &mut Vec<u8>) -> Answer {
        more.push(1);
        self.fetch(1, loud("by default")).await
    }
}

#[async_trait::async_trait]
impl Remote for Client {
    #[circuit_breaker(failure = Err(_) if self.retries > 1)]
    async fn fetch(&mut self, n: u8, kept: Loud) -> Answer {
        self.step(n);
        Ok(format!("{} {}", self.retries, kept.0))
    }

    #[circuit_breaker(failure = Err(_) if self.retries > other.retries)]
    async fn swap(&mut self, other: &mut Client, mut more: Vec<u8>) -> Answer {
        std::mem::swap(&mut self.retries, &mut other.retries);
        more.push(self.retries);
        Ok(format!("{:?}", more))
    }
}

#[circuit_breaker(failure = Err(_) if list.len() > 3)]
fn parameter(list: &mut Vec<u8>, kept: Loud, _: Loud) -> Answer {
    list.push(1);
    Ok(kept.0.clone())
}

#[circuit_breaker(failure = Err(_) if list.len() > 3)]
fn changes(mut list: &mut [u8], kept: Loud) -> Answer {
    while let Some((first, rest)) = list.split_first_mut() {
        *first += 1;
        list = rest;
    }
    Ok(kept.0.clone())
}

#[circuit_breaker(failure = Err(_) if list.len() > 3 && text.is_empty())]
async fn parameters<T: Into<u8> + Send>(list: &mut Vec<u8>, n: T, text: &mut String) -> Answer {
    list.push(n.into());
    text.push('x');
    std::future::ready(()).await;
    Ok(format!("{:?}{}", list, text))
}

#[circuit_breaker(failure = Err(_) if !list.is_empty())]
fn future<'a>(list: &'a mut Vec<u8>, a: Loud, b: Loud) -> impl Future<Output = Answer> + 'a {
    async move {
        log(b.0.as_str());
        list.push(1);
        let given = list;
        given.push(2);
        Ok(format!("{:?}{}", given, a.0))
    }
}

#[circuit_breaker(failure = Err(_) if list.is_empty(), fallback = |_, n| Ok(n))]
fn borrows_another<'a>(list: &mut Vec<u8>, text: &'a str) -> Result<&'a str, Error> {
    list.push(1);
    Ok(text)
}

#[circuit_breaker(failure = Err(_) if list.is_empty())]
fn only_the_guard(list: &mut Vec<u8>, kept: Loud) -> Answer {
    Ok(kept.0.clone())
}

/// The name means something else by then, or is one of an item of its own.
mod hidden {
    use super::super::super::{Answer, Error};
    use super::circuit_breaker;

    #[circuit_breaker(failure = Err(_) if !list.is_empty())]
    pub fn rebound(list: &mut Vec<u8>) -> Result<usize, Error> {
        let list = list.len();
        let n = list;
        Ok(n)
    }

    #[circuit_breaker(failure = Err(_) if !list.is_empty())]
    pub fn shared(list: &mut Vec<u8>) -> Result<usize, Error> {
        let list = &*list;
        let all = list;
        Ok(all.len() + list.len())
    }

    #[circuit_breaker(failure = Err(_) if v.is_empty())]
    pub fn patterns(v: &mut Vec<u8>) -> Result<u8, Error> {
        let mut sum = v.iter().map(|v| {
            let w = v;
            *w
        });
        let mut sum = sum.next().unwrap_or(0);
        for v in v.iter() {
            let w = v;
            sum += w;
        }
        match v.pop() {
            Some(v) => {
                let w = v;
                Ok(w + sum)
            }
            None => Err(Error::Down),
        }
    }

    #[circuit_breaker(failure = Err(_) if v.is_empty())]
    pub async fn moved_later(v: &mut Vec<u8>) -> Result<usize, Error> {
        let w = v;
        w.push(1);
        std::future::ready(()).await;
        let v = w.len();
        let n = v;
        Ok(n)
    }

    pub struct Counter(pub u8);

    impl Counter {
        #[circuit_breaker(failure = Err(_) if self.0 > 3)]
        pub fn items(&mut self) -> Answer {
            struct Wrapped(u8);
            impl Wrapped {
                fn take(self) -> u8 {
                    let all = self;
                    all.0
                }
            }
            trait Take {
                fn take_it(self) -> u8;
            }
            impl Take for u8 {
                fn take_it(self) -> u8 {
                    let all = self;
                    all
                }
            }
            fn of() -> impl Fn(u8) -> u8 {
                |n| n
            }
            let this = self;
            this.0 += of()(Wrapped(1).take() + 1.take_it());
            Ok(this.0.to_string())
        }
    }
}

fn is_send<T: Send>(it: T) -> T {
    it
}

pub fn run() {
    call("field", || client().field(1));
    call("early", || client().returns_early(&[1, 2], 0, loud("kept")));
    call("not early", || client().returns_early(&[], 0, loud("kept")));
    call("later", || block_on(is_send(client().later(1, loud("kept")))));
    let pair = || Pair { left: loud("left"), right: loud("right") };
    call("in time", || block_on(is_send(client().in_time(1, pair()))));
    call("in time or", || block_on(is_send(client().in_time_or(1, loud("kept")))));
    call("moves", || client().moves(10));
    call("typed", || client().typed(&mut vec![], loud("kept")));
    call("boxed", || block_on(is_send(client().boxed(loud("a"), loud("b")))));
    call("fetch", || block_on(is_send(client().fetch(1, loud("kept")))));
    call("swap", || block_on(is_send(client().swap(&mut client(), vec![1]))));
    call("by default", || block_on(is_send(client().by_default(&mut vec![]))));
    call("parameter", || parameter(&mut vec![1], loud("kept"), loud("other")));
    call("changes", || changes(&mut [1, 2], loud("kept")));
    call("parameters", || block_on(is_send(parameters(&mut vec![1], 2, &mut String::new()))));
    call("future", || block_on(is_send(future(&mut vec![], loud("a"), loud("b")))));
    call("another", || borrows_another(&mut vec![], "a").map(str::to_owned));
    call("rebound", || hidden::rebound(&mut vec![1]));
    call("shared", || hidden::shared(&mut vec![1]));
    call("patterns", || hidden::patterns(&mut vec![1, 2]));
    call("moved later", || block_on(is_send(hidden::moved_later(&mut vec![1, 2]))));
    call("items", || hidden::Counter(1).items());
    call("only the guard", || only_the_guard(&mut vec![], loud("kept")));
}
