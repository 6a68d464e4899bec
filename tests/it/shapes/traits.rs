//! Traits and dispatch.

use std::fmt::Display;
use std::future::Future;
use std::io::{self, Read};
use std::str::FromStr;

use circuit_runtime::circuit_breaker;

use super::{E, answer, block_on, counts, is_send, rejects};

trait Store {
    type Item: Display;

    fn get(&self, fail: bool) -> Result<Self::Item, E>;

    #[circuit_breaker(threshold = 1, name = "default_method")]
    fn default_method(&self, fail: bool) -> Result<u8, E> {
        self.get(fail).map(|_| 1)
    }

    #[circuit_breaker(threshold = 1, name = "sized_method")]
    fn sized(self, fail: bool) -> Result<Self, E>
    where
        Self: Sized,
    {
        answer(fail, self)
    }

    fn fetch(&self, fail: bool) -> impl Future<Output = Result<u8, E>> + Send;

    fn items(&self, fail: bool) -> Result<impl Iterator<Item = u8>, E>;
}

#[derive(Debug)]
struct Memory(u8);

impl Store for Memory {
    type Item = u8;

    #[circuit_breaker(threshold = 1, name = "trait_method")]
    fn get(&self, fail: bool) -> Result<Self::Item, E> {
        answer(fail, self.0)
    }

    #[circuit_breaker(threshold = 1, name = "async_trait_method")]
    async fn fetch(&self, fail: bool) -> Result<u8, E> {
        super::yield_now().await;
        answer(fail, self.0)
    }

    #[circuit_breaker(threshold = 1, name = "rpitit")]
    fn items(&self, fail: bool) -> Result<impl Iterator<Item = u8>, E> {
        answer(fail, 0..self.0)
    }
}

#[derive(Debug)]
struct Disk;

impl Store for Disk {
    type Item = &'static str;

    fn get(&self, fail: bool) -> Result<Self::Item, E> {
        answer(fail, "disk")
    }

    async fn fetch(&self, _: bool) -> Result<u8, E> {
        Ok(0)
    }

    fn items(&self, _: bool) -> Result<impl Iterator<Item = u8>, E> {
        Ok(std::iter::empty())
    }
}

#[test]
fn methods_of_traits() {
    let memory = Memory(3);
    rejects("trait_method", |fail| memory.get(fail));
    rejects("async_trait_method", |fail| block_on(is_send(memory.fetch(fail))));
    rejects("rpitit", |fail| memory.items(fail).map(Iterator::count));
    rejects("sized_method", |fail| Memory(1).sized(fail));
}

#[test]
fn one_circuit_for_all_implementors_of_a_default_method() {
    assert_eq!(Disk.default_method(true), Err(E::Down));
    let other = Memory(1);
    assert_eq!(other.default_method(false), Err(E::Open));
    assert_eq!(counts("default_method"), (0, 1, 1));
}

trait Dynamic {
    fn call(&self, fail: bool) -> Result<u8, E>;
}

impl<T: Store> Dynamic for T {
    #[circuit_breaker(threshold = 1, name = "blanket")]
    fn call(&self, fail: bool) -> Result<u8, E> {
        answer(fail, 1)
    }
}

impl dyn Dynamic {
    #[circuit_breaker(threshold = 1, name = "inherent_dyn")]
    fn inherent(&self, fail: bool) -> Result<u8, E> {
        answer(fail, 1)
    }
}

#[test]
fn dispatch_through_dyn() {
    let dynamic: &dyn Dynamic = &Disk;
    rejects("blanket", |fail| dynamic.call(fail));
    rejects("inherent_dyn", |fail| dynamic.inherent(fail));
}

#[derive(Debug, PartialEq)]
struct Parsed(u8);

impl FromStr for Parsed {
    type Err = std::num::ParseIntError;

    #[circuit_breaker(threshold = 1, name = "from_str", fallback = Ok(Parsed(0)))]
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Parsed)
    }
}

struct Source;

impl Read for Source {
    #[circuit_breaker(threshold = 1, name = "io_read")]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match buffer {
            [] => Err(io::Error::other("empty")),
            buffer => Ok(buffer.len()),
        }
    }
}

#[test]
fn signatures_that_std_fixes() {
    assert_eq!("7".parse(), Ok(Parsed(7)));
    assert!("x".parse::<Parsed>().is_err());
    assert_eq!("7".parse(), Ok(Parsed(0)));

    assert_eq!(Source.read(&mut [0; 4]).unwrap(), 4);
    assert!(Source.read(&mut []).is_err());
    let open = Source.read(&mut [0; 4]).unwrap_err();
    assert!(open.get_ref().unwrap().is::<circuit_runtime::CircuitOpenError>());
}
