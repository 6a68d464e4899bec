//! Upper-case names alone in a pattern: each has to be there, and may be anything that a pattern names.
#![deny(warnings, unused, nonstandard_style, unused_qualifications)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

mod status {
    #[derive(PartialEq, Eq)]
    pub enum Status {
        Fine,
        NotFound,
        Other(Option<u8>),
    }
}

use status::Status::{self, *};

pub struct Unit;

pub const LIMIT: u8 = 3;
pub const STOPPED: &Status = &Fine;

pub struct E(pub Option<u8>);

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E(None)
    }
}

#[circuit_breaker(failure = NotFound, fallback = { Fine })]
pub fn glob_import() -> Status {
    NotFound
}

#[circuit_breaker(failure = | Fine | NotFound | Other(None | Some(LIMIT)), fallback = { Fine })]
pub async fn several() -> Status {
    Other(None)
}

#[circuit_breaker(failure = Unit, fallback = { Unit })]
pub fn unit_struct() -> Unit {
    Unit
}

#[circuit_breaker(failure = STOPPED, fallback = { Fine })]
pub fn constant() -> Status {
    Fine
}

#[circuit_breaker(failure = None, fallback = value)]
pub fn generic<T>(value: Option<T>) -> Option<T> {
    value
}

#[circuit_breaker(failure = Err(E(None)), ignore = Err(E(Some(LIMIT))) | Ok([LIMIT, ..]))]
pub fn inside() -> Result<[u8; 2], E> {
    Ok([LIMIT, 0])
}

#[circuit_breaker(failure = Err(whole @ E(None)) if whole.0.is_none())]
pub fn behind_a_binding() -> Result<(), E> {
    Ok(())
}

macro_rules! guarded {
    ($name:ident, $failure:ident, $ignore:pat) => {
        #[circuit_breaker(failure = $failure, ignore = $ignore, fallback = { Fine })]
        pub fn $name() -> Status {
            NotFound
        }
    };
}

guarded!(from_macro, NotFound, Fine);

pub fn local() {
    const HERE: &Status = &NotFound;
    #[circuit_breaker(failure = HERE, fallback = { Fine })]
    fn local() -> Status {
        NotFound
    }
    local();
}

fn main() {
    glob_import();
    drop(several());
    unit_struct();
    constant();
    generic(Some(1));
    let _ = inside();
    let _ = behind_a_binding();
    from_macro();
    local();
}
