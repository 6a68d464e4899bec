//! When what is dropped.

use std::fmt::Display;
use std::future::Future;

use super::super::{Answer, Error, Loud, Pair, block_on, call, log, loud};
use super::{block, circuit_breaker, open};

#[circuit_breaker]
fn moves_part(a: (Loud, Loud), b: (Loud, Loud)) -> Answer {
    drop(b.0);
    drop(a.1);
    log("end");
    Ok("moved".to_owned())
}

#[circuit_breaker]
async fn moves_part_later(a: (Loud, Loud), b: (Loud, Loud)) -> Answer {
    drop(b.0);
    drop(a.1);
    log("end");
    Ok("moved".to_owned())
}

#[circuit_breaker]
fn moves_one_at_times(a: Loud, b: Loud, moves: bool) -> Answer {
    if moves {
        drop(a);
    }
    log("end");
    Ok(b.0.clone())
}

#[circuit_breaker]
fn replaces(mut a: Loud, b: Loud) -> Answer {
    log(&*a.0);
    a = loud("new");
    Ok(format!("{}{}", a.0, b.0))
}

#[circuit_breaker]
async fn replaces_later(mut a: Loud, b: Loud) -> Answer {
    log(&*a.0);
    a = loud("new");
    Ok(format!("{}{}", a.0, b.0))
}

#[circuit_breaker]
fn generic<T: Display, U: AsRef<str>>(
    a: T,
    b: U,
    c: impl Display,
    d: Box<dyn Fn() -> u8>,
    e: Loud,
) -> Answer {
    let first = format!("{}{}", c, b.as_ref());
    Ok(format!("{}{}{}{}", first, d(), a, e.0))
}

struct Shown(Loud);

impl Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&(self.0).0)
    }
}

impl AsRef<str> for Shown {
    fn as_ref(&self) -> &str {
        &(self.0).0
    }
}

#[circuit_breaker]
fn returns_one(a: Loud, _b: Loud) -> Result<Loud, Error> {
    let _local = loud("local");
    Ok(a)
}

#[circuit_breaker]
fn leaves_early(a: Loud, b: Loud) -> Answer {
    let _local = loud("local");
    if b.0 == "b" {
        return Err(Error::Down);
    }
    Ok(a.0.clone())
}

#[circuit_breaker]
fn asks(a: Loud, b: Loud) -> Answer {
    let text = Err(Error::Code((a.0.len() + b.0.len()) as u16))?;
    Ok(text)
}

#[circuit_breaker]
async fn waits(a: Loud, mut b: Loud, (c, _): (Loud, Loud), d: Loud, never: bool) -> Answer {
    b.0.push('!');
    let _local = loud("local");
    if never {
        std::future::pending::<()>().await;
    }
    Ok(format!("{}{}{}{}", a.0, b.0, c.0, d.0))
}

struct Holder {
    inner: Loud,
}

#[block(name = concat!(module_path!(), "::holder"))]
impl Holder {
    #[circuit_breaker]
    fn value(self, a: Loud, b: Loud) -> Answer {
        Ok(format!("{}{}{}", b.0, a.0, self.inner.0))
    }

    #[circuit_breaker]
    fn value_changes(mut self, mut a: Loud, b: Loud) -> Answer {
        a.0.push('!');
        self.inner.0.push('!');
        Ok(format!("{}{}{}", b.0, a.0, self.inner.0))
    }

    #[circuit_breaker]
    fn gives_itself(mut self, a: Loud) -> Result<Self, Error> {
        self.inner.0.push_str(&a.0);
        Ok(self)
    }

    #[circuit_breaker]
    async fn gives_part(mut self, _a: Loud, b: Loud) -> Result<Loud, Error> {
        self.inner.0.push_str(&b.0);
        Ok(self.inner)
    }

    #[circuit_breaker]
    fn boxed(self: Box<Self>, a: Loud) -> Answer {
        Ok(format!("{}{}", a.0, self.inner.0))
    }

    #[circuit_breaker]
    fn unused(self, a: Loud, b: Loud) -> Answer {
        Ok(format!("{}{}", a.0, b.0))
    }
}

