//! The page: a table, and mostly a picture, for each question.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Millis;
use crate::figures::{self, BEGIN, Compared, Mean, Situation, USUAL};
use crate::network::Network;
use crate::numbers::{float, seconds};
use crate::picture::Picture;
use crate::world;

/// A number of a run, or of the means of several.
type Figure = fn(&Mean) -> f64;
/// What is wrong with the network and the store, given when the trouble ends.
type Faults = fn(Millis) -> Network;

const HEAD: &str = include_str!("head.md");

pub(crate) fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/internals/fleet-simulation.md")
}

pub(crate) fn write(compared: &Compared) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(path(), text(compared)?)?)
}

pub(crate) fn text(compared: &Compared) -> Result<String, Box<dyn Error>> {
    let sections =
        [outage()?, by_count(compared)?, by_rate(compared), cut(), brown_out(compared)?, store()];
    Ok(format!("{HEAD}\n{}", sections.join("\n")))
}

fn section(title: &str, about: &str, table: &str) -> String {
    format!("## {title}\n\n{about}\n\n{table}")
}

fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = format!("| {} |\n|---|", headings.join(" | "));
    table += &"---:|".repeat(headings.len() - 1);
    for row in rows {
        let _ = write!(table, "\n| {} |", row.join(" | "));
    }
    table + "\n"
}

fn drawn(text: &str, picture: &Picture<'_>) -> Result<String, Box<dyn Error>> {
    Ok(format!("{text}\n<div>\n{}\n</div>\n", picture.svg()?.trim()))
}

/// A number, and for a fleet the one beside it.
fn pair(means: &[Mean; 2], figure: impl Fn(&Mean) -> f64, decimals: usize) -> String {
    let [alone, fleet] = means.each_ref().map(figure);
    format!("{alone:.decimals$} → {fleet:.decimals$}")
}

fn outage() -> Result<String, Box<dyn Error>> {
    let means = USUAL.compare();
    let without_alert = Situation { alert: false, ..USUAL }.mean(true);
    let rows: [(&str, Figure, usize); 7] = [
        ("calls that fail until all circuits are open", |mean| mean.until_all_open, 0),
        ("seconds until all circuits are open", |mean| mean.all_open, 1),
        ("probes that fail", |mean| mean.failing_probes, 0),
        ("seconds until half of the instances serve again", |mean| mean.serves[0], 1),
        ("… 90 %", |mean| mean.serves[1], 1),
        ("… all", |mean| mean.serves[2], 1),
        ("good calls that are rejected, %", |mean| mean.lost, 2),
    ];
    let rows = rows.map(|(label, figure, decimals)| {
        let shown = |mean: &Mean| format!("{:.decimals$}", figure(mean));
        let means = [&means[0], &without_alert, &means[1]].map(shown);
        [vec![label.to_string()], means.to_vec()].concat()
    });
    let headings = ["", "alone", "shared probing", "shared probing and alert"];
    let about = "The service fails every call of everybody, and then is well. The picture shows one of the outages: how many \
        circuits aren't closed.";
    drawn(&section("A service that is down for all", about, &table(&headings, rows)), &one_outage())
}

/// How many circuits aren't closed in one of the usual outages.
pub(crate) fn one_outage() -> Picture<'static> {
    let scenario = USUAL.scenario(0);
    let end = scenario.service.well_from();
    let lines =
        [false, true].map(|is_fleet| steps(&world::run(&scenario, is_fleet).0.open_over_time, end));
    Picture {
        lines,
        across: "seconds",
        up: "not closed",
        shaded: Some((seconds(BEGIN), seconds(end))),
        names: &[],
    }
}

/// A line that stays at a number until the next, up to 40 s after the end; at most four points a second.
fn steps(counts: &[(Millis, usize)], end: Millis) -> Vec<(f64, f64)> {
    let mut line = Vec::new();
    let mut counts = counts.iter().peekable();
    let mut present = 0;
    for quarter in 0..=(end + 40_000) / 250 {
        let at = quarter * 250;
        while let Some((_, count)) = counts.next_if(|(when, _)| *when <= at) {
            present = *count;
        }
        line.push((seconds(at), float(present)));
    }
    let turns = |index: usize| {
        let [before, after] =
            [index.checked_sub(1), index.checked_add(1)].map(|it| Some(line.get(it?)?.1));
        before.is_none() || before != after || before != Some(line[index].1)
    };
    (0..line.len()).filter(|index| turns(*index)).map(|index| line[index]).collect()
}

fn by_count(compared: &Compared) -> Result<String, Box<dyn Error>> {
    let rows = compared.counts.iter().map(|(count, means)| {
        vec![
            count.to_string(),
            pair(means, |mean| mean.until_all_open, 0),
            pair(means, |mean| mean.failing_probes, 0),
            pair(means, |mean| mean.serves[0], 1),
            pair(means, |mean| mean.serves[2], 1),
        ]
    });
    let headings = [
        "instances",
        "calls until all are open",
        "failing probes",
        "half serve after, s",
        "all serve after, s",
    ];
    let about = "Alone → as a fleet, means of 8 outages. One instance does as without a fleet.";
    let line = |side: usize| {
        let points = compared.counts.iter();
        points.map(|(count, means)| (float(*count), means[side].failing_probes)).collect()
    };
    let picture = Picture {
        lines: [line(0), line(1)],
        across: "instances",
        up: "failing probes",
        shaded: None,
        names: &[],
    };
    drawn(&section("By the number of instances", about, &table(&headings, rows)), &picture)
}

