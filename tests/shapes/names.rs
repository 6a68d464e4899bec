//! Names: what an option means by them, and traits whose methods everything has.

use std::fmt::Debug;

use super::super::{Error, Path, block_on, call};
use super::{block, circuit_breaker};

/// Can't be cloned, and so is not what a fallback under `any` names.
#[derive(Debug)]
pub struct Unique(u8);

#[derive(Debug, PartialEq)]
pub struct Reply {
    id: u8,
    body: Vec<u8>,
}

type Number = Result<u8, Error>;

/// Each has a parameter of which only the name is in the fallback.
mod only_the_word {
    use super::{Error, Number, Reply, Unique, block, circuit_breaker};

    mod token {
        pub const KEPT: u8 = 3;
    }

    struct Held {
        token: u8,
    }

    impl Held {
        fn token(&self) -> u8 {
            self.token
        }
    }

    fn kept() -> Held {
        Held { token: 3 }
    }

    macro_rules! length {
        ($text:literal) => {
            $text.len()
        };
    }

    #[circuit_breaker(fallback = Ok(Reply { id, body: Vec::new() }), fallback_on = any)]
    pub fn field_of_struct(id: u8, body: &mut Vec<u8>) -> Result<Reply, Error> {
        body.push(id);
        Ok(Reply { id, body: body.clone() })
    }

    #[circuit_breaker(fallback = Ok(kept().token), fallback_on = any)]
    pub fn field(token: Unique) -> Number {
        Ok(token.0)
    }

    #[circuit_breaker(fallback = Ok(kept().token()), fallback_on = any)]
    pub async fn method(token: Unique) -> Number {
        Ok(token.0)
    }

    #[circuit_breaker(fallback = Ok(token::KEPT), fallback_on = any)]
    pub fn segment(token: Unique) -> Number {
        Ok(token.0)
    }

    #[circuit_breaker(fallback = 'token: { if kept().token > 3 { break 'token Ok(1); } Ok(2) }, fallback_on = any)]
    pub fn label(token: Unique) -> Number {
        Ok(token.0)
    }

    #[circuit_breaker(fallback = { let token = 3; Ok(token) }, fallback_on = any)]
    pub fn local(token: Unique) -> Number {
        Ok(token.0)
    }

    #[circuit_breaker(fallback = Some(1).map(|token| token + 2).ok_or(Error::Down), fallback_on = any)]
    pub fn closure(token: Unique) -> Number {
        Ok(token.0)
    }

    #[circuit_breaker(fallback = match Some(1) { Some(token) => Ok(token), None => Ok(0) }, fallback_on = any)]
    pub async fn arm(token: Unique) -> Number {
        Ok(token.0)
    }

    #[circuit_breaker(fallback = if let Some(token) = Some(1) { Ok(token) } else { Ok(0) }, fallback_on = any)]
    pub fn condition(token: Unique) -> Number {
        Ok(token.0)
    }

    #[circuit_breaker(fallback = { let mut sum = 0; for token in 0..3 { sum += token; } Ok(sum) }, fallback_on = any)]
    pub fn repeated(token: Unique) -> Number {
        Ok(token.0)
    }

    #[circuit_breaker(fallback = Ok("{token}".len() as u8), fallback_on = any)]
    pub fn text(token: Unique) -> Number {
        Ok(token.0)
    }

    #[circuit_breaker(fallback = Ok(length!("{token}") as u8), fallback_on = any)]
    pub fn text_of_a_macro(token: Unique) -> Number {
        Ok(token.0 + length!("") as u8)
    }

    #[circuit_breaker(fallback = Ok(format!("{token}", token = 3).len() as u8), fallback_on = any)]
    pub fn named_argument(token: Unique) -> Number {
        Ok(token.0)
    }

    #[circuit_breaker(fallback = { fn token() -> u8 { 3 } Ok(token()) }, fallback_on = any)]
    pub fn item(token: Unique) -> Number {
        Ok(token.0)
    }

    #[derive(Debug)]
    pub struct Receiver(pub u8);

    #[block]
    impl Receiver {
        #[circuit_breaker(fallback = { struct It; impl It { fn go(&self) -> u8 { 3 } } Ok(It.go()) }, fallback_on = any)]
        pub fn nested(self) -> Number {
            Ok(self.0)
        }
    }
}

/// Each names a parameter, in a way in which it could be overseen.
mod named {
    use super::{Error, Number, Reply, circuit_breaker};

