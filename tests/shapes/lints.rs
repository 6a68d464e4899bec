//! Correct code in which a lint could see the attribute's own.

use std::fmt::Debug;

use super::super::{Answer, Error, Loud, Pair, Path, block_on, call, log, loud};
use super::{block, circuit_breaker};

#[circuit_breaker]
fn counts(mut n: u8) -> Answer {
    for _ in 0..3 {
        n += 1;
    }
    if n > 3 {
        n = 3;
    }
    Ok(format!("{}", n))
}

#[circuit_breaker]
fn writes(mut place: Box<u8>) -> Answer {
    *place = 2;
    Ok("written".to_owned())
}

#[circuit_breaker]
fn loops(mut next: Option<Box<u8>>) -> Answer {
    while let Some(it) = next.take() {
        if *it > 3 {
            next = Some(Box::new(*it - 1));
        }
    }
    Ok("looped".to_owned())
}

struct Link {
    next: Option<Box<Link>>,
}

#[block(max_concurrent = 3)]
impl Link {
    #[circuit_breaker]
    fn length(mut self) -> Answer {
        let mut count = 1;
        while let Some(next) = self.next.take() {
            self = *next;
            count += 1;
        }
        Ok(format!("{}", count))
    }
}

#[circuit_breaker]
async fn shorter_borrow(mut text: &str) -> Answer {
    let local = format!("{}!", text);
    text = &local;
    Ok(text.to_owned())
}

#[circuit_breaker]
async fn shorter_borrow_of_part((mut text, _): (&str, u8)) -> Answer {
    let local = format!("{}!", text);
    text = &local;
    Ok(text.to_owned())
}

#[circuit_breaker(key = host)]
fn only_the_key_uses(host: &str) -> Answer {
    Ok("key".to_owned())
}

#[circuit_breaker(key = host.0, fallback = Ok(other))]
fn only_options_use(host: Loud, Path(other): Path<String>, text: Loud) -> Answer {
    Ok(text.0.clone())
}

#[circuit_breaker(failure = Err(_) if strict)]
async fn only_the_guard_uses(strict: bool, _more: Loud) -> Answer {
    Ok("guard".to_owned())
}

fn first(a: Loud, _: Loud) -> Answer {
    Ok(a.0.clone())
}

#[circuit_breaker(fallback = first)]
fn only_the_path_uses(a: Loud, b: Loud) -> Answer {
    Ok("path".to_owned())
}

#[circuit_breaker(fallback = |n, _| Ok(n), fallback_on = any)]
fn clones(text: String, mut more: String) -> Answer {
    more.push_str(&text);
    Ok(more)
}

/// Where allowing a lint is an error.
mod forbidding {
    #![forbid(
        unused_variables,
        unused_braces,
        unused_parens,
        unreachable_code,
        unused_mut,
        clippy::all
    )]

    use super::{Answer, Loud, circuit_breaker};

    const KEPT: Result<u8, super::Error> = Ok(3);

    #[circuit_breaker(fallback = |text| Ok(text + "!"), fallback_on = any)]
    pub fn closure(text: String) -> Answer {
        Ok(text)
    }

    #[circuit_breaker(fallback = Ok(text), fallback_on = any)]
    pub async fn expression(text: String, mut more: String) -> Answer {
        more.push_str(&text);
        Ok(more)
    }

    #[circuit_breaker(fallback = { KEPT })]
    pub async fn constant() -> Result<u8, super::Error> {
        KEPT
    }

    fn cached(a: Loud, _: Loud) -> Answer {
        Ok(a.0.clone())
    }

    #[circuit_breaker(fallback = cached)]
    pub async fn path(a: Loud, mut b: Loud) -> Answer {
        b.0.push('!');
        Ok(format!("{}{}", a.0, b.0))
    }

    #[circuit_breaker(threshold = (3), recovery = ("3s"), key = (n), fallback = (Ok(n + 1)))]
    pub fn parentheses(n: u8) -> Result<u8, super::Error> {
        Ok(n)
    }
}

