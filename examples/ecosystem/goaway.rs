//! HTTP/2: a server that closes a connection on schedule says so with GOAWAY. The calls that it didn't take any more can be
//! made again on another connection, and say nothing about its health: they are ignored. A GOAWAY with an error isn't.
//!
//! ```text
//! cargo run -p ecosystem --example goaway    # at once
//! ```

use std::error::Error as _;
use std::iter;

use circuit_runtime::{CircuitOpenError, Classify, Outcome, circuit_breaker, find};
use h2::Reason;
use reqwest::Client;
use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Rejected(#[from] CircuitOpenError),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

impl Classify for Error {
    fn outcome(&self) -> Outcome {
        match self {
            Error::Rejected(error) => error.outcome(),
            Error::Http(error) if is_planned(error) => Outcome::Ignored,
            Error::Http(error) => error.outcome(),
        }
    }
}

/// Whether the server closed the connection without an error of anybody.
fn is_planned(error: &reqwest::Error) -> bool {
    let mut sources = iter::successors(error.source(), |&error| error.source());
    let h2 = sources.find_map(|error| error.downcast_ref::<h2::Error>());
    h2.is_some_and(|error| error.is_go_away() && error.reason() == Some(Reason::NO_ERROR))
}

#[circuit_breaker(name = "shop", threshold = 2, classify = circuit_runtime::by_error)]
async fn get(http: &Client, url: &str) -> Result<String, Error> {
    Ok(http.get(url).send().await?.text().await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // reqwest would ask again by itself, a few times: here one call is one request.
    let http = Client::builder().http2_prior_knowledge().retry(reqwest::retry::never()).build()?;
    for reason in [Reason::NO_ERROR, Reason::ENHANCE_YOUR_CALM] {
        let url = start_server(reason).await?;
        println!("a server that closes its connections with {reason:?}:");
        for _ in 0..3 {
            match get(&http, &url).await {
                Ok(_) => println!("  an answer"),
                Err(Error::Rejected(open)) => println!("  rejected: {open}"),
                Err(Error::Http(error)) => println!("  no answer; planned: {}", is_planned(&error)),
            }
        }
        println!("{}", find("shop").expect("it has had calls").snapshot());
    }
    Ok(())
}

/// Takes no request: says by GOAWAY that it has taken none, and why it closes the connection. Written byte by byte, since a
/// server that takes a request and closes is another case.
async fn start_server(reason: Reason) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(close(socket, reason));
        }
    });
    Ok(url)
}

async fn close(mut socket: TcpStream, reason: Reason) -> io::Result<()> {
    const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
    const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
    const HEADERS: u8 = 1;
    const GOAWAY: &[u8] = b"\0\0\x08\x07\0\0\0\0\0";

    socket.read_exact(&mut [0; PREFACE]).await?;
    socket.write_all(SETTINGS).await?;
    loop {
        // A frame: the length of its content, its kind, flags, and the number of its stream.
        let mut head = [0; 9];
        socket.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        io::copy(&mut (&mut socket).take(length.into()), &mut io::sink()).await?;
        if head[3] == HEADERS {
            break;
        }
    }
    let last_taken = 0;
    socket.write_all(GOAWAY).await?;
    socket.write_u32(last_taken).await?;
    socket.write_u32(reason.into()).await?;
    // Until the client has read it, and closes.
    io::copy(&mut socket, &mut io::sink()).await?;
    Ok(())
}
