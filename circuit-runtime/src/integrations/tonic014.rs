//! What gRPC's statuses say, and the status of a call that was rejected.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tonic_types::{ErrorDetails, StatusExt};
use tonic014::metadata::MetadataValue;
use tonic014::{Code, Status, TimeoutExpired};

use super::obeyed;
use crate::classify::{Classify, find_source};
use crate::error::{CallTimeoutError, CircuitOpenError};
use crate::outcome::Outcome;

const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// `Unavailable`, `DeadlineExceeded`, `Internal`, `DataLoss`, `Unknown` and `ResourceExhausted` are
/// failures, `Cancelled` is ignored, and all else is a success: the service answered. tonic reports its
/// own time limit as `Cancelled`, too; that is a failure. A failure that
/// says when to come back, by `grpc-retry-pushback-ms` or by a `RetryInfo` in its details, opens the
/// circuit for that time, five minutes at most. A status whose source is a [`CircuitOpenError`] is
/// ignored.
impl Classify for Status {
    fn outcome(&self) -> Outcome {
        if is_by::<CircuitOpenError>(self) {
            return Outcome::Ignored;
        }
        match self.code() {
            Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Internal
            | Code::DataLoss
            | Code::Unknown
            | Code::ResourceExhausted => wait(self).map_or(Outcome::Failure, Outcome::OpenFor),
            // What tonic makes of its own time limit, that of the endpoint or of the request.
            Code::Cancelled if is_by::<TimeoutExpired>(self) => Outcome::Failure,
            Code::Cancelled => Outcome::Ignored,
            _ => Outcome::Success,
        }
    }
}

/// Whether such an error is among the sources.
fn is_by<X: Error + 'static>(status: &Status) -> bool {
    status.source().and_then(find_source::<X>).is_some()
}

/// How long the service asks to be left alone. A pushback that can't be read, or is negative, says
/// "don't retry", and names no time.
fn wait(status: &Status) -> Option<Duration> {
    let wait = match status.metadata().get(PUSHBACK) {
        Some(pushback) => pushback.to_str().ok()?.parse().ok().map(Duration::from_millis),
        None => status.get_details_retry_info()?.retry_delay,
    };
    wait.and_then(obeyed)
}

/// `Unavailable`, with the wait as `RetryInfo` and as `grpc-retry-pushback-ms` where it is known. The
/// error is the status's source.
impl From<CircuitOpenError> for Status {
    fn from(error: CircuitOpenError) -> Self {
        let mut status = match error.retry_after() {
            Some(wait) => unavailable_for(&error, wait),
            None => Status::unavailable(error.to_string()),
        };
        status.set_source(Arc::new(error));
        status
    }
}

fn unavailable_for(error: &CircuitOpenError, wait: Duration) -> Status {
    // Rounded up: who waits so long doesn't come too early. gRPC's number has 32 bits.
    let millis = wait.as_nanos().div_ceil(1_000_000).max(1);
    let millis = i32::try_from(millis).unwrap_or(i32::MAX);
    let details = ErrorDetails::with_retry_info(Some(wait));
    let mut status = Status::with_error_details(Code::Unavailable, error.to_string(), details);
    status.metadata_mut().insert(PUSHBACK, MetadataValue::from(millis));
    status
}

/// `DeadlineExceeded`. The error is the status's source.
impl From<CallTimeoutError> for Status {
    fn from(error: CallTimeoutError) -> Self {
        let mut status = Status::deadline_exceeded(error.to_string());
        status.set_source(Arc::new(error));
        status
    }
}
