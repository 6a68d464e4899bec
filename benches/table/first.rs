//! The first call of an annotated function, which lists its circuit and makes the thread's row of counters.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use circuit_runtime::circuit_breaker;

use crate::measure::{Measured, median};
use crate::plain::{Answer, succeed};
use crate::{ALONE, ATTRIBUTE, rows};

/// 64 functions, each made by a macro of this name.
macro_rules! functions {
    ($function:ident) => {
        functions!($function
            a0 a1 a2 a3 a4 a5 a6 a7 b0 b1 b2 b3 b4 b5 b6 b7 c0 c1 c2 c3 c4 c5 c6 c7 d0 d1 d2 d3 d4 d5 d6 d7
            e0 e1 e2 e3 e4 e5 e6 e7 f0 f1 f2 f3 f4 f5 f6 f7 g0 g1 g2 g3 g4 g5 g6 g7 h0 h1 h2 h3 h4 h5 h6 h7
        )
    };
    ($function:ident $($name:ident)*) => {
        [$({
            $function!($name);
            $name as fn(u64) -> Answer
        }),*]
    };
}

macro_rules! annotated {
    ($name:ident) => {
        #[circuit_breaker]
        #[inline(never)]
        fn $name(number: u64) -> Answer {
            succeed(number)
        }
    };
}

/// As large as the counters of a circuit for one thread.
type Counters = OnceLock<Box<[AtomicU64; 16]>>;

static LISTED: Mutex<Vec<&Counters>> = Mutex::new(Vec::new());

macro_rules! by_hand {
    ($name:ident) => {
        #[inline(never)]
        fn $name(number: u64) -> Answer {
            static COUNTERS: Counters = OnceLock::new();
            let answer = succeed(number);
            let counters = COUNTERS.get_or_init(|| {
                LISTED.lock().expect("nobody panics").push(&COUNTERS);
                Box::default()
            });
            counters[0].fetch_add(1, Ordering::Relaxed);
            answer
        }
    };
}

/// Each function has one first call in a process: the median over many functions.
pub(crate) fn measure() -> [Measured; 2] {
    let firsts = |functions: [fn(u64) -> Answer; 64]| {
        median(&mut functions.map(|function| {
            let start = Instant::now();
            let _ = black_box(function(black_box(1)));
            start.elapsed().as_nanos() as f64
        }))
    };
    let of = |row, column, nanos| Measured { row, column, threads: 1, nanos };
    [
        of(rows::FIRST, ATTRIBUTE, firsts(functions!(annotated))),
        of(rows::LEAST_FIRST, ALONE, firsts(functions!(by_hand))),
    ]
}
