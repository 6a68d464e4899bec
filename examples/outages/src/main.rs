//! The laboratory: a fake service for each kind of outage, the same load against each, with no breaker, with
//! `threshold = 5`, with a rate, and with the option made for it. Prints a table for each.
//!
//! ```text
//! cargo run -p outages                       # all kinds, on a clock that needs no time
//! cargo run -p outages -- hangs resets       # some
//! cargo run -p outages -- --live hangs       # one against real sockets, in real time
//! cargo run -p outages -- --write            # writes the page of the guide
//! ```

mod client;
mod live;
mod measure;
mod outage;
mod page;
mod picture;
mod service;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::process::ExitCode;

use measure::Measured;
use outage::{OUTAGES, Outage};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["--write"] => page::write(),
        ["--live", name] => find(name).and_then(live::run),
        [] => chosen(OUTAGES.iter().map(Ok)),
        ref names => chosen(names.iter().map(|name| find(name))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn chosen(
    outages: impl IntoIterator<Item = Result<&'static Outage, Box<dyn Error>>>,
) -> Result<(), Box<dyn Error>> {
    for outage in outages {
        let outage = outage?;
        println!("{}", page::section(outage, &measured(outage)));
    }
    Ok(())
}

/// All strategies against one outage.
fn measured(outage: &'static Outage) -> Vec<Measured> {
    outage.strategies().into_iter().map(|strategy| measure::run(outage, strategy)).collect()
}

fn find(name: &str) -> Result<&'static Outage, Box<dyn Error>> {
    OUTAGES.iter().find(|outage| outage.name == name).ok_or_else(|| {
        let names: Vec<&str> = OUTAGES.iter().map(|outage| outage.name).collect();
        format!("no outage `{name}`; there are {}", names.join(", ")).into()
    })
}
