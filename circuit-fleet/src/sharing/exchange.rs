//! Reports to Redis, and what comes back: replies, and statuses that others have changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use redis::aio::{AsyncPushSender, ConnectionManager, SendError};
use redis::{Client, Pipeline, PushInfo, PushKind, RedisResult, from_redis_value};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use crate::agreement::{Reply, Status};
use crate::attempts::Attempts;
use crate::keys::Keys;
use crate::link::Link;
use crate::script::{Code, is_unknown};

static AGREE: LazyLock<Code> =
    LazyLock::new(|| Code::new(include_str!("../scripts/agree.lua"), false));

/// So many reports go at once.
pub(super) const MOST_REPORTS: usize = 128;
/// So many batches of them wait for their answers.
const MOST_UNDER_WAY: usize = 8;
/// So many statuses wait to be looked at. More are dropped and counted: what they say, the next reply says, too.
const MOST_HEARD: usize = 128;

/// A report on its way.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) circuit: &'static str,
    pub(super) number: u64,
    pub(super) line: String,
}

/// What has become of a batch of reports. `None`: nothing is known of this one.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) sent: Vec<Sent>,
    pub(super) replies: RedisResult<Vec<Option<Reply>>>,
    has_subscribed: bool,
    link: u32,
}

/// What comes from Redis.
pub(super) enum Told {
    Answers(Answers),
    /// A status that was published, and the circuit's name.
    Heard(String, Status),
    /// The connection is gone: the next server may have another clock.
    Lost,
}

/// The connection that reports go over.
pub(super) struct Exchange {
    link: Link,
    /// Apart from those for orders: who may not share what circuits see shall still hear of orders.
    attempts: Attempts,
    /// How often the link was made anew.
    number: u32,
    has_subscribed: bool,
    keys: Keys,
    under_way: JoinSet<Answers>,
    pushed: mpsc::Receiver<(String, Status)>,
    was_lost: Arc<Notify>,
}

impl Exchange {
    /// Connects to nothing yet. `dropped` counts the statuses that were dropped.
    pub(super) fn new(
        client: &Client,
        namespace: &str,
        dropped: Arc<AtomicU64>,
    ) -> RedisResult<Self> {
        let (sender, pushed) = mpsc::channel(MOST_HEARD);
        let was_lost = Arc::new(Notify::new());
        let keys = Keys::of(namespace);
        let channels = keys.status("");
        let ear = Ear { channels, sender, dropped, was_lost: Arc::clone(&was_lost) };
        Ok(Exchange {
            link: Link::with_pushes(client, Arc::new(ear))?,
            attempts: Attempts::default(),
            number: 0,
            has_subscribed: false,
            keys,
            under_way: JoinSet::new(),
            pushed,
            was_lost,
        })
    }

    /// Whether reports can be sent now: not while many wait for their answers, or Redis is known to be away. Then they must be.
    pub(super) fn may_send(&mut self) -> bool {
        self.under_way.len() < MOST_UNDER_WAY && self.attempts.try_begin(Instant::now())
    }

    pub(super) fn send(&mut self, sent: Vec<Sent>) {
        let Ok(mut connection) = self.link.connection() else {
            // Only with a client that `with_pushes` would have refused.
            return self.attempts.failed(Instant::now());
        };
        let (keys, link) = (self.keys.clone(), self.number);
        let subscribes = !self.has_subscribed;
        self.under_way.spawn(async move {
            let replies = exchange(&mut connection, &keys, &sent).await;
            let has_subscribed =
                subscribes && replies.is_ok() && subscribe(&mut connection, &keys).await;
            Answers { sent, replies, has_subscribed, link }
        });
    }

    /// Sends the last reports.
    pub(super) async fn send_last(&mut self, sent: &[Sent]) {
        if let Ok(mut connection) = self.link.connection() {
            // The store forgets who is silent.
            let _ = exchange(&mut connection, &self.keys, sent).await;
        }
    }

    /// What comes next.
    pub(super) async fn told(&mut self) -> Told {
        loop {
            tokio::select! {
                Some(answers) = self.under_way.join_next() => {
                    // One that has panicked is lost, as messages may be.
                    let Ok(answers) = answers else {
                        self.attempts.failed(Instant::now());
                        continue;
                    };
                    match answers.replies {
                        Ok(_) => self.attempts.succeeded(),
                        Err(_) => self.attempts.failed(Instant::now()),
                    }
                    if answers.link == self.number {
                        self.has_subscribed |= answers.has_subscribed;
                        if self.link.judge(answers.replies.as_ref().err()) {
                            self.number += 1;
                            self.has_subscribed = false;
                        }
                    }
                    return Told::Answers(answers);
                }
                Some((circuit, status)) = self.pushed.recv() => return Told::Heard(circuit, status),
                () = self.was_lost.notified() => return Told::Lost,
            }
        }
    }
}

