//! The pictures in the guide's page about fleets, between two marks.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use crate::figures::{Compared, Mean};
use crate::numbers::float;
use crate::page;
use crate::picture::Picture;

const FROM: &str = "<!-- from here: by `cargo run --release -p fleet-simulation -- --write` -->\n";
const TO: &str = "<!-- to here -->\n";

pub(crate) fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../circuit-runtime/docs/fleets.md")
}

pub(crate) fn write(compared: &Compared) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(path(), text(compared)?)?)
}

/// The page as it stands, with these pictures.
pub(crate) fn text(compared: &Compared) -> Result<String, Box<dyn Error>> {
    let page = fs::read_to_string(path())?;
    let (before, rest) = page.split_once(FROM).ok_or("the guide's page has no mark `from here`")?;
    let (_, after) = rest.split_once(TO).ok_or("the guide's page has no mark `to here`")?;
    let pictures = [one_outage()?, by_count(compared)?, by_rate(compared)?, brown_outs(compared)?];
    let pictures = pictures.join("\n");
    Ok(format!("{before}{FROM}\n{pictures}\n{TO}{after}"))
}

fn one_outage() -> Result<String, Box<dyn Error>> {
    drawn(
        "How many of 50 circuits aren't closed, in one outage (shaded):",
        "Line chart: after the outage the circuits of a fleet close within seconds, those that are alone one by one",
        &Picture { up: "", ..page::one_outage() },
    )
}

fn by_count(compared: &Compared) -> Result<String, Box<dyn Error>> {
    let points = compared.counts.iter().map(|(count, means)| (count.to_string(), means));
    let (names, lines) = named(points, |mean| mean.serves[2]);
    drawn(
        "Seconds until all instances serve again, by their number:",
        "Line chart: alone the seconds grow with the number of instances, as a fleet they fall",
        &Picture { lines, across: "instances", up: "", shaded: None, names: &names },
    )
}

fn by_rate(compared: &Compared) -> Result<String, Box<dyn Error>> {
    let points = compared.rates.iter().map(|(rate, means)| (rate.to_string(), means));
    let (names, lines) = named(points, |mean| mean.until_all_open);
    drawn(
        "Calls that fail until all 50 circuits are open, by each instance's calls a second, with the alert:",
        "Line chart: a fleet's calls fail less often below ten calls a second, and as often at a hundred",
        &Picture { lines, across: "calls a second", up: "", shaded: None, names: &names },
    )
}

/// What a fleet does while only some of the calls fail, in one sentence.
fn brown_outs(compared: &Compared) -> Result<String, Box<dyn Error>> {
    let of = |percent| {
        let found = compared.brown_outs.iter().find(|(it, _)| *it == percent);
        found.map(|(_, means)| means).ok_or("there are no runs for this percentage")
    };
    let [most, nearly_all] = [of(60)?, of(90)?];
    let both = |[alone, fleet]: &[Mean; 2]| {
        format!(
            "{:.0} probes fail instead of {:.0}, {:.0} % of the good calls are rejected instead of {:.0} %, and all serve again \
             after {:.1} s instead of {:.1} s",
            fleet.failing_probes,
            alone.failing_probes,
            fleet.lost,
            alone.lost,
            fleet.serves[2],
            alone.serves[2]
        )
    };
    Ok(format!(
        "While only some of the calls fail, one that succeeds says little of the next. When 60 % of all calls fail for two minutes, then of \
         50 instances with the alert {}; when 90 % fail, {}.\n",
        both(most),
        both(nearly_all)
    ))
}

/// The places' names, and a line each of those that are alone and of a fleet.
fn named<'a>(
    points: impl Iterator<Item = (String, &'a [Mean; 2])>,
    figure: impl Fn(&Mean) -> f64,
) -> (Vec<String>, [Vec<(f64, f64)>; 2]) {
    let (names, means): (Vec<String>, Vec<&[Mean; 2]>) = points.unzip();
    let line = |side: usize| {
        let points = means.iter().enumerate();
        points.map(|(index, means)| (float(index), figure(&means[side]))).collect()
    };
    (names, [line(0), line(1)])
}

fn drawn(title: &str, alt: &str, picture: &Picture<'_>) -> Result<String, Box<dyn Error>> {
    Ok(format!("{title}\n\n<div>\n{}\n</div>\n", picture.small_svg(alt)?.trim()))
}
