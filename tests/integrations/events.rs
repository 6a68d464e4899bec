//! The stream of the circuits: what it says, and what becomes of clients that don't read it.

use std::pin::pin;
use std::sync::Once;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use circuit_runtime::axum::router;
use circuit_runtime::{CircuitBreaker, Config};
use futures_core::Stream;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tower::ServiceExt;

/// There is room for so many clients in a process, which these tests share.
static ALONE: Mutex<()> = Mutex::const_new(());

fn circuit(name: &'static str, config: Config) -> &'static CircuitBreaker {
    let breaker: &'static CircuitBreaker = Box::leak(Box::new(CircuitBreaker::new(name, config)));
    breaker.register();
    breaker
}

/// More to say of them than goes into one chunk, or into the buffers of a socket.
fn register_wordy_circuits() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for number in 0..20 {
            circuit(format!("{number}{}", "wordy".repeat(2_000)).leak(), Config::new());
        }
    });
}

async fn watch(last: Option<&str>) -> Response {
    let mut request = Request::get("/circuits/events");
    if let Some(id) = last {
        request = request.header("last-event-id", id);
    }
    let request = request.body(Body::empty()).unwrap();
    Router::from(router()).oneshot(request).await.unwrap()
}

async fn next(stream: &mut BodyDataStream) -> Option<Result<Bytes, axum::Error>> {
    std::future::poll_fn(|context| pin!(&mut *stream).poll_next(context)).await
}

fn poll(stream: &mut BodyDataStream) -> Poll<Option<Result<Bytes, axum::Error>>> {
    pin!(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// A stream as a client reads it.
struct Client {
    stream: BodyDataStream,
    id: String,
}

impl Client {
    async fn new(last: Option<&str>) -> Self {
        let response = watch(last).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Client { stream: response.into_body().into_data_stream(), id: String::new() }
    }

    /// The next event.
    async fn event(&mut self) -> Value {
        loop {
            let chunk = next(&mut self.stream).await.expect("goes on").unwrap();
            let text = std::str::from_utf8(&chunk).unwrap();
            assert!(text.ends_with("\n\n"), "{text}");
            let field = |name| text.lines().find_map(|line| line.strip_prefix(name));
            if let Some(data) = field("data: ") {
                field("id: ").unwrap().clone_into(&mut self.id);
                return serde_json::from_str(data).unwrap();
            }
        }
    }

    /// The next event that names a circuit; events of the other tests' circuits come in between.
    async fn event_of(&mut self, name: &str) -> Value {
        loop {
            let event = self.event().await;
            if named(&event, name).is_some() {
                return event;
            }
        }
    }

    /// What is said next of a circuit.
    async fn of(&mut self, name: &str) -> Value {
        named(&self.event_of(name).await, name).unwrap().clone()
    }
}

fn named<'a>(event: &'a Value, name: &str) -> Option<&'a Value> {
    event["circuits"].as_array().unwrap().iter().find(|circuit| circuit["name"] == name)
}

#[tokio::test(start_paused = true)]
async fn events_begin_with_every_circuit_and_go_on_with_what_changes() {
    let _alone = ALONE.lock().await;
    let breaker = circuit("live", Config::new().threshold(2));
    let mut client = Client::new(None).await;
    let first = client.of("live").await;
    assert_eq!((&first["state"], &first["recent_transitions"]), (&json!("closed"), &json!([])));
    breaker.try_acquire().unwrap().failure();
    let second = client.of("live").await;
    assert_eq!(second["failures"], 1);
    assert_eq!(second.get("recent_transitions"), None, "there are no new ones");
    breaker.try_acquire().unwrap().failure();
    let third = client.of("live").await;
    assert_eq!(third["recent_transitions"][0]["to"], "open");
    assert_eq!(third["timeline"]["before"], 0);
    assert_eq!(third["timeline"]["moments"][0][2], 2, "open at its end");
    assert_eq!(third["id"], first["id"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_after_a_while_and_the_next_one_goes_on_from_there() {
    let _alone = ALONE.lock().await;
    let breaker = circuit("followed", Config::new());
    circuit("quiet", Config::new());
    let mut client = Client::new(None).await;
    client.of("followed").await;
    while next(&mut client.stream).await.is_some() {}

    breaker.try_acquire().unwrap().success();
    let mut again = Client::new(Some(&client.id)).await;
    let event = again.event().await;
    assert_eq!(named(&event, "followed").unwrap()["successes"], 1);
    assert!(named(&event, "quiet").is_none(), "it is known already");

    // The id of another process: nothing is known.
    let other = client.id.chars().rev().collect::<String>();
    for id in [other.as_str(), "", "0.1"] {
        let mut anew = Client::new(Some(id)).await;
        let event = anew.event_of("quiet").await;
        assert_eq!(event["process"], client.id.split('.').next().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_news_says_that_it_is_there() {
    let _alone = ALONE.lock().await;
    let mut client = Client::new(None).await;
    client.event().await;
    let mut is_there = false;
    while let Some(chunk) = next(&mut client.stream).await {
        is_there |= *chunk.unwrap() == *b":\n\n";
    }
    assert!(is_there);
}

#[tokio::test(start_paused = true)]
async fn the_answer_is_secured() {
    let _alone = ALONE.lock().await;
    let response = watch(None).await;
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.headers()["x-frame-options"], "DENY");
}

#[tokio::test(start_paused = true)]
async fn no_more_may_watch_than_there_is_room_for() {
    let _alone = ALONE.lock().await;
    let mut watching = Vec::new();
    for _ in 0..64 {
        let response = watch(None).await;
        assert_eq!(response.status(), StatusCode::OK);
        watching.push(response);
    }
    let refused = watch(None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "10");
    watching.pop();
    assert_eq!(watch(None).await.status(), StatusCode::OK);
}

/// Whoever holds a chunk has not sent it.
#[tokio::test(start_paused = true)]
async fn no_more_than_one_chunk_waits_for_a_client() {
    let _alone = ALONE.lock().await;
    register_wordy_circuits();
    let mut stream = watch(None).await.into_body().into_data_stream();
    let chunk = next(&mut stream).await.unwrap().unwrap();
    assert!(chunk.len() < 32 * 1024, "{}", chunk.len());
    assert!(poll(&mut stream).is_pending(), "there is more, but no room");
    drop(chunk);
    let chunk = next(&mut stream).await.unwrap().unwrap();
    assert!(poll(&mut stream).is_pending());
    // Nobody takes it.
    let end = next(&mut stream).await.unwrap();
    assert!(end.is_err(), "the connection has to be closed");
    drop(chunk);
}

/// A server with small buffers, and clients that send their request and read nothing.
#[tokio::test(start_paused = true)]
async fn clients_that_do_not_read_hold_up_no_graceful_shutdown() {
    let _alone = ALONE.lock().await;
    register_wordy_circuits();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(4096).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(64).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let app = Router::from(router());
    let server = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(server.into_future());

    let mut clients = Vec::new();
    for _ in 0..8 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut client = socket.connect(address).await.unwrap();
        client
            .write_all(b"GET /circuits/events HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        // Until its answer has begun.
        client.readable().await.unwrap();
        clients.push(client);
    }
    stop.send(()).unwrap();
    // A stream's life and patience are over long before.
    timeout(Duration::from_secs(60), server).await.expect("it ends").unwrap().unwrap();
    drop(clients);
}
