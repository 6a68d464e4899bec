//! Redis: the connection, the scripts, and the time of the server.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use redis::{Client, Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult};

use crate::error::FleetError;
use crate::keys::Keys;
use crate::link::{Link, STALE};
use crate::script::{Code, is_unknown};
use crate::state::Stored;
use crate::wire::Report;

static BEAT: LazyLock<Code> = LazyLock::new(|| Code::new(include_str!("scripts/beat.lua"), false));
static READ: LazyLock<Code> = LazyLock::new(|| Code::new(include_str!("scripts/read.lua"), true));
static ORDER: LazyLock<Code> =
    LazyLock::new(|| Code::new(include_str!("scripts/order.lua"), false));
static RESTORE: LazyLock<Code> =
    LazyLock::new(|| Code::new(include_str!("scripts/restore.lua"), false));

/// The time of the server, as last told, and when that was.
#[derive(Debug, Clone, Copy)]
struct ServerTime {
    ms: u64,
    at: Instant,
}

/// One namespace of a server.
pub(crate) struct Store {
    link: Link,
    time: Option<ServerTime>,
    keys: Keys,
}

/// What an operator sends.
pub(crate) struct Sending<'a> {
    pub(crate) seen: u64,
    pub(crate) lasting: Duration,
    pub(crate) json: String,
    pub(crate) by: &'a str,
    pub(crate) user: &'a str,
    pub(crate) what: String,
    pub(crate) why: &'a str,
    pub(crate) cancels: Option<u64>,
}

/// An entry of the audit stream: its id, and its fields.
pub(crate) type Entry = (String, Vec<(String, String)>);

impl Store {
    /// Connects to nothing yet.
    pub(crate) fn new(client: Client, namespace: &str) -> Self {
        let keys = Keys::of(namespace);
        Store { link: Link::new(client), time: None, keys }
    }

