//! The order of eviction: every slot is in one of these queues, so that an eviction never searches
//! among slots that can't go.
//!
//! Pure code, called under the lock of the entries. Each operation takes constant time, except
//! `advance`, which takes constant time for each slot that it moves: a slot that waits for a point
//! in time is moved at most once for each bit of the time until then.
//!
//! *Why not a scan.* A new key took milliseconds among 10,000 circuits that couldn't go, and takes about a microsecond
//! now (the guide's page *Performance*). The simple alternative is to scan all slots.

use crate::primitives::clock::Nanos;

/// The queue that a slot is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    /// Has no key.
    Vacant,
    /// May be idle: to be examined.
    Candidate,
    /// Closed, with failures in its run or window when last examined.
    Failing,
    /// Not closed; its wait was over when last examined, or may be over by now.
    WaitOver,
    /// In use by a call, which reports its end; or the key has a mode or settings of its own.
    Busy,
}

/// The queues above, and one for each bit of a point in time.
const NAMED: usize = 5;
const QUEUES: usize = NAMED + Nanos::BITS as usize;

/// See the module. Each queue is a doubly linked ring through an anchor node. The anchors come
/// first: node `QUEUES + 7` is slot 7.
#[derive(Debug)]
pub(super) struct Queues {
    nodes: Vec<Node>,
    /// The time of the last `advance`. Queue `k` of those that wait holds the slots whose time
    /// differs from it in bit `k` and in no higher one (a radix heap: Ahuja, Mehlhorn, Orlin, Tarjan, *Faster
    /// algorithms for the shortest path problem*, J. ACM 37, 1990).
    base: Nanos,
}

/// In one word: the next node, the previous node and, for a slot, its queue.
#[derive(Debug, Clone, Copy)]
struct Node(u64);

/// Bits for a node's number; there are few more nodes than slots.
const NUMBER: u32 = 21;
const MASK: u64 = (1 << NUMBER) - 1;
const _: () = assert!(QUEUES < 128 && (QUEUES as u64) + 1_000_000 < MASK);

impl Node {
    fn new(next: usize, previous: usize, queue: usize) -> Self {
        Node(next as u64 | (previous as u64) << NUMBER | (queue as u64) << (2 * NUMBER))
    }

    fn parts(self) -> (usize, usize, usize) {
        let Node(node) = self;
        ((node & MASK) as usize, (node >> NUMBER & MASK) as usize, (node >> (2 * NUMBER)) as usize)
    }
}

impl Queues {
    pub(super) fn new() -> Self {
        Queues { nodes: (0..QUEUES).map(|queue| Node::new(queue, queue, 0)).collect(), base: 0 }
    }

    /// Adds the next slot, as a candidate.
    pub(super) fn push(&mut self) {
        let node = self.nodes.len();
        push(&mut self.nodes, Node::new(node, node, 0));
        self.put(node - QUEUES, Queue::Candidate);
    }

    /// The slot that has been in a queue for longest.
    pub(super) fn first(&self, queue: Queue) -> Option<usize> {
        self.first_of(queue as usize)
    }

    fn first_of(&self, queue: usize) -> Option<usize> {
        self.nodes[queue].parts().0.checked_sub(QUEUES)
    }

    /// Whether a slot is in this queue.
    pub(super) fn is_in(&self, slot: usize, queue: Queue) -> bool {
        self.nodes[QUEUES + slot].parts().2 == queue as usize
    }

    /// Puts a slot at the end of a queue.
    pub(super) fn put(&mut self, slot: usize, queue: Queue) {
        self.put_in(slot, queue as usize);
    }

    /// Makes a slot wait until a point in time; at least until the next `advance`, so that the
    /// caller doesn't find it again at once.
    pub(super) fn put_until(&mut self, slot: usize, until: Nanos) {
        let bit = if until > self.base { (until ^ self.base).ilog2() } else { 0 };
        self.put_in(slot, NAMED + bit as usize);
    }

    fn put_in(&mut self, slot: usize, queue: usize) {
        let node = QUEUES + slot;
        let (next, previous, _) = self.nodes[node].parts();
        self.link(previous, next);
        let last = self.nodes[queue].parts().1;
        self.nodes[node] = Node::new(node, node, queue);
        self.link(last, node);
        self.link(node, queue);
    }

    /// Puts one node behind another.
    fn link(&mut self, node: usize, next: usize) {
        let (_, previous, queue) = self.nodes[node].parts();
        self.nodes[node] = Node::new(next, previous, queue);
        let (behind, _, queue) = self.nodes[next].parts();
        self.nodes[next] = Node::new(behind, node, queue);
    }

