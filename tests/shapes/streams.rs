//! Functions that return a stream, read to its end.

use std::future::poll_fn;
use std::pin::Pin;

use futures_core::Stream;
use futures_lite::stream::{self, StreamExt};

use super::super::{Answer, Error, Loud, block_on, call, loud};
use super::{block, circuit_breaker};

#[circuit_breaker]
fn opaque(first: Loud, mut second: Loud) -> impl Stream<Item = Answer> {
    second.0.push('!');
    stream::iter(vec![Ok(first.0.clone()), Ok(second.0.clone()), Err(Error::Down)])
}

#[circuit_breaker]
fn kept((left, right): (Loud, Loud), _unused: Loud) -> impl Stream<Item = Result<Loud, Error>> {
    stream::iter(vec![Ok(left), Ok(right)])
}

#[circuit_breaker(failure = Err(Error::Code(code)) if *code > least)]
fn boxed<'a>(names: &'a [Loud], least: u16) -> Pin<Box<dyn Stream<Item = Answer> + 'a>> {
    if names.is_empty() {
        return Box::pin(stream::empty());
    }
    Box::pin(stream::iter(names).map(|name| Ok(name.0.clone())))
}

#[circuit_breaker]
fn unpin(text: String) -> Box<dyn Stream<Item = Answer> + Unpin> {
    Box::new(stream::once(Ok(text)))
}

#[circuit_breaker]
async fn in_result(head: Result<Loud, Error>) -> Result<impl Stream<Item = Answer>, Error> {
    let head = head?;
    Ok(stream::once(Ok(head.0.clone())))
}

#[circuit_breaker(ignore = Err(Error::Down))]
async fn boxed_in_result<'a>(
    name: &'a Loud,
    fails: bool,
) -> Result<Pin<Box<dyn Stream<Item = Answer> + 'a>>, Error> {
    if fails {
        return Err(Error::Down);
    }
    Ok(Box::pin(stream::once(Ok(name.0.clone()))))
}

#[circuit_breaker]
fn sync_in_result(name: &str) -> Result<impl Stream<Item = Answer>, Error> {
    let name = if name.is_empty() { Err(Error::Down) } else { Ok(name.to_owned()) }?;
    Ok(stream::once(Ok(name)))
}

#[circuit_breaker]
fn generic<T, const N: usize>(items: [T; N]) -> impl Stream<Item = Result<T, Error>> {
    stream::iter(items).map(Ok)
}

struct Host {
    name: Loud,
}

#[block(key = 'a')]
impl Host {
    #[circuit_breaker]
    fn shared(&self) -> impl Stream<Item = Result<&str, Error>> {
        stream::once(Ok(&*self.name.0))
    }

    #[circuit_breaker]
    fn exclusive<'a>(&'a mut self, more: &str) -> impl Stream<Item = Result<&'a str, Error>> {
        self.name.0.push_str(more);
        stream::once(Ok(&*self.name.0))
    }

    #[circuit_breaker]
    fn owned(self) -> impl Stream<Item = Result<Loud, Error>> {
        stream::once(Ok(self.name))
    }
}

/// All items. Then the stream is dropped: the guarded one drops what it holds at its end.
fn all<S: Stream>(stream: S) -> Vec<S::Item> {
    let mut stream = Box::pin(stream);
    let mut items = Vec::new();
    block_on(async {
        while let Some(item) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
            items.push(item);
        }
    });
    items
}

fn later<S: Stream>(stream: Result<S, Error>) -> Result<Vec<S::Item>, Error> {
    stream.map(all)
}

pub fn run() {
    call("opaque", || all(opaque(loud("a"), loud("b"))));
    call("kept", || all(kept((loud("a"), loud("b")), loud("c"))));
    let names = [loud("a"), loud("b")];
    call("boxed", || all(boxed(&names, 1)));
    call("boxed, empty", || all(boxed(&[], 1)));
    call("unpin", || all(unpin("text".to_owned())));
    call("in a result", || later(block_on(in_result(Ok(loud("a"))))));
    call("in a result, failed", || later(block_on(in_result(Err(Error::Down)))));
    call("boxed in a result", || later(block_on(boxed_in_result(&names[0], false))));
    call("boxed in a result, failed", || later(block_on(boxed_in_result(&names[0], true))));
    call("sync in a result", || later(sync_in_result("a")));
    call("sync in a result, failed", || later(sync_in_result("")));
    call("generic", || all(generic([1, 2, 3])));
    let mut host = Host { name: loud("host") };
    call("shared", || all(host.shared()));
    call("exclusive", || all(host.exclusive("!")));
    call("owned", || all(host.owned()));
}
