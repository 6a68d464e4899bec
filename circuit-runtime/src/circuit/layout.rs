//! Which parts of a circuit share a cache line. Nothing depends on it but what a call costs while other threads call, which
//! the counts of instructions can't tell.

use std::mem::offset_of;

use super::*;

/// The bytes of a cache line.
const LINE: usize = 64;

/// Where `inner` is, behind the lock itself.
fn behind_the_lock(offset: usize) -> usize {
    // A mutex ends with its data, whose type may have no size known to the compiler.
    offset_of!(Locked, inner) + size_of::<Mutex<Inner>>() - size_of::<Inner>() + offset
}

#[test]
fn threads_that_wait_for_the_lock_or_note_outcomes_leave_the_machine_alone() {
    let machine = behind_the_lock(offset_of!(Inner, machine));
    let end = machine + size_of::<Machine>();
    // They read the lock until it is free. Its holder writes to the machine meanwhile.
    assert!(machine >= LINE, "the machine is beside the lock: {machine}");
    // They exchange this word. Failures on two threads took three times as long once, with the machine beside it.
    let pending = offset_of!(Locked, pending);
    assert!(
        pending / LINE > (end - 1) / LINE,
        "the machine ends at {end}, and {pending} is beside it"
    );
    // What is beside it is written for a transition, or less often.
    assert!(behind_the_lock(offset_of!(Inner, recent)) >= end);
    assert_eq!(align_of::<Locked>(), LINE);
}

#[test]
#[cfg(target_os = "linux")]
fn the_part_of_a_key_s_circuit_behind_the_lock_is_six_cache_lines() {
    assert_eq!(size_of::<Locked>(), 6 * LINE);
}
