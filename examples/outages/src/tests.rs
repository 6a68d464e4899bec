mod advice;
mod live;

use std::fs;

use crate::measure::Measured;
use crate::outage::Outage;
use crate::{claims, kinds, load, page, picture};

/// The runs take seconds, so that all tests of the page share them.
#[test]
fn the_pages_show_what_the_runs_give_and_the_runs_show_what_the_pages_say() {
    let runs: Vec<(&'static Outage, Vec<Measured>)> =
        kinds::all().map(|outage| (outage, load::measured(outage))).collect();
    let broken: Vec<String> =
        runs.iter().flat_map(|(outage, measured)| claims::broken(outage, measured)).collect();
    assert!(broken.is_empty(), "the text says what the runs don't show:\n{}", broken.join("\n"));
    for (outage, measured) in &runs {
        assert!(!outage.claims.is_empty(), "{}: no test of what its text says", outage.name);
        let picture = picture::svg(outage, measured).unwrap();
        for Measured { strategy, .. } in measured {
            let label = strategy.label.replace('"', "&quot;");
            assert!(picture.contains(&label), "{}: no line for {label}", outage.name);
        }
    }
    let written = fs::read_to_string(page::path()).unwrap();
    let page = page::text(&runs).unwrap();
    assert!(
        written == page,
        "the page is out of date: write it with `cargo run --release -p outages -- --write`, and look at the difference"
    );
    advice::is_in_the_guide(&runs);
}

#[test]
fn two_runs_are_the_same() {
    let flaps = kinds::find("flaps").unwrap();
    let [first, second] =
        [load::measured(flaps), load::measured(flaps)].map(|runs| page::section(flaps, &runs));
    assert_eq!(first, second);
}
