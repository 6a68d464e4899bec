//! The page of the guide: a table and a picture for each kind of outage.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::figure::Figure;
use crate::measure::Measured;
use crate::outage::Outage;
use crate::{claims, kinds, load, picture, words};

/// What the page begins with.
const HEAD: &str = include_str!("head.md");

pub(crate) fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../circuit-runtime/docs/outages.md")
}

/// The page is written even if its text says what the runs don't show, so that one can look at it.
pub(crate) fn write() -> Result<(), Box<dyn Error>> {
    let runs: Vec<_> = kinds::all().map(|outage| (outage, load::measured(outage))).collect();
    fs::write(path(), text(&runs)?)?;
    let broken: Vec<String> =
        runs.iter().flat_map(|(outage, measured)| claims::broken(outage, measured)).collect();
    if broken.is_empty() {
        return Ok(());
    }
    Err(format!("the texts say what the runs don't show:\n{}", broken.join("\n")).into())
}

pub(crate) fn text(runs: &[(&'static Outage, Vec<Measured>)]) -> Result<String, Box<dyn Error>> {
    let mut page = HEAD.to_string();
    for (outage, measured) in runs {
        let picture = picture::svg(outage, measured)?;
        write!(page, "\n{}\n<div>\n{}\n</div>\n", section(outage, measured), picture.trim())?;
    }
    Ok(page)
}

/// Heading, text, what each option gains and costs, and the table.
pub(crate) fn section(outage: &Outage, measured: &[Measured]) -> String {
    let headings = Figure::ALL.map(Figure::title).join(" | ");
    let rule = "---:|".repeat(Figure::ALL.len());
    let rows: String = measured.iter().map(row).collect();
    format!(
        "## {}\n\n{}\n\n{}\n\n| | {headings} |\n|---|{rule}\n{rows}",
        outage.title,
        outage.about,
        words::lines(outage, measured)
    )
}

fn row(measured: &Measured) -> String {
    let label = measured.strategy.label;
    let label = if label.contains('=') { format!("`{label}`") } else { label.into() };
    let cells = Figure::ALL.map(|figure| measured.shown(figure)).join(" | ");
    format!("| {label} | {cells} |\n")
}