    /// Moves the slots whose time has come to those whose wait is over, and some whose time is still to
    /// come: the caller makes those wait again.
    pub(super) fn advance(&mut self, now: Nanos) {
        // After a clock went back, nothing is known of the order by its later readings: move all.
        let reached = if now < self.base { Nanos::MAX } else { now ^ self.base };
        self.base = now;
        let Some(highest) = reached.checked_ilog2() else { return };
        for queue in NAMED..=NAMED + highest as usize {
            while let Some(slot) = self.first_of(queue) {
                self.put(slot, Queue::WaitOver);
            }
        }
    }
}

/// Pushes, and grows by a thirty-second only: keys are many, and doubling would waste memory.
pub(super) fn push<T>(to: &mut Vec<T>, one: T) {
    if to.len() == to.capacity() {
        to.reserve_exact(to.len() / 32 + 16);
    }
    to.push(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slots of a queue, in their order.
    fn all(queues: &Queues, queue: Queue) -> Vec<usize> {
        let (mut slots, mut node) = (Vec::new(), queues.nodes[queue as usize].parts().0);
        while node >= QUEUES {
            slots.push(node - QUEUES);
            node = queues.nodes[node].parts().0;
        }
        slots
    }

    fn with_slots(slots: usize) -> Queues {
        let mut queues = Queues::new();
        (0..slots).for_each(|_| queues.push());
        queues
    }

    #[test]
    fn a_slot_stands_at_the_end_of_the_queue_where_it_was_put_last() {
        let mut queues = with_slots(4);
        assert_eq!(all(&queues, Queue::Candidate), [0, 1, 2, 3]);
        queues.put(1, Queue::Failing);
        queues.put(0, Queue::Candidate);
        queues.put(3, Queue::Failing);
        assert_eq!(all(&queues, Queue::Candidate), [2, 0]);
        assert_eq!(all(&queues, Queue::Failing), [1, 3]);
        assert!(queues.is_in(3, Queue::Failing) && !queues.is_in(3, Queue::Candidate));
        assert_eq!(queues.first(Queue::Candidate), Some(2));
        assert_eq!(queues.first(Queue::Vacant), None);
        queues.put(2, Queue::Busy);
        queues.put(0, Queue::Busy);
        assert_eq!(queues.first(Queue::Candidate), None);
    }

    /// Those that come too early wait again, as whoever looks at them does it.
    fn settle(queues: &mut Queues, untils: &[Nanos], now: Nanos) -> Vec<usize> {
        queues.advance(now);
        let mut wait_over = all(queues, Queue::WaitOver);
        for slot in wait_over.clone() {
            if untils[slot] > now {
                queues.put_until(slot, untils[slot]);
            }
        }
        wait_over.retain(|slot| untils[*slot] <= now);
        assert_eq!(all(queues, Queue::WaitOver).len(), wait_over.len());
        wait_over
    }

    #[test]
    fn a_slot_that_waits_is_there_from_its_moment_on_and_not_before() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..200 {
            let mut queues = with_slots(50);
            let mut some = || random.u64(..) >> random.u32(0..64);
            let mut now = some() >> 1;
            queues.advance(now);
            let untils: Vec<Nanos> = (0..50).map(|_| now + 1 + (some() >> 2)).collect();
            (0..50).for_each(|slot| queues.put_until(slot, untils[slot]));
            let mut moments = untils.clone();
            moments.sort_unstable();
            for moment in moments {
                for reached in [moment.saturating_sub(1), moment] {
                    now = now.max(reached);
                    let mut wait_over = settle(&mut queues, &untils, now);
                    wait_over.sort_unstable();
                    let over = |slot: &usize| untils[*slot] <= now;
                    assert_eq!(wait_over, (0..50).filter(over).collect::<Vec<_>>());
                }
            }
        }
    }

    /// However often somebody looks.
    #[test]
    fn a_slot_that_waits_is_moved_once_for_each_bit_at_most() {
        let (mut queues, until) = (with_slots(1), (1 << 40) - 1);
        queues.put_until(0, until);
        let mut moved = 0;
        for now in (1..1 << 12).map(|step| step << 28) {
            queues.advance(now);
            if queues.first(Queue::WaitOver).is_some() {
                moved += 1;
                queues.put_until(0, until);
            }
        }
        assert!((1..=64).contains(&moved), "{moved}");
    }

    #[test]
    fn a_clock_that_went_back_keeps_nobody_waiting() {
        let mut queues = with_slots(2);
        queues.advance(1_000_000);
        queues.put_until(0, 1_000_100);
        queues.put_until(1, Nanos::MAX);
        queues.advance(5);
        assert_eq!(all(&queues, Queue::WaitOver), [0, 1]);
        queues.put_until(0, 9);
        queues.advance(9);
        assert_eq!(all(&queues, Queue::WaitOver), [1, 0]);
    }
}
