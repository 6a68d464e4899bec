//! What the store tells the instances of one circuit.

use super::text::{FormatError, Reader, Writer};
use super::{Opening, ServerTime};

/// All that an instance's decisions need of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// When the store said so, by its clock.
    pub time: ServerTime,
    /// Failures in a row all over the fleet, since anyone's last success.
    pub run: u32,
    /// How many instances they come from.
    pub from: u32,
    /// When the first of them came.
    pub run_since: Option<ServerTime>,
    /// How many instances have reported this circuit lately.
    pub active: u32,
    /// When anyone's last success came that was reported.
    pub success: Option<ServerTime>,
    /// The present opening.
    pub opening: Option<Opening>,
}

/// The answer to one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// The report counts, or did so before. Not one that is too old, or doesn't know the time.
    pub accepted: bool,
    /// Among those that take part in the opening, how many have a lower number than the instance.
    pub place: u32,
    /// How things stand now.
    pub status: Status,
}

impl Status {
    /// Whether an instance is alerted that wants to be from this many failures on.
    #[must_use]
    pub fn is_alert(&self, alert_at: u32) -> bool {
        self.run >= alert_at && self.from >= self.active.clamp(2, 3)
    }

    /// The status as a line of at most [`MAX_BYTES`](super::MAX_BYTES).
    #[must_use]
    pub fn encode(&self) -> String {
        let mut line = Writer::new();
        line.put(self.time.0)
            .put(self.run)
            .put(self.from)
            .put_option(self.run_since.map(|time| time.0))
            .put(self.active)
            .put_option(self.success.map(|time| time.0));
        match &self.opening {
            Some(opening) => opening.put(&mut line),
            None => _ = line.put('-'),
        }
        line.finish()
    }

    /// Reads a line.
    ///
    /// # Errors
    ///
    /// If it isn't one that [`encode`](Status::encode) has written.
    pub fn decode(line: &str) -> Result<Self, FormatError> {
        let mut line = Reader::new(line)?;
        Ok(Status {
            time: ServerTime(line.number()?),
            run: line.number()?,
            from: line.number()?,
            run_since: line.option()?.map(ServerTime),
            active: line.number()?,
            success: line.option()?.map(ServerTime),
            opening: Opening::read(&mut line)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_BYTES;
    use super::*;

    const LAST: ServerTime = ServerTime(u64::MAX);
    const LONGEST: Status = Status {
        time: LAST,
        run: u32::MAX,
        from: u32::MAX,
        run_since: Some(LAST),
        active: u32::MAX,
        success: Some(LAST),
        opening: Some(Opening {
            began: LAST,
            live: u32::MAX,
            streak: u32::MAX,
            used: u32::MAX,
            last: LAST,
            beside: u32::MAX,
            failed: u64::MAX,
            probing: Some(LAST),
            ended: Some(LAST),
            proved: u32::MAX,
            broken: u32::MAX,
        }),
    };

    #[test]
    fn a_status_is_read_as_it_was_written() {
        let begun = Some(Opening::begin(ServerTime(7)));
        for opening in [None, begun, LONGEST.opening] {
            let status = Status { opening, success: None, ..LONGEST };
            assert_eq!(Status::decode(&status.encode()), Ok(status));
        }
        assert_eq!(Status::decode(&LONGEST.encode()), Ok(LONGEST));
        assert!(LONGEST.encode().len() <= MAX_BYTES);
        assert_eq!(Status::decode("1 7 x"), Err(FormatError::Field(2)));
    }

    #[test]
    fn an_alert_needs_failures_from_several_instances() {
        let status = Status { run: 10, from: 2, active: 2, opening: None, ..LONGEST };
        assert!(status.is_alert(10) && !status.is_alert(11));
        assert!(!Status { active: 3, ..status }.is_alert(10));
        assert!(Status { active: 50, from: 3, ..status }.is_alert(10));
        assert!(!Status { active: 1, from: 1, ..status }.is_alert(10));
    }
}
