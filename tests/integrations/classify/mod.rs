//! Ready-made classification: the guide's table, line by line, and what gRPC's delays do.

mod grpc;
mod servers;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Response, StatusCode};
use circuit_runtime::{
    CircuitBreaker, CircuitOpenError, Classify, Config, Outcome, by_error, by_source, by_value,
    circuit_breaker, find,
};
use tonic::{Code, Status};

const GUIDE: &str = include_str!("../../../circuit-runtime/docs/classification.md");

/// The rows of the table under this heading, without its head.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let rows = GUIDE.split(heading).nth(1).expect("the table");
    let rows = rows.trim_start().lines().take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn the_guide_counts_its_lines() {
    let section = GUIDE.split("# By hand, and ready-made").nth(1).expect("the section");
    let examples: Vec<&str> = section.split("```rust").take(3).collect();
    let [said, by_hand, ready_made] = examples[..] else { panic!("two examples") };
    let lines = |example: &str| {
        let code = example.split("```").next().unwrap_or_default().lines();
        code.filter(|line| !line.is_empty() && !line.starts_with("# ")).count()
    };
    let (long, short) = (lines(by_hand), lines(ready_made));
    assert!(said.contains(&format!("in {long} lines:")), "{long}");
    assert!(by_hand.contains(&format!("in {short} lines:")), "{short}");
    assert!(short < 15, "{short}");
}

fn outcome(word: &str) -> Outcome {
    match word {
        "success" => Outcome::Success,
        "failure" => Outcome::Failure,
        "ignored" => Outcome::Ignored,
        "`RetryAfter(7s)`" => Outcome::RetryAfter(Duration::from_secs(7)),
        "`OpenFor(7s)`" => Outcome::OpenFor(Duration::from_secs(7)),
        other => panic!("no outcome: {other}"),
    }
}

#[test]
fn every_http_status_counts_as_the_table_says() {
    let mut next = 100;
    for row in table("| HTTP status ") {
        let [range, plain, with_a_wait] = row[..] else { panic!("{row:?}") };
        let (first, last) = range.split_once(" to ").unwrap_or((range, range));
        let (first, last): (u16, u16) = (first.parse().unwrap(), last.parse().unwrap());
        assert_eq!(first, next, "each status once, in order");
        for status in first..=last {
            let plain = outcome(plain);
            assert_eq!(StatusCode::from_u16(status).unwrap().outcome(), plain, "{status}");
            let answer = Response::builder().status(status);
            let without = answer.body(()).unwrap();
            assert_eq!(without.outcome(), plain, "{status}");
            let asks = Response::builder().status(status).header("retry-after", "7");
            let asks = asks.body(()).unwrap();
            assert_eq!(asks.outcome(), outcome(with_a_wait), "{status} with Retry-After");
            for answer in [without, asks] {
                let counts = answer.outcome();
                let twelve = reqwest012::Response::from(answer.clone().map(|()| ""));
                assert_eq!(twelve.outcome(), counts, "{status}, reqwest 0.12");
                let thirteen = reqwest::Response::from(answer.map(|()| ""));
                assert_eq!(thirteen.outcome(), counts, "{status}, reqwest 0.13");
            }
        }
        next = last + 1;
    }
    assert_eq!(next, 600);
}

#[test]
fn every_grpc_code_counts_as_the_table_says() {
    let rows = table("| gRPC code ");
    assert_eq!(rows.len(), 17);
    for (number, row) in (0..).zip(rows) {
        let [name, plain, with_a_wait] = row[..] else { panic!("{row:?}") };
        let code = Code::from_i32(number);
        assert_eq!(format!("`{code:?}`"), name);
        assert_eq!(Status::new(code, "").outcome(), outcome(plain), "{name}");
        let mut status = Status::new(code, "");
        status.metadata_mut().insert("grpc-retry-pushback-ms", "7000".parse().unwrap());
        assert_eq!(status.outcome(), outcome(with_a_wait), "{name}");
    }
}

#[test]
fn a_pushback_that_is_zero_negative_or_unreadable_is_an_ordinary_failure() {
    for (pushback, counts) in [
        ("0", Outcome::Failure),
        ("-1", Outcome::Failure),
        ("soon", Outcome::Failure),
        ("900000", Outcome::OpenFor(Duration::from_secs(300))),
    ] {
        let mut status = Status::unavailable("");
        status.metadata_mut().insert("grpc-retry-pushback-ms", pushback.parse().unwrap());
        assert_eq!(status.outcome(), counts, "{pushback}");
    }
}

