//! Functions that return a future: what is guarded is the future.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_recursion::async_recursion;
use async_trait::async_trait;
use circuit_runtime::circuit_breaker;

use super::{E, answer, block_on, counts, guards, is_send, rejects, yield_now};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[circuit_breaker(threshold = 1, name = "impl_future")]
fn impl_future(fail: bool) -> impl Future<Output = Result<u8, E>> {
    async move {
        yield_now().await;
        answer(fail, 1)
    }
}

#[circuit_breaker(threshold = 1, name = "boxed_future", fallback = |n, _| Ok(n + 100))]
fn boxed_future(n: u8, fail: bool) -> Pin<Box<dyn Future<Output = Result<u8, E>> + Send>> {
    Box::pin(async move {
        yield_now().await;
        answer(fail, n)
    })
}

#[circuit_breaker(threshold = 1, name = "boxed_alias", fallback = cached)]
fn boxed_alias(n: &u8, fail: bool) -> BoxFuture<'_, Result<u8, E>> {
    std::boxed::Box::pin(async move { answer(fail, *n) })
}

fn cached(n: &u8, _: bool) -> BoxFuture<'_, Result<u8, E>> {
    Box::pin(async move { Ok(n + 100) })
}

#[async_trait]
trait Db {
    async fn get(&self, n: u8, fail: bool) -> Result<u8, E>;

    #[circuit_breaker(threshold = 1, name = "async_trait_default")]
    async fn default_method(&self, fail: bool) -> Result<u8, E> {
        self.get(1, fail).await
    }

    async fn shared(self: Arc<Self>, fail: bool) -> Result<u8, E>;

    async fn owned(self, fail: bool) -> Result<u8, E>;

    async fn generic<T: Send + 'static>(&self, value: T, fail: bool) -> Result<T, E>
    where
        Self: Sized;

    async fn pattern(&self, pair: (u8, u8), fail: bool) -> Result<u8, E>;

    async fn option(&self, n: u8) -> Option<u8>;

    async fn unfinished(&self) -> Result<u8, E>;
}

#[derive(Clone)]
struct Memory {
    n: u8,
}

impl Memory {
    async fn cached(&self, n: u8, _: bool) -> Result<u8, E> {
        yield_now().await;
        Ok(self.n + n + 100)
    }

    fn cached_now(self: Arc<Self>, _: bool) -> Result<u8, E> {
        Ok(self.n + 100)
    }
}

#[async_trait]
impl Db for Memory {
    #[circuit_breaker(threshold = 1, name = "async_trait", fallback = Memory::cached)]
    async fn get(&self, n: u8, fail: bool) -> Result<u8, E> {
        yield_now().await;
        answer(fail, self.n + n)
    }

    #[circuit_breaker(threshold = 1, name = "async_trait_arc", fallback = Self::cached_now)]
    async fn shared(self: Arc<Self>, fail: bool) -> Result<u8, E> {
        answer(fail, self.n)
    }

    #[circuit_breaker(threshold = 1, name = "async_trait_owned")]
    async fn owned(self, fail: bool) -> Result<u8, E> {
        answer(fail, self.n)
    }

    #[circuit_breaker(
        threshold = 1,
        name = "async_trait_generic",
        fallback = |value, _| async move { Ok(value) }
    )]
    async fn generic<T: Send + 'static>(&self, value: T, fail: bool) -> Result<T, E> {
        answer(fail, value)
    }

    #[circuit_breaker(
        threshold = 2,
        name = "async_trait_pattern",
        fallback = |(a, b), _, why| Ok(a + b + u8::from(matches!(why, circuit_runtime::CallError::Failed(E::Down)))),
        fallback_on = any
    )]
    async fn pattern(&self, (mut a, b): (u8, u8), fail: bool) -> Result<u8, E> {
        a += b;
        answer(fail, a)
    }

    #[circuit_breaker(threshold = 1, name = "async_trait_option", failure = None, fallback = Some(self.n))]
    async fn option(&self, n: u8) -> Option<u8> {
        n.checked_sub(1)
    }

    #[circuit_breaker(threshold = 1, name = "async_trait_todo", fallback = Ok(1))]
    async fn unfinished(&self) -> Result<u8, E> {
        todo!()
    }
}

