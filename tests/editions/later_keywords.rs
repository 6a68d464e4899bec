//! Words that later editions took for the language, wherever a user may write one.

use circuit_runtime::circuit_breaker;

use super::shapes::{E, answer, block_on};

mod generated {
    pub(crate) mod gen {
        pub(crate) type Reply = Result<u8, super::super::E>;

        pub(crate) const fn gen() -> u32 {
            1
        }
    }
}

use generated::gen;

#[circuit_breaker(threshold = 1, name = "gen", fallback = |gen, _| Ok(gen))]
fn gen(gen: u8, fail: bool) -> Result<u8, E> {
    answer(fail, gen + 1)
}

#[circuit_breaker(threshold = gen::gen(), failure = Err(gen) if *gen == E::Down)]
fn module(fail: bool) -> gen::Reply {
    answer(fail, 1)
}

#[circuit_breaker(threshold = gen::gen(), key = gen)]
async fn by_key<'gen>(gen: &'gen str, fail: bool) -> Result<&'gen str, E> {
    answer(fail, gen)
}

struct Client;

mod fallback {
    pub(super) fn gen(_: &super::Client, fail: bool) -> super::gen::Reply {
        super::answer(fail, 7)
    }

    impl super::Client {
        #[circuit_runtime::circuit_breaker(threshold = 1, fallback = gen)]
        pub(super) fn path(&self, fail: bool) -> super::gen::Reply {
            super::answer(fail, 1)
        }
    }
}

#[circuit_breaker(threshold = 1)]
impl Client {
    async fn gen(&self, gen: u8, fail: bool) -> Result<u8, E> {
        answer(fail, gen)
    }
}

#[test]
fn a_later_keyword_may_be_a_name() {
    assert_eq!(self::gen(1, false), Ok(2));
    assert_eq!(self::gen(1, true), Err(E::Down));
    assert_eq!(self::gen(1, false), Ok(1));
    assert_eq!(block_on(Client.gen(1, false)), Ok(1));
    assert_eq!(block_on(Client.gen(1, true)), Err(E::Down));
    assert_eq!(block_on(Client.gen(1, false)), Err(E::Open));
}

#[test]
fn a_later_keyword_may_be_a_module() {
    assert_eq!(module(false), Ok(1));
    assert_eq!(module(true), Err(E::Down));
    assert_eq!(module(false), Err(E::Open));
}

#[test]
fn a_later_keyword_may_be_a_lifetime() {
    assert_eq!(block_on(by_key("a", false)), Ok("a"));
    assert_eq!(block_on(by_key("a", true)), Err(E::Down));
    assert_eq!(block_on(by_key("a", false)), Err(E::Open));
}

#[test]
fn a_later_keyword_may_be_a_methods_fallback() {
    assert_eq!(Client.path(false), Ok(1));
    assert_eq!(Client.path(true), Err(E::Down));
    assert_eq!(Client.path(false), Ok(7));
}
