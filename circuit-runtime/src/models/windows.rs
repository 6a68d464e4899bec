//! Windows: successes that slide or are counted by each thread, beside failures.

use loom::thread;

use super::watched::watch;
use super::{WAIT, consecutive};
use crate::test_util::freeze;
use crate::{Config, State, Window};

#[test]
fn successes_slide_the_count_window_exactly() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(1.0).window(Window::Calls(3)).min_calls(1);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success();
        watched.pass().failure();
        let other = thread::spawn(move || {
            watched.pass().success();
            watched.pass().success();
        });
        watched.pass().success();
        let during = watched.breaker.snapshot().window.unwrap();
        assert!(during.calls == 3 && during.failures <= 1);
        other.join().unwrap();
        let settled = watched.settled(&time);
        let window = settled.window.unwrap();
        assert_eq!((window.calls, window.failures, settled.successes), (3, 0, 4));
    });
}

#[test]
fn a_success_of_a_past_period_does_not_slide_the_next_window() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.5).window(Window::Calls(4)).min_calls(1);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success();
        watched.pass().success();
        watched.pass().failure();
        watched.pass().success(); // from here on, successes only slide
        let call = watched.pass();
        let other = thread::spawn(move || call.success());
        watched.breaker.reset();
        other.join().unwrap();
        assert_eq!(watched.settled(&time).window.unwrap().calls, 0);
    });
}

#[test]
fn a_failure_sees_the_successes_that_threads_counted_before_it() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.3).window(Window::Time(WAIT)).min_calls(4);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success(); // from here on, successes are counted by their threads
        watched.pass().success();
        let other = thread::spawn(move || watched.pass().success());
        watched.pass().failure();
        other.join().unwrap();
        let window = watched.breaker.snapshot().window.unwrap();
        assert_eq!((window.calls, window.failures), (4, 1));
        assert_eq!(watched.breaker.state(), State::Closed);
        watched.pass().failure();
        assert_eq!(watched.settled(&time).state, State::Open);
    });
}

#[test]
fn a_success_of_a_past_period_is_not_counted_in_the_next() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.5).window(Window::Time(WAIT)).min_calls(1);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success();
        let call = watched.pass();
        let other = thread::spawn(move || call.success());
        watched.breaker.reset();
        watched.pass().success(); // from here on, successes are counted by their threads again
        other.join().unwrap();
        assert_eq!(watched.settled(&time).window.unwrap().calls, 1);
    });
}

#[test]
fn a_time_window_turns_while_threads_count() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.9).window(Window::Time(WAIT)).min_calls(2);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success(); // from here on, successes are counted by their threads
        let other = thread::spawn(move || {
            watched.pass().success();
            watched.pass().success();
        });
        time.advance(WAIT);
        watched.pass().failure();
        other.join().unwrap();
        let settled = watched.settled(&time);
        let window = settled.window.unwrap();
        // The first success is out of the window; the others are in it if they came after the turn.
        assert!((1..=3).contains(&window.calls) && window.failures == 1, "{window:?}");
        assert_eq!((settled.successes, settled.failures), (3, 1));
    });
}

#[test]
fn a_success_that_meets_a_longer_window_does_not_outstay_it() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.9).min_calls(1).recovery(WAIT);
        let watched = watch(rate.window(Window::Time(WAIT)));
        watched.pass().success(); // from here on, successes are counted by their threads
        time.advance(WAIT / 10 * 9);
        let other = thread::spawn(move || watched.pass().success());
        watched.reconfigure(rate.window(Window::Time(WAIT * 10)));
        watched.pass().success(); // from here on again, in longer buckets
        other.join().unwrap();
        time.advance(WAIT * 10);
        let calls = watched.breaker.snapshot().window.unwrap().calls;
        assert_eq!(calls, 0, "in a bucket of the shorter window");
        watched.settled(&time);
    });
}

#[test]
fn what_a_thread_counted_in_a_past_period_is_gone_when_it_counts_again() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.9).window(Window::Time(WAIT)).min_calls(1);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success(); // from here on, successes are counted by their threads
        watched.pass().success();
        watched.pass().success();
        let other = thread::spawn(move || {
            watched.breaker.reset();
            watched.pass().success(); // from here on again
            let calls = watched.breaker.snapshot().window.unwrap().calls;
            assert!(calls <= 2, "{calls} of this period");
        });
        watched.pass().success();
        other.join().unwrap();
        watched.settled(&time);
    });
}

#[test]
fn a_success_that_slides_ends_the_run_though_its_window_goes() {
    loom::model(|| {
        let time = freeze();
        let rate = consecutive(3).failure_rate(1.0).window(Window::Calls(8)).min_calls(1);
        let watched = watch(rate);
        watched.pass().success();
        watched.pass().failure();
        watched.pass().failure();
        let call = watched.pass();
        let other = thread::spawn(move || call.success());
        watched.reconfigure(consecutive(3));
        other.join().unwrap();
        watched.pass().failure();
        let settled = watched.settled(&time);
        assert_eq!((settled.state, settled.failures_in_a_row), (State::Closed, 1));
    });
}
