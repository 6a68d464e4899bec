//! What the test suites of other circuit breakers demand, replayed against ours.
//!
//! The scenarios were taken from resilience4j (R), gobreaker (G), the `MicroProfile` Fault
//! Tolerance TCK (M) and from bug reports against many libraries (A). Each is a row of a table;
//! where ours differs on purpose, the row says why.

mod adversarial;
mod gobreaker;
mod microprofile;
mod resilience4j;
mod script;

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use circuit_runtime::Config;

/// One scenario.
struct Row {
    id: &'static str,
    ours: Ours,
    runs: &'static [Run],
}

/// How our answer compares to the one of the library that the scenario comes from.
enum Ours {
    Same,
    /// On purpose, because of this. The row's runs expect ours.
    Differs(&'static str),
    /// It tests something that we don't have, because of this. There is nothing to run.
    Absent(&'static str),
}

#[expect(clippy::large_enum_variant, reason = "a handful of them, on the stack")]
enum Run {
    Script(Config, &'static str),
    /// For what the script language can't say: threads, futures, types.
    Code(fn()),
}

const fn same(id: &'static str, runs: &'static [Run]) -> Row {
    let ours = Ours::Same;
    Row { id, ours, runs }
}

const fn differs(id: &'static str, why: &'static str, runs: &'static [Run]) -> Row {
    let ours = Ours::Differs(why);
    Row { id, ours, runs }
}

const fn absent(id: &'static str, why: &'static str) -> Row {
    let (ours, runs): (_, &[Run]) = (Ours::Absent(why), &[]);
    Row { id, ours, runs }
}

impl Row {
    fn check(&self) -> Result<(), String> {
        for run in self.runs {
            match run {
                Run::Script(config, text) => {
                    let answer = catch_unwind(|| script::replay(*config, text));
                    answer.unwrap_or_else(|_| Err(format!("panicked in `{text}`")))?;
                }
                Run::Code(code) => catch_unwind(code).map_err(|_| "panicked".to_owned())?,
            }
        }
        Ok(())
    }
}

#[track_caller]
fn check_all(rows: &[Row]) {
    let broken: Vec<String> = rows
        .iter()
        .filter_map(|row| row.check().err().map(|what| format!("{}: {what}", row.id)))
        .collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn all_rows() -> impl Iterator<Item = &'static Row> {
    [resilience4j::ROWS, gobreaker::ROWS, microprofile::ROWS, adversarial::ROWS]
        .into_iter()
        .flatten()
}

#[test]
fn the_scenarios_of_resilience4j_hold() {
    check_all(resilience4j::ROWS);
}

#[test]
fn the_scenarios_of_gobreaker_hold() {
    check_all(gobreaker::ROWS);
}

#[test]
fn the_scenarios_of_the_microprofile_tck_hold() {
    check_all(microprofile::ROWS);
}

#[test]
fn the_scenarios_from_bug_reports_hold() {
    check_all(adversarial::ROWS);
}

#[test]
fn every_scenario_is_in_the_tables_once() {
    let numbered = [("R", 35), ("G", 12), ("M", 19), ("A", 22)];
    let mut expected: BTreeSet<String> = numbered
        .into_iter()
        .flat_map(|(letter, last)| (1..=last).map(move |number| format!("{letter}{number}")))
        .collect();
    expected.extend(["R26b", "G3b", "M10b", "M13b", "M15b", "M15c"].map(str::to_owned));

    let mut seen = BTreeSet::new();
    for row in all_rows() {
        assert!(seen.insert(row.id.to_owned()), "{} is there twice", row.id);
    }
    assert_eq!(expected, seen);
}

#[test]
fn a_row_says_why_it_differs_and_runs_unless_it_is_absent() {
    for row in all_rows() {
        let (why, runs) = match row.ours {
            Ours::Same => ("as theirs", true),
            Ours::Differs(why) => (why, true),
            Ours::Absent(why) => (why, false),
        };
        assert!(!why.is_empty(), "{} gives no reason", row.id);
        assert_eq!(runs, !row.runs.is_empty(), "{}", row.id);
    }
}

/// A script that expects the wrong thing has to be noticed.
#[test]
fn the_script_language_notices_what_is_wrong() {
    let config = Config::new().threshold(2);
    for text in ["F O", "F R", "F F C", "F F F", "S row=1", "S rate=0%", "F(1s) #slow=1", "S FO"] {
        assert!(script::replay(config, text).is_err(), "`{text}` passed");
    }
    for text in ["F C", "F F O R", "F #failures=1 S row=0", "begin(a) end(a,F) row=1"] {
        assert_eq!(Ok(()), script::replay(config, text), "`{text}` failed");
    }
}