#[async_trait(?Send)]
trait Local {
    async fn call(&self, fail: bool) -> Result<u8, E>;
}

#[async_trait(?Send)]
impl Local for u8 {
    #[circuit_breaker(threshold = 1, name = "async_trait_local")]
    async fn call(&self, fail: bool) -> Result<u8, E> {
        let rc = std::rc::Rc::new(*self);
        yield_now().await;
        answer(fail, *rc)
    }
}

#[circuit_breaker(threshold = 1, name = "recursion_above")]
#[async_recursion]
async fn recursion_above(n: u8, fail: bool) -> Result<u8, E> {
    if n == 0 { answer(fail, 0) } else { recursion_above(n - 1, fail).await }
}

#[async_recursion]
#[circuit_breaker(threshold = 1, name = "recursion_below")]
async fn recursion_below(n: u8, fail: bool) -> Result<u8, E> {
    if n == 0 { answer(fail, 0) } else { recursion_below(n - 1, fail).await }
}

#[test]
fn the_future_is_guarded_and_not_its_making() {
    drop(impl_future(true));
    rejects("impl_future", |fail| block_on(impl_future(fail)));
    assert_eq!(guards("boxed_future", |fail| block_on(is_send(boxed_future(1, fail)))), Ok(101));
    assert_eq!(guards("boxed_alias", |fail| block_on(boxed_alias(&1, fail))), Ok(101));
}

#[test]
fn methods_under_async_trait() {
    let memory = Memory { n: 1 };
    let dynamic: &dyn Db = &memory;
    let get = |fail| block_on(is_send(dynamic.get(1, fail)));
    assert_eq!(guards("async_trait", get), Ok(102));
    let shared = |fail| block_on(Arc::new(memory.clone()).shared(fail));
    assert_eq!(guards("async_trait_arc", shared), Ok(101));
    rejects("async_trait_owned", |fail| block_on(memory.clone().owned(fail)));
    let generic = |fail| block_on(is_send(memory.generic("a", fail)));
    assert_eq!(guards("async_trait_generic", generic), Ok("a"));
    assert_eq!(block_on(memory.pattern((1, 2), false)), Ok(3));
    assert_eq!(block_on(memory.pattern((1, 2), true)), Ok(4));
    assert_eq!(block_on(memory.option(1)), Some(0));
    assert_eq!(block_on(memory.option(0)), None);
    assert_eq!(block_on(memory.option(1)), Some(1));
    assert!(std::panic::catch_unwind(|| block_on(Memory { n: 1 }.unfinished())).is_err());
    assert_eq!(block_on(memory.unfinished()), Ok(1));
    rejects("async_trait_local", |fail| block_on(1.call(fail)));
}

#[test]
fn a_default_method_under_async_trait() {
    struct Other;

    #[async_trait]
    impl Db for Other {
        async fn get(&self, n: u8, fail: bool) -> Result<u8, E> {
            answer(fail, n)
        }

        async fn shared(self: Arc<Self>, _: bool) -> Result<u8, E> {
            Ok(0)
        }

        async fn owned(self, _: bool) -> Result<u8, E> {
            Ok(0)
        }

        async fn generic<T: Send + 'static>(&self, value: T, _: bool) -> Result<T, E> {
            Ok(value)
        }

        async fn pattern(&self, (a, b): (u8, u8), _: bool) -> Result<u8, E> {
            Ok(a + b)
        }

        async fn option(&self, n: u8) -> Option<u8> {
            Some(n)
        }

        async fn unfinished(&self) -> Result<u8, E> {
            Ok(1)
        }
    }

    rejects("async_trait_default", |fail| block_on(Other.default_method(fail)));
}

#[test]
fn async_recursion_in_either_order() {
    assert_eq!(block_on(recursion_above(2, false)), Ok(0));
    assert_eq!(counts("recursion_above"), (3, 0, 0));
    assert_eq!(block_on(recursion_above(2, true)), Err(E::Down));
    assert_eq!(block_on(recursion_above(2, false)), Err(E::Open));

    assert_eq!(block_on(recursion_below(2, false)), Ok(0));
    assert_eq!(counts("recursion_below"), (3, 0, 0));
    assert_eq!(block_on(recursion_below(0, true)), Err(E::Down));
    assert_eq!(block_on(recursion_below(2, false)), Err(E::Open));
}
