//! Whatever is written in the parentheses and below them: the attribute never panics, its output is
//! tokens, and the item comes through.
//!
//! Failing cases shrink and are printed in the form of `corpus.txt`, which is where they belong
//! when they have been understood. `PROPTEST_CASES` says how many random ones there are.

mod check;
mod generate;
mod notation;
mod vocabulary;

use std::cell::Cell;
use std::fmt;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use check::{Answer, check};

/// Without `PROPTEST_CASES`: what a debug build does in about two seconds.
const CASES: u32 = 1_000;

/// One use of the attribute, both parts in the notation of [`notation`].
struct Case {
    options: String,
    item: String,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n#[circuit_breaker({})]\n{}\n", self.options, self.item)
    }
}

#[test]
fn every_use_of_the_attribute_gives_the_item_or_errors() {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
        config.rng_seed = RngSeed::Fixed(1);
    }
    let cases = config.cases;
    let guarded = Cell::new(0);
    let refused = Cell::new(0);
    let outcome = TestRunner::new(config).run(&generate::cases(), |case| {
        // Else the texts of all cases are kept, for the spans.
        proc_macro2::extra::invalidate_current_thread_spans();
        let (Some(options), Some(item)) =
            (notation::read(&case.options), notation::read(&case.item))
        else {
            return Err(TestCaseError::reject("no tokens"));
        };
        match check(options, &item).map_err(TestCaseError::fail)? {
            Answer::Guarded => guarded.set(guarded.get() + 1),
            Answer::Refused => refused.set(refused.get() + 1),
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // Else the cases would be too wild to get anywhere, or too tame.
    assert!(guarded.get() > cases / 20, "only {} of {cases} were guarded", guarded.get());
    assert!(refused.get() > cases / 20, "only {} of {cases} were refused", refused.get());
}

#[test]
fn the_corpus_gives_the_item_or_errors() {
    let mut cases = 0;
    for text in include_str!("corpus.txt").split("\n\n") {
        if text.lines().all(|line| line.starts_with("//")) {
            continue;
        }
        let (options, item) = notation::read_use(text).unwrap_or_else(|| panic!("no use:\n{text}"));
        if let Err(problem) = check(options, &item) {
            panic!("{problem}\n{text}");
        }
        cases += 1;
    }
    assert!(cases > 20, "only {cases} cases were read");
}
