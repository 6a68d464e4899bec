//! The page of the guide: a table and a picture for each kind of outage.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::measure::{Figure, Measured};
use crate::outage::{OUTAGES, Outage};
use crate::{measured, picture};

/// What the page begins with.
const HEAD: &str = include_str!("head.md");

pub(crate) fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../circuit-runtime/docs/outages.md")
}

pub(crate) fn write() -> Result<(), Box<dyn Error>> {
    let runs: Vec<_> = OUTAGES.iter().map(|outage| (outage, measured(outage))).collect();
    Ok(fs::write(path(), text(&runs)?)?)
}

pub(crate) fn text(runs: &[(&Outage, Vec<Measured>)]) -> Result<String, Box<dyn Error>> {
    let mut page = HEAD.to_string();
    for (outage, measured) in runs {
        let picture = picture::svg(outage, measured)?;
        write!(page, "\n{}\n<div>\n{}\n</div>\n", section(outage, measured), picture.trim())?;
    }
    Ok(page)
}

/// Heading, text and table.
pub(crate) fn section(outage: &Outage, measured: &[Measured]) -> String {
    let headings = Figure::ALL.map(Figure::title).join(" | ");
    let rule = "---:|".repeat(Figure::ALL.len());
    let rows: String = measured.iter().map(row).collect();
    let gain = gain(outage, measured).unwrap_or_default();
    format!(
        "## {}\n\n{}{gain}\n\n| | {headings} |\n|---|{rule}\n{rows}",
        outage.title, outage.about
    )
}

fn row(measured: &Measured) -> String {
    let label = measured.strategy.label;
    let label = if label.contains('=') { format!("`{label}`") } else { label.into() };
    let cells = Figure::ALL.map(|figure| measured.shown(figure)).join(" | ");
    format!("| {label} | {cells} |\n")
}

/// By how much the option that is made for the outage is better.
fn gain(outage: &Outage, measured: &[Measured]) -> Option<String> {
    let [_, threshold, rate, option, ..] = measured else { return None };
    let better =
        |figure: &&Figure| option.beats(threshold, **figure) && option.beats(rate, **figure);
    let figures = outage.better.iter().filter(better).map(|&figure| {
        let [ours, threshold, rate] =
            [option, threshold, rate].map(|measured| measured.shown(figure));
        format!("{}: {ours} instead of {threshold} (`threshold`) and {rate} (rate)", figure.title())
    });
    let figures: Vec<String> = figures.collect();
    (!figures.is_empty()).then(|| format!("\n\nWhat it gains: {}.", figures.join("; ")))
}
