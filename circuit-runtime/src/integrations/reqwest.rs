//! What reqwest's responses and errors say, for each of its versions.

use std::error::Error;

use crate::classify::find_source;

/// JSON that came whole and isn't what the caller wants: the service answered.
fn is_bad_json(error: &(dyn Error + 'static)) -> bool {
    find_source::<serde_json::Error>(error).is_some()
}

macro_rules! classify {
    ($reqwest:ident, $feature:literal) => {
        #[cfg(feature = $feature)]
        mod $reqwest {
            use $reqwest::{Error, Response};

            use super::super::http1;
            use super::is_bad_json;
            use crate::classify::{Classify, by_its_rejection};
            use crate::outcome::Outcome;

            /// By the status, and by `Retry-After`, as an `http::Response`.
            impl Classify for Response {
                fn outcome(&self) -> Outcome {
                    http1::answered(self.status(), self.headers())
                }
            }

            /// Failures are the errors of the transport, of TLS and of the body, timeouts, and bodies
            /// that can't be decoded. JSON that came whole and can't be decoded is a success: the
            /// service answered. An error of `error_for_status` is judged by its status; it has lost
            /// `Retry-After`. Errors made on this side are ignored: in building the request, by the
            /// redirect policy, and a [`CircuitOpenError`](crate::CircuitOpenError) among the sources.
            impl Classify for Error {
                fn outcome(&self) -> Outcome {
                    if self.is_builder() || self.is_redirect() {
                        return Outcome::Ignored;
                    }
                    if self.is_status() {
                        return self.status().map_or(Outcome::Failure, |status| status.outcome());
                    }
                    if self.is_decode() && is_bad_json(self) {
                        return Outcome::Success;
                    }
                    by_its_rejection(self)
                }
            }
        }
    };
}

classify!(reqwest012, "reqwest012");
classify!(reqwest013, "reqwest013");
