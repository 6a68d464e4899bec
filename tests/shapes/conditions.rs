//! `#[cfg]` on parameters.

use super::super::{Answer, Error, Loud, block_on, call, loud};
use super::{block, circuit_breaker};

#[circuit_breaker]
fn kept(#[cfg(not(any()))] a: Loud, b: Loud) -> Answer {
    Ok(format!("{}{}", a.0, b.0))
}

#[circuit_breaker]
fn removed(#[cfg(any())] gone: Loud, a: Loud, b: Loud) -> Answer {
    #[cfg(any())]
    drop(gone);
    Ok(format!("{}{}", a.0, b.0))
}

#[circuit_breaker]
fn removed_pattern(#[cfg(any())] (gone, too): (Loud, Loud), a: Loud) -> Answer {
    #[cfg(any())]
    drop((gone, too));
    Ok(a.0.clone())
}

#[circuit_breaker]
fn kept_pattern(#[cfg(not(any()))] (_a, b): (Loud, Loud), c: Loud) -> Answer {
    Ok(format!("{}{}", b.0, c.0))
}

#[circuit_breaker]
async fn kept_pattern_later(#[cfg(not(any()))] (mut a, _): (Loud, Loud), c: Loud) -> Answer {
    a.0.push('!');
    Ok(format!("{}{}", a.0, c.0))
}

#[circuit_breaker]
async fn removed_later(#[cfg(any())] mut gone: Loud, a: Loud) -> Answer {
    #[cfg(any())]
    gone.0.push('!');
    Ok(a.0.clone())
}

#[circuit_breaker]
fn two_versions(#[cfg(any())] n: Loud, #[cfg(not(any()))] n: Vec<u8>, m: Loud) -> Answer {
    Ok(format!("{}{}", n.len(), m.0))
}

#[circuit_breaker(fallback = Ok(format!("{}", n.len())), fallback_on = any)]
fn two_versions_any(#[cfg(any())] n: Loud, #[cfg(not(any()))] n: Vec<u8>) -> Answer {
    Ok(format!("{}", n.len()))
}

#[circuit_breaker(key = n.len())]
async fn two_versions_key(#[cfg(any())] n: u8, #[cfg(not(any()))] mut n: Vec<u8>) -> Answer {
    n.push(1);
    Ok(format!("{}", n.len()))
}

#[circuit_breaker]
fn removed_by_attribute(#[cfg_attr(all(), cfg(any()))] _gone: Loud, a: Loud) -> Answer {
    Ok(a.0.clone())
}

#[circuit_breaker]
fn kept_by_attribute(#[cfg_attr(any(), cfg(any()))] kept: Loud, a: Loud) -> Answer {
    Ok(format!("{}{}", kept.0, a.0))
}

#[circuit_breaker]
fn only_allowed(#[cfg_attr(all(), allow(unused_variables))] a: Loud, b: Loud) -> Answer {
    Ok(b.0.clone())
}

fn cached(a: Loud) -> Answer {
    Ok(a.0.clone())
}

#[circuit_breaker(fallback = cached)]
fn path(#[cfg(any())] gone: u8, a: Loud) -> Answer {
    Ok(a.0.clone())
}

#[circuit_breaker(fallback = cached)]
async fn path_later(#[cfg(not(any()))] a: Loud, #[cfg(any())] gone: u8) -> Answer {
    Ok(a.0.clone())
}

#[circuit_breaker(fallback = |a| cached(a))]
fn closure(#[cfg(not(any()))] a: Loud) -> Answer {
    Ok(a.0.clone())
}

#[circuit_breaker(fallback = |a| cached(a), fallback_on = any)]
async fn closure_any(#[cfg(any())] gone: (), a: Loud) -> Answer {
    Ok(a.0.clone())
}

struct Receiver;

#[block]
impl Receiver {
    #[circuit_breaker]
    fn without(#[cfg(any())] self, a: Loud, b: Loud) -> Answer {
        Ok(format!("{}{}", a.0, b.0))
    }

    #[circuit_breaker(fallback = Err(Error::Open))]
    fn with(#[cfg(not(any()))] &self, #[cfg(any())] a: Loud, b: Loud) -> Answer {
        Ok(b.0.clone())
    }
}

pub fn run() {
    let pair = || (loud("1"), loud("2"));
    call("kept", || kept(loud("a"), loud("b")));
    call("removed", || removed(loud("a"), loud("b")));
    call("removed pattern", || removed_pattern(loud("a")));
    call("kept pattern", || kept_pattern(pair(), loud("c")));
    call("kept pattern later", || block_on(kept_pattern_later(pair(), loud("c"))));
    call("removed later", || block_on(removed_later(loud("a"))));
    call("two versions", || two_versions(vec![1], loud("m")));
    call("two versions, any", || two_versions_any(vec![1]));
    call("two versions, key", || block_on(two_versions_key(vec![1])));
    call("removed by attribute", || removed_by_attribute(loud("a")));
    call("kept by attribute", || kept_by_attribute(loud("a"), loud("b")));
    call("only allowed", || only_allowed(loud("a"), loud("b")));
    call("path", || path(loud("a")));
    call("path later", || block_on(path_later(loud("a"))));
    call("closure", || closure(loud("a")));
    call("closure, any", || block_on(closure_any(loud("a"))).map(|it| it.len()));
    call("without a receiver", || Receiver::without(loud("a"), loud("b")));
    call("with a receiver", || Receiver.with(loud("b")));
}