    macro_rules! pair {
        ($first:ident, $second:ident) => {
            ($first, $second)
        };
    }

    macro_rules! length {
        ($text:expr) => {
            $text.len()
        };
    }

    #[circuit_breaker(fallback = Ok(Reply { id, body }), fallback_on = any)]
    pub fn shorthand(id: u8, body: Vec<u8>) -> Result<Reply, Error> {
        Ok(Reply { id, body })
    }

    #[circuit_breaker(fallback = Ok(Name.len()), fallback_on = any)]
    #[allow(non_snake_case)]
    pub fn upper_case(Name: String) -> Result<usize, Error> {
        Ok(Name.len())
    }

    #[circuit_breaker(fallback = Ok(Name.len()), key = Name)]
    #[allow(non_snake_case)]
    pub async fn upper_case_part((Name, _): (String, u8)) -> Result<usize, Error> {
        Ok(Name.len())
    }

    #[circuit_breaker(fallback = Ok(text.len()), fallback_on = any)]
    pub fn in_a_macro(pair!(text, _n): (String, u8)) -> Result<usize, Error> {
        Ok(text.len())
    }

    #[circuit_breaker(fallback = Ok(text.len()), fallback_on = any)]
    pub async fn in_a_macro_later(pair!(text, _n): (String, u8)) -> Result<usize, Error> {
        Ok(text.len())
    }

    #[circuit_breaker(key = n)]
    pub fn key_in_a_macro(pair!(n, text): (u8, String)) -> Result<usize, Error> {
        Ok(text.len() + usize::from(n))
    }

    #[circuit_breaker(key = n)]
    pub async fn key_in_a_macro_later(pair!(n, text): (u8, String)) -> Result<usize, Error> {
        Ok(text.len() + usize::from(n))
    }

    #[circuit_breaker(fallback = |_| Ok(3))]
    pub async fn macro_and_closure(pair!(n, text): (u8, String)) -> Result<usize, Error> {
        Ok(text.len() + usize::from(n))
    }

    #[circuit_breaker(fallback = Ok(length!(text)), fallback_on = any)]
    pub fn macro_argument(text: String) -> Result<usize, Error> {
        Ok(length!(text))
    }

    #[circuit_breaker(fallback = Ok(format!("{}{:?}", text, n)), fallback_on = any)]
    pub async fn formatted(text: String, n: u8) -> Result<String, Error> {
        Ok(format!("{}{:?}", text, n))
    }

    #[circuit_breaker(fallback = { let text = text.len(); Ok(text) }, fallback_on = any)]
    pub fn shadowed(text: String) -> Result<usize, Error> {
        Ok(text.len())
    }

    #[circuit_breaker(fallback = Ok(r#type), key = r#type)]
    pub fn raw(r#type: String) -> Result<String, Error> {
        Ok(r#type)
    }

    #[circuit_breaker(key = __circuit, fallback = Ok(permit + breaker + result))]
    pub fn ours(__circuit: u8, mut permit: u8, breaker: u8, result: u8) -> Number {
        permit += __circuit;
        Ok(permit + breaker + result)
    }
}

/// Everything has these methods; none of them is called.
mod everywhere {
    use super::{Error, Number, circuit_breaker};

    #[allow(dead_code)]
    pub trait Hijacks {
        fn with<O>(&self, f: impl FnOnce(&str) -> O) -> O {
            f("hijacked")
        }
        fn split(&self) {}
        fn seen(&self) {}
        fn run(&self) {}
        fn never(&self) {}
        fn window(&self) {}
        fn threshold(&self) {}
        fn recovery(&self) {}
        fn clone_argument(&self) {}
        fn into(&self) {}
        fn take(&self) {}
        fn poll(&self) {}
        fn deref(&self) {}
        fn of()
        where
            Self: Sized,
        {
        }
        fn new()
        where
            Self: Sized,
        {
        }
    }

    impl<T: ?Sized> Hijacks for T {}

    #[allow(dead_code)]
    pub trait Takes: Sized {
        fn split(self) -> (Self, ()) {
            (self, ())
        }
        fn with(self) {}
        fn get(self) -> Self {
            self
        }
        fn blame(self) {}
        fn config(self) {}
        fn keyed(self) {}
        fn asynchronous(self) {}
        fn window(self) {}
        fn threshold(self) {}
        fn recovery(self) {}
        fn never(self) {}
    }

    impl<T> Takes for T {}

    async fn later(n: u8) -> Number {
        Ok(n)
    }

