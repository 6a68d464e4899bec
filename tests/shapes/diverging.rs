//! Bodies and fallbacks that never give anything.

use super::super::{Answer, Error, block_on, call};
use super::circuit_breaker;

fn dies() -> ! {
    std::process::exit(3)
}

fn dies_with(_: u8) -> ! {
    dies()
}

#[circuit_breaker(fallback = return Err(Error::Down))]
fn returns(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = return Err(Error::Down))]
async fn returns_later(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = dies())]
fn calls(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = dies())]
async fn calls_later(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = dies_with)]
fn path(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = dies_with)]
async fn path_later(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = |n| dies_with(n))]
fn closure(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = |n| dies_with(n))]
async fn closure_later(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = loop {})]
fn forever(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = loop {})]
async fn forever_later(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = { panic!("open") })]
fn panics(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = panic!("open"))]
async fn panics_later(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = |_| todo!())]
async fn to_be_done(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = match n { 1 => return Err(Error::Down), _ => return Err(Error::Open) })]
fn matches(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = match n { 1 => return Err(Error::Down), _ => return Err(Error::Open) })]
async fn matches_later(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = dies(), fallback_on = any)]
async fn any(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = return Err(Error::Down), fallback_on = any)]
fn any_returns(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = { if n > 3 { return Err(Error::Down); } dies() })]
async fn returns_or_dies_later(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = if n > 3 { return Err(Error::Down) } else { std::process::exit(3) })]
async fn returns_or_exits_later(n: u8) -> Answer {
    Ok(format!("{}", n))
}

#[circuit_breaker(fallback = |n| { if n > 3 { return Err(Error::Down); } std::process::abort() })]
async fn closure_or_aborts_later(n: u8) -> Answer {
    Ok(format!("{}", n))
}

pub fn run() {
    call("returns", || returns(1));
    call("calls", || calls(1));
    call("path", || path(1));
    call("closure", || closure(1));
    call("forever", || forever(1));
    call("panics", || panics(1));
    call("matches", || matches(1));
    call("any returns", || any_returns(1));
    block_on(async {
        let _answers = (returns_later(1).await, calls_later(1).await);
        let _answers = (path_later(1).await, closure_later(1).await);
        let _answers = (forever_later(1).await, panics_later(1).await);
        let _answers = (to_be_done(1).await, matches_later(1).await);
        let _answers = (any(1).await, returns_or_dies_later(1).await);
        let _answers = (returns_or_exits_later(1).await, closure_or_aborts_later(1).await);
    });
}
