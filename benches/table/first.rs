//! The first call of an annotated function, which lists its circuit and makes the thread's row of counters.

use std::hint::black_box;
use std::time::Instant;

use circuit_runtime::circuit_breaker;

use crate::measure::{Measured, median};
use crate::plain::{Answer, succeed};
use crate::{ATTRIBUTE, rows};

macro_rules! functions {
    ($($name:ident)*) => {
        [$({
            #[circuit_breaker]
            #[inline(never)]
            fn $name(number: u64) -> Answer {
                succeed(number)
            }
            $name as fn(u64) -> Answer
        }),*]
    };
}

/// Each function has one first call in a process: the median over many functions.
pub(crate) fn measure() -> Measured {
    let functions = functions! {
        a0 a1 a2 a3 a4 a5 a6 a7 b0 b1 b2 b3 b4 b5 b6 b7 c0 c1 c2 c3 c4 c5 c6 c7 d0 d1 d2 d3 d4 d5 d6 d7
        e0 e1 e2 e3 e4 e5 e6 e7 f0 f1 f2 f3 f4 f5 f6 f7 g0 g1 g2 g3 g4 g5 g6 g7 h0 h1 h2 h3 h4 h5 h6 h7
    };
    let mut samples = functions.map(|function| {
        let start = Instant::now();
        let _ = black_box(function(black_box(1)));
        start.elapsed().as_nanos() as f64
    });
    Measured { row: rows::FIRST, column: ATTRIBUTE, threads: 1, nanos: median(&mut samples) }
}
