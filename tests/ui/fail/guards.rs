//! Guards that use a `&mut` parameter where the body can't give it back.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

struct List {
    strict: bool,
    items: Vec<u8>,
}


impl List {
    fn is_strict(&self) -> bool {
        self.strict
    }

    #[circuit_breaker(failure = Err(_) if self.is_strict())]
    fn first(&mut self) -> Result<&mut u8, E> {
        self.items.first_mut().ok_or(E)
    }

    #[circuit_breaker(ignore = Err(_) if check(self), failure = Err(_) if self.strict)]
    async fn first_later(&mut self, other: &str) -> Result<(&u8, usize), E> {
        Ok((self.items.first().ok_or(E)?, other.len()))
    }

    #[circuit_breaker(failure = Err(_) if other.is_empty())]
    fn named<'a>(&mut self, other: &'a mut Vec<u8>) -> Result<Option<&'a u8>, E> {
        self.strict = true;
        Ok(other.first())
    }

    #[circuit_breaker(failure = Err(_) if other.is_empty())]
    fn taken_apart(&mut self, (other, n): (&mut Vec<u8>, u8)) -> Result<(), E> {
        self.strict = true;
        other.push(n);
        Ok(())
    }

    #[circuit_breaker(classify = |_| judge(a))]
    fn default_binding((a, b): &mut (u8, u8)) -> Result<(), E> {
        std::mem::swap(a, b);
        Ok(())
    }

    #[circuit_breaker(failure = Err(_) if self.strict)]
    fn given_away(&mut self) -> Result<(), E> {
        std::convert::identity(self).strict = false;
        Ok(())
    }

    #[circuit_breaker(failure = Err(_) if self.strict)]
    async fn given_away_later(&mut self) -> Result<(), E> {
        std::convert::identity(self).strict = false;
        Ok(())
    }

    #[circuit_breaker(failure = Err(_) if self.items.is_empty())]
    fn same_field(&mut self) -> Result<&mut u8, E> {
        self.items.first_mut().ok_or(E)
    }

    #[circuit_breaker(failure = Err(_) if self.is_strict())]
    fn hidden(&mut self) -> Result<std::slice::IterMut<u8>, E> {
        Ok(self.items.iter_mut())
    }

    #[circuit_breaker(failure = Err(_) if list.is_empty())]
    fn by_value(list: Vec<u8>) -> Result<(), E> {
        drop(list);
        Ok(())
    }
}

fn check(_: &List) -> bool {
    true
}

fn judge(_: &u8) -> circuit_runtime::Outcome {
    circuit_runtime::Outcome::Success
}

fn main() {}
