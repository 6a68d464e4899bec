//! The client's side: all calls share one connection, as HTTP/2 and Redis clients have it. When it has broken, the next call makes
//! a new one.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::stream::{self, Stream};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};

use crate::service::{Call, Failure};

/// The answers to one call; they end when the connection breaks.
type Answers = mpsc::UnboundedReceiver<Answer>;

enum Answer {
    Head,
    End,
    Failed(Failure),
}

/// What a call gets whose answers end.
const BROKEN: Answer = Answer::Failed(Failure::Broken);

struct Request {
    call: Call,
    answers: mpsc::UnboundedSender<Answer>,
}

pub(super) struct Connection {
    address: SocketAddr,
    /// To the task that has the connection, if there has been one.
    current: Mutex<Option<mpsc::UnboundedSender<Request>>>,
}

impl Connection {
    pub(super) fn to(address: SocketAddr) -> Self {
        Connection { address, current: Mutex::default() }
    }

    async fn send(&self, call: Call) -> io::Result<Answers> {
        let mut current = self.current.lock().await;
        let connection = match current.take() {
            Some(connection) if !connection.is_closed() => connection,
            _ => {
                let stream = TcpStream::connect(self.address).await?;
                let (connection, requests) = mpsc::unbounded_channel();
                tokio::spawn(async move { carry(stream, requests).await.ok() });
                connection
            }
        };
        let (answers, received) = mpsc::unbounded_channel();
        // If it has just broken, the request is dropped, and its answers end.
        let _ = connection.send(Request { call, answers });
        *current = Some(connection);
        Ok(received)
    }
}

/// Until the connection breaks, or nobody can send any more. Then all answers end.
async fn carry(
    stream: TcpStream,
    mut requests: mpsc::UnboundedReceiver<Request>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut waiting: HashMap<u64, mpsc::UnboundedSender<Answer>> = HashMap::new();
    loop {
        tokio::select! {
            request = requests.recv() => {
                let Some(Request { call, answers }) = request else { return Ok(()) };
                waiting.insert(call.number, answers);
                let line = format!("{} {} {}\n", call.number, call.luck, call.part);
                write.write_all(line.as_bytes()).await?;
            }
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                let (number, answer) = parsed(&line).ok_or(io::ErrorKind::InvalidData)?;
                // Who doesn't wait any more has gone away.
                match answer {
                    Answer::Head => waiting.get(&number).map(|answers| answers.send(answer).ok()),
                    _ => waiting.remove(&number).map(|answers| answers.send(answer).ok()),
                };
            }
        }
    }
}

fn parsed(line: &str) -> Option<(u64, Answer)> {
    let mut words = line.split(' ');
    let number = words.next()?.parse().ok()?;
    let answer = match words.next()? {
        "head" => Answer::Head,
        "end" => Answer::End,
        "away" => {
            let seconds = words.next()?.parse().ok()?;
            Answer::Failed(Failure::Unavailable(Duration::try_from_secs_f64(seconds).ok()?))
        }
        _ => Answer::Failed(Failure::Failed),
    };
    Some((number, answer))
}

enum Progress {
    Begins(Arc<Connection>, Call),
    Body(Answers),
    Over,
}

/// Head and body of an answer.
pub(super) fn ask(
    connection: Arc<Connection>,
    call: Call,
) -> impl Stream<Item = Result<(), Failure>> + Send + 'static {
    stream::unfold(Progress::Begins(connection, call), |progress| async {
        match progress {
            Progress::Begins(connection, call) => {
                let Ok(mut answers) = connection.send(call).await else {
                    return Some((Err(Failure::Broken), Progress::Over));
                };
                Some(match answers.recv().await.unwrap_or(BROKEN) {
                    Answer::Head => (Ok(()), Progress::Body(answers)),
                    Answer::End => (Ok(()), Progress::Over),
                    Answer::Failed(failure) => (Err(failure), Progress::Over),
                })
            }
            Progress::Body(mut answers) => {
                let end = match answers.recv().await.unwrap_or(BROKEN) {
                    Answer::Head | Answer::End => Ok(()),
                    Answer::Failed(failure) => Err(failure),
                };
                Some((end, Progress::Over))
            }
            Progress::Over => None,
        }
    })
}
