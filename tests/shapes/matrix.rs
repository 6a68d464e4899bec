//! Every kind of pattern, in every form of function, beside every option that sees parameters.
//!
//! The tokens of the functions are handed on one by one, so that they are what a hand would write.

use std::future::Future;
use std::pin::Pin;

use super::super::{Answer, Loud, Pair, Path, block_on, call, call_for_result, log, loud};
use super::{block, circuit_breaker, open};

macro_rules! shapes {
    ($($shape:ident ($($parameters:tt)*) ($($arguments:expr),*) [$($key:tt)*] { $($body:tt)* })*) => {
        $(shapes! { @one $shape ($($parameters)*) ($($arguments),*) [$($key)*] { $($body)* } })*

        pub fn run() {
            $($shape::run();)*
        }
    };
    (@one $shape:ident $parameters:tt $arguments:tt $key:tt $body:tt) => {
        pub mod $shape {
            use super::*;

            shapes! { @form blocking, [], [], [Answer], [], (), [], $parameters $key $body }
            shapes! { @form asynchronous, [async], [], [Answer], [], (), [], $parameters $key $body }
            shapes! { @future boxed, [Pin<Box<dyn Future<Output = Answer>>>], $parameters $key $body }
            shapes! { @futures future, [impl Future<Output = Answer>], $parameters $key $body }

            pub fn run() {
                shapes! { @calls blocking $arguments, |answer| answer, call }
                shapes! { @calls asynchronous $arguments, block_on, call }
                shapes! { @calls boxed $arguments, block_on, call_for_result }
                shapes! { @calls future $arguments, block_on, call_for_result }
                shapes! { @method methods, $arguments }
                shapes! { @traits traits, $arguments }
            }

            shapes! { @methods methods, $parameters $key $body }
            shapes! { @async_trait traits, $parameters $key $body }
        }
    };
    (@form $form:ident, [$($asyncness:tt)*], [], [$($returned:tt)*], [], (), [],
        ($($parameters:tt)*) [$($key:tt)*] { $($body:tt)* }) => {
        pub mod $form {
            use super::*;

            #[circuit_breaker]
            pub $($asyncness)* fn bare($($parameters)*) -> $($returned)* { $($body)* }
            #[circuit_breaker(name = concat!(module_path!(), "expression"), fallback = { $($body)* })]
            pub $($asyncness)* fn expression($($parameters)*) -> $($returned)* { $($body)* }
            pub $($asyncness)* fn cached($($parameters)*) -> $($returned)* { $($body)* }
            #[circuit_breaker(name = concat!(module_path!(), "path"), fallback = cached)]
            pub $($asyncness)* fn path($($parameters)*) -> $($returned)* { $($body)* }
            #[circuit_breaker(fallback = { $($body)* }, fallback_on = any)]
            pub $($asyncness)* fn any($($parameters)*) -> $($returned)* { $($body)* }
            #[circuit_breaker(key = $($key)*)]
            pub $($asyncness)* fn keyed($($parameters)*) -> $($returned)* { $($body)* }
            #[circuit_breaker(key = $($key)*, fallback = cached)]
            pub $($asyncness)* fn keyed_path($($parameters)*) -> $($returned)* { $($body)* }
        }
    };
    (@future $form:ident, [$($returned:tt)*], ($($parameters:tt)*) [$($key:tt)*] { $($body:tt)* }) => {
        pub mod $form {
            use super::*;

            #[circuit_breaker]
            pub fn bare($($parameters)*) -> $($returned)* { Box::pin(async move { $($body)* }) }
            #[circuit_breaker(name = concat!(module_path!(), "expression"), fallback = { $($body)* })]
            pub fn expression($($parameters)*) -> $($returned)* { Box::pin(async move { $($body)* }) }
            pub fn cached($($parameters)*) -> $($returned)* { Box::pin(async move { $($body)* }) }
            #[circuit_breaker(name = concat!(module_path!(), "path"), fallback = cached)]
            pub fn path($($parameters)*) -> $($returned)* { Box::pin(async move { $($body)* }) }
            #[circuit_breaker(fallback = { $($body)* }, fallback_on = any)]
            pub fn any($($parameters)*) -> $($returned)* { Box::pin(async move { $($body)* }) }
            #[circuit_breaker(key = $($key)*)]
            pub fn keyed($($parameters)*) -> $($returned)* { Box::pin(async move { $($body)* }) }
            #[circuit_breaker(key = $($key)*, fallback = cached)]
            pub fn keyed_path($($parameters)*) -> $($returned)* { Box::pin(async move { $($body)* }) }
        }
    };
    (@futures $form:ident, [$($returned:tt)*], ($($parameters:tt)*) [$($key:tt)*] { $($body:tt)* }) => {
        pub mod $form {
            use super::*;

            #[circuit_breaker]
            pub fn bare($($parameters)*) -> $($returned)* { async move { $($body)* } }
            #[circuit_breaker(name = concat!(module_path!(), "expression"), fallback = { $($body)* })]
            pub fn expression($($parameters)*) -> $($returned)* { async move { $($body)* } }
            pub fn cached($($parameters)*) -> $($returned)* { async move { $($body)* } }
            #[circuit_breaker(name = concat!(module_path!(), "path"), fallback = cached)]
            pub fn path($($parameters)*) -> $($returned)* { async move { $($body)* } }
            #[circuit_breaker(fallback = { $($body)* }, fallback_on = any)]
            pub fn any($($parameters)*) -> $($returned)* { async move { $($body)* } }
            #[circuit_breaker(key = $($key)*)]
            pub fn keyed($($parameters)*) -> $($returned)* { async move { $($body)* } }
            #[circuit_breaker(key = $($key)*, fallback = cached)]
            pub fn keyed_path($($parameters)*) -> $($returned)* { async move { $($body)* } }
        }
    };
    (@methods $form:ident, ($($parameters:tt)*) [$($key:tt)*] { $($body:tt)* }) => {
        pub mod $form {
            use super::*;

            pub struct Receiver(pub Loud);

            #[block(key = 'a')]
            impl Receiver {
                #[circuit_breaker]
                pub fn value(self, $($parameters)*) -> Answer { log(&*self.0.0); $($body)* }
                #[circuit_breaker]
                pub async fn later(self, $($parameters)*) -> Answer { log(&*self.0.0); $($body)* }
                #[circuit_breaker]
                pub fn changes(mut self, $($parameters)*) -> Answer { self.0.0.push('!'); $($body)* }
                #[circuit_breaker(fallback = { $($body)* })]
                pub async fn changes_later(mut self, $($parameters)*) -> Answer { self.0.0.push('!'); $($body)* }
                #[circuit_breaker(name = concat!(module_path!(), "path"), key = $($key)*, fallback = Self::cached)]
                pub fn path(&mut self, $($parameters)*) -> Answer { log(&*self.0.0); $($body)* }
                #[circuit_breaker(key = $($key)*, fallback = Self::cached)]
                pub fn keyed(&mut self, $($parameters)*) -> Answer { log(&*self.0.0); $($body)* }
            }

            impl Receiver {
                pub fn cached(&mut self, $($parameters)*) -> Answer { log(&*self.0.0); $($body)* }
            }
        }
    };
    (@async_trait $form:ident, ($($parameters:tt)*) [$($key:tt)*] { $($body:tt)* }) => {
        pub mod $form {
            use super::*;

            #[async_trait::async_trait]
            pub trait Shape {
                #[circuit_breaker(fallback = { $($body)* }, key = $($key)*)]
                async fn expression(&self, $($parameters)*) -> Answer { $($body)* }
                async fn cached(&self, $($parameters)*) -> Answer { $($body)* }
                #[circuit_breaker(fallback = Self::cached, key = $($key)*)]
                async fn path(&self, $($parameters)*) -> Answer where Self: Sized { $($body)* }
            }

            impl Shape for u8 {}
        }
    };
    (@calls $form:ident ($($arguments:expr),*), $await:expr, $call_path:ident) => {
        let name = |name: &str| format!("{} {}", stringify!($form), name);
        let circuit = |name: &str| {
            let module = module_path!();
            format!("{}::{}{}", module, stringify!($form), name)
        };
        call(&name("bare"), || $await($form::bare($($arguments),*)));
        call(&name("expression"), || $await($form::expression($($arguments),*)));
        open(&circuit("expression"));
        call(&name("expression again"), || $await($form::expression($($arguments),*)));
        $call_path(&name("path"), || $await($form::path($($arguments),*)));
        open(&circuit("path"));
        $call_path(&name("path again"), || $await($form::path($($arguments),*)));
        call(&name("keyed"), || $await($form::keyed($($arguments),*)));
        $call_path(&name("keyed path"), || $await($form::keyed_path($($arguments),*)));
        log("any, which clones");
        let answer = $await($form::any($($arguments),*));
        log(format!("  returned {answer:?}", answer = answer));
    };
    (@method $form:ident, ($($arguments:expr),*)) => {
        let receiver = || $form::Receiver(loud("self"));
        call("by value", || receiver().value($($arguments),*));
        call("by value, later", || block_on(receiver().later($($arguments),*)));
        call("changing", || receiver().changes($($arguments),*));
        call("changing, later", || block_on(receiver().changes_later($($arguments),*)));
        let mut borrowed = receiver();
        call("borrowed", || borrowed.path($($arguments),*));
        call("borrowed, keyed", || borrowed.keyed($($arguments),*));
        open(&format!("{}::{}path", module_path!(), stringify!($form)));
    };
    (@traits $form:ident, ($($arguments:expr),*)) => {
        use $form::Shape;
        call("trait, expression", || block_on(1_u8.expression($($arguments),*)));
        call("trait, path", || block_on(1_u8.path($($arguments),*)));
    };
}

