//! The server: it answers many calls at a time over one connection, in the order in which they end.
//!
//! A line from the client is a call: its number, its luck and its part. An answer is a line with the call's number and a word:
//! `head` and then `end`, or `broken-off`; `failed`; or `away` and for how many seconds. A call that ends with its connection gets
//! none: the server closes it, whatever else it carries.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::service::{Call, Failure, Service};

/// What has come to a server.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    connections: AtomicUsize,
    calls: AtomicUsize,
}

impl Traffic {
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed) // only a number
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed) // only a number
    }
}

pub(super) async fn serve(listener: TcpListener, service: Arc<Service>, traffic: Arc<Traffic>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        traffic.connections.fetch_add(1, Ordering::Relaxed); // only a number
        let (service, traffic) = (Arc::clone(&service), Arc::clone(&traffic));
        // A client that goes away is no error of the server.
        connections.spawn(async move { carry(stream, &service, &traffic).await.ok() });
        while connections.try_join_next().is_some() {}
    }
}

enum Reply {
    Line(String),
    Close,
}

/// Until the client goes away, or the connection is to break.
async fn carry(stream: TcpStream, service: &Arc<Service>, traffic: &Traffic) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let (answers, mut replies) = mpsc::unbounded_channel();
    // Dropped at the end: nobody waits for these calls any more.
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                let call = parsed(&line).ok_or(io::ErrorKind::InvalidData)?;
                traffic.calls.fetch_add(1, Ordering::Relaxed); // only a number
                calls.spawn(answer(Arc::clone(service), call, answers.clone()));
            }
            Some(reply) = replies.recv() => match reply {
                Reply::Line(line) => write.write_all(line.as_bytes()).await?,
                Reply::Close => return Ok(()),
            },
            Some(_) = calls.join_next() => {}
        }
    }
}

fn parsed(line: &str) -> Option<Call> {
    let mut words = line.split(' ');
    let number = words.next()?.parse().ok()?;
    let luck = words.next()?.parse().ok()?;
    let part = words.next()?.parse().ok()?;
    Some(Call { number, luck, part, ..Call::default() })
}

async fn answer(service: Arc<Service>, call: Call, replies: mpsc::UnboundedSender<Reply>) {
    let number = call.number;
    // If nobody receives them, the connection is closed.
    let reply = |words: &str| drop(replies.send(Reply::Line(format!("{number} {words}\n"))));
    match service.answer(call).await {
        Ok(()) => {
            reply("head");
            reply(if service.body().await.is_ok() { "end" } else { "broken-off" });
        }
        Err(Failure::Broken) => drop(replies.send(Reply::Close)),
        Err(Failure::Unavailable(wait)) => reply(&format!("away {}", wait.as_secs_f64())),
        Err(Failure::Failed | Failure::TimedOut | Failure::Rejected) => reply("failed"),
    }
}
