//! `async fn`: outcomes, cancellation, `Send`, sizes.

use std::cell::Cell;
use std::future::Future;
use std::mem::size_of_val;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use circuit_runtime::{CallTimeoutError, CircuitOpenError, circuit_breaker};

use super::{E, answer, block_on, counts, guards, is_send, rejects, yield_now};

impl From<CallTimeoutError> for E {
    fn from(_: CallTimeoutError) -> Self {
        E::Down
    }
}

#[circuit_breaker(threshold = 1, name = "early")]
async fn early(fail: bool) -> Result<u8, E> {
    if fail {
        return Err(E::Down);
    }
    let n = answer(fail, 1)?;
    yield_now().await;
    Ok(n)
}

#[circuit_breaker(threshold = 1, name = "unsafe_async")]
async unsafe fn unsafe_async(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

/// `Cell` is `Send` but not `Sync`: it must be captured by value.
#[circuit_breaker(threshold = 1, name = "not_sync")]
async fn not_sync(cell: Cell<u8>, fail: bool) -> Result<u8, E> {
    yield_now().await;
    cell.set(2);
    answer(fail, cell.get())
}

#[derive(Debug)]
struct NotSend(#[allow(dead_code)] Rc<u8>);

impl From<CircuitOpenError> for NotSend {
    fn from(_: CircuitOpenError) -> Self {
        NotSend(Rc::new(0))
    }
}

#[circuit_breaker(threshold = 1, name = "error_not_send")]
async fn error_not_send(fail: bool) -> Result<u8, NotSend> {
    yield_now().await;
    if fail { Err(NotSend(Rc::new(1))) } else { Ok(1) }
}

#[circuit_breaker(threshold = 1, name = "error_not_send_fallback", fallback = not_send_now)]
async fn error_not_send_fallback(fail: bool) -> Result<u8, NotSend> {
    yield_now().await;
    if fail { Err(NotSend(Rc::new(1))) } else { Ok(1) }
}

fn not_send_now(_: bool) -> Result<u8, NotSend> {
    Ok(7)
}

#[circuit_breaker(
    threshold = 1,
    name = "error_not_send_any",
    fallback = not_send_later,
    fallback_on = any
)]
async fn error_not_send_any(fail: bool) -> Result<u8, NotSend> {
    yield_now().await;
    if fail { Err(NotSend(Rc::new(1))) } else { Ok(1) }
}

async fn not_send_later(_: bool) -> Result<u8, NotSend> {
    yield_now().await;
    Ok(7)
}

#[circuit_breaker(name = "dropped")]
async fn dropped() -> Result<u8, E> {
    std::future::pending().await
}

#[circuit_breaker(name = "dropped_failure", on_cancel = failure)]
async fn dropped_failure() -> Result<u8, E> {
    std::future::pending().await
}

#[circuit_breaker(name = "panics_in_poll")]
async fn panics_in_poll() -> Result<u8, E> {
    yield_now().await;
    panic!("in poll")
}

#[circuit_breaker(threshold = 1, name = "timeout", timeout = "5s")]
async fn limited(hang: bool) -> Result<u8, E> {
    if hang {
        std::future::pending::<()>().await;
    }
    Ok(1)
}

#[circuit_breaker(
    threshold = 2,
    name = "timeout_any",
    timeout = LIMIT,
    fallback = |_, why| Ok(why.to_string()),
    fallback_on = any
)]
async fn limited_any(hang: bool) -> Result<String, E> {
    if hang {
        std::future::pending::<()>().await;
    }
    Err(E::Down)
}

const LIMIT: Duration = Duration::from_secs(5);

impl std::fmt::Display for E {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

#[circuit_breaker(
    threshold = 1,
    name = "timeout_option",
    timeout = "5s",
    failure = None,
    fallback = Some(9),
    fallback_on = any
)]
async fn limited_option(hang: bool) -> Option<u8> {
    if hang {
        std::future::pending::<()>().await;
    }
    Some(1)
}

#[test]
fn every_way_out_of_an_async_body_is_recorded() {
    rejects("early", |fail| block_on(early(fail)));
    // SAFETY: nothing in it is unsafe.
    rejects("unsafe_async", |fail| block_on(unsafe { unsafe_async(fail) }));
    rejects("not_sync", |fail| block_on(is_send(not_sync(Cell::new(1), fail))));
}

#[test]
fn futures_stay_send() {
    let down = |e: NotSend| if *e.0 == 0 { E::Open } else { E::Down };
    let _ = is_send(error_not_send(true));
    rejects("error_not_send", |fail| block_on(error_not_send(fail)).map_err(down));
    let _ = is_send(error_not_send_fallback(true));
    assert_eq!(
        guards("error_not_send_fallback", |fail| {
            block_on(error_not_send_fallback(fail)).map_err(down)
        }),
        Ok(7)
    );
    assert_eq!(block_on(is_send(error_not_send_any(true))).unwrap(), 7);
    assert_eq!(counts("error_not_send_any"), (0, 1, 0));
}

fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_future_that_is_dropped_is_cancelled() {
    drop(dropped());
    assert!(poll_once(dropped()).is_pending());
    let snapshot = circuit_runtime::find("dropped").unwrap().snapshot();
    assert_eq!((snapshot.cancelled, snapshot.failures), (1, 0));
    assert!(poll_once(dropped_failure()).is_pending());
    let snapshot = circuit_runtime::find("dropped_failure").unwrap().snapshot();
    assert_eq!((snapshot.cancelled, snapshot.failures), (1, 1));
}

#[test]
fn a_panic_while_polling_is_a_failure() {
    assert!(std::panic::catch_unwind(|| block_on(panics_in_poll())).is_err());
    let snapshot = circuit_runtime::find("panics_in_poll").unwrap().snapshot();
    assert_eq!((snapshot.cancelled, snapshot.failures, snapshot.panicked), (0, 1, 1));
}

#[circuit_breaker(threshold = 1, name = "outside_a_runtime", timeout = "5s")]
async fn outside_a_runtime() -> Result<u8, E> {
    Ok(1)
}

#[test]
fn a_limit_without_a_runtime_is_no_failure_of_the_service() {
    let call = || block_on(outside_a_runtime());
    assert!(std::panic::catch_unwind(call).is_err());
    assert_eq!(counts("outside_a_runtime"), (0, 0, 0));
    let snapshot = circuit_runtime::find("outside_a_runtime").expect("was called").snapshot();
    assert_eq!((snapshot.ignored, snapshot.panicked), (1, 0));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let call = || runtime.block_on(outside_a_runtime());
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err(), "no timers");
    assert_eq!(counts("outside_a_runtime"), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_a_failure() {
    assert_eq!(limited(false).await, Ok(1));
    assert_eq!(is_send(limited(true)).await, Err(E::Down));
    assert_eq!(limited(false).await, Err(E::Open));
    let snapshot = circuit_runtime::find("timeout").unwrap().snapshot();
    assert_eq!((snapshot.successes, snapshot.failures, snapshot.timed_out), (1, 1, 1));

    assert_eq!(limited_any(false).await.unwrap(), "Down");
    let late = limited_any(true).await.unwrap();
    assert!(late.contains("5s"), "{}", late);
    let open = limited_any(true).await.unwrap();
    assert!(open.contains("is open"), "{}", open);

    assert_eq!(limited_option(false).await, Some(1));
    assert_eq!(limited_option(true).await, Some(9));
    assert_eq!(limited_option(false).await, Some(9));
    let snapshot = circuit_runtime::find("timeout_option").unwrap().snapshot();
    assert_eq!((snapshot.successes, snapshot.failures, snapshot.fallbacks), (1, 1, 2));
}

#[tokio::test]
async fn a_guarded_future_can_be_spawned() {
    #[circuit_breaker]
    async fn spawned<T: Send + 'static>(value: T) -> Result<T, E> {
        tokio::task::yield_now().await;
        Ok(value)
    }
    assert_eq!(tokio::spawn(spawned(String::from("a"))).await.unwrap(), Ok("a".into()));
}

async fn plain(n: u8) -> Result<u8, E> {
    yield_now().await;
    Ok(n)
}

#[circuit_breaker]
async fn small(n: u8) -> Result<u8, E> {
    yield_now().await;
    Ok(n)
}

#[circuit_breaker(fallback = plain)]
async fn small_fallback(n: u8) -> Result<u8, E> {
    yield_now().await;
    Ok(n)
}

#[circuit_breaker]
async fn large(x: [u8; 1024]) -> Result<usize, E> {
    let borrowed = &x;
    yield_now().await;
    Ok(borrowed.len())
}

async fn large_plain(x: [u8; 1024]) -> Result<usize, E> {
    let borrowed = &x;
    yield_now().await;
    Ok(borrowed.len())
}

#[test]
fn a_guarded_future_is_little_larger_than_a_plain_one() {
    let grown = |guarded: usize, plain: usize| guarded - plain;
    let of_plain = size_of_val(&plain(1));
    assert!(grown(size_of_val(&small(1)), of_plain) <= 48, "{}", size_of_val(&small(1)));
    let fallback = size_of_val(&small_fallback(1));
    assert!(grown(fallback, of_plain) <= 48, "{}", fallback);
    let large = size_of_val(&large([0; 1024]));
    assert!(grown(large, size_of_val(&large_plain([0; 1024]))) <= 48, "{}", large);
}
