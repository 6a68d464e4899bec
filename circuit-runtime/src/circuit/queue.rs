//! Calls that wait for a place of the bulkhead, first come first served.
//!
//! The queue is behind the circuit's lock: what changes how many places there are, or whose the
//! circuit is, changes it in the same step. Wakers run foreign code, so they are handed out and
//! called without the lock.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::task::Waker;

use super::{CircuitRef, Inner};
use crate::foreign::contained;
use crate::outcome::{Mode, State};
use crate::primitives::clock::{Moment, Nanos};
use crate::primitives::sync::{MutexGuard, Ordering};

/// The calls that wait, and those that have got a place and don't know it yet.
#[derive(Debug)]
pub(super) struct Queue {
    /// By their numbers, which are their order. Without a waker until the call has looked.
    calls: BTreeMap<u64, Option<Waker>>,
    /// The number of the latest call to join.
    latest: u64,
    /// The calls up to this number have a place.
    served: u64,
}

/// What a call gets that found no place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Join<Q = Joined> {
    MayNotWait,
    /// What the circuit said has changed meanwhile: the call asks again from the start.
    AskAgain,
    Waits(Q),
}

/// A call in the queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joined {
    pub(crate) number: u64,
    /// How long it may wait.
    pub(crate) longest: Nanos,
}

/// How it stands with a call in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Waits,
    /// The call has a place, and has left the queue.
    Placed,
    /// The call has been sent away, and asks again from the start.
    SentAway,
}

/// What a call leaves behind that doesn't wait any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaves {
    Nothing,
    /// A place, which it has got meanwhile.
    Place,
    /// A circuit without calls, for which a new key waits.
    Room,
    /// Nothing: it has been sent away meanwhile.
    SentAway,
}

/// Calls to wake, which are woken when this is dropped: with no lock held.
#[derive(Debug, Default)]
#[must_use = "dropped under a lock, it runs foreign code there"]
pub(crate) struct Woken(Vec<Waker>);

impl Woken {
    pub(crate) fn and(&mut self, mut more: Woken) {
        self.0.append(&mut more.0);
    }

    #[cold]
    #[inline(never)]
    fn wake(&mut self) {
        for waker in self.0.drain(..) {
            // It runs the executor's code, on a call that has nothing to do with it.
            contained(|| waker.wake());
        }
    }
}

impl Drop for Woken {
    #[inline]
    fn drop(&mut self) {
        // Mostly nobody waits.
        if !self.0.is_empty() {
            self.wake();
        }
    }
}

impl Queue {
    fn new() -> Self {
        Queue { calls: BTreeMap::new(), latest: 0, served: 0 }
    }

    fn join(&mut self) -> u64 {
        self.latest += 1;
        self.calls.insert(self.latest, None);
        self.latest
    }

    /// The calls that have no place yet.
    fn waiting(&self) -> usize {
        self.calls.range(self.served + 1..).count()
    }

    fn is_waited_in(&self) -> bool {
        self.calls.last_key_value().is_some_and(|(number, _)| *number > self.served)
    }

    /// The call that has waited longest has a place now.
    fn serve(&mut self) -> Option<Waker> {
        let (number, waker) = self.calls.range_mut(self.served + 1..).next()?;
        self.served = *number;
        waker.take()
    }
}

impl Inner {
    pub(super) fn waiting(&self) -> u32 {
        let waiting = self.queue.as_ref().map_or(0, |queue| queue.waiting());
        u32::try_from(waiting).unwrap_or(u32::MAX)
    }
}

