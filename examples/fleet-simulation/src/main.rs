//! A fleet of simulated instances, each with a real circuit, and all that can go wrong around them.
//!
//! ```text
//! cargo run --release -p fleet-simulation                        # prints the tables
//! cargo run --release -p fleet-simulation -- --write             # writes the page for maintainers, and the guide's pictures
//! cargo run --release -p fleet-simulation -- --runs 100 1000     # 100 random runs with up to 1,000 instances each
//! cargo run --release -p fleet-simulation -- --seed 17 8         # one of them again
//! ```

mod check;
mod figures;
mod guide;
mod instance;
mod measure;
mod network;
mod numbers;
mod page;
mod picture;
mod random;
mod scenario;
mod service;
mod store;
mod sweep;
#[cfg(test)]
mod tests;
mod world;

use std::error::Error;
use std::process::ExitCode;

use figures::Compared;
use sweep::Sweep;

/// Milliseconds of the simulation, from its beginning.
type Millis = u64;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        [] => page::text(&Compared::run()).map(|text| println!("{}", without_pictures(&text))),
        ["--write"] => write(),
        ["--runs", runs, most] => sweep(runs, most, |runs| 0..runs),
        ["--seed", seed, most] => sweep(seed, most, |seed| seed..seed + 1),
        _ => {
            Err("usage: fleet-simulation [--write | --runs RUNS INSTANCES | --seed SEED INSTANCES]"
                .into())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(), Box<dyn Error>> {
    let compared = Compared::run();
    page::write(&compared)?;
    guide::write(&compared)
}

fn without_pictures(text: &str) -> String {
    let parts = text.split("<div>\n").map(|part| part.split("</div>\n").last().unwrap_or(part));
    parts.collect()
}

fn sweep(
    number: &str,
    most: &str,
    seeds: impl Fn(u64) -> std::ops::Range<u64>,
) -> Result<(), Box<dyn Error>> {
    let most: usize = most.parse()?;
    if most < 2 {
        return Err("a fleet has at least 2 instances".into());
    }
    let sweep = Sweep::over(seeds(number.parse()?), most);
    for ((plot, options), [alone, fleet]) in &sweep.sums {
        println!("{plot:?}, {options:?}, {} runs", alone.runs);
        for (label, sum) in [("alone", alone), ("fleet", fleet)] {
            let [half, most, all] = sum.mean_serves().map(|millis| millis / 1_000.0);
            println!(
                "  {label}: {} calls failed, {} of them probes; {} of {} good calls rejected; {} calls of healthy \
                 instances rejected; half, 90 % and all serve again after {half:.1}, {most:.1} and {all:.1} s",
                sum.failing, sum.failing_probes, sum.lost, sum.good_calls, sum.healthy_rejected
            );
        }
    }
    if sweep.broken.is_empty() {
        println!("all held in {} runs", sweep.runs);
        return Ok(());
    }
    Err(sweep.broken.join("\n").into())
}
