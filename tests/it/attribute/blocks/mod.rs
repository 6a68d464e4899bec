//! The attribute on `impl` blocks: one circuit for the methods of a block.

mod keys;
mod methods;
mod nested;
mod sharing;
mod traits;

use circuit_runtime::State;
use circuit_runtime::test_util::freeze;

use super::{Answer, Error, circuit, is_rejected, snapshot};
use crate::support::secs;
use circuit_runtime::circuit_breaker;

const HERE: &str = module_path!();

struct Payments {
    limit: u32,
}

type Limit = u32;

#[circuit_breaker(threshold = 2, recovery = "30s")]
impl Payments {
    const DEFAULT: u32 = 3;

    fn new() -> Result<Self, Error> {
        Ok(Payments { limit: Self::DEFAULT })
    }

    fn charge(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }

    fn refund(&mut self, answer: Answer) -> std::result::Result<u32, Error> {
        self.limit += 1;
        answer
    }

    fn limit(&self) -> Limit {
        self.limit
    }

    #[circuit_breaker(skip)]
    fn audit(&self, answer: Answer) -> Result<u32, Error> {
        answer
    }
}

#[test]
fn what_a_client_talks_to_fails_together() {
    let time = freeze();
    let name = format!("{HERE}::Payments");
    let mut payments = Payments::new().unwrap();
    assert_eq!(Err(Error::Down), payments.charge_by_another_block(Err(Error::Down)));
    assert_eq!(Err(Error::Down), payments.refund(Err(Error::Down)));
    assert_eq!(State::Open, circuit(&name).state());
    assert!(is_rejected(payments.refund(Ok(1))));
    assert_eq!(4, payments.limit(), "a getter is left alone, and a rejected call doesn't run");
    assert_eq!(Ok(7), payments.audit(Ok(7)), "and so is what is skipped");
    assert!(Payments::new().is_ok(), "and what has no receiver");
    time.advance(secs(30));
    assert_eq!(Ok(1), payments.refund(Ok(1)));
    let seen = snapshot(&name);
    assert_eq!(
        (State::Closed, 1, 2, 1),
        (seen.state, seen.successes, seen.failures, seen.rejected)
    );
}

impl Payments {
    /// Not in the block: guarded by what it calls.
    fn charge_by_another_block(&self, answer: Answer) -> Answer {
        self.charge(answer)
    }
}

struct Wrapper<T>(T);

#[circuit_breaker]
impl<T: Copy + Into<u32>> Wrapper<T> {
    fn get(&self) -> Result<u32, Error> {
        Ok(self.0.into())
    }
}

#[test]
fn a_generic_block_has_one_circuit() {
    assert_eq!((Ok(1), Ok(2)), (Wrapper(1_u8).get(), Wrapper(2_u16).get()));
    assert_eq!(2, snapshot(&format!("{HERE}::Wrapper<T>")).successes);
}

struct Borrows<'a, T, const N: usize>(&'a [T; N]);

#[circuit_breaker]
impl<'a> Borrows<'a, &'a str, 2> {
    fn get(&self) -> Result<&'a str, Error> {
        Ok(self.0[1])
    }
}

#[circuit_breaker(name = "borrows of numbers")]
impl Borrows<'_, u8, 2> {
    fn get(&self) -> Result<u8, Error> {
        Ok(self.0[1])
    }
}

#[test]
fn a_name_has_type_arguments_and_no_lifetimes() {
    assert_eq!((Ok("b"), Ok(2)), (Borrows(&["a", "b"]).get(), Borrows(&[1, 2]).get()));
    assert_eq!(1, snapshot(&format!("{HERE}::Borrows<&str, 2>")).successes);
    assert_eq!(1, snapshot("borrows of numbers").successes);
}

macro_rules! client {
    ($name:ident: $($method:ident)*) => {
        struct $name;

        #[circuit_breaker(threshold = 1)]
        impl $name {
            $(fn $method(&self, answer: Answer) -> Result<u32, Error> {
                let _ = self;
                answer
            })*
        }
    };
}

macro_rules! guard {
    ($(#[$attribute:meta])* $type:ty, $answer:expr) => {
        $(#[$attribute])*
        impl $type {
            fn of_a_type(&self) -> Result<u32, Error> {
                $answer
            }
        }
    };
}

guard! { #[circuit_breaker(threshold = 1)] Wrapper<&'static str>, Err(Error::Down) }

client! { MadeHere: one two }
client! { MadeThere: one }

#[test]
fn a_block_may_come_from_a_macro() {
    assert_eq!(Err(Error::Down), MadeHere.one(Err(Error::Down)));
    assert!(is_rejected(MadeHere.two(Ok(1))));
    assert_eq!(Ok(1), MadeThere.one(Ok(1)));
    assert_eq!(1, snapshot(&format!("{HERE}::MadeHere")).rejected);
    assert_eq!(Err(Error::Down), Wrapper("a").of_a_type());
    assert_eq!(1, snapshot(&format!("{HERE}::Wrapper<&str>")).failures);
}

/// Each method comes in an invisible group.
macro_rules! whole_methods {
    ($($item:item)*) => {
        struct Whole;

        #[circuit_breaker(threshold = 1)]
        impl Whole {
            $($item)*
        }
    };
}

whole_methods! {
    /// Documented.
    pub(crate) fn first(&self) -> Result<u32, Error> {
        Err(Error::Down)
    }

    const NUMBER: u32 = 7;

    #[circuit_breaker(skip)]
    fn skipped(&self) -> Result<u32, Error> {
        Ok(Self::NUMBER)
    }

    fn last(&self) -> Result<u32, Error> {
        Ok(Self::NUMBER)
    }
}

#[test]
fn the_methods_of_a_block_may_come_whole_from_a_macro() {
    assert_eq!(Err(Error::Down), Whole.first());
    assert!(is_rejected(Whole.last()));
    assert_eq!(Ok(7), Whole.skipped());
    assert_eq!(1, snapshot(&format!("{HERE}::Whole")).rejected);
}

#[test]
fn a_block_may_stand_in_a_function() {
    struct Local(Answer);

    #[circuit_breaker(threshold = 1)]
    impl Local {
        fn get(&self) -> Result<u32, Error> {
            self.0
        }
    }

    assert_eq!(Err(Error::Down), Local(Err(Error::Down)).get());
    assert!(is_rejected(Local(Ok(1)).get()));
    assert_eq!(1, snapshot(&format!("{HERE}::Local")).rejected);
}
