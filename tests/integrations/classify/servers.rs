//! Both versions of reqwest against servers that fail in the ways in which servers fail.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// How a connection ends.
#[derive(Clone, Copy)]
enum End {
    Close,
    Reset,
    Hang,
}

struct Server {
    url: String,
    end: Arc<Notify>,
}

impl Server {
    /// Gives each request this answer, byte by byte, and ends the connection once [`Server::end`] says so.
    async fn start(answer: impl Into<Vec<u8>>, how: End) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let end = Arc::new(Notify::new());
        let (answer, may_end) = (answer.into(), Arc::clone(&end));
        tokio::spawn(async move {
            let mut hanging = Vec::new();
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                read_request(&mut connection).await;
                connection.write_all(&answer).await.unwrap();
                may_end.notified().await;
                match how {
                    End::Close => {}
                    End::Reset => connection.set_zero_linger().unwrap(),
                    End::Hang => hanging.push(connection),
                }
            }
        });
        Server { url, end }
    }

    fn end(&self) {
        self.end.notify_one();
    }
}

async fn read_request(connection: &mut TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        assert_ne!(connection.read_buf(&mut request).await.unwrap(), 0);
    }
}

/// An answer whose body has so many bytes, of which these are sent.
fn ok(length: usize, sent: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{sent}")
}

macro_rules! against_servers {
    ($version:ident, $reqwest:ident) => {
        mod $version {
            use std::time::Duration;

            use circuit_runtime::{CircuitBreaker, Classify, Config, Outcome, State, by_result};
            use $reqwest::{Client, Error, Response};

            use super::{End, Server, ok};

            async fn get(server: &Server) -> Result<Response, Error> {
                Client::new().get(&server.url).send().await
            }

            #[tokio::test]
            async fn a_connection_that_breaks_before_the_head_is_a_failure() {
                for how in [End::Close, End::Reset] {
                    for head in ["", "HTTP/1.1 200 OK\r\ncontent-"] {
                        let server = Server::start(head, how).await;
                        server.end();
                        let error = get(&server).await.unwrap_err();
                        assert_eq!(error.outcome(), Outcome::Failure, "{error:?}");
                    }
                }
            }

            #[tokio::test]
            async fn a_connection_that_breaks_in_the_body_is_a_failure() {
                let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1, 2\r\n";
                for how in [End::Close, End::Reset] {
                    for answer in [ok(100, "[1, 2"), chunked.to_owned()] {
                        for json in [false, true] {
                            let server = Server::start(answer.as_str(), how).await;
                            let response = get(&server).await.unwrap();
                            assert_eq!(response.outcome(), Outcome::Success, "so far");
                            server.end();
                            let error = if json {
                                response.json::<Vec<u32>>().await.unwrap_err()
                            } else {
                                response.text().await.unwrap_err()
                            };
                            assert_eq!(error.outcome(), Outcome::Failure, "{error:?}");
                        }
                    }
                }
            }

            #[tokio::test]
            async fn a_time_limit_is_a_failure_before_the_head_and_in_the_body() {
                let client = Client::builder().timeout(Duration::from_millis(50)).build().unwrap();
                let server = Server::start("", End::Hang).await;
                let error = client.get(&server.url).send().await.unwrap_err();
                assert!(error.is_timeout());
                assert_eq!(error.outcome(), Outcome::Failure, "{error:?}");

                // Well beyond what it takes to receive the head.
                let limit = Duration::from_secs(1);
                let client = Client::builder().timeout(limit).build().unwrap();
                let server = Server::start(ok(100, "[1, 2"), End::Hang).await;
                let response = client.get(&server.url).send().await.unwrap();
                let error = response.json::<Vec<u32>>().await.unwrap_err();
                assert!(error.is_timeout(), "{error:?}");
                assert_eq!(error.outcome(), Outcome::Failure, "{error:?}");
            }

            #[tokio::test]
            async fn json_that_came_whole_and_is_bad_is_an_answer() {
                for body in ["[1, 2", "oops", "\"no list\"", ""] {
                    let server = Server::start(ok(body.len(), body), End::Hang).await;
                    let error = get(&server).await.unwrap().json::<Vec<u32>>().await.unwrap_err();
                    assert_eq!(error.outcome(), Outcome::Success, "{body:?}: {error:?}");
                }
            }

            #[tokio::test]
            async fn a_body_that_cannot_be_unpacked_is_a_failure() {
                let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 6\r\n\r\n";
                let server = Server::start(format!("{head}[1, 2]"), End::Hang).await;
                let error = get(&server).await.unwrap().json::<Vec<u32>>().await.unwrap_err();
                assert_eq!(error.outcome(), Outcome::Failure, "{error:?}");
            }

            #[tokio::test]
            async fn what_is_not_http_is_a_failure() {
                let server = Server::start("SSH-2.0-OpenSSH_9.2\r\n\r\n", End::Hang).await;
                let error = get(&server).await.unwrap_err();
                assert_eq!(error.outcome(), Outcome::Failure, "{error:?}");
            }

            #[tokio::test]
            async fn a_redirect_loop_is_ignored() {
                let again = "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let server = Server::start(again, End::Close).await;
                let client = Client::builder()
                    .redirect($reqwest::redirect::Policy::limited(0))
                    .build()
                    .unwrap();
                let error = client.get(&server.url).send().await.unwrap_err();
                assert!(error.is_redirect(), "{error:?}");
                assert_eq!(error.outcome(), Outcome::Ignored, "{error:?}");
            }

            #[tokio::test]
            async fn a_rate_limit_opens_the_circuit_at_once_and_a_busy_node_does_not() {
                for (status, opens) in [(429, true), (503, false)] {
                    let answer = format!(
                        "HTTP/1.1 {status} Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n"
                    );
                    let server = Server::start(answer, End::Hang).await;
                    let circuit = CircuitBreaker::new("shop", Config::new());
                    let answer = circuit.call_with_async(by_result, get(&server)).await.unwrap();
                    assert_eq!(answer.unwrap().status(), status);
                    assert_eq!(circuit.snapshot().failures, 1);
                    assert_eq!(circuit.state() == State::Open, opens, "{status}");
                }
            }
        }
    };
}

against_servers!(reqwest_0_12, reqwest012);
against_servers!(reqwest_0_13, reqwest);
