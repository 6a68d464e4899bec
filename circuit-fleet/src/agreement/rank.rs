//! Who may act first: an order among the instances that each works out for itself.

use super::Millis;

/// An instance's rank for one probe of an opening, below `live`. The instances take turns: whoever is first for this probe is
/// last for the next.
pub(super) fn rank(place: u32, probe: u64, live: u32) -> u64 {
    let live = u64::from(live.max(1));
    (u64::from(place) % live + live - probe % live) % live
}

/// When an instance of this rank may act, from when the first may: the first `width` ranks at once, twice as many more
/// after each step. With a width of 1: rank 0, 1 and 2, 3 to 6, ...
pub(super) fn delay(rank: u64, width: u64, step: Millis) -> Millis {
    let times = rank / width.max(1) + 1;
    Millis::from(times.ilog2()).saturating_mul(step)
}

/// How many ranks may act at once so that about one of them has a call within a step.
///
/// An instance works it out from its own calls alone. If it has one in a step or more, one rank will do: whoever it is soon has a
/// call. If it has one in a hundred steps, a hundred ranks are needed, and it hinders nobody if it is one of them.
pub(super) fn width(calls_a_second: f64, step: Millis) -> u64 {
    #[expect(clippy::cast_precision_loss, reason = "some seconds")]
    let calls = calls_a_second * step as f64 / 1_000.0;
    if calls >= 1.0 {
        return 1;
    }
    // Saturates, if there are no calls at all.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let width = (1.0 / calls) as u64;
    width.max(1)
}

/// A number that looks like chance. The finalizer of `SplitMix64`: each bit of the input changes half of the output's.
pub(super) fn mix(input: u64) -> u64 {
    let mixed = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_many_ranks_may_act_after_each_step() {
        let delays: Vec<Millis> = (0..8).map(|rank| delay(rank, 1, 700)).collect();
        assert_eq!(delays, [0, 700, 700, 1_400, 1_400, 1_400, 1_400, 2_100]);
        assert_eq!([3, 4, 11, 12].map(|rank| delay(rank, 4, 250)), [0, 250, 250, 500]);
        assert_eq!(delay(999, u64::MAX, 250), 0);
    }

    #[test]
    fn about_one_of_the_first_ranks_has_a_call_within_a_step() {
        assert_eq!([100.0, 2.0, 1.0, 0.1].map(|calls| width(calls, 700)), [1, 1, 1, 14]);
        assert_eq!(width(0.0, 700), u64::MAX);
    }

    #[test]
    fn each_rank_is_taken_once_and_each_instance_is_first_in_its_turn() {
        for probe in 0..12 {
            let mut ranks: Vec<u64> = (0..5).map(|place| rank(place, probe, 5)).collect();
            assert_eq!(ranks.iter().position(|rank| *rank == 0), Some((probe % 5) as usize));
            ranks.sort_unstable();
            assert_eq!(ranks, [0, 1, 2, 3, 4]);
        }
        assert_eq!(rank(0, 7, 3) + 1, 3);
        assert_eq!(rank(9, 7, 0), 0);
    }
}
