//! The shapes of functions, in edition 2018.

#[path = "../../../it/shapes/mod.rs"]
mod shapes;

/// Words that later editions took for the language.
mod names {
    use circuit_runtime::circuit_breaker;

    use super::shapes::{E, answer};

    #[circuit_breaker(threshold = 1, name = "gen", fallback = |gen, _| Ok(gen))]
    fn gen(gen: u8, fail: bool) -> Result<u8, E> {
        answer(fail, gen + 1)
    }

    #[test]
    fn a_later_keyword_may_be_a_name() {
        assert_eq!(gen(1, false), Ok(2));
        assert_eq!(gen(1, true), Err(E::Down));
        assert_eq!(gen(1, false), Ok(1));
    }
}
