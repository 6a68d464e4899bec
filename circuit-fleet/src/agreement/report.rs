//! What an instance tells the store of one circuit.

use super::text::{FormatError, Reader, Writer};
use super::{Millis, ServerTime};

/// One report. All of it may come twice, late or never: counts are totals, and a report that is older than the last one, by its
/// number, changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The instance, by a number that is new with each start of it.
    pub instance: u64,
    /// Rises with each report of the instance.
    pub number: u64,
    /// When it was made, by the server's clock; `None` from an instance that doesn't know that yet and asks for it.
    pub made: Option<ServerTime>,
    /// From how many failures in a row all over the fleet on this instance wants the alert.
    pub alert_at: u32,
    /// Failures of the closed circuit, in all.
    pub failures: u64,
    /// How many of them are not acknowledged, and not too old.
    pub fresh: u32,
    /// How many failures came since the instance's last success.
    pub run: u32,
    /// How long before the report the last failure came.
    pub failure_age: Millis,
    /// How long before the report the last success came, if that isn't too old.
    pub success_age: Option<Millis>,
    /// The circuit's state.
    pub state: State,
    /// Half-open periods that have begun, and that have ended, in all.
    pub probes_begun: u64,
    /// See `probes_begun`.
    pub probes_ended: u64,
    /// How the last half-open period ended.
    pub probe: Option<Probe>,
}

/// The state of an instance's circuit, as far as others need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It serves, or doesn't take part in shared probing.
    Closed,
    /// It has opened by itself, and waits.
    Open,
    /// Its probe is in flight.
    HalfOpen,
    /// The instance ends.
    Left,
}

/// How a half-open period ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// The circuit has closed.
    pub succeeded: bool,
    /// How long before the report.
    pub age: Millis,
}

impl Report {
    /// The report as a line of at most [`MAX_BYTES`](super::MAX_BYTES).
    #[must_use]
    pub fn encode(&self) -> String {
        let mut line = Writer::new();
        line.put(self.instance)
            .put(self.number)
            .put_option(self.made.map(|made| made.0))
            .put(self.alert_at)
            .put(self.failures)
            .put(self.fresh)
            .put(self.run)
            .put(self.failure_age)
            .put_option(self.success_age)
            .put(match self.state {
                State::Closed => "closed",
                State::Open => "open",
                State::HalfOpen => "half-open",
                State::Left => "left",
            })
            .put(self.probes_begun)
            .put(self.probes_ended)
            .put(match self.probe {
                None => "-",
                Some(Probe { succeeded: true, .. }) => "succeeded",
                Some(Probe { succeeded: false, .. }) => "failed",
            })
            .put_option(self.probe.map(|probe| probe.age));
        line.finish()
    }

    /// Reads a line.
    ///
    /// # Errors
    ///
    /// If it isn't one that [`encode`](Report::encode) has written.
    pub fn decode(line: &str) -> Result<Self, FormatError> {
        let mut line = Reader::new(line)?;
        Ok(Report {
            instance: line.number()?,
            number: line.number()?,
            made: line.option()?.map(ServerTime),
            alert_at: line.number()?,
            failures: line.number()?,
            fresh: line.number()?,
            run: line.number()?,
            failure_age: line.number()?,
            success_age: line.option()?,
            state: match line.word()? {
                "closed" => State::Closed,
                "open" => State::Open,
                "half-open" => State::HalfOpen,
                "left" => State::Left,
                _ => return Err(line.wrong()),
            },
            probes_begun: line.number()?,
            probes_ended: line.number()?,
            probe: {
                let succeeded = match line.word()? {
                    "-" => None,
                    "succeeded" => Some(true),
                    "failed" => Some(false),
                    _ => return Err(line.wrong()),
                };
                match (succeeded, line.option()?) {
                    (Some(succeeded), Some(age)) => Some(Probe { succeeded, age }),
                    (None, None) => None,
                    _ => return Err(line.wrong()),
                }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_BYTES;
    use super::*;

    const LONGEST: Report = Report {
        instance: u64::MAX,
        number: u64::MAX,
        made: Some(ServerTime(u64::MAX)),
        alert_at: u32::MAX,
        failures: u64::MAX,
        fresh: u32::MAX,
        run: u32::MAX,
        failure_age: u64::MAX,
        success_age: Some(u64::MAX),
        state: State::HalfOpen,
        probes_begun: u64::MAX,
        probes_ended: u64::MAX,
        probe: Some(Probe { succeeded: true, age: u64::MAX }),
    };

    #[test]
    fn a_report_is_read_as_it_was_written() {
        for state in [State::Closed, State::Open, State::HalfOpen, State::Left] {
            for probe in [None, LONGEST.probe, Some(Probe { succeeded: false, age: 1 })] {
                let report = Report { state, probe, made: None, success_age: None, ..LONGEST };
                assert_eq!(Report::decode(&report.encode()), Ok(report));
            }
        }
        assert_eq!(Report::decode(&LONGEST.encode()), Ok(LONGEST));
        assert!(LONGEST.encode().len() <= MAX_BYTES);
    }

    #[test]
    fn a_field_more_is_ignored_and_all_else_is_an_error() {
        let line = LONGEST.encode();
        assert_eq!(Report::decode(&format!("{line} 7")), Ok(LONGEST));
        assert_eq!(Report::decode(&format!("2{}", &line[1..])), Err(FormatError::Version));
        assert_eq!(Report::decode("1 7"), Err(FormatError::Field(2)));
        assert_eq!(Report::decode(&line.replace("half-open", "ajar")), Err(FormatError::Field(10)));
        assert_eq!(Report::decode(&"1 ".repeat(300)), Err(FormatError::TooLong));
        assert_eq!(Report::decode(""), Err(FormatError::Version));
    }
}
