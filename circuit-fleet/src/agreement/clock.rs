//! The server's time, as an instance knows it.

/// Milliseconds; on their own, of an instance's monotonic clock.
pub type Millis = u64;

/// A time by the clock of the store's server, in milliseconds of the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ServerTime(pub Millis);

impl ServerTime {
    /// So much earlier.
    #[must_use]
    pub fn before(self, by: Millis) -> Self {
        ServerTime(self.0.saturating_sub(by))
    }

    /// So much later.
    #[must_use]
    pub fn after(self, by: Millis) -> Self {
        ServerTime(self.0.saturating_add(by))
    }

    /// How long ago `earlier` was; 0 if it is yet to come.
    #[must_use]
    pub fn since(self, earlier: ServerTime) -> Millis {
        self.0.saturating_sub(earlier.0)
    }
}

/// The latest reply of the store: what its clock showed, and between which local times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) asked: Millis,
    pub(super) received: Millis,
    pub(super) server: ServerTime,
}

impl Reading {
    /// What the server's clock shows at least: as if the reply had needed no time. A report is stamped with it, so that it
    /// never seems younger than it is.
    pub(super) fn at_least(self, now: Millis) -> ServerTime {
        self.server.after(now.saturating_sub(self.received))
    }

    /// What the server's clock shows at most: as if the question had needed no time. What was published is judged by it.
    pub(super) fn at_most(self, now: Millis) -> ServerTime {
        self.server.after(now.saturating_sub(self.asked))
    }

    /// The latest local time at which the server's clock can have shown `at`.
    pub(super) fn local(self, at: ServerTime) -> Millis {
        if at >= self.server {
            self.received.saturating_add(at.since(self.server))
        } else {
            self.received.saturating_sub(self.server.since(at))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_time_lies_between_two_bounds() {
        let reading = Reading { asked: 100, received: 130, server: ServerTime(5_000) };
        assert_eq!(reading.at_least(150), ServerTime(5_020));
        assert_eq!(reading.at_most(150), ServerTime(5_050));
    }

    #[test]
    fn a_time_of_the_server_is_never_taken_for_an_earlier_one() {
        let reading = Reading { asked: 100, received: 130, server: ServerTime(5_000) };
        assert_eq!(reading.local(ServerTime(5_010)), 140);
        assert_eq!(reading.local(ServerTime(4_990)), 120);
        assert_eq!(reading.local(ServerTime(0)), 0);
    }
}
