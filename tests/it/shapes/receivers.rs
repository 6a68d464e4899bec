//! Receivers and `Self`.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use circuit_runtime::circuit_breaker;

use super::{E, answer, block_on, guards, rejects};

#[derive(Clone, Debug, PartialEq)]
struct S {
    n: u8,
}

impl S {
    const STEP: u8 = 2;

    #[circuit_breaker(threshold = 1, name = "by_ref")]
    fn by_ref(&self, fail: bool) -> Result<u8, E> {
        answer(fail, self.n)
    }

    #[circuit_breaker(threshold = 1, name = "by_mut")]
    fn by_mut(&mut self, fail: bool) -> Result<&mut u8, E> {
        self.n += 1;
        answer(fail, &mut self.n)
    }

    #[circuit_breaker(threshold = 1, name = "by_value")]
    fn by_value(self, fail: bool) -> Result<S, E> {
        answer(fail, self)
    }

    #[circuit_breaker(threshold = 1, name = "by_mut_value")]
    fn by_mut_value(mut self, fail: bool) -> Result<S, E> {
        self.n += 1;
        answer(fail, self)
    }

    #[circuit_breaker(threshold = 1, name = "by_arc")]
    fn by_arc(self: Arc<Self>, fail: bool) -> Result<u8, E> {
        answer(fail, self.n)
    }

    #[circuit_breaker(threshold = 1, name = "by_rc")]
    fn by_rc(self: Rc<Self>, fail: bool) -> Result<u8, E> {
        answer(fail, self.n)
    }

    #[circuit_breaker(threshold = 1, name = "by_arc_ref")]
    fn by_arc_ref(self: &Arc<Self>, fail: bool) -> Result<u8, E> {
        answer(fail, self.n)
    }

    #[circuit_breaker(threshold = 1, name = "by_box")]
    fn by_box(mut self: Box<Self>, fail: bool) -> Result<u8, E> {
        self.n += 1;
        answer(fail, self.n)
    }

    #[circuit_breaker(threshold = 1, name = "by_pin")]
    fn by_pin(mut self: Pin<&mut Self>, fail: bool) -> Result<u8, E> {
        self.n += 1;
        answer(fail, self.n)
    }

    #[circuit_breaker(threshold = 1, name = "by_typed_ref")]
    fn by_typed_ref(self: &Self, fail: bool) -> Result<u8, E> {
        answer(fail, self.n)
    }

    #[circuit_breaker(threshold = 1, name = "associated")]
    fn associated(fail: bool) -> Result<Self, E> {
        answer(fail, Self { n: Self::STEP })
    }

    #[circuit_breaker(threshold = 1, name = "by_mut_async")]
    async fn by_mut_async(&mut self, fail: bool) -> Result<&mut u8, E> {
        self.n += 1;
        super::yield_now().await;
        answer(fail, &mut self.n)
    }

    #[circuit_breaker(threshold = 1, name = "by_value_async")]
    async fn by_value_async(mut self, fail: bool) -> Result<S, E> {
        self.n += 1;
        answer(fail, self)
    }

    #[circuit_breaker(threshold = 1, name = "fallback_on_method", fallback = Self::cached)]
    fn with_fallback(&self, n: u8, fail: bool) -> Result<u8, E> {
        answer(fail, n)
    }

    fn cached(&self, n: u8, _fail: bool) -> Result<u8, E> {
        Ok(self.n + n + 100)
    }

    #[circuit_breaker(
        threshold = 1,
        name = "closure_on_method",
        fallback = |n, _| Ok(self.n + n + 100)
    )]
    fn with_closure(&self, n: u8, fail: bool) -> Result<u8, E> {
        answer(fail, n)
    }

    #[circuit_breaker(
        threshold = 1,
        name = "closure_on_mut",
        fallback = |n, _| { self.n += n; Ok(self.n) }
    )]
    fn with_closure_on_mut(&mut self, n: u8, fail: bool) -> Result<u8, E> {
        self.n += 1;
        answer(fail, n)
    }

    #[circuit_breaker(
        threshold = 1,
        name = "closure_on_arc",
        fallback = |n, _| Ok(self.n + n + 100)
    )]
    async fn with_closure_on_arc(self: Arc<Self>, n: u8, fail: bool) -> Result<u8, E> {
        answer(fail, self.n + n)
    }
}

macro_rules! method_of_macro {
    ($self:ident, $n:ident, $body:block) => {
        #[circuit_breaker(threshold = 1, name = "macro_self", fallback = Self::cached)]
        fn from_macro(&$self, $n: u8, fail: bool) -> Result<u8, E> $body
    };
}

impl S {
    method_of_macro!(self, n, {
        let _ = n;
        answer(n == 1, self.n)
    });
}

#[test]
fn every_receiver_is_left_as_it_is() {
    let mut s = S { n: 1 };
    rejects("by_ref", |fail| s.by_ref(fail));
    rejects("by_mut", |fail| s.by_mut(fail).map(|n| *n));
    rejects("by_value", |fail| S { n: 1 }.by_value(fail));
    rejects("by_mut_value", |fail| S { n: 1 }.by_mut_value(fail));
    rejects("by_arc", |fail| Arc::new(S { n: 1 }).by_arc(fail));
    rejects("by_rc", |fail| Rc::new(S { n: 1 }).by_rc(fail));
    rejects("by_arc_ref", |fail| Arc::new(S { n: 1 }).by_arc_ref(fail));
    rejects("by_box", |fail| Box::new(S { n: 1 }).by_box(fail));
    rejects("by_pin", |fail| Pin::new(&mut S { n: 1 }).by_pin(fail));
    rejects("by_typed_ref", |fail| s.by_typed_ref(fail));
    rejects("associated", S::associated);
    rejects("by_mut_async", |fail| block_on(s.by_mut_async(fail)).map(|n| *n));
    rejects("by_value_async", |fail| block_on(S { n: 1 }.by_value_async(fail)));
}

#[test]
fn a_fallback_may_use_self() {
    let mut s = S { n: 1 };
    assert_eq!(guards("fallback_on_method", |fail| s.with_fallback(2, fail)), Ok(103));
    assert_eq!(guards("closure_on_method", |fail| s.with_closure(2, fail)), Ok(103));
    assert_eq!(guards("closure_on_mut", |fail| s.with_closure_on_mut(2, fail)), Ok(5));
    let arc = Arc::new(S { n: 1 });
    assert_eq!(
        guards("closure_on_arc", |fail| block_on(arc.clone().with_closure_on_arc(2, fail))),
        Ok(103)
    );
}

#[test]
fn self_may_come_from_a_macro() {
    let s = S { n: 1 };
    assert_eq!(guards("macro_self", |fail| s.from_macro(u8::from(fail), fail)), Ok(101));
}
