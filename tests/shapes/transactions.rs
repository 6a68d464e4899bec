//! A value that only its `Drop` reads, written to by those who take it.

use super::super::{Answer, Error, Path, block_on, call, log};
use super::{block, circuit_breaker};

/// Rolls back unless it is done, which only its `Drop` reads.
struct Transaction {
    done: bool,
    steps: Vec<u8>,
}

#[block(key = 1)]
impl Transaction {
    fn begin() -> Self {
        Transaction { done: false, steps: Vec::new() }
    }

    #[circuit_breaker]
    fn finish(mut self) -> Answer {
        self.done = true;
        Ok("finished".to_owned())
    }

    #[circuit_breaker]
    async fn finish_later(mut self) -> Answer {
        self.done = true;
        Ok("finished".to_owned())
    }

    #[circuit_breaker(fallback = Err(Error::Open))]
    fn finish_with(mut self, other: Transaction, n: u8) -> Answer {
        self.done = other.steps.is_empty();
        Ok(format!("{}", n))
    }

    #[circuit_breaker(key = n, fallback = |_, n| Ok(format!("{}", n)))]
    async fn finish_with_later(mut self, mut other: Transaction, n: u8) -> Answer {
        other.done = true;
        self.done = true;
        Ok(format!("{}", n))
    }

    #[circuit_breaker]
    fn push(mut self, step: u8) -> Result<Self, Error> {
        self.steps.push(step);
        Ok(self)
    }

    #[circuit_breaker]
    fn finish_or_give(mut self, give: bool) -> Answer {
        if give {
            return self.push(1).map(|_| "given".to_owned());
        }
        self.done = true;
        Ok("finished".to_owned())
    }

    #[circuit_breaker]
    async fn finish_or_give_later(mut self, give: bool) -> Answer {
        if give {
            drop(self);
            return Ok("dropped".to_owned());
        }
        self.done = true;
        Ok("finished".to_owned())
    }

    #[circuit_breaker]
    fn finish_boxed(mut self: Box<Self>) -> Answer {
        self.done = true;
        Ok("boxed".to_owned())
    }

    #[circuit_breaker]
    fn finish_borrowed(&mut self) -> Answer {
        self.done = true;
        Ok("borrowed".to_owned())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        log(if self.done { "kept" } else { "rolled back" });
    }
}

/// Without a `Drop`, and with a part to be moved.
struct Steps {
    done: bool,
    steps: Vec<u8>,
}

impl Steps {
    #[circuit_breaker]
    fn finish_or_give(mut self, give: bool) -> Answer {
        if give {
            for step in self.steps {
                log(format!("step {}", step));
            }
            return Ok(format!("{}", self.done));
        }
        self.done = true;
        Ok("finished".to_owned())
    }
}

#[circuit_breaker]
fn finishes(mut it: Transaction) -> Answer {
    it.done = true;
    Ok("finished".to_owned())
}

#[circuit_breaker]
async fn finishes_later(mut it: Transaction) -> Answer {
    it.done = true;
    Ok("finished".to_owned())
}

#[circuit_breaker]
fn finishes_part((mut it, _): (Transaction, u8)) -> Answer {
    it.done = true;
    Ok("finished".to_owned())
}

#[circuit_breaker]
async fn finishes_part_later((mut it, _): (Transaction, u8), Path(n): Path<u8>) -> Answer {
    it.done = true;
    Ok(format!("{}", n))
}

fn rolled_back(_: Transaction) -> Answer {
    Ok("rolled back".to_owned())
}

#[circuit_breaker(fallback = rolled_back)]
fn finishes_or_path(mut it: Transaction) -> Answer {
    it.done = true;
    Ok("finished".to_owned())
}

#[circuit_breaker(fallback = rolled_back)]
async fn finishes_or_path_later(mut it: Transaction) -> Answer {
    it.done = true;
    Ok("finished".to_owned())
}

#[circuit_breaker(fallback = |it| rolled_back(it))]
fn finishes_or_closure(mut it: Transaction) -> Answer {
    it.done = true;
    Ok("finished".to_owned())
}

#[circuit_breaker(fallback = rolled_back(it))]
fn finishes_or_call(mut it: Transaction) -> Answer {
    it.done = true;
    Ok("finished".to_owned())
}

pub fn run() {
    let done = || Transaction { done: true, steps: Vec::new() };
    call("finish", || Transaction::begin().finish());
    call("finish later", || block_on(Transaction::begin().finish_later()));
    call("finish with", || Transaction::begin().finish_with(done(), 1));
    call("finish with later", || block_on(Transaction::begin().finish_with_later(done(), 1)));
    call("push", || Transaction::begin().push(1).map(|it| it.steps.len()));
    call("give", || Transaction::begin().finish_or_give(true));
    call("don't give", || Transaction::begin().finish_or_give(false));
    let steps = || Steps { done: false, steps: vec![1] };
    call("give steps", || steps().finish_or_give(true));
    call("don't give steps", || steps().finish_or_give(false));
    call("give later", || block_on(Transaction::begin().finish_or_give_later(true)));
    call("don't give later", || block_on(Transaction::begin().finish_or_give_later(false)));
    call("boxed", || Box::new(Transaction::begin()).finish_boxed());
    call("borrowed", || Transaction::begin().finish_borrowed());
    call("finishes", || finishes(Transaction::begin()));
    call("finishes later", || block_on(finishes_later(Transaction::begin())));
    call("part", || finishes_part((Transaction::begin(), 1)));
    call("part later", || block_on(finishes_part_later((Transaction::begin(), 1), Path(2))));
    call("or path", || finishes_or_path(Transaction::begin()));
    call("or path later", || block_on(finishes_or_path_later(Transaction::begin())));
    call("or closure", || finishes_or_closure(Transaction::begin()));
    call("or call", || finishes_or_call(Transaction::begin()));
}