#[circuit_breaker(classify = |&()| circuit_runtime::Outcome::Success, fallback = ())]
fn unit() {
    log("unit");
}

#[circuit_breaker(classify = |&()| circuit_runtime::Outcome::Success, fallback = ())]
async fn unit_later() {
    log("unit");
}

#[circuit_breaker(classify = |&()| circuit_runtime::Outcome::Success, fallback = {})]
fn unit_in_braces() {
    log("unit");
}

#[circuit_breaker]
fn never_ends_well() -> Result<std::convert::Infallible, Error> {
    Err(Error::Down)
}

#[circuit_breaker]
fn loops_out() -> Answer {
    'outer: loop {
        for i in 0.. {
            if i > 3 {
                break 'outer Ok(format!("{}", i));
            }
        }
    }
}

#[circuit_breaker]
fn panics(n: u8) -> Answer {
    if n > 0 {
        return Ok("not yet".to_owned());
    }
    unreachable!()
}

#[must_use]
#[derive(Debug, Clone)]
struct Token(u8);

#[circuit_breaker(fallback = Ok(token), fallback_on = any)]
fn must_be_used(token: Token, other: Token) -> Result<Token, Error> {
    let Token(n) = other;
    Ok(Token(token.0 + n))
}

#[circuit_breaker]
fn lifetimes<'a>(text: &'a str, _other: &str) -> Result<&'a str, Error> {
    Ok(text)
}

#[circuit_breaker(fallback = list.first_mut().ok_or(Error::Down))]
fn exclusive(list: &mut [u8]) -> Result<&mut u8, Error> {
    list.last_mut().ok_or(Error::Down)
}

#[circuit_breaker]
async fn exclusive_later(list: &mut [u8]) -> Result<&mut u8, Error> {
    list.last_mut().ok_or(Error::Down)
}

#[circuit_breaker]
fn allowed(#[allow(unused_variables)] unused: Loud, b: Loud) -> Answer {
    Ok(b.0.clone())
}

#[circuit_breaker]
async fn expected(#[allow(unused_variables, unused_mut)] mut unused: Loud, b: Loud) -> Answer {
    Ok(b.0.clone())
}

pub fn run() {
    call("counts", || counts(1));
    call("writes", || writes(Box::new(1)));
    call("loops", || loops(Some(Box::new(5))));
    call("links", || Link { next: Some(Box::new(Link { next: None })) }.length());
    call("shorter", || block_on(shorter_borrow("a")));
    call("shorter part", || block_on(shorter_borrow_of_part(("a", 1))));
    call("key", || only_the_key_uses("a"));
    call("options", || only_options_use(loud("a"), Path("b".to_owned()), loud("c")));
    call("guard", || block_on(only_the_guard_uses(true, loud("a"))));
    call("path", || only_the_path_uses(loud("a"), loud("b")));
    call("clones", || clones("a".to_owned(), "b".to_owned()));
    forbid();
    unit();
    block_on(unit_later());
    unit_in_braces();
    call("never", never_ends_well);
    call("loops out", loops_out);
    call("panics", || panics(1));
    call("token", || must_be_used(Token(1), Token(2)));
    call("lifetimes", || lifetimes("a", "b"));
    call("exclusive", || exclusive(&mut [1, 2]).map(|it| *it));
    call("exclusive later", || block_on(exclusive_later(&mut [1, 2])).map(|it| *it));
    call("allowed", || allowed(loud("a"), loud("b")));
    call("expected", || block_on(expected(loud("a"), loud("b"))));
    let _unused: Option<(Pair, &dyn Debug)> = None;
}

fn forbid() {
    call("closure", || forbidding::closure("a".to_owned()));
    call("expression", || block_on(forbidding::expression("a".to_owned(), "b".to_owned())));
    call("constant", || block_on(forbidding::constant()));
    call("path", || block_on(forbidding::path(loud("a"), loud("b"))));
    call("parentheses", || forbidding::parentheses(1));
}
