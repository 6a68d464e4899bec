//! Functions that return streams under `stall`, in each form, with and without a key.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitOpenError, Snapshot, State, circuit_breaker};
use futures_lite::stream::{Stream, StreamExt, iter, once_future};

use super::circuit;
use crate::support::{millis, secs, wait_once};

#[derive(Debug)]
enum Error {
    Rejected,
    Down,
}

impl From<CircuitOpenError> for Error {
    fn from(_: CircuitOpenError) -> Self {
        Error::Rejected
    }
}

type Item = Result<u8, Error>;
type Boxed = Pin<Box<dyn Stream<Item = Item>>>;

/// A wait, two items, and an end, which is an error of the host that is down.
fn items(host: &str) -> impl Stream<Item = Item> + use<> {
    let end = (host == "down").then_some(Err(Error::Down));
    let wait = once_future(wait_once()).map(|()| None);
    wait.chain(iter([Ok(1), Ok(2)].into_iter().chain(end)).map(Some)).filter_map(|item| item)
}

/// A function of a host, and what is seen of its circuit.
struct Form {
    name: &'static str,
    call: fn(&'static str) -> Boxed,
    seen: fn(&str, &str) -> Snapshot,
}

/// A function in each form, with circuits of its own.
macro_rules! forms {
    ($test:literal, $seen:expr, $host:ident $($key:tt)*) => {{
        const PLAIN: &str = concat!("stall: plain stream, ", $test);
        const BOXED: &str = concat!("stall: boxed stream, ", $test);
        const HEADED: &str = concat!("stall: headed stream, ", $test);

        #[circuit_breaker(name = PLAIN, threshold = 1_000, stall = "2s", max_concurrent = 1 $($key)*)]
        fn plain($host: &str) -> impl Stream<Item = Item> + use<> {
            items($host)
        }

        #[circuit_breaker(name = BOXED, threshold = 1_000, stall = "2s", max_concurrent = 1 $($key)*)]
        fn boxed($host: &str) -> Pin<Box<dyn Stream<Item = Item>>> {
            Box::pin(items($host))
        }

        #[circuit_breaker(name = HEADED, threshold = 1_000, stall = "2s", max_concurrent = 1 $($key)*)]
        async fn headed($host: &str) -> Result<impl Stream<Item = Item> + use<>, Error> {
            wait_once().await;
            Ok(items($host))
        }

        /// The stream behind its head.
        fn flat(host: &'static str) -> Boxed {
            let head = async move {
                match headed(host).await {
                    Ok(stream) => Box::pin(stream) as Boxed,
                    Err(error) => Box::pin(iter([Err(error)])),
                }
            };
            Box::pin(once_future(head).flatten())
        }

        [
            Form { name: PLAIN, call: |host| Box::pin(plain(host)), seen: $seen },
            Form { name: BOXED, call: |host| boxed(host), seen: $seen },
            Form { name: HEADED, call: flat, seen: $seen },
        ]
    }};
}

fn of_function(name: &str, _: &str) -> Snapshot {
    circuit(name).snapshot()
}

fn of_key(name: &str, host: &str) -> Snapshot {
    circuit(name).snapshot_of(host).expect("it has been called")
}

fn poll(stream: &mut Boxed) -> Poll<Option<Item>> {
    stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop()))
}

/// Before the first item, after each, and after the end; in time, and after it has stalled.
#[test]
fn a_stream_of_a_function_that_is_dropped_at_whatever_item_leaves_the_list_and_its_place() {
    let forms = forms!("dropped", of_function, host).into_iter();
    for Form { name, call, seen } in forms.chain(forms!("dropped by key", of_key, host, key = host))
    {
        for host in ["well", "down"] {
            for (stalls, polls) in (1..=6).flat_map(|polls| [(false, polls), (true, polls)]) {
                let (time, what) = (freeze(), format!("{name}: {host}, {stalls}, {polls}"));
                let mut stream = call(host);
                assert!(poll(&mut stream).is_pending(), "{what}");
                let before = seen(name, host);
                assert_eq!(before.in_flight, Some(1), "{what}");
                let rejected = poll(&mut call(host));
                assert!(matches!(rejected, Poll::Ready(Some(Err(Error::Rejected)))), "{what}");
                time.advance(if stalls { millis(2_250) } else { secs(1) });
                for _ in 1..polls {
                    let _ = poll(&mut stream);
                }
                drop(stream);
                time.advance(secs(60));
                let after = seen(name, host);
                let counted = (after.stalled - before.stalled, after.late - before.late);
                assert_eq!(counted, (u64::from(stalls), u64::from(stalls)), "{what}");
                assert_eq!(after.in_flight, Some(0), "{what}");
            }
        }
    }
}

#[test]
fn a_stream_of_a_function_may_last_as_long_as_it_likes_after_its_first_item() {
    let forms = forms!("lasting", of_function, host).into_iter();
    for Form { name, call, seen } in forms.chain(forms!("lasting by key", of_key, host, key = host))
    {
        let time = freeze();
        let mut stream = call("well");
        assert!(poll(&mut stream).is_pending(), "{name}");
        time.advance(secs(1));
        // The head of a `Result` is its first item.
        let _ = poll(&mut stream);
        time.advance(secs(3_600));
        while !matches!(poll(&mut stream), Poll::Ready(None)) {}
        let seen = seen(name, "well");
        assert_eq!((seen.successes, seen.stalled, seen.late), (1, 0, 0), "{name}");
        assert_eq!((seen.state, seen.in_flight), (State::Closed, Some(0)), "{name}");
    }
}
