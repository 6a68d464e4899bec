//! The attribute on methods that return a stream, and on functions that share a circuit.

use std::cell::Cell;
use std::pin::Pin;

use async_trait::async_trait;
use circuit_runtime::{
    CircuitBreaker, Config, KeyedBreaker, Rejection, State, circuit_breaker, find,
};
use futures_core::Stream;
use futures_lite::stream::{self, StreamExt};

use super::Asked;
use super::forms::{BREAKS_OFF, BoxStream, Error, Item, all, open, opens};
use crate::support::ready;

struct Client {
    host: String,
    asked: Cell<u32>,
}

impl Client {
    #[circuit_breaker(name = "streams: keyed", threshold = 1, key = self.host)]
    fn keyed<'a>(&'a self, items: &'a [Item]) -> impl Stream<Item = Item> + 'a {
        self.asked.set(self.asked.get() + 1);
        stream::iter(items.iter().cloned())
    }

    #[circuit_breaker(name = "streams: keyed heads", threshold = 1, key = self.host)]
    async fn keyed_head(&self, items: &[Item]) -> Result<impl Stream<Item = Item>, Error> {
        Ok(stream::iter(items.to_vec()))
    }

    #[circuit_breaker(breaker = HOSTS, key = format!("{}:{port}", self.host))]
    fn shared<'a>(&'a self, port: u16, items: &'a [Item]) -> impl Stream<Item = Item> + 'a {
        let _ = port;
        stream::iter(items.iter().cloned())
    }
}

static HOSTS: KeyedBreaker = KeyedBreaker::new("streams: hosts", Config::new().threshold(1), 10);

#[test]
fn each_key_has_a_circuit() {
    let client = |host: &str| Client { host: host.to_owned(), asked: Cell::new(0) };
    let (broken, well) = (client("broken"), client("well"));
    for client in [&broken, &well] {
        let items: &[Item] = if client.host == "broken" { &BREAKS_OFF } else { &[Ok(1)] };
        all(client.keyed(items));
        all(client.shared(1, items));
        all(ready(client.keyed_head(items)).ok().unwrap());
    }
    assert_eq!((open(), vec![Ok(1)]), (all(broken.keyed(&[Ok(1)])), all(well.keyed(&[Ok(1)]))));
    // The body makes the stream, whatever the circuit says.
    assert_eq!((2, 2), (broken.asked.get(), well.asked.get()));
    assert_eq!(open(), all(broken.shared(1, &[Ok(1)])));
    assert_eq!(vec![Ok(1)], all(broken.shared(2, &[Ok(1)])));
    assert!(ready(broken.keyed_head(&[])).is_err());
    assert!(ready(well.keyed_head(&[])).is_ok());
}

static ONE: CircuitBreaker =
    CircuitBreaker::new("streams: one place", Config::new().threshold(1).max_concurrent(1));

#[circuit_breaker(breaker = ONE)]
fn outer(items: Vec<Item>) -> impl Stream<Item = Item> {
    // Passes through: a call of the same circuit within the poll of another.
    inner(items).map(|item| item.map(|value| value + 1))
}

#[circuit_breaker(breaker = ONE)]
fn inner(items: Vec<Item>) -> impl Stream<Item = Item> {
    stream::iter(items)
}

#[test]
fn a_stream_within_a_stream_of_the_same_circuit_passes_through() {
    assert_eq!(vec![Ok(2)], all(outer(vec![Ok(1)])));
    assert_eq!(1, ONE.snapshot().successes);
    let mut first = Asked::new(outer(vec![Ok(1)]));
    assert_eq!(Some(Ok(2)), first.next());
    assert_eq!(vec![Err(Error::Rejected(Rejection::TooManyCalls))], all(inner(vec![Ok(1)])));
    drop(first);
    assert_eq!(vec![Ok(1)], all(inner(vec![Ok(1)])));
}

struct Rows(Vec<Item>);

#[circuit_breaker(name = "streams: a block", threshold = 1)]
impl Rows {
    async fn count(&self) -> Result<usize, Error> {
        Ok(self.0.len())
    }

    fn rows(&self) -> impl Stream<Item = Result<u32, Error>> {
        stream::iter(self.0.clone())
    }

    async fn batches(&self) -> Result<impl Stream<Item = Result<u32, Error>>, Error> {
        Ok(stream::iter(self.0.clone()))
    }
}

#[test]
fn streams_of_a_block_share_its_circuit() {
    let rows = Rows(BREAKS_OFF.to_vec());
    assert_eq!(Ok(2), ready(rows.count()));
    all(rows.rows());
    assert_eq!(Err(Error::Rejected(Rejection::Open)), ready(rows.count()));
    assert_eq!((open(), true), (all(rows.rows()), ready(rows.batches()).is_err()));
    find("streams: a block").unwrap().reset();
    all(ready(rows.batches()).ok().unwrap());
    assert_eq!(State::Open, find("streams: a block").unwrap().state());
}

#[async_trait]
trait Model {
    async fn ask(&self, items: Vec<Item>) -> Result<BoxStream<'static, Item>, Error>;

    fn tell(&self, items: Vec<Item>) -> Pin<Box<dyn Stream<Item = Item> + Send + '_>>;
}

struct Local;

#[async_trait]
impl Model for Local {
    #[circuit_breaker(name = "streams: async_trait", threshold = 1)]
    async fn ask(&self, items: Vec<Item>) -> Result<BoxStream<'static, Item>, Error> {
        Ok(Box::pin(stream::iter(items)))
    }

    #[circuit_breaker(name = "streams: a trait", threshold = 1)]
    fn tell(&self, items: Vec<Item>) -> Pin<Box<dyn Stream<Item = Item> + Send + '_>> {
        Box::pin(stream::iter(items))
    }
}

#[test]
fn methods_of_traits_return_streams() {
    opens("streams: a trait", |items| Local.tell(items));
    assert_eq!(BREAKS_OFF.to_vec(), all(ready(Local.ask(BREAKS_OFF.to_vec())).ok().unwrap()));
    assert!(ready(Local.ask(vec![])).is_err());
}
