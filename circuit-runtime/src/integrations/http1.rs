//! What HTTP's statuses and `Retry-After` say.

use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, Response, StatusCode};

use super::obeyed;
use crate::classify::Classify;
use crate::outcome::Outcome;
use crate::primitives::clock;

/// 408, 425, 429 and 500 to 599 but 501 and 505 are failures, all else is a success: the service
/// answered.
impl Classify for StatusCode {
    fn outcome(&self) -> Outcome {
        match self.as_u16() {
            501 | 505 => Outcome::Success,
            408 | 425 | 429 | 500..=599 => Outcome::Failure,
            _ => Outcome::Success,
        }
    }
}

/// By the status, and by `Retry-After`: with it, a 429 opens the circuit for that time, and a 503
/// asks for a wait of at least that time. The header may be seconds or a date; five minutes at most
/// are obeyed, and a date that has passed, 0 and what can't be read make it an ordinary failure.
impl<B> Classify for Response<B> {
    fn outcome(&self) -> Outcome {
        answered(self.status(), self.headers())
    }
}

pub(super) fn answered(status: StatusCode, headers: &HeaderMap) -> Outcome {
    let asks: fn(Duration) -> Outcome = match status {
        StatusCode::TOO_MANY_REQUESTS => Outcome::OpenFor,
        StatusCode::SERVICE_UNAVAILABLE => Outcome::RetryAfter,
        _ => return status.outcome(),
    };
    let value = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    value.and_then(|value| wait(value, clock::date())).map_or(Outcome::Failure, asks)
}

/// The wait that a `Retry-After` asks for.
fn wait(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are a long wait.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        httpdate::parse_http_date(value).ok()?.duration_since(now).ok()?
    };
    obeyed(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<u64> {
        // Sunday, 6 November 1994, 08:49:07.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_747);
        wait(value, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_seconds_or_one_of_three_dates() {
        assert_eq!(asked("30"), Some(30));
        assert_eq!(asked(" 30 "), Some(30));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(asked("Sunday, 06-Nov-94 08:49:37 GMT"), Some(30));
        assert_eq!(asked("Sun Nov  6 08:49:37 1994"), Some(30));
    }

    #[test]
    fn a_wait_is_five_minutes_at_most() {
        assert_eq!(asked("301"), Some(300));
        assert_eq!(asked("99999999999999999999999"), Some(300));
        assert_eq!(asked("Sun, 06 Nov 1994 18:49:37 GMT"), Some(300));
        assert_eq!(asked("Fri, 31 Dec 9999 23:59:59 GMT"), Some(300));
    }

    #[test]
    fn what_is_past_zero_negative_or_unreadable_is_no_wait() {
        for value in [
            "0",
            "-5",
            "+5",
            "1.5",
            "",
            "soon",
            "30 s",
            "Sun, 06 Nov 1994 08:49:07 GMT",
            "Sun, 06 Nov 1994 08:48:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 31 Feb 1994 08:49:37 GMT",
        ] {
            assert_eq!(asked(value), None, "{value}");
        }
    }
}
