//! One outage in real time, against real sockets: a server on this machine plays the fake service.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::stream::{self, Stream};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::measure::{self, Measured};
use crate::outage::Outage;
use crate::page;
use crate::service::{Call, Failure, Service};

/// Runs all strategies side by side, each against a server of its own.
pub(crate) fn run(outage: &'static Outage) -> Result<(), Box<dyn Error>> {
    let strategies = outage.strategies();
    let length = outage.length() + measure::REST;
    println!(
        "{}: {} strategies side by side, {} s",
        outage.title,
        strategies.len(),
        length.as_secs()
    );
    circuit_runtime::on_transition(|change| {
        println!("{}: {} -> {}: {}", change.circuit, change.from, change.to, change.reason);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let measured = runtime.block_on(async {
        let mut runs = JoinSet::new();
        for (place, strategy) in strategies.into_iter().enumerate() {
            let service = Arc::new(Service::new(outage));
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            tokio::spawn(serve(listener, Arc::clone(&service)));
            runs.spawn(async move {
                let request = move |_, call| ask(address, call);
                (place, measure::load(outage, strategy, &service, request).await)
            });
        }
        let mut measured: Vec<(usize, Measured)> = runs.join_all().await;
        measured.sort_by_key(|&(place, _)| place);
        io::Result::Ok(measured.into_iter().map(|(_, measured)| measured).collect::<Vec<_>>())
    })?;
    println!("\n{}", page::section(outage, &measured));
    Ok(())
}

async fn serve(listener: TcpListener, service: Arc<Service>) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = Arc::clone(&service);
        // A client that goes away is no error of the server.
        tokio::spawn(async move { respond(stream, &service).await.ok() });
    }
}

/// A request is a line with the call's number and its luck, the answer a line; a call that fails gets none.
async fn respond(stream: TcpStream, service: &Service) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let (number, luck) = line.trim().split_once(' ').ok_or(io::ErrorKind::InvalidData)?;
    let (Ok(number), Ok(luck)) = (number.parse(), luck.parse()) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    match service.answer(Call { number, luck }).await {
        Ok(()) => {
            stream.write_all(b"ok\n").await?;
            if service.body().await.is_ok() { stream.write_all(b"end\n").await } else { Ok(()) }
        }
        Err(Failure::Unavailable(wait)) => {
            stream.write_all(format!("{}\n", wait.as_secs_f64()).as_bytes()).await
        }
        Err(_) => Ok(()),
    }
}

/// Head and body of an answer.
fn ask(
    address: SocketAddr,
    call: Call,
) -> impl Stream<Item = Result<(), Failure>> + Send + 'static {
    let head = async move {
        let mut stream = BufReader::new(TcpStream::connect(address).await?);
        let line = format!("{} {}\n", call.number, call.luck);
        stream.write_all(line.as_bytes()).await?;
        let answer = line_of(&mut stream).await?;
        io::Result::Ok((stream, answer))
    };
    stream::unfold(Progress::Begins(Box::pin(head)), |progress| async {
        match progress {
            Progress::Begins(head) => Some(match head.await {
                Ok((stream, answer)) if answer == "ok" => (Ok(()), Progress::Body(stream)),
                Ok((_, answer)) => (Err(failure(&answer)), Progress::Over),
                Err(_) => (Err(Failure::Failed), Progress::Over),
            }),
            Progress::Body(mut stream) => {
                let is_whole = line_of(&mut stream).await.is_ok_and(|line| line == "end");
                Some((if is_whole { Ok(()) } else { Err(Failure::Failed) }, Progress::Over))
            }
            Progress::Over => None,
        }
    })
}

enum Progress<F> {
    Begins(F),
    Body(BufReader<TcpStream>),
    Over,
}

async fn line_of(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line.trim().into())
}

/// An answer that is a number asks to stay away for so many seconds.
fn failure(answer: &str) -> Failure {
    let wait = answer.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    wait.map_or(Failure::Failed, Failure::Unavailable)
}