#[circuit_breaker(name = concat!(module_path!(), "::same"), fallback = {
    let _local = loud("local");
    drop(b);
    Ok(format!("{}{}", a.0, pair.left.0))
})]
fn same((a, _): (Loud, Loud), b: Loud, pair: Pair, _: Loud) -> Answer {
    let _local = loud("local");
    drop(b);
    Ok(format!("{}{}", a.0, pair.left.0))
}

#[circuit_breaker(name = concat!(module_path!(), "::same_later"), fallback = {
    let _local = loud("local");
    drop(b);
    Ok(format!("{}{}", a.0, pair.left.0))
})]
async fn same_later((a, _): (Loud, Loud), mut b: Loud, pair: Pair, _: Loud) -> Answer {
    let _local = loud("local");
    b.0.push('!');
    b.0.pop();
    drop(b);
    Ok(format!("{}{}", a.0, pair.left.0))
}

/// Of a struct that drops itself, a pattern can only copy.
struct Counted(u8, Option<Loud>);

impl Drop for Counted {
    fn drop(&mut self) {
        log(format!("drop counted {}", self.0));
    }
}

#[circuit_breaker]
fn copies_out(Counted(n, _): Counted, a: Loud, Counted(m, ref b): Counted) -> Answer {
    Ok(format!("{}{}{}{:?}", n, m, a.0, b))
}

#[circuit_breaker(failure = Err(_) if { log("judge"); true })]
fn judged(a: Loud, b: Loud) -> Result<Loud, Error> {
    let _local = (&a, loud("local"));
    drop(b);
    Ok(loud("returned"))
}

fn cancel<T>(future: impl Future<Output = T>) {
    block_on(async {
        tokio::select! {
            biased;
            _ = future => {}
            () = async {} => {}
        }
    });
}

pub fn run() {
    let pair = || (loud("1"), loud("2"));
    let holder = || Holder { inner: loud("self") };
    let both = || Pair { left: loud("left"), right: loud("right") };
    call("moves part", || moves_part(pair(), (loud("3"), loud("4"))));
    call("moves part later", || block_on(moves_part_later(pair(), (loud("3"), loud("4")))));
    call("moves", || moves_one_at_times(loud("a"), loud("b"), true));
    call("does not move", || moves_one_at_times(loud("a"), loud("b"), false));
    call("replaces", || replaces(loud("a"), loud("b")));
    call("replaces later", || block_on(replaces_later(loud("a"), loud("b"))));
    call("generic", || {
        let held = loud("d");
        let count = move || held.0.len() as u8;
        let shown = |name| Shown(loud(name));
        generic(shown("a"), shown("b"), shown("c"), Box::new(count), loud("e"))
    });
    call("returns one", || returns_one(loud("a"), loud("b")));
    call("leaves early", || leaves_early(loud("a"), loud("b")));
    call("asks", || asks(loud("a"), loud("b")));
    call("waits", || block_on(waits(loud("a"), loud("b"), pair(), loud("d"), false)));
    call("cancelled", || cancel(waits(loud("a"), loud("b"), pair(), loud("d"), true)));
    call("never polled", || drop(waits(loud("a"), loud("b"), pair(), loud("d"), true)));
    call("value", || holder().value(loud("a"), loud("b")));
    call("value changes", || holder().value_changes(loud("a"), loud("b")));
    call("gives itself", || holder().gives_itself(loud("a")).map(|it| it.inner.0.clone()));
    call("gives part", || block_on(holder().gives_part(loud("a"), loud("b"))));
    call("boxed", || Box::new(holder()).boxed(loud("a")));
    call("self unused", || holder().unused(loud("a"), loud("b")));
    for _ in 0..2 {
        call("same", || same(pair(), loud("b"), both(), loud("last")));
        call("same later", || block_on(same_later(pair(), loud("b"), both(), loud("last"))));
        open(concat!(module_path!(), "::same"));
        open(concat!(module_path!(), "::same_later"));
    }
    call("copies out", || copies_out(Counted(1, None), loud("a"), Counted(2, Some(loud("b")))));
    drop(judged(loud("a"), loud("b")));
}
