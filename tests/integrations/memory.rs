//! Memory doesn't grow with the keys that have come and gone, whether or not somebody records them.

#[path = "../live_memory/mod.rs"]
mod live_memory;

use circuit_runtime::{circuit_breaker, metrics};
use live_memory::live;

#[circuit_breaker(name = "many", key = number, max_keys = 10)]
fn call(number: u32) -> std::io::Result<()> {
    Ok(())
}

/// `publish_with_keys` keeps what at most 1,000 gone keys have counted until it is called next.
#[test]
fn keys_that_are_gone_leave_nothing_behind_where_nobody_records() {
    let see = |numbers: std::ops::Range<u32>| {
        for number in numbers {
            call(number).unwrap();
            if number % 100 == 0 {
                metrics::publish_with_keys();
            }
        }
    };
    see(0..20_000);
    let before = live();
    see(20_000..220_000);
    let more = live().saturating_sub(before);
    assert!(more < 256 * 1024, "200,000 keys left {more} bytes behind");
}
