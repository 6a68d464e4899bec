//! The buckets, as one thread and as many use them.

use super::*;
use crate::primitives::per_thread::FIRST;

#[test]
fn a_bucket_that_is_full_stays_so() {
    let sharded = ShardedBuckets::new();
    let moment = Moment::default();
    sharded.place(0, Span { origin: moment.exact(), width: Nanos::MAX, reached: 0 });
    assert!(sharded.count(0, &moment).is_some());
    for shard in sharded.shards.iter() {
        shard.buckets[0].store(COUNT - 1, Ordering::Relaxed);
    }
    for _ in 0..3 {
        assert!(sharded.count(0, &moment).is_some());
        let mut seen = Vec::new();
        sharded.each(0, 0, |number, successes| {
            seen.extend((successes > 0).then_some((number, successes)));
        });
        assert!(seen.contains(&(0, COUNT)), "{seen:?}");
    }
}

#[test]
fn a_success_counts_in_the_period_that_was_placed_and_while_its_placement_holds() {
    let (sharded, moment) = (ShardedBuckets::new(), Moment::default());
    let span = Span { origin: moment.exact(), width: Nanos::MAX, reached: 0 };
    assert!(sharded.count(0, &moment).is_none(), "not placed yet");
    for epoch in [0, 3] {
        sharded.place(epoch, span);
        assert!(sharded.count(epoch, &moment).is_some());
        assert!([1, 2].iter().all(|later| sharded.count(epoch + later, &moment).is_none()));
        sharded.forget();
        assert!(sharded.count(epoch, &moment).is_none(), "taken over");
        sharded.each(epoch, 0, |_, successes| panic!("{successes} are given twice"));
    }
}

/// A bucket of a millisecond has the number 2^32 after 49.7 days.
#[test]
fn numbers_of_buckets_go_on_beyond_the_bits_that_are_kept() {
    for end in [1_u64 << 16, 1 << 32, 1 << 50] {
        let (sharded, moment) = (ShardedBuckets::new(), Moment::default());
        let now = moment.exact();
        sharded.place(0, Span { origin: now, width: 1, reached: 0 });
        assert!(sharded.count(0, &Moment::at(now + end - 3)).is_some());
        assert!(sharded.count(0, &Moment::at(now + end + 2)).is_some());
        let mut seen = Vec::new();
        let mut look = |reached| {
            seen.clear();
            sharded.each(0, reached, |number, successes| {
                seen.extend((successes > 0).then_some(number));
            });
            seen.sort_unstable();
            seen.clone()
        };
        assert_eq!(look(end + 2), [end - 3, end + 2]);
        assert_eq!(look(end + 7), [end + 2]);
        assert!(look(end + 12).is_empty());
        assert!(look(end + 2 + (1 << 16)).is_empty(), "the same bits");
    }
}

#[test]
fn a_shard_begins_a_period_with_every_bucket_empty() {
    let (sharded, moment) = (ShardedBuckets::new(), Moment::default());
    let span = Span { origin: moment.exact(), width: 1, reached: 0 };
    for epoch in [0, 1] {
        sharded.place(epoch, span);
        for number in 0..10 {
            assert!(sharded.count(epoch, &Moment::at(span.origin + number)).is_some());
            let mut counted = 0;
            sharded.each(epoch, number, |_, successes| counted += successes);
            assert_eq!(counted, number + 1, "in the period {epoch}");
        }
    }
}

#[test]
fn a_shard_turns_when_its_bucket_ends_and_not_before() {
    let (sharded, moment) = (ShardedBuckets::new(), Moment::default());
    let (now, width) = (moment.exact(), 1_000_000_000);
    sharded.place(0, Span { origin: now - 5 * width, width, reached: 5 });
    assert!(sharded.count(0, &moment).is_some());
    let shard = sharded.shards.get_or_make(Shard::default).expect("this thread has counted");
    assert_eq!(shard.current.load(Ordering::Relaxed), 5);
    assert_eq!(shard.ends.load(Ordering::Relaxed), now + width);
}

#[test]
fn a_thread_counts_on_by_a_glance_in_its_bucket_and_in_its_period_only() {
    // So many at once that some are the first ones, whatever threads other tests have.
    let barrier = std::sync::Barrier::new(100);
    let one = || {
        barrier.wait();
        let first = std::panic::catch_unwind(counts_on_by_a_glance);
        barrier.wait();
        first.unwrap()
    };
    let first = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..100).map(|_| scope.spawn(one)).collect();
        threads.into_iter().filter_map(|one| one.join().unwrap().then_some(())).count()
    });
    assert!((1..=FIRST as usize).contains(&first), "{first}");
}

/// False: this thread is none of the first ones.
fn counts_on_by_a_glance() -> bool {
    let (sharded, moment) = (ShardedBuckets::new(), Moment::default());
    let (now, width) = (moment.exact(), 1_000_000_000);
    sharded.place(0, Span { origin: now - 5 * width, width, reached: 5 });
    let shard = |epoch| sharded.shard(epoch, Thread::here());
    assert!(shard(0).is_none(), "it hasn't counted yet");
    assert!(sharded.count(0, &moment).is_some());
    if sharded.shards.get_first(Thread::here()).is_none() {
        return false;
    }
    let first = shard(0).expect("it has counted");
    assert!(sharded.is_coarse());
    assert!(first.try_count(now) && first.try_count(now + width - 1));
    assert!(!first.try_count(now + width), "the bucket is over");
    let mut seen = Vec::new();
    sharded.each(0, 0, |number, successes| seen.push((number, successes)));
    assert!(seen.contains(&(5, 3)), "{seen:?}");
    assert_eq!(sharded.successes(), 0);
    first.count_lifetime();
    first.count_lifetime();
    assert_eq!(sharded.successes(), 2);
    assert!(shard(1).is_none(), "of another period");
    sharded.forget();
    assert!(shard(0).is_none(), "taken over");
    sharded.place(1, Span { origin: now, width: COARSE_FROM - 1, reached: 0 });
    assert!(shard(1).is_none(), "it hasn't counted since");
    assert!(sharded.count(1, &moment).is_some());
    assert!(shard(1).is_some() && !sharded.is_coarse());
    true
}

/// Whoever has read the exact clock of a moment reads it again where the coarse one would do.
#[test]
fn buckets_that_are_short_beside_the_lag_turn_by_the_exact_clock() {
    for _ in 0..100 {
        let (sharded, moment) = (ShardedBuckets::new(), Moment::default());
        sharded.place(0, Span { origin: 0, width: COARSE_FROM - 1, reached: 0 });
        assert!(sharded.count(0, &moment).is_some());
        assert_eq!(moment.coarse(), moment.exact());
    }
}