/// Runs the script for each of the reports, in one go.
async fn exchange(
    connection: &mut ConnectionManager,
    keys: &Keys,
    sent: &[Sent],
) -> RedisResult<Vec<Option<Reply>>> {
    let mut rows: Vec<RedisResult<Row>> = batch(keys, sent, false).query_async(connection).await?;
    if rows.iter().any(|row| row.as_ref().is_err_and(is_unknown)) {
        // What was merged already changes nothing the second time.
        rows = batch(keys, sent, true).query_async(connection).await?;
    }
    if rows.iter().all(RedisResult::is_err) {
        return rows.into_iter().map(|row| row.map(|_| None)).collect();
    }
    Ok(rows.into_iter().map(|row| row.ok().and_then(reply)).collect())
}

/// Whether the report counts, the instance's place, whether the status was published, and the status.
type Row = (bool, u32, bool, String);

fn reply((accepted, place, _, status): Row) -> Option<Reply> {
    Some(Reply { accepted, place, status: Status::decode(&status).ok()? })
}

/// A server that has run the script once knows it by its hash.
fn batch(keys: &Keys, sent: &[Sent], is_first_in_full: bool) -> Pipeline {
    let (by_hash, in_full) = AGREE.commands();
    let mut batch = redis::pipe();
    batch.ignore_errors();
    for (index, Sent { circuit, line, .. }) in sent.iter().enumerate() {
        if is_first_in_full && index == 0 {
            batch.cmd(in_full).arg(AGREE.text);
        } else {
            batch.cmd(by_hash).arg(&AGREE.hash);
        }
        let record = keys.record(circuit);
        batch.arg(record.len()).arg(&record).arg(line).arg(keys.status(circuit));
    }
    batch
}

/// Asks for what is published. Whether that needs no second attempt: who has no right to it polls.
async fn subscribe(connection: &mut ConnectionManager, keys: &Keys) -> bool {
    match connection.psubscribe(keys.status("*")).await {
        Ok(()) => true,
        Err(error) => error.code().is_some(),
    }
}

/// Takes what the server says unasked.
struct Ear {
    /// What the names of the channels begin with.
    channels: String,
    sender: mpsc::Sender<(String, Status)>,
    dropped: Arc<AtomicU64>,
    was_lost: Arc<Notify>,
}

impl AsyncPushSender for Ear {
    fn send(&self, push: PushInfo) -> Result<(), SendError> {
        match push.kind {
            PushKind::Disconnection => self.was_lost.notify_one(),
            PushKind::PMessage => {
                if let Some(heard) = self.read(push) {
                    if self.sender.try_send(heard).is_err() {
                        // Relaxed: it is only shown.
                        self.dropped.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Ear {
    /// `None`: nothing that this version knows.
    fn read(&self, push: PushInfo) -> Option<(String, Status)> {
        let [_, channel, line] = <[_; 3]>::try_from(push.data).ok()?;
        let channel: String = from_redis_value(channel).ok()?;
        let line: String = from_redis_value(line).ok()?;
        let circuit = channel.strip_prefix(&self.channels)?.to_owned();
        Some((circuit, Status::decode(&line).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::*;
    use crate::agreement::{Record, ServerTime};

    #[test]
    fn what_is_published_is_read_and_what_comes_too_fast_is_counted() {
        let (sender, mut heard) = mpsc::channel(2);
        let (dropped, was_lost) = (Arc::<AtomicU64>::default(), Arc::<Notify>::default());
        let channels = Keys::of("test").status("");
        let ear = Ear { channels, sender, dropped: Arc::clone(&dropped), was_lost };
        let status = Record::default().status(ServerTime(7));
        let push = |channel: &str, line: &str| {
            let data = ["*", channel, line].map(|text| Value::BulkString(text.into()));
            let push = PushInfo { kind: PushKind::PMessage, data: data.into() };
            assert!(ear.send(push).is_ok());
        };
        push("f:{other}:status:pay", &status.encode());
        push("f:{test}:status:pay", "no status");
        for _ in 0..3 {
            push("f:{test}:status:shop::pay", &status.encode());
        }
        for _ in 0..2 {
            assert_eq!(heard.try_recv(), Ok(("shop::pay".to_owned(), status)));
        }
        assert!(heard.try_recv().is_err());
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    }
}