shapes! {
    simple (a: Loud, b: Loud) (loud("a"), loud("b")) [a.0] {
        let _local = loud("local");
        Ok(format!("{}{}", b.0, a.0))
    }
    one_changes (a: Loud, mut b: Loud, c: Loud) (loud("a"), loud("b"), loud("c")) [c.0] {
        b.0.push('!');
        Ok(format!("{}{}{}", c.0, b.0, a.0))
    }
    wild (a: Loud, _: Loud, c: Loud) (loud("a"), loud("b"), loud("c")) [a.0.len()] {
        Ok(format!("{}{}", c.0, a.0))
    }
    unused (_a: Loud, b: Loud, _: Loud) (loud("a"), loud("b"), loud("c")) [b.0] {
        let _local = loud("local");
        Ok(b.0.clone())
    }
    tuple ((a, b): (Loud, Loud), c: u8) ((loud("a"), loud("b")), 3) [c + 1] {
        Ok(format!("{}{}{}", b.0, a.0, c))
    }
    numbers ((a, mut b): (u8, u8), c: u8) ((1, 2), 3) [a + c] {
        b += 1;
        Ok(format!("{}{}{}", a, b, c))
    }
    leftover ((a, _): (Loud, Loud), (mut b, _): (Loud, Loud), c: Loud)
        ((loud("a"), loud("a rest")), (loud("b"), loud("b rest")), loud("c")) [a.0] {
        b.0.push('!');
        Ok(format!("{}{}{}", b.0, a.0, c.0))
    }
    structure (Pair { left, right: mut other }: Pair, last: Loud)
        (Pair { left: loud("left"), right: loud("right") }, loud("last")) [last.0] {
        other.0.push('!');
        Ok(format!("{}{}{}", other.0, left.0, last.0))
    }
    part_of_structure (Pair { right, .. }: Pair, last: Loud)
        (Pair { left: loud("left"), right: loud("right") }, loud("last")) [right.0] {
        Ok(format!("{}{}", right.0, last.0))
    }
    extractors (Path(id): Path<u8>, Path(body): Path<Loud>, Path(last): Path<Loud>)
        (Path(1), Path(loud("body")), Path(loud("last"))) [id] {
        Ok(format!("{}{}{}", last.0, body.0, id))
    }
    slice ([first, .., last]: [u8; 4], [mut x, y]: [Loud; 2])
        ([1, 2, 3, 4], [loud("x"), loud("y")]) [first * 2] {
        x.0.push('!');
        Ok(format!("{}{}{}{}", first, last, x.0, y.0))
    }
    name_and_more (all @ (part, _): (u8, u8), mut text @ _: String) ((1, 2), "t".to_owned()) [part] {
        text.push('!');
        Ok(format!("{:?}{}{}", all, part, text))
    }
    upper_case (A: Loud, B: Loud) (loud("a"), loud("b")) [B.0] {
        Ok(format!("{}{}", B.0, A.0))
    }
    generated_names (__arg0: u8, (a, _): (u8, Loud), __arg1: Loud) (1, (2, loud("b")), loud("c")) [a] {
        Ok(format!("{}{}{}", __arg0, a, __arg1.0))
    }
}
