use std::fs;

use crate::figures::{self, Compared, Situation, USUAL};
use crate::random::{self, Plot};
use crate::sweep::Sweep;
use crate::world;
use crate::{guide, page};

/// What holds for each run is checked at each of its steps; the rest is about means, since luck may be on either side in one run.
#[test]
fn ten_thousand_small_fleets_keep_what_is_promised() {
    let sweep = Sweep::over(0..10_000, 8);
    assert!(sweep.broken.is_empty(), "{}", sweep.broken.join("\n"));
    assert_eq!(sweep.sums.len(), 17, "each plot, with each of the options");
    for ((plot, options), [alone, fleet]) in &sweep.sums {
        let what = format!("{plot:?}, {options:?}");
        for (alone, fleet) in alone.mean_serves().iter().zip(fleet.mean_serves()) {
            assert!(
                fleet <= alone + 1_000.0,
                "{what}: they serve again after {alone} -> {fleet} ms"
            );
        }
        if *plot == Plot::BrownOut {
            let (before, after) = (alone.lost, fleet.lost);
            assert!(after <= 1.02 * before, "{what}: {before} -> {after} good calls rejected");
        }
        // Where a fleet gains nothing, luck may be on either side.
        let (before, after) = (alone.failing, fleet.failing);
        assert!(after <= 1.01 * before, "{what}: {before} -> {after} calls failed");
        if !options.alert {
            let (before, after) = (alone.failing_probes, fleet.failing_probes);
            assert!(after <= 1.01 * before, "{what}: {before} -> {after} probes failed");
        }
        if matches!(plot, Plot::Cut | Plot::CutAndFaults) {
            let (before, after) = (alone.healthy_rejected, fleet.healthy_rejected);
            assert!(
                after <= before,
                "{what}: healthy instances rejected {before} -> {after} calls"
            );
        }
    }
}

#[test]
fn a_large_fleet_keeps_what_is_promised() {
    let sweep = Sweep::over(0..12, 300);
    assert!(sweep.broken.is_empty(), "{}", sweep.broken.join("\n"));
}

#[test]
fn a_run_is_the_same_again() {
    for seed in 0..50 {
        let scenario = random::scenario(seed, 8);
        let [first, second] = [(); 2].map(|()| format!("{:?}", world::run(&scenario, true)));
        assert_eq!(first, second, "seed {seed}");
    }
}

/// 50 instances with a call a second each.
#[test]
fn an_outage_costs_a_fleet_less_and_is_over_sooner() {
    let [alone, fleet] = USUAL.compare();
    assert!((249.0..251.0).contains(&alone.until_all_open), "{alone:?}");
    assert!(fleet.until_all_open <= 67.0, "{fleet:?}");
    assert!(fleet.failing_probes <= 60.0 && alone.failing_probes > 110.0, "{alone:?} {fleet:?}");
    assert!(fleet.serves[0] <= 3.0 && alone.serves[0] > 15.0, "{alone:?} {fleet:?}");
    assert!(fleet.serves[2] <= 3.5 && alone.serves[2] > 22.0, "{alone:?} {fleet:?}");
}

#[test]
fn a_rack_that_is_cut_off_costs_the_others_no_call() {
    for mean in (Situation { befalls: Some(3), ..USUAL }).compare() {
        assert!(mean.healthy_rejected == 0.0, "{mean:?}");
    }
}

/// 50 instances with a call a second each, and two minutes in which a share of all calls fails.
#[test]
fn a_brown_out_costs_a_fleet_no_more_than_its_instances_alone() {
    for share in [0.4, 0.6, 0.75, 0.9] {
        let alone = figures::brown_out(share).mean(false);
        for (alert, more) in [(false, 1.1), (true, 1.2)] {
            let fleet = Situation { alert, ..figures::brown_out(share) }.mean(true);
            let what = format!("{share}, alert {alert}: {alone:?} {fleet:?}");
            assert!(fleet.failing_probes <= more * alone.failing_probes, "{what}");
            assert!(fleet.lost < alone.lost, "{what}");
            assert!(
                fleet.serves.iter().zip(alone.serves).all(|(it, alone)| *it <= alone + 0.1),
                "{what}"
            );
        }
    }
}

#[test]
fn both_pages_show_what_the_runs_give() {
    let compared = Compared::run();
    for (path, text) in
        [(page::path(), page::text(&compared)), (guide::path(), guide::text(&compared))]
    {
        assert!(
            fs::read_to_string(&path).unwrap() == text.unwrap(),
            "{} is out of date: write it with `cargo run --release -p fleet-simulation -- --write`, and look at the difference",
            path.display()
        );
    }
}