impl CircuitRef<'_> {
    /// Puts a call that found no place into the queue, if it may wait. `stamp` is that of its
    /// look-up.
    #[cold]
    pub(crate) fn join_queue(&self, stamp: u64) -> Join {
        let mut inner = self.lock();
        let is_open = inner.machine.state() == State::Open;
        if self.published.stamp() != stamp || inner.mode != Mode::Normal || is_open {
            self.publish(&inner);
            return Join::AskAgain;
        }
        let joined = self.in_force(&inner).max_wait.map_or(Join::MayNotWait, |longest| {
            let number = inner.queue.get_or_insert_with(|| Box::new(Queue::new())).join();
            self.published.bulkhead.begin_queue();
            Join::Waits(Joined { number, longest })
        });
        // A place may have become free since the call found none.
        let woken = self.serve_all(&mut inner);
        self.publish(&inner);
        drop(inner);
        drop(woken);
        joined
    }

    /// How it stands with a call in the queue. If it still waits, `waker` is called when that
    /// changes.
    pub(crate) fn look_at_turn(&self, number: u64, waker: &Waker) -> Turn {
        // Cloned and dropped without the lock: wakers run the executor's code.
        let mut waker = Some(waker.clone());
        let mut inner = self.lock();
        let turn = match inner.queue.as_mut().map(|queue| (queue.served, queue.calls.entry(number)))
        {
            Some((served, Entry::Occupied(mut call))) if number > served => {
                std::mem::swap(call.get_mut(), &mut waker);
                Turn::Waits
            }
            Some((_, Entry::Occupied(call))) => {
                call.remove();
                Turn::Placed
            }
            _ => Turn::SentAway,
        };
        self.publish(&inner);
        drop(inner);
        drop(waker);
        turn
    }

    /// Takes a call out of the queue that doesn't wait any longer.
    pub(crate) fn leave_queue(&self, number: u64) -> Leaves {
        let mut inner = self.lock();
        let mut waker = None;
        let leaves = match &mut inner.queue {
            Some(queue) => match queue.calls.remove(&number) {
                Some(removed) if number > queue.served => {
                    waker = removed;
                    let has_ended = !queue.is_waited_in();
                    let room = has_ended && self.published.bulkhead.end_queue();
                    if room { Leaves::Room } else { Leaves::Nothing }
                }
                Some(_) => Leaves::Place,
                None => Leaves::SentAway,
            },
            None => Leaves::SentAway,
        };
        self.publish(&inner);
        drop(inner);
        drop(waker);
        leaves
    }

    /// Gives free places to the calls that wait.
    #[cold]
    pub(crate) fn serve_queue(&self) {
        let mut more = true;
        while more {
            let mut waker = None;
            let mut inner = self.lock();
            more = self.serve_one(&mut inner, &mut waker);
            self.publish(&inner);
            drop(inner);
            contained(|| waker.into_iter().for_each(Waker::wake));
        }
    }

    /// [`serve_queue`](Self::serve_queue), under the lock.
    pub(super) fn serve_all(&self, inner: &mut MutexGuard<'_, Inner>) -> Woken {
        let mut woken = Woken::default();
        let mut waker = None;
        while self.serve_one(inner, &mut waker) {
            woken.0.extend(waker.take());
        }
        woken
    }

    /// Gives a place that is free to the call that has waited longest, whose waker is to be called.
    /// False: no place is free, or no call waits.
    fn serve_one(&self, inner: &mut MutexGuard<'_, Inner>, waker: &mut Option<Waker>) -> bool {
        let bulkhead = &self.published.bulkhead;
        // Relaxed: under the lock, under which it changes.
        let most = self.published.max_concurrent.load(Ordering::Relaxed);
        let Some(queue) = inner.queue.as_mut().filter(|queue| queue.is_waited_in()) else {
            return false;
        };
        if !bulkhead.acquire_queued(most) {
            return false;
        }
        *waker = queue.serve();
        if !queue.is_waited_in() {
            // A call is in flight, so that no new key can have the circuit.
            let _ = bulkhead.end_queue();
        }
        let (machine, rules) = self.machine(inner);
        if machine.is_selective(rules) {
            machine.note_entry(rules, Moment::default().exact());
        }
        true
    }

    /// Lets every call that waits ask again from the start: when the circuit opens, or decides without the
    /// bulkhead.
    pub(super) fn send_away(&self, inner: &mut MutexGuard<'_, Inner>) -> Woken {
        let Some(queue) = inner.queue.as_mut().filter(|queue| queue.is_waited_in()) else {
            return Woken::default();
        };
        let sent = queue.calls.split_off(&(queue.served + 1));
        // Whoever changes the circuit also sees to new keys.
        let _ = self.published.bulkhead.end_queue();
        Woken(sent.into_values().flatten().collect())
    }
}
