//! A record as the store keeps it: what its script must have written, to compare with.

use super::record::Record;
use super::{Millis, ServerTime, State};

/// The contents of a record's keys, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// A hash: each instance, and its line.
    pub reports: Vec<(String, String)>,
    /// A sorted set: each instance by when it has reported.
    pub times: Vec<(String, Millis)>,
    /// A sorted set: each instance by its first failure that counts.
    pub failing: Vec<(String, Millis)>,
    /// A sorted set of equal scores: who takes part in the opening.
    pub members: Vec<String>,
    /// A string: what is of no single instance.
    pub record: String,
}

impl Record {
    /// The record as the store keeps it.
    #[must_use]
    pub fn stored(&self) -> Stored {
        let name = |number: &u64| format!("{number:020}");
        let entry = |(time, number): &(ServerTime, u64)| (name(number), time.0);
        let instances = &self.instances;
        let reports = instances.all.iter().map(|(number, it)| {
            let state = match it.state {
                State::Closed => "closed",
                State::Open => "open",
                State::HalfOpen => "half-open",
                State::Left => "left",
            };
            let line = [
                it.number.to_string(),
                it.reported.0.to_string(),
                it.failures.to_string(),
                it.run.to_string(),
                it.first_failure.0.to_string(),
                it.last_failure.0.to_string(),
                state.to_owned(),
                option(it.opened),
                it.probes_begun.to_string(),
                it.probes_ended.to_string(),
            ];
            (name(number), line.join(" "))
        });
        Stored {
            reports: reports.collect(),
            times: instances.by_report.iter().map(entry).collect(),
            failing: instances.failing.iter().map(entry).collect(),
            members: instances.members.iter().map(name).collect(),
            record: self.line(),
        }
    }

    fn line(&self) -> String {
        let flag = |is: bool| u8::from(is).to_string();
        let mut line = vec![
            "1".to_owned(),
            option(self.success),
            self.instances.run.to_string(),
            flag(self.is_alert),
            option(self.published),
            flag(self.is_news),
        ];
        if let Some(opening) = &self.opening {
            line.extend([
                opening.began.0.to_string(),
                opening.streak.to_string(),
                opening.used.to_string(),
                opening.last.0.to_string(),
                opening.beside.to_string(),
                opening.failed.to_string(),
                option(opening.probing),
                option(opening.ended),
                opening.proved.to_string(),
                opening.broken.to_string(),
            ]);
        }
        line.join(" ")
    }
}

fn option(time: Option<ServerTime>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.0.to_string())
}