    /// Sends a command. An answer that is older than two seconds is none.
    async fn send<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        let mut connection = self.link.connection()?;
        let sent = Instant::now();
        let answer = command.query_async(&mut connection).await;
        let answer = answer.and_then(|answer| {
            if sent.elapsed() > STALE {
                Err(RedisError::from((ErrorKind::Io, "the answer came too late")))
            } else {
                Ok(answer)
            }
        });
        self.link.judge(answer.as_ref().err());
        answer
    }

    /// Runs a script that the server may not know yet.
    async fn run<T: FromRedisValue>(
        &mut self,
        code: &Code,
        keys: &[String],
        arguments: &[String],
    ) -> RedisResult<T> {
        let (by_hash, in_full) = code.commands();
        let command = |name: &str, script: &str| {
            let mut command = redis::cmd(name);
            command.arg(script).arg(keys.len()).arg(keys).arg(arguments);
            command
        };
        match self.send(&command(by_hash, &code.hash)).await {
            Err(error) if is_unknown(&error) => self.send(&command(in_full, code.text)).await,
            answer => answer,
        }
    }

    /// The server's time in ms, by its last answer and what has passed since; 0 if none is known.
    fn now(&self) -> u64 {
        self.time.map_or(0, |time| {
            time.ms + u64::try_from(time.at.elapsed().as_millis()).unwrap_or(u64::MAX)
        })
    }

    /// Says that this instance lives, and what it sees.
    pub(crate) async fn beat(&mut self, report: &Report) -> Result<(), FleetError> {
        let json = serde_json::to_string(report).map_err(|error| unwritable(&error))?;
        let keys = [self.keys.live(), self.keys.report(&report.instance)];
        let arguments = [report.instance.clone(), self.now().to_string(), json];
        let answer = self.run(&BEAT, &keys, &arguments).await;
        if answer.as_ref().err().is_some_and(|error: &RedisError| error.code() == Some("LATE")) {
            // The clock of the server has been set, or another server has another one.
            self.time = None;
        }
        let ms: u64 = answer?;
        self.time = Some(ServerTime { ms, at: Instant::now() });
        Ok(())
    }

    /// The orders in force, and the highest version so far.
    pub(crate) async fn orders(&mut self) -> Result<(u64, Vec<Stored>), FleetError> {
        let keys = [self.keys.orders(), self.keys.version()];
        let answer: (u64, u64, Vec<(String, String)>) = self.run(&READ, &keys, &[]).await?;
        let (now, version, fields) = answer;
        self.time = Some(ServerTime { ms: now, at: Instant::now() });
        let stored = fields.into_iter().filter_map(|(version, value)| {
            let (ends, json) = value.split_once(' ')?;
            let left = ends.parse::<u64>().ok()?.checked_sub(now).filter(|left| *left > 0)?;
            let (version, left) = (version.parse().ok()?, Duration::from_millis(left));
            Some(Stored { version, left, json: json.to_owned() })
        });
        Ok((version, stored.collect()))
    }

    /// The reports of all instances that live: a name, and a report unless that is silent.
    pub(crate) async fn reports(&mut self) -> Result<Vec<(String, Option<Report>)>, FleetError> {
        let live = redis::cmd("ZRANGE").arg(self.keys.live()).arg(0).arg(-1).to_owned();
        let names: Vec<String> = self.send(&live).await?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<String> = names.iter().map(|name| self.keys.report(name)).collect();
        let reports = redis::cmd("MGET").arg(keys).to_owned();
        let reports: Vec<Option<String>> = self.send(&reports).await?;
        let read = |json: String| serde_json::from_str(&json).ok();
        Ok(names.into_iter().zip(reports.into_iter().map(|json| json.and_then(read))).collect())
    }

    /// Takes this instance's name and report away.
    pub(crate) async fn leave(&mut self, instance: &str) -> Result<(), FleetError> {
        let live = redis::cmd("ZREM").arg(self.keys.live()).arg(instance).to_owned();
        let report = redis::cmd("DEL").arg(self.keys.report(instance)).to_owned();
        let _: i64 = self.send(&live).await?;
        let _: i64 = self.send(&report).await?;
        Ok(())
    }

    /// Gives an order. Returns its version.
    pub(crate) async fn order(&mut self, sending: Sending<'_>) -> Result<u64, FleetError> {
        let keys = [self.keys.orders(), self.keys.version(), self.keys.audit()];
        let arguments = [
            self.now().to_string(),
            sending.seen.to_string(),
            sending.lasting.as_millis().to_string(),
            sending.json,
            sending.by.to_owned(),
            sending.user.to_owned(),
            sending.what,
            sending.why.to_owned(),
            sending.cancels.map(|version| version.to_string()).unwrap_or_default(),
        ];
        Ok(self.run(&ORDER, &keys, &arguments).await?)
    }

    /// Puts an order back that the store has lost. Whether it had.
    pub(crate) async fn restore(
        &mut self,
        version: u64,
        left_ms: u64,
        json: String,
        by: &str,
        user: &str,
    ) -> Result<bool, FleetError> {
        let keys = [self.keys.orders(), self.keys.version(), self.keys.audit()];
        let (by, user) = (by.to_owned(), user.to_owned());
        let arguments = [version.to_string(), left_ms.to_string(), json, by, user];
        Ok(self.run(&RESTORE, &keys, &arguments).await?)
    }

    /// The user that this connection is.
    pub(crate) async fn user(&mut self) -> Result<String, FleetError> {
        Ok(self.send(&redis::cmd("ACL").arg("WHOAMI").to_owned()).await?)
    }

    /// The latest entries of the audit stream, the latest first.
    pub(crate) async fn audit(&mut self, most: usize) -> Result<Vec<Entry>, FleetError> {
        let mut command = redis::cmd("XREVRANGE");
        command.arg(self.keys.audit()).arg("+").arg("-").arg("COUNT").arg(most);
        Ok(self.send(&command).await?)
    }
}

pub(crate) fn unwritable(error: &serde_json::Error) -> FleetError {
    FleetError::Form(format!("can't be written as JSON: {error}"))
}
