//! What a database's error code says.

use crate::outcome::Outcome;

/// What an SQLSTATE says about the database that gave it: the five characters that Postgres and most
/// others send with each error.
///
/// | SQLSTATE | outcome |
/// |---|---|
/// | class 08 (connection), 53 (resources), 58 (system), 57P01 to 57P03 (shut down, or starting up) | failure |
/// | all others: a constraint that holds is an answer | success |
///
/// ```
/// use circuit_runtime::{Outcome, sql_state};
///
/// assert_eq!(sql_state("08006"), Outcome::Failure); // connection failure
/// assert_eq!(sql_state("53300"), Outcome::Failure); // too many connections
/// assert_eq!(sql_state("57P01"), Outcome::Failure); // admin shutdown
/// assert_eq!(sql_state("57014"), Outcome::Success); // query cancelled
/// assert_eq!(sql_state("23505"), Outcome::Success); // unique violation
/// ```
#[must_use]
pub fn sql_state(code: &str) -> Outcome {
    match code {
        "57P01" | "57P02" | "57P03" => Outcome::Failure,
        _ => match code.get(..2) {
            Some("08" | "53" | "58") => Outcome::Failure,
            _ => Outcome::Success,
        },
    }
}