#[test]
fn a_rejection_becomes_unavailable_with_the_delay() {
    let breaker = CircuitBreaker::new("charges", Config::new().threshold(1));
    breaker.try_acquire().unwrap().failure();
    let status = Status::from(breaker.try_acquire().unwrap_err());
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().starts_with("circuit `charges` is open; retry after "));
    assert_eq!(status.outcome(), Outcome::Ignored, "for a circuit in this process");

    // What its caller receives has no source, and asks for a wait, by either way.
    let sent = |metadata| {
        Status::with_details_and_metadata(
            status.code(),
            "",
            status.details().to_vec().into(),
            metadata,
        )
    };
    for metadata in [status.metadata().clone(), tonic::metadata::MetadataMap::new()] {
        match sent(metadata).outcome() {
            Outcome::OpenFor(wait) => {
                assert!(wait > Duration::ZERO && wait <= Duration::from_secs(60));
            }
            other => panic!("{other:?}"),
        }
    }

    breaker.force_open();
    let status = Status::from(breaker.try_acquire().unwrap_err());
    assert!(status.metadata().is_empty() && status.details().is_empty());
}

#[derive(Debug)]
struct Wrapped(Status);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn by_source_finds_the_error_among_the_sources() {
    fn of<T: Into<Box<dyn Error + Send + Sync>>>(error: T) -> Outcome {
        by_source::<Status>(&Err::<(), _>(error.into()))
    }
    assert_eq!(of(Status::not_found("")), Outcome::Success);
    assert_eq!(of(Wrapped(Status::not_found(""))), Outcome::Success);
    assert_eq!(of(Wrapped(Status::internal(""))), Outcome::Failure);
    assert_eq!(of(std::io::Error::other(Status::not_found(""))), Outcome::Success);
    assert_eq!(of("something else"), Outcome::Failure);
    let local: Result<(), Box<dyn Error>> = Err(Box::new(Status::cancelled("")));
    assert_eq!(by_source::<Status>(&local), Outcome::Ignored);
    let context = anyhow::Error::from(Status::cancelled("")).context("while charging");
    assert_eq!(by_source::<Status>(&Err::<(), _>(context)), Outcome::Ignored);
}

#[test]
fn references_boxes_and_arcs_count_as_what_they_hold() {
    let status = Status::cancelled("");
    assert_eq!(<&Status>::outcome(&&status), Outcome::Ignored);
    assert_eq!(Box::new(status.clone()).outcome(), Outcome::Ignored);
    assert_eq!(Arc::new(status).outcome(), Outcome::Ignored);
    let breaker = CircuitBreaker::new("held", Config::new());
    breaker.force_open();
    let rejection: CircuitOpenError = breaker.try_acquire().unwrap_err();
    assert_eq!(by_error(&Err::<(), _>(rejection)), Outcome::Ignored);
    assert_eq!(std::io::Error::from(rejection).outcome(), Outcome::Ignored);
}

#[tokio::test]
async fn the_attribute_takes_the_ways_as_paths_beside_patterns() {
    #[circuit_breaker(name = "classified", ignore = Err(e) if e.code() == Code::Unknown, classify = circuit_runtime::by_error)]
    async fn charge(code: Code) -> Result<(), Status> {
        Err(Status::new(code, ""))
    }
    for code in [Code::NotFound, Code::Internal, Code::Cancelled, Code::Unknown] {
        charge(code).await.unwrap_err();
    }
    let seen = find("classified").unwrap().snapshot();
    assert_eq!((seen.successes, seen.failures, seen.ignored), (1, 1, 2));
}

#[tokio::test]
async fn the_tower_layer_takes_the_ways() {
    use circuit_runtime::tower::CircuitBreakerLayer;
    use tower::{ServiceBuilder, ServiceExt, service_fn};

    static SHOP: CircuitBreaker = CircuitBreaker::new("classified layer", Config::new());
    let layer = CircuitBreakerLayer::new(&SHOP).classify(by_value);
    let service = service_fn(|()| async {
        Ok::<_, std::io::Error>(Response::builder().status(500).body(()).unwrap())
    });
    let answer = ServiceBuilder::new().layer(layer).service(service).oneshot(()).await;
    assert_eq!(answer.unwrap().status(), 500);
    assert_eq!(SHOP.snapshot().failures, 1);
}

macro_rules! errors_of {
    ($name:ident, $reqwest:ident) => {
        #[tokio::test]
        async fn $name() {
            let client = $reqwest::Client::new();
            let error = client.get("no address").send().await.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Ignored, "{error:?}");

            let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = closed.local_addr().unwrap();
            drop(closed);
            let error = client.get(format!("http://{address}")).send().await.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Failure, "{error:?}");

            for (status, counts) in [(404, Outcome::Success), (500, Outcome::Failure)] {
                let answer = Response::builder().status(status).body("").unwrap();
                let error = $reqwest::Response::from(answer).error_for_status().unwrap_err();
                assert_eq!(error.outcome(), counts, "{error:?}");
            }
        }
    };
}

errors_of!(errors_of_reqwest_0_12, reqwest012);
errors_of!(errors_of_reqwest_0_13, reqwest);
