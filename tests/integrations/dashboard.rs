//! The rules and the dashboard in docs/ ask for series that there are.

use std::collections::BTreeSet;

const RULES: &str = include_str!("../../docs/prometheus-rules.yml");
const DASHBOARD: &str = include_str!("../../docs/grafana-dashboard.json");
const METRICS: &str = include_str!("../../circuit-runtime/src/integrations/metrics/mod.rs");
const REPORTER: &str = include_str!("../../circuit-runtime/src/integrations/metrics/reporter.rs");
const SERIES: &str = include_str!("../../circuit-runtime/src/integrations/series.rs");

/// Each `circuit_breaker_…` in a text, with the labels in the braces that follow.
fn series(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices("circuit_breaker_").map(move |(start, _)| {
        let rest = &text[start..];
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
        let labels = rest[end..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
        (&rest[..end], labels.map_or("", |(labels, _)| labels))
    })
}

/// The matchers of such labels: the label, and the values that it is compared with.
fn matchers(labels: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    labels.split(',').filter_map(|matcher| {
        let (label, values) = matcher.split_once(['=', '!'])?;
        let values = values.trim_matches(['=', '~', '\\', '"']);
        Some((label, values.split('|').collect()))
    })
}

/// The row of a name in the module's table: `| name | kind | labels | … |`.
fn row(name: &str) -> Option<Vec<&'static str>> {
    let start = format!("//! | `{name}` |");
    let line = METRICS.lines().find(|line| line.starts_with(&start))?;
    Some(line.split(" | ").collect())
}

#[test]
fn every_series_that_they_name_is_published_with_the_labels_they_use() {
    let mut names = BTreeSet::new();
    for (name, labels) in series(RULES).chain(series(DASHBOARD)) {
        names.insert(name);
        let quoted = format!("\"{name}\"");
        let is_written = [REPORTER, SERIES].iter().any(|source| source.contains(&quoted));
        assert!(is_written, "{name} is never written");
        let row = row(name).unwrap_or_else(|| panic!("{name} is not in the table"));
        for (label, _) in matchers(labels) {
            // The first is Prometheus's own, the second that of a summary.
            let of_others = label == "job" || (label == "quantile" && row[2] == "histogram");
            let own = row[3].contains(&format!("`{label}`"));
            assert!(own || of_others, "{name} has no label {label}");
        }
    }
    assert!(names.len() > 10, "only {names:?}");
}

#[test]
fn the_values_of_labels_are_those_that_are_written() {
    for (name, labels) in series(RULES).chain(series(DASHBOARD)) {
        let row = row(name).unwrap();
        for (label, values) in matchers(labels) {
            let is_known = |value: &&str| match label {
                "state" | "to" => ["closed", "half-open", "open"].contains(value),
                "outcome" | "mode" | "reason" => {
                    row.iter().any(|cell| cell.contains(&format!("`{value}`")))
                }
                _ => true,
            };
            let unknown: Vec<_> = values.iter().filter(|value| !is_known(value)).collect();
            assert!(unknown.is_empty(), "{name} is never {label}={unknown:?}");
        }
    }
}

#[test]
fn the_alert_says_of_each_reason_what_rejects() {
    let row = row("circuit_breaker_rejected_total").unwrap();
    let reasons = row[4].split('`').skip(1).step_by(2);
    let untold: Vec<_> =
        reasons.filter(|reason| !RULES.contains(&format!("$labels.reason \"{reason}\""))).collect();
    assert!(untold.is_empty(), "{untold:?}");
}

#[test]
fn the_dashboard_shows_why_calls_are_rejected() {
    assert!(DASHBOARD.contains("sum by (circuit, reason) (rate(circuit_breaker_rejected_total{"));
}

#[test]
fn the_dashboard_is_json_and_its_panels_do_not_overlap() {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut cells = BTreeSet::new();
    for panel in panels {
        let position = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        for x in position("x")..position("x") + position("w") {
            for y in position("y")..position("y") + position("h") {
                assert!(x < 24 && cells.insert((x, y)), "{} overlaps", panel["title"]);
            }
        }
    }
    let numbers: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(numbers.len(), panels.len());
}