fn by_rate(compared: &Compared) -> String {
    let rows = compared.rates.iter().map(|(rate, means)| {
        vec![
            rate.to_string(),
            pair(means, |mean| mean.until_all_open, 0),
            pair(means, |mean| mean.failing_probes, 0),
            pair(means, |mean| mean.serves[0], 1),
            pair(means, |mean| mean.serves[2], 1),
            pair(means, |mean| mean.lost, 2),
        ]
    });
    let headings = [
        "calls a second",
        "calls until all are open",
        "failing probes",
        "half serve after, s",
        "all serve after, s",
        "good calls rejected, %",
    ];
    let about = "Of each instance. Alone → as a fleet, means of 5 outages, which are longer below a call a second: 15 to 18 minutes for \
        a call in 100 s, 2 to 3 for one in 10 s. With many calls each instance finds out by itself as fast as it can hear of it, and \
        the alert saves little; the recovery gains at every rate.";
    section("By the number of calls", about, &table(&headings, rows))
}

fn cut() -> String {
    let rows = [1, 3, 10, 25, 49].map(|befalls| {
        let means = Situation { befalls: Some(befalls), runs: 8, ..USUAL }.compare();
        vec![
            befalls.to_string(),
            pair(&means, |mean| mean.healthy_rejected, 2),
            pair(&means, |mean| mean.failing_probes, 0),
            pair(&means, |mean| mean.lost, 2),
        ]
    });
    let headings = [
        "of 50 cut off",
        "calls of the others rejected, %",
        "failing probes",
        "good calls rejected, %",
    ];
    let about = "Some instances can't reach the service, and the others can. Alone → as a fleet, means of 8.";
    section("Some paths are broken", about, &table(&headings, rows))
}

fn brown_out(compared: &Compared) -> Result<String, Box<dyn Error>> {
    let rows = compared.brown_outs.iter().map(|(percent, means)| {
        let share = f64::from(*percent) / 100.0;
        let without_alert = Situation { alert: false, ..figures::brown_out(share) }.mean(true);
        vec![
            percent.to_string(),
            pair(means, |mean| mean.lost, 1),
            pair(means, |mean| mean.failing, 0),
            pair(means, |mean| mean.failing_probes, 0),
            format!("{:.0}", without_alert.failing_probes),
            pair(means, |mean| mean.serves[0], 1),
            pair(means, |mean| mean.serves[2], 1),
        ]
    });
    let headings = [
        "calls that fail, %",
        "good calls rejected, %",
        "failing calls",
        "failing probes",
        "… without the alert",
        "half serve after, s",
        "all serve after, s",
    ];
    let about = "A share of all calls fails, for two minutes. Alone → as a fleet, means of 12. While `p` of all calls fail by chance, a circuit \
        needs `p / (1 - p)` failing probes to close once, whoever tells it when to probe. So of two ways to probe, one has fewer \
        failing probes only if its circuits close less often, and mostly it then rejects more good calls. The alert opens circuits \
        earlier, and so more often: fewer calls fail, and more of them are probes.";
    let line = |side: usize| {
        let points = compared.brown_outs.iter();
        points.map(|(percent, means)| (f64::from(*percent), means[side].lost)).collect()
    };
    let picture = Picture {
        lines: [line(0), line(1)],
        across: "calls that fail, %",
        up: "good calls rejected, %",
        shaded: None,
        names: &[],
    };
    drawn(&section("A brown-out", about, &table(&headings, rows)), &picture)
}

fn store() -> String {
    let cases: [(&str, Faults); 7] = [
        ("is well", |_| Network::good()),
        ("answers after a second", |_| Network { delay: (490, 510), ..Network::good() }),
        ("loses a fifth of all messages", |_| Network { loss: 0.2, ..Network::good() }),
        ("is emptied in the outage", |end| Network { wipes: vec![end - 5_000], ..Network::good() }),
        ("fails over to a clock an hour ahead", |end| Network {
            fail_overs: vec![(end - 5_000, 3_600_000)],
            ..Network::good()
        }),
        ("is frozen for the last 10 s of the outage and 10 s more", |end| Network {
            pauses: vec![(end - 10_000, end + 10_000)],
            ..Network::good()
        }),
        ("is away", |end| Network { downs: vec![(0, end + 600_000)], ..Network::good() }),
    ];
    let rows = cases.map(|(label, network)| {
        let means = Situation { network, runs: 8, ..USUAL }.compare();
        vec![
            label.to_string(),
            pair(&means, |mean| mean.until_all_open, 0),
            pair(&means, |mean| mean.failing_probes, 0),
            pair(&means, |mean| mean.serves[0], 1),
            pair(&means, |mean| mean.serves[2], 1),
        ]
    });
    let headings = [
        "the store",
        "calls until all are open",
        "failing probes",
        "half serve after, s",
        "all serve after, s",
    ];
    let about = "The outage of the first table while something is wrong with the store. Alone → as a fleet, means of 8.";
    section("What the store's faults do", about, &table(&headings, rows))
}