    #[circuit_breaker]
    pub fn plain(n: u8) -> Number {
        Ok(n)
    }

    #[circuit_breaker]
    pub async fn plain_async(n: u8) -> Number {
        Ok(n)
    }

    #[circuit_breaker(key = n)]
    pub fn number(n: u8) -> Number {
        Ok(n)
    }

    #[circuit_breaker(key = text)]
    pub fn text(text: &str) -> Result<usize, Error> {
        Ok(text.len())
    }

    #[circuit_breaker(fallback = later)]
    pub async fn path(n: u8) -> Number {
        Ok(n)
    }

    #[circuit_breaker(key = n, fallback = |(n, _), _| later(n))]
    pub async fn part((n, _): (u8, u8)) -> Number {
        Ok(n)
    }

    #[circuit_breaker(threshold = 3, window = 10, failure_rate = 0.5, recovery = "1s", key = n,
        fallback = |n| later(n), fallback_on = any)]
    pub async fn all(n: u8) -> Number {
        Ok(n)
    }

    const CALLS: u32 = 10;

    #[circuit_breaker(window = CALLS, failure_rate = 0.5, max_keys = CALLS, key = n, max_concurrent = CALLS)]
    pub fn constants(n: u8) -> Number {
        Ok(n)
    }
}

/// Modules and types that hide the usual ones.
mod hidden {
    #![allow(dead_code)]

    use super::circuit_breaker;

    mod core {}
    mod std {}
    mod circuit_runtime {}
    struct Option;
    struct Some;
    struct Box;

    #[circuit_breaker(key = n, fallback = |n| Ok(n), threshold = 3)]
    pub fn modules(n: u8) -> Result<u8, ()> {
        Ok(n)
    }

    pub mod nothing {
        #![no_implicit_prelude]

        #[super::circuit_breaker(key = n, fallback = |n| ::core::result::Result::Ok(n))]
        pub fn prelude(n: u8) -> ::core::result::Result<u8, ()> {
            ::core::result::Result::Ok(n)
        }
    }
}

pub fn run() {
    let unique = || Unique(1);
    call("field of struct", || only_the_word::field_of_struct(1, &mut vec![2]));
    call("field", || only_the_word::field(unique()));
    call("method", || block_on(only_the_word::method(unique())));
    call("segment", || only_the_word::segment(unique()));
    call("label", || only_the_word::label(unique()));
    call("local", || only_the_word::local(unique()));
    call("closure", || only_the_word::closure(unique()));
    call("arm", || block_on(only_the_word::arm(unique())));
    call("condition", || only_the_word::condition(unique()));
    call("repeated", || only_the_word::repeated(unique()));
    call("text", || only_the_word::text(unique()));
    call("text of a macro", || only_the_word::text_of_a_macro(unique()));
    call("named argument", || only_the_word::named_argument(unique()));
    call("item", || only_the_word::item(unique()));
    call("nested", || only_the_word::Receiver(1).nested());
    call("shorthand", || named::shorthand(1, vec![2]));
    call("upper case", || named::upper_case("a".to_owned()));
    call("upper case part", || block_on(named::upper_case_part(("a".to_owned(), 1))));
    call("in a macro", || named::in_a_macro(("a".to_owned(), 1)));
    call("in a macro later", || block_on(named::in_a_macro_later(("a".to_owned(), 1))));
    call("key in a macro", || named::key_in_a_macro((1, "a".to_owned())));
    call("key in a macro later", || block_on(named::key_in_a_macro_later((1, "a".to_owned()))));
    call("macro and closure", || block_on(named::macro_and_closure((1, "a".to_owned()))));
    call("macro argument", || named::macro_argument("a".to_owned()));
    call("formatted", || block_on(named::formatted("a".to_owned(), 1)));
    call("shadowed", || named::shadowed("a".to_owned()));
    call("raw", || named::raw("a".to_owned()));
    call("ours", || named::ours(1, 2, 3, 4));
    call("plain", || everywhere::plain(1));
    call("plain async", || block_on(everywhere::plain_async(1)));
    call("number", || everywhere::number(1));
    call("text", || everywhere::text("a"));
    call("path", || block_on(everywhere::path(1)));
    call("part", || block_on(everywhere::part((1, 2))));
    call("all", || block_on(everywhere::all(1)));
    call("constants", || everywhere::constants(1));
    call("modules", || hidden::modules(1));
    call("prelude", || hidden::nothing::prelude(1));
    let _unused: (Path<u8>, Option<&dyn Debug>) = (Path(1), None);
}
