//! Blocks of a trait, beside `#[async_trait]` in either order.

use std::sync::Arc;

use circuit_runtime::circuit_breaker;

use super::super::{Answer, Error, is_rejected, snapshot};
use crate::support::ready;

const HERE: &str = module_path!();

#[async_trait::async_trait]
trait Store: Send + Sync {
    async fn load(&self, answer: Answer) -> Result<u32, Error>;
    async fn save(&mut self, (answer, _): (Answer, u8)) -> Result<u32, Error>;
    async fn owned(self: Arc<Self>, answer: Answer) -> Result<u32, Error>;
    fn name(&self) -> String;

    async fn provided(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }
}

macro_rules! stores {
    ($($name:ident: $(#[$attribute:meta])*;)*) => {$(
        #[derive(Clone)]
        struct $name;

        $(#[$attribute])*
        impl Store for $name {
            async fn load(&self, answer: Answer) -> Result<u32, Error> {
                std::future::ready(()).await;
                answer
            }

            #[circuit_breaker(fallback = Ok(7))]
            async fn save(&mut self, (answer, _): (Answer, u8)) -> Result<u32, Error> {
                answer
            }

            async fn owned(self: Arc<Self>, answer: Answer) -> Result<u32, Error> {
                answer
            }

            fn name(&self) -> String {
                stringify!($name).to_owned()
            }
        }
    )*};
}

stores! {
    Above: #[circuit_breaker(threshold = 1)] #[async_trait::async_trait];
    Below: #[async_trait::async_trait] #[circuit_breaker(threshold = 1)];
    ByPath: #[circuit_runtime::circuit_breaker(threshold = 1)] #[async_trait::async_trait];
}

fn is_guarded(mut store: impl Store + Clone + 'static) {
    let name = format!("{HERE}::{}::Store", store.name());
    assert_eq!(Ok(1), ready(Arc::new(store.clone()).owned(Ok(1))), "{name}");
    assert_eq!(Err(Error::Down), ready(store.load(Err(Error::Down))), "{name}");
    assert!(is_rejected(ready(store.load(Ok(1)))), "{name}");
    assert_eq!(Ok(7), ready(store.save((Ok(1), 2))), "{name}");
    assert_eq!(Ok(1), ready(store.provided(Ok(1))), "{name}: what the block doesn't write");
    let seen = snapshot(&name);
    assert_eq!(
        (1, 1, 2, 1),
        (seen.successes, seen.failures, seen.rejected, seen.fallbacks),
        "{name}"
    );
}

#[test]
fn async_trait_may_stand_above_or_below() {
    is_guarded(Above);
    is_guarded(Below);
    is_guarded(ByPath);
}

trait Native<T> {
    type Out;
    fn get(&self, answer: Answer) -> impl Future<Output = Result<T, Error>> + Send;
    fn out(&self) -> Self::Out;
}

struct Inside<T>(T);

#[circuit_breaker(threshold = 1)]
impl<T: Clone + Send + Sync> Native<Vec<T>> for Inside<T> {
    type Out = Option<T>;

    async fn get(&self, answer: Answer) -> Result<Vec<T>, Error> {
        answer.map(|_| vec![self.0.clone()])
    }

    fn out(&self) -> Self::Out {
        Some(self.0.clone())
    }
}

#[circuit_breaker(threshold = 1)]
impl Native<u8> for &'static str {
    type Out = usize;

    fn get(&self, answer: Answer) -> impl Future<Output = Result<u8, Error>> + Send {
        async move { answer.map(|_| 1) }
    }

    fn out(&self) -> usize {
        self.len()
    }
}

#[test]
fn native_async_methods_are_guarded() {
    fn is_send<F: Future + Send>(future: F) -> F {
        future
    }
    assert_eq!(Ok(vec!["a"]), ready(is_send(Inside("a").get(Ok(1)))));
    assert_eq!(Err(Error::Down), ready(Inside(1).get(Err(Error::Down))));
    assert!(matches!(ready(Inside("a").get(Ok(1))), Err(Error::Open(_))));
    assert_eq!(Some("a"), Inside("a").out());
    assert_eq!((Ok(1), 1), (ready(Native::get(&"a", Ok(1))), "a".out()));
    assert_eq!(1, snapshot(&format!("{HERE}::Inside<T>::Native<Vec<T>>")).rejected);
    assert_eq!(1, snapshot(&format!("{HERE}::&str::Native<u8>")).successes);
}
