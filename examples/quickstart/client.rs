//! The two functions that the circuits guard: one async with a fallback, one sync without.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use circuit_runtime::{CircuitOpenError, circuit_breaker};

/// How long a call waits for the service. It belongs inside the guarded function: a call that is given up from
/// outside counts as cancelled, not as failed.
const PATIENCE: Duration = Duration::from_millis(400);

/// Opens after three failures in a row. While it is open, callers get the price as last seen, at once.
#[circuit_breaker(
    name = "price",
    threshold = 3,
    recovery = "1s",
    fallback = Ok(Answer::Fallback("49.90, as last seen"))
)]
pub(crate) async fn price(http: &reqwest::Client, service: SocketAddr) -> Result<Answer, Error> {
    let url = format!("http://{service}/price");
    let response = http.get(url).timeout(PATIENCE).send().await?;
    let price = response.error_for_status()?.text().await?;
    Ok(Answer::Service(price))
}

/// Without a fallback a rejected call returns `Error::Rejected`, by way of `From<CircuitOpenError>`.
#[circuit_breaker(name = "stock", threshold = 3, recovery = "1s")]
pub(crate) fn stock(service: SocketAddr) -> Result<Answer, Error> {
    let mut connection = TcpStream::connect_timeout(&service, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.write_all(b"GET /stock HTTP/1.0\r\n\r\n")?;
    let mut response = String::new();
    connection.read_to_string(&mut response)?;

    let (head, body) = response.split_once("\r\n\r\n").unwrap_or_default();
    match head.split_whitespace().nth(1) {
        Some("200") => Ok(Answer::Service(body.to_owned())),
        status => Err(Error::Status(status.unwrap_or("nothing").to_owned())),
    }
}

/// What a caller gets, and from whom.
pub(crate) enum Answer {
    Service(String),
    Fallback(&'static str),
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Rejected(#[from] CircuitOpenError),
    #[error("the service answered {0}")]
    Status(String),
    #[error("no answer within {PATIENCE:?}")]
    NoAnswer,
    #[error("{0}")]
    Connection(String),
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        match error.status() {
            Some(status) => Error::Status(status.as_u16().to_string()),
            None if error.is_timeout() => Error::NoAnswer,
            None => Error::Connection(error.to_string()),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // Unix says the one, Windows the other.
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::NoAnswer,
            _ => Error::Connection(error.to_string()),
        }
    }
}
