//! `--check`: scrapes the service until both circuits have opened, been half-open and closed again, and looks closely at
//! each scrape. This is what a Prometheus server relies on.

use std::{collections::BTreeMap, error, net::SocketAddr, time::Duration};

use reqwest::Client;

/// By series: the name with its labels, as in the text.
type Scrape = BTreeMap<String, f64>;

const CIRCUITS: [&str; 2] = ["price", "stock"];
const STATES: [&str; 3] = ["closed", "half-open", "open"];

pub(crate) async fn one_cycle(
    http: &Client,
    address: SocketAddr,
) -> Result<(), Box<dyn error::Error>> {
    let mut scrapes = 0;
    let mut before = Scrape::new();
    let mut seen = BTreeMap::<_, Vec<_>>::new();
    while !CIRCUITS.iter().all(|circuit| seen.get(circuit).is_some_and(is_cycle)) {
        let response = http.get(format!("http://{address}/metrics")).send().await?;
        let text = response.error_for_status()?.text().await?;
        let scrape = parse(&text)?;
        if let Some(series) = went_back(&before, &scrape) {
            return Err(format!("{series} went back, or away").into());
        }
        for circuit in CIRCUITS {
            // A circuit is listed from its first call on.
            if text.contains(&format!("circuit=\"{circuit}\"")) {
                let state = the_state(&scrape, circuit)?;
                let states = seen.entry(circuit).or_default();
                if states.last() != Some(&state) {
                    states.push(state);
                }
            }
        }
        before = scrape;
        scrapes += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("\n{scrapes} scrapes: each parses, no counter went back, one state at a time.");
    for (circuit, states) in seen {
        println!("{circuit}: {}", states.join(" -> "));
    }
    Ok(())
}

fn is_cycle(states: &Vec<&str>) -> bool {
    states.ends_with(&["open", "half-open", "closed"])
}

/// The text format: `name{label="value",…} number`, and comments.
fn parse(text: &str) -> Result<Scrape, String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').ok_or("a line without a value")?;
            let labels = series.split_once('{').map_or("", |(_, labels)| labels);
            let name = series.split('{').next().unwrap_or_default();
            let is_word = |word: &str| {
                !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            };
            let is_label = |label: &str| match label.split_once('=') {
                Some((name, value)) => {
                    is_word(name)
                        && value.len() > 1
                        && value.starts_with('"')
                        && value.ends_with('"')
                }
                None => false,
            };
            let labels_parse = labels.is_empty()
                || labels.strip_suffix('}').is_some_and(|labels| labels.split(',').all(is_label));
            let value = value.parse().map_err(|_| format!("no number: {line}"))?;
            if is_word(name) && labels_parse {
                Ok((series.to_owned(), value))
            } else {
                Err(format!("no series: {line}"))
            }
        })
        .collect()
}

/// The first counter that is less than it was, or no longer there.
fn went_back<'a>(before: &'a Scrape, now: &Scrape) -> Option<&'a str> {
    let is_counter = |series: &str| {
        let name = series.split('{').next().unwrap_or_default();
        ["_total", "_count", "_sum"].iter().any(|end| name.ends_with(end))
    };
    before
        .iter()
        .filter(|(series, _)| is_counter(series))
        .find(|(series, was)| now.get(*series).is_none_or(|is| is < *was))
        .map(|(series, _)| series.as_str())
}

/// The one whose gauge is 1, when the two others are 0.
fn the_state(scrape: &Scrape, circuit: &str) -> Result<&'static str, String> {
    let gauges = STATES.map(|state| {
        let series = format!("circuit_breaker_state{{circuit=\"{circuit}\",state=\"{state}\"}}");
        scrape.get(&series).copied()
    });
    match gauges {
        [Some(1.0), Some(0.0), Some(0.0)] => Ok(STATES[0]),
        [Some(0.0), Some(1.0), Some(0.0)] => Ok(STATES[1]),
        [Some(0.0), Some(0.0), Some(1.0)] => Ok(STATES[2]),
        _ => Err(format!("the state of {circuit} is not one of three: {gauges:?}")),
    }
}
