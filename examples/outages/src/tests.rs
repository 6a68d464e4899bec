use std::fs;

use crate::measure::Measured;
use crate::outage::{OUTAGES, Outage};
use crate::{measured, page};

/// The runs take seconds, so that all tests share them.
#[test]
fn the_page_shows_what_the_runs_give_and_each_option_is_better_where_it_says() {
    let runs: Vec<(&Outage, Vec<Measured>)> =
        OUTAGES.iter().map(|outage| (outage, measured(outage))).collect();
    for (outage, measured) in &runs {
        let [none, threshold, rate, options @ ..] = &measured[..] else {
            panic!("{}: strategies are missing", outage.name)
        };
        for figure in outage.better {
            for other in [none, threshold, rate] {
                assert!(
                    options[0].beats(other, *figure),
                    "{}: {} isn't better than {} in `{}`",
                    outage.name,
                    options[0].strategy.label,
                    other.strategy.label,
                    figure.title()
                );
            }
        }
    }
    let written = fs::read_to_string(page::path()).unwrap();
    let page = page::text(&runs).unwrap();
    assert!(
        written == page,
        "the page is out of date: write it with `cargo run -p outages -- --write`, and look at the difference"
    );
}

#[test]
fn two_runs_are_the_same() {
    let flaps = OUTAGES.iter().find(|outage| outage.name == "flaps").unwrap();
    let [first, second] =
        [measured(flaps), measured(flaps)].map(|runs| page::section(flaps, &runs));
    assert_eq!(first, second);
}
